// SPDX-License-Identifier: Apache-2.0
#include "control/request.h"

#include <errno.h>

bool request_read(const json_t *params, const struct param *table, void *ret_struct, uint64_t *ret_given,
		  struct server_reply *reply)
{
	struct xbr_error error;

	*ret_given = 0;
	if (!params_read(params, table, ret_struct, ret_given, &error))
		return true;
	server_refuse(reply, &error);
	return false;
}

bool request_is_empty(const json_t *params, struct server_reply *reply)
{
	static const struct param none[] = {{0}};
	uint64_t given;

	return request_read(params, none, NULL, &given, reply);
}

bool request_bridge(const struct agent *agent, const char *name, struct bridge **ret_bridge,
		    struct server_reply *reply)
{
	struct xbr_error error;

	*ret_bridge = model_bridge(agent->model, name);
	if (*ret_bridge)
		return true;
	xbr_refuse(&error, -ENODEV, "%s is not a bridge of xbr", name);
	server_refuse(reply, &error);
	return false;
}

bool request_port(const struct agent *agent, const char *name, struct port **ret_port,
		  struct server_reply *reply)
{
	struct bridge *bridge = model_bridge(agent->model, name);
	struct xbr_error error;

	*ret_port = bridge ? bridge->local : model_port(agent->model, name);
	if (*ret_port)
		return true;
	xbr_refuse(&error, -ENODEV, "%s is not a port of any bridge of xbr", name);
	server_refuse(reply, &error);
	return false;
}
