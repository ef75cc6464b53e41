/* SPDX-License-Identifier: Apache-2.0 */
/*
 * punt: the agent's ear and mouth on the ports. A protocol registers as a consumer, asks for reasons (enum
 * xbr_punt_reason: which control frames) on bridges or single ports, and is called for each frame; it sends
 * frames out of a port, or as if they had been received there.
 *
 *     port --bpf/punt.h--> xbrN-punt ==veth== xbrN-agent --AF_XDP--> punt_dispatch() --> consumers
 *
 * The pair (punt_pair.h) is made when first needed, adopted after a restart, and taken away by --detach. It
 * is nobody's port. What the agent does not read in time is dropped by the kernel and counted;
 * nothing here waits.
 */
#ifndef XBR_MODEL_PUNT_H
#define XBR_MODEL_PUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/settings.h"
#include "net/xsk.h"
#include "xbr/abi.h"

#define PUNT_CONSUMERS 8

struct bridge;
struct model;
struct port;
struct punt;
struct rtnl_link;
struct punt_consumer;

/* A frame as a consumer gets it; bytes are good during the call only. */
struct punt_frame {
	struct port *port; /* it was received on */
	uint16_t vid;      /* of its outermost tag; 0: none, or a priority tag */
	enum xbr_punt_reason reason;
	uint64_t time_us; /* CLOCK_MONOTONIC, when the agent read it */
	const uint8_t *bytes;
	uint32_t length;
	uint32_t wire_length; /* more than length: only the first XBR_PUNT_FRAME_MAX octets were punted */
};

/* As seen from the port. */
enum punt_direction {
	PUNT_IN,       /* received on it, punted */
	PUNT_OUT,      /* sent out of it */
	PUNT_INJECTED, /* sent as if received on it */
};

/* model_open() and model_close() do this. */
int punt_new(struct punt **ret_punt, struct model *model);
void punt_free(struct punt *punt);

/* name: of the protocol. on_frame may be NULL: it asks, and does not listen. NULL: all PUNT_CONSUMERS are
 * taken. A consumer lives as long as the model, or until punt_unregister(). */
struct punt_consumer *punt_register(struct model *model, const char *name,
				    void (*on_frame)(void *user, const struct punt_frame *frame), void *user);
void punt_unregister(struct punt_consumer *consumer);

/*
 * The reasons (XBR_PUNT_BIT()s) that a consumer wants on all ports of a bridge, or on one port: replaces what
 * it asked for before; 0 takes it back. Asked for by anybody, frames are no longer relayed or dropped as
 * reserved. Makes the pair; what goes wrong there is told to the log, and tried again.
 */
void punt_ask(struct punt_consumer *consumer, struct bridge *bridge, uint32_t reasons);
void punt_ask_port(struct punt_consumer *consumer, struct port *port, uint32_t reasons);

/* What all consumers together ask for, for bridge.c and port.c to write. */
uint32_t punt_asked_of_bridge(const struct bridge *bridge);
uint32_t punt_asked_of_port(const struct port *port);

/*
 * Sends a whole frame, tags included, FCS not: out of a port, past the bridge and whatever the port's state;
 * or as if received on it, the whole way but the punt stage. reason: what it is counted as. 0; -ENODEV: the
 * port has no device; -EMSGSIZE: under 14 octets, or over XBR_PUNT_FRAME_MAX; -ENOBUFS: the ring is full
 * (counted); -ENOTCONN: no pair now.
 */
int punt_send(struct model *model, const struct port *port, enum xbr_punt_reason reason, const void *bytes,
	      size_t length);
int punt_inject(struct model *model, const struct port *port, enum xbr_punt_reason reason, const void *bytes,
		size_t length);

/* Calls on_frame for every frame that comes from a port (punted; asked for by whomever) or goes to one, for
 * a person to look at. NULL: no more. */
void punt_tap(struct model *model,
	      void (*on_frame)(void *user, const struct punt_frame *frame, enum punt_direction direction),
	      void *user);

/* The token bucket that each port has for a reason. burst: at least 1. */
void punt_limit_set(struct model *model, uint32_t reason, const struct punt_limit *limit);
struct punt_limit punt_limit_get(const struct model *model, uint32_t reason);

/* For the event loop: one descriptor for all, always there. Readable: punt_dispatch(), which does a bounded
 * piece of work. */
int punt_fd(const struct model *model);
void punt_dispatch(struct model *model);

/* Is a device one of the pair's ends? */
bool punt_owns(const struct model *model, uint32_t ifindex);

/* A device has changed, or is gone: if it was ours, another pair is made. */
void punt_on_link(struct model *model, const struct rtnl_link *link, bool deleted);

/* For --detach: takes the pair away. */
void punt_remove(struct model *model);

/* What `xbr punt show` tells beside the datapath's counts. */
struct punt_status {
	bool is_open;
	char device[XBR_IFNAME_LEN]; /* the datapath's end; "" while there is none */
	char agent_device[XBR_IFNAME_LEN];
	struct xsk_statistics socket;
	uint64_t strays; /* frames on the socket that were not ours, or of a port that is gone */
};
void punt_status(const struct model *model, struct punt_status *ret_status);

#endif
