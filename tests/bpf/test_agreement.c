// SPDX-License-Identifier: Apache-2.0
/*
 * XDP, TC and the host build agree: the same random and malformed frames, under the same changing state, are
 * decided alike by all three, each ends with a reason, and the three tables stay the same octet for octet.
 * The seed is fixed; XBR_FRAMES in the environment says how many frames (default: a million).
 *
 * BPF_PROG_TEST_RUN refuses frames of less than a header (14 octets): they run in the host build alone. For
 * TC it also refuses a header with nothing behind it, and an IP header cut short: TC gets these with an octet
 * more, and with another type; nothing that the pipeline looks at. All are counted.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datapath.h"
#include "test.h"
#include "world.h"

#define FRAMES        1000000ul
#define COMPARE_EVERY 10000

#define HEADER      14
#define TAG         4
#define IPV4_HEADER 20
#define IPV6_HEADER 40

struct tally {
	unsigned long frames[HOOK_COUNT];
	unsigned long reason[XBR_REASON_COUNT];
	unsigned long too_short; /* for the kernel */
	unsigned long altered;   /* for TC */
};

static struct lab lab;
static struct datapath datapaths[HOOK_COUNT];
static struct tally tally;

static unsigned long frames_wanted(void)
{
	const char *wanted = getenv("XBR_FRAMES");

	return wanted ? strtoul(wanted, NULL, 10) : FRAMES;
}

/* Can this hook be given this frame? The host's own frames reach no XDP program. */
static bool takes(enum hook hook, const struct world_frame *frame)
{
	if (hook == HOOK_HOST)
		return true;
	return frame->length >= HEADER && (hook == HOOK_TC || frame->in != HOST);
}

static bool has_type(const struct world_frame *frame, __u8 high, __u8 low)
{
	return frame->bytes[12] == high && frame->bytes[13] == low;
}

/* What BPF_PROG_TEST_RUN takes instead of a frame that it refuses for TC. */
static void make_acceptable(struct world_frame *frame)
{
	bool cut_ipv4 = has_type(frame, 0x08, 0x00) && frame->length < HEADER + IPV4_HEADER;
	bool cut_ipv6 = has_type(frame, 0x86, 0xdd) && frame->length < HEADER + IPV6_HEADER;

	if (!cut_ipv4 && !cut_ipv6 && frame->length > HEADER)
		return;
	if (cut_ipv4 || cut_ipv6)
		memcpy(frame->bytes + 12, (__u8[2]){0x88, 0xb5}, 2); /* local experimental (802) */
	if (frame->length == HEADER)
		frame->length++;
	tally.altered++;
}

static bool same_decision(const struct xbr_trace *a, const struct xbr_trace *b)
{
	return a->in == b->in && a->out == b->out && a->fid == b->fid && a->verdict == b->verdict &&
	       a->reason == b->reason;
}

static void complain(const struct datapath *dp, const struct world_frame *frame, unsigned long number)
{
	const struct xbr_trace *here = dp->tables.trace, *host = datapaths[HOOK_HOST].tables.trace;
	char sentence[256];

	snprintf(sentence, sizeof(sentence),
		 "frame %lu (%u octets by port %u): %s says verdict %u reason %u out %u fid %u, host %u %u "
		 "%u %u",
		 number, frame->length, frame->in, dp->name, here->verdict, here->reason, here->out,
		 here->fid, host->verdict, host->reason, host->out, host->fid);
	CU_assertImplementation(CU_FALSE, 0, sentence, __FILE__, "", CU_FALSE);
}

/* False: the three have parted, and comparing further says nothing. */
static bool run_one(enum hook hook, const struct world_frame *frame, unsigned long number)
{
	const struct datapath *dp = &datapaths[hook];
	struct arrival arrival = {.bytes = frame->bytes,
				  .length = frame->length,
				  .ifindex = lab.ifindex[frame->in],
				  .from_host = frame->in == HOST};
	__u64 decided = dp->tables.trace->frames;

	if (!takes(hook, frame))
		return true;
	tally.frames[hook]++;
	if (datapath_run(dp, &arrival, NULL) == 0 && dp->tables.trace->frames == decided + 1 &&
	    dp->tables.trace->reason != XBR_REASON_none &&
	    same_decision(dp->tables.trace, datapaths[HOOK_HOST].tables.trace))
		return true;
	complain(dp, frame, number);
	return false;
}

static bool same_tables(const struct tables *a, const struct tables *b)
{
	return memcmp(a->fdb, b->fdb, WORLD_BUCKETS * sizeof(*a->fdb)) == 0 &&
	       memcmp(a->port_live, b->port_live, LAB_PORTS * sizeof(*a->port_live)) == 0 &&
	       memcmp(a->bridge_live, b->bridge_live, WORLD_BRIDGES * sizeof(*a->bridge_live)) == 0;
}

static void compare_tables(void)
{
	CU_ASSERT(same_tables(&datapaths[HOOK_HOST].tables, &datapaths[HOOK_XDP].tables));
	CU_ASSERT(same_tables(&datapaths[HOOK_HOST].tables, &datapaths[HOOK_TC].tables));
}

/* What is altered says something else to a guard: the others are to see it, too. */
static void make_acceptable_to_all(struct world_frame *frame)
{
	if (datapaths[HOOK_HOST].tables.ports[frame->in].guard && takes(HOOK_TC, frame))
		make_acceptable(frame);
}

/* Rules may police, so XDP leaves what is longer than its port takes to TC (xdp_leaves_super()): cut to what
 * it decides. */
static void make_decided(struct world_frame *frame)
{
	const struct xbr_port *in = &datapaths[HOOK_HOST].tables.ports[frame->in];
	__u32 longest = in->mtu + HEADER + 2 * TAG;

	if (in->flags & XBR_PORT_ACL && in->mtu && frame->length > longest)
		frame->length = longest;
}

static bool run_everywhere(struct world_frame *frame, unsigned long number)
{
	make_decided(frame);
	make_acceptable_to_all(frame);
	if (!run_one(HOOK_HOST, frame, number) || !run_one(HOOK_XDP, frame, number))
		return false;
	tally.reason[datapaths[HOOK_HOST].tables.trace->reason]++;
	tally.too_short += frame->length < HEADER;
	if (takes(HOOK_TC, frame))
		make_acceptable(frame);
	return run_one(HOOK_TC, frame, number);
}

static void run_frames(unsigned long count)
{
	struct random random = {WORLD_SEED};
	struct world_frame frame;
	struct world_change change;

	for (unsigned long i = 0; i < count; i++) {
		if (world_change_next(&random, &change))
			for (int hook = 0; hook < HOOK_COUNT; hook++)
				world_change_apply(&change, &datapaths[hook].tables);
		world_frame_next(&random, &frame);
		if (!run_everywhere(&frame, i))
			return;
		if (i % COMPARE_EVERY == 0)
			compare_tables();
	}
	compare_tables();
}

/* The random world has none: they have rows of their own, test_channels.c. */
static bool is_of_channels(enum xbr_reason reason)
{
	return reason >= XBR_REASON_no_channel && reason <= XBR_REASON_channel_failed;
}

/* Of no frame here: none of these worlds has the configuration; tests of their own have (rows,
 * conn_model.py). */
static bool is_of_no_world(enum xbr_reason reason)
{
	return reason == XBR_REASON_no_receiver || reason == XBR_REASON_policed_out ||
	       reason == XBR_REASON_conn_limit || is_of_channels(reason);
}

/* Every reason that a decision can end with has come up: the frames are as mixed as they are meant to be. */
static void check_mixture(void)
{
#define CHECK_SEEN(name, class, sentence)                                                                    \
	if (XBR_VERDICT_##class != XBR_VERDICT_NOTE && !is_of_no_world(XBR_REASON_##name))                   \
		CU_assertImplementation(tally.reason[XBR_REASON_##name] > 0, 0, "never seen: " #name,        \
					__FILE__, "", CU_FALSE);
	XBR_REASONS(CHECK_SEEN)
#undef CHECK_SEEN
}

static void say_tally(void)
{
	printf("agreement: %lu frames; %lu also by XDP, %lu by TC (%lu altered for it); %lu too short for "
	       "the kernel\n",
	       tally.frames[HOOK_HOST], tally.frames[HOOK_XDP], tally.frames[HOOK_TC], tally.altered,
	       tally.too_short);
}

static int open_everything(__u32 features)
{
	int err = lab_open(&lab);

	for (int hook = 0; hook < HOOK_COUNT && !err; hook++) {
		err = datapath_open_with(&datapaths[hook], (enum hook)hook, WORLD_BUCKETS, features);
		if (!err)
			err = world_prepare(&datapaths[hook], &lab);
	}
	return err;
}

static void agree(__u32 features, unsigned long frames)
{
	memset(&tally, 0, sizeof(tally));
	CU_ASSERT_EQUAL_FATAL(open_everything(features), 0);
	run_frames(frames);
	if (features == XBR_FEATURES_ALL && frames >= FRAMES)
		check_mixture();
	say_tally();
	for (int hook = 0; hook < HOOK_COUNT; hook++)
		datapath_close(&datapaths[hook]);
	lab_close(&lab);
}

static void all_hooks_agree_on_every_frame(void)
{
	agree(XBR_FEATURES_ALL, frames_wanted());
}

static void all_hooks_agree_without_any_feature(void)
{
	agree(0, frames_wanted() / 10);
}

/* Every feature alone, and all but it: the verifier takes each of them. */
static void features_load_in_any_choice(void)
{
	for (__u32 number = 0; number < XBR_FEATURE_COUNT; number++) {
		__u32 choices[] = {1u << number, XBR_FEATURES_ALL & ~(1u << number)};

		for (int i = 0; i < 2; i++) {
			struct datapath dp;

			CU_ASSERT_EQUAL(datapath_open_with(&dp, HOOK_TC, WORLD_BUCKETS, choices[i]), 0);
			datapath_close(&dp);
		}
	}
}

int test_agreement_suite(void)
{
	static const struct test_case cases[] = {
		TEST(features_load_in_any_choice),
		TEST(all_hooks_agree_without_any_feature),
		TEST(all_hooks_agree_on_every_frame),
		{NULL, NULL},
	};

	return test_suite_add("agreement", cases);
}
