// SPDX-License-Identifier: Apache-2.0
#include "net/ethtool.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xbr/abi.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* The strings are those of netdev_features_strings in the kernel's net/ethtool/common.c. */
static const struct {
	uint32_t feature;
	const char *name;
} feature_names[] = {
	{XBR_OFFLOAD_LRO, "rx-lro"},
	{XBR_OFFLOAD_GRO_HW, "rx-gro-hw"},
	{XBR_OFFLOAD_RXVLAN, "rx-vlan-hw-parse"},
	{XBR_OFFLOAD_RXVLAN_STAG, "rx-vlan-stag-hw-parse"},
	{XBR_OFFLOAD_GRO, "rx-gro"},
	{XBR_OFFLOAD_TXCSUM, "tx-checksum-ip-generic"},
	{XBR_OFFLOAD_TXVLAN, "tx-vlan-hw-insert"},
	{XBR_OFFLOAD_TXVLAN_STAG, "tx-vlan-stag-hw-insert"},
};

#define FEATURES      ARRAY_SIZE(feature_names)
#define WORDS_MAX     8 /* of 32 features each; kernel 6.18 has 3 */
#define POSITION_NONE UINT32_MAX

const char *ethtool_feature_name(uint32_t feature)
{
	for (size_t i = 0; i < FEATURES; i++)
		if (feature_names[i].feature == feature)
			return feature_names[i].name;
	return NULL;
}

/*
 * Any socket takes the ioctl; a netlink one exists wherever the agent may run. Returns what the ioctl does,
 * or -errno.
 */
static int device_ioctl(const char *ifname, void *command)
{
	struct ifreq request = {.ifr_data = command};
	int fd, result;

	if (strlen(ifname) >= sizeof(request.ifr_name))
		return -ENODEV;
	strcpy(request.ifr_name, ifname);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	result = ioctl(fd, SIOCETHTOOL, &request);
	if (result < 0)
		result = -errno;
	close(fd);
	return result;
}

/* ---- where the kernel keeps which feature ------------------------------------------------------------ */

/*
 * Places in the kernel's feature words, in the order of feature_names; POSITION_NONE: it does not know the
 * feature.
 */
struct layout {
	uint32_t words;
	uint32_t position[FEATURES];
};

static int feature_count(const char *ifname, uint32_t *ret_count)
{
	struct {
		struct ethtool_sset_info info;
		uint32_t count;
	} query = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ull << ETH_SS_FEATURES}};
	int err = device_ioctl(ifname, &query);

	if (err < 0)
		return err;
	if (!query.info.sset_mask || query.count > WORDS_MAX * 32)
		return -EOPNOTSUPP;
	*ret_count = query.count;
	return 0;
}

static uint32_t string_position(const struct ethtool_gstrings *strings, const char *name)
{
	const char *string = (const char *)strings->data;

	for (uint32_t i = 0; i < strings->len; i++, string += ETH_GSTRING_LEN)
		if (!strncmp(string, name, ETH_GSTRING_LEN))
			return i;
	return POSITION_NONE;
}

static int layout_get(const char *ifname, struct layout *ret_layout)
{
	struct ethtool_gstrings *strings;
	uint32_t count;
	int err = feature_count(ifname, &count);

	if (err)
		return err;
	strings = calloc(1, sizeof(*strings) + (size_t)count * ETH_GSTRING_LEN);
	if (!strings)
		return -ENOMEM;
	*strings = (struct ethtool_gstrings){
		.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES, .len = count};
	err = device_ioctl(ifname, strings);
	if (err >= 0) {
		ret_layout->words = (count + 31) / 32;
		for (size_t i = 0; i < FEATURES; i++)
			ret_layout->position[i] = string_position(strings, feature_names[i].name);
	}
	free(strings);
	return err < 0 ? err : 0;
}

/* ---- reading and turning ----------------------------------------------------------------------------- */

/* Bits of enum xbr_offload. requested: what somebody asked for, which the kernel may not be able to follow.
 */
struct state {
	struct ethtool_features features;
	uint32_t requested;
};

static void read_feature(const struct ethtool_get_features_block *word, uint32_t bit, uint32_t feature,
			 struct state *state)
{
	state->features.known |= feature;
	state->features.active |= (word->active & bit) ? feature : 0;
	state->features.fixed |= (word->available & ~word->never_changed & bit) ? 0 : feature;
	state->requested |= (word->requested & bit) ? feature : 0;
}

static int state_get(const char *ifname, const struct layout *layout, struct state *ret_state)
{
	struct {
		struct ethtool_gfeatures command;
		struct ethtool_get_features_block words[WORDS_MAX];
	} query = {.command = {.cmd = ETHTOOL_GFEATURES, .size = layout->words}};
	struct state state = {0};
	int err = device_ioctl(ifname, &query);

	if (err < 0)
		return err;
	for (size_t i = 0; i < FEATURES; i++) {
		const uint32_t position = layout->position[i];

		if (position != POSITION_NONE)
			read_feature(&query.words[position / 32], 1u << position % 32,
				     feature_names[i].feature, &state);
	}
	*ret_state = state;
	return 0;
}

/* Asks for values of the features of mask, all of which are known. The kernel may follow in part. */
static int state_request(const char *ifname, const struct layout *layout, uint32_t mask, uint32_t values)
{
	struct {
		struct ethtool_sfeatures command;
		struct ethtool_set_features_block words[WORDS_MAX];
	} query = {.command = {.cmd = ETHTOOL_SFEATURES, .size = layout->words}};
	int err;

	for (size_t i = 0; i < FEATURES; i++) {
		const uint32_t position = layout->position[i];
		const uint32_t bit = 1u << position % 32;

		if (position == POSITION_NONE || !(mask & feature_names[i].feature))
			continue;
		query.words[position / 32].valid |= bit;
		query.words[position / 32].requested |= (values & feature_names[i].feature) ? bit : 0;
	}
	err = device_ioctl(ifname, &query);
	return err < 0 ? err : 0;
}

int ethtool_features_get(const char *ifname, struct ethtool_features *ret_features)
{
	struct layout layout;
	struct state state;
	int err = layout_get(ifname, &layout);

	if (err)
		return err;
	err = state_get(ifname, &layout, &state);
	if (err)
		return err;
	*ret_features = state.features;
	return 0;
}

/* Turns `wanted` (known, not fixed, all of the other value now), or leaves everything as it was. */
static int turn_all(const char *ifname, const struct layout *layout, const struct state *before,
		    uint32_t wanted)
{
	struct state after;
	int err = state_request(ifname, layout, wanted, ~before->features.active);

	if (err)
		return err;
	err = state_get(ifname, layout, &after);
	if (err)
		return err;
	if (((before->features.active ^ after.features.active) & wanted) == wanted)
		return 0;
	err = state_request(ifname, layout, wanted, before->requested);
	return err ? err : -EOPNOTSUPP;
}

int ethtool_features_set(const char *ifname, uint32_t mask, uint32_t values, uint32_t *ret_changed)
{
	struct layout layout;
	struct state before;
	uint32_t wanted;
	int err = layout_get(ifname, &layout);

	if (!err)
		err = state_get(ifname, &layout, &before);
	if (err)
		return err;
	wanted = mask & before.features.known & (before.features.active ^ values);
	if (wanted & before.features.fixed)
		return -EOPNOTSUPP;
	if (wanted)
		err = turn_all(ifname, &layout, &before, wanted);
	if (!err)
		*ret_changed = wanted;
	return err;
}

/* ---- speed ---- */

struct settings_request {
	struct ethtool_link_settings head;
	uint32_t masks[3 * 127]; /* as many words as the kernel may say it has */
};

/* The first question is answered with the number of words that the second must have room for. */
int ethtool_speed(const char *ifname, uint32_t *ret_mbps, bool *ret_full_duplex)
{
	struct settings_request request = {.head.cmd = ETHTOOL_GLINKSETTINGS};
	int err = device_ioctl(ifname, &request);

	if (err < 0)
		return err;
	if (request.head.link_mode_masks_nwords >= 0)
		return -EPROTO;
	request.head.link_mode_masks_nwords = (int8_t)-request.head.link_mode_masks_nwords;
	request.head.cmd = ETHTOOL_GLINKSETTINGS;
	err = device_ioctl(ifname, &request);
	if (err < 0)
		return err;
	*ret_mbps = request.head.speed == (uint32_t)SPEED_UNKNOWN ? 0 : request.head.speed;
	*ret_full_duplex = request.head.duplex == DUPLEX_FULL;
	return 0;
}

/* ---- receive-side scaling ---- */

int ethtool_rss(const char *ifname, uint32_t *ret_rings, uint32_t *ret_table, uint32_t *ret_key)
{
	struct ethtool_rxnfc rings = {.cmd = ETHTOOL_GRXRINGS};
	struct ethtool_rxfh sizes = {.cmd = ETHTOOL_GRSSH};
	int err = device_ioctl(ifname, &sizes);

	if (err < 0)
		return err;
	if (device_ioctl(ifname, &rings) < 0)
		rings.data = 0;
	*ret_rings = (uint32_t)rings.data;
	*ret_table = sizes.indir_size;
	*ret_key = sizes.key_size;
	return 0;
}
