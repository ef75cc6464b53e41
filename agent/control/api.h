/* SPDX-License-Identifier: Apache-2.0 */
/* api: the methods of docs/api.md over the model and transactions, in one table. */
#ifndef XBR_CONTROL_API_H
#define XBR_CONTROL_API_H

#include "control/agent.h"
#include "control/server.h"

/* Of the schema in docs/api.md. */
#define XBR_API_VERSION 1

/* The table for server_open(); the user pointer of its handlers is the struct agent. */
extern const struct server_method api_methods[];

#endif
