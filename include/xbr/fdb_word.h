/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The FDB's two words and its choice of buckets: arithmetic that BPF and the agent must do alike, so it
 * stands here once. Keys and data are compared and swapped as whole words; struct xbr_fdb_key and struct
 * xbr_fdb_data (xbr/abi.h) name their parts for readers and for bpftool.
 */
#ifndef XBR_FDB_WORD_H
#define XBR_FDB_WORD_H

#include "xbr/abi.h"

#define FDB_WORD static inline __attribute__((always_inline, unused))

#define FDB_PORT_MASK        0x3fffu
#define FDB_GENERATION_SHIFT 14
#define FDB_GENERATION_MASK  0x3fu
#define FDB_KIND_SHIFT       20
#define FDB_KIND_MASK        0x7u
#define FDB_AGE_SHIFT        23
#define FDB_AGE_MASK         0x1ffu
#define FDB_MAC_MASK         0xffffffffffffull
#define FDB_FID_SHIFT        48

/* struct xbr_fdb_key as a word. mac: six octets as on the wire, the first in the lowest octet. */
FDB_WORD __u64 fdb_key(__u64 mac, __u32 fid)
{
	return mac | (__u64)fid << FDB_FID_SHIFT;
}

FDB_WORD __u64 fdb_key_mac(__u64 key)
{
	return key & FDB_MAC_MASK;
}

FDB_WORD __u32 fdb_key_fid(__u64 key)
{
	return (__u32)(key >> FDB_FID_SHIFT);
}

/* struct xbr_fdb_data as a word. */
FDB_WORD __u32 fdb_data(__u32 port, __u32 generation, __u32 kind, __u32 age)
{
	return (port & FDB_PORT_MASK) | (generation & FDB_GENERATION_MASK) << FDB_GENERATION_SHIFT |
	       (kind & FDB_KIND_MASK) << FDB_KIND_SHIFT | (age & FDB_AGE_MASK) << FDB_AGE_SHIFT;
}

FDB_WORD __u32 fdb_data_port(__u32 data)
{
	return data & FDB_PORT_MASK;
}

FDB_WORD __u32 fdb_data_generation(__u32 data)
{
	return data >> FDB_GENERATION_SHIFT & FDB_GENERATION_MASK;
}

FDB_WORD __u32 fdb_data_kind(__u32 data)
{
	return data >> FDB_KIND_SHIFT & FDB_KIND_MASK;
}

/* Of those that are learned, age, and end with their port's generation. */
FDB_WORD int fdb_kind_is_learned(__u32 kind)
{
	return kind == XBR_FDB_DYNAMIC || kind == XBR_FDB_LOCKED;
}

FDB_WORD __u32 fdb_data_age(__u32 data)
{
	return data >> FDB_AGE_SHIFT;
}

/* Epochs since an entry was written, 0 also for one that a CPU already in the next epoch wrote. */
FDB_WORD __u32 fdb_data_idle(__u32 data, __u32 epoch)
{
	__u32 idle = (epoch - fdb_data_age(data)) & FDB_AGE_MASK;

	return idle == FDB_AGE_MASK ? 0 : idle;
}

/* Seeded, so that a guest cannot choose addresses that share a bucket. */
FDB_WORD __u64 fdb_hash(__u64 key, __u64 seed)
{
	__u64 h = (key ^ seed) * 0x9e3779b97f4a7c15ull;

	h ^= h >> 32;
	return h * 0xd6e8feb86659fd93ull;
}

/* An address's two buckets, never the same one (in a table of more than one). mask: number of buckets - 1. */
FDB_WORD __u32 fdb_first(__u64 hash, __u32 mask)
{
	return (__u32)(hash >> 32) & mask;
}

FDB_WORD __u32 fdb_second(__u64 hash, __u32 mask)
{
	__u32 first = fdb_first(hash, mask);
	__u32 second = (__u32)(hash >> 8) & mask;

	return second == first ? second ^ (1 & mask) : second;
}

#endif
