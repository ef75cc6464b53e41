/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach: programs onto devices, kept there by pinned links (tcx, XDP) or by the kernel's own filters
 * (clsact, on kernels before 6.6). Programs of others are never removed; attach_foreign_*() name
 * them.
 */
#ifndef XBR_DATAPATH_ATTACH_H
#define XBR_DATAPATH_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datapath/datapath.h"

enum attach_hook {
	ATTACH_TC_PORT, /* ingress of a port's device */
	ATTACH_TC_HOST, /* egress of a bridge device */
	ATTACH_XDP_NATIVE,
	ATTACH_XDP_GENERIC,
	ATTACH_XDP_PUNT,   /* the agent's end of the punt pair */
	ATTACH_XDP_INJECT, /* the datapath's end; its TC program is a port's */
};

/* The number that the punt pair's links are pinned under: no port has it. */
#define ATTACH_PUNT_PAIR XBR_PORT_NONE

/* Does the kernel have tcx (6.6)? */
bool attach_has_tcx(void);

/* -EEXIST: already there (adopted and alive); -EBUSY (XDP): somebody's program is on the device. 0 or -errno.
 */
int attach_on(struct datapath *dp, uint32_t port, uint32_t ifindex, enum attach_hook hook);

/* Takes one off; nothing there is fine. The device may be gone, or in another namespace. */
void attach_off(struct datapath *dp, uint32_t port, uint32_t ifindex, enum attach_hook hook);

/* Takes the clsact qdisc away that attach_on() made (port_saved.clsact_by_us), with all that is on it: ask
 * first. */
void attach_clsact_remove(struct datapath *dp, uint32_t port, uint32_t ifindex);

/* True: our program is on that very device (by ifindex), alive. */
bool attach_is_on(struct datapath *dp, uint32_t port, uint32_t ifindex, enum attach_hook hook);

/* Puts the newly loaded programs under all pinned links (and clsact filters of known ports). 0 or -errno. */
int attach_swap_programs(struct datapath *dp);

/* Whose program prog_id is: "NAME (id N)" in text; false where it is none (0), or ours. */
bool attach_foreign(struct datapath *dp, uint32_t prog_id, char *text, size_t size);

/* Whose tcx programs are on a device beside ours: calls visit("NAME (id N)", before: runs before ours). */
int attach_foreign_tcx(struct datapath *dp, uint32_t ifindex, enum attach_hook hook,
		       void (*visit)(const char *program, bool before, void *user), void *user);

#endif
