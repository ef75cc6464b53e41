// SPDX-License-Identifier: Apache-2.0
/*
 * The engine's objects, and the loop that runs the machines.
 *
 * Only ports that something happened to are looked at: they are `dirty`. When any machine moves, ports that
 * wait for others (root, alternate, backup, master ports: allSynced, reRooted) are looked at again. A run
 * ends when nothing moves; only then BPDUs go out, so that one tells of all that came of one event.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/stp_digest.h"
#include "proto/stp_machine.h"

/* Transitions a run may make: some for each port and tree. Runs make fewer than ten of them as a rule. */
#define STEPS_BASE 1000u
#define STEPS_EACH 100u

const struct stp_bridge_config stp_bridge_config_default = {
	.priority = 32768,
	.version = STP_VERSION_RSTP,
	.tx_hold_count = 10,
	.max_hops = 20,
	.hello_time_cs = 200,
	.max_age_cs = 2000,
	.forward_delay_cs = 1500,
};

const struct stp_port_config stp_port_config_default = {.cost = 20000, .priority = 128, .auto_edge = true};

/* ---- finding ---- */

struct stp_port *stp_port_find(const struct stp_bridge *b, uint16_t number)
{
	unsigned int low = 0, high = b->port_count;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (b->ports[middle]->number == number)
			return b->ports[middle];
		if (b->ports[middle]->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

int stp_tree_find(const struct stp_bridge *b, uint16_t mstid)
{
	trees_foreach (b, t)
		if (b->trees[t].mstid == mstid)
			return (int)t;
	return -1;
}

uint16_t stp_port_id(const struct stp_port *p, unsigned int t)
{
	return (uint16_t)(p->trees[t].priority << 8 | p->number);
}

void stp_all_dirty(struct stp_bridge *b)
{
	stp_ports_foreach (b, i)
		b->ports[i]->dirty = true;
}

void stp_reselect(struct stp_port *p, unsigned int t)
{
	p->trees[t].reselect = true;
	p->trees[t].selected = false;
	p->bridge->trees[t].reselect = true;
}

void stp_reselect_all(struct stp_bridge *b)
{
	stp_ports_foreach (b, i)
		trees_foreach (b, t)
			stp_reselect(b->ports[i], t);
	stp_all_dirty(b);
}

void stp_set_sync_tree(struct stp_bridge *b, unsigned int t)
{
	stp_ports_foreach (b, i)
		tree_port(b, i, t)->sync = true;
	stp_all_dirty(b);
}

void stp_set_re_root_tree(struct stp_bridge *b, unsigned int t)
{
	stp_ports_foreach (b, i)
		tree_port(b, i, t)->re_root = true;
	stp_all_dirty(b);
}

/* ---- the loop ---- */

static bool step_tree(struct stp_port *p, unsigned int t)
{
	bool moved = stp_pim(p, t);

	moved |= stp_prt(p, t);
	moved |= stp_pst(p, t);
	return stp_tcm(p, t) || moved;
}

static bool step_port(struct stp_port *p)
{
	bool moved = stp_prx(p);

	moved |= stp_ppm(p);
	moved |= stp_bdm(p);
	trees_foreach (p->bridge, t)
		moved |= step_tree(p, t);
	return moved;
}

static void settle_port(struct stp_port *p)
{
	p->dirty = false;
	p->touched = true;
	while (p->bridge->steps && step_port(p)) {
		p->bridge->steps--;
		p->bridge->moved = true;
	}
}

static bool waits_for_others(const struct stp_port *p)
{
	trees_foreach (p->bridge, t)
		if (p->trees[t].role != STP_ROLE_DESIGNATED && p->trees[t].role != STP_ROLE_DISABLED)
			return true;
	return false;
}

static void wake_waiting(struct stp_bridge *b)
{
	stp_ports_foreach (b, i)
		if (waits_for_others(b->ports[i]))
			b->ports[i]->dirty = true;
}

static void settle(struct stp_bridge *b)
{
	do {
		b->moved = false;
		stp_ports_foreach (b, i)
			if (b->ports[i]->dirty)
				settle_port(b->ports[i]);
		trees_foreach (b, t)
			b->moved |= stp_prs(b, t);
		if (b->moved)
			wake_waiting(b);
	} while (b->moved && b->steps);
	b->overruns += !b->steps;
}

bool stp_is_mastered(const struct tree_port *tp)
{
	return tp->mastered || tp->role == STP_ROLE_MASTER;
}

static void count_mastered(struct stp_bridge *b)
{
	for (unsigned int t = 1; t < b->tree_count; t++) {
		b->trees[t].mastered = 0;
		stp_ports_foreach (b, i)
			b->trees[t].mastered += stp_is_mastered(tree_port(b, i, t));
	}
}

static void finish_port(struct stp_port *p);

void stp_run(struct stp_bridge *b)
{
	b->steps = STEPS_BASE + STEPS_EACH * b->port_count * b->tree_count;
	settle(b);
	count_mastered(b);
	stp_ports_foreach (b, i)
		if (b->ports[i]->touched)
			finish_port(b->ports[i]);
}

/* ---- time ---- */

static uint64_t sooner(const struct stp_bridge *b, uint64_t due, uint64_t timer)
{
	return timer_runs(b, timer) && timer < due ? timer : due;
}

static uint64_t tree_due(const struct stp_port *p, unsigned int t, uint64_t due)
{
	const struct stp_bridge *b = p->bridge;
	const struct tree_port *tp = &p->trees[t];

	due = sooner(b, due, tp->fd_while);
	due = sooner(b, due, tp->rr_while);
	due = sooner(b, due, tp->rb_while);
	due = sooner(b, due, tp->tc_while);
	if (tp->crossed)
		due = sooner(b, due, tp->cross_while);
	if (tp->info_is == INFO_RECEIVED)
		due = sooner(b, due, tp->rcvd_info_while);
	return tp->flushes ? sooner(b, due, tp->flush_tick) : due;
}

/* A timer at TIMER_HELD is STP_NEVER. */
static uint64_t port_due(const struct stp_port *p)
{
	const struct stp_bridge *b = p->bridge;
	uint64_t due = STP_NEVER;

	trees_foreach (b, t)
		due = tree_due(p, t, due);
	if (!p->port_enabled)
		return due;
	due = sooner(b, due, p->mdelay_while);
	due = sooner(b, due, p->edge_delay_while);
	due = sooner(b, due, p->hello_when);
	if (p->config.bridge_assurance)
		due = sooner(b, due, p->assurance_while);
	due = sooner(b, due, p->tx_pace);
	return p->tx_count ? sooner(b, due, p->tx_tick) : due;
}

static void finish_port(struct stp_port *p)
{
	p->touched = false;
	trees_foreach (p->bridge, t)
		stp_history_note(p, t);
	while (p->bridge->steps && stp_ptx(p))
		p->bridge->steps--;
	p->due = port_due(p);
}

/* bridge_assurance: silence on a link between bridges means that the other one is there no more, or not
 * right. */
static void assurance_tick(struct stp_port *p)
{
	if (!p->config.bridge_assurance || !p->port_enabled || p->assurance ||
	    timer_runs(p->bridge, p->assurance_while))
		return;
	p->assurance = true;
	p->bridge->cause.kind = STP_CAUSE_ASSURANCE;
	p->bridge->cause.port = p->number;
}

static void tick_port(struct stp_port *p)
{
	p->dirty = true;
	stp_transmit_tick(p);
	trees_foreach (p->bridge, t) {
		stp_topology_tick(p, t);
		stp_info_tick(p, t);
	}
	assurance_tick(p);
}

/* Everything that happens begins here: the time, and whose doing it is. */
static void begin(struct stp_bridge *b, uint64_t now, enum stp_cause cause, uint16_t port)
{
	if (now > b->now)
		b->now = now;
	b->cause.kind = cause;
	b->cause.port = port;
	b->cause.from = 0;
}

void stp_advance(struct stp_bridge *bridge, uint64_t now)
{
	bool any = false;

	begin(bridge, now, STP_CAUSE_TIMER, 0);
	stp_ports_foreach (bridge, i) {
		struct stp_port *p = bridge->ports[i];

		if (p->due > bridge->now)
			continue;
		bridge->cause.port = p->number;
		any = true;
		tick_port(p);
	}
	trees_foreach (bridge, t)
		any |= stp_doubt_tick(bridge, t);
	if (!any)
		return;
	wake_waiting(bridge);
	stp_run(bridge);
}

uint64_t stp_deadline(const struct stp_bridge *bridge)
{
	uint64_t due = STP_NEVER;

	stp_ports_foreach (bridge, i)
		if (bridge->ports[i]->due < due)
			due = bridge->ports[i]->due;
	trees_foreach (bridge, t)
		due = sooner(bridge, due, bridge->trees[t].doubt.until);
	return due;
}

/* ---- ports ---- */

static void update_enabled(struct stp_port *p)
{
	bool enabled = p->link_up && !p->guard;

	if (enabled == p->port_enabled)
		return;
	p->port_enabled = enabled;
	p->rcvd_bpdu = false;
	p->loop = p->assurance = false;
	p->edge_delay_while = p->mdelay_while = enabled ? timer_start(p->bridge, MIGRATE_TIME) : TIMER_HELD;
	p->assurance_while = timer_start(p->bridge, 3 * hello_time_ms(p));
	stp_transmit_begin(p);
	p->dirty = true;
}

void stp_link(struct stp_bridge *bridge, uint16_t port, bool up, bool full_duplex, uint64_t now)
{
	struct stp_port *p = stp_port_find(bridge, port);

	if (!p || (p->link_up == up && p->full_duplex == full_duplex))
		return;
	begin(bridge, now, up ? STP_CAUSE_LINK_UP : STP_CAUSE_LINK_DOWN, port);
	p->guard = p->guard && p->link_up == up; /* a link that went is the way out of bpdu_guard */
	p->link_up = up;
	p->full_duplex = full_duplex;
	update_enabled(p);
	p->dirty = true;
	stp_run(bridge);
}

/* A frame of ours that came back by the port it left by (14.4, NOTE). */
static bool is_own(const struct stp_port *p)
{
	uint64_t bridge = p->bpdu.type == STP_BPDU_MST ? p->bpdu.cist_bridge : p->bpdu.bridge;

	return p->bpdu.type != STP_BPDU_TCN && bridge == p->bridge->trees[0].bridge_id &&
	       p->bpdu.port == stp_port_id(p, 0);
}

static void count_fault(struct stp_port *p, enum stp_bpdu_fault fault)
{
	if (fault == STP_BPDU_OLD)
		p->counters.rx_old++;
	else
		p->counters.rx_malformed++;
}

static void count_kind(struct stp_port *p)
{
	uint64_t *counters[] = {[STP_BPDU_CONFIG] = &p->counters.rx_config,
				[STP_BPDU_TCN] = &p->counters.rx_tcn,
				[STP_BPDU_RST] = &p->counters.rx_rst,
				[STP_BPDU_MST] = &p->counters.rx_mst};

	++*counters[p->bpdu.type];
}

static void guard_shuts(struct stp_port *p)
{
	p->guard = true;
	p->counters.guarded++;
	p->bridge->cause.kind = STP_CAUSE_GUARD;
	update_enabled(p);
	stp_run(p->bridge);
}

void stp_receive(struct stp_bridge *bridge, uint16_t port, const uint8_t *bpdu, size_t length, uint64_t now)
{
	struct stp_port *p = stp_port_find(bridge, port);
	enum stp_bpdu_fault fault;

	if (!p)
		return;
	if (!p->port_enabled || p->config.bpdu_filter) {
		++*(p->port_enabled ? &p->counters.rx_filtered : &p->counters.rx_disabled);
		return;
	}
	fault = stp_bpdu_read(bpdu, length, &p->bpdu);
	if (fault != STP_BPDU_GOOD) {
		count_fault(p, fault);
		return;
	}
	if (is_own(p)) {
		p->counters.rx_own++;
		return;
	}
	count_kind(p);
	begin(bridge, now, STP_CAUSE_BPDU, port);
	bridge->cause.from = p->bpdu.type == STP_BPDU_TCN ? 0 : p->bpdu.bridge;
	if (p->config.bpdu_guard) {
		guard_shuts(p);
		return;
	}
	p->rcvd_bpdu = p->dirty = true;
	stp_run(bridge);
}

static void port_begin(struct stp_port *p)
{
	stp_receive_begin(p);
	stp_transmit_begin(p);
	trees_foreach (p->bridge, t) {
		stp_info_begin(p, t);
		stp_transitions_begin(p, t);
		stp_topology_begin(p, t);
		if (p->trees[t].learning || p->trees[t].forwarding)
			stp_pst(p, t);
	}
	p->dirty = true;
}

static int ports_grow(struct stp_bridge *b)
{
	unsigned int room = b->port_room ? 2 * b->port_room : 8;
	struct stp_port **ports;

	if (b->port_count < b->port_room)
		return 0;
	ports = realloc(b->ports, room * sizeof(*ports));
	if (!ports)
		return -ENOMEM;
	b->ports = ports;
	b->port_room = room;
	return 0;
}

static void ports_insert(struct stp_bridge *b, struct stp_port *p)
{
	unsigned int at = b->port_count++;

	for (; at > 0 && b->ports[at - 1]->number > p->number; at--)
		b->ports[at] = b->ports[at - 1];
	b->ports[at] = p;
}

static struct stp_port *port_new(struct stp_bridge *b, uint16_t number, const struct stp_port_config *config)
{
	struct stp_port *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->trees = calloc(b->tree_count, sizeof(*p->trees));
	if (!p->trees) {
		free(p);
		return NULL;
	}
	p->bridge = b;
	p->number = number;
	p->config = *config;
	trees_foreach (b, t) {
		p->trees[t].cost = config->cost;
		p->trees[t].priority = config->priority;
	}
	return p;
}

static void port_free(struct stp_port *p)
{
	free(p->trees);
	free(p);
}

int stp_port_add(struct stp_bridge *bridge, uint16_t port, const struct stp_port_config *config, uint64_t now)
{
	struct stp_port *p;

	if (!port || port > STP_PORT_MAX)
		return -EINVAL;
	if (stp_port_find(bridge, port))
		return -EEXIST;
	if (ports_grow(bridge))
		return -ENOMEM;
	p = port_new(bridge, port, config);
	if (!p)
		return -ENOMEM;
	begin(bridge, now, STP_CAUSE_CONFIG, port);
	ports_insert(bridge, p);
	port_begin(p);
	stp_run(bridge);
	return 0;
}

/* The machines see it disabled before it goes, so that what it was is given up in order. */
void stp_port_del(struct stp_bridge *bridge, uint16_t port, uint64_t now)
{
	struct stp_port *p = stp_port_find(bridge, port);
	unsigned int at = 0;

	if (!p)
		return;
	begin(bridge, now, STP_CAUSE_CONFIG, port);
	p->link_up = false;
	update_enabled(p);
	p->dirty = true;
	stp_run(bridge);
	while (bridge->ports[at] != p)
		at++;
	bridge->port_count--;
	memmove(bridge->ports + at, bridge->ports + at + 1,
		(bridge->port_count - at) * sizeof(*bridge->ports));
	port_free(p);
}

void stp_port_set(struct stp_bridge *bridge, uint16_t port, const struct stp_port_config *config,
		  uint64_t now)
{
	struct stp_port *p = stp_port_find(bridge, port);

	if (!p)
		return;
	begin(bridge, now, STP_CAUSE_CONFIG, port);
	p->guard = p->guard && config->bpdu_guard;
	p->loop = p->loop && config->loop_guard;
	if (!config->bridge_assurance || !p->config.bridge_assurance) {
		p->assurance = false;
		p->assurance_while = timer_start(bridge, 3 * hello_time_ms(p));
	}
	p->trees[0].cost = config->cost;
	p->trees[0].priority = config->priority;
	/* An admin edge port that has not heard anybody is an edge port from now on. */
	if (config->admin_edge && !p->config.admin_edge && p->trees[0].info_is != INFO_RECEIVED)
		p->oper_edge = true;
	p->config = *config;
	update_enabled(p);
	trees_foreach (bridge, t)
		stp_reselect(p, t);
	p->dirty = true;
	stp_run(bridge);
}

void stp_port_msti_set(struct stp_bridge *bridge, uint16_t port, uint16_t mstid, uint32_t cost,
		       uint8_t priority, uint64_t now)
{
	struct stp_port *p = stp_port_find(bridge, port);
	int t = stp_tree_find(bridge, mstid);

	if (!p || t <= 0 || (p->trees[t].cost == cost && p->trees[t].priority == priority))
		return;
	begin(bridge, now, STP_CAUSE_CONFIG, port);
	p->trees[t].cost = cost;
	p->trees[t].priority = priority;
	stp_reselect(p, (unsigned int)t);
	p->dirty = true;
	stp_run(bridge);
}

void stp_mcheck(struct stp_bridge *bridge, uint16_t port, uint64_t now)
{
	struct stp_port *p = stp_port_find(bridge, port);

	if (!p || !rstp_version(bridge))
		return;
	begin(bridge, now, STP_CAUSE_CONFIG, port);
	p->mcheck = p->dirty = true;
	stp_run(bridge);
}

/* ---- the bridge ---- */

static uint16_t time_of_cs(uint16_t cs)
{
	return (uint16_t)((unsigned int)cs * SECOND_256 / 100);
}

static uint64_t bridge_id(const struct stp_bridge *b, uint16_t priority, uint16_t mstid)
{
	uint64_t id = (uint64_t)priority | mstid;

	for (unsigned int i = 0; i < 6; i++)
		id = id << 8 | b->config.address[i];
	return id;
}

static void take_config(struct stp_bridge *b, const struct stp_bridge_config *config)
{
	b->config = *config;
	b->times = (struct stp_times){.max_age = time_of_cs(config->max_age_cs),
				      .hello_time = time_of_cs(config->hello_time_cs),
				      .forward_delay = time_of_cs(config->forward_delay_cs),
				      .remaining_hops = config->max_hops};
	b->trees[0].priority = config->priority;
	trees_foreach (b, t)
		b->trees[t].bridge_id = bridge_id(b, b->trees[t].priority, b->trees[t].mstid);
	memset(b->config_id.name, 0, sizeof(b->config_id.name));
	memcpy(b->config_id.name, config->region, strnlen(config->region, sizeof(b->config_id.name)));
	b->config_id.revision = config->revision;
}

struct stp_bridge *stp_new(const struct stp_bridge_config *config, const struct stp_ops *ops, void *user,
			   uint64_t now)
{
	struct stp_bridge *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->ops = ops;
	b->user = user;
	b->now = now;
	b->tree_count = 1;
	take_config(b, config);
	stp_digest(b->vlan_map, b->config_id.digest);
	stp_roles_begin(b, 0);
	return b;
}

void stp_free(struct stp_bridge *bridge)
{
	if (!bridge)
		return;
	stp_ports_foreach (bridge, i)
		port_free(bridge->ports[i]);
	free(bridge->ports);
	free(bridge);
}

static void restart(struct stp_bridge *b)
{
	trees_foreach (b, t)
		b->trees[t].root_priority = (struct stp_vector){0};
	stp_ports_foreach (b, i)
		port_begin(b->ports[i]);
	stp_run(b);
}

void stp_restart(struct stp_bridge *bridge, uint64_t now)
{
	begin(bridge, now, STP_CAUSE_START, 0);
	restart(bridge);
}

void stp_bridge_set(struct stp_bridge *bridge, const struct stp_bridge_config *config, uint64_t now)
{
	bool anew = bridge->config.version != config->version ||
		    bridge->config.revision != config->revision ||
		    strcmp(bridge->config.region, config->region) ||
		    memcmp(bridge->config.address, config->address, sizeof(config->address));

	begin(bridge, now, STP_CAUSE_CONFIG, 0);
	take_config(bridge, config);
	if (anew) {
		restart(bridge);
		return;
	}
	stp_reselect_all(bridge);
	stp_run(bridge);
}

/* ---- instances ---- */

static int trees_resize(struct stp_bridge *b, unsigned int count)
{
	stp_ports_foreach (b, i) {
		struct stp_port *p = b->ports[i];
		struct tree_port *trees = realloc(p->trees, count * sizeof(*trees));

		if (!trees)
			return -ENOMEM;
		p->trees = trees;
		if (count > b->tree_count)
			trees[count - 1] =
				(struct tree_port){.cost = p->config.cost, .priority = p->config.priority};
	}
	return 0;
}

static int tree_add(struct stp_bridge *bridge, uint16_t mstid, uint16_t priority)
{
	unsigned int t = bridge->tree_count;

	if (!mstid || mstid > STP_MSTID_MAX || priority & 0xfff)
		return -EINVAL;
	if (stp_tree_find(bridge, mstid) >= 0)
		return -EEXIST;
	if (t > STP_MSTI_MAX)
		return -ENOSPC;
	if (trees_resize(bridge, t + 1))
		return -ENOMEM;
	bridge->trees[t] = (struct tree){.mstid = mstid, .priority = priority};
	bridge->trees[t].bridge_id = bridge_id(bridge, priority, mstid);
	bridge->tree_count++;
	return 0;
}

int stp_msti_add(struct stp_bridge *bridge, uint16_t mstid, uint16_t priority, uint64_t now)
{
	int err = tree_add(bridge, mstid, priority);

	if (err)
		return err;
	begin(bridge, now, STP_CAUSE_CONFIG, 0);
	restart(bridge);
	return 0;
}

/* The last tree takes the place that is free: places have no meaning. */
static void tree_remove(struct stp_bridge *bridge, unsigned int t)
{
	unsigned int last = bridge->tree_count - 1;

	bridge->trees[t] = bridge->trees[last];
	stp_ports_foreach (bridge, i)
		bridge->ports[i]->trees[t] = bridge->ports[i]->trees[last];
	bridge->tree_count--;
}

int stp_msti_del(struct stp_bridge *bridge, uint16_t mstid, uint64_t now)
{
	int t = mstid ? stp_tree_find(bridge, mstid) : -1;

	if (t < 0)
		return -EINVAL;
	begin(bridge, now, STP_CAUSE_CONFIG, 0);
	tree_remove(bridge, (unsigned int)t);
	restart(bridge);
	return 0;
}

/* False: it has it already. */
static bool tree_set_priority(struct stp_bridge *bridge, unsigned int t, uint16_t priority)
{
	if (bridge->trees[t].priority == priority)
		return false;
	bridge->trees[t].priority = priority;
	bridge->trees[t].bridge_id = bridge_id(bridge, priority, bridge->trees[t].mstid);
	return true;
}

int stp_msti_set(struct stp_bridge *bridge, uint16_t mstid, uint16_t priority, uint64_t now)
{
	int t = mstid ? stp_tree_find(bridge, mstid) : -1;

	if (t < 0 || priority & 0xfff)
		return -EINVAL;
	if (!tree_set_priority(bridge, (unsigned int)t, priority))
		return 0;
	begin(bridge, now, STP_CAUSE_CONFIG, 0);
	stp_reselect_all(bridge);
	stp_run(bridge);
	return 0;
}

static bool take_map(struct stp_bridge *bridge, const uint16_t map[4096])
{
	if (!memcmp(bridge->vlan_map, map, sizeof(bridge->vlan_map)))
		return false;
	memcpy(bridge->vlan_map, map, sizeof(bridge->vlan_map));
	stp_digest(bridge->vlan_map, bridge->config_id.digest);
	return true;
}

void stp_vlan_map_set(struct stp_bridge *bridge, const uint16_t map[4096], uint64_t now)
{
	if (!take_map(bridge, map))
		return;
	begin(bridge, now, STP_CAUSE_CONFIG, 0);
	restart(bridge);
}

/* ---- all instances at once ---- */

static bool is_among(const struct stp_instance *instances, unsigned int count, uint16_t mstid)
{
	for (unsigned int i = 0; i < count; i++)
		if (instances[i].mstid == mstid)
			return true;
	return false;
}

/* True: some tree has gone. */
static bool drop_others(struct stp_bridge *bridge, const struct stp_instance *instances, unsigned int count)
{
	bool dropped = false;

	for (unsigned int t = bridge->tree_count; t-- > 1;) {
		if (is_among(instances, count, bridge->trees[t].mstid))
			continue;
		tree_remove(bridge, t);
		dropped = true;
	}
	return dropped;
}

int stp_instances_set(struct stp_bridge *bridge, const struct stp_instance *instances, unsigned int count,
		      const uint16_t map[4096], uint64_t now)
{
	bool anew = drop_others(bridge, instances, count), changed = false;
	int err = 0;

	begin(bridge, now, STP_CAUSE_CONFIG, 0);
	for (unsigned int i = 0; i < count && !err; i++) {
		int t = stp_tree_find(bridge, instances[i].mstid);

		anew = anew || t < 0;
		if (t < 0)
			err = tree_add(bridge, instances[i].mstid, instances[i].priority);
		else
			changed |= tree_set_priority(bridge, (unsigned int)t, instances[i].priority);
	}
	anew = take_map(bridge, map) || anew;
	if (anew) {
		restart(bridge);
	} else if (changed) {
		stp_reselect_all(bridge);
		stp_run(bridge);
	}
	return err;
}

uint16_t stp_vlan_msti(const struct stp_bridge *bridge, uint16_t vid)
{
	uint16_t mstid = vid < 4096 ? bridge->vlan_map[vid] : 0;

	return stp_tree_find(bridge, mstid) >= 0 ? mstid : 0;
}

uint32_t stp_cost_of_speed(uint32_t mbps)
{
	uint32_t cost = 20000000u / (mbps ? mbps : 10000u);

	return cost ? cost : 1;
}
