/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The punt pair: a veth pair of the agent's own, between the datapath and its AF_XDP socket. Its datapath's
 * end has an Ethernet address that was drawn at random and written to agent_saved before the pair was made:
 * by that it is known as ours, however it is named, and whenever an agent died. Used by punt.c alone.
 */
#ifndef XBR_MODEL_PUNT_PAIR_H
#define XBR_MODEL_PUNT_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "xbr/abi.h"

struct model;

struct punt_pair {
	struct model *model;
	char device[XBR_IFNAME_LEN]; /* the datapath's end; "" while it is not open */
	char agent_device[XBR_IFNAME_LEN];
};

/* Finds the pair or makes it, has it up with our programs on it, and tells the datapath. 0 or -errno: what
 * there is stays, for the next try. */
int punt_pair_open(struct punt_pair *pair);

/* Takes it away, if there is one. */
void punt_pair_remove(struct punt_pair *pair);

/* The agent's end, valid while the pair is open. */
uint32_t punt_pair_agent_end(const struct punt_pair *pair);

/* Is a device one of the ends? */
bool punt_pair_owns(const struct punt_pair *pair, uint32_t ifindex);

#endif
