// SPDX-License-Identifier: Apache-2.0
/*
 * Roles become states, in an order that makes no loop: Port Role Transitions (802.1Q-2018, 13.37) and Port
 * State Transition (13.38). The blocks of the standard's figures are named above the functions that are them.
 */
#include "proto/stp_machine.h"

static bool timer_done(const struct stp_port *p, uint64_t timer)
{
	return !timer_runs(p->bridge, timer);
}

static void block(struct tree_port *tp)
{
	tp->learn = tp->forward = false;
}

/* 13.28.3: every other port has a state that fits the new tree (the root port need not). */
static bool all_synced(const struct stp_port *p, unsigned int t)
{
	enum stp_role role = p->trees[t].role;

	stp_ports_foreach (p->bridge, i) {
		const struct tree_port *other = tree_port(p->bridge, i, t);
		bool spared =
			role == STP_ROLE_MASTER ? p->bridge->ports[i] == p : other->role == STP_ROLE_ROOT;

		if (!other->selected || other->role != other->selected_role || other->updt_info ||
		    (!other->synced && !spared))
			return false;
	}
	return true;
}

/* 13.28.16: no other port was root a moment ago. */
static bool re_rooted(const struct stp_port *p, unsigned int t)
{
	stp_ports_foreach (p->bridge, i)
		if (p->bridge->ports[i] != p && timer_runs(p->bridge, tree_port(p->bridge, i, t)->rr_while))
			return false;
	return true;
}

/* ---- entering a role ---- */

/* Timers that stood begin to run. */
static void leave_role(struct stp_port *p, struct tree_port *tp)
{
	if (tp->rr_while == TIMER_HELD)
		tp->rr_while = timer_start(p->bridge, fwd_delay_ms(p));
	if (tp->rb_while == TIMER_HELD)
		tp->rb_while = timer_start(p->bridge, 2 * hello_time_ms(p));
	if (tp->fd_while == TIMER_HELD)
		tp->fd_while = timer_start(p->bridge, tp->role == STP_ROLE_DISABLED ? max_age_ms(p)
										    : forward_delay_ms(p));
}

/* DISABLE_PORT, MASTER_PORT, ROOT_PORT, DESIGNATED_PORT, BLOCK_PORT */
static bool enter_role(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	leave_role(p, tp);
	if (tp->selected_role == STP_ROLE_DESIGNATED && tp->agree)
		stp_info_cross(p, t, false);
	tp->role = tp->selected_role;
	tp->disputed = tp->disputed && tp->role == STP_ROLE_DESIGNATED;
	switch (tp->role) {
	case STP_ROLE_ROOT:
		tp->rr_while = TIMER_HELD;
		break;
	case STP_ROLE_DISABLED:
	case STP_ROLE_ALTERNATE:
	case STP_ROLE_BACKUP:
		block(tp);
		break;
	case STP_ROLE_DESIGNATED:
		tp->agree = false;
		break;
	case STP_ROLE_MASTER:
		break;
	}
	return true;
}

/* ---- disabled, alternate and backup ports ---- */

/* DISABLED_PORT, ALTERNATE_PORT, BACKUP_PORT: once it has stopped, it is in step with any tree. */
static bool blocked_port(struct tree_port *tp)
{
	bool is_backup = tp->role == STP_ROLE_BACKUP;

	if (tp->learning || tp->forwarding ||
	    (tp->fd_while == TIMER_HELD && !tp->sync && !tp->re_root && tp->synced &&
	     (!is_backup || tp->rb_while == TIMER_HELD)))
		return false;
	tp->fd_while = TIMER_HELD;
	tp->synced = true;
	tp->rr_while = 0;
	tp->sync = tp->re_root = false;
	if (is_backup)
		tp->rb_while = TIMER_HELD;
	return true;
}

/* Figure 13-25: ALTERNATE_PROPOSED, ALTERNATE_AGREED */
static bool alternate_port(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	if (blocked_port(tp))
		return true;
	if (tp->proposed && !tp->agree) {
		stp_set_sync_tree(p->bridge, t);
		tp->proposed = false;
		return true;
	}
	if ((!tp->agree && all_synced(p, t)) || (tp->proposed && tp->agree)) {
		tp->proposed = false;
		tp->agree = true;
		set_new_info(p, t);
		return true;
	}
	return false;
}

/* ---- root and master ports ---- */

/* ROOT_PROPOSED, ROOT_AGREED, MASTER_PROPOSED, MASTER_AGREED */
static bool answer_proposal(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	if (tp->proposed && !tp->agree) {
		stp_set_sync_tree(p->bridge, t);
		tp->proposed = false;
		return true;
	}
	if ((!tp->agree && all_synced(p, t)) || (tp->proposed && tp->agree)) {
		tp->proposed = tp->sync = false;
		tp->agree = true;
		if (tp->role == STP_ROLE_ROOT)
			set_new_info(p, t);
		return true;
	}
	return false;
}

/* ROOT_SYNCED, REROOT, REROOTED */
static bool root_step(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	if ((tp->agreed && !tp->synced) || (tp->sync && tp->synced)) {
		tp->synced = true;
		tp->sync = false;
		return true;
	}
	if (!tp->forward && !tp->re_root) {
		stp_set_re_root_tree(p->bridge, t);
		return true;
	}
	if (tp->forward && tp->re_root) {
		tp->re_root = false;
		return true;
	}
	return false;
}

static bool learn_or_forward(struct stp_port *p, struct tree_port *tp)
{
	if (!tp->learn) {
		tp->learn = true;
		tp->fd_while = timer_start(p->bridge, forward_delay_ms(p));
		return true;
	}
	if (!tp->forward) {
		tp->forward = true;
		tp->fd_while = 0;
		return true;
	}
	return false;
}

/* Figure 13-22: ROOT_LEARN, ROOT_FORWARD */
static bool root_port(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	if (answer_proposal(p, t) || root_step(p, t))
		return true;
	if (tp->learn && tp->forward)
		return false;
	if (timer_done(p, tp->fd_while) ||
	    (rstp_version(p->bridge) && timer_done(p, tp->rb_while) && re_rooted(p, t)))
		return learn_or_forward(p, tp);
	return false;
}

/* DESIGNATED_SYNCED, DESIGNATED_RETIRED, DESIGNATED_DISCARD, and the same of a master port */
static bool stop_or_stay(struct stp_port *p, struct tree_port *tp)
{
	if ((!tp->learning && !tp->forwarding && !tp->synced) || (tp->agreed && !tp->synced) ||
	    (p->oper_edge && !tp->synced) || (tp->sync && tp->synced)) {
		tp->rr_while = 0;
		tp->synced = true;
		tp->sync = false;
		return true;
	}
	if (timer_done(p, tp->rr_while) && tp->re_root) {
		tp->re_root = false;
		return true;
	}
	if (((tp->sync && !tp->synced) || (tp->re_root && timer_runs(p->bridge, tp->rr_while)) ||
	     tp->disputed || isolated(p)) &&
	    !p->oper_edge && (tp->learn || tp->forward)) {
		block(tp);
		tp->disputed = false;
		tp->fd_while = timer_start(p->bridge, forward_delay_ms(p));
		return true;
	}
	return false;
}

/* Figure 13-21: MASTER_LEARN, MASTER_FORWARD */
static bool master_port(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];
	bool moved;

	if (answer_proposal(p, t) || stop_or_stay(p, tp))
		return true;
	if ((tp->learn && tp->forward) || isolated(p) || !(timer_done(p, tp->fd_while) || all_synced(p, t)))
		return false;
	moved = learn_or_forward(p, tp);
	if (tp->forward)
		tp->agreed = p->send_rstp;
	return moved;
}

/* ---- designated ports ---- */

/* DESIGNATED_PROPOSE: EdgeDelay is short where a neighbour would answer at once (13.28.7). */
static bool propose(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	if (tp->forward || tp->agreed || tp->proposing || p->oper_edge)
		return false;
	tp->proposing = true;
	if (t == 0)
		p->edge_delay_while =
			timer_start(p->bridge, point_to_point(p) ? MIGRATE_TIME : max_age_ms(p));
	set_new_info(p, t);
	return true;
}

/* Figure 13-23: DESIGNATED_LEARN, DESIGNATED_FORWARD */
static bool designated_port(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];
	bool moved;

	if (propose(p, t) || stop_or_stay(p, tp))
		return true;
	if ((tp->learn && tp->forward) || tp->sync || isolated(p) ||
	    (timer_runs(p->bridge, tp->rr_while) && tp->re_root))
		return false;
	if (!timer_done(p, tp->fd_while) && !tp->agreed && !p->oper_edge)
		return false;
	moved = learn_or_forward(p, tp);
	if (tp->forward)
		tp->agreed = p->send_rstp;
	return moved;
}

bool stp_prt(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	if (!tp->selected || tp->updt_info)
		return false;
	if (tp->role != tp->selected_role)
		return enter_role(p, t);
	switch (tp->role) {
	case STP_ROLE_DISABLED:
		return blocked_port(tp);
	case STP_ROLE_MASTER:
		return master_port(p, t);
	case STP_ROLE_ROOT:
		return root_port(p, t);
	case STP_ROLE_DESIGNATED:
		return designated_port(p, t);
	case STP_ROLE_ALTERNATE:
	case STP_ROLE_BACKUP:
		return alternate_port(p, t);
	}
	return false;
}

/* INIT_PORT */
void stp_transitions_begin(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	tp->role = tp->selected_role = STP_ROLE_DISABLED;
	block(tp);
	tp->synced = false;
	tp->sync = tp->re_root = true;
	tp->rr_while = tp->fd_while = TIMER_HELD;
	tp->rb_while = 0;
}

/* ---- port state transition (figure 13-26) ---- */

static bool to_state(struct stp_port *p, unsigned int t, bool learning, bool forwarding)
{
	struct tree_port *tp = &p->trees[t];
	enum stp_state state = forwarding ? STP_FORWARDING : learning ? STP_LEARNING : STP_DISCARDING;

	tp->learning = learning;
	tp->forwarding = forwarding;
	if (t == 0 && forwarding)
		p->counters.forwarding++;
	p->bridge->ops->state(p->bridge->user, p->number, p->bridge->trees[t].mstid, state);
	return true;
}

bool stp_pst(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	if (tp->forwarding)
		return tp->forward ? false : to_state(p, t, false, false);
	if (tp->learning)
		return tp->learn ? tp->forward && to_state(p, t, true, true) : to_state(p, t, false, false);
	return tp->learn && to_state(p, t, true, false);
}
