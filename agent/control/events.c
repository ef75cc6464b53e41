// SPDX-License-Identifier: Apache-2.0
#include "control/events.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "control/acl.h"
#include "control/offload.h"
#include "control/punt.h"
#include "control/request.h"
#include "control/show.h"

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

void events_update(struct agent *agent)
{
	agent->dp->switches->events =
		server_has_subscribers(agent->server, TOPIC_FDB) || uplink_wants_events(agent->model);
	punt_update_tap(agent);
}

void handle_monitor(void *user, struct server_client *client, const json_t *params,
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

	if (!request_read(params, table, &request, &given, reply))
		return;
	json_array_foreach (request.objects, i, word) {
		topic = topic_of(json_string_value(word));
		if (!topic) {
			xbr_refuse(&error, -EINVAL,
				   "objects to monitor are bridge, link, fdb, acl and offload");
			server_refuse(reply, &error);
			return;
		}
		wanted |= topic;
	}
	server_client_subscribe(client, wanted ? wanted : TOPIC_ALL);
	events_update(user);
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
	object = show_fdb(agent->model, view);
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

void events_listen(struct agent *agent)
{
	agent->model->listener.offload = on_offload;
	agent->model->listener.acl = on_acl;
	agent->model->listener.bridge = on_bridge;
	agent->model->listener.link = on_link;
	agent->model->listener.fdb = on_fdb;
	agent->model->listener.flushed = on_flushed;
	agent->model->listener.user = agent;
}
