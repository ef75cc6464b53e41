/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * edge: may this frame leave by that port? One predicate decides for the single port of a known destination
 * and for every copy of a flood, as should_deliver() does in the kernel's bridge.
 */
#ifndef XBR_EDGE_H
#define XBR_EDGE_H

#include "acl.h"
#include "modes.h"
#include "mst.h"
#include "vlan.h"

#define VLAN_ALLOWANCE  4  /* the kernel lets a frame be one tag longer than the MTU: is_skb_forwardable() */
#define GSO_HEADERS_MIN 28 /* IPv4 and UDP: the least that each segment of a super-frame gets in front */

/* len: octets of the frame as it would leave. */
STAGE bool edge_fits(const struct frame *f, const struct xbr_port *out, __u32 len)
{
	if (!out->mtu)
		return true;
	if (f->gso_size)
		return f->gso_size + GSO_HEADERS_MIN <= out->mtu;
	return len <= out->mtu + ETH_HEADER_LEN + VLAN_ALLOWANCE;
}

/* A private VLAN (RFC 5517): community ports reach each other. */
STAGE bool edge_same_community(const struct xbr_port *in, const struct xbr_port *out)
{
	return in->community && in->community == out->community;
}

/* XBR_REASON_none: it may. */
STAGE enum xbr_reason edge_refusal(const struct frame *f, const struct xbr_port *in,
				   const struct xbr_port *out, __u32 out_number)
{
	if (mst_state(f, out, out_number) != XBR_STATE_FORWARDING)
		return XBR_REASON_egress_down;
	if (out_number == f->in && !(out->flags & XBR_PORT_HAIRPIN) && !vlan_reflects(f, out_number))
		return XBR_REASON_same_port;
	if (feature_on(XBR_FEATURE_edge) && in->flags & out->flags & XBR_PORT_ISOLATED &&
	    !edge_same_community(in, out))
		return XBR_REASON_isolated;
	if (!vlan_may_leave(f, out_number))
		return XBR_REASON_egress_vlan;
	if (modes_in_play(in))
		return modes_refusal(f, in, out, out_number);
	return XBR_REASON_none;
}

/* The egress port's flag that lets this kind of flood out by it. */
STAGE __u32 edge_flood_flag(const struct frame *f)
{
	switch (f->reason) {
	case XBR_REASON_multicast:
		return XBR_PORT_MCAST_FLOOD;
	case XBR_REASON_broadcast:
		return XBR_PORT_BCAST_FLOOD;
	default:
		return XBR_PORT_FLOOD;
	}
}

/* The host's own group frames go out whatever the flags say; unknown unicast never reaches the host: as the
 * kernel's br_flood(). */
STAGE bool edge_floods(const struct frame *f, const struct xbr_port *in, const struct xbr_port *out)
{
	if (out->flags & XBR_PORT_LOCAL)
		return f->reason != XBR_REASON_unknown_unicast;
	if (in->flags & XBR_PORT_LOCAL && f->reason != XBR_REASON_unknown_unicast)
		return true;
	return out->flags & edge_flood_flag(f);
}

STAGE bool edge_delivers(const struct frame *f, const struct xbr_port *in, const struct xbr_port *out,
			 __u32 out_number)
{
	bool floods = modes_in_play(in) && modes_choose_copies(f, in, out) ? modes_copy(f, out, out_number)
									   : edge_floods(f, in, out);

	return floods && edge_refusal(f, in, out, out_number) == XBR_REASON_none;
}

/* Whatever the FDB says at this instant, no frame leaves by a port of another bridge. */
STAGE enum xbr_reason edge_refusal_known(const struct frame *f, const struct xbr_port *in,
					 const struct xbr_port *out)
{
	if (!out || out->bridge != in->bridge)
		return XBR_REASON_egress_down;
	return edge_refusal(f, in, out, f->out);
}

/* The last word on a FORWARD. */
STAGE void edge(struct frame *f, const struct xbr_port *in)
{
	const struct xbr_port *out = port_get(f->out);
	enum xbr_reason refusal = edge_refusal_known(f, in, out);
	struct tag_edit edit;

	if (refusal != XBR_REASON_none) {
		frame_drop(f, refusal);
		return;
	}
	vlan_edit(f, out, f->out, &edit);
	if (!acl_out(f, in, out, f->out))
		frame_drop(f, XBR_REASON_acl_deny_out);
	else if (!edge_fits(f, out, tag_edit_len(&edit, f->len)))
		frame_drop(f, XBR_REASON_egress_mtu);
	else if (f->out == f->in)
		f->reason = XBR_REASON_reflected;
}

#endif
