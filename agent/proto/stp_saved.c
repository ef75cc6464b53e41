// SPDX-License-Identifier: Apache-2.0
/*
 * A life after the agent's: what of a port outlives the engine (struct stp_frozen), and an engine made from
 * it.
 */
#include "proto/stp_machine.h"

enum tree_flags {
	FROZEN_AGREE = 1 << 0,
	FROZEN_AGREED = 1 << 1,
	FROZEN_SYNCED = 1 << 2,
	FROZEN_LEARNING = 1 << 3,
	FROZEN_FORWARDING = 1 << 4,
	FROZEN_DISPUTED = 1 << 5,
	FROZEN_MASTERED = 1 << 6,
	FROZEN_PROPOSING = 1 << 7,
};

enum port_flags {
	FROZEN_LINK_UP = 1 << 0,
	FROZEN_OPER_EDGE = 1 << 1,
	FROZEN_SEND_RSTP = 1 << 2,
	FROZEN_INFO_INTERNAL = 1 << 3,
	FROZEN_GUARD = 1 << 4,
	FROZEN_LOOP = 1 << 5,
	FROZEN_ASSURANCE = 1 << 6,
};

static uint8_t tree_flags(const struct tree_port *tp)
{
	return (uint8_t)((tp->agree ? FROZEN_AGREE : 0) | (tp->agreed ? FROZEN_AGREED : 0) |
			 (tp->synced ? FROZEN_SYNCED : 0) | (tp->learning ? FROZEN_LEARNING : 0) |
			 (tp->forwarding ? FROZEN_FORWARDING : 0) | (tp->disputed ? FROZEN_DISPUTED : 0) |
			 (tp->mastered ? FROZEN_MASTERED : 0) | (tp->proposing ? FROZEN_PROPOSING : 0));
}

static uint8_t port_flags(const struct stp_port *p)
{
	return (uint8_t)((p->link_up ? FROZEN_LINK_UP : 0) | (p->oper_edge ? FROZEN_OPER_EDGE : 0) |
			 (p->send_rstp ? FROZEN_SEND_RSTP : 0) |
			 (p->info_internal ? FROZEN_INFO_INTERNAL : 0) | (p->guard ? FROZEN_GUARD : 0) |
			 (p->loop ? FROZEN_LOOP : 0) | (p->assurance ? FROZEN_ASSURANCE : 0));
}

bool stp_freeze(const struct stp_bridge *bridge, uint16_t port, uint16_t mstid, struct stp_frozen *ret_frozen)
{
	const struct stp_port *p = stp_port_find(bridge, port);
	int t = stp_tree_find(bridge, mstid);
	const struct tree_port *tp;

	if (!p || t < 0)
		return false;
	tp = &p->trees[t];
	*ret_frozen = (struct stp_frozen){
		.root = tp->port_priority.root,
		.external = tp->port_priority.external,
		.regional = tp->port_priority.regional,
		.internal = tp->port_priority.internal,
		.bridge = tp->port_priority.bridge,
		.port = tp->port_priority.port,
		.message_age = tp->port_times.message_age,
		.max_age = tp->port_times.max_age,
		.hello_time = tp->port_times.hello_time,
		.forward_delay = tp->port_times.forward_delay,
		.remaining_hops = tp->port_times.remaining_hops,
		.role = (uint8_t)tp->role,
		.info_is = (uint8_t)tp->info_is,
		.tree_flags = tree_flags(tp),
		.port_flags = t ? 0 : port_flags(p),
	};
	return true;
}

/* ---- thawing ---- */

static void thaw_port(struct stp_port *p, uint8_t flags, bool full_duplex)
{
	p->link_up = flags & FROZEN_LINK_UP;
	p->guard = flags & FROZEN_GUARD;
	p->loop = flags & FROZEN_LOOP;
	p->assurance = flags & FROZEN_ASSURANCE;
	p->oper_edge = flags & FROZEN_OPER_EDGE;
	p->send_rstp = flags & FROZEN_SEND_RSTP;
	p->info_internal = p->rcvd_internal = flags & FROZEN_INFO_INTERNAL;
	p->full_duplex = full_duplex;
	p->port_enabled = p->link_up && !p->guard;
	p->ppm = PPM_SENSING;
	p->mdelay_while = 0;
	p->edge_delay_while = p->port_enabled ? timer_start(p->bridge, MIGRATE_TIME) : TIMER_HELD;
	p->assurance_while = timer_start(p->bridge, 3 * hello_time_ms(p));
}

static void thaw_tree_flags(struct tree_port *tp, uint8_t flags)
{
	tp->agree = flags & FROZEN_AGREE;
	tp->agreed = flags & FROZEN_AGREED;
	tp->synced = flags & FROZEN_SYNCED;
	tp->learn = tp->learning = flags & FROZEN_LEARNING;
	tp->forward = tp->forwarding = flags & FROZEN_FORWARDING;
	tp->disputed = flags & FROZEN_DISPUTED;
	tp->mastered = flags & FROZEN_MASTERED;
	tp->proposing = flags & FROZEN_PROPOSING;
	tp->sync = tp->re_root = false;
}

static void thaw_vectors(struct tree_port *tp, const struct stp_frozen *f)
{
	tp->port_priority = (struct stp_vector){.root = f->root,
						.external = f->external,
						.regional = f->regional,
						.internal = f->internal,
						.bridge = f->bridge,
						.port = f->port};
	tp->port_times = (struct stp_times){.message_age = f->message_age,
					    .max_age = f->max_age,
					    .hello_time = f->hello_time,
					    .forward_delay = f->forward_delay,
					    .remaining_hops = f->remaining_hops};
}

/* Timers: a root port is a recent root as long as it is one, and so on; what was on its way waits its full
 * time again. */
static void thaw_timers(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];
	bool blocked = tp->role == STP_ROLE_DISABLED || tp->role == STP_ROLE_ALTERNATE ||
		       tp->role == STP_ROLE_BACKUP;
	uint64_t hello = ms_of(t ? p->trees[0].port_times.hello_time : tp->port_times.hello_time);

	tp->rcvd_info_while = timer_start(p->bridge, 3 * hello);
	tp->rr_while = tp->role == STP_ROLE_ROOT ? TIMER_HELD : 0;
	tp->rb_while = tp->role == STP_ROLE_BACKUP ? TIMER_HELD : 0;
	tp->fd_while = blocked       ? TIMER_HELD
		       : tp->forward ? 0
				     : timer_start(p->bridge, ms_of(p->bridge->times.forward_delay));
	tp->tcm = !tp->learn                                 ? TCM_INACTIVE
		  : tp->forward && !blocked && !p->oper_edge ? TCM_ACTIVE
							     : TCM_LEARNING;
}

void stp_thaw(struct stp_bridge *bridge, uint16_t port, uint16_t mstid, const struct stp_frozen *frozen,
	      bool full_duplex)
{
	struct stp_port *p = stp_port_find(bridge, port);
	int t = stp_tree_find(bridge, mstid);
	struct tree_port *tp;

	if (!p || t < 0 || frozen->role > STP_ROLE_MASTER || frozen->info_is > INFO_RECEIVED)
		return;
	if (t == 0)
		thaw_port(p, frozen->port_flags, full_duplex);
	tp = &p->trees[t];
	tp->role = tp->selected_role = tp->told_role = (enum stp_role)frozen->role;
	tp->info_is = (enum info_is)frozen->info_is;
	tp->pim = tp->info_is == INFO_DISABLED ? PIM_DISABLED
		  : tp->info_is == INFO_AGED   ? PIM_AGED
					       : PIM_CURRENT;
	thaw_tree_flags(tp, frozen->tree_flags);
	tp->told_state = tp->forward ? STP_FORWARDING : tp->learn ? STP_LEARNING : STP_DISCARDING;
	thaw_vectors(tp, frozen);
	thaw_timers(p, (unsigned int)t);
}

void stp_thawed(struct stp_bridge *bridge, uint64_t now)
{
	if (now > bridge->now)
		bridge->now = now;
	bridge->cause.kind = STP_CAUSE_START;
	bridge->cause.port = 0;
	bridge->cause.from = 0;
	stp_reselect_all(bridge);
	stp_run(bridge);
}
