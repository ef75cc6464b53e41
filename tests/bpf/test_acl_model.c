// SPDX-License-Identifier: Apache-2.0
/*
 * Access lists against a model that does not know how they are compiled: tests/bpf/acl_model.py makes rules
 * and frames at random and says what must come out; here the same lists are compiled and the same frames run,
 * each twice (the second time the decision is remembered), by XDP, TC and the host build. XBR_ACL_LISTS in
 * the environment says how many lists, of 200 frames each (5000: a million pairs), XBR_ACL_SEED which. In the
 * same way tests/bpf/conn_model.py says what rules with `state` make of conversations.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "rows.h"
#include "test.h"

#define LISTS      60ul
#define FRAMES     200
#define SEED       20260229ul
#define RULES_TEXT 16384
#define FRAME_MAX  2048

static struct lab lab;
static struct datapath datapaths[HOOK_COUNT];
/* What becomes of frames, by first letters: permit, deny, unparsed, over a meter's rate, limit of
 * connections. */
static const char outcomes[] = "pduol";

static struct {
	unsigned long frames[HOOK_COUNT], outcome[sizeof(outcomes)], refused;
} tally;

/* What the model said so far of the list in hand. */
struct reading {
	char rules[RULES_TEXT];
	struct xbr_acl_member members[HOST_MEMBERS];
	__u32 member_count;
	__u32 conns; /* for each port; 0: none are kept */
	unsigned long line;
};

static void complain(const struct reading *r, const struct datapath *dp, const char *what, const char *line)
{
	char sentence[400];

	snprintf(sentence, sizeof(sentence), "line %lu, %s: %s: %.300s", r->line, dp->name, what, line);
	CU_assertImplementation(CU_FALSE, 0, sentence, __FILE__, "", CU_FALSE);
}

static __u32 hex(const char *text, __u8 *octets, __u32 room)
{
	__u32 count = 0;
	unsigned int octet;

	while (count < room && sscanf(text + 2 * count, "%2x", &octet) == 1 && text[2 * count] != ' ')
		octets[count++] = (__u8)octet;
	return count;
}

static void take_member(struct reading *r, const char *line)
{
	struct xbr_acl_member *member = &r->members[r->member_count];
	unsigned int set, family, bits;
	int used;

	if (r->member_count == HOST_MEMBERS ||
	    sscanf(line, "M %u %u %u %n", &set, &family, &bits, &used) != 3)
		return;
	*member = (struct xbr_acl_member){
		.prefix = XBR_ACL_MEMBER_BITS + bits, .set = (__u16)set, .family = (__u16)family};
	hex(line + used, member->address, sizeof(member->address));
	r->member_count++;
}

static void take_rule(struct reading *r, const char *line)
{
	const char *words = strchr(line + 2, ' ');
	size_t used = strlen(r->rules);

	snprintf(r->rules + used, sizeof(r->rules) - used, "%s", words + 1);
}

static bool load_list(const struct reading *r)
{
	bool ok = true;

	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		const struct datapath *dp = &datapaths[hook];

		if (datapath_set_members(dp, r->members, r->member_count) ||
		    (r->conns && datapath_set_conns(dp, r->conns)) || datapath_set_acl(dp, 1, r->rules)) {
			complain(r, dp, "cannot be loaded", r->rules);
			ok = false;
		}
	}
	return ok;
}

/* One of `outcomes`, as the models write it. */
static const char *outcome_of(const struct datapath *dp)
{
	switch (dp->tables.trace->reason) {
	case XBR_REASON_acl_deny:
		return "deny";
	case XBR_REASON_acl_unparsed:
		return "unparsed";
	case XBR_REASON_conn_limit:
		return "limit";
	case XBR_REASON_policed:
		return "over";
	default:
		return "permit";
	}
}

/* port: where the frame comes in, each time it does. */
static void run_in(const struct reading *r, const struct datapath *dp, const __u8 *frame, __u32 length,
		   __u32 port, const char *expected, __u32 seq, const char *line)
{
	struct arrival arrival = {.bytes = frame, .length = length, .ifindex = lab.ifindex[port]};
	__u32 counted, frames;

	for (int again = 0; again < (r->conns ? 1 : 2); again++) {
		if (datapath_run(dp, &arrival, NULL)) {
			tally.refused += dp->hook == HOOK_TC;
			if (dp->hook != HOOK_TC)
				complain(r, dp, "cannot be run", line);
			return;
		}
		tally.frames[dp->hook]++;
		counted = datapath_acl_counted(dp, 1, &frames);
		if (strcmp(outcome_of(dp), expected) != 0 || counted != seq || frames != 1) {
			char what[80];

			snprintf(what, sizeof(what), "%s by %u, counted %u, not %s by %u%s", outcome_of(dp),
				 counted, frames, expected, seq, again ? " (remembered)" : "");
			complain(r, dp, what, line);
			return;
		}
	}
}

/* line: from the octets on. */
static void take_frame(const struct reading *r, __u32 port, const char *line)
{
	__u8 frame[FRAME_MAX];
	__u32 length = hex(line, frame, sizeof(frame));
	const char *outcome;
	unsigned int seq;
	char expected[16];

	if (sscanf(line + 2 * length, " %15s %u", expected, &seq) != 2 ||
	    !(outcome = strchr(outcomes, expected[0]))) {
		CU_FAIL("the model's answer is understood");
		return;
	}
	tally.outcome[outcome - outcomes]++;
	for (int hook = 0; hook < HOOK_COUNT; hook++)
		run_in(r, &datapaths[hook], frame, length, port, expected, seq, line);
}

static void pass_time(double seconds)
{
	for (int hook = 0; hook < HOOK_COUNT; hook++)
		datapath_age_conns(&datapaths[hook], seconds);
}

static void take_line(struct reading *r, const char *line, bool *loaded)
{
	r->line++;
	switch (line[0]) {
	case 'L':
		r->rules[0] = '\0';
		r->member_count = 0;
		r->conns = 0;
		break;
	case 'C':
		r->conns = (__u32)strtoul(line + 2, NULL, 10);
		break;
	case 'T':
		pass_time(strtod(line + 2, NULL));
		break;
	case 'P':
		if (*loaded)
			take_frame(r, line[2] == '1' ? P1 : P2, line + 4);
		break;
	case 'M':
		take_member(r, line);
		break;
	case 'R':
		take_rule(r, line);
		break;
	case 'E':
		*loaded = load_list(r);
		break;
	case 'F':
		if (*loaded)
			take_frame(r, P1, line + 2);
		break;
	}
}

/* m1 always has room, m2 never has. */
static void prepare_meters(const struct tables *t)
{
	for (int number = 1; number <= 2; number++)
		t->meters[number] = (struct xbr_meter_config){
			.cost = {1ull << XBR_COST_SHIFT},
			.burst = {1ull << 60},
			.action = {XBR_METER_PASS, XBR_METER_PASS, XBR_METER_DROP},
		};
	t->meter_live[2].until[XBR_BUCKET_C] = 1ull << 63;
}

static void prepare(bool conns)
{
	static const struct row usual;

	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		CU_ASSERT_EQUAL_FATAL(datapath_open(&datapaths[hook], (enum hook)hook, ROW_BUCKETS), 0);
		CU_ASSERT_EQUAL_FATAL(row_prepare(&usual, &datapaths[hook], &lab), 0);
		for (__u32 port = P1; port <= P2; port++) {
			datapaths[hook].tables.ports[port].acl_in = 1;
			datapaths[hook].tables.ports[port].acl_window_mask = XBR_ACL_CACHE_BUCKETS - 1;
			datapaths[hook].tables.ports[port].flags |= XBR_PORT_ACL;
			/* all are flooded, and so held to meters: nobody is known */
			datapaths[hook].tables.ports[port].flags &= ~(__u32)XBR_PORT_LEARNING;
		}
		prepare_meters(&datapaths[hook].tables);
		if (conns)
			datapaths[hook].tables.bridges[ROW_BRIDGE].flags |= XBR_BRIDGE_CONNS;
	}
}

static void ask_model(const char *path, bool conns)
{
	const char *wanted = getenv("XBR_ACL_LISTS"), *seed = getenv("XBR_ACL_SEED");
	static struct reading reading;
	static char line[3 * FRAME_MAX];
	bool loaded = false;
	char command[128];
	FILE *model;

	memset(&tally, 0, sizeof(tally));
	snprintf(command, sizeof(command), "/usr/bin/python3 %s %lu %lu %d", path,
		 seed ? strtoul(seed, NULL, 10) : SEED, wanted ? strtoul(wanted, NULL, 10) : LISTS, FRAMES);
	CU_ASSERT_EQUAL_FATAL(lab_open(&lab), 0);
	prepare(conns);
	model = popen(command, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(model);
	while (fgets(line, sizeof(line), model))
		take_line(&reading, line, &loaded);
	CU_ASSERT_EQUAL(pclose(model), 0);
	CU_ASSERT(tally.outcome[0] && tally.outcome[1] && tally.outcome[2] && !tally.outcome[3] == conns &&
		  !!tally.outcome[4] == conns);
	printf("acl: %lu permitted, %lu denied, %lu unparsed, %lu beyond a rate, %lu at their limit; runs: "
	       "host %lu, xdp %lu, tc %lu (%lu refused by the kernel)\n",
	       tally.outcome[0], tally.outcome[1], tally.outcome[2], tally.outcome[3], tally.outcome[4],
	       tally.frames[HOOK_HOST], tally.frames[HOOK_XDP], tally.frames[HOOK_TC], tally.refused);
	for (int hook = 0; hook < HOOK_COUNT; hook++)
		datapath_close(&datapaths[hook]);
	lab_close(&lab);
}

static void lists_decide_as_the_model_says(void)
{
	ask_model("tests/bpf/acl_model.py", false);
}

static void states_are_as_the_model_says(void)
{
	ask_model("tests/bpf/conn_model.py", true);
}

int test_acl_model_suite(void)
{
	static const struct test_case cases[] = {
		TEST(lists_decide_as_the_model_says),
		TEST(states_are_as_the_model_says),
		{NULL, NULL},
	};

	return test_suite_add("acl_model", cases);
}
