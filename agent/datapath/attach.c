// SPDX-License-Identifier: Apache-2.0
#include "datapath/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "datapath/internal.h"

/* linux/bpf.h since 6.6; Debian 12's headers are of 6.1. */
#define ATTACH_TYPE_TCX_INGRESS 46
#define ATTACH_TYPE_TCX_EGRESS  47

/* Our place in a clsact hook: a handle and priority that nobody takes by chance. */
#define CLSACT_HANDLE   0x7862
#define CLSACT_PRIORITY 0x7862

#define LIST_MAX 64 /* programs looked at on one tcx hook */

/* ---- what a hook is ---- */

struct hook_traits {
	const char *pin; /* in the link's file name */
	enum bpf_attach_type type;
	uint32_t flags; /* of an XDP link */
	enum bpf_tc_attach_point clsact;
	bool is_tc;
};

static const struct hook_traits hooks[] = {
	[ATTACH_TC_PORT] = {"tc", (enum bpf_attach_type)ATTACH_TYPE_TCX_INGRESS, 0, BPF_TC_INGRESS, true},
	[ATTACH_TC_HOST] = {"tc", (enum bpf_attach_type)ATTACH_TYPE_TCX_EGRESS, 0, BPF_TC_EGRESS, true},
	[ATTACH_XDP_NATIVE] = {"xdp", BPF_XDP, XDP_FLAGS_DRV_MODE, 0, false},
	[ATTACH_XDP_GENERIC] = {"xdp", BPF_XDP, XDP_FLAGS_SKB_MODE, 0, false},
	[ATTACH_XDP_PUNT] = {"punt", BPF_XDP, XDP_FLAGS_DRV_MODE, 0, false},
	[ATTACH_XDP_INJECT] = {"inject", BPF_XDP, XDP_FLAGS_DRV_MODE, 0, false},
};

static const struct bpf_program *hook_program(const struct datapath *dp, enum attach_hook hook)
{
	switch (hook) {
	case ATTACH_TC_PORT:
		return dp->bpf->progs.xbr_tc_port;
	case ATTACH_TC_HOST:
		return dp->bpf->progs.xbr_tc_host;
	case ATTACH_XDP_PUNT:
		return dp->bpf->progs.xbr_xdp_punt;
	case ATTACH_XDP_INJECT:
		return dp->bpf->progs.xbr_xdp_inject;
	default:
		return dp->bpf->progs.xbr_xdp;
	}
}

static int hook_program_fd(const struct datapath *dp, enum attach_hook hook)
{
	return bpf_program__fd(hook_program(dp, hook));
}

static bool hook_is_clsact(const struct datapath *dp, enum attach_hook hook)
{
	return hooks[hook].is_tc && !dp->tcx;
}

/* ---- bpf_link ---- */

bool attach_has_tcx(void)
{
	/* a kernel that knows the attach type complains about the program, another about the type */
	int fd = bpf_link_create(-1, 1, (enum bpf_attach_type)ATTACH_TYPE_TCX_INGRESS, NULL);

	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == EBADF &&
	       bpf_prog_query(1, (enum bpf_attach_type)ATTACH_TYPE_TCX_INGRESS, 0, NULL, NULL, &(__u32){0}) ==
		       0;
}

static int link_on(struct datapath *dp, uint32_t port, uint32_t ifindex, enum attach_hook hook)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = hooks[hook].flags);
	char path[PATH_MAX];
	int fd = bpf_link_create(hook_program_fd(dp, hook), (int)ifindex, hooks[hook].type, &opts);
	int err = 0;

	if (fd < 0)
		return errno == EEXIST ? -EBUSY : -errno; /* somebody else's, in the other XDP mode */
	pins_link_path(&dp->pins, port, hooks[hook].pin, path);
	unlink(path); /* of a device that is gone */
	if (bpf_obj_pin(fd, path))
		err = -errno;
	close(fd);
	return err;
}

static void link_off(struct datapath *dp, uint32_t port, enum attach_hook hook)
{
	char path[PATH_MAX];
	int fd;

	pins_link_path(&dp->pins, port, hooks[hook].pin, path);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return;
	bpf_link_detach(fd);
	close(fd);
	unlink(path);
}

static int link_ifindex(int fd, uint32_t *ret_ifindex)
{
	struct bpf_link_info info = {};
	__u32 length = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return -errno;
	*ret_ifindex = info.xdp.ifindex; /* tcx has its ifindex at the same place; 0: the device is gone */
	return 0;
}

static bool link_is_on(struct datapath *dp, uint32_t port, uint32_t ifindex, enum attach_hook hook)
{
	char path[PATH_MAX];
	uint32_t found = 0;
	int fd, err;

	pins_link_path(&dp->pins, port, hooks[hook].pin, path);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return false;
	err = link_ifindex(fd, &found);
	close(fd);
	return !err && found == ifindex;
}

/* ---- clsact ---- */

static void clsact_opts(enum attach_hook hook, uint32_t ifindex, struct bpf_tc_hook *ret_hook,
			struct bpf_tc_opts *ret_opts)
{
	*ret_hook = (struct bpf_tc_hook){
		.sz = sizeof(*ret_hook), .ifindex = (int)ifindex, .attach_point = hooks[hook].clsact};
	*ret_opts = (struct bpf_tc_opts){
		.sz = sizeof(*ret_opts), .handle = CLSACT_HANDLE, .priority = CLSACT_PRIORITY};
}

static int clsact_on(struct datapath *dp, uint32_t port, uint32_t ifindex, enum attach_hook hook)
{
	struct bpf_tc_hook place;
	struct bpf_tc_opts opts;
	int err;

	clsact_opts(hook, ifindex, &place, &opts);
	err = bpf_tc_hook_create(&place);
	if (err && err != -EEXIST)
		return err;
	if (!err)
		dp->port_saved[port].clsact_by_us = 1;
	opts.prog_fd = hook_program_fd(dp, hook);
	opts.flags = BPF_TC_F_REPLACE;
	return bpf_tc_attach(&place, &opts);
}

static bool clsact_is_on(uint32_t ifindex, enum attach_hook hook, uint32_t *ret_prog_id)
{
	struct bpf_tc_hook place;
	struct bpf_tc_opts opts;

	clsact_opts(hook, ifindex, &place, &opts);
	if (bpf_tc_query(&place, &opts))
		return false;
	*ret_prog_id = opts.prog_id;
	return true;
}

static void clsact_off(uint32_t ifindex, enum attach_hook hook)
{
	struct bpf_tc_hook place;
	struct bpf_tc_opts opts;

	clsact_opts(hook, ifindex, &place, &opts);
	bpf_tc_detach(&place, &opts);
}

void attach_clsact_remove(struct datapath *dp, uint32_t port, uint32_t ifindex)
{
	struct bpf_tc_hook qdisc = {
		.sz = sizeof(qdisc), .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS};

	bpf_tc_hook_destroy(&qdisc);
	dp->port_saved[port].clsact_by_us = 0;
}

/* ---- either ---- */

int attach_on(struct datapath *dp, uint32_t port, uint32_t ifindex, enum attach_hook hook)
{
	if (hook_is_clsact(dp, hook))
		return clsact_on(dp, port, ifindex, hook);
	if (link_is_on(dp, port, ifindex, hook))
		return -EEXIST;
	return link_on(dp, port, ifindex, hook);
}

void attach_off(struct datapath *dp, uint32_t port, uint32_t ifindex, enum attach_hook hook)
{
	if (hook_is_clsact(dp, hook))
		clsact_off(ifindex, hook);
	else
		link_off(dp, port, hook);
}

bool attach_is_on(struct datapath *dp, uint32_t port, uint32_t ifindex, enum attach_hook hook)
{
	uint32_t id;

	if (hook_is_clsact(dp, hook))
		return clsact_is_on(ifindex, hook, &id);
	return link_is_on(dp, port, ifindex, hook);
}

/* ---- swapping programs ---- */

static bool port_is_host(const struct datapath *dp, uint32_t port)
{
	return port < dp->max_ports && dp->ports[port].flags & XBR_PORT_LOCAL;
}

static enum attach_hook hook_of_pin(const struct datapath *dp, unsigned int port, const char *pin)
{
	if (!strcmp(pin, hooks[ATTACH_XDP_PUNT].pin))
		return ATTACH_XDP_PUNT;
	if (!strcmp(pin, hooks[ATTACH_XDP_INJECT].pin))
		return ATTACH_XDP_INJECT;
	if (!strcmp(pin, hooks[ATTACH_XDP_NATIVE].pin))
		return ATTACH_XDP_NATIVE;
	return port_is_host(dp, port) ? ATTACH_TC_HOST : ATTACH_TC_PORT;
}

static int swap_link(unsigned int port, const char *pin, const char *path, void *user)
{
	struct datapath *dp = user;
	enum attach_hook hook = hook_of_pin(dp, port, pin);
	int fd = bpf_obj_get(path);
	int err = 0;

	if (fd < 0)
		return -errno;
	/* -ENOLINK: the device is gone; the model will find that out */
	if (bpf_link_update(fd, hook_program_fd(dp, hook), NULL) && errno != ENOLINK)
		err = -errno;
	close(fd);
	return err;
}

static int swap_filters(struct datapath *dp)
{
	uint32_t pair = dp->switches->punt_ifindex, id;
	int err = 0;

	if (pair && clsact_is_on(pair, ATTACH_TC_PORT, &id))
		err = clsact_on(dp, ATTACH_PUNT_PAIR, pair, ATTACH_TC_PORT);

	for (uint32_t port = 1; !err && port < dp->max_ports; port++) {
		enum attach_hook hook = port_is_host(dp, port) ? ATTACH_TC_HOST : ATTACH_TC_PORT;

		if (dp->ports[port].ifindex && !dp->ports[port].encap &&
		    clsact_is_on(dp->ports[port].ifindex, hook, &id))
			err = clsact_on(dp, port, dp->ports[port].ifindex, hook);
	}
	return err;
}

int attach_swap_programs(struct datapath *dp)
{
	int err = pins_link_each(&dp->pins, swap_link, dp);

	if (!err && !dp->tcx)
		err = swap_filters(dp);
	return err;
}

/* ---- programs of others ---- */

static void name_program(uint32_t id, char *text, size_t size)
{
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &length) && info.name[0])
		snprintf(text, size, "%s (id %u)", info.name, id);
	else
		snprintf(text, size, "a program (id %u)", id);
	if (fd >= 0)
		close(fd);
}

static uint32_t program_id(int fd)
{
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &length) ? 0 : info.id;
}

static bool is_ours(const struct datapath *dp, uint32_t prog_id)
{
	return prog_id == program_id(hook_program_fd(dp, ATTACH_TC_PORT)) ||
	       prog_id == program_id(hook_program_fd(dp, ATTACH_TC_HOST)) ||
	       prog_id == program_id(hook_program_fd(dp, ATTACH_XDP_NATIVE));
}

bool attach_foreign(struct datapath *dp, uint32_t prog_id, char *text, size_t size)
{
	if (!prog_id || is_ours(dp, prog_id))
		return false;
	name_program(prog_id, text, size);
	return true;
}

int attach_foreign_tcx(struct datapath *dp, uint32_t ifindex, enum attach_hook hook,
		       void (*visit)(const char *program, bool before, void *user), void *user)
{
	__u32 ids[LIST_MAX], count = LIST_MAX;
	bool before = true;
	char text[64];

	if (!dp->tcx)
		return 0;
	if (bpf_prog_query((int)ifindex, hooks[hook].type, 0, NULL, ids, &count))
		return -errno;
	for (__u32 i = 0; i < count; i++) {
		if (is_ours(dp, ids[i])) {
			before = false;
			continue;
		}
		name_program(ids[i], text, sizeof(text));
		visit(text, before, user);
	}
	return 0;
}
