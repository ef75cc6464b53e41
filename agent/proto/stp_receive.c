// SPDX-License-Identifier: Apache-2.0
/*
 * A BPDU comes in: Port Receive (802.1Q-2018, 13.31), Port Protocol Migration (13.32), Bridge Detection
 * (13.33).
 */
#include <string.h>

#include "proto/stp_machine.h"

/* ---- port receive ---- */

/* 13.29.4: MST BPDUs of the same configuration, and only if we speak MSTP ourselves. */
static bool from_same_region(const struct stp_port *p)
{
	const struct stp_config_id *own = &p->bridge->config_id, *theirs = &p->bpdu.config_id;

	return p->bridge->config.version >= STP_VERSION_MSTP && p->bpdu.type == STP_BPDU_MST &&
	       own->revision == theirs->revision && !memcmp(own->name, theirs->name, sizeof(own->name)) &&
	       !memcmp(own->digest, theirs->digest, sizeof(own->digest));
}

/* 14.2.1: an unknown role is read as that of a configuration BPDU, which is designated. */
static enum stp_bpdu_role cist_role(const struct stp_bpdu *bpdu)
{
	unsigned int role = bpdu->flags >> STP_BPDU_ROLE_SHIFT & STP_BPDU_ROLE_MASK;

	return bpdu->type == STP_BPDU_CONFIG || role == STP_BPDU_ROLE_MASTER ? STP_BPDU_ROLE_DESIGNATED
									     : (enum stp_bpdu_role)role;
}

/* What the message says of the CIST. From another region the regional root stands for the whole region. */
static void take_cist_message(struct stp_port *p)
{
	const struct stp_bpdu *m = &p->bpdu;
	struct tree_port *cist = &p->trees[0];
	bool internal = p->rcvd_internal;

	cist->msg_role = cist_role(m);
	cist->msg_flags = m->flags;
	cist->msg_priority = (struct stp_vector){.root = m->root,
						 .external = m->external_cost,
						 .regional = m->bridge,
						 .internal = internal ? m->internal_cost : 0,
						 .bridge = internal ? m->cist_bridge : m->bridge,
						 .port = m->port};
	cist->msg_times = (struct stp_times){.message_age = m->message_age,
					     .max_age = m->max_age,
					     .hello_time = m->hello_time,
					     .forward_delay = m->forward_delay,
					     .remaining_hops = internal ? m->remaining_hops
									: p->bridge->config.max_hops};
	cist->rcvd_msg = true;
}

/* The designated bridge of an MSTI message has the address of the CIST's, and a priority of its own. */
static void take_msti_message(struct stp_port *p, const struct stp_msti_message *m)
{
	uint16_t mstid = (uint16_t)(m->regional_root >> STP_SYSTEM_ID_SHIFT & 0xfff);
	int t = stp_tree_find(p->bridge, mstid);
	struct tree_port *tp = t > 0 ? &p->trees[t] : NULL;

	if (!tp)
		return;
	tp->msg_role = (enum stp_bpdu_role)(m->flags >> STP_BPDU_ROLE_SHIFT & STP_BPDU_ROLE_MASK);
	tp->msg_flags = m->flags;
	tp->msg_priority = (struct stp_vector){
		.regional = m->regional_root,
		.internal = m->internal_cost,
		.bridge = (uint64_t)(m->bridge_priority << 8 | mstid) << STP_SYSTEM_ID_SHIFT |
			  (p->bpdu.cist_bridge & STP_ADDRESS_MASK),
		.port = (uint16_t)(m->port_priority << 8 | (p->bpdu.port & STP_PORT_NUMBER_MASK))};
	tp->msg_times = (struct stp_times){.remaining_hops = m->remaining_hops};
	tp->rcvd_msg = true;
}

/* rcvMsgs, 13.29.18. A TCN says nothing of priorities: it is handed to the CIST's topology change machine,
 * and counts as a change in every other tree (setTcFlags, 13.29.26). */
static void rcv_msgs(struct stp_port *p)
{
	if (p->bpdu.type == STP_BPDU_TCN) {
		p->rcvd_tcn = true;
		for (unsigned int t = 1; t < p->bridge->tree_count; t++)
			p->trees[t].rcvd_tc = true;
		return;
	}
	take_cist_message(p);
	for (unsigned int i = 0; p->rcvd_internal && i < p->bpdu.msti_count; i++)
		take_msti_message(p, &p->bpdu.msti[i]);
}

static bool rcvd_any_msg(const struct stp_port *p)
{
	trees_foreach (p->bridge, t)
		if (p->trees[t].rcvd_msg)
			return true;
	return false;
}

/* 13.29.32: updtBPDUVersion. */
static void updt_bpdu_version(struct stp_port *p)
{
	if (p->bpdu.type == STP_BPDU_RST || p->bpdu.type == STP_BPDU_MST)
		p->rcvd_rstp = true;
	else
		p->rcvd_stp = true;
}

/* A guard that waited for a BPDU has one. */
static void guards_satisfied(struct stp_port *p)
{
	p->loop = p->assurance = false;
	p->assurance_while = timer_start(p->bridge, 3 * hello_time_ms(p));
}

/* Figure 13-12. DISCARD needs no transition of its own: a port that is not enabled is given no BPDU. */
bool stp_prx(struct stp_port *p)
{
	if (!p->rcvd_bpdu || !p->port_enabled || rcvd_any_msg(p))
		return false;
	p->prx = PRX_RECEIVE;
	updt_bpdu_version(p);
	p->rcvd_internal = from_same_region(p);
	rcv_msgs(p);
	guards_satisfied(p);
	p->oper_edge = p->rcvd_bpdu = false;
	p->edge_delay_while = timer_start(p->bridge, MIGRATE_TIME);
	return true;
}

/* ---- port protocol migration ---- */

static bool ppm_to(struct stp_port *p, enum ppm_state state)
{
	p->ppm = state;
	if (state == PPM_SENSING) {
		p->rcvd_rstp = p->rcvd_stp = false;
		return true;
	}
	p->mcheck = false;
	p->send_rstp = state == PPM_CHECKING_RSTP && rstp_version(p->bridge);
	p->mdelay_while = p->port_enabled ? timer_start(p->bridge, MIGRATE_TIME) : TIMER_HELD;
	return true;
}

/* Figure 13-14. */
bool stp_ppm(struct stp_port *p)
{
	switch (p->ppm) {
	case PPM_CHECKING_RSTP:
		if (!p->port_enabled)
			return p->mdelay_while != TIMER_HELD ? ppm_to(p, PPM_CHECKING_RSTP) : false;
		return timer_runs(p->bridge, p->mdelay_while) ? false : ppm_to(p, PPM_SENSING);
	case PPM_SELECTING_STP:
		if (timer_runs(p->bridge, p->mdelay_while) && p->port_enabled && !p->mcheck)
			return false;
		return ppm_to(p, PPM_SENSING);
	case PPM_SENSING:
		if (!p->port_enabled || p->mcheck ||
		    (rstp_version(p->bridge) && !p->send_rstp && p->rcvd_rstp))
			return ppm_to(p, PPM_CHECKING_RSTP);
		return p->send_rstp && p->rcvd_stp ? ppm_to(p, PPM_SELECTING_STP) : false;
	}
	return false;
}

/* ---- bridge detection ---- */

static bool may_become_edge(const struct stp_port *p)
{
	if (!p->port_enabled)
		return p->config.admin_edge;
	return !timer_runs(p->bridge, p->edge_delay_while) && p->config.auto_edge && p->send_rstp &&
	       p->trees[0].proposing && !isolated(p);
}

/* Figure 13-13; operEdge is the machine's state. ISOLATED is bridge_assurance here, which the standard ties
 * to AutoEdge and AdminEdge both off: see struct stp_port. */
bool stp_bdm(struct stp_port *p)
{
	bool stays = p->config.admin_edge || (p->port_enabled && p->config.auto_edge);

	if (p->oper_edge ? stays : !may_become_edge(p))
		return false;
	p->oper_edge = !p->oper_edge;
	return true;
}

/* BEGIN: DISCARD, CHECKING_RSTP, and EDGE or NOT_EDGE. */
void stp_receive_begin(struct stp_port *p)
{
	p->rcvd_bpdu = p->rcvd_rstp = p->rcvd_stp = p->rcvd_internal = p->info_internal = false;
	p->rcvd_tcn = p->rcvd_tc_ack = p->tc_ack = false;
	p->prx = PRX_DISCARD;
	p->edge_delay_while = p->port_enabled ? timer_start(p->bridge, MIGRATE_TIME) : TIMER_HELD;
	p->assurance_while = timer_start(p->bridge, 3 * hello_time_ms(p));
	ppm_to(p, PPM_CHECKING_RSTP);
	p->oper_edge = p->config.admin_edge;
}
