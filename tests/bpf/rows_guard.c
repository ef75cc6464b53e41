// SPDX-License-Identifier: Apache-2.0
/*
 * Rows of guards; see rows.h. What a hostile guest behind P1 sends: A is the address it was given, with
 * 10.0.0.1 and fe80::1; B and 10.0.0.2 are another's. tests/net/test_guard*.py has the attacks on a whole
 * bridge; here is each rule once, with its reason.
 */
#include "rows_words.h"

#define GUARDED(flags) .port[P1] = PORT(.guard = (flags)), .in = P1, .fdb = {A_AT_P1, B_AT_P2}
#define ALL_GUARDS     XBR_GUARD_ADDRESSES

#define IP_A     "\x0a\x00\x00\x01"
#define IP_B     "\x0a\x00\x00\x02"
#define IP_0     "\x00\x00\x00\x00"
#define IP_BC    "\xff\xff\xff\xff"
#define V6(last) "\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" last
#define V6_A     V6("\x01")
#define V6_B     V6("\x02")
#define V6_0     "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
#define V6_ALL   "\xff\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"

#define OWN_MAC                                                                                              \
	{                                                                                                    \
		.port = P1, .mac = MAC_A                                                                     \
	}
#define OWN_IP                                                                                               \
	{                                                                                                    \
		.port = P1, .mac = MAC_A, .family = 4, .bits = 32, .address = IP_A                           \
	}
#define OWN_V6                                                                                               \
	{                                                                                                    \
		.port = P1, .mac = MAC_A, .family = 6, .bits = 128, .address = V6_A                          \
	}
#define OWN_ALL .allowed = {OWN_MAC, OWN_IP, OWN_V6}

/* ---- frames ---- */

#define PAD "forty-six octets of padding, or more than that"

#define ARP_BODY(op, sha, spa, tpa) "\x00\x01\x08\x00\x06\x04\x00" op sha spa MAC_ZERO tpa
#define ARP(op, sha, spa, tpa)      "\x08\x06" ARP_BODY(op, sha, spa, tpa)
#define IPV4(proto, fragment, src)  "\x45\x00\x00\x40\x00\x01" fragment "\x40" proto "\x00\x00" src IP_B
#define WHOLE                       "\x00\x00"
#define MORE                        "\x20\x00" /* the first of several fragments */
#define LATER                       "\x00\x05"
#define TCP_PROTO                   "\x06"
#define UDP_PROTO                   "\x11"
#define UDP(from, to)               from to "\x00\x30\x00\x00"
#define PORT_67                     "\x00\x43"
#define PORT_68                     "\x00\x44"
#define PORT_546                    "\x02\x22"
#define PORT_547                    "\x02\x23"
#define PORT_53                     "\x00\x35"
#define BOOTP(op, chaddr)                                                                                    \
	op "\x01\x06\x00\x12\x34\x56\x78\x00\x00\x00\x00" IP_0 IP_0 IP_0 IP_0 chaddr                         \
	   "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
#define REQUEST                 "\x01"
#define REPLY                   "\x02"
#define IPV6(length, next, src) "\x86\xdd\x60\x00\x00\x00\x00" length next "\xff" src V6_ALL
#define ICMP6_PROTO             "\x3a"
#define ND(type)                type "\x00\x00\x00\x00\x00\x00\x00"
#define RS                      "\x85"
#define RA                      "\x86"
#define NS                      "\x87"
#define NA                      "\x88"
#define REDIRECT                "\x89"
#define SLLA(mac)               "\x01\x01" mac
#define TLLA(mac)               "\x02\x01" mac
#define HOP_BY_HOP(next)        next "\x00\x01\x04\x00\x00\x00\x00"
#define FRAGMENT(next, where)   next "\x00" where "\x00\x00\x00\x01"
#define FRAGMENT_ATOMIC         "\x00\x00"
#define FRAGMENT_FIRST          "\x00\x01"
#define FRAGMENT_LATER          "\x00\x10"
#define SNAP(type)              "\x00\x40\xaa\xaa\x03\x00\x00\x00" type

#define FROM_A(octets)     BYTES(MAC_B MAC_A octets)
#define FROM_A_ALL(octets) BYTES(MAC_ALL MAC_A octets)

#define PASSES        FORWARD(unicast, P2), .xdp = XDP_REDIRECT
#define PASSES_TO_ALL FLOOD(broadcast, TO_ALL_BUT_P1)

#define RULE(title, clause_, guards, bytes, ...)                                                             \
	{                                                                                                    \
		.name = title, .clause = clause_, GUARDED(guards), OWN_ALL, .frame = bytes, __VA_ARGS__,     \
	}

/* An IPv4 packet of another's address, behind something. */
#define BEHIND(title, octets)                                                                                \
	RULE("another's IPv4 source behind " title, "reliability 4.1: VU#855201", XBR_GUARD_IP,              \
	     FROM_A(octets IPV4(TCP_PROTO, WHOLE, IP_B) PAD), DROP(guard_ip))
#define V4 "\x08\x00"

/* ---- states ---- */

static void p1_has_tripped(const struct tables *tables)
{
	tables->guard_live[P1].tripped = XBR_SHUT_MAC_LIMIT;
}

static void meters(const struct tables *tables, __u64 cost, __u64 until)
{
	for (int i = 0; i < XBR_METERS; i++) {
		tables->guards[P1].cost[i] = cost;
		tables->guard_live[P1].until[i] = until;
	}
}

/* Paid for until the end of time. */
static void p1_has_no_time(const struct tables *tables)
{
	meters(tables, 1 << 20, 1ull << 63);
}

static void p1_has_time(const struct tables *tables)
{
	meters(tables, 1 << 20, 0);
}

static void p1_has_no_rate(const struct tables *tables)
{
	meters(tables, 0, 1ull << 63);
}

#define C_TO_B BYTES(MAC_B MAC_C TYPE_IP TEXT)
#define C_LOCKED                                                                                             \
	{                                                                                                    \
		.mac = MAC_C, .port = P1, .kind = XBR_FDB_LOCKED                                             \
	}
#define CLAUSE_LOCKED "bridge(8), locked; the kernel's br_handle_frame_finish()"
#define LOCKED_ROW(title, guards, bytes, ...)                                                                \
	{                                                                                                    \
		.name = title " at a locked port", .clause = CLAUSE_LOCKED,                                  \
		GUARDED(XBR_GUARD_LOCKED | (guards)), .frame = bytes, __VA_ARGS__,                           \
	}
#define LIMIT_ROW(title, action, bytes, ...)                                                                 \
	{                                                                                                    \
		.name = title, .clause = "issue 4: fdb_max_learned_action",                                  \
		.port[P1] = PORT(.guard = XBR_GUARD_##action, .fdb_max_learned = 1), .in = P1,               \
		.fdb = {A_AT_P1, B_AT_P2}, .frame = bytes, __VA_ARGS__,                                      \
	}
#define STORM_ROW(title, state, bytes, ...)                                                                  \
	{                                                                                                    \
		.name = title, .clause = "issue 4: storm_control", .prepare = state,                         \
		GUARDED(XBR_GUARD_STORM), .frame = bytes, __VA_ARGS__,                                       \
	}
#define IN_COMMUNITY(n) PORT(.flags = USUAL | XBR_PORT_ISOLATED, .community = (n))
#define ISOLATION(title, from, to, ...)                                                                      \
	{                                                                                                    \
		.name = title, .clause = "RFC 5517", .in = P1, .fdb = {A_AT_P1, B_AT_P2},                    \
		.port[P1] = IN_COMMUNITY(from), .port[P2] = IN_COMMUNITY(to), .frame = A_TO_B, __VA_ARGS__,  \
	}

static const struct row rows[] = {
	/* mac */
	RULE("the given address passes", "issue 4: guard mac", XBR_GUARD_MAC,
	     FROM_A(V4 IPV4(TCP_PROTO, WHOLE, IP_B) PAD), PASSES),
	RULE("another's address does not", "issue 4: guard mac", XBR_GUARD_MAC,
	     BYTES(MAC_A MAC_B V4 IPV4(TCP_PROTO, WHOLE, IP_A) PAD), DROP(guard_mac)),
	RULE("an address nobody has does not, and is not learned", "issue 4: guard mac", XBR_GUARD_MAC,
	     BYTES(MAC_B MAC_C V4 IPV4(TCP_PROTO, WHOLE, IP_A) PAD), DROP(guard_mac)),
	{
		.name = "another's address passes without the guard",
		.clause = "issue 4: each with and without",
		.in = P1,
		.fdb = {A_AT_P1, B_AT_P2},
		OWN_ALL,
		.frame = BYTES(MAC_B MAC_C TYPE_IP TEXT),
		PASSES,
		NOTE(learned),
		.after = {A_AT_P1, B_AT_P2, DYNAMIC(MAC_C, P1)},
	},
	{
		.name = "what is allowed on one port is not on another",
		.clause = "issue 4: guard mac",
		GUARDED(XBR_GUARD_MAC),
		.allowed = {{.port = P2, .mac = MAC_A}},
		.frame = A_TO_B,
		DROP(guard_mac),
	},
	{
		.name = "an allowance that has ended is none",
		.clause = "RFC 2131 4.4.5: a lease ends",
		GUARDED(XBR_GUARD_MAC),
		.allowed = {{.port = P1, .mac = MAC_A, .age = 1}},
		.frame = A_TO_B,
		DROP(guard_mac),
	},

	/* ip */
	RULE("the given IPv4 source passes", "issue 4: guard ip", XBR_GUARD_IP,
	     FROM_A(V4 IPV4(TCP_PROTO, WHOLE, IP_A) PAD), PASSES),
	RULE("another's IPv4 source does not", "issue 4: guard ip", XBR_GUARD_IP,
	     FROM_A(V4 IPV4(TCP_PROTO, WHOLE, IP_B) PAD), DROP(guard_ip)),
	RULE("a later fragment of another's does not", "issue 4: guard ip", XBR_GUARD_IP,
	     FROM_A(V4 IPV4(TCP_PROTO, LATER, IP_B) PAD), DROP(guard_ip)),
	RULE("no source but in asking for one does not", "RFC 2131 4.1", XBR_GUARD_IP,
	     FROM_A(V4 IPV4(UDP_PROTO, WHOLE, IP_0) UDP(PORT_53, PORT_67) PAD), DROP(guard_ip)),
	RULE("a client without an address asks for one", "RFC 2131 4.1", ALL_GUARDS,
	     FROM_A_ALL(V4 IPV4(UDP_PROTO, WHOLE, IP_0) UDP(PORT_68, PORT_67) BOOTP(REQUEST, MAC_A)),
	     PASSES_TO_ALL),
	{
		.name = "a prefix covers its addresses",
		.clause = "issue 4: guard ip",
		GUARDED(XBR_GUARD_IP),
		.allowed =
			{{.port = P1, .mac = MAC_A, .family = 4, .bits = 30, .address = "\x0a\x00\x00\x00"}},
		.frame = FROM_A(V4 IPV4(TCP_PROTO, WHOLE, IP_B) PAD),
		PASSES,
	},
	{
		.name = "a prefix covers no other",
		.clause = "issue 4: guard ip",
		GUARDED(XBR_GUARD_IP),
		.allowed =
			{{.port = P1, .mac = MAC_A, .family = 4, .bits = 31, .address = "\x0a\x00\x00\x00"}},
		.frame = FROM_A(V4 IPV4(TCP_PROTO, WHOLE, IP_B) PAD),
		DROP(guard_ip),
	},
	{
		.name = "an address bound to another MAC does not pass",
		.clause = "issue 4: bound",
		GUARDED(XBR_GUARD_IP),
		.allowed = {{.port = P1, .mac = MAC_C, .family = 4, .bits = 32, .address = IP_A}},
		.frame = FROM_A(V4 IPV4(TCP_PROTO, WHOLE, IP_A) PAD),
		DROP(guard_ip),
	},
	{
		.name = "an address bound to no MAC passes",
		.clause = "xbr-guard(8): mac may be left out",
		.port[P1] = PORT(.guard = XBR_GUARD_IP | XBR_GUARD_ANY_MAC),
		.in = P1,
		.fdb = {A_AT_P1, B_AT_P2},
		.allowed = {{.port = P1, .family = 4, .bits = 32, .address = IP_A}},
		.frame = FROM_A(V4 IPV4(TCP_PROTO, WHOLE, IP_A) PAD),
		PASSES,
	},
	RULE("the given IPv6 source passes", "issue 4: guard ip", XBR_GUARD_IP,
	     FROM_A(IPV6("\x08", TCP_PROTO, V6_A) PAD), PASSES),
	RULE("another's IPv6 source does not", "issue 4: guard ip", XBR_GUARD_IP,
	     FROM_A(IPV6("\x08", TCP_PROTO, V6_B) PAD), DROP(guard_ip)),
	RULE("another's IPv6 source behind an extension header does not", "issue 4: guard ip", XBR_GUARD_IP,
	     FROM_A(IPV6("\x10", "\x00", V6_B) HOP_BY_HOP(TCP_PROTO) PAD), DROP(guard_ip)),
	RULE("no IPv6 source with TCP does not", "RFC 4291 2.5.2", XBR_GUARD_IP,
	     FROM_A(IPV6("\x08", TCP_PROTO, V6_0) PAD), DROP(guard_ip)),
	RULE("no IPv6 source joins a group", "RFC 3590", ALL_GUARDS,
	     FROM_A(IPV6("\x18", ICMP6_PROTO, V6_0) "\x8f\x00\x00\x00\x00\x00\x00\x00" PAD), PASSES),
	RULE("IPv4 of a version that is not is refused", "issue 4: the strictest reading", XBR_GUARD_IP,
	     FROM_A(V4 "\x65\x00\x00\x40\x00\x01\x00\x00\x40\x06\x00\x00" IP_A IP_B PAD),
	     DROP(guard_unparsed)),
	RULE("IPv4 cut off is refused", "issue 4: the strictest reading", XBR_GUARD_IP,
	     FROM_A(V4 "\x45\x00\x00\x40\x00\x01\x00\x00\x40\x06\x00\x00" IP_A), DROP(guard_unparsed),
	     .hooks = BIT(HOOK_HOST) | BIT(HOOK_XDP)), /* the kernel makes no skb of it */

	/* what hides it */
	BEHIND("a C-tag", TAG("\x00\x05") V4),
	BEHIND("two tags", STAG("\x00\x05") TAG("\x00\x06") V4),
	BEHIND("eight priority tags", TAG("\x00\x00") TAG("\x00\x00") TAG("\x00\x00") TAG("\x00\x00") TAG(
					      "\x00\x00") TAG("\x00\x00") TAG("\x00\x00") TAG("\x00\x00") V4),
	BEHIND("an old tag", "\x91\x00\x00\x05" V4),
	BEHIND("an E-TAG", "\x89\x3f\x00\x00\x00\x00\x00\x00" V4),
	BEHIND("a VN-Tag", "\x89\x26\x00\x00\x00\x00" V4),
	BEHIND("LLC and SNAP", SNAP(V4)),
	BEHIND("a tag, LLC and SNAP", TAG("\x00\x00") SNAP(V4)),
	BEHIND("LLC, SNAP and a tag", SNAP(TAG("\x00\x00")) V4),
	BEHIND("SNAP of a bridge tunnel", "\x00\x40\xaa\xaa\x03\x00\x00\xf8" V4),
	BEHIND("SNAP of another's OUI", "\x00\x40\xaa\xaa\x03\x00\x00\x0c" V4),
	BEHIND("LLC alone", "\x00\x40\x06\x06\x03"),
	RULE("nine tags are refused", "issue 4: the strictest reading", XBR_GUARD_MAC,
	     FROM_A(TAG("\x00\x00") TAG("\x00\x00") TAG("\x00\x00") TAG("\x00\x00") TAG("\x00\x00")
			    TAG("\x00\x00") TAG("\x00\x00") TAG("\x00\x00") TAG("\x00\x00")
				    V4 IPV4(TCP_PROTO, WHOLE, IP_A) PAD),
	     DROP(guard_unparsed)),
	RULE("a field that is neither length nor type is refused", "802.3 3.2.6", XBR_GUARD_MAC,
	     FROM_A("\x05\xe0" PAD), DROP(guard_unparsed)),
	RULE("SNAP that is no UI is refused", "802.2", XBR_GUARD_MAC,
	     FROM_A("\x00\x40\xaa\xaa\xe3\x00\x00\x00\x08\x00" PAD), DROP(guard_unparsed)),
	RULE("a tag with nothing behind it is refused", "issue 4: the strictest reading", XBR_GUARD_MAC,
	     FROM_A(TAG("\x00\x00") "\x81\x00\x00\x00"), DROP(guard_unparsed)),
	RULE("LLC of spanning tree is not IP", "802.1Q 8.13.5", ALL_GUARDS,
	     FROM_A("\x00\x26\x42\x42\x03" PAD), PASSES),
	RULE("a type that is nobody's is not IP", "issue 4: guard ip", ALL_GUARDS, FROM_A("\x88\xb5" PAD),
	     PASSES),

	/* arp */
	RULE("the given sender asks", "issue 4: guard arp", ALL_GUARDS,
	     FROM_A_ALL(ARP("\x01", MAC_A, IP_A, IP_B) PAD), PASSES_TO_ALL),
	RULE("another's IPv4 address in ARP", "issue 4: guard arp", XBR_GUARD_ARP,
	     FROM_A(ARP("\x02", MAC_A, IP_B, IP_A) PAD), DROP(guard_arp)),
	RULE("another's MAC in ARP", "issue 4: guard arp", XBR_GUARD_ARP,
	     FROM_A(ARP("\x02", MAC_B, IP_A, IP_B) PAD), DROP(guard_arp)),
	RULE("a probe of the given address", "RFC 5227 2.1.1", XBR_GUARD_ARP,
	     FROM_A_ALL(ARP("\x01", MAC_A, IP_0, IP_A) PAD), PASSES_TO_ALL),
	RULE("a probe of another's address", "RFC 5227 2.1.1", XBR_GUARD_ARP,
	     FROM_A_ALL(ARP("\x01", MAC_A, IP_0, IP_B) PAD), DROP(guard_arp)),
	RULE("ARP behind a tag", "reliability 4.1: VU#855201", XBR_GUARD_ARP,
	     FROM_A(TAG("\x00\x00") ARP("\x02", MAC_A, IP_B, IP_A) PAD), DROP(guard_arp)),
	RULE("ARP behind SNAP", "reliability 4.1: VU#855201", XBR_GUARD_ARP,
	     FROM_A(SNAP("\x08\x06") ARP_BODY("\x02", MAC_A, IP_B, IP_A) PAD), DROP(guard_arp)),
	RULE("ARP of something else than IPv4", "issue 4: the strictest reading", XBR_GUARD_ARP,
	     FROM_A("\x08\x06\x00\x06\x08\x00\x06\x04\x00\x02" MAC_A IP_A MAC_B IP_B PAD),
	     DROP(guard_unparsed)),
	RULE("RARP announces the given address", "wire-formats 15", ALL_GUARDS,
	     FROM_A_ALL("\x80\x35" ARP_BODY("\x03", MAC_A, IP_0, IP_0) PAD), PASSES_TO_ALL),
	RULE("RARP answers nothing", "RFC 903", XBR_GUARD_ARP,
	     FROM_A_ALL("\x80\x35" ARP_BODY("\x04", MAC_A, IP_A, IP_0) PAD), DROP(guard_arp)),

	/* dhcp */
	RULE("a DHCP server", "issue 4: guard dhcp-server", XBR_GUARD_DHCP_SERVER,
	     FROM_A(V4 IPV4(UDP_PROTO, WHOLE, IP_A) UDP(PORT_67, PORT_68) BOOTP(REPLY, MAC_B)),
	     DROP(guard_dhcp_server)),
	RULE("a DHCP server by another port of its own", "issue 4: guard dhcp-server", XBR_GUARD_DHCP_SERVER,
	     FROM_A(V4 IPV4(UDP_PROTO, WHOLE, IP_A) UDP(PORT_53, PORT_68) BOOTP(REPLY, MAC_B)),
	     DROP(guard_dhcp_server)),
	RULE("a DHCP server in fragments", "issue 4: the strictest reading", XBR_GUARD_DHCP_SERVER,
	     FROM_A(V4 IPV4(UDP_PROTO, MORE, IP_A) UDP(PORT_67, PORT_68) PAD), DROP(guard_dhcp_server)),
	RULE("a server's reply to a relay", "RFC 2131 4.1", XBR_GUARD_DHCP_SERVER,
	     FROM_A(V4 IPV4(UDP_PROTO, WHOLE, IP_A) UDP(PORT_53, PORT_67) BOOTP(REPLY, MAC_B)),
	     DROP(guard_dhcp_server)),
	RULE("a client with another's hardware address", "issue 4: DHCP client address", XBR_GUARD_MAC,
	     FROM_A_ALL(V4 IPV4(UDP_PROTO, WHOLE, IP_0) UDP(PORT_68, PORT_67) BOOTP(REQUEST, MAC_B)),
	     DROP(guard_dhcp_client)),
	RULE("a client in fragments", "issue 4: the strictest reading", XBR_GUARD_MAC,
	     FROM_A_ALL(V4 IPV4(UDP_PROTO, MORE, IP_0) UDP(PORT_68, PORT_67) BOOTP(REQUEST, MAC_A)),
	     DROP(guard_unparsed)),
	RULE("a DHCPv6 server", "RFC 8415 7.2", XBR_GUARD_DHCP_SERVER,
	     FROM_A(IPV6("\x10", UDP_PROTO, V6_A) UDP(PORT_547, PORT_546) PAD), DROP(guard_dhcp_server)),
	RULE("a DHCPv6 server behind an extension header", "reliability 4.1", XBR_GUARD_DHCP_SERVER,
	     FROM_A(IPV6("\x18", "\x3c", V6_A) HOP_BY_HOP(UDP_PROTO) UDP(PORT_547, PORT_546) PAD),
	     DROP(guard_dhcp_server)),
	RULE("a DHCPv6 client", "RFC 8415 7.2", ALL_GUARDS,
	     FROM_A(IPV6("\x10", UDP_PROTO, V6_A) UDP(PORT_546, PORT_547) PAD), PASSES),

	/* ra */
	RULE("a router's advertisement", "RFC 6105", XBR_GUARD_RA,
	     FROM_A(IPV6("\x10", ICMP6_PROTO, V6_A) ND(RA) "\x00\x00\x00\x00\x00\x00\x00\x00"),
	     DROP(guard_ra)),
	RULE("a redirect", "RFC 4861 8", XBR_GUARD_RA,
	     FROM_A(IPV6("\x28", ICMP6_PROTO, V6_A) ND(REDIRECT) V6_B V6_B), DROP(guard_ra)),
	RULE("an advertisement behind a hop-by-hop header", "RFC 7113", XBR_GUARD_RA,
	     FROM_A(IPV6("\x18", "\x00", V6_A) HOP_BY_HOP(ICMP6_PROTO) ND(RA) PAD), DROP(guard_ra)),
	RULE("an advertisement behind an atomic fragment header", "RFC 7113", XBR_GUARD_RA,
	     FROM_A(IPV6("\x18", "\x2c", V6_A) FRAGMENT(ICMP6_PROTO, FRAGMENT_ATOMIC) ND(RA) PAD),
	     DROP(guard_ra)),
	RULE("an advertisement in fragments", "RFC 6980", XBR_GUARD_RA,
	     FROM_A(IPV6("\x18", "\x2c", V6_A) FRAGMENT(ICMP6_PROTO, FRAGMENT_FIRST) ND(RA) PAD),
	     DROP(guard_unparsed)),
	RULE("a later fragment comes to nothing without its first", "RFC 7113 2", XBR_GUARD_RA,
	     FROM_A(IPV6("\x18", "\x2c", V6_A) FRAGMENT(ICMP6_PROTO, FRAGMENT_LATER) PAD), PASSES),
	RULE("a first fragment with bait behind its end", "RFC 7112", XBR_GUARD_RA,
	     FROM_A(IPV6("\x10", "\x2c", V6_A) FRAGMENT("\x3c", FRAGMENT_FIRST) HOP_BY_HOP(ICMP6_PROTO)
			    ND("\x80") PAD),
	     DROP(guard_unparsed)),
	RULE("a first fragment with a bait of headers behind its end", "RFC 7112", XBR_GUARD_DHCP_SERVER,
	     FROM_A(IPV6("\x10", "\x2c", V6_A) FRAGMENT("\x3c", FRAGMENT_FIRST) HOP_BY_HOP("\x3c")
			    HOP_BY_HOP(TCP_PROTO) PAD),
	     DROP(guard_unparsed)),
	RULE("a first fragment with all its headers", "RFC 7112", XBR_GUARD_RA | XBR_GUARD_DHCP_SERVER,
	     FROM_A(IPV6("\x20", "\x2c", V6_A) FRAGMENT("\x3c", FRAGMENT_FIRST) HOP_BY_HOP(UDP_PROTO)
			    UDP(PORT_53, PORT_53) PAD),
	     PASSES),
	RULE("a first fragment without its upper layer", "RFC 7112", XBR_GUARD_RA,
	     FROM_A(IPV6("\x10", "\x2c", V6_A) FRAGMENT("\x3c", FRAGMENT_FIRST) "\x3a"),
	     DROP(guard_unparsed)),
	RULE("nine extension headers are refused", "issue 4: the strictest reading", XBR_GUARD_RA,
	     FROM_A(IPV6("\x50", "\x00", V6_A) HOP_BY_HOP("\x3c") HOP_BY_HOP("\x3c") HOP_BY_HOP("\x3c")
			    HOP_BY_HOP("\x3c") HOP_BY_HOP("\x3c") HOP_BY_HOP("\x3c") HOP_BY_HOP("\x3c")
				    HOP_BY_HOP("\x3c") HOP_BY_HOP(ICMP6_PROTO) ND(RA) PAD),
	     DROP(guard_unparsed)),
	RULE("an advertisement behind two tags", "reliability 4.1: VU#855201", XBR_GUARD_RA,
	     FROM_A(TAG("\x00\x00") TAG("\x00\x00") IPV6("\x10", ICMP6_PROTO, V6_A) ND(RA) PAD),
	     DROP(guard_ra)),
	RULE("an advertisement behind SNAP", "reliability 4.1: VU#855201", XBR_GUARD_RA,
	     FROM_A("\x00\x60\xaa\xaa\x03\x00\x00\x00" IPV6("\x10", ICMP6_PROTO, V6_A) ND(RA) PAD),
	     DROP(guard_ra)),
	RULE("who asks for routers is none", "RFC 4861 4.1", ALL_GUARDS,
	     FROM_A(IPV6("\x10", ICMP6_PROTO, V6_A) ND(RS) SLLA(MAC_A) PAD), PASSES),

	/* nd */
	RULE("the given address is advertised", "issue 4: guard nd", ALL_GUARDS,
	     FROM_A(IPV6("\x20", ICMP6_PROTO, V6_A) ND(NA) V6_A TLLA(MAC_A)), PASSES),
	RULE("another's address is advertised", "issue 4: guard nd", XBR_GUARD_ND,
	     FROM_A(IPV6("\x20", ICMP6_PROTO, V6_A) ND(NA) V6_B TLLA(MAC_A)), DROP(guard_nd)),
	RULE("the given address at another's MAC", "issue 4: guard nd", XBR_GUARD_ND,
	     FROM_A(IPV6("\x20", ICMP6_PROTO, V6_A) ND(NA) V6_A TLLA(MAC_B)), DROP(guard_nd)),
	RULE("an advertisement without a target's MAC", "RFC 4861 4.4", XBR_GUARD_ND,
	     FROM_A(IPV6("\x18", ICMP6_PROTO, V6_A) ND(NA) V6_B), DROP(guard_nd)),
	RULE("who asks from another's address", "issue 4: guard nd", XBR_GUARD_ND,
	     FROM_A(IPV6("\x20", ICMP6_PROTO, V6_B) ND(NS) V6_A SLLA(MAC_A)), DROP(guard_nd)),
	RULE("who asks with another's MAC", "issue 4: guard nd", XBR_GUARD_ND,
	     FROM_A(IPV6("\x20", ICMP6_PROTO, V6_A) ND(NS) V6_B SLLA(MAC_B)), DROP(guard_nd)),
	RULE("two MACs in one message", "issue 4: the strictest reading", XBR_GUARD_ND,
	     FROM_A(IPV6("\x28", ICMP6_PROTO, V6_A) ND(NS) V6_B SLLA(MAC_A) SLLA(MAC_B)),
	     DROP(guard_unparsed)),
	RULE("an option of no length", "RFC 4861 4.6", XBR_GUARD_ND,
	     FROM_A(IPV6("\x20", ICMP6_PROTO, V6_A) ND(NS) V6_B "\x01\x00" MAC_A), DROP(guard_unparsed)),
	RULE("an option beyond the packet's end", "RFC 4861 4.6", XBR_GUARD_ND,
	     FROM_A(IPV6("\x20", ICMP6_PROTO, V6_A) ND(NS) V6_B "\x0e\x02" MAC_A), DROP(guard_unparsed)),
	RULE("duplicate address detection of the given address", "RFC 4862 5.4.2", ALL_GUARDS,
	     FROM_A(IPV6("\x18", ICMP6_PROTO, V6_0) ND(NS) V6_A), PASSES),
	RULE("duplicate address detection of another's", "RFC 4862 5.4.2", XBR_GUARD_ND,
	     FROM_A(IPV6("\x18", ICMP6_PROTO, V6_0) ND(NS) V6_B), DROP(guard_nd)),
	RULE("duplicate address detection that tells a MAC", "RFC 4862 5.4.2", XBR_GUARD_ND,
	     FROM_A(IPV6("\x20", ICMP6_PROTO, V6_0) ND(NS) V6_A SLLA(MAC_A)), DROP(guard_nd)),
	RULE("a claim, where claims are snooped", "RFC 6620", XBR_GUARD_ND | XBR_GUARD_SNOOP_ND,
	     FROM_A(IPV6("\x18", ICMP6_PROTO, V6_0) ND(NS) V6_B), PASSES),
	RULE("neighbour discovery in fragments", "RFC 6980", XBR_GUARD_ND,
	     FROM_A(IPV6("\x28", "\x2c", V6_A) FRAGMENT(ICMP6_PROTO, FRAGMENT_FIRST) ND(NA) V6_A TLLA(MAC_A)),
	     DROP(guard_unparsed)),
	RULE("neighbour discovery behind a destination options header", "reliability 4.3", XBR_GUARD_ND,
	     FROM_A(IPV6("\x28", "\x3c", V6_A) HOP_BY_HOP(ICMP6_PROTO) ND(NA) V6_B TLLA(MAC_A)),
	     DROP(guard_nd)),

	/* locked, mab */
	LOCKED_ROW("a source that is authorised", 0, A_TO_B, PASSES),
	LOCKED_ROW("a source that nobody knows", 0, C_TO_B, DROP(locked)),
	LOCKED_ROW("a source that is authorised elsewhere", 0, BYTES(MAC_A MAC_B TYPE_IP TEXT), DROP(locked)),
	LOCKED_ROW("a source that nobody knows, with mab", XBR_GUARD_MAB, C_TO_B, DROP(locked), NOTE(learned),
		   .after = {A_AT_P1, B_AT_P2, C_LOCKED}),
	LOCKED_ROW("a source that is elsewhere, with mab", XBR_GUARD_MAB, BYTES(MAC_A MAC_B TYPE_IP TEXT),
		   DROP(locked)),
	{
		.name = "a source of a locked entry",
		.clause = CLAUSE_LOCKED,
		.port[P1] = PORT(.guard = XBR_GUARD_LOCKED | XBR_GUARD_MAB),
		.in = P1,
		.fdb = {B_AT_P2, C_LOCKED},
		.frame = C_TO_B,
		DROP(locked),
	},
	{
		.name = "a frame to a locked entry",
		.clause = CLAUSE_LOCKED,
		.port[P1] = PORT(.guard = XBR_GUARD_LOCKED | XBR_GUARD_MAB),
		.in = P2,
		.fdb = {B_AT_P2, C_LOCKED},
		.frame = BYTES(MAC_C MAC_B TYPE_IP TEXT),
		FORWARD(unicast, P1),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "a locked entry's source comes in by a port that is not locked",
		.clause = "the kernel's br_fdb_update(): roaming unlocks",
		.port[P1] = PORT(.guard = XBR_GUARD_LOCKED | XBR_GUARD_MAB),
		.in = P3,
		.fdb = {B_AT_P2, C_LOCKED},
		.frame = C_TO_B,
		PASSES,
		NOTE(moved),
		.after = {B_AT_P2, DYNAMIC(MAC_C, P3)},
	},
	{
		.name = "a source that was authorised by hand",
		.clause = CLAUSE_LOCKED,
		.port[P1] = PORT(.guard = XBR_GUARD_LOCKED),
		.in = P1,
		.fdb = {PINNED(MAC_A, P1, STATIC), B_AT_P2},
		.frame = A_TO_B,
		PASSES,
	},
	{
		.name = "a source whose authorisation is too old",
		.clause = CLAUSE_LOCKED,
		.port[P1] = PORT(.guard = XBR_GUARD_LOCKED),
		.in = P1,
		.fdb = {{.mac = MAC_A, .port = P1, .kind = XBR_FDB_DYNAMIC, .age = ROW_AGEING_EPOCHS + 1},
			B_AT_P2},
		.frame = A_TO_B,
		DROP(locked),
	},
	LOCKED_ROW("802.1X stays on its link, and is not learned from", 0,
		   BYTES(RESERVED("\x03") MAC_C "\x88\x8e" TEXT), DROP(reserved_group), .xdp = XDP_PASS),

	/* a port that is full */
	LIMIT_ROW("a new source beyond the limit is dropped", LIMIT_DROP, C_TO_B, DROP(mac_limit),
		  NOTE(learn_limit_port)),
	LIMIT_ROW("a source that is known is not", LIMIT_DROP, A_TO_B, PASSES),
	LIMIT_ROW("a new source beyond the limit shuts the port", LIMIT_SHUTDOWN, C_TO_B, DROP(mac_limit),
		  NOTE(learn_limit_port)),
	{
		.name = "a port that was shut an instant ago",
		.clause = "issue 4: shutdown",
		.prepare = p1_has_tripped,
		.port[P1] = PORT(.guard = XBR_GUARD_LIMIT_SHUTDOWN, .fdb_max_learned = 1),
		.in = P1,
		.fdb = {A_AT_P1, B_AT_P2},
		.frame = A_TO_B,
		DROP(err_disabled),
	},
	{
		.name = "an address that moves too often",
		.clause = "issue 4: moves are dampened",
		.prepare = p1_has_no_time,
		.port[P1] = PORT(.guard = XBR_GUARD_MOVES),
		.in = P1,
		.fdb = {DYNAMIC(MAC_A, P3), B_AT_P2},
		.frame = A_TO_B,
		PASSES,
		NOTE(move_damped),
	},

	/* storms */
	STORM_ROW("broadcasts beyond the rate", p1_has_no_time, A_TO_ALL, DROP(storm_broadcast)),
	STORM_ROW("multicasts beyond the rate", p1_has_no_time, A_TO_GROUP, DROP(storm_multicast)),
	STORM_ROW("unknown destinations beyond the rate", p1_has_no_time, BYTES(MAC_C MAC_A TYPE_IP TEXT),
		  DROP(storm_unknown)),
	STORM_ROW("a known destination has no rate", p1_has_no_time, A_TO_B, PASSES),
	STORM_ROW("broadcasts within the rate", p1_has_time, A_TO_ALL, FLOOD(broadcast, TO_ALL_BUT_P1)),
	STORM_ROW("a kind of flood without a rate", p1_has_no_rate, A_TO_ALL,
		  FLOOD(broadcast, TO_ALL_BUT_P1)),

	/* isolation groups (RFC 5517); tests/net/test_isolation.py has all pairs */
	ISOLATION("an isolated port to a community", 0, 5, DROP(isolated)),
	ISOLATION("a community to an isolated port", 5, 0, DROP(isolated)),
	ISOLATION("within a community", 5, 5, PASSES),
	ISOLATION("from one community to another", 5, 6, DROP(isolated)),
};

const struct row_table rows_guard = {rows, sizeof(rows) / sizeof(rows[0])};
