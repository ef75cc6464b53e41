// SPDX-License-Identifier: Apache-2.0
/*
 * What is asked of NICs, and what is made of their answers, on recorded conversations: no NIC with virtual
 * functions is needed. The questions are compared octet by octet.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/offload.h"
#include "net/genl.h"
#include "net/rtnl_internal.h"
#include "netlink_fake.h"
#include "netlink_recorded.h"
#include "test.h"

#define ROUNDS(rounds) rounds, sizeof(rounds) / sizeof((rounds)[0])

/* RTM_GETLINK of device 2 with RTEXT_FILTER_VF and _SKIP_STATS; of all of AF_BRIDGE. */
#define ASK_VFS    "1200 00000000 02000000 00000000 00000000 08001d00 09000000"
#define ASK_BRIDGE "1200 07000000 00000000 00000000 00000000"

/* RTM_SETLINK of device 2 with one attribute of a VF: IFLA_VFINFO_LIST, IFLA_VF_INFO. */
#define SET_VF(list, info, attribute)                                                                        \
	"1300 00000000 02000000 00000000 00000000 " list "1680 " info "0180 " attribute

static bool begin(struct fake *fake, struct rtnl *rtnl, const struct fake_round *rounds, unsigned int count)
{
	if (!fake_open(fake, rounds, count)) {
		CU_FAIL("fake_open");
		return false;
	}
	*rtnl = (struct rtnl){.requests = fake->netlink};
	return true;
}

static void virtual_functions_are_read(void)
{
	static const struct fake_round rounds[] = {{.question = ASK_VFS, .answer = RECORDED_VFS}};
	struct vf_info *vfs = NULL;
	struct fake fake;
	struct rtnl rtnl;
	size_t count = 0;

	if (!begin(&fake, &rtnl, ROUNDS(rounds)))
		return;
	CU_ASSERT_EQUAL(vf_list(&rtnl, 2, &vfs, &count), 0);
	CU_ASSERT_EQUAL_FATAL(count, 2);
	CU_ASSERT_EQUAL(vfs[0].vf, 0);
	CU_ASSERT_EQUAL(vfs[0].value[VF_MAC], 0x020000000001);
	CU_ASSERT_EQUAL(vfs[0].value[VF_VLAN], vf_vlan(10, 3, VF_PROTOCOL_8021Q));
	CU_ASSERT_EQUAL(vfs[0].value[VF_STATE], 0);
	CU_ASSERT_EQUAL(vfs[1].vf, 1);
	CU_ASSERT_EQUAL(vfs[1].value[VF_RATE], vf_rate(10, 100));
	CU_ASSERT_EQUAL(vfs[1].value[VF_VLAN], 0);
	CU_ASSERT_EQUAL(vfs[1].value[VF_TRUST], 1);
	CU_ASSERT_EQUAL(vfs[1].value[VF_SPOOFCHK], 0);
	CU_ASSERT_EQUAL(vfs[1].value[VF_STATE], 1);
	CU_ASSERT_EQUAL(vfs[1].known, (1u << VF_ATTRIBUTES) - 1);
	free(vfs);
	fake_close(&fake);
}

static void one_that_is_not_there_is_told(void)
{
	static const struct fake_round rounds[] = {{.question = ASK_VFS, .answer = RECORDED_VFS},
						   {.question = ASK_VFS, .answer = RECORDED_VFS},
						   {.question = ASK_VFS, .code = -ENODEV}};
	uint32_t count = 0;
	struct vf_info info;
	struct fake fake;
	struct rtnl rtnl;

	if (!begin(&fake, &rtnl, ROUNDS(rounds)))
		return;
	CU_ASSERT_EQUAL(vf_get(&rtnl, 2, 2, &info), -ENOENT);
	CU_ASSERT_EQUAL(vf_count(&rtnl, 2, &count), 0);
	CU_ASSERT_EQUAL(count, 2);
	CU_ASSERT_EQUAL(vf_get(&rtnl, 2, 0, &info), -ENODEV);
	fake_close(&fake);
}

static void a_parent_is_read(void)
{
	static const struct fake_round rounds[] = {{.question = ASK_VFS, .answer = RECORDED_VFS}};
	struct vf_parent parent = {0};
	struct fake fake;
	struct rtnl rtnl;

	if (!begin(&fake, &rtnl, ROUNDS(rounds)))
		return;
	CU_ASSERT_EQUAL(vf_parent(&rtnl, 2, &parent), 0);
	CU_ASSERT_STRING_EQUAL(parent.bus, "netdevsim");
	CU_ASSERT_STRING_EQUAL(parent.name, "netdevsim7");
	fake_close(&fake);
}

/* Each attribute in a message of its own, with the struct that the kernel's header has for it. */
static void what_is_set_is_said_octet_by_octet(void)
{
	static const struct fake_round rounds[] = {
		{.question = SET_VF("3000", "2c00",
				    "28000100 01000000 020000000009 0000000000000000000000000000"
				    "000000000000000000000000")},
		{.question = SET_VF("1800", "1400", "10000200 01000000 0a000000 03000000")},
		{.question = SET_VF("2000", "1c00", "18000c80 14000100 01000000 0a000000 03000000 88a80000")},
		{.question = SET_VF("1800", "1400", "10000600 01000000 0a000000 64000000")},
		{.question = SET_VF("1400", "1000", "0c000400 01000000 01000000"), .code = -EOPNOTSUPP},
		{.question = SET_VF("1400", "1000", "0c000900 01000000 00000000"), .code = -EPERM},
		{.question = SET_VF("1400", "1000", "0c000500 01000000 02000000")},
	};
	struct fake fake;
	struct rtnl rtnl;

	if (!begin(&fake, &rtnl, ROUNDS(rounds)))
		return;
	CU_ASSERT_EQUAL(vf_set(&rtnl, 2, 1, VF_MAC, 0x020000000009), 0);
	CU_ASSERT_EQUAL(vf_set(&rtnl, 2, 1, VF_VLAN, vf_vlan(10, 3, VF_PROTOCOL_8021Q)), 0);
	CU_ASSERT_EQUAL(vf_set(&rtnl, 2, 1, VF_VLAN, vf_vlan(10, 3, VF_PROTOCOL_8021AD)), 0);
	CU_ASSERT_EQUAL(vf_set(&rtnl, 2, 1, VF_RATE, vf_rate(10, 100)), 0);
	CU_ASSERT_EQUAL(vf_set(&rtnl, 2, 1, VF_SPOOFCHK, 1), -EOPNOTSUPP);
	CU_ASSERT_EQUAL(vf_set(&rtnl, 2, 1, VF_TRUST, 0), -EPERM);
	CU_ASSERT_EQUAL(vf_set(&rtnl, 2, 1, VF_STATE, 2), 0);
	fake_close(&fake);
}

static int write_of(struct model *model, enum vf_attribute attribute, struct xbr_error *error)
{
	const struct offload_target target = {
		.dev = "eth0", .vf = 1, .attribute = (uint16_t)(OFFLOAD_VF + attribute), .link.ifindex = 2};

	return offload_attribute_write(model, &target, 0, error);
}

static void a_refusal_of_the_kernel_is_a_sentence(void)
{
	static const struct fake_round rounds[] = {
		{.question = SET_VF("1400", "1000", "0c000900 01000000 00000000"), .code = -EPERM},
		{.question = SET_VF("1400", "1000", "0c000400 01000000 00000000"), .code = -EOPNOTSUPP},
	};
	struct offload_model offload = {0};
	struct model model = {.offload = &offload};
	struct xbr_error error = {0};
	struct fake fake;
	struct rtnl rtnl;

	if (!begin(&fake, &rtnl, ROUNDS(rounds)))
		return;
	model.rtnl = &rtnl;
	CU_ASSERT_EQUAL(write_of(&model, VF_TRUST, &error), -EPERM);
	CU_ASSERT_STRING_EQUAL(error.message,
			       "trust of VF 1 of eth0 cannot be set: not permitted (it takes CAP_NET_ADMIN, "
			       "and a driver that leaves it to the host)");
	CU_ASSERT_EQUAL(write_of(&model, VF_SPOOFCHK, &error), -EOPNOTSUPP);
	CU_ASSERT_STRING_EQUAL(error.message,
			       "spoofchk of VF 1 of eth0 cannot be set: its driver does not support it");
	fake_close(&fake);
}

static void the_mode_of_a_switch_is_read_and_set(void)
{
	static const struct fake_round rounds[] = {
		{.question = ASK_BRIDGE, .answer = WRITTEN_HWMODE, .is_dump = true},
		{.question = ASK_BRIDGE, .answer = WRITTEN_HWMODE, .is_dump = true},
		{.question = "1300 07000000 02000000 00000000 00000000 14001a80 06000000 02000000 06000100 "
			     "00000000"},
	};
	uint16_t mode = 9;
	struct fake fake;
	struct rtnl rtnl;

	if (!begin(&fake, &rtnl, ROUNDS(rounds)))
		return;
	CU_ASSERT_EQUAL(hwmode_get(&rtnl, 2, &mode), 0);
	CU_ASSERT_EQUAL(mode, 1);
	CU_ASSERT_EQUAL(hwmode_get(&rtnl, 1, &mode), -EOPNOTSUPP);
	CU_ASSERT_EQUAL(hwmode_set(&rtnl, 2, 0), 0);
	fake_close(&fake);
}

/* ---- generic netlink ---- */

/* Families have the numbers that they had where it was recorded. */
static bool begin_genl(struct fake *fake, struct genl *genl, int family, const struct fake_round *rounds,
		       unsigned int count)
{
	if (!fake_open(fake, rounds, count)) {
		CU_FAIL("fake_open");
		return false;
	}
	*genl = (struct genl){.netlink = fake->netlink, .family = family, .version = 1};
	return true;
}

static void features_are_read_as_ethtool_has_them(void)
{
	static const struct fake_round rounds[] = {
		{.question = "1600 0b010000 10000180 09000200 65746830 00000000",
		 .answer = RECORDED_FEATURES},
		{.question = "1600 11010000 10000180 09000200 65746830 00000000",
		 .answer = RECORDED_CHANNELS},
		{.question = "1600 0c010000 10000180 09000200 65746830 00000000 24000380 20000380 1c000180 "
			     "12000200 "
			     "68772d74632d6f66666c6f6164000000 04000300",
		 .code = -EOPNOTSUPP},
	};
	struct net_channels channels = {0};
	struct net_features features = {0};
	struct fake fake;
	struct genl genl;

	if (!begin_genl(&fake, &genl, 0x16, ROUNDS(rounds)))
		return;
	CU_ASSERT_EQUAL(features_get(&genl, "eth0", &features), 0);
	CU_ASSERT_NOT_EQUAL(features.of[NET_FEATURE_TSO].active, 0);
	CU_ASSERT_EQUAL(features.of[NET_FEATURE_TSO].changeable, 0);
	CU_ASSERT_TRUE(features.of[NET_FEATURE_GRO].active && features.of[NET_FEATURE_GRO].changeable);
	CU_ASSERT_EQUAL(features.of[NET_FEATURE_HW_TC_OFFLOAD].active, 0);
	CU_ASSERT_NOT_EQUAL(features.of[NET_FEATURE_HW_TC_OFFLOAD].changeable, 0);
	CU_ASSERT_EQUAL(features.of[NET_FEATURE_RX_VLAN_FILTER].active, 0);
	CU_ASSERT_EQUAL(channels_get(&genl, "eth0", &channels), 0);
	CU_ASSERT_EQUAL(channels.count[NET_CHANNEL_COMBINED], 1);
	CU_ASSERT_EQUAL(channels.max[NET_CHANNEL_RX], 0);
	CU_ASSERT_EQUAL(features_set(&genl, "eth0", NET_FEATURE_HW_TC_OFFLOAD, 1, 1), -EOPNOTSUPP);
	fake_close(&fake);
}

#define HANDLE "0e000100 6e65746465767369 6d000000 0f000200 6e65746465767369 6d370000"

static void a_switch_and_its_representors_are_read(void)
{
	static const struct vf_parent parent = {"netdevsim", "netdevsim7"}, other = {"pci", "0000:01:00.0"};
	static const struct fake_round rounds[] = {
		{.question = "1700 1d010000 " HANDLE, .answer = RECORDED_ESWITCH},
		{.question = "1700 1e010000 " HANDLE " 06001900 00000000", .code = -EBUSY},
		{.question = "1700 05010000", .answer = RECORDED_PORTS, .is_dump = true},
		{.question = "1700 05010000", .answer = RECORDED_PORTS, .is_dump = true},
		{.question = "1700 05010000", .answer = RECORDED_PORTS, .is_dump = true},
	};
	uint16_t mode = 9;
	int ifindex = 0;
	struct fake fake;
	struct genl genl;

	if (!begin_genl(&fake, &genl, 0x17, ROUNDS(rounds)))
		return;
	CU_ASSERT_EQUAL(devlink_eswitch_get(&genl, &parent, &mode), 0);
	CU_ASSERT_EQUAL(mode, 1);
	CU_ASSERT_EQUAL(devlink_eswitch_set(&genl, &parent, 0), -EBUSY);
	CU_ASSERT_EQUAL(devlink_representor(&genl, &parent, 1, &ifindex), 0);
	CU_ASSERT_EQUAL(ifindex, 4);
	CU_ASSERT_EQUAL(devlink_representor(&genl, &parent, 2, &ifindex), -ENOENT);
	CU_ASSERT_EQUAL(devlink_representor(&genl, &other, 1, &ifindex), -ENOENT);
	fake_close(&fake);
}

/* ---- words ---- */

static void a_value_reads_as_the_words_that_set_it(void)
{
	static const struct {
		uint16_t attribute;
		uint64_t value;
		const char *text;
	} rows[] = {
		{NET_FEATURE_TSO, 0, "tso off"},
		{NET_FEATURE_RX_VLAN_FILTER, 1, "rx-vlan-filter on"},
		{OFFLOAD_COMBINED, 4, "combined 4"},
		{OFFLOAD_HWMODE, 1, "hwmode vepa"},
		{OFFLOAD_ESWITCH, 1, "eswitch switchdev"},
		{OFFLOAD_VF + VF_MAC, 0x0200000000ab, "mac 02:00:00:00:00:ab"},
		{OFFLOAD_VF + VF_VLAN, 10 | 3 << 16 | 0x8100ull << 32, "vlan 10 qos 3"},
		{OFFLOAD_VF + VF_VLAN, 10 | 0x88a8ull << 32, "vlan 10 qos 0 proto 802.1ad"},
		{OFFLOAD_VF + VF_VLAN, 0, "vlan 0 qos 0"},
		{OFFLOAD_VF + VF_RATE, 1 | 5ull << 32, "min_tx_rate 1 max_tx_rate 5"},
		{OFFLOAD_VF + VF_SPOOFCHK, 1, "spoofchk on"},
		{OFFLOAD_VF + VF_STATE, 2, "state disable"},
	};
	char text[OFFLOAD_TEXT];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		offload_text(rows[i].attribute, rows[i].value, text);
		CU_ASSERT_STRING_EQUAL(text, rows[i].text);
	}
	CU_ASSERT_PTR_NULL(offload_word(OFFLOAD_ATTRIBUTES));
	CU_ASSERT_PTR_NULL(offload_word(NET_FEATURE_COUNT));
}

static const struct test_case cases[] = {
	TEST(virtual_functions_are_read),
	TEST(one_that_is_not_there_is_told),
	TEST(a_parent_is_read),
	TEST(what_is_set_is_said_octet_by_octet),
	TEST(a_refusal_of_the_kernel_is_a_sentence),
	TEST(the_mode_of_a_switch_is_read_and_set),
	TEST(features_are_read_as_ethtool_has_them),
	TEST(a_switch_and_its_representors_are_read),
	TEST(a_value_reads_as_the_words_that_set_it),
	{0},
};

int test_offload_suite(void);
int test_offload_suite(void)
{
	return test_suite_add("offload", cases);
}
