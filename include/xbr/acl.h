/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Access lists: what a rule may ask of a frame, and the layout of a compiled list. Types, and the arithmetic
 * that BPF and the agent must do alike.
 *
 * A frame is seen as a `struct xbr_flow`: ten words with every field that a rule may name. How far a frame
 * could be parsed is its level (enum xbr_flow_level); fields that a level does not know are zero in it.
 *
 * A list is compiled into one map of its own, its image: an array of cells of 256 octets. Cell 0 is the
 * header; then regions of rules, of counters (one for each processor, and one that only the agent writes),
 * and of everything else: for each level an order of tables, tables, and their slots. Rules are found by
 * tuple space search: a table has a mask; a slot of it is chosen by a hash of the flow under that mask, and
 * holds a chain of rules in the order of the list. A rule stands in one table of each level, one whose mask
 * asks nothing that the rule does not. Every rule of a chain is compared as a whole, so a table may hold
 * rules with more specific masks than its own. Tables are tried in the order of their first rules, as long as
 * one could still have an earlier rule than the one found.
 *
 * The agent changes an image in place so that a reader at any instant meets the list with the change, or
 * without it: a rule is whole before it is linked, links and places are single words, and what was unlinked
 * is used again only after all programs that could see it have ended. `epoch` goes up after each change: it
 * voids what decision caches hold.
 */
#ifndef XBR_ACL_H
#define XBR_ACL_H

#include <linux/types.h>

/* ---- a frame, as rules see it --------------------------------------------------------------------- */

#define XBR_FLOW_WORDS 10

#ifdef __clang__
#define XBR_UNROLL _Pragma("unroll")
#else
#define XBR_UNROLL
#endif

/* One word after the other: were they all loaded before any is made part of `sum`, BPF's stack would hold
 * them. */
#define XBR_ONE_BY_ONE(sum) asm volatile("" : "+r"(sum) : : "memory")

/* Octets of addresses are as on the wire, as are _be; an IPv4 address is the first four octets of its field,
 * zeros behind it. */
struct xbr_flow {
	__u8 dst_mac[6]; /* word 0 */
	__u16 tci;       /* VID and PCP << 13 of the frame: its outermost tag's, or what the bridge gave it */
	__u8 src_mac[6]; /* word 1 */
	__u16 zero1;
	__u16 eth_type_be; /* word 2: behind all tags, LLC and SNAP; XBR_ETH_802_2_BE for LLC without SNAP */
	__u8 proto;        /* of the upper layer, behind extension headers and AH */
	__u8 dscp;
	__u8 frag;  /* enum xbr_flow_frag */
	__u8 is_ip; /* 1: IPv4 or IPv6 */
	__u16 arp_op_be;
	__u8 src_ip[16];   /* words 3, 4: ARP's sender too */
	__u8 dst_ip[16];   /* words 5, 6: ARP's target too */
	__u16 src_port_be; /* word 7 */
	__u16 dst_port_be;
	__u8 tcp_flags;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 state; /* enum xbr_flow_state; 0: it can be of no connection */
	union {     /* words 8, 9 */
		__u8 nd_target[16];
		struct {
			__u8 arp_sha[6];
			__u16 zero2;
			__u8 arp_tha[6];
			__u16 zero3;
		};
	};
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct xbr_flow) == 8 * XBR_FLOW_WORDS, "words");

#define XBR_ETH_802_2_BE 0x0400 /* ETH_P_802_2 in network order */

enum xbr_flow_frag {
	XBR_FRAG_NO = 0,
	XBR_FRAG_FIRST = 2,
	XBR_FRAG_LATER = 3,
	XBR_FRAG_ANY = 2, /* mask and value of "some fragment" */
};

/* What a frame is to the connection table (bpf/conn.h): one of these. */
enum xbr_flow_state {
	XBR_CONN_NEW = 1 << 0,
	XBR_CONN_ESTABLISHED = 1 << 1,
	XBR_CONN_RELATED = 1 << 2,
	XBR_CONN_INVALID = 1 << 3,
	XBR_CONN_STATES = 0xf,
};

/* How far a frame could be parsed. What a level does not know, later ones do not know either. */
enum xbr_flow_level {
	XBR_FLOW_WHOLE, /* as far as any rule can ask */
	XBR_FLOW_NO_L4, /* not ports, TCP flags, ICMP type, ND target, connection: a later fragment, a header
			   cut off */
	XBR_FLOW_NO_PROTO, /* nor the upper layer's number: too many extension headers, a later IPv6 fragment
			    */
	XBR_FLOW_NO_L3,    /* nor anything of IP or ARP: a header that cannot be one */
	XBR_FLOW_NO_TYPE,  /* nor the EtherType: too many tags, cut off in LLC */
	XBR_FLOW_LEVELS,
};

/* Fields that can be turned round each by itself: X(name, first word, last word, bits there) */
/* clang-format off */
#define XBR_FLOW_FIELDS(X) \
	X(DST_MAC,   0, 0, 0x0000ffffffffffffull) \
	X(VID,       0, 0, 0x0fff000000000000ull) \
	X(PCP,       0, 0, 0xe000000000000000ull) \
	X(SRC_MAC,   1, 1, 0x0000ffffffffffffull) \
	X(ETH_TYPE,  2, 2, 0x000000000000ffffull) \
	X(PROTO,     2, 2, 0x0000000000ff0000ull) \
	X(DSCP,      2, 2, 0x00000000ff000000ull) \
	X(FRAG,      2, 2, 0x000000ff00000000ull) \
	X(IS_IP,     2, 2, 0x0000ff0000000000ull) \
	X(ARP_OP,    2, 2, 0xffff000000000000ull) \
	X(SRC_IP,    3, 4, ~0ull) \
	X(DST_IP,    5, 6, ~0ull) \
	X(SRC_PORT,  7, 7, 0x000000000000ffffull) \
	X(DST_PORT,  7, 7, 0x00000000ffff0000ull) \
	X(TCP_FLAGS, 7, 7, 0x000000ff00000000ull) \
	X(ICMP_TYPE, 7, 7, 0x0000ff0000000000ull) \
	X(ICMP_CODE, 7, 7, 0x00ff000000000000ull) \
	X(STATE,     7, 7, 0xff00000000000000ull) \
	X(ND_TARGET, 8, 9, ~0ull) \
	X(ARP_SHA,   8, 8, 0x0000ffffffffffffull) \
	X(ARP_THA,   9, 9, 0x0000ffffffffffffull)
/* clang-format on */

#define XBR_FLOW_TYPE_BITS  0x0000ff000000ffffull /* of word 2: the EtherType, and whether it is IP's */
#define XBR_FLOW_PROTO_BITS 0x0000000000ff0000ull /* the upper layer */

/* Which bits of a word a level knows. */
static inline __attribute__((always_inline, unused)) __u64 xbr_flow_known(__u32 word, __u32 level)
{
	if (word < 2)
		return ~0ull;
	if (word == 2 && level == XBR_FLOW_NO_TYPE)
		return 0;
	if (word == 2 && level == XBR_FLOW_NO_L3)
		return XBR_FLOW_TYPE_BITS;
	if (word == 2 && level == XBR_FLOW_NO_PROTO)
		return ~XBR_FLOW_PROTO_BITS;
	if (word < 7)
		return level < XBR_FLOW_NO_L3 ? ~0ull : 0;
	return level < XBR_FLOW_NO_L4 ? ~0ull : 0;
}

/* ---- rules ------------------------------------------------------------------------------------------ */

#define XBR_ACL_CELL       256
#define XBR_ACL_LIMIT      16384 /* lists, from 1 */
#define XBR_ACL_RULES_MAX  (1u << 20)
#define XBR_ACL_NAME_LEN   32
#define XBR_ACL_TABLES_MAX 64 /* of a level */
#define XBR_ACL_SETS_MAX   1024

/* Fields that a rule wants to differ from its value. */
#define XBR_ACL_NOT_NUMBER(name, first, last, bits) XBR_ACL_NOT_NUMBER_##name,
enum xbr_acl_not_number { XBR_FLOW_FIELDS(XBR_ACL_NOT_NUMBER) XBR_FLOW_FIELD_COUNT };

#define XBR_ACL_NOT(name, first, last, bits) XBR_ACL_NOT_##name = 1 << XBR_ACL_NOT_NUMBER_##name,
enum xbr_acl_not { XBR_FLOW_FIELDS(XBR_ACL_NOT) };

/* Ports by range, also single ones; mask and value have what all ports of the range share. */
enum xbr_acl_asks {
	XBR_ACL_ASKS_SRC_PORT = 1 << 30, /* port_low[0] to port_high[0] */
	XBR_ACL_ASKS_DST_PORT = 1u << 31,
};

enum xbr_acl_set_place {
	XBR_ACL_SET_SRC_IP,
	XBR_ACL_SET_DST_IP,
	XBR_ACL_SET_SRC_PORT,
	XBR_ACL_SET_DST_PORT,
	XBR_ACL_SET_PLACES,
};

enum xbr_acl_do {
	XBR_ACL_DENY = 1 << 0,
	XBR_ACL_LOG = 1 << 1,
	XBR_ACL_REDIRECT = 1 << 2, /* to `port`, whatever the FDB says */
	XBR_ACL_MIRROR = 1 << 3,   /* a copy, as the frame came in, to `mirror` */
	XBR_ACL_POLICE = 1 << 4,   /* held to `meter` */
	XBR_ACL_MARK = 1 << 5,     /* skb->mark is the rule's `mark` */
	XBR_ACL_SET_PCP = 1 << 6,  /* the rule's `pcp` in the tag of its VLAN */
	XBR_ACL_SET_DSCP = 1 << 7, /* the rule's `dscp` */
	XBR_ACL_CHANGES = XBR_ACL_MARK | XBR_ACL_SET_PCP | XBR_ACL_SET_DSCP,
	XBR_ACL_UNPARSED = 1 << 15, /* of a decision: it stands on what could not be parsed */
};

/* One word. */
struct xbr_acl_action {
	__u16 what; /* enum xbr_acl_do */
	__u16 port; /* a number that no port has while there is none of that name; so is `mirror` */
	__u16 mirror;
	__u16 meter; /* number */
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct xbr_acl_action) == 8, "one word");

#define XBR_ACL_UNLINKED (~0u)

/* A cell. value has bits under mask only. A port that is turned round is a range; its mask is empty. */
struct xbr_acl_rule {
	__u64 value[XBR_FLOW_WORDS];
	__u64 mask[XBR_FLOW_WORDS];
	__u32 next[6]; /* by level: the rule after this one in its chain; 0: none; XBR_ACL_UNLINKED: in no
			  chain */
	__u32 mark;    /* what XBR_ACL_CHANGES mean */
	__u8 pcp;
	__u8 dscp;
	__u16 reserved;
	__u16 set[XBR_ACL_SET_PLACES];   /* 0: none */
	__u32 seq;                       /* place in the list, from 1; 0: the cell is free */
	__u16 port_low[2], port_high[2]; /* source, destination; both ends included, host order */
	__u32 flags;                     /* enum xbr_acl_not, enum xbr_acl_asks */
	struct xbr_acl_action action;
	char dev[16];        /* of REDIRECT, by name */
	char mirror_dev[16]; /* of MIRROR */
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct xbr_acl_rule) == XBR_ACL_CELL, "a cell");

/* ---- the image -------------------------------------------------------------------------------------- */

#define XBR_ACL_LAYOUT 2

/* Two halves that are written as one word. */
struct xbr_acl_place {
	__u32 cell; /* from `rest` */
	__u32 size; /* order: tables in it. slots: how many, less one */
} __attribute__((aligned(8)));

struct xbr_acl_header {
	__u64 seed;   /* of xbr_acl_hash() */
	__u32 epoch;  /* never the same again in any image of this number */
	__u32 layout; /* XBR_ACL_LAYOUT */
	__u32 cells;
	__u32 rules;                   /* room: numbers 1 to rules; rule n is cell n */
	__u32 counters;                /* first cell of counters */
	__u32 counters_one;            /* cells of them for each processor */
	__u32 regions;                 /* of counters: processors, and one more */
	__u32 rest;                    /* first cell of orders, tables and slots */
	__u64 reads[XBR_FLOW_WORDS];   /* every bit that a rule reads */
	struct xbr_acl_place order[8]; /* by level */
	char name[XBR_ACL_NAME_LEN];
	__u32 count;     /* rules in it */
	__u32 rest_used; /* cells of `rest` that are taken; the agent's */
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct xbr_acl_header) <= XBR_ACL_CELL, "a cell");

struct xbr_acl_order {
	__u32 table[XBR_ACL_TABLES_MAX]; /* cells from `rest` */
};
_Static_assert(sizeof(struct xbr_acl_order) == XBR_ACL_CELL, "a cell");

struct xbr_acl_table {
	struct xbr_acl_place slots;
	__u32 first; /* no rule in it has a lower seq */
	__u32 count; /* rules in it */
	__u64 mask[XBR_FLOW_WORDS];
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct xbr_acl_table) <= XBR_ACL_CELL, "a cell");

#define XBR_ACL_CELL_SLOTS 32
struct xbr_acl_slot {
	__u32 rule; /* the first of the chain; 0: none */
	__u32 tag;  /* what xbr_acl_tag() says of all rules of the chain; 0: they differ */
} __attribute__((aligned(8)));
struct xbr_acl_slots {
	struct xbr_acl_slot slot[XBR_ACL_CELL_SLOTS];
};
_Static_assert(sizeof(struct xbr_acl_slots) == XBR_ACL_CELL, "a cell");

#define XBR_ACL_CELL_COUNTS 16
struct xbr_acl_count {
	__u64 frames;
	__u64 octets;
};
/* Number 0 counts what no rule matched. */
struct xbr_acl_counts {
	struct xbr_acl_count count[XBR_ACL_CELL_COUNTS];
};
_Static_assert(sizeof(struct xbr_acl_counts) == XBR_ACL_CELL, "a cell");

/* A flow under a mask. Two lanes, so that multiplications overlap. */
static inline __attribute__((always_inline, unused)) __u64 xbr_acl_mix(__u64 lane, __u64 word)
{
	lane = (lane ^ word) * 0x9e3779b97f4a7c15ull; /* 2^64 by the golden ratio */
	return lane ^ lane >> 29;
}

static inline __attribute__((always_inline, unused)) __u64 xbr_acl_hash(const __u64 *flow, const __u64 *mask,
									__u64 seed)
{
	__u64 a = seed, b = ~seed;

	XBR_UNROLL
	for (int i = 0; i + 1 < XBR_FLOW_WORDS; i += 2) {
		a = xbr_acl_mix(a, flow[i] & mask[i]);
		b = xbr_acl_mix(b, flow[i + 1] & mask[i + 1]);
		XBR_ONE_BY_ONE(a);
		XBR_ONE_BY_ONE(b);
	}
	return xbr_acl_mix(a ^ b << 1, b >> 32);
}

/* Never 0. */
static inline __attribute__((always_inline, unused)) __u32 xbr_acl_tag(__u64 hash)
{
	return (__u32)(hash >> 32) | 1;
}

/* ---- decisions that are remembered -------------------------------------------------------------------- */

/* Map `acl_cache`: per-CPU array. A flow has one bucket in the window of its ingress port. */
#define XBR_ACL_CACHE_BUCKETS 4096
#define XBR_ACL_CACHE_WAYS    2

struct xbr_acl_cached {
	__u64 flow[XBR_FLOW_WORDS]; /* under the list's `reads` */
	__u32 list;                 /* list << 8 | level; 0: free */
	__u32 epoch;                /* of the list: another one voids it */
	__u32 rule;                 /* 0: no rule matched */
	__u32 reserved;
	struct xbr_acl_action action;
	__u64 reserved2;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct xbr_acl_cached) == 128, "two cache lines");

struct xbr_acl_bucket {
	struct xbr_acl_cached way[XBR_ACL_CACHE_WAYS];
};

/* ---- sets ------------------------------------------------------------------------------------------- */

enum xbr_acl_set_kind {
	XBR_ACL_SET_NONE,
	XBR_ACL_SET_ADDRESSES,
	XBR_ACL_SET_PORTS,
};

/* Map `acl_sets`: array, mmapable, from 1. The agent's memory. */
struct xbr_acl_set {
	char name[XBR_ACL_NAME_LEN];
	__u8 kind; /* enum xbr_acl_set_kind */
	__u8 reserved[31];
};
_Static_assert(sizeof(struct xbr_acl_set) == 64, "fixed");

/* Map `acl_members`: trie of longest prefixes. prefix counts from `set` on. */
struct xbr_acl_member {
	__u32 prefix;
	__u16 set;
	__u16 family; /* 4, 6; 0: a port, in the first two octets of address */
	__u8 address[16];
} __attribute__((aligned(8)));
#define XBR_ACL_MEMBER_BITS 32 /* of set and family */

/* ---- VLANs ------------------------------------------------------------------------------------------- */

/* Map `acl_vlans`: hash, by bridge << 16 | VID; bridge 0: any. */
struct xbr_acl_bound {
	__u16 in; /* list numbers; 0: none */
	__u16 out;
	__u32 reserved;
};

/* ---- events ------------------------------------------------------------------------------------------- */

/* Ring buffer `events`: a frame that a rule with `log` matched. */
struct xbr_acl_event {
	__u16 list;
	__u16 in; /* port numbers; out: 0 for an ingress list */
	__u16 out;
	__u16 what; /* enum xbr_acl_do */
	__u32 seq;
	__u32 length;
	__u32 level;
	__u32 lost; /* this processor had so many more to tell since its last one */
	struct xbr_flow flow;
};

#endif
