/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qdisc: the root of a device's egress queues, and an htb there (tc-htb(8)), by rtnetlink. Frames choose a
 * class by skb->priority (handle << 16 | minor). All calls wait for the kernel's answer and return 0 or its
 * -errno.
 */
#ifndef XBR_NET_QDISC_H
#define XBR_NET_QDISC_H

#include <stdint.h>

#include "net/rtnl.h"

/* handle 0: the kernel's own choice, which comes back by itself when another root goes; kind "" then:
 * noqueue. */
struct qdisc {
	char kind[16];
	uint16_t handle;
};

struct qdisc_class {
	uint16_t minor;
	uint16_t parent;  /* 0: none */
	uint64_t least;   /* bits a second that it gets, from 8 */
	uint64_t most;    /* ... that it may take of what others leave */
	uint32_t quantum; /* octets: its share in that, as those of its siblings are to each other */
};

int qdisc_root(struct rtnl *rtnl, int ifindex, struct qdisc *ret_root);

/* usual: the class of frames that choose none. */
int qdisc_htb_make(struct rtnl *rtnl, int ifindex, uint16_t handle, uint16_t usual);
int qdisc_root_remove(struct rtnl *rtnl, int ifindex, uint16_t handle);

/* Made, or changed. */
int qdisc_class_put(struct rtnl *rtnl, int ifindex, uint16_t handle, const struct qdisc_class *class);
int qdisc_class_remove(struct rtnl *rtnl, int ifindex, uint16_t handle, uint16_t minor);
/* The class's queue holds so many octets. */
int qdisc_queue_put(struct rtnl *rtnl, int ifindex, uint16_t handle, uint16_t class, uint32_t octets);

/* visit must not ask the kernel anything. */
int qdisc_class_each(struct rtnl *rtnl, int ifindex, uint16_t handle,
		     void (*visit)(uint16_t minor, void *user), void *user);

#endif
