/* SPDX-License-Identifier: Apache-2.0 */
#include "control/client.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_MAX (64u << 10) /* octets in one wake-up */

/* ---- notifications ----------------------------------------------------------------------------- */

/* UTC with microseconds, as docs/api.md has it. */
static void time_print(char text[static 40])
{
	struct timespec now;
	struct tm utc;
	size_t length;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	length = strftime(text, 40, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + length, 40 - length, ".%06ldZ", now.tv_nsec / 1000);
}

/* Adds one event to the queue, or nothing and -ENOMEM. */
static int event_queue(struct server_client *client, const char *params)
{
	size_t before = bytes_length(&client->out);
	const char *keys = params + 1; /* after the brace */
	char head[160], now[40];
	int r;

	time_print(now);
	snprintf(head, sizeof(head),
		 "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"seq\":%" PRIu64
		 ",\"time\":\"%s\"%s",
		 client->seq + 1, now, *keys == '}' ? "" : ",");
	r = bytes_append_string(&client->out, head);
	if (r == 0)
		r = bytes_append_string(&client->out, keys);
	if (r == 0)
		r = bytes_append_string(&client->out, "}\n");
	if (r == 0)
		client->seq++;
	else
		bytes_truncate(&client->out, before);
	return r;
}

/* True when the queue has room for events, those first that tell of lost ones. */
static bool events_have_room(struct server_client *client)
{
	char params[96];

	if (bytes_length(&client->out) > CLIENT_EVENTS_MAX)
		return false;
	if (!client->lost)
		return true;
	snprintf(params, sizeof(params), "{\"object\":\"any\",\"event\":\"lost\",\"count\":%" PRIu64 "}",
		 client->lost);
	if (event_queue(client, params) < 0)
		return false;
	client->lost = 0;
	return true;
}

void client_notify(struct server_client *client, const char *params)
{
	bool idle = !bytes_length(&client->out);

	if (client->deaf)
		return;
	if (!params || !events_have_room(client) || event_queue(client, params) < 0)
		client->lost++;
	if (idle) /* else a wake-up is already on its way; this cannot fail for a source without a descriptor
		   */
		sd_event_source_set_enabled(client->turn, SD_EVENT_ONESHOT);
}

/* ---- one turn ---------------------------------------------------------------------------------- */

static bool client_is_full(const struct server_client *client)
{
	return bytes_length(&client->out) > CLIENT_ANSWERS_MAX;
}

static int client_receive(struct server_client *client)
{
	char data[READ_MAX];
	ssize_t length = recv(client->fd, data, sizeof(data), MSG_DONTWAIT);

	if (length > 0)
		return jsonrpc_feed(&client->rpc, data, (size_t)length);
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	jsonrpc_end(&client->rpc); /* it sends no more, or is gone (ECONNRESET) */
	return 0;
}

static int client_handle(struct server_client *client)
{
	int r = 1;

	for (int n = 0; n < CLIENT_REQUESTS_PER_TURN && r > 0 && !client_is_full(client); n++)
		r = jsonrpc_step(&client->rpc, &client->out);
	client->pending = r > 0;
	return r;
}

/* Sends what the kernel takes at once. A client that is gone still has handled what it sent before. */
static void client_send(struct server_client *client)
{
	size_t length = bytes_length(&client->out);
	ssize_t sent;

	if (!length)
		return;
	if (!client->deaf) {
		sent = send(client->fd, bytes_front(&client->out), length, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent >= 0)
			bytes_consume(&client->out, (size_t)sent);
		else if (errno != EAGAIN && errno != EINTR)
			client->deaf = true;
	}
	if (client->deaf)
		bytes_free(&client->out);
}

static bool client_is_over(const struct server_client *client)
{
	return jsonrpc_is_closed(&client->rpc) && !client->pending && !bytes_length(&client->out);
}

/* True when more is to be read before there is something to do. */
static bool client_listens(const struct server_client *client)
{
	return !client->pending && !client_is_full(client) && !jsonrpc_is_closed(&client->rpc);
}

/* Says what the descriptor is watched for. */
static int client_watch(struct server_client *client)
{
	uint32_t events = client_listens(client) ? EPOLLIN : 0;

	if (bytes_length(&client->out))
		events |= EPOLLOUT;
	return sd_event_source_set_io_events(client->io, events);
}

/* By the clock, not as of when the event loop woke up: the turn itself may have taken longer than a client
 * has to read. */
static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Turns on what will wake the client up next. */
static int client_arm(struct server_client *client)
{
	bool full = client_is_full(client);
	int r = client_watch(client);

	if (r < 0)
		return r;
	r = sd_event_source_set_enabled(client->turn,
					client->pending && !full ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
	if (r < 0 || !full)
		return r < 0 ? r : sd_event_source_set_enabled(client->stuck, SD_EVENT_OFF);
	r = sd_event_source_set_time(client->stuck, now_us() + CLIENT_STUCK_US);
	return r < 0 ? r : sd_event_source_set_enabled(client->stuck, SD_EVENT_ONESHOT);
}

/* Handles, sends, and prepares the next turn; ends the connection where that fails or nothing is left to do.
 */
static void client_turn(struct server_client *client)
{
	int r = client_handle(client);

	client_send(client);
	if (client->lost && !client->deaf)
		(void)events_have_room(client);
	if (r < 0 || client_is_over(client) || client_arm(client) < 0)
		client->host->on_end(client->host, client);
}

/* ---- wake-ups ---------------------------------------------------------------------------------- */

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct server_client *client = user;

	(void)source, (void)fd;
	if ((revents & ~(uint32_t)EPOLLOUT) && client_listens(client) && client_receive(client) < 0)
		client->host->on_end(client->host, client);
	else
		client_turn(client);
	return 0;
}

static int on_turn(sd_event_source *source, uint64_t usec, void *user)
{
	(void)source, (void)usec;
	client_turn(user);
	return 0;
}

static int on_stuck(sd_event_source *source, uint64_t usec, void *user)
{
	struct server_client *client = user;

	(void)source, (void)usec;
	client->host->on_end(client->host, client);
	return 0;
}

/* ---- life -------------------------------------------------------------------------------------- */

/*
 * The turn is a timer that is always due, not a defer source: sd-event takes what has waited longest first,
 * and a defer source counts as waiting since it was made, so that one that is turned on again and again keeps
 * all descriptors waiting.
 */
static int client_add_sources(struct server_client *client)
{
	sd_event *event = client->host->event;
	int r = sd_event_add_io(event, &client->io, client->fd, EPOLLIN, on_io, client);

	if (r >= 0)
		r = sd_event_add_time(event, &client->turn, CLOCK_MONOTONIC, 0, 1, on_turn, client);
	if (r >= 0)
		r = sd_event_source_set_enabled(client->turn, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &client->stuck, CLOCK_MONOTONIC, CLIENT_STUCK_US, 0,
					       on_stuck, client);
	return r < 0 ? r : sd_event_source_set_enabled(client->stuck, SD_EVENT_OFF);
}

int client_open(struct server_client **ret_client, struct client_host *host, int fd)
{
	struct server_client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return -ENOMEM;
	client->host = host;
	client->fd = fd;
	client->rpc = (struct jsonrpc){
		.methods = host->methods, .user = host->user, .client = client, .line_max = SERVER_LINE_MAX};
	r = client_add_sources(client);
	if (r < 0) {
		client->fd = -1; /* it stays the caller's */
		client_free(client);
		return r;
	}
	*ret_client = client;
	return 0;
}

void client_free(struct server_client *client)
{
	sd_event_source_disable_unref(client->io);
	sd_event_source_disable_unref(client->turn);
	sd_event_source_disable_unref(client->stuck);
	if (client->fd >= 0)
		close(client->fd);
	jsonrpc_free(&client->rpc);
	bytes_free(&client->out);
	free(client);
}
