/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl_rule: a rule of an access list from words and to words. Words are those of tc-flower(8) where it has
 * them. A rule is filled word by word, in any order, then finished: what follows from its words is added (an
 * address makes it a rule for IPv4, say), and what contradicts itself is refused.
 */
#ifndef XBR_MODEL_ACL_RULE_H
#define XBR_MODEL_ACL_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "xbr/acl.h"

/* Who knows the named sets and meters. kind: enum xbr_acl_set_kind. Returns the number, 0: there is none.
 * name_of and meter_name return "" for a number that is none. */
struct acl_names {
	uint16_t (*set_of)(const char *name, uint8_t kind, void *user);
	const char *(*name_of)(uint16_t set, void *user);
	void *user;
	uint16_t (*meter_of)(const char *name, const void *meters);
	const char *(*meter_name)(uint16_t meter, const void *meters);
	const void *meters;
};

/* Every word that takes a value; ended by NULL. In the order in which a rule is written. */
extern const char *const acl_rule_words[];

/* Adds what a word says. value may begin with '!': anything but that. Refuses with a sentence that names word
 * and value. */
int acl_rule_word(struct xbr_acl_rule *rule, const char *word, const char *value,
		  const struct acl_names *names, struct xbr_error *error);

int acl_rule_finish(struct xbr_acl_rule *rule, struct xbr_error *error);

/* "deny src_ip 10.0.0.0/8 ...", without its seq. text is cut off at size. */
void acl_rule_text(const struct xbr_acl_rule *rule, const struct acl_names *names, char *text, size_t size);

/* Calls visit for each word of the rule with its value, '!' in front of one that is turned round. */
void acl_rule_each(const struct xbr_acl_rule *rule, const struct acl_names *names,
		   void (*visit)(const char *word, const char *value, void *user), void *user);

/* May a list or a set have this name? */
int acl_name_check(const char *name, struct xbr_error *error);

/* Do two rules do the same to what they match? */
bool acl_rule_same_deed(const struct xbr_acl_rule *a, const struct xbr_acl_rule *b);

/* Do two rules say the same, seq aside? */
bool acl_rule_equal(const struct xbr_acl_rule *a, const struct xbr_acl_rule *b);

#endif
