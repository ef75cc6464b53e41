/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl: requests about access lists and sets (acl.*, aclset.*). Each is one change that frames see whole, so a
 * single request goes to the model directly, as one on an address does; in a transaction they build up a want
 * (want_acl.h).
 */
#ifndef XBR_CONTROL_ACL_H
#define XBR_CONTROL_ACL_H

#include "control/server.h"
#include "model/acl.h"

/* What an event tells of a frame: the words of rules. */
json_t *acl_show_event(const struct model *model, const struct xbr_acl_event *event);

/* A rule from the parameters of acl.add. */
int acl_rule_read(const json_t *params, const struct acl_names *names, struct xbr_acl_rule *ret_rule,
		  struct xbr_error *error);

void handle_acl_add(void *user, struct server_client *client, const json_t *params,
		    struct server_reply *reply);
void handle_acl_del(void *user, struct server_client *client, const json_t *params,
		    struct server_reply *reply);
void handle_acl_bind(void *user, struct server_client *client, const json_t *params,
		     struct server_reply *reply);
void handle_acl_unbind(void *user, struct server_client *client, const json_t *params,
		       struct server_reply *reply);
void handle_acl_show(void *user, struct server_client *client, const json_t *params,
		     struct server_reply *reply);
void handle_acl_lint(void *user, struct server_client *client, const json_t *params,
		     struct server_reply *reply);
void handle_aclset_add(void *user, struct server_client *client, const json_t *params,
		       struct server_reply *reply);
void handle_aclset_del(void *user, struct server_client *client, const json_t *params,
		       struct server_reply *reply);
void handle_aclset_show(void *user, struct server_client *client, const json_t *params,
			struct server_reply *reply);
void handle_acl_replace(void *user, struct server_client *client, const json_t *params,
			struct server_reply *reply);

#endif
