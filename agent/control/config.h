/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config: the configuration file at the start of the agent. It is made true when it is not the one that was
 * made true at the last start: then what users changed since stays as they left it, also through a crash.
 */
#ifndef XBR_CONTROL_CONFIG_H
#define XBR_CONTROL_CONFIG_H

#include <jansson.h>
#include <stdint.h>

#include "control/agent.h"
#include "error.h"

struct config {
	json_t *commands; /* as the method `apply` takes them */
	uint64_t hash;    /* of the text; never 0 */
};

/* Reads and parses. A syntax error is told as FILE:LINE:COLUMN. config_free() frees what it holds. */
int config_read(const char *path, struct config *ret_config, struct xbr_error *error);
void config_free(struct config *config);

/* Makes it true if it is new. Ports whose device is not there yet wait. */
int config_apply(struct agent *agent, const struct config *config, struct xbr_error *error);

#endif
