// SPDX-License-Identifier: Apache-2.0
/* Which features of the datapath a configuration needs: none by default, each setting its own, and a whole
 * configuration those of all its parts. */
#include "model/features.h"

#include "test.h"

static void defaults_need_nothing(void)
{
	CU_ASSERT_EQUAL(port_features(&port_settings_default), 0);
	CU_ASSERT_EQUAL(bridge_features(&bridge_settings_default), 0);
}

static void an_isolated_port_needs_edge(void)
{
	struct port_settings port = port_settings_default;

	port.flags |= XBR_PORT_ISOLATED;
	CU_ASSERT_EQUAL(port_features(&port), XBR_FEATURE_edge);
}

static void a_configuration_needs_what_its_parts_do(void)
{
	struct port_patch isolated = {.flags_given = XBR_PORT_ISOLATED, .to.flags = XBR_PORT_ISOLATED};
	struct bridge_patch bridge = {.given = 0};
	struct port_patch plain = {.given = 0};
	struct want *want = want_new();
	struct xbr_error error;

	CU_ASSERT_PTR_NOT_NULL_FATAL(want);
	CU_ASSERT_EQUAL(want_bridge_add(want, "br0", &bridge, &error), 0);
	CU_ASSERT_EQUAL(want_link_add(want, "v1", "br0", &plain, &error), 0);
	CU_ASSERT_EQUAL(want_features(want), 0);
	CU_ASSERT_EQUAL(want_link_add(want, "v2", "br0", &isolated, &error), 0);
	CU_ASSERT_EQUAL(want_features(want), XBR_FEATURE_edge);
	want_free(want);
}

int test_features_suite(void)
{
	static const struct test_case cases[] = {
		TEST(defaults_need_nothing),
		TEST(an_isolated_port_needs_edge),
		TEST(a_configuration_needs_what_its_parts_do),
		{NULL, NULL},
	};

	return test_suite_add("features", cases);
}
