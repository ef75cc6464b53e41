/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl_mask: what a rule asks of a frame, as the tables of an image see it (xbr/acl.h): which bits a hash can
 * find it by, at each level of parsing.
 */
#ifndef XBR_MODEL_ACL_MASK_H
#define XBR_MODEL_ACL_MASK_H

#include <stdbool.h>
#include <stdint.h>

#include "xbr/acl.h"

struct acl_mask {
	__u64 word[XBR_FLOW_WORDS];
};

/* The bits whose value a level's frame must have: those that a hash can find the rule by. */
struct acl_mask acl_mask_exact(const struct xbr_acl_rule *rule, uint32_t level);

/* Fewer bits, so that few masks are many rules': prefixes and ports have few lengths. */
struct acl_mask acl_mask_rounded(const struct acl_mask *exact);

/* The same, ports of four lengths more, for ranges that are narrow. */
struct acl_mask acl_mask_fine(const struct acl_mask *exact);

/* Addresses and ports alone, or some of them: word by word, those of `words` (a bit each). */
struct acl_mask acl_mask_of_words(const struct acl_mask *mask, uint32_t words);

struct acl_mask acl_mask_common(const struct acl_mask *a, const struct acl_mask *b);

/* Does a table ask nothing that the rule does not? */
bool acl_mask_asks_no_more(const __u64 table[XBR_FLOW_WORDS], const struct acl_mask *rule);

uint32_t acl_mask_bits(const __u64 mask[XBR_FLOW_WORDS]);

/* Is the rule to be in a table of the level? One that permits, and cannot be compared as a whole, decides
 * nothing. */
bool acl_rule_belongs(const struct xbr_acl_rule *rule, uint32_t level);

/* Do two rules match the same frames of a level that is not whole? */
bool acl_rule_same_at(const struct xbr_acl_rule *a, const struct xbr_acl_rule *b, uint32_t level);

#endif
