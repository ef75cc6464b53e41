/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * mst: by which spanning tree does a frame go (802.1Q, 8.4, 8.6.1, 13)? Where a bridge has several, each VLAN
 * is of one of them, and a port has a state in each: what is asked of a port's state on the way of a frame is
 * asked of its state in the frame's tree. Addresses are void when their port's, or the tree's, generation is
 * another: a topology change flushes the VLANs of one tree at one port by one store.
 *
 * Without the feature, and on bridges of one tree (f->tree is XBR_TREE_NONE), it is the port's state and
 * generation.
 */
#ifndef XBR_MST_H
#define XBR_MST_H

#include "vlan.h"
#include "xbr/fdb_word.h"

/* A port in a tree: see struct xbr_port_msti. In a function of its own for its place (decision 013). */
GLOBAL int mst_octet(__u32 port, __u32 tree)
{
	const struct xbr_port_msti *msti = port_msti_get(port);

	return msti && tree < XBR_TREES ? msti->tree[tree] : 0;
}

GLOBAL int mst_tree_of(__u32 fid)
{
	const struct xbr_vlan *vlan = vlan_get(fid);

	return vlan ? XBR_TREE_OF(vlan->msti) : XBR_TREE_CIST;
}

STAGE bool mst_in_play(const struct frame *f)
{
	return feature_on(XBR_FEATURE_stp) && f->tree;
}

STAGE bool mst_is_on(const struct xbr_bridge *bridge)
{
	return feature_on(XBR_FEATURE_stp) && bridge->flags & XBR_BRIDGE_MST;
}

/* f->fid is known: which tree it is. */
STAGE void mst_context(struct frame *f, const struct xbr_bridge *bridge)
{
	if (mst_is_on(bridge))
		f->tree = (__u8)mst_tree_of(f->fid);
}

STAGE __u32 mst_state(const struct frame *f, const struct xbr_port *port, __u32 number)
{
	return mst_in_play(f) ? (__u32)mst_octet(number, f->tree) & XBR_TREE_STATE_MASK : port->state;
}

STAGE __u32 mst_sum(const struct xbr_port *port, __u32 octet)
{
	return (port->generation + (octet >> XBR_TREE_GENERATION_SHIFT)) & FDB_GENERATION_MASK;
}

/* What dynamic entries of the frame's VLAN have at the port it came by; at another one. */
STAGE __u32 mst_generation(const struct frame *f, const struct xbr_port *port)
{
	return mst_in_play(f) ? mst_sum(port, f->in_tree) : port->generation;
}

STAGE __u32 mst_generation_at(const struct frame *f, const struct xbr_port *port, __u32 number)
{
	return mst_in_play(f) ? mst_sum(port, (__u32)mst_octet(number, f->tree)) : port->generation;
}

/* May it come in, in its tree? Other bridges have asked that of the port (ingress_state()). */
STAGE bool mst(struct frame *f, const struct xbr_bridge *bridge)
{
	if (!mst_is_on(bridge))
		return true;
	mst_context(f, bridge);
	f->in_tree = (__u8)mst_octet(f->in, f->tree);
	return f->in_tree & XBR_TREE_STATE_MASK || frame_drop(f, XBR_REASON_port_discarding);
}

/* After learning: a learning port forwards nothing. */
STAGE bool mst_forwards(const struct frame *f, const struct xbr_port *port)
{
	__u32 state = mst_in_play(f) ? f->in_tree & XBR_TREE_STATE_MASK : port->state;

	return state == XBR_STATE_FORWARDING;
}

#endif
