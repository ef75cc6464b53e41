/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* The maps of access lists (xbr/acl.h), and how flow.h and acl.h reach them; a part of target.h, as
 * bpf/host/acl_maps.h is of the host's. */
#ifndef XBR_ACL_MAPS_H
#define XBR_ACL_MAPS_H

#include "scratch.h"

/* By number, the images of access lists (xbr/acl.h). */
struct acl_image {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_INNER_MAP | BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, XBR_ACL_CELL);
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, XBR_ACL_LIMIT + 1); /* the last one is no list: xbr/conn.h */
	__type(key, __u32);
	__array(values, struct acl_image);
} acl_images SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, XBR_ACL_CACHE_BUCKETS);
	__type(key, __u32);
	__type(value, struct xbr_acl_bucket);
} acl_cache SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow);
} acl_scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct xbr_acl_bound);
} acl_vlans SEC(".maps");

XBR_ARRAY(acl_sets, struct xbr_acl_set, XBR_ACL_SETS_MAX);
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 20);
	__type(key, struct xbr_acl_member);
	__type(value, __u32);
} acl_members SEC(".maps");

STAGE struct flow *flow_scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&acl_scratch, &zero);
}

STAGE const void *acl_image(__u32 list)
{
	return bpf_map_lookup_elem(&acl_images, &list);
}

STAGE void *acl_cell(const void *image, __u32 cell)
{
	return bpf_map_lookup_elem((void *)image, &cell);
}

STAGE struct xbr_acl_bucket *acl_cache_bucket(__u32 index)
{
	return bpf_map_lookup_elem(&acl_cache, &index);
}

STAGE const struct xbr_acl_bound *acl_vlan(__u32 bridge, __u32 vid)
{
	__u32 key = bridge << 16 | vid;

	return bpf_map_lookup_elem(&acl_vlans, &key);
}

STAGE bool acl_set_has(const struct xbr_acl_member *member)
{
	return bpf_map_lookup_elem(&acl_members, member);
}

STAGE void acl_event_send(const struct xbr_acl_event *event)
{
	bpf_ringbuf_output(&events, (void *)event, sizeof(*event), 0);
}

STAGE __u32 processor_number(void)
{
	return bpf_get_smp_processor_id();
}

/* Calls step(0 to count - 1, user) until it says 1. */
#define repeat(count, step, user) bpf_loop(count, step, user, 0)

#endif
