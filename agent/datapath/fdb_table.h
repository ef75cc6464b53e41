/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fdb_table: the filtering database from the agent's side: the same buckets that BPF reads and writes,
 * mapped. Follows the protocol told in bpf/fdb.h. It knows words, not ports or bridges: callers keep the
 * counts of learned addresses.
 */
#ifndef XBR_DATAPATH_FDB_TABLE_H
#define XBR_DATAPATH_FDB_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "xbr/abi.h"
#include "xbr/fdb_word.h"

struct fdb_table {
	struct xbr_fdb_bucket *buckets;
	uint32_t count; /* of buckets, a power of two */
	uint64_t seed;
};

/*
 * Buckets for so many addresses, a power of two: a bucket for each. With one address in a bucket on the
 * average one in a million finds both its buckets full; with two (two fifths of the slots taken) it would be
 * one in three thousand.
 */
uint32_t fdb_table_buckets_for(uint32_t addresses);

/* Asks memory for the place of an address that will be looked for soon: a table is larger than the caches. */
void fdb_table_expect(const struct fdb_table *table, uint64_t key);

/* The data word of a key, 0 where it is not there. */
uint32_t fdb_table_get(const struct fdb_table *table, uint64_t key);

/*
 * Writes data for a key, whether it is there or not. *ret_before: the former data, 0 for none (a void word
 * counts as what it was). -ENOSPC: both its buckets are full. -EAGAIN: others kept changing it.
 */
int fdb_table_put(struct fdb_table *table, uint64_t key, uint32_t data, uint32_t *ret_before);

/* Removes a key. -ENOENT: not there. *ret_before: its data. */
int fdb_table_remove(struct fdb_table *table, uint64_t key, uint32_t *ret_before);

/* One slot as a walk finds it. */
struct fdb_slot {
	struct xbr_fdb_bucket *bucket;
	uint32_t way;
	uint64_t key;
	uint32_t data;
};

/* Removes what a walk found, unless it has changed since: -EAGAIN. */
int fdb_table_remove_slot(struct fdb_table *table, const struct fdb_slot *slot);

/* Changes the data of what a walk found, unless it has changed since: -EAGAIN. */
int fdb_table_change_slot(const struct fdb_slot *slot, uint32_t data);

/*
 * Walks buckets [from, from + count) and calls visit for every slot with a key, also those whose data says
 * nothing. A non-zero return of visit ends the walk and is returned.
 */
int fdb_table_walk(const struct fdb_table *table, uint32_t from, uint32_t count,
		   int (*visit)(const struct fdb_slot *slot, void *user), void *user);

/* After an agent died: finishes removals it had begun. Only before anybody else uses the table from user
 * space. */
void fdb_table_repair(struct fdb_table *table);

#endif
