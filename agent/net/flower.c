// SPDX-License-Identifier: Apache-2.0
#include "net/flower.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_gact.h>
#include <linux/tc_act/tc_mirred.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "net/rtnl_internal.h"

static struct tcmsg *put_tc(struct nlmsghdr *question, int ifindex)
{
	struct tcmsg *tc = mnl_nlmsg_put_extra_header(question, sizeof(*tc));

	tc->tcm_ifindex = ifindex;
	tc->tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
	return tc;
}

int flower_begin(struct rtnl *rtnl, int ifindex)
{
	struct nlmsghdr *question =
		netlink_question(&rtnl->requests, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
	struct tcmsg *tc = put_tc(question, ifindex);

	tc->tcm_parent = TC_H_CLSACT;
	tc->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	mnl_attr_put_strz(question, TCA_KIND, "clsact");
	return netlink_ask(&rtnl->requests, question, NULL, NULL);
}

/* ---- what it fits ---- */

static bool is_empty(const void *mask, size_t size)
{
	const uint8_t *octet = mask;

	while (size && !*octet)
		octet++, size--;
	return !size;
}

/* A field and its mask, where the filter asks for it. */
static void put_field(struct nlmsghdr *question, uint16_t key, uint16_t key_mask, const void *value,
		      const void *mask, size_t size)
{
	if (is_empty(mask, size))
		return;
	mnl_attr_put(question, key, size, value);
	mnl_attr_put(question, key_mask, size, mask);
}

static void put_addresses(struct nlmsghdr *question, const struct xbr_flow *value,
			  const struct xbr_flow *mask)
{
	if (value->eth_type_be == htons(ETH_P_IP)) {
		put_field(question, TCA_FLOWER_KEY_IPV4_SRC, TCA_FLOWER_KEY_IPV4_SRC_MASK, value->src_ip,
			  mask->src_ip, 4);
		put_field(question, TCA_FLOWER_KEY_IPV4_DST, TCA_FLOWER_KEY_IPV4_DST_MASK, value->dst_ip,
			  mask->dst_ip, 4);
	} else if (value->eth_type_be == htons(ETH_P_IPV6)) {
		put_field(question, TCA_FLOWER_KEY_IPV6_SRC, TCA_FLOWER_KEY_IPV6_SRC_MASK, value->src_ip,
			  mask->src_ip, 16);
		put_field(question, TCA_FLOWER_KEY_IPV6_DST, TCA_FLOWER_KEY_IPV6_DST_MASK, value->dst_ip,
			  mask->dst_ip, 16);
	}
}

/* Keys of ports, by protocol. */
static const struct port_keys {
	uint8_t proto;
	uint16_t src, src_mask, dst, dst_mask;
} port_keys[] = {
	{IPPROTO_TCP, TCA_FLOWER_KEY_TCP_SRC, TCA_FLOWER_KEY_TCP_SRC_MASK, TCA_FLOWER_KEY_TCP_DST,
	 TCA_FLOWER_KEY_TCP_DST_MASK},
	{IPPROTO_UDP, TCA_FLOWER_KEY_UDP_SRC, TCA_FLOWER_KEY_UDP_SRC_MASK, TCA_FLOWER_KEY_UDP_DST,
	 TCA_FLOWER_KEY_UDP_DST_MASK},
	{IPPROTO_SCTP, TCA_FLOWER_KEY_SCTP_SRC, TCA_FLOWER_KEY_SCTP_SRC_MASK, TCA_FLOWER_KEY_SCTP_DST,
	 TCA_FLOWER_KEY_SCTP_DST_MASK},
};

static void put_ports(struct nlmsghdr *question, const struct xbr_flow *value, const struct xbr_flow *mask)
{
	for (size_t i = 0; i < sizeof(port_keys) / sizeof(port_keys[0]); i++) {
		if (!mask->proto || value->proto != port_keys[i].proto)
			continue;
		put_field(question, port_keys[i].src, port_keys[i].src_mask, &value->src_port_be,
			  &mask->src_port_be, sizeof(value->src_port_be));
		put_field(question, port_keys[i].dst, port_keys[i].dst_mask, &value->dst_port_be,
			  &mask->dst_port_be, sizeof(value->dst_port_be));
	}
}

static void put_keys(struct nlmsghdr *question, const struct xbr_flow *value, const struct xbr_flow *mask)
{
	put_field(question, TCA_FLOWER_KEY_ETH_DST, TCA_FLOWER_KEY_ETH_DST_MASK, value->dst_mac,
		  mask->dst_mac, 6);
	put_field(question, TCA_FLOWER_KEY_ETH_SRC, TCA_FLOWER_KEY_ETH_SRC_MASK, value->src_mac,
		  mask->src_mac, 6);
	if (!mask->eth_type_be)
		return;
	mnl_attr_put_u16(question, TCA_FLOWER_KEY_ETH_TYPE, value->eth_type_be);
	if (mask->proto)
		mnl_attr_put_u8(question, TCA_FLOWER_KEY_IP_PROTO, value->proto);
	put_addresses(question, value, mask);
	put_ports(question, value, mask);
}

/* ---- what it does ---- */

static void put_drop(struct nlmsghdr *question)
{
	const struct tc_gact drop = {.action = TC_ACT_SHOT};
	struct nlattr *options;

	mnl_attr_put_strz(question, TCA_ACT_KIND, "gact");
	options = mnl_attr_nest_start(question, TCA_ACT_OPTIONS);
	mnl_attr_put(question, TCA_GACT_PARMS, sizeof(drop), &drop);
	mnl_attr_nest_end(question, options);
}

static void put_redirect(struct nlmsghdr *question, int to)
{
	const struct tc_mirred mirred = {
		.action = TC_ACT_STOLEN, .eaction = TCA_EGRESS_REDIR, .ifindex = (uint32_t)to};
	struct nlattr *options;

	mnl_attr_put_strz(question, TCA_ACT_KIND, "mirred");
	options = mnl_attr_nest_start(question, TCA_ACT_OPTIONS);
	mnl_attr_put(question, TCA_MIRRED_PARMS, sizeof(mirred), &mirred);
	mnl_attr_nest_end(question, options);
}

static void put_action(struct nlmsghdr *question, const struct flower_filter *filter)
{
	struct nlattr *actions = mnl_attr_nest_start(question, TCA_FLOWER_ACT);
	struct nlattr *first = mnl_attr_nest_start(question, 1);

	if (filter->redirect)
		put_redirect(question, filter->redirect);
	else
		put_drop(question);
	mnl_attr_nest_end(question, first);
	mnl_attr_nest_end(question, actions);
}

/* ---- setting ---- */

/* Which filter: its priority and protocol, which one priority has in common, and its handle. */
static struct nlmsghdr *filter_message(struct rtnl *rtnl, int type, int flags, int ifindex,
				       const struct flower_filter *filter)
{
	struct nlmsghdr *question = netlink_question(&rtnl->requests, type, flags);
	struct tcmsg *tc = put_tc(question, ifindex);

	tc->tcm_handle = filter->handle;
	tc->tcm_info = TC_H_MAKE(filter->priority << 16,
				 filter->mask.eth_type_be ? filter->value.eth_type_be : htons(ETH_P_ALL));
	mnl_attr_put_strz(question, TCA_KIND, "flower");
	return question;
}

int flower_add(struct rtnl *rtnl, int ifindex, const struct flower_filter *filter)
{
	struct nlmsghdr *question =
		filter_message(rtnl, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, ifindex, filter);
	struct nlattr *options = mnl_attr_nest_start(question, TCA_OPTIONS);

	mnl_attr_put_u32(question, TCA_FLOWER_FLAGS, TCA_CLS_FLAGS_SKIP_SW);
	put_keys(question, &filter->value, &filter->mask);
	put_action(question, filter);
	mnl_attr_nest_end(question, options);
	return netlink_ask(&rtnl->requests, question, NULL, NULL);
}

int flower_del(struct rtnl *rtnl, int ifindex, const struct flower_filter *filter)
{
	return netlink_ask(&rtnl->requests, filter_message(rtnl, RTM_DELTFILTER, 0, ifindex, filter), NULL,
			   NULL);
}

/* ---- reading ---- */

/* A filter as the kernel tells it; protocol is what tcm_info has. */
struct told {
	uint32_t priority, handle, protocol;
	char kind[16];
	struct flower_count count;
};

static int read_stats(const struct nlattr *attribute, void *user)
{
	struct gnet_stats_basic basic;
	struct told *told = user;

	if (mnl_attr_get_type(attribute) == TCA_STATS_PKT64 &&
	    mnl_attr_get_payload_len(attribute) >= sizeof(uint64_t))
		told->count.frames = mnl_attr_get_u64(attribute);
	if (mnl_attr_get_type(attribute) != TCA_STATS_BASIC ||
	    mnl_attr_get_payload_len(attribute) < sizeof(basic.bytes) + sizeof(basic.packets))
		return MNL_CB_OK;
	memcpy(&basic, mnl_attr_get_payload(attribute), sizeof(basic.bytes) + sizeof(basic.packets));
	told->count.octets = basic.bytes;
	if (!told->count.frames)
		told->count.frames = basic.packets;
	return MNL_CB_OK;
}

static int read_action(const struct nlattr *attribute, void *user)
{
	if (mnl_attr_get_type(attribute) == TCA_ACT_STATS)
		return mnl_attr_parse_nested(attribute, read_stats, user);
	return MNL_CB_OK;
}

static int read_actions(const struct nlattr *attribute, void *user)
{
	return mnl_attr_parse_nested(attribute, read_action, user);
}

static int read_options(const struct nlattr *attribute, void *user)
{
	if (mnl_attr_get_type(attribute) == TCA_FLOWER_ACT)
		return mnl_attr_parse_nested(attribute, read_actions, user);
	return MNL_CB_OK;
}

/* The kind comes before its options. */
static int read_filter(const struct nlattr *attribute, void *user)
{
	struct told *told = user;

	if (mnl_attr_get_type(attribute) == TCA_KIND)
		netlink_copy_string(attribute, told->kind, sizeof(told->kind));
	else if (mnl_attr_get_type(attribute) == TCA_OPTIONS && !strcmp(told->kind, "flower"))
		return mnl_attr_parse_nested(attribute, read_options, told);
	return MNL_CB_OK;
}

/* The kernel tells of each priority as such (handle 0), then of the filters in it. */
static bool told_parse(const struct nlmsghdr *message, void *ret_told)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(message);
	struct told told = {0};

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*tc) || !tc->tcm_handle)
		return false;
	told.priority = TC_H_MAJ(tc->tcm_info) >> 16;
	told.protocol = TC_H_MIN(tc->tcm_info);
	told.handle = tc->tcm_handle;
	if (mnl_attr_parse(message, sizeof(*tc), read_filter, &told) < 0 ||
	    !flower_is_ours(told.kind, told.priority))
		return false;
	*(struct told *)ret_told = told;
	return true;
}

static int read_all(struct rtnl *rtnl, int ifindex, struct netlink_items *ret_found)
{
	struct nlmsghdr *question = netlink_question(&rtnl->requests, RTM_GETTFILTER, NLM_F_DUMP);

	put_tc(question, ifindex);
	return netlink_dump(&rtnl->requests, question, sizeof(struct told), told_parse, ret_found);
}

int flower_each(struct rtnl *rtnl, int ifindex,
		void (*visit)(uint32_t priority, uint32_t handle, const struct flower_count *count,
			      void *user),
		void *user)
{
	struct netlink_items found;
	const struct told *told;
	int err = read_all(rtnl, ifindex, &found);

	if (err)
		return err;
	told = found.items;
	for (size_t i = 0; i < found.count; i++)
		visit(told[i].priority, told[i].handle, &told[i].count, user);
	free(found.items);
	return 0;
}

int flower_clear(struct rtnl *rtnl, int ifindex)
{
	struct netlink_items found;
	const struct told *told;
	int err = read_all(rtnl, ifindex, &found);

	if (err)
		return err;
	told = found.items;
	for (size_t i = 0; i < found.count && !err; i++) {
		struct flower_filter filter = {.priority = told[i].priority,
					       .handle = told[i].handle,
					       .mask.eth_type_be = 0xffff,
					       .value.eth_type_be = (uint16_t)told[i].protocol};

		err = flower_del(rtnl, ifindex, &filter);
	}
	free(found.items);
	return err;
}
