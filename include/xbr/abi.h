/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The layout of every pinned map: the contract between the BPF programs and the agent, and between one
 * agent and the next. Types only, no logic. All fields are in host byte order unless the name ends in
 * _be; all sizes are asserted. A change of any layout is a new XBR_ABI_VERSION, which is a new directory
 * under the pin directory; the agent carries the state of an older one over.
 *
 * Who writes what: `ports`, `port_msti`, `bridges`, `port_of`, `flood`, `edge_sources`, `vlans`,
 * `bridge_vlans`, `port_vlans`, `vlan_map`, `punt_limits`, `guards`, `allowed`, `meters`, `qos_ports`,
 * `qos_maps`: the agent alone, BPF reads. `fdb`: both, by compare-and-swap as bpf/fdb.h tells. `port_live`,
 * `bridge_live`, `guard_live`, `meter_live`, `meter_counts`, `counters`, `vlan_stats`, `punt_buckets`,
 * `punt_counts`: BPF (the agent corrects). `port_saved`, `bridge_saved`, `offload_saved`, `agent_saved`,
 * `mst_saved`, `mst_port_saved`, `stp_msti_saved`: the agent's own memory; BPF never reads them.
 */
#ifndef XBR_ABI_H
#define XBR_ABI_H

#include <linux/types.h>

#include "xbr/acl.h"
#include "xbr/features.h"
#include "xbr/punt.h"
#include "xbr/qos.h"
#include "xbr/reasons.h"

#ifndef XBR_ABI_VERSION /* a test of migration builds a "newer" agent */
#define XBR_ABI_VERSION 2
#endif

#define XBR_IFNAME_LEN 16 /* IFNAMSIZ */

/* Port numbers are dense and start at 1; 0 is "no port". They take 14 bits of an FDB entry. */
#define XBR_PORT_NONE    0
#define XBR_PORT_LIMIT   16384
#define XBR_BRIDGE_LIMIT 1024

/* 802.1Q, 9.6: VIDs have 12 bits; 0 is "none, a priority alone", 4095 is reserved. */
#define XBR_VID_MASK  0xfff
#define XBR_VID_LIMIT 4096
#define XBR_VID_MAX   4094

/*
 * `port_of` finds a port number (64 bits: what an array's values are rounded up to) by ifindex: below this in
 * an array, above it in a hash. Above the number stands the kind of channels that the device carries, above
 * that the FID of the port's bridge: a copy, so that a frame's addresses can be asked for before its bridge.
 */
#define XBR_IFINDEX_DENSE        65536
#define XBR_DEVICE_ENCAP_SHIFT   32
#define XBR_DEVICE_FID_SHIFT     48
#define XBR_DEVICE_ENCAP(device) ((__u32)((device) >> XBR_DEVICE_ENCAP_SHIFT) & 0xffff)
#define XBR_DEVICE_FID(device)   ((__u32)((device) >> XBR_DEVICE_FID_SHIFT))

/* ---- ports ------------------------------------------------------------------------------------- */

/* The values of BR_STATE_* in linux/if_bridge.h, so that `xbr link show` prints what bridge(8) does. */
enum xbr_port_state {
	XBR_STATE_DISABLED = 0,
	XBR_STATE_LISTENING = 1,
	XBR_STATE_LEARNING = 2,
	XBR_STATE_FORWARDING = 3,
	XBR_STATE_BLOCKING = 4,
};

enum xbr_port_flags {
	/* what the user sets */
	XBR_PORT_LEARNING = 1 << 0,
	XBR_PORT_FLOOD = 1 << 1,
	XBR_PORT_MCAST_FLOOD = 1 << 2,
	XBR_PORT_BCAST_FLOOD = 1 << 3,
	XBR_PORT_HAIRPIN = 1 << 4,
	XBR_PORT_ISOLATED = 1 << 5,
	XBR_PORT_TUNNEL =
		1 << 6, /* dot1q-tunnel: every tag that comes in is payload, the VLAN's own stays out */
	/* what the agent finds out */
	XBR_PORT_LOCAL = 1 << 16, /* the bridge device itself: the host's port */
	XBR_PORT_PEER_NETNS =
		1 << 17,             /* a veth whose peer is in another namespace: bpf_redirect_peer works */
	XBR_PORT_XDP_IN = 1 << 18,   /* our XDP program runs on it: TC may trust the frame's metadata */
	XBR_PORT_XDP_OUT = 1 << 19,  /* it takes XDP frames (ndo_xdp_xmit) */
	XBR_PORT_VETH = 1 << 20,     /* XDP_TX does not wake a peer without an XDP program: a redirect does */
	XBR_PORT_VLAN_MAP = 1 << 21, /* it has entries in `vlan_map` */
	XBR_PORT_SHAPED = 1 << 22,   /* what leaves by it waits in a class of its device's queues */
	XBR_PORT_ACL = 1 << 27,      /* an access list may have a word on frames that come in by it */
};

/*
 * What a port does with frames that need not leave the host: the modes of the kernel's macvlan. They are of
 * edge ports; the uplink and the host's port have mode bridge.
 */
enum xbr_mode {
	XBR_MODE_BRIDGE = 0,   /* switched locally */
	XBR_MODE_VEPA = 1,     /* all leaves by the uplink, and comes in by it */
	XBR_MODE_PRIVATE = 2,  /* the same, and never from or to another edge port */
	XBR_MODE_PASSTHRU = 3, /* the uplink is this port's own */
	XBR_MODE_SOURCE = 4,   /* as vepa; from the uplink only frames whose source is in `edge_sources` */
};

/* Found out by the agent for each port of a bridge on which a mode other than bridge, or host_access off, is
 * set; nothing of it is looked at while the ingress port has not XBR_EDGE_IN_PLAY. */
enum xbr_edge_flags {
	XBR_EDGE_IN_PLAY = 1 << 0,
	XBR_EDGE_UPLINK = 1 << 1,  /* the way to the rest of the network */
	XBR_EDGE_NO_HOST = 1 << 2, /* host_access off: no frames between this port and the host */
	XBR_EDGE_SOURCES = 1 << 3, /* on the uplink: some port of its bridge is in mode source */
};

/*
 * A port is (device, encapsulation): the whole device, or what one tag of it says (a channel). A device that
 * carries channels carries no frames of its own; it has a number all the same, of no bridge, by which frames
 * that belong to no channel are counted.
 */
enum xbr_encap {
	XBR_ENCAP_NONE = 0,
	XBR_ENCAP_SCHANNEL = 1, /* an S-VID: 802.1Qbg, S-channels */
	XBR_ENCAP_ETAG = 2,     /* an E-CID: 802.1BR */
	XBR_ENCAP_VNTAG = 3,    /* a VIF: VN-Tag */
};

/* A channel's number within its kind: an S-VID; an E-CID (ext << 12 | base, GRP in bits 20 and 21); a VIF, or
 * a list of them with bit 20. What has a bit of XBR_CHANNEL_GROUP is a replication group of the far side. */
#define XBR_CHANNEL_GROUP       0x300000u
#define XBR_CHANNEL_GROUP_SHIFT 20
#define XBR_SVID_DEFAULT        1 /* the default S-channel: its frames travel without a tag */

enum xbr_channel_flags {
	XBR_CHANNEL_STATION = 1 << 0, /* this side of the link is the station's: VN-Tags go up */
};

#define XBR_PORT_DEFAULT_FLAGS                                                                               \
	(XBR_PORT_LEARNING | XBR_PORT_FLOOD | XBR_PORT_MCAST_FLOOD | XBR_PORT_BCAST_FLOOD)

/* Map `ports`: array, mmapable, indexed by port number. One cache line: all that a frame needs. */
struct xbr_port {
	__u32 ifindex;         /* the device frames leave by; 0: the number is free */
	__u16 bridge;          /* index in `bridges` */
	__u8 state;            /* enum xbr_port_state */
	__u8 generation;       /* 6 bits; a dynamic FDB entry of another generation is void (an O(1) flush) */
	__u32 flags;           /* enum xbr_port_flags */
	__u32 mtu;             /* octets after the Ethernet header, as the device's MTU; 0: no limit */
	__u32 fdb_max_learned; /* dynamic addresses this port may hold; 0: no limit */
	__u16 group_fwd_mask;  /* bit n: relay 01:80:c2:00:00:0n received here (never bit 1) */
	__u8 mode;             /* enum xbr_mode */
	__u8 edge;             /* enum xbr_edge_flags */
	__u16 uplink;          /* of an edge port: the uplink; of the uplink: who owns it (passthru), or 0 */
	__u16 pvid;            /* the VLAN of untagged frames; 0: they are dropped */
	__u32 punt;            /* bit n: frames of enum xbr_punt_reason n received here are for the agent */
	__u32 guard;           /* enum xbr_guard_flags; 0: no guard looks at its frames */
	__u16 community;       /* with XBR_PORT_ISOLATED: the group it may speak to; 0: to nobody */
	__u16 qos;             /* enum xbr_qos_flags; 0: no policer looks at its frames */
	__u8 reserved[8];
	__u32 channel;      /* of the device `ifindex`; its MTU is what is left beside the tag */
	__u8 encap;         /* enum xbr_encap */
	__u8 channel_flags; /* enum xbr_channel_flags */
	__u8 reserved1[2];
	__u16 acl_in; /* numbers of access lists; 0: none */
	__u16 acl_out;
	__u16 acl_window;      /* first bucket of `acl_cache` that flows coming in by it may take */
	__u16 acl_window_mask; /* how many, less one */
};
_Static_assert(sizeof(struct xbr_port) == 64, "a port is one cache line");

/* Map `channels`: hash, struct xbr_channel_key -> port number (64 bits). */
struct xbr_channel_key {
	__u32 ifindex;
	__u32 channel; /* enum xbr_encap << 24 | the channel's number */
};
#define XBR_CHANNEL_KIND_SHIFT 24
_Static_assert(sizeof(struct xbr_channel_key) == 8, "no padding");

/* Map `port_live`: array, mmapable, indexed by port number. Written by BPF on learning only. */
struct xbr_port_live {
	__u32 learned;   /* dynamic addresses held */
	__u32 conns;     /* connections held (xbr/conn.h) */
	__u32 conn_hand; /* the bucket that is looked through next for ended ones */
	__u8 reserved[52];
};
_Static_assert(sizeof(struct xbr_port_live) == 64, "its own cache line");

/* ---- guards ------------------------------------------------------------------------------------ */

enum xbr_guard_flags {
	/* what the user sets; each has a reason of its own */
	XBR_GUARD_MAC = 1 << 0,
	XBR_GUARD_IP = 1 << 1,
	XBR_GUARD_ARP = 1 << 2,
	XBR_GUARD_ND = 1 << 3,
	XBR_GUARD_DHCP_SERVER = 1 << 4,
	XBR_GUARD_RA = 1 << 5,
	XBR_GUARD_LOCKED = 1 << 6,
	XBR_GUARD_MAB = 1 << 7,
	XBR_GUARD_SNOOP_DHCP = 1 << 8,
	XBR_GUARD_SNOOP_ND = 1 << 9,
	/* what the agent finds out of the other settings */
	XBR_GUARD_ANY_MAC = 1 << 16,        /* addresses are allowed on it whatever the MAC */
	XBR_GUARD_VLANS = 1 << 17,          /* something is allowed on it in one VLAN only */
	XBR_GUARD_LIMIT_DROP = 1 << 18,     /* fdb_max_learned reached: frames of new sources are dropped */
	XBR_GUARD_LIMIT_SHUTDOWN = 1 << 19, /* the same, and the port is shut */
	XBR_GUARD_STORM = 1 << 20,          /* it has a rate for some kind of flood */
	XBR_GUARD_MOVES = 1 << 21,          /* it has a rate for addresses that move to it */
	XBR_GUARD_HEARD = 1 << 22,          /* what DHCP servers behind it give is for others to use */
};

/* Those that look into frames. */
#define XBR_GUARD_ADDRESSES                                                                                  \
	(XBR_GUARD_MAC | XBR_GUARD_IP | XBR_GUARD_ARP | XBR_GUARD_ND | XBR_GUARD_DHCP_SERVER | XBR_GUARD_RA)

enum xbr_storm_kind {
	XBR_STORM_BROADCAST,
	XBR_STORM_MULTICAST,
	XBR_STORM_UNKNOWN,
	XBR_STORM_KINDS,
};

/* What has a rate on a port: floods by kind, and addresses that move to it. */
enum xbr_meter {
	XBR_METER_MOVES = XBR_STORM_KINDS,
	XBR_METERS, /* a power of two */
};

/* Rates are costs: what one frame, octet or address takes of a meter's time, in units of 2^-20 ns. */
#define XBR_METER_SHIFT 4  /* a meter counts in 1/16 ns */
#define XBR_COST_SHIFT  16 /* ... and costs in 2^-16 of that */

enum xbr_shut_cause {
	XBR_SHUT_NOT,
	XBR_SHUT_MAC_LIMIT,
	XBR_SHUT_BPDU_GUARD,
};

/* Map `guards`: array, mmapable, indexed by port number: what frames need of it only where a flag says so. */
struct xbr_guard {
	__u64 cost[XBR_METERS]; /* by enum xbr_meter; 0: no limit */
	__u8 storm_octets;      /* bit of enum xbr_storm_kind: the cost is of an octet, not of a frame */
	__u8 reserved[31];
	/* the agent's memory of the settings */
	__u64 storm_rate[XBR_STORM_KINDS]; /* frames, or bits, a second */
	__u32 move_rate;                   /* a second; 0: no limit */
	__u32 recovery_cs;                 /* a port shut by a guard comes back after this; 0: by command */
	__u64 shut_at_ns;                  /* CLOCK_BOOTTIME when it was shut */
	__u16 transparent;                 /* group_fwd_mask bits set by name */
	__u8 shut_by;                      /* enum xbr_shut_cause */
	__u8 reserved2[21];
};
_Static_assert(sizeof(struct xbr_guard) == 128, "two cache lines: the agent's memory in the second");

/*
 * Map `guard_live`: array, mmapable, indexed by port number. Written by BPF, only on what is rare or metered.
 * Times are of CLOCK_BOOTTIME.
 */
struct xbr_guard_live {
	__u64 until[XBR_METERS]; /* when what was let in so far is paid for, in 1/16 ns of CLOCK_MONOTONIC */
	__u32 moves;             /* addresses that moved to this port */
	__u32 moved_from;        /* the last of them: its former port, */
	__u64 moved_key;         /* struct xbr_fdb_key, */
	__u64 moved_at_ns;
	__u32 own_seen; /* frames that came in from an address of the bridge's own */
	__u32 own_port; /* the last of them: the port whose address that is, */
	__u64 own_key;
	__u64 own_at_ns;
	__u8 tripped; /* enum xbr_shut_cause: what comes in is dropped until the agent has shut the port */
	__u8 reserved[47];
};
_Static_assert(sizeof(struct xbr_guard_live) == 128, "its own cache lines");

/*
 * Map `allowed`: LPM trie of what may be used on a port, by given word or snooped. An address is bound to a
 * MAC (0: to whichever) and a VLAN (0: in any). family 0: the MAC itself, without any address.
 */
struct xbr_allowed_key {
	__u32 prefixlen; /* XBR_ALLOWED_FIXED and the bits of the address that count */
	__u32 port;
	__u64 mac_vid; /* struct xbr_fdb_key, with the VID in the place of the FID */
	__u32 family;  /* 0, 4 or 6 */
	__u8 address[16];
	__u32 zero;
};
_Static_assert(sizeof(struct xbr_allowed_key) == 40, "no padding");
#define XBR_ALLOWED_FIXED (8 * 16) /* bits of port, mac_vid and family: these are always exact */

enum xbr_allowed_source {
	XBR_ALLOWED_GIVEN,
	XBR_ALLOWED_IMPLIED, /* the MAC of an address that was given */
	XBR_ALLOWED_DHCP,
	XBR_ALLOWED_ND,
};

struct xbr_allowed {
	__u64 until_ns; /* CLOCK_BOOTTIME when it ends; 0: it does not */
	__u8 source;    /* enum xbr_allowed_source */
	__u8 reserved[7];
};
_Static_assert(sizeof(struct xbr_allowed) == 16, "no padding");

#define XBR_ALLOWED_LIMIT 262144

/* ---- bridges ----------------------------------------------------------------------------------- */

enum xbr_bridge_flags {
	XBR_BRIDGE_ACL_VLANS = 1 << 8, /* some VLAN of it has an access list */
	XBR_BRIDGE_CONNS = 1 << 10,    /* some list of it reads states of connections */
	XBR_BRIDGE_HOST_UP = 1 << 0,   /* the bridge device is up: it gets its copies */
	XBR_BRIDGE_XDP_FLOOD = 1 << 1, /* `flood_xdp` holds every receiver: XDP may flood by itself */
	XBR_BRIDGE_VLAN_FILTERING = 1 << 2,
	XBR_BRIDGE_VLAN_STATS = 1 << 3,          /* frames are counted in `vlan_stats` */
	XBR_BRIDGE_VLAN_STATS_PER_PORT = 1 << 4, /* only how they are shown: they are counted so anyway */
	XBR_BRIDGE_MST = 1 << 5, /* a frame goes by the states of its VLAN's tree, in `port_msti` */
};

/* Map `bridges`: array, mmapable. */
struct xbr_bridge {
	__u32 ifindex;         /* the bridge device; 0: the index is free */
	__u16 fid;             /* the FID of its VLAN-unaware traffic */
	__u16 local_port;      /* port number of the bridge device */
	__u32 flags;           /* enum xbr_bridge_flags */
	__u32 fdb_max_learned; /* dynamic addresses the bridge may hold; 0: no limit */
	__u16 group_fwd_mask;  /* bit n: relay 01:80:c2:00:00:0n (never bits 0, 1, 2) */
	__u8 epoch_shift;      /* an FDB epoch of this bridge is 2^epoch_shift jiffies */
	__u8 reserved1;
	__u32 flood_mtu;     /* the least MTU among its ports: longer frames are flooded by TC */
	__u16 ageing_epochs; /* a dynamic entry not seen for more epochs is void; 0: nothing is learned */
	__u16 vlan_tpid_be; /* of the tags that are its VLANs' own (vlan_protocol); tags of others are payload
			     */
	__u32 punt;         /* as xbr_port.punt, for all its ports */
	__u8 reserved[28];
	__u16 acl_in; /* numbers of access lists; 0: none */
	__u16 acl_out;
};
_Static_assert(sizeof(struct xbr_bridge) == 64, "a bridge is one cache line");

/* Map `bridge_live`: array, mmapable. */
struct xbr_bridge_live {
	__u32 learned;
	__u8 reserved[60];
};
_Static_assert(sizeof(struct xbr_bridge_live) == 64, "its own cache line");

/* ---- VLANs --------------------------------------------------------------------------------------- */

/*
 * A FID is a number of 16 bits, shared by all bridges: below XBR_BRIDGE_LIMIT it is a bridge's own (that of
 * its VLAN-unaware traffic, and of addresses that are the same in all its VLANs); from there on it is one
 * VLAN of one bridge. VLANs get their FIDs in blocks of neighbours: the FID of VID v is block[v / 16] * 16 +
 * v % 16.
 */
#define XBR_FID_LIMIT        65536
#define XBR_VLAN_BLOCK_SHIFT 4
#define XBR_VLAN_BLOCK       (1 << XBR_VLAN_BLOCK_SHIFT)
#define XBR_VLAN_BLOCKS      (XBR_VID_LIMIT / XBR_VLAN_BLOCK) /* of one bridge */
#define XBR_VLAN_BLOCK_FIRST (XBR_BRIDGE_LIMIT / XBR_VLAN_BLOCK)
#define XBR_VLAN_BLOCK_LIMIT (XBR_FID_LIMIT / XBR_VLAN_BLOCK) /* of all */

/* Map `bridge_vlans`: array, mmapable, indexed as `bridges`. 0: none of these VIDs is in use. */
struct xbr_bridge_vlans {
	__u16 block[XBR_VLAN_BLOCKS];
};
_Static_assert(sizeof(struct xbr_bridge_vlans) == 512, "fixed");

/* Of a VLAN's flood list: all its devices take XDP frames, and have them all alike. */
enum xbr_vlan_flags {
	XBR_VLAN_XDP_TAGGED = 1 << 0,
	XBR_VLAN_XDP_UNTAGGED = 1 << 1,
	XBR_VLAN_NO_HOST = 1 << 2, /* the host's port is no member */
};

/* Map `vlans`: array, mmapable, indexed by FID. bridge 0: the FID is free. */
struct xbr_vlan {
	__u16 bridge;
	__u16 vid;
	__u16 flood; /* index in `flood` and `flood_xdp`; VLANs of the same members share one */
	__u8 msti;   /* the place of the spanning tree that says its ports' states; 0: the common one */
	__u8 flags;  /* enum xbr_vlan_flags */
};
_Static_assert(sizeof(struct xbr_vlan) == 8, "one load");

/* 64 VIDs of a port. */
struct xbr_vlan_word {
	__u64 member;
	__u64 untagged; /* among the members: frames leave without the VLAN's tag */
	__u64 hairpin;  /* among the members: a frame of the VLAN may leave by the port it came by */
};

/* Map `port_vlans`: array, mmapable, indexed by port number. */
struct xbr_port_vlans {
	struct xbr_vlan_word word[XBR_VID_LIMIT / 64];
};
_Static_assert(sizeof(struct xbr_port_vlans) == 1536, "three bits for each VID");

/*
 * Map `port_msti`: array, mmapable, indexed by port number; read where the bridge has XBR_BRIDGE_MST. A port
 * in a tree is one octet, so that a state changes, and a flush takes place, by one store. state: 0 neither
 * learns nor forwards, else XBR_STATE_LEARNING or XBR_STATE_FORWARDING; above it a generation, which dynamic
 * FDB entries of the tree's VLANs have added to that of the port.
 */
#define XBR_MSTI_LIMIT            64 /* trees beside the common one */
#define XBR_TREE_NONE             0
#define XBR_TREE_CIST             1
#define XBR_TREE_OF(msti)         (XBR_TREE_CIST + (msti)) /* xbr_vlan.msti */
#define XBR_TREES                 (XBR_TREE_OF(XBR_MSTI_LIMIT) + 1)
#define XBR_TREE_STATE_MASK       3
#define XBR_TREE_GENERATION_SHIFT 2
struct xbr_port_msti {
	__u8 tree[XBR_TREES];
	__u8 reserved[6];
};
_Static_assert(sizeof(struct xbr_port_msti) == 72, "fixed");

/* Map `vlan_map`: hash; only where the port has XBR_PORT_VLAN_MAP. */
enum xbr_vlan_map_way {
	XBR_VLAN_MAP_IN, /* from the VID on the wire to the VLAN; on a tunnel port: from the customer's VID */
	XBR_VLAN_MAP_OUT, /* from the VLAN to the VID on the wire; tunnel ports have none */
};
struct xbr_vlan_map_key {
	__u16 port;
	__u16 vid;
	__u16 way; /* enum xbr_vlan_map_way */
	__u16 reserved;
};
_Static_assert(sizeof(struct xbr_vlan_map_key) == 8, "no padding");
#define XBR_PRIORITY_KEEP 8
struct xbr_vlan_map {
	__u16 vid;
	__u8 priority; /* 0 to 7, or XBR_PRIORITY_KEEP */
	__u8 reserved;
};
#define XBR_VLAN_MAP_LIMIT 65536

/* Map `vlan_stats`: per-CPU hash, written by BPF where the bridge has XBR_BRIDGE_VLAN_STATS. */
struct xbr_vlan_stats_key {
	__u16 port;
	__u16 vid;
};
struct xbr_vlan_stats {
	__u64 rx_frames;
	__u64 rx_bytes;
	__u64 tx_frames;
	__u64 tx_bytes;
};
#define XBR_VLAN_STATS_LIMIT 65536

/* ---- the filtering database ---------------------------------------------------------------------- */

enum xbr_fdb_kind {
	XBR_FDB_NONE = 0,      /* the slot holds no valid entry */
	XBR_FDB_DYNAMIC = 1,   /* learned, or added as such: ages, moves */
	XBR_FDB_STATIC = 2,    /* stays, and no frame moves it (802.1Q, 8.8.1) */
	XBR_FDB_STICKY = 3,    /* as static, under the name that bridge(8) has for it */
	XBR_FDB_BLACKHOLE = 4, /* frames from or to it are dropped */
	XBR_FDB_LOCAL = 5,     /* the bridge's own: delivered to the host */
	XBR_FDB_LOCKED = 6,    /* as dynamic, but not authorised: frames from it are dropped (mab) */
	XBR_FDB_BUSY = 7,      /* the agent is taking the slot apart */
};

/* Eight octets compared as one word. fid is in host order; mac is as on the wire. All zero: free slot. */
struct xbr_fdb_key {
	__u8 mac[6];
	__u16 fid;
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct xbr_fdb_key) == 8, "a key is one word");

/* Four octets exchanged as one word. All zero: no entry (kind none). */
struct xbr_fdb_data {
	__u32 port : 14;
	__u32 generation : 6; /* of the port when written; only dynamic entries are held to it */
	__u32 kind : 3;       /* enum xbr_fdb_kind */
	__u32 age : 9;        /* low bits of the epoch in which the address was last a source */
} __attribute__((aligned(4)));
_Static_assert(sizeof(struct xbr_fdb_data) == 4, "data is one word");

#define XBR_FDB_WAYS 5

/* Map `fdb`: array, mmapable, a power of two of buckets; one cache line each. */
struct xbr_fdb_bucket {
	struct xbr_fdb_key key[XBR_FDB_WAYS];
	struct xbr_fdb_data data[XBR_FDB_WAYS];
	__u32 overflow; /* entries whose first choice is this bucket but which live in their second */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct xbr_fdb_bucket) == 64, "a bucket is one cache line");

/* ---- source lists ---------------------------------------------------------------------------------- */

/*
 * Map `edge_sources`: hash. Key: as an FDB key (fdb_key()), with one of two things in the place of the FID:
 * the number of a port in mode source that has the address on its list, or XBR_SOURCE_BRIDGE and a bridge's
 * index: some port of the bridge has. Value: enum xbr_source. A third kind of entry no program reads:
 * XBR_SOURCE_FILTER and a port's number, an address that the agent wrote into the filter of the port's
 * device.
 */
#define XBR_SOURCE_BRIDGE 0x8000
#define XBR_SOURCE_FILTER 0x4000
#define XBR_SOURCE_MOST   32768 /* addresses on all lists together */
#define XBR_SOURCE_ROOM   (2 * XBR_SOURCE_MOST + 32768)

enum xbr_source {
	XBR_SOURCE_LISTED = 1 << 0,
	XBR_SOURCE_NODST = 1 << 1, /* of a bridge: a port that has nodst lists it */
};

/* ---- counters ------------------------------------------------------------------------------------ */

/*
 * Map `counters`: per-CPU array, indexed by port number; index 0 counts frames of no port.
 * A frame is what the device handed over: a GSO super-frame counts once, with all its octets.
 * Octets are counted from the destination address to the end of the payload, a tag in metadata
 * included, the FCS not. rx: came in by this port. tx: handed to this port's device.
 */
struct xbr_counters {
	__u64 rx_frames;
	__u64 rx_bytes;
	__u64 tx_frames;
	__u64 tx_bytes;
	__u64 reason[XBR_REASON_ROOM]; /* of frames that came in by this port (copy_*: would have left by it)
					*/
};

/* ---- events --------------------------------------------------------------------------------------- */

/* Ring buffer `events`, written only while `switches.events` is set. */
struct xbr_fdb_event {
	__u64 key;      /* struct xbr_fdb_key */
	__u32 old_data; /* struct xbr_fdb_data; 0: the address is new */
	__u32 new_data;
};
_Static_assert(sizeof(struct xbr_fdb_event) == 16, "no padding");

/* In `events`, too: the head of a packet that tells who may use an address, from the header of IP on. */
#define XBR_SNOOP_OCTETS 576
struct xbr_snoop_event {
	__u64 src, dst; /* Ethernet addresses, as in struct xbr_fdb_key */
	__u32 port;     /* it came in by */
	__u16 vid;      /* 0: of no VLAN */
	__u16 length;
	__u8 octets[XBR_SNOOP_OCTETS];
};
_Static_assert(sizeof(struct xbr_snoop_event) == 600, "no padding");

/* Map `switches`: array of one, mmapable: what the agent may turn while programs run. */
struct xbr_switches {
	__u32 events;       /* 1: tell of every address learned or moved */
	__u32 punt_ifindex; /* the datapath's end of the punt pair; 0: there is none */
	__u8 reserved[56];
};
_Static_assert(sizeof(struct xbr_switches) == 64, "one cache line");

/* Map `trace`: array of one, mmapable: the last decision, written only by programs loaded with
 * settings.trace. */
struct xbr_trace {
	__u64 frames; /* decisions so far */
	__u16 in;
	__u16 out;
	__u16 fid;
	__u8 verdict;
	__u8 reason;
};
_Static_assert(sizeof(struct xbr_trace) == 16, "no padding");

/*
 * Octets of a frame that every driver has in one piece: of one in several the kernel floods only the first.
 * (To compare the pieces' ends would take CAP_PERFMON.)
 */
#define XBR_ONE_PIECE 2048

/* What is fixed when the programs are loaded (.rodata); the verifier removes what it switches off. */
struct xbr_settings {
	__u64 fdb_seed;     /* of the bucket choice */
	__u32 fdb_mask;     /* number of buckets - 1 */
	__u32 fdb_port_cap; /* dynamic addresses that one port may hold at the most, whatever its own limit */
	__u32 nonce;        /* of struct xbr_handoff */
	__u32 trace;        /* 1: write `trace`, for tests */
	__u32 features;     /* enum xbr_feature: what is compiled in */
	__u32 redirect_max; /* longer frames are not redirected by XDP, but sent by TC */
};
_Static_assert(sizeof(struct xbr_settings) == 32, "no padding");

/* ---- the verdict that XDP leaves for TC ----------------------------------------------------------- */

/* What rules of access lists have done to a frame beside sending it on, as one word; all zero: nothing. */
struct xbr_deeds {
	__u32 mark;   /* of the skb */
	__u16 mirror; /* the port that gets a copy of the frame as it came in */
	__u8 dscp;    /* XBR_DEED | the new value; so is pcp, of the tag of a bridge without VLANs */
	__u8 pcp;
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct xbr_deeds) == 8, "one word");
#define XBR_DEED 0x80

/* In front of the frame (data_meta), host byte order. nonce: chosen at load; a guest cannot guess it. */
struct xbr_handoff {
	__u32 nonce;
	__u16 in; /* ingress port */
	/* egress port of a FORWARD, of a DROP for egress_mtu, of a FLOOD for source; enum xbr_punt_reason of
	 * a PUNT; else unused */
	__u16 out;
	__u8 verdict;
	__u8 reason;
	__u16 fid;
	__u16 origin; /* where the source of a frame from the uplink is known; see bpf/modes.h */
	__u16 tci;    /* of its VLAN: priority, DEI and VID; VID 0: of no VLAN */
	struct xbr_deeds deeds;
	__u8 state; /* enum xbr_flow_state */
	__u8 priority;
	__u8 reserved[6];
};
_Static_assert(sizeof(struct xbr_handoff) == 32, "a multiple of four, as the metadata area asks");

/* ---- the punt path ---------------------------------------------------------------------------------- */

enum xbr_punt_how {
	XBR_PUNT_RECEIVED = 0, /* to the agent: received on `port`; from it: as if received there */
	XBR_PUNT_OUT = 1,      /* from the agent: out of `port`, past the bridge */
};

/*
 * In front of a frame on the punt pair, either way, host byte order. A tag that the kernel had taken out of
 * the octets is here; the agent puts it back into its place.
 */
struct xbr_punt {
	__u32 nonce; /* of the loaded programs: what others send into the pair has another */
	__u16 port;
	__u16 length; /* of the whole frame, without a tag that is here; more than what follows: it was cut */
	__u16 vlan_tci;
	__u16 vlan_tpid_be; /* 0: no tag here */
	__u8 reason;        /* enum xbr_punt_reason */
	__u8 how;           /* enum xbr_punt_how */
	__u16 reserved;
};
_Static_assert(sizeof(struct xbr_punt) == 16, "also a multiple of four, as the metadata area asks");

/* Octets of a frame that are punted: with the header and the kernel's headroom they fit a chunk of UMEM. */
#define XBR_PUNT_FRAME_MAX 3520

/*
 * Map `punt_limits`: array of XBR_PUNT_ROOM, mmapable: the token bucket that each port has for a reason. In
 * nanoseconds, so that BPF only adds: a frame moves the bucket's time on by interval, and may be at most
 * burst ahead of the clock.
 */
struct xbr_punt_limit {
	__u64 interval_ns; /* between frames at the limit's rate; 0: no limit */
	__u64 burst_ns;
	__u32 rate; /* the two as the user set them, for the agent: frames a second, and at once */
	__u32 burst;
};
_Static_assert(sizeof(struct xbr_punt_limit) == 24, "no padding");

/* Map `punt_buckets`: array of 64-bit times, mmapable. */
#define XBR_PUNT_BUCKET(port, reason) ((port)*XBR_PUNT_ROOM + (reason))

/* Map `punt_counts`: per-CPU hash, a value for each (port, reason) that anything was counted for. */
#define XBR_PUNT_KEY(port, reason) ((port) << 8 | (reason))
#define XBR_PUNT_KEY_PORT(key)     ((key) >> 8)
#define XBR_PUNT_KEY_REASON(key)   ((key)&0xff)
struct xbr_punt_counts {
	__u64 accepted; /* handed to the agent */
	__u64 policed;  /* dropped: the bucket was empty */
	__u64 lost;     /* dropped: no agent listened */
	__u64 sent;     /* the agent's, out of this port */
};

/* ---- the agent's memory across restarts ----------------------------------------------------------- */

enum xbr_xdp_mode {
	XBR_XDP_AUTO = 0,
	XBR_XDP_NATIVE = 1,
	XBR_XDP_GENERIC = 2,
	XBR_XDP_OFF = 3,
};

enum xbr_port_origin {
	XBR_ORIGIN_USER = 0,    /* xbr link add, or the configuration: stays whatever `master` says */
	XBR_ORIGIN_ADOPTED = 1, /* enslaved to the bridge device by somebody else: goes when that ends */
};

/* What a port is to the others of its bridge. */
enum xbr_role {
	XBR_ROLE_AUTO = 0, /* by the kind of device */
	XBR_ROLE_UPLINK = 1,
	XBR_ROLE_EDGE = 2,
};

/* What is set beside a mode; none by default. */
enum xbr_edge_options {
	XBR_EDGE_OPTION_NO_HOST = 1 << 0, /* host_access off */
	XBR_EDGE_OPTION_NOPROMISC = 1 << 1,
	XBR_EDGE_OPTION_NODST = 1 << 2,
};

/* Device features that may have to be turned for XDP, by their ethtool names; a bit each. */
enum xbr_offload {
	XBR_OFFLOAD_LRO = 1 << 0,         /* rx-lro */
	XBR_OFFLOAD_GRO_HW = 1 << 1,      /* rx-gro-hw */
	XBR_OFFLOAD_RXVLAN = 1 << 2,      /* rx-vlan-hw-parse */
	XBR_OFFLOAD_RXVLAN_STAG = 1 << 3, /* rx-vlan-stag-hw-parse */
	XBR_OFFLOAD_GRO = 1 << 4,         /* rx-gro */
	XBR_OFFLOAD_TXCSUM = 1 << 5,      /* tx-checksum-ip-generic */
	XBR_OFFLOAD_TXVLAN = 1 << 6,      /* tx-vlan-hw-insert */
	XBR_OFFLOAD_TXVLAN_STAG = 1 << 7, /* tx-vlan-stag-hw-insert */
};

/* Map `port_saved`: array, mmapable, indexed by port number. */
struct xbr_port_saved {
	char name[XBR_IFNAME_LEN];
	__u32 ifindex;
	__u8 xdp_mode;          /* enum xbr_xdp_mode: asked for */
	__u8 origin;            /* enum xbr_port_origin */
	__u8 enslaved_by_us;    /* give `master` back on detach */
	__u8 promiscuous_by_us; /* nobody enslaves it any more: it must hear everything all the same */
	__u32 own_changed;      /* enum xbr_offload bits turned on the device, to be turned back */
	__u32 own_before;       /* their values before */
	__u32 peer_changed;     /* the same for a veth's peer */
	__u32 peer_before;
	__u8 clsact_by_us;   /* the clsact qdisc on the device is ours to take away */
	__u8 mode;           /* enum xbr_mode: asked for */
	__u8 role;           /* enum xbr_role: asked for */
	__u8 edge_options;   /* enum xbr_edge_options */
	__u8 allmulti_by_us; /* as promiscuous_by_us, for groups */
	__u8 shaped_by_us;   /* the device's root qdisc may be ours, to be taken away */
	__u8 reserved1[2];
	__u32 stp_cost;      /* 0: by the speed of the link */
	__u8 stp_priority;   /* more by one than asked for; 0: the default */
	__u8 stp_admin_edge; /* enum stp_auto of the agent */
	__u8 stp_p2p;        /* enum stp_auto */
	__u8 stp_flags;      /* enum stp_port_flags of the agent */
	__u8 reserved[6];
	__u16 trunk; /* of a channel: the number of the device that carries it; of that device: its own */
};
_Static_assert(sizeof(struct xbr_port_saved) == 64, "fixed");

/* Map `channels_freed`: array, mmapable: tags given back lately, which are not handed out again for a while.
 * A ring: the next one goes to the place of the oldest. */
struct xbr_channel_freed {
	char dev[XBR_IFNAME_LEN];
	__u32 channel; /* enum xbr_encap << 24 | the channel's number; 0: the place is free */
	__u32 reserved;
	__u64 freed_at_s; /* CLOCK_BOOTTIME, as the map's own life */
};
_Static_assert(sizeof(struct xbr_channel_freed) == 32, "fixed");
#define XBR_CHANNELS_FREED XBR_PORT_LIMIT

/* Map `bridge_saved`: array, mmapable, indexed as `bridges`. */
struct xbr_bridge_saved {
	char name[XBR_IFNAME_LEN];
	__u32 ifindex;
	__u32 ageing_time_cs; /* hundredths of a second */
	__u8 address[6];
	__u8 created_by_us; /* delete the device with the bridge */
	__u8 reserved1;
	__u16 vlan_default_pvid;
	__u16 stp_priority;
	__u16 stp_hello_time_cs; /* 0: nothing was ever set, all of these are the defaults */
	__u16 stp_max_age_cs;
	__u16 stp_forward_delay_cs;
	__u8 stp_state;
	__u8 stp_version;
	__u8 stp_tx_hold_count;
	__u8 reserved[19];
};
_Static_assert(sizeof(struct xbr_bridge_saved) == 64, "fixed");

/* Map `stp_saved`: array, mmapable, indexed by port number: what spanning tree knew of the port. */
struct xbr_stp_saved {
	__u64 at_ms; /* CLOCK_MONOTONIC, when it was written; of a bridge's local port: when the agent last
		      * ran the bridge's timers. 0: nothing */
	__u8 frozen[56]; /* struct stp_frozen of the agent */
};
_Static_assert(sizeof(struct xbr_stp_saved) == 64, "one cache line");

/*
 * Map `offload_saved`: hash: what is set of devices' own abilities (agent/model/offload.h), and what was
 * there before. It lives as long as the kernel, as what it tells of does.
 */
#define XBR_OFFLOAD_SAVED_ROOM 65536
#define XBR_OFFLOAD_NO_VF      0xffff /* the device itself */
struct xbr_offload_key {
	char dev[XBR_IFNAME_LEN]; /* zeros after the name */
	__u16 vf;
	__u16 attribute; /* enum offload_attribute of the agent */
};
struct xbr_offload_saved {
	__u64 wanted;
	__u64 before; /* as the attribute's own kind remembers it */
	__u8 made;    /* before is known: the device was there */
	__u8 reserved[7];
};
_Static_assert(sizeof(struct xbr_offload_key) == 20, "fixed");
_Static_assert(sizeof(struct xbr_offload_saved) == 24, "fixed");

/* Map `mst_saved`: hash, bridge index (32 bits) -> the bridge's MST configuration; only where there is one.
 */
struct xbr_mst_instance {
	__u16 mstid; /* 0: the place is free */
	__u16 priority;
};
struct xbr_mst_saved {
	char region[32]; /* filled up with zeros; empty: the bridge's address */
	__u16 revision;
	__u8 max_hops;
	__u8 reserved[5];
	struct xbr_mst_instance instance[XBR_MSTI_LIMIT];
	__u8 msti[XBR_VID_LIMIT]; /* by VID: as xbr_vlan.msti; the place in `instance`, from 1 */
};
_Static_assert(sizeof(struct xbr_mst_saved) == 4392, "fixed");

/* Maps `mst_port_saved` and `stp_msti_saved`: hashes; a port in an instance: what was set there (only where
 * something was), and a struct xbr_stp_saved. */
struct xbr_mst_port_key {
	__u16 port;
	__u16 mstid;
};
_Static_assert(sizeof(struct xbr_mst_port_key) == 4, "no padding");
struct xbr_mst_port {
	__u32 cost;    /* 0: as the port's */
	__u8 priority; /* more by one than asked for; 0: the default */
	__u8 reserved[3];
};
_Static_assert(sizeof(struct xbr_mst_port) == 8, "no padding");

/* Map `agent_saved`: array of one, mmapable. */
struct xbr_agent_saved {
	__u64 fdb_seed;    /* of the bucket choice; fixed as long as the table lives */
	__u64 config_hash; /* of the configuration file that was last made true at a start; 0: none */
	__u8 clsact;       /* TC programs are clsact filters, not tcx links */
	__u8 punt_limited; /* `punt_limits` has been filled */
	__u8 reserved1[2];
	__u32 features;           /* enum xbr_feature: what programs over these maps must have in them */
	__u32 punt_ifindex;       /* the datapath's end of the punt pair, as it was made; 0: not made */
	__u32 punt_agent_ifindex; /* and the agent's */
	__u8 punt_address[6];     /* of the datapath's end; all zero: never made */
	__u8 reserved[90];
};
_Static_assert(sizeof(struct xbr_agent_saved) == 128, "fixed");

#endif
