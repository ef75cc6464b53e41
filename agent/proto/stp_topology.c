// SPDX-License-Identifier: Apache-2.0
/*
 * What a topology change does: Topology Change (802.1Q-2018, 13.39). A port that begins to forward tells all
 * others of the tree, and those that hear of it, from there or by a BPDU, forget what they learned and pass
 * it on.
 *
 * fdbFlush is an output, done at once in all versions: STP's short ageing (13.28.6) would forget the same
 * addresses fifteen seconds later. A neighbour that tells of change after change gets FLUSH_BURST flushes at
 * once, and then one a second.
 */
#include "proto/stp_machine.h"

static bool is_active_role(const struct tree_port *tp)
{
	return tp->role == STP_ROLE_ROOT || tp->role == STP_ROLE_DESIGNATED || tp->role == STP_ROLE_MASTER;
}

static bool hears_of_change(const struct stp_port *p, unsigned int t)
{
	const struct tree_port *tp = &p->trees[t];

	return tp->rcvd_tc || tp->tc_prop || (t == 0 && (p->rcvd_tcn || p->rcvd_tc_ack));
}

static void forget_hearing(struct stp_port *p, unsigned int t)
{
	p->trees[t].rcvd_tc = p->trees[t].tc_prop = false;
	if (t == 0)
		p->rcvd_tcn = p->rcvd_tc_ack = false;
}

/* ---- flushing ---- */

static void flush_now(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	if (!tp->flushes++)
		tp->flush_tick = timer_start(p->bridge, SECOND_MS);
	tp->flush_pending = false;
	p->bridge->ops->flush(p->bridge->user, p->number, p->bridge->trees[t].mstid);
}

static void fdb_flush(struct stp_port *p, unsigned int t)
{
	if (p->trees[t].flushes < FLUSH_BURST)
		flush_now(p, t);
	else
		p->trees[t].flush_pending = true;
}

void stp_topology_tick(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	if (!tp->flushes || timer_runs(p->bridge, tp->flush_tick))
		return;
	tp->flushes--;
	tp->flush_tick = timer_start(p->bridge, SECOND_MS);
	if (tp->flush_pending)
		flush_now(p, t);
}

/* ---- the tree's changes ---- */

/* setTcPropTree, 13.29.27: restricted_tcn keeps what a port hears to itself. */
static void set_tc_prop_tree(struct stp_port *p, unsigned int t)
{
	if (p->config.restricted_tcn)
		return;
	stp_ports_foreach (p->bridge, i)
		if (p->bridge->ports[i] != p)
			tree_port(p->bridge, i, t)->tc_prop = true;
	stp_all_dirty(p->bridge);
}

/* newTcWhile, 13.29.5. */
static void new_tc_while(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];
	const struct stp_times *root = &p->bridge->trees[t].root_times;

	if (timer_runs(p->bridge, tp->tc_while))
		return;
	if (p->send_rstp) {
		tp->tc_while = timer_start(p->bridge, hello_time_ms(p) + SECOND_MS);
		set_new_info(p, t);
	} else {
		tp->tc_while = timer_start(p->bridge, ms_of(root->max_age) + ms_of(root->forward_delay));
	}
}

/* For `xbr stp show`. from: the bridge that told of it; 0: it was found here, or told by a TCN, which names
 * nobody. */
static void note_change(struct stp_port *p, unsigned int t, uint64_t from)
{
	struct tree *tree = &p->bridge->trees[t];

	tree->changes++;
	tree->changed_at = p->bridge->now;
	tree->changed_by = p->number;
	tree->changed_from = from;
}

/* ---- the machine (figure 13-27) ---- */

static bool to_inactive(struct stp_port *p, unsigned int t)
{
	p->trees[t].tcm = TCM_INACTIVE;
	p->trees[t].tc_while = 0;
	if (t == 0)
		p->tc_ack = false;
	fdb_flush(p, t);
	return true;
}

static bool to_learning(struct stp_port *p, unsigned int t)
{
	p->trees[t].tcm = TCM_LEARNING;
	forget_hearing(p, t);
	return true;
}

/* DETECTED, and from there ACTIVE */
static bool to_detected(struct stp_port *p, unsigned int t)
{
	note_change(p, t, 0);
	new_tc_while(p, t);
	set_tc_prop_tree(p, t);
	set_new_info(p, t);
	p->trees[t].tcm = TCM_ACTIVE;
	return true;
}

static bool tcm_learning(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	if (is_active_role(tp) && tp->forward && !p->oper_edge)
		return to_detected(p, t);
	if (hears_of_change(p, t))
		return to_learning(p, t);
	if (!is_active_role(tp) && !tp->learn && !tp->learning)
		return to_inactive(p, t);
	return false;
}

/* NOTIFIED_TCN, NOTIFIED_TC */
static bool notified(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	if (tp->tc_begins || (t == 0 && p->rcvd_tcn && !timer_runs(p->bridge, tp->tc_while)))
		note_change(p, t, p->bpdu.type == STP_BPDU_TCN ? 0 : p->bpdu.bridge);
	tp->tc_begins = false;
	if (t == 0 && p->rcvd_tcn)
		new_tc_while(p, t);
	if (t == 0) {
		p->rcvd_tcn = false;
		p->tc_ack = p->tc_ack || tp->role == STP_ROLE_DESIGNATED;
	}
	tp->rcvd_tc = false;
	set_tc_prop_tree(p, t);
	return true;
}

static bool propagating(struct stp_port *p, unsigned int t)
{
	new_tc_while(p, t);
	fdb_flush(p, t);
	p->trees[t].tc_prop = false;
	return true;
}

static bool tcm_active(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	if (!is_active_role(tp) || p->oper_edge)
		return to_learning(p, t);
	if (tp->rcvd_tc || (t == 0 && p->rcvd_tcn))
		return notified(p, t);
	if (tp->tc_prop)
		return propagating(p, t);
	if (t == 0 && p->rcvd_tc_ack) { /* ACKNOWLEDGED */
		tp->tc_while = 0;
		p->rcvd_tc_ack = false;
		return true;
	}
	return false;
}

bool stp_tcm(struct stp_port *p, unsigned int t)
{
	switch (p->trees[t].tcm) {
	case TCM_INACTIVE:
		return p->trees[t].learn ? to_learning(p, t) : false;
	case TCM_LEARNING:
		return tcm_learning(p, t);
	case TCM_ACTIVE:
		return tcm_active(p, t);
	}
	return false;
}

void stp_topology_begin(struct stp_port *p, unsigned int t)
{
	forget_hearing(p, t);
	p->trees[t].flushes = 0;
	to_inactive(p, t);
}
