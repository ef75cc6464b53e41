// SPDX-License-Identifier: Apache-2.0
/* Devices for the tests of the datapath; see lab.h. */
#include "lab.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define VLAN_OFFSET 12
#define VLAN_LEN    4

static int fail(const char *what)
{
	int error = errno ? errno : EIO;

	fprintf(stderr, "lab: %s: %s\n", what, strerror(error));
	return -error;
}

/* The kernel has nothing to say here: every frame on a wire is a test's. */
static int silence_ipv6(void)
{
	static const char *const files[] = {"/proc/sys/net/ipv6/conf/all/disable_ipv6",
					    "/proc/sys/net/ipv6/conf/default/disable_ipv6"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *file = fopen(files[i], "w");

		if (!file && errno == ENOENT)
			continue;
		if (!file || fputs("1", file) < 0 || fclose(file) != 0)
			return fail(files[i]);
	}
	return 0;
}

static int make_devices(void)
{
	FILE *ip = popen("ip -batch -", "w");

	if (!ip)
		return fail("ip");
	fprintf(ip, "link set lo up\n");
	for (int port = P1; port <= P5; port++) {
		fprintf(ip, "link add p%d type veth peer name w%d\n", port, port);
		fprintf(ip, "link set w%d up\nlink set p%d up\n", port, port);
	}
	fprintf(ip, "link add host0 type bridge mcast_snooping 0\nlink set host0 up\n");
	return pclose(ip) == 0 ? 0 : fail("ip -batch");
}

/* A packet socket on a device, for all that comes in by it. */
static int listen_at(__u32 ifindex)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)ifindex};
	int one = 1;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail("packet socket");
	if (setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return fail("packet socket");
	}
	return fd;
}

/* 0: there is no such device. */
static __u32 ifindex_of(char kind, int port)
{
	char name[IF_NAMESIZE];

	snprintf(name, sizeof(name), "%c%d", kind, port);
	return if_nametoindex(name);
}

static int find_devices(struct lab *lab)
{
	for (int port = P1; port <= P5; port++) {
		lab->ifindex[port] = ifindex_of('p', port);
		lab->wire_ifindex[port] = ifindex_of('w', port);
	}
	lab->ifindex[NO_PORT] = if_nametoindex("lo");
	lab->ifindex[HOST] = lab->wire_ifindex[HOST] = if_nametoindex("host0");
	for (int port = P1; port < LAB_PORTS; port++) {
		int fd = lab->ifindex[port] ? listen_at(lab->wire_ifindex[port]) : fail("no such device");

		if (fd < 0)
			return fd;
		lab->wire[port] = fd;
	}
	return 0;
}

static int load_pass(struct lab *lab)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = BPF_F_XDP_HAS_FRAGS);

	lab->pass =
		bpf_prog_load(BPF_PROG_TYPE_XDP, "pass", "GPL", code, sizeof(code) / sizeof(code[0]), &opts);
	return lab->pass < 0 ? fail("bpf_prog_load") : 0;
}

int lab_attach_xdp(const struct lab *lab, int program)
{
	for (int port = P1; port <= P5; port++)
		if (bpf_xdp_attach((int)lab->ifindex[port], program, 0, NULL))
			return fail("bpf_xdp_attach");
	return 0;
}

/* A veth takes redirected XDP frames only while its peer polls: an XDP program there makes it. */
static int arm_wires(const struct lab *lab)
{
	for (int port = P1; port <= P5; port++)
		if (bpf_xdp_attach((int)lab->wire_ifindex[port], lab->pass, 0, NULL))
			return fail("bpf_xdp_attach");
	return 0;
}

static int build(struct lab *lab)
{
	int err;

	if (unshare(CLONE_NEWNET))
		return fail("unshare");
	err = silence_ipv6();
	if (!err)
		err = make_devices();
	if (!err)
		err = find_devices(lab);
	if (!err)
		err = load_pass(lab);
	if (!err)
		err = arm_wires(lab);
	return err ? err : lab_attach_xdp(lab, lab->pass);
}

int lab_open(struct lab *lab)
{
	int err;

	memset(lab, 0, sizeof(*lab));
	lab->pass = -1;
	lab->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (lab->home < 0)
		return fail("/proc/self/ns/net");
	err = build(lab);
	if (err)
		lab_close(lab);
	return err;
}

void lab_close(struct lab *lab)
{
	for (int port = P1; port < LAB_PORTS; port++)
		if (lab->wire[port] > 0)
			close(lab->wire[port]);
	if (lab->pass >= 0)
		close(lab->pass);
	if (setns(lab->home, CLONE_NEWNET))
		fail("setns");
	close(lab->home);
}

int lab_send(const struct lab *lab, enum lab_port port, const void *frame, size_t length)
{
	return send(lab->wire[port], frame, length, 0) < 0 ? -errno : 0;
}

/* Puts the tag that the kernel took out of the octets back. Returns the new length. */
static ssize_t put_tag_back(__u8 *frame, ssize_t length, size_t size, const struct tpacket_auxdata *aux)
{
	__u16 tag_be[2] = {htons(ETH_P_8021Q), htons(aux->tp_vlan_tci)};

	if (!(aux->tp_status & TP_STATUS_VLAN_VALID))
		return length;
	if ((size_t)length + VLAN_LEN > size)
		return -EMSGSIZE;
	if (aux->tp_status & TP_STATUS_VLAN_TPID_VALID)
		tag_be[0] = htons(aux->tp_vlan_tpid);
	memmove(frame + VLAN_OFFSET + VLAN_LEN, frame + VLAN_OFFSET, (size_t)length - VLAN_OFFSET);
	memcpy(frame + VLAN_OFFSET, tag_be, sizeof(tag_be));
	return length + VLAN_LEN;
}

static ssize_t receive(int fd, void *frame, size_t size)
{
	union {
		char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
		struct cmsghdr align;
	} control;
	struct iovec part = {.iov_base = frame, .iov_len = size};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	ssize_t length = recvmsg(fd, &message, 0);
	struct cmsghdr *c;

	if (length < 0)
		return errno == EAGAIN ? 0 : -errno;
	for (c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
		if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA)
			return put_tag_back(frame, length, size, (const void *)CMSG_DATA(c));
	return length;
}

ssize_t lab_receive(const struct lab *lab, enum lab_port port, void *frame, size_t size, int patience_ms)
{
	struct pollfd waiting = {.fd = lab->wire[port], .events = POLLIN};

	if (patience_ms && poll(&waiting, 1, patience_ms) < 0)
		return -errno;
	return receive(lab->wire[port], frame, size);
}

void lab_drain(const struct lab *lab)
{
	__u8 frame[4096];

	for (int port = P1; port < LAB_PORTS; port++)
		while (lab_receive(lab, port, frame, sizeof(frame), 0) > 0)
			continue;
}
