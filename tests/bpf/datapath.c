// SPDX-License-Identifier: Apache-2.0
/* Runs frames by BPF_PROG_TEST_RUN and by the host build; see datapath.h. */
#include "datapath.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"
#include "skeleton.h"

static const char *const hook_names[HOOK_COUNT] = {
	[HOOK_HOST] = "host", [HOOK_XDP] = "xdp", [HOOK_TC] = "tc"};

/* ---- opening ---- */

static void set_sizes(struct xbr_bpf *skeleton, __u32 buckets)
{
	bpf_map__set_max_entries(skeleton->maps.ports, HOST_PORTS);
	bpf_map__set_max_entries(skeleton->maps.port_live, HOST_PORTS);
	bpf_map__set_max_entries(skeleton->maps.port_saved, HOST_PORTS);
	bpf_map__set_max_entries(skeleton->maps.port_vlans, HOST_PORTS);
	bpf_map__set_max_entries(skeleton->maps.port_msti, HOST_PORTS);
	bpf_map__set_max_entries(skeleton->maps.guards, HOST_PORTS);
	bpf_map__set_max_entries(skeleton->maps.guard_live, HOST_PORTS);
	bpf_map__set_max_entries(skeleton->maps.qos_ports, HOST_PORTS);
	bpf_map__set_max_entries(skeleton->maps.qos_maps, HOST_PORTS);
	bpf_map__set_max_entries(skeleton->maps.counters, HOST_PORTS);
	bpf_map__set_max_entries(skeleton->maps.xdp_ports, HOST_PORTS);
	bpf_map__set_max_entries(skeleton->maps.bridges, HOST_BRIDGES);
	bpf_map__set_max_entries(skeleton->maps.bridge_live, HOST_BRIDGES);
	bpf_map__set_max_entries(skeleton->maps.bridge_vlans, HOST_BRIDGES);
	bpf_map__set_max_entries(skeleton->maps.vlans, HOST_FIDS);
	bpf_map__set_max_entries(skeleton->maps.punt_buckets, HOST_PORTS * XBR_PUNT_ROOM);
	bpf_map__set_max_entries(skeleton->maps.punt_counts, HOST_PORTS * XBR_PUNT_ROOM);
	bpf_map__set_max_entries(skeleton->maps.fdb, buckets);
	bpf_map__set_max_entries(skeleton->maps.acl_cache, datapath_acl_buckets);
}

static struct xbr_settings settings_for(__u32 buckets, __u32 features)
{
	return (struct xbr_settings){.fdb_seed = DATAPATH_SEED,
				     .fdb_mask = buckets - 1,
				     .fdb_port_cap = buckets * XBR_FDB_WAYS,
				     .nonce = DATAPATH_NONCE,
				     .trace = 1,
				     .redirect_max = ~0u,
				     .features = features};
}

/* An array map's elements as memory, or NULL with errno set. Stays until the process ends or
 * datapath_close(). */
static void *map_memory(const struct bpf_map *map)
{
	size_t size = (size_t)bpf_map__max_entries(map) * bpf_map__value_size(map);
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	return at == MAP_FAILED ? NULL : at;
}

static void unmap_memory(void *at, const struct bpf_map *map)
{
	if (at)
		munmap(at, (size_t)bpf_map__max_entries(map) * bpf_map__value_size(map));
}

static int map_tables(struct datapath *dp)
{
	struct tables *t = &dp->tables;

	t->ports = map_memory(dp->skeleton->maps.ports);
	t->port_live = map_memory(dp->skeleton->maps.port_live);
	t->guards = map_memory(dp->skeleton->maps.guards);
	t->guard_live = map_memory(dp->skeleton->maps.guard_live);
	t->meters = map_memory(dp->skeleton->maps.meters);
	t->meter_live = map_memory(dp->skeleton->maps.meter_live);
	t->qos_ports = map_memory(dp->skeleton->maps.qos_ports);
	t->qos_maps = map_memory(dp->skeleton->maps.qos_maps);
	t->bridges = map_memory(dp->skeleton->maps.bridges);
	t->bridge_live = map_memory(dp->skeleton->maps.bridge_live);
	t->fdb = map_memory(dp->skeleton->maps.fdb);
	t->trace = map_memory(dp->skeleton->maps.trace);
	t->bridge_vlans = map_memory(dp->skeleton->maps.bridge_vlans);
	t->port_vlans = map_memory(dp->skeleton->maps.port_vlans);
	t->vlans = map_memory(dp->skeleton->maps.vlans);
	t->port_msti = map_memory(dp->skeleton->maps.port_msti);
	t->punt_limits = map_memory(dp->skeleton->maps.punt_limits);
	t->punt_buckets = map_memory(dp->skeleton->maps.punt_buckets);
	return t->ports && t->port_live && t->bridges && t->bridge_live && t->fdb && t->trace &&
			       t->bridge_vlans && t->port_vlans && t->vlans && t->port_msti &&
			       t->punt_limits && t->punt_buckets && t->guards && t->guard_live && t->meters &&
			       t->meter_live && t->qos_ports && t->qos_maps
		       ? 0
		       : -errno;
}

static int open_kernel(struct datapath *dp, __u32 features)
{
	int err;

	dp->skeleton = skeleton_open(features);
	if (!dp->skeleton)
		return -errno;
	set_sizes(dp->skeleton, dp->buckets);
	dp->skeleton->rodata->settings = settings_for(dp->buckets, features);
	err = xbr_bpf__load(dp->skeleton);
	if (!err)
		err = map_tables(dp);
	if (err)
		datapath_close(dp);
	return err;
}

static int open_host(struct datapath *dp, __u32 features)
{
	if (dp->buckets > HOST_BUCKETS)
		return -E2BIG;
	host_reset();
	host.clock_ns = 1000000000;
	settings = settings_for(dp->buckets, features);
	dp->tables = (struct tables){.ports = host.ports,
				     .port_live = host.port_live,
				     .guards = host.guards,
				     .guard_live = host.guard_live,
				     .meters = host_police.meters,
				     .meter_live = host_police.live,
				     .qos_ports = host_police.ports,
				     .qos_maps = host_police.dscp,
				     .bridges = host.bridges,
				     .bridge_live = host.bridge_live,
				     .fdb = host.fdb,
				     .trace = &host.trace,
				     .bridge_vlans = host.bridge_vlans,
				     .port_vlans = host.port_vlans,
				     .vlans = host.vlans,
				     .port_msti = host.port_msti,
				     .punt_limits = host.punt_limits,
				     .punt_buckets = host.punt_buckets};
	return 0;
}

int datapath_open_with(struct datapath *dp, enum hook hook, __u32 buckets, __u32 features)
{
	*dp = (struct datapath){.hook = hook, .name = hook_names[hook], .buckets = buckets};
	return hook == HOOK_HOST ? open_host(dp, features) : open_kernel(dp, features);
}

int datapath_open(struct datapath *dp, enum hook hook, __u32 buckets)
{
	return datapath_open_with(dp, hook, buckets, XBR_FEATURES_ALL);
}

void datapath_close(struct datapath *dp)
{
	struct tables *t = &dp->tables;

	if (!dp->skeleton)
		return;
	unmap_memory(t->ports, dp->skeleton->maps.ports);
	unmap_memory(t->port_live, dp->skeleton->maps.port_live);
	unmap_memory(t->guards, dp->skeleton->maps.guards);
	unmap_memory(t->guard_live, dp->skeleton->maps.guard_live);
	unmap_memory(t->meters, dp->skeleton->maps.meters);
	unmap_memory(t->meter_live, dp->skeleton->maps.meter_live);
	unmap_memory(t->qos_ports, dp->skeleton->maps.qos_ports);
	unmap_memory(t->qos_maps, dp->skeleton->maps.qos_maps);
	unmap_memory(t->bridges, dp->skeleton->maps.bridges);
	unmap_memory(t->bridge_live, dp->skeleton->maps.bridge_live);
	unmap_memory(t->fdb, dp->skeleton->maps.fdb);
	unmap_memory(t->trace, dp->skeleton->maps.trace);
	unmap_memory(t->bridge_vlans, dp->skeleton->maps.bridge_vlans);
	unmap_memory(t->port_vlans, dp->skeleton->maps.port_vlans);
	unmap_memory(t->vlans, dp->skeleton->maps.vlans);
	unmap_memory(t->port_msti, dp->skeleton->maps.port_msti);
	unmap_memory(t->punt_limits, dp->skeleton->maps.punt_limits);
	unmap_memory(t->punt_buckets, dp->skeleton->maps.punt_buckets);
	xbr_bpf__destroy(dp->skeleton);
	dp->skeleton = NULL;
}

/* ---- state ---- */

static int set_host_source(__u64 key, __u32 value)
{
	for (__u32 i = 0; i < HOST_SOURCES; i++)
		if (!host.sources[i].value) {
			host.sources[i] = (struct host_source){key, value};
			return 0;
		}
	return -ENOSPC;
}

int datapath_set_source(const struct datapath *dp, __u64 key, __u32 value)
{
	if (dp->skeleton)
		return bpf_map_update_elem(bpf_map__fd(dp->skeleton->maps.edge_sources), &key, &value,
					   BPF_ANY);
	return set_host_source(key, value);
}

int datapath_allow(const struct datapath *dp, const struct xbr_allowed_key *key,
		   const struct xbr_allowed *value)
{
	if (dp->skeleton)
		return bpf_map_update_elem(bpf_map__fd(dp->skeleton->maps.allowed), key, value, BPF_ANY);
	if (host.allowed_count == HOST_ALLOWED)
		return -ENOSPC;
	host.allowed[host.allowed_count++] = (struct host_allowed){*key, *value};
	return 0;
}

static void clear_allowed(const struct datapath *dp)
{
	int fd = dp->skeleton ? bpf_map__fd(dp->skeleton->maps.allowed) : -1;
	struct xbr_allowed_key key;

	host.allowed_count = dp->skeleton ? host.allowed_count : 0;
	while (fd >= 0 && !bpf_map_get_next_key(fd, NULL, &key))
		bpf_map_delete_elem(fd, &key);
}

static void clear_sources(const struct datapath *dp)
{
	int fd = dp->skeleton ? bpf_map__fd(dp->skeleton->maps.edge_sources) : -1;
	__u64 key;

	if (!dp->skeleton)
		memset(host.sources, 0, sizeof(host.sources));
	while (fd >= 0 && !bpf_map_get_next_key(fd, NULL, &key))
		bpf_map_delete_elem(fd, &key);
}

/* Into the first place of the host build that is free, or has the key. */
int datapath_set_channel(const struct datapath *dp, const struct xbr_channel_key *key, __u32 port)
{
	__u64 value = port;

	if (dp->skeleton)
		return bpf_map_update_elem(bpf_map__fd(dp->skeleton->maps.channels), key, &value, BPF_ANY);
	for (__u32 i = 0; i < HOST_CHANNELS; i++) {
		struct host_channel *place = &host.channels[i];

		if (place->port && memcmp(&place->key, key, sizeof(*key)) != 0)
			continue;
		*place = (struct host_channel){.key = *key, .port = port};
		return 0;
	}
	return -ENOSPC;
}

static void clear_channels(const struct datapath *dp)
{
	int fd = dp->skeleton ? bpf_map__fd(dp->skeleton->maps.channels) : -1;
	struct xbr_channel_key key;

	if (!dp->skeleton)
		memset(host.channels, 0, sizeof(host.channels));
	while (fd >= 0 && !bpf_map_get_next_key(fd, NULL, &key))
		bpf_map_delete_elem(fd, &key);
}

void datapath_clear(const struct datapath *dp)
{
	const struct tables *t = &dp->tables;

	clear_channels(dp);
	memset(t->ports, 0, HOST_PORTS * sizeof(*t->ports));
	memset(t->port_live, 0, HOST_PORTS * sizeof(*t->port_live));
	memset(t->guards, 0, HOST_PORTS * sizeof(*t->guards));
	memset(t->guard_live, 0, HOST_PORTS * sizeof(*t->guard_live));
	memset(t->meters, 0, HOST_METERS * sizeof(*t->meters));
	memset(t->meter_live, 0, HOST_METERS * sizeof(*t->meter_live));
	memset(t->qos_ports, 0, HOST_PORTS * sizeof(*t->qos_ports));
	memset(t->qos_maps, 0, HOST_PORTS * sizeof(*t->qos_maps));
	memset(t->bridges, 0, HOST_BRIDGES * sizeof(*t->bridges));
	memset(t->bridge_live, 0, HOST_BRIDGES * sizeof(*t->bridge_live));
	memset(t->fdb, 0, dp->buckets * sizeof(*t->fdb));
	memset(t->trace, 0, sizeof(*t->trace));
	clear_sources(dp);
	memset(t->bridge_vlans, 0, HOST_BRIDGES * sizeof(*t->bridge_vlans));
	memset(t->port_vlans, 0, HOST_PORTS * sizeof(*t->port_vlans));
	memset(t->vlans, 0, HOST_FIDS * sizeof(*t->vlans));
	memset(t->port_msti, 0, HOST_PORTS * sizeof(*t->port_msti));
	memset(t->punt_limits, 0, XBR_PUNT_ROOM * sizeof(*t->punt_limits));
	memset(t->punt_buckets, 0, HOST_PORTS * XBR_PUNT_ROOM * sizeof(*t->punt_buckets));
	clear_allowed(dp);
}

int datapath_set_port_of(const struct datapath *dp, __u32 ifindex, __u64 value)
{
	if (dp->skeleton)
		return bpf_map_update_elem(bpf_map__fd(dp->skeleton->maps.port_of), &ifindex, &value,
					   BPF_ANY);
	if (ifindex >= HOST_IFINDEXES)
		return -ERANGE;
	host.port_of[ifindex] = value;
	return 0;
}

/* Makes an inner map that holds values[0..count-1] and puts it into the outer one. */
static int set_inner(const struct bpf_map *outer, enum bpf_map_type type, __u32 flags, __u32 fid,
		     const __u32 *values, __u32 count)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);
	int err = 0;
	int inner = bpf_map_create(type, "xbr_test", sizeof(__u32), sizeof(__u32), count, &opts);

	if (inner < 0)
		return inner;
	for (__u32 i = 0; i < count && !err; i++)
		err = bpf_map_update_elem(inner, &i, &values[i], BPF_ANY);
	if (!err)
		err = bpf_map_update_elem(bpf_map__fd(outer), &fid, &inner, BPF_ANY);
	close(inner);
	return err;
}

int datapath_set_flood(const struct datapath *dp, __u32 fid, const __u32 *ports, __u32 count)
{
	if (dp->skeleton)
		return set_inner(dp->skeleton->maps.flood, BPF_MAP_TYPE_ARRAY, BPF_F_INNER_MAP, fid, ports,
				 count);
	if (fid >= HOST_FIDS || count > HOST_PORTS)
		return -ERANGE;
	host.flood[fid].count = count;
	memcpy(host.flood[fid].port, ports, count * sizeof(*ports));
	return 0;
}

int datapath_set_xdp_port(const struct datapath *dp, __u32 port, __u32 ifindex)
{
	if (!dp->skeleton)
		return 0;
	return bpf_map_update_elem(bpf_map__fd(dp->skeleton->maps.xdp_ports), &port, &ifindex, BPF_ANY);
}

int datapath_set_xdp_flood(const struct datapath *dp, __u32 fid, const __u32 *ifindexes, __u32 count)
{
	if (!dp->skeleton)
		return 0;
	return set_inner(dp->skeleton->maps.flood_xdp, BPF_MAP_TYPE_DEVMAP, 0, fid, ifindexes, count);
}

/* Every member of the structure is a 64-bit count. */
static void add_counters(struct xbr_counters *sum, const struct xbr_counters *one)
{
	__u64 *to = (__u64 *)sum;
	const __u64 *from = (const __u64 *)one;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

int datapath_counters(const struct datapath *dp, __u32 port, struct xbr_counters *ret_counters)
{
	int cpus = libbpf_num_possible_cpus();
	struct xbr_counters sum = {};
	struct xbr_counters *each;
	int err;

	if (!dp->skeleton) {
		*ret_counters = host_counters[port];
		return 0;
	}
	if (cpus < 0)
		return cpus;
	each = calloc((size_t)cpus, sizeof(*each));
	if (!each)
		return -ENOMEM;
	err = bpf_map_lookup_elem(bpf_map__fd(dp->skeleton->maps.counters), &port, each);
	for (int cpu = 0; cpu < cpus && !err; cpu++)
		add_counters(&sum, &each[cpu]);
	free(each);
	if (!err)
		*ret_counters = sum;
	return err;
}

int datapath_set_punt_device(const struct datapath *dp, __u32 ifindex)
{
	struct xbr_switches value = {.punt_ifindex = ifindex};
	__u32 zero = 0;

	if (!dp->skeleton)
		return 0;
	return bpf_map_update_elem(bpf_map__fd(dp->skeleton->maps.switches), &zero, &value, BPF_ANY);
}

int datapath_punt_counts(const struct datapath *dp, __u32 port, __u32 reason,
			 struct xbr_punt_counts *ret_counts)
{
	int cpus = libbpf_num_possible_cpus();
	__u32 key = XBR_PUNT_KEY(port, reason);
	struct xbr_punt_counts *each;

	*ret_counts = (struct xbr_punt_counts){0};
	if (!dp->skeleton) {
		*ret_counts = host_punt_counts[port][reason];
		return 0;
	}
	if (cpus < 0)
		return cpus;
	each = calloc((size_t)cpus, sizeof(*each));
	if (!each)
		return -ENOMEM;
	if (bpf_map_lookup_elem(bpf_map__fd(dp->skeleton->maps.punt_counts), &key, each) == 0)
		for (int cpu = 0; cpu < cpus; cpu++) {
			ret_counts->accepted += each[cpu].accepted;
			ret_counts->policed += each[cpu].policed;
			ret_counts->lost += each[cpu].lost;
			ret_counts->sent += each[cpu].sent;
		}
	free(each);
	return 0;
}

/* ---- running ---- */

static struct host_outcome outcome;

size_t datapath_host_copy(const void *frame, __u32 port, void *ret_copy)
{
	return host_copy(&outcome, frame, port, ret_copy);
}

static int run_host(const struct arrival *arrival, struct departure *ret_departure)
{

	host_frame(arrival->bytes, arrival->length, arrival->ifindex, arrival->gso_size, &outcome);
	if (!ret_departure)
		return 0;
	ret_departure->code = __builtin_popcountll(outcome.receivers);
	ret_departure->length = arrival->length;
	ret_departure->has_handoff = false;
	memcpy(ret_departure->bytes, arrival->bytes, arrival->length);
	return 0;
}

/* Takes the metadata that the program left off the front of the frame. */
static void split_metadata(struct departure *departure, const struct xdp_md *context)
{
	__u32 metadata = context->data - context->data_meta;

	departure->has_handoff = metadata == sizeof(departure->handoff);
	if (departure->has_handoff)
		memcpy(&departure->handoff, departure->bytes, sizeof(departure->handoff));
	departure->length -= metadata;
	memmove(departure->bytes, departure->bytes + metadata, departure->length);
}

static int run_xdp(const struct datapath *dp, const struct arrival *arrival, struct departure *ret_departure)
{
	struct xdp_md context = {.data_end = arrival->length, .ingress_ifindex = arrival->ifindex};
	struct xdp_md left = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = arrival->bytes, .data_size_in = arrival->length,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = 1);
	int err;

	if (ret_departure) {
		opts.data_out = ret_departure->bytes;
		opts.data_size_out = sizeof(ret_departure->bytes);
		opts.ctx_out = &left;
		opts.ctx_size_out = sizeof(left);
	}
	err = bpf_prog_test_run_opts(bpf_program__fd(dp->skeleton->progs.xbr_xdp), &opts);
	if (err || !ret_departure)
		return err;
	ret_departure->code = (int)opts.retval;
	ret_departure->length = opts.data_size_out;
	split_metadata(ret_departure, &left);
	return 0;
}

static int run_tc(const struct datapath *dp, const struct arrival *arrival, struct departure *ret_departure)
{
	struct __sk_buff context = {.ifindex = arrival->ifindex, .gso_size = arrival->gso_size}, left = {};
	const struct bpf_program *program =
		arrival->from_host ? dp->skeleton->progs.xbr_tc_host : dp->skeleton->progs.xbr_tc_port;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = arrival->bytes, .data_size_in = arrival->length,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = 1);
	int err;

	if (ret_departure) {
		opts.data_out = ret_departure->bytes;
		opts.data_size_out = sizeof(ret_departure->bytes);
		opts.ctx_out = &left;
		opts.ctx_size_out = sizeof(left);
	}
	err = bpf_prog_test_run_opts(bpf_program__fd(program), &opts);
	if (err || !ret_departure)
		return err;
	ret_departure->code = (int)opts.retval;
	ret_departure->length = opts.data_size_out;
	ret_departure->mark = left.mark;
	ret_departure->priority = left.priority;
	ret_departure->has_handoff = false;
	return 0;
}

int datapath_run(const struct datapath *dp, const struct arrival *arrival, struct departure *ret_departure)
{
	switch (dp->hook) {
	case HOOK_XDP:
		return run_xdp(dp, arrival, ret_departure);
	case HOOK_TC:
		return run_tc(dp, arrival, ret_departure);
	default:
		return run_host(arrival, ret_departure);
	}
}
