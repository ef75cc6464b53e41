/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devlink: a NIC as a device of its bus, not as a network device: the mode of its embedded switch, and which
 * network device represents which virtual function while it is in mode switchdev.
 */
#ifndef XBR_NET_DEVLINK_H
#define XBR_NET_DEVLINK_H

#include <stdint.h>

#include "net/vf.h"

struct genl;

/* The socket. -EOPNOTSUPP: the kernel has no devlink. */
int devlink_open(struct genl **ret_devlink);
void devlink_close(struct genl *devlink);

/* 0: legacy, 1: switchdev, as DEVLINK_ESWITCH_MODE_*. -EOPNOTSUPP, -ENODEV: it has no such switch. */
int devlink_eswitch_get(struct genl *devlink, const struct vf_parent *parent, uint16_t *ret_mode);
int devlink_eswitch_set(struct genl *devlink, const struct vf_parent *parent, uint16_t mode);

/* The ifindex of a virtual function's representor. -ENOENT: there is none (now). */
int devlink_representor(struct genl *devlink, const struct vf_parent *parent, uint32_t vf, int *ret_ifindex);

#endif
