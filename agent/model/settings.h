/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings: what a user may set on a bridge and on a port, with defaults and ranges. One list of the on|off
 * flags; everything that reads, prints, saves or compares settings goes by it.
 */
#ifndef XBR_MODEL_SETTINGS_H
#define XBR_MODEL_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "xbr/abi.h"

/* X(name, bit of enum xbr_port_flags, default) */
#define PORT_SWITCHES(X)                                                                                     \
	X(hairpin, XBR_PORT_HAIRPIN, false)                                                                  \
	X(learning, XBR_PORT_LEARNING, true)                                                                 \
	X(flood, XBR_PORT_FLOOD, true)                                                                       \
	X(mcast_flood, XBR_PORT_MCAST_FLOOD, true)                                                           \
	X(bcast_flood, XBR_PORT_BCAST_FLOOD, true)                                                           \
	X(isolated, XBR_PORT_ISOLATED, false)                                                                \
	X(dot1q_tunnel, XBR_PORT_TUNNEL, false)

struct port_switch {
	const char *name;
	uint32_t flag;
	bool by_default;
};
extern const struct port_switch port_switches[]; /* ended by a NULL name */

/* X(name, bit of enum xbr_edge_options, what the name says while the bit is 0) */
#define EDGE_SWITCHES(X)                                                                                     \
	X(host_access, XBR_EDGE_OPTION_NO_HOST, true)                                                        \
	X(nopromisc, XBR_EDGE_OPTION_NOPROMISC, false)                                                       \
	X(nodst, XBR_EDGE_OPTION_NODST, false)

struct edge_switch {
	const char *name;
	uint8_t option;
	bool by_default;
};
extern const struct edge_switch edge_switches[]; /* ended by a NULL name */

/* All flags of PORT_SWITCHES. */
#define PORT_SWITCH_OR(name, flag, by_default) (flag) |
#define PORT_SWITCH_MASK                       (PORT_SWITCHES(PORT_SWITCH_OR) 0u)

/* X(word, bit of enum xbr_guard_flags): what `guard set` turns; in this order `secure` means all of them. */
#define GUARD_SWITCHES(X)                                                                                    \
	X("mac", mac, XBR_GUARD_MAC)                                                                         \
	X("ip", ip, XBR_GUARD_IP)                                                                            \
	X("arp", arp, XBR_GUARD_ARP)                                                                         \
	X("nd", nd, XBR_GUARD_ND)                                                                            \
	X("dhcp-server", dhcp_server, XBR_GUARD_DHCP_SERVER)                                                 \
	X("ra", ra, XBR_GUARD_RA)

struct guard_switch {
	const char *word;
	uint32_t flag;
};
extern const struct guard_switch guard_switches[]; /* ended by a NULL word */

/* What of enum xbr_guard_flags a user sets. */
#define GUARD_SWITCH_OR(word, name, flag) (flag) |
#define GUARD_SECURE                      (GUARD_SWITCHES(GUARD_SWITCH_OR) 0u)
#define GUARD_SNOOP                       ((uint32_t)(XBR_GUARD_SNOOP_DHCP | XBR_GUARD_SNOOP_ND))
#define GUARD_SETTABLE                    (GUARD_SECURE | GUARD_SNOOP | XBR_GUARD_LOCKED | XBR_GUARD_MAB)

/* What becomes of frames of new sources when fdb_max_learned is reached; also the words' indexes. */
enum limit_action {
	LIMIT_FLOOD,
	LIMIT_DROP,
	LIMIT_SHUTDOWN,
};
extern const char *const limit_action_words[]; /* ended by NULL */

struct guard_settings {
	uint32_t flags; /* of GUARD_SETTABLE */
	uint8_t limit_action;
	uint32_t move_rate;                   /* addresses a second; 0: no limit */
	uint32_t recovery_cs;                 /* 0: by command only */
	uint64_t storm_rate[XBR_STORM_KINDS]; /* a second; 0: no limit */
	uint8_t storm_bits;   /* bit of enum xbr_storm_kind: the rate is of bits, not frames */
	uint16_t transparent; /* bits of group_fwd_mask, set by name */
};

#define COMMUNITY_MAX 4094u

/* X(name, bit of enum stp_port_flags, what the name says while the bit is 0) */
#define STP_SWITCHES(X)                                                                                      \
	X(bpdu_guard, STP_PORT_BPDU_GUARD, false)                                                            \
	X(bpdu_filter, STP_PORT_BPDU_FILTER, false)                                                          \
	X(root_block, STP_PORT_ROOT_BLOCK, false)                                                            \
	X(loop_guard, STP_PORT_LOOP_GUARD, false)                                                            \
	X(bridge_assurance, STP_PORT_BRIDGE_ASSURANCE, false)                                                \
	X(restricted_tcn, STP_PORT_RESTRICTED_TCN, false)                                                    \
	X(auto_edge, STP_PORT_NO_AUTO_EDGE, true)

enum stp_port_flags {
	STP_PORT_BPDU_GUARD = 1 << 0,
	STP_PORT_BPDU_FILTER = 1 << 1,
	STP_PORT_ROOT_BLOCK = 1 << 2,
	STP_PORT_LOOP_GUARD = 1 << 3,
	STP_PORT_BRIDGE_ASSURANCE = 1 << 4,
	STP_PORT_RESTRICTED_TCN = 1 << 5,
	STP_PORT_NO_AUTO_EDGE = 1 << 6,
};

/* auto: what the device says. */
enum stp_auto {
	STP_AUTO,
	STP_ON,
	STP_OFF,
};

struct stp_switch {
	const char *name;
	uint8_t flag;
	bool by_default;
};
extern const struct stp_switch stp_switches[]; /* ended by a NULL name */

struct stp_port_settings {
	uint32_t cost;      /* 0: by the speed of the link */
	uint8_t priority;   /* 0 to 63, as the kernel's bridge has it: a sixteenth of the port identifier's */
	uint8_t admin_edge; /* enum stp_auto */
	uint8_t p2p;        /* enum stp_auto */
	uint8_t flags;      /* enum stp_port_flags */
};

/* Places in stp_version_words. */
enum stp_version_word {
	STP_WORD_STP,
	STP_WORD_RSTP,
	STP_WORD_MSTP,
};

struct stp_bridge_settings {
	uint16_t priority;
	uint16_t hello_time_cs, max_age_cs, forward_delay_cs;
	uint8_t state;   /* 1: on */
	uint8_t version; /* enum stp_version_word */
	uint8_t tx_hold_count;
};

/* As the maps have it. */
struct qos_settings {
	struct xbr_qos port;
	struct xbr_qos_maps maps;
};

/* Rates towards the port's device, bits a second; 0: none is set. */
struct shape_settings {
	uint64_t least, most;
	uint64_t device; /* of all ports of its device together: the least of those that they say */
};
#define SHAPE_MIN 8000ull          /* bits a second */
#define SHAPE_MAX 1000000000000ull /* bits a second */

struct port_settings {
	uint32_t flags;           /* of PORT_SWITCH_MASK */
	uint32_t fdb_max_learned; /* 0: no limit */
	uint16_t group_fwd_mask;
	uint8_t xdp;          /* enum xbr_xdp_mode */
	uint8_t mode;         /* enum xbr_mode */
	uint8_t role;         /* enum xbr_role */
	uint8_t edge_options; /* enum xbr_edge_options */
	uint16_t community;   /* 1 to COMMUNITY_MAX: the isolation group it is of; 0: of none */
	struct guard_settings guard;
	struct stp_port_settings stp;
	struct qos_settings qos;
	struct shape_settings shape;
};

struct bridge_settings {
	uint32_t ageing_time_cs; /* 0: nothing is learned */
	uint32_t fdb_max_learned;
	uint16_t group_fwd_mask;
	uint8_t address[6]; /* all zero: the device's own */
	bool vlan_filtering, vlan_stats_enabled, vlan_stats_per_port;
	uint16_t vlan_protocol;     /* the TPID */
	uint16_t vlan_default_pvid; /* 0: none */
	struct stp_bridge_settings stp;
};

#define VLAN_PROTOCOL_8021Q  0x8100
#define VLAN_PROTOCOL_8021AD 0x88a8

#define AGEING_TIME_DEFAULT_CS    30000u
#define AGEING_TIME_MAX_CS        100000000u
#define BRIDGE_GROUP_FWD_MASK_MAX 0xfff8u /* BR_GROUPFWD_RESTRICTED of the kernel: not bits 0, 1, 2 */
#define PORT_GROUP_FWD_MASK_MAX   0xfffdu /* not bit 1, PAUSE */

/* What a port may have punted for one reason. */
struct punt_limit {
	uint32_t rate;  /* frames a second; 0: no limit */
	uint32_t burst; /* frames at once */
};

#define PUNT_RATE_MAX  1000000u
#define PUNT_BURST_MAX 1000000u

extern const struct punt_limit punt_limit_default;
extern const struct port_settings port_settings_default;
extern const struct bridge_settings bridge_settings_default;

/* The words of enum xbr_xdp_mode, xbr_mode and xbr_role, by value; ended by NULL. */
extern const char *const xdp_mode_words[];
extern const char *const mode_words[];
/* The words of vlan_protocol; ended by NULL. */
extern const char *const vlan_protocol_words[];
extern const char *const role_words[];
/* The words of stp_bridge_settings.version and of enum stp_auto; ended by NULL. */
extern const char *const stp_version_words[];
extern const char *const stp_auto_words[];

bool port_settings_equal(const struct port_settings *a, const struct port_settings *b);
bool bridge_settings_equal(const struct bridge_settings *a, const struct bridge_settings *b);

/* A patch: settings with the bits of those that are given. */
enum port_given {
	PORT_GIVEN_FDB_MAX_LEARNED = 1 << 0,
	PORT_GIVEN_GROUP_FWD_MASK = 1 << 1,
	PORT_GIVEN_XDP = 1 << 2,
	PORT_GIVEN_MODE = 1 << 3,
	PORT_GIVEN_ROLE = 1 << 4,
	PORT_GIVEN_SHAPE_MIN = 1 << 5,
	PORT_GIVEN_SHAPE_MAX = 1 << 6,
	PORT_GIVEN_SHAPE_DEVICE = 1 << 7,
	PORT_GIVEN_TRUST = 1 << 8, /* of qos, by the names there */
	PORT_GIVEN_DEFAULT_PRIO = 1 << 9,
	PORT_GIVEN_PCP_PRIO = 1 << 10,
	PORT_GIVEN_DSCP_PRIO = 1 << 11,
	PORT_GIVEN_PRIO_PCP = 1 << 12,
	PORT_GIVEN_PRIO_DSCP = 1 << 13,
	PORT_GIVEN_PRIO_QUEUE = 1 << 14,
	PORT_GIVEN_COMMUNITY = 1 << 16,
	PORT_GIVEN_LIMIT_ACTION = 1 << 17,
	PORT_GIVEN_MOVE_RATE = 1 << 18,
	PORT_GIVEN_RECOVERY = 1 << 19,
	PORT_GIVEN_TRANSPARENT = 1 << 20,
	PORT_GIVEN_STORM = 1 << 21, /* shifted by enum xbr_storm_kind */
};
enum stp_port_given {
	STP_GIVEN_COST = 1 << 8, /* above enum stp_port_flags */
	STP_GIVEN_PRIORITY = 1 << 9,
	STP_GIVEN_ADMIN_EDGE = 1 << 10,
	STP_GIVEN_P2P = 1 << 11,
};
struct stp_port_patch {
	uint32_t given; /* enum stp_port_given and enum stp_port_flags */
	struct stp_port_settings to;
};
enum stp_bridge_given {
	STP_GIVEN_STATE = 1 << 0,
	STP_GIVEN_VERSION = 1 << 1,
	STP_GIVEN_BRIDGE_PRIORITY = 1 << 2,
	STP_GIVEN_HELLO_TIME = 1 << 3,
	STP_GIVEN_MAX_AGE = 1 << 4,
	STP_GIVEN_FORWARD_DELAY = 1 << 5,
	STP_GIVEN_TX_HOLD_COUNT = 1 << 6,
};
struct stp_bridge_patch {
	uint32_t given; /* enum stp_bridge_given */
	struct stp_bridge_settings to;
};
struct port_patch {
	struct stp_port_patch stp;
	uint32_t given;       /* enum port_given */
	uint32_t flags_given; /* which of flags */
	uint8_t edge_options_given;
	uint32_t guard_given;          /* which of guard.flags */
	uint8_t police_given;          /* which of qos.port.meter: a bit for each way */
	uint8_t class_given[XBR_WAYS]; /* which of qos.port.class_meter */
	struct port_settings to;
};
enum bridge_given {
	BRIDGE_GIVEN_AGEING_TIME = 1 << 0,
	BRIDGE_GIVEN_FDB_MAX_LEARNED = 1 << 1,
	BRIDGE_GIVEN_GROUP_FWD_MASK = 1 << 2,
	BRIDGE_GIVEN_ADDRESS = 1 << 3,
	BRIDGE_GIVEN_VLAN_FILTERING = 1 << 4,
	BRIDGE_GIVEN_VLAN_PROTOCOL = 1 << 5,
	BRIDGE_GIVEN_VLAN_DEFAULT_PVID = 1 << 6,
	BRIDGE_GIVEN_VLAN_STATS = 1 << 7,
	BRIDGE_GIVEN_VLAN_STATS_PER_PORT = 1 << 8,
};
struct bridge_patch {
	struct stp_bridge_patch stp;
	uint32_t given; /* enum bridge_given */
	struct bridge_settings to;
};
void port_settings_patch(struct port_settings *settings, const struct port_patch *patch);
void bridge_settings_patch(struct bridge_settings *settings, const struct bridge_patch *patch);

/* The words of enum xbr_punt_reason, by value, and behind them `all`; ended by NULL. */
#define PUNT_REASON_ALL XBR_PUNT_COUNT
extern const char *const punt_reason_words[];

enum punt_given {
	PUNT_GIVEN_RATE = 1 << 0,
	PUNT_GIVEN_BURST = 1 << 1,
};
struct punt_patch {
	uint32_t given; /* enum punt_given */
	struct punt_limit to;
};

#endif
