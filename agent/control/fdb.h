/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of bridges (model/fdb.h), as requests and answers: added, looked for, listed and flushed one
 * by one. What a configuration file says of them is in commands.h. */
#ifndef XBR_CONTROL_FDB_H
#define XBR_CONTROL_FDB_H

#include "control/agent.h"
#include "control/server.h"

void handle_fdb_add(void *user, struct server_client *client, const json_t *params,
		    struct server_reply *reply);
void handle_fdb_replace(void *user, struct server_client *client, const json_t *params,
			struct server_reply *reply);
void handle_fdb_load(void *user, struct server_client *client, const json_t *params,
		     struct server_reply *reply);
void handle_fdb_del(void *user, struct server_client *client, const json_t *params,
		    struct server_reply *reply);
void handle_fdb_get(void *user, struct server_client *client, const json_t *params,
		    struct server_reply *reply);
void handle_fdb_show(void *user, struct server_client *client, const json_t *params,
		     struct server_reply *reply);
void handle_fdb_flush(void *user, struct server_client *client, const json_t *params,
		      struct server_reply *reply);

#endif
