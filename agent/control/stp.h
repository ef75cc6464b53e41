/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stp: spanning tree in the API: its options of bridges and links, which have a table of their own, and
 * stp.show, stp.mcheck.
 */
#ifndef XBR_CONTROL_STP_H
#define XBR_CONTROL_STP_H

#include <jansson.h>

#include "control/agent.h"
#include "control/server.h"

/* Takes the options of spanning tree out of params into a patch; what is left is for the caller (*ret_rest,
 * owned). 0, or -errno with a sentence. */
int stp_take_bridge_options(const json_t *params, json_t **ret_rest, struct stp_bridge_patch *ret_patch,
			    struct xbr_error *error);
int stp_take_link_options(const json_t *params, json_t **ret_rest, struct stp_port_patch *ret_patch,
			  struct xbr_error *error);

/* What `xbr save` prints after "bridge add ..." and "link add ...": " word value" for what is not the
 * default, at most size octets. */
void stp_save_bridge(const struct stp_bridge_settings *settings, char *text, size_t size);
void stp_save_link(const struct stp_port_settings *settings, char *text, size_t size);

/* Keys for bridge.show and link.show. */
void stp_add_to_bridge(json_t *info_data, const struct bridge *bridge);
void stp_add_to_link(json_t *object, const struct port *port);

/* An identifier as bridge(8) and ip(8) print it: 8000.2:0:0:0:0:1. */
json_t *stp_show_id(uint64_t id);
/* NULL: 0, or no port has the number. */
const char *stp_port_name(const struct model *model, uint16_t number);

void handle_stp_show(void *user, struct server_client *client, const json_t *params,
		     struct server_reply *reply);
void handle_stp_mcheck(void *user, struct server_client *client, const json_t *params,
		       struct server_reply *reply);

#endif
