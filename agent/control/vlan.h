/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vlan: VLANs between requests and the model: vlan.add, vlan.set, vlan.del, vlanmap.add and vlanmap.del as
 * changes of a want, vlan.show and vlanmap.show as JSON, and the lines of `save`. Called by commands.c and
 * api.c.
 */
#ifndef XBR_CONTROL_VLAN_H
#define XBR_CONTROL_VLAN_H

#include <jansson.h>

#include "model/model.h"
#include "model/want.h"

int command_vlan_add(const json_t *params, struct want *want, struct xbr_error *error);
int command_vlan_set(const json_t *params, struct want *want, struct xbr_error *error);
int command_vlan_del(const json_t *params, struct want *want, struct xbr_error *error);
int command_vlanmap_add(const json_t *params, struct want *want, struct xbr_error *error);
int command_vlanmap_del(const json_t *params, struct want *want, struct xbr_error *error);

/* How VLANs are listed. */
struct vlan_show {
	uint16_t vid;  /* 0: all */
	bool compress; /* VLANs in a row that are alike are one entry */
	bool stats;
};

/* The VLANs of one port: docs/api.md; NULL where it is in none of those asked for. */
json_t *vlan_show_port(struct model *model, const struct port *port, const struct vlan_show *show);

/* Appends an object for each mapping of a port. */
void vlan_show_mappings(const struct port *port, json_t *list);

/* Appends the commands that make a new port's VLANs those of this one. */
void vlan_save(json_t *lines, const struct port *port);
void vlan_save_mappings(json_t *lines, const struct port *port);

#endif
