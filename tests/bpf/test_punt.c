// SPDX-License-Identifier: Apache-2.0
/*
 * The punt stage: which control frames are handed to the agent, in which state of the port, with which header
 * in front, and how many; through XDP, TC and the host build. And the programs on the punt pair.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <string.h>

#include "rows.h"
#include "skeleton.h"
#include "test.h"

#define FRAME_LENGTH 60
#define PAUSE        1
#define RESERVED     16

static struct lab lab;
static struct datapath dp;
static __u8 frame[FRAME_LENGTH];

static void check(bool holds, const char *what, __u32 n)
{
	char sentence[256];

	if (holds)
		return;
	snprintf(sentence, sizeof(sentence), "%s: 01:80:c2:00:00:%02x: %s", dp.name, n, what);
	CU_assertImplementation(CU_FALSE, 0, sentence, __FILE__, "", CU_FALSE);
}

/* To reserved address n, from a station. */
static void make_frame(__u32 n)
{
	static const __u8 head[] = {0x01, 0x80, 0xc2, 0,    0,    0,    0x02, 0, 0,
				    0,    0,    1,    0x00, 0x26, 0x42, 0x42, 3};

	for (__u32 i = 0; i < FRAME_LENGTH; i++)
		frame[i] = (__u8)i;
	memcpy(frame, head, sizeof(head));
	frame[5] = (__u8)n;
}

/* The usual state but for who asked, and the port's state. */
static void prepare(__u32 by_bridge, __u32 by_port, __u8 state)
{
	static const struct row usual;

	CU_ASSERT_EQUAL(row_prepare(&usual, &dp, &lab), 0);
	dp.tables.bridges[ROW_BRIDGE].punt = by_bridge;
	dp.tables.ports[P1].punt = by_port;
	dp.tables.ports[P1].state = state;
}

static void run(struct departure *ret_departure)
{
	struct arrival arrival = {.bytes = frame, .length = FRAME_LENGTH, .ifindex = lab.ifindex[P1]};

	CU_ASSERT_EQUAL(datapath_run(&dp, &arrival, ret_departure), 0);
}

static bool decided(__u8 verdict, __u8 reason)
{
	return dp.tables.trace->verdict == verdict && dp.tables.trace->reason == reason;
}

/* Runs a test in every datapath. */
static void in_each(void (*test)(void))
{
	CU_ASSERT_EQUAL_FATAL(lab_open(&lab), 0);
	for (enum hook hook = HOOK_HOST; hook < HOOK_COUNT; hook++) {
		CU_ASSERT_EQUAL_FATAL(datapath_open(&dp, hook, ROW_BUCKETS), 0);
		test();
		datapath_close(&dp);
	}
	lab_close(&lab);
}

/* ---- which frames ---- */

static void check_one(__u32 n, __u32 by_bridge, __u32 by_port, __u8 state, bool expected)
{
	struct departure left;

	prepare(by_bridge, by_port, state);
	run(&left);
	check(decided(XBR_VERDICT_PUNT, XBR_REASON_punted) == expected, "punted if asked for", n);
	if (expected && dp.hook == HOOK_XDP)
		check(left.code == XDP_PASS && left.has_handoff && left.handoff.out == n &&
			      left.handoff.verdict == XBR_VERDICT_PUNT,
		      "XDP leaves it to TC, so that packet sockets hear it", n);
}

static void check_address(__u32 n)
{
	static const __u8 receiving[] = {XBR_STATE_FORWARDING, XBR_STATE_LEARNING, XBR_STATE_LISTENING,
					 XBR_STATE_BLOCKING};
	bool may = n != PAUSE;

	make_frame(n);
	for (size_t i = 0; i < sizeof(receiving); i++) {
		check_one(n, BIT(n), 0, receiving[i], may);
		check_one(n, 0, BIT(n), receiving[i], may);
		check_one(n, ~BIT(n), ~BIT(n), receiving[i], false);
	}
	check_one(n, BIT(n), BIT(n), XBR_STATE_DISABLED, false);
}

static void each_address(void)
{
	for (__u32 n = 0; n < RESERVED; n++)
		check_address(n);
}

static void reserved_addresses_that_were_asked_for_are_punted(void)
{
	in_each(each_address);
}

static void other_frames(void)
{
	struct departure left;

	prepare(~0u, ~0u, XBR_STATE_FORWARDING);
	make_frame(RESERVED);
	run(&left);
	check(decided(XBR_VERDICT_FLOOD, XBR_REASON_multicast), "a group like any other", RESERVED);
	make_frame(0);
	frame[6] = 0x03;
	run(&left);
	check(decided(XBR_VERDICT_DROP, XBR_REASON_source_group), "no group sends a BPDU", 0);
	prepare(~0u, 0, XBR_STATE_FORWARDING);
	dp.tables.bridges[ROW_BRIDGE].group_fwd_mask = 0xfff8;
	dp.tables.ports[P1].group_fwd_mask = 0xfffd;
	make_frame(0);
	run(&left);
	check(decided(XBR_VERDICT_PUNT, XBR_REASON_punted), "who asks has it, whatever is relayed", 0);
}

static void what_is_not_asked_for_goes_its_way(void)
{
	in_each(other_frames);
}

/* Without the feature no mask is looked at. */
static void punting_is_a_feature(void)
{
	struct departure left;

	CU_ASSERT_EQUAL_FATAL(lab_open(&lab), 0);
	for (enum hook hook = HOOK_HOST; hook < HOOK_COUNT; hook++) {
		CU_ASSERT_EQUAL_FATAL(datapath_open_with(&dp, hook, ROW_BUCKETS, 0), 0);
		prepare(~0u, ~0u, XBR_STATE_FORWARDING);
		make_frame(0);
		run(&left);
		check(decided(XBR_VERDICT_DROP, XBR_REASON_reserved_group), "not punted", 0);
		datapath_close(&dp);
	}
	lab_close(&lab);
}

/* ---- how many ---- */

#define BURST 3

static struct xbr_punt_counts counts_of(__u32 port, __u32 reason)
{
	struct xbr_punt_counts counts;

	CU_ASSERT_EQUAL(datapath_punt_counts(&dp, port, reason, &counts), 0);
	return counts;
}

static void limit(__u32 reason, __u64 interval_ns)
{
	dp.tables.punt_limits[reason] =
		(struct xbr_punt_limit){.interval_ns = interval_ns, .burst_ns = (BURST - 1) * interval_ns};
}

#define HOUR_NS (3600ull * 1000000000)

static void flood_of_frames(void)
{
	struct xbr_punt_counts before[2] = {counts_of(P1, 0), counts_of(P1, 14)}, stp, lldp;
	struct departure left;

	prepare(BIT(0) | BIT(14), 0, XBR_STATE_BLOCKING);
	limit(0, HOUR_NS);
	make_frame(0);
	for (int i = 0; i < BURST + 4; i++) {
		run(&left);
		check(decided(i < BURST ? XBR_VERDICT_PUNT : XBR_VERDICT_DROP,
			      i < BURST ? XBR_REASON_punted : XBR_REASON_punt_policed),
		      "as many as the bucket holds", 0);
	}
	if (dp.hook == HOOK_XDP)
		check(left.code == XDP_DROP, "XDP ends the policed ones itself", 0);
	make_frame(14);
	run(&left);
	check(decided(XBR_VERDICT_PUNT, XBR_REASON_punted), "each reason has its bucket", 14);
	stp = counts_of(P1, 0);
	lldp = counts_of(P1, 14);
	check(stp.accepted == before[0].accepted + BURST && stp.policed == before[0].policed + 4,
	      "both are counted", 0);
	check(lldp.accepted == before[1].accepted + 1 && lldp.policed == before[1].policed,
	      "by reason and port", 14);
	dp.tables.punt_buckets[XBR_PUNT_BUCKET(P1, 0)] = 1;
	make_frame(0);
	run(&left);
	check(decided(XBR_VERDICT_PUNT, XBR_REASON_punted), "time fills the bucket", 0);
}

static void a_bucket_for_each_port_and_reason_bounds_what_is_punted(void)
{
	in_each(flood_of_frames);
}

/* ---- what TC sends ---- */

static void check_header(const struct departure *left)
{
	struct xbr_punt header;

	memcpy(&header, left->bytes, sizeof(header));
	check(left->code == TC_ACT_REDIRECT, "it is sent on", 0);
	check(left->length == sizeof(header) + FRAME_LENGTH &&
		      !memcmp(left->bytes + sizeof(header), frame, FRAME_LENGTH),
	      "the frame is unchanged behind the header", 0);
	check(header.nonce == DATAPATH_NONCE && header.port == P1 && header.length == FRAME_LENGTH &&
		      header.reason == XBR_PUNT_stp && header.how == XBR_PUNT_RECEIVED &&
		      !header.vlan_tpid_be && !header.reserved,
	      "the header says what and from where", 0);
}

static void tc_puts_a_header_in_front(void)
{
	struct xbr_counters before, after;
	struct departure left;

	CU_ASSERT_EQUAL_FATAL(lab_open(&lab), 0);
	CU_ASSERT_EQUAL_FATAL(datapath_open(&dp, HOOK_TC, ROW_BUCKETS), 0);
	prepare(BIT(0), 0, XBR_STATE_BLOCKING);
	CU_ASSERT_EQUAL(datapath_set_punt_device(&dp, lab.ifindex[P5]), 0);
	make_frame(0);
	CU_ASSERT_EQUAL(datapath_counters(&dp, P1, &before), 0);
	run(&left);
	check_header(&left);
	CU_ASSERT_EQUAL(datapath_counters(&dp, P1, &after), 0);
	CU_ASSERT_EQUAL(after.reason[XBR_REASON_punted], before.reason[XBR_REASON_punted] + 1);
	CU_ASSERT_EQUAL(after.rx_frames, before.rx_frames + 1);
	CU_ASSERT_EQUAL(after.reason[XBR_REASON_punt_lost], before.reason[XBR_REASON_punt_lost]);
	CU_ASSERT_EQUAL(datapath_set_punt_device(&dp, 0), 0);
	run(&left);
	CU_ASSERT_EQUAL(left.code, TC_ACT_SHOT);
	CU_ASSERT_EQUAL(datapath_counters(&dp, P1, &after), 0);
	CU_ASSERT_EQUAL(after.reason[XBR_REASON_punt_lost], before.reason[XBR_REASON_punt_lost] + 1);
	CU_ASSERT_EQUAL(counts_of(P1, 0).lost, 1);
	datapath_close(&dp);
	lab_close(&lab);
}

/* ---- the pair ---- */

static void run_pair(const struct bpf_program *program, const struct xbr_punt *header,
		     struct departure *ret_departure)
{
	__u8 bytes[sizeof(*header) + FRAME_LENGTH];
	struct xdp_md context = {.data_end = sizeof(bytes), .ingress_ifindex = lab.ifindex[P5]}, left = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = bytes, .data_size_in = sizeof(bytes),
		    .data_out = ret_departure->bytes, .data_size_out = sizeof(ret_departure->bytes),
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .ctx_out = &left,
		    .ctx_size_out = sizeof(left), .repeat = 1);

	memcpy(bytes, header, sizeof(*header));
	memcpy(bytes + sizeof(*header), frame, FRAME_LENGTH);
	CU_ASSERT_EQUAL(bpf_prog_test_run_opts(bpf_program__fd(program), &opts), 0);
	ret_departure->code = (int)opts.retval;
	ret_departure->length = opts.data_size_out;
	ret_departure->has_handoff = left.data != left.data_meta;
}

static void check_inject(struct xbr_punt header)
{
	struct departure left;

	run_pair(dp.skeleton->progs.xbr_xdp_inject, &header, &left);
	CU_ASSERT_EQUAL(left.code, XDP_PASS);
	CU_ASSERT_TRUE(left.has_handoff);
	CU_ASSERT_EQUAL(left.length, sizeof(header) + FRAME_LENGTH); /* metadata and frame */
	CU_ASSERT_EQUAL(memcmp(left.bytes, &header, sizeof(header)), 0);
	CU_ASSERT_EQUAL(memcmp(left.bytes + sizeof(header), frame, FRAME_LENGTH), 0);
	header.nonce++;
	run_pair(dp.skeleton->progs.xbr_xdp_inject, &header, &left);
	CU_ASSERT_EQUAL(left.code, XDP_DROP);
}

static void check_to_agent(struct xbr_punt header)
{
	struct departure left;

	run_pair(dp.skeleton->progs.xbr_xdp_punt, &header, &left);
	CU_ASSERT_EQUAL(left.code, XDP_DROP);
	CU_ASSERT_EQUAL(counts_of(P1, XBR_PUNT_lldp).lost, 1);
	header.nonce++;
	run_pair(dp.skeleton->progs.xbr_xdp_punt, &header, &left);
	CU_ASSERT_EQUAL(left.code, XDP_DROP);
	CU_ASSERT_EQUAL(counts_of(P1, XBR_PUNT_lldp).lost, 1);
}

/* Frames without the programs' nonce are a stranger's; those for an agent that is not there are counted. */
static void the_pair_takes_what_is_ours_only(void)
{
	struct xbr_punt header = {
		.nonce = DATAPATH_NONCE, .port = P1, .length = FRAME_LENGTH, .reason = XBR_PUNT_lldp};

	CU_ASSERT_EQUAL_FATAL(lab_open(&lab), 0);
	CU_ASSERT_EQUAL_FATAL(datapath_open(&dp, HOOK_XDP, ROW_BUCKETS), 0);
	make_frame(14);
	check_inject(header);
	check_to_agent(header);
	datapath_close(&dp);
	lab_close(&lab);
}

int test_punt_suite(void)
{
	static const struct test_case cases[] = {
		TEST(reserved_addresses_that_were_asked_for_are_punted),
		TEST(what_is_not_asked_for_goes_its_way),
		TEST(punting_is_a_feature),
		TEST(a_bucket_for_each_port_and_reason_bounds_what_is_punted),
		TEST(tc_puts_a_header_in_front),
		TEST(the_pair_takes_what_is_ours_only),
		{NULL, NULL},
	};

	return test_suite_add("punt", cases);
}
