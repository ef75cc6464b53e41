/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * flow: bytes -> struct xbr_flow, all that an access list may ask of a frame: through tags, LLC and SNAP to
 * ARP, IPv4 or IPv6, through extension headers and AH to TCP, UDP, ICMP. A hostile guest writes these octets:
 * every walk is bounded, every load is checked, and what does not come to its end says how far it came (enum
 * xbr_flow_level), for bpf/acl.h to take the stricter way.
 *
 * The first FLOW_WINDOW octets are copied out by one call and read from there: the same lines in XDP, in TC
 * and in user space, for frames in one piece or in several. Headers behind the window count as cut off. The
 * place in hand (`at`) lives in memory, so that the verifier never knows it: bounds are by mask.
 */
#ifndef XBR_FLOW_H
#define XBR_FLOW_H

#include "parse.h"

#define FLOW_LAYERS  8 /* tags, LLC and SNAP headers that are looked through */
#define FLOW_HEADERS 8 /* extension headers, AH */

#define FLOW_BE16(x) ((__u16)(((x) >> 8) | (((x)&0xff) << 8)))

/* Network order. */
enum flow_type {
	FLOW_TYPE_IPV4 = FLOW_BE16(0x0800),
	FLOW_TYPE_ARP = FLOW_BE16(0x0806),
	FLOW_TYPE_IPV6 = FLOW_BE16(0x86dd),
};

/* IANA's numbers of upper layers and extension headers. */
enum flow_proto {
	FLOW_HOP_BY_HOP = 0,
	FLOW_ICMP = 1,
	FLOW_TCP = 6,
	FLOW_UDP = 17,
	FLOW_DCCP = 33,
	FLOW_ROUTING = 43,
	FLOW_FRAGMENT = 44,
	FLOW_AH = 51,
	FLOW_ICMPV6 = 58,
	FLOW_DESTINATION = 60,
	FLOW_SCTP = 132,
	FLOW_MOBILITY = 135,
	FLOW_UDPLITE = 136,
	FLOW_HIP = 139,
	FLOW_SHIM6 = 140,
};

#define FLOW_ND_SOLICITATION  135 /* RFC 4861, 4.3 to 4.5: each has its target at octet 8 */
#define FLOW_ND_ADVERTISEMENT 136
#define FLOW_ND_REDIRECT      137

/* ---- reading ---- */

/* Are there n octets, in the window and in the packet? */
STAGE bool flow_has(const struct flow *flow, __u32 n)
{
	__u32 at = *(volatile __u32 *)&flow->at;

	return at + n <= flow->have && at + n <= flow->end;
}

STAGE const __u8 *flow_octets(const struct flow *flow, __u32 offset)
{
	__u32 at = *(volatile __u32 *)&flow->at + offset;

	return &flow->bytes[at & (FLOW_MASK)];
}

STAGE __u8 flow_u8(const struct flow *flow, __u32 offset)
{
	return *flow_octets(flow, offset);
}

STAGE __u16 flow_u16_be(const struct flow *flow, __u32 offset)
{
	return load_u16(flow_octets(flow, offset));
}

STAGE __u32 flow_u16(const struct flow *flow, __u32 offset)
{
	return FLOW_BE16(flow_u16_be(flow, offset));
}

STAGE void flow_step(struct flow *flow, __u32 octets)
{
	*(volatile __u32 *)&flow->at = *(volatile __u32 *)&flow->at + octets;
}

STAGE __u32 flow_left(const struct flow *flow)
{
	__u32 at = *(volatile __u32 *)&flow->at;

	return at < flow->end ? flow->end - at : 0;
}

/* What lies behind `length` octets from here is padding. */
STAGE void flow_cut(struct flow *flow, __u32 length)
{
	flow->end = *(volatile __u32 *)&flow->at + length;
}

/* An IPv4 address. to is aligned. */
STAGE void flow_copy_4(__u8 *to, const struct flow *flow, __u32 offset)
{
	*(__u32 *)to = load_u32(flow_octets(flow, offset));
}

STAGE void flow_copy_6(__u8 *to, const struct flow *flow, __u32 offset)
{
	*(__u32 *)to = load_u32(flow_octets(flow, offset));
	*(__u16 *)(to + 4) = load_u16(flow_octets(flow, offset + 4));
}

STAGE void flow_copy_16(__u8 *to, const struct flow *flow, __u32 offset)
{
	flow_copy_4(to, flow, offset);
	flow_copy_4(to + 4, flow, offset + 4);
	flow_copy_4(to + 8, flow, offset + 8);
	flow_copy_4(to + 12, flow, offset + 12);
}

STAGE void flow_ends(struct flow *flow, enum xbr_flow_level level)
{
	if (flow->level < level)
		flow->level = level;
}

/* ---- the upper layer ---- */

STAGE void flow_ports(struct flow *flow)
{
	flow->key.src_port_be = flow_u16_be(flow, 0);
	flow->key.dst_port_be = flow_u16_be(flow, 2);
}

STAGE void flow_tcp(struct flow *flow)
{
	__u32 header = flow_has(flow, 20) ? (__u32)(flow_u8(flow, 12) >> 4) * 4 : 0;

	if (header < 20 || header > flow_left(flow)) {
		flow_ends(flow, XBR_FLOW_NO_L4);
		return;
	}
	flow_ports(flow);
	flow->key.tcp_flags = flow_u8(flow, 13);
}

/* A length that lies: receivers drop it, but not all of them the same. A fragment or a super-frame has more,
 * or less. */
STAGE bool flow_udp_length_ok(const struct flow *flow)
{
	__u32 length = flow_u16(flow, 4);

	return flow->key.frag != XBR_FRAG_NO || flow->gso_size || (length >= 8 && length <= flow_left(flow));
}

STAGE void flow_udp(struct flow *flow)
{
	if (!flow_has(flow, 8) || (flow->key.proto == FLOW_UDP && !flow_udp_length_ok(flow)))
		flow_ends(flow, XBR_FLOW_NO_L4);
	else
		flow_ports(flow);
}

STAGE void flow_other_ports(struct flow *flow)
{
	if (flow_has(flow, 12))
		flow_ports(flow);
	else
		flow_ends(flow, XBR_FLOW_NO_L4);
}

STAGE bool flow_has_target(__u8 type)
{
	return type == FLOW_ND_SOLICITATION || type == FLOW_ND_ADVERTISEMENT || type == FLOW_ND_REDIRECT;
}

STAGE void flow_icmp(struct flow *flow)
{
	bool has_target = flow->key.proto == FLOW_ICMPV6 && flow_has_target(flow_u8(flow, 0));

	if (!flow_has(flow, has_target ? 24 : 4)) {
		flow_ends(flow, XBR_FLOW_NO_L4);
		return;
	}
	flow->key.icmp_type = flow_u8(flow, 0);
	flow->key.icmp_code = flow_u8(flow, 1);
	if (has_target)
		flow_copy_16(flow->key.nd_target, flow, 8);
}

/* Parts of the parser that the verifier looks at by themselves: all ways through all of them would be too
 * many. */
GLOBAL int flow_upper(void)
{
	struct flow *flow = flow_scratch();

	if (!flow)
		return 0;
	switch (flow->key.proto) {
	case FLOW_TCP:
		flow_tcp(flow);
		break;
	case FLOW_UDP:
	case FLOW_UDPLITE:
		flow_udp(flow);
		break;
	case FLOW_SCTP:
	case FLOW_DCCP:
		flow_other_ports(flow);
		break;
	case FLOW_ICMP:
	case FLOW_ICMPV6:
		flow_icmp(flow);
		break;
	}
	return 0;
}

/* ---- extension headers ---- */

/* RFC 8200, 4.5. Of a later fragment nothing says what it carries: its own next header is not looked at when
 * the packet is put together. False: it is one. */
STAGE bool flow_fragment(struct flow *flow)
{
	if (flow_u16(flow, 2) & 0xfff8) {
		flow->key.frag = XBR_FRAG_LATER;
		return false;
	}
	flow->key.frag = XBR_FRAG_FIRST;
	return true;
}

STAGE bool flow_is_extension(__u8 proto)
{
	switch (proto) {
	case FLOW_HOP_BY_HOP:
	case FLOW_ROUTING:
	case FLOW_DESTINATION:
	case FLOW_MOBILITY:
	case FLOW_HIP:
	case FLOW_SHIM6:
		return true;
	default:
		return false;
	}
}

/* Octets of the header in hand; 0: it is the upper layer's. */
STAGE __u32 flow_header_len(const struct flow *flow)
{
	__u8 proto = flow->key.proto;

	if (proto == FLOW_AH) /* RFC 4302, 2.2 */
		return (flow_u8(flow, 1) + 2u) * 4;
	if (flow->key.eth_type_be != FLOW_TYPE_IPV6)
		return 0;
	if (proto == FLOW_FRAGMENT)
		return 8;
	return flow_is_extension(proto) ? (flow_u8(flow, 1) + 1u) * 8 : 0;
}

enum flow_header_end {
	FLOW_MORE, /* another header is in hand, key.proto says which */
	FLOW_AT_UPPER,
	FLOW_LOST,
};

/* Steps over one header. Returns enum flow_header_end. */
GLOBAL int flow_header(void)
{
	struct flow *flow = flow_scratch();
	__u32 length;

	if (!flow)
		return FLOW_LOST;
	length = flow_header_len(flow);
	if (!length)
		return FLOW_AT_UPPER;
	if (!flow_has(flow, 8) || (flow->key.proto == FLOW_FRAGMENT && !flow_fragment(flow)))
		return FLOW_LOST;
	flow->key.proto = flow_u8(flow, 0);
	flow_step(flow, length);
	return FLOW_MORE;
}

/* Which upper layer it is, and what is at its head. key.proto: of the header in hand. */
STAGE void flow_headers(struct flow *flow)
{
	int end = FLOW_MORE;

	XBR_UNROLL
	for (int i = 0; i <= FLOW_HEADERS; i++)
		if (end == FLOW_MORE)
			end = flow_header();
	if (end == FLOW_AT_UPPER)
		flow_upper();
	else
		flow_ends(flow, XBR_FLOW_NO_PROTO);
}

/* ---- layer 3 ---- */

/* RFC 791, 3.1. */
STAGE void flow_ipv4_fragment(struct flow *flow)
{
	__u32 field = flow_u16(flow, 6);

	if (field & 0x1fff)
		flow->key.frag = XBR_FRAG_LATER;
	else if (field & 0x2000)
		flow->key.frag = XBR_FRAG_FIRST;
}

/* The longest super-frames say a length of 0. */
GLOBAL int flow_ipv4(void)
{
	struct flow *flow = flow_scratch();
	__u32 header, total;

	if (!flow)
		return 0;
	header = (flow_u8(flow, 0) & 0xfu) * 4;
	if (!flow_has(flow, 20) || flow_u8(flow, 0) >> 4 != 4 || header < 20) {
		flow_ends(flow, XBR_FLOW_NO_L3);
		return 0;
	}
	total = flow_u16(flow, 2);
	if (!total && flow->gso_size)
		total = flow_left(flow);
	flow->key.dscp = flow_u8(flow, 1) >> 2;
	flow->key.proto = flow_u8(flow, 9);
	flow_copy_4(flow->key.src_ip, flow, 12);
	flow_copy_4(flow->key.dst_ip, flow, 16);
	flow_ipv4_fragment(flow);
	if (total < header || total > flow_left(flow) || flow->key.frag == XBR_FRAG_LATER) {
		flow_ends(flow, flow->key.proto == FLOW_AH ? XBR_FLOW_NO_PROTO : XBR_FLOW_NO_L4);
		return 0;
	}
	flow_cut(flow, total);
	flow_step(flow, header);
	flow_headers(flow);
	return 0;
}

/* RFC 8200, 3. A length of 0 is a jumbogram's, or a super-frame's. */
GLOBAL int flow_ipv6(void)
{
	struct flow *flow = flow_scratch();
	__u32 payload;

	if (!flow)
		return 0;
	if (!flow_has(flow, 40) || flow_u8(flow, 0) >> 4 != 6) {
		flow_ends(flow, XBR_FLOW_NO_L3);
		return 0;
	}
	flow->key.dscp = (__u8)(flow_u16(flow, 0) >> 6) & 0x3f;
	flow_copy_16(flow->key.src_ip, flow, 8);
	flow_copy_16(flow->key.dst_ip, flow, 24);
	payload = flow_u16(flow, 4);
	flow->key.proto = flow_u8(flow, 6);
	flow_step(flow, 40);
	if (payload > flow_left(flow) ||
	    (!payload && !flow->gso_size && flow->key.proto == FLOW_HOP_BY_HOP)) {
		flow_ends(flow, XBR_FLOW_NO_PROTO);
		return 0;
	}
	if (payload || !flow->gso_size)
		flow_cut(flow, payload);
	flow_headers(flow);
	return 0;
}

/* RFC 826, for IPv4 over Ethernet. */
GLOBAL int flow_arp(void)
{
	struct flow *flow = flow_scratch();

	if (!flow)
		return 0;
	if (!flow_has(flow, 28) || flow_u16(flow, 0) != 1 || flow_u16(flow, 2) != 0x0800 ||
	    flow_u16(flow, 4) != 0x0604) {
		flow_ends(flow, XBR_FLOW_NO_L3);
		return 0;
	}
	flow->key.arp_op_be = flow_u16_be(flow, 6);
	flow_copy_6(flow->key.arp_sha, flow, 8);
	flow_copy_4(flow->key.src_ip, flow, 14);
	flow_copy_6(flow->key.arp_tha, flow, 18);
	flow_copy_4(flow->key.dst_ip, flow, 24);
	return 0;
}

/* ---- to layer 3 ---- */

/* Octets from one type field to the next where the type is that of a tag; else 0. */
STAGE __u32 flow_tag_step(__u32 type)
{
	switch (type) {
	case 0x8100: /* 802.1Q, table 9-1 */
	case 0x88a8:
	case 0x9100: /* of before 802.1ad */
	case 0x9200:
	case 0x9300:
		return 4;
	case 0x8926: /* VN-Tag */
		return 6;
	case 0x893f: /* 802.1BR, 12.9: E-TAG */
		return 8;
	default:
		return 0;
	}
}

/* LLC, and SNAP with an OUI that means EtherTypes (802, 10.5; 802.1H). Octets to the type field behind it, or
 * 0: it is another protocol's. */
STAGE __u32 flow_snap_step(const struct flow *flow)
{
	__u32 oui = (__u32)flow_u8(flow, 5) << 16 | flow_u16(flow, 6);

	if (flow_u16(flow, 2) != 0xaaaa || flow_u8(flow, 4) != 0x03 || (oui && oui != 0xf8))
		return 0;
	return 8;
}

/* A length field (802.3, 3.2.6), LLC behind it. What it says must be there. Returns octets to the next type
 * field; 0: here it ends; eth_type_be tells whether the type is known. */
STAGE __u32 flow_llc(struct flow *flow, __u32 length)
{
	__u32 step;

	if (length < 3 || length + 2 > flow_left(flow) || !flow_has(flow, 5))
		return 0;
	flow_cut(flow, length + 2);
	if (flow_u16(flow, 2) == 0xaaaa && !flow_has(flow, 10))
		return 0;
	step = flow_snap_step(flow);
	if (!step)
		flow->key.eth_type_be = XBR_ETH_802_2_BE;
	return step;
}

/* Looks at the type field in hand. The same. */
GLOBAL int flow_layer(void)
{
	struct flow *flow = flow_scratch();
	__u32 type, step;

	if (!flow || !flow_has(flow, 2))
		return 0;
	type = flow_u16(flow, 0);
	if (type <= 1500)
		return (int)flow_llc(flow, type);
	step = flow_tag_step(type);
	if (!step)
		flow->key.eth_type_be = FLOW_BE16(type);
	return (int)step;
}

/* From the first type field to layer 3. False: the type is not known. */
STAGE bool flow_layer2(struct flow *flow)
{
	int step = flow_layer();

	XBR_UNROLL
	for (int i = 0; i < FLOW_LAYERS; i++) {
		if (!step)
			break;
		flow_step(flow, (__u32)step);
		step = flow_layer();
	}
	return !step && flow->key.eth_type_be;
}

STAGE void flow_layer3(struct flow *flow)
{
	flow_step(flow, 2);
	flow->key.is_ip = flow->key.eth_type_be == FLOW_TYPE_IPV4 || flow->key.eth_type_be == FLOW_TYPE_IPV6;
	switch (flow->key.eth_type_be) {
	case FLOW_TYPE_IPV4:
		flow_ipv4();
		break;
	case FLOW_TYPE_IPV6:
		flow_ipv6();
		break;
	case FLOW_TYPE_ARP:
		flow_arp();
		break;
	}
}

/* ---- the whole ---- */

/* What a level does not know is zero, whatever was found before. */
STAGE void flow_forget(struct flow *flow)
{
	__u64 *word = (__u64 *)&flow->key;

	XBR_UNROLL
	for (__u32 i = 2; i < XBR_FLOW_WORDS; i++)
		word[i] &= xbr_flow_known(i, flow->level);
}

/* ---- the usual frame ---- */

#define FLOW_L4_AT4 (ETH_HEADER_LEN + 20)
#define FLOW_L4_AT6 (ETH_HEADER_LEN + 40)

/* TCP or UDP whose header is at `at`, `left` octets of it and its payload. False: something is unusual. */
STAGE bool flow_plain_upper(struct flow *flow, __u32 at, __u8 proto, __u32 left)
{
	const __u8 *head = flow->bytes + at;
	__u32 length;

	if (proto == FLOW_TCP) {
		length = (__u32)(head[12] >> 4) * 4;
		if (length < 20 || length > left)
			return false;
		flow->key.tcp_flags = head[13];
	} else if (proto == FLOW_UDP) {
		length = FLOW_BE16(load_u16(head + 4));
		if (length < 8 || length > left)
			return false;
	} else {
		return false;
	}
	flow->key.proto = proto;
	flow->key.is_ip = 1;
	flow->key.src_port_be = load_u16(head);
	flow->key.dst_port_be = load_u16(head + 2);
	return true;
}

STAGE bool flow_plain_ipv4(struct flow *flow)
{
	const __u8 *ip = flow->bytes + ETH_HEADER_LEN;
	__u32 total = FLOW_BE16(load_u16(ip + 2));

	if (ip[0] != 0x45 || load_u16(ip + 6) & FLOW_BE16(0x3fff) || flow->have < FLOW_L4_AT4 + 20 ||
	    total < 28 || total > flow->end - ETH_HEADER_LEN ||
	    !flow_plain_upper(flow, FLOW_L4_AT4, ip[9], total - 20))
		return false;
	flow->key.eth_type_be = FLOW_TYPE_IPV4;
	flow->key.dscp = ip[1] >> 2;
	*(__u32 *)flow->key.src_ip = load_u32(ip + 12);
	*(__u32 *)flow->key.dst_ip = load_u32(ip + 16);
	return true;
}

STAGE bool flow_plain_ipv6(struct flow *flow)
{
	const __u8 *ip = flow->bytes + ETH_HEADER_LEN;
	__u32 payload = FLOW_BE16(load_u16(ip + 4));

	if (ip[0] >> 4 != 6 || flow->have < FLOW_L4_AT6 + 20 || payload < 8 ||
	    payload > flow->end - FLOW_L4_AT6 || !flow_plain_upper(flow, FLOW_L4_AT6, ip[6], payload))
		return false;
	flow->key.eth_type_be = FLOW_TYPE_IPV6;
	flow->key.dscp = (__u8)(FLOW_BE16(load_u16(ip)) >> 6) & 0x3f;
	for (int i = 0; i < 16; i += 4) {
		*(__u32 *)(flow->key.src_ip + i) = load_u32(ip + 8 + i);
		*(__u32 *)(flow->key.dst_ip + i) = load_u32(ip + 24 + i);
	}
	return true;
}

/* TCP or UDP right behind IPv4 or IPv6 right behind the addresses, and nothing unusual: read at fixed places,
 * for all else is a walk. The same comes out of both. */
STAGE bool flow_plain(struct flow *flow)
{
	switch (load_u16(flow->bytes + ETH_TYPE_OFFSET)) {
	case FLOW_TYPE_IPV4:
		return flow_plain_ipv4(flow);
	case FLOW_TYPE_IPV6:
		return flow_plain_ipv6(flow);
	default:
		return false;
	}
}

STAGE void flow_clear(struct flow *flow)
{
	XBR_UNROLL
	for (__u32 i = 2; i < XBR_FLOW_WORDS; i++)
		((__u64 *)&flow->key)[i] = 0;
	flow->level = XBR_FLOW_WHOLE;
}

/* A function of its own for the verifier: it is long, and seldom wanted. `bytes`, `have`, `end` and gso_size
 * are filled. */
GLOBAL int flow_parse(void)
{
	struct flow *flow = flow_scratch();

	if (!flow)
		return 0;
	flow_clear(flow);
	*(volatile __u32 *)&flow->at = ETH_TYPE_OFFSET;
	if (flow_layer2(flow))
		flow_layer3(flow);
	else
		flow_ends(flow, XBR_FLOW_NO_TYPE);
	if (flow->level)
		flow_forget(flow);
	return 0;
}

/* Copies the head of the frame in hand to flow_scratch(). */
STAGE void flow_copy(struct flow *flow, const struct octets *octets)
{
	__u32 count = octets_count(octets);

	flow->end = count;
	if (count > FLOW_WINDOW)
		count = FLOW_WINDOW;
	PIN_PATH(
		count,
		3); /* one register, whose bounds the verifier follows, and each by a comparison of its own */
	flow->have = 0;
	if (count >= ETH_HEADER_LEN) {
		PIN_PATH(count, 4);
		if (count <= FLOW_WINDOW && octets_load(octets, 0, flow->bytes, count))
			flow->have = count;
	}
	*(__u32 *)flow->key.dst_mac = load_u32(flow->bytes);
	*(__u16 *)(flow->key.dst_mac + 4) = load_u16(flow->bytes + 4);
	*(__u32 *)flow->key.src_mac = load_u32(flow->bytes + 6);
	*(__u16 *)(flow->key.src_mac + 4) = load_u16(flow->bytes + 10);
	flow->key.zero1 = 0;
}

/* False: it is not the usual frame, and flow_parse() has to read it. The caller calls that, for the sake of
 * the combined stack. */
#define FLOW_OF(hook, context_, octets_)                                                                     \
	PART bool flow_of_##hook(context_ *context)                                                          \
	{                                                                                                    \
		const struct octets octets = octets_(context);                                               \
		struct flow *flow = flow_scratch();                                                          \
                                                                                                             \
		if (!flow)                                                                                   \
			return true;                                                                         \
		flow_copy(flow, &octets);                                                                    \
		flow_clear(flow);                                                                            \
		return flow_plain(flow);                                                                     \
	}
EACH_HOOK(FLOW_OF)

#endif
