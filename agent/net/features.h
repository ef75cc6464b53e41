/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device can do by itself, in the words of ethtool(8), by ethtool netlink: features (`ethtool -k`),
 * channels, which are queues and their interrupts (`ethtool -l`), and receive-side scaling (`ethtool -x`). A
 * feature of ours is a word of `ethtool -K` and stands for one or more of the kernel's. All calls act in the
 * namespace that the socket was opened in. agent/model/offload.h is who decides what is to be on.
 */
#ifndef XBR_NET_FEATURES_H
#define XBR_NET_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "xbr/offload.h"

struct genl;

enum net_feature {
#define XBR_FEATURE_ID(x, id, words, key, name, help) NET_FEATURE_##id,
	XBR_NET_FEATURES(XBR_FEATURE_ID, )
#undef XBR_FEATURE_ID
		NET_FEATURE_COUNT
};

/* The keys and names of xbr/offload.h, ended by NULL. */
extern const char *const net_feature_words[NET_FEATURE_COUNT + 1]; /* ended by NULL */
extern const char *const net_feature_names[NET_FEATURE_COUNT + 1];

/*
 * A feature: bit n of each is the n-th of the kernel's features that belong to it. It is on where any of them
 * is, as ethtool has it.
 */
struct net_feature_state {
	uint32_t active;     /* on now */
	uint32_t wanted;     /* asked for: comes on as soon as what it depends on is */
	uint32_t changeable; /* by anybody */
};
struct net_features {
	struct net_feature_state of[NET_FEATURE_COUNT];
};

/* The socket that all of these speak by. -EOPNOTSUPP: the kernel has no ethtool netlink. */
int features_open(struct genl **ret_ethtool);
void features_close(struct genl *ethtool);

/* 0 or -errno. */
int features_get(struct genl *ethtool, const char *ifname, struct net_features *ret_features);

/* Asks for the features of `mask` to be as in `values`; the kernel may follow in part: read again. */
int features_set(struct genl *ethtool, const char *ifname, enum net_feature feature, uint32_t mask,
		 uint32_t values);

enum net_channel { NET_CHANNEL_RX, NET_CHANNEL_TX, NET_CHANNEL_OTHER, NET_CHANNEL_COMBINED, NET_CHANNELS };
struct net_channels {
	uint32_t max[NET_CHANNELS];
	uint32_t count[NET_CHANNELS];
};

/* -EOPNOTSUPP: the driver does not tell, or does not take other numbers. */
int channels_get(struct genl *ethtool, const char *ifname, struct net_channels *ret_channels);
int channels_set(struct genl *ethtool, const char *ifname, enum net_channel channel, uint32_t count);

#endif
