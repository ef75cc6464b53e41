/* SPDX-License-Identifier: Apache-2.0 */
/* shape: rates towards devices as options of links: words to settings and back. */
#ifndef XBR_CONTROL_SHAPE_H
#define XBR_CONTROL_SHAPE_H

#include <jansson.h>

#include "control/line.h"
#include "model/model.h"

/* shape: an object of "min", "max" and "device", or NULL. */
int link_shape_patch(const json_t *shape, struct port_patch *patch, struct xbr_error *error);

void show_link_shape(json_t *object, const struct model *model, const struct port *port);
void line_add_shape(struct line *line, const struct shape_settings *shape);

#endif
