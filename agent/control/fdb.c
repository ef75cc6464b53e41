// SPDX-License-Identifier: Apache-2.0
#include "control/fdb.h"

#include <errno.h>
#include <stddef.h>

#include "control/load.h"
#include "control/request.h"
#include "control/show.h"
#include "control/words.h"
#include "model/offer.h"

#define FDB_SHOW_LIMIT 4096 /* entries of one answer where the request names no limit */
#define FDB_SHOW_MAX   65536

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

	if (!request_read(params, fdb_put_params, &request, &given, reply) ||
	    !request_port(agent, request.dev, &port, reply))
		return;
	kind = fdb_state_kind(request.state);
	err = want_address_check(fdb_mac_of(request.lladdr), port->name, port->local, kind, &error);
	if (!err)
		err = fdb_put(agent->model, port, fdb_mac_of(request.lladdr), (uint16_t)request.vlan, kind,
			      replace, &error);
	if (err)
		server_refuse(reply, &error);
	else
		keep_adopted_port(agent, port, kind);
	offer_settle(agent->model);
}

void handle_fdb_add(void *user, struct server_client *client, const json_t *params,
		    struct server_reply *reply)
{
	(void)client;
	fdb_put_by_hand(user, params, false, reply);
}

void handle_fdb_replace(void *user, struct server_client *client, const json_t *params,
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

void handle_fdb_load(void *user, struct server_client *client, const json_t *params,
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
	if (!request_read(params, fdb_load_params, &request, &given, reply) ||
	    !request_port(agent, request.dev, &port, reply))
		return;
	if (load_addresses(agent->model, port, (uint16_t)request.vlan, fdb_state_kind(request.state),
			   request.lladdrs, &added, &refused, &error)) {
		server_refuse(reply, &error);
		return;
	}
	if (added)
		keep_adopted_port(agent, port, fdb_state_kind(request.state));
	offer_settle(agent->model);
	reply->result = json_pack("{sI so}", "added", (json_int_t)added, "refused", refused);
}

void handle_fdb_del(void *user, struct server_client *client, const json_t *params,
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
	if (!request_read(params, fdb_del_params, &request, &given, reply) ||
	    !request_port(agent, request.dev, &port, reply))
		return;
	mac = fdb_mac_of(request.lladdr);
	if (fdb_get(agent->model, port->bridge, mac, (uint16_t)request.vlan, &view) && view.port != port)
		err = xbr_refuse(&error, -ENOENT, "the address is on %s, not on %s", view.port->name,
				 port->name);
	else
		err = fdb_remove(agent->model, port->bridge, mac, (uint16_t)request.vlan, &error);
	offer_settle(agent->model);
	if (err)
		server_refuse(reply, &error);
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

void handle_fdb_get(void *user, struct server_client *client, const json_t *params,
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
	if (!request_read(params, fdb_get_params, &request, &given, reply) ||
	    (request.master && !request_bridge(agent, request.master, &bridge, reply)) ||
	    (request.dev && !request_port(agent, request.dev, &port, reply)))
		return;
	if (port)
		bridge = port->bridge;
	if (get_anywhere(agent, &request, bridge, &view) && (!port || port->local || port == view.port)) {
		offer_collect(agent->model);
		reply->result = show_fdb(agent->model, &view);
		return;
	}
	xbr_refuse(&error, -ENOENT, "the address is not in the table");
	server_refuse(reply, &error);
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
	else if (request->dev && !request_port(agent, request->dev, &port, reply))
		return false;
	if (request->master && !request_bridge(agent, request->master, &bridge, reply))
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

struct fdb_list {
	const struct model *model;
	json_t *entries;
};

static void append_fdb(const struct fdb_view *view, void *user)
{
	const struct fdb_list *list = user;

	json_array_append_new(list->entries, show_fdb(list->model, view));
}

void handle_fdb_show(void *user, struct server_client *client, const json_t *params,
		     struct server_reply *reply)
{
	struct agent *agent = user;
	struct fdb_request request = {.limit = FDB_SHOW_LIMIT};
	struct fdb_list list = {.model = agent->model};
	struct fdb_filter filter;
	uint32_t next;
	uint64_t given;

	(void)client;
	if (!request_read(params, fdb_show_params, &request, &given, reply) ||
	    !fdb_filter_of(agent, &request, given, &filter, reply))
		return;
	offer_collect(agent->model);
	list.entries = json_array();
	next = fdb_each(agent->model, &filter, request.cursor, request.limit, append_fdb, &list);
	reply->result = json_pack("{so so}", "entries", list.entries, "next",
				  next ? json_integer(next) : json_null());
}

void handle_fdb_flush(void *user, struct server_client *client, const json_t *params,
		      struct server_reply *reply)
{
	struct agent *agent = user;
	struct fdb_request request = {0};
	struct fdb_filter filter;
	uint64_t given;

	(void)client;
	if (!request_read(params, fdb_flush_params, &request, &given, reply) ||
	    !fdb_filter_of(agent, &request, given, &filter, reply))
		return;
	if (!filter.kinds)
		filter.kinds = 1u << XBR_FDB_DYNAMIC;
	reply->result = json_pack("{sI}", "flushed", (json_int_t)fdb_flush(agent->model, &filter));
	offer_settle(agent->model);
}
