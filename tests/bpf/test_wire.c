// SPDX-License-Identifier: Apache-2.0
/*
 * Both programs on real devices: what BPF_PROG_TEST_RUN cannot show. Frames come in by the wires and are
 * counted and compared where they come out; the verdict that XDP leaves in front of a frame is taken over by
 * TC, and by nobody's forgery is it replaced.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#include "rows.h"
#include "skeleton.h"
#include "test.h"

#define PATIENCE_MS 500
#define LENGTH      60

static struct lab lab;
static struct datapath dp;

/* Everything usual: see rows_state.c. */
static const struct row usual;
static const struct row xdp_floods = {
	.bridge = {.epoch_shift = 40, .flags = XBR_BRIDGE_XDP_FLOOD, .flood_mtu = 1500, .ageing_epochs = 10},
	.members = BIT(P1) | BIT(P2) | BIT(P3),
};

/* ---- attaching ---- */

static int attach_tc(__u32 ifindex, enum bpf_tc_attach_point where, const struct bpf_program *program)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = where);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(program));
	int err = bpf_tc_hook_create(&hook);

	return err ? err : bpf_tc_attach(&hook, &opts);
}

static int attach_all_tc(void)
{
	int err = attach_tc(lab.ifindex[HOST], BPF_TC_EGRESS, dp.skeleton->progs.xbr_tc_host);

	for (int port = P1; port <= P5 && !err; port++)
		err = attach_tc(lab.ifindex[port], BPF_TC_INGRESS, dp.skeleton->progs.xbr_tc_port);
	return err;
}

static void attach_all_xdp(void)
{
	for (int port = P1; port <= P5; port++)
		dp.tables.ports[port].flags |= XBR_PORT_XDP_IN;
	CU_ASSERT_EQUAL_FATAL(lab_attach_xdp(&lab, bpf_program__fd(dp.skeleton->progs.xbr_xdp)), 0);
}

/* with_xdp: else the ports have TC alone (and a program that passes everything, to keep their queues armed).
 */
static void open_wires(const struct row *state, bool with_xdp)
{
	CU_ASSERT_EQUAL_FATAL(lab_open(&lab), 0);
	CU_ASSERT_EQUAL_FATAL(datapath_open(&dp, HOOK_TC, ROW_BUCKETS), 0);
	CU_ASSERT_EQUAL_FATAL(row_prepare(state, &dp, &lab), 0);
	CU_ASSERT_EQUAL_FATAL(attach_all_tc(), 0);
	if (with_xdp)
		attach_all_xdp();
}

static void close_wires(void)
{
	datapath_close(&dp);
	lab_close(&lab);
}

/* ---- frames ---- */

/* Station n behind port n, or everybody (0xff). */
static void make_frame(__u8 *frame, __u8 to, __u8 from)
{
	memset(frame, 0x5a, LENGTH);
	memset(frame, to == 0xff ? 0xff : 0, 6);
	if (to != 0xff)
		memcpy(frame, (__u8[6]){0x02, 0, 0, 0, 0, to}, 6);
	memcpy(frame + 6, (__u8[6]){0x02, 0, 0, 0, 0, from}, 6);
	memcpy(frame + 12, (__u8[2]){0x88, 0xb5}, 2);
}

static void tag_frame(__u8 *frame, const __u8 tag[4])
{
	memcpy(frame + 12, tag, 4);
	memcpy(frame + 16, (__u8[2]){0x88, 0xb5}, 2);
}

/* Sends a frame in by a port and checks that it comes out once at each of `receivers` (BIT(port)) and nowhere
 * else. */
static void expect_at(enum lab_port in, const __u8 *frame, __u32 length, __u32 receivers)
{
	__u8 got[4096];

	CU_ASSERT_EQUAL(lab_send(&lab, in, frame, length), 0);
	for (int port = P1; port < LAB_PORTS; port++) {
		ssize_t size;

		if (!(receivers & BIT(port)))
			continue;
		size = lab_receive(&lab, port, got, sizeof(got), PATIENCE_MS);
		CU_ASSERT(size == (ssize_t)length && memcmp(got, frame, length) == 0);
	}
	for (int port = P1; port < LAB_PORTS; port++)
		CU_ASSERT_EQUAL(lab_receive(&lab, port, got, sizeof(got), 10), 0);
}

static void expect(__u8 to, __u8 from, __u32 receivers)
{
	__u8 frame[LENGTH];

	make_frame(frame, to, from);
	expect_at(from, frame, sizeof(frame), receivers);
}

static struct xbr_counters counters_of(__u32 port)
{
	struct xbr_counters counters = {};

	CU_ASSERT_EQUAL(datapath_counters(&dp, port, &counters), 0);
	return counters;
}

/* ---- TC ---- */

static void tc_switches_between_wires_and_the_host(void)
{
	open_wires(&usual, false);
	expect(0xff, P1, BIT(P2) | BIT(P3) | BIT(P4) | BIT(HOST));
	expect(P1, P2, BIT(P1));
	expect(P2, P1, BIT(P2));
	expect(P1, P4, BIT(P1));
	expect(P4, P1, BIT(P4));
	expect(P1, P1, 0);
	expect(0xff, P5, 0); /* the other bridge has no other port */
	CU_ASSERT_EQUAL(counters_of(P1).rx_frames, 4);
	CU_ASSERT_EQUAL(counters_of(P1).tx_frames, 2);
	CU_ASSERT_EQUAL(counters_of(P1).reason[XBR_REASON_same_port], 1);
	CU_ASSERT_EQUAL(counters_of(P5).reason[XBR_REASON_no_receiver], 1);
	close_wires();
}

static void tc_keeps_tags_that_the_kernel_takes_into_metadata(void)
{
	static const __u8 tags[][4] = {
		{0x81, 0x00, 0x00, 0x64}, {0x81, 0x00, 0xe0, 0x00}, {0x88, 0xa8, 0x00, 0xc8}};
	__u8 frame[LENGTH];
	__u64 octets;

	open_wires(&usual, false);
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		make_frame(frame, 0xff, P1);
		tag_frame(frame, tags[i]);
		octets = counters_of(P1).rx_bytes;
		expect_at(P1, frame, LENGTH, BIT(P2) | BIT(P3) | BIT(P4) | BIT(HOST));
		CU_ASSERT_EQUAL(counters_of(P1).rx_bytes - octets, LENGTH);
	}
	close_wires();
}

/* ---- XDP ---- */

static void xdp_finishes_what_it_can_and_tc_the_rest(void)
{
	open_wires(&usual, true);
	expect(0xff, P1, BIT(P2) | BIT(P3) | BIT(P4) | BIT(HOST)); /* handed off */
	expect(0xff, P2, BIT(P1) | BIT(P3) | BIT(P4) | BIT(HOST));
	expect(0xff, P4, BIT(P1) | BIT(P2) | BIT(P3) | BIT(HOST));
	expect(P2, P1, BIT(P2)); /* redirected */
	expect(P4, P1, BIT(P4)); /* handed off */
	expect(P1, P1, 0);
	CU_ASSERT_EQUAL(dp.tables.trace->frames, 6); /* each decided once, whoever applied it */
	CU_ASSERT_EQUAL(counters_of(P1).rx_frames, 4);
	CU_ASSERT_EQUAL(counters_of(P1).tx_frames, 2);
	CU_ASSERT_EQUAL(counters_of(P1).reason[XBR_REASON_learned], 1);
	CU_ASSERT_EQUAL(counters_of(P1).reason[XBR_REASON_broadcast], 1);
	CU_ASSERT_EQUAL(counters_of(P1).reason[XBR_REASON_unicast], 2);
	CU_ASSERT_EQUAL(counters_of(P1).reason[XBR_REASON_same_port], 1);
	close_wires();
}

static void xdp_floods_one_copy_to_each_port(void)
{
	open_wires(&xdp_floods, true);
	expect(0xff, P1, BIT(P2) | BIT(P3));
	expect(0xff, P2, BIT(P1) | BIT(P3));
	CU_ASSERT_EQUAL(counters_of(P3).tx_frames, 2);
	CU_ASSERT_EQUAL(counters_of(P1).tx_frames, 1);
	CU_ASSERT_EQUAL(counters_of(P1).rx_frames, 1);
	close_wires();
}

static void xdp_reflects_where_hairpin_is_on(void)
{
	open_wires(&usual, true);
	dp.tables.ports[P1].flags |= XBR_PORT_HAIRPIN;
	expect(0xff, P1, BIT(P1) | BIT(P2) | BIT(P3) | BIT(P4) | BIT(HOST));
	expect(P1, P1, BIT(P1));
	CU_ASSERT_EQUAL(counters_of(P1).reason[XBR_REASON_reflected], 1);
	close_wires();
}

static void a_frame_too_long_is_dropped_and_counted_once(void)
{
	open_wires(&usual, true);
	expect(0xff, P2, BIT(P1) | BIT(P3) | BIT(P4) | BIT(HOST));
	dp.tables.ports[P2].mtu = LENGTH - 14 - 5;
	dp.tables.ports[P1].fdb_max_learned = 1;
	dp.tables.port_live[P1].learned = 1;
	expect(P2, P1, 0);
	CU_ASSERT_EQUAL(counters_of(P1).rx_frames, 1);
	CU_ASSERT_EQUAL(counters_of(P1).reason[XBR_REASON_egress_mtu], 1);
	CU_ASSERT_EQUAL(counters_of(P1).reason[XBR_REASON_learn_limit_port], 1);
	CU_ASSERT_EQUAL(counters_of(P2).tx_frames, 0);
	close_wires();
}

/* ---- the verdict in front of a frame ---- */

/* Brings a frame in by P1 with these 16 octets in front of it, past XDP. */
static void arrive_with(const struct xbr_handoff *handoff, const __u8 *frame)
{
	__u8 bytes[sizeof(*handoff) + LENGTH];
	struct xdp_md context = {
		.data = sizeof(*handoff), .data_end = sizeof(bytes), .ingress_ifindex = lab.ifindex[P1]};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = bytes, .data_size_in = sizeof(bytes),
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = 1,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

	memcpy(bytes, handoff, sizeof(*handoff));
	memcpy(bytes + sizeof(*handoff), frame, LENGTH);
	CU_ASSERT_EQUAL(bpf_prog_test_run_opts(lab.pass, &opts), 0);
}

/* Who gets a broadcast from P1 that arrives with this verdict: TC decides anew (all), or believes it (P3
 * alone). */
static void expect_belief(struct xbr_handoff handoff, bool believed)
{
	__u32 receivers = believed ? BIT(P3) : BIT(P2) | BIT(P3) | BIT(P4) | BIT(HOST);
	__u64 decided = dp.tables.trace->frames;
	__u8 frame[LENGTH], got[4096];

	make_frame(frame, 0xff, P1);
	arrive_with(&handoff, frame);
	for (int port = P1; port < LAB_PORTS; port++) {
		bool gets = receivers & BIT(port);
		ssize_t size = lab_receive(&lab, port, got, sizeof(got), gets ? PATIENCE_MS : 10);

		CU_ASSERT_EQUAL(size, gets ? LENGTH : 0);
	}
	CU_ASSERT_EQUAL(dp.tables.trace->frames - decided, believed ? 0 : 1);
}

static const struct xbr_handoff to_p3 = {
	.nonce = DATAPATH_NONCE,
	.in = P1,
	.out = P3,
	.verdict = XBR_VERDICT_FORWARD,
	.reason = XBR_REASON_unicast,
	.fid = ROW_FID,
};

static void tc_takes_over_what_xdp_decided(void)
{
	open_wires(&usual, false);
	expect_belief(to_p3, true);
	CU_ASSERT_EQUAL(counters_of(P1).reason[XBR_REASON_unicast], 1);
	CU_ASSERT_EQUAL(counters_of(P3).tx_frames, 1);
	close_wires();
}

static void tc_ignores_a_verdict_that_is_not_of_our_xdp(void)
{
	struct xbr_handoff wrong_nonce = to_p3, wiped = to_p3, wrong_port = to_p3;

	wrong_nonce.nonce++;
	wiped.nonce = 0;
	wrong_port.in = P2;
	open_wires(&usual, false);
	expect_belief(wrong_nonce, false);
	expect_belief(wiped, false);
	expect_belief(wrong_port, false);
	dp.tables.ports[P1].flags &= ~(__u32)XBR_PORT_XDP_IN;
	expect_belief(to_p3, false);
	close_wires();
}

/* A guest's program: writes the four octets that are 16 in front of the frame over the frame's last four. */
static int load_spy(void)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_6, .src_reg = BPF_REG_1},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K,
		 .dst_reg = BPF_REG_2,
		 .imm = -(int)sizeof(struct xbr_handoff)},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_xdp_adjust_meta},
		{.code = BPF_LDX | BPF_MEM | BPF_W,
		 .dst_reg = BPF_REG_2,
		 .src_reg = BPF_REG_6,
		 .off = offsetof(struct xdp_md, data_meta)},
		{.code = BPF_LDX | BPF_MEM | BPF_W,
		 .dst_reg = BPF_REG_3,
		 .src_reg = BPF_REG_6,
		 .off = offsetof(struct xdp_md, data)},
		{.code = BPF_LDX | BPF_MEM | BPF_W,
		 .dst_reg = BPF_REG_4,
		 .src_reg = BPF_REG_6,
		 .off = offsetof(struct xdp_md, data_end)},
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_5, .src_reg = BPF_REG_2},
		{.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_5, .imm = 4},
		{.code = BPF_JMP | BPF_JGT | BPF_X, .dst_reg = BPF_REG_5, .src_reg = BPF_REG_3, .off = 5},
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_5, .src_reg = BPF_REG_3},
		{.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_5, .imm = LENGTH},
		{.code = BPF_JMP | BPF_JGT | BPF_X, .dst_reg = BPF_REG_5, .src_reg = BPF_REG_4, .off = 2},
		{.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_5, .src_reg = BPF_REG_2},
		{.code = BPF_STX | BPF_MEM | BPF_W,
		 .dst_reg = BPF_REG_3,
		 .src_reg = BPF_REG_5,
		 .off = LENGTH - 4},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "spy", "GPL", code, sizeof(code) / sizeof(code[0]), NULL);
}

static void a_guest_finds_no_nonce_in_front_of_its_frames(void)
{
	__u8 frame[LENGTH], got[4096];
	__u32 seen = DATAPATH_NONCE;
	int spy = load_spy();

	CU_ASSERT_FATAL(spy >= 0);
	open_wires(&usual, false);
	CU_ASSERT_EQUAL(bpf_xdp_attach((int)lab.wire_ifindex[P3], spy, 0, NULL), 0);
	make_frame(frame, 0xff, P1);
	arrive_with(&to_p3, frame);
	CU_ASSERT_EQUAL(lab_receive(&lab, P3, got, sizeof(got), PATIENCE_MS), LENGTH);
	memcpy(&seen, got + LENGTH - sizeof(seen), sizeof(seen));
	CU_ASSERT_EQUAL(seen, 0); /* where the nonce was */
	close(spy);
	close_wires();
}

/* XDP took a super-frame for a long one, or the MTU has grown meanwhile: TC has the last word on lengths. */
static void tc_judges_a_length_that_xdp_refused(void)
{
	struct xbr_handoff too_long = to_p3;

	too_long.verdict = XBR_VERDICT_DROP;
	too_long.reason = XBR_REASON_egress_mtu;
	open_wires(&usual, false);
	expect_belief(too_long, true);
	CU_ASSERT_EQUAL(counters_of(P1).reason[XBR_REASON_unicast], 1);
	CU_ASSERT_EQUAL(counters_of(P1).reason[XBR_REASON_egress_mtu], 0);
	close_wires();
}

int test_wire_suite(void)
{
	static const struct test_case cases[] = {
		TEST(tc_switches_between_wires_and_the_host),
		TEST(tc_keeps_tags_that_the_kernel_takes_into_metadata),
		TEST(xdp_finishes_what_it_can_and_tc_the_rest),
		TEST(xdp_floods_one_copy_to_each_port),
		TEST(xdp_reflects_where_hairpin_is_on),
		TEST(a_frame_too_long_is_dropped_and_counted_once),
		TEST(tc_takes_over_what_xdp_decided),
		TEST(tc_ignores_a_verdict_that_is_not_of_our_xdp),
		TEST(a_guest_finds_no_nonce_in_front_of_its_frames),
		TEST(tc_judges_a_length_that_xdp_refused),
		{NULL, NULL},
	};

	return test_suite_add("wire", cases);
}
