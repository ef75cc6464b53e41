/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device features (`ethtool -k`) as bits of enum xbr_offload (xbr/abi.h), read and turned by the
 * ETHTOOL_GSTRINGS, GFEATURES and SFEATURES ioctls; and the driver's word on XDP, by generic netlink family
 * "netdev" where the kernel has it. All calls act on a device of the calling thread's network namespace.
 */
#ifndef XBR_NET_ETHTOOL_H
#define XBR_NET_ETHTOOL_H

#include <stdbool.h>
#include <stdint.h>

struct ethtool_features {
	uint32_t known;  /* the kernel has such a feature at all */
	uint32_t active; /* on now */
	uint32_t fixed;  /* cannot be turned */
};

/* The kernel's name of one feature bit, as in `ethtool -K DEV rx-gro on`; NULL for none. */
const char *ethtool_feature_name(uint32_t feature);

/* 0 or -errno (-ENODEV, -EOPNOTSUPP). */
int ethtool_features_get(const char *ifname, struct ethtool_features *ret_features);

/*
 * Turns the features of `mask` to the values in `values`. Features that the kernel does not know are skipped,
 * and so are those that have the value already: only what differs is asked for, so that a later turn back
 * leaves the device as it was. *ret_changed gets the bits that changed (their former values are ~values).
 * What else the kernel turns with them (segmentation offload with checksums) is not told: it comes back by
 * itself. -EOPNOTSUPP when one is fixed at the other value, or the kernel did not follow; nothing is changed
 * then.
 */
int ethtool_features_set(const char *ifname, uint32_t mask, uint32_t values, uint32_t *ret_changed);

/* NETDEV_XDP_ACT_* of linux/netdev.h, which Debian 12 does not have. */
#define NET_XDP_BASIC        1u
#define NET_XDP_REDIRECT     2u
#define NET_XDP_NDO_XMIT     4u
#define NET_XDP_XSK_ZEROCOPY 8u
#define NET_XDP_HW_OFFLOAD   16u
#define NET_XDP_RX_SG        32u
#define NET_XDP_NDO_XMIT_SG  64u

/* -ENODEV, or -EOPNOTSUPP where the kernel has no such family (before 6.3). */
int ethtool_xdp_features(int ifindex, uint64_t *ret_features);

/* The speed and duplex of a link, as ethtool(8) tells them. mbps 0: not known. 0 or -errno. */
int ethtool_speed(const char *ifname, uint32_t *ret_mbps, bool *ret_full_duplex);

/*
 * Receive-side scaling: rings that packets are spread over, entries of the table that spreads them, octets of
 * the hash's key. -EOPNOTSUPP: the device has none.
 */
int ethtool_rss(const char *ifname, uint32_t *ret_rings, uint32_t *ret_table, uint32_t *ret_key);

#endif
