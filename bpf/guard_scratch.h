/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * guard_scratch: what the guards of one frame share, one for each processor: on the stack, under the frame of
 * the whole pipeline, there is no room for it. It holds from guard() until that returns.
 */
#ifndef XBR_GUARD_SCRATCH_H
#define XBR_GUARD_SCRATCH_H

#include "xbr/abi.h"

struct guard_scratch {
	/* who speaks */
	__u64 mac;
	__u32 port;
	__u32 guards; /* enum xbr_guard_flags */
	__u32 vid;

	/* where what he says is */
	__u32 layer3;  /* LAYER3() */
	__u32 headers; /* HEADERS(), of IPv6 */
	__u32 end;     /* of the IPv6 packet */
	__u64 options; /* walk through those of neighbour discovery */

	struct xbr_allowed_key key;
	__u8 copy[40] __attribute__((aligned(8))); /* octets of the frame */
};

#endif
