/* SPDX-License-Identifier: Apache-2.0 */
/*
 * datapath: the loaded programs and their maps, as the rest of the agent sees them. agent/datapath is the
 * only user of libbpf; above it are plain arrays in shared memory (the maps, mapped) and functions. Closing
 * leaves everything pinned and running; opening again adopts it: same maps, new programs swapped in under
 * live links. Where layout or sizes differ a new set of maps is made, filled from the former one, and swapped
 * in.
 *
 * A port or bridge is made known to the programs by filling its slot; the field they look at first (ifindex;
 * state) is written last, see model/. The datapath itself decides nothing about them.
 */
#ifndef XBR_DATAPATH_DATAPATH_H
#define XBR_DATAPATH_DATAPATH_H

#include <stdbool.h>
#include <stdint.h>

#include "datapath/fdb_table.h"
#include "datapath/pins.h"
#include "error.h"
#include "xbr/abi.h"

enum tc_attach {
	TC_ATTACH_AUTO, /* tcx where the kernel has it, else clsact */
	TC_ATTACH_TCX,
	TC_ATTACH_CLSACT,
};

struct datapath_options {
	const char *pin_dir;
	uint32_t fdb_size;  /* addresses; the table gets a bucket for each, five slots */
	uint32_t max_ports; /* 2 to XBR_PORT_LIMIT */
	enum tc_attach tc;
};

struct xbr_bpf;
struct ring_buffer;

struct datapath {
	struct pins pins;
	struct pins_set fresh_set; /* made by this process, not committed yet; valid if has_fresh_set */
	bool has_fresh_set;
	struct xbr_bpf *bpf;
	bool adopted;           /* the maps were there: an earlier agent left them */
	bool committed;         /* the programs under the links are ours */
	bool tcx;               /* how TC programs are attached */
	uint32_t max_ports;     /* entries of `ports`: numbers 0 to max_ports - 1 */
	uint32_t hz;            /* jiffies a second */
	uint32_t clock_jiffies; /* as last read from the datapath, */
	uint64_t clock_ns;      /* at this time of CLOCK_MONOTONIC_COARSE; 0: never */

	/* the maps, mapped */
	struct xbr_port *ports;
	struct xbr_port_live *port_live;
	struct xbr_guard *guards;
	struct xbr_guard_live *guard_live;
	struct xbr_meter_config *meters;
	struct xbr_meter_live *meter_live;
	struct xbr_qos *qos_ports;
	struct xbr_qos_maps *qos_maps;
	struct xbr_port_saved *port_saved;
	struct xbr_stp_saved *stp_saved;
	struct xbr_bridge *bridges;
	struct xbr_bridge_live *bridge_live;
	struct xbr_bridge_saved *bridge_saved;
	struct xbr_agent_saved *agent;
	struct xbr_switches *switches;
	uint64_t *port_of;
	struct xbr_acl_set *acl_sets;
	struct xbr_vlan *vlans;
	struct xbr_bridge_vlans *bridge_vlans;
	struct xbr_port_vlans *port_vlans;
	struct xbr_port_msti *port_msti;
	struct xbr_punt_limit *punt_limits;
	uint64_t *punt_buckets;
	struct xbr_channel_freed *channels_freed;
	struct fdb_table fdb;

	struct ring_buffer *events;
	void (*on_fdb_event)(const struct xbr_fdb_event *event, void *user);
	void *on_fdb_event_user;
	void (*on_acl_event)(const struct xbr_acl_event *event, void *user);
	void *on_acl_event_user;
	void (*on_snoop_event)(const struct xbr_snoop_event *event, void *user);
	void *on_snoop_event_user;
	int cpus; /* possible processors: per-CPU values have as many */
};

/* Where libbpf's own sentences go; NULL: nowhere. */
void datapath_set_log(void (*log)(const char *sentence));

/* Loads programs and maps, or adopts the maps. An earlier agent's programs go on running. On failure nothing
 * of its work has been changed. */
int datapath_open(struct datapath **ret_datapath, const struct datapath_options *options,
		  struct xbr_error *error);

/* When the maps say what they should: puts our programs under all links, and makes our set of maps the
 * current one. 0 or -errno. */
int datapath_commit(struct datapath *dp);

/* Frees what is the process's; all pins stay. NULL is fine. */
void datapath_close(struct datapath *dp);

/* Takes the maps and the pin directory away. The caller has detached all ports. */
void datapath_remove(struct datapath *dp);

/* The clock that FDB ages are written by. */
uint32_t datapath_jiffies(struct datapath *dp);

/* Which port a device is, which kind of channels it carries (enum xbr_encap), and the FID of its bridge;
 * XBR_PORT_NONE takes the device out. 0 or -errno. */
int datapath_set_port_of(struct datapath *dp, uint32_t ifindex, uint32_t port, uint8_t encap, uint16_t fid);

/* Which port a channel of a device is (word: kind and number); XBR_PORT_NONE takes it out. 0 or -errno. */
int datapath_set_channel(struct datapath *dp, uint32_t ifindex, uint32_t word, uint32_t port);

/* The port that a device is, or XBR_PORT_NONE. */
uint32_t datapath_port_of(const struct datapath *dp, uint32_t ifindex);

/* Entries of `edge_sources`; value (enum xbr_source) 0 takes one out. 0 or -errno. */
int datapath_source_set(struct datapath *dp, uint64_t key, uint32_t value);
/* Calls visit for all of them; what it returns other than 0 ends the walk. */
void datapath_source_each(struct datapath *dp, int (*visit)(uint64_t key, uint32_t value, void *user),
			  void *user);

/* Where XDP sends frames for a port; ifindex 0 empties the slot. 0 or -errno. */
int datapath_set_xdp_port(struct datapath *dp, uint32_t port, uint32_t ifindex);

/*
 * Replaces the flood list of a FID whole. ports: count numbers; ifindexes: the devices for XDP to flood to by
 * itself, or NULL. count 0 takes the list away. 0 or -errno (the former list stays).
 */
int datapath_set_flood(struct datapath *dp, uint32_t fid, const uint32_t *ports, const uint32_t *ifindexes,
		       uint32_t count, uint32_t ifindex_count);

/* What ports are allowed: entries of the map `allowed`. 0 or -errno; removing what is not there is no error.
 */
int datapath_allowed_put(struct datapath *dp, const struct xbr_allowed_key *key,
			 const struct xbr_allowed *value);
int datapath_allowed_remove(struct datapath *dp, const struct xbr_allowed_key *key);
/* All of them, until visit returns something else than 0, which is returned. visit changes nothing. */
int datapath_allowed_each(struct datapath *dp,
			  int (*visit)(const struct xbr_allowed_key *key, const struct xbr_allowed *value,
				       void *user),
			  void *user);

/* Sums a port's counters over all processors; clears them. */
int datapath_counters_read(struct datapath *dp, uint32_t port, struct xbr_counters *ret_counters);
int datapath_counters_clear(struct datapath *dp, uint32_t port);

/* What the loaded programs know the agent's frames on the punt pair by, and mark theirs with. */
uint32_t datapath_nonce(const struct datapath *dp);

/* The socket that punted frames of a queue go to; the kernel takes it out when the socket is closed. 0 or
 * -errno. */
int datapath_set_punt_socket(struct datapath *dp, uint32_t queue, int socket);

/* Calls visit for every port and reason (enum xbr_punt_reason) that anything was counted for, in no order,
 * with the sum over all processors. A value other than 0 ends it and is returned; or -errno. */
int datapath_punt_each(struct datapath *dp,
		       int (*visit)(uint32_t port, uint32_t reason, const struct xbr_punt_counts *counts,
				    void *user),
		       void *user);

/* Counts and buckets of a port's next life. */
void datapath_punt_clear(struct datapath *dp, uint32_t port);

/* ---- vlan.c: VLANs ---- */

/* value NULL takes the mapping away. 0 or -errno (-E2BIG: there are too many). */
int datapath_set_vlan_map(struct datapath *dp, const struct xbr_vlan_map_key *key,
			  const struct xbr_vlan_map *value);
/* A non-zero return of visit ends the walk and is returned. */
int datapath_vlan_map_each(struct datapath *dp,
			   int (*visit)(const struct xbr_vlan_map_key *key, const struct xbr_vlan_map *value,
					void *user),
			   void *user);
/* Summed over all processors; zeroes where nothing was counted. */
int datapath_vlan_stats_read(struct datapath *dp, uint32_t port, uint16_t vid,
			     struct xbr_vlan_stats *ret_stats);
/* Forgets the counts for which is_to_go() says so. */
void datapath_vlan_stats_drop(struct datapath *dp,
			      bool (*is_to_go)(const struct xbr_vlan_stats_key *key, void *user), void *user);

/* ---- offload_saved.c: what was set of devices' own abilities ---- */

/* value NULL takes an entry out. 0 or -errno. */
int datapath_offload_set(struct datapath *dp, const struct xbr_offload_key *key,
			 const struct xbr_offload_saved *value);
/* A non-zero return of visit ends the walk and is returned; visit changes nothing. */
int datapath_offload_each(struct datapath *dp,
			  int (*visit)(const struct xbr_offload_key *key,
				       const struct xbr_offload_saved *value, void *user),
			  void *user);

/* ---- mst.c: what spanning trees are set to be, and what they knew ---- */

/* -ENOENT: there is nothing. saved NULL takes it away. 0 or -errno. */
int datapath_mst_read(struct datapath *dp, uint32_t bridge, struct xbr_mst_saved *ret_saved);
int datapath_mst_write(struct datapath *dp, uint32_t bridge, const struct xbr_mst_saved *saved);
int datapath_mst_port_write(struct datapath *dp, uint32_t port, uint16_t mstid,
			    const struct xbr_mst_port *saved);
int datapath_mst_port_each(struct datapath *dp,
			   int (*visit)(const struct xbr_mst_port_key *key, const struct xbr_mst_port *value,
					void *user),
			   void *user);
int datapath_stp_msti_read(struct datapath *dp, uint32_t port, uint16_t mstid,
			   struct xbr_stp_saved *ret_saved);
int datapath_stp_msti_write(struct datapath *dp, uint32_t port, uint16_t mstid,
			    const struct xbr_stp_saved *saved);

/* ---- meter.c: what meters counted ---- */

/* Summed over all processors. 0 or -errno. */
int datapath_meter_read(struct datapath *dp, uint32_t number, struct xbr_meter_counts *ret_counts);
int datapath_meter_clear(struct datapath *dp, uint32_t number);

/* The events descriptor for the loop (readable: call datapath_events_dispatch), or -errno. */
int datapath_events_fd(const struct datapath *dp);
void datapath_events_dispatch(struct datapath *dp);

#endif
