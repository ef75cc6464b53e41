// SPDX-License-Identifier: Apache-2.0
/*
 * Rows of a VLAN-aware bridge; see rows.h. Here are those with a reason of their own to be; that every
 * combination of tag, port and membership comes out as a model says is for tests/net/test_vlan.py.
 */
#include "rows_words.h"

/* P1 to P3 and the host are in VLAN 10: P1 and the host untagged, P2 and P3 tagged. P4 is in 20 alone,
 * untagged. */
#define AWARE(...)                                                                                           \
	.bridge = BRIDGE(.flags = XBR_BRIDGE_HOST_UP | XBR_BRIDGE_VLAN_FILTERING,                            \
			 .vlan_tpid_be = TPID(0x81, 0x00)),                                                  \
	.port[P1] = PORT(.pvid = 10), .port[HOST] = PORT(.flags = XBR_PORT_LOCAL, .pvid = 10),               \
	.port[P4] = PORT(.flags = XBR_PORT_DEFAULT_FLAGS, .pvid = 20),                                       \
	.vlans = {{P1, 10, true}, {HOST, 10, true}, {P2, 10, false}, {P3, 10, false}, {P4, 20, true}}
#define TPID(high, low) ((low) << 8 | (high))
#define TAG_10          TAG("\x00\x0a")

#define A_TO_B_10   BYTES(MAC_B MAC_A TAG_10 TYPE_IP TEXT)
#define A_TO_ALL_10 BYTES(MAC_ALL MAC_A TAG_10 TYPE_IP TEXT)

/* Addresses of VLAN 10. */
#define IN_10(address, at)                                                                                   \
	{                                                                                                    \
		.mac = (address), .port = (at), .kind = XBR_FDB_DYNAMIC, .vid = 10                           \
	}

static const struct row rows[] = {
	{
		.name = "untagged frames are of the PVID, and get a tag where they leave tagged",
		.clause = "802.1Q 6.9, 8.6.1",
		AWARE(),
		.in = P1,
		.fdb = {IN_10(MAC_A, P1), IN_10(MAC_B, P2)},
		.frame = A_TO_B,
		FORWARD(unicast, P2),
		.tci = 10,
		.leaves[P2] = A_TO_B_10,
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "a tag is taken off where they leave untagged",
		.clause = "802.1Q 8.6.4",
		AWARE(),
		.in = P2,
		.fdb = {IN_10(MAC_A, P2), IN_10(MAC_B, P1)},
		.frame = A_TO_B_10,
		FORWARD(unicast, P1),
		.tci = 10,
		.leaves[P1] = A_TO_B,
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "one copy each, each with the tag of its port",
		.clause = "802.1Q 8.6.4",
		AWARE(),
		.in = P1,
		.fdb = {IN_10(MAC_A, P1)},
		.frame = A_TO_ALL,
		FLOOD(broadcast, BIT(P2) | BIT(P3) | BIT(HOST)),
		.tci = 10,
		.leaves[P2] = A_TO_ALL_10,
		.leaves[P3] = A_TO_ALL_10,
	},
	{
		.name = "reflective relay in one VLAN: a destination behind the port it came by",
		.clause = "802.1Qbg: reflective relay, by VLAN",
		AWARE(),
		.vlans = {{P2, 10, false, true}, {P3, 10, false}},
		.in = P2,
		.fdb = {IN_10(MAC_A, P2), IN_10(MAC_B, P2)},
		.frame = A_TO_B_10,
		FORWARD(reflected, P2),
		.tci = 10,
		.leaves[P2] = A_TO_B_10,
		.xdp = XDP_TX,
	},
	{
		.name = "reflective relay in one VLAN: floods come back, too",
		.clause = "802.1Qbg: reflective relay, by VLAN",
		AWARE(),
		.vlans = {{P2, 10, false, true}, {P3, 10, false}},
		.in = P2,
		.fdb = {IN_10(MAC_A, P2)},
		.frame = A_TO_ALL_10,
		FLOOD(broadcast, BIT(P2) | BIT(P3)),
		.tci = 10,
		.leaves[P2] = A_TO_ALL_10,
		.leaves[P3] = A_TO_ALL_10,
	},
	{
		.name = "reflective relay in one VLAN is none in another",
		.clause = "802.1Qbg: reflective relay, by VLAN",
		AWARE(),
		.vlans = {{P2, 20, false, true}, {P2, 10, false}},
		.in = P2,
		.fdb = {IN_10(MAC_A, P2), IN_10(MAC_B, P2)},
		.frame = A_TO_B_10,
		DROP(same_port),
		.tci = 10,
	},
	{
		.name = "untagged frames are dropped where there is no PVID",
		.clause = "802.1Q 8.6.2",
		AWARE(),
		.in = P2,
		.frame = A_TO_B,
		DROP(no_pvid),
	},
	{
		.name = "a tag of a VLAN that the port is not in is dropped, and not learned from",
		.clause = "802.1Q 8.6.2",
		AWARE(),
		.in = P2,
		.frame = BYTES(MAC_B MAC_A TAG("\x00\x14") TYPE_IP TEXT),
		DROP(ingress_vlan),
	},
	{
		.name = "no frame leaves by a port that is not in its VLAN, whatever the table says",
		.clause = "802.1Q 8.6.4",
		AWARE(),
		.in = P1,
		.fdb = {IN_10(MAC_A, P1), IN_10(MAC_B, P4)},
		.frame = A_TO_B,
		DROP(egress_vlan),
		.tci = 10,
	},
	{
		.name = "a priority tag is of the PVID, and its priority is kept",
		.clause = "802.1Q 6.9.1, 9.6",
		AWARE(),
		.in = P1,
		.fdb = {IN_10(MAC_A, P1)},
		.frame = BYTES(MAC_ALL MAC_A TAG("\xf0\x00") TYPE_IP TEXT),
		FLOOD(broadcast, BIT(P2) | BIT(P3) | BIT(HOST)),
		.tci = 0xf00a,
		.leaves[P2] = BYTES(MAC_ALL MAC_A TAG("\xf0\x0a") TYPE_IP TEXT),
		.leaves[P3] = BYTES(MAC_ALL MAC_A TAG("\xf0\x0a") TYPE_IP TEXT),
		.leaves[HOST] = A_TO_ALL,
	},
	{
		.name = "a tag of the other protocol is payload",
		.clause = "the kernel's __allowed_ingress()",
		AWARE(),
		.in = P1,
		.fdb = {IN_10(MAC_A, P1), IN_10(MAC_B, P2)},
		.frame = BYTES(MAC_B MAC_A STAG("\x00\x0a") TYPE_IP TEXT),
		FORWARD(unicast, P2),
		.tci = 10,
		.leaves[P2] = BYTES(MAC_B MAC_A TAG_10 STAG("\x00\x0a") TYPE_IP TEXT),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "a tunnel port puts the service tag in front of the customer's, with its priority",
		.clause = "802.1Q 15",
		AWARE(),
		.port[P1] = PORT(.pvid = 10, .flags = USUAL | XBR_PORT_TUNNEL),
		.in = P1,
		.fdb = {IN_10(MAC_A, P1), IN_10(MAC_B, P2)},
		.frame = BYTES(MAC_B MAC_A TAG("\x60\x14") TYPE_IP TEXT),
		FORWARD(unicast, P2),
		.tci = 0x600a,
		.leaves[P2] = BYTES(MAC_B MAC_A TAG("\x60\x0a") TAG("\x60\x14") TYPE_IP TEXT),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "a tunnel port takes the service tag off, and no other",
		.clause = "802.1Q 15",
		AWARE(),
		.port[P1] = PORT(.pvid = 10, .flags = USUAL | XBR_PORT_TUNNEL),
		.in = P2,
		.fdb = {IN_10(MAC_A, P2), IN_10(MAC_B, P1)},
		.frame = BYTES(MAC_B MAC_A TAG_10 TAG("\x60\x14") TYPE_IP TEXT),
		FORWARD(unicast, P1),
		.tci = 10,
		.leaves[P1] = BYTES(MAC_B MAC_A TAG("\x60\x14") TYPE_IP TEXT),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "VID 4095 is nobody's",
		.clause = "802.1Q table 9-2",
		AWARE(),
		.in = P2,
		.frame = BYTES(MAC_B MAC_A TAG("\x0f\xff") TYPE_IP TEXT),
		DROP(ingress_vlan),
	},
	{
		.name = "a reserved address stays on its link whatever the VLAN",
		.clause = "802.1Q 8.6.3",
		AWARE(),
		.in = P2,
		.frame = BYTES(RESERVED("\x0e") MAC_A "\x88\xcc" TEXT),
		DROP(reserved_group),
		.xdp = XDP_PASS,
	},
	{
		.name = "an address tied to a port without a VLAN holds in the VLANs of that port",
		.clause = "bridge(8), fdb add",
		AWARE(),
		.in = P1,
		.fdb = {IN_10(MAC_A, P1), PINNED(MAC_B, P2, STATIC)},
		.frame = A_TO_B,
		FORWARD(unicast, P2),
		.tci = 10,
		.leaves[P2] = A_TO_B_10,
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "and in no other",
		.clause = "bridge(8), fdb add",
		AWARE(),
		.in = P1,
		.fdb = {IN_10(MAC_A, P1), PINNED(MAC_B, P4, STATIC)},
		.frame = A_TO_B,
		FLOOD(unknown_unicast, BIT(P2) | BIT(P3)),
		.tci = 10,
		.leaves[P2] = A_TO_B_10,
		.leaves[P3] = A_TO_B_10,
	},
	{
		.name = "such an address is not learned in a VLAN at another port",
		.clause = "802.1Q 8.8.1",
		AWARE(),
		.in = P1,
		.fdb = {PINNED(MAC_A, P2, STATIC)},
		.frame = A_TO_ALL,
		FLOOD(broadcast, BIT(P2) | BIT(P3) | BIT(HOST)),
		.tci = 10,
		.leaves[P2] = A_TO_ALL_10,
		.leaves[P3] = A_TO_ALL_10,
		NOTE(learn_pinned),
	},
	{
		.name = "a tag that is put on counts towards the length",
		.clause = "the kernel's is_skb_forwardable()",
		AWARE(),
		.port[P2] = PORT(.mtu = 41),
		.in = P1,
		.fdb = {IN_10(MAC_A, P1), IN_10(MAC_B, P2)},
		.frame = A_TO_B,
		DROP(egress_mtu),
		.tci = 10,
		.too_long_for = P2,
		.xdp = XDP_PASS,
	},
};

const struct row_table rows_vlan = ROW_TABLE(rows);
