// SPDX-License-Identifier: Apache-2.0
/*
 * What an access list costs a frame, by its number of rules: a flow that was seen before, and one that is
 * new, which comes near a rule and matches late or not. Times are told, not judged; how far the frame has to
 * look is: tables are bounded, and chains grow slower than the list, for rule sets that are made to blow them
 * up (acl_hard.h), too. XBR_ACL_COST in the environment is the largest number of rules (default 1000).
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "acl_hard.h"
#include "agent/model/acl_image.h"
#include "rows.h"
#include "skeleton.h"
#include "test.h"

#define REPEAT 2000
#define FLOWS  40
#define SEED   17

static struct lab lab;
static struct datapath dp;

static __u32 time_of(const __u8 *frame)
{
	struct xdp_md context = {.data_end = ACL_HARD_FRAME, .ingress_ifindex = lab.ifindex[P1]};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = ACL_HARD_FRAME,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = REPEAT);

	CU_ASSERT_EQUAL(bpf_prog_test_run_opts(bpf_program__fd(dp.skeleton->progs.xbr_xdp), &opts), 0);
	return opts.duration;
}

/* Of flows near the list's rules on average, and the dearest one. */
static __u32 time_of_flows(const struct xbr_acl_rule *rules, __u32 count, __u32 *ret_worst)
{
	__u8 frame[ACL_HARD_FRAME];
	__u64 sum = 0;

	acl_hard_seed(4711);
	*ret_worst = 0;
	for (__u32 i = 0; i < FLOWS; i++) {
		__u32 ns;

		acl_hard_frame(&rules[(__u64)i * count / FLOWS], frame);
		ns = time_of(frame);
		sum += ns;
		if (ns > *ret_worst)
			*ret_worst = ns;
	}
	return (__u32)(sum / FLOWS);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* buckets of the decision cache: with none every packet is its flow's first. */
static void open_with(__u32 buckets)
{
	static const struct row usual;

	datapath_acl_buckets = buckets;
	CU_ASSERT_EQUAL_FATAL(datapath_open(&dp, HOOK_XDP, ROW_BUCKETS), 0);
	datapath_acl_buckets = XBR_ACL_CACHE_BUCKETS;
	CU_ASSERT_EQUAL_FATAL(row_prepare(&usual, &dp, &lab), 0);
	dp.tables.ports[P1].acl_window = buckets < XBR_ACL_CACHE_BUCKETS ? 1 : 0;
	dp.tables.ports[P1].acl_window_mask = (__u16)(buckets < XBR_ACL_CACHE_BUCKETS ? 0 : buckets - 1);
}

/* Nested ranges have nothing that a hash could find them by: they stay one chain (decision 040). */
static void judge(enum acl_hard_kind kind, const struct acl_image *image, __u32 count)
{
	for (__u32 level = 0; level < XBR_FLOW_LEVELS; level++) {
		CU_ASSERT(acl_image_tables(image, level) <= XBR_ACL_TABLES_MAX);
		if (count >= 1000 && kind != ACL_HARD_nested)
			CU_ASSERT(acl_image_longest(image, level) <= count / 20);
	}
}

static void measure(enum acl_hard_kind kind, const struct xbr_acl_rule *rules, __u32 count)
{
	struct acl_image_options options = {.name = "cost", .seed = SEED, .epoch = 1, .processors = 64};
	__u32 plain = 0, seen = 0, fresh = 0, worst = 0, tables = 0, longest = 0;
	double begin, built = 0;
	struct acl_image image;

	for (int again = 0; again < 2; again++) {
		open_with(again ? 1 : XBR_ACL_CACHE_BUCKETS);
		plain = time_of_flows(rules, count, &worst);
		begin = seconds();
		CU_ASSERT_EQUAL_FATAL(acl_image_build(&image, &options, rules, count), 0);
		built = seconds() - begin;
		tables = acl_image_tables(&image, 0);
		longest = acl_image_longest(&image, 0);
		judge(kind, &image, count);
		CU_ASSERT_EQUAL_FATAL(datapath_put_acl(&dp, 1, &image), 0);
		dp.tables.ports[P1].acl_in = 1;
		dp.tables.ports[P1].flags |= XBR_PORT_ACL;
		*(again ? &fresh : &seen) = time_of_flows(rules, count, &worst);
		datapath_drop_acl(&dp, 1);
		datapath_close(&dp);
	}
	printf("acl: %6u rules, %-6s: compiled in %.3f s (sanitized), %2u tables, longest chain %u; a frame "
	       "%u ns, "
	       "with the list %u, of a new flow %u (at most %u)\n",
	       count, acl_hard_names[kind], built, tables, longest, plain, seen, fresh, worst);
}

static void cost_of_a_list_is_bounded(void)
{
	const char *wanted = getenv("XBR_ACL_COST");
	__u32 most = wanted ? (__u32)strtoul(wanted, NULL, 10) : 1000;
	struct xbr_acl_rule *rules = calloc(most, sizeof(*rules));

	CU_ASSERT_PTR_NOT_NULL_FATAL(rules);
	CU_ASSERT_EQUAL_FATAL(lab_open(&lab), 0);
	for (int kind = 0; kind < ACL_HARD_KIND_COUNT; kind++)
		for (__u32 count = wanted ? 10 : most; count <= most; count *= 10) {
			acl_hard_seed(SEED);
			for (__u32 i = 0; i < count; i++)
				acl_hard_rule((enum acl_hard_kind)kind, &rules[i], i + 1, count);
			measure((enum acl_hard_kind)kind, rules, count);
		}
	lab_close(&lab);
	free(rules);
}

/* ---- a guest that is never the same twice ---- */

#define RULES   1000
#define VARIED  20000
#define BUCKETS (XBR_ACL_CACHE_BUCKETS / 2) /* a window of each of two ports */

struct window {
	struct xbr_acl_bucket bucket[BUCKETS];
};

/* What this processor remembers of flows that came in by a port. */
static void read_window(__u32 first, struct window *ret_window)
{
	int processors = libbpf_num_possible_cpus(), processor = sched_getcpu();
	struct xbr_acl_bucket *all = calloc((size_t)processors, sizeof(*all));

	CU_ASSERT_PTR_NOT_NULL_FATAL(all);
	for (__u32 i = 0; i < BUCKETS; i++) {
		__u32 number = first + i;

		CU_ASSERT_EQUAL(bpf_map_lookup_elem(bpf_map__fd(dp.skeleton->maps.acl_cache), &number, all),
				0);
		ret_window->bucket[i] = all[processor];
	}
	free(all);
}

static __u32 remembered(const struct window *window)
{
	__u32 count = 0;

	for (__u32 i = 0; i < BUCKETS; i++)
		for (int way = 0; way < XBR_ACL_CACHE_WAYS; way++)
			count += window->bucket[i].way[way].list != 0;
	return count;
}

static void run_once(__u32 port, const __u8 *frame)
{
	struct arrival arrival = {.bytes = frame, .length = ACL_HARD_FRAME, .ifindex = lab.ifindex[port]};

	CU_ASSERT_EQUAL(datapath_run(&dp, &arrival, NULL), 0);
}

static void bind_both(void)
{
	for (__u32 port = P1; port <= P2; port++) {
		dp.tables.ports[port].acl_in = 1;
		dp.tables.ports[port].acl_window = port == P1 ? 0 : BUCKETS;
		dp.tables.ports[port].acl_window_mask = BUCKETS - 1;
		dp.tables.ports[port].flags |= XBR_PORT_ACL;
	}
}

static void stay_here(void)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET((size_t)sched_getcpu(), &here);
	CU_ASSERT_EQUAL(sched_setaffinity(0, sizeof(here), &here), 0);
}

/* It fills its own window of the cache; what the other port's flows have there is as it was, octet for octet.
 */
static void a_guest_that_varies_its_frames_slows_down_itself(void)
{
	static struct xbr_acl_rule rules[RULES];
	static struct window before, after, its;
	struct acl_image_options options = {.name = "cost", .seed = SEED, .epoch = 1, .processors = 64};
	struct acl_image image;
	__u8 frame[ACL_HARD_FRAME];
	cpu_set_t anywhere;

	CU_ASSERT_EQUAL_FATAL(sched_getaffinity(0, sizeof(anywhere), &anywhere), 0);
	stay_here();
	CU_ASSERT_EQUAL_FATAL(lab_open(&lab), 0);
	open_with(XBR_ACL_CACHE_BUCKETS);
	acl_hard_seed(SEED);
	for (__u32 i = 0; i < RULES; i++)
		acl_hard_rule(ACL_HARD_tuples, &rules[i], i + 1, RULES);
	CU_ASSERT_EQUAL_FATAL(acl_image_build(&image, &options, rules, RULES), 0);
	CU_ASSERT_EQUAL_FATAL(datapath_put_acl(&dp, 1, &image), 0);
	bind_both();
	for (__u32 i = 0; i < FLOWS; i++) {
		acl_hard_frame(&rules[i], frame);
		run_once(P2, frame);
	}
	read_window(BUCKETS, &before);
	for (__u32 i = 0; i < VARIED; i++) {
		acl_hard_frame(&rules[i % RULES], frame);
		run_once(P1, frame);
	}
	read_window(BUCKETS, &after);
	read_window(0, &its);
	CU_ASSERT(remembered(&before) > FLOWS / 2);
	CU_ASSERT(remembered(&its) > BUCKETS);
	CU_ASSERT_EQUAL(memcmp(&before, &after, sizeof(before)), 0);
	datapath_drop_acl(&dp, 1);
	datapath_close(&dp);
	lab_close(&lab);
	CU_ASSERT_EQUAL(sched_setaffinity(0, sizeof(anywhere), &anywhere), 0);
}

int test_acl_cost_suite(void)
{
	static const struct test_case cases[] = {
		TEST(a_guest_that_varies_its_frames_slows_down_itself),
		TEST(cost_of_a_list_is_bounded),
		{NULL, NULL},
	};

	return test_suite_add("acl_cost", cases);
}
