/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * meter: what may happen so many times a second on a port: floods of each kind (storm control), addresses
 * that move to it. A meter is one word, the time until which what was let in so far is paid for; what comes
 * while that is further ahead than METER_SLACK is too much (a leaky bucket, as ITU-T I.371 has it). The word
 * is shared by all processors and changed by compare-and-swap, so that the rate holds whichever of them a
 * frame comes by. Only here is the exact clock read.
 */
#ifndef XBR_METER_H
#define XBR_METER_H

#include "frame.h"

#define METER_SLACK (10000000ull << XBR_METER_SHIFT) /* 10 ms: what may come at once after a silence */
#define METER_TRIES 8

/* False: it is too much. Where others keep coming first, it is let in and paid for all the same. */
STAGE bool meter_take(__u64 *until, __u64 cost, __u64 now)
{
	for (int i = 0; i < METER_TRIES; i++) {
		__u64 paid = *(volatile __u64 *)until;
		__u64 start = paid > now ? paid : now;

		if (start - now > METER_SLACK)
			return false;
		if (__sync_val_compare_and_swap(until, paid, start + cost) == paid)
			return true;
	}
	__sync_fetch_and_add(until, cost);
	return true;
}

/* units: frames, octets or addresses, whatever the meter counts. which: enum xbr_meter. */
GLOBAL int meter_admits(__u32 port, __u32 which, __u64 units)
{
	const struct xbr_guard *guard = guard_get(port);
	struct xbr_guard_live *live = guard_live_get(port);
	__u64 cost;

	if (!guard || !live)
		return 1;
	which &= XBR_METERS - 1;
	cost = units * guard->cost[which] >> XBR_COST_SHIFT;
	return !cost || meter_take(&live->until[which], cost, clock_ns() << XBR_METER_SHIFT);
}

#endif
