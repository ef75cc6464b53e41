/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl_want: access lists, sets and bindings in transactions over the whole configuration: from requests to a
 * want, from the model to a want, the difference made true, and the commands that restore it.
 */
#ifndef XBR_CONTROL_ACL_WANT_H
#define XBR_CONTROL_ACL_WANT_H

#include <jansson.h>

#include "model/acl.h"
#include "model/want.h"
#include "model/want_acl.h"

int command_acl_add(const json_t *params, struct want *want, struct xbr_error *error);
int command_acl_bind(const json_t *params, struct want *want, struct xbr_error *error);
int command_aclset_add(const json_t *params, struct want *want, struct xbr_error *error);

/* NULL: out of memory. */
struct want_acls *acl_snapshot(struct model *model);

/* Makes the difference true; what goes, goes last. step says whether a step is to be made, and counts it.
 * *ret_at: of what was refused. */
int acl_make(struct model *model, const struct want_acls *want, bool (*step)(void *user), void *user,
	     const char **ret_at, struct xbr_error *error);
void acl_drop(struct model *model, const struct want_acls *want, bool (*step)(void *user), void *user);

/* Lines of a configuration file: sets, rules, bindings. NULL: out of memory. */
json_t *acl_save_sets(struct model *model);
json_t *acl_save_rules(struct model *model);
json_t *acl_save_bindings(struct model *model);

#endif
