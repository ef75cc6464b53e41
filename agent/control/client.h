/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to the control socket: reads requests, has them handled (control/jsonrpc.h), sends answers
 * and notifications. In one wake-up it makes at most one read, CLIENT_REQUESTS_PER_TURN requests and one
 * write, so that a busy client holds up neither the others nor the loop. server.c owns the list of clients; a
 * client tells it by on_end when it is done.
 *
 * What is not read stays in a queue. Above CLIENT_EVENTS_MAX notifications are dropped, counted, and told by
 * a `lost` event as soon as there is room. Above CLIENT_ANSWERS_MAX the client's requests wait until it
 * reads; when it then reads nothing for CLIENT_STUCK_US, it is disconnected.
 */
#ifndef XBR_CONTROL_CLIENT_H
#define XBR_CONTROL_CLIENT_H

#include <stdint.h>

#include "control/jsonrpc.h"

#define CLIENT_REQUESTS_PER_TURN 64
#define CLIENT_EVENTS_MAX        (1u << 20)  /* octets */
#define CLIENT_ANSWERS_MAX       (64u << 20) /* octets */
#define CLIENT_STUCK_US          2000000u

/* What the clients of one server have in common. */
struct client_host {
	sd_event *event;
	const struct server_method *methods;
	void *user; /* handed to methods */
	/* The connection is over: take the client off the list and call client_free(). */
	void (*on_end)(struct client_host *host, struct server_client *client);
};

struct server_client {
	struct server_client *prev; /* the list of server.c */
	struct server_client *next;
	unsigned int topics; /* what it wants told */
	/* kept by client.c */
	struct client_host *host;
	int fd;
	sd_event_source *io;
	sd_event_source *turn;  /* on while there is work that no readiness of fd would announce */
	sd_event_source *stuck; /* on while the queue is full */
	struct jsonrpc rpc;
	struct bytes out;
	bool pending; /* requests may be waiting in rpc */
	bool deaf;    /* it reads no more: what would be sent is thrown away */
	uint64_t seq; /* of the last notification */
	uint64_t lost;
};

/* Takes over fd (non-blocking) if it succeeds. 0 or -errno. */
int client_open(struct server_client **ret_client, struct client_host *host, int fd);

/* Disconnects. */
void client_free(struct server_client *client);

/*
 * Queues a notification. params: the text of an object of JSON; seq and time are put in front of its keys.
 * NULL: it could not be made for want of memory, which counts as a lost one.
 */
void client_notify(struct server_client *client, const char *params);

#endif
