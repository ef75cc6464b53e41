/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's end of the control socket (docs/api.md): one JSON-RPC message a line, of any size. Blocking.
 * Requests may be pipelined: send several, then take the answers in order; CLIENT_WINDOW of them fit in the
 * socket's buffers, so that neither end waits for the other.
 */
#ifndef XBR_CLI_CLIENT_H
#define XBR_CLI_CLIENT_H

#include <jansson.h>

#include "error.h"

#define CLIENT_WINDOW 128

struct client;

/* Connects. Fails with CLI_NO_AGENT. client_disconnect(NULL) does nothing. */
int client_connect(const char *path, struct client **ret_client, struct cli_error *error);
void client_disconnect(struct client *client);

/* Sends a request; params (borrowed) may be NULL. *ret_id is what client_answer() asks for. */
int client_send(struct client *client, const char *method, const json_t *params, json_int_t *ret_id,
		struct cli_error *error);

/*
 * Waits for the answer to request `id`, which must be the oldest unanswered one; notifications before it are
 * dropped. *ret_result is owned by the caller. CLI_REFUSED with the agent's sentence, or CLI_NO_AGENT.
 */
int client_answer(struct client *client, json_int_t id, json_t **ret_result, struct cli_error *error);

/* Waits for the next notification; *ret_params is owned by the caller. CLI_NO_AGENT. */
int client_event(struct client *client, json_t **ret_params, struct cli_error *error);

#endif
