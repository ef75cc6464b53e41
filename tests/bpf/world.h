/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small world that changes at random, and random frames in it: two bridges, few addresses (so that they
 * meet), a table small enough to fill up. Everything follows from the state of one generator of random
 * numbers; a change is applied to tables as data, so that several datapaths go through the same history.
 */
#ifndef XBR_WORLD_H
#define XBR_WORLD_H

#include "datapath.h"

#define WORLD_SEED      20240229
#define WORLD_BUCKETS   16
#define WORLD_BRIDGES   3 /* index 0 is unused */
#define WORLD_FRAME_MAX 1600

struct random {
	__u64 state;
};

struct world_frame {
	__u32 in; /* enum lab_port */
	__u32 length;
	__u8 bytes[WORLD_FRAME_MAX];
};

enum world_subject {
	WORLD_FLAGS,
	WORLD_STATE,
	WORLD_MTU,
	WORLD_PORT_LIMIT,
	WORLD_PORT_MASK,
	WORLD_PORT_PUNT,
	WORLD_PORT_BUCKET,
	WORLD_UNUSED_PORT,
	WORLD_MODE,
	WORLD_EDGE,
	WORLD_GUARD,
	WORLD_METER,
	WORLD_FLUSH,
	WORLD_BRIDGE_FLAGS,
	WORLD_BRIDGE_LIMIT,
	WORLD_BRIDGE_MASK,
	WORLD_BRIDGE_PUNT,
	WORLD_AGEING,
	WORLD_AGE_ALL,
	WORLD_PIN,
	WORLD_REMOVE,
	WORLD_FILTERING,
	WORLD_MEMBER,
	WORLD_PVID,
	WORLD_SUBJECTS,
};

struct world_change {
	enum world_subject subject;
	__u32 port;
	__u32 bridge;
	__u32 slot;
	__u32 value; /* random bits */
};

/* The world as it begins, in the tables of a datapath. 0 or -errno. */
int world_prepare(const struct datapath *dp, const struct lab *lab);

/* True, once in some frames: something changes. */
bool world_change_next(struct random *random, struct world_change *ret_change);
void world_change_apply(const struct world_change *change, const struct tables *tables);

void world_frame_next(struct random *random, struct world_frame *ret_frame);

#endif
