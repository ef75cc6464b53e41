/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * parse: bytes -> struct frame. The only place that reads the bytes, and the only bounds checks. Callers
 * (xdp.h, tc.h, the host build) say where the bytes are and set what their kind of context knows: len,
 * gso_size, in.
 */
#ifndef XBR_PARSE_H
#define XBR_PARSE_H

#include "frame.h"

#define PARSE_LEN (ETH_HEADER_LEN + VLAN_TAG_LEN + ETH_TYPE_LEN) /* the most that is looked at */

STAGE __u64 mac_load(const void *bytes)
{
	return load_u32(bytes) | (__u64)load_u16(bytes + 4) << 32;
}

/* A tag needs its own four octets and a type behind them, as the kernel's skb_vlan_untag() asks. */
STAGE bool parse_tag(struct frame *f, const void *data, const void *data_end)
{
	if (!tag_is_vlan(load_u16(data + ETH_TYPE_OFFSET)))
		return true;
	if (data + PARSE_LEN > data_end)
		return frame_drop(f, XBR_REASON_runt);
	f->tag = tag_load(data + ETH_TYPE_OFFSET);
	return true;
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
	return parse_header(f, data, data_end) && parse_tag(f, data, data_end);
}

#endif
