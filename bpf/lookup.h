/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * lookup: the destination -> one port, a flood, or nowhere (802.1Q, 8.6.3 and 8.6.8). Only a source refreshes
 * an entry; being looked up does not.
 */
#ifndef XBR_LOOKUP_H
#define XBR_LOOKUP_H

#include "fdb.h"

/* 802.1Q table 8-1: relayed only where the operator said so (group_fwd_mask, as the kernel has it). */
STAGE bool lookup_reserved_ok(const struct frame *f, const struct xbr_port *port,
			      const struct xbr_bridge *bridge)
{
	__u32 mask = bridge->group_fwd_mask | port->group_fwd_mask;

	return mask >> mac_reserved_index(f->dst) & 1;
}

STAGE bool lookup_group(struct frame *f, const struct xbr_port *port, const struct xbr_bridge *bridge)
{
	if (f->dst == MAC_BROADCAST)
		return frame_end(f, XBR_VERDICT_FLOOD, XBR_REASON_broadcast);
	if (mac_is_reserved(f->dst) && !(port->flags & XBR_PORT_LOCAL) &&
	    !lookup_reserved_ok(f, port, bridge))
		return frame_drop(f, XBR_REASON_reserved_group);
	return frame_end(f, XBR_VERDICT_FLOOD, XBR_REASON_multicast);
}

/* To the port of an entry; `edge` has still to agree. */
STAGE bool lookup_to(struct frame *f, __u32 out, enum xbr_reason reason)
{
	f->out = out;
	f->verdict = XBR_VERDICT_FORWARD;
	f->reason = reason;
	return true;
}

STAGE bool lookup_unknown(struct frame *f)
{
	return frame_end(f, XBR_VERDICT_FLOOD, XBR_REASON_unknown_unicast);
}

STAGE bool lookup_dynamic(struct frame *f, const struct xbr_bridge *bridge, __u32 data, __u32 epoch)
{
	const struct xbr_port *holder = port_get(fdb_data_port(data));

	if (!holder || !fdb_holds(f, data, holder, bridge, epoch))
		return lookup_unknown(f);
	return lookup_to(f, fdb_data_port(data), XBR_REASON_unicast);
}

/* data: the destination's entry, 0 for none. True: f->out is the port to ask `edge` about. */
STAGE bool lookup_unicast(struct frame *f, const struct xbr_bridge *bridge, __u32 data, __u32 epoch)
{
	switch (fdb_data_kind(data)) {
	case XBR_FDB_DYNAMIC:
	case XBR_FDB_LOCKED:
		return lookup_dynamic(f, bridge, data, epoch);
	case XBR_FDB_STATIC:
	case XBR_FDB_STICKY:
		return lookup_to(f, fdb_data_port(data), XBR_REASON_unicast);
	case XBR_FDB_LOCAL:
		return lookup_to(f, bridge->local_port, XBR_REASON_local);
	case XBR_FDB_BLACKHOLE:
		return frame_drop(f, XBR_REASON_blackhole);
	default:
		return lookup_unknown(f);
	}
}

#endif
