// SPDX-License-Identifier: Apache-2.0
/*
 * What the switch of a NIC is offered, octet by octet, and what is made of its answers: no such NIC is
 * needed. Questions are laid out as <linux/pkt_cls.h> and <linux/rtnetlink.h> say, the answer as the kernel's
 * fl_dump() writes it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#include "net/flower.h"
#include "net/rtnl_internal.h"
#include "netlink_fake.h"
#include "test.h"

#define ROUNDS(rounds) rounds, sizeof(rounds) / sizeof((rounds)[0])

/* struct tcmsg: device 2, a handle, clsact's ingress, priority and protocol; TCA_KIND "flower". */
#define FLOWER(type, handle, info)                                                                           \
	type " 00000000 02000000 " handle " f2ffffff " info " 0b000100 666c6f77657200 00 "

/* TCA_FLOWER_ACT with one action: "gact" with TC_ACT_SHOT; "mirred" with TC_ACT_STOLEN, TCA_EGRESS_REDIR,
 * device 3. */
#define DROP                                                                                                 \
	"30000380 2c000180 09000100 67616374 00000000 1c000280 18000200 00000000 00000000 02000000 "         \
	"00000000 00000000"
#define REDIRECT                                                                                             \
	"38000380 34000180 0b000100 6d6972726564 0000 24000280 20000200 00000000 00000000 04000000 "         \
	"00000000 00000000 01000000 03000000"

static bool begin(struct fake *fake, struct rtnl *rtnl, const struct fake_round *rounds, unsigned int count)
{
	if (!fake_open(fake, rounds, count)) {
		CU_FAIL("fake_open");
		return false;
	}
	*rtnl = (struct rtnl){.requests = fake->netlink};
	return true;
}

/* deny ip_proto tcp src_ip 10.1.0.0/16 dst_port 25 */
static const struct flower_filter mail = {
	.priority = FLOWER_FIRST,
	.handle = 1,
	.value = {.eth_type_be = 0x0008, .proto = IPPROTO_TCP, .src_ip = {10, 1}, .dst_port_be = 0x1900},
	.mask = {.eth_type_be = 0xffff, .proto = 0xff, .src_ip = {0xff, 0xff}, .dst_port_be = 0xffff},
};

static const struct flower_filter pair = {
	.priority = FLOWER_REDIRECT,
	.handle = 7,
	.redirect = 3,
	.value = {.dst_mac = {2, 0, 0, 0, 2, 2}, .src_mac = {2, 0, 0, 0, 1, 1}},
	.mask = {.dst_mac = {255, 255, 255, 255, 255, 255}, .src_mac = {255, 255, 255, 255, 255, 255}},
};

static void what_is_offered_is_said_octet_by_octet(void)
{
	static const struct fake_round rounds[] = {
		{.question = "2400 00000000 02000000 0000ffff f1ffffff 00000000 0b000100 636c7361637400 00",
		 .code = -EEXIST},
		{.question =
			 FLOWER("2c00", "01000000", "08000078") "6c000280 08001600 02000000 "
								"06000800 08000000 05000900 06000000 "
								"08000a00 0a010000 08000b00 ffff0000 "
								"06001300 00190000 06002400 ffff0000 " DROP},
		{.question =
			 FLOWER("2c00", "07000000",
				"00034078") "74000280 08001600 02000000 "
					    "0a000400 020000000202 0000 0a000500 ffffffffffff 0000 "
					    "0a000600 020000000101 0000 0a000700 ffffffffffff 0000 " REDIRECT,
		 .code = -EOPNOTSUPP},
		{.question = FLOWER("2d00", "01000000", "08000078")},
	};
	struct fake fake;
	struct rtnl rtnl;

	if (!begin(&fake, &rtnl, ROUNDS(rounds)))
		return;
	CU_ASSERT_EQUAL(flower_begin(&rtnl, 2), -EEXIST);
	CU_ASSERT_EQUAL(flower_add(&rtnl, 2, &mail), 0);
	CU_ASSERT_EQUAL(flower_add(&rtnl, 2, &pair), -EOPNOTSUPP);
	CU_ASSERT_EQUAL(flower_del(&rtnl, 2, &mail), 0);
	fake_close(&fake);
}

struct read {
	uint32_t filters, priority, handle;
	struct flower_count count;
};

static void note(uint32_t priority, uint32_t handle, const struct flower_count *count, void *user)
{
	struct read *read = user;

	*read = (struct read){read->filters + 1, priority, handle, *count};
}

/* The priority as such, one of somebody else's, and ours with 10 frames of 640 octets. */
static void counts_are_read_of_what_is_ours(void)
{
	static const struct fake_round rounds[] = {
		{.question = "2e00 00000000 02000000 00000000 f2ffffff 00000000",
		 .is_dump = true,
		 .answer = "30000000 2c000200 00000000 00000000 00000000 02000000 00000000 f2ffffff 08000078 "
			   "0b000100 666c6f77657200 00 "
			   "30000000 2c000200 00000000 00000000 00000000 02000000 01000000 f2ffffff 08000100 "
			   "0b000100 666c6f77657200 00 "
			   "54000000 2c000200 00000000 00000000 00000000 02000000 01000000 f2ffffff 08000078 "
			   "0b000100 666c6f77657200 00 24000200 20000300 1c000100 18000400 "
			   "14000100 8002000000000000 0a000000 00000000"},
	};
	struct read read = {0};
	struct fake fake;
	struct rtnl rtnl;

	if (!begin(&fake, &rtnl, ROUNDS(rounds)))
		return;
	CU_ASSERT_EQUAL(flower_each(&rtnl, 2, note, &read), 0);
	CU_ASSERT_EQUAL(read.filters, 1);
	CU_ASSERT_EQUAL(read.priority, FLOWER_FIRST);
	CU_ASSERT_EQUAL(read.handle, 1);
	CU_ASSERT_EQUAL(read.count.frames, 10);
	CU_ASSERT_EQUAL(read.count.octets, 640);
	fake_close(&fake);
}

int test_flower_suite(void)
{
	static const struct test_case cases[] = {
		TEST(what_is_offered_is_said_octet_by_octet),
		TEST(counts_are_read_of_what_is_ours),
		{NULL, NULL},
	};

	return test_suite_add("flower", cases);
}
