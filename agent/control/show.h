/* SPDX-License-Identifier: Apache-2.0 */
/* show: the things of the model as the JSON objects of docs/api.md. Each returns a new reference, NULL when
 * out of memory. */
#ifndef XBR_CONTROL_SHOW_H
#define XBR_CONTROL_SHOW_H

#include <jansson.h>

#include "model/model.h"

/* used: addresses in the whole table, of fdb_used(), which walks it: once for all bridges. */
json_t *show_bridge(const struct model *model, const struct bridge *bridge, uint32_t used);
json_t *show_link(struct model *model, const struct port *port);
json_t *show_fdb(const struct model *model, const struct fdb_view *view);
json_t *show_reasons(void);

/* Bits of enum xbr_feature as an array of their names. */
json_t *show_features(uint32_t features);

/* port NULL: frames that came by devices that are no ports. */
json_t *show_stats(struct model *model, const struct port *port);

#endif
