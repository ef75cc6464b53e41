/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What the stages need of the place they run in, for user space: the functions of bpf/kernel/target.h over
 * plain memory, so that the pipeline runs under sanitizers and fuzzers. There is one world, `host`;
 * host_reset() makes it empty. Settings are an ordinary variable and time is what `host.jiffies` says.
 * Threads may run frames at the same time: the tables are shared as the kernel's maps are, counters are per
 * thread as the kernel's are per CPU.
 */
#ifndef XBR_TARGET_H
#define XBR_TARGET_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "guard_scratch.h"
#include "xbr/abi.h"

#define STAGE                 static inline __attribute__((unused))
#define PIN_PATH(var, number) ((void)(var), (void)(number)) /* only the kernel's verifier minds */
#define RARE()                ((void)0)
#define GLOBAL                static __attribute__((unused))
#define PART                  static __attribute__((unused))

/* gcc does not know clang's `#pragma unroll`; without it the loops mean the same. */
#pragma GCC diagnostic ignored "-Wunknown-pragmas"

#define HOST_PORTS     32
#define HOST_BRIDGES   4
#define HOST_BUCKETS   1024
#define HOST_IFINDEXES 64
#define HOST_FIDS      256 /* of bridges and VLANs, and flood lists */
#define HOST_SOURCES   64
#define HOST_VLAN_MAPS 16
#define HOST_STATS     64
#define HOST_ALLOWED   64
#define HOST_CHANNELS  16

/* The port numbers that frames of one FID may be flooded to. */
struct host_flood_list {
	__u32 count;
	__u32 port[HOST_PORTS];
};

/* An entry of `edge_sources`; value 0: free. */
struct host_source {
	__u64 key;
	__u32 value;
};

struct host_vlan_map {
	struct xbr_vlan_map_key key;
	struct xbr_vlan_map value; /* vid 0: the place is free */
};

struct host_vlan_stats {
	struct xbr_vlan_stats_key key; /* vid 0: the place is free */
	struct xbr_vlan_stats value;
};

struct host_allowed {
	struct xbr_allowed_key key;
	struct xbr_allowed value;
};

struct host_channel {
	struct xbr_channel_key key;
	__u32 port; /* XBR_PORT_NONE: the place is free */
};

struct host_world {
	struct xbr_port ports[HOST_PORTS];
	struct xbr_port_live port_live[HOST_PORTS];
	struct xbr_guard guards[HOST_PORTS];
	struct xbr_guard_live guard_live[HOST_PORTS];
	struct host_allowed allowed[HOST_ALLOWED];
	__u32 allowed_count;
	struct xbr_bridge bridges[HOST_BRIDGES];
	struct xbr_bridge_live bridge_live[HOST_BRIDGES];
	struct xbr_fdb_bucket fdb[HOST_BUCKETS];
	struct xbr_bridge_vlans bridge_vlans[HOST_BRIDGES];
	struct xbr_port_vlans port_vlans[HOST_PORTS];
	struct xbr_port_msti port_msti[HOST_PORTS];
	struct xbr_vlan vlans[HOST_FIDS];
	struct host_vlan_map vlan_map[HOST_VLAN_MAPS];
	struct host_vlan_stats vlan_stats[HOST_STATS];
	__u64 port_of[HOST_IFINDEXES];
	struct host_channel channels[HOST_CHANNELS];
	struct host_flood_list flood[HOST_FIDS];
	struct host_source sources[HOST_SOURCES];
	struct xbr_switches switches;
	struct xbr_trace trace;
	struct xbr_fdb_event last_event;
	__u64 events; /* sent so far */
	struct xbr_snoop_event last_snooped;
	__u64 snooped;
	__u64 jiffies;
	__u64 clock_ns;
	struct xbr_punt_limit punt_limits[XBR_PUNT_ROOM];
	__u64 punt_buckets[HOST_PORTS * XBR_PUNT_ROOM];
};

/* The frame in hand, for those that look deeper than parse.h. */
struct octets {
	const unsigned char *at;
	__u32 count;
};

extern struct host_world host;
extern struct xbr_settings settings;
extern _Thread_local struct xbr_counters host_counters[HOST_PORTS];
extern _Thread_local struct guard_scratch host_guard_scratch;
extern _Thread_local struct xbr_punt_counts host_punt_counts[HOST_PORTS][XBR_PUNT_ROOM];

STAGE __u16 load_u16(const void *bytes)
{
	__u16 value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

STAGE __u32 load_u32(const void *bytes)
{
	__u32 value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

STAGE void store_u16(void *bytes, __u16 value)
{
	memcpy(bytes, &value, sizeof(value));
}

STAGE void store_u32(void *bytes, __u32 value)
{
	memcpy(bytes, &value, sizeof(value));
}

#define OCTETS_HOST(octets)             (*(octets))
#define EACH_HOOK(X)                    X(host, const struct octets, OCTETS_HOST)
#define BY_HOOK(octets, function, ...)  function##_host(octets, __VA_ARGS__)
#define BY_HOOK_ALONE(octets, function) function##_host(octets)

/* Tags that are not among them: there are none. */
STAGE __u32 octets_tags_aside(const struct octets *octets)
{
	(void)octets;
	return 0;
}

/* Copies some of them. False: the frame ends before. */
STAGE bool octets_load(const struct octets *octets, __u32 offset, void *to, __u32 count)
{
	if (offset > octets->count || count > octets->count - offset)
		return false;
	memcpy(to, octets->at + offset, count);
	return true;
}

/* Only what the host build's owner lets be written is: a copy. */
STAGE bool octets_store(const struct octets *octets, __u32 offset, const void *from, __u32 count)
{
	if (offset > octets->count || count > octets->count - offset)
		return false;
	memcpy((unsigned char *)octets->at + offset, from, count);
	return true;
}

STAGE __u32 octets_count(const struct octets *octets)
{
	return octets->count;
}

STAGE struct xbr_port *port_get(__u32 number)
{
	return number < HOST_PORTS ? &host.ports[number] : NULL;
}

STAGE struct xbr_port_live *port_live_get(__u32 number)
{
	return number < HOST_PORTS ? &host.port_live[number] : NULL;
}

STAGE struct guard_scratch *guard_scratch(void)
{
	return &host_guard_scratch;
}

STAGE struct xbr_guard *guard_get(__u32 port)
{
	return port < HOST_PORTS ? &host.guards[port] : NULL;
}

STAGE struct xbr_guard_live *guard_live_get(__u32 port)
{
	return port < HOST_PORTS ? &host.guard_live[port] : NULL;
}

/* Are the first `bits` of two keys, after prefixlen, the same? */
STAGE bool allowed_matches(const struct xbr_allowed_key *a, const struct xbr_allowed_key *b, __u32 bits)
{
	const unsigned char *x = (const unsigned char *)&a->port, *y = (const unsigned char *)&b->port;
	__u32 whole = bits / 8, rest = bits % 8;

	return !memcmp(x, y, whole) && (!rest || !((x[whole] ^ y[whole]) >> (8 - rest)));
}

/* The longest prefix that covers the key, as an LPM trie finds it. */
STAGE struct xbr_allowed *allowed_get(const struct xbr_allowed_key *key)
{
	struct host_allowed *best = NULL;

	for (__u32 i = 0; i < host.allowed_count; i++) {
		struct host_allowed *each = &host.allowed[i];

		if (each->key.prefixlen <= key->prefixlen &&
		    allowed_matches(&each->key, key, each->key.prefixlen) &&
		    (!best || each->key.prefixlen > best->key.prefixlen))
			best = each;
	}
	return best ? &best->value : NULL;
}

STAGE struct xbr_bridge *bridge_get(__u32 index)
{
	return index < HOST_BRIDGES ? &host.bridges[index] : NULL;
}

STAGE struct xbr_bridge_live *bridge_live_get(__u32 index)
{
	return index < HOST_BRIDGES ? &host.bridge_live[index] : NULL;
}

STAGE struct xbr_fdb_bucket *fdb_bucket(__u32 index)
{
	return index < HOST_BUCKETS ? &host.fdb[index] : NULL;
}

STAGE __u32 edge_source_get(__u64 key)
{
	for (__u32 i = 0; i < HOST_SOURCES; i++)
		if (host.sources[i].value && host.sources[i].key == key)
			return host.sources[i].value;
	return 0;
}

STAGE struct xbr_bridge_vlans *bridge_vlans_get(__u32 index)
{
	return index < HOST_BRIDGES ? &host.bridge_vlans[index] : NULL;
}

STAGE struct xbr_port_vlans *port_vlans_get(__u32 port)
{
	return port < HOST_PORTS ? &host.port_vlans[port] : NULL;
}

STAGE struct xbr_port_msti *port_msti_get(__u32 port)
{
	return port < HOST_PORTS ? &host.port_msti[port] : NULL;
}

STAGE struct xbr_vlan *vlan_get(__u32 fid)
{
	return fid < HOST_FIDS ? &host.vlans[fid] : NULL;
}

STAGE struct xbr_vlan_map *vlan_map_get(const struct xbr_vlan_map_key *key)
{
	for (size_t i = 0; i < HOST_VLAN_MAPS; i++)
		if (host.vlan_map[i].value.vid && !memcmp(&host.vlan_map[i].key, key, sizeof(*key)))
			return &host.vlan_map[i].value;
	return NULL;
}

STAGE struct xbr_vlan_stats *vlan_stats_get(const struct xbr_vlan_stats_key *key)
{
	for (size_t i = 0; i < HOST_STATS; i++) {
		struct host_vlan_stats *s = &host.vlan_stats[i];

		if (!s->key.vid)
			s->key = *key;
		if (s->key.port == key->port && s->key.vid == key->vid)
			return &s->value;
	}
	return NULL;
}

STAGE struct xbr_counters *counters_get(__u32 port)
{
	return port < HOST_PORTS ? &host_counters[port] : NULL;
}

STAGE __u64 port_of_ifindex(__u32 ifindex)
{
	return ifindex < HOST_IFINDEXES ? host.port_of[ifindex] : XBR_PORT_NONE;
}

STAGE __u32 port_of_channel(const struct xbr_channel_key *key)
{
	for (__u32 i = 0; i < HOST_CHANNELS; i++)
		if (host.channels[i].port && !memcmp(&host.channels[i].key, key, sizeof(*key)))
			return host.channels[i].port;
	return XBR_PORT_NONE;
}

STAGE bool events_wanted(void)
{
	return host.switches.events;
}

STAGE void event_send(const struct xbr_fdb_event *event)
{
	host.last_event = *event;
	host.events++;
}

STAGE struct xbr_snoop_event *snoop_event_begin(void)
{
	return &host.last_snooped;
}

STAGE void snoop_event_end(struct xbr_snoop_event *event)
{
	(void)event;
	host.snooped++;
}

STAGE struct xbr_trace *trace_get(void)
{
	return &host.trace;
}

STAGE __u32 unknown_zero(void)
{
	return 0;
}

STAGE __u64 jiffies_now(void)
{
	return host.jiffies;
}

STAGE __u64 clock_ns(void)
{
	return host.clock_ns;
}

STAGE struct xbr_punt_limit *punt_limit_get(__u32 reason)
{
	return reason < XBR_PUNT_ROOM ? &host.punt_limits[reason] : NULL;
}

STAGE __u64 *punt_bucket_get(__u32 port, __u32 reason)
{
	return port < HOST_PORTS ? &host.punt_buckets[XBR_PUNT_BUCKET(port, reason)] : NULL;
}

STAGE struct xbr_punt_counts *punt_counts_get(__u32 port, __u32 reason)
{
	return port < HOST_PORTS ? &host_punt_counts[port][reason] : NULL;
}

STAGE __u64 clock_boot_now(void)
{
	return host.clock_ns;
}

#include "acl_maps.h"
#include "police_maps.h"

#endif
