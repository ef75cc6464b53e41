/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spanning tree engine by itself: what a malformed or foreign BPDU does (it is counted), how fast an edge
 * port forwards, that a flood of topology changes does not become a flood of flushes, and the networks of
 * tests/sim.
 */
#include <string.h>

#include "proto/stp.h"
#include "test.h"
#include "tests/sim/net.h"
#include "tests/sim/random.h"
#include "tests/sim/script.h"

struct seen {
	unsigned int sent, states, flushes;
	enum stp_state state[8];
	uint8_t last[STP_BPDU_MAX];
	size_t last_length;
};

static void on_send(void *user, uint16_t port, const uint8_t *bpdu, size_t length)
{
	struct seen *seen = user;

	(void)port;
	seen->sent++;
	memcpy(seen->last, bpdu, length);
	seen->last_length = length;
}

static void on_state(void *user, uint16_t port, uint16_t mstid, enum stp_state state)
{
	struct seen *seen = user;

	(void)mstid;
	seen->states++;
	seen->state[port] = state;
}

static void on_flush(void *user, uint16_t port, uint16_t mstid)
{
	struct seen *seen = user;

	(void)port, (void)mstid;
	seen->flushes++;
}

static const struct stp_ops ops = {on_send, on_state, on_flush};

/* A bridge with three ports whose links are up since a minute. */
static struct stp_bridge *bridge_of_three(struct seen *seen)
{
	struct stp_bridge_config config = stp_bridge_config_default;
	struct stp_bridge *b;

	memset(seen, 0, sizeof(*seen));
	config.address[0] = 2;
	b = stp_new(&config, &ops, seen, 1000);
	for (uint16_t port = 1; port <= 3; port++) {
		stp_port_add(b, port, &stp_port_config_default, 1000);
		stp_link(b, port, true, true, 1000);
	}
	for (uint64_t now = 1000; now < 61000; now = stp_deadline(b))
		stp_advance(b, now);
	stp_advance(b, 61000);
	memset(seen, 0, sizeof(*seen));
	return b;
}

static struct stp_counters counters(const struct stp_bridge *b, uint16_t port)
{
	struct stp_port_view view = {};

	CU_ASSERT_TRUE(stp_port_view(b, port, &view));
	return view.counters;
}

static void an_admin_edge_port_forwards_at_once(void)
{
	struct stp_bridge_config config = stp_bridge_config_default;
	struct stp_port_config edge = stp_port_config_default;
	struct seen seen = {};
	struct stp_bridge *b = stp_new(&config, &ops, &seen, 5);

	edge.admin_edge = true;
	stp_port_add(b, 1, &edge, 5);
	stp_link(b, 1, true, true, 5);
	CU_ASSERT_EQUAL(seen.state[1], STP_FORWARDING);
	CU_ASSERT_EQUAL(seen.sent, 1);
	stp_free(b);
}

static void an_auto_edge_port_forwards_after_three_seconds(void)
{
	struct stp_bridge_config config = stp_bridge_config_default;
	struct seen seen = {};
	struct stp_bridge *b = stp_new(&config, &ops, &seen, 0);

	stp_port_add(b, 1, &stp_port_config_default, 0);
	stp_link(b, 1, true, true, 0);
	for (uint64_t now = 0; now < 3000; now = stp_deadline(b)) {
		stp_advance(b, now);
		CU_ASSERT_EQUAL(seen.state[1], STP_DISCARDING);
	}
	stp_advance(b, 3000);
	CU_ASSERT_EQUAL(seen.state[1], STP_FORWARDING);
	stp_free(b);
}

/* Each is counted, and nothing else happens. */
static void malformed_bpdus_are_counted(void)
{
	struct seen seen;
	struct stp_bridge *b = bridge_of_three(&seen);
	struct stp_bpdu bpdu = {
		.type = STP_BPDU_RST, .max_age = 5120, .message_age = 6000, .hello_time = 512};
	uint8_t octets[STP_BPDU_MAX];
	size_t length = stp_bpdu_write(&bpdu, octets);

	stp_receive(b, 1, octets, length, 61000);
	CU_ASSERT_EQUAL(counters(b, 1).rx_old, 1);
	stp_receive(b, 1, octets, 3, 61000);
	stp_receive(b, 1, octets, 35, 61000);
	octets[0] = 1;
	stp_receive(b, 1, octets, length, 61000);
	CU_ASSERT_EQUAL(counters(b, 1).rx_malformed, 3);
	CU_ASSERT_EQUAL(seen.states + seen.flushes + seen.sent, 0);
	stp_free(b);
}

static void an_own_bpdu_that_comes_back_is_counted(void)
{
	struct seen seen;
	struct stp_bridge *b = bridge_of_three(&seen);
	uint8_t octets[STP_BPDU_MAX];
	struct stp_port_view view;
	size_t length;

	for (uint64_t now = stp_deadline(b); !seen.sent; now = stp_deadline(b))
		stp_advance(b, now);
	length = seen.last_length;
	memcpy(octets, seen.last, length);
	memset(&seen, 0, sizeof(seen));
	for (uint16_t port = 1; port <= 3; port++) {
		struct stp_bpdu bpdu;

		stp_bpdu_read(octets, length, &bpdu);
		if ((bpdu.port & 0xfff) != port)
			continue;
		stp_receive(b, port, octets, length, 64000);
		CU_ASSERT_EQUAL(counters(b, port).rx_own, 1);
		CU_ASSERT_TRUE(stp_port_view(b, port, &view) && view.oper_edge);
	}
	CU_ASSERT_EQUAL(seen.states + seen.flushes, 0);
	stp_free(b);
}

/* A later version, with octets nobody knows at its end, is an RST BPDU. */
static void later_versions_are_read_as_known_ones(void)
{
	struct seen seen;
	struct stp_bridge *b = bridge_of_three(&seen);
	struct stp_bpdu bpdu = {.type = STP_BPDU_RST,
				.flags = 0x0e,
				.root = 1,
				.bridge = 1,
				.port = 0x8001,
				.max_age = 5120,
				.hello_time = 512,
				.forward_delay = 3840};
	uint8_t octets[STP_BPDU_MAX];
	size_t length = stp_bpdu_write(&bpdu, octets);
	struct stp_tree_view tree;

	octets[2] = 5;
	memset(octets + length, 0xee, 60);
	stp_receive(b, 1, octets, length + 60, 61000);
	CU_ASSERT_TRUE(stp_tree_view(b, 0, &tree));
	CU_ASSERT_EQUAL(tree.root, 1);
	CU_ASSERT_EQUAL(tree.root_port, 1);
	CU_ASSERT_EQUAL(counters(b, 1).rx_rst, 1);
	stp_free(b);
}

/* A thousand TCNs a second: all counted, the ports they concern flushed a few times. */
static void a_flood_of_tcns_is_no_flood_of_flushes(void)
{
	struct stp_bridge_config config = stp_bridge_config_default;
	struct seen seen = {};
	struct stp_bridge *b = stp_new(&config, &ops, &seen, 0);
	struct stp_bpdu tcn = {.type = STP_BPDU_TCN};
	struct stp_port_config plain = stp_port_config_default;
	uint8_t octets[STP_BPDU_MAX];
	size_t length = stp_bpdu_write(&tcn, octets);

	plain.auto_edge = false;
	for (uint16_t port = 1; port <= 2; port++) {
		stp_port_add(b, port, &plain, 0);
		stp_link(b, port, true, true, 0);
	}
	for (uint64_t now = 0; now < 60000; now = stp_deadline(b))
		stp_advance(b, now);
	memset(&seen, 0, sizeof(seen));
	for (uint64_t now = 60000; now < 61000; now++)
		stp_receive(b, 1, octets, length, now);
	CU_ASSERT_EQUAL(counters(b, 1).rx_tcn, 1000);
	CU_ASSERT_TRUE(seen.flushes > 0 && seen.flushes <= 10);
	CU_ASSERT_TRUE(seen.sent <= 20);
	CU_ASSERT_EQUAL(seen.states, 0);
	CU_ASSERT_EQUAL(stp_step_overruns(b), 0);
	stp_free(b);
}

static void the_history_keeps_the_last_256_with_their_cause(void)
{
	struct seen seen;
	struct stp_bridge *b = bridge_of_three(&seen);

	for (unsigned int i = 0; i < 300; i++)
		stp_link(b, 2, i % 2, true, 61000 + 10 * i);
	CU_ASSERT_EQUAL(stp_history_length(b), STP_HISTORY);
	CU_ASSERT_EQUAL(stp_history_get(b, 0).port, 2);
	CU_ASSERT_EQUAL(stp_history_get(b, 0).cause, STP_CAUSE_LINK_UP);
	CU_ASSERT_EQUAL(stp_history_get(b, 1).cause, STP_CAUSE_LINK_DOWN);
	CU_ASSERT_TRUE(stp_history_get(b, 0).at > stp_history_get(b, STP_HISTORY - 1).at);
	stp_free(b);
}

static void costs_are_those_of_the_standard(void)
{
	CU_ASSERT_EQUAL(stp_cost_of_speed(10), 2000000);
	CU_ASSERT_EQUAL(stp_cost_of_speed(100), 200000);
	CU_ASSERT_EQUAL(stp_cost_of_speed(1000), 20000);
	CU_ASSERT_EQUAL(stp_cost_of_speed(10000), 2000);
	CU_ASSERT_EQUAL(stp_cost_of_speed(40000), 500);
	CU_ASSERT_EQUAL(stp_cost_of_speed(100000), 200);
	CU_ASSERT_EQUAL(stp_cost_of_speed(0), 2000);
}

static void instances_come_and_go(void)
{
	struct seen seen;
	struct stp_bridge *b = bridge_of_three(&seen);

	for (uint16_t mstid = 1; mstid <= STP_MSTI_MAX; mstid++)
		CU_ASSERT_EQUAL(stp_msti_add(b, mstid, 32768, 62000), 0);
	CU_ASSERT_NOT_EQUAL(stp_msti_add(b, 100, 32768, 62000), 0);
	CU_ASSERT_NOT_EQUAL(stp_msti_add(b, 5, 32768, 62000), 0);
	stp_advance(b, 70000);
	for (uint16_t mstid = 1; mstid <= STP_MSTI_MAX; mstid += 2)
		CU_ASSERT_EQUAL(stp_msti_del(b, mstid, 71000), 0);
	CU_ASSERT_NOT_EQUAL(stp_msti_del(b, 1, 71000), 0);
	stp_port_del(b, 2, 72000);
	stp_advance(b, 90000);
	CU_ASSERT_EQUAL(stp_step_overruns(b), 0);
	stp_free(b);
}

static void the_figures_of_the_standard(void)
{
	CU_ASSERT_EQUAL(script_run("tests/sim/d2004-17-4.stp"), 0);
	CU_ASSERT_EQUAL(script_run("tests/sim/d2004-17-5.stp"), 0);
	CU_ASSERT_EQUAL(script_run("tests/sim/d2004-17-6.stp"), 0);
	CU_ASSERT_EQUAL(script_run("tests/sim/d2004-17-7.stp"), 0);
}

static void guards_hold_what_they_should(void)
{
	CU_ASSERT_EQUAL(script_run("tests/sim/guards.stp"), 0);
	CU_ASSERT_EQUAL(script_run("tests/sim/loop-guard.stp"), 0);
}

static void an_agent_that_returns_changes_nothing(void)
{
	CU_ASSERT_EQUAL(script_run("tests/sim/restart.stp"), 0);
}

static void versions_live_together(void)
{
	CU_ASSERT_EQUAL(script_run("tests/sim/stp.stp"), 0);
	CU_ASSERT_EQUAL(script_run("tests/sim/mstp.stp"), 0);
}

static void random_networks_become_one_tree(void)
{
	struct random_plan plan = {.networks = 8, .bridges = 40, .failures = 4, .seed = 1};
	struct random_result result;

	random_run(&plan, &result);
	CU_ASSERT_EQUAL(result.no_trees, 0);
	CU_ASSERT_EQUAL(result.loops, 0);
	CU_ASSERT_EQUAL(result.overruns, 0);
	CU_ASSERT(result.longest_cut_ms < 1100);
}

/* Networks in which agreements cross the words that they are not meant for: each had a loop once. */
static void agreements_that_cross_make_no_loop(void)
{
	static const uint64_t seeds[] = {86, 1003, 1128, 1187, 1207};

	for (unsigned int i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		struct random_plan plan = {.networks = 1, .bridges = 100, .failures = 8, .seed = seeds[i]};
		struct random_result result;

		random_run(&plan, &result);
		CU_ASSERT_EQUAL(result.no_trees, 0);
		CU_ASSERT_EQUAL(result.loops, 0);
	}
}

static const struct test_case cases[] = {
	TEST(an_admin_edge_port_forwards_at_once),
	TEST(an_auto_edge_port_forwards_after_three_seconds),
	TEST(malformed_bpdus_are_counted),
	TEST(an_own_bpdu_that_comes_back_is_counted),
	TEST(later_versions_are_read_as_known_ones),
	TEST(a_flood_of_tcns_is_no_flood_of_flushes),
	TEST(the_history_keeps_the_last_256_with_their_cause),
	TEST(costs_are_those_of_the_standard),
	TEST(instances_come_and_go),
	TEST(the_figures_of_the_standard),
	TEST(guards_hold_what_they_should),
	TEST(an_agent_that_returns_changes_nothing),
	TEST(versions_live_together),
	TEST(random_networks_become_one_tree),
	TEST(agreements_that_cross_make_no_loop),
	{NULL, NULL},
};

int test_stp_suite(void);
int test_stp_suite(void)
{
	return test_suite_add("stp", cases);
}
