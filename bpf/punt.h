/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * punt: is it a control frame that a protocol of the agent asked for? Asked before the port's state is
 * judged: a discarding port receives BPDUs (802.1Q, 8.6.1). What nobody asked for goes on, and ends as
 * lookup.h has it. A bucket for each port and reason bounds what the agent gets: who floods control frames
 * loses his own, and nobody else's. Frames over it end here, in XDP already where there is XDP.
 *
 * A bucket is one 64-bit time, the one at which it would be full again (the generic cell rate algorithm): an
 * accepted frame moves it on by one compare-and-swap, a policed frame only reads it.
 */
#ifndef XBR_BPF_PUNT_H
#define XBR_BPF_PUNT_H

#include "counters.h"

#define PUNT_TRIES 4 /* of a compare-and-swap that other CPUs, with frames of the same port, are at */

GLOBAL int punt_admit(__u32 port, __u32 reason)
{
	const struct xbr_punt_limit *limit = punt_limit_get(reason & (XBR_PUNT_ROOM - 1));
	__u64 *bucket = punt_bucket_get(port, reason & (XBR_PUNT_ROOM - 1));
	__u64 now, full, start;

	if (!limit || !bucket)
		return false;
	if (!limit->interval_ns)
		return true;
	now = clock_ns();
	for (int i = 0; i < PUNT_TRIES; i++) {
		full = *(volatile __u64 *)bucket;
		start = full > now ? full : now;
		if (start - now > limit->burst_ns)
			return false;
		if (__sync_val_compare_and_swap(bucket, full, start + limit->interval_ns) == full)
			return true;
	}
	return false;
}

/* A function for each count: were the place in the counts chosen by what happened, the verifier would ask for
 * CAP_PERFMON (decision 013). */
#define PUNT_COUNT(what)                                                                                     \
	GLOBAL int punt_count_##what(__u32 port, __u32 reason)                                               \
	{                                                                                                    \
		struct xbr_punt_counts *counts = punt_counts_get(port, reason & (XBR_PUNT_ROOM - 1));        \
                                                                                                             \
		if (counts)                                                                                  \
			counts->what++;                                                                      \
		return 0;                                                                                    \
	}
PUNT_COUNT(accepted)
PUNT_COUNT(policed)
PUNT_COUNT(lost)
PUNT_COUNT(sent)

STAGE void punt_lost(__u32 port, __u32 reason)
{
	punt_count_lost(port, reason);
	count_note(port, XBR_REASON_punt_lost);
}

/* The host's own control frames are sent, not received; a super-frame is no control frame. */
STAGE bool punt_is_wanted(const struct frame *f, const struct xbr_port *port, const struct xbr_bridge *bridge,
			  __u32 reason)
{
	return (bridge->punt | port->punt) >> reason & 1 && !f->injected && !f->gso_size &&
	       !(port->flags & XBR_PORT_LOCAL) && port->state != XBR_STATE_DISABLED;
}

/* False: the frame's way has ended. */
STAGE bool punt(struct frame *f, const struct xbr_port *port, const struct xbr_bridge *bridge)
{
	__u32 reason;

	if (!feature_on(XBR_FEATURE_punt) || !mac_is_reserved(f->dst))
		return true;
	reason = mac_reserved_index(f->dst);
	if (!punt_is_wanted(f, port, bridge, reason))
		return true;
	if (!punt_admit(f->in, reason)) {
		punt_count_policed(f->in, reason);
		return frame_drop(f, XBR_REASON_punt_policed);
	}
	punt_count_accepted(f->in, reason);
	f->out = reason;
	return frame_end(f, XBR_VERDICT_PUNT, XBR_REASON_punted);
}

#endif
