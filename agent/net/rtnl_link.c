// SPDX-License-Identifier: Apache-2.0
/* The attributes of a link message. */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <string.h>

#include "net/rtnl_internal.h"

static int read_linkinfo(const struct nlattr *attribute, void *user)
{
	struct rtnl_link *link = user;

	if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND)
		netlink_copy_string(attribute, link->kind, sizeof(link->kind));
	return MNL_CB_OK;
}

/*
 * With programs in more than one hook the kernel gives an id for each instead of IFLA_XDP_PROG_ID: any one
 * tells that it is taken.
 */
static int read_xdp(const struct nlattr *attribute, void *user)
{
	struct rtnl_link *link = user;

	switch (mnl_attr_get_type(attribute)) {
	case IFLA_XDP_PROG_ID:
	case IFLA_XDP_DRV_PROG_ID:
	case IFLA_XDP_SKB_PROG_ID:
	case IFLA_XDP_HW_PROG_ID:
		link->xdp_prog_id = mnl_attr_get_u32(attribute);
	}
	return MNL_CB_OK;
}

static void read_address(struct rtnl_link *link, const struct nlattr *attribute)
{
	if (mnl_attr_get_payload_len(attribute) == sizeof(link->address))
		memcpy(link->address, mnl_attr_get_payload(attribute), sizeof(link->address));
	else
		link->ethernet = false;
}

static void read_switch(struct rtnl_link *link, const struct nlattr *attribute)
{
	size_t length = mnl_attr_get_payload_len(attribute);

	if (length > sizeof(link->switch_id))
		return;
	memcpy(link->switch_id, mnl_attr_get_payload(attribute), length);
	link->switch_id_len = (uint8_t)length;
}

static int read_attribute(const struct nlattr *attribute, void *user)
{
	struct rtnl_link *link = user;

	switch (mnl_attr_get_type(attribute)) {
	case IFLA_IFNAME:
		netlink_copy_string(attribute, link->name, sizeof(link->name));
		break;
	case IFLA_ADDRESS:
		read_address(link, attribute);
		break;
	case IFLA_MTU:
		link->mtu = mnl_attr_get_u32(attribute);
		break;
	case IFLA_MASTER:
		link->master = (int)mnl_attr_get_u32(attribute);
		break;
	case IFLA_LINK:
		link->link = (int)mnl_attr_get_u32(attribute);
		break;
	case IFLA_LINK_NETNSID:
		link->link_elsewhere = true;
		link->link_netnsid = (int)mnl_attr_get_u32(attribute);
		break;
	case IFLA_OPERSTATE:
		link->operstate = mnl_attr_get_u8(attribute);
		break;
	case IFLA_CARRIER:
		link->carrier = mnl_attr_get_u8(attribute);
		break;
	case IFLA_PROMISCUITY:
		link->promiscuity = mnl_attr_get_u32(attribute);
		break;
	case IFLA_PHYS_SWITCH_ID:
		read_switch(link, attribute);
		break;
	case IFLA_LINKINFO:
		return mnl_attr_parse_nested(attribute, read_linkinfo, link);
	case IFLA_XDP:
		return mnl_attr_parse_nested(attribute, read_xdp, link);
	case IFLA_WIRELESS:
		return MNL_CB_ERROR; /* an event that leaves out most attributes */
	}
	return MNL_CB_OK;
}

bool link_parse(const struct nlmsghdr *message, void *ret_link)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct rtnl_link link = {0};

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) || info->ifi_family != AF_UNSPEC)
		return false;
	link.ifindex = info->ifi_index;
	link.flags = info->ifi_flags;
	link.ethernet = info->ifi_type == ARPHRD_ETHER;
	if (mnl_attr_parse(message, sizeof(*info), read_attribute, &link) < 0)
		return false;
	*(struct rtnl_link *)ret_link = link;
	return true;
}
