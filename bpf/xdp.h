/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * xdp: the early exit. It finishes a frame when it can do so completely: drop, reflect (XDP_TX), or redirect
 * to ports that take XDP frames. Otherwise it leaves the decision in front of the frame and passes it on to
 * TC, which applies it: nothing is counted here then.
 */
#ifndef XBR_XDP_H
#define XBR_XDP_H

#include "pipeline.h"
#include "tag_xdp.h"
#include "xdp_encap.h"

/* What XDP alone remembers of a frame: every `struct frame` here is the beginning of one of these. */
struct xdp_frame {
	struct frame f;
	__u64 channel_tag; /* the octets that were taken off, the first one lowest */
};

/* ---- parse ---- */

/* Somebody else's metadata (a peer's program can leave some on a veth) must not reach TC as ours: where our
 * nonce would be, there is none. */
STAGE void xdp_wipe_metadata(struct xdp_md *xdp)
{
	__u32 *nonce = (void *)(long)xdp->data_meta;

	if ((void *)(nonce + 1) <= (void *)(long)xdp->data)
		*nonce = 0;
}

STAGE void xdp_context(struct frame *f, struct xdp_md *xdp)
{
	__u64 device = port_of_ifindex(xdp->ingress_ifindex);

	f->len = (__u32)bpf_xdp_get_buff_len(xdp);
	f->in = (__u32)device;
	if (feature_on(XBR_FEATURE_encap) && XBR_DEVICE_ENCAP(device))
		encap_take(f, xdp_encap_find(xdp, XBR_DEVICE_ENCAP(device)));
}

/*
 * The frame is the guest's own from here on. False: TC is to look at it. A generic hook does not see a tag in
 * metadata, so that a frame without one is not judged here.
 */
STAGE bool xdp_strip(struct frame *f, struct xdp_md *xdp)
{
	__u64 *taken = &((struct xdp_frame *)f)->channel_tag;

	if (!feature_on(XBR_FEATURE_encap))
		return true;
	if (f->channel_refused)
		return false;
	if (!f->channel_octets)
		return true;
	*taken = xdp_encap_strip(xdp, f->channel_octets);
	return *taken;
}

HALF void xdp_decide(struct frame *f, struct xdp_md *xdp)
{
	const struct octets octets = OCTETS_XDP(xdp);

	if (parse(f, (void *)(long)xdp->data, (void *)(long)xdp->data_end))
		pipeline(f, &octets);
}

/* ---- apply ---- */

/* Puts the tag back that the frame came with. False: dropped, and counted. */
STAGE bool xdp_redress(struct xdp_md *xdp, const struct frame *f)
{
	if (!feature_on(XBR_FEATURE_encap) || !f->channel_octets ||
	    !xdp_encap_push(xdp, ((const struct xdp_frame *)f)->channel_tag, f->channel_octets))
		return true;
	count_frame(f->in, f->len, XBR_REASON_channel_failed);
	return false;
}

/* To TC, decision and all. Where the driver has no room for metadata TC decides anew: nothing was counted
 * yet. */
STAGE int xdp_hand_off(struct xdp_md *xdp, const struct frame *f)
{
	struct xbr_handoff *h;

	if (!xdp_redress(xdp, f))
		return XDP_DROP;
	if (bpf_xdp_adjust_meta(xdp, -(int)sizeof(*h)))
		return XDP_PASS;
	h = (void *)(long)xdp->data_meta;
	if ((void *)(h + 1) > (void *)(long)xdp->data)
		return XDP_PASS;
	h->nonce = settings.nonce;
	h->in = (__u16)f->in;
	h->out = (__u16)f->out;
	h->verdict = (__u8)f->verdict;
	h->reason = (__u8)f->reason;
	h->fid = (__u16)f->fid;
	h->origin = (__u16)f->origin;
	h->tci = f->tci;
	h->deeds = f->deeds;
	h->state = f->state;
	h->priority = f->priority;
	return XDP_PASS;
}

/* ---- police ---- */

/* A generic hook shows a super-frame as one long frame. */
STAGE bool xdp_is_super(const struct frame *f)
{
	const struct xbr_port *in = port_get(f->in);

	return in && in->mtu && f->len > in->mtu + ETH_HEADER_LEN + 2 * VLAN_TAG_LEN;
}

/* Rules count a frame once, and may hold it to meters: TC asks them, which knows the segments. */
STAGE bool xdp_leaves_super(const struct frame *f)
{
	const struct xbr_port *in;

	if (!feature_on(XBR_FEATURE_qos))
		return false;
	in = port_get(f->in);
	return in && acl_wanted(in) && xdp_is_super(f);
}

HALF bool xdp_police_metered(struct frame *f, struct xdp_md *xdp)
{
	const struct octets octets = OCTETS_XDP(xdp);

	if (xdp_is_super(f) && police_is_wanted(f))
		return false;
	police(f, &octets);
	return true;
}

/* False: TC is to decide, which knows the segments. */
STAGE bool xdp_police(struct frame *f, struct xdp_md *xdp)
{
	if (feature_on(XBR_FEATURE_qos) && !xdp_police_metered(f, xdp))
		return false;
	trace_frame(f);
	return true;
}

STAGE int xdp_leave_undecided(struct xdp_md *xdp, const struct frame *f)
{
	return xdp_redress(xdp, f) ? XDP_PASS : XDP_DROP;
}

/*
 * A veth takes XDP frames of its MTU (0: no limit) exactly, and drops a tagged one of four octets more,
 * silently. And kernels before 6.3 redirect no frame in several pieces. TC can send both.
 */
STAGE bool xdp_fits(__u32 len, __u32 mtu)
{
	return len <= settings.redirect_max && (!mtu || len <= mtu + ETH_HEADER_LEN);
}

/*
 * A redirect through `map`, a map of its own for each `place`: were two of them made one call, the verifier
 * could not tie it to either map, and it would go by an indirect branch (11 ns a frame).
 */
#define XDP_REDIRECT_BY(map, key, flags, place)                                                              \
	({                                                                                                   \
		long action = bpf_redirect_map(map, key, flags);                                             \
                                                                                                             \
		PIN_PATH(action, place);                                                                     \
		(int)action;                                                                                 \
	})

/* The frame with the tag of the channel that `out` is, if it is one. */
STAGE bool xdp_dress(struct xdp_md *xdp, const struct frame *f, const struct xbr_port *out)
{
	__u32 octets, pcp;

	if (!feature_on(XBR_FEATURE_encap) || !out->encap)
		return true;
	octets = encap_octets_out(out);
	pcp = vlan_is_aware(f) ? f->tci >> 12 : encap_pcp(f);
	return !octets || !xdp_encap_push(xdp, encap_tag_of(port_get(f->in), out, pcp), octets);
}

STAGE int xdp_forward_failed(struct frame *f)
{
	frame_drop(f, XBR_REASON_channel_failed);
	count_rx(f);
	return XDP_DROP;
}

/* By the port's map of code points. False: TC is to do it; queues are TC's, too. */
STAGE bool xdp_mark(struct xdp_md *xdp, const struct frame *f, const struct xbr_port *out)
{
	__u32 dscp = feature_on(XBR_FEATURE_qos) ? qos_dscp_out(f, out, f->out) : 0;

	if (feature_on(XBR_FEATURE_qos) && out->qos & XBR_QOS_QUEUES)
		return false;
	return !dscp || remark_xdp(xdp, dscp);
}

/* An empty slot (the device went this instant) drops: the low bits of the flags are what a miss returns. */
STAGE int xdp_forward(struct xdp_md *xdp, struct frame *f)
{
	const struct xbr_port *out = port_get(f->out);
	struct tag_edit edit;
	__u32 len;

	if (!out || !(out->flags & XBR_PORT_XDP_OUT))
		return xdp_hand_off(xdp, f);
	vlan_edit(f, out, f->out, &edit);
	len = tag_edit_len(&edit, f->len);
	if (!xdp_fits(len, out->mtu) || !xdp_mark(xdp, f, out) ||
	    (!tag_edit_is_empty(&edit) && !tag_xdp_edit(xdp, &edit)))
		return xdp_hand_off(xdp, f);
	if (!xdp_dress(xdp, f, out))
		return xdp_forward_failed(f);
	count_rx(f);
	count_tx(f, f->out, len);
	if (f->out == f->in && !(out->flags & XBR_PORT_VETH))
		return XDP_TX;
	return XDP_REDIRECT_BY(&xdp_ports, f->out, XDP_DROP, 1);
}

/* No pointer to the frame: were its address taken, all of it would live in memory and not in registers. */
struct xdp_flood {
	void *list;
	__u32 in;
	__u32 len; /* of each copy */
	__u16 tci;
	bool vlan_stats;
};

/* bpf_loop() callback: counts one copy; the host, on the list too, gets none by XDP. 1 ends the loop. */
static long xdp_flood_count(__u32 index, struct xdp_flood *flood)
{
	const struct frame f = {.tci = flood->tci, .vlan_stats = flood->vlan_stats};
	__u32 *number = bpf_map_lookup_elem(flood->list, &index);
	const struct xbr_port *out;

	if (!number)
		return 1;
	out = port_get(*number);
	if (out && !(out->flags & XBR_PORT_LOCAL) && *number != flood->in)
		count_tx(&f, *number, flood->len);
	return 0;
}

/* All copies at once, if every receiver takes XDP frames of this length and the host needs none. */
STAGE bool xdp_may_flood(const struct frame *f, const struct xbr_bridge *bridge, __u32 len, bool host)
{
	if (!xdp_fits(len, bridge->flood_mtu))
		return false;
	if (host && bridge->flags & XBR_BRIDGE_HOST_UP && f->reason != XBR_REASON_unknown_unicast)
		return false;
	return f->len <= XBR_ONE_PIECE;
}

/* Does every receiver take XDP frames, all alike? What is to be done to the frame then, whose list it is, and
 * whether the host is on it. */
STAGE bool xdp_flood_alike(const struct frame *f, const struct xbr_bridge *bridge, struct tag_edit *ret_edit,
			   __u32 *ret_list, bool *ret_host)
{
	const struct xbr_vlan *vlan;
	struct tag tag = {};

	*ret_edit = (struct tag_edit){};
	*ret_list = f->fid;
	*ret_host = true;
	if (!vlan_is_aware(f))
		return bridge->flags & XBR_BRIDGE_XDP_FLOOD;
	vlan = vlan_get(f->fid);
	if (!vlan || !(vlan->flags & (XBR_VLAN_XDP_TAGGED | XBR_VLAN_XDP_UNTAGGED)))
		return false;
	if (vlan->flags & XBR_VLAN_XDP_TAGGED)
		tag = (struct tag){.tpid_be = f->vlan_tpid_be, .tci = f->tci};
	vlan_edit_to(f, tag, ret_edit);
	*ret_list = vlan->flood;
	*ret_host = !(vlan->flags & XBR_VLAN_NO_HOST);
	return true;
}

STAGE int xdp_flood(struct xdp_md *xdp, struct frame *f)
{
	const struct xbr_port *in = port_get(f->in);
	const struct xbr_bridge *bridge = in ? bridge_get(in->bridge) : NULL;
	struct xdp_flood loop = {.in = f->in, .tci = f->tci, .vlan_stats = f->vlan_stats};
	struct tag_edit edit;
	__u32 list;
	bool host;
	void *devices;

	if (!bridge || modes_in_play(in) || !xdp_flood_alike(f, bridge, &edit, &list, &host))
		return xdp_hand_off(xdp, f);
	loop.len = tag_edit_len(&edit, f->len);
	if (!xdp_may_flood(f, bridge, loop.len, host))
		return xdp_hand_off(xdp, f);
	loop.list = bpf_map_lookup_elem(&flood, &list);
	devices = bpf_map_lookup_elem(&flood_xdp, &list);
	if (!loop.list || !devices || (!tag_edit_is_empty(&edit) && !tag_xdp_edit(xdp, &edit)))
		return xdp_hand_off(xdp, f);
	count_rx(f);
	bpf_loop(XBR_PORT_LIMIT, xdp_flood_count, &loop, 0);
	return XDP_REDIRECT_BY(devices, 0, BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS, 2);
}

/*
 * Two kinds of drops are left to TC. Length is not judged here: a generic hook sees a super-frame as one long
 * frame, tc_judge_length() knows better. And frames to reserved addresses are what daemons of the host listen
 * for (LLDP, for one) with packet sockets, which come between XDP and TC.
 */
STAGE bool xdp_leaves_drop(const struct frame *f)
{
	return f->reason == XBR_REASON_egress_mtu || f->reason == XBR_REASON_reserved_group;
}

STAGE int xdp_drop(struct xdp_md *xdp, struct frame *f)
{
	if (xdp_leaves_drop(f))
		return xdp_hand_off(xdp, f);
	count_rx(f);
	return XDP_DROP;
}

/* What rules want done to the frame itself. False: only TC can: a copy needs an skb, as a mark does. */
PART bool xdp_deeds(struct xdp_md *xdp, struct frame *f)
{
	struct tag tag = {.tpid_be = f->tag.tpid_be, .tci = tag_with_pcp(f->tag.tci, f->deeds.pcp)};

	if (f->deeds.mirror || f->deeds.mark)
		return false;
	if (f->verdict == XBR_VERDICT_DROP)
		return true;
	if (f->deeds.dscp && !remark_xdp(xdp, f->deeds.dscp))
		return false;
	return !f->deeds.pcp || tag_xdp_replace(xdp, tag);
}

HALF int xdp_apply(struct xdp_md *xdp, struct frame *f)
{
	if (feature_on(XBR_FEATURE_acl) && f->deeds_word && !xdp_deeds(xdp, f))
		return xdp_hand_off(xdp, f);
	switch (f->verdict) {
	case XBR_VERDICT_FORWARD:
		return xdp_forward(xdp, f);
	case XBR_VERDICT_FLOOD:
		return xdp_flood(xdp, f);
	case XBR_VERDICT_PUNT: /* the host's packet sockets are to hear it, too */
		return xdp_hand_off(xdp, f);
	default:
		return xdp_drop(xdp, f);
	}
}

/* ---- the punt pair ---- */

/* On the agent's end: to its socket, if it lives. */
STAGE int xdp_to_agent(struct xdp_md *xdp)
{
	const struct xbr_punt *header = (void *)(long)xdp->data;
	int action;

	if ((void *)(header + 1) > (void *)(long)xdp->data_end || header->nonce != settings.nonce)
		return XDP_DROP;
	action = (int)bpf_redirect_map(&punt_sockets, xdp->rx_queue_index, XDP_DROP);
	if (action != XDP_REDIRECT)
		punt_lost(header->port, header->reason);
	return action;
}

/*
 * On the datapath's end: the header comes off here, since TC could not take it off (bpf_skb_adjust_room()
 * refuses where the type is not IP), and goes in front of the frame as metadata, where tc_take_injected()
 * finds it.
 */
STAGE int xdp_inject(struct xdp_md *xdp)
{
	struct xbr_punt *header = (void *)(long)xdp->data;
	struct xbr_punt copy;

	if ((void *)(header + 1) > (void *)(long)xdp->data_end || header->nonce != settings.nonce)
		return XDP_DROP;
	copy = *header;
	if (bpf_xdp_adjust_head(xdp, sizeof(copy)) || bpf_xdp_adjust_meta(xdp, -(int)sizeof(copy)))
		return XDP_DROP;
	header = (void *)(long)xdp->data_meta;
	if ((void *)(header + 1) > (void *)(long)xdp->data)
		return XDP_DROP;
	*header = copy;
	return XDP_PASS;
}

#endif
