// SPDX-License-Identifier: Apache-2.0
/*
 * Rows of access lists; see rows.h. Here is what becomes of a frame that a list has a word on; that lists and
 * frames at random come out as a model says is for tests/net/test_acl_model.py.
 */
#include "rows_words.h"

#define BOUND(where, ...)                                                                                    \
	{                                                                                                    \
		.rules = (__VA_ARGS__), .port = (where)                                                      \
	}
#define BOUND_OUT(where, ...)                                                                                \
	{                                                                                                    \
		.rules = (__VA_ARGS__), .port = (where), .out = true                                         \
	}

/* IPv4 from 10.0.0.1 to 10.0.0.2, UDP from port 1000 to port 53: whole, a later fragment, cut off. */
#define IP_HEAD(length, fragment)                                                                            \
	"\x45\x00" length "\x00\x07" fragment "\x40\x11\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02"
#define UDP_DNS    "\x03\xe8\x00\x35\x00\x0b\x00\x00xbr"
#define PADDING    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
#define DNS_PACKET IP_HEAD("\x00\x1f", "\x00\x00") UDP_DNS PADDING
#define A_DNS_B    BYTES(MAC_B MAC_A TYPE_IP DNS_PACKET)
#define A_LATER_B  BYTES(MAC_B MAC_A TYPE_IP IP_HEAD("\x00\x1f", "\x00\x01") UDP_DNS PADDING)
#define A_LYING_B  BYTES(MAC_B MAC_A TYPE_IP IP_HEAD("\x01\x1f", "\x00\x00") UDP_DNS PADDING)
#define A_NESTED_B BYTES(MAC_B MAC_A TAG("\x00\x05") STAG("\x00\x06") TYPE_IP DNS_PACKET)
#define A_SNAP_B   BYTES(MAC_B MAC_A "\x00\x36\xaa\xaa\x03\x00\x00\x00" TYPE_IP DNS_PACKET)

/* The same packet with code point 46 and 10, the sum of its header as it was. */
#define IP_MARKED(tos, sum)                                                                                  \
	"\x45" tos "\x00\x1f\x00\x07\x00\x00\x40\x11" sum "\x0a\x00\x00\x01\x0a\x00\x00\x02" UDP_DNS PADDING
/* IPv6 from 2001:db8::1 to 2001:db8::2, the same datagram. */
#define IP6_HEAD(first)                                                                                      \
	first "\x00\x00\x00\x0b\x11\x40"                                                                     \
	      "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"                             \
	      "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
#define TYPE_IP6 "\x86\xdd"

/* TCP from port 1000 to port 22, a SYN; the first eight octets of it, and what lies behind those. */
#define TCP_FRONT "\x03\xe8\x00\x16\x00\x00\x00\x01"
#define TCP_BACK  "\x00\x00\x00\x00\x50\x02\x03\xe8\x00\x00\x00\x00"
#define IP_TCP(length, fragment)                                                                             \
	"\x45\x00" length "\x00\x07" fragment "\x40\x06\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02"
#define A_SYN_TO_B(length, fragment, octets)                                                                 \
	BYTES(MAC_B MAC_A TYPE_IP IP_TCP(length, fragment) octets PADDING)

/* IPv6, what follows it, and a header of eight octets that another one follows. */
#define IP6(length, next)                                                                                    \
	"\x60\x00\x00\x00" length next "\x40"                                                                \
	"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"                                   \
	"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
#define HEADER6(next) next "\x00\x01\x04\x00\x00\x00\x00"
#define HOP           "\x00"
#define ROUTING       "\x2b"
#define FRAGMENT      "\x2c"
#define OPTIONS       "\x3c"
#define IS_UDP        "\x11"
#define FOUR_OPTIONS  HEADER6(OPTIONS) HEADER6(OPTIONS) HEADER6(OPTIONS) HEADER6(OPTIONS)
#define A6_TO_B(...)  BYTES(MAC_B MAC_A TYPE_IP6 __VA_ARGS__)
#define FOUR_TAGS     TAG("\x00\x05") TAG("\x00\x06") TAG("\x00\x07") TAG("\x00\x08")

#define KNOWN .fdb = {A_AT_P1, B_AT_P2}

static const struct row rows[] = {
	{
		.name = "the first rule that matches decides",
		.clause = "bpf/acl.h",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "permit dst_ip 10.0.0.2 ip_proto udp dst_port 53\ndeny ip_proto udp")},
		.frame = A_DNS_B,
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "what a rule denies is dropped, and its source is not learned",
		.clause = "bpf/acl.h",
		.in = P1,
		.acl = {BOUND(P1, "deny ip_proto udp dst_port 50-60\npermit ip_proto udp")},
		.frame = A_DNS_B,
		DROP(acl_deny),
	},
	{
		.name = "what no rule matches passes",
		.clause = "bpf/acl.h",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny not ip_proto udp\ndeny ip_proto udp not dst_port 53")},
		.frame = A_DNS_B,
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "every list that is bound must let it pass: port and bridge",
		.clause = "bpf/acl.h",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "permit eth_type ipv4"), BOUND(0, "deny src_mac 02:00:00:00:00:0a")},
		.frame = A_DNS_B,
		DROP(acl_deny),
	},
	{
		.name = "nested tags hide nothing",
		.clause = "bpf/flow.h",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny vlan_id 5 ip_proto udp dst_port 53")},
		.frame = A_NESTED_B,
		DROP(acl_deny),
	},
	{
		.name = "nor does SNAP",
		.clause = "bpf/flow.h, 802.1H",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto udp dst_port 53")},
		.frame = A_SNAP_B,
		DROP(acl_deny),
	},
	{
		.name = "a later fragment may be of a port that is denied",
		.clause = "bpf/acl_classify.h",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto udp dst_port 99")},
		.frame = A_LATER_B,
		DROP(acl_unparsed),
	},
	{
		.name = "a later fragment is let pass by a rule that reads no port",
		.clause = "bpf/acl_classify.h",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "permit frag later src_ip 10.0.0.1\ndeny ip_proto udp dst_port 99")},
		.frame = A_LATER_B,
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "a length that lies hides nothing",
		.clause = "bpf/flow.h",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "permit ip_proto udp dst_port 53\ndeny ip_proto udp dst_port 99")},
		.frame = A_LYING_B,
		DROP(acl_unparsed),
	},
	{
		.name = "a fragment too small for its header may be what is denied",
		.clause = "RFC 1858, 3",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto tcp tcp_flags syn/syn,ack")},
		.frame = A_SYN_TO_B("\x00\x1c", "\x20\x00", TCP_FRONT),
		DROP(acl_unparsed),
	},
	{
		.name = "nor does a fragment that lies over the flags of the one before get by",
		.clause = "RFC 3128; RFC 1858, 4",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto tcp tcp_flags syn/syn,ack")},
		.frame = A_SYN_TO_B("\x00\x20", "\x00\x01", TCP_BACK),
		DROP(acl_unparsed),
	},
	{
		.name = "a first fragment with its whole header is judged by it",
		.clause = "RFC 791, 3.1",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto tcp dst_port 22")},
		.frame = A_SYN_TO_B("\x00\x28", "\x20\x00", TCP_FRONT TCP_BACK),
		DROP(acl_deny),
	},
	{
		.name = "and passes where nothing denies it",
		.clause = "RFC 791, 3.1",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto tcp dst_port 23")},
		.frame = A_SYN_TO_B("\x00\x28", "\x20\x00", TCP_FRONT TCP_BACK),
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "a TCP header that says to be longer than the packet hides nothing",
		.clause = "RFC 9293, 3.1",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto tcp dst_port 23")},
		.frame = BYTES(MAC_B MAC_A TYPE_IP IP_TCP("\x00\x28", "\x00\x00") TCP_FRONT
			       "\x00\x00\x00\x00\xf0\x02\x03\xe8\x00\x00\x00\x00" PADDING),
		DROP(acl_unparsed),
	},
	{
		.name = "nor a UDP length",
		.clause = "RFC 768",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto udp dst_port 99")},
		.frame = BYTES(MAC_B MAC_A TYPE_IP IP_HEAD(
			"\x00\x1f", "\x00\x00") "\x03\xe8\x00\x35\x00\xff\x00\x00xbr" PADDING),
		DROP(acl_unparsed),
	},
	{
		.name = "nor a header length of IPv4",
		.clause = "RFC 791, 3.1",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto udp dst_port 99")},
		.frame = BYTES(MAC_B MAC_A TYPE_IP "\x44\x00\x00\x1f\x00\x07\x00\x00\x40\x11\x00\x00\x0a\x00"
						   "\x00\x01\x0a\x00\x00\x02" UDP_DNS PADDING),
		DROP(acl_unparsed),
	},
	{
		.name = "extension headers are walked in whatever order they come",
		.clause = "RFC 8200, 4.1",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto udp dst_port 53")},
		.frame = A6_TO_B(IP6("\x00\x23", OPTIONS) HEADER6(HOP) HEADER6(ROUTING) HEADER6(IS_UDP)
					 UDP_DNS),
		DROP(acl_deny),
	},
	{
		.name = "and when they come twice",
		.clause = "RFC 8200, 4.1",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto udp dst_port 53")},
		.frame = A6_TO_B(IP6("\x00\x2b", ROUTING) HEADER6(HOP) HEADER6(OPTIONS) HEADER6(ROUTING)
					 HEADER6(IS_UDP) UDP_DNS),
		DROP(acl_deny),
	},
	{
		.name = "more of them than are walked may hide what is denied",
		.clause = "bpf/flow.h",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto udp dst_port 99")},
		.frame = A6_TO_B(IP6("\x00\x53", OPTIONS) FOUR_OPTIONS FOUR_OPTIONS HEADER6(IS_UDP) UDP_DNS),
		DROP(acl_unparsed),
	},
	{
		.name = "one that ends behind the packet, too",
		.clause = "RFC 8200, 4.3",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto udp dst_port 99")},
		.frame = A6_TO_B(IP6("\x00\x13", OPTIONS) "\x11\x1f\x01\x04\x00\x00\x00\x00" UDP_DNS),
		DROP(acl_unparsed),
	},
	{
		.name = "a first IPv6 fragment is judged by its header",
		.clause = "RFC 8200, 4.5",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto udp dst_port 53")},
		.frame = A6_TO_B(IP6("\x00\x13", FRAGMENT) "\x11\x00\x00\x01\x00\x00\x00\x07" UDP_DNS),
		DROP(acl_deny),
	},
	{
		.name = "of a later one nothing says what it carries",
		.clause = "RFC 8200, 4.5",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto tcp")},
		.frame = A6_TO_B(IP6("\x00\x13", FRAGMENT) "\x11\x00\x00\x08\x00\x00\x00\x07" UDP_DNS),
		DROP(acl_unparsed),
	},
	{
		.name = "a rule that reads no more than that lets it pass",
		.clause = "RFC 8200, 4.5",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "permit frag later\ndeny ip_proto tcp")},
		.frame = A6_TO_B(IP6("\x00\x13", FRAGMENT) "\x11\x00\x00\x08\x00\x00\x00\x07" UDP_DNS),
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "a payload length beyond the frame hides nothing",
		.clause = "RFC 8200, 3",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto udp dst_port 99")},
		.frame = A6_TO_B(IP6("\x00\x0c", IS_UDP) UDP_DNS),
		DROP(acl_unparsed),
	},
	{
		.name = "eight tags are looked through",
		.clause = "bpf/flow.h",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto udp dst_port 53")},
		.frame = BYTES(MAC_B MAC_A FOUR_TAGS FOUR_TAGS TYPE_IP DNS_PACKET),
		DROP(acl_deny),
	},
	{
		.name = "nine may hide what is denied",
		.clause = "bpf/flow.h",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto udp dst_port 99")},
		.frame = BYTES(MAC_B MAC_A FOUR_TAGS FOUR_TAGS TAG("\x00\x09") TYPE_IP DNS_PACKET),
		DROP(acl_unparsed),
	},
	{
		.name = "a tag inside SNAP hides nothing",
		.clause = "802, 10.5; 802.1H",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto udp dst_port 53")},
		.frame = BYTES(MAC_B MAC_A "\x00\x3a\xaa\xaa\x03\x00\x00\xf8" TAG("\x00\x05")
				       TYPE_IP DNS_PACKET),
		DROP(acl_deny),
	},
	{
		.name = "a length field beyond the frame may hide what is denied",
		.clause = "802.3, 3.2.6",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto udp dst_port 99")},
		.frame = BYTES(MAC_B MAC_A "\x01\x36\xaa\xaa\x03\x00\x00\x00" TYPE_IP DNS_PACKET),
		DROP(acl_unparsed),
	},
	{
		.name = "LLC of another protocol is no IP",
		.clause = "802.2, 3.3",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "deny ip_proto udp\npermit eth_type 802_2")},
		.frame = BYTES(MAC_B MAC_A "\x00\x31\x42\x42\x03" DNS_PACKET),
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "a rule sends it to another port",
		.clause = "bpf/acl.h",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "permit ip_proto udp redirect p3")},
		.frame = A_DNS_B,
		FORWARD(acl_redirect, P3),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "a known destination's port may refuse it",
		.clause = "bpf/acl.h",
		.in = P1,
		KNOWN,
		.acl = {BOUND_OUT(P2, "deny eth_type ipv4")},
		.frame = A_DNS_B,
		DROP(acl_deny_out),
	},
	{
		.name = "a copy may be refused, and the others go",
		.clause = "bpf/acl.h",
		.in = P1,
		.fdb = {A_AT_P1},
		.acl = {BOUND_OUT(P3, "deny eth_type ipv4")},
		.frame = BYTES(MAC_ALL MAC_A TYPE_IP DNS_PACKET),
		FLOOD(broadcast, BIT(P2) | BIT(P4) | BIT(HOST)),
		.copy_note = XBR_REASON_copy_acl,
		.copy_note_at = P3,
	},
	{
		.name = "a mark is the skb's: XDP leaves it to TC",
		.clause = "bpf/tc.h",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "permit ip_proto udp mark 66000")},
		.frame = A_DNS_B,
		FORWARD(unicast, P2),
		.xdp = XDP_PASS,
		.deeds = {.mark = 66000},
	},
	{
		.name = "a mirror gets the frame as it came in, also one that is dropped",
		.clause = "bpf/tc.h",
		.in = P1,
		.acl = {BOUND(P1, "deny ip_proto udp mirror p3")},
		.frame = A_NESTED_B,
		DROP(acl_deny),
		.xdp = XDP_PASS,
		.deeds = {.mirror = P3},
	},
	{
		.name = "a code point is set, and the header's checksum mended",
		.clause = "RFC 2474, 3; RFC 1624, 3",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "permit ip_proto udp set_dscp 46")},
		.frame = BYTES(MAC_B MAC_A TYPE_IP IP_MARKED("\x02", "\x66\xc3")),
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
		.leaves = {[P2] = BYTES(MAC_B MAC_A TYPE_IP IP_MARKED("\xba", "\x66\x0b"))},
		.deeds = {.dscp = XBR_DEED | 46},
	},
	{
		.name = "a code point is set behind tags, in IPv6",
		.clause = "RFC 8200, 7",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "permit ip_proto udp dst_port 53 set_dscp 10")},
		.frame = BYTES(MAC_B MAC_A TAG("\x60\x05") TYPE_IP6 IP6_HEAD("\x6b\x9f") UDP_DNS),
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
		.leaves = {[P2] = BYTES(MAC_B MAC_A TAG("\x60\x05") TYPE_IP6 IP6_HEAD("\x62\x9f") UDP_DNS)},
		.deeds = {.dscp = XBR_DEED | 10},
	},
	{
		.name = "a priority is set in a tag of the frame's own",
		.clause = "802.1Q, 9.6",
		.in = P1,
		KNOWN,
		.acl = {BOUND(P1, "permit vlan_id 5 set_vlan_prio 6")},
		.frame = BYTES(MAC_B MAC_A TAG("\x30\x05") TYPE_IP DNS_PACKET),
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
		.leaves = {[P2] = BYTES(MAC_B MAC_A TAG("\xd0\x05") TYPE_IP DNS_PACKET)},
		.deeds = {.pcp = XBR_DEED | 6},
	},
	{
		.name = "a priority is set in the tag that its VLAN puts on",
		.clause = "802.1Q, 9.6",
		.in = P1,
		.fdb = {{.mac = MAC_A, .port = P1, .kind = XBR_FDB_DYNAMIC, .vid = 5},
			{.mac = MAC_B, .port = P2, .kind = XBR_FDB_DYNAMIC, .vid = 5}},
		.bridge = BRIDGE(.flags = XBR_BRIDGE_HOST_UP | XBR_BRIDGE_VLAN_FILTERING,
				 .vlan_tpid_be = 0x0081),
		.port = {[P1] = PORT(.pvid = 5)},
		.vlans = {{P1, 5, .untagged = true}, {P2, 5}},
		.acl = {BOUND(P1, "permit set_vlan_prio 6")},
		.frame = A_DNS_B,
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
		.tci = 0xc005,
		.leaves = {[P2] = BYTES(MAC_B MAC_A TAG("\xc0\x05") TYPE_IP DNS_PACKET)},
	},
};

const struct row_table rows_acl = ROW_TABLE(rows);
