/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * ingress: may a frame come in by this port at all? What fails here is neither learned nor relayed
 * (802.1Q, 8.6.1 and 8.7; the kernel's br_handle_frame() draws the same lines).
 */
#ifndef XBR_INGRESS_H
#define XBR_INGRESS_H

#include "mst.h"

STAGE bool ingress_source_ok(struct frame *f)
{
	if (f->src & MAC_GROUP_BIT)
		return frame_drop(f, XBR_REASON_source_group);
	if (!f->src)
		return frame_drop(f, XBR_REASON_source_zero);
	return true;
}

/* Asked after `punt`: a discarding port receives control frames. Where a port has a state in each of several
 * trees, mst() asks when the VLAN is known. */
STAGE bool ingress_state(struct frame *f, const struct xbr_port *port, const struct xbr_bridge *bridge)
{
	switch (port->state) {
	case XBR_STATE_FORWARDING:
	case XBR_STATE_LEARNING:
		return true;
	case XBR_STATE_DISABLED:
		return frame_drop(f, XBR_REASON_port_down);
	default:
		return mst_is_on(bridge) || frame_drop(f, XBR_REASON_port_discarding);
	}
}

STAGE bool ingress(struct frame *f)
{
	if (!ingress_source_ok(f))
		return false;
	if (mac_is_reserved(f->dst) && mac_reserved_index(f->dst) == MAC_RESERVED_PAUSE)
		return frame_drop(f, XBR_REASON_pause);
	return true;
}

#endif
