/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `xbr -batch FILE`: the commands of a file, one after the other. The file is parsed whole before the first
 * is run. Without -force a command is not sent before the one in front of it succeeded, so that nothing
 * behind an error is done; with -force errors are told and passed over, and commands that only change
 * something are pipelined.
 */
#ifndef XBR_CLI_BATCH_H
#define XBR_CLI_BATCH_H

#include <stdbool.h>

#include "session.h"

/* With force, errors are printed as they come (error->message is then empty), and the code is that of the
 * last one. */
int batch_run(struct session *session, const char *path, bool force, struct cli_error *error);

#endif
