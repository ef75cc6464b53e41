// SPDX-License-Identifier: Apache-2.0
/* The listening half of net/rtnl.h. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "net/rtnl_internal.h"

#define MONITOR_BUFFER (4 << 20) /* octets the kernel may keep for us: some thousand events */

/* A smaller buffer only means that on_lost comes sooner. */
static void enlarge_buffer(int fd)
{
	const int size = MONITOR_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

int monitor_open(struct rtnl *rtnl)
{
	rtnl->events = malloc(NETLINK_ANSWER_MAX);
	if (!rtnl->events)
		return -ENOMEM;
	rtnl->monitor = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!rtnl->monitor)
		return -errno;
	enlarge_buffer(mnl_socket_get_fd(rtnl->monitor));
	return mnl_socket_bind(rtnl->monitor, RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
}

void monitor_close(struct rtnl *rtnl)
{
	if (rtnl->monitor)
		mnl_socket_close(rtnl->monitor);
	free(rtnl->events);
}

int rtnl_monitor_fd(const struct rtnl *rtnl)
{
	return mnl_socket_get_fd(rtnl->monitor);
}

static void tell_links(const struct rtnl *rtnl, int length, const struct rtnl_events *events)
{
	const struct nlmsghdr *message = (const void *)rtnl->events;
	struct rtnl_link link;

	for (; mnl_nlmsg_ok(message, length); message = mnl_nlmsg_next(message, &length)) {
		bool deleted = message->nlmsg_type == RTM_DELLINK;

		if ((deleted || message->nlmsg_type == RTM_NEWLINK) && link_parse(message, &link))
			events->on_link(&link, deleted, events->user);
	}
}

int rtnl_monitor_dispatch(struct rtnl *rtnl, const struct rtnl_events *events)
{
	bool lost = false;
	ssize_t received;

	for (;;) {
		received = mnl_socket_recvfrom(rtnl->monitor, rtnl->events, NETLINK_ANSWER_MAX);
		if (received >= 0)
			tell_links(rtnl, (int)received, events);
		else if (errno == ENOBUFS ||
			 errno == ENOSPC) /* dropped by the kernel; cut off by our buffer */
			lost = true;
		else if (errno != EINTR)
			break;
	}
	if (errno != EAGAIN)
		return -errno;
	if (lost)
		events->on_lost(events->user);
	return 0;
}
