/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The connection table: what rules with `state` go by. It is an image among those of access lists
 * (xbr/acl.h), under the number XBR_CONN_TABLE, made when a list that reads states is first bound: cell 0 is
 * a header, each of the others a bucket of connections. A connection has one of two buckets by the hash of
 * its key, which is the same for both directions. What its data word says is what counts; it is changed by
 * compare-and-swap, by the programs and by the agent. Nobody evicts a connection that lives: one that has
 * ended or timed out gives its place to the next, and each port has its limit.
 */
#ifndef XBR_CONN_H
#define XBR_CONN_H

#include <linux/types.h>

#include "xbr/acl.h"

#define XBR_CONN_TABLE      XBR_ACL_LIMIT /* the image's number: no list's */
#define XBR_CONN_LAYOUT     1
#define XBR_CONN_BUCKETS    32768 /* a power of two */
#define XBR_CONN_WAYS       4
#define XBR_CONN_PORT_LIMIT 4096 /* connections that were begun by frames of one port */

struct xbr_conn_header {
	__u64 seed;
	__u32 layout;
	__u32 mask;  /* buckets, less one */
	__u32 hz;    /* jiffies a second */
	__u32 limit; /* of each port */
};

/* X(name, seconds that it lasts without a frame): RFC 5382, REQ-5; RFC 4787, REQ-5; RFC 5508, REQ-2. */
/* clang-format off */
#define XBR_CONN_PHASES(X) \
	X(free, 0) \
	X(unreplied, 30)       /* UDP, ICMP and others: seen one way */ \
	X(replied, 120)        /* both ways */ \
	X(syn_sent, 30)        /* TCP: a SYN */ \
	X(syn_received, 60)    /* and the other side's */ \
	X(established, 7440)   /* both acknowledged */ \
	X(closing, 240)        /* one side has sent FIN */ \
	X(closed, 60)          /* both have */ \
	X(reset, 10) \
	X(busy, 0)             /* being written */
/* clang-format on */

#define XBR_CONN_PHASE(name, seconds) XBR_CONN_##name,
enum xbr_conn_phase { XBR_CONN_PHASES(XBR_CONN_PHASE) XBR_CONN_PHASE_COUNT };

enum xbr_conn_flags {
	XBR_CONN_BY_HIGH = 1 << 0, /* begun by the endpoint that stands second in the key */
	XBR_CONN_REPLY = 1 << 1,   /* the other one has answered */
	XBR_CONN_FIN_FIRST = 1 << 2,
	XBR_CONN_FIN_REPLY = 1 << 3,
	XBR_CONN_SERIAL = 1 << 4, /* the upper bits count how often the place was taken */
};

/* One word. All zero: free. */
struct xbr_conn_data {
	__u32 seen; /* jiffies, low bits; written once a second at most */
	__u16 port; /* by which it was begun, and for which it counts */
	__u8 phase; /* enum xbr_conn_phase */
	__u8 flags; /* enum xbr_conn_flags */
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct xbr_conn_data) == 8, "one word");

#define XBR_CONN_KEY_WORDS 5
/* Both endpoints, the lower one (by address as words, then port) first; of ICMP queries both ports are the
 * identifier. */
struct xbr_conn_key {
	__u64 low[2];
	__u64 high[2];
	__u16 low_port_be;
	__u16 high_port_be;
	__u32 zone; /* enum xbr_conn_zone */
};
_Static_assert(sizeof(struct xbr_conn_key) == 8 * XBR_CONN_KEY_WORDS, "words");

enum xbr_conn_zone {
	XBR_CONN_IS_IPV6 = 1 << 8,       /* bits 0 to 7 are the protocol */
	XBR_CONN_ASKED_BY_HIGH = 1 << 9, /* of ICMP: who sends the queries */
	XBR_CONN_BRIDGE_SHIFT = 10,
	XBR_CONN_VID_SHIFT = 20,
};

struct xbr_conn_bucket {
	struct xbr_conn_data data[XBR_CONN_WAYS];
	__u32 tag[XBR_CONN_WAYS];
	__u64 reserved[2];
	struct xbr_conn_key key[XBR_CONN_WAYS];
	__u64 reserved2[4];
};
_Static_assert(sizeof(struct xbr_conn_bucket) == XBR_ACL_CELL, "a cell");

static inline __attribute__((always_inline, unused)) __u32 xbr_conn_seconds(__u32 phase)
{
#define XBR_CONN_CASE(name, seconds)                                                                         \
	case XBR_CONN_##name:                                                                                \
		return seconds;
	switch (phase) {
		XBR_CONN_PHASES(XBR_CONN_CASE)
	default:
		return 0;
	}
#undef XBR_CONN_CASE
}

/* Has it timed out at `now`? */
static inline __attribute__((always_inline, unused)) int xbr_conn_over(struct xbr_conn_data data, __u32 now,
								       __u32 hz)
{
	return data.phase == XBR_CONN_free ||
	       (data.phase != XBR_CONN_busy && now - data.seen > xbr_conn_seconds(data.phase) * hz);
}

static inline __attribute__((always_inline, unused)) __u64 xbr_conn_hash(const __u64 *key, __u64 seed)
{
	__u64 a = seed, b = ~seed;

	a = xbr_acl_mix(a, key[0]);
	b = xbr_acl_mix(b, key[1]);
	a = xbr_acl_mix(a, key[2]);
	b = xbr_acl_mix(b, key[3]);
	a = xbr_acl_mix(a, key[4]);
	return xbr_acl_mix(a ^ b << 1, b >> 32);
}

#endif
