/* SPDX-License-Identifier: Apache-2.0 */
#include "control/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#include "control/client.h"
#include "control/listener.h"

#define ACCEPTS_PER_TURN 16

/*
 * While accept() fails for want of descriptors the socket stays readable: this many wake-ups, then a pause.
 * Those who connect wait in the kernel's queue.
 */
#define ACCEPT_TURNS        100
#define ACCEPT_TURNS_PER_US 100000

struct server {
	struct listener listener;
	sd_event_source *source;
	struct client_host host;
	struct server_client *clients;
	unsigned int client_count;
};

/* ---- clients come and go ----------------------------------------------------------------------- */

/* Tells why, as far as the socket takes it at once, and disconnects. */
static void connection_refuse(int fd, int code, const char *sentence)
{
	struct bytes answer = {};

	if (jsonrpc_write_error(&answer, code, sentence) == 0)
		send(fd, bytes_front(&answer), bytes_length(&answer), MSG_DONTWAIT | MSG_NOSIGNAL);
	bytes_free(&answer);
	close(fd);
}

static void connection_admit(struct server *server, int fd)
{
	struct server_client *client;
	struct xbr_error error;
	int r;

	if (listener_check_peer(&server->listener, fd, &error) < 0) {
		connection_refuse(fd, SERVER_NOT_ALLOWED, error.message);
		return;
	}
	if (server->client_count >= SERVER_CLIENTS_MAX) {
		xbr_refuse(&error, -EBUSY, "the agent has %d clients already", SERVER_CLIENTS_MAX);
		connection_refuse(fd, SERVER_REFUSED, error.message);
		return;
	}
	r = client_open(&client, &server->host, fd);
	if (r < 0) {
		xbr_refuse(&error, r, "the agent cannot take a client: %s", strerror(-r));
		connection_refuse(fd, SERVER_REFUSED, error.message);
		return;
	}
	DL_APPEND(server->clients, client);
	server->client_count++;
}

static void client_drop(struct server *server, struct server_client *client)
{
	DL_DELETE(server->clients, client);
	server->client_count--;
	client_free(client);
}

static void on_client_end(struct client_host *host, struct server_client *client)
{
	client_drop((struct server *)((char *)host - offsetof(struct server, host)), client);
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	int connection;

	(void)source, (void)revents;
	for (int n = 0; n < ACCEPTS_PER_TURN; n++) {
		connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (connection >= 0)
			connection_admit(user, connection);
		else if (errno != ECONNABORTED && errno != EINTR)
			break;
	}
	return 0;
}

/* ---- telling clients --------------------------------------------------------------------------- */

void server_client_subscribe(struct server_client *client, unsigned int topics)
{
	client->topics = topics;
}

bool server_has_subscribers(const struct server *server, unsigned int topics)
{
	const struct server_client *client;

	DL_FOREACH (server->clients, client)
		if (client->topics & topics)
			return true;
	return false;
}

void server_notify(struct server *server, unsigned int topics, const json_t *params)
{
	struct server_client *client;
	char *text;

	if (!server_has_subscribers(server, topics))
		return;
	text = json_dumps(params, JSON_COMPACT);
	DL_FOREACH (server->clients, client)
		if (client->topics & topics)
			client_notify(client, text);
	free(text);
}

/* ---- life -------------------------------------------------------------------------------------- */

static int server_start(struct server *server, struct xbr_error *error)
{
	int r = sd_event_add_io(server->host.event, &server->source, server->listener.fd, EPOLLIN,
				on_connection, server);

	if (r >= 0)
		r = sd_event_source_set_ratelimit(server->source, ACCEPT_TURNS_PER_US, ACCEPT_TURNS);
	if (r < 0)
		return xbr_refuse(error, r, "cannot watch the control socket: %s", strerror(-r));
	return 0;
}

int server_open(struct server **ret_server, sd_event *event, const char *path, const char *group,
		const struct server_method *methods, void *user, struct xbr_error *error)
{
	struct server *server = calloc(1, sizeof(*server));
	int r;

	if (!server)
		return xbr_refuse(error, -ENOMEM, "out of memory");
	server->host = (struct client_host){
		.event = sd_event_ref(event), .methods = methods, .user = user, .on_end = on_client_end};
	server->listener.fd = -1;
	r = listener_open(&server->listener, path, group, error);
	if (r == 0)
		r = server_start(server, error);
	if (r < 0)
		server_close(server);
	else
		*ret_server = server;
	return r;
}

void server_close(struct server *server)
{
	if (!server)
		return;
	while (server->clients)
		client_drop(server, server->clients);
	sd_event_source_disable_unref(server->source);
	listener_close(&server->listener);
	sd_event_unref(server->host.event);
	free(server);
}

void server_refuse(struct server_reply *reply, const struct xbr_error *error)
{
	bool invalid = error->code == -EINVAL || error->code == -ERANGE;

	reply->code = invalid ? SERVER_INVALID_PARAMS : SERVER_REFUSED;
	snprintf(reply->message, sizeof(reply->message), "%s", error->message);
}
