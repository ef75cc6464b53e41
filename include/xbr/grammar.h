/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The grammar of the `xbr` command: one table (xbr/commands.h) from which parsing, usage text, help,
 * completion and man page synopses come. The command line, `xbr -batch` and configuration files are all
 * parsed by it: a command becomes one JSON-RPC request {"method": ..., "params": {...}} of docs/api.md.
 * Implemented in cli/grammar.c, linked into `xbr` and, for the configuration file, into `xbrd`. It reads no
 * file, opens no socket and keeps no state.
 */
#ifndef XBR_GRAMMAR_H
#define XBR_GRAMMAR_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

struct grammar_error {
	unsigned int line; /* from 1; 0 where there are no lines (a command line) */
	unsigned int
		column; /* from 1: where the offending word starts in its line; for words: its index from 1 */
	char message[384]; /* what is wrong and what would be right; no full stop, no position */
};

/*
 * Parses words (argv without "xbr" and without global options) to a new request object. Returns 0, or -EINVAL
 * with *ret_error filled. Words may be shortened where unique, as in ip(8).
 */
int grammar_parse_words(int count, const char *const words[], json_t **ret_request,
			struct grammar_error *ret_error);

/*
 * Splits a line at blanks ('...' and "..." quote, # begins a comment, a leading word "xbr" is skipped) and
 * parses it. An empty line gives *ret_request NULL and 0. Column in errors is that of the character.
 */
int grammar_parse_line(const char *line, unsigned int line_number, json_t **ret_request,
		       struct grammar_error *ret_error);

/*
 * Parses a whole text (a configuration or batch file) into an array of {"method", "params", "at"} as the
 * method `apply` takes it; at is "name:line:column". Lines may end in LF or CR LF; a backslash at the end
 * continues a line. Stops at the first error.
 */
int grammar_parse_text(const char *name, const char *text, size_t length, json_t **ret_commands,
		       struct grammar_error *ret_error);

/*
 * A list of VLAN IDs ("10", "10-20", "10-20,30", "all") as a bit for each. -EINVAL with the message filled,
 * and nothing stored: one that is 0 or over 4094, a range backwards, or one ID given twice.
 */
int grammar_parse_vids(const char *text, uint64_t ret_vids[64], struct grammar_error *ret_error);

/* Usage text of an object ("fdb"), of one of its commands, or (object NULL) of everything. -ENOENT: no such
 * thing. */
int grammar_print_usage(FILE *out, const char *object, const char *verb);

#endif
