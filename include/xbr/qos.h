/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Quality of service: the layout of meters, and of what a port has of policers. Types only.
 *
 * A meter's bucket is one word, the time at which it is full again. What a frame takes moves that time on by
 * the frame's octets (or by one, for packets) times `cost`; how far it is ahead of the clock is what is
 * missing in the bucket, and may be `burst` at the most. Times are in 1/16 ns of CLOCK_MONOTONIC, costs in
 * 2^-20 ns (XBR_METER_SHIFT, XBR_COST_SHIFT of abi.h).
 */
#ifndef XBR_QOS_H
#define XBR_QOS_H

#include <linux/types.h>

#define XBR_METER_LIMIT    8192 /* numbers, from 1 */
#define XBR_METER_NAME_LEN 32
#define XBR_METER_LEVELS   3 /* a meter, its parent, and that one's */

/* RFC 2697, RFC 2698. */
enum xbr_colour {
	XBR_GREEN,
	XBR_YELLOW,
	XBR_RED,
	XBR_COLOURS,
	XBR_DROPPED = XBR_COLOURS, /* only where it is counted */
};

enum xbr_meter_flags {
	XBR_METER_PACKETS = 1 << 0, /* rates are of packets; else of octets */
	XBR_METER_AWARE = 1 << 1,  /* a frame keeps the colour that an earlier meter gave it, or gets worse */
	XBR_METER_SR_TCM = 1 << 2, /* single rate three colour: the second bucket is E */
	XBR_METER_TR_TCM = 1 << 3, /* two rate three colour: the second bucket is P */
	XBR_METER_HAS_SHARE = 1 << 4, /* the share is valid */
};

/* What becomes of a frame of a colour. */
#define XBR_METER_PASS 0
#define XBR_METER_DROP 1

/* The buckets of a meter. */
enum xbr_bucket {
	XBR_BUCKET_C,     /* of rate, or cir */
	XBR_BUCKET_E,     /* of ebs, or of pir: P */
	XBR_BUCKET_SHARE, /* what this meter is sure of in its parent */
	XBR_BUCKETS = 4,  /* a power of two */
};

/* Map `meters`: array, mmapable, by number. Two cache lines: the agent's memory in the second. */
struct xbr_meter_config {
	__u64 cost[XBR_BUCKETS];  /* of an octet, or a packet */
	__u64 burst[XBR_BUCKETS]; /* in 1/16 ns */

	char name[XBR_METER_NAME_LEN]; /* empty: the number is free */
	__u64 rate[2];                 /* as set: bits, or packets, a second */
	__u32 size[2];                 /* of the buckets, as set: octets, or packets */
	__u16 parent;                  /* number; 0: none */
	__u16 flags;                   /* enum xbr_meter_flags */
	__u8 overhead;                 /* octets that each packet counts more than it has */
	__u8 action[XBR_COLOURS];      /* XBR_METER_PASS or _DROP */
};
_Static_assert(sizeof(struct xbr_meter_config) == 128, "two cache lines");

/* Map `meter_live`: array, mmapable, by number. Written by BPF; all zero: the buckets are full. */
struct xbr_meter_live {
	__u64 until[XBR_BUCKETS];
	__u64 reserved[4];
};
_Static_assert(sizeof(struct xbr_meter_live) == 64, "its own cache line");

/* Map `meter_counts`: per-CPU array, by number. Packets: a super-frame is as many as its segments. Octets:
 * with the headers of each of them, and `overhead`. */
struct xbr_meter_counts {
	__u64 packets[XBR_COLOURS +
		      1]; /* by colour; behind them those that were dropped, of whatever colour */
	__u64 octets[XBR_COLOURS + 1];
};
_Static_assert(sizeof(struct xbr_meter_counts) == 64, "one cache line");

/* ---- ports ------------------------------------------------------------------------------------------ */

enum xbr_way {
	XBR_WAY_IN,
	XBR_WAY_OUT,
	XBR_WAYS,
};

/* In xbr_port.qos: 0 where nothing of this is of the port. */
enum xbr_qos_flags {
	XBR_QOS_METER_IN = 1 << 0,
	XBR_QOS_METER_OUT = 1 << 1,
	XBR_QOS_CLASS_IN = 1 << 2, /* some class has a meter */
	XBR_QOS_CLASS_OUT = 1 << 3,
	XBR_QOS_TRUST = 1 << 4,  /* enum xbr_trust is not off */
	XBR_QOS_PCP = 1 << 5,    /* prio_pcp has an entry */
	XBR_QOS_DSCP = 1 << 6,   /* prio_dscp has one */
	XBR_QOS_QUEUES = 1 << 7, /* prio_queue has one */
	/* where frames leave: each copy is looked at, by TC */
	XBR_QOS_COPIES = XBR_QOS_METER_OUT | XBR_QOS_CLASS_OUT | XBR_QOS_PCP | XBR_QOS_DSCP | XBR_QOS_QUEUES,
};

/* Of the htb that shapes what leaves by a device (agent/model/shape.h): a port's class is this and its
 * number. */
#define XBR_SHAPE_HANDLE 0x7862u
#define XBR_SHAPE_SHIFT  16

/* What says the priority of a frame that comes in (802.1Q, 6.9). */
enum xbr_trust {
	XBR_TRUST_OFF,  /* its tag does, as it is; nothing of the frame is changed, nor skb->priority */
	XBR_TRUST_NONE, /* nothing: it has that of the port */
	XBR_TRUST_PCP,  /* its tag, by pcp_prio; without one: that of the port */
	XBR_TRUST_DSCP, /* its code point, by dscp_prio; what is not IP: that of the port */
};

#define XBR_PRIORITIES 8
#define XBR_DSCPS      64

/* Entries of maps are more by one than what they mean; 0: there is none. */

/* Map `qos_ports`: array, mmapable, by port number: what frames need of it only where a flag says so. */
struct xbr_qos {
	__u16 meter[XBR_WAYS];
	__u16 class_meter[XBR_WAYS][XBR_PRIORITIES]; /* by priority */
	__u8 trust;                                  /* enum xbr_trust */
	__u8 priority;                               /* of frames that say none */
	__u16 reserved;
	__u64 shape_least; /* the agent's memory: bits a second; 0: none is set */
	__u64 shape_most;
	__u64 shape_device;
};
_Static_assert(sizeof(struct xbr_qos) == 64, "one cache line");

/* Map `qos_maps`: array, mmapable, by port number; read where a flag or the trust says so. */
struct xbr_qos_maps {
	__u8 dscp_prio[XBR_DSCPS];       /* no entry: the class selector, dscp >> 3 (RFC 2474, 4.2.2) */
	__u8 pcp_prio[XBR_PRIORITIES];   /* no entry: the PCP itself */
	__u8 prio_pcp[XBR_PRIORITIES];   /* no entry: the priority itself */
	__u8 prio_dscp[XBR_PRIORITIES];  /* no entry: the code point stays */
	__u8 prio_queue[XBR_PRIORITIES]; /* no entry: as the kernel likes */
	__u8 reserved[32];
};
_Static_assert(sizeof(struct xbr_qos_maps) == 128, "two cache lines");

#endif
