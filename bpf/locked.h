/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * locked: who may send by a port is decided by the FDB. A locked port lets in only what comes from an address
 * that is authorised: in the FDB, behind this very port, and not as a locked entry (the kernel's
 * br_handle_frame_finish() with BR_PORT_LOCKED). With mab a source that is not there becomes a locked entry,
 * for somebody to authorise. Frames that stay on their link (802.1X, for one) pass, and are not learned from.
 * And a port that may hold so many addresses drops what comes from one more, or is shut, if it is set so.
 */
#ifndef XBR_LOCKED_H
#define XBR_LOCKED_H

#include "fdb.h"
#include "lookup.h"

/* ---- locked ports ---- */

STAGE bool locked_is_authorised(const struct frame *f, const struct xbr_port *port,
				const struct xbr_bridge *bridge, __u32 have, __u32 epoch)
{
	if (fdb_data_port(have) != f->in)
		return false;
	switch (fdb_data_kind(have)) {
	case XBR_FDB_DYNAMIC:
		return fdb_holds(f, have, port, bridge, epoch);
	case XBR_FDB_STATIC:
	case XBR_FDB_STICKY:
		return true;
	default:
		return false;
	}
}

STAGE bool locked_stays_on_link(const struct frame *f, const struct xbr_port *port,
				const struct xbr_bridge *bridge)
{
	return mac_is_reserved(f->dst) && !lookup_reserved_ok(f, port, bridge);
}

/* Is there nothing of the source, or a locked entry of this port, to be made or refreshed? */
STAGE bool locked_may_note(const struct frame *f, const struct xbr_bridge *bridge, __u32 have, __u32 epoch)
{
	const struct xbr_port *holder = port_get(fdb_data_port(have));

	if (fdb_data_kind(have) == XBR_FDB_LOCKED && fdb_data_port(have) == f->in)
		return true;
	if (fdb_data_kind(have) != XBR_FDB_DYNAMIC && fdb_data_kind(have) != XBR_FDB_LOCKED)
		return fdb_data_kind(have) == XBR_FDB_NONE;
	return !holder || !fdb_holds(f, have, holder, bridge, epoch);
}

/* As what the source is learned: enum xbr_fdb_kind; none: not at all. have: its entry; one that ties it down
 * in all VLANs counts, too. */
STAGE __u32 locked_learns(const struct frame *f, const struct xbr_port *port, const struct xbr_bridge *bridge,
			  __u32 have, __u32 epoch)
{
	if (!feature_on(XBR_FEATURE_guard) || !(port->guard & XBR_GUARD_LOCKED))
		return XBR_FDB_DYNAMIC;
	if (locked_stays_on_link(f, port, bridge))
		return XBR_FDB_NONE;
	if (vlan_is_aware(f) && !have)
		have = (__u32)fdb_pinned(f->src, bridge->fid, vlan_of(f));
	if (locked_is_authorised(f, port, bridge, have, epoch))
		return XBR_FDB_DYNAMIC;
	if (port->guard & XBR_GUARD_MAB && locked_may_note(f, bridge, have, epoch))
		return XBR_FDB_LOCKED;
	return XBR_FDB_NONE;
}

/* After learning. False: the frame has ended. */
STAGE bool locked_lets(struct frame *f, const struct xbr_port *port, const struct xbr_bridge *bridge,
		       __u32 learned_as)
{
	if (learned_as == XBR_FDB_DYNAMIC)
		return true;
	return locked_stays_on_link(f, port, bridge) || frame_drop(f, XBR_REASON_locked);
}

/* ---- a port that is full ---- */

/* have: the source's entry, after learning. Entries that are tied down elsewhere are another matter. */
STAGE bool limit_is_known(const struct frame *f, const struct xbr_port *port, __u32 have)
{
	__u32 kind = fdb_data_kind(have);

	if (kind == XBR_FDB_NONE)
		return false;
	if (kind != XBR_FDB_DYNAMIC)
		return true;
	return fdb_data_port(have) == f->in && fdb_data_generation(have) == mst_generation(f, port);
}

GLOBAL int limit_reached(__u32 port, __u32 limit, __u32 shuts)
{
	const struct xbr_port_live *held = port_live_get(port);
	struct xbr_guard_live *live = guard_live_get(port);

	if (!held || !live || held->learned < limit)
		return 0;
	if (shuts)
		live->tripped = XBR_SHUT_MAC_LIMIT;
	return 1;
}

#define LIMIT_ACTS (XBR_GUARD_LIMIT_DROP | XBR_GUARD_LIMIT_SHUTDOWN)

/* False: the frame has ended. source: the bucket and words to find the entry by. */
STAGE bool limit(struct frame *f, const struct xbr_port *port, struct xbr_fdb_bucket *first, __u64 key,
		 __u64 hash)
{
	const __u32 *data;

	if (!feature_on(XBR_FEATURE_guard) || !(port->guard & LIMIT_ACTS))
		return true;
	data = fdb_find(first, key, hash);
	if (limit_is_known(f, port, data ? *data : 0) ||
	    !limit_reached(f->in, port->fdb_max_learned, port->guard & XBR_GUARD_LIMIT_SHUTDOWN))
		return true;
	return frame_drop(f, XBR_REASON_mac_limit);
}

/* Asked by guard(). A port that was shut an instant ago, before the agent could say so. False: the frame has
 * ended. */
STAGE bool limit_was_reached(struct frame *f, const struct xbr_port *port)
{
	const struct xbr_guard_live *live;

	if (!(port->guard & XBR_GUARD_LIMIT_SHUTDOWN))
		return true;
	live = guard_live_get(f->in);
	return !live || !live->tripped || frame_drop(f, XBR_REASON_err_disabled);
}

#endif
