// SPDX-License-Identifier: Apache-2.0
#include "net/rtnl.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdlib.h>
#include <string.h>

#include "net/rtnl_internal.h"

int rtnl_open(struct rtnl **ret_rtnl)
{
	struct rtnl *rtnl = calloc(1, sizeof(*rtnl));
	int err;

	if (!rtnl)
		return -ENOMEM;
	err = netlink_open(&rtnl->requests, NETLINK_ROUTE);
	if (!err)
		err = monitor_open(rtnl);
	if (err) {
		rtnl_close(rtnl);
		return err;
	}
	*ret_rtnl = rtnl;
	return 0;
}

void rtnl_close(struct rtnl *rtnl)
{
	if (!rtnl)
		return;
	monitor_close(rtnl);
	netlink_close(&rtnl->requests);
	free(rtnl);
}

/* A question about, or a change of, one device (ifindex 0: by attributes, or all). */
static struct nlmsghdr *link_question(struct rtnl *rtnl, int type, int flags, int ifindex)
{
	struct nlmsghdr *question = netlink_question(&rtnl->requests, type, flags);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(question, sizeof(*info));

	info->ifi_family = AF_UNSPEC;
	info->ifi_index = ifindex;
	return question;
}

/* ---- reading --------------------------------------------------------------------------------------- */

static int take_link(const struct nlmsghdr *message, void *user)
{
	return link_parse(message, user) ? 0 : -EPROTO;
}

static int link_get(struct rtnl *rtnl, struct nlmsghdr *question, struct rtnl_link *ret_link)
{
	struct rtnl_link link;
	int err;

	mnl_attr_put_u32(question, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	err = netlink_ask(&rtnl->requests, question, take_link, &link);
	if (!err)
		*ret_link = link;
	return err;
}

int rtnl_link_by_index(struct rtnl *rtnl, int ifindex, struct rtnl_link *ret_link)
{
	if (ifindex <= 0)
		return -ENODEV;
	return link_get(rtnl, link_question(rtnl, RTM_GETLINK, 0, ifindex), ret_link);
}

int rtnl_link_by_name(struct rtnl *rtnl, const char *name, struct rtnl_link *ret_link)
{
	struct nlmsghdr *question = link_question(rtnl, RTM_GETLINK, 0, 0);

	if (!*name || strlen(name) >= IFNAMSIZ)
		return -ENODEV;
	mnl_attr_put_strz(question, IFLA_IFNAME, name);
	return link_get(rtnl, question, ret_link);
}

int rtnl_link_each(struct rtnl *rtnl, int (*visit)(const struct rtnl_link *link, void *user), void *user)
{
	struct nlmsghdr *question = link_question(rtnl, RTM_GETLINK, NLM_F_DUMP, 0);
	struct netlink_items found;
	const struct rtnl_link *links;
	int err;

	mnl_attr_put_u32(question, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	err = netlink_dump(&rtnl->requests, question, sizeof(*links), link_parse, &found);
	if (err)
		return err;
	links = found.items;
	for (size_t i = 0; i < found.count && !err; i++)
		err = visit(&links[i], user);
	free(found.items);
	return err;
}

/* ---- changing -------------------------------------------------------------------------------------- */

int rtnl_link_set_master(struct rtnl *rtnl, int ifindex, int master)
{
	struct nlmsghdr *question = link_question(rtnl, RTM_SETLINK, 0, ifindex);

	mnl_attr_put_u32(question, IFLA_MASTER, (uint32_t)master);
	return netlink_ask(&rtnl->requests, question, NULL, NULL);
}

int rtnl_link_set_address(struct rtnl *rtnl, int ifindex, const uint8_t address[6])
{
	struct nlmsghdr *question = link_question(rtnl, RTM_SETLINK, 0, ifindex);

	mnl_attr_put(question, IFLA_ADDRESS, 6, address);
	return netlink_ask(&rtnl->requests, question, NULL, NULL);
}

static int set_flag(struct rtnl *rtnl, int ifindex, unsigned int flag, bool on)
{
	struct nlmsghdr *question = link_question(rtnl, RTM_SETLINK, 0, ifindex);
	struct ifinfomsg *info = mnl_nlmsg_get_payload(question);

	info->ifi_change = flag;
	info->ifi_flags = on ? flag : 0;
	return netlink_ask(&rtnl->requests, question, NULL, NULL);
}

int rtnl_link_set_up(struct rtnl *rtnl, int ifindex, bool up)
{
	return set_flag(rtnl, ifindex, IFF_UP, up);
}

int rtnl_link_set_promiscuous(struct rtnl *rtnl, int ifindex, bool on)
{
	return set_flag(rtnl, ifindex, IFF_PROMISC, on);
}

int rtnl_link_set_allmulti(struct rtnl *rtnl, int ifindex, bool on)
{
	return set_flag(rtnl, ifindex, IFF_ALLMULTI, on);
}

int rtnl_link_delete(struct rtnl *rtnl, int ifindex)
{
	if (ifindex <= 0)
		return -ENODEV;
	return netlink_ask(&rtnl->requests, link_question(rtnl, RTM_DELLINK, 0, ifindex), NULL, NULL);
}

int rtnl_bridge_create(struct rtnl *rtnl, const char *name)
{
	struct nlmsghdr *question = link_question(rtnl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	struct nlattr *linkinfo, *data;

	if (!*name || strlen(name) >= IFNAMSIZ)
		return -EINVAL;
	mnl_attr_put_strz(question, IFLA_IFNAME, name);
	linkinfo = mnl_attr_nest_start(question, IFLA_LINKINFO);
	mnl_attr_put_strz(question, IFLA_INFO_KIND, "bridge");
	data = mnl_attr_nest_start(question, IFLA_INFO_DATA);
	mnl_attr_put_u32(question, IFLA_BR_STP_STATE, 0);
	mnl_attr_put_u8(question, IFLA_BR_MCAST_SNOOPING, 0);
	mnl_attr_nest_end(question, data);
	mnl_attr_nest_end(question, linkinfo);
	return netlink_ask(&rtnl->requests, question, NULL, NULL);
}

int rtnl_bridge_stp_off(struct rtnl *rtnl, int ifindex)
{
	struct nlmsghdr *question = link_question(rtnl, RTM_NEWLINK, 0, ifindex);
	struct nlattr *linkinfo = mnl_attr_nest_start(question, IFLA_LINKINFO), *data;

	mnl_attr_put_strz(question, IFLA_INFO_KIND, "bridge");
	data = mnl_attr_nest_start(question, IFLA_INFO_DATA);
	mnl_attr_put_u32(question, IFLA_BR_STP_STATE, 0);
	mnl_attr_nest_end(question, data);
	mnl_attr_nest_end(question, linkinfo);
	return netlink_ask(&rtnl->requests, question, NULL, NULL);
}

static void put_queues(struct nlmsghdr *question, uint32_t mtu)
{
	mnl_attr_put_u32(question, IFLA_MTU, mtu);
	mnl_attr_put_u32(question, IFLA_NUM_RX_QUEUES, 1);
	mnl_attr_put_u32(question, IFLA_NUM_TX_QUEUES, 1);
}

int rtnl_veth_create(struct rtnl *rtnl, const char *name, const char *peer, const uint8_t address[6],
		     uint32_t mtu)
{
	struct nlmsghdr *question = link_question(rtnl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	struct nlattr *linkinfo, *data, *far;

	mnl_attr_put_strz(question, IFLA_IFNAME, name);
	mnl_attr_put(question, IFLA_ADDRESS, 6, address);
	put_queues(question, mtu);
	linkinfo = mnl_attr_nest_start(question, IFLA_LINKINFO);
	mnl_attr_put_strz(question, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(question, IFLA_INFO_DATA);
	far = mnl_attr_nest_start(question, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(question, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(question, IFLA_IFNAME, peer);
	put_queues(question, mtu);
	mnl_attr_nest_end(question, far);
	mnl_attr_nest_end(question, data);
	mnl_attr_nest_end(question, linkinfo);
	return netlink_ask(&rtnl->requests, question, NULL, NULL);
}

static int set_quiet(struct rtnl *rtnl, int ifindex)
{
	struct nlmsghdr *question = link_question(rtnl, RTM_SETLINK, 0, ifindex);
	struct nlattr *families = mnl_attr_nest_start(question, IFLA_AF_SPEC);
	struct nlattr *inet6 = mnl_attr_nest_start(question, AF_INET6);
	int err;

	mnl_attr_put_u8(question, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(question, inet6);
	mnl_attr_nest_end(question, families);
	err = netlink_ask(&rtnl->requests, question, NULL, NULL);
	return err == -EAFNOSUPPORT ? 0 : err; /* no IPv6 here at all */
}

int rtnl_link_take(struct rtnl *rtnl, int ifindex, const char *alias)
{
	struct nlmsghdr *question;
	int err = set_quiet(rtnl, ifindex);

	if (err)
		return err;
	question = link_question(rtnl, RTM_SETLINK, 0, ifindex);
	mnl_attr_put_strz(question, IFLA_IFALIAS, alias);
	err = netlink_ask(&rtnl->requests, question, NULL, NULL);
	return err ? err : rtnl_link_set_up(rtnl, ifindex, true);
}

/* ---- namespaces ------------------------------------------------------------------------------------ */

static int read_nsid(const struct nlattr *attribute, void *user)
{
	if (mnl_attr_get_type(attribute) == NETNSA_NSID)
		*(int *)user = (int)mnl_attr_get_u32(attribute);
	return MNL_CB_OK;
}

static int take_nsid(const struct nlmsghdr *message, void *user)
{
	return mnl_attr_parse(message, sizeof(struct rtgenmsg), read_nsid, user) < 0 ? -EPROTO : 0;
}

int rtnl_nsid_of_fd(struct rtnl *rtnl, int netns_fd)
{
	struct nlmsghdr *question = netlink_question(&rtnl->requests, RTM_GETNSID, 0);
	int nsid = NETNSA_NSID_NOT_ASSIGNED;
	int err;

	mnl_nlmsg_put_extra_header(question, sizeof(struct rtgenmsg));
	mnl_attr_put_u32(question, NETNSA_FD, (uint32_t)netns_fd);
	err = netlink_ask(&rtnl->requests, question, take_nsid, &nsid);
	if (err)
		return err;
	return nsid < 0 ? -ENOENT : nsid;
}
