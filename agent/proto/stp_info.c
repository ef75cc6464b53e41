// SPDX-License-Identifier: Apache-2.0
/*
 * What a received message says of a port, and for how long that is believed: Port Information (802.1Q-2018,
 * 13.35).
 */
#include "proto/stp_machine.h"

/* Longer than a frame and its answer are under way between neighbours, as a rule. */
#define CROSS_MS 20u

/* rcvInfo, 13.29.17. */
static enum rcvd_info rcv_info(const struct tree_port *tp)
{
	int order = stp_vector_compare(&tp->msg_priority, &tp->port_priority);

	switch (tp->msg_role) {
	case STP_BPDU_ROLE_DESIGNATED:
		if (order == 0 && stp_times_equal(&tp->msg_times, &tp->port_times))
			return tp->info_is == INFO_RECEIVED ? REPEATED_DESIGNATED_INFO : OTHER_INFO;
		if (order == 0 || stp_vector_superior(&tp->msg_priority, &tp->port_priority))
			return SUPERIOR_DESIGNATED_INFO;
		return INFERIOR_DESIGNATED_INFO;
	case STP_BPDU_ROLE_ROOT:
	case STP_BPDU_ROLE_ALTERNATE:
		return order >= 0 ? INFERIOR_ROOT_ALTERNATE_INFO : OTHER_INFO;
	case STP_BPDU_ROLE_MASTER:
		break;
	}
	return OTHER_INFO;
}

/* 13.29.1 */
static bool betterorsame_info(const struct tree_port *tp, enum info_is new_info_is)
{
	if (new_info_is != tp->info_is)
		return false;
	if (new_info_is == INFO_RECEIVED)
		return stp_vector_compare(&tp->msg_priority, &tp->port_priority) <= 0;
	return new_info_is == INFO_MINE &&
	       stp_vector_compare(&tp->designated_priority, &tp->port_priority) <= 0;
}

/* An external message speaks for all trees: their flags follow the CIST's. */
static void msti_follow(struct stp_port *p, bool agreement)
{
	const struct tree_port *cist = &p->trees[0];

	for (unsigned int t = 1; t < p->bridge->tree_count && !p->rcvd_internal; t++) {
		struct tree_port *tp = &p->trees[t];

		if (agreement) {
			tp->agreed = cist->agreed;
			tp->proposing = cist->proposing;
		} else {
			tp->proposed = cist->proposed;
		}
	}
}

/* Does the CIST message that came with an MSTI message say what the port knows of the CIST (13.29.12 b)? */
static bool cist_message_fits(const struct stp_port *p)
{
	const struct stp_vector *message = &p->trees[0].msg_priority, *port = &p->trees[0].port_priority;

	return message->root == port->root && message->external == port->external &&
	       message->regional == port->regional;
}

void stp_info_cross(struct stp_port *p, unsigned int t, bool alike)
{
	struct tree_port *tp = &p->trees[t];

	tp->cross_alike = alike || (tp->cross_alike && timer_runs(p->bridge, tp->cross_while));
	tp->cross_while = timer_start(p->bridge, CROSS_MS);
}

void stp_info_tick(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	if (!tp->crossed || timer_runs(p->bridge, tp->cross_while))
		return;
	tp->crossed = false;
	if (tp->proposing)
		set_new_info(p, t);
}

/* A root port tells of the root we told of, a second older; one in our region, a hop less. */
static bool follows_this(const struct stp_port *p, unsigned int t)
{
	const struct tree_port *tp = &p->trees[t];
	const struct stp_times *ours = &tp->port_times, *theirs = &tp->msg_times;

	if (t > 0 || p->rcvd_internal)
		return tp->msg_priority.regional == tp->port_priority.regional &&
		       theirs->remaining_hops + 1 == ours->remaining_hops;
	return theirs->message_age ==
	       (ours->message_age + SECOND_256 + SECOND_256 / 2) / SECOND_256 * SECOND_256;
}

/* An agreement that was on its way while our word changed is one to the former word. That of an alternate
 * port names nothing of ours but the root: it is not believed while it may be such a one. */
static bool agrees_to_this(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];
	bool by_root = tp->msg_role == STP_BPDU_ROLE_ROOT;

	if (tp->msg_priority.root != tp->port_priority.root || (by_root && !follows_this(p, t)) ||
	    (t > 0 && tp->msg_priority.regional != tp->port_priority.regional))
		return false;
	if ((by_root && !tp->cross_alike) || !timer_runs(p->bridge, tp->cross_while))
		return true;
	tp->crossed = true;
	return false;
}

/* 13.29.12 */
static void record_agreement(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];
	bool by_rstp = t ? cist_message_fits(p) : rstp_version(p->bridge) && p->bpdu.type != STP_BPDU_CONFIG;

	tp->agreed =
		by_rstp && point_to_point(p) && tp->msg_flags & STP_BPDU_AGREEMENT && agrees_to_this(p, t);
	if (tp->agreed)
		tp->proposing = tp->disputed = false; /* who agrees no longer disputes */
	if (t == 0)
		msti_follow(p, true);
}

/* 13.29.13: the neighbour, too, thinks to be designated, and does not stop at that. */
static void record_dispute(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	if (p->bpdu.type == STP_BPDU_CONFIG || !(tp->msg_flags & STP_BPDU_LEARNING))
		return;
	p->counters.disputed += !tp->disputed;
	tp->disputed = true;
	tp->agreed = false;
	for (unsigned int i = 1; t == 0 && i < p->bridge->tree_count && !p->rcvd_internal; i++) {
		p->trees[i].disputed = true;
		p->trees[i].agreed = false;
	}
}

/* 13.29.14 */
static void record_mastered(struct stp_port *p, unsigned int t)
{
	if (t > 0)
		p->trees[t].mastered = point_to_point(p) && p->trees[t].msg_flags & STP_BPDU_MASTERED;
	for (unsigned int i = 1; t == 0 && i < p->bridge->tree_count && !p->rcvd_internal; i++)
		p->trees[i].mastered = false;
}

/* 13.29.16 */
static void record_proposal(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	if (p->bpdu.type != STP_BPDU_CONFIG && tp->msg_role == STP_BPDU_ROLE_DESIGNATED &&
	    tp->msg_flags & STP_BPDU_PROPOSAL)
		tp->proposed = true;
	if (t == 0)
		msti_follow(p, false);
}

/* setTcFlags, 13.29.26. */
static void set_tc_flags(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	tp->tc_begins = tp->tc_begins || (tp->msg_flags & STP_BPDU_TC && !tp->tc_told);
	tp->tc_told = tp->msg_flags & STP_BPDU_TC;
	if (tp->msg_flags & STP_BPDU_TC) {
		tp->rcvd_tc = true;
		p->counters.rx_tc += t == 0;
		for (unsigned int i = 1; t == 0 && i < p->bridge->tree_count && !p->rcvd_internal; i++)
			p->trees[i].rcvd_tc = true;
	}
	if (t == 0 && p->bpdu.type == STP_BPDU_CONFIG && tp->msg_flags & STP_BPDU_TC_ACK)
		p->rcvd_tc_ack = true;
}

/* Message age goes up by a second a bridge, in whole seconds, between regions; hops go down within one. */
static bool is_fresh(const struct stp_port *p, unsigned int t)
{
	const struct stp_times *times = &p->trees[t].port_times;
	unsigned int age = (times->message_age + SECOND_256 + SECOND_256 / 2) / SECOND_256 * SECOND_256;

	return t > 0 || p->rcvd_internal ? times->remaining_hops > 1 : age <= times->max_age;
}

/* updtRcvdInfoWhile, 13.29.33: three hello times, or nothing if the message has come too far. */
static void updt_rcvd_info_while(struct stp_port *p, unsigned int t)
{
	uint64_t hello = ms_of(p->trees[0].port_times.hello_time);

	p->trees[t].rcvd_info_while = is_fresh(p, t) ? timer_start(p->bridge, 3 * hello) : 0;
}

/* ---- the machine (figure 13-16) ---- */

static void superior_designated(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	if (t == 0)
		p->info_internal = p->rcvd_internal;
	tp->agreed = tp->proposing = false;
	record_proposal(p, t);
	set_tc_flags(p, t);
	tp->agree = tp->agree && betterorsame_info(tp, INFO_RECEIVED);
	tp->synced = false;
	tp->port_priority = tp->msg_priority;
	tp->port_times = tp->msg_times;
	updt_rcvd_info_while(p, t);
	tp->info_is = INFO_RECEIVED;
	stp_reselect(p, t);
}

static void repeated_designated(struct stp_port *p, unsigned int t)
{
	if (t == 0)
		p->info_internal = p->rcvd_internal;
	record_proposal(p, t);
	set_tc_flags(p, t);
	updt_rcvd_info_while(p, t);
}

static bool pim_receive(struct stp_port *p, unsigned int t)
{
	enum rcvd_info info = rcv_info(&p->trees[t]);

	record_mastered(p, t);
	switch (info) {
	case SUPERIOR_DESIGNATED_INFO:
		superior_designated(p, t);
		break;
	case REPEATED_DESIGNATED_INFO:
		repeated_designated(p, t);
		break;
	case INFERIOR_DESIGNATED_INFO:
		record_dispute(p, t);
		break;
	case INFERIOR_ROOT_ALTERNATE_INFO:
		record_agreement(p, t);
		set_tc_flags(p, t);
		break;
	case OTHER_INFO:
		break;
	}
	p->trees[t].rcvd_msg = false;
	return true;
}

static bool pim_disabled(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	tp->pim = PIM_DISABLED;
	tp->rcvd_msg = false;
	tp->proposing = tp->proposed = tp->agree = tp->agreed = false;
	tp->rcvd_info_while = 0;
	tp->info_is = INFO_DISABLED;
	stp_reselect(p, t);
	return true;
}

static bool pim_aged(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	tp->pim = PIM_AGED;
	tp->info_is = INFO_AGED;
	stp_reselect(p, t);
	return true;
}

/* An agreement to a better word than the present one binds nobody to this one. */
static void note_worse_word(struct stp_port *p, unsigned int t)
{
	const struct tree_port *tp = &p->trees[t];
	const struct stp_vector *ours = &tp->designated_priority, *former = &tp->port_priority;

	if (tp->info_is == INFO_MINE && stp_vector_compare(ours, former) > 0)
		stp_info_cross(p, t,
			       ours->root == former->root &&
				       tp->designated_times.message_age == tp->port_times.message_age &&
				       tp->designated_times.remaining_hops == tp->port_times.remaining_hops);
}

static bool pim_update(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	note_worse_word(p, t);
	tp->proposing = tp->proposed = false;
	tp->agreed = tp->agreed && betterorsame_info(tp, INFO_MINE);
	tp->synced = tp->synced && tp->agreed;
	tp->port_priority = tp->designated_priority;
	tp->port_times = tp->designated_times;
	tp->updt_info = false;
	tp->info_is = INFO_MINE;
	tp->pim = PIM_CURRENT;
	set_new_info(p, t);
	return true;
}

/* loop_guard: what was told by a neighbour that has fallen silent was not told to be void. */
static bool pim_silence(struct stp_port *p, unsigned int t)
{
	p->bridge->cause.kind = STP_CAUSE_AGED;
	p->bridge->cause.port = p->number;
	p->bridge->cause.from = p->trees[t].port_priority.bridge;
	if (p->config.loop_guard) {
		p->loop = true;
		p->bridge->cause.kind = STP_CAUSE_LOOP;
	}
	return pim_aged(p, t);
}

static bool pim_current(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];
	bool cist_updt_info = p->trees[0].updt_info, cist_rcvd_msg = t > 0 && p->trees[0].rcvd_msg;

	if (tp->selected && tp->updt_info)
		return pim_update(p, t);
	if (tp->info_is == INFO_RECEIVED && !timer_runs(p->bridge, tp->rcvd_info_while) && !tp->updt_info &&
	    !tp->rcvd_msg)
		return pim_silence(p, t);
	if (tp->rcvd_msg && !tp->updt_info && !cist_updt_info && !cist_rcvd_msg)
		return pim_receive(p, t);
	return false;
}

bool stp_pim(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	if (!p->port_enabled)
		return tp->info_is != INFO_DISABLED || tp->rcvd_msg ? pim_disabled(p, t) : false;
	switch (tp->pim) {
	case PIM_DISABLED:
		return pim_aged(p, t);
	case PIM_AGED:
		return tp->selected && tp->updt_info ? pim_update(p, t) : false;
	case PIM_UPDATE:
	case PIM_CURRENT:
		return pim_current(p, t);
	}
	return false;
}

void stp_info_begin(struct stp_port *p, unsigned int t)
{
	pim_disabled(p, t);
	p->trees[t].updt_info = p->trees[t].disputed = p->trees[t].mastered = false;
	p->trees[t].port_priority = (struct stp_vector){.root = UINT64_MAX, .regional = UINT64_MAX};
}
