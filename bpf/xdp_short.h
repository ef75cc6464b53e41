/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * xdp_short: the short way. Nearly every frame is unicast between two stations that are known, and whose
 * source was noted in this epoch already. It needs no `struct frame`, no reason but one, and no second look
 * at anything; here is what is left of the pipeline then, in the order in which processors wait least: the
 * buckets of both addresses are asked for first, and what is asked for meanwhile depends on neither.
 *
 * It says XBR_VERDICT_FORWARD and nothing else. Whatever is not quite so (a source to be learned or
 * refreshed, a flood, a drop, a tag cut short, a port that is not simply forwarding, an address in its second
 * bucket) goes the whole way, from the beginning, as if nobody had looked; so no rule stands here that is not
 * there, and one that is forgotten here is found by tests/bpf/test_agreement.c, whose frames go both ways.
 * Features need more, so this is of the plain object alone (docs/decisions/018-the-short-way.md).
 */
#ifndef XBR_XDP_SHORT_H
#define XBR_XDP_SHORT_H

#include "xdp.h"

#ifdef XBR_PLAIN

/* A frame on the short way: a frame of a known port between two known addresses. */
struct short_frame {
	__u32 in, out; /* port numbers */
	__u32 len;
	__u32 fid;
};

STAGE __u32 short_data(struct xbr_fdb_bucket *first, __u64 key)
{
	const __u32 *data = fdb_bucket_find(first, key);

	return data ? *data : 0;
}

/* Does the destination's entry hold, and is its port the bridge's? As lookup.h and edge.h have it. */
STAGE bool short_leaves(const struct xbr_port *in, const struct xbr_port *out,
			const struct xbr_bridge *bridge, __u32 data, __u32 epoch)
{
	if (!out || out->bridge != in->bridge || out->state != XBR_STATE_FORWARDING)
		return false;
	return out->flags & XBR_PORT_XDP_OUT && fdb_data_kind(data) == XBR_FDB_DYNAMIC &&
	       fdb_data_generation(data) == out->generation && fdb_is_fresh(data, bridge, epoch);
}

/* False: the frame goes the whole way. data: the two addresses' entries. */
STAGE bool short_decide(struct short_frame *f, __u32 src_data, __u32 dst_data)
{
	const struct xbr_port *in = port_get(f->in), *out;
	const struct xbr_bridge *bridge;
	__u32 epoch;

	if (!in || in->state != XBR_STATE_FORWARDING)
		return false;
	bridge = bridge_get(in->bridge);
	if (!bridge)
		return false;
	epoch = fdb_epoch(bridge);
	if (bridge->fid != f->fid || src_data != fdb_data(f->in, in->generation, XBR_FDB_DYNAMIC, epoch))
		return false;
	f->out = fdb_data_port(dst_data);
	out = port_get(f->out);
	return short_leaves(in, out, bridge, dst_data, epoch) && f->out != f->in &&
	       xdp_fits(f->len, out->mtu);
}

/* As count_rx() and count_tx(); false: there are no counters. */
STAGE bool short_count(const struct short_frame *f)
{
	struct xbr_counters *rx = counters_get(f->in), *tx = counters_get(f->out);

	if (!rx || !tx)
		return false;
	rx->rx_frames++;
	rx->rx_bytes += f->len;
	rx->reason[XBR_REASON_unicast]++;
	tx->tx_frames++;
	tx->tx_bytes += f->len;
	return true;
}

STAGE void short_trace(const struct short_frame *f)
{
	const struct frame whole = {.in = f->in,
				    .out = f->out,
				    .fid = f->fid,
				    .verdict = XBR_VERDICT_FORWARD,
				    .reason = XBR_REASON_unicast};

	trace_frame(&whole);
}

/* XDP_ABORTED: the frame goes the whole way; what is known of it by then is in `whole`. */
STAGE int xdp_short(struct xdp_md *xdp, struct frame *whole)
{
	void *data = (void *)(long)xdp->data;
	struct xbr_fdb_bucket *src_first, *dst_first;
	__u64 device, dst, src;
	struct short_frame f;

	if (data + PARSE_LEN > (void *)(long)xdp->data_end)
		return XDP_ABORTED;
	dst = mac_load(data);
	src = mac_load(data + 6);
	if ((dst | src) & MAC_GROUP_BIT)
		return XDP_ABORTED;
	device = port_of_ifindex(xdp->ingress_ifindex);
	f.in = (__u32)device;
	f.fid = XBR_DEVICE_FID(device);
	dst = fdb_key(dst, f.fid);
	src = fdb_key(src, f.fid);
	src_first = fdb_bucket(fdb_first(fdb_hash(src, settings.fdb_seed), settings.fdb_mask));
	dst_first = fdb_bucket(fdb_first(fdb_hash(dst, settings.fdb_seed), settings.fdb_mask));
	if (!src_first || !dst_first)
		return XDP_ABORTED;
	fdb_touch(dst_first);
	f.len = (__u32)bpf_xdp_get_buff_len(xdp);
	whole->in = f.in;
	whole->len = f.len;
	if (!short_decide(&f, short_data(src_first, src), short_data(dst_first, dst)) || !short_count(&f))
		return XDP_ABORTED;
	if (settings.trace)
		short_trace(&f);
	return XDP_REDIRECT_BY(&xdp_ports, f.out, XDP_DROP, 3);
}

#else

STAGE int xdp_short(struct xdp_md *xdp, struct frame *whole)
{
	(void)xdp, (void)whole;
	return XDP_ABORTED;
}

#endif

#endif
