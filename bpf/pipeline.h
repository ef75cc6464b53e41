/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * A frame's way, from a parsed frame to a decision. Pure: it reads and writes `struct frame` and maps, never
 * the bytes. The same lines run in XDP, in TC, and in user space for tests and fuzzing.
 *
 *     parse      bytes -> struct frame (xdp.h, tc.h or the host build call it)
 *     encap      on a device that carries channels: whose frame is it? takes the tag off
 *     ingress    port known? up? source address a possible one?
 *     punt       a control frame that the agent asked for?
 *     vlan       which VLAN? may it come in? the FID of its addresses
 *     mst        does the port learn or forward in the VLAN's spanning tree?
 *     guard      may its sender say what it says?
 *     qos        of which priority is it?
 *     acl        ordered rules: does it pass? to another port? (again where it leaves)
 *     locked     is its source authorised? is there room for it? (on both sides of learn)
 *     learn      write the FDB on change, or once an epoch
 *     lookup     a port, a flood, or nowhere
 *     edge       may it leave there?
 *     storm      is a flood within the port's rate?
 *     police     is what would leave within the rates of its meters? (a half of its own)
 *     apply      xdp.h or tc.h: count, then redirect, flood, punt, pass to TC, or drop
 */
#ifndef XBR_PIPELINE_H
#define XBR_PIPELINE_H

#include "acl.h"
#include "edge.h"
#include "encap.h"
#include "guard.h"
#include "ingress.h"
#include "learn.h"
#include "locked.h"
#include "lookup.h"
#include "mst.h"
#include "parse.h"
#include "police.h"
#include "punt.h"
#include "qos.h"
#include "remark.h"
#include "storm.h"
#include "vlan.h"

/* What the two addresses of a frame are in the FDB. */
struct addresses {
	__u64 src_key, src_hash;
	__u64 dst_key, dst_hash;
	struct xbr_fdb_bucket *src_first, *dst_first;
};

/* Both buckets are asked for before either is compared: their cache misses overlap. */
STAGE bool addresses_find(const struct frame *f, struct addresses *a)
{
	a->src_key = fdb_key(f->src, f->fid);
	a->dst_key = fdb_key(f->dst, f->fid);
	a->src_hash = fdb_hash(a->src_key, settings.fdb_seed);
	a->dst_hash = fdb_hash(a->dst_key, settings.fdb_seed);
	a->src_first = fdb_bucket(fdb_first(a->src_hash, settings.fdb_mask));
	a->dst_first = fdb_bucket(fdb_first(a->dst_hash, settings.fdb_mask));
	if (!a->src_first || !a->dst_first)
		return false;
	fdb_touch(a->dst_first);
	return true;
}

/* The destination's entry: 0 for none. */
STAGE __u32 destination(const struct frame *f, const struct addresses *a, const struct xbr_bridge *bridge)
{
	__u32 *data = fdb_find(a->dst_first, a->dst_key, a->dst_hash);
	__u32 have = data ? *data : 0;

	if (!have && vlan_is_aware(f))
		have = (__u32)fdb_pinned(f->dst, bridge->fid, vlan_of(f));
	return have;
}

/* The source is learned, unless the port is locked to what is known already. False: the frame has ended. */
STAGE bool source(struct frame *f, const struct xbr_port *port, const struct xbr_bridge *bridge,
		  const struct addresses *a, __u32 *entry, __u32 epoch)
{
	__u32 kind = locked_learns(f, port, bridge, entry ? *entry : 0, epoch);

	if (kind != XBR_FDB_NONE &&
	    !learn(f, port, bridge, a->src_first, a->src_key, a->src_hash, entry, epoch, kind))
		return false;
	return locked_lets(f, port, bridge, kind) && limit(f, port, a->src_first, a->src_key, a->src_hash);
}

STAGE void relay(struct frame *f, const struct xbr_port *port, const struct xbr_bridge *bridge)
{
	struct addresses a;
	__u32 epoch = fdb_epoch(bridge);
	bool known;
	__u32 *src;

	if (!addresses_find(f, &a)) {
		frame_drop(f, XBR_REASON_none);
		return;
	}
	src = fdb_find(a.src_first, a.src_key, a.src_hash);
	if (modes_in_play(port) && modes_reflected(f, port, bridge, src ? *src : 0, epoch))
		count_note(f->in, XBR_REASON_reflection);
	else if (!source(f, port, bridge, &a, src, epoch))
		return;
	if (!mst_forwards(f, port)) {
		frame_drop(f, XBR_REASON_port_discarding);
		return;
	}
	if (f->redirect) {
		lookup_to(f, f->redirect, XBR_REASON_acl_redirect);
		edge(f, port);
		return;
	}
	if (f->dst & MAC_GROUP_BIT) {
		lookup_group(f, port, bridge);
		if (modes_in_play(port))
			modes_steer_group(f, port);
		return;
	}
	known = lookup_unicast(f, bridge, destination(f, &a, bridge), epoch);
	if (modes_in_play(port))
		known = modes_steer(f, port);
	if (known)
		edge(f, port);
}

STAGE void pipeline(struct frame *f, const struct octets *octets)
{
	const struct xbr_port *port = f->in ? port_get(f->in) : NULL;
	const struct xbr_bridge *bridge;

	if (!port || !port->ifindex) {
		frame_drop(f, XBR_REASON_no_port);
		return;
	}
	if (feature_on(XBR_FEATURE_encap) && !encap(f))
		return;
	bridge = bridge_get(port->bridge);
	if (!bridge || !ingress(f) || !punt(f, port, bridge) || !ingress_state(f, port, bridge))
		return;
	if (!vlan(f, port, bridge) || !mst(f, bridge) || !guard(f, port, octets))
		return;
	qos(f, octets);
	if (!acl_in(f, port, octets))
		return;
	relay(f, port, bridge);
	storm(f, port);
	acl_commit(f);
}

/* For tests: what was decided, whatever becomes of it. */
STAGE void trace_frame(const struct frame *f)
{
	struct xbr_trace *t;

	if (!settings.trace)
		return;
	t = trace_get();
	if (!t)
		return;
	t->in = (__u16)f->in;
	t->out = f->verdict == XBR_VERDICT_FORWARD ? (__u16)f->out : XBR_PORT_NONE;
	t->fid = (__u16)f->fid;
	t->verdict = (__u8)f->verdict;
	t->reason = (__u8)f->reason;
	t->frames++;
}

#endif
