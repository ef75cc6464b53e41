// SPDX-License-Identifier: Apache-2.0
#include "control/api.h"

#include <stddef.h>
#include <unistd.h>

#include "control/acl.h"
#include "control/apply.h"
#include "control/conn.h"
#include "control/events.h"
#include "control/fdb.h"
#include "control/guard.h"
#include "control/meter.h"
#include "control/mst.h"
#include "control/offload.h"
#include "control/punt.h"
#include "control/request.h"
#include "control/show.h"
#include "control/stp.h"
#include "control/vlan.h"
#include "datapath/features.h"

/* ---- what there is ---- */

static void handle_version(void *user, struct server_client *client, const json_t *params,
			   struct server_reply *reply)
{
	struct agent *agent = user;

	(void)client;
	if (request_is_empty(params, reply))
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
	if (request_is_empty(params, reply))
		reply->result = show_reasons();
}

struct name_request {
	const char *bridge, *dev, *master;
};
#define NAME_FIELD(member)                                                                                   \
	{                                                                                                    \
		.name = #member, .type = PARAM_STRING, .offset = offsetof(struct name_request, member)       \
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
	if (!request_read(params, table, &request, &given, reply) ||
	    (request.bridge && !request_bridge(agent, request.bridge, &bridge, reply)))
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
	if (!request_read(params, table, &request, &given, reply) ||
	    (request.master && !request_bridge(agent, request.master, &bridge, reply)) ||
	    (request.dev && !request_port(agent, request.dev, &port, reply)))
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
	if (!request_read(params, table, &request, &given, reply))
		return;
	if (request.dev)
		port = model_trunk(agent->model, request.dev);
	if (request.dev && !port && !request_port(agent, request.dev, &port, reply))
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

#define CHANGE_HANDLER(name, method)                                                                         \
	static void name(void *user, struct server_client *client, const json_t *params,                     \
			 struct server_reply *reply)                                                         \
	{                                                                                                    \
		(void)client;                                                                                \
		apply_change(user, method, params, reply);                                                   \
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
		apply_change(user, "link.set", rest, reply);
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
	if (request_read(params, table, &request, &given, reply) &&
	    meter_show(agent->model, request.dev, &reply->result, &error))
		server_refuse(reply, &error);
}

/* ---- guards ---- */

static void answer(int err, const struct xbr_error *error, struct server_reply *reply)
{
	if (err)
		server_refuse(reply, error);
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
	if (!request_read(params, vlan_show_params, &request, &given, reply) ||
	    (request.dev && !request_port(agent, request.dev, &port, reply)))
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
	if (!request_read(params, table, &request, &given, reply) ||
	    (request.dev && !request_port(agent, request.dev, &port, reply)))
		return;
	reply->result = json_array();
	if (port)
		vlan_show_mappings(port, reply->result);
	else
		port_foreach (agent->model, port, next)
			vlan_show_mappings(port, reply->result);
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
