/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stp_machine: what the machines of 802.1Q clause 13 share, for the files stp_*.c alone. Variables have the
 * standard's names (13.25 to 13.28), in this house's spelling; what is "per port" there is in struct
 * stp_port, "per tree and port" in struct tree_port, "per tree" in struct tree.
 *
 * A machine is a function that makes at most one transition and says whether it did. A timer is the time at
 * which it ends; TIMER_HELD is one that stands at its full value, as the standard has it by setting it again
 * and again (fdWhile of an alternate port, rrWhile of a root port): it begins to run when the port leaves
 * that role.
 */
#ifndef XBR_PROTO_STP_MACHINE_H
#define XBR_PROTO_STP_MACHINE_H

#include "proto/stp.h"
#include "proto/stp_vector.h"

#define SECOND_MS    1000u
#define SECOND_256   256u
#define MIGRATE_TIME (3 * SECOND_MS) /* 13.26.6 */
#define TIMER_HELD   UINT64_MAX

/* Flushes of one port in one tree: so many at once, then one a second. */
#define FLUSH_BURST 8

enum info_is {
	INFO_DISABLED,
	INFO_AGED,
	INFO_MINE,
	INFO_RECEIVED,
};

enum rcvd_info {
	SUPERIOR_DESIGNATED_INFO,
	REPEATED_DESIGNATED_INFO,
	INFERIOR_DESIGNATED_INFO,
	INFERIOR_ROOT_ALTERNATE_INFO,
	OTHER_INFO,
};

enum prx_state {
	PRX_DISCARD,
	PRX_RECEIVE,
};

enum ppm_state {
	PPM_CHECKING_RSTP,
	PPM_SELECTING_STP,
	PPM_SENSING,
};

enum pim_state {
	PIM_DISABLED,
	PIM_AGED,
	PIM_UPDATE,
	PIM_CURRENT,
};

enum tcm_state {
	TCM_INACTIVE,
	TCM_LEARNING,
	TCM_ACTIVE,
};

struct tree {
	uint16_t mstid;
	uint16_t priority;
	uint64_t bridge_id;
	struct stp_vector root_priority;
	struct stp_times root_times;
	uint16_t root_port;    /* its number; 0: none */
	bool reselect;         /* set on some port */
	unsigned int mastered; /* ports that lead to the root of another region (13.28.12) */
	struct {
		struct stp_vector best; /* our own word of the last root, when it was best */
		uint64_t until;         /* it is doubted */
		uint64_t forget;        /* all this is forgotten */
	} doubt;
	uint64_t changes, changed_at, changed_from;
	uint16_t changed_by;
};

struct tree_port {
	uint32_t cost;
	uint8_t priority;
	enum stp_role role, selected_role;
	enum info_is info_is;
	enum pim_state pim;
	enum tcm_state tcm;
	struct stp_vector port_priority, designated_priority, msg_priority;
	struct stp_times port_times, designated_times, msg_times;
	enum stp_bpdu_role msg_role;
	uint8_t msg_flags;
	bool agree, agreed, disputed, mastered, proposed, proposing;
	bool learn, learning, forward, forwarding;
	bool rcvd_msg, rcvd_tc, tc_prop;
	bool tc_told, tc_begins; /* the neighbour's last word was of a change; that is news, for the count of
				    them */
	bool re_root, reselect, selected, sync, synced, updt_info;
	uint64_t fd_while, rr_while, rb_while, tc_while, rcvd_info_while;
	uint64_t cross_while; /* an agreement that comes may be one to a word that we give no more */
	bool cross_alike;     /* a root port's, too: nothing in it tells the former word from this one */
	bool crossed;         /* one came, and was not believed */
	unsigned int flushes; /* in the last second or so */
	uint64_t flush_tick;
	bool flush_pending;
	enum stp_role told_role; /* as the history has it */
	enum stp_state told_state;
};

struct stp_port {
	struct stp_bridge *bridge;
	uint16_t number;
	struct stp_port_config config;
	bool link_up, full_duplex;
	bool guard, loop, assurance; /* see struct stp_port_view */
	bool port_enabled;
	bool dirty;   /* its machines are to be looked at */
	bool touched; /* they were, in this run */
	uint64_t due; /* when a timer of it ends next */

	bool oper_edge, send_rstp, mcheck;
	bool rcvd_bpdu, rcvd_internal, rcvd_rstp, rcvd_stp;
	bool info_internal;
	bool rcvd_tcn, rcvd_tc_ack, tc_ack;
	bool new_info, new_info_msti;
	enum prx_state prx;
	enum ppm_state ppm;
	uint64_t mdelay_while, edge_delay_while, hello_when;
	uint64_t assurance_while;
	unsigned int tx_count;
	uint64_t tx_tick;
	uint64_t tx_pace; /* the next BPDU does not leave before it */

	struct stp_counters counters;
	struct stp_bpdu bpdu;    /* the last one that was taken in */
	struct tree_port *trees; /* by place; the CIST first */
};

struct stp_bridge {
	struct stp_bridge_config config;
	const struct stp_ops *ops;
	void *user;
	uint64_t now;
	struct stp_times times; /* BridgeTimes */
	struct stp_config_id config_id;
	uint16_t vlan_map[4096];
	unsigned int tree_count;
	struct tree trees[1 + STP_MSTI_MAX];
	unsigned int port_count, port_room;
	struct stp_port **ports; /* by number, ascending */
	bool moved;              /* some machine made a transition in this round */
	unsigned int steps;      /* left before the bound */
	uint64_t overruns;

	struct {
		enum stp_cause kind;
		uint16_t port;
		uint64_t from;
	} cause;
	struct stp_change history[STP_HISTORY];
	uint64_t changes;
};

#define trees_foreach(bridge, t)     for (unsigned int t = 0; t < (bridge)->tree_count; t++)
#define stp_ports_foreach(bridge, i) for (unsigned int i = 0; i < (bridge)->port_count; i++)

static inline bool timer_runs(const struct stp_bridge *b, uint64_t timer)
{
	return timer > b->now;
}

static inline uint64_t timer_start(const struct stp_bridge *b, uint64_t ms)
{
	return b->now + ms;
}

/* A time of 1/256 s in milliseconds, at least 1. */
static inline uint64_t ms_of(uint16_t time)
{
	uint64_t ms = (uint64_t)time * SECOND_MS / SECOND_256;

	return ms ? ms : 1;
}

/* 13.28.22: RSTP or MSTP, not STP. */
static inline bool rstp_version(const struct stp_bridge *b)
{
	return b->config.version >= STP_VERSION_RSTP;
}

static inline bool point_to_point(const struct stp_port *p)
{
	return p->config.p2p == STP_P2P_ON || (p->config.p2p == STP_P2P_AUTO && p->full_duplex);
}

/* 13.28.8, 13.28.9, 13.28.11: by the CIST's times. */
static inline uint64_t fwd_delay_ms(const struct stp_port *p)
{
	return ms_of(p->trees[0].designated_times.forward_delay);
}

static inline uint64_t hello_time_ms(const struct stp_port *p)
{
	return ms_of(p->bridge->times.hello_time);
}

static inline uint64_t max_age_ms(const struct stp_port *p)
{
	return ms_of(p->trees[0].designated_times.max_age);
}

/* forwardDelay, 13.28.10. */
static inline uint64_t forward_delay_ms(const struct stp_port *p)
{
	return p->send_rstp ? hello_time_ms(p) : fwd_delay_ms(p);
}

/* A port that a guard of ours holds: it neither learns nor forwards (isolate, 13.27.36). */
static inline bool isolated(const struct stp_port *p)
{
	return p->loop || p->assurance;
}

static inline struct tree_port *tree_port(const struct stp_bridge *b, unsigned int i, unsigned int t)
{
	return &b->ports[i]->trees[t];
}

/* newInfoXst: newInfo of the CIST, newInfoMsti of any other. */
static inline void set_new_info(struct stp_port *p, unsigned int t)
{
	if (t == 0)
		p->new_info = true;
	else
		p->new_info_msti = true;
}

/* stp_doubt.c: may this word of a neighbour be believed? */
bool stp_doubt_excludes(const struct stp_bridge *b, unsigned int t, const struct stp_vector *word);
/* Before a root is chosen. */
void stp_doubt_begin(struct stp_bridge *b, unsigned int t);
/* What was chosen, and the word it came by (NULL: we are the root). False: that is doubted now, choose again.
 */
bool stp_doubt_accepts(struct stp_bridge *b, unsigned int t, const struct stp_vector *word);
/* False: no doubt has ended. */
bool stp_doubt_tick(struct stp_bridge *b, unsigned int t);

/* ---- the machines ---- */

bool stp_prx(struct stp_port *p);
bool stp_ppm(struct stp_port *p);
bool stp_bdm(struct stp_port *p);
bool stp_pim(struct stp_port *p, unsigned int t);
bool stp_prs(struct stp_bridge *b, unsigned int t);
bool stp_prt(struct stp_port *p, unsigned int t);
bool stp_pst(struct stp_port *p, unsigned int t);
bool stp_tcm(struct stp_port *p, unsigned int t);
bool stp_ptx(struct stp_port *p);

/* Their entry by BEGIN. */
void stp_roles_begin(struct stp_bridge *b, unsigned int t);
void stp_receive_begin(struct stp_port *p);
void stp_info_begin(struct stp_port *p, unsigned int t);
void stp_transitions_begin(struct stp_port *p, unsigned int t);
void stp_topology_begin(struct stp_port *p, unsigned int t);
void stp_transmit_begin(struct stp_port *p);

/* Our word stands behind what is to come: what is on its way may agree to a former one. */
void stp_info_cross(struct stp_port *p, unsigned int t, bool alike);
/* Who agreed while that could not be believed is asked again. */
void stp_info_tick(struct stp_port *p, unsigned int t);
/* A flush that had to wait takes place. */
void stp_topology_tick(struct stp_port *p, unsigned int t);
void stp_transmit_tick(struct stp_port *p);

/* ---- shared by machines ---- */

struct stp_port *stp_port_find(const struct stp_bridge *b, uint16_t number);
int stp_tree_find(const struct stp_bridge *b, uint16_t mstid); /* its place; -1: not there */
void stp_all_dirty(struct stp_bridge *b);
/* selected = FALSE, reselect = TRUE: roles are to be chosen again. */
void stp_reselect(struct stp_port *p, unsigned int t);
void stp_reselect_all(struct stp_bridge *b);
void stp_set_sync_tree(struct stp_bridge *b, unsigned int t);
void stp_set_re_root_tree(struct stp_bridge *b, unsigned int t);
/* A port's part of the identifiers and costs, from the configuration. */
uint16_t stp_port_id(const struct stp_port *p, unsigned int t);
/* Does the region have its way to the root by this port? */
bool stp_is_mastered(const struct tree_port *tp);
/* Runs all machines until nothing moves. */
void stp_run(struct stp_bridge *b);
/* Notes roles and states that differ from what was noted last, and tells of states. */
void stp_history_note(struct stp_port *p, unsigned int t);

#endif
