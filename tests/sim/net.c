// SPDX-License-Identifier: Apache-2.0
#include "net.h"

#include <stdlib.h>
#include <string.h>

/* ---- frames in flight: a heap, the next one first ---- */

static bool before(const struct sim_frame *a, const struct sim_frame *b)
{
	return a->due < b->due || (a->due == b->due && a->serial < b->serial);
}

static void swap_frames(struct sim *sim, unsigned int a, unsigned int b)
{
	struct sim_frame *frame = sim->frames[a];

	sim->frames[a] = sim->frames[b];
	sim->frames[b] = frame;
}

static void frame_push(struct sim *sim, struct sim_frame *frame)
{
	unsigned int at = sim->frame_count++;

	if (sim->frame_count > sim->frame_room) {
		sim->frame_room = sim->frame_room ? 2 * sim->frame_room : 64;
		sim->frames = realloc(sim->frames, sim->frame_room * sizeof(struct sim_frame *));
		if (!sim->frames)
			abort();
	}
	sim->frames[at] = frame;
	for (; at && before(sim->frames[at], sim->frames[(at - 1) / 2]); at = (at - 1) / 2)
		swap_frames(sim, at, (at - 1) / 2);
}

static struct sim_frame *frame_pop(struct sim *sim)
{
	struct sim_frame *first = sim->frames[0];
	unsigned int at = 0, least;

	sim->frames[0] = sim->frames[--sim->frame_count];
	for (;;) {
		least = at;
		for (unsigned int child = 2 * at + 1; child <= 2 * at + 2 && child < sim->frame_count;
		     child++)
			if (before(sim->frames[child], sim->frames[least]))
				least = child;
		if (least == at)
			return first;
		swap_frames(sim, at, least);
		at = least;
	}
}

/* ---- what an engine asks for ---- */

static unsigned int number_of(const struct sim_bridge *bridge)
{
	return (unsigned int)(bridge - bridge->sim->bridges);
}

static void on_send(void *user, uint16_t port, const uint8_t *bpdu, size_t length)
{
	struct sim_bridge *from = user;
	struct sim *sim = from->sim;
	int lan = from->ports[port].lan;

	sim->sent++;
	if (lan < 0 || sim->lans[lan].cut)
		return;
	for (unsigned int i = 0; i < sim->lans[lan].ends; i++) {
		unsigned int to = sim->lans[lan].end[i].bridge;
		struct sim_frame *frame;

		if (to == number_of(from) && sim->lans[lan].end[i].port == port)
			continue;
		frame = malloc(sizeof(*frame));
		if (!frame)
			abort();
		*frame = (struct sim_frame){.due = sim->now + sim->lans[lan].delay,
					    .serial = sim->serial++,
					    .bridge = to,
					    .port = sim->lans[lan].end[i].port,
					    .lan = lan,
					    .cuts = sim->lan_cuts[lan],
					    .length = length};
		memcpy(frame->octets, bpdu, length);
		frame_push(sim, frame);
	}
}

static void on_state(void *user, uint16_t port, uint16_t mstid, enum stp_state state)
{
	struct sim_bridge *bridge = user;

	bridge->ports[port].state[mstid] = state;
	bridge->sim->states_changed = true;
	if (bridge->ports[port].lan >= 0)
		bridge->sim->changed_at = bridge->sim->now;
}

static void on_flush(void *user, uint16_t port, uint16_t mstid)
{
	struct sim_bridge *bridge = user;

	(void)mstid;
	bridge->ports[port].flushes++;
}

static const struct stp_ops ops = {.send = on_send, .state = on_state, .flush = on_flush};

/* ---- loops and trees ---- */

/* Bridges, then LANs, as one array of parents of a union-find. */
struct forest {
	unsigned int parent[SIM_BRIDGES + SIM_LANS];
};

static unsigned int find(struct forest *f, unsigned int node)
{
	while (f->parent[node] != node)
		node = f->parent[node] = f->parent[f->parent[node]];
	return node;
}

/* False: they were joined already. */
static bool join(struct forest *f, unsigned int a, unsigned int b)
{
	a = find(f, a);
	b = find(f, b);
	f->parent[a] = b;
	return a != b;
}

/* Has this end of a LAN a carrier? A point-to-point link has none when the other end is off. */
static bool works(const struct sim *sim, unsigned int lan, unsigned int end)
{
	const struct sim_lan *l = &sim->lans[lan];
	bool up = !l->cut && !sim->bridges[l->end[end].bridge].crashed;

	return up && (l->ends != 2 || !sim->bridges[l->end[!end].bridge].crashed);
}

static bool forwards(const struct sim *sim, unsigned int lan, unsigned int end, unsigned int mstid)
{
	const struct sim_bridge *bridge = &sim->bridges[sim->lans[lan].end[end].bridge];

	unsigned int tree = mstid <= bridge->mstis ? mstid : 0; /* who lacks it has its VLANs in the CIST */

	return works(sim, lan, end) &&
	       bridge->ports[sim->lans[lan].end[end].port].state[tree] == STP_FORWARDING;
}

/* Joins what forwards (all false) or what is connected at all; returns false if that closed a circle. */
static bool grow(const struct sim *sim, struct forest *f, unsigned int mstid, bool all)
{
	bool acyclic = true;

	for (unsigned int i = 0; i < SIM_BRIDGES + SIM_LANS; i++)
		f->parent[i] = i;
	for (unsigned int lan = 0; lan < sim->lan_count; lan++)
		for (unsigned int end = 0; end < sim->lans[lan].ends; end++)
			if (all ? works(sim, lan, end) : forwards(sim, lan, end, mstid))
				acyclic &= join(f, sim->lans[lan].end[end].bridge, SIM_BRIDGES + lan);
	return acyclic;
}

static unsigned int trees_of(const struct sim *sim)
{
	unsigned int most = 0;

	for (unsigned int i = 0; i < sim->bridge_count; i++)
		if (sim->bridges[i].mstis > most)
			most = sim->bridges[i].mstis;
	return most + 1;
}

static void look_for_loops(struct sim *sim)
{
	struct forest forest;

	if (!sim->states_changed)
		return;
	sim->states_changed = false;
	for (unsigned int mstid = 0; mstid < trees_of(sim); mstid++)
		if (!grow(sim, &forest, mstid, false)) {
			sim->loops++;
			sim->loop_at = sim->now;
		}
}

bool sim_is_tree(const struct sim *sim, uint16_t mstid)
{
	struct forest connected, forwarding;
	bool tree = grow(sim, &forwarding, mstid, false);

	grow(sim, &connected, mstid, true);
	for (unsigned int lan = 0; lan < sim->lan_count; lan++)
		for (unsigned int end = 0; end < sim->lans[lan].ends; end++) {
			unsigned int bridge = sim->lans[lan].end[end].bridge;
			unsigned int root = find(&connected, bridge);

			/* Whoever stands for what is connected: all are joined to it. */
			if (works(sim, lan, end))
				tree &= find(&forwarding, bridge) == find(&forwarding, root) &&
					find(&forwarding, SIM_BRIDGES + lan) == find(&forwarding, root);
		}
	return tree;
}

uint64_t sim_overruns(const struct sim *sim)
{
	uint64_t overruns = 0;

	for (unsigned int i = 0; i < sim->bridge_count; i++)
		if (sim->bridges[i].engine)
			overruns += stp_step_overruns(sim->bridges[i].engine);
	return overruns;
}

/* ---- building ---- */

struct sim *sim_new(void)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	if (!sim)
		abort();
	sim->now = sim->event_at = sim->changed_at = 1000;
	return sim;
}

void sim_free(struct sim *sim)
{
	for (unsigned int i = 0; i < sim->bridge_count; i++)
		stp_free(sim->bridges[i].engine);
	while (sim->frame_count)
		free(sim->frames[--sim->frame_count]);
	free(sim->frames);
	free(sim);
}

int sim_bridge_find(const struct sim *sim, const char *name)
{
	for (unsigned int i = 0; i < sim->bridge_count; i++)
		if (!strcmp(sim->bridges[i].name, name))
			return (int)i;
	return -1;
}

int sim_bridge_add(struct sim *sim, const char *name, const struct stp_bridge_config *config)
{
	struct sim_bridge *bridge = &sim->bridges[sim->bridge_count];

	if (sim->bridge_count == SIM_BRIDGES || sim_bridge_find(sim, name) >= 0 ||
	    strlen(name) >= sizeof(bridge->name))
		return -1;
	bridge->sim = sim;
	strcpy(bridge->name, name);
	bridge->config = *config;
	bridge->engine = stp_new(config, &ops, bridge, sim->now);
	if (!bridge->engine)
		abort();
	return (int)sim->bridge_count++;
}

void sim_port(struct sim *sim, unsigned int bridge, uint16_t port)
{
	struct sim_bridge *b = &sim->bridges[bridge];

	if (b->ports[port].used)
		return;
	b->ports[port].used = true;
	b->ports[port].lan = -1;
	b->ports[port].config = stp_port_config_default;
	stp_port_add(b->engine, port, &b->ports[port].config, sim->now);
}

void sim_port_set(struct sim *sim, unsigned int bridge, uint16_t port, const struct stp_port_config *config)
{
	struct sim_bridge *b = &sim->bridges[bridge];

	sim->event_at = sim->now;
	b->ports[port].config = *config;
	if (b->engine)
		stp_port_set(b->engine, port, config, sim->now);
	look_for_loops(sim);
}

/* An agent that is dead does not hear of it; the datapath does (a port without carrier forwards nothing). */
static void tell_link(struct sim *sim, unsigned int lan)
{
	const struct sim_lan *l = &sim->lans[lan];

	sim->states_changed = true;
	for (unsigned int end = 0; end < l->ends; end++) {
		const struct sim_bridge *b = &sim->bridges[l->end[end].bridge];

		if (b->engine)
			stp_link(b->engine, l->end[end].port, works(sim, lan, end), l->ends == 2, sim->now);
	}
	look_for_loops(sim);
}

int sim_lan_add(struct sim *sim, unsigned int ends, const unsigned int bridge[], const uint16_t port[],
		uint64_t delay)
{
	unsigned int lan = sim->lan_count;

	if (lan == SIM_LANS || ends > SIM_ENDS)
		return -1;
	sim->lans[lan].ends = ends;
	sim->lans[lan].delay = delay;
	for (unsigned int i = 0; i < ends; i++) {
		sim_port(sim, bridge[i], port[i]);
		sim->bridges[bridge[i]].ports[port[i]].lan = (int)lan;
		sim->lans[lan].end[i].bridge = bridge[i];
		sim->lans[lan].end[i].port = port[i];
	}
	sim->lan_count++;
	sim->event_at = sim->now;
	tell_link(sim, lan);
	return (int)lan;
}

void sim_host_add(struct sim *sim, unsigned int bridge, uint16_t port)
{
	sim_port(sim, bridge, port);
	stp_link(sim->bridges[bridge].engine, port, true, true, sim->now);
}

void sim_msti_add(struct sim *sim, unsigned int bridge, uint16_t priority)
{
	struct sim_bridge *b = &sim->bridges[bridge];

	b->msti_priority[++b->mstis] = priority;
	stp_msti_add(b->engine, (uint16_t)b->mstis, priority, sim->now);
}

/* ---- what befalls ---- */

void sim_lan_set(struct sim *sim, int lan, bool cut)
{
	sim->event_at = sim->now;
	sim->lan_cuts[lan] += cut;
	sim->lans[lan].cut = cut;
	tell_link(sim, (unsigned int)lan);
}

void sim_bridge_crash(struct sim *sim, unsigned int bridge, bool crashed)
{
	sim->event_at = sim->now;
	sim->bridges[bridge].crashed = crashed;
	for (unsigned int lan = 0; lan < sim->lan_count; lan++)
		for (unsigned int end = 0; end < sim->lans[lan].ends; end++)
			if (sim->lans[lan].end[end].bridge == bridge) {
				sim->lan_cuts[lan]++;
				tell_link(sim, lan);
			}
}

void sim_agent_dies(struct sim *sim, unsigned int bridge)
{
	struct sim_bridge *b = &sim->bridges[bridge];

	for (uint16_t port = 1; port < SIM_PORTS; port++)
		if (b->ports[port].used)
			stp_freeze(b->engine, port, 0, &b->ports[port].frozen);
	stp_free(b->engine);
	b->engine = NULL;
}

void sim_agent_returns(struct sim *sim, unsigned int bridge)
{
	struct sim_bridge *b = &sim->bridges[bridge];

	b->engine = stp_new(&b->config, &ops, b, sim->now);
	if (!b->engine)
		abort();
	for (uint16_t port = 1; port < SIM_PORTS; port++)
		if (b->ports[port].used) {
			stp_port_add(b->engine, port, &b->ports[port].config, sim->now);
			stp_thaw(b->engine, port, 0, &b->ports[port].frozen, true);
		}
	stp_thawed(b->engine, sim->now);
	look_for_loops(sim);
}

/* ---- time ---- */

static void deliver(struct sim *sim, const struct sim_frame *frame)
{
	struct sim_bridge *to = &sim->bridges[frame->bridge];

	if (to->engine && !to->crashed && !sim->lans[frame->lan].cut &&
	    frame->cuts == sim->lan_cuts[frame->lan])
		stp_receive(to->engine, frame->port, frame->octets, frame->length, sim->now);
}

static uint64_t next_timer(const struct sim *sim, unsigned int *ret_bridge)
{
	uint64_t next = STP_NEVER;

	for (unsigned int i = 0; i < sim->bridge_count; i++) {
		const struct sim_bridge *b = &sim->bridges[i];
		uint64_t due = b->engine && !b->crashed ? stp_deadline(b->engine) : STP_NEVER;

		if (due < next) {
			next = due;
			*ret_bridge = i;
		}
	}
	return next;
}

void sim_run(struct sim *sim, uint64_t ms)
{
	uint64_t end = sim->now + ms;

	for (;;) {
		unsigned int bridge = 0;
		uint64_t timer = next_timer(sim, &bridge);
		uint64_t frame = sim->frame_count ? sim->frames[0]->due : STP_NEVER;
		uint64_t next = timer < frame ? timer : frame;

		if (next > end)
			break;
		if (next > sim->now)
			sim->now = next;
		if (frame <= timer) {
			struct sim_frame *first = frame_pop(sim);

			deliver(sim, first);
			free(first);
		} else {
			stp_advance(sim->bridges[bridge].engine, sim->now);
		}
		look_for_loops(sim);
	}
	sim->now = end;
}
