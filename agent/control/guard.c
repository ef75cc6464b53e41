// SPDX-License-Identifier: Apache-2.0
#include "control/guard.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/rate.h"
#include "control/words.h"

/* ---- words ---- */

/* Of `transparent`: reserved addresses by what they are for (802.1Q, table 8-1). */
static const struct {
	const char *word;
	uint16_t bits;
} transparent_words[] = {
	{"none", 0},          {"stp", 1 << 0},   {"lacp", 1 << 2}, {"dot1x", 1 << 3},
	{"provider", 1 << 8}, {"lldp", 1 << 14}, {"all", 0xfffd},
};
#define TRANSPARENT_WORDS (sizeof(transparent_words) / sizeof(transparent_words[0]))

static bool is_word(const char *word, const char *text, size_t length)
{
	return strlen(word) == length && !memcmp(word, text, length);
}

static int parse_transparent(const char *text, uint16_t *ret_bits, struct xbr_error *error)
{
	uint16_t bits = 0;

	for (const char *at = text; *at;) {
		size_t length = strcspn(at, ","), i = 0;

		while (i < TRANSPARENT_WORDS && !is_word(transparent_words[i].word, at, length))
			i++;
		if (i == TRANSPARENT_WORDS)
			return xbr_refuse(
				error, -EINVAL,
				"transparent takes none, all, or a list such as stp,lacp of stp, lacp, "
				"dot1x, provider, lldp; PAUSE never passes");
		bits |= transparent_words[i].bits;
		at += length + (at[length] == ',');
	}
	*ret_bits = bits;
	return 0;
}

static void print_transparent(uint16_t bits, char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "%s", bits == 0xfffd ? "all" : "none");
	for (size_t i = 1; bits && bits != 0xfffd && i < TRANSPARENT_WORDS - 1; i++)
		if (bits & transparent_words[i].bits)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "," : "",
						 transparent_words[i].word);
}

/* "promiscuous", "isolated", "community 5" (or the number alone). */
static int parse_isolation(const char *text, struct port_patch *patch, struct xbr_error *error)
{
	unsigned int number;
	char rest;

	patch->to.community = 0;
	patch->to.flags &= ~(uint32_t)XBR_PORT_ISOLATED;
	if (!strcmp(text, "isolated"))
		patch->to.flags |= XBR_PORT_ISOLATED;
	else if (sscanf(text, "community %4u%c", &number, &rest) == 1 && number && number <= COMMUNITY_MAX)
		patch->to.community = (uint16_t)number;
	else if (strcmp(text, "promiscuous"))
		return xbr_refuse(
			error, -EINVAL,
			"isolation is promiscuous, isolated, or community with a number from 1 to %u",
			COMMUNITY_MAX);
	patch->flags_given |= XBR_PORT_ISOLATED;
	return 0;
}

static const char *isolation_text(const struct port_settings *settings, char text[32])
{
	if (settings->community)
		snprintf(text, 32, "community %u", settings->community);
	else
		snprintf(text, 32, "%s", settings->flags & XBR_PORT_ISOLATED ? "isolated" : "promiscuous");
	return text;
}

static const char *const snoop_words[] = {"off", "dhcp", "nd", "all", NULL};
static const uint32_t snoop_flags[] = {0, XBR_GUARD_SNOOP_DHCP, XBR_GUARD_SNOOP_ND, GUARD_SNOOP};

static const char *snoop_word(uint32_t flags)
{
	size_t i = 0;

	while (snoop_flags[i] != (flags & GUARD_SNOOP))
		i++;
	return snoop_words[i];
}

static const char *const storm_words[XBR_STORM_KINDS] = {"broadcast", "multicast", "unknown"};

#define STORM_FRAMES_MAX 1000000000ull    /* a second */
#define STORM_BITS_MIN   1000ull          /* a second */
#define STORM_BITS_MAX   1000000000000ull /* a second */

/* "off" or "0", "1000", "1000pps", "10mbit": a bare number is frames. */
static int parse_storm(const char *kind, const char *text, uint64_t *ret_rate, bool *ret_bits,
		       struct xbr_error *error)
{
	uint64_t least, most;
	bool packets = true;
	int err;

	*ret_bits = false;
	*ret_rate = 0;
	if (!strcmp(text, "off"))
		return 0;
	err = rate_parse_packets(kind, text, ret_rate, &packets, error);
	if (err)
		return err;
	*ret_bits = !packets;
	least = packets ? 1 : STORM_BITS_MIN;
	most = packets ? STORM_FRAMES_MAX : STORM_BITS_MAX;
	if (!*ret_rate || (*ret_rate >= least && *ret_rate <= most))
		return 0;
	return xbr_refuse(error, -ERANGE,
			  "the rate %.40s is out of range: %" PRIu64 " to %" PRIu64 " %s, or off", text,
			  least, most, packets ? "frames a second" : "bits a second");
}

static void print_storm(const struct guard_settings *guard, int kind, char text[RATE_TEXT])
{
	if (guard->storm_rate[kind])
		rate_print(guard->storm_rate[kind], !(guard->storm_bits >> kind & 1), text);
	else
		snprintf(text, RATE_TEXT, "off");
}

/* ---- options of links ---- */

#define GUARD_MEMBER(word, name, flag) bool name;
struct guard_request {
	GUARD_SWITCHES(GUARD_MEMBER)
	bool secure;
	uint32_t snoop;
};

#define GUARD_FIELD(member) .offset = offsetof(struct guard_request, member)
#define GIVEN_SECURE        (1ull << 32)
#define GIVEN_SNOOP         (1ull << 33)
#define GUARD_ROW(word, name_, flag)                                                                         \
	{.name = #name_, .type = PARAM_BOOL, .given = (flag), GUARD_FIELD(name_)},
static const struct param guard_params[] = {
	GUARD_SWITCHES(GUARD_ROW){
		.name = "secure", .type = PARAM_BOOL, .given = GIVEN_SECURE, GUARD_FIELD(secure)},
	{.name = "snoop", .type = PARAM_ENUM, .words = snoop_words, .given = GIVEN_SNOOP, GUARD_FIELD(snoop)},
	{0},
};

/* `secure` first, then what is said beside it. */
#define GUARD_VALUE(word, name, flag)                                                                        \
	if (given & (flag))                                                                                  \
		flags = request.name ? flags | (flag) : flags & ~(uint32_t)(flag);
static int guards_patch(const json_t *guards, struct port_patch *patch, struct xbr_error *error)
{
	struct guard_request request = {0};
	uint64_t given = 0;
	uint32_t flags = 0;
	int err = guards ? params_read(guards, guard_params, &request, &given, error) : 0;

	if (err)
		return err;
	patch->guard_given |= (uint32_t)given & GUARD_SECURE;
	if (given & GIVEN_SECURE) {
		patch->guard_given |= GUARD_SECURE | GUARD_SNOOP;
		flags = request.secure ? GUARD_SECURE | XBR_GUARD_SNOOP_DHCP : 0;
	}
	if (given & GIVEN_SNOOP) {
		patch->guard_given |= GUARD_SNOOP;
		flags = (flags & ~GUARD_SNOOP) | snoop_flags[request.snoop];
	}
	GUARD_SWITCHES(GUARD_VALUE)
	patch->to.guard.flags |= flags;
	return 0;
}

struct storm_request {
	const char *rate[XBR_STORM_KINDS];
};
#define STORM_FIELD(member) .offset = offsetof(struct storm_request, member)
#define STORM_ROW(name_, kind)                                                                               \
	{                                                                                                    \
		.name = name_, .type = PARAM_STRING, .min = 1, STORM_FIELD(rate[kind])                       \
	}
static const struct param storm_params[] = {
	STORM_ROW("broadcast", XBR_STORM_BROADCAST),
	STORM_ROW("multicast", XBR_STORM_MULTICAST),
	STORM_ROW("unknown", XBR_STORM_UNKNOWN),
	{0},
};

static int storms_patch(const json_t *storms, struct port_patch *patch, struct xbr_error *error)
{
	struct storm_request request = {0};
	uint64_t given = 0;
	int err = storms ? params_read(storms, storm_params, &request, &given, error) : 0;

	for (int kind = 0; !err && kind < XBR_STORM_KINDS; kind++) {
		bool bits = false;

		if (!request.rate[kind])
			continue;
		err = parse_storm(storm_words[kind], request.rate[kind], &patch->to.guard.storm_rate[kind],
				  &bits, error);
		patch->given |= (uint32_t)PORT_GIVEN_STORM << kind;
		patch->to.guard.storm_bits |= (uint8_t)(bits << kind);
	}
	return err;
}

int link_guard_patch(const struct link_guard_request *request, uint64_t given, struct port_patch *patch,
		     struct xbr_error *error)
{
	struct guard_settings *guard = &patch->to.guard;
	int err = 0;

	if (given & LINK_GUARD_LOCKED)
		patch->guard_given |= XBR_GUARD_LOCKED;
	if (given & LINK_GUARD_MAB)
		patch->guard_given |= XBR_GUARD_MAB;
	guard->flags = (request->locked ? XBR_GUARD_LOCKED : 0u) | (request->mab ? XBR_GUARD_MAB : 0u);
	guard->limit_action = (uint8_t)request->limit_action;
	guard->move_rate = request->move_rate;
	guard->recovery_cs = request->recovery;
	if (patch->given & PORT_GIVEN_TRANSPARENT)
		err = parse_transparent(request->transparent, &guard->transparent, error);
	if (!err)
		err = guards_patch(request->guard, patch, error);
	if (!err)
		err = storms_patch(request->storm_control, patch, error);
	if (err || !(patch->given & PORT_GIVEN_COMMUNITY))
		return err;
	if (patch->flags_given & XBR_PORT_ISOLATED)
		return xbr_refuse(error, -EINVAL, "isolated and isolation say the same: give one of them");
	return parse_isolation(request->isolation, patch, error);
}

/* ---- guard set, storm_control set: the same as options of links ---- */

/* The port's name, and the other parameters: *ret_rest is a new object. */
static int take_dev(const json_t *params, const char **ret_dev, json_t **ret_rest, struct xbr_error *error)
{
	const char *dev = json_string_value(json_object_get(params, "dev"));

	if (!dev || !*dev)
		return xbr_refuse(error, -EINVAL, "dev is missing, or no name");
	*ret_rest = json_copy((json_t *)(uintptr_t)params); /* shallow: nothing of params changes */
	*ret_dev = dev;
	return json_object_del(*ret_rest, "dev") ? xbr_refuse(error, -ENOMEM, "out of memory") : 0;
}

static int set_by(int (*patch_of)(const json_t *, struct port_patch *, struct xbr_error *),
		  const json_t *params, struct want *want, struct xbr_error *error)
{
	struct port_patch patch = {0};
	json_t *rest = NULL;
	const char *dev = NULL;
	int err = take_dev(params, &dev, &rest, error);

	if (!err)
		err = patch_of(rest, &patch, error);
	json_decref(rest);
	return err ? err : want_link_set(want, dev, &patch, error);
}

int command_guard_set(const json_t *params, struct want *want, struct xbr_error *error)
{
	return set_by(guards_patch, params, want, error);
}

int command_storm_control_set(const json_t *params, struct want *want, struct xbr_error *error)
{
	return set_by(storms_patch, params, want, error);
}

/* ---- allowances ---- */

struct allow_request {
	const char *dev, *ip;
	uint8_t mac[6];
	uint32_t vlan;
};
#define ALLOW_FIELD(member) .offset = offsetof(struct allow_request, member)
static const struct param allow_params[] = {
	{.name = "dev", .type = PARAM_STRING, .required = true, .min = 1, ALLOW_FIELD(dev)},
	{.name = "mac", .type = PARAM_MAC, ALLOW_FIELD(mac)},
	{.name = "ip", .type = PARAM_STRING, .min = 1, ALLOW_FIELD(ip)},
	{.name = "vlan", .type = PARAM_U32, .min = 1, .max = 4094, ALLOW_FIELD(vlan)},
	{0},
};

static int allow_read(const json_t *params, struct allowance *ret_what, const char **ret_dev,
		      struct xbr_error *error)
{
	struct allow_request request = {0};
	uint64_t given = 0;
	int err = params_read(params, allow_params, &request, &given, error);

	if (err)
		return err;
	memset(ret_what, 0, sizeof(*ret_what));
	ret_what->mac = fdb_mac_of(request.mac);
	ret_what->vlan = (uint16_t)request.vlan;
	*ret_dev = request.dev;
	if (request.ip)
		err = allowance_parse_ip(request.ip, ret_what, error);
	return err ? err : allowance_check(ret_what, error);
}

int command_guard_allow(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct allowance what;
	const char *dev;
	int err = allow_read(params, &what, &dev, error);

	return err ? err : want_allow(want, dev, &what, error);
}

static int find(const struct model *model, const char *dev, struct port **ret_port, struct xbr_error *error)
{
	*ret_port = model_port(model, dev);
	return *ret_port ? 0 : xbr_refuse(error, -ENODEV, "%s is not a port of any bridge of xbr", dev);
}

/* It has something to save now. */
static void becomes_users(struct model *model, struct port *port)
{
	if (port->origin == XBR_ORIGIN_ADOPTED)
		port_set_origin(model, port, XBR_ORIGIN_USER);
}

int guard_allow_now(struct model *model, const json_t *params, struct xbr_error *error)
{
	struct allowance what;
	struct port *port;
	const char *dev;
	int err = allow_read(params, &what, &dev, error);

	if (!err)
		err = find(model, dev, &port, error);
	if (!err)
		err = guard_allow(model, port, &what, XBR_ALLOWED_GIVEN, 0, error);
	if (!err)
		becomes_users(model, port);
	return err;
}

int guard_del_now(struct model *model, const json_t *params, struct xbr_error *error)
{
	struct allowance what;
	struct port *port;
	const char *dev;
	int err = allow_read(params, &what, &dev, error);

	if (!err)
		err = find(model, dev, &port, error);
	return err ? err : guard_disallow(model, port, &what, error);
}

int guard_recover_now(struct model *model, const json_t *params, struct xbr_error *error)
{
	static const struct param table[] = {
		{.name = "dev", .type = PARAM_STRING, .required = true, .min = 1, ALLOW_FIELD(dev)}, {0}};
	struct allow_request request = {0};
	struct port *port;
	uint64_t given = 0;
	int err = params_read(params, table, &request, &given, error);

	if (!err)
		err = find(model, request.dev, &port, error);
	if (err)
		return err;
	if (!guard_shut_by(model, port))
		return xbr_refuse(error, -ENOENT, "%s is not err-disabled", port->name);
	guard_recover(model, port);
	return 0;
}

/* ---- showing ---- */

static const char *const source_words[] = {
	[XBR_ALLOWED_GIVEN] = "given", [XBR_ALLOWED_DHCP] = "dhcp", [XBR_ALLOWED_ND] = "nd"};

static json_t *show_allowance(const struct port *port, const struct port_allowance *entry)
{
	char mac[18], ip[ALLOWANCE_IP_TEXT];
	json_t *object;

	mac_to_text(entry->what.mac, mac);
	allowance_print_ip(&entry->what, ip);
	object = json_pack("{ss ss? ss? ss}", "ifname", port->name, "mac", entry->what.mac ? mac : NULL, "ip",
			   entry->what.family ? ip : NULL, "source", source_words[entry->source]);
	if (object && entry->what.vlan)
		json_object_set_new(object, "vlan", json_integer(entry->what.vlan));
	if (object && entry->until_ns)
		json_object_set_new(object, "expires",
				    json_integer((json_int_t)guard_seconds_left(entry->until_ns)));
	return object;
}

static void append_allowances(json_t *list, const struct port *port)
{
	for (const struct port_allowance *each = port->allowances; each; each = each->next)
		json_array_append_new(list, show_allowance(port, each));
}

int guard_show(struct model *model, const json_t *params, json_t **ret_list, struct xbr_error *error)
{
	static const struct param optional[] = {{.name = "dev", .type = PARAM_STRING, ALLOW_FIELD(dev)}, {0}};
	struct allow_request request = {0};
	struct port *port = NULL, *next;
	uint64_t given = 0;
	json_t *list;
	int err;

	err = params_read(params, optional, &request, &given, error);
	if (!err && request.dev)
		err = find(model, request.dev, &port, error);
	if (err)
		return err;
	list = json_array();
	if (port)
		append_allowances(list, port);
	else
		port_foreach (model, port, next)
			append_allowances(list, port);
	*ret_list = list;
	return 0;
}

static json_t *show_switches(uint32_t flags)
{
	json_t *list = json_array();

	for (const struct guard_switch *w = guard_switches; w->word; w++)
		if (flags & w->flag)
			json_array_append_new(list, json_string(w->word));
	return list;
}

static json_t *show_storm(const struct guard_settings *guard)
{
	json_t *object = json_object();
	char text[RATE_TEXT];

	for (int kind = 0; kind < XBR_STORM_KINDS; kind++) {
		print_storm(guard, kind, text);
		json_object_set_new(object, storm_words[kind], json_string(text));
	}
	return object;
}

static json_t *show_seconds_ago(uint64_t at_ns)
{
	uint64_t now = guard_now_ns();

	return json_integer((json_int_t)(now > at_ns ? (now - at_ns) / 1000000000u : 0));
}

static json_t *show_port_name(const struct model *model, uint32_t number)
{
	const struct port *port = number < model->dp->max_ports ? model->by_number[number] : NULL;

	return port ? json_string(port->name) : json_null();
}

static json_t *show_mac_of(uint64_t key)
{
	char mac[18];

	mac_to_text(fdb_key_mac(key), mac);
	return json_string(mac);
}

/* What the datapath noted; keys only where there is something. */
static void show_watched(json_t *object, const struct model *model, const struct port *port)
{
	const struct xbr_guard_live *live = &model->dp->guard_live[port->number];
	const char *shut = guard_shut_word(guard_shut_by(model, port));

	if (shut)
		json_object_set_new(object, "err_disabled", json_string(shut));
	json_object_set_new(object, "moves", json_integer(live->moves));
	if (live->moves)
		json_object_set_new(object, "last_move",
				    json_pack("{so so so}", "mac", show_mac_of(live->moved_key), "from",
					      show_port_name(model, live->moved_from), "seconds_ago",
					      show_seconds_ago(live->moved_at_ns)));
	if (live->own_seen)
		json_object_set_new(object, "suspected_loop",
				    json_pack("{so so sI so}", "mac", show_mac_of(live->own_key), "with",
					      show_port_name(model, live->own_port), "frames",
					      (json_int_t)live->own_seen, "seconds_ago",
					      show_seconds_ago(live->own_at_ns)));
}

void show_link_guard(json_t *object, struct model *model, const struct port *port)
{
	const struct guard_settings *guard = &port->settings.guard;
	char text[96];

	show_watched(object, model, port);
	json_object_set_new(object, "locked", json_boolean(guard->flags & XBR_GUARD_LOCKED));
	json_object_set_new(object, "mab", json_boolean(guard->flags & XBR_GUARD_MAB));
	json_object_set_new(object, "isolation", json_string(isolation_text(&port->settings, text)));
	json_object_set_new(object, "guards", show_switches(guard->flags));
	json_object_set_new(object, "secure", json_boolean((guard->flags & GUARD_SECURE) == GUARD_SECURE));
	json_object_set_new(object, "snoop", json_string(snoop_word(guard->flags)));
	json_object_set_new(object, "fdb_max_learned_action",
			    json_string(limit_action_words[guard->limit_action]));
	json_object_set_new(object, "fdb_move_rate", json_integer(guard->move_rate));
	json_object_set_new(object, "recovery", json_integer(guard->recovery_cs));
	print_transparent(guard->transparent, text, sizeof(text));
	json_object_set_new(object, "transparent", json_string(text));
	json_object_set_new(object, "storm_control", show_storm(guard));
}

/* ---- saving ---- */

void line_add_guard(struct line *line, const struct port_settings *settings)
{
	const struct guard_settings *guard = &settings->guard;
	char text[96];

	if (settings->community)
		line_add(line, " isolation community %u", settings->community);
	if (guard->flags & XBR_GUARD_LOCKED)
		line_add(line, " locked on");
	if (guard->flags & XBR_GUARD_MAB)
		line_add(line, " mab on");
	if (guard->limit_action != LIMIT_FLOOD)
		line_add(line, " fdb_max_learned_action %s", limit_action_words[guard->limit_action]);
	if (guard->move_rate)
		line_add(line, " fdb_move_rate %u", guard->move_rate);
	if (guard->recovery_cs)
		line_add(line, " recovery %u", guard->recovery_cs);
	print_transparent(guard->transparent, text, sizeof(text));
	if (guard->transparent)
		line_add(line, " transparent %s", text);
}

static void line_add_storms(struct line *line, const struct guard_settings *guard)
{
	char text[RATE_TEXT];

	for (int kind = 0; kind < XBR_STORM_KINDS; kind++) {
		if (!guard->storm_rate[kind])
			continue;
		print_storm(guard, kind, text);
		line_add(line, " storm_control %s %s", storm_words[kind], text);
	}
}

static void save_guards_of(json_t *lines, const struct port *port)
{
	const struct guard_settings *guard = &port->settings.guard;
	struct line line = {0};
	size_t bare;

	line_add(&line, "link set");
	line_add_name(&line, "dev", port->name);
	bare = line.used;
	for (const struct guard_switch *w = guard_switches; w->word; w++)
		if (guard->flags & w->flag)
			line_add(&line, " guard %s on", w->word);
	if (guard->flags & GUARD_SNOOP)
		line_add(&line, " snoop %s", snoop_word(guard->flags));
	line_add_storms(&line, guard);
	if (line.used != bare)
		line_append(&line, lines);
}

json_t *save_guards(struct model *model)
{
	json_t *part = json_array();
	struct port *port, *next;

	port_foreach (model, port, next)
		if (port->origin == XBR_ORIGIN_USER)
			save_guards_of(part, port);
	return part;
}

static void save_allowance(json_t *lines, const struct port *port, const struct allowance *what)
{
	char mac[18], ip[ALLOWANCE_IP_TEXT];
	struct line line = {0};

	mac_to_text(what->mac, mac);
	allowance_print_ip(what, ip);
	line_add(&line, "guard allow");
	line_add_name(&line, "dev", port->name);
	if (what->mac)
		line_add(&line, " mac %s", mac);
	if (what->family)
		line_add(&line, " ip %s", ip);
	if (what->vlan)
		line_add(&line, " vlan %u", what->vlan);
	json_array_append_new(lines, json_string(line.text));
}

json_t *save_allowances(struct model *model)
{
	json_t *part = json_array();
	struct port *port, *next;

	port_foreach (model, port, next)
		for (const struct port_allowance *each = port->allowances; each; each = each->next)
			if (each->source == XBR_ALLOWED_GIVEN)
				save_allowance(part, port, &each->what);
	return part;
}
