/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meter: named meters: their settings, and the slots of the map `meters` that they are. A name keeps its
 * number as long as it is configured; ports and rules hold numbers. Buckets are the datapath's: neither a
 * restart nor a change of another meter touches them.
 */
#ifndef XBR_MODEL_METER_H
#define XBR_MODEL_METER_H

#include <stdbool.h>
#include <uthash.h>

#include "error.h"
#include "xbr/abi.h"

#define METER_BITS_MIN     1000ull          /* a second */
#define METER_BITS_MAX     1000000000000ull /* a second */
#define METER_PACKETS_MAX  1000000000ull    /* a second */
#define METER_SIZE_MAX     UINT32_MAX       /* octets, or packets */
#define METER_FRAME        1514             /* a bucket holds no less: a frame of the usual MTU */
#define METER_OVERHEAD_MAX 64               /* octets */

/* Octets of a segment on the wire that are not in a frame: FCS, preamble and start, the gap (802.3). */
#define METER_OVERHEAD_WIRE 24

struct meter_settings {
	uint64_t rate[2]; /* bits, or packets, a second: C, and P of two rates */
	uint32_t size[2]; /* of the buckets: C, and E or P */
	uint16_t flags;   /* enum xbr_meter_flags, but HAS_SHARE */
	uint16_t parent;  /* number; 0: none */
	uint8_t overhead;
	uint8_t action[XBR_COLOURS];
};

struct model;

/* A meter that is there. */
struct meter {
	uint16_t number;
	char name[XBR_METER_NAME_LEN];
	struct meter_settings settings;
	UT_hash_handle hh;
};

extern const struct meter_settings meter_settings_default;

/* A sentence where these cannot be. name: for it. */
int meter_settings_check(const char *name, const struct meter_settings *settings, struct xbr_error *error);
bool meter_settings_equal(const struct meter_settings *a, const struct meter_settings *b);

/* What a packet (else an octet) takes of a meter's time, rounded, as struct xbr_meter_config and struct
 * xbr_guard have it. rate: packets (else bits) a second; 0: none, and so is the cost. */
uint64_t meter_cost(uint64_t rate, bool packets);

/* What the map has of settings; the agent's half is filled, too. share: of the parent's rate, and the size of
 * its bucket; 0: none. */
void meter_compile(const char *name, const struct meter_settings *settings, uint64_t share, uint32_t size,
		   struct xbr_meter_config *ret_config);

struct meter *meter_find(const struct model *model, const char *name);
/* By number; NULL: there is none. */
const struct meter *meter_of(const struct model *model, uint32_t number);
/* Made, or changed. 0 or -ENOMEM. */
int meter_put(struct model *model, const char *name, uint16_t number, const struct meter_settings *settings);
void meter_drop(struct model *model, struct meter *meter);

/* To be called when a batch of changes is done: writes them to the map, with the shares that follow. */
void meter_settle(struct model *model);

/* From the map that an earlier agent left. 0 or -ENOMEM. */
int meter_adopt(struct model *model);
void meter_close(struct model *model);

#endif
