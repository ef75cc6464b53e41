// SPDX-License-Identifier: Apache-2.0
/*
 * Rows of a bridge with spanning tree instances; see rows.h. VLAN 10 is of the instance in place 1, VLAN 20
 * of that in place 2, VLAN 30 of the common tree. P1, P2, P3 and the host are in all of them, tagged; P1 is
 * in VLAN 30 untagged.
 */
#include "rows_words.h"

#define TPID(high, low) ((low) << 8 | (high))
#define TREES(...)                                                                                           \
	.bridge = BRIDGE(.flags = XBR_BRIDGE_HOST_UP | XBR_BRIDGE_VLAN_FILTERING | XBR_BRIDGE_MST,           \
			 .vlan_tpid_be = TPID(0x81, 0x00)),                                                  \
	.port[P1] = PORT(.pvid = 30),                                                                        \
	.vlans = {{P1, 10, false}, {P2, 10, false}, {P3, 10, false}, {HOST, 10, false}, {P1, 20, false},     \
		  {P2, 20, false}, {P3, 20, false}, {P1, 30, true},  {P2, 30, false},   {P3, 30, false}}

#define TAG_10 TAG("\x00\x0a")
#define TAG_20 TAG("\x00\x14")
#define TAG_30 TAG("\x00\x1e")

#define IN(vlan, address, at)                                                                                \
	{                                                                                                    \
		.mac = (address), .port = (at), .kind = XBR_FDB_DYNAMIC, .vid = (vlan)                       \
	}

/* A port in a tree; flushes: topology changes of that tree there so far. */
static void put(const struct tables *t, __u32 port, __u32 msti, __u32 state, __u32 flushes)
{
	t->port_msti[port].tree[XBR_TREE_OF(msti)] = (__u8)(flushes << XBR_TREE_GENERATION_SHIFT | state);
}

static void prepare(const struct tables *t)
{
	t->vlans[row_fid(10)].msti = 1;
	t->vlans[row_fid(20)].msti = 2;
	for (__u32 port = P1; port < LAB_PORTS; port++)
		for (__u32 msti = 0; msti <= 2; msti++)
			put(t, port, msti, XBR_STATE_FORWARDING, 0);
}

static void p1_discards_in_1(const struct tables *t)
{
	prepare(t);
	put(t, P1, 1, 0, 0);
}

static void p1_learns_in_1(const struct tables *t)
{
	prepare(t);
	put(t, P1, 1, XBR_STATE_LEARNING, 0);
}

static void p2_discards_in_1(const struct tables *t)
{
	prepare(t);
	put(t, P2, 1, 0, 0);
}

static void p2_learns_in_1(const struct tables *t)
{
	prepare(t);
	put(t, P2, 1, XBR_STATE_LEARNING, 0);
}

/* The ports' own states are blocking: that is their state in the common tree. */
static void wires_block_in_0(const struct tables *t)
{
	prepare(t);
	for (__u32 port = P1; port <= P3; port++) {
		put(t, port, 0, 0, 0);
		t->ports[port].state = XBR_STATE_BLOCKING;
	}
}

static void p1_is_down(const struct tables *t)
{
	prepare(t);
	t->ports[P1].state = XBR_STATE_DISABLED;
}

static void p2_flushed_in_1(const struct tables *t)
{
	prepare(t);
	put(t, P2, 1, XBR_STATE_FORWARDING, 1);
}

/* Both make ROW_GENERATION. */
static void p1_flushed_in_1(const struct tables *t)
{
	prepare(t);
	t->ports[P1].generation = ROW_GENERATION - 1;
	put(t, P1, 1, XBR_STATE_FORWARDING, 1);
}

static void p1_flushed_often_in_1(const struct tables *t)
{
	prepare(t);
	t->ports[P1].generation = ROW_GENERATION + 5;
	put(t, P1, 1, XBR_STATE_FORWARDING, 64 - 5);
}

static const struct row rows[] = {
	{
		.name = "a port that discards in the VLAN's tree takes nothing in, and learns nothing",
		.clause = "802.1Q 8.4, 8.6.1",
		TREES(),
		.prepare = p1_discards_in_1,
		.in = P1,
		.frame = BYTES(MAC_ALL MAC_A TAG_10 TYPE_IP TEXT),
		DROP(port_discarding),
		.tci = 10,
	},
	{
		.name = "and forwards in a VLAN of another tree",
		.clause = "802.1Q 8.4, 8.6.1",
		TREES(),
		.prepare = p1_discards_in_1,
		.in = P1,
		.fdb = {IN(20, MAC_A, P1), IN(20, MAC_B, P2)},
		.frame = BYTES(MAC_B MAC_A TAG_20 TYPE_IP TEXT),
		FORWARD(unicast, P2),
		.tci = 20,
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "untagged frames go by the tree of the PVID",
		.clause = "802.1Q 8.4, 6.9",
		TREES(),
		.prepare = p1_discards_in_1,
		.in = P1,
		.fdb = {IN(30, MAC_A, P1), IN(30, MAC_B, P2)},
		.frame = A_TO_B,
		FORWARD(unicast, P2),
		.tci = 30,
		.leaves[P2] = BYTES(MAC_B MAC_A TAG_30 TYPE_IP TEXT),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "a port that learns in the VLAN's tree learns and does not forward",
		.clause = "802.1Q 8.4, 8.7",
		TREES(),
		.prepare = p1_learns_in_1,
		.in = P1,
		.frame = BYTES(MAC_ALL MAC_A TAG_10 TYPE_IP TEXT),
		DROP(port_discarding),
		.tci = 10,
		NOTE(learned),
		.after = {IN(10, MAC_A, P1)},
	},
	{
		.name = "nothing leaves by a port that discards in the VLAN's tree",
		.clause = "802.1Q 8.6.2",
		TREES(),
		.prepare = p2_discards_in_1,
		.in = P1,
		.fdb = {IN(10, MAC_A, P1), IN(10, MAC_B, P2)},
		.frame = BYTES(MAC_B MAC_A TAG_10 TYPE_IP TEXT),
		DROP(egress_down),
		.tci = 10,
	},
	{
		.name = "nor by one that learns",
		.clause = "802.1Q 8.6.2",
		TREES(),
		.prepare = p2_learns_in_1,
		.in = P1,
		.fdb = {IN(10, MAC_A, P1), IN(10, MAC_B, P2)},
		.frame = BYTES(MAC_B MAC_A TAG_10 TYPE_IP TEXT),
		DROP(egress_down),
		.tci = 10,
	},
	{
		.name = "a flood goes to the ports that forward in the VLAN's tree",
		.clause = "802.1Q 8.6.2",
		TREES(),
		.prepare = p2_discards_in_1,
		.in = P1,
		.fdb = {IN(10, MAC_A, P1)},
		.frame = BYTES(MAC_ALL MAC_A TAG_10 TYPE_IP TEXT),
		FLOOD(broadcast, BIT(P3) | BIT(HOST)),
		.tci = 10,
	},
	{
		.name = "the state in the common tree is not that in another",
		.clause = "802.1Q 8.4",
		TREES(),
		.prepare = wires_block_in_0,
		.in = P1,
		.fdb = {IN(10, MAC_A, P1), IN(10, MAC_B, P2)},
		.frame = BYTES(MAC_B MAC_A TAG_10 TYPE_IP TEXT),
		FORWARD(unicast, P2),
		.tci = 10,
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "it is that of the VLANs of no instance",
		.clause = "802.1Q 8.4",
		TREES(),
		.prepare = wires_block_in_0,
		.in = P1,
		.frame = A_TO_B,
		DROP(port_discarding),
		.tci = 30,
	},
	{
		.name = "a port that is down is down in all trees",
		.clause = "802.1Q 8.4",
		TREES(),
		.prepare = p1_is_down,
		.in = P1,
		.frame = BYTES(MAC_ALL MAC_A TAG_10 TYPE_IP TEXT),
		DROP(port_down),
	},
	{
		.name = "a flush of one tree voids the addresses of its VLANs",
		.clause = "802.1Q 13.25, fdbFlush",
		TREES(),
		.prepare = p2_flushed_in_1,
		.in = P1,
		.fdb = {IN(10, MAC_A, P1), IN(10, MAC_B, P2)},
		.frame = BYTES(MAC_B MAC_A TAG_10 TYPE_IP TEXT),
		FLOOD(unknown_unicast, BIT(P2) | BIT(P3)),
		.tci = 10,
	},
	{
		.name = "and of no others",
		.clause = "802.1Q 13.25, fdbFlush",
		TREES(),
		.prepare = p2_flushed_in_1,
		.in = P1,
		.fdb = {IN(20, MAC_A, P1), IN(20, MAC_B, P2)},
		.frame = BYTES(MAC_B MAC_A TAG_20 TYPE_IP TEXT),
		FORWARD(unicast, P2),
		.tci = 20,
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "an address is learned with the generation of its tree",
		.clause = "802.1Q 13.25, fdbFlush",
		TREES(),
		.prepare = p1_flushed_in_1,
		.in = P1,
		.fdb = {IN(10, MAC_B, P2)},
		.frame = BYTES(MAC_B MAC_A TAG_10 TYPE_IP TEXT),
		FORWARD(unicast, P2),
		.tci = 10,
		.xdp = XDP_REDIRECT,
		NOTE(learned),
		.after = {IN(10, MAC_A, P1), IN(10, MAC_B, P2)},
	},
	{
		.name = "generations go round in six bits",
		.clause = "802.1Q 13.25, fdbFlush",
		TREES(),
		.prepare = p1_flushed_often_in_1,
		.in = P1,
		.fdb = {IN(10, MAC_B, P2)},
		.frame = BYTES(MAC_B MAC_A TAG_10 TYPE_IP TEXT),
		FORWARD(unicast, P2),
		.tci = 10,
		.xdp = XDP_REDIRECT,
		NOTE(learned),
		.after = {IN(10, MAC_A, P1), IN(10, MAC_B, P2)},
	},
};

const struct row_table rows_mst = ROW_TABLE(rows);
