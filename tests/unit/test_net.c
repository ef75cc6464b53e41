// SPDX-License-Identifier: Apache-2.0
/*
 * agent/net against the running kernel. Each test has a network namespace of its own, entered by unshare(2)
 * and left again, so that the host's devices are never touched; where that is not allowed the test is
 * skipped.
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/ethtool.h"
#include "net/peer.h"
#include "net/rtnl.h"
#include "test.h"
#include "xbr/abi.h"

#define ARM_MASK   (XBR_OFFLOAD_GRO | XBR_OFFLOAD_TXCSUM | XBR_OFFLOAD_TXVLAN | XBR_OFFLOAD_TXVLAN_STAG)
#define ARM_VALUES XBR_OFFLOAD_GRO

/* ---- a namespace to play in -------------------------------------------------------------------------- */

struct place {
	int home; /* the namespace the runner lives in */
	struct rtnl *rtnl;
};

static bool enter(struct place *ret_place)
{
	struct place place = {.home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)};

	if (unshare(CLONE_NEWNET)) {
		test_skip("a network namespace cannot be made: run it as root");
		close(place.home);
		return false;
	}
	if (rtnl_open(&place.rtnl)) {
		CU_FAIL("rtnl_open");
		setns(place.home, CLONE_NEWNET);
		close(place.home);
		return false;
	}
	*ret_place = place;
	return true;
}

static void leave(struct place *place)
{
	rtnl_close(place->rtnl);
	CU_ASSERT_EQUAL(setns(place->home, CLONE_NEWNET), 0);
	close(place->home);
}

/* Runs a command in the namespace of the moment; it must succeed. */
__attribute__((format(printf, 1, 2))) static void run(const char *format, ...)
{
	char command[256];
	va_list args;
	int status;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	status = system(command);
	if (status)
		printf("     failed: %s\n", command);
	CU_ASSERT_EQUAL(status, 0);
}

/* What a command prints, cut to size. */
static void read_command(const char *command, char *ret_output, size_t size)
{
	FILE *stream = popen(command, "r");
	size_t length = stream ? fread(ret_output, 1, size - 1, stream) : 0;

	ret_output[length] = 0;
	CU_ASSERT_TRUE(length > 0);
	CU_ASSERT_TRUE(stream && !pclose(stream));
}

static struct rtnl_link link_named(struct place *place, const char *name)
{
	struct rtnl_link link = {0};

	CU_ASSERT_EQUAL(rtnl_link_by_name(place->rtnl, name, &link), 0);
	return link;
}

static unsigned int open_descriptors(void)
{
	DIR *stream = opendir("/proc/self/fd");
	unsigned int count = 0;

	while (stream && readdir(stream))
		count++;
	closedir(stream);
	return count;
}

/* ---- requests ---------------------------------------------------------------------------------------- */

static void a_bridge_is_made_without_stp_and_snooping(void)
{
	struct place place;
	struct rtnl_link link;
	char text[4096];

	if (!enter(&place))
		return;
	CU_ASSERT_EQUAL(rtnl_bridge_create(place.rtnl, "xnbr0"), 0);
	CU_ASSERT_EQUAL(rtnl_bridge_create(place.rtnl, "xnbr0"), -EEXIST);
	CU_ASSERT_EQUAL(rtnl_bridge_create(place.rtnl, "a-name-that-is-too-long"), -EINVAL);
	link = link_named(&place, "xnbr0");
	CU_ASSERT_STRING_EQUAL(link.kind, "bridge");
	CU_ASSERT_TRUE(link.ethernet);
	CU_ASSERT_EQUAL(link.mtu, 1500);
	read_command("ip -d link show dev xnbr0", text, sizeof(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "stp_state 0 "));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "mcast_snooping 0 "));
	CU_ASSERT_EQUAL(rtnl_link_delete(place.rtnl, link.ifindex), 0);
	CU_ASSERT_EQUAL(rtnl_link_by_index(place.rtnl, link.ifindex, &link), -ENODEV);
	leave(&place);
}

static void a_device_that_is_not_there_is_told(void)
{
	struct place place;
	struct rtnl_link link;

	if (!enter(&place))
		return;
	CU_ASSERT_EQUAL(rtnl_link_by_name(place.rtnl, "xnnone", &link), -ENODEV);
	CU_ASSERT_EQUAL(rtnl_link_by_name(place.rtnl, "", &link), -ENODEV);
	CU_ASSERT_EQUAL(rtnl_link_by_name(place.rtnl, "a-name-that-is-too-long", &link), -ENODEV);
	CU_ASSERT_EQUAL(rtnl_link_by_index(place.rtnl, 0, &link), -ENODEV);
	CU_ASSERT_EQUAL(rtnl_link_by_index(place.rtnl, 77777, &link), -ENODEV);
	CU_ASSERT_EQUAL(rtnl_link_set_up(place.rtnl, 77777, true), -ENODEV);
	CU_ASSERT_EQUAL(rtnl_link_delete(place.rtnl, 0), -ENODEV);
	leave(&place);
}

static void a_veth_is_enslaved_and_freed(void)
{
	struct place place;
	struct rtnl_link bridge, port, peer;

	if (!enter(&place))
		return;
	run("ip link add xnv0 type veth peer name xnv1");
	CU_ASSERT_EQUAL(rtnl_bridge_create(place.rtnl, "xnbr0"), 0);
	bridge = link_named(&place, "xnbr0");
	port = link_named(&place, "xnv0");
	peer = link_named(&place, "xnv1");
	CU_ASSERT_STRING_EQUAL(port.kind, "veth");
	CU_ASSERT_EQUAL(port.link, peer.ifindex);
	CU_ASSERT_FALSE(port.link_elsewhere);
	CU_ASSERT_EQUAL(port.master, 0);
	CU_ASSERT_EQUAL(rtnl_link_set_master(place.rtnl, port.ifindex, bridge.ifindex), 0);
	CU_ASSERT_EQUAL(link_named(&place, "xnv0").master, bridge.ifindex);
	CU_ASSERT_EQUAL(rtnl_link_set_master(place.rtnl, port.ifindex, 0), 0);
	CU_ASSERT_EQUAL(link_named(&place, "xnv0").master, 0);
	CU_ASSERT_EQUAL(rtnl_link_set_master(place.rtnl, port.ifindex, peer.ifindex), -EOPNOTSUPP);
	leave(&place);
}

static void address_and_carrier_are_read_back(void)
{
	static const uint8_t address[6] = {0x02, 0, 0, 0xab, 0xcd, 0xef};
	struct place place;
	struct rtnl_link link;

	if (!enter(&place))
		return;
	run("ip link add xnv0 mtu 9000 type veth peer name xnv1");
	link = link_named(&place, "xnv0");
	CU_ASSERT_EQUAL(link.mtu, 9000);
	CU_ASSERT_FALSE(link.carrier);
	CU_ASSERT_EQUAL(rtnl_link_set_address(place.rtnl, link.ifindex, address), 0);
	CU_ASSERT_EQUAL(rtnl_link_set_up(place.rtnl, link.ifindex, true), 0);
	CU_ASSERT_EQUAL(rtnl_link_set_up(place.rtnl, link.link, true), 0);
	link = link_named(&place, "xnv0");
	CU_ASSERT_EQUAL(memcmp(link.address, address, sizeof(address)), 0);
	CU_ASSERT_TRUE(link.carrier);
	CU_ASSERT_EQUAL(link.operstate, 6); /* IF_OPER_UP of linux/if.h, which does not go with net/if.h */
	CU_ASSERT_TRUE(link.flags & IFF_UP);
	CU_ASSERT_EQUAL(rtnl_link_set_up(place.rtnl, link.ifindex, false), 0);
	CU_ASSERT_FALSE(link_named(&place, "xnv0").flags & IFF_UP);
	CU_ASSERT_FALSE(link_named(&place, "lo").ethernet);
	leave(&place);
}

struct walk {
	struct place *place;
	int count;
	int stop_at;
};

/* Asks during the walk, as the agent may. */
static int visit_link(const struct rtnl_link *link, void *user)
{
	struct walk *walk = user;
	struct rtnl_link again;

	CU_ASSERT_EQUAL(rtnl_link_by_index(walk->place->rtnl, link->ifindex, &again), 0);
	CU_ASSERT_STRING_EQUAL(again.name, link->name);
	walk->count++;
	return walk->count == walk->stop_at ? 42 : 0;
}

static void every_device_is_visited_until_told_to_stop(void)
{
	struct place place;
	struct walk all = {.place = &place}, some = {.place = &place, .stop_at = 7};
	char name[IFNAMSIZ];

	if (!enter(&place))
		return;
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "xnbr%d", i);
		CU_ASSERT_EQUAL(rtnl_bridge_create(place.rtnl, name), 0);
	}
	CU_ASSERT_EQUAL(rtnl_link_each(place.rtnl, visit_link, &all), 0);
	CU_ASSERT_EQUAL(all.count, 201); /* with lo */
	CU_ASSERT_EQUAL(rtnl_link_each(place.rtnl, visit_link, &some), 42);
	CU_ASSERT_EQUAL(some.count, 7);
	leave(&place);
}

/* Adds and takes away a device until it is killed. */
static _Noreturn void churn(void)
{
	struct rtnl *rtnl;
	struct rtnl_link link;
	int err = rtnl_open(&rtnl);

	while (!err) {
		err = rtnl_bridge_create(rtnl, "xnchurn");
		err = err ? err : rtnl_link_by_name(rtnl, "xnchurn", &link);
		err = err ? err : rtnl_link_delete(rtnl, link.ifindex);
	}
	_exit(1);
}

static int count_link(const struct rtnl_link *link, void *user)
{
	(void)link;
	++*(int *)user;
	return 0;
}

static void a_dump_survives_devices_that_come_and_go(void)
{
	struct place place;
	char name[IFNAMSIZ];
	pid_t pid;

	if (!enter(&place))
		return;
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "xnbr%d", i);
		CU_ASSERT_EQUAL(rtnl_bridge_create(place.rtnl, name), 0);
	}
	pid = fork();
	if (!pid)
		churn();
	for (int i = 0; i < 300; i++) {
		int count = 0;

		CU_ASSERT_EQUAL(rtnl_link_each(place.rtnl, count_link, &count), 0);
		CU_ASSERT_TRUE(count == 101 || count == 102);
	}
	CU_ASSERT_EQUAL(waitpid(pid, NULL, WNOHANG), 0); /* it still churned */
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	leave(&place);
}

/* ---- programs on a device ---------------------------------------------------------------------------- */

/* A program that lets everything pass; a descriptor. */
static int load_program(enum bpf_prog_type type, int verdict)
{
	const struct bpf_insn program[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = verdict},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int fd = bpf_prog_load(type, "xn_pass", "GPL", program, 2, NULL);

	CU_ASSERT_TRUE(fd >= 0);
	return fd;
}

static uint32_t program_id(int fd)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);

	CU_ASSERT_EQUAL(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	return info.id;
}

struct filters {
	int count;
	char name[64];
	uint32_t prog_id;
	uint32_t priority;
};

static int visit_filter(const char *name, uint32_t prog_id, uint32_t priority, void *user)
{
	struct filters *filters = user;

	filters->count++;
	snprintf(filters->name, sizeof(filters->name), "%s", name);
	filters->prog_id = prog_id;
	filters->priority = priority;
	return 0;
}

static struct filters filters_of(struct place *place, const char *name, bool ingress)
{
	struct filters filters = {0};
	int ifindex = link_named(place, name).ifindex;

	CU_ASSERT_EQUAL(rtnl_filter_each(place->rtnl, ifindex, ingress, visit_filter, &filters), 0);
	return filters;
}

static void filters_of_others_are_told_by_name_and_program(void)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .attach_point = BPF_TC_INGRESS);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, options, .handle = 1, .priority = 77);
	struct place place;
	struct filters filters;

	if (!enter(&place))
		return;
	run("ip link add xnv0 type veth peer name xnv1");
	CU_ASSERT_EQUAL(filters_of(&place, "xnv0", true).count, 0);
	run("tc qdisc add dev xnv0 clsact");
	run("tc filter add dev xnv0 egress prio 9 bpf da bytecode '1,6 0 0 4294967295'");
	hook.ifindex = link_named(&place, "xnv0").ifindex;
	options.prog_fd = load_program(BPF_PROG_TYPE_SCHED_CLS, 0);
	CU_ASSERT_EQUAL(bpf_tc_attach(&hook, &options), 0);
	filters = filters_of(&place, "xnv0", true);
	CU_ASSERT_EQUAL(filters.count, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(filters.name, "xn_pass"));
	CU_ASSERT_EQUAL(filters.prog_id, program_id(options.prog_fd));
	CU_ASSERT_EQUAL(filters.priority, 77);
	filters = filters_of(&place, "xnv0", false);
	CU_ASSERT_EQUAL(filters.count, 1);
	CU_ASSERT_STRING_EQUAL(filters.name, "bpf"); /* a classic program has neither name nor id */
	CU_ASSERT_EQUAL(filters.prog_id, 0);
	CU_ASSERT_EQUAL(filters.priority, 9);
	close(options.prog_fd);
	leave(&place);
}

static void an_xdp_program_is_told_in_each_mode(void)
{
	static const uint32_t modes[] = {XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE};
	struct place place;
	int fd, ifindex;

	if (!enter(&place))
		return;
	run("ip link add xnv0 type veth peer name xnv1");
	ifindex = link_named(&place, "xnv0").ifindex;
	fd = load_program(BPF_PROG_TYPE_XDP, XDP_PASS);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		CU_ASSERT_EQUAL(link_named(&place, "xnv0").xdp_prog_id, 0);
		CU_ASSERT_EQUAL(bpf_xdp_attach(ifindex, fd, modes[i], NULL), 0);
		CU_ASSERT_EQUAL(link_named(&place, "xnv0").xdp_prog_id, program_id(fd));
		CU_ASSERT_EQUAL(bpf_xdp_detach(ifindex, modes[i], NULL), 0);
	}
	close(fd);
	leave(&place);
}

/* ---- the monitor ------------------------------------------------------------------------------------- */

struct seen {
	int links;
	int deleted;
	int deleted_ifindex; /* the last one's */
	int lost;
	int links_after_lost;
	struct rtnl_link last;
};

static void see_link(const struct rtnl_link *link, bool deleted, void *user)
{
	struct seen *seen = user;

	seen->links++;
	seen->deleted += deleted;
	seen->deleted_ifindex = deleted ? link->ifindex : seen->deleted_ifindex;
	seen->links_after_lost += seen->lost;
	seen->last = *link;
}

static void see_lost(void *user)
{
	((struct seen *)user)->lost++;
}

static struct seen dispatch(struct place *place)
{
	struct seen seen = {0};
	const struct rtnl_events events = {.on_link = see_link, .on_lost = see_lost, .user = &seen};

	CU_ASSERT_EQUAL(rtnl_monitor_dispatch(place->rtnl, &events), 0);
	return seen;
}

static void the_monitor_sees_a_rename_and_an_end(void)
{
	struct place place;
	struct rtnl_link link;
	struct seen seen;

	if (!enter(&place))
		return;
	CU_ASSERT_EQUAL(dispatch(&place).links, 0);
	CU_ASSERT_EQUAL(rtnl_bridge_create(place.rtnl, "xnbr0"), 0);
	link = link_named(&place, "xnbr0");
	seen = dispatch(&place);
	CU_ASSERT_TRUE(seen.links > 0);
	CU_ASSERT_EQUAL(seen.last.ifindex, link.ifindex);
	run("ip link set xnbr0 name xnbr1");
	seen = dispatch(&place);
	CU_ASSERT_EQUAL(seen.last.ifindex, link.ifindex);
	CU_ASSERT_STRING_EQUAL(seen.last.name, "xnbr1");
	CU_ASSERT_EQUAL(seen.deleted, 0);
	CU_ASSERT_EQUAL(rtnl_link_delete(place.rtnl, link.ifindex), 0);
	seen = dispatch(&place);
	CU_ASSERT_EQUAL(seen.deleted, 1);
	CU_ASSERT_EQUAL(seen.last.ifindex, link.ifindex);
	CU_ASSERT_EQUAL(dispatch(&place).links, 0);
	leave(&place);
}

/* The kernel says RTM_DELLINK of family AF_BRIDGE then, which is not the device's end. */
static void a_freed_port_is_not_taken_for_a_deleted_one(void)
{
	struct place place;
	struct rtnl_link port;
	struct seen seen;

	if (!enter(&place))
		return;
	run("ip link add xnv0 type veth peer name xnv1");
	CU_ASSERT_EQUAL(rtnl_bridge_create(place.rtnl, "xnbr0"), 0);
	port = link_named(&place, "xnv0");
	run("ip link set xnv0 master xnbr0 up");
	CU_ASSERT_TRUE(dispatch(&place).links > 0);
	CU_ASSERT_EQUAL(rtnl_link_set_master(place.rtnl, port.ifindex, 0), 0);
	seen = dispatch(&place);
	CU_ASSERT_TRUE(seen.links > 0);
	CU_ASSERT_EQUAL(seen.deleted, 0);
	CU_ASSERT_EQUAL(link_named(&place, "xnv0").master, 0);
	leave(&place);
}

static void a_device_moved_to_another_namespace_is_told_as_gone(void)
{
	struct place place;
	struct seen seen;
	int ifindex;

	if (!enter(&place))
		return;
	run("ip netns add xn%d", getpid());
	run("ip link add xnv0 type veth peer name xnv1");
	ifindex = link_named(&place, "xnv0").ifindex;
	dispatch(&place);
	run("ip link set xnv0 netns xn%d", getpid());
	seen = dispatch(&place);
	CU_ASSERT_EQUAL(seen.deleted, 1);
	CU_ASSERT_EQUAL(seen.deleted_ifindex, ifindex);
	run("ip netns del xn%d", getpid());
	leave(&place);
}

static void lost_events_are_told_once_after_what_was_kept(void)
{
	const int least = 1; /* the kernel makes it its minimum, a few events */
	struct place place;
	struct rtnl_link link;
	struct seen seen;

	if (!enter(&place))
		return;
	CU_ASSERT_EQUAL(rtnl_bridge_create(place.rtnl, "xnbr0"), 0);
	link = link_named(&place, "xnbr0");
	dispatch(&place);
	CU_ASSERT_EQUAL(setsockopt(rtnl_monitor_fd(place.rtnl), SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)),
			0);
	for (int i = 0; i < 200; i++)
		CU_ASSERT_EQUAL(rtnl_link_set_up(place.rtnl, link.ifindex, i % 2 == 0), 0);
	seen = dispatch(&place);
	CU_ASSERT_EQUAL(seen.lost, 1);
	CU_ASSERT_TRUE(seen.links > 0 && seen.links < 200);
	CU_ASSERT_EQUAL(seen.links_after_lost, 0);
	CU_ASSERT_EQUAL(rtnl_link_set_up(place.rtnl, link.ifindex, true), 0);
	seen = dispatch(&place);
	CU_ASSERT_EQUAL(seen.lost, 0);
	CU_ASSERT_TRUE(seen.last.flags & IFF_UP);
	leave(&place);
}

/* ---- features ---------------------------------------------------------------------------------------- */

static uint32_t active_features(const char *name)
{
	struct ethtool_features features = {0};

	CU_ASSERT_EQUAL(ethtool_features_get(name, &features), 0);
	return features.active;
}

static void every_feature_has_a_name_the_kernel_knows(void)
{
	struct ethtool_features features = {0};
	struct place place;

	if (!enter(&place))
		return;
	run("ip link add xnv0 type veth peer name xnv1");
	CU_ASSERT_EQUAL(ethtool_features_get("xnv0", &features), 0);
	CU_ASSERT_EQUAL(features.known, 2 * XBR_OFFLOAD_TXVLAN_STAG - 1);
	CU_ASSERT_EQUAL(features.fixed, XBR_OFFLOAD_LRO | XBR_OFFLOAD_GRO_HW);
	CU_ASSERT_STRING_EQUAL(ethtool_feature_name(XBR_OFFLOAD_GRO), "rx-gro");
	CU_ASSERT_PTR_NULL(ethtool_feature_name(2 * XBR_OFFLOAD_TXVLAN_STAG));
	CU_ASSERT_EQUAL(ethtool_features_get("xnnone", &features), -ENODEV);
	leave(&place);
}

static void features_turned_and_turned_back_leave_no_trace(void)
{
	const uint32_t off = XBR_OFFLOAD_TXCSUM | XBR_OFFLOAD_RXVLAN | XBR_OFFLOAD_TXVLAN | XBR_OFFLOAD_LRO;
	struct place place;
	char before[4096], between[4096], after[4096];
	uint32_t changed = 0, again = 0;

	if (!enter(&place))
		return;
	run("ip link add xnv0 type veth peer name xnv1");
	read_command("ethtool -k xnv0", before, sizeof(before));
	CU_ASSERT_EQUAL(ethtool_features_set("xnv0", off, 0, &changed), 0);
	CU_ASSERT_EQUAL(changed, off ^ XBR_OFFLOAD_LRO);
	CU_ASSERT_EQUAL(active_features("xnv0") & off, 0);
	read_command("ethtool -k xnv0", between, sizeof(between));
	CU_ASSERT_PTR_NOT_NULL(strstr(between, "tx-tcp-segmentation: off [requested on]"));
	CU_ASSERT_EQUAL(ethtool_features_set("xnv0", changed, changed, &again), 0);
	CU_ASSERT_EQUAL(again, changed);
	read_command("ethtool -k xnv0", after, sizeof(after));
	CU_ASSERT_STRING_EQUAL(before, after);
	leave(&place);
}

static void a_feature_that_does_not_follow_turns_none(void)
{
	struct place place;
	char before[4096], after[4096];
	uint32_t changed = 0;

	if (!enter(&place))
		return;
	run("ip link add xnv0 type veth peer name xnv1");
	CU_ASSERT_EQUAL(ethtool_features_set("xnv0", XBR_OFFLOAD_LRO | XBR_OFFLOAD_GRO,
					     XBR_OFFLOAD_LRO | XBR_OFFLOAD_GRO, &changed),
			-EOPNOTSUPP);
	CU_ASSERT_FALSE(active_features("xnv0") & XBR_OFFLOAD_GRO);
	/* Not fixed, but off as long as the tap's reader has not asked for it. */
	run("ip tuntap add xnt0 mode tap");
	read_command("ethtool -k xnt0", before, sizeof(before));
	CU_ASSERT_EQUAL(ethtool_features_set("xnt0", XBR_OFFLOAD_TXCSUM | XBR_OFFLOAD_GRO, XBR_OFFLOAD_TXCSUM,
					     &changed),
			-EOPNOTSUPP);
	read_command("ethtool -k xnt0", after, sizeof(after));
	CU_ASSERT_STRING_EQUAL(before, after);
	CU_ASSERT_TRUE(active_features("xnt0") & XBR_OFFLOAD_GRO);
	CU_ASSERT_EQUAL(changed, 0);
	leave(&place);
}

static void a_veth_takes_xdp_frames_while_its_peer_has_gro(void)
{
	struct place place;
	uint64_t features = 0;
	uint32_t changed;
	int ifindex;

	if (!enter(&place))
		return;
	run("ip link add xnv0 type veth peer name xnv1");
	ifindex = link_named(&place, "xnv0").ifindex;
	if (ethtool_xdp_features(ifindex, &features) == -EOPNOTSUPP) {
		test_skip("the kernel does not tell XDP features");
		leave(&place);
		return;
	}
	run("ip link set xnv0 up && ip link set xnv1 up"); /* the kernel tells only of what can be done now */
	CU_ASSERT_EQUAL(features, NET_XDP_BASIC | NET_XDP_REDIRECT | NET_XDP_RX_SG);
	CU_ASSERT_EQUAL(ethtool_features_set("xnv1", XBR_OFFLOAD_GRO, XBR_OFFLOAD_GRO, &changed), 0);
	CU_ASSERT_EQUAL(ethtool_xdp_features(ifindex, &features), 0);
	CU_ASSERT_TRUE(features & NET_XDP_NDO_XMIT);
	CU_ASSERT_TRUE(features & NET_XDP_NDO_XMIT_SG);
	CU_ASSERT_EQUAL(ethtool_xdp_features(77777, &features), -ENODEV);
	leave(&place);
}

/* ---- the peer ---------------------------------------------------------------------------------------- */

/*
 * Arms the peer of xnv0, which is xnv1 where the command `ethtool` (with its prefix) finds it, and disarms it
 * again: that must leave no trace there, no descriptor or child here, and the agent where it was.
 */
static void arm_and_disarm(struct place *place, const char *ethtool, bool elsewhere)
{
	const unsigned int descriptors = open_descriptors();
	struct rtnl_link link = link_named(place, "xnv0");
	struct xbr_error error = {.message = ""};
	uint32_t changed = 0, before = 0, ignored;
	char untouched[4096], armed[4096], restored[4096];
	struct stat here, after;

	CU_ASSERT_EQUAL(stat("/proc/self/ns/net", &here), 0);
	CU_ASSERT_EQUAL(link.link_elsewhere, elsewhere);
	read_command(ethtool, untouched, sizeof(untouched));
	CU_ASSERT_EQUAL(
		peer_features_set(place->rtnl, &link, ARM_MASK, ARM_VALUES, &changed, &before, &error), 0);
	CU_ASSERT_STRING_EQUAL(error.message, "");
	CU_ASSERT_EQUAL(changed, ARM_MASK);
	CU_ASSERT_EQUAL(before, ARM_MASK & ~ARM_VALUES);
	read_command(ethtool, armed, sizeof(armed));
	CU_ASSERT_PTR_NOT_NULL(strstr(armed, "generic-receive-offload: on"));
	CU_ASSERT_PTR_NOT_NULL(strstr(armed, "tx-checksum-ip-generic: off"));
	CU_ASSERT_EQUAL(peer_features_set(place->rtnl, &link, changed, before, &changed, &ignored, &error),
			0);
	read_command(ethtool, restored, sizeof(restored));
	CU_ASSERT_STRING_EQUAL(untouched, restored);
	CU_ASSERT_EQUAL(stat("/proc/self/ns/net", &after), 0);
	CU_ASSERT_EQUAL(here.st_ino, after.st_ino);
	CU_ASSERT_EQUAL(open_descriptors(), descriptors);
}

static bool has_children(void)
{
	return waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD;
}

static void a_peer_in_the_same_namespace_is_armed(void)
{
	struct place place;

	if (!enter(&place))
		return;
	run("ip link add xnv0 type veth peer name xnv1");
	arm_and_disarm(&place, "ethtool -k xnv1", false);
	leave(&place);
}

static void a_peer_in_a_named_namespace_is_armed(void)
{
	struct place place;
	char command[64];

	if (!enter(&place))
		return;
	run("ip netns add xn%d", getpid());
	run("ip link add xnv0 type veth peer name xnv1 netns xn%d", getpid());
	snprintf(command, sizeof(command), "ip netns exec xn%d ethtool -k xnv1", getpid());
	arm_and_disarm(&place, command, true);
	CU_ASSERT_FALSE(has_children());
	run("ip netns del xn%d", getpid());
	leave(&place);
}

/* A process in a namespace of its own, which has no other name: what a container is. */
static pid_t container_start(void)
{
	char ready;
	int ends[2];
	pid_t pid;

	CU_ASSERT_EQUAL(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNET) || write(ends[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	CU_ASSERT_EQUAL(read(ends[0], &ready, 1), 1);
	close(ends[0]);
	return pid;
}

static void container_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void a_peer_in_a_container_is_armed(void)
{
	struct place place;
	char command[64];
	pid_t pid;

	if (!enter(&place))
		return;
	pid = container_start();
	run("ip link add xnv0 type veth peer name xnv1 netns %d", pid);
	snprintf(command, sizeof(command), "nsenter -t %d -n ethtool -k xnv1", pid);
	arm_and_disarm(&place, command, true);
	container_stop(pid);
	CU_ASSERT_FALSE(has_children());
	leave(&place);
}

static void a_peer_that_cannot_be_reached_is_refused_with_a_sentence(void)
{
	struct place place;
	struct rtnl_link bridge, link;
	struct xbr_error error;
	uint32_t changed, before;
	int err;

	if (!enter(&place))
		return;
	CU_ASSERT_EQUAL(rtnl_bridge_create(place.rtnl, "xnbr0"), 0);
	bridge = link_named(&place, "xnbr0");
	CU_ASSERT_EQUAL(
		peer_features_set(place.rtnl, &bridge, ARM_MASK, ARM_VALUES, &changed, &before, &error),
		-EOPNOTSUPP);
	CU_ASSERT_STRING_EQUAL(error.message, "xnbr0 is no veth: it has no peer");
	run("ip link add xnv0 type veth peer name xnv1");
	link = link_named(&place, "xnv0");
	link.link = bridge.ifindex;
	CU_ASSERT_EQUAL(peer_features_set(place.rtnl, &link, ARM_MASK, ARM_VALUES, &changed, &before, &error),
			-ENODEV);
	CU_ASSERT_STRING_EQUAL(error.message, "the peer of xnv0 cannot be found: No such device");
	link.link_elsewhere = true;
	link.link_netnsid = 12345;
	err = peer_features_set(place.rtnl, &link, ARM_MASK, ARM_VALUES, &changed, &before, &error);
	CU_ASSERT_TRUE(err == -ENOENT || err == -EPERM); /* in a container even root may not look at all */
	CU_ASSERT_EQUAL(error.code, err);
	CU_ASSERT_PTR_NOT_NULL(
		strstr(error.message, "cannot find the namespace of the peer of xnv0 (netnsid 12345): "));
	leave(&place);
}

/*
 * Arms as a user who may not look at other processes. The exit status is the errno, 0 if the sentence is
 * another.
 */
static _Noreturn void arm_as_nobody(struct place *place, const char *sentence)
{
	struct rtnl_link link = link_named(place, "xnv0");
	struct xbr_error error = {.message = ""};
	uint32_t changed, before;
	int err = setresuid(65534, 65534, 65534);

	if (!err)
		err = peer_features_set(place->rtnl, &link, ARM_MASK, ARM_VALUES, &changed, &before, &error);
	_exit(strcmp(error.message, sentence) ? 0 : -err);
}

static void expect_nobody_is_refused(struct place *place, const char *sentence)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		arm_as_nobody(place, sentence);
	waitpid(pid, &status, 0);
	CU_ASSERT_TRUE(WIFEXITED(status));
	CU_ASSERT_EQUAL(WEXITSTATUS(status), EPERM);
}

static void a_peer_is_refused_to_who_may_not_enter_its_namespace(void)
{
	struct place place;

	if (!enter(&place))
		return;
	run("ip netns add xn%d", getpid());
	run("ip link add xnv0 type veth peer name xnv1 netns xn%d", getpid());
	expect_nobody_is_refused(&place,
				 "cannot enter the namespace of the peer of xnv0: Operation not permitted");
	run("ip netns del xn%d", getpid());
	leave(&place);
}

static void a_peer_is_refused_to_who_may_not_look_for_its_namespace(void)
{
	struct place place;
	pid_t pid;

	if (!enter(&place))
		return;
	pid = container_start();
	run("ip link add xnv0 type veth peer name xnv1 netns %d", pid);
	expect_nobody_is_refused(
		&place,
		"cannot find the namespace of the peer of xnv0 (netnsid 0): not all may be looked at");
	container_stop(pid);
	leave(&place);
}

int test_net_suite(void)
{
	static const struct test_case cases[] = {
		TEST(a_bridge_is_made_without_stp_and_snooping),
		TEST(a_device_that_is_not_there_is_told),
		TEST(a_veth_is_enslaved_and_freed),
		TEST(address_and_carrier_are_read_back),
		TEST(every_device_is_visited_until_told_to_stop),
		TEST(a_dump_survives_devices_that_come_and_go),
		TEST(filters_of_others_are_told_by_name_and_program),
		TEST(an_xdp_program_is_told_in_each_mode),
		TEST(the_monitor_sees_a_rename_and_an_end),
		TEST(a_freed_port_is_not_taken_for_a_deleted_one),
		TEST(a_device_moved_to_another_namespace_is_told_as_gone),
		TEST(lost_events_are_told_once_after_what_was_kept),
		TEST(every_feature_has_a_name_the_kernel_knows),
		TEST(features_turned_and_turned_back_leave_no_trace),
		TEST(a_feature_that_does_not_follow_turns_none),
		TEST(a_veth_takes_xdp_frames_while_its_peer_has_gro),
		TEST(a_peer_in_the_same_namespace_is_armed),
		TEST(a_peer_in_a_named_namespace_is_armed),
		TEST(a_peer_in_a_container_is_armed),
		TEST(a_peer_that_cannot_be_reached_is_refused_with_a_sentence),
		TEST(a_peer_is_refused_to_who_may_not_enter_its_namespace),
		TEST(a_peer_is_refused_to_who_may_not_look_for_its_namespace),
		{NULL, NULL},
	};

	return test_suite_add("net", cases);
}
