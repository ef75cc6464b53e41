// SPDX-License-Identifier: Apache-2.0
/* What a driver can do with XDP: ethtool_xdp_features() of net/ethtool.h, by generic netlink. */
#include <errno.h>

#include "net/ethtool.h"
#include "net/genl.h"

/*
 * From Documentation/netlink/specs/netdev.yaml and include/uapi/linux/netdev.h of Linux 6.3, newer than
 * Debian 12's headers.
 */
#define NETDEV_FAMILY_NAME        "netdev"
#define NETDEV_FAMILY_VERSION     1
#define NETDEV_CMD_DEV_GET        1
#define NETDEV_A_DEV_IFINDEX      1
#define NETDEV_A_DEV_XDP_FEATURES 3

static int read_features(const struct nlattr *attribute, void *user)
{
	if (mnl_attr_get_type(attribute) == NETDEV_A_DEV_XDP_FEATURES)
		*(uint64_t *)user = mnl_attr_get_u64(attribute);
	return MNL_CB_OK;
}

static int take_features(const struct nlmsghdr *message, void *user)
{
	return genl_parse(message, read_features, user);
}

int ethtool_xdp_features(int ifindex, uint64_t *ret_features)
{
	struct nlmsghdr *question;
	uint64_t features = 0;
	struct genl *genl;
	int err = genl_open(&genl, NETDEV_FAMILY_NAME, NETDEV_FAMILY_VERSION);

	if (err)
		return err;
	question = genl_question(genl, NETDEV_CMD_DEV_GET, 0);
	mnl_attr_put_u32(question, NETDEV_A_DEV_IFINDEX, (uint32_t)ifindex);
	err = netlink_ask(&genl->netlink, question, take_features, &features);
	genl_close(genl);
	if (!err)
		*ret_features = features;
	return err;
}
