/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * scratch: where flow.h and acl.h work, one for each processor: too large for the stack. It holds from
 * flow_of() until the frame is sent anywhere: sending may run the programs for another frame on this
 * processor.
 */
#ifndef XBR_SCRATCH_H
#define XBR_SCRATCH_H

#include "xbr/abi.h"
#include "xbr/conn.h"

#define FLOW_WINDOW 192
#define FLOW_MASK   255 /* of a place in `bytes`: a power of two less one, at least FLOW_WINDOW */

struct flow {
	struct xbr_flow key;
	__u64 masked[XBR_FLOW_WORDS]; /* the key under what a list reads */
	__u32 level;                  /* enum xbr_flow_level */
	__u32 at;                     /* the place in hand */
	__u32 have;                   /* octets in `bytes` */
	__u32 end;                    /* where the packet ends, by what its headers say so far */
	__u32 octets;                 /* of the frame, a tag in metadata included */
	__u32 gso_size;

	/* acl.h: what is asked, and answered */
	__u32 tag; /* list << 8 | level */
	__u32 in;  /* port numbers */
	__u32 out;
	__u32 window;             /* acl_window() of the ingress port */
	__u32 epoch;              /* of the list, when it was asked */
	__u32 bucket;             /* of the decision cache */
	__u32 way;                /* there, if both are taken */
	__u32 rule;               /* the one that decides; 0: none does */
	__u64 say;                /* struct xbr_acl_action */
	struct xbr_deeds changes; /* where that has XBR_ACL_CHANGES */
	__u64 meters;             /* numbers of those that rules hold it to, 16 bits each; 0: no more */

	/* acl_classify.h: how far a search has come */
	__u64 seed;
	__u32 rest;   /* first cell of orders, tables and slots */
	__u32 order;  /* the level's, its cell */
	__u32 tables; /* of the level */
	__u32 table;  /* the next one to try */
	__u32 next;   /* the rule to compare; 0: find one in the next table */
	__u32 best_seq;
	struct xbr_acl_member member; /* to be looked for in a set */

	/* conn.h: the connection that the frame is of, or would begin */
	struct xbr_conn_key conn_key;
	__u64 conn_src[2], conn_dst[2]; /* its endpoints as the frame has them */
	__u16 conn_src_port, conn_dst_port;
	__u32 conn_proto;
	__u32 conn_asks;             /* 1: ICMP, and the source sends the queries; 2: the destination does */
	__u64 conn_old, conn_new;    /* its word, as it is and as it would be */
	__u32 conn_bucket, conn_way; /* its place */
	__u32 conn_first, conn_second; /* the buckets where it may be */
	__u32 conn_tag;
	__u32 conn_now, conn_hz;
	__u32 conn_port;
	__u32 conn_deed;  /* enum conn_deed */
	__u32 conn_high;  /* the sender stands second in the key */
	__u32 conn_asked; /* a list that was asked reads states */

	struct xbr_acl_event event;
	__u64 log_window; /* of time, in which `logged` events were sent */
	__u32 logged;
	__u32 lost; /* since the last one that was sent */
	__u8 bytes[FLOW_MASK + 1 + 32];
};

#endif
