// SPDX-License-Identifier: Apache-2.0
/*
 * Rows of policers; see rows.h. Here is what becomes of a frame by buckets that are full, or empty until the
 * end of time; how much of a bucket a frame takes is for tests/net/test_police.py.
 */
#include "rows_words.h"

#define RULE   4
#define GOLD   1
#define GUEST  2
#define TENANT 3

#define EMPTY (1ull << 63) /* paid for until the end of time */
#define FULL  0

/* A meter of octets with a bucket for ten frames; at 1 kbit nothing comes back while a row runs. */
static void meter(const struct tables *t, __u32 number, __u64 until, __u32 parent)
{
	t->meters[number] = (struct xbr_meter_config){
		.cost = {8000000ull << 20},
		.burst = {15140ull * (8000000ull << 4)},
		.parent = (__u16)parent,
		.action = {XBR_METER_PASS, XBR_METER_PASS, XBR_METER_DROP},
	};
	t->meter_live[number].until[XBR_BUCKET_C] = until;
}

static void bind(const struct tables *t, __u32 port, enum xbr_way way, __u32 number)
{
	t->ports[port].qos |= way == XBR_WAY_IN ? XBR_QOS_METER_IN : XBR_QOS_METER_OUT;
	t->qos_ports[port].meter[way] = (__u16)number;
}

static void p1_in_full(const struct tables *t)
{
	meter(t, GOLD, FULL, 0);
	bind(t, P1, XBR_WAY_IN, GOLD);
}

static void p1_in_empty(const struct tables *t)
{
	meter(t, GOLD, EMPTY, 0);
	bind(t, P1, XBR_WAY_IN, GOLD);
}

static void p2_out_empty(const struct tables *t)
{
	meter(t, GOLD, EMPTY, 0);
	bind(t, P2, XBR_WAY_OUT, GOLD);
}

static void p2_out_full(const struct tables *t)
{
	meter(t, GOLD, FULL, 0);
	bind(t, P2, XBR_WAY_OUT, GOLD);
}

static void under_tenant(const struct tables *t, __u64 until)
{
	meter(t, GOLD, FULL, GUEST);
	meter(t, GUEST, FULL, TENANT);
	meter(t, TENANT, until, 0);
	bind(t, P1, XBR_WAY_IN, GOLD);
}

static void tenant_empty(const struct tables *t)
{
	under_tenant(t, EMPTY);
}

static void tenant_full(const struct tables *t)
{
	under_tenant(t, FULL);
}

/* Red frames are let pass, too. */
static void p1_in_empty_that_passes(const struct tables *t)
{
	p1_in_empty(t);
	t->meters[GOLD].action[XBR_RED] = XBR_METER_PASS;
}

/* C is empty. */
static void single_rate(const struct tables *t, __u64 until_e, __u8 yellow)
{
	p1_in_empty(t);
	t->meters[GOLD].flags = XBR_METER_SR_TCM;
	t->meters[GOLD].cost[XBR_BUCKET_E] = t->meters[GOLD].cost[XBR_BUCKET_C];
	t->meters[GOLD].burst[XBR_BUCKET_E] = t->meters[GOLD].burst[XBR_BUCKET_C];
	t->meter_live[GOLD].until[XBR_BUCKET_E] = until_e;
	t->meters[GOLD].action[XBR_YELLOW] = yellow;
}

static void yellow_passes(const struct tables *t)
{
	single_rate(t, FULL, XBR_METER_PASS);
}

static void yellow_is_dropped(const struct tables *t)
{
	single_rate(t, FULL, XBR_METER_DROP);
}

static void both_empty(const struct tables *t)
{
	single_rate(t, EMPTY + (EMPTY >> 1), XBR_METER_PASS);
}

/* P is empty. */
static void two_rates_red(const struct tables *t)
{
	p1_in_full(t);
	t->meters[GOLD].flags = XBR_METER_TR_TCM;
	t->meters[GOLD].cost[XBR_BUCKET_E] = t->meters[GOLD].cost[XBR_BUCKET_C];
	t->meters[GOLD].burst[XBR_BUCKET_E] = t->meters[GOLD].burst[XBR_BUCKET_C];
	t->meter_live[GOLD].until[XBR_BUCKET_E] = EMPTY;
}

/* A rule's meter. */
static void rule_full(const struct tables *t)
{
	meter(t, RULE, FULL, 0);
}

static void rule_empty(const struct tables *t)
{
	meter(t, RULE, EMPTY, 0);
}

/* A rule's, which has room, and the port's, which has none. */
static void rule_full_port_empty(const struct tables *t)
{
	rule_full(t);
	p1_in_empty(t);
}

static void m5_empty(const struct tables *t)
{
	rule_full(t);
	meter(t, 5, EMPTY, 0);
}

/* A meter that is not there holds nobody up. */
static void p1_in_nothing(const struct tables *t)
{
	bind(t, P1, XBR_WAY_IN, GOLD);
}

#define LIST(where, text)                                                                                    \
	{                                                                                                    \
		.rules = (text), .port = (where)                                                             \
	}

#define KNOWN    .in = P1, .fdb = {A_AT_P1, B_AT_P2}, .frame = A_TO_B
#define PASSES   KNOWN, FORWARD(unicast, P2), .xdp = XDP_REDIRECT
#define TO_RELAY BYTES(RESERVED("\x0e") MAC_A "\x88\xcc" TEXT)

static const struct row rows[] = {
	{
		.name = "within its meter's rate it passes",
		.clause = "bpf/police.h",
		PASSES,
		.prepare = p1_in_full,
	},
	{
		.name = "beyond its meter's rate it is dropped",
		.clause = "bpf/police.h",
		KNOWN,
		DROP(policed),
		.prepare = p1_in_empty,
	},
	{
		.name = "a flood beyond the rate is dropped, too",
		.clause = "bpf/police.h",
		.in = P1,
		.fdb = {A_AT_P1},
		.frame = A_TO_ALL,
		DROP(policed),
		.prepare = p1_in_empty,
	},
	{
		.name = "beyond the rate of the port it would leave by it is dropped",
		.clause = "bpf/police.h",
		KNOWN,
		DROP(policed_out),
		.prepare = p2_out_empty,
	},
	{
		.name = "within that rate it leaves",
		.clause = "bpf/police.h",
		PASSES,
		.prepare = p2_out_full,
	},
	{
		.name = "what only comes in by a port is not held to what may leave by it",
		.clause = "bpf/police.h",
		.in = P2,
		.fdb = {A_AT_P1, B_AT_P2},
		.frame = BYTES(MAC_A MAC_B TYPE_IP TEXT),
		FORWARD(unicast, P1),
		.xdp = XDP_REDIRECT,
		.prepare = p2_out_empty,
	},
	{
		.name = "three levels that have room let it pass",
		.clause = "bpf/police.h",
		PASSES,
		.prepare = tenant_full,
	},
	{
		.name = "the uppermost level that has none drops it",
		.clause = "bpf/police.h",
		KNOWN,
		DROP(policed),
		.prepare = tenant_empty,
	},
	{
		.name = "exceed pass: it is only counted",
		.clause = "bpf/police.h",
		PASSES,
		.prepare = p1_in_empty_that_passes,
	},
	{
		.name = "without tokens in C and E it is red",
		.clause = "RFC 2697, 3",
		KNOWN,
		DROP(policed),
		.prepare = both_empty,
	},
	{
		.name = "with tokens in E alone it is yellow, and passes",
		.clause = "RFC 2697, 3",
		PASSES,
		.prepare = yellow_passes,
	},
	{
		.name = "exceed drop: what is yellow is dropped",
		.clause = "RFC 2697, 3",
		KNOWN,
		DROP(policed),
		.prepare = yellow_is_dropped,
	},
	{
		.name = "beyond the peak rate it is red whatever C has",
		.clause = "RFC 2698, 3",
		KNOWN,
		DROP(policed),
		.prepare = two_rates_red,
	},
	{
		.name = "a meter that is not there holds nobody up",
		.clause = "bpf/police.h",
		PASSES,
		.prepare = p1_in_nothing,
	},
	{
		.name = "control frames that are relayed are not policed",
		.clause = "bpf/police.h",
		.in = P1,
		.fdb = {A_AT_P1},
		.port[P1] = PORT(.group_fwd_mask = 1 << 14),
		.frame = TO_RELAY,
		FLOOD(multicast, TO_ALL_BUT_P1),
		.prepare = p1_in_empty,
	},
	{
		.name = "a copy beyond its port's rate is dropped, the others go",
		.clause = "bpf/police.h",
		.in = P1,
		.fdb = {A_AT_P1},
		.frame = A_TO_ALL,
		FLOOD(broadcast, BIT(P3) | BIT(P4) | BIT(HOST)),
		.copy_note = XBR_REASON_copy_policed,
		.copy_note_at = P2,
		.prepare = p2_out_empty,
	},
	{
		.name = "within the rate of the rule that it matches it passes",
		.clause = "bpf/acl.h",
		PASSES,
		.acl = {LIST(P1, "permit eth_type ipv4 police m4")},
		.prepare = rule_full,
	},
	{
		.name = "beyond the rate of the rule that it matches it is dropped",
		.clause = "bpf/acl.h",
		KNOWN,
		DROP(policed),
		.acl = {LIST(P1, "permit eth_type ipv4 police m4")},
		.prepare = rule_empty,
	},
	{
		.name = "a flood that a rule polices is dropped, too",
		.clause = "bpf/acl.h",
		.in = P1,
		.fdb = {A_AT_P1},
		.frame = A_TO_ALL,
		DROP(policed),
		.acl = {LIST(P1, "permit police m4")},
		.prepare = rule_empty,
	},
	{
		.name = "a rule that another comes before polices nothing",
		.clause = "bpf/acl.h",
		PASSES,
		.acl = {LIST(P1, "permit eth_type ipv4\npermit police m4")},
		.prepare = rule_empty,
	},
	{
		.name = "what a list that is asked later denies has no rate",
		.clause = "bpf/acl.h",
		KNOWN,
		DROP(acl_deny),
		.acl = {LIST(P1, "permit police m4"), LIST(0, "deny eth_type ipv4")},
		.prepare = rule_empty,
	},
	{
		.name = "rules of two lists hold it to two meters",
		.clause = "bpf/acl.h",
		KNOWN,
		DROP(policed),
		.acl = {LIST(P1, "permit police m5"), LIST(0, "permit police m4")},
		.prepare = m5_empty,
	},
	{
		.name = "a rule's meter and the port's must both have room",
		.clause = "bpf/police.h",
		KNOWN,
		DROP(policed),
		.acl = {LIST(P1, "permit police m4")},
		.prepare = rule_full_port_empty,
	},
	{
		.name = "control frames that are relayed are not policed by rules",
		.clause = "bpf/police.h",
		.in = P1,
		.fdb = {A_AT_P1},
		.port[P1] = PORT(.group_fwd_mask = 1 << 14),
		.frame = TO_RELAY,
		FLOOD(multicast, TO_ALL_BUT_P1),
		.acl = {LIST(P1, "permit police m4")},
		.prepare = rule_empty,
	},
};

const struct row_table rows_police = ROW_TABLE(rows);
