/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * guard: may the station behind this port say what the frame says? What a port is allowed (MACs, and
 * addresses bound to them) is in the map `allowed`; each guard of enum xbr_guard_flags holds one kind of
 * statement against it: the Ethernet source and a DHCP client's hardware address (mac), the source of IPv4
 * and IPv6 (ip), the sender of ARP (arp), what neighbour discovery says (nd). Two more refuse what only
 * servers and routers send (dhcp_server, ra). What cannot be read to its end is refused by whichever guard is
 * on.
 *
 * A port without guards pays one comparison. The rest is in functions of their own, which the verifier looks
 * at one by one: one for each hook, for they read the frame's octets through its context. They are called one
 * after the other rather than each by the one before, and keep what they know in guard_scratch(): the stack
 * ends not far below the frame of the pipeline.
 */
#ifndef XBR_GUARD_H
#define XBR_GUARD_H

#include "guard_parse.h"
#include "locked.h"
#include "snoop.h"
#include "xbr/fdb_word.h"

/* ---- what is allowed ---- */

STAGE bool allowed_holds(const struct xbr_allowed_key *key)
{
	const struct xbr_allowed *entry = allowed_get(key);

	return entry && (!entry->until_ns || entry->until_ns > clock_boot_now());
}

/* Of the MAC, or of any, where the port has such entries. */
STAGE bool guard_allows_in(struct guard_scratch *g, __u64 mac, __u32 vid)
{
	g->key.mac_vid = fdb_key(mac, vid);
	if (allowed_holds(&g->key))
		return true;
	g->key.mac_vid = fdb_key(0, vid);
	return g->guards & XBR_GUARD_ANY_MAC && g->key.family && allowed_holds(&g->key);
}

/* Is what g->key has in family and address allowed with this MAC, in any VLAN or in that of the frame? */
GLOBAL int guard_allows(__u64 mac)
{
	struct guard_scratch *g = guard_scratch();

	if (!g)
		return 0;
	g->key.prefixlen = XBR_ALLOWED_FIXED + 128;
	g->key.port = g->port;
	if (guard_allows_in(g, mac, 0))
		return 1;
	return g->guards & XBR_GUARD_VLANS && g->vid && guard_allows_in(g, mac, g->vid);
}

STAGE void guard_key_words(struct guard_scratch *g, __u32 family, __u32 first)
{
	__u32 *word = (__u32 *)g->key.address;

	g->key.family = family;
	word[0] = first;
	word[1] = word[2] = word[3] = 0;
}

STAGE bool guard_allows_mac(struct guard_scratch *g, __u64 mac)
{
	guard_key_words(g, 0, 0);
	return guard_allows(mac);
}

/* address: as on the wire. */
STAGE bool guard_allows_ipv4(struct guard_scratch *g, __u32 address)
{
	guard_key_words(g, 4, address);
	return guard_allows(g->mac);
}

/* ---- ARP ---- */

#define RARP_REQUEST 3 /* RFC 903; QEMU announces a migrated guest by it */

/* A probe (RFC 5227, 2.1.1) claims its target. */
STAGE bool guard_arp_ok(struct guard_scratch *g)
{
	__u32 sender = word_at(g->copy + ARP_SENDER_IP);

	if (mac_at(g->copy + ARP_SENDER_MAC) != g->mac)
		return false;
	if (LAYER3_TYPE(g->layer3) == TYPE_RARP)
		return be16_at(g->copy + ARP_OPERATION) == RARP_REQUEST && guard_allows_mac(g, g->mac);
	return guard_allows_ipv4(g, sender ? sender : word_at(g->copy + ARP_TARGET_IP));
}

STAGE enum xbr_reason guard_judge_arp(const struct octets *octets, struct guard_scratch *g)
{
	if (!guard_parse_arp(octets, g))
		return XBR_REASON_guard_unparsed;
	return guard_arp_ok(g) ? XBR_REASON_none : XBR_REASON_guard_arp;
}

/* ---- DHCP (RFC 2131, RFC 8415) ---- */

#define DHCP_SERVER_PORT   67
#define DHCP_CLIENT_PORT   68
#define DHCPV6_SERVER_PORT 547
#define DHCPV6_CLIENT_PORT 546

STAGE enum xbr_reason guard_judge_bootp(const struct octets *octets, struct guard_scratch *g, __u32 at)
{
	__u64 client;

	if (!guard_parse_bootp(octets, at, g))
		return XBR_REASON_guard_unparsed;
	if (g->copy[0] == BOOTP_REPLY && g->guards & XBR_GUARD_DHCP_SERVER)
		return XBR_REASON_guard_dhcp_server;
	client = mac_at(g->copy + BOOTP_CLIENT);
	if (g->guards & XBR_GUARD_MAC && client != g->mac && !guard_allows_mac(g, client))
		return XBR_REASON_guard_dhcp_client;
	return XBR_REASON_none;
}

/* ---- IPv4 ---- */

STAGE bool guard_ipv4_has_udp(const struct guard_scratch *g)
{
	return g->copy[IPV4_PROTOCOL] == PROTOCOL_UDP && !guard_ipv4_is_later(g);
}

/* A client that has no address yet asks for one. */
STAGE bool guard_is_dhcp_request(const __u8 *udp)
{
	return UDP_SOURCE(udp) == DHCP_CLIENT_PORT && UDP_DESTINATION(udp) == DHCP_SERVER_PORT;
}

/* udp: zeros where there is none. */
STAGE bool guard_ipv4_source_ok(struct guard_scratch *g, const __u8 *udp)
{
	__u32 source = load_u32(g->copy + IPV4_SOURCE);

	if (!(g->guards & XBR_GUARD_IP))
		return true;
	return source ? guard_allows_ipv4(g, source) : guard_is_dhcp_request(udp);
}

/* What a server sends comes from its port, or goes to a client's. In fragments a client's message cannot be
 * read. */
STAGE enum xbr_reason guard_judge_udp4(const struct octets *octets, struct guard_scratch *g, const __u8 *udp)
{
	if (g->guards & XBR_GUARD_DHCP_SERVER &&
	    (UDP_SOURCE(udp) == DHCP_SERVER_PORT || UDP_DESTINATION(udp) == DHCP_CLIENT_PORT))
		return XBR_REASON_guard_dhcp_server;
	if (!(g->guards & (XBR_GUARD_DHCP_SERVER | XBR_GUARD_MAC)) ||
	    UDP_DESTINATION(udp) != DHCP_SERVER_PORT)
		return XBR_REASON_none;
	if (guard_ipv4_is_fragment(g))
		return XBR_REASON_guard_unparsed;
	return guard_judge_bootp(octets, g, guard_ipv4_payload(g) + UDP_LEN);
}

/* Later fragments come to nothing without the first, which was judged whole. */
STAGE enum xbr_reason guard_judge_ipv4(const struct octets *octets, struct guard_scratch *g)
{
	GUARD_COPY udp[4] = {};

	if (!guard_parse_ipv4(octets, g))
		return XBR_REASON_guard_unparsed;
	if (guard_ipv4_has_udp(g) && !octets_load(octets, guard_ipv4_payload(g), udp, sizeof(udp)))
		return XBR_REASON_guard_unparsed;
	if (!guard_ipv4_source_ok(g, udp))
		return XBR_REASON_guard_ip;
	return guard_judge_udp4(octets, g, udp);
}

/* ---- IPv6 addresses ---- */

enum guard_answer {
	GUARD_CUT_OFF,
	GUARD_UNSPECIFIED, /* :: */
	GUARD_NOT_ALLOWED,
	GUARD_ALLOWED,
};

STAGE bool guard_is_unspecified(const struct guard_scratch *g)
{
	const __u32 *word = (const __u32 *)g->key.address;

	return !(word[0] | word[1] | word[2] | word[3]);
}

/* Is the address at `at` allowed with this MAC? */
STAGE enum guard_answer guard_ask_ipv6(const struct octets *octets, struct guard_scratch *g, __u32 at,
				       __u64 mac)
{
	g->key.family = 6;
	if (!octets_load(octets, at, g->key.address, sizeof(g->key.address)))
		return GUARD_CUT_OFF;
	if (guard_is_unspecified(g))
		return GUARD_UNSPECIFIED;
	return guard_allows(mac) ? GUARD_ALLOWED : GUARD_NOT_ALLOWED;
}

/* ---- IPv6 ---- */

#define MLD_QUERY     130 /* RFC 2710, RFC 3810 */
#define MLD_DONE      132
#define MLD_V2_REPORT 143

/* What may come from the unspecified address: ND (RFC 4861, 4), and reports of groups joined for it
 * (RFC 3590). type: of ICMPv6, 0: it is something else. */
STAGE bool guard_may_be_unspecified(__u32 type)
{
	return type == ND_RS || type == ND_NS || (type > MLD_QUERY && type <= MLD_DONE) ||
	       type == MLD_V2_REPORT;
}

STAGE enum xbr_reason guard_judge_source6(const struct octets *octets, struct guard_scratch *g, __u32 type)
{
	if (!(g->guards & XBR_GUARD_IP))
		return XBR_REASON_none;
	switch (guard_ask_ipv6(octets, g, LAYER3_OFFSET(g->layer3) + IPV6_SOURCE, g->mac)) {
	case GUARD_ALLOWED:
		return XBR_REASON_none;
	case GUARD_UNSPECIFIED:
		return guard_may_be_unspecified(type) ? XBR_REASON_none : XBR_REASON_guard_ip;
	case GUARD_NOT_ALLOWED:
		return XBR_REASON_guard_ip;
	default:
		return XBR_REASON_guard_unparsed;
	}
}

/* Is it to be refused without a look into it? RFC 6980: neighbour discovery does not come in fragments. */
STAGE enum xbr_reason guard_nd_refusal(const struct guard_scratch *g, __u32 type)
{
	if (g->guards & (XBR_GUARD_ND | XBR_GUARD_RA) && g->headers & HEADERS_FRAGMENT)
		return XBR_REASON_guard_unparsed;
	if (g->guards & XBR_GUARD_RA && (type == ND_RA || type == ND_REDIRECT))
		return XBR_REASON_guard_ra;
	return XBR_REASON_none;
}

STAGE enum xbr_reason guard_udp6_refusal(const struct guard_scratch *g, const __u8 *udp)
{
	if (g->guards & XBR_GUARD_DHCP_SERVER &&
	    (UDP_SOURCE(udp) == DHCPV6_SERVER_PORT || UDP_DESTINATION(udp) == DHCPV6_CLIENT_PORT))
		return XBR_REASON_guard_dhcp_server;
	return XBR_REASON_none;
}

/* A protocol that is looked into, unless it is only in an earlier fragment. */
STAGE __u32 guard_upper6(const struct guard_scratch *g)
{
	__u32 protocol = HEADERS_PROTOCOL(g->headers);

	if (g->headers & HEADERS_LATER || (protocol != PROTOCOL_UDP && protocol != PROTOCOL_ICMPV6))
		return 0;
	return protocol;
}

/* What guard_ipv6 returns: a reason, or with ND_TO_JUDGE the type of a message that guard_nd is to judge. */
#define ND_TO_JUDGE         0x10000
#define ND_TO_JUDGE_TYPE(x) ((x)&0xff)

/* upper: the first octets of what is behind the extension headers. */
STAGE __u32 guard_judge_upper6(const struct guard_scratch *g, __u32 protocol, const __u8 *upper)
{
	enum xbr_reason refusal;

	if (protocol == PROTOCOL_UDP)
		return guard_udp6_refusal(g, upper);
	if (upper[0] < ND_RS || upper[0] > ND_REDIRECT)
		return XBR_REASON_none;
	refusal = guard_nd_refusal(g, upper[0]);
	return refusal || !(g->guards & XBR_GUARD_ND) ? refusal : ND_TO_JUDGE | upper[0];
}

/*
 * Did the walk leave the packet? What is behind its end in the frame is no part of it: in a first fragment it
 * is bait, and the true upper layer comes in the next (RFC 7112).
 */
STAGE bool guard_left_ipv6(const struct guard_scratch *g, __u32 protocol)
{
	if (!protocol && !(g->headers & HEADERS_FRAGMENT))
		return false;
	return HEADERS_AT(g->headers) + (protocol ? 4 : 0) > g->end;
}

/* After guard_parse_ipv6. A walk through extension headers that came to no end, or left the packet, is
 * refused by the guards that wanted to know it. */
STAGE __u32 guard_judge_ipv6(const struct octets *octets, struct guard_scratch *g)
{
	__u32 protocol = guard_upper6(g);
	enum xbr_reason refusal;
	GUARD_COPY upper[4];

	if ((!g->headers || guard_left_ipv6(g, protocol)) &&
	    g->guards & (XBR_GUARD_ND | XBR_GUARD_RA | XBR_GUARD_DHCP_SERVER))
		return XBR_REASON_guard_unparsed;
	if (!protocol)
		return guard_judge_source6(octets, g, 0);
	if (!octets_load(octets, HEADERS_AT(g->headers), upper, sizeof(upper)))
		return XBR_REASON_guard_unparsed;
	refusal = guard_judge_source6(octets, g, protocol == PROTOCOL_ICMPV6 ? upper[0] : 0);
	return refusal ? refusal : guard_judge_upper6(g, protocol, upper);
}

/* ---- neighbour discovery ---- */

/*
 * The source is bound to who sends, and, in what asks, to the link-layer address told of it; one that has no
 * address yet (RFC 4862, 5.4.2) tells none. The target of a redirect is another's.
 */
STAGE bool guard_nd_source_ok(struct guard_scratch *g, __u32 type, enum guard_answer answer)
{
	__u64 lladdr = ND_OPTIONS_LLADDR(g->options);

	if (answer == GUARD_UNSPECIFIED)
		return (type == ND_RS || type == ND_NS) && !lladdr;
	if (answer != GUARD_ALLOWED)
		return false;
	return type == ND_NA || type == ND_REDIRECT || !lladdr || lladdr == g->mac || guard_allows(lladdr);
}

/* Does the message claim its target (RFC 4861, 7.2.4; RFC 4862, 5.4.2)? */
STAGE bool guard_nd_claims(const struct guard_scratch *g, __u32 type, enum guard_answer source)
{
	if (type == ND_NS)
		return source == GUARD_UNSPECIFIED && !(g->guards & XBR_GUARD_SNOOP_ND);
	return type == ND_NA;
}

/* After guard_parse_nd. */
STAGE enum xbr_reason guard_judge_nd(const struct octets *octets, struct guard_scratch *g, __u32 type)
{
	__u64 lladdr = ND_OPTIONS_LLADDR(g->options);
	enum guard_answer source = guard_ask_ipv6(octets, g, LAYER3_OFFSET(g->layer3) + IPV6_SOURCE, g->mac),
			  target;

	if (source == GUARD_CUT_OFF)
		return XBR_REASON_guard_unparsed;
	if (!guard_nd_source_ok(g, type, source))
		return XBR_REASON_guard_nd;
	if (!guard_nd_claims(g, type, source))
		return XBR_REASON_none;
	target = guard_ask_ipv6(octets, g, HEADERS_AT(g->headers) + ND_TARGET, lladdr ? lladdr : g->mac);
	return target == GUARD_ALLOWED ? XBR_REASON_none : XBR_REASON_guard_nd;
}

/* ---- the whole, for each hook ---- */

#define GUARD_PROTOCOL_OF_HOOK(name, hook, context_type, octets_of)                                          \
	GLOBAL int guard_##name##_##hook(context_type *context)                                              \
	{                                                                                                    \
		const struct octets octets = octets_of(context);                                             \
		struct guard_scratch *g = guard_scratch();                                                   \
                                                                                                             \
		return g ? (int)guard_judge_##name(&octets, g) : XBR_REASON_guard_unparsed;                  \
	}
#define GUARD_PROTOCOLS_OF_HOOK(hook, context_type, octets_of)                                               \
	GUARD_PROTOCOL_OF_HOOK(arp, hook, context_type, octets_of)                                           \
	GUARD_PROTOCOL_OF_HOOK(ipv4, hook, context_type, octets_of)                                          \
	GUARD_PROTOCOL_OF_HOOK(ipv6, hook, context_type, octets_of)                                          \
	GLOBAL int guard_nd_##hook(context_type *context, __u32 type)                                        \
	{                                                                                                    \
		const struct octets octets = octets_of(context);                                             \
		struct guard_scratch *g = guard_scratch();                                                   \
                                                                                                             \
		return g ? (int)guard_judge_nd(&octets, g, type) : XBR_REASON_guard_unparsed;                \
	}
EACH_HOOK(GUARD_PROTOCOLS_OF_HOOK)

STAGE __u32 guard_by_ipv6(const struct octets *octets)
{
	__u32 found;

	if (!BY_HOOK_ALONE(octets, guard_parse_ipv6))
		return XBR_REASON_guard_unparsed;
	found = (__u32)BY_HOOK_ALONE(octets, guard_ipv6);
	if (!(found & ND_TO_JUDGE))
		return found;
	if (!BY_HOOK(octets, guard_parse_nd, ND_TO_JUDGE_TYPE(found)))
		return XBR_REASON_guard_unparsed;
	return (__u32)BY_HOOK(octets, guard_nd, ND_TO_JUDGE_TYPE(found));
}

/* With a type and nothing known behind it a frame says no more than its source. */
STAGE __u32 guard_judge(const struct octets *octets, struct guard_scratch *g)
{
	if (g->guards & XBR_GUARD_MAC && !guard_allows_mac(g, g->mac))
		return XBR_REASON_guard_mac;
	g->layer3 = guard_layer3(octets);
	switch (LAYER3_TYPE(g->layer3)) {
	case 0:
		return XBR_REASON_guard_unparsed;
	case TYPE_ARP:
	case TYPE_RARP:
		return g->guards & XBR_GUARD_ARP ? (__u32)BY_HOOK_ALONE(octets, guard_arp) : XBR_REASON_none;
	case TYPE_IPV4:
		return (__u32)BY_HOOK_ALONE(octets, guard_ipv4);
	case TYPE_IPV6:
		return guard_by_ipv6(octets);
	default:
		return XBR_REASON_none;
	}
}

/* Returns enum xbr_reason. */
#define GUARD_OF_HOOK(hook, context_type, octets_of)                                                         \
	GLOBAL int guard_##hook(context_type *context, __u32 port, __u64 mac, __u32 guards, __u32 vid)       \
	{                                                                                                    \
		const struct octets octets = octets_of(context);                                             \
		struct guard_scratch *g = guard_scratch();                                                   \
                                                                                                             \
		if (!g)                                                                                      \
			return XBR_REASON_guard_unparsed;                                                    \
		g->port = port;                                                                              \
		g->mac = mac;                                                                                \
		g->guards = guards;                                                                          \
		g->vid = vid;                                                                                \
		return (int)guard_judge(&octets, g);                                                         \
	}
EACH_HOOK(GUARD_OF_HOOK)

/* ---- the stage ---- */

/* Its VLAN; on a VLAN-unaware bridge that of its outermost tag. */
STAGE __u32 guard_vid(const struct frame *f)
{
	return (f->tci ? f->tci : f->tag.tci) & TCI_VID_MASK;
}

/* False: the frame has ended. */
STAGE bool guard(struct frame *f, const struct xbr_port *port, const struct octets *octets)
{
	__u32 reason;

	if (!feature_on(XBR_FEATURE_guard) || !port->guard)
		return true;
	if (!limit_was_reached(f, port))
		return false;
	reason = port->guard & XBR_GUARD_ADDRESSES
			 ? (__u32)BY_HOOK(octets, guard, f->in, f->src, port->guard, guard_vid(f))
			 : XBR_REASON_none;
	if (reason)
		return frame_drop(f, reason);
	snoop(f, port, octets);
	return true;
}

#endif
