/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to the kernel, one answer, on one netlink socket: what rtnetlink and generic netlink share. A
 * `struct netlink` belongs to the namespace it was opened in and has one question under way at a time; an
 * answer callback copies what it wants and asks nothing itself. Answers to earlier questions that were given
 * up are told by their sequence number and skipped. Private to agent/net.
 */
#ifndef XBR_NET_NETLINK_H
#define XBR_NET_NETLINK_H

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets of a question, and of one datagram of an answer: the kernel fills at most 32 KiB of a dump's. */
#define NETLINK_REQUEST_MAX 1024
#define NETLINK_ANSWER_MAX  (64u << 10)

struct netlink {
	struct mnl_socket *socket;
	uint32_t seq;
	char *answer;
	_Alignas(struct nlmsghdr) char request[NETLINK_REQUEST_MAX];
};

/* bus: NETLINK_ROUTE, NETLINK_GENERIC. Returns 0 or -errno. Closing a zeroed one does nothing. */
int netlink_open(struct netlink *ret_netlink, int bus);
void netlink_close(struct netlink *netlink);

/*
 * Begins a question in the socket's own buffer: it is good until the next one begins. flags: NLM_F_* besides
 * REQUEST and ACK.
 */
struct nlmsghdr *netlink_question(struct netlink *netlink, int type, int flags);

/*
 * Sends the question and waits for its end. `take` (may be NULL) is called for each message of the answer;
 * after it returned other than 0 it is not called again, and that is the outcome. Else 0 or the kernel's
 * -errno; -EINTR: a dump that changed meanwhile.
 */
int netlink_ask(struct netlink *netlink, struct nlmsghdr *question,
		int (*take)(const struct nlmsghdr *message, void *user), void *user);

/* What a dump found: `count` items, to be given back by free(items). */
struct netlink_items {
	void *items;
	size_t count;
};

/*
 * Asks a question with NLM_F_DUMP and makes of each message an item of `size` octets, where `parse` does not
 * return false. A dump that changed meanwhile is asked for again; -EAGAIN if it never comes to rest.
 */
int netlink_dump(struct netlink *netlink, struct nlmsghdr *question, size_t size,
		 bool (*parse)(const struct nlmsghdr *message, void *ret_item),
		 struct netlink_items *ret_items);

/* Copies a string attribute, cut to size. */
void netlink_copy_string(const struct nlattr *attribute, char *target, size_t size);

#endif
