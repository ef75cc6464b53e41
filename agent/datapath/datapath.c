// SPDX-License-Identifier: Apache-2.0
#include "datapath/datapath.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "datapath/attach.h"
#include "datapath/hash.h"
#include "datapath/internal.h"
#include "datapath/migrate.h"

#define PUNT_COUNTS_PER_PORT 4 /* reasons that the ports have on average */

#define CLOCK_TRUSTED_NS 100000000 /* for so long the two clocks cannot drift apart by a tick */

/* ---- sizes ---- */

static uint32_t pinned_entries(const struct pins *pins, const char *map)
{
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);
	int fd = datapath_open_pinned(pins, &pins->current, map);

	if (fd < 0)
		return 0;
	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		info.max_entries = 0;
	close(fd);
	return info.max_entries;
}

/* May the current set be used as it is? */
static bool set_fits(const struct datapath *dp, const struct datapath_options *options)
{
	const struct pins *pins = &dp->pins;

	return pins->has_current && pins->current.abi == XBR_ABI_VERSION &&
	       pinned_entries(pins, "ports") == options->max_ports &&
	       pinned_entries(pins, "fdb") == fdb_table_buckets_for(options->fdb_size);
}

static void set_sizes(struct xbr_bpf *bpf, const struct datapath_options *options)
{
	bpf_map__set_max_entries(bpf->maps.ports, options->max_ports);
	bpf_map__set_max_entries(bpf->maps.port_live, options->max_ports);
	bpf_map__set_max_entries(bpf->maps.port_saved, options->max_ports);
	bpf_map__set_max_entries(bpf->maps.stp_saved, options->max_ports);
	bpf_map__set_max_entries(bpf->maps.port_vlans, options->max_ports);
	bpf_map__set_max_entries(bpf->maps.port_msti, options->max_ports);
	bpf_map__set_max_entries(bpf->maps.guards, options->max_ports);
	bpf_map__set_max_entries(bpf->maps.guard_live, options->max_ports);
	bpf_map__set_max_entries(bpf->maps.qos_ports, options->max_ports);
	bpf_map__set_max_entries(bpf->maps.qos_maps, options->max_ports);
	bpf_map__set_max_entries(bpf->maps.counters, options->max_ports);
	bpf_map__set_max_entries(bpf->maps.xdp_ports, options->max_ports);
	bpf_map__set_max_entries(bpf->maps.punt_buckets, options->max_ports * XBR_PUNT_ROOM);
	bpf_map__set_max_entries(bpf->maps.punt_counts, options->max_ports * PUNT_COUNTS_PER_PORT);
	bpf_map__set_max_entries(bpf->maps.fdb, fdb_table_buckets_for(options->fdb_size));
}

/* ---- maps: reuse, pin, map ---- */

int datapath_open_pinned(const struct pins *pins, const struct pins_set *set, const char *map)
{
	char path[PATH_MAX];
	int fd;

	pins_map_path(pins, set, map, path);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

static bool is_pinned_map(const struct bpf_map *map)
{
	return !bpf_map__is_internal(map);
}

static int reuse_maps(struct datapath *dp)
{
	struct bpf_map *map;
	int fd, err;

	bpf_object__for_each_map(map, dp->bpf->obj)
	{
		if (!is_pinned_map(map))
			continue;
		fd = datapath_open_pinned(&dp->pins, &dp->pins.current, bpf_map__name(map));
		if (fd < 0)
			return fd;
		err = bpf_map__reuse_fd(map, fd);
		close(fd);
		if (err)
			return err;
	}
	return 0;
}

static int pin_maps(struct datapath *dp, const struct pins_set *set)
{
	char path[PATH_MAX];
	struct bpf_map *map;

	bpf_object__for_each_map(map, dp->bpf->obj)
	{
		if (!is_pinned_map(map))
			continue;
		pins_map_path(&dp->pins, set, bpf_map__name(map), path);
		if (bpf_obj_pin(bpf_map__fd(map), path))
			return -errno;
	}
	return 0;
}

/* What an mmapable array takes: values rounded up to eight octets, the whole to pages. */
static size_t array_octets(uint32_t entries, uint32_t value_size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return ((size_t)entries * ((value_size + 7u) & ~7u) + page - 1) & ~(page - 1);
}

void *datapath_map_memory(int fd, size_t *ret_size)
{
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);
	size_t size;
	void *memory;

	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return NULL;
	size = array_octets(info.max_entries, info.value_size);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return NULL;
	*ret_size = size;
	return memory;
}

static void *map_memory_of(const struct bpf_map *map)
{
	size_t size;

	return datapath_map_memory(bpf_map__fd(map), &size);
}

static int map_tables(struct datapath *dp)
{
	struct xbr_bpf *bpf = dp->bpf;

	dp->ports = map_memory_of(bpf->maps.ports);
	dp->port_live = map_memory_of(bpf->maps.port_live);
	dp->port_saved = map_memory_of(bpf->maps.port_saved);
	dp->guards = map_memory_of(bpf->maps.guards);
	dp->guard_live = map_memory_of(bpf->maps.guard_live);
	dp->meters = map_memory_of(bpf->maps.meters);
	dp->meter_live = map_memory_of(bpf->maps.meter_live);
	dp->qos_ports = map_memory_of(bpf->maps.qos_ports);
	dp->qos_maps = map_memory_of(bpf->maps.qos_maps);
	dp->stp_saved = map_memory_of(bpf->maps.stp_saved);
	dp->bridges = map_memory_of(bpf->maps.bridges);
	dp->bridge_live = map_memory_of(bpf->maps.bridge_live);
	dp->bridge_saved = map_memory_of(bpf->maps.bridge_saved);
	dp->agent = map_memory_of(bpf->maps.agent_saved);
	dp->switches = map_memory_of(bpf->maps.switches);
	dp->port_of = map_memory_of(bpf->maps.port_of);
	dp->acl_sets = map_memory_of(bpf->maps.acl_sets);
	dp->vlans = map_memory_of(bpf->maps.vlans);
	dp->bridge_vlans = map_memory_of(bpf->maps.bridge_vlans);
	dp->port_vlans = map_memory_of(bpf->maps.port_vlans);
	dp->port_msti = map_memory_of(bpf->maps.port_msti);
	dp->punt_limits = map_memory_of(bpf->maps.punt_limits);
	dp->punt_buckets = map_memory_of(bpf->maps.punt_buckets);
	dp->channels_freed = map_memory_of(bpf->maps.channels_freed);
	dp->fdb.buckets = map_memory_of(bpf->maps.fdb);
	dp->fdb.count = bpf_map__max_entries(bpf->maps.fdb);
	dp->fdb.seed = bpf->rodata->settings.fdb_seed;
	if (!dp->guards || !dp->stp_saved || !dp->guard_live || !dp->ports || !dp->port_live ||
	    !dp->port_saved || !dp->bridges || !dp->bridge_live || !dp->bridge_saved || !dp->agent ||
	    !dp->switches || !dp->port_of || !dp->vlans || !dp->bridge_vlans || !dp->port_vlans ||
	    !dp->port_msti || !dp->punt_limits || !dp->punt_buckets || !dp->channels_freed || !dp->acl_sets ||
	    !dp->fdb.buckets || !dp->meters || !dp->meter_live || !dp->qos_ports || !dp->qos_maps)
		return -ENOMEM;
	dp->agent->fdb_seed = dp->fdb.seed;
	return 0;
}

static void unmap(void *memory, const struct bpf_map *map)
{
	if (memory)
		munmap(memory, array_octets(bpf_map__max_entries(map), bpf_map__value_size(map)));
}

static void unmap_tables(struct datapath *dp)
{
	struct xbr_bpf *bpf = dp->bpf;

	unmap(dp->ports, bpf->maps.ports);
	unmap(dp->port_live, bpf->maps.port_live);
	unmap(dp->port_saved, bpf->maps.port_saved);
	unmap(dp->guards, bpf->maps.guards);
	unmap(dp->guard_live, bpf->maps.guard_live);
	unmap(dp->meters, bpf->maps.meters);
	unmap(dp->meter_live, bpf->maps.meter_live);
	unmap(dp->qos_ports, bpf->maps.qos_ports);
	unmap(dp->qos_maps, bpf->maps.qos_maps);
	unmap(dp->stp_saved, bpf->maps.stp_saved);
	unmap(dp->bridges, bpf->maps.bridges);
	unmap(dp->bridge_live, bpf->maps.bridge_live);
	unmap(dp->bridge_saved, bpf->maps.bridge_saved);
	unmap(dp->agent, bpf->maps.agent_saved);
	unmap(dp->switches, bpf->maps.switches);
	unmap(dp->port_of, bpf->maps.port_of);
	unmap(dp->acl_sets, bpf->maps.acl_sets);
	unmap(dp->vlans, bpf->maps.vlans);
	unmap(dp->bridge_vlans, bpf->maps.bridge_vlans);
	unmap(dp->port_vlans, bpf->maps.port_vlans);
	unmap(dp->port_msti, bpf->maps.port_msti);
	unmap(dp->punt_limits, bpf->maps.punt_limits);
	unmap(dp->punt_buckets, bpf->maps.punt_buckets);
	unmap(dp->channels_freed, bpf->maps.channels_freed);
	unmap(dp->fdb.buckets, bpf->maps.fdb);
}

/* ---- settings ---- */

/* What an earlier agent knew of a set that lives on; for a new one a seed, and nothing is needed yet. */
static int read_saved(const struct datapath *dp, bool adopt, struct xbr_agent_saved *ret_saved)
{
	size_t size = sizeof(ret_saved->fdb_seed);
	__u32 zero = 0;
	int fd, err;

	*ret_saved = (struct xbr_agent_saved){0};
	if (!adopt)
		return getrandom(&ret_saved->fdb_seed, size, 0) == (ssize_t)size ? 0 : -errno;
	fd = datapath_open_pinned(&dp->pins, &dp->pins.current, "agent_saved");
	if (fd < 0)
		return fd;
	err = bpf_map_lookup_elem(fd, &zero, ret_saved) ? -errno : 0;
	close(fd);
	return err;
}

/*
 * The longest frame that XDP may redirect: kernels before 6.3 take only those in one piece, which a frame of
 * this length is in every driver.
 */
static uint32_t redirect_max(void)
{
	struct utsname kernel;
	unsigned int major = 0, minor = 0;

	if (uname(&kernel) || sscanf(kernel.release, "%u.%u", &major, &minor) != 2)
		return XBR_ONE_PIECE;
	return major > 6 || (major == 6 && minor >= 3) ? UINT32_MAX : XBR_ONE_PIECE;
}

static int fill_settings(struct datapath *dp, const struct datapath_options *options,
			 const struct xbr_agent_saved *saved)
{
	uint32_t buckets = fdb_table_buckets_for(options->fdb_size), nonce;

	if (getrandom(&nonce, sizeof(nonce), 0) != sizeof(nonce))
		return -errno;
	*(struct xbr_settings *)&dp->bpf->rodata->settings = (struct xbr_settings){
		.fdb_seed = saved->fdb_seed,
		.fdb_mask = buckets - 1,
		.fdb_port_cap = buckets * XBR_FDB_WAYS / 2,
		.nonce = nonce,
		.features = saved->features & XBR_FEATURES_ALL,
		.redirect_max = redirect_max(),
	};
	return 0;
}

/* A tick of the coarse clock is a jiffy. */
static uint32_t jiffies_per_second(void)
{
	struct timespec tick;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) || tick.tv_nsec <= 0)
		return 250;
	return (uint32_t)((1000000000 + tick.tv_nsec / 2) / tick.tv_nsec);
}

/* ---- libbpf's sentences ---- */

static void (*libbpf_log)(const char *sentence);

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	char sentence[1024];
	int length;

	if (!libbpf_log || level == LIBBPF_DEBUG)
		return 0;
	length = vsnprintf(sentence, sizeof(sentence), format, args);
	if (length > 0 && (size_t)length < sizeof(sentence) && sentence[length - 1] == '\n')
		sentence[length - 1] = '\0';
	libbpf_log(sentence);
	return 0;
}

void datapath_set_log(void (*log)(const char *sentence))
{
	libbpf_log = log;
	libbpf_set_print(print_libbpf);
}

/* ---- opening ---- */

/* -ENOENT: the current set lacks a map of ours, that another build of this version did not have yet. */
static int prepare(struct datapath *dp, const struct datapath_options *options, bool adopt)
{
	struct xbr_agent_saved saved;
	int err = read_saved(dp, adopt, &saved);

	if (err)
		return err;
	dp->bpf = skeleton_open(saved.features & XBR_FEATURES_ALL);
	if (!dp->bpf)
		return -errno;
	set_sizes(dp->bpf, options);
	err = adopt ? reuse_maps(dp) : 0;
	if (err == -ENOENT) {
		xbr_bpf__destroy(dp->bpf);
		dp->bpf = NULL;
	}
	if (!err)
		err = fill_settings(dp, options, &saved);
	if (!err)
		err = xbr_bpf__load(dp->bpf);
	return err ? err : map_tables(dp);
}

/* A set of maps of our own, filled from the former one if there is one; it counts from when it is marked. */
static int make_set(struct datapath *dp)
{
	bool had = dp->pins.has_current;
	int err;

	dp->fresh_set =
		(struct pins_set){.abi = XBR_ABI_VERSION, .serial = had ? dp->pins.current.serial + 1 : 0};
	err = pins_set_create(&dp->pins, &dp->fresh_set);
	if (err)
		return err;
	dp->has_fresh_set = true;
	err = pin_maps(dp, &dp->fresh_set);
	return !err && had ? migrate(dp, &dp->pins.current) : err;
}

int datapath_commit(struct datapath *dp)
{
	struct pins_set former = dp->pins.current;
	bool had = dp->pins.has_current;
	int err = attach_swap_programs(dp);

	if (err)
		return err;
	dp->committed = true;
	if (!dp->has_fresh_set)
		return 0;
	err = pins_set_complete(&dp->pins, &dp->fresh_set, bpf_map__fd(dp->bpf->maps.agent_saved));
	if (err)
		return err;
	dp->has_fresh_set = false;
	if (had)
		pins_set_remove(&dp->pins, &former);
	return 0;
}

static int on_event(void *user, void *data, size_t size)
{
	struct datapath *dp = user;

	if (size == sizeof(struct xbr_fdb_event) && dp->on_fdb_event)
		dp->on_fdb_event(data, dp->on_fdb_event_user);
	if (size == sizeof(struct xbr_acl_event) && dp->on_acl_event)
		dp->on_acl_event(data, dp->on_acl_event_user);
	if (size == sizeof(struct xbr_snoop_event) && dp->on_snoop_event)
		dp->on_snoop_event(data, dp->on_snoop_event_user);
	return 0;
}

static int open_events(struct datapath *dp)
{
	dp->switches->events = 0;
	dp->events = ring_buffer__new(bpf_map__fd(dp->bpf->maps.events), on_event, dp, NULL);
	return dp->events ? 0 : -errno;
}

static bool has_ports(const struct datapath *dp)
{
	for (uint32_t port = 1; port < dp->max_ports; port++)
		if (dp->ports[port].ifindex)
			return true;
	return false;
}

/* What is attached already decides: tcx links and clsact filters are not mixed. */
static int choose_tc(struct datapath *dp, enum tc_attach wanted)
{
	if (has_ports(dp)) {
		dp->tcx = !dp->agent->clsact;
		return 0;
	}
	dp->tcx = wanted != TC_ATTACH_CLSACT && attach_has_tcx();
	dp->agent->clsact = !dp->tcx;
	return wanted == TC_ATTACH_TCX && !dp->tcx ? -EOPNOTSUPP : 0;
}

static int bring_up(struct datapath *dp, const struct datapath_options *options)
{
	bool fits = set_fits(dp, options);
	int err = prepare(dp, options, fits);

	if (fits && err == -ENOENT) {
		fits = false;
		err = prepare(dp, options, fits);
	}
	dp->adopted = dp->pins.has_current;
	if (err)
		return err;
	dp->max_ports = options->max_ports;
	dp->hz = jiffies_per_second();
	dp->cpus = libbpf_num_possible_cpus();
	if (fits)
		fdb_table_repair(&dp->fdb);
	else
		err = make_set(dp);
	if (!err)
		err = choose_tc(dp, options->tc);
	return err ? err : open_events(dp);
}

int datapath_open(struct datapath **ret_datapath, const struct datapath_options *options,
		  struct xbr_error *error)
{
	struct datapath *dp = calloc(1, sizeof(*dp));
	int err;

	if (!dp)
		return xbr_refuse(error, -ENOMEM, "out of memory");
	err = pins_open(&dp->pins, options->pin_dir, error);
	if (err) {
		free(dp);
		return err;
	}
	err = bring_up(dp, options);
	if (err) {
		datapath_close(dp);
		if (err == -ENOSPC)
			return xbr_refuse(error, err,
					  "what is in use does not fit --max-ports %u and --fdb-size %u",
					  options->max_ports, options->fdb_size);
		return xbr_refuse(error, err, "cannot bring the datapath up under %s: %s%s", options->pin_dir,
				  strerror(-err),
				  err == -EACCES ? " (kernels before 6.8 ask for CAP_PERFMON)" : "");
	}
	*ret_datapath = dp;
	return 0;
}

void datapath_close(struct datapath *dp)
{
	if (!dp)
		return;
	ring_buffer__free(dp->events);
	if (dp->has_fresh_set) /* never committed */
		pins_set_remove(&dp->pins, &dp->fresh_set);
	if (dp->bpf) {
		unmap_tables(dp);
		xbr_bpf__destroy(dp->bpf);
	}
	pins_close(&dp->pins);
	free(dp);
}

void datapath_remove(struct datapath *dp)
{
	pins_remove_all(&dp->pins);
}

/* ---- use ---- */

static uint32_t read_jiffies(struct datapath *dp)
{
	char frame[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame));

	if (bpf_prog_test_run_opts(bpf_program__fd(dp->bpf->progs.xbr_clock), &opts))
		return 0;
	return opts.retval;
}

/* To run the program is a system call, two microseconds: a walk that asks for each address asks the coarse
 * clock, which has the same ticks, how many went by since. */
uint32_t datapath_jiffies(struct datapath *dp)
{
	struct timespec now;
	uint64_t ns;

	if (clock_gettime(CLOCK_MONOTONIC_COARSE, &now))
		return read_jiffies(dp);
	ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	if (!dp->clock_ns || ns - dp->clock_ns > CLOCK_TRUSTED_NS) {
		dp->clock_jiffies = read_jiffies(dp);
		dp->clock_ns = ns;
	}
	return dp->clock_jiffies + (uint32_t)((ns - dp->clock_ns) * dp->hz / 1000000000);
}

int datapath_set_port_of(struct datapath *dp, uint32_t ifindex, uint32_t port, uint8_t encap, uint16_t fid)
{
	uint64_t value =
		port | (uint64_t)encap << XBR_DEVICE_ENCAP_SHIFT | (uint64_t)fid << XBR_DEVICE_FID_SHIFT;

	if (ifindex < XBR_IFINDEX_DENSE) {
		__atomic_store_n(&dp->port_of[ifindex], value, __ATOMIC_SEQ_CST);
		return 0;
	}
	return hash_set(bpf_map__fd(dp->bpf->maps.port_of_sparse), &ifindex, port ? &value : NULL);
}

int datapath_set_channel(struct datapath *dp, uint32_t ifindex, uint32_t word, uint32_t port)
{
	struct xbr_channel_key key = {.ifindex = ifindex, .channel = word};
	uint64_t value = port;

	return hash_set(bpf_map__fd(dp->bpf->maps.channels), &key, port ? &value : NULL);
}

uint32_t datapath_port_of(const struct datapath *dp, uint32_t ifindex)
{
	uint64_t port = XBR_PORT_NONE;

	if (ifindex < XBR_IFINDEX_DENSE)
		return (uint32_t)dp->port_of[ifindex];
	if (bpf_map_lookup_elem(bpf_map__fd(dp->bpf->maps.port_of_sparse), &ifindex, &port))
		return XBR_PORT_NONE;
	return (uint32_t)port;
}

int datapath_source_set(struct datapath *dp, uint64_t key, uint32_t value)
{
	return hash_set(bpf_map__fd(dp->bpf->maps.edge_sources), &key, value ? &value : NULL);
}

void datapath_source_each(struct datapath *dp, int (*visit)(uint64_t key, uint32_t value, void *user),
			  void *user)
{
	int fd = bpf_map__fd(dp->bpf->maps.edge_sources), stop = 0;
	bool begun = false;
	uint64_t key;
	uint32_t value;

	while (!stop && hash_next(fd, &begun, &key, &value))
		stop = visit(key, value, user);
}

int datapath_set_xdp_port(struct datapath *dp, uint32_t port, uint32_t ifindex)
{
	return hash_set(bpf_map__fd(dp->bpf->maps.xdp_ports), &port, ifindex ? &ifindex : NULL);
}

/* ---- flood lists ---- */

/* All values in one call where the map type can, else one by one. */
static int fill_list(int fd, const uint32_t *values, uint32_t count)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint32_t *keys = malloc(count * sizeof(*keys)), done = count;
	int err = 0;

	if (!keys)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		keys[i] = i;
	if (bpf_map_update_batch(fd, keys, values, &done, &opts))
		for (uint32_t i = 0; !err && i < count; i++)
			err = bpf_map_update_elem(fd, &i, &values[i], BPF_ANY) ? -errno : 0;
	free(keys);
	return err;
}

/* values: what goes to slots 0 to count - 1. Returns a descriptor, or -errno. */
static int make_list(enum bpf_map_type type, const char *name, uint32_t flags, const uint32_t *values,
		     uint32_t count)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);
	int fd = bpf_map_create(type, name, sizeof(__u32), sizeof(__u32), count, &opts);
	int err;

	if (fd < 0)
		return -errno;
	err = fill_list(fd, values, count);
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* list < 0: none. Takes the descriptor over. */
static int put_list(const struct bpf_map *outer, uint32_t fid, int list)
{
	int err;

	if (list < 0)
		err = bpf_map_delete_elem(bpf_map__fd(outer), &fid) && errno != ENOENT ? -errno : 0;
	else
		err = bpf_map_update_elem(bpf_map__fd(outer), &fid, &list, BPF_ANY) ? -errno : 0;
	if (list >= 0)
		close(list);
	return err;
}

int datapath_set_flood(struct datapath *dp, uint32_t fid, const uint32_t *ports, const uint32_t *ifindexes,
		       uint32_t count, uint32_t ifindex_count)
{
	int list = -1, devices = -1, err;

	if (count) {
		list = make_list(BPF_MAP_TYPE_ARRAY, "flood_list", BPF_F_INNER_MAP, ports, count);
		if (list < 0)
			return list;
	}
	if (count && ifindexes) {
		devices = make_list(BPF_MAP_TYPE_DEVMAP, "flood_devices", 0, ifindexes, ifindex_count);
		if (devices < 0) {
			close(list);
			return devices;
		}
	}
	err = put_list(dp->bpf->maps.flood_xdp, fid, devices);
	if (err) {
		if (list >= 0)
			close(list);
		return err;
	}
	return put_list(dp->bpf->maps.flood, fid, list);
}

/* ---- counters ---- */

int datapath_counters_read(struct datapath *dp, uint32_t port, struct xbr_counters *ret_counters)
{
	size_t words = sizeof(struct xbr_counters) / sizeof(uint64_t);
	struct xbr_counters *per_cpu = calloc((size_t)dp->cpus, sizeof(*per_cpu));
	struct xbr_counters sum = {};
	int err;

	if (!per_cpu)
		return -ENOMEM;
	err = bpf_map_lookup_elem(bpf_map__fd(dp->bpf->maps.counters), &port, per_cpu) ? -errno : 0;
	for (int cpu = 0; !err && cpu < dp->cpus; cpu++)
		for (size_t i = 0; i < words; i++)
			((uint64_t *)&sum)[i] += ((const uint64_t *)&per_cpu[cpu])[i];
	free(per_cpu);
	if (!err)
		*ret_counters = sum;
	return err;
}

int datapath_counters_clear(struct datapath *dp, uint32_t port)
{
	struct xbr_counters *per_cpu = calloc((size_t)dp->cpus, sizeof(*per_cpu));
	int err;

	if (!per_cpu)
		return -ENOMEM;
	err = bpf_map_update_elem(bpf_map__fd(dp->bpf->maps.counters), &port, per_cpu, BPF_ANY) ? -errno : 0;
	free(per_cpu);
	return err;
}

/* ---- the punt path ---- */

uint32_t datapath_nonce(const struct datapath *dp)
{
	return dp->bpf->rodata->settings.nonce;
}

int datapath_set_punt_socket(struct datapath *dp, uint32_t queue, int socket)
{
	int fd = bpf_map__fd(dp->bpf->maps.punt_sockets);

	return bpf_map_update_elem(fd, &queue, &socket, BPF_ANY) ? -errno : 0;
}

static void add_punt_counts(struct xbr_punt_counts *sum, const struct xbr_punt_counts *one)
{
	sum->accepted += one->accepted;
	sum->policed += one->policed;
	sum->lost += one->lost;
	sum->sent += one->sent;
}

int datapath_punt_each(struct datapath *dp,
		       int (*visit)(uint32_t port, uint32_t reason, const struct xbr_punt_counts *counts,
				    void *user),
		       void *user)
{
	int fd = bpf_map__fd(dp->bpf->maps.punt_counts), err = 0;
	struct xbr_punt_counts *per_cpu = calloc((size_t)dp->cpus, sizeof(*per_cpu));
	uint32_t left = bpf_map__max_entries(dp->bpf->maps.punt_counts), key, *former = NULL;

	if (!per_cpu)
		return -ENOMEM;
	for (; !err && left && !bpf_map_get_next_key(fd, former, &key); left--, former = &key) {
		struct xbr_punt_counts sum = {0};

		if (bpf_map_lookup_elem(fd, &key, per_cpu))
			continue; /* of a port that just went */
		for (int cpu = 0; cpu < dp->cpus; cpu++)
			add_punt_counts(&sum, &per_cpu[cpu]);
		err = visit(XBR_PUNT_KEY_PORT(key), XBR_PUNT_KEY_REASON(key), &sum, user);
	}
	free(per_cpu);
	return err;
}

void datapath_punt_clear(struct datapath *dp, uint32_t port)
{
	for (uint32_t reason = 0; reason < XBR_PUNT_COUNT; reason++) {
		uint32_t key = XBR_PUNT_KEY(port, reason);

		bpf_map_delete_elem(bpf_map__fd(dp->bpf->maps.punt_counts), &key);
		dp->punt_buckets[XBR_PUNT_BUCKET(port, reason)] = 0;
	}
}

/* ---- events ---- */

int datapath_events_fd(const struct datapath *dp)
{
	return ring_buffer__epoll_fd(dp->events);
}

void datapath_events_dispatch(struct datapath *dp)
{
	ring_buffer__consume(dp->events);
}
