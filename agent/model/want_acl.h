/* SPDX-License-Identifier: Apache-2.0 */
/*
 * want_acl: the access lists, sets and bindings of a wanted configuration: a part of struct want, where that
 * is a whole configuration. Pure data, as all of it. Rules name sets by their place here (from 1) until they
 * are made true.
 */
#ifndef XBR_MODEL_WANT_ACL_H
#define XBR_MODEL_WANT_ACL_H

#include <uthash.h>

#include "error.h"
#include "model/acl_rule.h"

struct want_acl {
	char name[XBR_ACL_NAME_LEN];
	struct xbr_acl_rule *rules; /* seq goes up */
	uint32_t count, room;
	const char *at;
	UT_hash_handle hh;
};

struct want_acl_set {
	char name[XBR_ACL_NAME_LEN];
	uint16_t number; /* its place, from 1 */
	uint8_t kind;    /* enum xbr_acl_set_kind */
	struct want_acl_member {
		char text[64];
		UT_hash_handle hh;
	} * members;
	const char *at;
	UT_hash_handle hh;
};

/* One of dev, br (vid 0), vid with br, or vid alone; empty names are none. */
struct want_acl_place {
	char dev[16];
	char br[16];
	uint16_t vid;
	uint16_t direction; /* enum acl_direction */
};

struct want_acl_binding {
	struct want_acl_place place; /* zeros behind the names */
	char list[XBR_ACL_NAME_LEN];
	const char *at;
	UT_hash_handle hh;
};

struct want_acls {
	struct want_acl *lists;
	struct want_acl_set *sets;
	struct want_acl_binding *bindings;
	struct acl_names names; /* the sets here */
};

struct want_acls *want_acls_new(void);
void want_acls_free(struct want_acls *acls);

struct want_acl *want_acl_find(const struct want_acls *acls, const char *name);
struct want_acl_set *want_acl_set_find(const struct want_acls *acls, const char *name);

/* Each refuses with a sentence, and changes nothing then. at: where the command stands, borrowed. */
int want_acl_add(struct want_acls *acls, const char *name, struct xbr_acl_rule *rule, const char *at,
		 struct xbr_error *error);
int want_acl_bind(struct want_acls *acls, const char *list, const struct want_acl_place *place,
		  const char *at, struct xbr_error *error);
int want_acl_set_add(struct want_acls *acls, const char *name, const char *member, const char *at,
		     struct xbr_error *error);

#endif
