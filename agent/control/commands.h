/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands: requests that change the configuration (bridge.*, link.*, and in a transaction fdb.add,
 * fdb.replace) turned into changes of a `struct want`. One way for a single request, for `apply`, and for the
 * configuration file.
 */
#ifndef XBR_CONTROL_COMMANDS_H
#define XBR_CONTROL_COMMANDS_H

#include <jansson.h>

#include "model/model.h"
#include "model/want.h"

/* Refuses with a sentence: -ENOSYS no such command here, -EINVAL bad parameters (error->code tells apart).
 * want is unchanged then. */
int command_to_want(const char *method, const json_t *params, struct want *want, struct xbr_error *error);

/* The same, where devices may have to be asked what is meant: a port of type vf. */
int command_on_devices(struct model *model, const char *method, const json_t *params, struct want *want,
		       struct xbr_error *error);

/*
 * Builds a want from nothing by the commands (an array of {"method", "params", "at"?}), with what others
 * enslaved to the bridges among them as it is. *ret_at: the `at` of the refused command, borrowed from
 * commands, or NULL.
 */
int commands_to_want(struct model *model, const json_t *commands, struct want **ret_want, const char **ret_at,
		     struct xbr_error *error);

/* The commands that restore the running configuration, as lines of a configuration file; NULL: out of memory.
 */
json_t *commands_save(struct model *model);

#endif
