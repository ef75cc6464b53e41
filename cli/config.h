/* SPDX-License-Identifier: Apache-2.0 */
/* Files of commands: configurations for `apply`, and batches. */
#ifndef XBR_CLI_CONFIG_H
#define XBR_CLI_CONFIG_H

#include <jansson.h>

#include "error.h"

/*
 * Reads path ("-": standard input) and parses it. *ret_commands, owned by the caller, is what
 * grammar_parse_text() makes. CLI_REFUSED when it cannot be read, CLI_USAGE with file:line:column when it is
 * wrong.
 */
int config_load(const char *path, json_t **ret_commands, struct cli_error *error);

#endif
