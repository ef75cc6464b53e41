/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What access lists need of the place they run in, for user space; a part of target.h. */
#ifndef XBR_ACL_MAPS_H
#define XBR_ACL_MAPS_H

#include "scratch.h"

#define HOST_LISTS   16
#define HOST_MEMBERS 64

/* A list's image: its cells belong to whoever put them here. */
struct host_acl_image {
	void *cells;
	__u32 count;
};

struct host_acl {
	struct host_acl_image lists[HOST_LISTS];
	struct host_acl_image conns; /* xbr/conn.h */
	struct xbr_acl_bucket cache[XBR_ACL_CACHE_BUCKETS];
	struct xbr_acl_bound vlans[HOST_BRIDGES][4096];
	struct xbr_acl_member members[HOST_MEMBERS];
	struct xbr_acl_event last_event;
	__u64 events; /* sent so far */
};

extern struct host_acl host_acl;
extern _Thread_local struct flow host_scratch;

STAGE struct flow *flow_scratch(void)
{
	return &host_scratch;
}

STAGE const void *acl_image(__u32 list)
{
	if (list == XBR_CONN_TABLE)
		return host_acl.conns.cells ? &host_acl.conns : NULL;
	return list < HOST_LISTS && host_acl.lists[list].cells ? &host_acl.lists[list] : NULL;
}

STAGE void *acl_cell(const void *image, __u32 cell)
{
	const struct host_acl_image *acl = image;

	return cell < acl->count ? (char *)acl->cells + (size_t)cell * XBR_ACL_CELL : NULL;
}

STAGE struct xbr_acl_bucket *acl_cache_bucket(__u32 index)
{
	return index < XBR_ACL_CACHE_BUCKETS ? &host_acl.cache[index] : NULL;
}

STAGE const struct xbr_acl_bound *acl_vlan(__u32 bridge, __u32 vid)
{
	return bridge < HOST_BRIDGES && vid < 4096 ? &host_acl.vlans[bridge][vid] : NULL;
}

/* Does a member cover key, as a trie of longest prefixes finds it? */
STAGE bool acl_member_covers(const struct xbr_acl_member *member, const struct xbr_acl_member *key)
{
	const __u8 *a = (const __u8 *)&member->set, *b = (const __u8 *)&key->set;
	__u32 whole = member->prefix / 8, rest = member->prefix % 8;

	if (!member->prefix || member->prefix > key->prefix || memcmp(a, b, whole))
		return false;
	return !rest || !((a[whole] ^ b[whole]) >> (8 - rest));
}

STAGE bool acl_set_has(const struct xbr_acl_member *key)
{
	for (__u32 i = 0; i < HOST_MEMBERS; i++)
		if (acl_member_covers(&host_acl.members[i], key))
			return true;
	return false;
}

STAGE void acl_event_send(const struct xbr_acl_event *event)
{
	host_acl.last_event = *event;
	host_acl.events++;
}

STAGE __u32 processor_number(void)
{
	return 0;
}

/* Calls step(0 to count - 1, user) until it says 1. */
#define repeat(count, step, user)                                                                            \
	for (__u32 repeat_index = 0; repeat_index < (count) && !step(repeat_index, user); repeat_index++)

#endif
