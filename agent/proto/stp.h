/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stp: the spanning tree engine of one bridge: MSTP (802.1Q-2018, clauses 13 and 14), with RSTP and STP as
 * its smaller cases (13.6: force protocol version).
 *
 * It is pure. Time, BPDUs and what happens to ports come in by calls; BPDUs, port states and flushes go out
 * by struct stp_ops; there is no clock, socket or global in it, and no memory but its own. So a hundred of
 * them can be wired together in one process (tests/sim), and two agents' engines in a unit test.
 *
 *     stp_vector.h      priority vectors, times             stp_topology.c   TCM: what a change does
 *     stp_receive.c     PRX, PPM, BDM: a BPDU comes in      stp_transmit.c   PTX: what goes out, when
 *     stp_info.c        PIM: what it says of a port         stp_engine.c     objects, time, the loop
 *     stp_roles.c       PRS: the best root; a role each     stp_bpdu.h       octets
 *     stp_doubt.c       no counting to infinity             stp_view.c       what is shown; history
 *     stp_transitions.c PRT, PST: roles become states       stp_saved.c      a life after the agent's
 *
 * The machines are functions that try one transition each and say whether they made one (stp_machine.h); a
 * loop calls them until none does, with a bound on the number of steps. Nothing recurses.
 *
 * Times are milliseconds of a clock that never goes back, 64 bits. A timer of the standard is the time at
 * which it ends; whoever owns the engine calls stp_advance() at stp_deadline(), or whenever it likes.
 *
 * Ports are numbered 1 to 4095, as in a port identifier. Trees are named by MSTID, the CIST is 0.
 */
#ifndef XBR_PROTO_STP_H
#define XBR_PROTO_STP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/stp_bpdu.h"

#define STP_PORT_MAX  4095
#define STP_MSTID_MAX 4094
#define STP_NEVER     UINT64_MAX

enum stp_version {
	STP_VERSION_STP = 0,
	STP_VERSION_RSTP = 2,
	STP_VERSION_MSTP = 3,
};

enum stp_role {
	STP_ROLE_DISABLED,
	STP_ROLE_ROOT,
	STP_ROLE_DESIGNATED,
	STP_ROLE_ALTERNATE,
	STP_ROLE_BACKUP,
	STP_ROLE_MASTER,
};

enum stp_state {
	STP_DISCARDING,
	STP_LEARNING,
	STP_FORWARDING,
};

enum stp_p2p {
	STP_P2P_AUTO, /* as the link says: full duplex */
	STP_P2P_ON,
	STP_P2P_OFF,
};

/* Why something changed (struct stp_change). */
enum stp_cause {
	STP_CAUSE_START,  /* the engine began, or began anew */
	STP_CAUSE_CONFIG, /* by management */
	STP_CAUSE_LINK_UP,
	STP_CAUSE_LINK_DOWN,
	STP_CAUSE_BPDU,      /* one came in */
	STP_CAUSE_TIMER,     /* forward delay, recent root, recent backup, edge delay */
	STP_CAUSE_AGED,      /* no BPDU for three hello times */
	STP_CAUSE_GUARD,     /* bpdu_guard: a BPDU on a port that must have none */
	STP_CAUSE_LOOP,      /* loop_guard: a port that was not designated fell silent */
	STP_CAUSE_ASSURANCE, /* bridge_assurance: no BPDU on a port that must have some */
	STP_CAUSE_COUNT,
};

struct stp_bridge_config {
	uint8_t address[6];
	uint16_t priority; /* of the CIST; as a rule a multiple of 4096 */
	uint8_t version;   /* enum stp_version */
	uint8_t tx_hold_count;
	uint8_t max_hops;
	uint16_t hello_time_cs, max_age_cs, forward_delay_cs; /* hundredths of a second */
	char region[STP_NAME_LEN + 1];
	uint16_t revision;
};

struct stp_port_config {
	uint32_t cost;    /* external and, in the CIST, internal */
	uint8_t priority; /* 0 to 240, a multiple of 16 */
	uint8_t p2p;      /* enum stp_p2p */
	bool admin_edge;
	bool auto_edge;
	bool restricted_role; /* root guard */
	bool restricted_tcn;
	bool bpdu_guard;
	bool bpdu_filter;
	bool loop_guard;
	bool bridge_assurance;
};

struct stp_ops {
	/* A BPDU leaves by a port. */
	void (*send)(void *user, uint16_t port, const uint8_t *bpdu, size_t length);
	/* A port's state in a tree has changed. */
	void (*state)(void *user, uint16_t port, uint16_t mstid, enum stp_state state);
	/* What was learned by this port in the VLANs of this tree is void. */
	void (*flush)(void *user, uint16_t port, uint16_t mstid);
};

extern const struct stp_bridge_config stp_bridge_config_default;
extern const struct stp_port_config stp_port_config_default;

struct stp_bridge;

/* NULL: out of memory. ops and user are kept. */
struct stp_bridge *stp_new(const struct stp_bridge_config *config, const struct stp_ops *ops, void *user,
			   uint64_t now);
void stp_free(struct stp_bridge *bridge);

/* ---- what happens ---- */

/* Timers that have ended by now take effect. */
void stp_advance(struct stp_bridge *bridge, uint64_t now);
/* When stp_advance() has something to do next; STP_NEVER. */
uint64_t stp_deadline(const struct stp_bridge *bridge);
/* A BPDU, without its LLC header, came in by a port. Whatever it holds, it is counted. */
void stp_receive(struct stp_bridge *bridge, uint16_t port, const uint8_t *bpdu, size_t length, uint64_t now);
/* MAC_Operational of a port, and whether its link is point to point. */
void stp_link(struct stp_bridge *bridge, uint16_t port, bool up, bool full_duplex, uint64_t now);

/* ---- management ---- */

/* Ports begin with their link down. 0, -EEXIST, -EINVAL, -ENOMEM. */
int stp_port_add(struct stp_bridge *bridge, uint16_t port, const struct stp_port_config *config,
		 uint64_t now);
void stp_port_del(struct stp_bridge *bridge, uint16_t port, uint64_t now);
void stp_port_set(struct stp_bridge *bridge, uint16_t port, const struct stp_port_config *config,
		  uint64_t now);
/* Cost and priority in one MSTI. */
void stp_port_msti_set(struct stp_bridge *bridge, uint16_t port, uint16_t mstid, uint32_t cost,
		       uint8_t priority, uint64_t now);
/* Try RSTP again where a neighbour spoke STP (13.27.38). */
void stp_mcheck(struct stp_bridge *bridge, uint16_t port, uint64_t now);
/* A change of version or region begins anew, as 13.25.18 has it; any other is a change of priorities or
 * times. */
void stp_bridge_set(struct stp_bridge *bridge, const struct stp_bridge_config *config, uint64_t now);
/* Begin anew: BEGIN of all machines. Ports that are up go through discarding, edge ports forward at once. */
void stp_restart(struct stp_bridge *bridge, uint64_t now);

/* The instances of a bridge, whole: what is not there goes, what is new comes; all begins anew where the
 * region is another one then. map: VID -> MSTID. 0, -EINVAL, -ENOMEM (some of it may be done). */
struct stp_instance {
	uint16_t mstid, priority;
};
int stp_instances_set(struct stp_bridge *bridge, const struct stp_instance *instances, unsigned int count,
		      const uint16_t map[4096], uint64_t now);

/* 0, -EEXIST, -EINVAL, -ENOSPC, -ENOMEM. The region is another one then: all begins anew. */
int stp_msti_add(struct stp_bridge *bridge, uint16_t mstid, uint16_t priority, uint64_t now);
int stp_msti_del(struct stp_bridge *bridge, uint16_t mstid, uint64_t now);
int stp_msti_set(struct stp_bridge *bridge, uint16_t mstid, uint16_t priority, uint64_t now);
/* All 4096 entries: VID -> MSTID; 0 and MSTIDs that are not there: the CIST. */
void stp_vlan_map_set(struct stp_bridge *bridge, const uint16_t map[4096], uint64_t now);
/* The MSTID that a VID is in. */
uint16_t stp_vlan_msti(const struct stp_bridge *bridge, uint16_t vid);

/* 802.1Q table 13-4: 20,000,000 by the speed in Mb/s, at least 1; a speed that is not known (0) counts as 10
 * Gb/s. */
uint32_t stp_cost_of_speed(uint32_t mbps);

/* ---- what is ---- */

struct stp_tree_view {
	uint16_t mstid;
	uint64_t bridge_id;
	uint64_t root; /* CIST: of the whole network; MSTI: the regional root */
	uint64_t regional_root;
	uint32_t external_cost; /* CIST */
	uint32_t internal_cost;
	uint16_t root_port;                          /* 0: this bridge is the root */
	uint16_t max_age, hello_time, forward_delay; /* the root's, in 1/256 s */
	uint8_t remaining_hops;
	bool topology_change;  /* on its way: tcWhile runs on some port */
	uint64_t changes;      /* topology changes so far */
	uint64_t changed_at;   /* the last one; 0: none yet */
	uint16_t changed_by;   /* the port it came by, or where it was found */
	uint64_t changed_from; /* the bridge whose BPDU told; 0: found here */
};

struct stp_counters {
	uint64_t rx_config, rx_tcn, rx_rst, rx_mst;
	uint64_t rx_malformed, rx_old, rx_own, rx_filtered, rx_disabled;
	uint64_t rx_tc; /* BPDUs that told of a topology change */
	uint64_t tx_config, tx_tcn, tx_rst, tx_mst;
	uint64_t tx_tc;
	uint64_t forwarding; /* times it became forwarding, in the CIST */
	uint64_t guarded;    /* times bpdu_guard shut it */
	uint64_t disputed;   /* times a neighbour and we both thought to be designated */
};

struct stp_port_view {
	bool link_up;
	bool enabled; /* link up, and not shut by bpdu_guard */
	bool oper_edge;
	bool point_to_point;
	bool send_rstp; /* the neighbour, as far as we know, speaks RSTP */
	bool guard;     /* shut by bpdu_guard */
	bool loop;      /* held by loop_guard */
	bool assurance; /* held by bridge_assurance */
	struct stp_counters counters;
};

struct stp_tree_port_view {
	enum stp_role role;
	enum stp_state state;
	uint16_t port_id;
	uint32_t cost;
	uint64_t designated_root, designated_bridge;
	uint32_t designated_cost; /* CIST: external; MSTI: internal */
	uint16_t designated_port;
	bool proposing, agree, agreed, synced, disputed;
	/* milliseconds left, 0: not running */
	uint64_t forward_ms, recent_root_ms, recent_backup_ms, topology_change_ms, age_ms;
};

/* -1: there is no such tree. */
int stp_tree_place(const struct stp_bridge *bridge, uint16_t mstid);
/* Trees by place: 0 is the CIST. False: no such place, port, or tree. */
bool stp_tree_view(const struct stp_bridge *bridge, unsigned int place, struct stp_tree_view *ret_view);
bool stp_port_view(const struct stp_bridge *bridge, uint16_t port, struct stp_port_view *ret_view);
bool stp_tree_port_view(const struct stp_bridge *bridge, unsigned int place, uint16_t port,
			struct stp_tree_port_view *ret_view);
void stp_config_id(const struct stp_bridge *bridge, struct stp_config_id *ret_id);
/* Times the step bound ended a run: a fault of the engine. Always 0, as far as anybody has seen. */
uint64_t stp_step_overruns(const struct stp_bridge *bridge);

/* One entry of the history: a role or a state of a port in a tree changed. */
struct stp_change {
	uint64_t at;
	uint16_t port, mstid;
	uint8_t role_before, role, state_before, state; /* enum stp_role, enum stp_state */
	uint8_t cause;                                  /* enum stp_cause */
	uint16_t cause_port;                            /* whose link, timer or BPDU; 0: none */
	uint64_t cause_from;                            /* the bridge that sent the BPDU; 0: none */
};

#define STP_HISTORY 256

/* How many of the last STP_HISTORY changes there are, and the one that lies `back` changes back (0: the
 * last). */
unsigned int stp_history_length(const struct stp_bridge *bridge);
struct stp_change stp_history_get(const struct stp_bridge *bridge, unsigned int back);

extern const char *const stp_role_words[];
extern const char *const stp_state_words[];
extern const char *const stp_cause_words[];

/* ---- a life after the agent's ---- */

/*
 * What a restarted agent must know of a port in a tree to go on as if nothing had been: what the port was,
 * what it knew, what it had agreed. Octets of a fixed layout, for a pinned map. Timers are not in it: the
 * thawed engine believes its neighbours for three hello times, as if it had just heard them.
 */
struct stp_frozen {
	uint64_t root, regional, bridge; /* portPriority */
	uint32_t external, internal;
	uint16_t port;
	uint16_t message_age, max_age, hello_time, forward_delay; /* portTimes */
	uint8_t remaining_hops;
	uint8_t role, info_is;
	uint8_t tree_flags; /* agree, agreed, ... (stp_saved.c) */
	uint8_t port_flags; /* of the CIST entry: operEdge, sendRSTP, ... */
	uint8_t reserved[9];
};
_Static_assert(sizeof(struct stp_frozen) == 56, "no padding");

bool stp_freeze(const struct stp_bridge *bridge, uint16_t port, uint16_t mstid,
		struct stp_frozen *ret_frozen);
/*
 * To be called for each port and tree of an engine that was just made, whose ports are added and whose links
 * are not yet told; then stp_thawed() once. A port whose link is down stays what it is.
 */
void stp_thaw(struct stp_bridge *bridge, uint16_t port, uint16_t mstid, const struct stp_frozen *frozen,
	      bool full_duplex);
void stp_thawed(struct stp_bridge *bridge, uint64_t now);

#endif
