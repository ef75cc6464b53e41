/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * learn: write the source address to the FDB when it is new, came by another port, or was not noted in this
 * epoch (802.1Q, 8.7). A known address that was seen a moment ago costs one comparison and no write. Nothing
 * is ever pushed out to make room.
 */
#ifndef XBR_LEARN_H
#define XBR_LEARN_H

#include "counters.h"
#include "fdb.h"
#include "watch.h"

/* The places that a newly held address is counted at. */
struct learn_room {
	struct xbr_port_live *port;
	struct xbr_bridge_live *bridge;
};

/* A function of its own for its stack: kernels before 6.8 count 32 octets at a time, and 512 is all there is.
 */
GLOBAL int learn_event_send(__u64 key, __u32 old_data, __u32 new_data)
{
	struct xbr_fdb_event event = {.key = key, .old_data = old_data, .new_data = new_data};

	if (events_wanted())
		event_send(&event);
	return 0;
}

/* The call costs more than all else here: where there is stack to spare it is asked first whether anybody
 * listens. */
STAGE void learn_event(__u64 key, __u32 old_data, __u32 new_data)
{
#ifdef XBR_PLAIN
	if (!events_wanted())
		return;
#endif
	learn_event_send(key, old_data, new_data);
}

/* Adds one if that keeps *count within limit (0: no limit). */
STAGE bool learn_count_up(__u32 *count, __u32 limit)
{
	__u32 before = __sync_fetch_and_add(count, 1);

	if (!limit || before < limit)
		return true;
	__sync_fetch_and_sub(count, 1);
	return false;
}

STAGE void learn_count_down(__u32 *count)
{
	__sync_fetch_and_sub(count, 1);
}

STAGE bool learn_refuse(const struct frame *f, enum xbr_reason why)
{
	count_note(f->in, why);
	return false;
}

/* Room on the port for one address more: its own limit, and the share of the table that one port may fill. */
STAGE bool learn_port_room(const struct frame *f, const struct xbr_port *port, struct xbr_port_live *live)
{
	if (!learn_count_up(&live->learned, port->fdb_max_learned))
		return learn_refuse(f, XBR_REASON_learn_limit_port);
	if (live->learned <= settings.fdb_port_cap)
		return true;
	learn_count_down(&live->learned);
	return learn_refuse(f, XBR_REASON_learn_full);
}

STAGE bool learn_take_room(const struct frame *f, const struct xbr_port *port,
			   const struct xbr_bridge *bridge, struct learn_room *room)
{
	room->port = port_live_get(f->in);
	room->bridge = bridge_live_get(port->bridge);
	if (!room->port || !room->bridge || !learn_port_room(f, port, room->port))
		return false;
	if (learn_count_up(&room->bridge->learned, bridge->fdb_max_learned))
		return true;
	learn_count_down(&room->port->learned);
	return learn_refuse(f, XBR_REASON_learn_limit_bridge);
}

STAGE void learn_give_back(const struct learn_room *room)
{
	learn_count_down(&room->port->learned);
	learn_count_down(&room->bridge->learned);
}

/* The slot of an address that is not held (new, or void by a flush): data is `have` until now. */
STAGE void learn_fill(const struct frame *f, __u64 key, __u32 *data, __u32 have, __u32 want,
		      const struct learn_room *room)
{
	if (!fdb_swap(data, have, want)) {
		learn_give_back(room);
		return;
	}
	count_note(f->in, XBR_REASON_learned);
	learn_event(key, 0, want);
}

STAGE void learn_move(const struct frame *f, const struct xbr_port *port, __u64 key, __u32 *data, __u32 have,
		      __u32 want)
{
	struct xbr_port_live *to = port_live_get(f->in);
	struct xbr_port_live *from = port_live_get(fdb_data_port(have));

	if (!to || !from)
		return;
	if (!watch_admits_move(f, port)) {
		learn_refuse(f, XBR_REASON_move_damped);
		return;
	}
	if (!learn_port_room(f, port, to))
		return;
	if (!fdb_swap(data, have, want)) {
		learn_count_down(&to->learned);
		return;
	}
	learn_count_down(&from->learned);
	count_note(f->in, XBR_REASON_moved);
	watch_move(f->in, fdb_data_port(have), key);
	learn_event(key, have, want);
}

/* A dynamic entry counts as long as it is of its port's generation, expired or not: the agent takes it out
 * later. */
STAGE bool learn_is_held(const struct frame *f, __u32 have)
{
	const struct xbr_port *holder = port_get(fdb_data_port(have));

	return holder && mst_generation_at(f, holder, fdb_data_port(have)) == fdb_data_generation(have);
}

STAGE void learn_over_dynamic(const struct frame *f, const struct xbr_port *port,
			      const struct xbr_bridge *bridge, __u64 key, __u32 *data, __u32 have, __u32 want)
{
	struct learn_room room;

	if (!learn_is_held(f, have)) {
		if (learn_take_room(f, port, bridge, &room))
			learn_fill(f, key, data, have, want, &room);
	} else if (fdb_data_port(have) == f->in) {
		fdb_swap(data, have, want);
	} else {
		learn_move(f, port, key, data, have, want);
	}
}

/* The bridge's own address, from outside. */
STAGE void learn_own(const struct frame *f, __u64 key, __u32 have)
{
	count_note(f->in, XBR_REASON_learn_own);
	watch_own(f->in, fdb_data_port(have), key);
}

/* The address has a slot whose data is not what this frame says. Nothing yet (NONE) or no more (BUSY): it is
 * in other hands for the moment. */
STAGE void learn_over(const struct frame *f, const struct xbr_port *port, const struct xbr_bridge *bridge,
		      __u64 key, __u32 *data, __u32 have, __u32 want)
{
	switch (fdb_data_kind(have)) {
	case XBR_FDB_DYNAMIC:
	case XBR_FDB_LOCKED:
		learn_over_dynamic(f, port, bridge, key, data, have, want);
		break;
	case XBR_FDB_STATIC:
	case XBR_FDB_STICKY:
		if (fdb_data_port(have) != f->in)
			count_note(f->in, XBR_REASON_learn_pinned);
		break;
	case XBR_FDB_LOCAL:
		learn_own(f, key, have);
		break;
	}
}

/* An address that is tied down in all VLANs of its port is not learned in one. False: it is a blackhole. */
STAGE bool learn_pinned_above(struct frame *f, const struct xbr_port *port, __u32 have)
{
	if (fdb_data_kind(have) == XBR_FDB_BLACKHOLE)
		return frame_drop(f, XBR_REASON_blackhole);
	if (port->flags & XBR_PORT_LOCAL)
		return true; /* who else should send from it */
	if (fdb_data_kind(have) == XBR_FDB_LOCAL)
		learn_own(f, f->src, have);
	else if (fdb_data_port(have) != f->in)
		count_note(f->in, XBR_REASON_learn_pinned);
	return true;
}

STAGE void learn_new(const struct frame *f, const struct xbr_port *port, const struct xbr_bridge *bridge,
		     struct xbr_fdb_bucket *first, __u64 key, __u64 hash, __u32 want)
{
	struct learn_room room;
	bool claimed = false;
	__u32 *data;

	if (!learn_take_room(f, port, bridge, &room))
		return;
	data = fdb_claim(first, key, hash, &claimed);
	if (data && claimed) {
		learn_fill(f, key, data, 0, want, &room);
		return;
	}
	learn_give_back(&room);
	if (!data)
		learn_refuse(f, XBR_REASON_learn_full);
}

STAGE bool learn_is_on(const struct xbr_port *port, const struct xbr_bridge *bridge)
{
	return port->flags & XBR_PORT_LEARNING && bridge->ageing_epochs;
}

/* data: the source's entry or NULL; first, hash: where it would go; kind: as what. False: the source is a
 * blackhole. */
STAGE bool learn(struct frame *f, const struct xbr_port *port, const struct xbr_bridge *bridge,
		 struct xbr_fdb_bucket *first, __u64 key, __u64 hash, __u32 *data, __u32 epoch, __u32 kind)
{
	__u32 want = fdb_data(f->in, mst_generation(f, port), kind, epoch);
	__u32 have = data ? *data : 0;

	if (have == want)
		return true;
	if (fdb_data_kind(have) == XBR_FDB_BLACKHOLE)
		return frame_drop(f, XBR_REASON_blackhole);
	if (vlan_is_aware(f) && !have) {
		__u32 above = (__u32)fdb_pinned(f->src, bridge->fid, vlan_of(f));

		if (above)
			return learn_pinned_above(f, port, above);
	}
	if (!learn_is_on(port, bridge))
		return true;
	if (data)
		learn_over(f, port, bridge, key, data, have, want);
	else
		learn_new(f, port, bridge, first, key, hash, want);
	return true;
}

#endif
