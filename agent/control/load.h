/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load: many addresses for one port in one request. To be quick they are no objects but digits in a row,
 * twelve for each, so that a million are read as one string.
 */
#ifndef XBR_CONTROL_LOAD_H
#define XBR_CONTROL_LOAD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "model/model.h"

/*
 * Adds each address as fdb.add does. *ret_added gets how many were; *ret_refused, owned by the caller, gets
 * {"at": place among the addresses, "error": sentence} for the others, the first LOAD_REFUSED_MAX of them.
 * -EINVAL with a sentence where digits is not made of whole addresses: nothing was added then.
 */
#define LOAD_REFUSED_MAX 1000
int load_addresses(struct model *model, struct port *port, uint16_t vlan, uint8_t kind, const char *digits,
		   uint32_t *ret_added, json_t **ret_refused, struct xbr_error *error);

#endif
