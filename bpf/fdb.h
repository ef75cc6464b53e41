/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * fdb: the filtering database, an exact match on (FID, MAC) in a table of cache-line buckets of five. An
 * address has two buckets it may live in; the second is looked at only when the first says (`overflow`) that
 * somebody went there.
 *
 * BPF on any CPU and the agent change the table at the same time, without a lock:
 *   - a slot is free when its key is 0. It is claimed by compare-and-swap of the key from 0.
 *   - the data word is what an entry says; it changes only by compare-and-swap, and 0 says "nothing" (the
 * address is unknown). So an inserter claims the key, then swaps the data from 0. Nobody else may: who fills
 * in for another would fill a slot that was emptied since it looked.
 *   - only the agent removes: it swaps the data to kind BUSY (which fails if the entry was refreshed
 * meanwhile), then clears the data, then the key. BPF treats BUSY as unknown and does not touch it. A reader
 * sees the former entry, or none, or the new one; never half of one.
 */
#ifndef XBR_FDB_H
#define XBR_FDB_H

#include "mst.h"
#include "xbr/fdb_word.h"

STAGE __u64 *fdb_key_word(struct xbr_fdb_bucket *b, __u32 way)
{
	return (__u64 *)&b->key[way];
}

STAGE __u32 *fdb_data_word(struct xbr_fdb_bucket *b, __u32 way)
{
	return (__u32 *)&b->data[way];
}

/* Asks memory for a bucket that is compared later. */
STAGE void fdb_touch(struct xbr_fdb_bucket *b)
{
	__u64 word = *(volatile __u64 *)fdb_key_word(b, 0);

	(void)word;
}

/*
 * Written out way by way, and each pointer made final where it is found: were it made later, from a number
 * that differs by the path one came, the verifier would ask for CAP_PERFMON.
 */
#define FDB_EACH_WAY(X) X(0) X(1) X(2) X(3) X(4)
_Static_assert(XBR_FDB_WAYS == 5, "FDB_EACH_WAY");

#define FDB_RETURN_DATA(way)                                                                                 \
	{                                                                                                    \
		__u32 *word = fdb_data_word(b, way);                                                         \
                                                                                                             \
		PIN_PATH(word, way);                                                                         \
		return word;                                                                                 \
	}

/* The data word of key in one bucket, or NULL. */
STAGE __u32 *fdb_bucket_find(struct xbr_fdb_bucket *b, __u64 key)
{
#define FDB_FIND(way)                                                                                        \
	if (*fdb_key_word(b, way) == key)                                                                    \
	FDB_RETURN_DATA(way)
	FDB_EACH_WAY(FDB_FIND)
#undef FDB_FIND
	return NULL;
}

/* The data word of key, or NULL. first: its first bucket, loaded by the caller. */
STAGE __u32 *fdb_find(struct xbr_fdb_bucket *first, __u64 key, __u64 hash)
{
	__u32 *data = fdb_bucket_find(first, key);
	struct xbr_fdb_bucket *second;

	if (data || !first->overflow)
		return data;
	second = fdb_bucket(fdb_second(hash, settings.fdb_mask));
	return second ? fdb_bucket_find(second, key) : NULL;
}

STAGE bool fdb_way_claim(__u64 *word, __u64 key, bool *ret_claimed)
{
	__u64 had = *word;

	if (!had)
		had = __sync_val_compare_and_swap(word, 0, key);
	if (!had)
		*ret_claimed = true;
	return !had || had == key;
}

/*
 * The slot of one bucket that is key's from now on, or NULL: it is full. *ret_claimed: the slot was free
 * until now; not set where another CPU that learns the same address was quicker.
 */
STAGE __u32 *fdb_bucket_claim(struct xbr_fdb_bucket *b, __u64 key, bool *ret_claimed)
{
#define FDB_CLAIM(way)                                                                                       \
	if (fdb_way_claim(fdb_key_word(b, way), key, ret_claimed))                                           \
	FDB_RETURN_DATA(way)
	FDB_EACH_WAY(FDB_CLAIM)
#undef FDB_CLAIM
	return NULL;
}

/* A slot for a key that was not there, or NULL: both buckets are full. It is the caller's to fill if
 * *ret_claimed, else another CPU's. Overflow is raised before the key can be found. */
STAGE __u32 *fdb_claim(struct xbr_fdb_bucket *first, __u64 key, __u64 hash, bool *ret_claimed)
{
	__u32 *data = fdb_bucket_claim(first, key, ret_claimed);
	struct xbr_fdb_bucket *second;

	if (data)
		return data;
	second = fdb_bucket(fdb_second(hash, settings.fdb_mask));
	if (!second)
		return NULL;
	__sync_fetch_and_add(&first->overflow, 1);
	data = fdb_bucket_claim(second, key, ret_claimed);
	if (!*ret_claimed)
		__sync_fetch_and_sub(&first->overflow, 1);
	return data;
}

/*
 * What was set by hand for all VLANs of a port, under the bridge's own FID: 0 where there is nothing, or
 * where the entry's port is not in the VLAN.
 */
GLOBAL int fdb_pinned(__u64 mac, __u32 fid, __u32 vid)
{
	__u64 key = fdb_key(mac, fid), hash = fdb_hash(key, settings.fdb_seed);
	struct xbr_fdb_bucket *first = fdb_bucket(fdb_first(hash, settings.fdb_mask));
	__u32 *data = first ? fdb_find(first, key, hash) : NULL;
	__u32 have = data ? *data : 0;

	if (fdb_data_kind(have) <= XBR_FDB_DYNAMIC || fdb_data_kind(have) == XBR_FDB_BUSY)
		return 0;
	return vlan_port_bits(fdb_data_port(have), vid) & VLAN_MEMBER ? (int)have : 0;
}

STAGE bool fdb_swap(__u32 *word, __u32 from, __u32 to)
{
	return __sync_val_compare_and_swap(word, from, to) == from;
}

/* Which epoch of the bridge it is: ageing counts in these. */
STAGE __u32 fdb_epoch(const struct xbr_bridge *bridge)
{
	return (jiffies_now() >> bridge->epoch_shift) & FDB_AGE_MASK;
}

/* Was a dynamic entry seen within the ageing time? */
STAGE bool fdb_is_fresh(__u32 data, const struct xbr_bridge *bridge, __u32 epoch)
{
	return fdb_data_idle(data, epoch) <= bridge->ageing_epochs;
}

/* Does one of the frame's VLAN still hold: of its port's generation, and seen within the ageing time? */
STAGE bool fdb_holds(const struct frame *f, __u32 data, const struct xbr_port *port,
		     const struct xbr_bridge *bridge, __u32 epoch)
{
	return fdb_data_generation(data) == mst_generation_at(f, port, fdb_data_port(data)) &&
	       fdb_is_fresh(data, bridge, epoch);
}

#endif
