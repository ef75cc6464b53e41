/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * watch: what learning notes for somebody to look at: addresses that move from port to port, and the bridge's
 * own addresses seen from outside, which is a loop or a forgery. The last of each is in `guard_live`, by the
 * port it came in by. Both are rare, or ought to be: moves can be damped.
 */
#ifndef XBR_WATCH_H
#define XBR_WATCH_H

#include "meter.h"

GLOBAL int watch_move(__u32 port, __u32 from, __u64 key)
{
	struct xbr_guard_live *live = guard_live_get(port);

	if (!live)
		return 0;
	live->moved_from = from;
	live->moved_key = key;
	live->moved_at_ns = clock_boot_now();
	__sync_fetch_and_add(&live->moves, 1);
	return 0;
}

GLOBAL int watch_own(__u32 port, __u32 own, __u64 key)
{
	struct xbr_guard_live *live = guard_live_get(port);

	if (!live)
		return 0;
	live->own_port = own;
	live->own_key = key;
	live->own_at_ns = clock_boot_now();
	__sync_fetch_and_add(&live->own_seen, 1);
	return 0;
}

/* May one more address move to this port now? */
STAGE bool watch_admits_move(const struct frame *f, const struct xbr_port *port)
{
	return !feature_on(XBR_FEATURE_guard) || !(port->guard & XBR_GUARD_MOVES) ||
	       meter_admits(f->in, XBR_METER_MOVES, 1);
}

#endif
