/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * guard_parse: what lies behind the Ethernet addresses of a frame that comes in by a guarded port: through
 * tags, LLC and SNAP to ARP, IPv4 or IPv6, through extension headers to UDP or ICMPv6. A hostile guest writes
 * these octets: every walk is bounded, every load is checked, and what does not come to its end says so
 * (false, or 0), for guard.h to refuse. Nothing is judged here. Octets are copied out by octets_load(), so
 * that frames in several pieces are read as well. Numbers are in host order, addresses as on the wire.
 *
 * The step of each walk is a function of its own (GLOBAL, one for each hook, called by BY_HOOK): the verifier
 * walks it once and knows nothing of where it was called, where else it would follow each way through all
 * steps.
 */
#ifndef XBR_GUARD_PARSE_H
#define XBR_GUARD_PARSE_H

#include "guard_scratch.h"
#include "parse.h"

#define TYPE_IPV4 0x0800
#define TYPE_ARP  0x0806
#define TYPE_RARP 0x8035
#define TYPE_IPV6 0x86dd

#define TYPE_LENGTH_MAX 1500   /* 802.3, 3.2.6: up to this, the field is a length */
#define TYPE_MIN        0x0600 /* ... and from this, a type */

#define LLC_SAP_IP   0x06 /* IPv4 without SNAP */
#define LLC_SAP_ARP  0x98
#define LLC_SAP_SNAP 0xaa
#define LLC_UI       0x03

#define GUARD_LAYERS  8 /* tags and SNAP headers that are looked through */
#define GUARD_HEADERS 8 /* IPv6 extension headers */
#define GUARD_OPTIONS 8 /* of neighbour discovery */

/* What was copied out to the stack, where the verifier wants loads aligned. */
#define GUARD_COPY __attribute__((aligned(8))) __u8

STAGE __u32 be16_at(const __u8 *octets)
{
	return (__u32)octets[0] << 8 | octets[1];
}

/* Of any two octets' alignment. */
STAGE __u32 word_at(const __u8 *octets)
{
	return load_u16(octets) | (__u32)load_u16(octets + 2) << 16;
}

STAGE __u64 mac_at(const __u8 *octets)
{
	return word_at(octets) | (__u64)load_u16(octets + 4) << 32;
}

/* ---- to layer 3 ---- */

/* Octets from one type field to the next where the type is that of a tag; else 0. */
STAGE __u32 guard_tag_step(__u32 type)
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

/* Where a walk to layer 3 has come to; 0: nowhere. */
#define LAYER3(type, offset)  ((type) << 16 | (offset))
#define LAYER3_TYPE(layer3)   ((layer3) >> 16)
#define LAYER3_OFFSET(layer3) ((layer3)&0xffff)
#define LAYER3_LLC            1                 /* a type that is none: LLC of neither IP nor ARP */
#define LAYER3_NEXT(offset)   LAYER3(0, offset) /* no end yet: another type field is there */

/* LLC (802.2) at `at`; with SNAP (RFC 1042, 802.1H, or of any other OUI) a type follows. */
STAGE __u32 guard_llc(const struct octets *octets, __u32 at)
{
	GUARD_COPY llc[8];

	if (!octets_load(octets, at, llc, 3))
		return 0;
	switch (llc[0] & 0xfe) {
	case LLC_SAP_IP:
		return LAYER3(TYPE_IPV4, at + 3);
	case LLC_SAP_ARP:
		return LAYER3(TYPE_ARP, at + 3);
	case LLC_SAP_SNAP:
		break;
	default:
		return LAYER3(LAYER3_LLC, at);
	}
	if (llc[2] != LLC_UI || !octets_load(octets, at, llc, sizeof(llc)))
		return 0;
	if (be16_at(llc + 6) >= TYPE_MIN)
		return LAYER3_NEXT(at + 6);
	if (llc[3] || llc[4] || (llc[5] && llc[5] != 0xf8))
		return LAYER3(LAYER3_LLC, at); /* a protocol of that OUI's own */
	return 0;
}

/* One step from the type field at `at`: past a tag, past SNAP, or to the end. */
STAGE __u32 guard_layer(const struct octets *octets, __u32 at)
{
	GUARD_COPY field[2];
	__u32 type, step;

	if (!octets_load(octets, at, field, sizeof(field)))
		return 0;
	type = be16_at(field);
	step = guard_tag_step(type);
	if (step)
		return LAYER3_NEXT(at + step);
	if (type >= TYPE_MIN)
		return LAYER3(type, at + 2);
	return type <= TYPE_LENGTH_MAX ? guard_llc(octets, at + 2) : 0;
}

#define GUARD_LAYER_OF_HOOK(hook, context_type, octets_of)                                                   \
	GLOBAL __u32 guard_layer_##hook(context_type *context, __u32 at)                                     \
	{                                                                                                    \
		const struct octets octets = octets_of(context);                                             \
                                                                                                             \
		return guard_layer(&octets, at & 0xffff);                                                    \
	}
EACH_HOOK(GUARD_LAYER_OF_HOOK)

/* What tags and LLC/SNAP lead to: its type, and where it begins; or 0. */
STAGE __u32 guard_layer3(const struct octets *octets)
{
	__u32 layer3 = LAYER3_NEXT(ETH_TYPE_OFFSET), aside = octets_tags_aside(octets);

	XBR_UNROLL
	for (__u32 n = 0; n <= GUARD_LAYERS; n++) {
		if (n + aside > GUARD_LAYERS)
			return 0;
		layer3 = BY_HOOK(octets, guard_layer, LAYER3_OFFSET(layer3));
		if (!layer3 || LAYER3_TYPE(layer3))
			return layer3;
	}
	return 0;
}

/* ---- ARP (RFC 826) ---- */

#define ARP_LEN        28
#define ARP_OPERATION  6
#define ARP_SENDER_MAC 8
#define ARP_SENDER_IP  14
#define ARP_TARGET_IP  24

/* Copies it. False: not of IPv4 on Ethernet, or cut off. */
STAGE bool guard_parse_arp(const struct octets *octets, struct guard_scratch *g)
{
	const __u8 *arp = g->copy;

	return octets_load(octets, LAYER3_OFFSET(g->layer3), g->copy, ARP_LEN) && be16_at(arp) == 1 &&
	       be16_at(arp + 2) == TYPE_IPV4 && arp[4] == 6 && arp[5] == 4;
}

/* ---- IPv4 (RFC 791) ---- */

#define IPV4_LEN      20
#define IPV4_FRAGMENT 6
#define IPV4_PROTOCOL 9
#define IPV4_SOURCE   12

/* Copies its header. False: it is none, or cut off. */
STAGE bool guard_parse_ipv4(const struct octets *octets, struct guard_scratch *g)
{
	return octets_load(octets, LAYER3_OFFSET(g->layer3), g->copy, IPV4_LEN) && g->copy[0] >> 4 == 4 &&
	       (g->copy[0] & 0xf) >= 5;
}

STAGE __u32 guard_ipv4_payload(const struct guard_scratch *g)
{
	return LAYER3_OFFSET(g->layer3) + (g->copy[0] & 0xfu) * 4;
}

/* Of a packet in several: the bit More, or an offset. */
STAGE bool guard_ipv4_is_fragment(const struct guard_scratch *g)
{
	return be16_at(g->copy + IPV4_FRAGMENT) & 0x3fff;
}

/* ... not the first. */
STAGE bool guard_ipv4_is_later(const struct guard_scratch *g)
{
	return be16_at(g->copy + IPV4_FRAGMENT) & 0x1fff;
}

/* ---- IPv6 (RFC 8200) ---- */

#define IPV6_LEN      40
#define IPV6_SOURCE   8
#define IPV6_FRAGMENT 44

/* An extension header other than a fragment's: octets it takes, from its own length field; 0: it is none. */
STAGE __u32 guard_extension(__u32 protocol, __u32 length)
{
	switch (protocol) {
	case 0:   /* hop-by-hop options */
	case 43:  /* routing */
	case 60:  /* destination options */
	case 135: /* mobility */
	case 139: /* HIP */
	case 140: /* Shim6 */
		return length * 8 + 8;
	case 51: /* AH */
		return length * 4 + 8;
	default:
		return 0;
	}
}

/* Where a walk through extension headers has come to: a protocol, where it begins, and what was met. 0: cut
 * off. */
#define HEADERS(protocol, at)     ((at) | (protocol) << 16)
#define HEADERS_AT(headers)       ((headers)&0xffff)
#define HEADERS_PROTOCOL(headers) ((headers) >> 16 & 0xff)
#define HEADERS_FRAGMENT          (1u << 24) /* of a packet in several */
#define HEADERS_LATER             (1u << 25) /* not the first: what it is part of is in the first */
#define HEADERS_END               (1u << 26) /* no extension header is there any more */

STAGE __u32 guard_fragment(const __u8 *header)
{
	__u32 fragment = be16_at(header + 2), met = 0;

	if (fragment & 0xfff9)
		met |= HEADERS_FRAGMENT;
	if (fragment & 0xfff8)
		met |= HEADERS_LATER | HEADERS_END;
	return met;
}

/* One step. */
STAGE __u32 guard_header(const struct octets *octets, __u32 headers)
{
	__u32 protocol = HEADERS_PROTOCOL(headers), at = HEADERS_AT(headers);
	__u32 met = headers & HEADERS_FRAGMENT, length = 8;
	GUARD_COPY header[8];

	if (protocol != IPV6_FRAGMENT && !guard_extension(protocol, 0))
		return headers | HEADERS_END;
	if (!octets_load(octets, at, header, sizeof(header)))
		return 0;
	if (protocol == IPV6_FRAGMENT)
		met |= guard_fragment(header);
	else
		length = guard_extension(protocol, header[1]);
	return HEADERS((__u32)header[0], (at + length) & 0xffff) | met;
}

#define GUARD_HEADER_OF_HOOK(hook, context_type, octets_of)                                                  \
	GLOBAL __u32 guard_header_##hook(context_type *context, __u32 headers)                               \
	{                                                                                                    \
		const struct octets octets = octets_of(context);                                             \
                                                                                                             \
		return guard_header(&octets, headers);                                                       \
	}
EACH_HOOK(GUARD_HEADER_OF_HOOK)

/* From IPv6's own header to what is no extension header: HEADERS_END is among what was met; or 0. */
STAGE __u32 guard_headers(const struct octets *octets, __u32 headers)
{
	for (int n = 0; n <= GUARD_HEADERS; n++) {
		headers = BY_HOOK(octets, guard_header, headers);
		if (!headers || headers & HEADERS_END)
			return headers;
	}
	return 0;
}

/* False: there is not even a header. g->headers may be 0 all the same: the source is known then. */
STAGE bool guard_parse_ipv6(const struct octets *octets, struct guard_scratch *g)
{
	__u32 at = LAYER3_OFFSET(g->layer3);

	if (!octets_load(octets, at, g->copy, 8) || g->copy[0] >> 4 != 6)
		return false;
	at += IPV6_LEN;
	g->end = at + be16_at(g->copy + 4);
	g->headers = guard_headers(octets, HEADERS((__u32)g->copy[6], at & 0xffff));
	return true;
}

#define GUARD_PARSE_IPV6_OF_HOOK(hook, context_type, octets_of)                                              \
	GLOBAL int guard_parse_ipv6_##hook(context_type *context)                                            \
	{                                                                                                    \
		const struct octets octets = octets_of(context);                                             \
		struct guard_scratch *g = guard_scratch();                                                   \
                                                                                                             \
		return g && guard_parse_ipv6(&octets, g);                                                    \
	}
EACH_HOOK(GUARD_PARSE_IPV6_OF_HOOK)

/* ---- above IP ---- */

#define PROTOCOL_UDP         17
#define PROTOCOL_ICMPV6      58
#define UDP_LEN              8
#define UDP_SOURCE(udp)      be16_at(udp)
#define UDP_DESTINATION(udp) be16_at((udp) + 2)

/* BOOTP (RFC 951), of which DHCP (RFC 2131) is a kind. */
#define BOOTP_LEN    34 /* as far as it is looked at */
#define BOOTP_CLIENT 28 /* hardware address */
#define BOOTP_REPLY  2

/* Copies it. False: not of Ethernet, or cut off. */
STAGE bool guard_parse_bootp(const struct octets *octets, __u32 at, struct guard_scratch *g)
{
	return octets_load(octets, at, g->copy, BOOTP_LEN) && g->copy[1] == 1 && g->copy[2] == 6;
}

/* ---- neighbour discovery (RFC 4861) ---- */

enum guard_nd_type {
	ND_RS = 133,
	ND_RA = 134,
	ND_NS = 135,
	ND_NA = 136,
	ND_REDIRECT = 137,
};

#define ND_TARGET        8 /* where NS and NA have their target, from the ICMPv6 header on */
#define ND_OPTION_SOURCE 1
#define ND_OPTION_TARGET 2

/* Where options begin, from the ICMPv6 header on. */
STAGE __u32 guard_nd_options_at(__u32 type)
{
	switch (type) {
	case ND_RS:
		return 8;
	case ND_RA:
		return 16;
	case ND_REDIRECT:
		return 40;
	default:
		return 24;
	}
}

/*
 * How far a walk through options has come, in units of eight octets, and the link-layer address they told
 * until there (0: none). As a whole 0: cut off, of no length, or two addresses.
 */
#define ND_OPTIONS_LLADDR(walk) ((walk)&0xffffffffffffull)
#define ND_OPTIONS_UNITS(walk)  ((__u32)((walk) >> 48) & 0x1fff)
#define ND_OPTIONS_UNIT         (1ull << 48)
#define ND_OPTIONS_GO           (1ull << 62)
#define ND_OPTIONS_END          (1ull << 63)

/* One option. */
STAGE __u64 guard_nd_option(const struct octets *octets, __u64 walk, __u32 at, __u32 end)
{
	__u64 told = ND_OPTIONS_LLADDR(walk), lladdr;
	GUARD_COPY option[8];

	at += ND_OPTIONS_UNITS(walk) * 8;
	if (at >= end)
		return at == end ? walk | ND_OPTIONS_END : 0;
	if (!octets_load(octets, at, option, sizeof(option)) || !option[1])
		return 0;
	walk += option[1] * ND_OPTIONS_UNIT;
	if (option[0] != ND_OPTION_SOURCE && option[0] != ND_OPTION_TARGET)
		return walk;
	lladdr = mac_at(option + 2);
	if (option[1] != 1 || !lladdr || (told && told != lladdr))
		return 0;
	return walk | lladdr;
}

#define GUARD_ND_OPTION_OF_HOOK(hook, context_type, octets_of)                                               \
	GLOBAL __u64 guard_nd_option_##hook(context_type *context, __u64 walk, __u32 at, __u32 end)          \
	{                                                                                                    \
		const struct octets octets = octets_of(context);                                             \
                                                                                                             \
		return guard_nd_option(&octets, walk, at & 0xffff, end & 0x1ffff);                           \
	}
EACH_HOOK(GUARD_ND_OPTION_OF_HOOK)

/* All from at to end; 0 also where they are too many. */
STAGE __u64 guard_nd_options(const struct octets *octets, __u32 at, __u32 end)
{
	__u64 walk = ND_OPTIONS_GO;

	for (int n = 0; n <= GUARD_OPTIONS; n++) {
		walk = BY_HOOK(octets, guard_nd_option, walk, at, end);
		if (!walk || walk & ND_OPTIONS_END)
			return walk;
	}
	return 0;
}

#define GUARD_PARSE_ND_OF_HOOK(hook, context_type, octets_of)                                                \
	GLOBAL int guard_parse_nd_##hook(context_type *context, __u32 type)                                  \
	{                                                                                                    \
		const struct octets octets = octets_of(context);                                             \
		struct guard_scratch *g = guard_scratch();                                                   \
                                                                                                             \
		if (!g)                                                                                      \
			return 0;                                                                            \
		g->options = guard_nd_options(&octets, HEADERS_AT(g->headers) + guard_nd_options_at(type),   \
					      g->end);                                                       \
		return g->options != 0;                                                                      \
	}
EACH_HOOK(GUARD_PARSE_ND_OF_HOOK)

#endif
