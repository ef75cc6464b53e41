/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual functions of a NIC (SR-IOV) as its physical function, the PF, tells of them and is told: what
 * `ip link show` and `ip link set PF vf N ...` do; and how the switch inside the NIC treats frames between
 * them (`bridge link set dev PF hwmode`). By rtnetlink. Each attribute goes in a message of its own: the
 * kernel makes those of one message one after the other, and stops half-way where a driver refuses.
 */
#ifndef XBR_NET_VF_H
#define XBR_NET_VF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/rtnl.h"

/* What is set of a VF. A value is one number, by the functions below. */
enum vf_attribute {
	VF_MAC,      /* the six octets, the first one highest; 0: none, the VF chooses */
	VF_VLAN,     /* vf_vlan() */
	VF_RATE,     /* vf_rate() */
	VF_SPOOFCHK, /* 0, 1 */
	VF_TRUST,    /* 0, 1 */
	VF_STATE,    /* IFLA_VF_LINK_STATE_AUTO 0, _ENABLE 1, _DISABLE 2 */
	VF_ATTRIBUTES
};

#define VF_PROTOCOL_8021Q  0x8100u
#define VF_PROTOCOL_8021AD 0x88a8u

/* vid 0: no VLAN, and then the rest is nothing either. */
static inline uint64_t vf_vlan(uint32_t vid, uint32_t qos, uint32_t protocol)
{
	return vid ? vid | qos << 16 | (uint64_t)protocol << 32 : 0;
}
static inline uint32_t vf_vlan_vid(uint64_t vlan)
{
	return vlan & 0xffff;
}
static inline uint32_t vf_vlan_qos(uint64_t vlan)
{
	return vlan >> 16 & 0xffff;
}
static inline uint32_t vf_vlan_protocol(uint64_t vlan)
{
	return vlan >> 32 & 0xffff;
}

/* Mb/s; max 0: no bound. */
static inline uint64_t vf_rate(uint32_t min, uint32_t max)
{
	return min | (uint64_t)max << 32;
}
static inline uint32_t vf_rate_min(uint64_t rate)
{
	return (uint32_t)rate;
}
static inline uint32_t vf_rate_max(uint64_t rate)
{
	return (uint32_t)(rate >> 32);
}

struct vf_info {
	uint32_t vf;
	uint32_t known; /* a bit for each attribute that the driver tells */
	uint64_t value[VF_ATTRIBUTES];
};

/* How many virtual functions there are. 0 or -errno; a device that can have none has 0. */
int vf_count(struct rtnl *rtnl, int ifindex, uint32_t *ret_count);

/* All of them, in their order: *ret_vfs is for free(). 0 or -errno. */
int vf_list(struct rtnl *rtnl, int ifindex, struct vf_info **ret_vfs, size_t *ret_count);

/* Reads one. -ENOENT: there is no such VF. */
int vf_get(struct rtnl *rtnl, int ifindex, uint32_t vf, struct vf_info *ret_info);

/* 0 or the kernel's -errno: -EINVAL no such VF, -EOPNOTSUPP not by this driver. */
int vf_set(struct rtnl *rtnl, int ifindex, uint32_t vf, enum vf_attribute attribute, uint64_t value);

/* BRIDGE_MODE_VEB 0, BRIDGE_MODE_VEPA 1. -EOPNOTSUPP: the device has no such switch, or does not tell. */
int hwmode_get(struct rtnl *rtnl, int ifindex, uint16_t *ret_mode);
int hwmode_set(struct rtnl *rtnl, int ifindex, uint16_t mode);

/* The device of a bus that a network device belongs to, as devlink names it. -ENOENT: none. */
struct vf_parent {
	char bus[32];
	char name[64];
};
int vf_parent(struct rtnl *rtnl, int ifindex, struct vf_parent *ret_parent);

#endif
