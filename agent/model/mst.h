/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mst: several spanning trees on a bridge: which VLANs are of which, and what ports do in each. Its
 * configuration (mst_config.h) becomes instances of the bridge's engine (stp.h), the tree of each VLAN in
 * the map `vlans`, and the states that the engine gives ports in the map `port_msti`. They are in force while
 * spanning tree is on with stp_version mstp, VLANs are filtered, and there is an instance; else all VLANs
 * are of the common tree, and the datapath looks at nothing of this.
 */
#ifndef XBR_MODEL_MST_H
#define XBR_MODEL_MST_H

#include "model/model.h"

bool mst_is_on(const struct bridge *bridge);

/* Each shares what it is given. On failure nothing has changed. */
int mst_bridge_set(struct model *model, struct bridge *bridge, struct mst_config *config,
		   struct xbr_error *error);
int mst_port_set(struct model *model, struct port *port, struct mst_rows *rows, struct xbr_error *error);

/* After the engine has its instances, or settings of the bridge changed: what the datapath is to know. */
void mst_update(struct model *model, struct bridge *bridge);
/* What the engine says of a port in a tree. */
void mst_write_state(struct model *model, struct port *port, uint16_t mstid, uint8_t state);
/* All of the port's trees anew: it went down, or came up. */
void mst_write_states(struct model *model, struct port *port);
/* enum xbr_port_state of the port in an instance. */
uint8_t mst_state(const struct model *model, const struct port *port, uint16_t mstid);
/* Does it forward in the tree that a VLAN is of? */
bool mst_forwards(const struct model *model, const struct port *port, uint16_t vid);
/* May its bridge's frames of some VLAN leave by it? */
bool mst_forwards_some(const struct model *model, const struct port *port);

/* Life: the port's number, or the bridge's index, is free again; what an earlier agent left is read. */
void mst_port_end(struct model *model, struct port *port);
void mst_bridge_end(struct model *model, struct bridge *bridge);
int mst_restore_bridge(struct model *model, struct bridge *bridge);
int mst_restore_ports(struct model *model);

#endif
