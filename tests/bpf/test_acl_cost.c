// SPDX-License-Identifier: Apache-2.0
/*
 * What an access list costs a frame, by its number of rules: a flow that was seen before, and one that is
 * new. The figures are told, not judged; XBR_ACL_COST in the environment is the largest number of rules
 * (default 1000). Rules are drawn as access lists of firewalls are made: prefixes of many lengths, some
 * ports, some ranges.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/model/acl_image.h"
#include "agent/model/acl_rule.h"
#include "rows.h"
#include "skeleton.h"
#include "test.h"

#define REPEAT 100000
#define FLOWS  40
#define SEED   17

static struct lab lab;
static struct datapath dp;
static __u64 random_state;

static __u32 below(__u32 limit)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (__u32)(random_state >> 33) % limit;
}

static void say_word(struct xbr_acl_rule *rule, const char *word, const char *value)
{
	struct xbr_error error;

	CU_ASSERT_EQUAL(acl_rule_word(rule, word, value, NULL, &error), 0);
}

/* Addresses are drawn from few networks, so that frames meet rules. */
static __u32 address(void)
{
	return 10u << 24 | below(64) << 16 | below(256) << 8 | below(256);
}

static void draw_prefix(struct xbr_acl_rule *rule, const char *word)
{
	static const __u8 lengths[] = {32, 32, 32, 32, 28, 27, 24, 24, 24, 22, 16, 12, 0, 0};
	__u32 length = lengths[below(sizeof(lengths))], a = address();
	char text[32];

	if (!length)
		return;
	snprintf(text, sizeof(text), "%u.%u.%u.%u/%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255, length);
	say_word(rule, word, text);
}

static void draw_rule(struct xbr_acl_rule *rule, __u32 seq)
{
	struct xbr_error error;
	char text[32];

	memset(rule, 0, sizeof(*rule));
	rule->seq = seq;
	rule->action.what = below(2) ? XBR_ACL_DENY : 0;
	draw_prefix(rule, "src_ip");
	draw_prefix(rule, "dst_ip");
	say_word(rule, "ip_proto", below(3) ? "tcp" : "udp");
	snprintf(text, sizeof(text), below(5) ? "%u" : "%u-65535", 1 + below(2000));
	if (below(5))
		say_word(rule, "dst_port", text);
	CU_ASSERT_EQUAL(acl_rule_finish(rule, &error), 0);
}

/* A frame of a flow: TCP from one address to another. */
static void draw_frame(__u8 *frame)
{
	static const __u8 head[] = {0x02, 0,    0, 0, 0,  0x0b, 0x02, 0, 0, 0,  0, 0x0a, 0x08,
				    0x00, 0x45, 0, 0, 40, 0,    7,    0, 0, 64, 6, 0,    0};
	__u32 src = __builtin_bswap32(address()), dst = __builtin_bswap32(address());
	__u16 port = __builtin_bswap16((__u16)(1 + below(2000)));

	memset(frame, 0, 64);
	memcpy(frame, head, sizeof(head));
	memcpy(frame + 26, &src, 4);
	memcpy(frame + 30, &dst, 4);
	memcpy(frame + 36, &port, 2);
	frame[46] = 0x50;
}

static __u32 time_of(const __u8 *frame)
{
	struct xdp_md context = {.data_end = 64, .ingress_ifindex = lab.ifindex[P1]};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = 64, .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = REPEAT);

	CU_ASSERT_EQUAL(bpf_prog_test_run_opts(bpf_program__fd(dp.skeleton->progs.xbr_xdp), &opts), 0);
	return opts.duration;
}

/* Of all flows on average, and the dearest one. */
static __u32 time_of_flows(__u32 *ret_worst)
{
	__u64 sum = 0;
	__u8 frame[64];

	random_state = 4711;
	*ret_worst = 0;
	for (int i = 0; i < FLOWS; i++) {
		__u32 ns;

		draw_frame(frame);
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

	clock_gettime(CLOCK_MONOTONIC, &now);
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

static void measure(const struct xbr_acl_rule *rules, __u32 count)
{
	struct acl_image_options options = {.name = "cost", .seed = SEED, .epoch = 1, .processors = 64};
	__u32 worst_seen, worst_new, plain, seen, fresh, worst_plain;
	double begin = seconds(), built;
	struct acl_image image;

	for (int again = 0; again < 2; again++) {
		open_with(again ? 1 : XBR_ACL_CACHE_BUCKETS);
		plain = time_of_flows(&worst_plain);
		begin = seconds();
		CU_ASSERT_EQUAL_FATAL(acl_image_build(&image, &options, rules, count), 0);
		built = seconds() - begin;
		CU_ASSERT_EQUAL_FATAL(datapath_put_acl(&dp, 1, &image), 0);
		dp.tables.ports[P1].acl_in = 1;
		dp.tables.ports[P1].flags |= XBR_PORT_ACL;
		if (again)
			fresh = time_of_flows(&worst_new);
		else
			seen = time_of_flows(&worst_seen);
		if (again)
			printf("acl: %6u rules: compiled in %.3f s (sanitized), %u tables, longest chain %u; "
			       "a frame "
			       "%u ns, with the list %u, of a new flow %u (at most %u)\n",
			       count, built, acl_image_tables(&image, 0), acl_image_longest(&image, 0), plain,
			       seen, fresh, worst_new);
		datapath_drop_acl(&dp, 1);
		datapath_close(&dp);
	}
}

static void cost_of_a_list_is_recorded(void)
{
	const char *wanted = getenv("XBR_ACL_COST");
	__u32 most = wanted ? (__u32)strtoul(wanted, NULL, 10) : 1000;
	struct xbr_acl_rule *rules = calloc(most, sizeof(*rules));

	CU_ASSERT_PTR_NOT_NULL_FATAL(rules);
	random_state = SEED;
	for (__u32 i = 0; i < most; i++)
		draw_rule(&rules[i], i + 1);
	CU_ASSERT_EQUAL_FATAL(lab_open(&lab), 0);
	for (__u32 count = 10; count <= most; count *= 10)
		measure(rules, count);
	lab_close(&lab);
	free(rules);
}

int test_acl_cost_suite(void)
{
	static const struct test_case cases[] = {
		TEST(cost_of_a_list_is_recorded),
		{NULL, NULL},
	};

	return test_suite_add("acl_cost", cases);
}
