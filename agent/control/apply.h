/* SPDX-License-Identifier: Apache-2.0 */
/* apply: changes of the configuration by one command or by a whole file, the way back from what nobody
 * confirms, and the file that would bring today's about. */
#ifndef XBR_CONTROL_APPLY_H
#define XBR_CONTROL_APPLY_H

#include "control/agent.h"
#include "control/server.h"

/* One command, as a transaction of its own. method: as in commands.h. */
void apply_change(struct agent *agent, const char *method, const json_t *params, struct server_reply *reply);

void handle_apply(void *user, struct server_client *client, const json_t *params, struct server_reply *reply);
void handle_confirm(void *user, struct server_client *client, const json_t *params,
		    struct server_reply *reply);
void handle_save(void *user, struct server_client *client, const json_t *params, struct server_reply *reply);

#endif
