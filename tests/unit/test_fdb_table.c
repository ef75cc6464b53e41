/* SPDX-License-Identifier: Apache-2.0 */
/* The filtering database from the agent's side, against a plain array that does the same; and the count of
 * overflows, which lookups go by. */
#include "datapath/fdb_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define BUCKETS 16
#define KEYS    120 /* more than fit, so that full buckets are met */
#define STEPS   200000
#define SEED    0x123456789abcdefull

static struct xbr_fdb_bucket buckets[BUCKETS];
static struct fdb_table table;

static void table_clear(uint32_t count)
{
	memset(buckets, 0, sizeof(buckets));
	table = (struct fdb_table){buckets, count, SEED};
}

static uint64_t key_of(uint32_t n)
{
	return fdb_key(0x02 | (uint64_t)n << 24, 1 + n % 3);
}

static uint32_t data_of(uint32_t n)
{
	return fdb_data(1 + n % 1000, n % 64, XBR_FDB_DYNAMIC, n % 512);
}

/* ---- what must hold at any time ---- */

static int count_slot(const struct fdb_slot *slot, void *user)
{
	CU_ASSERT_EQUAL(fdb_table_get(&table, slot->key), slot->data);
	++*(uint32_t *)user;
	return 0;
}

/* Overflow counts, made anew from the entries. */
static int count_overflow(const struct fdb_slot *slot, void *user)
{
	uint32_t *counts = user, first = fdb_first(fdb_hash(slot->key, table.seed), table.count - 1);

	if (slot->bucket != &buckets[first])
		counts[first]++;
	return 0;
}

static void check_whole(uint32_t expected)
{
	uint32_t counts[BUCKETS] = {0}, found = 0;

	CU_ASSERT_EQUAL(fdb_table_walk(&table, 0, table.count, count_slot, &found), 0);
	CU_ASSERT_EQUAL(found, expected);
	fdb_table_walk(&table, 0, table.count, count_overflow, counts);
	for (uint32_t i = 0; i < table.count; i++)
		CU_ASSERT_EQUAL(buckets[i].overflow, counts[i]);
}

/* ---- tests ---- */

static void random_operations_agree_with_a_model(void)
{
	uint32_t model[KEYS] = {0}, held = 0, before, full = 0;

	table_clear(BUCKETS);
	srandom(7);
	for (uint32_t step = 1; step <= STEPS; step++) {
		uint32_t n = (uint32_t)random() % KEYS, data = data_of(step);
		int err;

		if (random() % 5 < 3) {
			err = fdb_table_put(&table, key_of(n), data, &before);
			CU_ASSERT_TRUE(!err || (err == -ENOSPC && !model[n]));
			full += err == -ENOSPC;
			CU_ASSERT_TRUE(err || before == model[n]);
			held += !err && !model[n];
			model[n] = err ? 0 : data;
		} else {
			err = fdb_table_remove(&table, key_of(n), &before);
			CU_ASSERT_EQUAL(err, model[n] ? 0 : -ENOENT);
			CU_ASSERT_TRUE(err || before == model[n]);
			held -= !err;
			model[n] = 0;
		}
		CU_ASSERT_EQUAL(fdb_table_get(&table, key_of(n)), model[n]);
		if (step % 5000 == 0)
			check_whole(held);
	}
	for (uint32_t n = 0; n < KEYS; n++)
		CU_ASSERT_EQUAL(fdb_table_get(&table, key_of(n)), model[n]);
	CU_ASSERT_TRUE(full > 100);
}

static void two_full_buckets_refuse_and_stay_as_they_are(void)
{
	struct xbr_fdb_bucket copy[BUCKETS];
	uint32_t before, held = 0;

	table_clear(2);
	for (uint32_t n = 0; n < 2 * XBR_FDB_WAYS; n++)
		held += !fdb_table_put(&table, key_of(n), data_of(n), &before);
	CU_ASSERT_EQUAL(held, 2 * XBR_FDB_WAYS); /* two buckets, and each address may be in either */
	check_whole(held);
	memcpy(copy, buckets, sizeof(copy));
	for (uint32_t n = 100; n < 150; n++)
		CU_ASSERT_EQUAL(fdb_table_put(&table, key_of(n), data_of(n), &before), -ENOSPC);
	CU_ASSERT_EQUAL(memcmp(copy, buckets, sizeof(copy)), 0);
	CU_ASSERT_EQUAL(fdb_table_put(&table, key_of(3), data_of(77), &before), 0);
	CU_ASSERT_EQUAL(before, data_of(3));
	CU_ASSERT_EQUAL(fdb_table_remove(&table, key_of(0), &before), 0);
	CU_ASSERT_EQUAL(fdb_table_put(&table, key_of(100), data_of(100), &before), 0);
	CU_ASSERT_EQUAL(before, 0);
	check_whole(held);
}

static void what_is_not_there_is_not_removed(void)
{
	uint32_t before = 77;

	table_clear(BUCKETS);
	CU_ASSERT_EQUAL(fdb_table_remove(&table, key_of(1), &before), -ENOENT);
	CU_ASSERT_EQUAL(before, 77);
	CU_ASSERT_EQUAL(fdb_table_get(&table, key_of(1)), 0);
	check_whole(0);
}

static int find_any(const struct fdb_slot *slot, void *user)
{
	*(struct fdb_slot *)user = *slot;
	return 42;
}

static void what_changed_since_a_walk_is_left_alone(void)
{
	struct fdb_slot slot;
	uint32_t before;

	table_clear(BUCKETS);
	fdb_table_put(&table, key_of(1), data_of(1), &before);
	CU_ASSERT_EQUAL(fdb_table_walk(&table, 0, BUCKETS, find_any, &slot), 42);
	CU_ASSERT_EQUAL(slot.key, key_of(1));
	fdb_table_put(&table, key_of(1), data_of(2), &before);
	CU_ASSERT_EQUAL(fdb_table_remove_slot(&table, &slot), -EAGAIN);
	CU_ASSERT_EQUAL(fdb_table_change_slot(&slot, data_of(3)), -EAGAIN);
	CU_ASSERT_EQUAL(fdb_table_get(&table, key_of(1)), data_of(2));
	fdb_table_walk(&table, 0, BUCKETS, find_any, &slot);
	CU_ASSERT_EQUAL(fdb_table_change_slot(&slot, data_of(3)), 0);
	CU_ASSERT_EQUAL(fdb_table_get(&table, key_of(1)), data_of(3));
	CU_ASSERT_EQUAL(fdb_table_remove_slot(&table, &slot), -EAGAIN);
	slot.data = data_of(3);
	CU_ASSERT_EQUAL(fdb_table_remove_slot(&table, &slot), 0);
	check_whole(0);
}

/* The slot was emptied, and another address with the same data moved in. */
static void a_slot_that_has_a_new_owner_is_left_alone(void)
{
	struct fdb_slot slot;
	uint32_t before;

	table_clear(2);
	fdb_table_put(&table, key_of(1), data_of(1), &before);
	fdb_table_walk(&table, 0, 2, find_any, &slot);
	*(uint64_t *)(void *)&slot.bucket->key[slot.way] = key_of(2);
	CU_ASSERT_EQUAL(fdb_table_remove_slot(&table, &slot), -EAGAIN);
	CU_ASSERT_EQUAL(*(uint64_t *)(void *)&slot.bucket->key[slot.way], key_of(2));
	CU_ASSERT_EQUAL(*(uint32_t *)(void *)&slot.bucket->data[slot.way], data_of(1));
}

static void a_walk_keeps_to_its_part(void)
{
	uint32_t before, whole = 0, parts = 0, beyond = 0;

	table_clear(BUCKETS);
	for (uint32_t n = 0; n < 30; n++)
		fdb_table_put(&table, key_of(n), data_of(n), &before);
	fdb_table_walk(&table, 0, UINT32_MAX, count_slot, &whole);
	for (uint32_t from = 0; from < BUCKETS; from += 3)
		fdb_table_walk(&table, from, 3, count_slot, &parts);
	fdb_table_walk(&table, BUCKETS, 1, count_slot, &beyond);
	CU_ASSERT_EQUAL(whole, 30);
	CU_ASSERT_EQUAL(parts, 30);
	CU_ASSERT_EQUAL(beyond, 0);
}

/* An agent that died in the middle of removals, of both kinds of step. */
static int leave_busy(const struct fdb_slot *slot, void *user)
{
	uint32_t *left = user;

	if (*left == 0)
		return 1;
	*(uint32_t *)(void *)&slot->bucket->data[slot->way] =
		fdb_data(0, 0, *left % 2 ? XBR_FDB_BUSY : XBR_FDB_NONE, 0);
	--*left;
	return 0;
}

static void repair_finishes_removals(void)
{
	uint32_t before, held = 0, left = 20;

	table_clear(BUCKETS);
	for (uint32_t n = 0; n < 70; n++)
		held += !fdb_table_put(&table, key_of(n), data_of(n), &before);
	fdb_table_walk(&table, 0, BUCKETS, leave_busy, &left);
	fdb_table_repair(&table);
	check_whole(held - 20);
	for (uint32_t n = 0; n < KEYS; n++)
		CU_ASSERT_NOT_EQUAL(fdb_data_kind(fdb_table_get(&table, key_of(n))), XBR_FDB_BUSY);
	for (uint32_t i = 0; i < BUCKETS; i++)
		for (uint32_t way = 0; way < XBR_FDB_WAYS; way++)
			CU_ASSERT_TRUE(*(uint64_t *)(void *)&buckets[i].key[way] ||
				       !*(uint32_t *)(void *)&buckets[i].data[way]);
}

static void a_table_has_a_bucket_for_each_address(void)
{
	static const uint32_t sizes[] = {1, 64, 1000, 131072, 1000000, 16777216};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t count = fdb_table_buckets_for(sizes[i]);

		CU_ASSERT_EQUAL(count & (count - 1), 0);
		CU_ASSERT_TRUE(count >= 2 && count >= sizes[i]);
		CU_ASSERT_TRUE(count == 2 || count / 2 < sizes[i]);
	}
}

static void keys_and_data_keep_their_parts(void)
{
	for (uint32_t n = 0; n < 10000; n += 7) {
		uint32_t data = fdb_data(n & FDB_PORT_MASK, n & FDB_GENERATION_MASK, n & FDB_KIND_MASK,
					 n & FDB_AGE_MASK);
		uint64_t key = fdb_key(0xffeeddccbbaaull - n, 65535 - n);

		CU_ASSERT_EQUAL(fdb_data_port(data), n & FDB_PORT_MASK);
		CU_ASSERT_EQUAL(fdb_data_generation(data), n & FDB_GENERATION_MASK);
		CU_ASSERT_EQUAL(fdb_data_kind(data), n & FDB_KIND_MASK);
		CU_ASSERT_EQUAL(fdb_data_age(data), n & FDB_AGE_MASK);
		CU_ASSERT_EQUAL(fdb_key_mac(key), 0xffeeddccbbaaull - n);
		CU_ASSERT_EQUAL(fdb_key_fid(key), 65535 - n);
		CU_ASSERT_NOT_EQUAL(fdb_first(fdb_hash(key, SEED), 1023),
				    fdb_second(fdb_hash(key, SEED), 1023));
	}
}

static const struct test_case cases[] = {
	TEST(random_operations_agree_with_a_model),
	TEST(two_full_buckets_refuse_and_stay_as_they_are),
	TEST(what_is_not_there_is_not_removed),
	TEST(what_changed_since_a_walk_is_left_alone),
	TEST(a_slot_that_has_a_new_owner_is_left_alone),
	TEST(a_walk_keeps_to_its_part),
	TEST(repair_finishes_removals),
	TEST(a_table_has_a_bucket_for_each_address),
	TEST(keys_and_data_keep_their_parts),
	{NULL, NULL},
};

int test_fdb_table_suite(void);
int test_fdb_table_suite(void)
{
	return test_suite_add("fdb_table", cases);
}
