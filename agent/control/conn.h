/* SPDX-License-Identifier: Apache-2.0 */
/* conn: requests about connections (conn.*): they are shown and forgotten; programs alone make them. */
#ifndef XBR_CONTROL_CONN_H
#define XBR_CONTROL_CONN_H

#include "control/server.h"

void handle_conn_show(void *user, struct server_client *client, const json_t *params,
		      struct server_reply *reply);
void handle_conn_flush(void *user, struct server_client *client, const json_t *params,
		       struct server_reply *reply);

#endif
