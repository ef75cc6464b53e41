/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: defaults as documented, patches that change what is given and nothing else, comparison of every
 * member. */
#include "model/settings.h"

#include <string.h>

#include "test.h"

static void defaults_are_those_of_the_page(void)
{
	CU_ASSERT_EQUAL(port_settings_default.flags,
			XBR_PORT_LEARNING | XBR_PORT_FLOOD | XBR_PORT_MCAST_FLOOD | XBR_PORT_BCAST_FLOOD);
	CU_ASSERT_EQUAL(port_settings_default.fdb_max_learned, 0);
	CU_ASSERT_EQUAL(port_settings_default.group_fwd_mask, 0);
	CU_ASSERT_EQUAL(port_settings_default.xdp, XBR_XDP_AUTO);
	CU_ASSERT_EQUAL(bridge_settings_default.ageing_time_cs, 30000);
	CU_ASSERT_EQUAL(bridge_settings_default.fdb_max_learned, 0);
	CU_ASSERT_EQUAL(bridge_settings_default.group_fwd_mask, 0);
}

static void switches_have_a_bit_each_and_their_default(void)
{
	uint32_t seen = 0;

	for (const struct port_switch *w = port_switches; w->name; w++) {
		CU_ASSERT_EQUAL(w->flag & (w->flag - 1), 0);
		CU_ASSERT_EQUAL(seen & w->flag, 0);
		CU_ASSERT_EQUAL(!!(port_settings_default.flags & w->flag), w->by_default);
		seen |= w->flag;
	}
	CU_ASSERT_EQUAL(seen, PORT_SWITCH_MASK);
}

static void an_empty_patch_changes_nothing(void)
{
	struct port_patch port_patch = {.to = {~0u, 7, 7, XBR_XDP_OFF}};
	struct bridge_patch bridge_patch = {.to = {7, 7, 7, {2, 2, 2, 2, 2, 2}}};
	struct port_settings port = port_settings_default;
	struct bridge_settings bridge = bridge_settings_default;

	port_settings_patch(&port, &port_patch);
	bridge_settings_patch(&bridge, &bridge_patch);
	CU_ASSERT_TRUE(port_settings_equal(&port, &port_settings_default));
	CU_ASSERT_TRUE(bridge_settings_equal(&bridge, &bridge_settings_default));
}

/* Each switch alone, to the opposite of its default. */
static void a_patch_changes_one_switch_alone(void)
{
	for (const struct port_switch *w = port_switches; w->name; w++) {
		struct port_patch patch = {.flags_given = w->flag, .to.flags = w->by_default ? 0 : ~0u};
		struct port_settings settings = port_settings_default;

		port_settings_patch(&settings, &patch);
		CU_ASSERT_EQUAL(settings.flags, port_settings_default.flags ^ w->flag);
		CU_ASSERT_FALSE(port_settings_equal(&settings, &port_settings_default));
	}
}

/* Host access is on by default; each is turned alone. */
static void a_patch_changes_one_edge_switch_alone(void)
{
	for (const struct edge_switch *w = edge_switches; w->name; w++) {
		struct port_patch patch = {.edge_options_given = w->option, .to.edge_options = UINT8_MAX};
		struct port_settings settings = port_settings_default;

		port_settings_patch(&settings, &patch);
		CU_ASSERT_EQUAL(settings.edge_options, w->option);
		CU_ASSERT_EQUAL(w->by_default, w->option == XBR_EDGE_OPTION_NO_HOST);
		CU_ASSERT_FALSE(port_settings_equal(&settings, &port_settings_default));
	}
}

static void each_given_bit_stands_for_one_member(void)
{
	static const struct port_settings port_to = {.fdb_max_learned = 5,
						     .group_fwd_mask = 6,
						     .xdp = XBR_XDP_OFF,
						     .mode = XBR_MODE_VEPA,
						     .role = XBR_ROLE_EDGE};
	static const struct bridge_settings bridge_to = {.ageing_time_cs = 5,
							 .fdb_max_learned = 6,
							 .group_fwd_mask = 8,
							 .address = {2, 0, 0, 0, 0, 1},
							 .vlan_filtering = true,
							 .vlan_stats_enabled = false,
							 .vlan_stats_per_port = false,
							 .vlan_protocol = VLAN_PROTOCOL_8021AD,
							 .vlan_default_pvid = 7};

	for (uint32_t given = 0; given < 32; given++) {
		struct port_patch patch = {.given = given, .to = port_to};
		struct port_settings s = port_settings_default;

		port_settings_patch(&s, &patch);
		CU_ASSERT_EQUAL(s.fdb_max_learned, given & PORT_GIVEN_FDB_MAX_LEARNED ? 5 : 0);
		CU_ASSERT_EQUAL(s.group_fwd_mask, given & PORT_GIVEN_GROUP_FWD_MASK ? 6 : 0);
		CU_ASSERT_EQUAL(s.xdp, given & PORT_GIVEN_XDP ? XBR_XDP_OFF : XBR_XDP_AUTO);
		CU_ASSERT_EQUAL(s.mode, given & PORT_GIVEN_MODE ? XBR_MODE_VEPA : XBR_MODE_BRIDGE);
		CU_ASSERT_EQUAL(s.role, given & PORT_GIVEN_ROLE ? XBR_ROLE_EDGE : XBR_ROLE_AUTO);
		CU_ASSERT_EQUAL(port_settings_equal(&s, &port_settings_default), given == 0);
	}
	for (uint32_t given = 0; given < 512; given++) {
		struct bridge_patch patch = {.given = given, .to = bridge_to};
		struct bridge_settings s = bridge_settings_default;

		bridge_settings_patch(&s, &patch);
		CU_ASSERT_EQUAL(s.ageing_time_cs, given & BRIDGE_GIVEN_AGEING_TIME ? 5 : 30000);
		CU_ASSERT_EQUAL(s.fdb_max_learned, given & BRIDGE_GIVEN_FDB_MAX_LEARNED ? 6 : 0);
		CU_ASSERT_EQUAL(s.group_fwd_mask, given & BRIDGE_GIVEN_GROUP_FWD_MASK ? 8 : 0);
		CU_ASSERT_EQUAL(s.address[5], given & BRIDGE_GIVEN_ADDRESS ? 1 : 0);
		CU_ASSERT_EQUAL(s.vlan_filtering, (given & BRIDGE_GIVEN_VLAN_FILTERING) != 0);
		CU_ASSERT_EQUAL(s.vlan_stats_enabled, (given & BRIDGE_GIVEN_VLAN_STATS) == 0);
		CU_ASSERT_EQUAL(s.vlan_stats_per_port, (given & BRIDGE_GIVEN_VLAN_STATS_PER_PORT) == 0);
		CU_ASSERT_EQUAL(s.vlan_protocol, given & BRIDGE_GIVEN_VLAN_PROTOCOL ? 0x88a8 : 0x8100);
		CU_ASSERT_EQUAL(s.vlan_default_pvid, given & BRIDGE_GIVEN_VLAN_DEFAULT_PVID ? 7 : 1);
		CU_ASSERT_EQUAL(bridge_settings_equal(&s, &bridge_settings_default), given == 0);
	}
}

static void every_xdp_mode_has_its_word(void)
{
	CU_ASSERT_STRING_EQUAL(xdp_mode_words[XBR_XDP_AUTO], "auto");
	CU_ASSERT_STRING_EQUAL(xdp_mode_words[XBR_XDP_NATIVE], "native");
	CU_ASSERT_STRING_EQUAL(xdp_mode_words[XBR_XDP_GENERIC], "generic");
	CU_ASSERT_STRING_EQUAL(xdp_mode_words[XBR_XDP_OFF], "off");
	CU_ASSERT_PTR_NULL(xdp_mode_words[4]);
}

static const struct test_case cases[] = {
	TEST(defaults_are_those_of_the_page),        TEST(switches_have_a_bit_each_and_their_default),
	TEST(an_empty_patch_changes_nothing),        TEST(a_patch_changes_one_switch_alone),
	TEST(a_patch_changes_one_edge_switch_alone), TEST(each_given_bit_stands_for_one_member),
	TEST(every_xdp_mode_has_its_word),           {NULL, NULL},
};

int test_settings_suite(void);
int test_settings_suite(void)
{
	return test_suite_add("settings", cases);
}
