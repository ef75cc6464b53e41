/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can the modes of a wanted configuration be had? They need exactly one uplink on their bridge, and passthru
 * has it for itself. Looks at devices only where a role is auto; touches nothing. Called by transactions
 * before anything is changed.
 */
#ifndef XBR_CONTROL_EDGE_H
#define XBR_CONTROL_EDGE_H

#include "model/model.h"
#include "model/want.h"

/* Refuses with a sentence; *ret_at is where the port in question was asked for. */
int edge_check(struct model *model, const struct want *want, const char **ret_at, struct xbr_error *error);

#endif
