/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device features (`ethtool -k`) as bits of enum xbr_feature (xbr/abi.h), read and turned by the ETHTOOL_GSTRINGS/GFEATURES/SFEATURES ioctls;
 * and the driver's word on XDP, by generic netlink family "netdev" where the kernel has it.
 * All calls act on a device of the calling thread's network namespace.
 */
#ifndef XBR_NET_ETHTOOL_H
#define XBR_NET_ETHTOOL_H

#include <stdbool.h>
#include <stdint.h>

struct ethtool_features {
	uint32_t known;   /* the device has such a feature at all */
	uint32_t active;  /* on now */
	uint32_t fixed;   /* cannot be turned */
};

/* The ethtool name of one feature bit, e.g. "rx-gro"; NULL for none. */
const char *ethtool_feature_name(uint32_t feature);

/* 0 or -errno (-ENODEV, -EOPNOTSUPP). */
int ethtool_features_get(const char *ifname, struct ethtool_features *ret_features);

/*
 * Turns the features of `mask` to the values in `values`. Features that the device does not know are skipped. *ret_changed gets the bits
 * that really changed. -EOPNOTSUPP when one of them is fixed at the other value (nothing is changed then).
 */
int ethtool_features_set(const char *ifname, uint32_t mask, uint32_t values, uint32_t *ret_changed);

/* NETDEV_XDP_ACT_* of linux/netdev.h (basic 1, redirect 2, ndo_xmit 4, xsk_zc 8, hw 16, rx_sg 32, ndo_xmit_sg 64). */
#define NET_XDP_BASIC 1u
#define NET_XDP_REDIRECT 2u
#define NET_XDP_NDO_XMIT 4u
#define NET_XDP_RX_SG 32u
#define NET_XDP_NDO_XMIT_SG 64u

/* -EOPNOTSUPP where the kernel has no such family (before 6.3). */
int ethtool_xdp_features(int ifindex, uint64_t *ret_features);

#endif
