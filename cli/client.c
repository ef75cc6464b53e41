/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BUFFER_STEP 65536

struct client {
	int fd;
	json_int_t last_id;
	char *buffer;
	size_t size;  /* of buffer */
	size_t begin; /* of what was not handed out yet */
	size_t end;   /* of what was read */
	size_t clean; /* octets from begin that are known to hold no newline */
};

static int connect_to(const char *path, int *ret_fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

int client_connect(const char *path, struct client **ret_client, struct cli_error *error)
{
	struct client *client = calloc(1, sizeof(*client));
	int err;

	if (!client)
		return cli_refuse(error, -ENOMEM, "out of memory");
	err = connect_to(path, &client->fd);
	if (err) {
		free(client);
		return cli_refuse(error, CLI_NO_AGENT, "no agent at %s: %s", path, strerror(-err));
	}
	*ret_client = client;
	return 0;
}

void client_disconnect(struct client *client)
{
	if (!client)
		return;
	close(client->fd);
	free(client->buffer);
	free(client);
}

/* ---- sending ------------------------------------------------------------------------------------- */

/* -errno; an agent that has hung up (-EPIPE) may still have left an answer to read. */
static int send_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		text += sent;
		length -= (size_t)sent;
	}
	return 0;
}

static char *encode_request(json_int_t id, const char *method, const json_t *params)
{
	json_t *empty = json_object();
	json_t *request = json_pack("{s:s, s:I, s:s, s:O}", "jsonrpc", "2.0", "id", id, "method", method,
				    "params", params ? params : empty);
	char *text = json_dumps(request, JSON_COMPACT);

	json_decref(request);
	json_decref(empty);
	return text;
}

int client_send(struct client *client, const char *method, const json_t *params, json_int_t *ret_id,
		struct cli_error *error)
{
	char *text = encode_request(client->last_id + 1, method, params);
	size_t length;
	int err;

	if (!text)
		return cli_refuse(error, -ENOMEM, "out of memory");
	length = strlen(text);
	text[length] = '\n'; /* in place of the terminator: one message, one send */
	err = send_all(client->fd, text, length + 1);
	free(text);
	if (err && err != -EPIPE && err != -ECONNRESET)
		return cli_refuse(error, CLI_NO_AGENT, "cannot send to the agent: %s", strerror(-err));
	*ret_id = ++client->last_id;
	return 0;
}

/* ---- receiving ----------------------------------------------------------------------------------- */

/* Makes room behind `end`: first by moving what is left to the front, then by growing. */
static int make_room(struct client *client)
{
	if (client->begin > 0 && client->end == client->size) {
		memmove(client->buffer, client->buffer + client->begin, client->end - client->begin);
		client->end -= client->begin;
		client->begin = 0;
	}
	if (client->size - client->end < BUFFER_STEP / 2) {
		size_t size = client->size * 2 + BUFFER_STEP;
		char *buffer = realloc(client->buffer, size);

		if (!buffer)
			return -ENOMEM;
		client->buffer = buffer;
		client->size = size;
	}
	return 0;
}

/* Reads more. -ENOTCONN at the end of the stream. */
static int fill(struct client *client)
{
	ssize_t received;

	if (make_room(client) != 0)
		return -ENOMEM;
	do
		received = recv(client->fd, client->buffer + client->end, client->size - client->end, 0);
	while (received < 0 && errno == EINTR);
	if (received < 0 && errno != ECONNRESET)
		return -errno;
	if (received <= 0)
		return -ENOTCONN;
	client->end += (size_t)received;
	return 0;
}

/* The next line, without its end; valid until the next call. */
static int next_line(struct client *client, const char **ret_line, size_t *ret_length,
		     struct cli_error *error)
{
	char *newline = NULL;

	for (;;) {
		size_t unread = client->end - client->begin;
		int err;

		if (unread > client->clean)
			newline = memchr(client->buffer + client->begin + client->clean, '\n',
					 unread - client->clean);
		if (newline)
			break;
		client->clean = unread;
		err = fill(client);
		if (err == -ENOTCONN)
			return cli_refuse(error, CLI_NO_AGENT, "the agent closed the connection");
		if (err)
			return cli_refuse(error, CLI_NO_AGENT, "cannot read from the agent: %s",
					  strerror(-err));
	}
	*ret_line = client->buffer + client->begin;
	*ret_length = (size_t)(newline - *ret_line);
	client->begin += *ret_length + 1;
	client->clean = 0;
	return 0;
}

static int next_message(struct client *client, json_t **ret_message, struct cli_error *error)
{
	json_error_t json_error;
	const char *line = NULL;
	size_t length = 0;
	json_t *message;
	int err = next_line(client, &line, &length, error);

	if (err)
		return err;
	message = json_loadb(line, length, 0, &json_error);
	if (!json_is_object(message)) {
		json_decref(message);
		return cli_refuse(error, CLI_NO_AGENT, "what answers on the socket is no agent of xbr");
	}
	*ret_message = message;
	return 0;
}

/* The sentence of an `error` object. */
static int refuse_as_told(const json_t *failure, struct cli_error *error)
{
	const char *message = json_string_value(json_object_get(failure, "message"));
	const char *at = json_string_value(json_object_get(json_object_get(failure, "data"), "at"));

	return cli_refuse(error, CLI_REFUSED, "%s%s%s", at ? at : "", at ? ": " : "",
			  message ? message : "the agent refused, and did not say why");
}

int client_answer(struct client *client, json_int_t id, json_t **ret_result, struct cli_error *error)
{
	json_t *message = NULL;
	json_t *failure;
	int err;

	do {
		json_decref(message);
		message = NULL;
		err = next_message(client, &message, error);
	} while (err == 0 && json_object_get(message, "method"));
	if (err)
		return err;
	failure = json_object_get(message, "error");
	if (failure)
		err = refuse_as_told(failure, error);
	else if (json_integer_value(json_object_get(message, "id")) != id)
		err = cli_refuse(error, CLI_NO_AGENT, "the agent answered another question");
	else
		*ret_result = json_incref(json_object_get(message, "result"));
	json_decref(message);
	return err;
}

int client_event(struct client *client, json_t **ret_params, struct cli_error *error)
{
	json_t *message = NULL;
	int err;

	do {
		json_decref(message);
		message = NULL;
		err = next_message(client, &message, error);
	} while (err == 0 && !json_is_object(json_object_get(message, "params")));
	if (err)
		return err;
	*ret_params = json_incref(json_object_get(message, "params"));
	json_decref(message);
	return 0;
}
