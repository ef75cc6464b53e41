// SPDX-License-Identifier: Apache-2.0
#include "script.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"

#define WORDS 40

struct script {
	const char *path;
	unsigned int line;
	struct sim *sim;
	char *word[WORDS + 1]; /* of the line, ended by NULL */
	unsigned int count;
	uint64_t changes[SIM_BRIDGES]; /* at the last `forget` */
	unsigned int expectations;
};

__attribute__((format(printf, 2, 3))) static int fail(const struct script *s, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%u: ", s->path, s->line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return -1;
}

/* ---- words ---- */

static int read_time(const struct script *s, const char *word, uint64_t *ret_ms)
{
	char *end;
	unsigned long value = word ? strtoul(word, &end, 10) : 0;

	if (!word || end == word || (strcmp(end, "s") && strcmp(end, "ms")))
		return fail(s, "a time is 5s or 300ms, not %s", word ? word : "nothing");
	*ret_ms = value * (*end == 's' ? 1000 : 1);
	return 0;
}

static int read_number(const struct script *s, const char *word, unsigned long max, unsigned long *ret_number)
{
	char *end;
	unsigned long number = word ? strtoul(word, &end, 10) : 0;

	if (!word || end == word || *end || number > max)
		return fail(s, "a number up to %lu is wanted, not %s", max, word ? word : "nothing");
	*ret_number = number;
	return 0;
}

static int read_bridge(const struct script *s, const char *word, unsigned int *ret_bridge)
{
	int bridge = word ? sim_bridge_find(s->sim, word) : -1;

	if (bridge < 0)
		return fail(s, "there is no bridge %s", word ? word : "");
	*ret_bridge = (unsigned int)bridge;
	return 0;
}

static int read_port(const struct script *s, const char *word, unsigned int *ret_bridge, uint16_t *ret_port)
{
	char name[64] = "";
	unsigned int port = 0;

	if (!word || sscanf(word, "%31[^.].%u", name, &port) != 2 || !port || port >= SIM_PORTS)
		return fail(s, "a port is BRIDGE.NUMBER, not %s", word ? word : "nothing");
	*ret_port = (uint16_t)port;
	return read_bridge(s, name, ret_bridge);
}

static int read_lan(const struct script *s, const char *word, int *ret_lan)
{
	unsigned int bridge = 0;
	uint16_t port = 0;

	if (read_port(s, word, &bridge, &port))
		return -1;
	*ret_lan = s->sim->bridges[bridge].ports[port].lan;
	return *ret_lan < 0 ? fail(s, "%s has no link", word) : 0;
}

static int read_switch(const struct script *s, const char *word, bool *ret_on)
{
	if (!word || (strcmp(word, "on") && strcmp(word, "off")))
		return fail(s, "on or off, not %s", word ? word : "nothing");
	*ret_on = !strcmp(word, "on");
	return 0;
}

/* The place of a word in a list; -1. */
static int place_of(const char *word, const char *const words[], unsigned int count)
{
	for (unsigned int i = 0; word && i < count; i++)
		if (!strcmp(word, words[i]))
			return (int)i;
	return -1;
}

/* ---- statements that build ---- */

static int bridge_option(struct script *s, struct stp_bridge_config *config, const char *word,
			 const char *value)
{
	static const char *const versions[] = {"stp", "", "rstp", "mstp"};
	unsigned long number = 0;
	uint64_t ms = 0;
	int err = 0;

	if (!strcmp(word, "priority")) {
		err = read_number(s, value, 65535, &number);
		config->priority = (uint16_t)number;
	} else if (!strcmp(word, "tx_hold")) {
		err = read_number(s, value, 10, &number);
		config->tx_hold_count = (uint8_t)number;
	} else if (!strcmp(word, "version")) {
		int version = place_of(value, versions, 4);

		err = version < 0 ? fail(s, "stp, rstp or mstp") : 0;
		config->version = (uint8_t)version;
	} else if (!strcmp(word, "region") && value) {
		snprintf(config->region, sizeof(config->region), "%s", value);
	} else {
		err = read_time(s, value, &ms);
		if (!strcmp(word, "hello"))
			config->hello_time_cs = (uint16_t)(ms / 10);
		else if (!strcmp(word, "max_age"))
			config->max_age_cs = (uint16_t)(ms / 10);
		else if (!strcmp(word, "forward_delay"))
			config->forward_delay_cs = (uint16_t)(ms / 10);
		else
			err = fail(s, "%s is no option of a bridge", word);
	}
	return err;
}

static int do_bridge(struct script *s)
{
	struct stp_bridge_config config = stp_bridge_config_default;

	config.address[0] = 2;
	config.address[5] = (uint8_t)(s->sim->bridge_count + 1);
	for (unsigned int i = 2; i < s->count; i += 2)
		if (bridge_option(s, &config, s->word[i], s->word[i + 1]))
			return -1;
	if (!s->word[1] || sim_bridge_add(s->sim, s->word[1], &config) < 0)
		return fail(s, "no room for a bridge of this name");
	return 0;
}

static int do_msti(struct script *s)
{
	uint16_t map[4096] = {0};
	unsigned long priority;
	unsigned int bridge = 0;

	if (read_bridge(s, s->word[1], &bridge) || read_number(s, s->word[2], 61440, &priority))
		return -1;
	sim_msti_add(s->sim, bridge, (uint16_t)priority);
	for (uint16_t i = 1; i <= s->sim->bridges[bridge].mstis; i++)
		map[i] = i;
	stp_vlan_map_set(s->sim->bridges[bridge].engine, map, s->sim->now);
	return 0;
}

static int do_lan(struct script *s)
{
	unsigned int bridge[SIM_ENDS], ends = 0;
	uint16_t port[SIM_ENDS];
	uint64_t delay = 1;

	for (unsigned int i = 1; i < s->count; i++) {
		if (!strcmp(s->word[i], "delay")) {
			if (read_time(s, s->word[++i], &delay))
				return -1;
			continue;
		}
		if (ends == SIM_ENDS || read_port(s, s->word[i], &bridge[ends], &port[ends]))
			return fail(s, "at most %d ports", SIM_ENDS);
		ends++;
	}
	if (ends < 2 || sim_lan_add(s->sim, ends, bridge, port, delay) < 0)
		return fail(s, "two ports or more, and room for them");
	return 0;
}

static int do_host(struct script *s)
{
	unsigned int bridge = 0;
	uint16_t port = 0;

	if (read_port(s, s->word[1], &bridge, &port))
		return -1;
	sim_host_add(s->sim, bridge, port);
	return 0;
}

static bool *port_switch(struct stp_port_config *config, const char *word)
{
	return !strcmp(word, "edge")               ? &config->admin_edge
	       : !strcmp(word, "auto_edge")        ? &config->auto_edge
	       : !strcmp(word, "root_block")       ? &config->restricted_role
	       : !strcmp(word, "restricted_tcn")   ? &config->restricted_tcn
	       : !strcmp(word, "bpdu_guard")       ? &config->bpdu_guard
	       : !strcmp(word, "bpdu_filter")      ? &config->bpdu_filter
	       : !strcmp(word, "loop_guard")       ? &config->loop_guard
	       : !strcmp(word, "bridge_assurance") ? &config->bridge_assurance
						   : NULL;
}

static int port_option(struct script *s, struct stp_port_config *config, const char *word, const char *value)
{
	static const char *const p2p[] = {"auto", "on", "off"};
	bool *on = port_switch(config, word);
	unsigned long number = 0;
	int err;

	if (on)
		return read_switch(s, value, on);
	if (!strcmp(word, "p2p")) {
		int place = place_of(value, p2p, 3);

		config->p2p = (uint8_t)place;
		return place < 0 ? fail(s, "auto, on or off") : 0;
	}
	err = read_number(s, value, 200000000, &number);
	if (!err && !strcmp(word, "cost"))
		config->cost = (uint32_t)number;
	else if (!err && !strcmp(word, "priority"))
		config->priority = (uint8_t)number;
	else if (!err)
		err = fail(s, "%s is no option of a port", word);
	return err;
}

static int do_port(struct script *s)
{
	struct stp_port_config config;
	unsigned int bridge = 0;
	uint16_t port = 0;

	if (read_port(s, s->word[1], &bridge, &port))
		return -1;
	sim_port(s->sim, bridge, port);
	config = s->sim->bridges[bridge].ports[port].config;
	for (unsigned int i = 2; i < s->count; i += 2)
		if (port_option(s, &config, s->word[i], s->word[i + 1]))
			return -1;
	sim_port_set(s->sim, bridge, port, &config);
	return 0;
}

/* ---- statements that do ---- */

static int do_run(struct script *s)
{
	uint64_t ms;

	if (read_time(s, s->word[1], &ms))
		return -1;
	sim_run(s->sim, ms);
	if (s->sim->loops)
		return fail(s, "a loop, %llu ms before this ends",
			    (unsigned long long)(s->sim->now - s->sim->loop_at));
	return 0;
}

static int do_cut(struct script *s)
{
	int lan;

	if (read_lan(s, s->word[1], &lan))
		return -1;
	sim_lan_set(s->sim, lan, !strcmp(s->word[0], "cut"));
	return 0;
}

static int do_bridge_event(struct script *s)
{
	unsigned int bridge = 0;

	if (read_bridge(s, s->word[1], &bridge))
		return -1;
	if (!strcmp(s->word[0], "crash") || !strcmp(s->word[0], "boot"))
		sim_bridge_crash(s->sim, bridge, *s->word[0] == 'c');
	else if (!strcmp(s->word[0], "kill"))
		sim_agent_dies(s->sim, bridge);
	else
		sim_agent_returns(s->sim, bridge);
	if (!strcmp(s->word[0], "revive"))
		s->changes[bridge] = 0; /* it counts anew */
	return 0;
}

static uint64_t changes_of(const struct script *s, unsigned int bridge)
{
	struct stp_tree_view view = {};

	if (s->sim->bridges[bridge].engine)
		stp_tree_view(s->sim->bridges[bridge].engine, 0, &view);
	return view.changes;
}

static int do_forget(struct script *s)
{
	for (unsigned int bridge = 0; bridge < s->sim->bridge_count; bridge++) {
		s->changes[bridge] = changes_of(s, bridge);
		for (unsigned int port = 0; port < SIM_PORTS; port++)
			s->sim->bridges[bridge].ports[port].flushes = 0;
	}
	return 0;
}

/* ---- expectations ---- */

static int read_msti(const struct script *s, unsigned int at, uint16_t *ret_mstid)
{
	unsigned long mstid = 0;

	if (at < s->count && !strcmp(s->word[at], "msti") &&
	    read_number(s, s->word[at + 1], STP_MSTI_MAX, &mstid))
		return -1;
	*ret_mstid = (uint16_t)mstid;
	return 0;
}

static int expect_tree(struct script *s)
{
	uint16_t mstid;

	if (read_msti(s, 2, &mstid))
		return -1;
	return sim_is_tree(s->sim, mstid) ? 0 : fail(s, "what is connected is not one tree");
}

static int expect_settled(struct script *s)
{
	uint64_t most,
		took = s->sim->changed_at > s->sim->event_at ? s->sim->changed_at - s->sim->event_at : 0;

	if (read_time(s, s->word[2], &most))
		return -1;
	return took <= most ? 0 : fail(s, "it took %llu ms", (unsigned long long)took);
}

static int expect_flushes(struct script *s)
{
	unsigned long number;
	unsigned int bridge = 0;
	uint16_t port = 0;

	if (read_port(s, s->word[2], &bridge, &port) || read_number(s, s->word[3], 1000000, &number))
		return -1;
	if (s->sim->bridges[bridge].ports[port].flushes != number)
		return fail(s, "it was flushed %u times", s->sim->bridges[bridge].ports[port].flushes);
	return 0;
}

static int expect_changes(struct script *s)
{
	unsigned long number;
	unsigned int bridge = 0;

	if (read_bridge(s, s->word[2], &bridge) || read_number(s, s->word[3], 1000000, &number))
		return -1;
	if (changes_of(s, bridge) - s->changes[bridge] != number)
		return fail(s, "there were %llu",
			    (unsigned long long)(changes_of(s, bridge) - s->changes[bridge]));
	return 0;
}

static int expect_root(struct script *s, unsigned int bridge)
{
	struct stp_tree_view view;

	stp_tree_view(s->sim->bridges[bridge].engine, 0, &view);
	return view.root == view.bridge_id ? 0
					   : fail(s, "the root is %016llx", (unsigned long long)view.root);
}

static int expect_port_view(struct script *s, const struct stp_port_view *view)
{
	bool so =
		!strcmp(s->word[2], "guarded") ? view->guard : view->oper_edge == !strcmp(s->word[2], "edge");

	return so ? 0 : fail(s, "it is not");
}

static int expect_role(struct script *s, unsigned int bridge, uint16_t port)
{
	const struct stp_bridge *engine = s->sim->bridges[bridge].engine;
	struct stp_tree_port_view view;
	struct stp_tree_view tree;
	unsigned int place = 0, at = 3;
	uint16_t mstid;
	int state = place_of(s->word[at], stp_state_words, 3);

	if (read_msti(s, at + (state >= 0), &mstid))
		return -1;
	while (stp_tree_view(engine, place, &tree) && tree.mstid != mstid)
		place++;
	if (!stp_tree_port_view(engine, place, port, &view))
		return fail(s, "no such port or tree");
	if (strcmp(stp_role_words[view.role], s->word[2]) || (state >= 0 && (int)view.state != state))
		return fail(s, "it is %s %s", stp_role_words[view.role], stp_state_words[view.state]);
	return 0;
}

static int expect_thing(struct script *s)
{
	struct stp_port_view view;
	unsigned int bridge = 0;
	uint16_t port = 0;

	if (s->count < 3)
		return fail(s, "expect what of it?");
	if (!strchr(s->word[1], '.'))
		return read_bridge(s, s->word[1], &bridge) ? -1 : expect_root(s, bridge);
	if (read_port(s, s->word[1], &bridge, &port))
		return -1;
	if (!strcmp(s->word[2], "guarded") || strstr(s->word[2], "edge"))
		return stp_port_view(s->sim->bridges[bridge].engine, port, &view) ? expect_port_view(s, &view)
										  : -1;
	return expect_role(s, bridge, port);
}

static int do_expect(struct script *s)
{
	const char *what = s->word[1] ? s->word[1] : "";

	s->expectations++;
	if (!strcmp(what, "tree"))
		return expect_tree(s);
	if (!strcmp(what, "settled"))
		return expect_settled(s);
	if (!strcmp(what, "flushes"))
		return expect_flushes(s);
	return strcmp(what, "changes") ? expect_thing(s) : expect_changes(s);
}

/* ---- the file ---- */

static const struct {
	const char *word;
	int (*run)(struct script *s);
} statements[] = {
	{"bridge", do_bridge},
	{"msti", do_msti},
	{"link", do_lan},
	{"lan", do_lan},
	{"host", do_host},
	{"port", do_port},
	{"run", do_run},
	{"cut", do_cut},
	{"mend", do_cut},
	{"crash", do_bridge_event},
	{"boot", do_bridge_event},
	{"kill", do_bridge_event},
	{"revive", do_bridge_event},
	{"forget", do_forget},
	{"expect", do_expect},
};

static void split(struct script *s, char *line)
{
	char *comment = strchr(line, '#'), *at = line;

	if (comment)
		*comment = 0;
	s->count = 0;
	for (char *word; s->count < WORDS && (word = strsep(&at, " \t\n"));)
		if (*word)
			s->word[s->count++] = word;
	s->word[s->count] = NULL;
}

static int run_line(struct script *s)
{
	if (!s->count)
		return 0;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		if (!strcmp(s->word[0], statements[i].word))
			return statements[i].run(s);
	return fail(s, "%s is no statement", s->word[0]);
}

int script_run(const char *path)
{
	struct script s = {.path = path, .sim = sim_new()};
	FILE *file = fopen(path, "r");
	char line[1024];
	int err = file ? 0 : fail(&s, "cannot be read");

	while (!err && fgets(line, sizeof(line), file)) {
		s.line++;
		split(&s, line);
		err = run_line(&s);
	}
	if (file)
		fclose(file);
	if (!err && (s.sim->loops || sim_overruns(s.sim)))
		err = fail(&s, "%llu loops, %llu runs over the step bound", (unsigned long long)s.sim->loops,
			   (unsigned long long)sim_overruns(s.sim));
	if (!err)
		printf("%s: %u expectations, %llu BPDUs in %llu s\n", path, s.expectations,
		       (unsigned long long)s.sim->sent, (unsigned long long)(s.sim->now - 1000) / 1000);
	sim_free(s.sim);
	return err;
}
