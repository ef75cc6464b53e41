/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl_tables: which tables a level of an image is to have (xbr/acl.h). A table costs each first packet a
 * probe, and saves comparisons to those that would meet a longer chain without it. Of the masks that rules
 * have, of parts of them, and of what masks have in common, those are taken, one after the other, that save
 * most; judged by a sample of the rules, so that the work is the same for any number of them, however many
 * masks they have.
 */
#ifndef XBR_MODEL_ACL_TABLES_H
#define XBR_MODEL_ACL_TABLES_H

#include <stdint.h>

#include "model/acl_mask.h"

struct acl_tables_choice {
	struct acl_mask mask;
	uint32_t rules; /* that are expected in it, about */
};

/* Fills choices, `most` of them at most. Returns how many, or -ENOMEM. */
int acl_tables_choose(const struct xbr_acl_rule *rules, uint32_t count, uint32_t level,
		      struct acl_tables_choice *choices, uint32_t most);

#endif
