/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * police_scratch: what the meters of one frame share, one for each processor: the stack has no room for it.
 * It holds from police_look() until the frame is sent anywhere.
 */
#ifndef XBR_POLICE_SCRATCH_H
#define XBR_POLICE_SCRATCH_H

#include "xbr/abi.h"

struct police_level {
	__u32 meter; /* number */
	__u32 took;  /* a bit for each bucket */
	__u64 cost[XBR_BUCKETS];
	__u64 burst[XBR_BUCKETS];
};

struct police_scratch {
	__u64 now; /* in 1/16 ns */
	__u64 octets;
	__u64 packets;
	__u64 floor;  /* when the bucket in hand was full at the earliest */
	__u32 colour; /* enum xbr_colour: by the meters so far */
	__u32 reserved;
	struct police_level level[XBR_METER_LEVELS + 1]; /* a power of two */
};

#endif
