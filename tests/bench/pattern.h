/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses the generator writes: shared by its BPF program and the program that drives it. */
#ifndef XBR_BENCH_PATTERN_H
#define XBR_BENCH_PATTERN_H

#include <linux/types.h>

/* Stations 02:SS:00:00:00:00 and on, counted in the last four octets; the first octet is the lowest. */
struct pattern_set {
	__u32 set;  /* SS */
	__u32 mask; /* how many, a power of two, - 1 */
};

struct pattern {
	struct pattern_set src;
	struct pattern_set dst;
	__u32 random; /* 1: source and destination drawn anew for each frame; 0: one after the other */

	/* UDP over IPv4, for rows of access lists; rows_acl.py draws its rules to fit */
	__u32 flow_mask; /* how many flows, a power of two, - 1 */
	__u32 rules;     /* whose networks the flows are in: 10.0.0.1 and on, one in each /24 */
	__u32 port;      /* destination */

	/* S-VIDs from 1 on, for rows of channels; 0: no tag */
	__u32 tags;
	__u32 reserved;
};

/* CLOCK_MONOTONIC; 0: none came. */
struct pattern_times {
	__u64 first_ns;
	__u64 last_ns;
};

#define PATTERN_ODD 0x9e3779b1u /* scatters: a multiplication by it takes no two numbers to one */

/* What sinks know, on each processor. The clock is asked now and then only: it takes as long as a frame. */
struct tally {
	__u64 frames;
	__u64 at_ns; /* CLOCK_MONOTONIC, when the last one came of which the time was taken */
};

#define TALLY_EVERY 64 /* frames, a power of two */

#define PATTERN_BROADCAST 0xff /* as a set: every address is ff:ff:ff:ff:ff:ff */

static inline __attribute__((always_inline)) __u64 pattern_mac(struct pattern_set set, __u32 index)
{
	if (set.set == PATTERN_BROADCAST)
		return 0xffffffffffffull;
	return 0x02 | (__u64)set.set << 8 | (__u64)__builtin_bswap32(index & set.mask) << 16;
}

#endif
