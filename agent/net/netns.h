/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding a network namespace by the id that this namespace has for it (IFLA_LINK_NETNSID): the kernel tells
 * the id of a namespace that one has open, not the other way round, so all that can be opened are tried:
 * those with a name in /run/netns and those some process lives in. Private to agent/net.
 */
#ifndef XBR_NET_NETNS_H
#define XBR_NET_NETNS_H

#include "net/rtnl.h"

/*
 * *ret_fd: the namespace, to be closed by the caller. -ENOENT: none that can be seen has the id; -EPERM:
 * none, but some could not be looked at.
 */
int netns_find(struct rtnl *rtnl, int nsid, int *ret_fd);

#endif
