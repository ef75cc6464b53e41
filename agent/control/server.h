/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket as a server of JSON-RPC 2.0 (docs/api.md): accepting, asking the kernel who connects,
 * dispatching to a table of methods, queueing answers and notifications for readers of any speed. It knows
 * nothing of bridges: main.c gives it the method table. Runs on the agent's sd-event loop and never blocks
 * it. In parts: listener.h (the socket file, and who may speak), client.h (one connection), jsonrpc.h (the
 * protocol, without sockets), bytes.h (queues).
 *
 * A client that does not read loses notifications (counted, told by a `lost` event) when 1 MiB waits for it;
 * when 64 MiB of answers wait, its further requests do too, and if it then reads nothing for two seconds it
 * is disconnected. A client that has shut down its sending side gets all its answers first. What a client
 * sent before it went away is carried out.
 */
#ifndef XBR_CONTROL_SERVER_H
#define XBR_CONTROL_SERVER_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "error.h"

#define SERVER_LINE_MAX    (8u << 20) /* octets of one request */
#define SERVER_CLIENTS_MAX 256

struct server;
struct server_client;

/* Codes of docs/api.md. */
enum server_code {
	SERVER_REFUSED = 1,
	SERVER_NOT_ALLOWED = 2,
	SERVER_PARSE_ERROR = -32700,
	SERVER_INVALID_REQUEST = -32600,
	SERVER_NO_METHOD = -32601,
	SERVER_INVALID_PARAMS = -32602,
};

/* What a method gives back: a result, or an error (code != 0) with a sentence and optionally data. */
struct server_reply {
	json_t *result; /* owned; NULL reads as {} */
	int code;
	char message[512];
	json_t *data; /* owned, may be NULL */
};

/* params is an object (empty when the request had none), borrowed. */
struct server_method {
	const char *name;
	void (*handle)(void *user, struct server_client *client, const json_t *params,
		       struct server_reply *reply);
};

/*
 * Binds path (mode 0660, group `group` if it exists; a stale socket file is replaced, one that answers is
 * refused with -EADDRINUSE), and serves. methods ends with a NULL name and must outlive the server. A socket
 * passed by systemd (sd_listen_fds) is used instead of binding.
 */
int server_open(struct server **ret_server, sd_event *event, const char *path, const char *group,
		const struct server_method *methods, void *user, struct xbr_error *error);

/* Stops serving and removes the socket file. server_close(NULL) does nothing. */
void server_close(struct server *server);

/* The answer is a refusal: SERVER_INVALID_PARAMS where the sentence's code is -EINVAL or -ERANGE, else
 * SERVER_REFUSED.
 */
void server_refuse(struct server_reply *reply, const struct xbr_error *error);

/* Bits of what a client wants told; set by the method `monitor`. 0: nothing. */
void server_client_subscribe(struct server_client *client, unsigned int topics);

/* True when somebody has subscribed to one of topics. */
bool server_has_subscribers(const struct server *server, unsigned int topics);

/* Sends params (borrowed; "seq" and "time" are added) as an `event` to all who subscribed to one of topics.
 */
void server_notify(struct server *server, unsigned int topics, const json_t *params);

#endif
