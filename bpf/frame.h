/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * A frame as the stages see it: what `parse` found, and the decision as it grows. It lives on the stack (or
 * in registers) of one program run; the bytes stay where they are.
 */
#ifndef XBR_FRAME_H
#define XBR_FRAME_H

#include "tag.h"
#include "target.h"

struct frame {
	/* by parse */
	__u64 dst; /* six octets as on the wire, in the low 48 bits: the first octet is the lowest */
	__u64 src;
	__u32 len;      /* octets from the destination on, a tag in metadata included, the FCS not */
	__u32 gso_size; /* octets of payload in each segment of a GSO super-frame; 0: one frame */
	__u32 in;       /* ingress port number */
	struct tag tag; /* the outermost one, in metadata or in the bytes */

	/* by encap, on a device that carries channels; the frame is what is behind the tag */
	__u8 channel_octets;  /* of the tag in front of it; 0: none */
	__u8 channel_refused; /* enum xbr_reason: why it is of no channel; XBR_REASON_none: it is of one */
	__u8 channel_worn;    /* octets of the channel's tag that was put on it for the last copy */
	__u8 channel_pcp;     /* PCP and DEI of the frame's own, noted when it was put on */

	/* by vlan; where it is of no VLAN all but the FID are 0 */
	__u32 fid;
	__u16 tci;          /* of its VLAN, whatever tag it came with: PCP, DEI, VID */
	__u16 vlan_tpid_be; /* of the bridge's VLANs */
	bool vlan_tag;      /* `tag` is the VLAN's own: it can be taken off, or be another one */
	bool vlan_stats;    /* it is to be counted by VLAN, too */

	/* by mst; 0 where the bridge has one spanning tree */
	__u8 tree;    /* XBR_TREE_OF() its VLAN */
	__u8 in_tree; /* what the ingress port is in it, as in struct xbr_port_msti */

	bool injected; /* the agent sent it, as if received on `in`: not to be punted */
	bool metered;  /* by police: what meters ask of it has been noted */
	__u8 state;    /* by acl: enum xbr_flow_state */
	bool ruled;    /* by acl: rules hold it to meters, those of flow_scratch() */

	/* by modes: the port at which the source of a frame from the uplink is known, else XBR_PORT_NONE */
	__u32 origin;
	/* by acl */
	__u16 redirect; /* the port that a rule sends it to; 0: as the FDB says */
	__u8 priority;  /* by qos: 0 to 7 */
	__u8 dscp;      /* by remarking: XBR_DEED | the code point that it came with; 0: it still has it */
	__u32 out;      /* of the decision: egress port of a FORWARD; enum xbr_punt_reason of a PUNT */
	union {         /* what else rules want done; deeds_word 0: nothing */
		struct xbr_deeds deeds;
		__u64 deeds_word;
	};

	/* the decision */
	__u32 verdict; /* enum xbr_verdict */
	__u32 reason;  /* enum xbr_reason */
};

#define MAC_GROUP_BIT 1ull /* of the first octet: a group address (802, 8.2) */
#define MAC_BROADCAST 0xffffffffffffull

/* 01:80:c2:00:00:0x, the reserved addresses of 802.1Q table 8-1; the low nibble of the last octet is x. */
#define MAC_RESERVED       0x000000c28001ull
#define MAC_RESERVED_MASK  0xf0ffffffffffull
#define MAC_RESERVED_SHIFT 40
#define MAC_RESERVED_PAUSE 1

/*
 * Is this feature in the program? The verifier removes what is not; the compiler knows it only of the plain
 * object, which is compiled to have none (XBR_PLAIN): there it need not keep a place for what never comes.
 */
STAGE bool feature_on(enum xbr_feature feature)
{
#ifdef XBR_PLAIN
	return (void)feature, false;
#else
	return settings.features & (__u32)feature;
#endif
}

/* Ends the frame's way: always false, so that a stage can say `return frame_end(...)`. */
STAGE bool frame_end(struct frame *f, enum xbr_verdict verdict, enum xbr_reason reason)
{
	RARE();
	f->verdict = verdict;
	f->reason = reason;
	return false;
}

STAGE bool frame_drop(struct frame *f, enum xbr_reason reason)
{
	return frame_end(f, XBR_VERDICT_DROP, reason);
}

STAGE bool mac_is_reserved(__u64 mac)
{
	return (mac & MAC_RESERVED_MASK) == MAC_RESERVED;
}

/* x of 01:80:c2:00:00:0x. */
STAGE __u32 mac_reserved_index(__u64 mac)
{
	return (mac >> MAC_RESERVED_SHIFT) & 0xf;
}

#endif
