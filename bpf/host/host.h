/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * host: the third hook, beside xdp.h and tc.h, for tests and fuzzing. It is the complete datapath as TC is,
 * but sends nothing: it tells who would have got a copy, and what is in it.
 */
#ifndef XBR_HOST_H
#define XBR_HOST_H

#include "target.h"

#include "frame.h"

/* What became of a frame. */
struct host_outcome {
	struct frame frame; /* the decision; reason no_receiver where a flood found nobody */
	__u64 receivers;    /* bit n: port n got one */
};

/* An empty world, and the calling thread's counters at zero. Settings stay. */
void host_reset(void);

/*
 * Sends one frame down the pipeline. data: its octets, of any alignment; ifindex: the device it came in by;
 * gso_size: octets of payload in each segment of a super-frame, 0 for a plain frame.
 */
void host_frame(const void *data, size_t length, __u32 ifindex, __u32 gso_size,
		struct host_outcome *ret_outcome);

/*
 * The octets of the copy that a port among the receivers got of `data`, the frame as it was sent. ret_copy:
 * room for the frame and a tag more. Returns how many there are.
 */
size_t host_copy(const struct host_outcome *outcome, const void *data, __u32 port, void *ret_copy);

#endif
