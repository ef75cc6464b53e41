// SPDX-License-Identifier: Apache-2.0
/* What stands at the root of a device's egress, and an htb there with a class for each of several
 * (net/qdisc.h). */
#include <errno.h>
#include <limits.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "net/qdisc.h"
#include "net/rtnl_internal.h"

#define TICK_NS     64          /* of psched: PSCHED_SHIFT */
#define BURST_NS    10000000ull /* a busy machine is late by so much */
#define FRAMES      3200ull     /* octets: two of them beside */
#define RATE_TO_MAX UINT32_MAX

static struct nlmsghdr *question_about(struct rtnl *rtnl, int type, int flags, int ifindex,
				       struct tcmsg **ret_tc)
{
	struct nlmsghdr *question = netlink_question(&rtnl->requests, type, flags);
	struct tcmsg *tc = mnl_nlmsg_put_extra_header(question, sizeof(*tc));

	tc->tcm_ifindex = ifindex;
	*ret_tc = tc;
	return question;
}

/* ---- what is there ---- */

static int read_kind(const struct nlattr *attribute, void *user)
{
	struct qdisc *qdisc = user;

	if (mnl_attr_get_type(attribute) == TCA_KIND)
		netlink_copy_string(attribute, qdisc->kind, sizeof(qdisc->kind));
	return MNL_CB_OK;
}

static int take_root(const struct nlmsghdr *message, void *user)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(message);
	struct qdisc *root = user;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*tc))
		return -EBADMSG;
	root->handle = (uint16_t)(tc->tcm_handle >> 16);
	mnl_attr_parse(message, sizeof(*tc), read_kind, root);
	return 0;
}

/* Of queues that are the kernel's own it has nothing to tell. */
int qdisc_root(struct rtnl *rtnl, int ifindex, struct qdisc *ret_root)
{
	struct tcmsg *tc;
	struct nlmsghdr *question = question_about(rtnl, RTM_GETQDISC, NLM_F_ECHO, ifindex, &tc);
	int err;

	*ret_root = (struct qdisc){0};
	tc->tcm_parent = TC_H_ROOT;
	err = netlink_ask(&rtnl->requests, question, take_root, ret_root);
	return err == -ENOENT || err == -EINVAL ? 0 : err;
}

/* ---- changes ---- */

int qdisc_htb_make(struct rtnl *rtnl, int ifindex, uint16_t handle, uint16_t usual)
{
	struct tc_htb_glob glob = {.version = 3, .rate2quantum = 10, .defcls = usual};
	struct tcmsg *tc;
	struct nlmsghdr *question =
		question_about(rtnl, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, ifindex, &tc);
	struct nlattr *options;

	tc->tcm_parent = TC_H_ROOT;
	tc->tcm_handle = (uint32_t)handle << 16;
	mnl_attr_put_strz(question, TCA_KIND, "htb");
	options = mnl_attr_nest_start(question, TCA_OPTIONS);
	mnl_attr_put(question, TCA_HTB_INIT, sizeof(glob), &glob);
	mnl_attr_nest_end(question, options);
	return netlink_ask(&rtnl->requests, question, NULL, NULL);
}

int qdisc_root_remove(struct rtnl *rtnl, int ifindex, uint16_t handle)
{
	struct tcmsg *tc;
	struct nlmsghdr *question = question_about(rtnl, RTM_DELQDISC, 0, ifindex, &tc);

	tc->tcm_parent = TC_H_ROOT;
	tc->tcm_handle = (uint32_t)handle << 16;
	return netlink_ask(&rtnl->requests, question, NULL, NULL);
}

/* How long what may leave at once takes at the rate. */
static uint32_t burst_ticks(uint64_t octets)
{
	uint64_t ns = BURST_NS + FRAMES * 1000000000ull / octets, ticks = ns / TICK_NS;

	return ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks;
}

static struct tc_ratespec ratespec(uint64_t octets)
{
	return (struct tc_ratespec){.linklayer = TC_LINKLAYER_ETHERNET,
				    .rate = octets > RATE_TO_MAX ? RATE_TO_MAX : (uint32_t)octets};
}

int qdisc_class_put(struct rtnl *rtnl, int ifindex, uint16_t handle, const struct qdisc_class *class)
{
	uint64_t least = class->least / 8, most = class->most / 8;
	struct tc_htb_opt parms = {.rate = ratespec(least),
				   .ceil = ratespec(most),
				   .buffer = burst_ticks(least),
				   .cbuffer = burst_ticks(most),
				   .quantum = class->quantum};
	struct tcmsg *tc;
	struct nlmsghdr *question = question_about(rtnl, RTM_NEWTCLASS, NLM_F_CREATE, ifindex, &tc);
	struct nlattr *options;

	tc->tcm_parent = class->parent ? (uint32_t)handle << 16 | class->parent : TC_H_ROOT;
	tc->tcm_handle = (uint32_t)handle << 16 | class->minor;
	mnl_attr_put_strz(question, TCA_KIND, "htb");
	options = mnl_attr_nest_start(question, TCA_OPTIONS);
	mnl_attr_put(question, TCA_HTB_PARMS, sizeof(parms), &parms);
	mnl_attr_put_u64(question, TCA_HTB_RATE64, least);
	mnl_attr_put_u64(question, TCA_HTB_CEIL64, most);
	mnl_attr_nest_end(question, options);
	return netlink_ask(&rtnl->requests, question, NULL, NULL);
}

int qdisc_queue_put(struct rtnl *rtnl, int ifindex, uint16_t handle, uint16_t class, uint32_t octets)
{
	struct tc_fifo_qopt limit = {.limit = octets};
	struct tcmsg *tc;
	struct nlmsghdr *question =
		question_about(rtnl, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, ifindex, &tc);

	tc->tcm_parent = (uint32_t)handle << 16 | class;
	mnl_attr_put_strz(question, TCA_KIND, "bfifo");
	mnl_attr_put(question, TCA_OPTIONS, sizeof(limit), &limit);
	return netlink_ask(&rtnl->requests, question, NULL, NULL);
}

int qdisc_class_remove(struct rtnl *rtnl, int ifindex, uint16_t handle, uint16_t minor)
{
	struct tcmsg *tc;
	struct nlmsghdr *question = question_about(rtnl, RTM_DELTCLASS, 0, ifindex, &tc);

	tc->tcm_handle = (uint32_t)handle << 16 | minor;
	return netlink_ask(&rtnl->requests, question, NULL, NULL);
}

/* ---- the classes that are there ---- */

struct class_walk {
	uint16_t handle;
	void (*visit)(uint16_t minor, void *user);
	void *user;
};

static int take_class(const struct nlmsghdr *message, void *user)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(message);
	const struct class_walk *walk = user;

	if (mnl_nlmsg_get_payload_len(message) >= sizeof(*tc) && tc->tcm_handle >> 16 == walk->handle)
		walk->visit((uint16_t)tc->tcm_handle, walk->user);
	return 0;
}

int qdisc_class_each(struct rtnl *rtnl, int ifindex, uint16_t handle,
		     void (*visit)(uint16_t minor, void *user), void *user)
{
	struct class_walk walk = {handle, visit, user};
	struct tcmsg *tc;
	struct nlmsghdr *question = question_about(rtnl, RTM_GETTCLASS, NLM_F_DUMP, ifindex, &tc);

	return netlink_ask(&rtnl->requests, question, take_class, &walk);
}
