/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meter: what requests say of meters and of where they are bound, and how they are shown and saved. The
 * commands change a want as those of commands.h do; the option `police` of links is read and written here for
 * it.
 */
#ifndef XBR_CONTROL_METER_H
#define XBR_CONTROL_METER_H

#include <jansson.h>

#include "control/line.h"
#include "model/meter.h"
#include "model/model.h"
#include "model/want.h"

int command_meter_add(const json_t *params, struct want *want, struct xbr_error *error);
int command_meter_set(const json_t *params, struct want *want, struct xbr_error *error);
int command_meter_del(const json_t *params, struct want *want, struct xbr_error *error);
int command_meter_bind(const json_t *params, struct want *want, struct xbr_error *error);
int command_meter_unbind(const json_t *params, struct want *want, struct xbr_error *error);

/* The option `police` of links: an object of meters by way, or NULL. */
int link_police(const char *dev, const json_t *police, struct want *want, struct xbr_error *error);

/* A new array: of one meter, or with name NULL of all. */
int meter_show(struct model *model, const char *name, json_t **ret_list, struct xbr_error *error);
/* The keys of a link object. */
void show_link_meters(json_t *object, const struct model *model, const struct port *port);
/* New arrays of lines. level: how many meters are above, so that a parent is saved before its children. */
json_t *save_meters_of_level(struct model *model, int level);
json_t *save_meter_bindings(struct model *model);

#endif
