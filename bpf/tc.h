/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * tc: the complete datapath. It can do everything: super-frames, partial checksums, tags in metadata, floods
 * to any device, the host. Runs on the ingress of every port and on the egress of the bridge device (frames
 * of the host). What XDP already decided it only applies.
 */
#ifndef XBR_TC_H
#define XBR_TC_H

#include <linux/pkt_cls.h>

#include "pipeline.h"
#include "tag_tc.h"
#include "tc_encap.h"

/* ---- parse ---- */

STAGE __u32 tc_wire_len(const struct __sk_buff *skb)
{
	return skb->len + (skb->vlan_present ? VLAN_TAG_LEN : 0);
}

/* Makes the octets that parse looks at directly readable. */
STAGE void tc_pull(struct __sk_buff *skb)
{
	if ((void *)(long)skb->data + PARSE_LEN > (void *)(long)skb->data_end)
		bpf_skb_pull_data(skb, skb->len < PARSE_LEN ? skb->len : PARSE_LEN);
}

/* Is what TC is shown a frame from its first octet on, going by the type that the kernel found there? */
STAGE bool tc_shows_header(const struct __sk_buff *skb)
{
	const void *data = (void *)(long)skb->data;

	return data + ETH_HEADER_LEN <= (void *)(long)skb->data_end &&
	       load_u16(data + ETH_TYPE_OFFSET) == (__u16)skb->protocol;
}

/*
 * Where a generic XDP program, ours or another's, needed more headroom than the frame had, the kernel
 * (since 6.9) copies the skb and forgets its mac_len: TC is shown what follows the Ethernet header. This puts
 * the header back in front; what XDP left for us is lost then, and we decide anew.
 */
STAGE void tc_restore_header(struct __sk_buff *skb)
{
	__u8 header[ETH_HEADER_LEN], shown[ETH_HEADER_LEN] = {};

	if (bpf_skb_load_bytes_relative(skb, 0, header, sizeof(header), BPF_HDR_START_MAC))
		return;
	bpf_skb_load_bytes(skb, 0, shown, sizeof(shown));
	if (!__builtin_memcmp(header, shown, sizeof(header)))
		return;
	if (!bpf_skb_change_head(skb, sizeof(header), 0))
		bpf_skb_store_bytes(skb, 0, header, sizeof(header), 0);
}

STAGE void tc_context(struct frame *f, struct __sk_buff *skb)
{
	__u64 device;

	tc_pull(skb);
	if (!tc_shows_header(skb))
		tc_restore_header(skb);
	device = port_of_ifindex(skb->ifindex);
	f->in = (__u32)device;
	f->len = tc_wire_len(skb);
	f->gso_size = skb->gso_size;
	if (feature_on(XBR_FEATURE_encap) && XBR_DEVICE_ENCAP(device))
		encap_take(f, tc_encap_find(skb, XBR_DEVICE_ENCAP(device)));
}

/* The frame is the guest's own from here on. */
STAGE void tc_strip(struct frame *f, struct __sk_buff *skb)
{
	if (!feature_on(XBR_FEATURE_encap) || !f->channel_octets)
		return;
	if (tc_encap_strip(skb, f->channel_octets))
		f->channel_refused = XBR_REASON_channel_failed;
	f->channel_octets = 0;
}

/* With a tag in metadata the kernel has judged the outermost one: what is in the bytes is payload. */
STAGE bool tc_parse(struct frame *f, const struct __sk_buff *skb)
{
	const void *data = (void *)(long)skb->data, *data_end = (void *)(long)skb->data_end;

	if (!skb->vlan_present)
		return parse(f, data, data_end);
	f->tag = tag_tc_metadata(skb);
	return parse_header(f, data, data_end);
}

HALF void tc_decide(struct frame *f, struct __sk_buff *skb)
{
	const struct octets octets = OCTETS_TC(skb);

	tc_strip(f, skb);
	tc_pull(skb);
	if (tc_parse(f, skb))
		pipeline(f, &octets);
}

HALF void tc_police_metered(struct frame *f, struct __sk_buff *skb)
{
	const struct octets octets = OCTETS_TC(skb);

	police(f, &octets);
}

STAGE void tc_police(struct frame *f, struct __sk_buff *skb)
{
	if (feature_on(XBR_FEATURE_qos))
		tc_police_metered(f, skb);
	trace_frame(f);
}

/* XDP took a super-frame for one long frame: the decision but for its length was to forward it. */
STAGE void tc_judge_length(struct frame *f)
{
	const struct xbr_port *out = port_get(f->out);
	struct tag_edit edit;

	if (f->reason != XBR_REASON_egress_mtu || !out)
		return;
	vlan_edit(f, out, f->out, &edit);
	if (!edge_fits(f, out, tag_edit_len(&edit, f->len)))
		return;
	f->verdict = XBR_VERDICT_FORWARD;
	if (f->out == f->in)
		f->reason = XBR_REASON_reflected;
	else
		f->reason = out->flags & XBR_PORT_LOCAL ? XBR_REASON_local : XBR_REASON_unicast;
}

/*
 * XDP has classified the frame; where the tag lies now is for TC to see. False: it is cut off, or the bridge
 * is gone.
 */
STAGE bool tc_take_vlan(struct frame *f, struct __sk_buff *skb, const struct xbr_port *port, __u16 tci)
{
	const struct xbr_bridge *bridge = bridge_get(port->bridge);

	tc_pull(skb);
	if (!bridge || !tc_parse(f, skb))
		return false;
	vlan_context(f, bridge);
	f->vlan_tag = f->tag.tpid_be == f->vlan_tpid_be && !(port->flags & XBR_PORT_TUNNEL);
	f->tci = tci;
	mst_context(f, bridge);
	return true;
}

/* Takes over what XDP decided about this frame. The nonce is wiped: no guest is to see it. */
STAGE bool tc_take_handoff(struct frame *f, struct __sk_buff *skb)
{
	struct xbr_handoff *h = (void *)(long)skb->data_meta;
	const struct xbr_port *port;
	__u16 tci;

	if ((void *)(h + 1) > (void *)(long)skb->data || h->nonce != settings.nonce || h->in != f->in)
		return false;
	port = port_get(f->in);
	if (!port || !(port->flags & XBR_PORT_XDP_IN) ||
	    (feature_on(XBR_FEATURE_encap) && f->channel_refused))
		return false;
	f->out = h->out;
	f->verdict = h->verdict;
	f->reason = h->reason;
	f->fid = h->fid;
	f->origin = h->origin;
	tci = h->tci;
	f->deeds = h->deeds;
	f->state = h->state;
	f->priority = h->priority;
	h->nonce = 0;
	tc_strip(f, skb);
	if (feature_on(XBR_FEATURE_encap) && f->channel_refused)
		return false;
	if (feature_on(XBR_FEATURE_vlan) && tci && !tc_take_vlan(f, skb, port, tci))
		return false;
	tc_judge_length(f);
	if (modes_in_play(port) || acl_wanted(port)) /* lists are asked for each copy */
		tc_parse(f, skb);
	return true;
}

/* ---- apply ---- */

/* Across to the peer's namespace without a second trip through the stack, where the hook allows it. */
STAGE int tc_send(const struct xbr_port *out, bool at_ingress)
{
	if (out->flags & XBR_PORT_LOCAL)
		return (int)bpf_redirect(out->ifindex, BPF_F_INGRESS);
	if (at_ingress && out->flags & XBR_PORT_PEER_NETNS)
		return (int)bpf_redirect_peer(out->ifindex, 0);
	return (int)bpf_redirect(out->ifindex, 0);
}

/* The frame without the tag of the channel that the last copy left by. */
STAGE bool tc_undress(struct __sk_buff *skb, struct frame *f)
{
	__u32 worn = f->channel_worn;

	if (!feature_on(XBR_FEATURE_encap) || !worn)
		return true;
	f->channel_worn = 0;
	return !tc_encap_strip(skb, worn);
}

/* Another channel's tag: written over the former where that is of the same kind, as a flood's mostly is. */
static __noinline bool tc_dress_as(struct __sk_buff *skb, struct frame *f, __u32 number, __u32 octets)
{
	int worn;

	if (f->channel_worn != octets || octets == STAG_OCTETS) {
		if (!tc_undress(skb, f))
			return false;
		f->channel_pcp = (__u8)tc_encap_pcp(skb, vlan_is_aware(f) ? f->tci : 0);
		if (octets > STAG_OCTETS && tc_encap_room(skb, octets))
			return false;
	}
	worn = tc_encap_write(skb, f->in, number, f->channel_pcp);
	f->channel_worn = (__u8)worn;
	return worn >= 0;
}

/* The class of the device's htb that a shaped channel is (agent/model/shape.h); that of another one is left
 * behind. */
STAGE void tc_class(struct __sk_buff *skb, const struct xbr_port *out, __u32 number)
{
	if (out->flags & XBR_PORT_SHAPED)
		skb->priority = XBR_SHAPE_HANDLE << XBR_SHAPE_SHIFT | number;
	else if (skb->priority >> XBR_SHAPE_SHIFT == XBR_SHAPE_HANDLE)
		skb->priority = 0;
}

/* The frame with the tag of the channel that `out` is, if it is one, and no other. */
STAGE bool tc_dress(struct __sk_buff *skb, struct frame *f, const struct xbr_port *out, __u32 number)
{
	if (!feature_on(XBR_FEATURE_encap))
		return true;
	tc_class(skb, out, number);
	if (!out->encap && !f->channel_worn)
		return true;
	return tc_dress_as(skb, f, number, encap_octets_out(out));
}

/* The code point that the port has for the frame's priority, or that which it came with. */
GLOBAL int tc_remark(struct __sk_buff *skb, struct frame *f, __u32 number)
{
	const struct octets octets = OCTETS_TC(skb);
	const struct xbr_port *out = f ? port_get(number) : NULL;
	__u32 dscp = out ? qos_dscp_out(f, out, number) : 0;

	if (!dscp)
		return true;
	if (!f->dscp)
		f->dscp = (__u8)remark_read(&octets);
	return remark_frame(&octets, dscp);
}

/* Which of the device's queues its priority goes by. */
STAGE void tc_queue(struct __sk_buff *skb, const struct frame *f, const struct xbr_port *out, __u32 number)
{
	const struct xbr_qos_maps *qos = out->qos & XBR_QOS_QUEUES ? qos_maps_get(number) : NULL;

	if (qos)
		skb->queue_mapping = qos->prio_queue[f->priority & (XBR_PRIORITIES - 1)];
}

/* What the port wants done by the frame's priority. False: the kernel could not. */
STAGE bool tc_mark(struct __sk_buff *skb, struct frame *f, const struct xbr_port *out, __u32 number)
{
	if (!feature_on(XBR_FEATURE_qos))
		return true;
	tc_queue(skb, f, out, number);
	return !(out->qos & XBR_QOS_DSCP || f->dscp) || tc_remark(skb, f, number);
}

/* Makes the frame what it is to be when it leaves by this port. False: the kernel could not. */
STAGE bool tc_edit_for(struct __sk_buff *skb, struct frame *f, const struct xbr_port *out, __u32 number)
{
	struct tag_edit edit;

	if (!tc_mark(skb, f, out, number))
		return false;
	vlan_edit(f, out, number, &edit);
	if (!tag_edit_is_empty(&edit)) {
		if (!tc_undress(skb, f) || !tag_tc_edit(skb, &edit))
			return false;
		vlan_edited(f, &edit);
	}
	return tc_dress(skb, f, out, number);
}

/* The frame itself leaves; it has been counted as come in. */
STAGE int tc_leave(struct __sk_buff *skb, struct frame *f, const struct xbr_port *out, __u32 number,
		   bool at_ingress)
{
	if (!tc_edit_for(skb, f, out, number)) {
		count_note(number, XBR_REASON_copy_failed);
		return TC_ACT_SHOT;
	}
	count_tx(f, number, f->len);
	return tc_send(out, at_ingress);
}

/* ---- what rules want done ---- */

STAGE bool tc_clone_to(struct __sk_buff *skb, const struct xbr_port *out)
{
	return bpf_clone_redirect(skb, out->ifindex, out->flags & XBR_PORT_LOCAL ? BPF_F_INGRESS : 0) == 0;
}

/* A copy of the frame as it is. */
PART void tc_mirror(struct __sk_buff *skb, struct frame *f)
{
	__u32 number = f->deeds.mirror;
	const struct xbr_port *to = port_get(number);

	if (!to || !to->ifindex)
		return;
	if (tc_dress(skb, f, to, number) && tc_clone_to(skb, to)) {
		count_tx(f, number, f->len);
		count_note(number, XBR_REASON_acl_mirror);
	} else {
		count_note(number, XBR_REASON_copy_failed);
	}
	tc_undress(skb, f);
}

/* Its own tag, with another priority. */
STAGE void tc_set_pcp(struct __sk_buff *skb, const struct frame *f)
{
	struct tag_edit edit = {.pop = true, .push.tpid_be = f->tag.tpid_be};

	edit.push.tci = tag_with_pcp(f->tag.tci, f->deeds.pcp);
	if (f->tag.tpid_be)
		tag_tc_edit(skb, &edit);
}

PART void tc_deeds(struct __sk_buff *skb, struct frame *f)
{
	if (f->deeds.mirror)
		tc_mirror(skb, f);
	if (f->verdict == XBR_VERDICT_DROP)
		return;
	if (f->deeds.mark)
		skb->mark = f->deeds.mark;
	if (f->deeds.pcp)
		tc_set_pcp(skb, f);
	if (f->deeds.dscp)
		remark_tc(skb, f->deeds.dscp);
}

/* ---- floods ---- */

/* One copy on its way while the loop looks for the next receiver; the last one takes the frame itself. */
struct tc_flood {
	struct __sk_buff *skb;
	struct frame *f;
	void *list;
	__u32 pending; /* a port that is to have a copy, not yet sent */
};

/* A function of its own for its stack, as learn_event_send() is. */
static __noinline void tc_flood_clone(struct tc_flood *flood, __u32 number)
{
	const struct xbr_port *out = port_get(number);

	if (!out)
		return;
	if (tc_edit_for(flood->skb, flood->f, out, number) && tc_clone_to(flood->skb, out))
		count_tx(flood->f, number, flood->f->len);
	else
		count_note(number, XBR_REASON_copy_failed);
}

/* Looked at for each copy anew: the copy before may have come by here again on this processor, by another
 * bridge. */
STAGE bool tc_flood_allowed(struct tc_flood *flood, const struct xbr_port *in, const struct xbr_port *out,
			    __u32 number)
{
	const struct octets octets = OCTETS_TC(flood->skb);

	if (!acl_is_bound_out(out))
		return true;
	acl_look(flood->f, &octets);
	return acl_out(flood->f, in, out, number);
}

STAGE bool tc_flood_policed(struct tc_flood *flood, const struct xbr_port *out, __u32 number)
{
	const struct octets octets = OCTETS_TC(flood->skb);

	return police_copy(flood->f, out, number, &octets);
}

/* bpf_loop() callback: one member of the list. 1 ends the loop. */
static long tc_flood_member(__u32 index, struct tc_flood *flood)
{
	__u32 *number = bpf_map_lookup_elem(flood->list, &index);
	const struct xbr_port *in = port_get(flood->f->in);
	const struct xbr_port *out;
	struct tag_edit edit;

	if (!number || !in)
		return 1;
	out = port_get(*number);
	if (!out || !edge_delivers(flood->f, in, out, *number))
		return 0;
	vlan_edit(flood->f, out, *number, &edit);
	if (!edge_fits(flood->f, out, tag_edit_len(&edit, flood->f->len))) {
		count_note(*number, XBR_REASON_copy_mtu);
		return 0;
	}
	if (acl_wanted(in) && !tc_flood_allowed(flood, in, out, *number)) {
		count_note(*number, XBR_REASON_copy_acl);
		return 0;
	}
	if (!tc_flood_policed(flood, out, *number)) {
		count_note(*number, XBR_REASON_copy_policed);
		return 0;
	}
	if (flood->pending)
		tc_flood_clone(flood, flood->pending);
	flood->pending = *number;
	return 0;
}

STAGE int tc_flood(struct __sk_buff *skb, struct frame *f, bool at_ingress)
{
	struct tc_flood loop = {.skb = skb, .f = f, .pending = unknown_zero()};
	__u32 list = vlan_flood_list(f), came_with = f->len, leaves_with;
	const struct xbr_port *last;

	loop.list = bpf_map_lookup_elem(&flood, &list);
	if (loop.list)
		bpf_loop(XBR_PORT_LIMIT, tc_flood_member, &loop, 0);
	last = loop.pending ? port_get(loop.pending) : NULL;
	if (!last)
		frame_drop(f, XBR_REASON_no_receiver);
	leaves_with = f->len;
	f->len = came_with;
	count_rx(f);
	if (!last)
		return TC_ACT_SHOT;
	f->len = leaves_with;
	return tc_leave(skb, f, last, loop.pending, at_ingress);
}

STAGE int tc_forward(struct __sk_buff *skb, struct frame *f, bool at_ingress)
{
	const struct xbr_port *out = port_get(f->out);

	count_rx(f);
	if (!out)
		return TC_ACT_SHOT;
	return tc_leave(skb, f, out, f->out, at_ingress);
}

/* ---- the punt path ---- */

/* The header in front, and no more of the frame than the agent's chunks hold. */
STAGE bool tc_punt_push(struct __sk_buff *skb, const struct frame *f)
{
	struct xbr_punt header = {.nonce = settings.nonce,
				  .port = (__u16)f->in,
				  .length = (__u16)skb->len,
				  .reason = (__u8)f->out,
				  .how = XBR_PUNT_RECEIVED};

	if (skb->vlan_present) {
		header.vlan_tci = (__u16)skb->vlan_tci;
		header.vlan_tpid_be = (__u16)skb->vlan_proto;
	}
	if (skb->len > XBR_PUNT_FRAME_MAX && bpf_skb_change_tail(skb, XBR_PUNT_FRAME_MAX, 0))
		return false;
	return !bpf_skb_change_head(skb, sizeof(header), 0) &&
	       !bpf_skb_store_bytes(skb, 0, &header, sizeof(header), 0);
}

/* A super-frame is no control frame: its segments would each get a header that is not theirs. */
STAGE int tc_punt(struct __sk_buff *skb, struct frame *f)
{
	__u32 device = punt_device();

	count_rx(f);
	if (device && !f->gso_size && tc_punt_push(skb, f))
		return (int)bpf_redirect(device, 0);
	punt_lost(f->in, f->out);
	return TC_ACT_SHOT;
}

/*
 * What xdp_inject() left in front of a frame of the agent's, if there is anything, noted in f. True: the
 * frame is to leave by port f->out, and that is all; f->reason is the enum xbr_punt_reason. Else it goes on
 * as if received, by f->in.
 */
STAGE bool tc_take_injected(struct __sk_buff *skb, struct frame *f)
{
	struct xbr_punt *header = (void *)(long)skb->data_meta;

	if ((void *)(header + 1) > (void *)(long)skb->data || header->nonce != settings.nonce)
		return false;
	header->nonce = 0;
	f->out = header->port;
	f->reason = header->reason;
	if (header->how == XBR_PUNT_OUT)
		return true;
	f->in = header->port;
	f->injected = true;
	f->out = f->reason = 0;
	return false;
}

/* Out of a port, past the bridge: the port's state does not matter, nothing is learned. */
STAGE int tc_send_out(struct __sk_buff *skb, struct frame *f)
{
	const struct xbr_port *out = port_get(f->out);

	if (!out || !out->ifindex || !tc_dress(skb, f, out, f->out))
		return TC_ACT_SHOT;
	count_tx(f, f->out, f->len);
	punt_count_sent(f->out, f->reason);
	return tc_send(out, true);
}

/* To queueing disciplines, and to the host. */
STAGE void tc_prioritize(struct __sk_buff *skb, const struct frame *f)
{
	const struct xbr_port *in = port_get(f->in);

	if (in && in->qos & XBR_QOS_TRUST)
		skb->priority = f->priority;
}

HALF int tc_apply(struct __sk_buff *skb, struct frame *f, bool at_ingress)
{
	if (feature_on(XBR_FEATURE_qos))
		tc_prioritize(skb, f);
	if (feature_on(XBR_FEATURE_acl) && f->deeds_word)
		tc_deeds(skb, f);
	switch (f->verdict) {
	case XBR_VERDICT_PUNT:
		return tc_punt(skb, f);
	case XBR_VERDICT_FORWARD:
		return tc_forward(skb, f, at_ingress);
	case XBR_VERDICT_FLOOD:
		return tc_flood(skb, f, at_ingress);
	default:
		count_rx(f);
		return TC_ACT_SHOT;
	}
}

#endif
