/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * short_acl: what an access list remembers of a flow, on the short way (xdp_short.h): one list, where the
 * frame comes in, and a frame of TCP or UDP in a plain header of IPv4. It says "pass, and nothing else", or
 * nothing; the same flow goes the whole way once for each epoch of its list, and is remembered then (acl.h).
 */
#ifndef XBR_SHORT_ACL_H
#define XBR_SHORT_ACL_H

#include "acl.h"

/* ---- the flow ---- */

#define SHORT_IPV4 20

/* As flow_plain_upper() has it: word 7, and the protocol. False: something is unusual. */
STAGE bool short_flow_upper(__u64 *words, const __u8 *head, __u8 proto, __u32 left)
{
	__u32 length;

	if (proto == FLOW_TCP) {
		length = (__u32)(head[12] >> 4) * 4;
		if (length < 20 || length > left)
			return false;
		words[7] = (__u64)head[13] << 32;
	} else if (proto == FLOW_UDP) {
		length = FLOW_BE16(load_u16(head + 4));
		if (length < 8 || length > left)
			return false;
	} else {
		return false;
	}
	words[7] |= load_u32(head);
	return true;
}

/* As flow_plain_ipv4() has it: the words 2 to 7. left: octets of the frame from here on. */
STAGE bool short_flow_ipv4(__u64 *words, const __u8 *ip, const void *data_end, __u32 left)
{
	__u32 total;

	if ((const void *)(ip + SHORT_IPV4 + 20) > data_end || load_u16(ip - ETH_TYPE_LEN) != FLOW_TYPE_IPV4)
		return false;
	total = FLOW_BE16(load_u16(ip + 2));
	if (ip[0] != 0x45 || load_u16(ip + 6) & FLOW_BE16(0x3fff) || total < 28 || total > left ||
	    !short_flow_upper(words, ip + SHORT_IPV4, ip[9], total - SHORT_IPV4))
		return false;
	words[2] = FLOW_TYPE_IPV4 | (__u64)ip[9] << 16 | (__u64)(ip[1] >> 2) << 24 | 1ull << 40;
	words[3] = load_u32(ip + 12);
	words[5] = load_u32(ip + 16);
	return true;
}

/* As acl_look() has it. tags: octets between the addresses and the type; tci: as acl_tci(); len: of the
 * frame. False: it is not the usual frame. */
STAGE bool short_flow(__u64 *words, struct xdp_md *xdp, __u32 tags, __u32 tci, __u32 len)
{
	const __u8 *data = (void *)(long)xdp->data;
	const void *data_end = (void *)(long)xdp->data_end;

	if ((const void *)(data + ETH_HEADER_LEN) > data_end)
		return false;
	words[0] = mac_load(data) | (__u64)tci << 48;
	words[1] = mac_load(data + 6);
	switch (tags) {
	case 0:
		return short_flow_ipv4(words, data + ETH_HEADER_LEN, data_end, len - ETH_HEADER_LEN);
	case VLAN_TAG_LEN:
		return short_flow_ipv4(words, data + ETH_HEADER_LEN + VLAN_TAG_LEN, data_end,
				       len - ETH_HEADER_LEN - VLAN_TAG_LEN);
	default:
		return false;
	}
}

/* ---- the list ---- */

/* What is asked: as struct flow has it. */
struct short_ask {
	__u32 tag;
	__u32 epoch;
};

STAGE bool short_acl_is(const struct xbr_acl_cached *c, const struct short_ask *ask, const __u64 *masked)
{
	__u64 differs = (c->list ^ ask->tag) | (c->epoch ^ ask->epoch) | c->action.what;

	XBR_UNROLL
	for (int i = 0; i < XBR_FLOW_WORDS; i++)
		differs |= c->flow[i] ^ masked[i];
	return !differs;
}

/* As acl_recall() has it, where the answer is to pass and nothing more. */
STAGE bool short_acl_find(const struct xbr_acl_bucket *bucket, const struct short_ask *ask,
			  const __u64 *masked, __u32 *ret_rule)
{
	const struct xbr_acl_cached *c = &bucket->way[0];

	PIN_PATH(c, 10);
	if (!short_acl_is(c, ask, masked)) {
		c = &bucket->way[1];
		PIN_PATH(c, 11);
		if (!short_acl_is(c, ask, masked))
			return false;
	}
	*ret_rule = c->rule;
	return true;
}

/* Is it a flow that the list of its port lets pass, by rule *ret_rule? tags: see short_flow(), tci below
 * them; len: with a channel's tag. */
PART bool short_acl_recall(struct xdp_md *xdp, __u32 port, __u32 tags, __u32 len, __u32 *ret_rule)
{
	const struct xbr_port *in = port_get(port);
	const void *image = in ? acl_image(in->acl_in) : NULL;
	const struct xbr_acl_header *header = image ? acl_cell(image, 0) : NULL;
	const struct xbr_acl_bucket *bucket;
	__u64 words[XBR_FLOW_WORDS] = {};
	struct short_ask ask;
	__u32 index;

	if (!header || !short_flow(words, xdp, tags >> 16, tags & 0xffff, len))
		return false;
	ask.tag = in->acl_in << 8 | XBR_FLOW_WHOLE;
	ask.epoch = *(volatile const __u32 *)&header->epoch;
	XBR_UNROLL
	for (int i = 0; i < XBR_FLOW_WORDS; i++)
		words[i] &= *(volatile const __u64 *)&header->reads[i];
	index = in->acl_window +
		((__u32)(xbr_acl_hash(words, words, header->seed) >> 32) & in->acl_window_mask);
	bucket = acl_cache_bucket(index & (XBR_ACL_CACHE_BUCKETS - 1));
	return bucket && short_acl_find(bucket, &ask, words, ret_rule);
}

/* As acl_count(). */
PART void short_acl_count(__u32 list, __u32 rule, __u32 octets)
{
	const void *image = acl_image(list);
	const struct xbr_acl_header *header = image ? acl_cell(image, 0) : NULL;
	struct xbr_acl_counts *counts;
	struct xbr_acl_count *count;

	if (!header)
		return;
	counts = acl_cell(image, header->counters + processor_number() * header->counters_one +
					 rule / XBR_ACL_CELL_COUNTS);
	if (!counts)
		return;
	count = &counts->count[rule % XBR_ACL_CELL_COUNTS];
	count->frames++;
	count->octets += octets;
}

#endif
