/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flower: filters that the switch inside a NIC does by itself, as `tc filter add dev D ingress ... flower ...
 * skip_sw` sets them: on frames that a virtual function's representor, or the port of the switch, would get.
 * The kernel keeps them and does not run them; a driver that does not take one makes the kernel refuse it. By
 * rtnetlink; what stands at our priorities is ours.
 */
#ifndef XBR_NET_FLOWER_H
#define XBR_NET_FLOWER_H

#include <stdbool.h>
#include <stdint.h>

#include "net/rtnl.h"
#include "xbr/acl.h"

/* Priorities that nobody takes by chance: of each filter that drops one, and one for all that redirect. */
#define FLOWER_FIRST    0x7800u
#define FLOWER_DROPS    64u
#define FLOWER_REDIRECT (FLOWER_FIRST + FLOWER_DROPS)

/* A filter. Of the flow these count: both MACs, eth_type, proto, and both addresses and ports. */
struct flower_filter {
	uint32_t priority; /* FLOWER_FIRST to FLOWER_REDIRECT: the lowest that fits is done */
	uint32_t handle;   /* not 0; one of its own among those of its priority */
	int redirect;      /* to this device, by its ifindex; 0: drop */
	struct xbr_flow value, mask;
};

/* What the device counted for a filter since it was set. */
struct flower_count {
	uint64_t frames, octets;
};

static inline bool flower_is_ours(const char *kind, uint32_t priority)
{
	return kind[0] == 'f' && priority >= FLOWER_FIRST && priority <= FLOWER_REDIRECT;
}

/* The qdisc that filters hang on. -EEXIST: it is there already. */
int flower_begin(struct rtnl *rtnl, int ifindex);

/* 0: the device does it. -EOPNOTSUPP and others: it does not, and nothing has changed. */
int flower_add(struct rtnl *rtnl, int ifindex, const struct flower_filter *filter);
int flower_del(struct rtnl *rtnl, int ifindex, const struct flower_filter *filter);

/* Takes all of ours off a device. */
int flower_clear(struct rtnl *rtnl, int ifindex);

/* Calls visit for each of ours on a device. 0 or -errno. */
int flower_each(struct rtnl *rtnl, int ifindex,
		void (*visit)(uint32_t priority, uint32_t handle, const struct flower_count *count,
			      void *user),
		void *user);

#endif
