/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * parse: bytes -> struct frame. The only place that reads the bytes, and the only bounds checks. Callers
 * (xdp.h, tc.h, the host build) say where the bytes are and set what their kind of context knows: len,
 * gso_size, in.
 */
#ifndef XBR_PARSE_H
#define XBR_PARSE_H

#include "frame.h"

#define ETH_HEADER_LEN  14
#define ETH_TYPE_OFFSET 12
#define VLAN_TAG_LEN    4
#define ETH_TYPE_LEN    2
#define PARSE_LEN       (ETH_HEADER_LEN + VLAN_TAG_LEN + ETH_TYPE_LEN) /* the most that is looked at */

#define BE16(x) ((__u16)(((x) >> 8) | (((x)&0xff) << 8)))
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "addresses are compared as little-endian words");

#define TPID_CTAG_BE BE16(0x8100) /* 802.1Q, table 9-1 */
#define TPID_STAG_BE BE16(0x88a8)

STAGE __u64 mac_load(const void *bytes)
{
	return load_u32(bytes) | (__u64)load_u16(bytes + 4) << 32;
}

/* A tag needs its own four octets and a type behind them, as the kernel's skb_vlan_untag() asks. */
STAGE bool parse_tag_is_whole(const void *data, const void *data_end)
{
	__u16 type_be = load_u16(data + ETH_TYPE_OFFSET);

	if (type_be != TPID_CTAG_BE && type_be != TPID_STAG_BE)
		return true;
	return data + PARSE_LEN <= data_end;
}

/* False: the frame has ended (runt). */
STAGE bool parse_header(struct frame *f, const void *data, const void *data_end)
{
	if (data + ETH_HEADER_LEN > data_end)
		return frame_drop(f, XBR_REASON_runt);
	f->dst = mac_load(data);
	f->src = mac_load(data + 6);
	return true;
}

/* The same. Only the outermost tag is judged. */
STAGE bool parse(struct frame *f, const void *data, const void *data_end)
{
	if (!parse_header(f, data, data_end))
		return false;
	return parse_tag_is_whole(data, data_end) || frame_drop(f, XBR_REASON_runt);
}

#endif
