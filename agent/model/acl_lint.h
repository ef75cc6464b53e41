/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl_lint: rules of a list that no frame can reach, for an earlier one matches all that they could. A rule
 * is held against each earlier one: is every condition of that one met by whatever meets this one's? Only
 * where this is plain from two rules; what several earlier ones cover together is not looked for.
 */
#ifndef XBR_MODEL_ACL_LINT_H
#define XBR_MODEL_ACL_LINT_H

#include "xbr/acl.h"

enum acl_finding {
	ACL_FINDING_NONE,
	ACL_DUPLICATE,   /* the earlier rule says the very same */
	ACL_CONTRADICTS, /* it matches the same frames, and does something else */
	ACL_SHADOWED,    /* it matches more, and does something else */
	ACL_REDUNDANT,   /* it matches more, and does the same */
	ACL_NEVER,       /* no frame meets the rule at all: it wants and does not want the same */
};

/* What is wrong with `later`, given one earlier rule; or, with earlier NULL, with it alone. */
enum acl_finding acl_lint_pair(const struct xbr_acl_rule *earlier, const struct xbr_acl_rule *later);

/* The word of a finding. */
const char *acl_finding_word(enum acl_finding finding);

#endif
