/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files that implement net/rtnl.h share: its two sockets, and the reading of a link message. Private
 * to agent/net.
 */
#ifndef XBR_NET_RTNL_INTERNAL_H
#define XBR_NET_RTNL_INTERNAL_H

#include "net/netlink.h"
#include "net/rtnl.h"

struct rtnl {
	struct netlink requests;
	struct mnl_socket *monitor;
	char *events; /* the monitor's own buffer: on_link may ask questions */
};

/* Opens and closes the listening half. */
int monitor_open(struct rtnl *rtnl);
void monitor_close(struct rtnl *rtnl);

/*
 * Reads an RTM_NEWLINK or RTM_DELLINK into the struct rtnl_link at ret_link. False for one that does not tell
 * of a device as a whole: a bridge's word on its port (AF_BRIDGE), a wireless driver's event.
 */
bool link_parse(const struct nlmsghdr *message, void *ret_link);

#endif
