// SPDX-License-Identifier: Apache-2.0
/* A device's own unicast filter (dev_uc_add()), as `bridge fdb add ... self` writes it. */
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "net/rtnl_internal.h"

int rtnl_unicast_set(struct rtnl *rtnl, int ifindex, const uint8_t address[6], bool on)
{
	int type = on ? RTM_NEWNEIGH : RTM_DELNEIGH, flags = on ? NLM_F_CREATE | NLM_F_EXCL : 0;
	struct nlmsghdr *question = netlink_question(&rtnl->requests, type, flags);
	struct ndmsg *message = mnl_nlmsg_put_extra_header(question, sizeof(*message));

	message->ndm_family = AF_BRIDGE;
	message->ndm_ifindex = ifindex;
	message->ndm_state = NUD_PERMANENT;
	message->ndm_flags = NTF_SELF;
	mnl_attr_put(question, NDA_LLADDR, 6, address);
	return netlink_ask(&rtnl->requests, question, NULL, NULL);
}
