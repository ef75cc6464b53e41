/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stp: spanning tree on the bridges of the model. The engine (proto/stp.h) is pure; here it gets the time,
 * BPDUs by the punt path, carrier and speed of its ports, and what it says becomes the ports' states, flushes
 * and frames.
 *
 *     punt path  --BPDU-->  stp_receive()            ops.send   -->  punt_send()
 *     timerfd    -------->  stp_advance()            ops.state  -->  ports[].state, and the flood list
 *     port.c     --link-->  stp_port_update()        ops.flush  -->  the port's generation
 *
 * After each turn stp_settle() writes down in the map `stp_saved` what the engines know, so that the next
 * agent goes on as if nothing had been (stp_adopt()). A bridge that was left alone for longer than its max
 * age takes part anew: its neighbours have forgotten it, and what it knew may be wrong.
 *
 * A port's number in its port identifier is its number in the model: those over STP_PORT_MAX stay blocked.
 */
#ifndef XBR_MODEL_STP_H
#define XBR_MODEL_STP_H

#include <stdbool.h>
#include <stdint.h>

#include "model/settings.h"
#include "proto/stp.h"
#include "xbr/abi.h"

struct bridge;
struct model;
struct port;

/* model_open() and model_close() do this. */
int stp_open(struct model *model);
void stp_close(struct model *model);

bool stp_is_on(const struct bridge *bridge);

/* Settings or address of the bridge may have changed: it gets an engine, loses it, or its engine is told. */
void stp_bridge_update(struct model *model, struct bridge *bridge);
void stp_bridge_gone(struct model *model, struct bridge *bridge);
/* Settings, carrier or speed of the port may have changed. */
void stp_port_update(struct model *model, struct port *port);
void stp_port_gone(struct model *model, struct port *port);
/* The MST configuration identifier (802.1Q, 13.8), also of a bridge without an engine. */
struct stp_config_id stp_region(const struct bridge *bridge);
/* enum xbr_port_state of a port in an instance, as its engine has it. */
uint8_t stp_port_state(const struct port *port, uint16_t mstid);
/* Asks the port's neighbour for RSTP again. False: spanning tree is off. */
bool stp_port_mcheck(struct model *model, struct port *port);

/* For the event loop: readable when stp_dispatch() has something to do. Frames of the punt path should be
 * read before: what has arrived has not timed out. */
int stp_fd(const struct model *model);
void stp_dispatch(struct model *model);
/* About once a second: the agent lives. */
void stp_alive(struct model *model);
/* By model_settle(): writes down what engines that ran know, and sets the timer. */
void stp_settle(struct model *model);

/* When the model is rebuilt: engines from what an earlier agent left. */
void stp_adopt(struct model *model);
struct stp_bridge_settings stp_bridge_remembered(const struct xbr_bridge_saved *saved);
struct stp_port_settings stp_port_remembered(const struct xbr_port_saved *saved);

/* ---- stp_memory.c: what engines know, in the maps `stp_saved` and, of instances, `stp_msti_saved` ---- */

void stp_remember(struct model *model, struct port *port);
bool stp_is_remembered(const struct model *model, const struct port *port);
/* Into an engine that was just made, see stp_thaw(). */
void stp_recall(struct model *model, struct port *port, bool full_duplex);
/* The port has left its bridge, or its number is free. */
void stp_port_forget(struct model *model, struct port *port);

/* Milliseconds of CLOCK_MONOTONIC, as the engines count. */
uint64_t stp_now(void);

#endif
