// SPDX-License-Identifier: Apache-2.0
/*
 * Messages and attributes are those of linux/ethtool_netlink.h; how a bitset is written is told in the
 * kernel's Documentation/networking/ethtool-netlink.rst.
 */
#include "net/features.h"

#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <string.h>

#include "net/genl.h"

#define MEMBERS_MAX 6

#define KEY(x, id, words, key, name, help) [NET_FEATURE_##id] = (key),
const char *const net_feature_words[] = {XBR_NET_FEATURES(KEY, ) NULL};
#define NAME(x, id, words, key, name, help) [NET_FEATURE_##id] = (name),
const char *const net_feature_names[] = {XBR_NET_FEATURES(NAME, ) NULL};

/* The kernel's features that each of ours stands for: netdev_features_strings of net/ethtool/common.c,
 * grouped as in ethtool's off_flag_def. */
static const char *const members[NET_FEATURE_COUNT][MEMBERS_MAX] = {
	[NET_FEATURE_RX_CHECKSUM] = {"rx-checksum"},
	[NET_FEATURE_TX_CHECKSUM] = {"tx-checksum-ipv4", "tx-checksum-ip-generic", "tx-checksum-ipv6",
				     "tx-checksum-fcoe-crc", "tx-checksum-sctp"},
	[NET_FEATURE_SG] = {"tx-scatter-gather", "tx-scatter-gather-fraglist"},
	[NET_FEATURE_TSO] = {"tx-tcp-segmentation", "tx-tcp-ecn-segmentation", "tx-tcp-mangleid-segmentation",
			     "tx-tcp6-segmentation", "tx-tcp-accecn-segmentation"},
	[NET_FEATURE_GSO] = {"tx-generic-segmentation"},
	[NET_FEATURE_GRO] = {"rx-gro"},
	[NET_FEATURE_LRO] = {"rx-lro"},
	[NET_FEATURE_RXVLAN] = {"rx-vlan-hw-parse"},
	[NET_FEATURE_TXVLAN] = {"tx-vlan-hw-insert"},
	[NET_FEATURE_NTUPLE] = {"rx-ntuple-filter"},
	[NET_FEATURE_RXHASH] = {"rx-hashing"},
	[NET_FEATURE_RX_VLAN_FILTER] = {"rx-vlan-filter"},
	[NET_FEATURE_RX_GRO_HW] = {"rx-gro-hw"},
	[NET_FEATURE_HW_TC_OFFLOAD] = {"hw-tc-offload"},
};

int features_open(struct genl **ret_ethtool)
{
	return genl_open(ret_ethtool, ETHTOOL_GENL_NAME, ETHTOOL_GENL_VERSION);
}

void features_close(struct genl *ethtool)
{
	genl_close(ethtool);
}

static struct nlmsghdr *device_question(struct genl *ethtool, uint8_t command, uint16_t header,
					const char *ifname)
{
	struct nlmsghdr *question = genl_question(ethtool, command, 0);
	struct nlattr *nest = mnl_attr_nest_start(question, header);

	mnl_attr_put_strz(question, ETHTOOL_A_HEADER_DEV_NAME, ifname);
	mnl_attr_nest_end(question, nest);
	return question;
}

/* ---- features --------------------------------------------------------------------------------------- */

static bool find_member(const char *name, size_t *ret_feature, uint32_t *ret_bit)
{
	for (size_t feature = 0; feature < NET_FEATURE_COUNT; feature++)
		for (size_t i = 0; i < MEMBERS_MAX && members[feature][i]; i++)
			if (!strcmp(members[feature][i], name)) {
				*ret_feature = feature;
				*ret_bit = 1u << i;
				return true;
			}
	return false;
}

/* Which of the three words of a state a bitset is, while one is read. */
struct bitset {
	struct net_features *features;
	uint16_t type;
	bool is_list; /* no mask: a bit that is named is set */
};

struct named_bit {
	char name[64];
	bool value;
};

static uint32_t *word_of(struct net_feature_state *state, uint16_t type)
{
	switch (type) {
	case ETHTOOL_A_FEATURES_HW:
		return &state->changeable;
	case ETHTOOL_A_FEATURES_WANTED:
		return &state->wanted;
	default:
		return &state->active;
	}
}

static int read_named_bit(const struct nlattr *attribute, void *user)
{
	struct named_bit *bit = user;

	if (mnl_attr_get_type(attribute) == ETHTOOL_A_BITSET_BIT_NAME)
		netlink_copy_string(attribute, bit->name, sizeof(bit->name));
	else if (mnl_attr_get_type(attribute) == ETHTOOL_A_BITSET_BIT_VALUE)
		bit->value = true;
	return MNL_CB_OK;
}

static int read_bit(const struct nlattr *attribute, void *user)
{
	struct bitset *bitset = user;
	struct named_bit named = {0};
	size_t feature;
	uint32_t bit;

	if (mnl_attr_get_type(attribute) != ETHTOOL_A_BITSET_BITS_BIT)
		return MNL_CB_OK;
	if (mnl_attr_parse_nested(attribute, read_named_bit, &named) < 0)
		return MNL_CB_ERROR;
	if ((bitset->is_list || named.value) && find_member(named.name, &feature, &bit))
		*word_of(&bitset->features->of[feature], bitset->type) |= bit;
	return MNL_CB_OK;
}

/* The mark of a list comes before its bits. */
static int read_bits(const struct nlattr *attribute, void *user)
{
	struct bitset *bitset = user;

	if (mnl_attr_get_type(attribute) == ETHTOOL_A_BITSET_NOMASK)
		bitset->is_list = true;
	if (mnl_attr_get_type(attribute) == ETHTOOL_A_BITSET_BITS)
		return mnl_attr_parse_nested(attribute, read_bit, user);
	return MNL_CB_OK;
}

static int read_feature_set(const struct nlattr *attribute, void *user)
{
	struct bitset bitset = {.features = user, .type = mnl_attr_get_type(attribute)};

	switch (bitset.type) {
	case ETHTOOL_A_FEATURES_HW:
	case ETHTOOL_A_FEATURES_WANTED:
	case ETHTOOL_A_FEATURES_ACTIVE:
		return mnl_attr_parse_nested(attribute, read_bits, &bitset);
	default:
		return MNL_CB_OK;
	}
}

static int take_features(const struct nlmsghdr *message, void *user)
{
	return genl_parse(message, read_feature_set, user);
}

int features_get(struct genl *ethtool, const char *ifname, struct net_features *ret_features)
{
	struct net_features features = {0};
	struct nlmsghdr *question =
		device_question(ethtool, ETHTOOL_MSG_FEATURES_GET, ETHTOOL_A_FEATURES_HEADER, ifname);
	int err = netlink_ask(&ethtool->netlink, question, take_features, &features);

	if (!err)
		*ret_features = features;
	return err;
}

static void put_bit(struct nlmsghdr *question, const char *name, bool value)
{
	struct nlattr *bit = mnl_attr_nest_start(question, ETHTOOL_A_BITSET_BITS_BIT);

	mnl_attr_put_strz(question, ETHTOOL_A_BITSET_BIT_NAME, name);
	if (value)
		mnl_attr_put(question, ETHTOOL_A_BITSET_BIT_VALUE, 0, NULL);
	mnl_attr_nest_end(question, bit);
}

int features_set(struct genl *ethtool, const char *ifname, enum net_feature feature, uint32_t mask,
		 uint32_t values)
{
	struct nlmsghdr *question =
		device_question(ethtool, ETHTOOL_MSG_FEATURES_SET, ETHTOOL_A_FEATURES_HEADER, ifname);
	struct nlattr *wanted = mnl_attr_nest_start(question, ETHTOOL_A_FEATURES_WANTED);
	struct nlattr *bits = mnl_attr_nest_start(question, ETHTOOL_A_BITSET_BITS);

	for (size_t i = 0; i < MEMBERS_MAX && members[feature][i]; i++)
		if (mask & 1u << i)
			put_bit(question, members[feature][i], values & 1u << i);
	mnl_attr_nest_end(question, bits);
	mnl_attr_nest_end(question, wanted);
	return netlink_ask(&ethtool->netlink, question, NULL, NULL);
}

/* ---- channels --------------------------------------------------------------------------------------- */

static int read_channel(const struct nlattr *attribute, void *user)
{
	struct net_channels *channels = user;
	uint16_t type = mnl_attr_get_type(attribute);

	if (type >= ETHTOOL_A_CHANNELS_RX_MAX && type <= ETHTOOL_A_CHANNELS_COMBINED_MAX)
		channels->max[type - ETHTOOL_A_CHANNELS_RX_MAX] = mnl_attr_get_u32(attribute);
	else if (type >= ETHTOOL_A_CHANNELS_RX_COUNT && type <= ETHTOOL_A_CHANNELS_COMBINED_COUNT)
		channels->count[type - ETHTOOL_A_CHANNELS_RX_COUNT] = mnl_attr_get_u32(attribute);
	return MNL_CB_OK;
}

static int take_channels(const struct nlmsghdr *message, void *user)
{
	return genl_parse(message, read_channel, user);
}

int channels_get(struct genl *ethtool, const char *ifname, struct net_channels *ret_channels)
{
	struct net_channels channels = {0};
	struct nlmsghdr *question =
		device_question(ethtool, ETHTOOL_MSG_CHANNELS_GET, ETHTOOL_A_CHANNELS_HEADER, ifname);
	int err = netlink_ask(&ethtool->netlink, question, take_channels, &channels);

	if (!err)
		*ret_channels = channels;
	return err;
}

int channels_set(struct genl *ethtool, const char *ifname, enum net_channel channel, uint32_t count)
{
	struct nlmsghdr *question =
		device_question(ethtool, ETHTOOL_MSG_CHANNELS_SET, ETHTOOL_A_CHANNELS_HEADER, ifname);

	mnl_attr_put_u32(question, (uint16_t)(ETHTOOL_A_CHANNELS_RX_COUNT + channel), count);
	return netlink_ask(&ethtool->netlink, question, NULL, NULL);
}
