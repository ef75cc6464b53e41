// SPDX-License-Identifier: Apache-2.0
/*
 * The pipeline in the host build: what rows (tests/bpf/rows.c) cannot show, because it takes time, many
 * frames, or two CPUs in the middle of a change. Those are played step by step here, with the primitives of
 * bpf/fdb.h; tests/bpf/test_concurrency.c lets them run for real.
 */
#include <string.h>

#include "host.h"
#include "pipeline.h"
#include "test.h"

#define BRIDGE        1
#define FID           7
#define BUCKETS       16
#define PORT_CAP      30
#define AGEING_EPOCHS 10
#define EPOCH_SHIFT   4
#define EPOCH         (1u << EPOCH_SHIFT) /* jiffies */

#define BROADCAST MAC_BROADCAST

/* ---- a bridge of four ports; the device of port n has ifindex n ---- */

static void setup(void)
{
	host_reset();
	settings = (struct xbr_settings){.fdb_seed = 99,
					 .fdb_mask = BUCKETS - 1,
					 .fdb_port_cap = PORT_CAP,
					 .trace = 1,
					 .redirect_max = ~0u,
					 .features = XBR_FEATURES_ALL};
	host.bridges[BRIDGE] = (struct xbr_bridge){
		.ifindex = 1, .fid = FID, .epoch_shift = EPOCH_SHIFT, .ageing_epochs = AGEING_EPOCHS};
	host.flood[FID].count = 4;
	for (__u32 n = 1; n <= 4; n++) {
		host.ports[n] = (struct xbr_port){.ifindex = n,
						  .bridge = BRIDGE,
						  .state = XBR_STATE_FORWARDING,
						  .flags = XBR_PORT_DEFAULT_FLAGS};
		host.port_of[n] = n;
		host.flood[FID].port[n - 1] = n;
	}
}

/* The n-th station. */
static __u64 station(__u32 n)
{
	return 0x02 | (__u64)n << 16;
}

static struct host_outcome send(__u32 port, __u64 dst, __u64 src)
{
	__u8 bytes[64] = {};
	struct host_outcome outcome;

	memcpy(bytes, &dst, 6);
	memcpy(bytes + 6, &src, 6);
	host_frame(bytes, sizeof(bytes), port, 0, &outcome);
	return outcome;
}

/* The port that a frame for this station leaves by; 0: flooded. */
static __u32 port_of_station(__u32 n)
{
	struct host_outcome outcome = send(4, station(n), station(999));

	return outcome.frame.verdict == XBR_VERDICT_FORWARD ? outcome.frame.out : 0;
}

static __u64 count(__u32 port, enum xbr_reason reason)
{
	return host_counters[port].reason[reason];
}

/* An address as two CPUs come upon it. */
struct address {
	__u64 key;
	__u64 hash;
	struct xbr_fdb_bucket *first;
	struct xbr_fdb_bucket *second;
};

static struct address address_of(__u32 n)
{
	struct address a = {.key = fdb_key(station(n), FID)};

	a.hash = fdb_hash(a.key, settings.fdb_seed);
	a.first = fdb_bucket(fdb_first(a.hash, settings.fdb_mask));
	a.second = fdb_bucket(fdb_second(a.hash, settings.fdb_mask));
	return a;
}

static void fill_bucket(struct xbr_fdb_bucket *bucket)
{
	for (__u32 way = 0; way < XBR_FDB_WAYS; way++) {
		*fdb_key_word(bucket, way) = fdb_key(0x0600 + way, FID);
		*fdb_data_word(bucket, way) = fdb_data(3, 0, XBR_FDB_STATIC, 0);
	}
}

static unsigned int slots_of(__u64 key)
{
	unsigned int slots = 0;

	for (__u32 b = 0; b < BUCKETS; b++)
		for (__u32 way = 0; way < XBR_FDB_WAYS; way++)
			slots += *fdb_key_word(&host.fdb[b], way) == key;
	return slots;
}

/* ---- two CPUs ---- */

static void two_cpus_that_learn_one_address_share_its_slot(void)
{
	bool mine = false, others = false;
	struct address a;
	__u32 *one, *other;

	setup();
	a = address_of(1);
	CU_ASSERT_PTR_NULL(fdb_find(a.first, a.key, a.hash)); /* both have looked, and found nothing */
	one = fdb_claim(a.first, a.key, a.hash, &mine);
	other = fdb_claim(a.first, a.key, a.hash, &others);
	CU_ASSERT_PTR_NOT_NULL(one);
	CU_ASSERT_PTR_EQUAL(one, other);
	CU_ASSERT_TRUE(mine && !others);
	CU_ASSERT_EQUAL(slots_of(a.key), 1);
}

static void two_cpus_share_a_slot_of_the_second_bucket(void)
{
	bool mine = false, others = false;
	struct address a;
	__u32 *one, *other;

	setup();
	a = address_of(1);
	fill_bucket(a.first);
	one = fdb_claim(a.first, a.key, a.hash, &mine);
	other = fdb_claim(a.first, a.key, a.hash, &others);
	CU_ASSERT_PTR_NOT_NULL(one);
	CU_ASSERT_PTR_EQUAL(one, other);
	CU_ASSERT_TRUE(mine && !others);
	CU_ASSERT_EQUAL(slots_of(a.key), 1);
	CU_ASSERT_EQUAL(a.first->overflow, 1);
}

static void of_two_cpus_with_one_slot_the_slower_gives_back_its_room(void)
{
	struct frame f = {.in = 2, .fid = FID};
	struct learn_room room = {&host.port_live[2], &host.bridge_live[BRIDGE]};
	bool claimed = false;
	struct address a;
	__u32 *data;

	setup();
	a = address_of(1);
	room.port->learned = room.bridge->learned = 1; /* taken by the slower one before it claims */
	data = fdb_claim(a.first, a.key, a.hash, &claimed);
	*data = fdb_data(1, 0, XBR_FDB_DYNAMIC, 0); /* the quicker one */
	learn_fill(&f, a.key, data, 0, fdb_data(2, 0, XBR_FDB_DYNAMIC, 0), &room);
	CU_ASSERT_EQUAL(room.port->learned, 0);
	CU_ASSERT_EQUAL(room.bridge->learned, 0);
	CU_ASSERT_EQUAL(fdb_data_port(*data), 1);
	CU_ASSERT_EQUAL(count(2, XBR_REASON_learned), 0);
}

/* Were it filled by another, and emptied by the agent before its claimer goes on, data would be left under no
 * key. */
static void a_slot_is_filled_by_whoever_claimed_it(void)
{
	__u32 want = fdb_data(1, 0, XBR_FDB_DYNAMIC, fdb_epoch(&host.bridges[BRIDGE]));
	bool claimed = false;
	struct address a;
	__u32 *data;

	setup();
	a = address_of(1);
	data = fdb_claim(a.first, a.key, a.hash, &claimed); /* and its CPU is slow */
	CU_ASSERT_TRUE(claimed);
	send(2, BROADCAST, station(1));
	CU_ASSERT_EQUAL(port_of_station(1), 0);
	CU_ASSERT_EQUAL(host.port_live[2].learned, 0);
	CU_ASSERT_TRUE(fdb_swap(data, 0, want));
	CU_ASSERT_EQUAL(port_of_station(1), 1);
	CU_ASSERT_EQUAL(slots_of(a.key), 1);
}

static void overflow_is_exact_when_the_second_bucket_is_full_too(void)
{
	bool claimed = false;
	struct address a;

	setup();
	a = address_of(1);
	fill_bucket(a.first);
	fill_bucket(a.second);
	CU_ASSERT_PTR_NULL(fdb_claim(a.first, a.key, a.hash, &claimed));
	CU_ASSERT_FALSE(claimed);
	CU_ASSERT_EQUAL(a.first->overflow, 0);
	send(1, BROADCAST, station(1));
	CU_ASSERT_EQUAL(count(1, XBR_REASON_learn_full), 1);
	CU_ASSERT_EQUAL(host.port_live[1].learned, 0);
	CU_ASSERT_EQUAL(host.bridge_live[BRIDGE].learned, 0);
	CU_ASSERT_EQUAL(a.first->overflow, 0);
}

static void the_second_bucket_is_looked_at_only_after_an_overflow(void)
{
	struct address a;

	setup();
	a = address_of(1);
	fill_bucket(a.first);
	send(1, BROADCAST, station(1));
	CU_ASSERT_EQUAL(a.first->overflow, 1);
	CU_ASSERT_PTR_NOT_NULL(fdb_bucket_find(a.second, a.key));
	CU_ASSERT_EQUAL(port_of_station(1), 1);
	a.first->overflow = 0;
	CU_ASSERT_EQUAL(port_of_station(1), 0);
}

/* ---- a CPU and the agent ---- */

#define BUSY fdb_data(0, 0, XBR_FDB_BUSY, 0)

static void a_refresh_that_comes_first_defeats_a_removal(void)
{
	__u32 *data, seen;
	struct address a;

	setup();
	a = address_of(1);
	send(1, BROADCAST, station(1));
	data = fdb_find(a.first, a.key, a.hash);
	seen = *data; /* by the agent */
	host.jiffies += EPOCH;
	send(1, BROADCAST, station(1));
	CU_ASSERT_FALSE(fdb_swap(data, seen, BUSY));
	CU_ASSERT_EQUAL(port_of_station(1), 1);
}

static void a_frame_leaves_a_slot_alone_that_is_taken_apart(void)
{
	__u32 *data;
	struct address a;

	setup();
	a = address_of(1);
	send(1, BROADCAST, station(1));
	data = fdb_find(a.first, a.key, a.hash);
	CU_ASSERT_TRUE(fdb_swap(data, *data, BUSY));
	CU_ASSERT_EQUAL(port_of_station(1), 0);
	send(2, BROADCAST, station(1));
	CU_ASSERT_EQUAL(*data, BUSY);
	CU_ASSERT_EQUAL(count(2, XBR_REASON_learned) + count(2, XBR_REASON_moved), 0);
}

static void an_address_whose_slot_is_half_cleared_is_learned_by_its_next_frame(void)
{
	__u32 *data;
	struct address a;

	setup();
	a = address_of(1);
	send(1, BROADCAST, station(1));
	data = fdb_find(a.first, a.key, a.hash);
	host.port_live[1].learned = host.bridge_live[BRIDGE].learned = 0;
	*data = 0; /* the agent has cleared the data, not yet the key */
	send(2, BROADCAST, station(1));
	CU_ASSERT_EQUAL(host.port_live[2].learned, 0);
	CU_ASSERT_EQUAL(slots_of(a.key), 1);
	*fdb_key_word(a.first, 0) = 0; /* now it has */
	send(2, BROADCAST, station(1));
	CU_ASSERT_EQUAL(port_of_station(1), 2);
	CU_ASSERT_EQUAL(host.port_live[2].learned, 1);
	CU_ASSERT_EQUAL(slots_of(a.key), 1);
}

/* ---- limits ---- */

static void send_many(__u32 port, __u32 first, __u32 last)
{
	for (__u32 n = first; n <= last; n++)
		send(port, BROADCAST, station(n));
}

static void a_port_holds_no_more_than_its_limit(void)
{
	setup();
	host.ports[1].fdb_max_learned = 8;
	send_many(1, 1, 20);
	CU_ASSERT_EQUAL(host.port_live[1].learned, 8);
	CU_ASSERT_EQUAL(count(1, XBR_REASON_learned), 8);
	CU_ASSERT_EQUAL(count(1, XBR_REASON_learn_limit_port), 12);
	send_many(2, 100, 104);
	CU_ASSERT_EQUAL(host.port_live[2].learned, 5);
}

static void a_bridge_holds_no_more_than_its_limit(void)
{
	setup();
	host.bridges[BRIDGE].fdb_max_learned = 8;
	send_many(1, 1, 6);
	send_many(2, 7, 12);
	CU_ASSERT_EQUAL(host.bridge_live[BRIDGE].learned, 8);
	CU_ASSERT_EQUAL(host.port_live[1].learned, 6);
	CU_ASSERT_EQUAL(host.port_live[2].learned, 2);
	CU_ASSERT_EQUAL(count(2, XBR_REASON_learn_limit_bridge), 4);
}

static void one_port_cannot_fill_the_table(void)
{
	setup();
	send_many(2, 1000, 1003);
	send_many(1, 1, 500);
	CU_ASSERT_EQUAL(host.port_live[1].learned, PORT_CAP);
	CU_ASSERT_TRUE(count(1, XBR_REASON_learn_full) >= 500 - PORT_CAP);
	CU_ASSERT_EQUAL(host.port_live[2].learned, 4);
	for (__u32 n = 1000; n <= 1003; n++)
		CU_ASSERT_EQUAL(port_of_station(n), 2);
}

static void what_is_held_is_what_the_table_has_after_many_moves(void)
{
	__u32 held[5] = {};

	setup();
	for (__u32 i = 0; i < 10000; i++)
		send(1 + i * 7 % 3, BROADCAST, station(i * 31 % 40));
	for (__u32 i = 0; i < BUCKETS * XBR_FDB_WAYS; i++)
		if (host.fdb[i / XBR_FDB_WAYS].data[i % XBR_FDB_WAYS].kind == XBR_FDB_DYNAMIC)
			held[host.fdb[i / XBR_FDB_WAYS].data[i % XBR_FDB_WAYS].port]++;
	for (__u32 port = 1; port <= 3; port++)
		CU_ASSERT_EQUAL(host.port_live[port].learned, held[port]);
	CU_ASSERT_EQUAL(host.bridge_live[BRIDGE].learned, held[1] + held[2] + held[3]);
	CU_ASSERT_TRUE(count(1, XBR_REASON_moved) > 0);
}

/* ---- time ---- */

static void an_address_ages_out_unless_it_speaks(void)
{
	setup();
	send(1, BROADCAST, station(1));
	send(2, BROADCAST, station(2));
	for (__u32 epoch = 0; epoch <= AGEING_EPOCHS; epoch++) {
		CU_ASSERT_EQUAL(port_of_station(1), 1);
		host.jiffies += EPOCH;
		send(2, BROADCAST, station(2));
	}
	CU_ASSERT_EQUAL(port_of_station(1), 0);
	CU_ASSERT_EQUAL(port_of_station(2), 2);
}

static void an_address_is_written_once_an_epoch(void)
{
	struct address a;
	__u32 *data, before;

	setup();
	a = address_of(1);
	send(1, BROADCAST, station(1));
	data = fdb_find(a.first, a.key, a.hash);
	before = *data;
	host.jiffies += EPOCH - 1;
	send(1, BROADCAST, station(1));
	CU_ASSERT_EQUAL(*data, before);
	host.jiffies += 1;
	send(1, BROADCAST, station(1));
	CU_ASSERT_EQUAL(fdb_data_age(*data), fdb_data_age(before) + 1);
}

static void ages_go_on_where_their_nine_bits_end(void)
{
	setup();
	host.jiffies = (__u64)EPOCH * FDB_AGE_MASK; /* the last epoch before 0 */
	send(1, BROADCAST, station(1));
	host.jiffies += (__u64)EPOCH * AGEING_EPOCHS;
	CU_ASSERT_EQUAL(port_of_station(1), 1);
	host.jiffies += EPOCH;
	CU_ASSERT_EQUAL(port_of_station(1), 0);
}

static void an_expired_address_that_speaks_again_is_known_again(void)
{
	setup();
	send(1, BROADCAST, station(1));
	host.jiffies += (__u64)EPOCH * (AGEING_EPOCHS + 5);
	CU_ASSERT_EQUAL(port_of_station(1), 0);
	send(1, BROADCAST, station(1));
	CU_ASSERT_EQUAL(port_of_station(1), 1);
	CU_ASSERT_EQUAL(host.port_live[1].learned, 1);
}

/* ---- flushing ---- */

static void a_new_generation_voids_all_that_a_port_learned_and_nothing_else(void)
{
	setup();
	send_many(1, 1, 8);
	send_many(2, 11, 14);
	host.ports[1].generation = 1;
	for (__u32 n = 1; n <= 8; n++)
		CU_ASSERT_EQUAL(port_of_station(n), 0);
	for (__u32 n = 11; n <= 14; n++)
		CU_ASSERT_EQUAL(port_of_station(n), 2);
}

static void a_flushed_address_takes_its_old_slot_when_it_speaks(void)
{
	struct address a;

	setup();
	a = address_of(1);
	send(1, BROADCAST, station(1));
	host.ports[1].generation = 63; /* the last of six bits */
	host.port_live[1].learned = host.bridge_live[BRIDGE].learned = 0;
	send(2, BROADCAST, station(1));
	CU_ASSERT_EQUAL(port_of_station(1), 2);
	CU_ASSERT_EQUAL(slots_of(a.key), 1);
	CU_ASSERT_EQUAL(host.port_live[1].learned, 0);
	CU_ASSERT_EQUAL(host.port_live[2].learned, 1);
	CU_ASSERT_EQUAL(count(2, XBR_REASON_learned), 1);
	CU_ASSERT_EQUAL(count(2, XBR_REASON_moved), 0);
}

/* ---- events ---- */

static void learning_and_moving_are_told_when_asked_for(void)
{
	setup();
	send(1, BROADCAST, station(1));
	CU_ASSERT_EQUAL(host.events, 0);
	host.switches.events = 1;
	send(1, BROADCAST, station(2));
	CU_ASSERT_EQUAL(host.events, 1);
	CU_ASSERT_EQUAL(host.last_event.key, fdb_key(station(2), FID));
	CU_ASSERT_EQUAL(host.last_event.old_data, 0);
	send(3, BROADCAST, station(2));
	CU_ASSERT_EQUAL(host.events, 2);
	CU_ASSERT_EQUAL(fdb_data_port(host.last_event.old_data), 1);
	CU_ASSERT_EQUAL(fdb_data_port(host.last_event.new_data), 3);
}

static void a_refresh_is_not_told(void)
{
	setup();
	host.switches.events = 1;
	send(1, BROADCAST, station(1));
	host.jiffies += EPOCH;
	send(1, BROADCAST, station(1));
	CU_ASSERT_EQUAL(host.events, 1);
}

/* ---- the two buckets ---- */

static void an_address_has_two_different_buckets(void)
{
	for (__u32 n = 0; n < 100000; n++) {
		__u64 hash = fdb_hash(fdb_key(station(n), FID), 5);

		if (fdb_first(hash, 1) == fdb_second(hash, 1) ||
		    fdb_first(hash, 1023) == fdb_second(hash, 1023))
			CU_FAIL("the second choice is the first");
	}
}

int test_pipeline_suite(void)
{
	static const struct test_case cases[] = {
		TEST(two_cpus_that_learn_one_address_share_its_slot),
		TEST(two_cpus_share_a_slot_of_the_second_bucket),
		TEST(of_two_cpus_with_one_slot_the_slower_gives_back_its_room),
		TEST(a_slot_is_filled_by_whoever_claimed_it),
		TEST(overflow_is_exact_when_the_second_bucket_is_full_too),
		TEST(the_second_bucket_is_looked_at_only_after_an_overflow),
		TEST(a_refresh_that_comes_first_defeats_a_removal),
		TEST(a_frame_leaves_a_slot_alone_that_is_taken_apart),
		TEST(an_address_whose_slot_is_half_cleared_is_learned_by_its_next_frame),
		TEST(a_port_holds_no_more_than_its_limit),
		TEST(a_bridge_holds_no_more_than_its_limit),
		TEST(one_port_cannot_fill_the_table),
		TEST(what_is_held_is_what_the_table_has_after_many_moves),
		TEST(an_address_ages_out_unless_it_speaks),
		TEST(an_address_is_written_once_an_epoch),
		TEST(ages_go_on_where_their_nine_bits_end),
		TEST(an_expired_address_that_speaks_again_is_known_again),
		TEST(a_new_generation_voids_all_that_a_port_learned_and_nothing_else),
		TEST(a_flushed_address_takes_its_old_slot_when_it_speaks),
		TEST(learning_and_moving_are_told_when_asked_for),
		TEST(a_refresh_is_not_told),
		TEST(an_address_has_two_different_buckets),
		{NULL, NULL},
	};

	return test_suite_add("pipeline", cases);
}
