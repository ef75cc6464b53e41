// SPDX-License-Identifier: Apache-2.0
#include "control/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "control/agent.h"
#include "control/params.h"
#include "model/conn.h"

struct conn_request {
	const char *dev;
};

/* The port that is asked about; 0: all. */
static int read_port(const struct model *model, const json_t *params, uint32_t *ret_port,
		     struct server_reply *reply)
{
	static const struct param table[] = {
		{.name = "dev", .type = PARAM_STRING, .min = 1, .offset = offsetof(struct conn_request, dev)},
		{0},
	};
	struct conn_request request = {0};
	const struct bridge *bridge;
	const struct port *port;
	struct xbr_error error;
	uint64_t given = 0;
	int err = params_read(params, table, &request, &given, &error);

	*ret_port = 0;
	if (!err && request.dev) {
		bridge = model_bridge(model, request.dev);
		port = bridge ? bridge->local : model_port(model, request.dev);
		if (port)
			*ret_port = port->number;
		else
			err = xbr_refuse(&error, -ENODEV, "%s is not a port of any bridge of xbr",
					 request.dev);
	}
	if (err)
		server_refuse(reply, &error);
	return err;
}

struct showing {
	const struct model *model;
	json_t *conns;
	uint32_t port;
};

static const char *phase_word(uint8_t phase)
{
	static const char *const phase_words[] = {
#define PHASE_WORD(name, seconds) #name,
		XBR_CONN_PHASES(PHASE_WORD)};

	return phase < XBR_CONN_PHASE_COUNT ? phase_words[phase] : "";
}

/* As seen from whoever began it. */
static void add_endpoints(json_t *object, const struct xbr_conn_key *key, bool by_high)
{
	int family = key->zone & XBR_CONN_IS_IPV6 ? AF_INET6 : AF_INET;
	uint32_t proto = key->zone & 0xff;
	char src[INET6_ADDRSTRLEN] = "", dst[INET6_ADDRSTRLEN] = "";

	inet_ntop(family, by_high ? key->high : key->low, src, sizeof(src));
	inet_ntop(family, by_high ? key->low : key->high, dst, sizeof(dst));
	json_object_set_new(object, "src_ip", json_string(src));
	json_object_set_new(object, "dst_ip", json_string(dst));
	if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6) {
		json_object_set_new(object, "icmp_id", json_integer(ntohs(key->low_port_be)));
		return;
	}
	json_object_set_new(object, "src_port",
			    json_integer(ntohs(by_high ? key->high_port_be : key->low_port_be)));
	json_object_set_new(object, "dst_port",
			    json_integer(ntohs(by_high ? key->low_port_be : key->high_port_be)));
}

static void show_conn(const struct xbr_conn_key *key, struct xbr_conn_data data, uint32_t expires_s,
		      void *user)
{
	struct showing *s = user;
	const struct port *port = data.port < s->model->dp->max_ports ? s->model->by_number[data.port] : NULL;
	const struct bridge *bridge =
		s->model->by_index[key->zone >> XBR_CONN_BRIDGE_SHIFT & (XBR_BRIDGE_LIMIT - 1)];
	json_t *object;

	if (s->port && data.port != s->port)
		return;
	object = json_object();
	if (port)
		json_object_set_new(object, "ifname", json_string(port->name));
	if (bridge)
		json_object_set_new(object, "br", json_string(bridge->name));
	if (key->zone >> XBR_CONN_VID_SHIFT)
		json_object_set_new(object, "vlan", json_integer(key->zone >> XBR_CONN_VID_SHIFT));
	json_object_set_new(object, "ip_proto", json_integer(key->zone & 0xff));
	add_endpoints(object, key, data.flags & XBR_CONN_BY_HIGH);
	json_object_set_new(object, "phase", json_string(phase_word(data.phase)));
	json_object_set_new(object, "expires", json_integer(expires_s));
	json_array_append_new(s->conns, object);
}

void handle_conn_show(void *user, struct server_client *client, const json_t *params,
		      struct server_reply *reply)
{
	struct agent *agent = user;
	struct showing showing = {.model = agent->model};

	(void)client;
	if (read_port(agent->model, params, &showing.port, reply))
		return;
	showing.conns = json_array();
	conn_each(agent->model, show_conn, &showing);
	reply->result = showing.conns;
}

void handle_conn_flush(void *user, struct server_client *client, const json_t *params,
		       struct server_reply *reply)
{
	struct agent *agent = user;
	uint32_t port;

	(void)client;
	if (!read_port(agent->model, params, &port, reply))
		reply->result = json_pack("{si}", "flushed", (int)conn_flush(agent->model, port));
}
