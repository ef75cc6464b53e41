/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sentences for the user, and what the exit status will be. A function that can be refused takes a `struct
 * cli_error *` as its last argument (never NULL), fills it with cli_refuse() and returns its code; on success
 * it leaves it alone. main.c prints it, once.
 */
#ifndef XBR_CLI_ERROR_H
#define XBR_CLI_ERROR_H

#include <errno.h>

/* The codes, and the exit status each becomes. Any other negative errno counts as refused. */
enum cli_code {
	CLI_REFUSED = -EREMOTEIO, /* 1: the agent, or the system, said no */
	CLI_USAGE = -EINVAL,      /* 2: wrong usage; no agent was asked */
	CLI_NO_AGENT = -ENOTCONN, /* 3: no agent, or the connection broke */
};

struct cli_error {
	char message[1024]; /* lower case, no full stop; with file:line:column in front where it has such a
			       place */
};

__attribute__((format(printf, 3, 4))) int cli_refuse(struct cli_error *error, int code, const char *format,
						     ...);

/* The answer is not of the documented shape. Returns CLI_REFUSED. */
int cli_refuse_answer(struct cli_error *error);

/* 0 to 3, for a code. */
int cli_exit_status(int code);

/* Prints `xbr: message` as one line to standard error, control characters escaped; nothing when it is empty.
 */
void cli_print_error(const struct cli_error *error);

#endif
