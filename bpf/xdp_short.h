/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * xdp_short: the short way. Nearly every frame is unicast between two stations that are known, and whose
 * source was noted in this epoch already. It needs no `struct frame`, no second look at anything, and of each
 * feature only what its usual case needs; here is what is left of the pipeline then, in the order in which
 * processors wait least.
 *
 * It says XBR_VERDICT_FORWARD, or that a meter drops the frame, and nothing else. Whatever is not quite so (a
 * source to be learned or refreshed, a flood, a drop, a tag cut short, a port that is not simply forwarding,
 * an address in its second bucket, a flow that no list remembers) goes the whole way, from the beginning, as
 * if nobody had looked: what leaves a trace (counts, meters, octets that move) comes after all that may say
 * no. So no rule stands here that is not there, and one that is forgotten here is found by
 * tests/bpf/test_agreement.c, whose frames go both ways (docs/decisions/018-the-short-way.md).
 */
#ifndef XBR_XDP_SHORT_H
#define XBR_XDP_SHORT_H

#include "short_acl.h"
#include "short_police.h"
#include "xdp.h"

#define SHORT_LEN (PARSE_LEN + STAG_OCTETS) /* the most that is looked at of addresses and tags */

#define SHORT_EDITS_TAGS (XBR_FEATURE_vlan | XBR_FEATURE_encap)
#define SHORT_READS_TAGS (XBR_FEATURE_vlan | XBR_FEATURE_encap | XBR_FEATURE_guard | XBR_FEATURE_acl)

/* A frame on the short way: a frame of a known port between two known addresses. With features it stands in
 * the room of the `struct xdp_frame` that it becomes where it goes the whole way. */
struct short_frame {
	__u64 src, dst; /* as in struct frame */
	__u32 in, out;  /* port numbers */
	__u32 len;      /* without the tag of a channel */
	__u32 len_out;  /* with the tag that it leaves with */
	__u32 fid;
	__u32 guards;    /* of its port: enum xbr_guard_flags */
	__u32 rule;      /* of `list`: the one that let it pass */
	__u16 list;      /* the one that is asked where it comes in; 0: none */
	__u16 meter;     /* the same */
	struct tag tag;  /* its outermost one, behind that of a channel; whatever type stands there */
	__u16 tci;       /* of its VLAN, 0: of none */
	__u16 tpid_be;   /* of the bridge's VLANs */
	__u8 reason;     /* enum xbr_reason: unicast, reflected, or uplink */
	__u8 channel;    /* octets of the tag in front of it */
	bool to_reflect; /* of reason uplink: it is for a port beside */
	bool sends_back; /* of reason reflected: its own device takes it */
	bool stats;      /* it is to be counted by VLAN */
	struct tag_edit edit;
};
_Static_assert(sizeof(struct short_frame) <= sizeof(struct xdp_frame), "they share their room");

/* The buckets of the two addresses, if they are in their first ones. */
struct short_addresses {
	__u64 dst_key, src_key;
	struct xbr_fdb_bucket *dst_first, *src_first;
};

/* ---- whose is it? ---- */

/* On a device that carries S-channels; other kinds go the whole way. */
STAGE bool short_channel(struct short_frame *f, const struct xdp_md *xdp, __u64 device, struct tag outer)
{
	struct xbr_channel_key key = {.ifindex = xdp->ingress_ifindex};
	struct encap_tag tag = {.channel = XBR_SVID_DEFAULT};

	if (!feature_on(XBR_FEATURE_encap) || !XBR_DEVICE_ENCAP(device))
		return true;
	if (XBR_DEVICE_ENCAP(device) != XBR_ENCAP_SCHANNEL)
		return false;
	if (outer.tpid_be == TPID_STAG_BE)
		encap_read_stci(&tag, outer.tci);
	key.channel = XBR_ENCAP_SCHANNEL << XBR_CHANNEL_KIND_SHIFT | tag.channel;
	f->in = port_of_channel(&key);
	f->channel = (__u8)tag.octets;
	return f->in;
}

/* ---- VLANs ---- */

STAGE bool short_is_aware(const struct short_frame *f)
{
	return feature_on(XBR_FEATURE_vlan) && f->tci;
}

/* As vlan_port_bits(), where no path knows the VID. */
STAGE const struct xbr_vlan_word *short_vlan_word(__u32 port, __u32 vid)
{
	struct xbr_port_vlans *vlans = port_vlans_get(port);

	return vlans ? &vlans->word[(vid & XBR_VID_MASK) / 64] : NULL;
}

/* The FID, and where the bridge has VLANs, which one. As vlan.h has it. */
STAGE bool short_classify(struct short_frame *f, const struct xbr_port *in, const struct xbr_bridge *bridge)
{
	const struct xbr_vlan_word *word;
	__u32 vid;

	if (!feature_on(XBR_FEATURE_vlan) || !(bridge->flags & XBR_BRIDGE_VLAN_FILTERING))
		return true;
	if (in->flags & (XBR_PORT_TUNNEL | XBR_PORT_VLAN_MAP))
		return false;
	f->tpid_be = bridge->vlan_tpid_be;
	f->stats = bridge->flags & XBR_BRIDGE_VLAN_STATS;
	if (f->tag.tpid_be == f->tpid_be)
		f->tci = f->tag.tci;
	if (!(f->tci & TCI_VID_MASK))
		f->tci |= in->pvid & TCI_VID_MASK;
	vid = f->tci & TCI_VID_MASK;
	word = vid ? short_vlan_word(f->in, vid) : NULL;
	if (!word || !(word->member >> (vid & 63) & 1))
		return false;
	f->fid = (__u32)vlan_fid(in->bridge, vid);
	return true;
}

/* Is the egress port of the frame's VLAN, and with what tag does it leave? */
STAGE bool short_vlan_out(struct short_frame *f, const struct xbr_port *out)
{
	struct frame whole = {.vlan_tag = f->tag.tpid_be == f->tpid_be, .tag = f->tag};
	struct tag tag = {.tpid_be = f->tpid_be, .tci = f->tci};
	const struct xbr_vlan_word *word;
	__u32 vid = f->tci & TCI_VID_MASK;

	if (!short_is_aware(f))
		return true;
	word = short_vlan_word(f->out, vid);
	if (!word || !(word->member >> (vid & 63) & 1) || out->flags & (XBR_PORT_TUNNEL | XBR_PORT_VLAN_MAP))
		return false;
	if (word->untagged >> (vid & 63) & 1)
		tag = (struct tag){};
	vlan_edit_to(&whole, tag, &f->edit);
	return true;
}

/* ---- edge ---- */

/* What an edge port sends elsewhere than to its neighbours leaves by the uplink. As modes_steer_out() and
 * modes_refusal_out() have it. NULL: the frame goes the whole way. */
STAGE const struct xbr_port *short_uplink(struct short_frame *f, const struct xbr_port *in)
{
	const struct xbr_port *uplink = port_get(in->uplink);

	f->out = in->uplink;
	f->reason = XBR_REASON_uplink;
	return uplink && uplink->edge & XBR_EDGE_UPLINK ? uplink : NULL;
}

/* Is it no uplink, or nobody's own (passthru), or this port's? */
STAGE bool short_uplink_is_open(const struct short_frame *f, const struct xbr_port *out)
{
	return !(out->edge & XBR_EDGE_UPLINK) || !out->uplink || out->uplink == f->in;
}

/* Has it a mode in which also what is for nobody known leaves by the uplink, and not as a flood? */
STAGE bool short_sends_up(const struct xbr_port *in)
{
	return modes_in_play(in) && !(in->edge & XBR_EDGE_UPLINK) && in->mode != XBR_MODE_BRIDGE;
}

/* As modes_steer() and modes_refusal() have it. True: f->out is where it goes. */
STAGE bool short_modes(struct short_frame *f, const struct xbr_port *in, const struct xbr_port **out)
{
	if (!modes_in_play(in))
		return true;
	if (in->edge & XBR_EDGE_UPLINK)
		return !in->uplink && !(in->edge & XBR_EDGE_SOURCES) && (*out)->mode != XBR_MODE_SOURCE;
	if ((*out)->flags & XBR_PORT_LOCAL)
		return false;
	if (in->mode != XBR_MODE_BRIDGE || (*out)->mode != XBR_MODE_BRIDGE) {
		f->to_reflect = f->out != in->uplink;
		*out = short_uplink(f, in);
		if (!*out)
			return false;
	}
	return short_uplink_is_open(f, *out);
}

/* May it leave there, as it is, and by XDP? As edge.h and xdp.h have it. */
STAGE bool short_leaves(struct short_frame *f, const struct xbr_port *in, const struct xbr_port *out)
{
	if (out->bridge != in->bridge || out->state != XBR_STATE_FORWARDING ||
	    !(out->flags & XBR_PORT_XDP_OUT))
		return false;
	if (feature_on(XBR_FEATURE_encap) && out->encap)
		return false;
	if (feature_on(XBR_FEATURE_edge) && in->flags & out->flags & XBR_PORT_ISOLATED)
		return false;
	if (f->out == f->in) {
		if (!(out->flags & XBR_PORT_HAIRPIN))
			return false;
		f->reason = XBR_REASON_reflected;
		f->sends_back = !(out->flags & XBR_PORT_VETH);
	}
	if (!short_vlan_out(f, out))
		return false;
	f->len_out = tag_edit_len(&f->edit, f->len);
	return xdp_fits(f->len_out, out->mtu);
}

/* ---- the decision ---- */

/* Is the source's entry as it should be, with nothing to be noted? */
STAGE bool short_known(const struct short_frame *f, const struct xbr_port *in, __u32 data, __u32 epoch)
{
	if (data == fdb_data(f->in, in->generation, XBR_FDB_DYNAMIC, epoch))
		return true;
	return (fdb_data_kind(data) == XBR_FDB_STATIC || fdb_data_kind(data) == XBR_FDB_STICKY) &&
	       fdb_data_port(data) == f->in;
}

/* Does the destination's entry hold? holder: its port. As lookup.h has it. */
STAGE bool short_holds(const struct xbr_port *holder, const struct xbr_bridge *bridge, __u32 data,
		       __u32 epoch)
{
	if (fdb_data_kind(data) == XBR_FDB_DYNAMIC)
		return fdb_data_generation(data) == holder->generation && fdb_is_fresh(data, bridge, epoch);
	return fdb_data_kind(data) == XBR_FDB_STATIC || fdb_data_kind(data) == XBR_FDB_STICKY;
}

/* Guards that the short way knows nothing of. */
#define SHORT_NO_GUARDS                                                                                      \
	(XBR_GUARD_LOCKED | XBR_GUARD_MAB | XBR_GUARD_SNOOP_DHCP | XBR_GUARD_SNOOP_ND | XBR_GUARD_HEARD |    \
	 XBR_GUARD_LIMIT_SHUTDOWN)

/* Nothing of the port or its bridge that only the whole way knows. */
STAGE bool short_enters(const struct xbr_port *in, const struct xbr_bridge *bridge)
{
	if (!in->ifindex || in->state != XBR_STATE_FORWARDING || mst_is_on(bridge))
		return false;
	return !feature_on(XBR_FEATURE_guard) || !(in->guard & SHORT_NO_GUARDS);
}

/* What lists and meters have a word on it? False: more than the short way knows of. */
STAGE bool short_asks(struct short_frame *f, const struct xbr_port *in, const struct xbr_port *out,
		      const struct xbr_bridge *bridge)
{
	if (acl_wanted(in)) {
		if (acl_is_bound_out(out) || bridge->acl_in || bridge->flags & XBR_BRIDGE_CONNS)
			return false;
		f->list = in->acl_in;
	}
	return !feature_on(XBR_FEATURE_qos) || short_meter_find(in, out, f->in, f->len, &f->meter);
}

/* What the FDB has of an address, if it is in its first bucket or nowhere; what was set by hand for all VLANs
 * is under the bridge's own FID. 0: nothing, or it has to be looked for. */
STAGE __u32 short_entry(const struct short_frame *f, const struct xbr_bridge *bridge, __u64 mac,
			struct xbr_fdb_bucket *first, __u64 key)
{
	const __u32 *data = fdb_bucket_find(first, key);
	__u32 have = data ? *data : 0;

	if (have || !short_is_aware(f) || first->overflow)
		return have;
	return (__u32)fdb_pinned(mac, bridge->fid, f->tci & TCI_VID_MASK);
}

/* The port to ask short_leaves() about, f->out. NULL: the frame goes the whole way. */
STAGE const struct xbr_port *short_lookup(struct short_frame *f, const struct xbr_port *in,
					  const struct xbr_bridge *bridge, const struct short_addresses *a,
					  __u32 epoch)
{
	__u32 data = short_entry(f, bridge, f->dst, a->dst_first, a->dst_key);
	const struct xbr_port *out;

	if (short_sends_up(in) && !data && !a->dst_first->overflow) {
		out = short_uplink(f, in);
		return out && short_uplink_is_open(f, out) ? out : NULL;
	}
	f->out = fdb_data_port(data);
	out = port_get(f->out);
	return out && short_holds(out, bridge, data, epoch) && short_modes(f, in, &out) ? out : NULL;
}

/* False: the frame goes the whole way. */
STAGE bool short_forwards(struct short_frame *f, const struct xbr_port *in, const struct xbr_bridge *bridge,
			  const struct short_addresses *a)
{
	__u32 epoch = fdb_epoch(bridge);
	const struct xbr_port *out;

	if (!short_known(f, in, short_entry(f, bridge, f->src, a->src_first, a->src_key), epoch))
		return false;
	out = short_lookup(f, in, bridge, a, epoch);
	return out && short_leaves(f, in, out) && short_asks(f, in, out, bridge);
}

/* ---- what leaves a trace ---- */

/* False: nothing was done, for want of room or because it is more than one step. */
STAGE bool short_edit(struct xdp_md *xdp, const struct short_frame *f)
{
	if (!f->channel)
		return tag_edit_is_empty(&f->edit) || tag_xdp_edit(xdp, &f->edit);
	if (f->edit.pop)
		return false;
	return f->edit.push.tpid_be ? tag_xdp_replace(xdp, f->edit.push) : tag_xdp_pop(xdp);
}

STAGE void short_trace(const struct short_frame *f, enum xbr_verdict verdict, enum xbr_reason reason)
{
	const struct frame whole = {
		.in = f->in, .out = f->out, .fid = f->fid, .verdict = verdict, .reason = reason};

	trace_frame(&whole);
}

/* The frame's reason where it came in: constants, each at its own place. */
STAGE void short_count_reason(const struct short_frame *f)
{
	if (f->reason == XBR_REASON_unicast)
		count_note(f->in, XBR_REASON_unicast);
	else if (f->reason == XBR_REASON_uplink)
		count_note(f->in, XBR_REASON_uplink);
	else
		count_note(f->in, XBR_REASON_reflected);
}

STAGE void short_count_rx(const struct short_frame *f)
{
	struct xbr_counters *c = counters_get(f->in);

	if (c) {
		c->rx_frames++;
		c->rx_bytes += f->len;
	}
	if (feature_on(XBR_FEATURE_vlan) && f->stats)
		count_vlan_rx(f->in, f->tci, f->len);
}

STAGE void short_count_tx(const struct short_frame *f)
{
	struct xbr_counters *c = counters_get(f->out);

	if (c) {
		c->tx_frames++;
		c->tx_bytes += f->len_out;
	}
	if (feature_on(XBR_FEATURE_vlan) && f->stats)
		count_vlan_tx(f->out, f->tci, f->len_out);
}

STAGE int short_policed(const struct short_frame *f)
{
	short_count_rx(f);
	count_note(f->in, XBR_REASON_policed);
	short_trace(f, XBR_VERDICT_DROP, XBR_REASON_policed);
	return XDP_DROP;
}

/* All have said yes. */
HALF int short_go(struct xdp_md *xdp, const struct short_frame *f)
{
	if (feature_on(SHORT_EDITS_TAGS) && !short_edit(xdp, f))
		return XDP_ABORTED;
	if (feature_on(XBR_FEATURE_acl) && f->list)
		short_acl_count(f->list, f->rule, f->len);
	if (f->to_reflect)
		count_note(f->out, XBR_REASON_to_reflect);
	if (feature_on(XBR_FEATURE_qos) && f->meter && !short_meter_admits(f->meter, f->len))
		return short_policed(f);
	short_count_rx(f);
	short_count_reason(f);
	short_count_tx(f);
	if (settings.trace)
		short_trace(f, XBR_VERDICT_FORWARD, f->reason);
	if (f->sends_back)
		return XDP_TX;
	return XDP_REDIRECT_BY(&xdp_ports, f->out, XDP_DROP, 3);
}

/* ---- the whole of it ---- */

/* False: it is not from a station to a station, or too short to be looked at. */
STAGE bool short_read(struct short_frame *f, struct xdp_md *xdp)
{
	void *data = (void *)(long)xdp->data;
	__u64 device = port_of_ifindex(xdp->ingress_ifindex);
	struct tag inner;

	if (data + SHORT_LEN > (void *)(long)xdp->data_end)
		return false;
	f->dst = mac_load(data);
	f->src = mac_load(data + 6);
	if ((f->dst | f->src) & MAC_GROUP_BIT)
		return false;
	f->in = (__u32)device;
	f->fid = XBR_DEVICE_FID(device);
	f->reason = XBR_REASON_unicast;
	if (!feature_on(SHORT_READS_TAGS))
		return true;
	f->tag = tag_load(data + ETH_TYPE_OFFSET);
	inner = tag_load(data + ETH_TYPE_OFFSET + STAG_OCTETS);
	if (!short_channel(f, xdp, device, f->tag))
		return false;
	if (f->channel)
		f->tag = inner;
	return true;
}

/* Where FIDs are not of devices: what the bridge says. False: the frame goes the whole way. */
STAGE bool short_fid(struct short_frame *f)
{
	const struct xbr_port *in;
	const struct xbr_bridge *bridge;

	if (!feature_on(XBR_FEATURE_vlan | XBR_FEATURE_encap))
		return true;
	in = port_get(f->in);
	bridge = in ? bridge_get(in->bridge) : NULL;
	if (!bridge)
		return false;
	f->fid = bridge->fid;
	return short_classify(f, in, bridge);
}

STAGE bool short_find(const struct short_frame *f, struct short_addresses *a)
{
	a->dst_key = fdb_key(f->dst, f->fid);
	a->src_key = fdb_key(f->src, f->fid);
	a->src_first = fdb_bucket(fdb_first(fdb_hash(a->src_key, settings.fdb_seed), settings.fdb_mask));
	a->dst_first = fdb_bucket(fdb_first(fdb_hash(a->dst_key, settings.fdb_seed), settings.fdb_mask));
	if (!a->src_first || !a->dst_first)
		return false;
	fdb_touch(a->dst_first);
	return true;
}

/* Where would it go? False: the frame goes the whole way. */
HALF bool short_decide(struct short_frame *f, struct xdp_md *xdp)
{
	const struct xbr_bridge *bridge;
	const struct xbr_port *in;
	struct short_addresses a;

	if (!short_read(f, xdp) || !short_fid(f) || !short_find(f, &a))
		return false;
	f->len = (__u32)bpf_xdp_get_buff_len(xdp) - f->channel;
	in = port_get(f->in);
	bridge = in ? bridge_get(in->bridge) : NULL;
	if (!bridge || !short_enters(in, bridge) || (!short_is_aware(f) && bridge->fid != f->fid))
		return false;
	if (feature_on(XBR_FEATURE_guard))
		f->guards = in->guard & XBR_GUARD_ADDRESSES ? in->guard : 0;
	return short_forwards(f, in, bridge, &a);
}

/* Of its VLAN, or of the tag that it came with: as acl.h and guard.h have it. */
STAGE __u16 short_tci(const struct short_frame *f)
{
	return f->tci || !tag_is_vlan(f->tag.tpid_be) ? f->tci : f->tag.tci;
}

/* May its sender say what it says? */
STAGE bool short_guard(const struct short_frame *f, struct xdp_md *xdp)
{
	if (!feature_on(XBR_FEATURE_guard) || !f->guards)
		return true;
	return !f->channel &&
	       guard_xdp(xdp, f->in, f->src, f->guards, short_tci(f) & TCI_VID_MASK) == XBR_REASON_none;
}

/* Has its list said before that such frames pass? */
STAGE bool short_acl(struct short_frame *f, struct xdp_md *xdp)
{
	__u32 tags = f->channel + (tag_is_vlan(f->tag.tpid_be) ? VLAN_TAG_LEN : 0);

	if (!feature_on(XBR_FEATURE_acl) || !f->list)
		return true;
	return short_acl_recall(xdp, f->in, (__u32)tags << 16 | (short_tci(f) & (__u16)~TCI_DEI),
				f->len + f->channel, &f->rule);
}

STAGE int short_way(struct xdp_md *xdp, struct short_frame *f)
{
	if (!short_decide(f, xdp) || !short_guard(f, xdp) || !short_acl(f, xdp))
		return XDP_ABORTED;
	return short_go(xdp, f);
}

/* XDP_ABORTED: the frame goes the whole way; what is known of it by then is in `x`, which was all zeros. */
STAGE int xdp_short(struct xdp_md *xdp, struct xdp_frame *x)
{
#ifdef XBR_PLAIN
	struct short_frame f = {};
	int action = short_way(xdp, &f);

	x->f.in = f.in;
	x->f.len = f.len;
#else
	int action = short_way(xdp, (struct short_frame *)x);

	if (!action)
		*x = (struct xdp_frame){};
#endif
	return action;
}

#endif
