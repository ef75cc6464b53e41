/* SPDX-License-Identifier: Apache-2.0 */
/* What devices do by themselves (model/offload.h), as requests, answers, events and lines of a configuration.
 */
#ifndef XBR_CONTROL_OFFLOAD_H
#define XBR_CONTROL_OFFLOAD_H

#include "control/agent.h"
#include "control/server.h"

int command_offload_set(const json_t *params, struct want *want, struct xbr_error *error);
int command_offload_unset(const json_t *params, struct want *want, struct xbr_error *error);
int command_vf_set(const json_t *params, struct want *want, struct xbr_error *error);
int command_vf_unset(const json_t *params, struct want *want, struct xbr_error *error);

/*
 * The params of `link.add ... type vf` as those of its representor's: *ret_params is the caller's. Refuses
 * where there is none: then frames of the VF never come to the host.
 */
int vf_port_params(struct model *model, const json_t *params, json_t **ret_params, struct xbr_error *error);

/* Lines that restore what is set of devices and of VFs. */
json_t *offload_save(const struct model *model);

void handle_offload_show(void *user, struct server_client *client, const json_t *params,
			 struct server_reply *reply);
void handle_vf_show(void *user, struct server_client *client, const json_t *params,
		    struct server_reply *reply);

json_t *offload_show_event(const struct offload_event *event);

/* Shared by offload.c and vf.c: the settings of a device or VF out of a want. words NULL: all of them. */
int offload_unset_words(struct want *want, const char *dev, uint16_t vf, const json_t *words,
			struct xbr_error *error);
/* Puts what is configured, and what is not as it should be, into an answer. */
void offload_add_settings(json_t *object, const struct model *model, const char *dev, uint16_t vf);
/* All devices, or the sentence why not. */
int offload_each_link(struct model *model, int (*visit)(const struct rtnl_link *link, void *user), void *user,
		      struct xbr_error *error);
/* The list, which is taken over, or the refusal. */
void offload_answer(struct server_reply *reply, int err, json_t *list, const struct xbr_error *error);

#endif
