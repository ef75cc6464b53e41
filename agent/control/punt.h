/* SPDX-License-Identifier: Apache-2.0 */
/*
 * punt: the methods punt.show, punt.send and punt.tap of docs/api.md. While a client taps, the agent asks for
 * all control frames that the ports do not relay, so that there is something to see without any protocol.
 */
#ifndef XBR_CONTROL_PUNT_H
#define XBR_CONTROL_PUNT_H

#include "control/agent.h"
#include "control/server.h"

void handle_punt_show(void *user, struct server_client *client, const json_t *params,
		      struct server_reply *reply);
void handle_punt_send(void *user, struct server_client *client, const json_t *params,
		      struct server_reply *reply);
void handle_punt_tap(void *user, struct server_client *client, const json_t *params,
		     struct server_reply *reply);

/* To be called about once a second: clients, bridges, ports and their masks come and go. */
void punt_update_tap(struct agent *agent);

#endif
