// SPDX-License-Identifier: Apache-2.0
#include "datapath/migrate.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "datapath/acl_maps.h"
#include "datapath/hash.h"
#include "datapath/internal.h"

/* A mapped array of the former set. */
struct former_array {
	unsigned char *memory;
	size_t size;
	uint32_t entries;
	uint32_t stride; /* octets from one value to the next */
	uint32_t value_size;
};

static int former_open(const struct datapath *dp, const struct pins_set *set, const char *map,
		       struct former_array *ret)
{
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);
	int fd = datapath_open_pinned(&dp->pins, set, map);
	int err = 0;

	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		err = -errno;
	*ret = (struct former_array){.entries = info.max_entries,
				     .value_size = info.value_size,
				     .stride = (info.value_size + 7u) & ~7u};
	if (!err) {
		ret->memory = datapath_map_memory(fd, &ret->size);
		err = ret->memory ? 0 : -ENOMEM;
	}
	close(fd);
	return err;
}

static void former_close(struct former_array *former)
{
	munmap(former->memory, former->size);
}

static const void *former_value(const struct former_array *former, uint32_t i)
{
	return former->memory + (size_t)i * former->stride;
}

/* to: entries values of size octets. */
static void copy_values(const struct former_array *from, unsigned char *to, uint32_t entries, size_t size)
{
	size_t octets = from->value_size < size ? from->value_size : size;

	for (uint32_t i = 0; i < from->entries && i < entries; i++)
		memcpy(to + i * size, former_value(from, i), octets);
}

/* A map that the former layout did not have yet has nothing to carry. */
static int carry_array(struct datapath *dp, const struct pins_set *set, const char *map, void *to,
		       uint32_t entries, size_t size)
{
	struct former_array from;
	int err = former_open(dp, set, map, &from);

	if (err)
		return err == -ENOENT ? 0 : err;
	copy_values(&from, to, entries, size);
	former_close(&from);
	return 0;
}

/* -ENOSPC where a port has a number that the new set has no place for. A number is taken while it has a name.
 */
static int check_ports_fit(const struct datapath *dp, const struct pins_set *set)
{
	struct former_array from;
	int err = former_open(dp, set, "port_saved", &from);

	if (err)
		return err;
	for (uint32_t i = dp->max_ports; i < from.entries && !err; i++)
		if (((const struct xbr_port_saved *)former_value(&from, i))->name[0])
			err = -ENOSPC;
	former_close(&from);
	return err;
}

/* ---- the FDB ---- */

/* What was set by hand must not be lost. */
static int carry_pinned(const struct fdb_slot *slot, void *user)
{
	uint32_t kind = fdb_data_kind(slot->data), before;

	if (!slot->data || kind == XBR_FDB_BUSY || fdb_kind_is_learned(kind))
		return 0;
	return fdb_table_put(user, slot->key, slot->data, &before);
}

/* What a smaller table has no room for is learned again, or not. */
static int carry_learned(const struct fdb_slot *slot, void *user)
{
	uint32_t before;
	int err = 0;

	if (fdb_kind_is_learned(fdb_data_kind(slot->data)))
		err = fdb_table_put(user, slot->key, slot->data, &before);
	return err == -ENOSPC ? 0 : err;
}

static int carry_fdb(struct datapath *dp, const struct pins_set *set)
{
	struct former_array from;
	struct fdb_table former;
	int err = former_open(dp, set, "fdb", &from);

	if (err)
		return err;
	former = (struct fdb_table){.buckets = (void *)from.memory, .count = from.entries};
	err = fdb_table_walk(&former, 0, former.count, carry_pinned, &dp->fdb);
	if (!err)
		err = fdb_table_walk(&former, 0, former.count, carry_learned, &dp->fdb);
	former_close(&from);
	return err;
}

/* ---- what is not mapped ---- */

static int carry_counters(struct datapath *dp, const struct pins_set *set, uint32_t entries)
{
	int from = datapath_open_pinned(&dp->pins, set, "counters");
	int to = bpf_map__fd(dp->bpf->maps.counters);
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);
	void *values = NULL;
	int err = 0;

	if (from < 0)
		return from;
	if (bpf_obj_get_info_by_fd(from, &info, &length))
		err = -errno;
	/* reasons are only ever added: values of another size are left behind, a count is not worth a refusal
	 */
	if (!err && info.value_size == sizeof(struct xbr_counters))
		values = calloc((size_t)dp->cpus, sizeof(struct xbr_counters));
	for (__u32 i = 0; values && i < entries && i < info.max_entries; i++)
		if (!bpf_map_lookup_elem(from, &i, values))
			bpf_map_update_elem(to, &i, values, BPF_ANY);
	free(values);
	close(from);
	return err;
}

/* A hash, or a trie; what the former layout did not have is not there. */
static int carry_hash(struct datapath *dp, const struct pins_set *set, const struct bpf_map *map)
{
	int from = datapath_open_pinned(&dp->pins, set, bpf_map__name(map));
	void *key = malloc(bpf_map__key_size(map)), *value = malloc(bpf_map__value_size(map));
	int err = key && value ? 0 : -ENOMEM;
	bool begun = false;

	while (from >= 0 && !err && hash_next(from, &begun, key, value))
		err = hash_set(bpf_map__fd(map), key, value);
	free(key);
	free(value);
	if (from < 0)
		return from == -ENOENT ? err : from;
	close(from);
	return err;
}

/* What a number of ports, bridges or VLANs index, and the agent's own memory. */
static int carry_arrays(struct datapath *dp, const struct pins_set *set)
{
	const struct {
		const char *map;
		void *to;
		uint32_t entries;
		size_t size;
	} arrays[] = {
#define ARRAY(name, memory, entries) {name, dp->memory, entries, sizeof(*dp->memory)}
		ARRAY("ports", ports, dp->max_ports),
		ARRAY("port_live", port_live, dp->max_ports),
		ARRAY("port_saved", port_saved, dp->max_ports),
		ARRAY("bridges", bridges, XBR_BRIDGE_LIMIT),
		ARRAY("bridge_live", bridge_live, XBR_BRIDGE_LIMIT),
		ARRAY("bridge_saved", bridge_saved, XBR_BRIDGE_LIMIT),
		ARRAY("agent_saved", agent, 1),
		ARRAY("port_of", port_of, XBR_IFINDEX_DENSE),
		ARRAY("stp_saved", stp_saved, dp->max_ports),
		ARRAY("port_msti", port_msti, dp->max_ports),
		ARRAY("vlans", vlans, XBR_FID_LIMIT),
		ARRAY("bridge_vlans", bridge_vlans, XBR_BRIDGE_LIMIT),
		ARRAY("port_vlans", port_vlans, dp->max_ports),
		ARRAY("punt_limits", punt_limits, XBR_PUNT_ROOM),
		ARRAY("channels_freed", channels_freed, XBR_CHANNELS_FREED),
		ARRAY("acl_sets", acl_sets, XBR_ACL_SETS_MAX),
		ARRAY("guards", guards, dp->max_ports),
		ARRAY("guard_live", guard_live, dp->max_ports),
		ARRAY("meters", meters, XBR_METER_LIMIT),
		ARRAY("meter_live", meter_live, XBR_METER_LIMIT),
		ARRAY("qos_ports", qos_ports, dp->max_ports),
		ARRAY("qos_maps", qos_maps, dp->max_ports),
#undef ARRAY
	};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(arrays) / sizeof(arrays[0]); i++)
		err = carry_array(dp, set, arrays[i].map, arrays[i].to, arrays[i].entries, arrays[i].size);
	return err;
}

static int carry_hashes(struct datapath *dp, const struct pins_set *set)
{
	const struct bpf_map *const maps[] = {
		dp->bpf->maps.port_of_sparse, dp->bpf->maps.vlan_map,       dp->bpf->maps.mst_saved,
		dp->bpf->maps.mst_port_saved, dp->bpf->maps.stp_msti_saved, dp->bpf->maps.edge_sources,
		dp->bpf->maps.offload_saved,  dp->bpf->maps.allowed,
	};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(maps) / sizeof(maps[0]); i++)
		err = carry_hash(dp, set, maps[i]);
	return err;
}

/* What meters counted is left behind. */
int migrate(struct datapath *dp, const struct pins_set *former)
{
	uint64_t seed = dp->agent->fdb_seed;
	int err = check_ports_fit(dp, former);

	if (!err)
		err = carry_arrays(dp, former);
	dp->agent->fdb_seed = seed; /* of the new table */
	if (!err)
		err = carry_hashes(dp, former);
	if (!err)
		err = acl_maps_carry(dp, former);
	if (!err)
		err = carry_fdb(dp, former);
	return err ? err : carry_counters(dp, former, dp->max_ports);
}
