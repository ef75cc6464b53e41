// SPDX-License-Identifier: Apache-2.0
#include "net/netlink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

/* The kernel answers within the system call; this is for an answer that was lost. */
#define ANSWER_TIMEOUT_S 5
#define DUMP_TRIES       100

static int limit_wait(int fd)
{
	const struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};

	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
}

int netlink_open(struct netlink *ret_netlink, int bus)
{
	struct netlink netlink = {.answer = malloc(NETLINK_ANSWER_MAX)};
	int err;

	if (!netlink.answer)
		return -ENOMEM;
	netlink.socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!netlink.socket || mnl_socket_bind(netlink.socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    limit_wait(mnl_socket_get_fd(netlink.socket))) {
		err = -errno;
		netlink_close(&netlink);
		return err;
	}
	*ret_netlink = netlink;
	return 0;
}

void netlink_close(struct netlink *netlink)
{
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	free(netlink->answer);
	*netlink = (struct netlink){0};
}

struct nlmsghdr *netlink_question(struct netlink *netlink, int type, int flags)
{
	struct nlmsghdr *question;

	memset(netlink->request, 0,
	       sizeof(netlink->request)); /* libmnl leaves the octets between attributes */
	question = mnl_nlmsg_put_header(netlink->request);
	question->nlmsg_type = (uint16_t)type;
	question->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	return question;
}

/* ---- the answer ------------------------------------------------------------------------------------ */

struct exchange {
	int (*take)(const struct nlmsghdr *message, void *user);
	void *user;
	uint32_t seq;
	bool ended;
	int outcome;
};

/* An NLMSG_ERROR (0: the ACK) and an NLMSG_DONE both begin with 0 or a negative errno. */
static void exchange_end(struct exchange *exchange, const struct nlmsghdr *message)
{
	int code = 0;

	if (mnl_nlmsg_get_payload_len(message) >= sizeof(code))
		code = *(const int *)mnl_nlmsg_get_payload(message);
	if (!exchange->outcome)
		exchange->outcome = code;
	exchange->ended = true;
}

static void exchange_take(struct exchange *exchange, const struct nlmsghdr *message)
{
	if (message->nlmsg_flags & NLM_F_DUMP_INTR && !exchange->outcome)
		exchange->outcome = -EINTR;
	if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE)
		exchange_end(exchange, message);
	else if (exchange->take && !exchange->outcome)
		exchange->outcome = exchange->take(message, exchange->user);
}

static int receive_error(int code)
{
	if (code == EINTR)
		return 0;
	return code == EAGAIN ? -ETIMEDOUT : -code;
}

/* One datagram. */
static int exchange_receive(struct netlink *netlink, struct exchange *exchange)
{
	const struct nlmsghdr *message = (const void *)netlink->answer;
	ssize_t received = mnl_socket_recvfrom(netlink->socket, netlink->answer, NETLINK_ANSWER_MAX);
	int length = (int)received;

	if (received < 0)
		return receive_error(errno);
	for (; mnl_nlmsg_ok(message, length); message = mnl_nlmsg_next(message, &length))
		if (message->nlmsg_seq == exchange->seq && !exchange->ended)
			exchange_take(exchange, message);
	return 0;
}

int netlink_ask(struct netlink *netlink, struct nlmsghdr *question,
		int (*take)(const struct nlmsghdr *message, void *user), void *user)
{
	struct exchange exchange = {.take = take, .user = user, .seq = ++netlink->seq};
	int err;

	question->nlmsg_seq = exchange.seq;
	if (mnl_socket_sendto(netlink->socket, question, question->nlmsg_len) < 0)
		return -errno;
	while (!exchange.ended) {
		err = exchange_receive(netlink, &exchange);
		if (err)
			return err;
	}
	return exchange.outcome;
}

/* ---- dumps ----------------------------------------------------------------------------------------- */

struct collection {
	bool (*parse)(const struct nlmsghdr *message, void *ret_item);
	size_t size;
	size_t room; /* items that fit */
	size_t count;
	char *items;
};

static int collection_grow(struct collection *collection)
{
	size_t room = collection->room ? collection->room * 2 : 16;
	char *items = reallocarray(collection->items, room, collection->size);

	if (!items)
		return -ENOMEM;
	collection->items = items;
	collection->room = room;
	return 0;
}

static int collection_take(const struct nlmsghdr *message, void *user)
{
	struct collection *collection = user;
	int err = collection->count == collection->room ? collection_grow(collection) : 0;

	if (err)
		return err;
	if (collection->parse(message, collection->items + collection->count * collection->size))
		collection->count++;
	return 0;
}

int netlink_dump(struct netlink *netlink, struct nlmsghdr *question, size_t size,
		 bool (*parse)(const struct nlmsghdr *message, void *ret_item),
		 struct netlink_items *ret_items)
{
	struct collection collection = {.parse = parse, .size = size};
	int err = -EINTR;

	for (int i = 0; i < DUMP_TRIES && err == -EINTR; i++) {
		collection.count = 0;
		err = netlink_ask(netlink, question, collection_take, &collection);
	}
	if (err) {
		free(collection.items);
		return err == -EINTR ? -EAGAIN : err;
	}
	*ret_items = (struct netlink_items){.items = collection.items, .count = collection.count};
	return 0;
}

void netlink_copy_string(const struct nlattr *attribute, char *target, size_t size)
{
	snprintf(target, size, "%.*s", (int)mnl_attr_get_payload_len(attribute), mnl_attr_get_str(attribute));
}
