// SPDX-License-Identifier: Apache-2.0
#include "control/api.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/acl.h"
#include "control/commands.h"
#include "control/conn.h"
#include "control/guard.h"
#include "control/load.h"
#include "control/meter.h"
#include "control/mst.h"
#include "control/offload.h"
#include "control/params.h"
#include "control/punt.h"
#include "control/show.h"
#include "control/stp.h"
#include "control/transaction.h"
#include "control/vlan.h"
#include "control/words.h"
#include "datapath/features.h"

#define FDB_SHOW_LIMIT 4096 /* entries of one answer where the request names no limit */
#define FDB_SHOW_MAX   65536

/* ---- answers ---- */

static void refuse(struct server_reply *reply, const struct xbr_error *error)
{
	reply->code = SERVER_REFUSED;
	snprintf(reply->message, sizeof(reply->message), "%s", error->message);
}

/* at: where the refused command stands, or NULL. */
static void refuse_at(struct server_reply *reply, const struct xbr_error *error, const char *at)
{
	refuse(reply, error);
	if (at)
		reply->data = json_pack("{ss}", "at", at);
}

static void invalid(struct server_reply *reply, const struct xbr_error *error)
{
	reply->code = SERVER_INVALID_PARAMS;
	snprintf(reply->message, sizeof(reply->message), "%s", error->message);
}

/* Reads parameters; answers and returns false where they are wrong. */
static bool read_params(const json_t *params, const struct param *table, void *ret_struct,
			uint64_t *ret_given, struct server_reply *reply)
{
	struct xbr_error error;

	*ret_given = 0;
	if (!params_read(params, table, ret_struct, ret_given, &error))
		return true;
	invalid(reply, &error);
	return false;
}

static bool no_params(const json_t *params, struct server_reply *reply)
{
	static const struct param none[] = {{0}};
	uint64_t given;

	return read_params(params, none, NULL, &given, reply);
}

/* ---- what there is ---- */

static void handle_version(void *user, struct server_client *client, const json_t *params,
			   struct server_reply *reply)
{
	struct agent *agent = user;

	(void)client;
	if (no_params(params, reply))
		reply->result = json_pack("{ss si si si ss ss? so}", "version", XBR_VERSION, "api",
					  XBR_API_VERSION, "abi", XBR_ABI_VERSION, "pid", (int)getpid(),
					  "pin_dir", agent->pin_dir, "config", agent->config_path, "features",
					  show_features(datapath_features(agent->dp)));
}

static void handle_reasons(void *user, struct server_client *client, const json_t *params,
			   struct server_reply *reply)
{
	(void)user;
	(void)client;
	if (no_params(params, reply))
		reply->result = show_reasons();
}

struct name_request {
	const char *bridge, *dev, *master;
};
#define NAME_FIELD(member)                                                                                   \
	{                                                                                                    \
		.name = #member, .type = PARAM_STRING, .offset = offsetof(struct name_request, member)       \
	}

static bool find_bridge(const struct agent *agent, const char *name, struct bridge **ret_bridge,
			struct server_reply *reply)
{
	struct xbr_error error;

	*ret_bridge = model_bridge(agent->model, name);
	if (*ret_bridge)
		return true;
	xbr_refuse(&error, -ENODEV, "%s is not a bridge of xbr", name);
	refuse(reply, &error);
	return false;
}

static bool find_port(const struct agent *agent, const char *name, struct port **ret_port,
		      struct server_reply *reply)
{
	struct bridge *bridge = model_bridge(agent->model, name);
	struct xbr_error error;

	*ret_port = bridge ? bridge->local : model_port(agent->model, name);
	if (*ret_port)
		return true;
	xbr_refuse(&error, -ENODEV, "%s is not a port of any bridge of xbr", name);
	refuse(reply, &error);
	return false;
}

static void handle_bridge_show(void *user, struct server_client *client, const json_t *params,
			       struct server_reply *reply)
{
	static const struct param table[] = {NAME_FIELD(bridge), {0}};
	struct agent *agent = user;
	struct name_request request = {0};
	struct bridge *bridge = NULL, *next;
	json_t *list;
	uint64_t given;
	uint32_t used;

	(void)client;
	if (!read_params(params, table, &request, &given, reply) ||
	    (request.bridge && !find_bridge(agent, request.bridge, &bridge, reply)))
		return;
	used = fdb_used(agent->model);
	list = json_array();
	if (bridge)
		json_array_append_new(list, show_bridge(agent->model, bridge, used));
	else
		bridge_foreach (agent->model, bridge, next)
			json_array_append_new(list, show_bridge(agent->model, bridge, used));
	reply->result = list;
}

static void handle_link_show(void *user, struct server_client *client, const json_t *params,
			     struct server_reply *reply)
{
	static const struct param table[] = {NAME_FIELD(dev), NAME_FIELD(master), {0}};
	struct agent *agent = user;
	struct name_request request = {0};
	struct bridge *bridge = NULL;
	struct port *port = NULL, *next;
	json_t *list;
	uint64_t given;

	(void)client;
	if (!read_params(params, table, &request, &given, reply) ||
	    (request.master && !find_bridge(agent, request.master, &bridge, reply)) ||
	    (request.dev && !find_port(agent, request.dev, &port, reply)))
		return;
	list = json_array();
	if (port)
		json_array_append_new(list, show_link(agent->model, port));
	else
		port_foreach (agent->model, port, next)
			if (!bridge || port->bridge == bridge)
				json_array_append_new(list, show_link(agent->model, port));
	reply->result = list;
}

static void append_stats(json_t *list, struct model *model, const struct port *port)
{
	json_t *stats = show_stats(model, port);

	if (stats)
		json_array_append_new(list, stats);
}

static bool has_stray_frames(struct model *model)
{
	struct xbr_counters c;

	return !datapath_counters_read(model->dp, XBR_PORT_NONE, &c) && c.rx_frames;
}

static void handle_stats_show(void *user, struct server_client *client, const json_t *params,
			      struct server_reply *reply)
{
	static const struct param table[] = {NAME_FIELD(dev), {0}};
	struct agent *agent = user;
	struct name_request request = {0};
	struct bridge *bridge, *next_bridge;
	struct port *port = NULL, *next;
	json_t *list;
	uint64_t given;

	(void)client;
	if (!read_params(params, table, &request, &given, reply))
		return;
	if (request.dev)
		port = model_trunk(agent->model, request.dev);
	if (request.dev && !port && !find_port(agent, request.dev, &port, reply))
		return;
	reply->result = list = json_array();
	if (port) {
		append_stats(list, agent->model, port);
		return;
	}
	if (has_stray_frames(agent->model))
		append_stats(list, agent->model, NULL);
	bridge_foreach (agent->model, bridge, next_bridge)
		append_stats(list, agent->model, bridge->local);
	port_foreach (agent->model, port, next)
		append_stats(list, agent->model, port);
	trunk_foreach (agent->model, port, next)
		append_stats(list, agent->model, port);
}

/* ---- changes of the configuration ---- */

static void run_transaction(struct agent *agent, struct want *want, unsigned int flags,
			    struct server_reply *reply)
{
	struct xbr_error error;
	const char *at;
	uint32_t steps;

	if (transaction_run(agent->model, want, flags, &steps, &at, &error))
		refuse_at(reply, &error, at);
	else
		reply->result = json_pack("{si}", "changed", (int)steps);
}

static void answer_command_error(const struct xbr_error *error, struct server_reply *reply)
{
	if (error->code == -EINVAL || error->code == -ERANGE)
		invalid(reply, error);
	else
		refuse(reply, error);
}

static void change(struct agent *agent, const char *method, const json_t *params, struct server_reply *reply)
{
	struct want *want = transaction_snapshot(agent->model, false);
	struct xbr_error error;

	if (!want) {
		xbr_refuse(&error, -ENOMEM, "out of memory");
		refuse(reply, &error);
		return;
	}
	if (command_on_devices(agent->model, method, params, want, &error))
		answer_command_error(&error, reply);
	else
		run_transaction(agent, want, 0, reply);
	if (!reply->code) {
		json_decref(reply->result);
		reply->result = NULL;
	}
	want_free(want);
}

#define CHANGE_HANDLER(name, method)                                                                         \
	static void name(void *user, struct server_client *client, const json_t *params,                     \
			 struct server_reply *reply)                                                         \
	{                                                                                                    \
		(void)client;                                                                                \
		change(user, method, params, reply);                                                         \
	}
CHANGE_HANDLER(handle_bridge_add, "bridge.add")
CHANGE_HANDLER(handle_bridge_set, "bridge.set")
CHANGE_HANDLER(handle_bridge_del, "bridge.del")
CHANGE_HANDLER(handle_link_add, "link.add")

/* mcheck is no setting but something to be done, after what is set with it. */
static void handle_link_set(void *user, struct server_client *client, const json_t *params,
			    struct server_reply *reply)
{
	json_t *rest = json_copy((json_t *)(uintptr_t)params), *what;
	bool mcheck = json_is_true(json_object_get(rest, "mcheck"));

	if (mcheck)
		json_object_del(rest, "mcheck");
	if (!mcheck || json_object_size(rest) != 1)
		change(user, "link.set", rest, reply);
	if (mcheck && !reply->code) {
		what = json_pack("{sO?}", "dev", json_object_get(rest, "dev"));
		handle_stp_mcheck(user, client, what, reply);
		json_decref(what);
	}
	json_decref(rest);
}

CHANGE_HANDLER(handle_link_del, "link.del")
CHANGE_HANDLER(handle_punt_set, "punt.set")
CHANGE_HANDLER(handle_guard_set, "guard.set")
CHANGE_HANDLER(handle_storm_control_set, "storm_control.set")
CHANGE_HANDLER(handle_vlan_add, "vlan.add")
CHANGE_HANDLER(handle_vlan_set, "vlan.set")
CHANGE_HANDLER(handle_vlan_del, "vlan.del")
CHANGE_HANDLER(handle_vlanmap_add, "vlanmap.add")
CHANGE_HANDLER(handle_vlanmap_del, "vlanmap.del")
CHANGE_HANDLER(handle_offload_set, "offload.set")
CHANGE_HANDLER(handle_offload_unset, "offload.unset")
CHANGE_HANDLER(handle_vf_set, "vf.set")
CHANGE_HANDLER(handle_vf_unset, "vf.unset")
CHANGE_HANDLER(handle_mst_add, "mst.add")
CHANGE_HANDLER(handle_mst_set, "mst.set")
CHANGE_HANDLER(handle_mst_del, "mst.del")
CHANGE_HANDLER(handle_meter_add, "meter.add")
CHANGE_HANDLER(handle_meter_set, "meter.set")
CHANGE_HANDLER(handle_meter_del, "meter.del")
CHANGE_HANDLER(handle_meter_bind, "meter.bind")
CHANGE_HANDLER(handle_meter_unbind, "meter.unbind")

/* ---- apply, confirm, save ---- */

static void forget_unconfirmed(struct agent *agent)
{
	want_free(agent->unconfirmed);
	agent->unconfirmed = NULL;
	agent->confirm_timer = sd_event_source_unref(agent->confirm_timer);
}

static int on_unconfirmed(sd_event_source *source, uint64_t usec, void *user)
{
	struct agent *agent = user;
	struct xbr_error error;
	const char *at;
	uint32_t steps;

	(void)source;
	(void)usec;
	model_log(agent->model, "the applied configuration was not confirmed: going back to the former one");
	if (transaction_run(agent->model, agent->unconfirmed, TRANSACTION_MAY_WAIT, &steps, &at, &error))
		model_log(agent->model, "cannot go back: %s", error.message);
	forget_unconfirmed(agent);
	return 0;
}

/* Takes before over. A later unconfirmed `apply` still goes back to where the first began. */
static void wait_for_confirm(struct agent *agent, struct want *before, uint32_t seconds)
{
	if (agent->unconfirmed) {
		want_free(before);
		before = agent->unconfirmed;
		agent->unconfirmed = NULL;
		forget_unconfirmed(agent);
	}
	agent->unconfirmed = before;
	if (sd_event_add_time_relative(agent->event, &agent->confirm_timer, CLOCK_MONOTONIC,
				       seconds * 1000000ull, 0, on_unconfirmed, agent) < 0)
		model_log(agent->model, "no timer for the confirmation: the configuration stays");
}

struct apply_request {
	const json_t *commands;
	uint32_t confirm;
	bool dry_run;
};
#define APPLY_FIELD(member) .offset = offsetof(struct apply_request, member)
static const struct param apply_params[] = {
	{.name = "commands", .type = PARAM_ARRAY, .required = true, APPLY_FIELD(commands)},
	{.name = "confirm", .type = PARAM_U32, .min = 1, .max = 86400, APPLY_FIELD(confirm)},
	{.name = "dry_run", .type = PARAM_BOOL, APPLY_FIELD(dry_run)},
	{0},
};

static void apply_want(struct agent *agent, struct want *want, const struct apply_request *request,
		       struct server_reply *reply)
{
	struct want *before =
		request->confirm && !request->dry_run ? transaction_snapshot(agent->model, true) : NULL;

	run_transaction(agent, want, request->dry_run ? TRANSACTION_DRY_RUN : 0, reply);
	if (before && !reply->code)
		wait_for_confirm(agent, before, request->confirm);
	else
		want_free(before);
}

static void handle_apply(void *user, struct server_client *client, const json_t *params,
			 struct server_reply *reply)
{
	struct agent *agent = user;
	struct apply_request request = {0};
	struct xbr_error error;
	struct want *want;
	const char *at;
	uint64_t given;

	(void)client;
	if (!read_params(params, apply_params, &request, &given, reply))
		return;
	if (commands_to_want(agent->model, request.commands, &want, &at, &error)) {
		refuse_at(reply, &error, at);
		return;
	}
	apply_want(agent, want, &request, reply);
	want_free(want);
}

static void handle_confirm(void *user, struct server_client *client, const json_t *params,
			   struct server_reply *reply)
{
	struct agent *agent = user;
	struct xbr_error error;

	(void)client;
	if (!no_params(params, reply))
		return;
	if (!agent->unconfirmed) {
		xbr_refuse(&error, -ENOENT, "nothing waits to be confirmed");
		refuse(reply, &error);
		return;
	}
	forget_unconfirmed(agent);
}

static void handle_save(void *user, struct server_client *client, const json_t *params,
			struct server_reply *reply)
{
	struct agent *agent = user;

	(void)client;
	if (no_params(params, reply))
		reply->result = commands_save(agent->model);
}

/* ---- addresses ---- */

struct fdb_request {
	uint8_t lladdr[6];
	const char *dev, *master, *lladdrs;
	uint32_t state, cursor, limit, older_than, vlan;
};
#define FDB_FIELD(member) .offset = offsetof(struct fdb_request, member)
enum fdb_given {
	FDB_GIVEN_STATE = 1 << 0,
	FDB_GIVEN_LIMIT = 1 << 1,
};
#define FDB_LLADDR                                                                                           \
	{                                                                                                    \
		.name = "lladdr", .type = PARAM_MAC, .required = true, FDB_FIELD(lladdr)                     \
	}
#define FDB_DEV(required_)                                                                                   \
	{                                                                                                    \
		.name = "dev", .type = PARAM_STRING, .required = required_, FDB_FIELD(dev)                   \
	}
#define FDB_MASTER                                                                                           \
	{                                                                                                    \
		.name = "master", .type = PARAM_STRING, FDB_FIELD(master)                                    \
	}
#define FDB_STATE                                                                                            \
	{                                                                                                    \
		.name = "state", .type = PARAM_ENUM, .words = fdb_state_words, .given = FDB_GIVEN_STATE,     \
		FDB_FIELD(state)                                                                             \
	}

#define FDB_VLAN                                                                                             \
	{                                                                                                    \
		.name = "vlan", .type = PARAM_U32, .min = 1, .max = 4094, FDB_FIELD(vlan)                    \
	}

static const struct param fdb_put_params[] = {FDB_LLADDR, FDB_DEV(true), FDB_STATE, FDB_VLAN, {0}};
static const struct param fdb_del_params[] = {FDB_LLADDR, FDB_DEV(true), FDB_VLAN, {0}};
static const struct param fdb_get_params[] = {FDB_LLADDR, FDB_DEV(false), FDB_MASTER, FDB_VLAN, {0}};
static const struct param fdb_show_params[] = {
	FDB_DEV(false),
	FDB_MASTER,
	FDB_STATE,
	FDB_VLAN,
	{.name = "cursor", .type = PARAM_U32, FDB_FIELD(cursor)},
	{.name = "limit",
	 .type = PARAM_U32,
	 .min = 1,
	 .max = FDB_SHOW_MAX,
	 .given = FDB_GIVEN_LIMIT,
	 FDB_FIELD(limit)},
	{0},
};
static const struct param fdb_flush_params[] = {
	FDB_DEV(false),
	FDB_MASTER,
	FDB_STATE,
	FDB_VLAN,
	{.name = "older_than", .type = PARAM_U32, FDB_FIELD(older_than)},
	{0},
};

/* A port that somebody else enslaved has something to save now. */
static void keep_adopted_port(struct agent *agent, struct port *port, uint8_t kind)
{
	if (kind != XBR_FDB_DYNAMIC && port->origin == XBR_ORIGIN_ADOPTED && !port->local)
		port_set_origin(agent->model, port, XBR_ORIGIN_USER);
}

static void fdb_put_by_hand(struct agent *agent, const json_t *params, bool replace,
			    struct server_reply *reply)
{
	struct fdb_request request = {0};
	struct xbr_error error;
	struct port *port;
	uint64_t given;
	uint8_t kind;
	int err;

	if (!read_params(params, fdb_put_params, &request, &given, reply) ||
	    !find_port(agent, request.dev, &port, reply))
		return;
	kind = fdb_state_kind(request.state);
	err = want_address_check(fdb_mac_of(request.lladdr), port->name, port->local, kind, &error);
	if (!err)
		err = fdb_put(agent->model, port, fdb_mac_of(request.lladdr), (uint16_t)request.vlan, kind,
			      replace, &error);
	if (err)
		refuse(reply, &error);
	else
		keep_adopted_port(agent, port, kind);
}

static void handle_fdb_add(void *user, struct server_client *client, const json_t *params,
			   struct server_reply *reply)
{
	(void)client;
	fdb_put_by_hand(user, params, false, reply);
}

static void handle_fdb_replace(void *user, struct server_client *client, const json_t *params,
			       struct server_reply *reply)
{
	(void)client;
	fdb_put_by_hand(user, params, true, reply);
}

static const struct param fdb_load_params[] = {
	{.name = "lladdrs", .type = PARAM_STRING, .required = true, FDB_FIELD(lladdrs)},
	FDB_DEV(true),
	FDB_STATE,
	FDB_VLAN,
	{0},
};

static void handle_fdb_load(void *user, struct server_client *client, const json_t *params,
			    struct server_reply *reply)
{
	struct agent *agent = user;
	struct fdb_request request = {0};
	struct xbr_error error;
	struct port *port;
	json_t *refused;
	uint32_t added;
	uint64_t given;

	(void)client;
	if (!read_params(params, fdb_load_params, &request, &given, reply) ||
	    !find_port(agent, request.dev, &port, reply))
		return;
	if (load_addresses(agent->model, port, (uint16_t)request.vlan, fdb_state_kind(request.state),
			   request.lladdrs, &added, &refused, &error)) {
		refuse(reply, &error);
		return;
	}
	if (added)
		keep_adopted_port(agent, port, fdb_state_kind(request.state));
	reply->result = json_pack("{sI so}", "added", (json_int_t)added, "refused", refused);
}

static void handle_fdb_del(void *user, struct server_client *client, const json_t *params,
			   struct server_reply *reply)
{
	struct agent *agent = user;
	struct fdb_request request = {0};
	struct xbr_error error;
	struct fdb_view view;
	struct port *port;
	uint64_t given, mac;
	int err = 0;

	(void)client;
	if (!read_params(params, fdb_del_params, &request, &given, reply) ||
	    !find_port(agent, request.dev, &port, reply))
		return;
	mac = fdb_mac_of(request.lladdr);
	if (fdb_get(agent->model, port->bridge, mac, (uint16_t)request.vlan, &view) && view.port != port)
		err = xbr_refuse(&error, -ENOENT, "the address is on %s, not on %s", view.port->name,
				 port->name);
	else
		err = fdb_remove(agent->model, port->bridge, mac, (uint16_t)request.vlan, &error);
	if (err)
		refuse(reply, &error);
}

/* The first bridge that has the address; all are asked where the request names none. */
static bool get_anywhere(const struct agent *agent, const struct fdb_request *request,
			 const struct bridge *only, struct fdb_view *ret_view)
{
	struct bridge *bridge, *next;

	bridge_foreach (agent->model, bridge, next)
		if ((!only || only == bridge) && fdb_get(agent->model, bridge, fdb_mac_of(request->lladdr),
							 (uint16_t)request->vlan, ret_view))
			return true;
	return false;
}

static void handle_fdb_get(void *user, struct server_client *client, const json_t *params,
			   struct server_reply *reply)
{
	struct agent *agent = user;
	struct fdb_request request = {0};
	struct bridge *bridge = NULL;
	struct port *port = NULL;
	struct xbr_error error;
	struct fdb_view view;
	uint64_t given;

	(void)client;
	if (!read_params(params, fdb_get_params, &request, &given, reply) ||
	    (request.master && !find_bridge(agent, request.master, &bridge, reply)) ||
	    (request.dev && !find_port(agent, request.dev, &port, reply)))
		return;
	if (port)
		bridge = port->bridge;
	if (get_anywhere(agent, &request, bridge, &view) && (!port || port->local || port == view.port)) {
		reply->result = show_fdb(&view);
		return;
	}
	xbr_refuse(&error, -ENOENT, "the address is not in the table");
	refuse(reply, &error);
}

/* As bridge(8) has it, a sticky entry is a static one with a flag. */
static uint32_t kinds_of(uint32_t state)
{
	uint8_t kind = fdb_state_kind(state);

	if (kind == XBR_FDB_DYNAMIC)
		return 1u << kind | 1u << XBR_FDB_LOCKED;
	return 1u << kind | (kind == XBR_FDB_STATIC ? 1u << XBR_FDB_STICKY : 0u);
}

/* dev may name a bridge, as in `bridge fdb flush dev br0`. */
static bool fdb_filter_of(const struct agent *agent, const struct fdb_request *request, uint64_t given,
			  struct fdb_filter *ret_filter, struct server_reply *reply)
{
	struct bridge *bridge = NULL;
	struct port *port = NULL;

	if (request->dev && model_bridge(agent->model, request->dev))
		bridge = model_bridge(agent->model, request->dev);
	else if (request->dev && !find_port(agent, request->dev, &port, reply))
		return false;
	if (request->master && !find_bridge(agent, request->master, &bridge, reply))
		return false;
	*ret_filter = (struct fdb_filter){
		.bridge = bridge,
		.port = port,
		.kinds = given & FDB_GIVEN_STATE ? kinds_of(request->state) : 0,
		.older_than_cs = request->older_than,
		.vlan = (uint16_t)request->vlan,
	};
	return true;
}

static void append_fdb(const struct fdb_view *view, void *user)
{
	json_array_append_new(user, show_fdb(view));
}

static void handle_fdb_show(void *user, struct server_client *client, const json_t *params,
			    struct server_reply *reply)
{
	struct agent *agent = user;
	struct fdb_request request = {.limit = FDB_SHOW_LIMIT};
	struct fdb_filter filter;
	json_t *entries;
	uint32_t next;
	uint64_t given;

	(void)client;
	if (!read_params(params, fdb_show_params, &request, &given, reply) ||
	    !fdb_filter_of(agent, &request, given, &filter, reply))
		return;
	entries = json_array();
	next = fdb_each(agent->model, &filter, request.cursor, request.limit, append_fdb, entries);
	reply->result =
		json_pack("{so so}", "entries", entries, "next", next ? json_integer(next) : json_null());
}

static void handle_fdb_flush(void *user, struct server_client *client, const json_t *params,
			     struct server_reply *reply)
{
	struct agent *agent = user;
	struct fdb_request request = {0};
	struct fdb_filter filter;
	uint64_t given;

	(void)client;
	if (!read_params(params, fdb_flush_params, &request, &given, reply) ||
	    !fdb_filter_of(agent, &request, given, &filter, reply))
		return;
	if (!filter.kinds)
		filter.kinds = 1u << XBR_FDB_DYNAMIC;
	reply->result = json_pack("{sI}", "flushed", (json_int_t)fdb_flush(agent->model, &filter));
}

/* ---- meters ---- */

static void handle_meter_show(void *user, struct server_client *client, const json_t *params,
			      struct server_reply *reply)
{
	static const struct param table[] = {
		{.name = "name", .type = PARAM_STRING, .offset = offsetof(struct name_request, dev)}, {0}};
	struct name_request request = {0};
	struct agent *agent = user;
	struct xbr_error error;
	uint64_t given;

	(void)client;
	if (read_params(params, table, &request, &given, reply) &&
	    meter_show(agent->model, request.dev, &reply->result, &error))
		refuse(reply, &error);
}

/* ---- guards ---- */

static void answer(int err, const struct xbr_error *error, struct server_reply *reply)
{
	if (err)
		answer_command_error(error, reply);
}

static void handle_link_recover(void *user, struct server_client *client, const json_t *params,
				struct server_reply *reply)
{
	struct agent *agent = user;
	struct xbr_error error;

	(void)client;
	answer(guard_recover_now(agent->model, params, &error), &error, reply);
	model_settle(agent->model);
}

static void handle_guard_allow(void *user, struct server_client *client, const json_t *params,
			       struct server_reply *reply)
{
	struct agent *agent = user;
	struct xbr_error error;

	(void)client;
	answer(guard_allow_now(agent->model, params, &error), &error, reply);
}

static void handle_guard_del(void *user, struct server_client *client, const json_t *params,
			     struct server_reply *reply)
{
	struct agent *agent = user;
	struct xbr_error error;

	(void)client;
	answer(guard_del_now(agent->model, params, &error), &error, reply);
}

static void handle_guard_show(void *user, struct server_client *client, const json_t *params,
			      struct server_reply *reply)
{
	struct agent *agent = user;
	struct xbr_error error;

	(void)client;
	answer(guard_show(agent->model, params, &reply->result, &error), &error, reply);
}

/* ---- VLANs ---- */

struct vlan_show_request {
	const char *dev;
	uint32_t vid;
	bool compress, stats;
};
#define VLAN_SHOW_FIELD(member) .offset = offsetof(struct vlan_show_request, member)
static const struct param vlan_show_params[] = {
	{.name = "dev", .type = PARAM_STRING, VLAN_SHOW_FIELD(dev)},
	{.name = "vid", .type = PARAM_U32, .min = 1, .max = XBR_VID_MAX, VLAN_SHOW_FIELD(vid)},
	{.name = "compress", .type = PARAM_BOOL, VLAN_SHOW_FIELD(compress)},
	{.name = "stats", .type = PARAM_BOOL, VLAN_SHOW_FIELD(stats)},
	{0},
};

static void append_vlans(struct model *model, const struct port *port, const struct vlan_show *show,
			 json_t *list)
{
	json_t *object = vlan_show_port(model, port, show);

	if (object)
		json_array_append_new(list, object);
}

static void handle_vlan_show(void *user, struct server_client *client, const json_t *params,
			     struct server_reply *reply)
{
	struct agent *agent = user;
	struct vlan_show_request request = {0};
	struct bridge *bridge, *next_bridge;
	struct port *port = NULL, *next;
	struct vlan_show show;
	uint64_t given;

	(void)client;
	if (!read_params(params, vlan_show_params, &request, &given, reply) ||
	    (request.dev && !find_port(agent, request.dev, &port, reply)))
		return;
	show = (struct vlan_show){(uint16_t)request.vid, request.compress, request.stats};
	reply->result = json_array();
	if (port) {
		append_vlans(agent->model, port, &show, reply->result);
		return;
	}
	port_foreach (agent->model, port, next)
		append_vlans(agent->model, port, &show, reply->result);
	bridge_foreach (agent->model, bridge, next_bridge)
		append_vlans(agent->model, bridge->local, &show, reply->result);
}

static void handle_vlanmap_show(void *user, struct server_client *client, const json_t *params,
				struct server_reply *reply)
{
	static const struct param table[] = {NAME_FIELD(dev), {0}};
	struct agent *agent = user;
	struct name_request request = {0};
	struct port *port = NULL, *next;
	uint64_t given;

	(void)client;
	if (!read_params(params, table, &request, &given, reply) ||
	    (request.dev && !find_port(agent, request.dev, &port, reply)))
		return;
	reply->result = json_array();
	if (port)
		vlan_show_mappings(port, reply->result);
	else
		port_foreach (agent->model, port, next)
			vlan_show_mappings(port, reply->result);
}

/* ---- events ---- */

static const struct {
	const char *word;
	unsigned int topic;
} topics[] = {{"bridge", TOPIC_BRIDGE},
	      {"link", TOPIC_LINK},
	      {"fdb", TOPIC_FDB},
	      {"acl", TOPIC_ACL},
	      {"offload", TOPIC_OFFLOAD}};

static unsigned int topic_of(const char *word)
{
	for (size_t i = 0; word && i < sizeof(topics) / sizeof(topics[0]); i++)
		if (!strcmp(topics[i].word, word))
			return topics[i].topic;
	return 0;
}

void api_update_events(struct agent *agent)
{
	agent->dp->switches->events =
		server_has_subscribers(agent->server, TOPIC_FDB) || uplink_wants_events(agent->model);
	punt_update_tap(agent);
}

static void handle_monitor(void *user, struct server_client *client, const json_t *params,
			   struct server_reply *reply)
{
	struct monitor_request {
		const json_t *objects;
	} request = {0};
	static const struct param table[] = {
		{.name = "objects", .type = PARAM_ARRAY, .offset = offsetof(struct monitor_request, objects)},
		{0}};
	unsigned int wanted = 0, topic;
	struct xbr_error error;
	const json_t *word;
	uint64_t given;
	size_t i;

	if (!read_params(params, table, &request, &given, reply))
		return;
	json_array_foreach (request.objects, i, word) {
		topic = topic_of(json_string_value(word));
		if (!topic) {
			xbr_refuse(&error, -EINVAL,
				   "objects to monitor are bridge, link, fdb, acl and offload");
			invalid(reply, &error);
			return;
		}
		wanted |= topic;
	}
	server_client_subscribe(client, wanted ? wanted : TOPIC_ALL);
	api_update_events(user);
}

static const char *change_word(enum model_change change)
{
	static const char *const words[] = {[MODEL_ADD] = "add", [MODEL_SET] = "set", [MODEL_DEL] = "del"};

	return words[change];
}

/* Takes object over. */
static void notify(struct agent *agent, unsigned int topic, const char *what, const char *event,
		   json_t *object)
{
	if (!object)
		return;
	json_object_set_new(object, "object", json_string(what));
	json_object_set_new(object, "event", json_string(event));
	server_notify(agent->server, topic, object);
	json_decref(object);
}

static void on_bridge(void *user, enum model_change change, const struct bridge *bridge)
{
	struct agent *agent = user;

	if (agent->server && server_has_subscribers(agent->server, TOPIC_BRIDGE))
		notify(agent, TOPIC_BRIDGE, "bridge", change_word(change),
		       show_bridge(agent->model, bridge, fdb_used(agent->model)));
}

static void on_link(void *user, enum model_change change, const struct port *port)
{
	struct agent *agent = user;

	if (agent->server && server_has_subscribers(agent->server, TOPIC_LINK))
		notify(agent, TOPIC_LINK, "link", change_word(change), show_link(agent->model, port));
}

static void on_fdb(void *user, enum model_change change, const struct fdb_view *view,
		   const struct port *moved_from)
{
	struct agent *agent = user;
	json_t *object;

	if (!agent->server || !server_has_subscribers(agent->server, TOPIC_FDB))
		return;
	object = show_fdb(view);
	if (object && moved_from)
		json_object_set_new(object, "from", json_string(moved_from->name));
	notify(agent, TOPIC_FDB, "fdb",
	       moved_from            ? "move"
	       : change == MODEL_SET ? "add"
				     : change_word(change),
	       object);
}

static void on_flushed(void *user, const struct bridge *bridge, const struct port *port)
{
	struct agent *agent = user;

	if (!agent->server || !server_has_subscribers(agent->server, TOPIC_FDB))
		return;
	notify(agent, TOPIC_FDB, "fdb", "flush",
	       bridge ? json_pack("{ss}", "master", bridge->name) : json_pack("{ss}", "ifname", port->name));
}

static void on_acl(void *user, const struct xbr_acl_event *event)
{
	struct agent *agent = user;

	if (agent->server && server_has_subscribers(agent->server, TOPIC_ACL))
		notify(agent, TOPIC_ACL, "acl", event->what & XBR_ACL_DENY ? "deny" : "permit",
		       acl_show_event(agent->model, event));
}

static void on_offload(void *user, const struct offload_event *event)
{
	struct agent *agent = user;

	if (agent->server && server_has_subscribers(agent->server, TOPIC_OFFLOAD))
		notify(agent, TOPIC_OFFLOAD, "offload", "mismatch", offload_show_event(event));
}

void api_listen(struct agent *agent)
{
	agent->model->listener.offload = on_offload;
	agent->model->listener.acl = on_acl;
	agent->model->listener.bridge = on_bridge;
	agent->model->listener.link = on_link;
	agent->model->listener.fdb = on_fdb;
	agent->model->listener.flushed = on_flushed;
	agent->model->listener.user = agent;
}

/* ---- the table ---- */

const struct server_method api_methods[] = {
	{"version", handle_version},
	{"reasons", handle_reasons},
	{"bridge.add", handle_bridge_add},
	{"bridge.set", handle_bridge_set},
	{"bridge.del", handle_bridge_del},
	{"bridge.show", handle_bridge_show},
	{"link.add", handle_link_add},
	{"link.set", handle_link_set},
	{"link.del", handle_link_del},
	{"link.show", handle_link_show},
	{"fdb.add", handle_fdb_add},
	{"fdb.load", handle_fdb_load},
	{"fdb.replace", handle_fdb_replace},
	{"fdb.del", handle_fdb_del},
	{"fdb.get", handle_fdb_get},
	{"fdb.show", handle_fdb_show},
	{"fdb.flush", handle_fdb_flush},
	{"vlan.add", handle_vlan_add},
	{"vlan.set", handle_vlan_set},
	{"vlan.del", handle_vlan_del},
	{"vlan.show", handle_vlan_show},
	{"vlanmap.add", handle_vlanmap_add},
	{"vlanmap.del", handle_vlanmap_del},
	{"vlanmap.show", handle_vlanmap_show},
	{"stats.show", handle_stats_show},
	{"apply", handle_apply},
	{"confirm", handle_confirm},
	{"save", handle_save},
	{"monitor", handle_monitor},
	{"punt.set", handle_punt_set},
	{"punt.show", handle_punt_show},
	{"punt.send", handle_punt_send},
	{"punt.tap", handle_punt_tap},
	{"link.recover", handle_link_recover},
	{"guard.set", handle_guard_set},
	{"guard.allow", handle_guard_allow},
	{"guard.del", handle_guard_del},
	{"guard.show", handle_guard_show},
	{"storm_control.set", handle_storm_control_set},
	{"acl.add", handle_acl_add},
	{"acl.del", handle_acl_del},
	{"acl.bind", handle_acl_bind},
	{"acl.unbind", handle_acl_unbind},
	{"acl.show", handle_acl_show},
	{"acl.lint", handle_acl_lint},
	{"acl.replace", handle_acl_replace},
	{"conn.show", handle_conn_show},
	{"conn.flush", handle_conn_flush},
	{"aclset.add", handle_aclset_add},
	{"aclset.del", handle_aclset_del},
	{"aclset.show", handle_aclset_show},
	{"meter.add", handle_meter_add},
	{"meter.set", handle_meter_set},
	{"meter.del", handle_meter_del},
	{"meter.bind", handle_meter_bind},
	{"meter.unbind", handle_meter_unbind},
	{"meter.show", handle_meter_show},
	{"stp.show", handle_stp_show},
	{"offload.show", handle_offload_show},
	{"offload.set", handle_offload_set},
	{"offload.unset", handle_offload_unset},
	{"vf.show", handle_vf_show},
	{"vf.set", handle_vf_set},
	{"vf.unset", handle_vf_unset},
	{"mst.add", handle_mst_add},
	{"mst.set", handle_mst_set},
	{"mst.del", handle_mst_del},
	{"mst.show", handle_mst_show},
	{"stp.mcheck", handle_stp_mcheck},
	{NULL, NULL},
};
