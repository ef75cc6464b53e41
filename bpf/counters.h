/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * counters: per CPU, so that counting is a plain addition. A frame is counted once, by the hook that ends its
 * way: rx and the reason on the ingress port, tx on each port it was handed to.
 */
#ifndef XBR_COUNTERS_H
#define XBR_COUNTERS_H

#include "frame.h"

/* A reason counted beside a frame's own (class NOTE). */
STAGE void count_note(__u32 port, enum xbr_reason reason)
{
	struct xbr_counters *c = counters_get(port);

	if (c)
		c->reason[reason]++;
}

STAGE void count_tx(__u32 port, __u32 len)
{
	struct xbr_counters *c = counters_get(port);

	if (c) {
		c->tx_frames++;
		c->tx_bytes += len;
	}
}

STAGE void count_rx(const struct frame *f)
{
	struct xbr_counters *c = counters_get(f->in);
	__u32 reason = f->reason;

	if (!c)
		return;
	c->rx_frames++;
	c->rx_bytes += f->len;
	if (reason < XBR_REASON_COUNT)
		c->reason[reason]++;
}

#endif
