// SPDX-License-Identifier: Apache-2.0
/*
 * Do the programs load with whatever features a configuration comes to? Which they are is
 * agent/model/features.c's: trees (stp) are of VLANs, states of connections (conn) are asked for by rules
 * (acl). That leaves some hundreds of sets, and loading all takes minutes; so it is none, all, each by
 * itself, and as many more as it takes for every three features to have been seen in each state that they can
 * be in together. XBR_ALL_VARIANTS=1 in the environment: all of them.
 *
 * What the verifier walked is printed, a line a set, for vm/check to put kernels side by side; it is not
 * judged.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datapath.h"

#include "skeleton.h"
#include "test.h"
#include "xbr/features.h"

#define BUCKETS 64

/* Of three features: each there or not. */
#define STATES 8

#define FEATURE_NAME(name, what) #name,
static const char *const names[] = {XBR_FEATURES(FEATURE_NAME)};

static bool can_be(__u32 features)
{
	if (features & XBR_FEATURE_conn && !(features & XBR_FEATURE_acl))
		return false;
	return !(features & XBR_FEATURE_stp) || features & XBR_FEATURE_vlan;
}

/* The least set that has this feature. */
static __u32 alone(__u32 feature)
{
	if (feature == XBR_FEATURE_conn)
		return XBR_FEATURE_conn | XBR_FEATURE_acl;
	if (feature == XBR_FEATURE_stp)
		return XBR_FEATURE_stp | XBR_FEATURE_vlan;
	return feature;
}

/* Which states of which three features were seen. */
struct seen {
	bool state[XBR_FEATURE_COUNT][XBR_FEATURE_COUNT][XBR_FEATURE_COUNT][STATES];
};

static bool *state_of(struct seen *seen, __u32 features, __u32 a, __u32 b, __u32 c)
{
	return &seen->state[a][b][c]
			   [(features >> a & 1) | (features >> b & 1) << 1 | (features >> c & 1) << 2];
}

/* How many states are new with this set; note: they are seen from now on. */
static __u32 fresh_states(struct seen *seen, __u32 features, bool note)
{
	__u32 fresh = 0;

	for (__u32 a = 0; a < XBR_FEATURE_COUNT; a++)
		for (__u32 b = a + 1; b < XBR_FEATURE_COUNT; b++)
			for (__u32 c = b + 1; c < XBR_FEATURE_COUNT; c++) {
				bool *state = state_of(seen, features, a, b, c);

				fresh += !*state;
				*state |= note;
			}
	return fresh;
}

/* The set that shows most of what was not seen yet; XBR_FEATURES_ALL + 1: nothing is left. */
static __u32 best(struct seen *seen)
{
	__u32 found = XBR_FEATURES_ALL + 1;
	__u32 most = 0;

	for (__u32 features = 0; features <= XBR_FEATURES_ALL; features++) {
		__u32 fresh = can_be(features) ? fresh_states(seen, features, false) : 0;

		if (fresh > most) {
			most = fresh;
			found = features;
		}
	}
	return found;
}

/* Fills the list; returns how many. */
static __u32 choose(__u32 chosen[XBR_FEATURES_ALL + 1])
{
	static struct seen seen;
	__u32 count = 0;

	memset(&seen, 0, sizeof(seen));
	chosen[count++] = 0;
	chosen[count++] = XBR_FEATURES_ALL;
	for (__u32 number = 0; number < XBR_FEATURE_COUNT; number++)
		chosen[count++] = alone(1u << number);
	for (__u32 i = 0; i < count; i++)
		fresh_states(&seen, chosen[i], true);
	for (__u32 features; (features = best(&seen)) <= XBR_FEATURES_ALL; chosen[count++] = features)
		fresh_states(&seen, features, true);
	return count;
}

static __u32 choose_all(__u32 chosen[XBR_FEATURES_ALL + 1])
{
	__u32 count = 0;

	for (__u32 features = 0; features <= XBR_FEATURES_ALL; features++)
		if (can_be(features))
			chosen[count++] = features;
	return count;
}

static void words_of(__u32 features, char *text, size_t size)
{
	size_t at = (size_t)snprintf(text, size, "%s", features ? "" : "none");

	for (__u32 number = 0; number < XBR_FEATURE_COUNT; number++)
		if (features >> number & 1)
			at += (size_t)snprintf(text + at, size - at, "%s%s", at ? "+" : "", names[number]);
}

static __u32 walked(const struct bpf_program *program)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	CU_ASSERT_EQUAL(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size), 0);
	return info.verified_insns;
}

static void load(__u32 features)
{
	struct datapath dp;
	char words[128];
	int err = datapath_open_with(&dp, HOOK_XDP, BUCKETS, features);

	words_of(features, words, sizeof(words));
	CU_ASSERT_EQUAL(err, 0);
	if (err) {
		printf("variant: %s: does not load: %s\n", words, strerror(-err));
		return;
	}
	printf("variant: %s: xdp %u tc %u host %u\n", words, walked(dp.skeleton->progs.xbr_xdp),
	       walked(dp.skeleton->progs.xbr_tc_port), walked(dp.skeleton->progs.xbr_tc_host));
	datapath_close(&dp);
}

static void programs_load_with_every_set_of_features(void)
{
	static __u32 chosen[XBR_FEATURES_ALL + 1];
	__u32 count = getenv("XBR_ALL_VARIANTS") ? choose_all(chosen) : choose(chosen);

	for (__u32 i = 0; i < count; i++)
		load(chosen[i]);
	printf("variant: %u sets of features were loaded\n", count);
}

/* What the choice promises, without loading anything. */
static void every_three_features_are_seen_in_every_state_there_is(void)
{
	static __u32 chosen[XBR_FEATURES_ALL + 1], all[XBR_FEATURES_ALL + 1];
	static struct seen seen;
	__u32 count = choose(chosen), possible = choose_all(all);

	memset(&seen, 0, sizeof(seen));
	for (__u32 i = 0; i < count; i++) {
		CU_ASSERT(can_be(chosen[i]));
		fresh_states(&seen, chosen[i], true);
	}
	for (__u32 i = 0; i < possible; i++)
		CU_ASSERT_EQUAL(fresh_states(&seen, all[i], false), 0);
}

int test_variants_suite(void)
{
	static const struct test_case cases[] = {
		TEST(every_three_features_are_seen_in_every_state_there_is),
		TEST(programs_load_with_every_set_of_features),
		{NULL, NULL},
	};

	return test_suite_add("variants", cases);
}
