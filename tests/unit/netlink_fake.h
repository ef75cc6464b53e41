/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel that answers from a script: recorded netlink conversations for what no device here has. A
 * conversation is an array of rounds: octets of the question that is expected, in hexadecimal, and datagrams
 * that answer it. Sequence numbers are those of the question. The sockets are a socketpair whose far end
 * is a thread; its name is as long as a netlink address, for which libmnl asks.
 */
#ifndef XBR_NETLINK_FAKE_H
#define XBR_NETLINK_FAKE_H

#include <pthread.h>
#include <stdbool.h>

#include "net/netlink.h"

struct fake_round {
	const char *question; /* hexadecimal, blanks between; from nlmsg_type on, sequence and port as 00 */
	const char *answer;   /* whole messages, the same; NULL: an ACK */
	int code;             /* of the NLMSG_ERROR that ends it; answer NULL */
	bool is_dump;         /* NLMSG_DONE ends it */
};

struct fake {
	struct netlink netlink; /* for the code under test */
	int far;
	pthread_t thread;
	const struct fake_round *rounds;
	unsigned int count, done;
	char wrong[4096]; /* what was asked instead of what should have been */
};

bool fake_open(struct fake *ret_fake, const struct fake_round *rounds, unsigned int count);
/* Waits for the end, and asserts that all rounds were played as they are written. */
void fake_close(struct fake *fake);

#endif
