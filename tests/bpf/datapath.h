/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One way to run frames down the pipeline, so that a test can run the same frame down all of them: XDP and TC
 * by BPF_PROG_TEST_RUN on an object of their own (each has its own maps), and the host build. The state of
 * each is reached the same way, through `tables`.
 */
#ifndef XBR_DATAPATH_H
#define XBR_DATAPATH_H

#include <linux/types.h>
#include <stdbool.h>

#include "xbr/abi.h"

#include "lab.h"

#define DATAPATH_NONCE     0x6e6f6e63u
#define DATAPATH_SEED      0x0123456789abcdefull
#define DATAPATH_FRAME_MAX 3520 /* one page of BPF_PROG_TEST_RUN, less its headroom and tailroom */

enum hook {
	HOOK_HOST,
	HOOK_XDP,
	HOOK_TC,
	HOOK_COUNT,
};

/* The maps as plain memory: a mapping of the kernel's, or the host build's own. */
struct tables {
	struct xbr_port *ports;
	struct xbr_port_live *port_live;
	struct xbr_guard *guards;
	struct xbr_guard_live *guard_live;
	struct xbr_meter_config *meters;
	struct xbr_meter_live *meter_live;
	struct xbr_qos *qos_ports;
	struct xbr_qos_maps *qos_maps;
	struct xbr_bridge *bridges;
	struct xbr_bridge_live *bridge_live;
	struct xbr_fdb_bucket *fdb;
	struct xbr_trace *trace;
	struct xbr_bridge_vlans *bridge_vlans;
	struct xbr_port_vlans *port_vlans;
	struct xbr_vlan *vlans;
	struct xbr_port_msti *port_msti;
	struct xbr_punt_limit *punt_limits;
	__u64 *punt_buckets;
};

/* A frame, as it came in. */
struct arrival {
	const void *bytes;
	__u32 length;
	__u32 ifindex;
	__u32 gso_size;
	bool from_host; /* by the egress of the bridge device: xbr_tc_host */
};

/* What the run left. */
struct departure {
	int code; /* XDP_* or TC_ACT_*; the host build: the number of receivers */
	__u32 length;
	bool has_handoff;
	struct xbr_handoff handoff;
	__u32 mark; /* TC's */
	__u32 priority;
	__u8 bytes[4096];
};

struct datapath {
	enum hook hook;
	const char *name;
	struct tables tables;
	__u32 buckets;
	struct xbr_bpf *skeleton; /* NULL: the host build */
};

/* A datapath with empty tables of HOST_PORTS ports, HOST_BRIDGES bridges and `buckets` (a power of two), and
 * with every feature, or with those of enum xbr_feature. 0 or -errno. */
int datapath_open(struct datapath *dp, enum hook hook, __u32 buckets);
int datapath_open_with(struct datapath *dp, enum hook hook, __u32 buckets, __u32 features);
void datapath_close(struct datapath *dp);

/* Empties ports, bridges, FDB and what is held of them. */
void datapath_clear(const struct datapath *dp);

/* Says which port a device is, and which channels it carries (as in the map); which port a channel is. */
int datapath_set_port_of(const struct datapath *dp, __u32 ifindex, __u64 value);
int datapath_set_channel(const struct datapath *dp, const struct xbr_channel_key *key, __u32 port);

/* Says which ports frames of a FID are flooded to. */
int datapath_set_flood(const struct datapath *dp, __u32 fid, const __u32 *ports, __u32 count);

/* Says which devices take XDP frames: one for a port, and all of those a FID's floods go to. The host build
 * has none. */
int datapath_set_xdp_port(const struct datapath *dp, __u32 port, __u32 ifindex);
int datapath_set_xdp_flood(const struct datapath *dp, __u32 fid, const __u32 *ifindexes, __u32 count);

/* An entry of `allowed`. */
int datapath_allow(const struct datapath *dp, const struct xbr_allowed_key *key,
		   const struct xbr_allowed *value);

/* An entry of `edge_sources`; enum xbr_source. */
int datapath_set_source(const struct datapath *dp, __u64 key, __u32 value);

/* A port's counters, summed over CPUs. */
int datapath_counters(const struct datapath *dp, __u32 port, struct xbr_counters *ret_counters);

/* Says which device punted frames are sent to. The host build sends none. */
int datapath_set_punt_device(const struct datapath *dp, __u32 ifindex);

/* What was counted for a port and a reason to punt, summed over CPUs; zeros where nothing was. */
int datapath_punt_counts(const struct datapath *dp, __u32 port, __u32 reason,
			 struct xbr_punt_counts *ret_counts);

/* Buckets of the decision cache in datapaths that are opened from now on. */
extern __u32 datapath_acl_buckets;

/* An empty table of connections, with so many for each port; and time goes by for those in it. */
int datapath_set_conns(const struct datapath *dp, __u32 limit);
void datapath_age_conns(const struct datapath *dp, double seconds);

struct acl_image;

/* Gives a list a compiled image, whose cells are on the heap: they are taken over. Takes one away. */
int datapath_put_acl(const struct datapath *dp, __u32 number, struct acl_image *image);
void datapath_drop_acl(const struct datapath *dp, __u32 number);

/* Gives a list rules: lines of words as they are typed. 0 or -errno. */
int datapath_set_acl(const struct datapath *dp, __u32 number, const char *rules);

/* The seq of the rule that counted since this was last asked (0: none matched), and how many frames were
 * counted. */
__u32 datapath_acl_counted(const struct datapath *dp, __u32 number, __u32 *ret_frames);

/* What the sets a1 (number 1, addresses) and p1 (number 2, ports) hold, all of it. */
int datapath_set_members(const struct datapath *dp, const struct xbr_acl_member *members, __u32 count);

/* Runs one frame. ret_departure may be NULL. 0 or -errno (the kernel refuses frames under 14 octets:
 * -EINVAL). */
int datapath_run(const struct datapath *dp, const struct arrival *arrival, struct departure *ret_departure);

/* The octets of the copy that a port got of the last frame that the host build ran; returns how many. */
size_t datapath_host_copy(const void *frame, __u32 port, void *ret_copy);

#endif
