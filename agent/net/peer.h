/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The far end of a veth pair. XDP frames can be sent into a veth only while its peer has NAPI (generic
 * receive offload on), and frames that come out of a veth by XDP keep neither a VLAN tag in metadata nor a
 * partial checksum, so the peer must not send such. The peer may be in another namespace: that takes
 * CAP_SYS_ADMIN and finding the namespace (net/netns.h); the work is done in a child process, so that the
 * agent never changes namespace.
 */
#ifndef XBR_NET_PEER_H
#define XBR_NET_PEER_H

#include <stdint.h>

#include "error.h"
#include "net/rtnl.h"

/*
 * Turns the features of `mask` (enum xbr_offload) on the peer of `link` to `values`. *ret_changed: the bits
 * that changed; *ret_before: their former values. To turn them back, call again with mask = changed and
 * values = before. Returns 0 or a negative errno with a sentence: -EPERM (may not look into, or enter, the
 * namespace), -ENOENT (namespace not found), -ENODEV (the peer is gone), -EOPNOTSUPP (no veth, or a fixed
 * feature), -ETIMEDOUT (the child did not answer).
 */
int peer_features_set(struct rtnl *rtnl, const struct rtnl_link *link, uint32_t mask, uint32_t values,
		      uint32_t *ret_changed, uint32_t *ret_before, struct xbr_error *error);

#endif
