/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * modes: what the edge modes of ports make of a decision, and which ports they keep apart. They are those of
 * the kernel's macvlan (drivers/net/macvlan.c), where each guest has a port on a bridge and the lower device
 * is the bridge's uplink; docs/decisions/030 tells where they differ.
 *
 * A switch that reflects (802.1Qbg, reflective relay) sends back by the uplink what an edge port sent. Such a
 * frame is told by its source: the FDB knows it at another port, its origin. It is not learned, and goes to
 * those only who have not seen it on its way out.
 *
 * `edge` calls this for each port a frame may leave by, `relay` before learning and after lookup; all of it
 * only while modes are in play on the ingress port's bridge: else it costs a comparison.
 */
#ifndef XBR_MODES_H
#define XBR_MODES_H

#include "counters.h"
#include "fdb.h"

STAGE bool modes_in_play(const struct xbr_port *in)
{
	return feature_on(XBR_FEATURE_edge) && in->edge & XBR_EDGE_IN_PLAY;
}

/* ---- before learning: where does it come from? ---- */

STAGE __u32 modes_origin(const struct frame *f, const struct xbr_bridge *bridge, __u32 data, __u32 epoch)
{
	const struct xbr_port *holder;

	switch (fdb_data_kind(data)) {
	case XBR_FDB_DYNAMIC:
		holder = port_get(fdb_data_port(data));
		return holder && fdb_holds(f, data, holder, bridge, epoch) ? fdb_data_port(data)
									   : XBR_PORT_NONE;
	case XBR_FDB_STATIC:
	case XBR_FDB_STICKY:
		return fdb_data_port(data);
	case XBR_FDB_LOCAL:
		return bridge->local_port;
	default:
		return XBR_PORT_NONE;
	}
}

/* data: what the FDB has of the source. True: the frame is one of ours that comes back, and is not learned.
 */
STAGE bool modes_reflected(struct frame *f, const struct xbr_port *in, const struct xbr_bridge *bridge,
			   __u32 data, __u32 epoch)
{
	__u32 origin;

	if (!(in->edge & XBR_EDGE_UPLINK))
		return false;
	origin = modes_origin(f, bridge, data, epoch);
	f->origin = origin == f->in ? XBR_PORT_NONE : origin;
	return f->origin != XBR_PORT_NONE;
}

/* ---- after lookup: another way than to the destination's port? ---- */

STAGE bool modes_listed(const struct frame *f, __u32 number)
{
	return edge_source_get(fdb_key(f->src, number));
}

/* False, as frame_end() is. */
STAGE bool modes_to_sources(struct frame *f, __u32 also_to)
{
	f->out = also_to;
	return frame_end(f, XBR_VERDICT_FLOOD, XBR_REASON_source);
}

/* enum xbr_source, of all lists of the bridge. */
STAGE __u32 modes_bridge_lists(const struct frame *f, const struct xbr_port *in)
{
	if (!(in->edge & XBR_EDGE_SOURCES))
		return 0;
	return edge_source_get(fdb_key(f->src, XBR_SOURCE_BRIDGE | in->bridge));
}

/* With nodst those who list the source get the frame, and nobody else; a frame to one port becomes one to
 * several. */
STAGE bool modes_steer_in(struct frame *f, const struct xbr_port *in)
{
	__u32 lists;

	if (in->uplink) {
		f->out = in->uplink;
		f->verdict = XBR_VERDICT_FORWARD;
		f->reason = XBR_REASON_unicast;
		return true;
	}
	lists = modes_bridge_lists(f, in);
	if (lists & XBR_SOURCE_NODST)
		return modes_to_sources(f, XBR_PORT_NONE);
	if (lists && f->verdict == XBR_VERDICT_FORWARD)
		return modes_to_sources(f, f->out);
	return f->verdict == XBR_VERDICT_FORWARD;
}

/* May a frame from an edge port go where lookup says? */
STAGE bool modes_stays(const struct frame *f, const struct xbr_port *in)
{
	const struct xbr_port *out = port_get(f->out);

	if (out && out->flags & XBR_PORT_LOCAL && !(in->edge & XBR_EDGE_NO_HOST))
		return true;
	return in->mode == XBR_MODE_BRIDGE && out && out->mode == XBR_MODE_BRIDGE;
}

STAGE bool modes_is_sibling(const struct xbr_port *in, __u32 number)
{
	const struct xbr_port *out = port_get(number);

	return out && !(out->flags & XBR_PORT_LOCAL) && number != in->uplink;
}

STAGE bool modes_steer_out(struct frame *f, const struct xbr_port *in)
{
	if (f->verdict == XBR_VERDICT_FLOOD && in->mode == XBR_MODE_BRIDGE)
		return false;
	if (f->verdict == XBR_VERDICT_FORWARD && modes_stays(f, in))
		return true;
	if (f->verdict == XBR_VERDICT_FORWARD && modes_is_sibling(in, f->out))
		count_note(in->uplink, XBR_REASON_to_reflect);
	f->out = in->uplink;
	f->verdict = XBR_VERDICT_FORWARD;
	f->reason = XBR_REASON_uplink;
	return true;
}

/* A unicast frame. True: f->out is the port to ask `edge` about. */
STAGE bool modes_steer(struct frame *f, const struct xbr_port *in)
{
	if (f->verdict == XBR_VERDICT_DROP)
		return false;
	if (in->flags & XBR_PORT_LOCAL)
		return f->verdict == XBR_VERDICT_FORWARD;
	return in->edge & XBR_EDGE_UPLINK ? modes_steer_in(f, in) : modes_steer_out(f, in);
}

STAGE void modes_steer_group(struct frame *f, const struct xbr_port *in)
{
	if (f->verdict == XBR_VERDICT_FLOOD && modes_bridge_lists(f, in) & XBR_SOURCE_NODST)
		modes_to_sources(f, XBR_PORT_NONE);
}

/* ---- at each port it may leave by ---- */

/* A frame that comes back: has this port seen it, or is it not to see it? */
STAGE enum xbr_reason modes_refusal_reflected(const struct frame *f, const struct xbr_port *out)
{
	const struct xbr_port *origin = port_get(f->origin);

	if (!origin || origin->flags & XBR_PORT_LOCAL)
		return XBR_REASON_edge_echo;
	if (origin->mode == XBR_MODE_PRIVATE || out->mode == XBR_MODE_PRIVATE)
		return XBR_REASON_edge_mode;
	if (f->verdict != XBR_VERDICT_FLOOD)
		return XBR_REASON_none;
	if (origin->mode == XBR_MODE_BRIDGE && out->mode == XBR_MODE_BRIDGE)
		return XBR_REASON_edge_echo;
	return origin->mode > XBR_MODE_PRIVATE ? XBR_REASON_edge_mode : XBR_REASON_none;
}

STAGE enum xbr_reason modes_refusal_host(const struct frame *f)
{
	const struct xbr_port *origin = port_get(f->origin);

	if (!f->origin)
		return XBR_REASON_none;
	if (origin && origin->edge & XBR_EDGE_NO_HOST)
		return XBR_REASON_host_access;
	return f->verdict == XBR_VERDICT_FLOOD ? XBR_REASON_edge_echo : XBR_REASON_none;
}

STAGE enum xbr_reason modes_refusal_in(const struct frame *f, const struct xbr_port *in,
				       const struct xbr_port *out, __u32 number)
{
	if (out->edge & XBR_EDGE_UPLINK)
		return XBR_REASON_none;
	if (out->flags & XBR_PORT_LOCAL)
		return modes_refusal_host(f);
	if (in->uplink && number != in->uplink)
		return XBR_REASON_uplink_owned;
	if (f->origin == number && (!in->uplink || f->verdict == XBR_VERDICT_FLOOD))
		return XBR_REASON_edge_echo;
	if (out->mode == XBR_MODE_SOURCE)
		return modes_listed(f, number) ? XBR_REASON_none : XBR_REASON_source_unlisted;
	return f->origin && !in->uplink ? modes_refusal_reflected(f, out) : XBR_REASON_none;
}

STAGE enum xbr_reason modes_refusal_out(const struct frame *f, const struct xbr_port *in,
					const struct xbr_port *out)
{
	if (out->edge & XBR_EDGE_UPLINK)
		return !out->uplink || out->uplink == f->in ? XBR_REASON_none : XBR_REASON_uplink_owned;
	return in->mode == XBR_MODE_BRIDGE && out->mode == XBR_MODE_BRIDGE ? XBR_REASON_none
									   : XBR_REASON_edge_mode;
}

/* XBR_REASON_none: the frame may leave by this port. */
STAGE enum xbr_reason modes_refusal(const struct frame *f, const struct xbr_port *in,
				    const struct xbr_port *out, __u32 number)
{
	if (in->flags & XBR_PORT_LOCAL)
		return out->edge & XBR_EDGE_NO_HOST ? XBR_REASON_host_access : XBR_REASON_none;
	if (out->flags & XBR_PORT_LOCAL && in->edge & XBR_EDGE_NO_HOST)
		return XBR_REASON_host_access;
	if (in->edge & XBR_EDGE_UPLINK)
		return modes_refusal_in(f, in, out, number);
	return out->flags & XBR_PORT_LOCAL ? XBR_REASON_none : modes_refusal_out(f, in, out);
}

/* Is it for a source list to say who gets copies, not for flood flags? */
STAGE bool modes_choose_copies(const struct frame *f, const struct xbr_port *in, const struct xbr_port *out)
{
	return f->reason == XBR_REASON_source || (in->edge & XBR_EDGE_UPLINK && out->mode == XBR_MODE_SOURCE);
}

/* The list itself is asked by modes_refusal(). */
STAGE bool modes_copy(const struct frame *f, const struct xbr_port *out, __u32 number)
{
	return out->mode == XBR_MODE_SOURCE || number == f->out;
}

#endif
