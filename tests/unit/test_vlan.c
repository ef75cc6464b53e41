// SPDX-License-Identifier: Apache-2.0
/* VLANs as values: lists of IDs, a port's set, and what a wanted configuration makes of them. */
#include <errno.h>
#include <string.h>

#include "model/want.h"
#include "test.h"
#include "xbr/grammar.h"

static void vids(const char *text, uint64_t ret_vids[VLAN_WORDS])
{
	struct grammar_error error;

	CU_ASSERT_EQUAL(grammar_parse_vids(text, ret_vids, &error), 0);
}

static void lists_of_ids_are_read(void)
{
	static const struct {
		const char *text;
		uint16_t in[3], out[3];
		unsigned int count;
	} good[] = {{"1", {1, 1, 1}, {0, 2, 4095}, 1},
		    {"4094", {4094, 4094, 4094}, {0, 4093, 4095}, 1},
		    {"10-20", {10, 15, 20}, {9, 21, 0}, 11},
		    {"10-10", {10, 10, 10}, {9, 11, 0}, 1},
		    {"64,1-3,128-129", {64, 3, 129}, {63, 65, 130}, 6},
		    {"all", {1, 64, 4094}, {0, 0, 4095}, 4094}};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		unsigned int count = 0;
		uint64_t bits[VLAN_WORDS];

		vids(good[i].text, bits);
		for (int n = 0; n < 3; n++) {
			CU_ASSERT(bits[good[i].in[n] / 64] >> good[i].in[n] % 64 & 1);
			CU_ASSERT_FALSE(bits[good[i].out[n] / 64] >> good[i].out[n] % 64 & 1);
		}
		for (int w = 0; w < VLAN_WORDS; w++)
			count += (unsigned int)__builtin_popcountll(bits[w]);
		CU_ASSERT_EQUAL(count, good[i].count);
	}
}

static void what_is_no_list_of_ids_is_refused_with_a_sentence(void)
{
	static const char *const bad[][2] = {{"", "no VLAN ID"},
					     {"x", "no VLAN ID"},
					     {"0", "0 is no VLAN ID: 1 to 4094 are"},
					     {"4095", "4095 is no VLAN ID"},
					     {"99999999999999999999", "no VLAN ID"},
					     {"-1", "no VLAN ID"},
					     {"10-", "no VLAN ID"},
					     {"10,", "no VLAN ID"},
					     {"10,,11", "no VLAN ID"},
					     {"10 11", "no VLAN ID"},
					     {"0x10", "0 is no VLAN ID"},
					     {"20-10", "20-10 is no range: it goes backwards"},
					     {"0-10", "0 is no VLAN ID"},
					     {"4000-4095", "4095 is no VLAN ID"},
					     {"10-20,15", "VLAN ID 15 is given twice: ranges overlap"},
					     {"10,10", "given twice"},
					     {"all,1", "no VLAN ID"},
					     {"all1", "no VLAN ID"}};
	uint64_t bits[VLAN_WORDS] = {42};
	struct grammar_error error;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CU_ASSERT_EQUAL(grammar_parse_vids(bad[i][0], bits, &error), -EINVAL);
		CU_ASSERT_PTR_NOT_NULL(strstr(error.message, bad[i][1]));
		CU_ASSERT_EQUAL(bits[0], 42);
	}
}

static void add(struct vlan_set *set, const char *text, bool pvid, bool untagged)
{
	uint64_t bits[VLAN_WORDS];

	vids(text, bits);
	vlan_set_add(set, bits, pvid, untagged);
}

static void a_set_has_one_pvid_as_the_kernels(void)
{
	struct vlan_set *set = vlan_set_new(1);
	uint64_t bits[VLAN_WORDS];

	CU_ASSERT(vlan_set_has(set, 1) && vlan_set_is_untagged(set, 1));
	add(set, "10", true, true);
	CU_ASSERT_EQUAL(set->pvid, 10);
	CU_ASSERT(vlan_set_has(set, 1));
	add(set, "10", false, true); /* given again, without */
	CU_ASSERT_EQUAL(set->pvid, 0);
	add(set, "4094", true, false);
	CU_ASSERT(set->pvid == 4094 && !vlan_set_is_untagged(set, 4094));
	add(set, "4000-4093", false, false); /* does not touch it */
	CU_ASSERT_EQUAL(set->pvid, 4094);
	vids("4094", bits);
	vlan_set_del(set, bits);
	CU_ASSERT(set->pvid == 0 && !vlan_set_has(set, 4094) && vlan_set_has(set, 4093));
	vlan_set_drop(set);
}

static void runs_end_where_flags_change(void)
{
	static const struct vlan_run wanted[] = {{.first = 1, .last = 9, .untagged = true},
						 {.first = 10, .last = 10, .pvid = true, .untagged = true},
						 {.first = 11, .last = 20, .untagged = true},
						 {.first = 21, .last = 30},
						 {.first = 32, .last = 32},
						 {.first = 4094, .last = 4094}};
	struct vlan_set *set = vlan_set_new(0);
	struct vlan_run run = {0};

	add(set, "1-20", false, true);
	add(set, "10", true, true);
	add(set, "21-30,32,4094", false, false);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		CU_ASSERT(vlan_set_next_run(set, &run));
		CU_ASSERT(run.first == wanted[i].first && run.last == wanted[i].last &&
			  run.pvid == wanted[i].pvid && run.untagged == wanted[i].untagged);
	}
	CU_ASSERT_FALSE(vlan_set_next_run(set, &run));
	vlan_set_drop(set);
}

static void a_shared_set_is_changed_for_one_alone(void)
{
	struct vlan_set *a = vlan_set_new(5), *b = vlan_set_share(a);

	CU_ASSERT(a == b && vlan_set_equal(a, b));
	CU_ASSERT_EQUAL(vlan_set_own(&b), 0);
	CU_ASSERT(a != b && vlan_set_equal(a, b));
	add(b, "7", false, false);
	CU_ASSERT(!vlan_set_has(a, 7) && !vlan_set_equal(a, b));
	CU_ASSERT_EQUAL(vlan_set_own(&a), 0); /* nobody else has it any more */
	vlan_set_drop(a);
	vlan_set_drop(b);
}

/* ---- wanted ---- */

static struct xbr_error error;

static struct want *want_of_two(void)
{
	static const struct bridge_patch no_bridge_patch;
	static const struct port_patch no_port_patch;
	struct want *want = want_new();

	CU_ASSERT_EQUAL(want_bridge_add(want, "br0", &no_bridge_patch, &error), 0);
	CU_ASSERT_EQUAL(want_link_add(want, "v1", "br0", &no_port_patch, &error), 0);
	CU_ASSERT_EQUAL(want_link_add(want, "v2", "br0", &no_port_patch, &error), 0);
	return want;
}

static int vlan(struct want *want, const char *dev, const char *text, bool pvid, bool untagged)
{
	uint64_t bits[VLAN_WORDS];

	vids(text, bits);
	return want_vlan_add(want, dev, !strcmp(dev, "br0"), bits, (struct vlan_flags){pvid, untagged, false},
			     false, &error);
}

static void ports_begin_with_the_default_and_follow_it(void)
{
	struct want *want = want_of_two();
	struct bridge_patch patch = {.given = BRIDGE_GIVEN_VLAN_DEFAULT_PVID, .to.vlan_default_pvid = 9};

	CU_ASSERT(want_port_find(want, "v1")->vlans == want_port_find(want, "v2")->vlans);
	CU_ASSERT_EQUAL(want_port_find(want, "v1")->vlans->pvid, 1);
	CU_ASSERT_EQUAL(vlan(want, "v2", "20", true, true), 0);
	CU_ASSERT_EQUAL(want_bridge_set(want, "br0", &patch, &error), 0);
	CU_ASSERT(want_port_find(want, "v1")->vlans->pvid == 9 &&
		  !vlan_set_has(want_port_find(want, "v1")->vlans, 1));
	CU_ASSERT(want_port_find(want, "v2")->vlans->pvid == 20 &&
		  vlan_set_has(want_port_find(want, "v2")->vlans, 1));
	CU_ASSERT_EQUAL(want_bridge_find(want, "br0")->vlans->pvid, 9);
	patch.to.vlan_default_pvid = 0;
	CU_ASSERT_EQUAL(want_bridge_set(want, "br0", &patch, &error), 0);
	CU_ASSERT(want_port_find(want, "v1")->vlans->pvid == 0 &&
		  !vlan_set_has(want_port_find(want, "v1")->vlans, 9));
	patch.to.vlan_default_pvid = 4095;
	CU_ASSERT_EQUAL(want_bridge_set(want, "br0", &patch, &error), -ERANGE);
	want_free(want);
}

static void refusals_change_nothing(void)
{
	struct want *want = want_of_two();
	struct vlan_set *before = vlan_set_share(want_port_find(want, "v1")->vlans);
	uint64_t bits[VLAN_WORDS];

	CU_ASSERT_EQUAL(vlan(want, "v1", "10-20", true, false), -EINVAL);
	CU_ASSERT_STRING_EQUAL(error.message, "pvid is one VLAN, not 11 of them");
	CU_ASSERT_EQUAL(vlan(want, "v9", "10", false, false), -ENODEV);
	vids("10", bits);
	CU_ASSERT_EQUAL(want_vlan_add(want, "br0", false, bits, (struct vlan_flags){0}, false, &error),
			-EINVAL);
	CU_ASSERT_EQUAL(want_vlan_add(want, "v1", true, bits, (struct vlan_flags){0}, false, &error),
			-EINVAL);
	CU_ASSERT_EQUAL(want_vlan_add(want, "v1", false, bits, (struct vlan_flags){0}, true, &error),
			-ENOENT);
	CU_ASSERT_STRING_EQUAL(error.message, "v1 is not in VLAN 10");
	CU_ASSERT_EQUAL(want_vlan_del(want, "v9", false, bits, &error), -ENODEV);
	CU_ASSERT(want_port_find(want, "v1")->vlans == before);
	vlan_set_drop(before);
	want_free(want);
}

static void vlans_that_it_is_not_in_are_given_up_without_an_error(void)
{
	struct want *want = want_of_two();
	uint64_t bits[VLAN_WORDS];

	CU_ASSERT_EQUAL(vlan(want, "v1", "10", false, false), 0);
	vids("9-11", bits);
	CU_ASSERT_EQUAL(want_vlan_del(want, "v1", false, bits, &error), 0);
	CU_ASSERT_FALSE(vlan_set_has(want_port_find(want, "v1")->vlans, 10));
	CU_ASSERT(vlan_set_has(want_port_find(want, "v1")->vlans, 1));
	want_free(want);
}

static void a_vlan_that_is_given_up_takes_its_addresses(void)
{
	struct want *want = want_of_two();
	uint64_t bits[VLAN_WORDS];

	vids("10", bits);
	CU_ASSERT_EQUAL(want_address_add(want, 2, 10, "v1", XBR_FDB_STATIC, false, &error), -EINVAL);
	CU_ASSERT_EQUAL(vlan(want, "v1", "10", false, false), 0);
	CU_ASSERT_EQUAL(want_address_add(want, 2, 10, "v1", XBR_FDB_STATIC, false, &error), 0);
	CU_ASSERT_EQUAL(want_address_add(want, 2, 0, "v2", XBR_FDB_STATIC, false, &error), 0);
	CU_ASSERT_EQUAL(want_vlan_del(want, "v1", false, bits, &error), 0);
	CU_ASSERT_PTR_NULL(want_address_find(want, 2, 10, "br0"));
	CU_ASSERT_PTR_NOT_NULL(want_address_find(want, 2, 0, "br0"));
	want_free(want);
}

static int map(struct want *want, const char *text, uint16_t to)
{
	uint64_t bits[VLAN_WORDS];

	vids(text, bits);
	return want_vlan_map(want, "v1", bits, to, XBR_PRIORITY_KEEP, &error);
}

static void translation_is_one_to_one_but_in_a_tunnel(void)
{
	struct port_patch tunnel = {.flags_given = XBR_PORT_TUNNEL, .to.flags = XBR_PORT_TUNNEL};
	struct want *want = want_of_two();
	uint64_t bits[VLAN_WORDS];

	CU_ASSERT_EQUAL(map(want, "10", 110), 0);
	CU_ASSERT_EQUAL(map(want, "10", 111), -EEXIST);
	CU_ASSERT_STRING_EQUAL(error.message, "VID 10 is mapped already on v1");
	CU_ASSERT_EQUAL(map(want, "11", 110), -EINVAL);
	CU_ASSERT_EQUAL(map(want, "20-30", 120), -EINVAL);
	CU_ASSERT_EQUAL(want_port_find(want, "v1")->vlans->mapping_count, 1);
	CU_ASSERT_EQUAL(want_link_set(want, "v1", &tunnel, &error), 0);
	CU_ASSERT_EQUAL(map(want, "20-30", 120), 0);
	CU_ASSERT_EQUAL(want_port_find(want, "v1")->vlans->mapping_count, 12);
	tunnel.to.flags = 0;
	CU_ASSERT_EQUAL(want_link_set(want, "v1", &tunnel, &error), -EINVAL);
	vids("21-30", bits);
	CU_ASSERT_EQUAL(want_vlan_unmap(want, "v1", bits, &error), 0);
	CU_ASSERT_EQUAL(want_vlan_unmap(want, "v1", bits, &error), -ENOENT);
	CU_ASSERT_EQUAL(want_link_set(want, "v1", &tunnel, &error), 0);
	CU_ASSERT_EQUAL(vlan_set_mapping(want_port_find(want, "v1")->vlans, 20)->to, 120);
	want_free(want);
}

int test_vlan_suite(void)
{
	static const struct test_case cases[] = {
		TEST(lists_of_ids_are_read),
		TEST(what_is_no_list_of_ids_is_refused_with_a_sentence),
		TEST(a_set_has_one_pvid_as_the_kernels),
		TEST(runs_end_where_flags_change),
		TEST(a_shared_set_is_changed_for_one_alone),
		TEST(ports_begin_with_the_default_and_follow_it),
		TEST(refusals_change_nothing),
		TEST(a_vlan_that_is_given_up_takes_its_addresses),
		TEST(vlans_that_it_is_not_in_are_given_up_without_an_error),
		TEST(translation_is_one_to_one_but_in_a_tunnel),
		{NULL, NULL},
	};

	return test_suite_add("vlan", cases);
}
