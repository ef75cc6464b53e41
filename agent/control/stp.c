// SPDX-License-Identifier: Apache-2.0
#include "control/stp.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "control/params.h"
#include "model/guard.h"

/* ---- options ---- */

struct bridge_options {
	uint32_t state, version, priority, hello_time, max_age, forward_delay, tx_hold_count;
};

#define BRIDGE_OPTION(name_, member, min_, max_, bit)                                                        \
	{                                                                                                    \
		.name = name_, .type = PARAM_U32, .min = (min_), .max = (max_), .given = (bit),              \
		.offset = offsetof(struct bridge_options, member)                                            \
	}
static const struct param bridge_options[] = {
	BRIDGE_OPTION("stp_state", state, 0, 1, STP_GIVEN_STATE),
	{.name = "stp_version",
	 .type = PARAM_ENUM,
	 .words = stp_version_words,
	 .given = STP_GIVEN_VERSION,
	 .offset = offsetof(struct bridge_options, version)},
	BRIDGE_OPTION("priority", priority, 0, UINT16_MAX, STP_GIVEN_BRIDGE_PRIORITY),
	BRIDGE_OPTION("hello_time", hello_time, 100, 1000, STP_GIVEN_HELLO_TIME),
	BRIDGE_OPTION("max_age", max_age, 600, 4000, STP_GIVEN_MAX_AGE),
	BRIDGE_OPTION("forward_delay", forward_delay, 200, 3000, STP_GIVEN_FORWARD_DELAY),
	BRIDGE_OPTION("tx_hold_count", tx_hold_count, 1, 10, STP_GIVEN_TX_HOLD_COUNT),
	{0},
};

#define SWITCH_MEMBER(name, flag, by_default) bool name;
struct link_options {
	uint32_t cost, priority, admin_edge, point_to_point;
	STP_SWITCHES(SWITCH_MEMBER)
};

#define LINK_FIELD(member) .offset = offsetof(struct link_options, member)
#define SWITCH_ROW(name_, flag, by_default)                                                                  \
	{.name = #name_, .type = PARAM_BOOL, .given = (flag), LINK_FIELD(name_)},
static const struct param link_options[] = {
	{.name = "cost", .type = PARAM_U32, .max = 200000000, .given = STP_GIVEN_COST, LINK_FIELD(cost)},
	{.name = "priority", .type = PARAM_U32, .max = 60, .given = STP_GIVEN_PRIORITY, LINK_FIELD(priority)},
	{.name = "admin_edge",
	 .type = PARAM_ENUM,
	 .words = stp_auto_words,
	 .given = STP_GIVEN_ADMIN_EDGE,
	 LINK_FIELD(admin_edge)},
	{.name = "point_to_point",
	 .type = PARAM_ENUM,
	 .words = stp_auto_words,
	 .given = STP_GIVEN_P2P,
	 LINK_FIELD(point_to_point)},
	STP_SWITCHES(SWITCH_ROW){0},
};

static bool is_in(const struct param *table, const char *name)
{
	for (const struct param *row = table; row->name; row++)
		if (!strcmp(row->name, name))
			return true;
	return false;
}

/* Parameters whose names a table has, and the others: both owned by the caller. */
static int split(const json_t *params, const struct param *table, json_t **ret_ours, json_t **ret_rest,
		 struct xbr_error *error)
{
	json_t *ours = json_object(), *rest = json_object(), *value;
	const char *key;
	bool ok = ours && rest;

	json_object_foreach ((json_t *)params, key, value)
		ok = ok && !json_object_set(is_in(table, key) ? ours : rest, key, value);
	if (!ok) {
		json_decref(ours);
		json_decref(rest);
		return xbr_refuse(error, -ENOMEM, "out of memory");
	}
	*ret_ours = ours;
	*ret_rest = rest;
	return 0;
}

/* On failure nothing is left to the caller. */
static int take(const json_t *params, const struct param *table, void *values, uint64_t *ret_given,
		json_t **ret_rest, struct xbr_error *error)
{
	json_t *ours = NULL, *rest = NULL;
	int err = split(params, table, &ours, &rest, error);

	if (err)
		return err;
	err = params_read(ours, table, values, ret_given, error);
	json_decref(ours);
	if (err)
		json_decref(rest);
	else
		*ret_rest = rest;
	return err;
}

int stp_take_bridge_options(const json_t *params, json_t **ret_rest, struct stp_bridge_patch *ret_patch,
			    struct xbr_error *error)
{
	struct bridge_options o = {0};
	uint64_t given = 0;
	int err = take(params, bridge_options, &o, &given, ret_rest, error);

	if (err)
		return err;
	*ret_patch = (struct stp_bridge_patch){
		.given = (uint32_t)given,
		.to = {.priority = (uint16_t)o.priority,
		       .hello_time_cs = (uint16_t)o.hello_time,
		       .max_age_cs = (uint16_t)o.max_age,
		       .forward_delay_cs = (uint16_t)o.forward_delay,
		       .state = (uint8_t)o.state,
		       .version = (uint8_t)o.version,
		       .tx_hold_count = (uint8_t)o.tx_hold_count},
	};
	return 0;
}

#define SWITCH_VALUE(name, flag, by_default) (o.name != (by_default) ? (flag) : 0u) |
int stp_take_link_options(const json_t *params, json_t **ret_rest, struct stp_port_patch *ret_patch,
			  struct xbr_error *error)
{
	struct link_options o = {0};
	uint64_t given = 0;
	json_t *rest = NULL;
	int err = take(params, link_options, &o, &given, &rest, error);

	if (err)
		return err;
	if (o.priority % 4) {
		json_decref(rest);
		return xbr_refuse(error, -EINVAL, "priority %u of a port is not a multiple of 4", o.priority);
	}
	*ret_rest = rest;
	*ret_patch = (struct stp_port_patch){
		.given = (uint32_t)given,
		.to = {.cost = o.cost,
		       .priority = (uint8_t)o.priority,
		       .admin_edge = (uint8_t)o.admin_edge,
		       .p2p = (uint8_t)o.point_to_point,
		       .flags = (uint8_t)(STP_SWITCHES(SWITCH_VALUE) 0u)},
	};
	return 0;
}

/* ---- saving ---- */

__attribute__((format(printf, 3, 4))) static void add(char *text, size_t size, const char *format, ...)
{
	size_t length = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + length, size - length, format, args);
	va_end(args);
}

void stp_save_bridge(const struct stp_bridge_settings *s, char *text, size_t size)
{
	const struct stp_bridge_settings *d = &bridge_settings_default.stp;

	text[0] = '\0';
	if (s->state != d->state)
		add(text, size, " stp_state %u", s->state);
	if (s->version != d->version)
		add(text, size, " stp_version %s", stp_version_words[s->version]);
	if (s->priority != d->priority)
		add(text, size, " priority %u", s->priority);
	if (s->hello_time_cs != d->hello_time_cs)
		add(text, size, " hello_time %u", s->hello_time_cs);
	if (s->max_age_cs != d->max_age_cs)
		add(text, size, " max_age %u", s->max_age_cs);
	if (s->forward_delay_cs != d->forward_delay_cs)
		add(text, size, " forward_delay %u", s->forward_delay_cs);
	if (s->tx_hold_count != d->tx_hold_count)
		add(text, size, " tx_hold_count %u", s->tx_hold_count);
}

static bool switch_is_on(const struct stp_switch *w, uint8_t flags)
{
	return w->by_default != ((flags & w->flag) != 0);
}

void stp_save_link(const struct stp_port_settings *s, char *text, size_t size)
{
	const struct stp_port_settings *d = &port_settings_default.stp;

	text[0] = '\0';
	if (s->cost != d->cost)
		add(text, size, " cost %u", s->cost);
	if (s->priority != d->priority)
		add(text, size, " priority %u", s->priority);
	for (const struct stp_switch *w = stp_switches; w->name; w++)
		if (s->flags & w->flag)
			add(text, size, " %s %s", w->name, switch_is_on(w, s->flags) ? "on" : "off");
	if (s->admin_edge != d->admin_edge)
		add(text, size, " admin_edge %s", stp_auto_words[s->admin_edge]);
	if (s->p2p != d->p2p)
		add(text, size, " point_to_point %s", stp_auto_words[s->p2p]);
}

/* ---- what bridge.show and link.show tell ---- */

json_t *stp_show_id(uint64_t id)
{
	return json_sprintf("%04x.%x:%x:%x:%x:%x:%x", (unsigned int)(id >> 48),
			    (unsigned int)(id >> 40 & 0xff), (unsigned int)(id >> 32 & 0xff),
			    (unsigned int)(id >> 24 & 0xff), (unsigned int)(id >> 16 & 0xff),
			    (unsigned int)(id >> 8 & 0xff), (unsigned int)(id & 0xff));
}

void stp_add_to_bridge(json_t *info_data, const struct bridge *bridge)
{
	const struct stp_bridge_settings *s = &bridge->settings.stp;
	struct stp_tree_view view;

	json_object_set_new(info_data, "stp_state", json_integer(s->state));
	json_object_set_new(info_data, "stp_version", json_string(stp_version_words[s->version]));
	json_object_set_new(info_data, "priority", json_integer(s->priority));
	json_object_set_new(info_data, "hello_time", json_integer(s->hello_time_cs));
	json_object_set_new(info_data, "max_age", json_integer(s->max_age_cs));
	json_object_set_new(info_data, "forward_delay", json_integer(s->forward_delay_cs));
	json_object_set_new(info_data, "tx_hold_count", json_integer(s->tx_hold_count));
	if (!bridge->stp || !stp_tree_view(bridge->stp, 0, &view))
		return;
	json_object_set_new(info_data, "bridge_id", stp_show_id(view.bridge_id));
	json_object_set_new(info_data, "root_id", stp_show_id(view.root));
	json_object_set_new(info_data, "root_port", json_integer(view.root_port));
	json_object_set_new(info_data, "root_path_cost", json_integer(view.external_cost));
	json_object_set_new(info_data, "topology_change", json_integer(view.topology_change));
}

void stp_add_to_link(json_t *object, const struct port *port)
{
	const struct stp_port_settings *s = &port->settings.stp;
	struct stp_tree_port_view view;
	uint32_t cost = s->cost;

	if (port->bridge->stp && stp_tree_port_view(port->bridge->stp, 0, (uint16_t)port->number, &view))
		cost = view.cost;
	json_object_set_new(object, "cost", json_integer(cost));
	json_object_set_new(object, "priority", json_integer(s->priority));
	for (const struct stp_switch *w = stp_switches; w->name; w++)
		json_object_set_new(object, w->name, json_boolean(switch_is_on(w, s->flags)));
	json_object_set_new(object, "guard", json_boolean(s->flags & STP_PORT_BPDU_GUARD));
	json_object_set_new(object, "admin_edge", json_string(stp_auto_words[s->admin_edge]));
	json_object_set_new(object, "point_to_point", json_string(stp_auto_words[s->p2p]));
}

/* ---- stp.show ---- */

const char *stp_port_name(const struct model *model, uint16_t number)
{
	const struct port *port = number && number < model->dp->max_ports ? model->by_number[number] : NULL;

	return port ? port->name : NULL;
}

static json_t *show_counters(const struct stp_counters *c)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{"rx_config", c->rx_config},
		{"rx_tcn", c->rx_tcn},
		{"rx_rst", c->rx_rst},
		{"rx_mst", c->rx_mst},
		{"rx_tc", c->rx_tc},
		{"rx_malformed", c->rx_malformed},
		{"rx_old", c->rx_old},
		{"rx_own", c->rx_own},
		{"rx_filtered", c->rx_filtered},
		{"rx_disabled", c->rx_disabled},
		{"tx_config", c->tx_config},
		{"tx_tcn", c->tx_tcn},
		{"tx_rst", c->tx_rst},
		{"tx_mst", c->tx_mst},
		{"tx_tc", c->tx_tc},
		{"forwarding", c->forwarding},
		{"guarded", c->guarded},
		{"disputed", c->disputed},
	};
	json_t *object = json_object();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		json_object_set_new(object, rows[i].name, json_integer((json_int_t)rows[i].value));
	return object;
}

static json_t *show_timers(const struct stp_tree_port_view *t)
{
	return json_pack("{sI sI sI sI sI}", "message_age", (json_int_t)t->age_ms, "forward_delay",
			 (json_int_t)t->forward_ms, "topology_change", (json_int_t)t->topology_change_ms,
			 "recent_root", (json_int_t)t->recent_root_ms, "recent_backup",
			 (json_int_t)t->recent_backup_ms);
}

/* Why a port does not do what its role would let it, or "". */
static const char *held_by(const struct model *model, const struct port *port,
			   const struct stp_port_view *view)
{
	if (view->guard || guard_shut_by(model, port) == XBR_SHUT_BPDU_GUARD)
		return "bpdu_guard";
	if (view->loop)
		return "loop_guard";
	return view->assurance ? "bridge_assurance" : "";
}

static json_t *show_port(const struct model *model, const struct port *port)
{
	struct stp_tree_port_view t;
	struct stp_port_view v;
	json_t *object;

	if (!stp_port_view(port->bridge->stp, (uint16_t)port->number, &v) ||
	    !stp_tree_port_view(port->bridge->stp, 0, (uint16_t)port->number, &t))
		return NULL;
	object = json_pack("{ss ss ss so sI sb sb sb ss}", "ifname", port->name, "role",
			   stp_role_words[t.role], "state", stp_state_words[t.state], "port_id",
			   json_sprintf("%#06x", t.port_id), "cost", (json_int_t)t.cost, "oper_edge",
			   v.oper_edge, "oper_point_to_point", v.point_to_point, "rstp_neighbour",
			   v.send_rstp, "held_by", held_by(model, port, &v));
	json_object_set_new(object, "designated_root", stp_show_id(t.designated_root));
	json_object_set_new(object, "designated_bridge", stp_show_id(t.designated_bridge));
	json_object_set_new(object, "designated_port", json_sprintf("%#06x", t.designated_port));
	json_object_set_new(object, "designated_cost", json_integer(t.designated_cost));
	json_object_set_new(object, "disputed", json_boolean(t.disputed));
	json_object_set_new(object, "timers_ms", show_timers(&t));
	json_object_set_new(object, "counters", show_counters(&v.counters));
	return object;
}

/* The last change first; seconds ago. */
static json_t *show_history(const struct model *model, const struct bridge *bridge)
{
	uint64_t now = stp_now();
	json_t *list = json_array();

	for (unsigned int i = 0; i < stp_history_length(bridge->stp); i++) {
		struct stp_change c = stp_history_get(bridge->stp, i);
		json_t *change = json_pack(
			"{sf ss? si ss ss ss ss ss ss?}", "ago", (double)(now - c.at) / 1000, "ifname",
			stp_port_name(model, c.port), "msti", (int)c.mstid, "role_before",
			stp_role_words[c.role_before], "role", stp_role_words[c.role], "state_before",
			stp_state_words[c.state_before], "state", stp_state_words[c.state], "cause",
			stp_cause_words[c.cause], "cause_ifname", stp_port_name(model, c.cause_port));

		if (c.cause_from)
			json_object_set_new(change, "cause_bridge", stp_show_id(c.cause_from));
		json_array_append_new(list, change);
	}
	return list;
}

static void add_change(json_t *object, const struct model *model, const struct stp_tree_view *view)
{
	json_object_set_new(object, "topology_changes", json_integer((json_int_t)view->changes));
	if (!view->changes)
		return;
	json_object_set_new(object, "topology_change_ago",
			    json_real((double)(stp_now() - view->changed_at) / 1000));
	json_object_set_new(object, "topology_change_port",
			    json_string(stp_port_name(model, view->changed_by) ?: ""));
	if (view->changed_from)
		json_object_set_new(object, "topology_change_bridge", stp_show_id(view->changed_from));
}

static json_t *show_bridge(struct model *model, const struct bridge *bridge, const struct port *only)
{
	struct stp_tree_view view;
	json_t *ports = json_array(), *object, *shown;
	struct port *port, *next;

	stp_tree_view(bridge->stp, 0, &view);
	object = json_pack(
		"{ss ss so so ss? sI sI sI sI sb}", "ifname", bridge->name, "stp_version",
		stp_version_words[bridge->settings.stp.version], "bridge_id", stp_show_id(view.bridge_id),
		"root_id", stp_show_id(view.root), "root_port", stp_port_name(model, view.root_port),
		"root_path_cost", (json_int_t)view.external_cost, "hello_time",
		(json_int_t)view.hello_time * 100 / 256, "max_age", (json_int_t)view.max_age * 100 / 256,
		"forward_delay", (json_int_t)view.forward_delay * 100 / 256, "topology_change",
		view.topology_change);
	add_change(object, model, &view);
	port_foreach (model, port, next) {
		shown = port->bridge == bridge && (!only || only == port) ? show_port(model, port) : NULL;
		if (shown)
			json_array_append_new(ports, shown);
	}
	json_object_set_new(object, "ports", ports);
	json_object_set_new(object, "history", show_history(model, bridge));
	return object;
}

struct dev_request {
	const char *dev;
};
static const struct param dev_params[] = {
	{.name = "dev", .type = PARAM_STRING, .offset = offsetof(struct dev_request, dev)},
	{0},
};

static const struct param mcheck_params[] = {
	{.name = "dev", .type = PARAM_STRING, .required = true, .offset = offsetof(struct dev_request, dev)},
	{0},
};

/* dev: a bridge, a port, or NULL. */
static int find(struct model *model, const char *dev, struct bridge **ret_bridge, struct port **ret_port,
		struct xbr_error *error)
{
	*ret_port = dev ? model_port(model, dev) : NULL;
	*ret_bridge = *ret_port ? (*ret_port)->bridge : dev ? model_bridge(model, dev) : NULL;
	if (dev && !*ret_bridge)
		return xbr_refuse(error, -ENODEV, "%s is not a bridge or port of xbr", dev);
	if (*ret_bridge && !(*ret_bridge)->stp)
		return xbr_refuse(error, -EOPNOTSUPP,
				  "spanning tree is off on %s (xbr bridge set %s stp_state 1)",
				  (*ret_bridge)->name, (*ret_bridge)->name);
	return 0;
}

void handle_stp_show(void *user, struct server_client *client, const json_t *params,
		     struct server_reply *reply)
{
	struct agent *agent = user;
	struct dev_request request = {0};
	struct bridge *only, *bridge, *next;
	struct xbr_error error;
	struct port *port;
	uint64_t given = 0;

	(void)client;
	if (params_read(params, dev_params, &request, &given, &error) ||
	    find(agent->model, request.dev, &only, &port, &error)) {
		server_refuse(reply, &error);
		return;
	}
	reply->result = json_array();
	bridge_foreach (agent->model, bridge, next)
		if (bridge->stp && (!only || only == bridge))
			json_array_append_new(reply->result, show_bridge(agent->model, bridge, port));
}

void handle_stp_mcheck(void *user, struct server_client *client, const json_t *params,
		       struct server_reply *reply)
{
	struct agent *agent = user;
	struct dev_request request = {0};
	struct xbr_error error;
	struct bridge *bridge;
	struct port *port;
	uint64_t given = 0;
	int err;

	(void)client;
	err = params_read(params, mcheck_params, &request, &given, &error);
	if (!err)
		err = find(agent->model, request.dev, &bridge, &port, &error);
	if (!err && (!port || !stp_port_mcheck(agent->model, port)))
		err = xbr_refuse(&error, -ENODEV, "%s is not a port of any bridge of xbr", request.dev);
	if (err)
		server_refuse(reply, &error);
}
