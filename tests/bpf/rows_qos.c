// SPDX-License-Identifier: Apache-2.0
/* Rows of priorities: what a port trusts, classes of meters, and what is remarked where frames leave; see
 * rows.h. */
#include "rows_words.h"

#define EMPTY 1 /* a meter that never has room */

/* Entries of maps are more by one. */
#define ENTRY(value) ((value) + 1)

/* 10.0.0.1 to 10.0.0.2 with a type of service and its sum; ECN is 2 or 3 throughout. */
#define IP4(tos, sum)                                                                                        \
	"\x45" tos "\x00\x1f\x00\x07\x00\x00\x40\x11" sum "\x0a\x00\x00\x01\x0a\x00\x00\x02"                 \
	"\x03\xe8\x00\x35\x00\x0b\x00\x00xbr"                                                                \
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
#define DSCP_0  IP4("\x02", "\x66\xc3")
#define DSCP_46 IP4("\xba", "\x66\x0b")
#define LATER                                                                                                \
	"\x45\xba\x00\x1f\x00\x07\x20\x01\x40\x11\x46\x0a\x0a\x00\x00\x01\x0a\x00\x00\x02"                   \
	"fragment-fragment-fragment"
#define LATER_0                                                                                              \
	"\x45\x02\x00\x1f\x00\x07\x20\x01\x40\x11\x46\xc2\x0a\x00\x00\x01\x0a\x00\x00\x02"                   \
	"fragment-fragment-fragment"
#define IP6(first)                                                                                           \
	first "\x00\x00\x00\x0b\x11\x40"                                                                     \
	      "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"                             \
	      "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"                             \
	      "\x03\xe8\x00\x35\x00\x0b\x00\x00xbr"
#define TYPE_IP6 "\x86\xdd"

static void never(const struct tables *t)
{
	t->meters[EMPTY] = (struct xbr_meter_config){
		.cost = {8000000ull << 20},
		.burst = {15140ull * (8000000ull << 4)},
		.action = {XBR_METER_PASS, XBR_METER_PASS, XBR_METER_DROP},
	};
	t->meter_live[EMPTY].until[XBR_BUCKET_C] = 1ull << 63;
}

static void trust(const struct tables *t, enum xbr_trust what)
{
	t->ports[P1].qos |= XBR_QOS_TRUST;
	t->qos_ports[P1].trust = (__u8)what;
	t->qos_ports[P1].priority = 3;
}

static void trust_none(const struct tables *t)
{
	trust(t, XBR_TRUST_NONE);
}

static void trust_pcp(const struct tables *t)
{
	trust(t, XBR_TRUST_PCP);
}

static void trust_pcp_map(const struct tables *t)
{
	trust(t, XBR_TRUST_PCP);
	t->qos_maps[P1].pcp_prio[5] = ENTRY(1);
}

static void trust_dscp(const struct tables *t)
{
	trust(t, XBR_TRUST_DSCP);
}

static void trust_dscp_map(const struct tables *t)
{
	trust(t, XBR_TRUST_DSCP);
	t->qos_maps[P1].dscp_prio[46] = ENTRY(7);
}

static void pcp_out(const struct tables *t)
{
	trust_dscp(t);
	t->ports[P2].qos |= XBR_QOS_PCP;
	t->qos_maps[P2].prio_pcp[5] = ENTRY(2);
}

static void remark(const struct tables *t, __u32 port)
{
	t->ports[port].qos |= XBR_QOS_DSCP;
	t->qos_maps[port].prio_dscp[0] = ENTRY(46);
	t->qos_maps[port].prio_dscp[5] = ENTRY(0);
}

static void dscp_out(const struct tables *t)
{
	trust_dscp(t);
	remark(t, P2);
}

static void class_5_in(const struct tables *t)
{
	trust_dscp(t);
	never(t);
	t->ports[P1].qos |= XBR_QOS_CLASS_IN;
	t->qos_ports[P1].class_meter[XBR_WAY_IN][5] = EMPTY;
}

static void class_5_out(const struct tables *t)
{
	trust_dscp(t);
	never(t);
	t->ports[P2].qos |= XBR_QOS_CLASS_OUT;
	t->qos_ports[P2].class_meter[XBR_WAY_OUT][5] = EMPTY;
}

/* Of the tag: nothing is trusted. */
static void class_6_in(const struct tables *t)
{
	never(t);
	t->ports[P1].qos |= XBR_QOS_CLASS_IN;
	t->qos_ports[P1].class_meter[XBR_WAY_IN][6] = EMPTY;
}

static void queue_out(const struct tables *t)
{
	trust_dscp(t);
	t->ports[P2].qos |= XBR_QOS_QUEUES;
	t->qos_maps[P2].prio_queue[5] = ENTRY(2);
}

#define KNOWN     .in = P1, .fdb = {A_AT_P1, B_AT_P2}
#define TO_P2     FORWARD(unicast, P2), .xdp = XDP_REDIRECT
#define A_B(rest) BYTES(MAC_B MAC_A rest)
#define VLAN_5                                                                                               \
	.in = P1,                                                                                            \
	.fdb = {{.mac = MAC_A, .port = P1, .kind = XBR_FDB_DYNAMIC, .vid = 5},                               \
		{.mac = MAC_B, .port = P2, .kind = XBR_FDB_DYNAMIC, .vid = 5}},                              \
	.bridge = BRIDGE(.flags = XBR_BRIDGE_HOST_UP | XBR_BRIDGE_VLAN_FILTERING, .vlan_tpid_be = 0x0081),   \
	.port = {[P1] = PORT(.pvid = 5)}, .vlans = {{P1, 5, .untagged = true}, {P2, 5}}

static const struct row rows[] = {
	{
		.name = "what nobody trusts has the port's priority",
		.clause = "802.1Q, 6.9.3",
		VLAN_5,
		.prepare = trust_none,
		.frame = A_B(TAG("\xa0\x05") TYPE_IP DSCP_46),
		TO_P2,
		.tci = 0x6005,
		.priority = 3,
		.leaves = {[P2] = A_B(TAG("\x60\x05") TYPE_IP DSCP_46)},
	},
	{
		.name = "a tag that is trusted keeps its priority",
		.clause = "802.1Q, 6.9.3",
		VLAN_5,
		.prepare = trust_pcp,
		.frame = A_B(TAG("\xb0\x05") TYPE_IP DSCP_46),
		TO_P2,
		.tci = 0xb005,
		.priority = 5,
	},
	{
		.name = "and is regenerated by the port's map",
		.clause = "802.1Q, 6.9.4",
		VLAN_5,
		.prepare = trust_pcp_map,
		.frame = A_B(TAG("\xb0\x05") TYPE_IP DSCP_46),
		TO_P2,
		.tci = 0x3005,
		.priority = 1,
		.leaves = {[P2] = A_B(TAG("\x30\x05") TYPE_IP DSCP_46)},
	},
	{
		.name = "without a tag it has the port's priority, and the tag that is put on tells it",
		.clause = "802.1Q, 6.9.3",
		VLAN_5,
		.prepare = trust_pcp,
		.frame = A_B(TYPE_IP DSCP_46),
		TO_P2,
		.tci = 0x6005,
		.priority = 3,
		.leaves = {[P2] = A_B(TAG("\x60\x05") TYPE_IP DSCP_46)},
	},
	{
		.name = "a code point is a priority by its class selector",
		.clause = "RFC 2474, 4.2.2",
		VLAN_5,
		.prepare = trust_dscp,
		.frame = A_B(TAG("\x20\x05") TYPE_IP DSCP_46),
		TO_P2,
		.tci = 0xa005,
		.priority = 5,
		.leaves = {[P2] = A_B(TAG("\xa0\x05") TYPE_IP DSCP_46)},
	},
	{
		.name = "or by the port's map; a bridge without VLANs changes no tag",
		.clause = "RFC 2474, 4",
		KNOWN,
		.prepare = trust_dscp_map,
		.frame = A_B(TAG("\x20\x05") TYPE_IP DSCP_46),
		TO_P2,
		.priority = 7,
	},
	{
		.name = "what is not IP has the port's priority",
		.clause = "bpf/qos.h",
		KNOWN,
		.prepare = trust_dscp,
		.frame = A_B("\x88\xb5" TEXT),
		TO_P2,
		.priority = 3,
	},
	{
		.name = "where it leaves a priority may be another PCP",
		.clause = "802.1Q, 6.9.3",
		VLAN_5,
		.prepare = pcp_out,
		.frame = A_B(TAG("\x20\x05") TYPE_IP DSCP_46),
		TO_P2,
		.tci = 0xa005,
		.priority = 5,
		.leaves = {[P2] = A_B(TAG("\x40\x05") TYPE_IP DSCP_46)},
	},
	{
		.name = "and another code point: IPv4, its sum mended, ECN as it was",
		.clause = "RFC 2474, 3; RFC 1624, 3",
		KNOWN,
		.prepare = dscp_out,
		.frame = A_B(TYPE_IP DSCP_0),
		TO_P2,
		.leaves = {[P2] = A_B(TYPE_IP DSCP_46)},
	},
	{
		.name = "a later fragment is remarked as the first",
		.clause = "RFC 2474, 3",
		KNOWN,
		.prepare = dscp_out,
		.frame = A_B(TYPE_IP LATER),
		TO_P2,
		.priority = 5,
		.leaves = {[P2] = A_B(TYPE_IP LATER_0)},
	},
	{
		.name = "IPv6 behind a tag",
		.clause = "RFC 8200, 7",
		KNOWN,
		.prepare = dscp_out,
		.frame = A_B(TAG("\x60\x05") TYPE_IP6 IP6("\x60\x3f\xff\xff")),
		TO_P2,
		.leaves = {[P2] = A_B(TAG("\x60\x05") TYPE_IP6 IP6("\x6b\xbf\xff\xff"))},
	},
	{
		.name = "of a flood only the copies for that port are remarked",
		.clause = "bpf/qos.h",
		.in = P1,
		.fdb = {A_AT_P1},
		.prepare = dscp_out,
		.frame = BYTES(MAC_ALL MAC_A TYPE_IP DSCP_0),
		FLOOD(broadcast, TO_ALL_BUT_P1),
		.leaves = {[P2] = BYTES(MAC_ALL MAC_A TYPE_IP DSCP_46)},
	},
	{
		.name = "a class has a meter where it comes in",
		.clause = "bpf/police.h",
		KNOWN,
		.prepare = class_5_in,
		.frame = A_B(TYPE_IP DSCP_46),
		DROP(policed),
		.priority = 5,
	},
	{
		.name = "which other classes are not held to",
		.clause = "bpf/police.h",
		KNOWN,
		.prepare = class_5_in,
		.frame = A_B(TYPE_IP DSCP_0),
		TO_P2,
	},
	{
		.name = "and where it leaves",
		.clause = "bpf/police.h",
		KNOWN,
		.prepare = class_5_out,
		.frame = A_B(TYPE_IP DSCP_46),
		DROP(policed_out),
		.priority = 5,
	},
	{
		.name = "where nothing is trusted the tag's priority is the class",
		.clause = "bpf/police.h",
		KNOWN,
		.prepare = class_6_in,
		.frame = A_B(TAG("\xc0\x05") TYPE_IP DSCP_0),
		DROP(policed),
	},
	{
		.name = "what has a queue is left to TC",
		.clause = "bpf/xdp.h",
		KNOWN,
		.prepare = queue_out,
		.frame = A_B(TYPE_IP DSCP_46),
		FORWARD(unicast, P2),
		.xdp = XDP_PASS,
		.priority = 5,
	},
};

const struct row_table rows_qos = ROW_TABLE(rows);
