/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnetlink: what the kernel knows of network devices, and the few things the agent asks it to change. One
 * `struct rtnl` has two sockets of the namespace it was opened in: one for requests (synchronous: every call
 * waits for its ACK), one that listens to RTNLGRP_LINK. The agent owns it; agent/model and agent/control call
 * it. Uses libmnl; knows nothing of bridges of ours or of BPF.
 */
#ifndef XBR_NET_RTNL_H
#define XBR_NET_RTNL_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

struct rtnl;

/* One device, as RTM_NEWLINK tells it. */
struct rtnl_link {
	int ifindex;
	char name[IFNAMSIZ];
	char kind[16];       /* IFLA_INFO_KIND: "veth", "tun", "bridge", ...; "" for a physical device */
	int master;          /* ifindex, 0: none */
	int link;            /* IFLA_LINK: a veth's peer; 0: none */
	bool link_elsewhere; /* IFLA_LINK_NETNSID present: `link` is an ifindex of another namespace */
	int link_netnsid;    /* valid if link_elsewhere; may be negative when the kernel has no id for it */
	uint32_t mtu;
	unsigned int flags; /* IFF_* */
	uint8_t operstate;  /* IF_OPER_* */
	bool carrier;       /* IFLA_CARRIER */
	uint8_t address[6];
	bool ethernet;        /* ARPHRD_ETHER and a six-octet address */
	uint32_t xdp_prog_id; /* of a program in the hook, 0: none */
	uint32_t promiscuity;
	uint8_t switch_id[32]; /* of the switch it is a port of, inside a NIC, as it calls itself */
	uint8_t switch_id_len; /* 0: of none */
};

/* Opens both sockets. Returns 0 or -errno. rtnl_close(NULL) does nothing. */
int rtnl_open(struct rtnl **ret_rtnl);
void rtnl_close(struct rtnl *rtnl);

/* Fills *ret_link. -ENODEV where there is no such device. A name may be an altname of the device, too. */
int rtnl_link_by_index(struct rtnl *rtnl, int ifindex, struct rtnl_link *ret_link);
int rtnl_link_by_name(struct rtnl *rtnl, const char *name, struct rtnl_link *ret_link);

/*
 * Calls visit for every device of the namespace; a non-zero return of visit ends the walk and is returned.
 * The list is read before the first call: visit may ask and change things. -EAGAIN: the devices never stopped
 * changing while they were read.
 */
int rtnl_link_each(struct rtnl *rtnl, int (*visit)(const struct rtnl_link *link, void *user), void *user);

/* Each waits for the kernel's answer and returns 0 or its -errno. master 0: out of its bridge. */
int rtnl_link_set_master(struct rtnl *rtnl, int ifindex, int master);
int rtnl_link_set_address(struct rtnl *rtnl, int ifindex, const uint8_t address[6]);
int rtnl_link_set_up(struct rtnl *rtnl, int ifindex, bool up);
int rtnl_link_set_promiscuous(struct rtnl *rtnl, int ifindex, bool on);
int rtnl_link_set_allmulti(struct rtnl *rtnl, int ifindex, bool on);
/* The device's own address filter, of stations and groups. -EEXIST: the address is in it already;
 * -EOPNOTSUPP: the driver takes none. */
int rtnl_filter_set(struct rtnl *rtnl, int ifindex, const uint8_t address[6], bool on);
/* Groups in a device's own filter: those that the host joined on it. */
int rtnl_group_each(struct rtnl *rtnl, int ifindex, void (*visit)(const uint8_t address[6], void *user),
		    void *user);
int rtnl_link_delete(struct rtnl *rtnl, int ifindex);

/* Makes a kernel bridge device: STP off, multicast snooping off. -EEXIST where the name is taken. */
int rtnl_bridge_create(struct rtnl *rtnl, const char *name);
/* Turns the kernel's own spanning tree on a bridge device off. */
int rtnl_bridge_stp_off(struct rtnl *rtnl, int ifindex);

/*
 * Makes a veth pair of one queue each way, down, both ends of this MTU, the first of this address. -EEXIST
 * where one of the names is taken.
 */
int rtnl_veth_create(struct rtnl *rtnl, const char *name, const char *peer, const uint8_t address[6],
		     uint32_t mtu);

/*
 * Takes a device up for our own use: with an alias that tells what it is for (`ip link show`), without IPv6
 * addresses, so that the kernel says nothing on it by itself.
 */
int rtnl_link_take(struct rtnl *rtnl, int ifindex, const char *alias);

/*
 * The id that this namespace has for another one (as in link_netnsid), given a descriptor of it; never
 * negative. -ENOENT: it has none, -EINVAL: no namespace's descriptor.
 */
int rtnl_nsid_of_fd(struct rtnl *rtnl, int netns_fd);

/*
 * The listening socket. rtnl_monitor_fd() is for the event loop (readable: call rtnl_monitor_dispatch).
 * dispatch reads all that is there and calls on_link for each message in order (deleted: RTM_DELLINK of the
 * device itself; messages of family AF_BRIDGE and wireless events are not passed on). When the kernel dropped
 * messages (ENOBUFS) it calls on_lost once, after draining: the caller reads everything anew.
 */
struct rtnl_events {
	void (*on_link)(const struct rtnl_link *link, bool deleted, void *user);
	void (*on_lost)(void *user);
	void *user;
};
int rtnl_monitor_fd(const struct rtnl *rtnl);
int rtnl_monitor_dispatch(struct rtnl *rtnl, const struct rtnl_events *events);

/*
 * Filters that somebody hung on a device's clsact hook (RTM_GETTFILTER; tcx programs are not among them):
 * calls visit with a BPF filter's name and program id, or with the kind of another filter and 0. Returns 0,
 * the value of visit, or -errno; a device without a clsact qdisc has none.
 */
int rtnl_filter_each(struct rtnl *rtnl, int ifindex, bool ingress,
		     int (*visit)(const char *name, uint32_t prog_id, uint32_t priority, void *user),
		     void *user);

#endif
