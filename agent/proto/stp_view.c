// SPDX-License-Identifier: Apache-2.0
/*
 * The engine as it is shown, and its history: the last changes of roles and states, each with its cause.
 */
#include "proto/stp_machine.h"

const char *const stp_role_words[] = {"disabled", "root", "designated", "alternate", "backup", "master"};
const char *const stp_state_words[] = {"discarding", "learning", "forwarding"};
const char *const stp_cause_words[] = {"start", "config", "link_up",    "link_down",  "bpdu",
				       "timer", "aged",   "bpdu_guard", "loop_guard", "bridge_assurance"};
_Static_assert(sizeof(stp_cause_words) / sizeof(stp_cause_words[0]) == STP_CAUSE_COUNT, "a word for each");

static enum stp_state state_of(const struct tree_port *tp)
{
	return tp->forwarding ? STP_FORWARDING : tp->learning ? STP_LEARNING : STP_DISCARDING;
}

/* ---- history ---- */

void stp_history_note(struct stp_port *p, unsigned int t)
{
	struct stp_bridge *b = p->bridge;
	struct tree_port *tp = &p->trees[t];
	enum stp_state state = state_of(tp);

	if (tp->role == tp->told_role && state == tp->told_state)
		return;
	b->history[b->changes++ % STP_HISTORY] = (struct stp_change){.at = b->now,
								     .port = p->number,
								     .mstid = b->trees[t].mstid,
								     .role_before = (uint8_t)tp->told_role,
								     .role = (uint8_t)tp->role,
								     .state_before = (uint8_t)tp->told_state,
								     .state = (uint8_t)state,
								     .cause = (uint8_t)b->cause.kind,
								     .cause_port = b->cause.port,
								     .cause_from = b->cause.from};
	tp->told_role = tp->role;
	tp->told_state = state;
}

unsigned int stp_history_length(const struct stp_bridge *bridge)
{
	return bridge->changes < STP_HISTORY ? (unsigned int)bridge->changes : STP_HISTORY;
}

struct stp_change stp_history_get(const struct stp_bridge *bridge, unsigned int back)
{
	return bridge->history[(bridge->changes - 1 - back) % STP_HISTORY];
}

/* ---- views ---- */

static bool change_under_way(const struct stp_bridge *b, unsigned int t)
{
	stp_ports_foreach (b, i)
		if (timer_runs(b, tree_port(b, i, t)->tc_while))
			return true;
	return false;
}

int stp_tree_place(const struct stp_bridge *bridge, uint16_t mstid)
{
	return stp_tree_find(bridge, mstid);
}

bool stp_tree_view(const struct stp_bridge *bridge, unsigned int place, struct stp_tree_view *ret_view)
{
	const struct tree *tree = &bridge->trees[place];
	const struct stp_vector *root = &tree->root_priority;

	if (place >= bridge->tree_count)
		return false;
	*ret_view = (struct stp_tree_view){
		.mstid = tree->mstid,
		.bridge_id = tree->bridge_id,
		.root = place ? root->regional : root->root,
		.regional_root = root->regional,
		.external_cost = root->external,
		.internal_cost = root->internal,
		.root_port = tree->root_port,
		.max_age = bridge->trees[0].root_times.max_age,
		.hello_time = bridge->trees[0].root_times.hello_time,
		.forward_delay = bridge->trees[0].root_times.forward_delay,
		.remaining_hops = tree->root_times.remaining_hops,
		.topology_change = change_under_way(bridge, place),
		.changes = tree->changes,
		.changed_at = tree->changed_at,
		.changed_by = tree->changed_by,
		.changed_from = tree->changed_from,
	};
	return true;
}

bool stp_port_view(const struct stp_bridge *bridge, uint16_t port, struct stp_port_view *ret_view)
{
	const struct stp_port *p = stp_port_find(bridge, port);

	if (!p)
		return false;
	*ret_view = (struct stp_port_view){
		.link_up = p->link_up,
		.enabled = p->port_enabled,
		.oper_edge = p->oper_edge,
		.point_to_point = point_to_point(p),
		.send_rstp = p->send_rstp,
		.guard = p->guard,
		.loop = p->loop,
		.assurance = p->assurance,
		.counters = p->counters,
	};
	return true;
}

/* What is left of a timer; one that stands is not running. */
static uint64_t left(const struct stp_bridge *b, uint64_t timer)
{
	return timer_runs(b, timer) && timer != TIMER_HELD ? timer - b->now : 0;
}

bool stp_tree_port_view(const struct stp_bridge *bridge, unsigned int place, uint16_t port,
			struct stp_tree_port_view *ret_view)
{
	const struct stp_port *p = stp_port_find(bridge, port);
	const struct tree_port *tp;

	if (!p || place >= bridge->tree_count)
		return false;
	tp = &p->trees[place];
	*ret_view = (struct stp_tree_port_view){
		.role = tp->role,
		.state = state_of(tp),
		.port_id = stp_port_id(p, place),
		.cost = tp->cost,
		.designated_root = place ? tp->port_priority.regional : tp->port_priority.root,
		.designated_bridge = tp->port_priority.bridge,
		.designated_cost = place ? tp->port_priority.internal : tp->port_priority.external,
		.designated_port = tp->port_priority.port,
		.proposing = tp->proposing,
		.agree = tp->agree,
		.agreed = tp->agreed,
		.synced = tp->synced,
		.disputed = tp->disputed,
		.forward_ms = left(bridge, tp->fd_while),
		.recent_root_ms = left(bridge, tp->rr_while),
		.recent_backup_ms = left(bridge, tp->rb_while),
		.topology_change_ms = left(bridge, tp->tc_while),
		.age_ms = tp->info_is == INFO_RECEIVED ? left(bridge, tp->rcvd_info_while) : 0,
	};
	return true;
}

void stp_config_id(const struct stp_bridge *bridge, struct stp_config_id *ret_id)
{
	*ret_id = bridge->config_id;
}

uint64_t stp_step_overruns(const struct stp_bridge *bridge)
{
	return bridge->overruns;
}
