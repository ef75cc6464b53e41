/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * counters: per CPU, so that counting is a plain addition. A frame is counted once, by the hook that ends its
 * way: rx and the reason on the ingress port, tx on each port it was handed to.
 */
#ifndef XBR_COUNTERS_H
#define XBR_COUNTERS_H

#include "frame.h"

/*
 * Where a frame's reason is not a constant its counter is found in a function of its own: the verifier is to
 * know nothing of `reason` on any path, for a place that is known on one path and unknown on another needs
 * CAP_PERFMON.
 */
GLOBAL int count_frame(__u32 port, __u32 len, __u32 reason)
{
	struct xbr_counters *c = counters_get(port);

	if (!c)
		return 0;
	c->rx_frames++;
	c->rx_bytes += len;
	c->reason[reason & (XBR_REASON_ROOM - 1)]++;
	return 0;
}

/* The counters of the frame's VLAN on a port, or NULL: they are not asked for. */
STAGE struct xbr_vlan_stats *count_vlan(const struct frame *f, __u32 port)
{
	struct xbr_vlan_stats_key key = {.port = (__u16)port, .vid = f->tci & TCI_VID_MASK};

	if (!feature_on(XBR_FEATURE_vlan) || !f->tci || !f->vlan_stats)
		return NULL;
	return vlan_stats_get(&key);
}

STAGE void count_vlan_in(struct xbr_vlan_stats *stats, __u32 len)
{
	if (!stats)
		return;
	stats->rx_frames++;
	stats->rx_bytes += len;
}

STAGE void count_vlan_out(struct xbr_vlan_stats *stats, __u32 len)
{
	if (!stats)
		return;
	stats->tx_frames++;
	stats->tx_bytes += len;
}

/* A reason counted beside a frame's own (class NOTE): a constant. */
STAGE void count_note(__u32 port, const enum xbr_reason reason)
{
	struct xbr_counters *c = counters_get(port);

	if (!c)
		return;
	PIN_PATH(c, reason);
	c->reason[reason]++;
}

/* The most frequent end, without the call (each costs more than the counting). */
STAGE void count_rx_unicast(const struct frame *f)
{
	struct xbr_counters *c = counters_get(f->in);

	if (!c)
		return;
	c->rx_frames++;
	c->rx_bytes += f->len;
	c->reason[XBR_REASON_unicast]++;
}

/* The same without a frame, for the short way. */
GLOBAL int count_vlan_rx(__u32 port, __u32 tci, __u32 len)
{
	const struct frame f = {.tci = (__u16)tci, .vlan_stats = true};

	count_vlan_in(count_vlan(&f, port), len);
	return 0;
}

GLOBAL int count_vlan_tx(__u32 port, __u32 tci, __u32 len)
{
	const struct frame f = {.tci = (__u16)tci, .vlan_stats = true};

	count_vlan_out(count_vlan(&f, port), len);
	return 0;
}

/* The frame's end. */
STAGE void count_rx(const struct frame *f)
{
	struct xbr_vlan_stats *stats = count_vlan(f, f->in);

	if (f->reason == XBR_REASON_unicast)
		count_rx_unicast(f);
	else
		count_frame(f->in, f->len, f->reason);
	count_vlan_in(stats, f->len);
}

/* len: octets of the copy as it leaves. */
STAGE void count_tx(const struct frame *f, __u32 port, __u32 len)
{
	struct xbr_vlan_stats *stats = count_vlan(f, port);
	struct xbr_counters *c = counters_get(port);

	if (c) {
		c->tx_frames++;
		c->tx_bytes += len;
	}
	count_vlan_out(stats, len);
}

#endif
