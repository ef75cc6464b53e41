/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generic netlink: a socket, and the number that the kernel gave a family ("ethtool", "devlink", "netdev")
 * when it made it. Asked once, at opening. Private to agent/net.
 */
#ifndef XBR_NET_GENL_H
#define XBR_NET_GENL_H

#include <stdint.h>

#include "net/netlink.h"

struct genl {
	struct netlink netlink;
	int family;
	uint8_t version;
};

/* 0 or -errno; -EOPNOTSUPP: the kernel has no such family. */
int genl_open(struct genl **ret_genl, const char *family, uint8_t version);
/* NULL: nothing is done. */
void genl_close(struct genl *genl);

/* Begins a question, as netlink_question() does. */
struct nlmsghdr *genl_question(struct genl *genl, uint8_t command, int flags);

/* Calls read for each attribute of an answer. 0, or -EPROTO for one that is no such thing. */
int genl_parse(const struct nlmsghdr *message, int (*read)(const struct nlattr *attribute, void *user),
	       void *user);

#endif
