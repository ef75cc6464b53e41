/* SPDX-License-Identifier: Apache-2.0 */
/* request: what the handlers of api.c, apply.c, events.c and fdb.c read of a request. Each function answers
 * and returns false where it is wrong. */
#ifndef XBR_CONTROL_REQUEST_H
#define XBR_CONTROL_REQUEST_H

#include "control/agent.h"
#include "control/params.h"
#include "control/server.h"

/* As params_read(). */
bool request_read(const json_t *params, const struct param *table, void *ret_struct, uint64_t *ret_given,
		  struct server_reply *reply);

/* No parameter is expected. */
bool request_is_empty(const json_t *params, struct server_reply *reply);

bool request_bridge(const struct agent *agent, const char *name, struct bridge **ret_bridge,
		    struct server_reply *reply);

/* The port of that name; of a bridge's name, its local port. */
bool request_port(const struct agent *agent, const char *name, struct port **ret_port,
		  struct server_reply *reply);

#endif
