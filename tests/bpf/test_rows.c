// SPDX-License-Identifier: Apache-2.0
/* Runs each row of rows.c through XDP, TC and the host build, and compares everything that can be seen of it.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <string.h>

#include "rows.h"
#include "test.h"
#include "xbr/fdb_word.h"

#define COPY_PATIENCE_MS 200

static struct lab lab;

static const struct row_table *const row_tables[] = {&rows_plain, &rows_edge, &rows_vlan,   &rows_guard,
						     &rows_acl,   &rows_mst,  &rows_police, &rows_qos};
#define TABLE_COUNT (sizeof(row_tables) / sizeof(row_tables[0]))

/* One row in one datapath: what the checks below look at. */
struct run {
	const struct row *row;
	const struct datapath *dp;
	struct xbr_counters before[LAB_PORTS];
	struct departure left;
};

static void fail(const struct run *run, const char *what)
{
	char sentence[512];

	snprintf(sentence, sizeof(sentence), "%s: %s (%s): %s", run->dp->name, run->row->name,
		 run->row->clause, what);
	CU_assertImplementation(CU_FALSE, 0, sentence, __FILE__, "", CU_FALSE);
}

static void check(const struct run *run, bool holds, const char *what)
{
	if (!holds)
		fail(run, what);
}

/* The host's frames reach no XDP program. */
static bool is_shown_by(const struct row *row, enum hook hook)
{
	if (row->hooks != ANY_HOOK)
		return row->hooks & BIT(hook);
	return hook != HOOK_XDP || row->in != HOST;
}

/* XDP counts a frame only when it ends its way there. */
static bool is_finished(const struct run *run)
{
	return run->dp->hook != HOOK_XDP || run->row->xdp != XDP_PASS;
}

static __u32 receivers(const struct row *row)
{
	return row->verdict == XBR_VERDICT_FORWARD ? BIT(row->out) : row->copies;
}

static int expected_code(const struct run *run)
{
	const struct row *row = run->row;

	switch (run->dp->hook) {
	case HOOK_XDP:
		return row->xdp ? row->xdp : XDP_DROP;
	case HOOK_TC:
		return receivers(row) ? TC_ACT_REDIRECT : TC_ACT_SHOT;
	default:
		return __builtin_popcount(receivers(row));
	}
}

static void check_decision(const struct run *run)
{
	const struct xbr_trace *trace = run->dp->tables.trace;
	const struct row *row = run->row;

	check(run, trace->frames == 1, "decided once");
	check(run, trace->verdict == row->verdict, "verdict");
	check(run, trace->reason == row->reason, "reason");
	check(run, trace->out == row->out, "egress port");
	check(run, trace->in == row->in, "ingress port");
	check(run, run->left.code == expected_code(run), "return code");
	check(run, run->dp->hook != HOOK_TC || run->left.mark == row->deeds.mark, "mark");
	check(run, run->dp->hook != HOOK_TC || run->left.priority == row->priority, "priority");
}

static bool is_bytes(const struct bytes *wanted, const void *bytes, size_t length)
{
	return length == wanted->length && memcmp(bytes, wanted->at, length) == 0;
}

/* The port that gets the frame itself, not a clone of it: of a flood the last one. */
static __u32 last_receiver(const struct row *row)
{
	__u32 all = receivers(row);

	return all ? 31 - (__u32)__builtin_clz(all) : NO_PORT;
}

/* TC leaves a tag in metadata, which BPF_PROG_TEST_RUN does not show: what is seen is the rest. */
static bool is_bytes_but_tag(const struct bytes *wanted, const __u8 *bytes, size_t length)
{
	return length + 4 == wanted->length && memcmp(bytes, wanted->at, 12) == 0 &&
	       memcmp(bytes + 12, wanted->at + 16, length - 12) == 0;
}

static void check_bytes(const struct run *run)
{
	__u32 last = is_finished(run) ? last_receiver(run->row) : NO_PORT;
	const struct bytes *wanted = last ? row_leaves(run->row, last) : &run->row->frame;
	const struct departure *left = &run->left;

	if (run->dp->hook == HOOK_HOST)
		return; /* see check_host_copies() */
	check(run,
	      is_bytes(wanted, left->bytes, left->length) ||
		      (run->dp->hook == HOOK_TC && is_bytes_but_tag(wanted, left->bytes, left->length)),
	      "the frame that is left");
}

static void check_host_copies(const struct run *run)
{
	__u32 all = run->dp->hook == HOOK_HOST ? receivers(run->row) : 0;
	__u8 copy[4096];

	for (__u32 port = P1; port < LAB_PORTS; port++)
		if (all & BIT(port))
			check(run,
			      is_bytes(row_leaves(run->row, port), copy,
				       datapath_host_copy(run->row->frame.at, port, copy)),
			      "the copy for a port");
}

/* XDP passes a decision on. */
static void check_handoff(const struct run *run)
{
	const struct xbr_handoff *h = &run->left.handoff;
	const struct row *row = run->row;
	__u32 out = row->too_long_for ? row->too_long_for : row->out;
	__u32 fid = row->in == P5 ? ROW_OTHER_FID : row_fid(row->tci & XBR_VID_MASK);

	if (is_finished(run)) {
		check(run, !run->left.has_handoff, "no metadata is left");
		return;
	}
	check(run, run->left.has_handoff, "the decision is in front of the frame");
	check(run,
	      h->nonce == DATAPATH_NONCE && h->in == row->in && h->out == out && h->verdict == row->verdict &&
		      h->reason == row->reason && h->fid == fid && h->origin == row->origin &&
		      h->tci == row->tci && !memcmp(&h->deeds, &row->deeds, sizeof(h->deeds)),
	      "the decision passed on is the row's");
}

static void expect_notes(const struct run *run, __u32 port, struct xbr_counters *expected)
{
	const struct row *row = run->row;

	for (size_t i = 0; port == row->in && i < sizeof(row->notes) && row->notes[i]; i++)
		expected->reason[row->notes[i]]++;
	if (is_finished(run) && row->copy_note && port == row->copy_note_at)
		expected->reason[row->copy_note]++;
	if (is_finished(run) && row->deeds.mirror && port == row->deeds.mirror)
		expected->reason[XBR_REASON_acl_mirror]++;
}

static void expect_frame(const struct run *run, __u32 port, struct xbr_counters *expected)
{
	const struct row *row = run->row;

	if (port == row->in) {
		expected->rx_frames++;
		expected->rx_bytes += row->frame.length;
		expected->reason[row->counted ? row->counted : row->reason]++;
	}
	if (row->deeds.mirror && port == row->deeds.mirror) {
		expected->tx_frames++;
		expected->tx_bytes += row->frame.length;
	}
	if (receivers(row) & BIT(port)) {
		expected->tx_frames++;
		expected->tx_bytes += row_leaves(row, port)->length;
	}
}

static void check_counters(const struct run *run)
{
	for (__u32 port = 0; port < LAB_PORTS; port++) {
		struct xbr_counters expected = run->before[port];
		struct xbr_counters now;

		expect_notes(run, port, &expected);
		if (is_finished(run))
			expect_frame(run, port, &expected);
		check(run, datapath_counters(run->dp, port, &now) == 0, "counters can be read");
		check(run, memcmp(&now, &expected, sizeof(now)) == 0, "counters");
	}
}

/* Addresses held, as the FDB has them. */
static void check_held(const struct run *run)
{
	const struct tables *t = &run->dp->tables;
	__u32 held[LAB_PORTS] = {};
	__u32 sum = 0;

	for (__u32 i = 0; i < ROW_BUCKETS * XBR_FDB_WAYS; i++) {
		const struct xbr_fdb_data *data = &t->fdb[i / XBR_FDB_WAYS].data[i % XBR_FDB_WAYS];

		if (fdb_kind_is_learned(data->kind) && data->generation == ROW_GENERATION)
			held[data->port]++;
	}
	for (__u32 port = 0; port < LAB_PORTS; port++) {
		check(run, t->port_live[port].learned == held[port], "addresses held by a port");
		sum += held[port];
	}
	check(run, t->bridge_live[ROW_BRIDGE].learned == sum, "addresses held by the bridge");
}

/* How many frames came out at a wire; each must be this one. */
static unsigned int came_out(const struct run *run, __u32 port, const struct bytes *frame, int patience_ms)
{
	unsigned int count = 0;
	__u8 bytes[4096];
	ssize_t length;

	while ((length = lab_receive(&lab, port, bytes, sizeof(bytes), count ? 0 : patience_ms)) > 0) {
		check(run, is_bytes(frame, bytes, (size_t)length), "the copy that came out");
		count++;
	}
	check(run, length == 0, "the wire can be read");
	return count;
}

/* BPF_PROG_TEST_RUN sends clones for real, and what the program returned not at all: that is the copy for the
 * last receiver. */
static void check_wires(const struct run *run)
{
	__u32 sent = run->dp->hook == HOOK_TC ? run->row->copies : 0;

	if (sent)
		sent &= ~BIT(31 - __builtin_clz(sent));
	for (__u32 port = P1; port < LAB_PORTS; port++) {
		bool mirrors = run->dp->hook == HOOK_TC && port == run->row->deeds.mirror;
		bool gets = sent & BIT(port) || mirrors;
		const struct bytes *frame = mirrors ? &run->row->frame : row_leaves(run->row, port);

		check(run, came_out(run, port, frame, gets ? COPY_PATIENCE_MS : 0) == (gets ? 1 : 0),
		      "a copy each for those who are to have one");
	}
}

static int note_counters(struct run *run)
{
	int err = 0;

	for (__u32 port = 0; port < LAB_PORTS && !err; port++)
		err = datapath_counters(run->dp, port, &run->before[port]);
	return err;
}

static void run_row(const struct row *row, const struct datapath *dp)
{
	struct arrival arrival = {.bytes = row->frame.at,
				  .length = row->frame.length,
				  .ifindex = lab.ifindex[row->in],
				  .gso_size = row->gso_size,
				  .from_host = row->in == HOST};
	struct run run = {.row = row, .dp = dp};

	if (row_prepare(row, dp, &lab) || note_counters(&run)) {
		fail(&run, "the state can be made");
		return;
	}
	if (datapath_run(dp, &arrival, &run.left)) {
		fail(&run, "the frame can be run");
		return;
	}
	check_decision(&run);
	check_bytes(&run);
	check_host_copies(&run);
	check_handoff(&run);
	check_counters(&run);
	check_held(&run);
	check(&run, row_fdb_matches(row, dp), "the FDB afterwards");
	check_wires(&run);
}

static void run_table(const struct row_table *table, const struct datapath *dp)
{
	for (size_t i = 0; i < table->count; i++)
		if (is_shown_by(&table->rows[i], dp->hook))
			run_row(&table->rows[i], dp);
}

static void run_rows(enum hook hook)
{
	struct datapath dp;

	CU_ASSERT_EQUAL_FATAL(lab_open(&lab), 0);
	if (datapath_open(&dp, hook, ROW_BUCKETS) == 0) {
		for (size_t i = 0; i < TABLE_COUNT; i++)
			run_table(row_tables[i], &dp);
		datapath_close(&dp);
	} else {
		CU_FAIL("the datapath cannot be opened");
	}
	lab_close(&lab);
}

static void rows_in_the_host_build(void)
{
	run_rows(HOOK_HOST);
}

static void rows_in_xdp(void)
{
	run_rows(HOOK_XDP);
}

static void rows_in_tc(void)
{
	run_rows(HOOK_TC);
}

static bool row_reaches(const struct row *row, __u32 reason)
{
	return row->reason == reason || row->counted == reason || row->notes[0] == reason ||
	       row->notes[1] == reason || row->copy_note == reason ||
	       (row->deeds.mirror && reason == XBR_REASON_acl_mirror);
}

static bool table_reaches(const struct row_table *table, __u32 reason)
{
	for (size_t i = 0; i < table->count; i++)
		if (row_reaches(&table->rows[i], reason))
			return true;
	return false;
}

/* Those of the punt path are shown by test_punt.c, those of channels by test_channels.c, of
 * connections by test_acl_model.c; the kernel refuses a
 * tag (channel_failed) only where it has no memory. */
static bool is_shown_elsewhere(__u32 reason)
{
	return reason == XBR_REASON_punted || reason == XBR_REASON_punt_policed ||
	       reason == XBR_REASON_punt_lost || reason == XBR_REASON_conn_limit ||
	       (reason >= XBR_REASON_no_channel && reason <= XBR_REASON_channel_failed);
}

/* Each reason but `none`, which no frame of a working bridge ends with. */
static void every_reason_is_reached_by_a_row(void)
{
	static const char *const names[] = {
#define NAME(name, class, sentence) #name,
		XBR_REASONS(NAME)
#undef NAME
	};

	for (__u32 reason = XBR_REASON_none + 1; reason < XBR_REASON_COUNT; reason++) {
		bool reached = is_shown_elsewhere(reason);

		for (size_t i = 0; i < TABLE_COUNT && !reached; i++)
			reached = table_reaches(row_tables[i], reason);
		CU_assertImplementation(reached, 0, names[reason], __FILE__, "", CU_FALSE);
	}
}

int test_rows_suite(void)
{
	static const struct test_case cases[] = {
		TEST(every_reason_is_reached_by_a_row),
		TEST(rows_in_the_host_build),
		TEST(rows_in_xdp),
		TEST(rows_in_tc),
		{NULL, NULL},
	};

	return test_suite_add("rows", cases);
}
