/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl_member: members of named sets from words and to words. An address or a prefix is one member, and so is
 * a port; a range of ports is as many as there are aligned blocks in it, at most thirty.
 */
#ifndef XBR_MODEL_ACL_MEMBER_H
#define XBR_MODEL_ACL_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xbr/acl.h"

struct acl_member_range {
	uint8_t kind;    /* enum xbr_acl_set_kind */
	bool is_empty;   /* the kind alone */
	uint16_t family; /* of addresses: 4, 6 */
	uint32_t bits;
	uint8_t address[16];
	uint32_t first, last; /* ports */
};

bool acl_member_parse(const char *text, struct acl_member_range *ret_range);

/* The members that make up a range, one after the other. *next begins as range->first. False: that was the
 * last. */
bool acl_member_next(const struct acl_member_range *range, uint16_t set, uint32_t *next,
		     struct xbr_acl_member *ret_member);

void acl_member_text(const struct xbr_acl_member *member, char *text, size_t size);

#endif
