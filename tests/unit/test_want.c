/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration built up by commands, from their JSON as apply and single requests have it: what is stored,
 * and what is refused with which sentence. No datapath and no device is touched.
 */
#include "model/want.h"

#include <string.h>

#include "control/commands.h"
#include "test.h"
#include "xbr/grammar.h"

static int change(struct want *want, const char *line, struct xbr_error *error)
{
	struct grammar_error wrong;
	json_t *request = NULL;
	int err = grammar_parse_line(line, 1, &request, &wrong);

	if (err) {
		CU_FAIL(line);
		return err;
	}
	err = command_to_want(json_string_value(json_object_get(request, "method")),
			      json_object_get(request, "params"), want, error);
	json_decref(request);
	return err;
}

/* Two bridges, of three ports; a4 was enslaved to br0 by somebody else. */
static struct want *make_want(void)
{
	static const char *const lines[] = {
		"bridge add br0 ageing_time 60s group_fwd_mask 8",
		"bridge add br1 address 02:00:00:00:00:09",
		"link add v1 master br0 hairpin on xdp off",
		"link add v2 master br0",
		"link add v3 master br1 learning off fdb_max_learned 3",
		"fdb add 02:00:00:00:00:01 dev v1",
	};
	struct want *want = want_new();
	struct xbr_error error;

	CU_ASSERT_PTR_NOT_NULL_FATAL(want);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		CU_ASSERT_EQUAL(change(want, lines[i], &error), 0);
	CU_ASSERT_EQUAL(want_link_adopt(want, "a4", "br0", &error), 0);
	return want;
}

static uint64_t mac_of(uint8_t last)
{
	return fdb_mac_of((const uint8_t[6]){2, 0, 0, 0, 0, last});
}

static void commands_are_stored_as_written(void)
{
	struct want *want = make_want();
	const struct want_bridge *br0 = want_bridge_find(want, "br0"), *br1 = want_bridge_find(want, "br1");
	const struct want_port *v1 = want_port_find(want, "v1"), *v3 = want_port_find(want, "v3");
	const struct want_address *address = want_address_find(want, mac_of(1), 0, "br0");

	CU_ASSERT_EQUAL(br0->settings.ageing_time_cs, 6000);
	CU_ASSERT_EQUAL(br0->settings.group_fwd_mask, 8);
	CU_ASSERT_EQUAL(br0->settings.address[0], 0);
	CU_ASSERT_EQUAL(br1->settings.address[5], 9);
	CU_ASSERT_EQUAL(br1->settings.ageing_time_cs, AGEING_TIME_DEFAULT_CS);
	CU_ASSERT_STRING_EQUAL(v1->bridge, "br0");
	CU_ASSERT_EQUAL(v1->settings.flags, port_settings_default.flags | XBR_PORT_HAIRPIN);
	CU_ASSERT_EQUAL(v1->settings.xdp, XBR_XDP_OFF);
	CU_ASSERT_EQUAL(v3->settings.flags, port_settings_default.flags & ~(uint32_t)XBR_PORT_LEARNING);
	CU_ASSERT_EQUAL(v3->settings.fdb_max_learned, 3);
	CU_ASSERT_EQUAL(address->kind, XBR_FDB_STATIC);
	CU_ASSERT_STRING_EQUAL(address->dev, "v1");
	CU_ASSERT_PTR_NULL(want_address_find(want, mac_of(1), 0, "br1"));
	want_free(want);
}

static void what_cannot_be_is_refused_with_a_sentence(void)
{
	static const struct {
		const char *line;
		int code;
		const char *sentence;
	} rows[] = {
		{"bridge add br0", -EEXIST, "br0 is already a bridge"},
		{"bridge add v1", -EEXIST, "v1 is already a port of br0"},
		{"bridge set br9 ageing_time 1", -ENODEV, "br9 is not a bridge of xbr"},
		{"bridge set v1 ageing_time 1", -ENODEV, "v1 is not a bridge of xbr"},
		{"bridge del br9", -ENODEV, "br9 is not a bridge of xbr"},
		{"link add v1 master br0", -EEXIST, "v1 is already a port of br0"},
		{"link add v1 master br1", -EEXIST, "v1 is already a port of br0"},
		{"link add a4 master br1", -EEXIST, "a4 is already a port of br0"},
		{"link add br1 master br0", -EEXIST, "br1 is already a bridge"},
		{"link add br0 master br0", -EEXIST, "br0 is already a bridge"},
		{"link add v9 master br9", -ENODEV, "br9 is not a bridge of xbr"},
		{"link add v9 master v1", -ENODEV, "v1 is not a bridge of xbr"},
		{"link set v9 flood off", -ENODEV, "v9 is not a port of any bridge of xbr"},
		{"link set br0 flood off", -ENODEV, "br0 is not a port of any bridge of xbr"},
		{"link del v9", -ENODEV, "v9 is not a port of any bridge of xbr"},
		{"fdb add 02:00:00:00:00:01 dev v2", -EEXIST, "the address is already tied to v1"},
		{"fdb add 02:00:00:00:00:01 dev v9", -ENODEV, "v9 is not a port of any bridge of xbr"},
		{"fdb add 01:00:00:00:00:01 dev v1", -EINVAL,
		 "only a unicast address, not zero, can be tied to a port"},
		{"fdb replace 00:00:00:00:00:00 dev v1", -EINVAL,
		 "only a unicast address, not zero, can be tied to a port"},
		{"fdb add 02:00:00:00:00:02 dev v1 dynamic", -EINVAL,
		 "a dynamic address is no part of a configuration"},
		{"fdb add 02:00:00:00:00:02 dev br0", -EINVAL,
		 "br0 is the bridge itself: only permanent addresses are its own"},
		{"fdb del 02:00:00:00:00:01 dev v1", -ENOSYS,
		 "fdb.del is not a command that changes the configuration"},
		{"save", -ENOSYS, "save is not a command that changes the configuration"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct want *want = make_want();
		struct xbr_error error = {0};

		CU_ASSERT_EQUAL(change(want, rows[i].line, &error), rows[i].code);
		CU_ASSERT_EQUAL(error.code, rows[i].code);
		CU_ASSERT_STRING_EQUAL(error.message, rows[i].sentence);
		CU_ASSERT_EQUAL(HASH_COUNT(want->bridges), 2);
		CU_ASSERT_EQUAL(HASH_COUNT(want->ports), 4);
		CU_ASSERT_EQUAL(HASH_COUNT(want->addresses), 1);
		CU_ASSERT_STRING_EQUAL(want_address_find(want, mac_of(1), 0, "br0")->dev, "v1");
		want_free(want);
	}
}

/* Ranges that the grammar holds too, but a client of the socket need not have a grammar. */
static void values_out_of_range_are_refused_and_change_nothing(void)
{
	static const struct bridge_patch bridge_patches[] = {
		{.given = BRIDGE_GIVEN_AGEING_TIME, .to.ageing_time_cs = AGEING_TIME_MAX_CS + 1},
		{.given = BRIDGE_GIVEN_GROUP_FWD_MASK, .to.group_fwd_mask = 1},
		{.given = BRIDGE_GIVEN_GROUP_FWD_MASK, .to.group_fwd_mask = 0xffff},
		{.given = BRIDGE_GIVEN_ADDRESS, .to.address = {3, 0, 0, 0, 0, 1}},
		{.given = BRIDGE_GIVEN_ADDRESS},
	};
	static const struct port_patch port_patch = {.given = PORT_GIVEN_GROUP_FWD_MASK,
						     .to.group_fwd_mask = 2};
	struct want *want = make_want();
	struct bridge_settings before = want_bridge_find(want, "br1")->settings;
	struct xbr_error error;

	for (size_t i = 0; i < sizeof(bridge_patches) / sizeof(bridge_patches[0]); i++) {
		CU_ASSERT_TRUE(want_bridge_set(want, "br1", &bridge_patches[i], &error) < 0);
		CU_ASSERT_TRUE(bridge_settings_equal(&want_bridge_find(want, "br1")->settings, &before));
		CU_ASSERT_TRUE(want_bridge_add(want, "br2", &bridge_patches[i], &error) < 0);
		CU_ASSERT_PTR_NULL(want_bridge_find(want, "br2"));
	}
	CU_ASSERT_EQUAL(want_link_set(want, "v2", &port_patch, &error), -EINVAL);
	CU_ASSERT_STRING_EQUAL(error.message, "group_fwd_mask 0x2 of a port may not have bit 1 (PAUSE)");
	CU_ASSERT_TRUE(port_settings_equal(&want_port_find(want, "v2")->settings, &port_settings_default));
	CU_ASSERT_EQUAL(want_link_add(want, "v5", "br0", &port_patch, &error), -EINVAL);
	CU_ASSERT_PTR_NULL(want_port_find(want, "v5"));
	want_free(want);
}

/* A device has frames of its own, or those of channels of one kind; a tag is one port's. */
static void a_device_is_a_port_or_carries_channels(void)
{
	static const struct port_patch none = {0};
	const struct port_encap s100 = {.kind = XBR_ENCAP_SCHANNEL, .channel = 100, .dev = "eth9"};
	const struct port_encap e100 = {.kind = XBR_ENCAP_ETAG, .channel = 100, .dev = "eth9"};
	const struct port_encap of_port = {.kind = XBR_ENCAP_ETAG, .channel = 100, .dev = "v2"};
	struct want *want = make_want(), *clone;
	struct xbr_error error;

	CU_ASSERT_EQUAL(want_channel_add(want, "c1", &s100, "br0", &none, &error), 0);
	CU_ASSERT_EQUAL(want_channel_add(want, "c2", &s100, "br0", &none, &error), -EEXIST);
	CU_ASSERT_STRING_EQUAL(error.message, "svid 100 of eth9 is already that of c1");
	CU_ASSERT_EQUAL(want_channel_add(want, "c2", &e100, "br0", &none, &error), -EBUSY);
	CU_ASSERT_EQUAL(want_channel_add(want, "c2", &of_port, "br0", &none, &error), -EBUSY);
	CU_ASSERT_EQUAL(want_link_add(want, "eth9", "br0", &none, &error), -EBUSY);
	clone = want_clone(want);
	CU_ASSERT_STRING_EQUAL(want_tag_holder(clone, "eth9", 100), "c1");
	CU_ASSERT_EQUAL(want_link_del(want, "c1", &error), 0);
	CU_ASSERT_PTR_NULL(want_trunk_find(want, "eth9"));
	CU_ASSERT_PTR_NULL(want_tag_holder(want, "eth9", 100));
	CU_ASSERT_EQUAL(want_channel_add(want, "c2", &e100, "br0", &none, &error), 0);
	CU_ASSERT_EQUAL(want_bridge_del(clone, "br0", &error), 0);
	CU_ASSERT_PTR_NULL(want_trunk_find(clone, "eth9"));
	want_free(clone);
	want_free(want);
}

static void names_are_those_the_kernel_takes(void)
{
	static const char *const wrong[] = {
		"", ".", "..", "a/b", "a:b", "a b", "a\tb", "a\n", "sixteen-letters!"};
	static const char *const right[] = {"...", "fifteen-letters", "it's", "#", "\x1b[31m", "\xc3\xa9"};
	struct bridge_patch none = {0};
	struct want *want = want_new();
	struct xbr_error error;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CU_ASSERT_EQUAL(want_bridge_add(want, wrong[i], &none, &error), -EINVAL);
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		CU_ASSERT_EQUAL(want_bridge_add(want, right[i], &none, &error), 0);
	CU_ASSERT_EQUAL(HASH_COUNT(want->bridges), sizeof(right) / sizeof(right[0]));
	want_free(want);
}

static void a_bridge_takes_its_ports_with_it(void)
{
	struct want *want = make_want();
	struct xbr_error error;

	CU_ASSERT_EQUAL(change(want, "bridge del br0", &error), 0);
	CU_ASSERT_EQUAL(HASH_COUNT(want->ports), 1);
	CU_ASSERT_PTR_NOT_NULL(want_port_find(want, "v3"));
	CU_ASSERT_EQUAL(change(want, "link add v1 master br1", &error), 0);
	want_free(want);
}

static void a_port_of_somebody_else_becomes_the_users_by_being_named(void)
{
	static const char *const lines[] = {"link add a4 master br0 hairpin on", "link set a4 hairpin on"};

	for (size_t i = 0; i < 2; i++) {
		struct want *want = make_want();
		struct xbr_error error;

		CU_ASSERT_EQUAL(want_port_find(want, "a4")->origin, XBR_ORIGIN_ADOPTED);
		CU_ASSERT_EQUAL(change(want, lines[i], &error), 0);
		CU_ASSERT_EQUAL(want_port_find(want, "a4")->origin, XBR_ORIGIN_USER);
		CU_ASSERT_TRUE(want_port_find(want, "a4")->settings.flags & XBR_PORT_HAIRPIN);
		want_free(want);
	}
}

static void a_whole_configuration_may_move_it(void)
{
	struct want *want = make_want();
	struct xbr_error error;

	want->with_addresses = true;
	CU_ASSERT_EQUAL(change(want, "link add a4 master br1", &error), 0);
	CU_ASSERT_STRING_EQUAL(want_port_find(want, "a4")->bridge, "br1");
	CU_ASSERT_EQUAL(want_port_find(want, "a4")->origin, XBR_ORIGIN_USER);
	CU_ASSERT_EQUAL(HASH_COUNT(want->ports), 4);
	want_free(want);
}

static void an_address_is_tied_once_in_each_bridge(void)
{
	struct want *want = make_want();
	struct xbr_error error;

	CU_ASSERT_EQUAL(change(want, "fdb replace 02:00:00:00:00:01 dev v2 blackhole", &error), 0);
	CU_ASSERT_STRING_EQUAL(want_address_find(want, mac_of(1), 0, "br0")->dev, "v2");
	CU_ASSERT_EQUAL(want_address_find(want, mac_of(1), 0, "br0")->kind, XBR_FDB_BLACKHOLE);
	CU_ASSERT_EQUAL(change(want, "fdb add 02:00:00:00:00:01 dev v3 sticky", &error), 0);
	CU_ASSERT_EQUAL(change(want, "fdb add 02:00:00:00:00:02 dev br1 permanent", &error), 0);
	CU_ASSERT_EQUAL(want_address_find(want, mac_of(2), 0, "br1")->kind, XBR_FDB_LOCAL);
	CU_ASSERT_EQUAL(HASH_COUNT(want->addresses), 3);
	want_free(want);
}

static uint32_t listed(const struct want *want, const char *port)
{
	return source_list_count(want_port_find(want, port)->sources);
}

/* Lists are shared by clones, and changed in one alone. */
static void a_source_list_is_changed_in_one_clone_alone(void)
{
	struct want *want = make_want(), *clone;
	struct xbr_error error;

	CU_ASSERT_EQUAL(change(want, "link set v1 macaddr add 02:00:00:00:00:02 02:00:00:00:00:01", &error),
			0);
	CU_ASSERT_EQUAL(change(want, "link set v1 macaddr add 02:00:00:00:00:02 mode source", &error), 0);
	CU_ASSERT_EQUAL(listed(want, "v1"), 2);
	CU_ASSERT_TRUE(source_list_has(want_port_find(want, "v1")->sources, mac_of(1)));
	clone = want_clone(want);
	CU_ASSERT_PTR_EQUAL(want_port_find(want, "v1")->sources, want_port_find(clone, "v1")->sources);
	CU_ASSERT_EQUAL(change(clone, "link set v1 macaddr del 02:00:00:00:00:01", &error), 0);
	CU_ASSERT_EQUAL(change(clone, "link set v1 macaddr del 02:00:00:00:00:01", &error), -ENOENT);
	CU_ASSERT_EQUAL(listed(clone, "v1"), 1);
	CU_ASSERT_EQUAL(listed(want, "v1"), 2);
	CU_ASSERT_EQUAL(change(want, "link set v1 macaddr flush", &error), 0);
	CU_ASSERT_EQUAL(listed(want, "v1"), 0);
	CU_ASSERT_EQUAL(change(want, "link set v1 macaddr set 02:00:00:00:00:03", &error), 0);
	CU_ASSERT_EQUAL(listed(want, "v1"), 1);
	CU_ASSERT_EQUAL(change(clone, "link del v1", &error), 0);
	want_free(clone);
	want_free(want);
}

static void the_uplink_has_no_mode(void)
{
	struct want *want = make_want();
	struct xbr_error error;

	CU_ASSERT_EQUAL(change(want, "link set v1 role uplink", &error), 0);
	CU_ASSERT_EQUAL(change(want, "link set v1 mode vepa", &error), -EINVAL);
	CU_ASSERT_STRING_EQUAL(error.message,
			       "v1 cannot be the uplink and in mode vepa: modes are for edge ports");
	CU_ASSERT_EQUAL(want_port_find(want, "v1")->settings.mode, XBR_MODE_BRIDGE);
	CU_ASSERT_EQUAL(change(want, "link set v1 mode vepa role edge", &error), 0);
	want_free(want);
}

static void a_clone_is_equal_and_its_own(void)
{
	struct want *want = make_want(), *clone = want_clone(want);
	struct xbr_error error;

	CU_ASSERT_PTR_NOT_NULL_FATAL(clone);
	CU_ASSERT_EQUAL(HASH_COUNT(clone->bridges), 2);
	CU_ASSERT_EQUAL(HASH_COUNT(clone->ports), 4);
	CU_ASSERT_EQUAL(HASH_COUNT(clone->addresses), 1);
	CU_ASSERT_EQUAL(change(clone, "link del v1", &error), 0);
	CU_ASSERT_EQUAL(change(clone, "bridge set br0 ageing_time 1", &error), 0);
	CU_ASSERT_PTR_NOT_NULL(want_port_find(want, "v1"));
	CU_ASSERT_EQUAL(want_bridge_find(want, "br0")->settings.ageing_time_cs, 6000);
	want_free(want);
	CU_ASSERT_STRING_EQUAL(want_port_find(clone, "v3")->bridge, "br1");
	want_free(clone);
}

/* ---- whole configurations ---- */

static int build(const char *text, struct want **ret_want, char *ret_at, struct xbr_error *error)
{
	struct grammar_error wrong;
	struct model model = {0};
	const char *at;
	json_t *commands;
	int err;

	CU_ASSERT_EQUAL_FATAL(grammar_parse_text("f", text, strlen(text), &commands, &wrong), 0);
	err = commands_to_want(&model, commands, ret_want, &at, error);
	strcpy(ret_at, at ? at : "");
	json_decref(commands);
	return err;
}

static void a_refused_command_is_told_with_its_place(void)
{
	static const struct {
		const char *text, *at, *sentence;
	} rows[] = {
		{"bridge add br0\n\n  link set v1 flood on\n", "f:3:3",
		 "v1 is not a port of any bridge of xbr"},
		{"bridge add br0\nlink del v1\n", "f:2:1", "link.del cannot be part of a configuration"},
		{"bridge add br0\nversion\n", "f:2:1", "version cannot be part of a configuration"},
		{"bridge add br0\nlink add v1 master br0\nlink add v1 master br0\n", "f:3:1",
		 "v1 is already a port of br0"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct want *want = NULL;
		struct xbr_error error;
		char at[64];

		CU_ASSERT_TRUE(build(rows[i].text, &want, at, &error) < 0);
		CU_ASSERT_PTR_NULL(want);
		CU_ASSERT_STRING_EQUAL(at, rows[i].at);
		CU_ASSERT_STRING_EQUAL(error.message, rows[i].sentence);
	}
}

static void an_object_of_json_that_is_no_command_is_refused(void)
{
	static const char *const rows[] = {"[7]",
					   "[{}]",
					   "[{\"method\":5}]",
					   "[{\"method\":\"bridge.add\",\"params\":[]}]",
					   "[{\"method\":\"bridge.add\"}]",
					   "[null]",
					   "[[]]"};
	struct model model = {0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *commands = json_loads(rows[i], 0, NULL);
		struct want *want = NULL;
		struct xbr_error error;
		const char *at;

		CU_ASSERT_EQUAL(commands_to_want(&model, commands, &want, &at, &error), -EINVAL);
		CU_ASSERT_PTR_NULL(at);
		json_decref(commands);
	}
}

static void limits_of_the_punt_path_are_one_reasons_or_alls(void)
{
	struct want *want = make_want(), *clone;
	struct xbr_error error;

	CU_ASSERT_EQUAL(want->punt[XBR_PUNT_lldp].rate, punt_limit_default.rate);
	CU_ASSERT_EQUAL(change(want, "punt set all burst 7", &error), 0);
	CU_ASSERT_EQUAL(change(want, "punt set lldp rate 0", &error), 0);
	clone = want_clone(want);
	CU_ASSERT_PTR_NOT_NULL_FATAL(clone);
	CU_ASSERT_EQUAL(clone->punt[XBR_PUNT_lldp].rate, 0);
	CU_ASSERT_EQUAL(clone->punt[XBR_PUNT_lldp].burst, 7);
	CU_ASSERT_EQUAL(clone->punt[XBR_PUNT_stp].rate, punt_limit_default.rate);
	CU_ASSERT_EQUAL(clone->punt[XBR_PUNT_stp].burst, 7);
	want_free(clone);
	want_free(want);
}

static const struct test_case cases[] = {
	TEST(commands_are_stored_as_written),
	TEST(what_cannot_be_is_refused_with_a_sentence),
	TEST(values_out_of_range_are_refused_and_change_nothing),
	TEST(a_device_is_a_port_or_carries_channels),
	TEST(names_are_those_the_kernel_takes),
	TEST(a_bridge_takes_its_ports_with_it),
	TEST(a_port_of_somebody_else_becomes_the_users_by_being_named),
	TEST(a_whole_configuration_may_move_it),
	TEST(an_address_is_tied_once_in_each_bridge),
	TEST(a_source_list_is_changed_in_one_clone_alone),
	TEST(the_uplink_has_no_mode),
	TEST(a_clone_is_equal_and_its_own),
	TEST(a_refused_command_is_told_with_its_place),
	TEST(an_object_of_json_that_is_no_command_is_refused),
	TEST(limits_of_the_punt_path_are_one_reasons_or_alls),
	{NULL, NULL},
};

int test_want_suite(void);
int test_want_suite(void)
{
	return test_suite_add("want", cases);
}
