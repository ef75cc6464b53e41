/* SPDX-License-Identifier: Apache-2.0 */
/* events: the model's changes, told to those who asked (`monitor`). */
#ifndef XBR_CONTROL_EVENTS_H
#define XBR_CONTROL_EVENTS_H

#include "control/agent.h"
#include "control/server.h"

/* Lets subscribers hear of the model's changes. */
void events_listen(struct agent *agent);

/* Whether the datapath is to tell of every address learned: only while somebody listens. */
void events_update(struct agent *agent);

void handle_monitor(void *user, struct server_client *client, const json_t *params,
		    struct server_reply *reply);

#endif
