/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl_hard: rule sets that are made to blow a classifier up, and frames that come near their rules and are
 * kept from matching as late as can be.
 */
#ifndef XBR_TESTS_ACL_HARD_H
#define XBR_TESTS_ACL_HARD_H

#include "xbr/acl.h"

/* X(name, what is hard about it) */
#define ACL_HARD_KINDS(X)                                                                                    \
	X(usual, "prefixes of many lengths, ports, some ranges, as firewalls have them")                     \
	X(tuples, "each of fourteen fields or not, prefixes of all lengths: thousands of masks")             \
	X(masks, "Ethernet addresses under masks drawn bit by bit: each rule has its own")                   \
	X(ranges, "narrow ranges of ports that begin anywhere, and nothing else")                            \
	X(nested, "ranges one within the other, around one port")

#define ACL_HARD_KIND(name, what) ACL_HARD_##name,
enum acl_hard_kind { ACL_HARD_KINDS(ACL_HARD_KIND) ACL_HARD_KIND_COUNT };

extern const char *const acl_hard_names[ACL_HARD_KIND_COUNT];

/* Begins the drawing anew. */
void acl_hard_seed(__u64 seed);

/* A rule of a set of `count`, finished. seq from 1. */
void acl_hard_rule(enum acl_hard_kind kind, struct xbr_acl_rule *rule, __u32 seq, __u32 count);

#define ACL_HARD_FRAME 68
/* A frame that the rule would match but for its last field; TCP or UDP over IPv4, tagged. */
void acl_hard_frame(const struct xbr_acl_rule *rule, __u8 frame[ACL_HARD_FRAME]);

#endif
