/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What the stages need of the place they run in, for the kernel: the maps and the few helpers, behind
 * functions that bpf/host/target.h has too. No stage names a map or a helper itself, so that the same stages
 * run in user space under sanitizers.
 */
#ifndef XBR_TARGET_H
#define XBR_TARGET_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_helpers.h>

#include "guard_scratch.h"
#include "xbr/abi.h"

#define STAGE static __always_inline

/* A function that the verifier looks at by itself, knowing nothing of its arguments. */
#define GLOBAL __attribute__((noinline))

/* A function that is not made part of its caller: the stack it takes is given back. */
#define PART static __attribute__((noinline))

/* A half of a program's work. With features each is a PART: what one needs of the stack is free again for the
 * next. */
#ifdef XBR_PLAIN
#define HALF STAGE
#else
#define HALF PART
#endif

/* Makes `var` final here; the constant keeps the compiler from making this one with its likes on other paths.
 */
#define PIN_PATH(var, number) asm volatile("" : "+r"(var) : "i"(number))

/* A way that few frames go: what is written on it is not made ready on the way of the others. */
#define RARE() asm volatile("")

/* Set by the agent before loading. */
const volatile struct xbr_settings settings = {.fdb_mask = 0, .fdb_port_cap = ~0u, .redirect_max = ~0u};

/* Sizes that are 1 here are set by the agent before loading. */
#define XBR_ARRAY(name_, value_, entries_)                                                                   \
	struct {                                                                                             \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                            \
		__uint(map_flags, BPF_F_MMAPABLE);                                                           \
		__uint(max_entries, entries_);                                                               \
		__type(key, __u32);                                                                          \
		__type(value, value_);                                                                       \
	} name_ SEC(".maps")

XBR_ARRAY(ports, struct xbr_port, 1);
XBR_ARRAY(port_live, struct xbr_port_live, 1);
XBR_ARRAY(bridges, struct xbr_bridge, XBR_BRIDGE_LIMIT);
XBR_ARRAY(bridge_live, struct xbr_bridge_live, XBR_BRIDGE_LIMIT);
XBR_ARRAY(fdb, struct xbr_fdb_bucket, 1);
XBR_ARRAY(port_of, __u64, XBR_IFINDEX_DENSE);
XBR_ARRAY(switches, struct xbr_switches, 1);
XBR_ARRAY(trace, struct xbr_trace, 1);
XBR_ARRAY(vlans, struct xbr_vlan, XBR_FID_LIMIT);
XBR_ARRAY(bridge_vlans, struct xbr_bridge_vlans, XBR_BRIDGE_LIMIT);
XBR_ARRAY(port_vlans, struct xbr_port_vlans, 1);
XBR_ARRAY(punt_limits, struct xbr_punt_limit, XBR_PUNT_ROOM);
XBR_ARRAY(punt_buckets, __u64, 1);

XBR_ARRAY(port_msti, struct xbr_port_msti, 1);
XBR_ARRAY(guards, struct xbr_guard, 1);
XBR_ARRAY(guard_live, struct xbr_guard_live, 1);

/* The agent's memory; no program reads it, but its layout is declared with the others. */
XBR_ARRAY(port_saved, struct xbr_port_saved, 1);
XBR_ARRAY(stp_saved, struct xbr_stp_saved, 1);
XBR_ARRAY(bridge_saved, struct xbr_bridge_saved, XBR_BRIDGE_LIMIT);
XBR_ARRAY(agent_saved, struct xbr_agent_saved, 1);
XBR_ARRAY(channels_freed, struct xbr_channel_freed, XBR_CHANNELS_FREED);

/* Hashes whose entries come as they are needed. */
#define XBR_SPARSE(name_, key_, value_, entries_)                                                            \
	struct {                                                                                             \
		__uint(type, BPF_MAP_TYPE_HASH);                                                             \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                                        \
		__uint(max_entries, entries_);                                                               \
		__type(key, key_);                                                                           \
		__type(value, value_);                                                                       \
	} name_ SEC(".maps")

XBR_SPARSE(offload_saved, struct xbr_offload_key, struct xbr_offload_saved, XBR_OFFLOAD_SAVED_ROOM);
XBR_SPARSE(mst_saved, __u32, struct xbr_mst_saved, XBR_BRIDGE_LIMIT);
XBR_SPARSE(mst_port_saved, struct xbr_mst_port_key, struct xbr_mst_port, XBR_PORT_LIMIT *XBR_MSTI_LIMIT);
XBR_SPARSE(stp_msti_saved, struct xbr_mst_port_key, struct xbr_stp_saved, XBR_PORT_LIMIT *XBR_MSTI_LIMIT);

XBR_SPARSE(port_of_sparse, __u32, __u64, XBR_PORT_LIMIT);
XBR_SPARSE(channels, struct xbr_channel_key, __u64, XBR_PORT_LIMIT);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct xbr_counters);
} counters SEC(".maps");

/* Source addresses that ports in mode source take; see abi.h. */
XBR_SPARSE(edge_sources, __u64, __u32, XBR_SOURCE_ROOM);

/* Where XDP sends a frame, by port number; the slot of a port that takes no XDP frames is empty. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} xdp_ports SEC(".maps");

/* The port numbers a flooded frame may go to, by FID (VLANs: by their `flood`); each inner array is exactly
 * as long as its list. */
struct flood_list {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, XBR_FID_LIMIT);
	__type(key, __u32);
	__array(values, struct flood_list);
} flood SEC(".maps");

/* The same as device maps, for XDP; only where every receiver takes XDP frames. Exactly sized: see
 * docs/decisions/. */
struct flood_devices {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, XBR_FID_LIMIT);
	__type(key, __u32);
	__array(values, struct flood_devices);
} flood_xdp SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

XBR_SPARSE(vlan_map, struct xbr_vlan_map_key, struct xbr_vlan_map, XBR_VLAN_MAP_LIMIT);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, XBR_VLAN_STATS_LIMIT);
	__type(key, struct xbr_vlan_stats_key);
	__type(value, struct xbr_vlan_stats);
} vlan_stats SEC(".maps");

/* Entries come as they are needed: few ports see many reasons. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct xbr_punt_counts);
} punt_counts SEC(".maps");

/* The agent's sockets, one for each queue of its end of the punt pair. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} punt_sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, XBR_ALLOWED_LIMIT);
	__type(key, struct xbr_allowed_key);
	__type(value, struct xbr_allowed);
} allowed SEC(".maps");

/* See guard_scratch.h. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct guard_scratch);
} guard_scratches SEC(".maps");

/* The frame in hand, for those that look deeper than parse.h; a constant of the program it is made in. */
struct octets {
	void *context; /* struct xdp_md or __sk_buff */
	bool is_xdp;
};

#define OCTETS_XDP(xdp) ((struct octets){.context = (xdp), .is_xdp = true})
#define OCTETS_TC(skb)  ((struct octets){.context = (skb)})

/* What is made once for each hook: its name, its context, and how the octets are reached from that. */
#define EACH_HOOK(X) X(xdp, struct xdp_md, OCTETS_XDP) X(tc, struct __sk_buff, OCTETS_TC)

/* Calls function_xdp() or function_tc(). */
#define BY_HOOK(octets, function, ...)                                                                       \
	((octets)->is_xdp ? function##_xdp((octets)->context, __VA_ARGS__)                                   \
			  : function##_tc((octets)->context, __VA_ARGS__))

#define BY_HOOK_ALONE(octets, function)                                                                      \
	((octets)->is_xdp ? function##_xdp((octets)->context) : function##_tc((octets)->context))

/* How many there are, a tag in metadata not among them. */
STAGE __u32 octets_count(const struct octets *octets)
{
	if (octets->is_xdp)
		return (__u32)bpf_xdp_get_buff_len(octets->context);
	return ((const struct __sk_buff *)octets->context)->len;
}

/* Tags that are not among them, but in the metadata of an skb. */
STAGE __u32 octets_tags_aside(const struct octets *octets)
{
	const struct __sk_buff *skb = octets->context;

	return !octets->is_xdp && skb->vlan_present;
}

/* Copies some of them, wherever they lie. False: the frame ends before. */
STAGE bool octets_load(const struct octets *octets, __u32 offset, void *to, __u32 count)
{
	if (octets->is_xdp)
		return !bpf_xdp_load_bytes(octets->context, offset, to, count);
	return !bpf_skb_load_bytes(octets->context, offset, to, count);
}

/* Writes some of them; pointers to them are void then. False: the frame ends before. */
STAGE bool octets_store(const struct octets *octets, __u32 offset, const void *from, __u32 count)
{
	if (octets->is_xdp)
		return !bpf_xdp_store_bytes(octets->context, offset, (void *)from, count);
	return !bpf_skb_store_bytes(octets->context, offset, from, count, BPF_F_RECOMPUTE_CSUM);
}

/* Octets of a frame at any alignment: BPF loads them as they are. */
STAGE __u16 load_u16(const void *bytes)
{
	return *(const __u16 *)bytes;
}

STAGE __u32 load_u32(const void *bytes)
{
	return *(const __u32 *)bytes;
}

STAGE void store_u16(void *bytes, __u16 value)
{
	*(__u16 *)bytes = value;
}

STAGE void store_u32(void *bytes, __u32 value)
{
	*(__u32 *)bytes = value;
}

STAGE struct xbr_port *port_get(__u32 number)
{
	return bpf_map_lookup_elem(&ports, &number);
}

/*
 * A zero that the verifier takes for any number. Kernels before 6.7 look at a bpf_loop() callback only once,
 * with the values it is first called with, and remove the branches that those rule out: what a callback
 * changes must not begin as a constant.
 */
STAGE __u32 unknown_zero(void)
{
	const struct xbr_port *none = port_get(XBR_PORT_NONE);

	return none ? none->ifindex : 0;
}

STAGE struct xbr_port_live *port_live_get(__u32 number)
{
	return bpf_map_lookup_elem(&port_live, &number);
}

STAGE struct xbr_guard *guard_get(__u32 port)
{
	return bpf_map_lookup_elem(&guards, &port);
}

STAGE struct xbr_guard_live *guard_live_get(__u32 port)
{
	return bpf_map_lookup_elem(&guard_live, &port);
}

STAGE struct guard_scratch *guard_scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&guard_scratches, &zero);
}

STAGE struct xbr_allowed *allowed_get(const struct xbr_allowed_key *key)
{
	return bpf_map_lookup_elem(&allowed, key);
}

STAGE struct xbr_bridge *bridge_get(__u32 index)
{
	return bpf_map_lookup_elem(&bridges, &index);
}

STAGE struct xbr_bridge_live *bridge_live_get(__u32 index)
{
	return bpf_map_lookup_elem(&bridge_live, &index);
}

STAGE struct xbr_fdb_bucket *fdb_bucket(__u32 index)
{
	return bpf_map_lookup_elem(&fdb, &index);
}

/* enum xbr_source; 0: the address is on no such list. */
STAGE __u32 edge_source_get(__u64 key)
{
	__u32 *source = bpf_map_lookup_elem(&edge_sources, &key);

	return source ? *source : 0;
}

STAGE struct xbr_bridge_vlans *bridge_vlans_get(__u32 index)
{
	return bpf_map_lookup_elem(&bridge_vlans, &index);
}

STAGE struct xbr_port_vlans *port_vlans_get(__u32 port)
{
	return bpf_map_lookup_elem(&port_vlans, &port);
}

STAGE struct xbr_port_msti *port_msti_get(__u32 port)
{
	return bpf_map_lookup_elem(&port_msti, &port);
}

STAGE struct xbr_vlan *vlan_get(__u32 fid)
{
	return bpf_map_lookup_elem(&vlans, &fid);
}

STAGE struct xbr_vlan_map *vlan_map_get(const struct xbr_vlan_map_key *key)
{
	return bpf_map_lookup_elem(&vlan_map, key);
}

/* Of a port and VLAN; made at its first frame. NULL: there is no room for more. */
STAGE struct xbr_vlan_stats *vlan_stats_get(const struct xbr_vlan_stats_key *key)
{
	struct xbr_vlan_stats none = {}, *stats = bpf_map_lookup_elem(&vlan_stats, key);

	if (stats)
		return stats;
	bpf_map_update_elem(&vlan_stats, key, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&vlan_stats, key);
}

STAGE struct xbr_counters *counters_get(__u32 port)
{
	return bpf_map_lookup_elem(&counters, &port);
}

/* A call of its own: were both lookups one call with two possible maps, the verifier could not inline the
 * array's (14 ns). */
static __noinline __u64 port_of_sparse_ifindex(__u32 ifindex)
{
	__u64 *value = bpf_map_lookup_elem(&port_of_sparse, &ifindex);

	return value ? *value : XBR_PORT_NONE;
}

/* The port that a device is, or XBR_PORT_NONE; with it what else `port_of` says. */
STAGE __u64 port_of_ifindex(__u32 ifindex)
{
	__u64 *value;

	if (ifindex >= XBR_IFINDEX_DENSE)
		return port_of_sparse_ifindex(ifindex);
	value = bpf_map_lookup_elem(&port_of, &ifindex);
	return value ? *value : XBR_PORT_NONE;
}

/* The port that a channel is, or XBR_PORT_NONE. */
STAGE __u32 port_of_channel(const struct xbr_channel_key *key)
{
	__u64 *number = bpf_map_lookup_elem(&channels, key);

	return number ? (__u32)*number : XBR_PORT_NONE;
}

STAGE bool events_wanted(void)
{
	__u32 zero = 0;
	struct xbr_switches *s = bpf_map_lookup_elem(&switches, &zero);

	return s && s->events;
}

/* A full ring loses the event; the agent sees the gap by bpf_ringbuf's own accounting of `lost`. */
STAGE void event_send(const struct xbr_fdb_event *event)
{
	bpf_ringbuf_output(&events, (void *)event, sizeof(*event), 0);
}

/* NULL: the ring is full. What was begun is to be ended. */
STAGE struct xbr_snoop_event *snoop_event_begin(void)
{
	return bpf_ringbuf_reserve(&events, sizeof(struct xbr_snoop_event), 0);
}

STAGE void snoop_event_end(struct xbr_snoop_event *event)
{
	bpf_ringbuf_submit(event, 0);
}

STAGE struct xbr_trace *trace_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&trace, &zero);
}

STAGE __u64 jiffies_now(void)
{
	return bpf_jiffies64();
}

/* The exact clock: 24 ns to read. */
STAGE __u64 clock_ns(void)
{
	return bpf_ktime_get_ns();
}

STAGE struct xbr_punt_limit *punt_limit_get(__u32 reason)
{
	return bpf_map_lookup_elem(&punt_limits, &reason);
}

STAGE __u64 *punt_bucket_get(__u32 port, __u32 reason)
{
	__u32 index = XBR_PUNT_BUCKET(port, reason);

	return bpf_map_lookup_elem(&punt_buckets, &index);
}

/* Made when first asked for. */
STAGE struct xbr_punt_counts *punt_counts_get(__u32 port, __u32 reason)
{
	__u32 key = XBR_PUNT_KEY(port, reason);
	struct xbr_punt_counts none = {}, *counts = bpf_map_lookup_elem(&punt_counts, &key);

	if (counts)
		return counts;
	bpf_map_update_elem(&punt_counts, &key, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&punt_counts, &key);
}

/* The datapath's end of the punt pair; 0: none. */
STAGE __u32 punt_device(void)
{
	__u32 zero = 0;
	struct xbr_switches *s = bpf_map_lookup_elem(&switches, &zero);

	return s ? s->punt_ifindex : 0;
}

/* CLOCK_BOOTTIME: goes on while the machine sleeps, as leases do. */
STAGE __u64 clock_boot_now(void)
{
	return bpf_ktime_get_boot_ns();
}

#include "acl_maps.h"
#include "police_maps.h"

#endif
