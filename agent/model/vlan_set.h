/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vlan_set: the VLANs of one port as a value: which it is a member of, in which of them frames leave
 * untagged, or back by the port itself (hairpin), the PVID, and mappings between VIDs on the wire and VLANs.
 * Pure data, no devices, no maps. A set takes 1.5 KiB and most ports have the same, so sets are shared:
 * want, model and snapshots hold references, and whoever changes one makes it his own first (vlan_set_own()).
 */
#ifndef XBR_MODEL_VLAN_SET_H
#define XBR_MODEL_VLAN_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "xbr/abi.h"

#define VLAN_WORDS (XBR_VID_LIMIT / 64)

/* On the wire of the port `from` is the VLAN `to`; on a tunnel port, the customer's VID `from` goes into it.
 */
struct vlan_mapping {
	uint16_t from;
	uint16_t to;
	uint8_t priority; /* of frames that come in: 0 to 7, or XBR_PRIORITY_KEEP */
};

struct vlan_set {
	unsigned int references;
	uint16_t pvid; /* 0: none */
	struct xbr_port_vlans vlans;
	uint16_t mapping_count;
	struct vlan_mapping *mappings; /* by from */
};

/* A set of this one VLAN, PVID and untagged; 0: an empty one. NULL: out of memory. */
struct vlan_set *vlan_set_new(uint16_t pvid);
/* What a pinned map says; no mappings. NULL: out of memory. */
struct vlan_set *vlan_set_of(const struct xbr_port_vlans *vlans, uint16_t pvid);
/* NULL is nobody's. */
struct vlan_set *vlan_set_share(struct vlan_set *set);
void vlan_set_drop(struct vlan_set *set);
/* Makes *set nobody else's. -ENOMEM: it is as it was. */
int vlan_set_own(struct vlan_set **set);

bool vlan_set_equal(const struct vlan_set *a, const struct vlan_set *b);
bool vlan_set_has(const struct vlan_set *set, uint16_t vid);
bool vlan_set_is_untagged(const struct vlan_set *set, uint16_t vid);
bool vlan_set_is_hairpin(const struct vlan_set *set, uint16_t vid);

/* Of a set of one's own. vids: a bit each. As the kernel: adding a VLAN again says anew whether it is the
 * PVID. */
void vlan_set_add(struct vlan_set *set, const uint64_t vids[VLAN_WORDS], bool pvid, bool untagged);
void vlan_set_hairpin(struct vlan_set *set, const uint64_t vids[VLAN_WORDS], bool on);
void vlan_set_del(struct vlan_set *set, const uint64_t vids[VLAN_WORDS]);
/* Every VID of vids is mapped to one VLAN. -ENOMEM. */
int vlan_set_map(struct vlan_set *set, const uint64_t vids[VLAN_WORDS], uint16_t to, uint8_t priority);
void vlan_set_unmap(struct vlan_set *set, const uint64_t vids[VLAN_WORDS]);
const struct vlan_mapping *vlan_set_mapping(const struct vlan_set *set, uint16_t from);

/* VLANs in a row that are alike; the PVID stands alone. */
struct vlan_run {
	uint16_t first, last;
	bool pvid, untagged, hairpin;
};
/* The run after *run (first at the beginning: zeroes). False: there is none. */
bool vlan_set_next_run(const struct vlan_set *set, struct vlan_run *run);

#endif
