// SPDX-License-Identifier: Apache-2.0
#include "datapath/migrate.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "datapath/acl_maps.h"
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

/* A layout of before there was a punt path has none. */
static int carry_punt_limits(struct datapath *dp, const struct pins_set *set)
{
	int err =
		carry_array(dp, set, "punt_limits", dp->punt_limits, XBR_PUNT_ROOM, sizeof(*dp->punt_limits));

	return err == -ENOENT ? 0 : err;
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

/* A hash with keys of at most eight octets; what the former layout did not have is not there. */
static int carry_hash(struct datapath *dp, const struct pins_set *set, const struct bpf_map *map)
{
	int from = datapath_open_pinned(&dp->pins, set, bpf_map__name(map));
	void *value = malloc(bpf_map__value_size(map));
	__u64 key, *previous = NULL;
	int err = value ? 0 : -ENOMEM;

	while (from >= 0 && !err && !bpf_map_get_next_key(from, previous, &key)) {
		if (!bpf_map_lookup_elem(from, &key, value))
			err = bpf_map_update_elem(bpf_map__fd(map), &key, value, BPF_ANY) ? -errno : 0;
		previous = &key;
	}
	free(value);
	if (from < 0)
		return from == -ENOENT ? err : from;
	close(from);
	return err;
}

static int carry_mst(struct datapath *dp, const struct pins_set *set)
{
	int err = carry_array(dp, set, "port_msti", dp->port_msti, dp->max_ports, sizeof(*dp->port_msti));

	if (!err)
		err = carry_hash(dp, set, dp->bpf->maps.mst_saved);
	if (!err)
		err = carry_hash(dp, set, dp->bpf->maps.mst_port_saved);
	return err ? err : carry_hash(dp, set, dp->bpf->maps.stp_msti_saved);
}

static int carry_sources(struct datapath *dp, const struct pins_set *set)
{
	int from = datapath_open_pinned(&dp->pins, set, "edge_sources");
	__u64 key, *previous = NULL;
	__u32 value;
	int err = 0;

	if (from == -ENOENT)
		return 0; /* of an agent that knew no such lists */
	if (from < 0)
		return from;
	while (!err && !bpf_map_get_next_key(from, previous, &key)) {
		if (!bpf_map_lookup_elem(from, &key, &value))
			err = datapath_source_set(dp, key, value);
		previous = &key;
	}
	close(from);
	return err;
}

static int put_allowed(const struct xbr_allowed_key *key, const struct xbr_allowed *value, void *dp)
{
	return datapath_allowed_put(dp, key, value);
}

static int carry_allowed(struct datapath *dp, const struct pins_set *set)
{
	int from = datapath_open_pinned(&dp->pins, set, "allowed");
	int err;

	if (from < 0)
		return from;
	err = datapath_allowed_walk(from, put_allowed, dp);
	close(from);
	return err;
}

/* Sets of version 1 have no guards. */
static int carry_guards(struct datapath *dp, const struct pins_set *set)
{
	uint32_t ports = dp->max_ports;
	int err = carry_array(dp, set, "guards", dp->guards, ports, sizeof(*dp->guards));

	if (!err)
		err = carry_array(dp, set, "guard_live", dp->guard_live, ports, sizeof(*dp->guard_live));
	if (!err)
		err = carry_allowed(dp, set);
	return err == -ENOENT ? 0 : err;
}

/* Sets of before there was such a map have nothing of it. */
static int carry_offloads(struct datapath *dp, const struct pins_set *set)
{
	int from = datapath_open_pinned(&dp->pins, set, "offload_saved");
	struct xbr_offload_key key, *previous = NULL;
	struct xbr_offload_saved value;
	int err = 0;

	if (from < 0)
		return from == -ENOENT ? 0 : from;
	while (!err && !bpf_map_get_next_key(from, previous, &key)) {
		if (!bpf_map_lookup_elem(from, &key, &value))
			err = datapath_offload_set(dp, &key, &value);
		previous = &key;
	}
	close(from);
	return err;
}

/* Sets of version 1 have no meters. What meters counted is left behind. */
static int carry_meters(struct datapath *dp, const struct pins_set *set)
{
	int err = carry_array(dp, set, "meters", dp->meters, XBR_METER_LIMIT, sizeof(*dp->meters));

	if (!err)
		err = carry_array(dp, set, "meter_live", dp->meter_live, XBR_METER_LIMIT,
				  sizeof(*dp->meter_live));
	if (!err)
		err = carry_array(dp, set, "qos_ports", dp->qos_ports, dp->max_ports, sizeof(*dp->qos_ports));
	return err == -ENOENT ? 0 : err;
}

int migrate(struct datapath *dp, const struct pins_set *former)
{
	uint32_t ports = dp->max_ports;
	uint64_t seed = dp->agent->fdb_seed;
	int err = check_ports_fit(dp, former);

	if (!err)
		err = carry_array(dp, former, "ports", dp->ports, ports, sizeof(*dp->ports));
	if (!err)
		err = carry_array(dp, former, "port_live", dp->port_live, ports, sizeof(*dp->port_live));
	if (!err)
		err = carry_array(dp, former, "port_saved", dp->port_saved, ports, sizeof(*dp->port_saved));
	if (!err)
		err = carry_array(dp, former, "bridges", dp->bridges, XBR_BRIDGE_LIMIT, sizeof(*dp->bridges));
	if (!err)
		err = carry_array(dp, former, "bridge_live", dp->bridge_live, XBR_BRIDGE_LIMIT,
				  sizeof(*dp->bridge_live));
	if (!err)
		err = carry_array(dp, former, "bridge_saved", dp->bridge_saved, XBR_BRIDGE_LIMIT,
				  sizeof(*dp->bridge_saved));
	if (!err)
		err = carry_array(dp, former, "agent_saved", dp->agent, 1, sizeof(*dp->agent));
	dp->agent->fdb_seed = seed; /* of the new table */
	if (!err)
		err = carry_array(dp, former, "port_of", dp->port_of, XBR_IFINDEX_DENSE,
				  sizeof(*dp->port_of));
	if (!err)
		err = carry_array(dp, former, "stp_saved", dp->stp_saved, ports, sizeof(*dp->stp_saved));
	if (!err)
		err = carry_array(dp, former, "vlans", dp->vlans, XBR_FID_LIMIT, sizeof(*dp->vlans));
	if (!err)
		err = carry_array(dp, former, "bridge_vlans", dp->bridge_vlans, XBR_BRIDGE_LIMIT,
				  sizeof(*dp->bridge_vlans));
	if (!err)
		err = carry_array(dp, former, "port_vlans", dp->port_vlans, ports, sizeof(*dp->port_vlans));
	if (!err)
		err = carry_punt_limits(dp, former);
	if (!err)
		err = carry_array(dp, former, "channels_freed", dp->channels_freed, XBR_CHANNELS_FREED,
				  sizeof(*dp->channels_freed));
	if (!err)
		err = carry_hash(dp, former, dp->bpf->maps.port_of_sparse);
	if (!err)
		err = carry_hash(dp, former, dp->bpf->maps.vlan_map);
	if (!err)
		err = carry_mst(dp, former);
	if (!err)
		err = carry_sources(dp, former);
	if (!err)
		err = carry_offloads(dp, former);
	if (!err)
		err = carry_array(dp, former, "acl_sets", dp->acl_sets, XBR_ACL_SETS_MAX,
				  sizeof(*dp->acl_sets));
	if (!err)
		err = acl_maps_carry(dp, former);
	if (!err)
		err = carry_fdb(dp, former);
	if (!err)
		err = carry_guards(dp, former);
	if (!err)
		err = carry_meters(dp, former);
	return err ? err : carry_counters(dp, former, ports);
}
