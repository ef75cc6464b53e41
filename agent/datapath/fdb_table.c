// SPDX-License-Identifier: Apache-2.0
#include "datapath/fdb_table.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRIES 8

static uint64_t *key_word(struct xbr_fdb_bucket *bucket, uint32_t way)
{
	return (uint64_t *)(void *)&bucket->key[way];
}

static uint32_t *data_word(struct xbr_fdb_bucket *bucket, uint32_t way)
{
	return (uint32_t *)(void *)&bucket->data[way];
}

static bool swap_data(uint32_t *word, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(word, &from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

uint32_t fdb_table_buckets_for(uint32_t addresses)
{
	uint32_t buckets = 2;

	while (buckets < addresses && buckets < 1u << 28)
		buckets <<= 1;
	return buckets;
}

/* ---- one address ---- */

struct home {
	struct xbr_fdb_bucket *first;
	struct xbr_fdb_bucket *second;
};

static struct home home_of(const struct fdb_table *table, uint64_t key)
{
	uint64_t hash = fdb_hash(key, table->seed);

	return (struct home){
		.first = &table->buckets[fdb_first(hash, table->count - 1)],
		.second = &table->buckets[fdb_second(hash, table->count - 1)],
	};
}

static bool bucket_find(struct xbr_fdb_bucket *bucket, uint64_t key, struct fdb_slot *ret_slot)
{
	for (uint32_t way = 0; way < XBR_FDB_WAYS; way++) {
		if (__atomic_load_n(key_word(bucket, way), __ATOMIC_SEQ_CST) != key)
			continue;
		*ret_slot = (struct fdb_slot){bucket, way, key,
					      __atomic_load_n(data_word(bucket, way), __ATOMIC_SEQ_CST)};
		return true;
	}
	return false;
}

static bool table_find(const struct fdb_table *table, uint64_t key, struct fdb_slot *ret_slot)
{
	struct home home = home_of(table, key);

	return bucket_find(home.first, key, ret_slot) ||
	       (home.first->overflow && bucket_find(home.second, key, ret_slot));
}

/* As fdb_bucket_claim() of bpf/fdb.h: the key's own slot too, where a frame taught the address in this
 * moment. *ret_claimed: the slot was free until now. */
static bool bucket_claim(struct xbr_fdb_bucket *bucket, uint64_t key, struct fdb_slot *ret_slot,
			 bool *ret_claimed)
{
	for (uint32_t way = 0; way < XBR_FDB_WAYS; way++) {
		uint64_t had = 0;

		*ret_claimed = __atomic_compare_exchange_n(key_word(bucket, way), &had, key, false,
							   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
		if (!*ret_claimed && had != key)
			continue;
		*ret_slot = (struct fdb_slot){bucket, way, key,
					      __atomic_load_n(data_word(bucket, way), __ATOMIC_SEQ_CST)};
		return true;
	}
	return false;
}

static bool table_claim(struct fdb_table *table, uint64_t key, struct fdb_slot *ret_slot)
{
	struct home home = home_of(table, key);
	bool claimed = false;
	bool found;

	if (bucket_claim(home.first, key, ret_slot, &claimed))
		return true;
	__atomic_fetch_add(&home.first->overflow, 1, __ATOMIC_SEQ_CST);
	found = bucket_claim(home.second, key, ret_slot, &claimed);
	if (!claimed)
		__atomic_fetch_sub(&home.first->overflow, 1, __ATOMIC_SEQ_CST);
	return found;
}

void fdb_table_expect(const struct fdb_table *table, uint64_t key)
{
	__builtin_prefetch(home_of(table, key).first, 1);
}

uint32_t fdb_table_get(const struct fdb_table *table, uint64_t key)
{
	struct fdb_slot slot;

	return table_find(table, key, &slot) ? slot.data : 0;
}

int fdb_table_put(struct fdb_table *table, uint64_t key, uint32_t data, uint32_t *ret_before)
{
	struct fdb_slot slot;

	for (int i = 0; i < TRIES; i++) {
		if (!table_find(table, key, &slot) && !table_claim(table, key, &slot))
			return -ENOSPC;
		if (!swap_data(data_word(slot.bucket, slot.way), slot.data, data))
			continue;
		*ret_before = slot.data;
		return 0;
	}
	return -EAGAIN;
}

/* ---- removal ---- */

/* The slot's data is BUSY: it is ours. Data first: a slot is free as soon as its key is 0, and then has none.
 */
static void clear_busy(struct fdb_table *table, const struct fdb_slot *slot)
{
	struct home home = home_of(table, slot->key);

	__atomic_store_n(data_word(slot->bucket, slot->way), 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(key_word(slot->bucket, slot->way), 0, __ATOMIC_SEQ_CST);
	if (slot->bucket != home.first)
		__atomic_fetch_sub(&home.first->overflow, 1, __ATOMIC_SEQ_CST);
}

int fdb_table_remove_slot(struct fdb_table *table, const struct fdb_slot *slot)
{
	uint32_t busy = fdb_data(0, 0, XBR_FDB_BUSY, 0);

	if (!swap_data(data_word(slot->bucket, slot->way), slot->data, busy))
		return -EAGAIN;
	if (__atomic_load_n(key_word(slot->bucket, slot->way), __ATOMIC_SEQ_CST) != slot->key) {
		/* taken apart and claimed anew by another address since the walk saw it */
		__atomic_store_n(data_word(slot->bucket, slot->way), slot->data, __ATOMIC_SEQ_CST);
		return -EAGAIN;
	}
	clear_busy(table, slot);
	return 0;
}

int fdb_table_change_slot(const struct fdb_slot *slot, uint32_t data)
{
	return swap_data(data_word(slot->bucket, slot->way), slot->data, data) ? 0 : -EAGAIN;
}

int fdb_table_remove(struct fdb_table *table, uint64_t key, uint32_t *ret_before)
{
	struct fdb_slot slot;

	for (int i = 0; i < TRIES; i++) {
		if (!table_find(table, key, &slot) || fdb_data_kind(slot.data) == XBR_FDB_NONE)
			return -ENOENT;
		if (fdb_table_remove_slot(table, &slot))
			continue;
		*ret_before = slot.data;
		return 0;
	}
	return -EAGAIN;
}

/* ---- the whole table ---- */

static int bucket_walk(struct xbr_fdb_bucket *bucket, int (*visit)(const struct fdb_slot *slot, void *user),
		       void *user)
{
	struct fdb_slot slot = {.bucket = bucket};
	int ret = 0;

	for (slot.way = 0; !ret && slot.way < XBR_FDB_WAYS; slot.way++) {
		slot.key = __atomic_load_n(key_word(bucket, slot.way), __ATOMIC_RELAXED);
		if (!slot.key)
			continue;
		slot.data = __atomic_load_n(data_word(bucket, slot.way), __ATOMIC_RELAXED);
		ret = visit(&slot, user);
	}
	return ret;
}

int fdb_table_walk(const struct fdb_table *table, uint32_t from, uint32_t count,
		   int (*visit)(const struct fdb_slot *slot, void *user), void *user)
{
	uint64_t end = (uint64_t)from + count;
	int ret = 0;

	if (end > table->count)
		end = table->count;
	for (uint64_t i = from; !ret && i < end; i++)
		ret = bucket_walk(&table->buckets[i], visit, user);
	return ret;
}

/* A removal that died before the key was cleared leaves a key without data, as does a frame that is just
 * learning it. */
static int repair_mark(const struct fdb_slot *slot, void *user)
{
	(void)user;
	if (fdb_data_kind(slot->data) == XBR_FDB_NONE)
		fdb_table_change_slot(slot, fdb_data(0, 0, XBR_FDB_BUSY, 0));
	return 0;
}

static int repair_clear(const struct fdb_slot *slot, void *user)
{
	if (fdb_data_kind(slot->data) == XBR_FDB_BUSY)
		clear_busy(user, slot);
	return 0;
}

/* Until every program that runs now, and may have a slot in hand, has ended (membarrier(2): a grace period).
 */
static void wait_for_programs(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

void fdb_table_repair(struct fdb_table *table)
{
	fdb_table_walk(table, 0, table->count, repair_mark, NULL);
	wait_for_programs();
	fdb_table_walk(table, 0, table->count, repair_clear, table);
}
