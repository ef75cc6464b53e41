/* SPDX-License-Identifier: Apache-2.0 */
/* qos: what a port has of policers and classes: between its settings and its slots in the maps. */
#ifndef XBR_MODEL_QOS_H
#define XBR_MODEL_QOS_H

#include "model/model.h"

/* enum xbr_qos_flags; 0: frames need not be looked at. */
uint16_t qos_flags(const struct port *port);
/* Before the flags are written to the port's slot. */
void qos_write(struct model *model, const struct port *port);
void qos_read(const struct model *model, struct port *port);
bool qos_is_used(const struct port_settings *settings);

#endif
