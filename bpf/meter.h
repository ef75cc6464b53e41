/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * meter: how much may happen in a time: floods of each kind (storm control), addresses that move to a port,
 * and the octets or packets of a named meter (police.h). A bucket is one word, the time at which it is full
 * again: what is taken moves it on by its cost, and how far it is ahead of the clock is what is missing (the
 * virtual scheduling algorithm of ITU-T I.371). The word is shared by all processors and changed by
 * compare-and-swap, so that the rate holds whichever of them a frame comes by. Only here is the exact clock
 * read.
 */
#ifndef XBR_METER_H
#define XBR_METER_H

#include "frame.h"

/*
 * 20 ms: what may come at once after a silence. A sender that shares its processor with others is stopped for
 * 10 to 20 ms at a time; what it could not send then is not lost to it, and a second holds 2 % too much at
 * most.
 */
#define METER_SLACK (20000000ull << XBR_METER_SHIFT)
#define METER_TRIES 8

/*
 * Takes `cost` of the bucket if `need` is in it: 0 if not, else the time at which it is full again. burst:
 * how much it holds. Where others keep coming first, it is let in and paid for all the same.
 */
STAGE __u64 meter_take(__u64 *until, __u64 cost, __u64 need, __u64 burst, __u64 now)
{
	for (int i = 0; i < METER_TRIES; i++) {
		__u64 paid = *(volatile __u64 *)until;
		__u64 start = paid > now ? paid : now;

		if (start - now + need > burst)
			return 0;
		if (__sync_val_compare_and_swap(until, paid, start + cost) == paid)
			return start + cost;
	}
	return __sync_fetch_and_add(until, cost) + cost;
}

/* Takes cost whatever is in the bucket, which was full at `floor` at the earliest. */
STAGE void meter_pay(__u64 *until, __u64 cost, __u64 floor)
{
	for (int i = 0; i < METER_TRIES; i++) {
		__u64 paid = *(volatile __u64 *)until;
		__u64 start = paid > floor ? paid : floor;

		if (__sync_val_compare_and_swap(until, paid, start + cost) == paid)
			return;
	}
	__sync_fetch_and_add(until, cost);
}

STAGE __u64 meter_now(void)
{
	return clock_ns() << XBR_METER_SHIFT;
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
	return !cost || meter_take(&live->until[which], cost, 0, METER_SLACK, meter_now()) != 0;
}

#endif
