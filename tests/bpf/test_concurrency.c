// SPDX-License-Identifier: Apache-2.0
/*
 * The FDB under everybody at once: two CPUs learn the same new addresses in step; threads on all CPUs move
 * the same addresses while the agent's own code (agent/datapath/fdb_table.h) takes entries out and ages them
 * through the mapping. Afterwards the table must be whole.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "datapath.h"
#include "datapath/fdb_table.h"
#include "host.h"
#include "test.h"

#define BRIDGE    1
#define FID       11
#define BUCKETS   32
#define ADDRESSES 120 /* of 160 slots: many live in their second bucket, some find no room */
#define LEARNERS  4
#define SECONDS   2
#define ROUNDS    300

/* The address of the n-th station. */
#define STATION(n)                                                                                           \
	{                                                                                                    \
		0x02, (__u8)((n) >> 8), (__u8)(n)                                                            \
	}

static struct lab lab;
static struct datapath dp;
static struct fdb_table table;
static atomic_bool over;
static atomic_ulong frames;
static unsigned long removed;

/* ---- the bridge ---- */

static int set_up_port(__u32 number)
{
	dp.tables.ports[number] = (struct xbr_port){.ifindex = lab.ifindex[number],
						    .bridge = BRIDGE,
						    .state = XBR_STATE_FORWARDING,
						    .flags = XBR_PORT_DEFAULT_FLAGS};
	return datapath_set_port_of(&dp, lab.ifindex[number], number);
}

static int set_up(enum hook hook)
{
	int err = datapath_open(&dp, hook, BUCKETS);

	if (err)
		return err;
	datapath_clear(&dp);
	if (hook == HOOK_HOST)
		settings.trace = 0; /* one place for all threads */
	dp.tables.bridges[BRIDGE] =
		(struct xbr_bridge){.ifindex = 1, .fid = FID, .epoch_shift = 40, .ageing_epochs = 10};
	table = (struct fdb_table){.buckets = dp.tables.fdb, .count = BUCKETS, .seed = DATAPATH_SEED};
	for (__u32 n = P1; n <= P4 && !err; n++)
		err = set_up_port(n);
	return err;
}

/* ---- learners ---- */

static void send(__u32 port, __u32 station)
{
	__u8 source[6] = STATION(station);
	__u8 bytes[60] = {0x02, 0xff};
	struct arrival arrival = {.bytes = bytes, .length = sizeof(bytes), .ifindex = lab.ifindex[port]};

	memcpy(bytes + 6, source, sizeof(source));
	if (datapath_run(&dp, &arrival, NULL))
		abort(); /* the kernel refuses what it took a moment ago */
}

static void stay_on(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET((size_t)cpu, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
}

static void *learner(void *argument)
{
	unsigned int number = (unsigned int)(size_t)argument;
	unsigned int seed = number + 1;
	unsigned long sent = 0;

	stay_on((int)(number % (unsigned int)sysconf(_SC_NPROCESSORS_ONLN)));
	for (; !over; sent++)
		send(P1 + (__u32)rand_r(&seed) % 4, (__u32)rand_r(&seed) % ADDRESSES);
	atomic_fetch_add(&frames, sent);
	return NULL;
}

/* ---- the agent ---- */

static void no_longer_held(__u32 data)
{
	__atomic_fetch_sub(&dp.tables.port_live[fdb_data_port(data)].learned, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_sub(&dp.tables.bridge_live[BRIDGE].learned, 1, __ATOMIC_SEQ_CST);
}

/* Takes out one in four and ages one in four of what the walk finds. */
static int visit(const struct fdb_slot *slot, void *user)
{
	unsigned int *seed = user;
	__u32 older = slot->data - (1u << FDB_AGE_SHIFT);

	if (fdb_data_kind(slot->data) != XBR_FDB_DYNAMIC)
		return 0;
	switch (rand_r(seed) % 4) {
	case 0:
		if (fdb_table_remove_slot(&table, slot))
			return 0;
		no_longer_held(slot->data);
		removed++;
		return 0;
	case 1:
		fdb_table_change_slot(slot, older); /* refused where a frame came first: as it should be */
		return 0;
	default:
		return 0;
	}
}

static void *agent(void *argument)
{
	unsigned int seed = 77;

	(void)argument;
	while (!over)
		fdb_table_walk(&table, 0, BUCKETS, visit, &seed);
	return NULL;
}

/* ---- afterwards ---- */

struct census {
	__u64 keys[BUCKETS * XBR_FDB_WAYS];
	unsigned int count;
	__u32 held[LAB_PORTS];
	__u32 overflow[BUCKETS];
};

static void check_slot(struct census *census, __u32 bucket, __u32 way)
{
	const struct xbr_fdb_bucket *b = &dp.tables.fdb[bucket];
	__u64 key, hash;
	__u32 first;

	memcpy(&key, &b->key[way], sizeof(key));
	if (!key) {
		CU_ASSERT_EQUAL(b->data[way].kind, XBR_FDB_NONE);
		return;
	}
	CU_ASSERT(b->data[way].kind == XBR_FDB_DYNAMIC || b->data[way].kind == XBR_FDB_STATIC);
	hash = fdb_hash(key, DATAPATH_SEED);
	first = fdb_first(hash, BUCKETS - 1);
	CU_ASSERT(bucket == first || bucket == fdb_second(hash, BUCKETS - 1));
	census->overflow[first] += bucket != first;
	if (b->data[way].kind == XBR_FDB_DYNAMIC)
		census->held[b->data[way].port % LAB_PORTS]++;
	census->keys[census->count++] = key;
}

static unsigned int duplicates(const struct census *census)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < census->count; i++)
		for (unsigned int k = 0; k < i; k++)
			found += census->keys[i] == census->keys[k];
	return found;
}

static void check_table(void)
{
	struct census census = {};
	__u32 held = 0;

	for (__u32 i = 0; i < BUCKETS * XBR_FDB_WAYS; i++)
		check_slot(&census, i / XBR_FDB_WAYS, i % XBR_FDB_WAYS);
	for (__u32 b = 0; b < BUCKETS; b++)
		CU_ASSERT_EQUAL(dp.tables.fdb[b].overflow, census.overflow[b]);
	for (__u32 port = P1; port <= P4; port++) {
		CU_ASSERT_EQUAL(dp.tables.port_live[port].learned, census.held[port]);
		held += census.held[port];
	}
	CU_ASSERT_EQUAL(dp.tables.bridge_live[BRIDGE].learned, held);
	CU_ASSERT_EQUAL(duplicates(&census), 0);
	CU_ASSERT(census.count > ADDRESSES / 2);
}

/* ---- two CPUs in step: new addresses, each on both CPUs in the same moment ---- */

/* What a CPU does with the address that it is the turn of. */
typedef void act(__u32 station);

static atomic_uint steps[2];

/* Waits until the other CPU is at the same step. */
static void in_step(int me)
{
	unsigned int mine = atomic_fetch_add(&steps[me], 1) + 1;

	while (atomic_load(&steps[!me]) < mine)
		sched_yield();
}

/* One round. False: the last one is over. */
static bool act_in_step(int me, act *what)
{
	in_step(me);
	if (over)
		return false;
	for (__u32 station = 0; station < ADDRESSES; station++) {
		in_step(me);
		what(station);
	}
	in_step(me);
	return true;
}

static void *second_cpu(void *what)
{
	stay_on(1);
	while (act_in_step(1, *(act **)what))
		continue;
	return NULL;
}

static void forget_all(void)
{
	memset(dp.tables.fdb, 0, BUCKETS * sizeof(*dp.tables.fdb));
	memset(dp.tables.port_live, 0, LAB_PORTS * sizeof(*dp.tables.port_live));
	memset(&dp.tables.bridge_live[BRIDGE], 0, sizeof(dp.tables.bridge_live[BRIDGE]));
}

static void run_in_step(act *here, act *there)
{
	unsigned int failures = CU_get_number_of_failures();
	cpu_set_t home;
	pthread_t other;

	pthread_getaffinity_np(pthread_self(), sizeof(home), &home);
	over = false;
	steps[0] = steps[1] = 0;
	CU_ASSERT_EQUAL_FATAL(pthread_create(&other, NULL, second_cpu, &there), 0);
	stay_on(0);
	for (int round = 0; round < ROUNDS && CU_get_number_of_failures() == failures; round++) {
		forget_all();
		act_in_step(0, here);
		check_table();
	}
	over = true;
	act_in_step(0, here);
	pthread_join(other, NULL);
	pthread_setaffinity_np(pthread_self(), sizeof(home), &home);
}

static void in_step_on_two_cpus(enum hook hook, act *here, act *there)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		test_skip("one CPU does nothing at once");
		return;
	}
	CU_ASSERT_EQUAL_FATAL(lab_open(&lab), 0);
	CU_ASSERT_EQUAL_FATAL(set_up(hook), 0);
	run_in_step(here, there);
	datapath_close(&dp);
	lab_close(&lab);
}

static void learn_at_p1(__u32 station)
{
	send(P1, station);
}

static void learn_at_p2(__u32 station)
{
	send(P2, station);
}

/* As `xbr fdb replace ... static dev P3`; what the frame had learned is no longer held. */
static void pin_to_p3(__u32 station)
{
	__u8 mac[6] = STATION(station);
	__u64 bytes = 0;
	__u32 before;

	memcpy(&bytes, mac, sizeof(mac));
	if (fdb_table_put(&table, fdb_key(bytes, FID), fdb_data(P3, 0, XBR_FDB_STATIC, 0), &before))
		return; /* no room in its two buckets */
	if (fdb_data_kind(before) == XBR_FDB_DYNAMIC)
		no_longer_held(before);
}

static void two_cpus_learn_an_address_once_in_the_host_build(void)
{
	in_step_on_two_cpus(HOOK_HOST, learn_at_p1, learn_at_p2);
}

static void two_cpus_learn_an_address_once_in_the_kernel(void)
{
	in_step_on_two_cpus(HOOK_XDP, learn_at_p1, learn_at_p2);
}

static void an_address_is_pinned_once_while_it_is_learned_in_the_host_build(void)
{
	in_step_on_two_cpus(HOOK_HOST, pin_to_p3, learn_at_p2);
}

static void an_address_is_pinned_once_while_it_is_learned_in_the_kernel(void)
{
	in_step_on_two_cpus(HOOK_XDP, pin_to_p3, learn_at_p2);
}

/* ---- a crowd: all addresses move all the time, and the agent is at work ---- */

static void run_crowd(void)
{
	const struct timespec duration = {.tv_sec = SECONDS};
	pthread_t threads[LEARNERS + 1];

	over = false;
	frames = removed = 0;
	for (int i = 0; i <= LEARNERS; i++)
		CU_ASSERT_EQUAL_FATAL(
			pthread_create(&threads[i], NULL, i < LEARNERS ? learner : agent, (void *)(size_t)i),
			0);
	nanosleep(&duration, NULL);
	over = true;
	for (int i = 0; i <= LEARNERS; i++)
		pthread_join(threads[i], NULL);
	printf("concurrency: %s: %lu frames by %d threads, %lu entries removed meanwhile\n", dp.name,
	       (unsigned long)frames, LEARNERS, removed);
}

static void crowd(enum hook hook)
{
	CU_ASSERT_EQUAL_FATAL(lab_open(&lab), 0);
	CU_ASSERT_EQUAL_FATAL(set_up(hook), 0);
	run_crowd();
	for (__u32 station = 0; station < ADDRESSES; station++)
		send(P1, station); /* a key whose learner lost its slot is there by the next frame */
	check_table();
	CU_ASSERT(removed > 0);
	datapath_close(&dp);
	lab_close(&lab);
}

static void learners_and_the_agent_leave_a_whole_table_in_the_host_build(void)
{
	crowd(HOOK_HOST);
}

static void learners_and_the_agent_leave_a_whole_table_in_the_kernel(void)
{
	crowd(HOOK_XDP);
}

int test_concurrency_suite(void)
{
	static const struct test_case cases[] = {
		TEST(two_cpus_learn_an_address_once_in_the_host_build),
		TEST(two_cpus_learn_an_address_once_in_the_kernel),
		TEST(an_address_is_pinned_once_while_it_is_learned_in_the_host_build),
		TEST(an_address_is_pinned_once_while_it_is_learned_in_the_kernel),
		TEST(learners_and_the_agent_leave_a_whole_table_in_the_host_build),
		TEST(learners_and_the_agent_leave_a_whole_table_in_the_kernel),
		{NULL, NULL},
	};

	return test_suite_add("concurrency", cases);
}
