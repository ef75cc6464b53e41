// SPDX-License-Identifier: Apache-2.0
/* The table of rows of plain switching; see rows.h. */
#include "rows_words.h"

/* ---- states that a list of addresses cannot say ---- */

static __u64 key_of_a(void)
{
	__u64 mac = 0;

	memcpy(&mac, MAC_A, 6);
	return fdb_key(mac, ROW_FID);
}

static void fill_bucket(struct xbr_fdb_bucket *bucket, __u8 tag)
{
	for (__u8 way = 0; way < XBR_FDB_WAYS; way++) {
		bucket->key[way] = (struct xbr_fdb_key){.mac = {0x06, tag, way}, .fid = ROW_FID};
		bucket->data[way] = (struct xbr_fdb_data){.port = P3, .kind = XBR_FDB_STATIC};
	}
}

/* Both buckets of A are full of others. */
static void no_room_for_a(const struct tables *tables)
{
	__u64 hash = fdb_hash(key_of_a(), DATAPATH_SEED);

	fill_bucket(&tables->fdb[fdb_first(hash, ROW_BUCKETS - 1)], 1);
	fill_bucket(&tables->fdb[fdb_second(hash, ROW_BUCKETS - 1)], 2);
}

/* The first bucket of A is full, and A, at P2, lives in its second. */
static void a_in_second_bucket(const struct tables *tables)
{
	__u64 hash = fdb_hash(key_of_a(), DATAPATH_SEED);
	struct xbr_fdb_bucket *first = &tables->fdb[fdb_first(hash, ROW_BUCKETS - 1)];
	struct xbr_fdb_bucket *second = &tables->fdb[fdb_second(hash, ROW_BUCKETS - 1)];
	__u64 key = key_of_a();

	fill_bucket(first, 1);
	first->overflow = 1;
	memcpy(&second->key[0], &key, sizeof(key));
	second->data[0] = (struct xbr_fdb_data){.port = P2, .kind = XBR_FDB_STATIC};
}

/* The agent has taken B's slot, and has not cleared it yet. */
static void b_is_being_removed(const struct tables *tables)
{
	__u64 mac = 0, key;
	struct xbr_fdb_bucket *bucket;

	memcpy(&mac, MAC_B, 6);
	key = fdb_key(mac, ROW_FID);
	bucket = &tables->fdb[fdb_first(fdb_hash(key, DATAPATH_SEED), ROW_BUCKETS - 1)];
	memcpy(&bucket->key[4], &key, sizeof(key));
	bucket->data[4] = (struct xbr_fdb_data){.port = P2, .kind = XBR_FDB_BUSY};
}

/* The device of P2 has gone down an instant ago: the kernel refuses its copy. */
static void p2_refuses_copies(const struct tables *tables)
{
	tables->ports[P2].ifindex = 0x7ffffff0;
}

static void port_is_unused(const struct tables *tables)
{
	tables->ports[P1].ifindex = 0;
}

/* ---- families ---- */

/* Each of the reserved addresses: where nothing is said of it, where the bridge lets it by, and where the
 * port does. */
#define RESERVED_ROWS(last, n)                                                                               \
	{                                                                                                    \
		.name = "reserved address " #n " stays on its link",                                         \
		.clause = "802.1Q 8.6.3, table 8-1",                                                         \
		.in = P1,                                                                                    \
		.fdb = {A_AT_P1},                                                                            \
		.frame = BYTES(RESERVED(last) MAC_A "\x88\x09" TEXT),                                        \
		DROP(reserved_group),                                                                        \
		.xdp = XDP_PASS, /* for packet sockets of the host's daemons */                              \
	},                                                                                                   \
		{                                                                                            \
			.name = "reserved address " #n " passes by the bridge's mask",                       \
			.clause = "bridge(8), group_fwd_mask",                                               \
			.in = P1,                                                                            \
			.bridge = BRIDGE(.group_fwd_mask = BIT(n)),                                          \
			.fdb = {A_AT_P1},                                                                    \
			.frame = BYTES(RESERVED(last) MAC_A "\x88\x09" TEXT),                                \
			FLOOD(multicast, TO_ALL_BUT_P1),                                                     \
		},                                                                                           \
		{                                                                                            \
			.name = "reserved address " #n " passes by the port's mask",                         \
			.clause = "bridge(8), group_fwd_mask",                                               \
			.in = P1,                                                                            \
			.port[P1] = PORT(.group_fwd_mask = BIT(n)),                                          \
			.fdb = {A_AT_P1},                                                                    \
			.frame = BYTES(RESERVED(last) MAC_A "\x88\x09" TEXT),                                \
			FLOOD(multicast, TO_ALL_BUT_P1),                                                     \
		},                                                                                           \
		{                                                                                            \
			.name = "reserved address " #n " passes by no other bit of either mask",             \
			.clause = "bridge(8), group_fwd_mask",                                               \
			.in = P1,                                                                            \
			.bridge = BRIDGE(.group_fwd_mask = (__u16)~BIT(n)),                                  \
			.fdb = {A_AT_P1},                                                                    \
			.port[P1] = PORT(.group_fwd_mask = (__u16)~BIT(n)),                                  \
			.frame = BYTES(RESERVED(last) MAC_A "\x88\x09" TEXT),                                \
			DROP(reserved_group),                                                                \
			.xdp = XDP_PASS,                                                                     \
		},                                                                                           \
	{                                                                                                    \
		.name = "reserved address " #n " goes out from the host",                                    \
		.clause = "802.1Q 8.6.3: of relay only", .in = HOST, .fdb = {OWN},                           \
		.frame = BYTES(RESERVED(last) MAC_OWN "\x88\x09" TEXT), FLOOD(multicast, TO_WIRES),          \
	}

#define PAUSE_ROW(title, from, mask)                                                                         \
	{                                                                                                    \
		.name = "PAUSE never passes, " title, .clause = "802.3 31.5.1", .in = (from),                \
		.bridge = BRIDGE(.group_fwd_mask = (mask)), .port[P1] = PORT(.group_fwd_mask = (mask)),      \
		.frame = BYTES(RESERVED("\x01") MAC_A "\x88\x08\x00\x01" TEXT), DROP(pause),                 \
	}

/* A frame for B, from a port and to a port that are isolated or not. */
#define ISOLATION_ROW(title, from, to, ...)                                                                  \
	{                                                                                                    \
		.name = title, .clause = "bridge(8), isolated", .in = P1, .fdb = {A_AT_P1, B_AT_P2},         \
		.port[P1] = PORT(.flags = USUAL | (from)), .port[P2] = PORT(.flags = USUAL | (to)),          \
		.frame = A_TO_B, __VA_ARGS__,                                                                \
	}

/* A frame for B that comes in by P1 in one of its states. */
#define INGRESS_STATE_ROW(which, ...)                                                                        \
	{                                                                                                    \
		.name = "a port that is " #which " takes in what its state lets it",                         \
		.clause = "802.1Q 8.4, table 8-2", .in = P1, .port[P1] = PORT(.state = XBR_STATE_##which),   \
		.fdb = {B_AT_P2}, .frame = A_TO_B, __VA_ARGS__,                                              \
	}

#define EGRESS_STATE_ROWS(which)                                                                             \
	{                                                                                                    \
		.name = "a port that is " #which " sends nothing",                                           \
		.clause = "802.1Q 8.6.1",                                                                    \
		.in = P1,                                                                                    \
		.port[P2] = PORT(.state = XBR_STATE_##which),                                                \
		.fdb = {A_AT_P1, B_AT_P2},                                                                   \
		.frame = A_TO_B,                                                                             \
		DROP(egress_down),                                                                           \
	},                                                                                                   \
	{                                                                                                    \
		.name = "a port that is " #which " gets no copy of a flood", .clause = "802.1Q 8.6.1",       \
		.in = P1, .port[P2] = PORT(.state = XBR_STATE_##which), .fdb = {A_AT_P1}, .frame = A_TO_ALL, \
		FLOOD(broadcast, TO_ALL_BUT_P1 & ~BIT(P2)),                                                  \
	}

/* One kind of flood with P2's flag for it off: from a port P2 gets nothing; from the host it depends. */
#define FLOOD_FLAG_ROWS(kind, flag, a_frame, own_frame, all, from_host)                                      \
	{                                                                                                    \
		.name = #kind " goes to every port of the bridge but the one it came by",                    \
		.clause = "802.1Q 8.6.8",                                                                    \
		.in = P1,                                                                                    \
		.fdb = {A_AT_P1},                                                                            \
		.frame = a_frame,                                                                            \
		FLOOD(kind, all),                                                                            \
	},                                                                                                   \
		{                                                                                            \
			.name = #kind " goes to no port with " #flag " off",                                 \
			.clause = "bridge(8), flood flags",                                                  \
			.in = P1,                                                                            \
			.port[P2] = PORT(.flags = USUAL & ~XBR_PORT_##flag),                                 \
			.fdb = {A_AT_P1},                                                                    \
			.frame = a_frame,                                                                    \
			FLOOD(kind, (all) & ~BIT(P2)),                                                       \
		},                                                                                           \
		{                                                                                            \
			.name = #kind " goes out though the port it came by has " #flag " off",              \
			.clause = "bridge(8): of egress",                                                    \
			.in = P1,                                                                            \
			.port[P1] = PORT(.flags = USUAL & ~XBR_PORT_##flag),                                 \
			.fdb = {A_AT_P1},                                                                    \
			.frame = a_frame,                                                                    \
			FLOOD(kind, all),                                                                    \
		},                                                                                           \
		{                                                                                            \
			.name = #kind " from the host goes to every port",                                   \
			.clause = "802.1Q 8.6.8",                                                            \
			.in = HOST,                                                                          \
			.fdb = {OWN},                                                                        \
			.frame = own_frame,                                                                  \
			FLOOD(kind, TO_WIRES),                                                               \
		},                                                                                           \
	{                                                                                                    \
		.name = #kind " from the host, " #flag " off", .clause = "the kernel's br_flood()",          \
		.in = HOST, .port[P2] = PORT(.flags = USUAL & ~XBR_PORT_##flag), .fdb = {OWN},               \
		.frame = own_frame, FLOOD(kind, from_host),                                                  \
	}

/* ---- the table ---- */

static const struct row rows[] = {
	/* known unicast */
	{
		.name = "a known destination gets the frame, nobody else",
		.clause = "802.1Q 8.6.3, 8.8.9",
		.fdb = {A_AT_P1, B_AT_P2},
		.in = P1,
		.frame = A_TO_B,
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "a destination behind a virtual port is left to TC",
		.clause = "design 1: XDP is the early exit",
		.fdb = {A_AT_P1, DYNAMIC(MAC_B, P4)},
		.in = P1,
		.frame = A_TO_B,
		FORWARD(unicast, P4),
		.xdp = XDP_PASS,
	},
	{
		.name = "a frame from a virtual port to a NIC",
		.clause = "802.1Q 8.6.3",
		.fdb = {DYNAMIC(MAC_A, P4), B_AT_P2},
		.in = P4,
		.frame = A_TO_B,
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "a veth whose peer is in another namespace",
		.clause = "issue 2: bpf_redirect_peer",
		.port[P4] = PORT(.flags = XBR_PORT_DEFAULT_FLAGS | XBR_PORT_PEER_NETNS),
		.fdb = {A_AT_P1, DYNAMIC(MAC_B, P4)},
		.in = P1,
		.frame = A_TO_B,
		FORWARD(unicast, P4),
		.xdp = XDP_PASS,
	},
	{
		.name = "a static entry leads to its port",
		.clause = "802.1Q 8.8.1",
		.fdb = {A_AT_P1, PINNED(MAC_B, P3, STATIC)},
		.in = P1,
		.frame = A_TO_B,
		FORWARD(unicast, P3),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "a sticky entry leads to its port",
		.clause = "bridge(8), sticky",
		.fdb = {A_AT_P1, PINNED(MAC_B, P3, STICKY)},
		.in = P1,
		.frame = A_TO_B,
		FORWARD(unicast, P3),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "an address of the bridge is the host's",
		.clause = "802.1Q 8.13.7",
		.fdb = {A_AT_P1, OWN},
		.in = P1,
		.frame = A_TO_OWN,
		FORWARD(local, HOST),
		.xdp = XDP_PASS,
	},
	{
		.name = "the host sends to a known address",
		.clause = "802.1Q 8.5.1",
		.fdb = {OWN, B_AT_P2},
		.in = HOST,
		.frame = OWN_TO_B,
		FORWARD(unicast, P2),
	},
	{
		.name = "the address of one bridge is unknown on the other",
		.clause = "802.1Q 8.8.8: a FID is a database of its own",
		.fdb = {A_AT_P1, B_AT_P2},
		.in = P5,
		.frame = BYTES(MAC_B MAC_C TYPE_IP TEXT),
		.port[P5] = PORT(.bridge = ROW_OTHER_BRIDGE, .flags = USUAL & ~XBR_PORT_LEARNING),
		NOBODY(unknown_unicast),
	},
	{
		.name = "an entry whose port is of another bridge does not lead there",
		.clause = "802.1Q 8.5: bridges are apart",
		.fdb = {A_AT_P1, PINNED(MAC_B, P5, STATIC)},
		.in = P1,
		.frame = A_TO_B,
		DROP(egress_down),
	},
	{
		.name = "a blackhole destination",
		.clause = "bridge(8), blackhole",
		.fdb = {A_AT_P1, PINNED(MAC_B, NO_PORT, BLACKHOLE)},
		.in = P1,
		.frame = A_TO_B,
		DROP(blackhole),
	},
	{
		.name = "a blackhole source",
		.clause = "bridge(8), blackhole",
		.fdb = {PINNED(MAC_A, NO_PORT, BLACKHOLE), B_AT_P2},
		.in = P1,
		.frame = A_TO_B,
		DROP(blackhole),
	},
	{
		.name = "a blackhole source on a port that does not learn",
		.clause = "bridge(8), blackhole",
		.port[P1] = PORT(.flags = USUAL & ~XBR_PORT_LEARNING),
		.fdb = {PINNED(MAC_A, NO_PORT, BLACKHOLE), B_AT_P2},
		.in = P1,
		.frame = A_TO_B,
		DROP(blackhole),
	},
	{
		.name = "an entry that the agent takes apart is as if it were not there",
		.clause = "bpf/fdb.h",
		.prepare = b_is_being_removed,
		.fdb = {A_AT_P1},
		.in = P1,
		.frame = A_TO_B,
		FLOOD(unknown_unicast, TO_WIRES_BUT_P1),
	},
	{
		.name = "a destination in its second bucket",
		.clause = "bpf/fdb.h, overflow",
		.prepare = a_in_second_bucket,
		.port[P1] = PORT(.flags = USUAL & ~XBR_PORT_LEARNING),
		.in = P1,
		.frame = BYTES(MAC_A MAC_B TYPE_IP TEXT),
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "a source in its second bucket is not learned again",
		.clause = "bpf/fdb.h, overflow",
		.prepare = a_in_second_bucket,
		.in = P2,
		.frame = A_TO_ALL,
		FLOOD(broadcast, (TO_ALL_BUT_P1 | BIT(P1)) & ~BIT(P2)),
	},

	/* tags and lengths: nothing of it changes */
	{
		.name = "a priority tag is payload",
		.clause = "802.1Q 5.9: a VLAN-unaware bridge",
		.fdb = {A_AT_P1, B_AT_P2},
		.in = P1,
		.frame = BYTES(MAC_B MAC_A TAG("\xe0\x00") TYPE_IP TEXT),
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "a C-tag is payload",
		.clause = "802.1Q 5.9: a VLAN-unaware bridge",
		.fdb = {A_AT_P1, B_AT_P2},
		.in = P1,
		.frame = BYTES(MAC_B MAC_A TAG("\x00\x64") TYPE_IP TEXT),
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "an S-tag around a C-tag is payload",
		.clause = "802.1Q 5.9: a VLAN-unaware bridge",
		.fdb = {A_AT_P1, B_AT_P2},
		.in = P1,
		.frame = BYTES(MAC_B MAC_A STAG("\x00\xc8") TAG("\x00\x64") TYPE_IP TEXT),
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "eight tags are payload",
		.clause = "802.1Q 5.9: a VLAN-unaware bridge",
		.fdb = {A_AT_P1, B_AT_P2},
		.in = P1,
		.frame = BYTES(MAC_B MAC_A TAG("\x00\x01") TAG("\x00\x02") TAG("\x00\x03") TAG("\x00\x04")
				       TAG("\x00\x05") TAG("\x00\x06") TAG("\x00\x07") TAG("\x00\x08")),
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "a tag with two octets behind it is the shortest that is whole",
		.clause = "the kernel's skb_vlan_untag()",
		.fdb = {A_AT_P1, B_AT_P2},
		.in = P1,
		.frame = BYTES(MAC_B MAC_A TAG("\x00\x64") TYPE_IP "hi"),
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "a tag with nothing behind it is cut off",
		.clause = "the kernel's skb_vlan_untag()",
		.in = P1,
		.frame = BYTES(MAC_B MAC_A TAG("\x00\x64") TYPE_IP),
		DROP(runt),
	},
	{
		.name = "a tag with one octet behind it is cut off",
		.clause = "the kernel's skb_vlan_untag()",
		.in = P1,
		.frame = BYTES(MAC_B MAC_A TAG("\x00\x64") TYPE_IP "h"),
		DROP(runt),
	},
	{
		.name = "a C-tag's type with no tag is cut off",
		.clause = "the kernel's skb_vlan_untag()",
		.in = P1,
		.hooks = BIT(HOOK_HOST) | BIT(HOOK_XDP), /* the kernel makes no skb without payload */
		.frame = BYTES(MAC_B MAC_A "\x81\x00"),
		DROP(runt),
	},
	{
		.name = "an S-tag cut in its middle",
		.clause = "the kernel's skb_vlan_untag()",
		.in = P1,
		.frame = BYTES(MAC_B MAC_A "\x88\xa8\x00"),
		DROP(runt),
	},
	{
		.name = "a header and nothing else is a frame",
		.clause = "802.3 3.2: padding is the MAC's",
		.fdb = {A_AT_P1, B_AT_P2},
		.in = P1,
		.hooks = BIT(HOOK_HOST) | BIT(HOOK_XDP), /* the kernel makes no skb without payload */
		.frame = BYTES(MAC_B MAC_A TYPE_IP),
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "thirteen octets are a runt",
		.clause = "802.3 3.1.1",
		.in = P1,
		.hooks = BIT(HOOK_HOST), /* BPF_PROG_TEST_RUN refuses them */
		.frame = BYTES(MAC_B MAC_A "\x08"),
		DROP(runt),
	},
	{
		.name = "no octet at all is a runt",
		.clause = "802.3 3.1.1",
		.in = P1,
		.hooks = BIT(HOOK_HOST),
		.frame = BYTES(""),
		DROP(runt),
	},
	{
		.name = "a length field that lies is payload",
		.clause = "802.3 3.2.6",
		.fdb = {A_AT_P1, B_AT_P2},
		.in = P1,
		.frame = BYTES(MAC_B MAC_A "\x05\xdc" TEXT),
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},

	/* who may send */
	{
		.name = "a device that is no port",
		.clause = "802.1Q 8.5",
		.in = NO_PORT,
		.frame = A_TO_B,
		DROP(no_port),
	},
	{
		.name = "a port number that is free",
		.clause = "include/xbr/abi.h: ifindex 0",
		.prepare = port_is_unused,
		.in = P1,
		.frame = A_TO_B,
		DROP(no_port),
	},
	{
		.name = "a group address as the source",
		.clause = "802.3 3.2.3",
		.fdb = {B_AT_P2},
		.in = P1,
		.frame = BYTES(MAC_B MAC_GROUP TYPE_IP TEXT),
		DROP(source_group),
	},
	{
		.name = "the broadcast address as the source",
		.clause = "802.3 3.2.3",
		.fdb = {B_AT_P2},
		.in = P1,
		.frame = BYTES(MAC_B MAC_ALL TYPE_IP TEXT),
		DROP(source_group),
	},
	{
		.name = "a source of all zeros",
		.clause = "802 8.2: not an address",
		.fdb = {B_AT_P2},
		.in = P1,
		.frame = BYTES(MAC_B MAC_ZERO TYPE_IP TEXT),
		DROP(source_zero),
	},
	{
		.name = "a destination of all zeros is unknown unicast",
		.clause = "802 8.2",
		.fdb = {A_AT_P1},
		.in = P1,
		.frame = BYTES(MAC_ZERO MAC_A TYPE_IP TEXT),
		FLOOD(unknown_unicast, TO_WIRES_BUT_P1),
	},
	INGRESS_STATE_ROW(DISABLED, DROP(port_down)),
	INGRESS_STATE_ROW(LISTENING, DROP(port_discarding)),
	INGRESS_STATE_ROW(BLOCKING, DROP(port_discarding)),
	INGRESS_STATE_ROW(LEARNING, DROP(port_discarding), NOTE(learned), .after = {A_AT_P1, B_AT_P2}),
	INGRESS_STATE_ROW(FORWARDING, FORWARD(unicast, P2), .xdp = XDP_REDIRECT, NOTE(learned),
			  .after = {A_AT_P1, B_AT_P2}),
	EGRESS_STATE_ROWS(DISABLED),
	EGRESS_STATE_ROWS(LISTENING),
	EGRESS_STATE_ROWS(LEARNING),
	EGRESS_STATE_ROWS(BLOCKING),

	/* learning */
	{
		.name = "a new source is learned",
		.clause = "802.1Q 8.7",
		.in = P1,
		.frame = A_TO_B,
		FLOOD(unknown_unicast, TO_WIRES_BUT_P1),
		NOTE(learned),
		.after = {A_AT_P1},
	},
	{
		.name = "a new source of a broadcast is learned",
		.clause = "802.1Q 8.7",
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
		NOTE(learned),
		.after = {A_AT_P1},
	},
	{
		.name = "a source is learned though its frame goes nowhere",
		.clause = "802.1Q 8.7: learning comes before the filtering",
		.fdb = {PINNED(MAC_B, NO_PORT, BLACKHOLE)},
		.in = P1,
		.frame = A_TO_B,
		DROP(blackhole),
		NOTE(learned),
		.after = {A_AT_P1, PINNED(MAC_B, NO_PORT, BLACKHOLE)},
	},
	{
		.name = "a source seen in this epoch changes nothing",
		.clause = "issue 2: learned only when new, moved, or once an epoch",
		.fdb = {A_AT_P1},
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
	},
	{
		.name = "a source seen in an earlier epoch is refreshed",
		.clause = "802.1Q 8.8.3",
		.fdb = {{MAC_A, P1, XBR_FDB_DYNAMIC, .age = 7}},
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
		.after = {A_AT_P1},
	},
	{
		.name = "a destination is not refreshed",
		.clause = "802.1Q 8.7: only a source is",
		.fdb = {A_AT_P1, {MAC_B, P2, XBR_FDB_DYNAMIC, .age = ROW_AGEING_EPOCHS}},
		.in = P1,
		.frame = A_TO_B,
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "an entry past its ageing time is unknown, and stays for the agent",
		.clause = "802.1Q 8.8.3",
		.fdb = {A_AT_P1, {MAC_B, P2, XBR_FDB_DYNAMIC, .age = ROW_AGEING_EPOCHS + 1}},
		.in = P1,
		.frame = A_TO_B,
		FLOOD(unknown_unicast, TO_WIRES_BUT_P1),
	},
	{
		.name = "an entry of the next epoch, by a CPU that is already in it, holds",
		.clause = "802.1Q 8.8.3",
		.fdb = {A_AT_P1, {MAC_B, P2, XBR_FDB_DYNAMIC, .age = -1}},
		.in = P1,
		.frame = A_TO_B,
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "an entry of a flushed generation is unknown",
		.clause = "issue 2: flushing a port is O(1)",
		.fdb = {A_AT_P1, {MAC_B, P2, XBR_FDB_DYNAMIC, .generation = ROW_GENERATION - 1}},
		.in = P1,
		.frame = A_TO_B,
		FLOOD(unknown_unicast, TO_WIRES_BUT_P1),
	},
	{
		.name = "a source whose entry was flushed is learned anew",
		.clause = "issue 2: flushing a port is O(1)",
		.fdb = {{MAC_A, P1, XBR_FDB_DYNAMIC, .generation = ROW_GENERATION - 1}},
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
		NOTE(learned),
		.after = {A_AT_P1},
	},
	{
		.name = "a source whose entry was flushed at another port is learned, not moved",
		.clause = "issue 2: flushing a port is O(1)",
		.fdb = {{MAC_A, P3, XBR_FDB_DYNAMIC, .generation = ROW_GENERATION - 1}},
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
		NOTE(learned),
		.after = {A_AT_P1},
	},
	{
		.name = "a source that comes by another port moves",
		.clause = "802.1Q 8.7",
		.fdb = {DYNAMIC(MAC_A, P3)},
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
		NOTE(moved),
		.after = {A_AT_P1},
	},
	{
		.name = "a static entry does not move",
		.clause = "802.1Q 8.8.1",
		.fdb = {PINNED(MAC_A, P3, STATIC)},
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
		NOTE(learn_pinned),
	},
	{
		.name = "a sticky entry does not move",
		.clause = "bridge(8), sticky",
		.fdb = {PINNED(MAC_A, P3, STICKY)},
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
		NOTE(learn_pinned),
	},
	{
		.name = "the owner of a static entry sends without a note",
		.clause = "802.1Q 8.8.1",
		.fdb = {PINNED(MAC_A, P1, STATIC)},
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
	},
	{
		.name = "the bridge's own address as a source, from outside",
		.clause = "the kernel's br_fdb_update(): a loop or a forgery",
		.fdb = {OWN},
		.in = P1,
		.frame = OWN_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
		NOTE(learn_own),
	},
	{
		.name = "a port with learning off does not learn",
		.clause = "bridge(8), learning",
		.port[P1] = PORT(.flags = USUAL & ~XBR_PORT_LEARNING),
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
	},
	{
		.name = "a port with learning off moves nothing",
		.clause = "bridge(8), learning",
		.port[P1] = PORT(.flags = USUAL & ~XBR_PORT_LEARNING),
		.fdb = {DYNAMIC(MAC_A, P3)},
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
	},
	{
		.name = "a bridge with ageing time 0 learns nothing",
		.clause = "ip-link(8), ageing_time",
		.bridge = BRIDGE(.ageing_epochs = 0),
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
	},
	{
		.name = "what the host sends is not learned",
		.clause = "the kernel's br_dev_xmit()",
		.in = HOST,
		.frame = OWN_TO_ALL,
		FLOOD(broadcast, TO_WIRES),
	},
	{
		.name = "the last address under a port's limit is learned",
		.clause = "issue 2: a limit per port",
		.port[P1] = PORT(.fdb_max_learned = 2),
		.fdb = {DYNAMIC(MAC_B, P1)},
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
		NOTE(learned),
		.after = {A_AT_P1, DYNAMIC(MAC_B, P1)},
	},
	{
		.name = "a port at its limit learns no more, and pushes nothing out",
		.clause = "issue 2: a limit per port",
		.port[P1] = PORT(.fdb_max_learned = 1),
		.fdb = {DYNAMIC(MAC_B, P1)},
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
		NOTE(learn_limit_port),
	},
	{
		.name = "an address does not move to a port at its limit",
		.clause = "issue 2: a limit per port",
		.port[P1] = PORT(.fdb_max_learned = 1),
		.fdb = {DYNAMIC(MAC_A, P3), DYNAMIC(MAC_B, P1)},
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
		NOTE(learn_limit_port),
	},
	{
		.name = "a port at its limit refreshes what it has",
		.clause = "issue 2: a limit per port",
		.port[P1] = PORT(.fdb_max_learned = 1),
		.fdb = {{MAC_A, P1, XBR_FDB_DYNAMIC, .age = 3}},
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
		.after = {A_AT_P1},
	},
	{
		.name = "a bridge at its limit learns no more",
		.clause = "issue 2: a limit per bridge",
		.bridge = BRIDGE(.fdb_max_learned = 1),
		.fdb = {B_AT_P2},
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
		NOTE(learn_limit_bridge),
	},
	{
		.name = "an address moves within a bridge at its limit",
		.clause = "issue 2: a limit per bridge",
		.bridge = BRIDGE(.fdb_max_learned = 1),
		.fdb = {DYNAMIC(MAC_A, P3)},
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
		NOTE(moved),
		.after = {A_AT_P1},
	},
	{
		.name = "an address with no room in either bucket is not learned",
		.clause = "issue 2: a full bucket has a second choice",
		.prepare = no_room_for_a,
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1),
		NOTE(learn_full),
	},

	/* where a frame may not go */
	{
		.name = "a destination behind the port it came by",
		.clause = "802.1Q 8.6.1",
		.fdb = {A_AT_P1, DYNAMIC(MAC_B, P1)},
		.in = P1,
		.frame = A_TO_B,
		DROP(same_port),
	},
	{
		.name = "a destination behind the port it came by, hairpin on",
		.clause = "802.1Qbg: reflective relay; bridge(8), hairpin",
		.port[P1] = PORT(.flags = USUAL | XBR_PORT_HAIRPIN),
		.fdb = {A_AT_P1, DYNAMIC(MAC_B, P1)},
		.in = P1,
		.frame = A_TO_B,
		FORWARD(reflected, P1),
		.xdp = XDP_TX,
	},
	{
		.name = "hairpin on a port that takes no XDP frames",
		.clause = "802.1Qbg: reflective relay; bridge(8), hairpin",
		.port[P4] = PORT(.flags = XBR_PORT_DEFAULT_FLAGS | XBR_PORT_HAIRPIN),
		.fdb = {DYNAMIC(MAC_A, P4), DYNAMIC(MAC_B, P4)},
		.in = P4,
		.frame = A_TO_B,
		FORWARD(reflected, P4),
		.xdp = XDP_PASS,
	},
	{
		.name = "a port with hairpin on gets its own floods back",
		.clause = "the kernel's should_deliver()",
		.port[P1] = PORT(.flags = USUAL | XBR_PORT_HAIRPIN),
		.fdb = {A_AT_P1},
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1 | BIT(P1)),
	},
	{
		.name = "a frame from the host to the host's own address",
		.clause = "802.1Q 8.6.1",
		.fdb = {OWN},
		.in = HOST,
		.frame = BYTES(MAC_OWN MAC_OWN TYPE_IP TEXT),
		DROP(same_port),
	},
	ISOLATION_ROW("neither port isolated", 0, 0, FORWARD(unicast, P2), .xdp = XDP_REDIRECT),
	ISOLATION_ROW("from an isolated port to one that is not", XBR_PORT_ISOLATED, 0, FORWARD(unicast, P2),
		      .xdp = XDP_REDIRECT),
	ISOLATION_ROW("to an isolated port from one that is not", 0, XBR_PORT_ISOLATED, FORWARD(unicast, P2),
		      .xdp = XDP_REDIRECT),
	ISOLATION_ROW("from an isolated port to an isolated port", XBR_PORT_ISOLATED, XBR_PORT_ISOLATED,
		      DROP(isolated)),
	{
		.name = "a flood from an isolated port passes by the isolated ones",
		.clause = "bridge(8), isolated",
		.port[P1] = PORT(.flags = USUAL | XBR_PORT_ISOLATED),
		.port[P2] = PORT(.flags = USUAL | XBR_PORT_ISOLATED),
		.fdb = {A_AT_P1},
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1 & ~BIT(P2)),
	},
	{
		.name = "the host reaches an isolated port",
		.clause = "bridge(8), isolated",
		.port[P2] = PORT(.flags = USUAL | XBR_PORT_ISOLATED),
		.fdb = {OWN, B_AT_P2},
		.in = HOST,
		.frame = OWN_TO_B,
		FORWARD(unicast, P2),
	},

	/* lengths: LONG_A_TO_B() is a header and 60 octets (TEXT and 14 more) */
	{
		.name = "as long as the MTU of the egress port",
		.clause = "802.1Q 6.5.8",
		.port[P2] = PORT(.mtu = 60),
		.fdb = {A_AT_P1, B_AT_P2},
		.in = P1,
		.frame = LONG_A_TO_B(TEXT "fourteen more."),
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "longer than the MTU by no more than a tag: TC can send it",
		.clause = "the kernel's is_skb_forwardable()",
		.port[P2] = PORT(.mtu = 56),
		.fdb = {A_AT_P1, B_AT_P2},
		.in = P1,
		.frame = LONG_A_TO_B(TEXT "fourteen more."),
		FORWARD(unicast, P2),
		.xdp = XDP_PASS,
	},
	{
		.name = "longer than the MTU by more than a tag",
		.clause = "802.1Q 6.5.8",
		.port[P2] = PORT(.mtu = 55),
		.fdb = {A_AT_P1, B_AT_P2},
		.in = P1,
		.frame = LONG_A_TO_B(TEXT "fourteen more."),
		DROP(egress_mtu),
		.too_long_for = P2,
		.xdp = XDP_PASS,
	},
	{
		.name = "a port without a limit of length",
		.clause = "include/xbr/abi.h: mtu 0",
		.port[P2] = PORT(.mtu = 0),
		.fdb = {A_AT_P1, B_AT_P2},
		.in = P1,
		.frame = LONG_A_TO_B(TEXT "fourteen more."),
		FORWARD(unicast, P2),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "a super-frame whose segments fit",
		.clause = "the kernel's is_skb_forwardable()",
		.port[P2] = PORT(.mtu = 40),
		.fdb = {A_AT_P1, B_AT_P2},
		.in = P1,
		.gso_size = 12,
		.hooks = BIT(HOOK_HOST) | BIT(HOOK_TC), /* XDP does not see that it is one */
		.frame = LONG_A_TO_B(TEXT "fourteen more."),
		FORWARD(unicast, P2),
	},
	{
		.name = "a super-frame whose segments are too long",
		.clause = "the kernel's is_skb_forwardable()",
		.port[P2] = PORT(.mtu = 40),
		.fdb = {A_AT_P1, B_AT_P2},
		.in = P1,
		.gso_size = 13,
		.hooks = BIT(HOOK_HOST) | BIT(HOOK_TC),
		.frame = LONG_A_TO_B(TEXT "fourteen more."),
		DROP(egress_mtu),
	},
	{
		.name = "a flooded frame too long for one port",
		.clause = "802.1Q 6.5.8",
		.port[P2] = PORT(.mtu = 55),
		.fdb = {A_AT_P1},
		.in = P1,
		.frame = BYTES(MAC_ALL MAC_A TYPE_IP TEXT "fourteen more."),
		FLOOD(broadcast, TO_ALL_BUT_P1 & ~BIT(P2)),
		.copy_note = XBR_REASON_copy_mtu,
		.copy_note_at = P2,
	},

	/* floods */
	FLOOD_FLAG_ROWS(unknown_unicast, FLOOD, A_TO_B, OWN_TO_B, TO_WIRES_BUT_P1, TO_WIRES & ~BIT(P2)),
	FLOOD_FLAG_ROWS(multicast, MCAST_FLOOD, A_TO_GROUP, OWN_TO_GROUP, TO_ALL_BUT_P1, TO_WIRES),
	FLOOD_FLAG_ROWS(broadcast, BCAST_FLOOD, A_TO_ALL, OWN_TO_ALL, TO_ALL_BUT_P1, TO_WIRES),
	{
		.name = "a flood that nobody may have",
		.clause = "xbr/reasons.h: no frame goes without a reason",
		.port[P2] = PORT(.flags = USUAL & ~XBR_PORT_FLOOD),
		.members = BIT(P1) | BIT(P2) | BIT(HOST),
		.fdb = {A_AT_P1},
		.in = P1,
		.frame = A_TO_B,
		NOBODY(unknown_unicast),
	},
	{
		.name = "a copy that the kernel refuses",
		.clause = "xbr/reasons.h: copy_failed",
		.prepare = p2_refuses_copies,
		.fdb = {A_AT_P1},
		.in = P1,
		.hooks = BIT(HOOK_TC), /* the host build sends nothing */
		.frame = A_TO_ALL,
		FLOOD(broadcast, TO_ALL_BUT_P1 & ~BIT(P2)),
		.copy_note = XBR_REASON_copy_failed,
		.copy_note_at = P2,
	},
	{
		.name = "XDP floods by itself where every receiver takes XDP frames",
		.clause = "issue 2: by exactly sized device maps",
		.bridge = BRIDGE(.flags = XBR_BRIDGE_XDP_FLOOD),
		.members = XDP_WIRES,
		.fdb = {A_AT_P1},
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, XDP_WIRES & ~BIT(P1)),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "XDP leaves a broadcast to TC where the host gets a copy",
		.clause = "issue 2: the local port",
		.bridge = BRIDGE(.flags = XBR_BRIDGE_XDP_FLOOD | XBR_BRIDGE_HOST_UP),
		.members = XDP_WIRES | BIT(HOST),
		.fdb = {A_AT_P1},
		.in = P1,
		.frame = A_TO_ALL,
		FLOOD(broadcast, (XDP_WIRES & ~BIT(P1)) | BIT(HOST)),
		.xdp = XDP_PASS,
	},
	{
		.name = "XDP floods unknown unicast, which the host does not get",
		.clause = "the kernel's br_flood()",
		.bridge = BRIDGE(.flags = XBR_BRIDGE_XDP_FLOOD | XBR_BRIDGE_HOST_UP),
		.members = XDP_WIRES | BIT(HOST),
		.fdb = {A_AT_P1},
		.in = P1,
		.frame = A_TO_B,
		FLOOD(unknown_unicast, XDP_WIRES & ~BIT(P1)),
		.xdp = XDP_REDIRECT,
	},
	{
		.name = "XDP leaves a flood to TC that is too long for a receiver",
		.clause = "802.1Q 6.5.8",
		.bridge = BRIDGE(.flags = XBR_BRIDGE_XDP_FLOOD, .flood_mtu = 55),
		.members = XDP_WIRES,
		.port[P2] = PORT(.mtu = 55),
		.fdb = {A_AT_P1},
		.in = P1,
		.frame = BYTES(MAC_ALL MAC_A TYPE_IP TEXT "fourteen more."),
		FLOOD(broadcast, BIT(P3)),
		.copy_note = XBR_REASON_copy_mtu,
		.copy_note_at = P2,
		.xdp = XDP_PASS,
	},

	/* 01:80:c2:00:00:0x */
	RESERVED_ROWS("\x00", 0),
	RESERVED_ROWS("\x02", 2),
	RESERVED_ROWS("\x03", 3),
	RESERVED_ROWS("\x04", 4),
	RESERVED_ROWS("\x05", 5),
	RESERVED_ROWS("\x06", 6),
	RESERVED_ROWS("\x07", 7),
	RESERVED_ROWS("\x08", 8),
	RESERVED_ROWS("\x09", 9),
	RESERVED_ROWS("\x0a", 10),
	RESERVED_ROWS("\x0b", 11),
	RESERVED_ROWS("\x0c", 12),
	RESERVED_ROWS("\x0d", 13),
	RESERVED_ROWS("\x0e", 14),
	RESERVED_ROWS("\x0f", 15),
	PAUSE_ROW("nothing said", P1, 0),
	PAUSE_ROW("every bit of both masks set", P1, 0xffff),
	PAUSE_ROW("from the host", HOST, 0xffff),
	{
		.name = "01:80:c2:00:00:10 is a group like any other",
		.clause = "802.1Q table 8-1 ends at 0f",
		.fdb = {A_AT_P1},
		.in = P1,
		.frame = BYTES(RESERVED("\x10") MAC_A TYPE_IP TEXT),
		FLOOD(multicast, TO_ALL_BUT_P1),
	},
	{
		.name = "the source of a reserved frame is learned",
		.clause = "802.1Q 8.7",
		.in = P1,
		.frame = BYTES(RESERVED("\x0e") MAC_A "\x88\xcc" TEXT),
		DROP(reserved_group),
		.xdp = XDP_PASS,
		NOTE(learned),
		.after = {A_AT_P1},
	},
};

const struct row_table rows_plain = ROW_TABLE(rows);
