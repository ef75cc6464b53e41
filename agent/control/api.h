/* SPDX-License-Identifier: Apache-2.0 */
/* api: the methods of docs/api.md over the model and transactions; and the model's changes told to
 * subscribers. */
#ifndef XBR_CONTROL_API_H
#define XBR_CONTROL_API_H

#include "control/agent.h"
#include "control/server.h"

/* Of the schema in docs/api.md. */
#define XBR_API_VERSION 1

/* The table for server_open(); the user pointer of its handlers is the struct agent. */
extern const struct server_method api_methods[];

/* Lets subscribers hear of the model's changes. */
void api_listen(struct agent *agent);

/* Whether the datapath is to tell of every address learned: only while somebody listens. */
void api_update_events(struct agent *agent);

#endif
