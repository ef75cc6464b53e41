// SPDX-License-Identifier: Apache-2.0
/* The attributes of a link message. */
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "net/rtnl_internal.h"

static void copy_string(char *target, size_t size, const struct nlattr *attribute)
{
	snprintf(target, size, "%.*s", (int)mnl_attr_get_payload_len(attribute), mnl_attr_get_str(attribute));
}

static void read_linkinfo(struct rtnl_link *link, const struct nlattr *linkinfo)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested (attribute, linkinfo)
		if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND)
			copy_string(link->kind, sizeof(link->kind), attribute);
}

/* With programs in more than one hook the kernel gives an id for each instead of IFLA_XDP_PROG_ID; any one tells that it is taken. */
static void read_xdp(struct rtnl_link *link, const struct nlattr *xdp)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested (attribute, xdp) {
		switch (mnl_attr_get_type(attribute)) {
		case IFLA_XDP_PROG_ID:
		case IFLA_XDP_DRV_PROG_ID:
		case IFLA_XDP_SKB_PROG_ID:
		case IFLA_XDP_HW_PROG_ID:
			link->xdp_prog_id = mnl_attr_get_u32(attribute);
		}
	}
}

static void read_address(struct rtnl_link *link, const struct nlattr *attribute)
{
	if (mnl_attr_get_payload_len(attribute) != sizeof(link->address))
		return;
	memcpy(link->address, mnl_attr_get_payload(attribute), sizeof(link->address));
	link->has_address = true;
}
