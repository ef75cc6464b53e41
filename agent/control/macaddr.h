/* SPDX-License-Identifier: Apache-2.0 */
/* macaddr: changes of a port's source list, from a request to a want. */
#ifndef XBR_CONTROL_MACADDR_H
#define XBR_CONTROL_MACADDR_H

#include <jansson.h>

#include "model/want.h"

/* verb: enum source_verb, or SOURCE_VERB_COUNT for none; list: addresses, or NULL. Refuses with a sentence.
 */
int macaddr_to_want(const char *dev, uint32_t verb, const json_t *list, struct want *want,
		    struct xbr_error *error);

#endif
