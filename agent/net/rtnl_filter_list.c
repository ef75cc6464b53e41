// SPDX-License-Identifier: Apache-2.0
/* A device's own address filter (dev_uc_add(), dev_mc_add()), as `bridge fdb ... self` writes and shows it.
 */
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "net/rtnl_internal.h"

int rtnl_filter_set(struct rtnl *rtnl, int ifindex, const uint8_t address[6], bool on)
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

struct group {
	int ifindex;
	uint8_t address[6];
};

static int take_address(const struct nlattr *attribute, void *user)
{
	struct group *group = user;

	if (mnl_attr_get_type(attribute) == NDA_LLADDR && mnl_attr_get_payload_len(attribute) == 6)
		memcpy(group->address, mnl_attr_get_payload(attribute), 6);
	return MNL_CB_OK;
}

static bool parse_group(const struct nlmsghdr *message, void *ret_item)
{
	const struct ndmsg *neighbour = mnl_nlmsg_get_payload(message);
	struct group group = {.ifindex = neighbour->ndm_ifindex};

	if (!(neighbour->ndm_flags & NTF_SELF) ||
	    mnl_attr_parse(message, sizeof(*neighbour), take_address, &group) < 0 || !(group.address[0] & 1))
		return false;
	memcpy(ret_item, &group, sizeof(group));
	return true;
}

int rtnl_group_each(struct rtnl *rtnl, int ifindex, void (*visit)(const uint8_t address[6], void *user),
		    void *user)
{
	struct nlmsghdr *question = netlink_question(&rtnl->requests, RTM_GETNEIGH, NLM_F_DUMP);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(question, sizeof(*info));
	struct netlink_items found;
	const struct group *groups;
	int err;

	info->ifi_family = AF_BRIDGE;
	info->ifi_index = ifindex;
	err = netlink_dump(&rtnl->requests, question, sizeof(*groups), parse_group, &found);
	if (err)
		return err;
	groups = found.items;
	for (size_t i = 0; i < found.count; i++)
		if (groups[i].ifindex == ifindex)
			visit(groups[i].address, user);
	free(found.items);
	return 0;
}
