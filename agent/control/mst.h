/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mst: spanning tree instances between requests and the model: mst.add, mst.set, mst.del as changes of a
 * want, mst.show as JSON, and the lines of `save`. Called by commands.c and api.c.
 */
#ifndef XBR_CONTROL_MST_H
#define XBR_CONTROL_MST_H

#include <jansson.h>

#include "control/agent.h"
#include "control/server.h"

int command_mst_add(const json_t *params, struct want *want, struct xbr_error *error);
int command_mst_set(const json_t *params, struct want *want, struct xbr_error *error);
int command_mst_del(const json_t *params, struct want *want, struct xbr_error *error);

void handle_mst_show(void *user, struct server_client *client, const json_t *params,
		     struct server_reply *reply);

/* Appends the commands that make the instances of a new bridge, or the rows of a new port, these. */
void mst_save_bridge(json_t *lines, const struct bridge *bridge);
void mst_save_port(json_t *lines, const struct port *port);

#endif
