// SPDX-License-Identifier: Apache-2.0
/* The filters of a device's clsact hook: rtnl_filter_each() of net/rtnl.h. */
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "net/rtnl_internal.h"

struct filter {
	char name[64];
	uint32_t prog_id;
	uint32_t priority;
};

static int read_bpf(const struct nlattr *attribute, void *user)
{
	struct filter *filter = user;

	if (mnl_attr_get_type(attribute) == TCA_BPF_NAME)
		netlink_copy_string(attribute, filter->name, sizeof(filter->name));
	else if (mnl_attr_get_type(attribute) == TCA_BPF_ID)
		filter->prog_id = mnl_attr_get_u32(attribute);
	return MNL_CB_OK;
}

/* The kind comes before its options. */
static int read_attribute(const struct nlattr *attribute, void *user)
{
	struct filter *filter = user;

	if (mnl_attr_get_type(attribute) == TCA_KIND)
		netlink_copy_string(attribute, filter->name, sizeof(filter->name));
	else if (mnl_attr_get_type(attribute) == TCA_OPTIONS && !strcmp(filter->name, "bpf"))
		return mnl_attr_parse_nested(attribute, read_bpf, filter);
	return MNL_CB_OK;
}

/* The kernel tells of each priority as such (handle 0), then of the filters in it. */
static bool filter_parse(const struct nlmsghdr *message, void *ret_filter)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(message);
	struct filter filter = {0};

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*tc) || !tc->tcm_handle)
		return false;
	filter.priority = TC_H_MAJ(tc->tcm_info) >> 16;
	if (mnl_attr_parse(message, sizeof(*tc), read_attribute, &filter) < 0)
		return false;
	*(struct filter *)ret_filter = filter;
	return true;
}

int rtnl_filter_each(struct rtnl *rtnl, int ifindex, bool ingress,
		     int (*visit)(const char *name, uint32_t prog_id, uint32_t priority, void *user),
		     void *user)
{
	struct nlmsghdr *question = netlink_question(&rtnl->requests, RTM_GETTFILTER, NLM_F_DUMP);
	struct tcmsg *tc = mnl_nlmsg_put_extra_header(question, sizeof(*tc));
	struct netlink_items found;
	const struct filter *filters;
	int err;

	tc->tcm_ifindex = ifindex;
	tc->tcm_parent = TC_H_MAKE(TC_H_CLSACT, ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
	err = netlink_dump(&rtnl->requests, question, sizeof(*filters), filter_parse, &found);
	if (err)
		return err;
	filters = found.items;
	for (size_t i = 0; i < found.count && !err; i++)
		err = visit(filters[i].name, filters[i].prog_id, filters[i].priority, user);
	free(found.items);
	return err;
}
