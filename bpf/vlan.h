/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * vlan: classify to a FID, the number under which addresses are learned and looked up (802.1Q, 8.8.8).
 * Bridges are VLAN-unaware: a bridge has one FID, and tags, in metadata or in the bytes, are payload that no
 * stage changes.
 */
#ifndef XBR_VLAN_H
#define XBR_VLAN_H

#include "frame.h"

STAGE void vlan(struct frame *f, const struct xbr_bridge *bridge)
{
	f->fid = bridge->fid;
}

#endif
