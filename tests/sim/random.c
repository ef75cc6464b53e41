// SPDX-License-Identifier: Apache-2.0
#include "random.h"

#include <stdio.h>
#include <stdlib.h>

#include "net.h"

#define SETTLE_MS 60000

enum kind {
	KIND_START,
	KIND_CUT,
	KIND_MEND,
	KIND_CRASH,
	KIND_BOOT,
	KIND_COUNT,
};

static const char *const kind_words[] = {"start", "link cut", "link mended", "bridge crashed",
					 "bridge booted"};

struct times {
	uint64_t *ms;
	unsigned int count, room;
};

struct run {
	const struct random_plan *plan;
	struct random_result *result;
	struct sim *sim;
	uint64_t state; /* of the generator */
	uint64_t seed;
	struct times times[KIND_COUNT];
};

/* xorshift64*: the same numbers everywhere. */
static unsigned int pick(struct run *run, unsigned int below)
{
	run->state ^= run->state >> 12;
	run->state ^= run->state << 25;
	run->state ^= run->state >> 27;
	return (unsigned int)((run->state * 0x2545f4914f6cdd1dull) >> 33) % below;
}

static void note(struct times *times, uint64_t ms)
{
	if (times->count == times->room) {
		times->room = times->room ? 2 * times->room : 64;
		times->ms = realloc(times->ms, times->room * sizeof(*times->ms));
		if (!times->ms)
			abort();
	}
	times->ms[times->count++] = ms;
}

static void judge(struct run *run, enum kind kind)
{
	struct sim *sim = run->sim;
	uint64_t took = sim->changed_at > sim->event_at ? sim->changed_at - sim->event_at : 0;
	bool tree = sim_is_tree(sim, 0);

	note(&run->times[kind], took);
	run->result->events++;
	run->result->no_trees += !tree;
	run->result->loops += sim->loops;
	if (kind == KIND_CUT && took > run->result->longest_cut_ms)
		run->result->longest_cut_ms = took;
	if (!tree || sim->loops)
		fprintf(stderr, "seed %llu, %s: %s%s\n", (unsigned long long)run->seed, kind_words[kind],
			tree ? "" : "not one tree ", sim->loops ? "a loop" : "");
	sim->loops = 0;
}

/* ---- a network ---- */

static void add_bridge(struct run *run, unsigned int number)
{
	struct stp_bridge_config config = stp_bridge_config_default;
	char name[16];

	snprintf(name, sizeof(name), "b%u", number);
	config.address[0] = 2;
	config.address[4] = (uint8_t)pick(run, 256);
	config.address[5] = (uint8_t)number;
	config.priority = (uint16_t)(4096 * pick(run, 16));
	config.max_age_cs = 4000; /* a chain of a hundred bridges is longer than 20 s of message age */
	sim_bridge_add(run->sim, name, &config);
}

static uint16_t free_port(const struct sim *sim, unsigned int bridge)
{
	for (uint16_t port = 1; port < SIM_PORTS; port++)
		if (!sim->bridges[bridge].ports[port].used)
			return port;
	return 0;
}

static void add_link(struct run *run, unsigned int a, unsigned int b)
{
	static const uint32_t costs[] = {200, 2000, 20000, 20000, 200000};
	unsigned int bridge[2] = {a, b};
	uint16_t port[2] = {free_port(run->sim, a), free_port(run->sim, b)};
	struct stp_port_config config = stp_port_config_default;

	if (a == b || !port[0] || !port[1])
		return;
	config.cost = costs[pick(run, 5)];
	for (unsigned int i = 0; i < 2; i++) {
		sim_port(run->sim, bridge[i], port[i]);
		sim_port_set(run->sim, bridge[i], port[i], &config);
	}
	sim_lan_add(run->sim, 2, bridge, port, 1 + pick(run, 3));
}

/* Every bridge hangs on one of the twelve before it, so that no way is longer than max age lets it be. */
static void build(struct run *run)
{
	unsigned int bridges = 2 + pick(run, run->plan->bridges - 1);
	unsigned int more = pick(run, bridges) + 1;

	for (unsigned int i = 0; i < bridges; i++)
		add_bridge(run, i);
	for (unsigned int i = 1; i < bridges; i++)
		add_link(run, i, i > 12 ? pick(run, i / 3) : pick(run, i));
	while (more--)
		add_link(run, pick(run, bridges), pick(run, bridges));
}

static void fail_and_mend(struct run *run)
{
	bool bridge = pick(run, 4) == 0;
	unsigned int which = pick(run, bridge ? run->sim->bridge_count : run->sim->lan_count);

	for (unsigned int mend = 0; mend < 2; mend++) {
		if (bridge)
			sim_bridge_crash(run->sim, which, !mend);
		else
			sim_lan_set(run->sim, (int)which, !mend);
		sim_run(run->sim, SETTLE_MS);
		judge(run, bridge ? KIND_CRASH + mend : KIND_CUT + mend);
	}
}

static void one_network(struct run *run, unsigned int number)
{
	run->seed = run->plan->seed + number;
	run->state = run->seed * 0x9e3779b97f4a7c15ull + 1;
	run->sim = sim_new();
	build(run);
	sim_run(run->sim, SETTLE_MS);
	judge(run, KIND_START);
	for (unsigned int i = 0; i < run->plan->failures; i++)
		fail_and_mend(run);
	run->result->overruns += sim_overruns(run->sim);
	sim_free(run->sim);
}

/* ---- telling ---- */

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void tell(const struct run *run)
{
	printf("%-16s %7s %8s %8s %8s %8s\n", "ms to settle", "events", "median", "95 %", "99 %", "longest");
	for (unsigned int kind = 0; kind < KIND_COUNT; kind++) {
		const struct times *t = &run->times[kind];

		if (!t->count)
			continue;
		qsort(t->ms, t->count, sizeof(*t->ms), by_size);
		printf("%-16s %7u %8llu %8llu %8llu %8llu\n", kind_words[kind], t->count,
		       (unsigned long long)t->ms[t->count / 2],
		       (unsigned long long)t->ms[t->count * 95 / 100],
		       (unsigned long long)t->ms[t->count * 99 / 100],
		       (unsigned long long)t->ms[t->count - 1]);
	}
	printf("%u events in %u networks: %llu loops, %llu without one tree, %llu runs over the step bound\n",
	       run->result->events, run->plan->networks, (unsigned long long)run->result->loops,
	       (unsigned long long)run->result->no_trees, (unsigned long long)run->result->overruns);
}

void random_run(const struct random_plan *plan, struct random_result *ret_result)
{
	struct run run = {.plan = plan, .result = ret_result};

	*ret_result = (struct random_result){};
	for (unsigned int i = 0; i < plan->networks; i++)
		one_network(&run, i);
	if (plan->talk)
		tell(&run);
	for (unsigned int kind = 0; kind < KIND_COUNT; kind++)
		free(run.times[kind].ms);
}
