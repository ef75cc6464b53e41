/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * remark: writes a new code point into the IP header of a frame that is to be sent (RFC 2474, 3; RFC 8200,
 * 7), and mends the header's checksum by the difference (RFC 1624, 3), behind all that bpf/flow.h looks
 * through. Upper layers' checksums do not cover the field.
 */
#ifndef XBR_REMARK_H
#define XBR_REMARK_H

#include "flow.h"

#define REMARK_IPV4_CHECKSUM 10 /* octets from the header's first */
#define REMARK_IPV4_DSCP     FLOW_BE16(0x00fc)
#define REMARK_IPV6_DSCP     FLOW_BE16(0x0fc0)

/* Words as they are on the wire: a sum in ones' complement has no byte order. */
STAGE __u16 remark_sum(__u16 sum, __u16 before, __u16 after)
{
	__u32 total = (~sum & 0xffffu) + (~before & 0xffffu) + after;

	total = (total & 0xffff) + (total >> 16);
	total = (total & 0xffff) + (total >> 16);
	return (__u16)~total;
}

STAGE __u16 remark_word(__u16 before, bool is_ipv6, __u32 dscp)
{
	__u16 mask = is_ipv6 ? REMARK_IPV6_DSCP : REMARK_IPV4_DSCP;
	__u16 bits = is_ipv6 ? FLOW_BE16(dscp << 6) : FLOW_BE16(dscp << 2);

	return (__u16)((before & ~mask) | (bits & mask));
}

/* at: of the IP header, if its version says that it is one. False: the kernel could not. */
STAGE bool remark_at(const struct octets *octets, __u32 at, bool is_ipv6, __u32 dscp)
{
	__u16 before, after, sum;

	if (!octets_load(octets, at, &before, sizeof(before)) ||
	    !octets_load(octets, at + REMARK_IPV4_CHECKSUM, &sum, sizeof(sum)))
		return false;
	if ((before & 0xf0) != (is_ipv6 ? 0x60 : 0x40))
		return true;
	after = remark_word(before, is_ipv6, dscp);
	if (after == before)
		return true;
	sum = remark_sum(sum, before, after);
	if (!is_ipv6 && !octets_store(octets, at + REMARK_IPV4_CHECKSUM, &sum, sizeof(sum)))
		return false;
	return octets_store(octets, at, &after, sizeof(after));
}

#define REMARK_IP   (1u << 30) /* there is an IP header */
#define REMARK_IPV6 (1u << 31) /* of version 6; also beside the place of one */

/* From one type field to the next, over a tag, LLC and SNAP; 0: there is none. */
STAGE __u32 remark_step(const struct octets *octets, __u32 at)
{
	__u32 head[2]; /* LLC and SNAP: aa aa 03, an OUI of 00 00 00 or 00 00 f8 */
	__u16 type;

	if (!octets_load(octets, at, &type, sizeof(type)))
		return 0;
	if (type == FLOW_TYPE_IPV4 || type == FLOW_TYPE_IPV6)
		return REMARK_IP | (type == FLOW_TYPE_IPV6 ? REMARK_IPV6 : 0);
	if (FLOW_BE16(type) > 1500)
		return flow_tag_step(FLOW_BE16(type));
	if (!octets_load(octets, at + ETH_TYPE_LEN, head, sizeof(head)) || head[0] != 0x0003aaaa)
		return 0;
	return !(head[1] & 0xffff) || (head[1] & 0xffff) == 0xf800 ? 8 : 0;
}

/* A function of its own: no path knows where another one has come to, else there are too many for the
 * verifier without CAP_PERFMON. */
#define REMARK_STEP_OF(hook, context_, octets_)                                                              \
	GLOBAL int remark_step_##hook(context_ *context, __u32 at)                                           \
	{                                                                                                    \
		const struct octets octets = octets_(context);                                               \
                                                                                                             \
		return (int)remark_step(&octets, at);                                                        \
	}
EACH_HOOK(REMARK_STEP_OF)

/* Where the IP header is, from the frame's first octet; 0: there is none. */
STAGE __u32 remark_find(const struct octets *octets)
{
	__u32 at = ETH_TYPE_OFFSET, step;

	for (int i = 0; i <= FLOW_LAYERS; i++) {
		step = (__u32)BY_HOOK(octets, remark_step, at);
		if (step & REMARK_IP)
			return (at + ETH_TYPE_LEN) | (step & REMARK_IPV6);
		if (!step)
			return 0;
		at += step & 31;
	}
	return 0;
}

/* A frame without an IP header stays as it is. */
STAGE bool remark_frame(const struct octets *octets, __u32 dscp)
{
	__u32 at = remark_find(octets);

	return !at || remark_at(octets, at & ~REMARK_IPV6, at & REMARK_IPV6, dscp & 0x3f);
}

/* XBR_DEED | the code point of a frame; 0: it has none. */
STAGE __u32 remark_read(const struct octets *octets)
{
	__u32 at = remark_find(octets);
	__u16 first;

	if (!at || !octets_load(octets, at & ~REMARK_IPV6, &first, sizeof(first)) ||
	    (first & 0xf0) != (at & REMARK_IPV6 ? 0x60 : 0x40))
		return 0;
	return XBR_DEED | (FLOW_BE16(first) >> (at & REMARK_IPV6 ? 6 : 2) & 0x3f);
}

#define REMARK_OF(hook, context_, octets_)                                                                   \
	GLOBAL int remark_##hook(context_ *context, __u32 dscp)                                              \
	{                                                                                                    \
		const struct octets octets = octets_(context);                                               \
                                                                                                             \
		return remark_frame(&octets, dscp);                                                          \
	}
EACH_HOOK(REMARK_OF)

#endif
