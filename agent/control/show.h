/* SPDX-License-Identifier: Apache-2.0 */
/* show: the things of the model as the JSON objects of docs/api.md. Each returns a new reference, NULL when
 * out of memory. */
#ifndef XBR_CONTROL_SHOW_H
#define XBR_CONTROL_SHOW_H

#include <jansson.h>

#include "model/model.h"

json_t *show_bridge(struct model *model, const struct bridge *bridge);
json_t *show_link(struct model *model, const struct port *port);
json_t *show_fdb(const struct fdb_view *view);
json_t *show_reasons(void);

/* port NULL: frames that came by devices that are no ports. */
json_t *show_stats(struct model *model, const struct port *port);

#endif
