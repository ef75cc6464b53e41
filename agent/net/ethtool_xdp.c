// SPDX-License-Identifier: Apache-2.0
/* What a driver can do with XDP: ethtool_xdp_features() of net/ethtool.h, by generic netlink. */
#include <errno.h>
#include <linux/genetlink.h>

#include "net/ethtool.h"
#include "net/netlink.h"

/*
 * From Documentation/netlink/specs/netdev.yaml and include/uapi/linux/netdev.h of Linux 6.3, newer than
 * Debian 12's headers.
 */
#define NETDEV_FAMILY_NAME        "netdev"
#define NETDEV_FAMILY_VERSION     1
#define NETDEV_CMD_DEV_GET        1
#define NETDEV_A_DEV_IFINDEX      1
#define NETDEV_A_DEV_XDP_FEATURES 3

static struct nlmsghdr *generic_question(struct netlink *netlink, int family, uint8_t command,
					 uint8_t version)
{
	struct nlmsghdr *question = netlink_question(netlink, family, 0);
	struct genlmsghdr *header = mnl_nlmsg_put_extra_header(question, sizeof(*header));

	header->cmd = command;
	header->version = version;
	return question;
}

static int read_family(const struct nlattr *attribute, void *user)
{
	if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_ID)
		*(int *)user = mnl_attr_get_u16(attribute);
	return MNL_CB_OK;
}

static int take_family(const struct nlmsghdr *message, void *user)
{
	return mnl_attr_parse(message, sizeof(struct genlmsghdr), read_family, user) < 0 ? -EPROTO : 0;
}

static int family_get(struct netlink *netlink, int *ret_family)
{
	struct nlmsghdr *question = generic_question(netlink, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	int err;

	mnl_attr_put_strz(question, CTRL_ATTR_FAMILY_NAME, NETDEV_FAMILY_NAME);
	err = netlink_ask(netlink, question, take_family, ret_family);
	return err == -ENOENT ? -EOPNOTSUPP : err;
}

static int read_features(const struct nlattr *attribute, void *user)
{
	if (mnl_attr_get_type(attribute) == NETDEV_A_DEV_XDP_FEATURES)
		*(uint64_t *)user = mnl_attr_get_u64(attribute);
	return MNL_CB_OK;
}

static int take_features(const struct nlmsghdr *message, void *user)
{
	return mnl_attr_parse(message, sizeof(struct genlmsghdr), read_features, user) < 0 ? -EPROTO : 0;
}

static int device_get(struct netlink *netlink, int family, int ifindex, uint64_t *ret_features)
{
	struct nlmsghdr *question =
		generic_question(netlink, family, NETDEV_CMD_DEV_GET, NETDEV_FAMILY_VERSION);

	mnl_attr_put_u32(question, NETDEV_A_DEV_IFINDEX, (uint32_t)ifindex);
	return netlink_ask(netlink, question, take_features, ret_features);
}

int ethtool_xdp_features(int ifindex, uint64_t *ret_features)
{
	struct netlink netlink;
	uint64_t features = 0;
	int family = 0;
	int err = netlink_open(&netlink, NETLINK_GENERIC);

	if (err)
		return err;
	err = family_get(&netlink, &family);
	if (!err)
		err = device_get(&netlink, family, ifindex, &features);
	netlink_close(&netlink);
	if (!err)
		*ret_features = features;
	return err;
}
