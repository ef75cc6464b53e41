/* SPDX-License-Identifier: Apache-2.0 */
/* The options that stand in front of the object, with the names that ip(8) and bridge(8) have for them. */
#ifndef XBR_CLI_OPTIONS_H
#define XBR_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "error.h"
#include "output.h"

#define OPTIONS_DEFAULT_SOCKET "/run/xbr/xbrd.sock"

struct options {
	struct output output; /* to standard output */
	const char *socket_path;
	const char *batch_path; /* NULL: none */
	bool force;
	bool version;
	bool help;
};

/*
 * Reads options from argv[1] on; *ret_first is the index of the first word that is none. The environment
 * variable XBR_SOCKET is what
 * --socket would say. CLI_USAGE for an unknown one.
 */
int options_parse(int argc, char *const argv[], struct options *ret_options, int *ret_first,
		  struct cli_error *error);

/* Text for `xbr help`, and a line for each option ("-json"), for completion. */
void options_print_usage(FILE *out);
void options_print_names(FILE *out, const char *prefix);

/* True when the word is an option whose value is the next word. */
bool options_takes_next(const char *word);

#endif
