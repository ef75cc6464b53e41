/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output writer. An object of the agent's is printed from one description, its view: a list of fields,
 * each with the place of its value and a template for text. Text walks the fields; JSON prints the agent's
 * object as it came, less the keys whose fields are not asked for. So both show the same, and a key that this
 * command does not know is still in the JSON.
 */
#ifndef XBR_CLI_OUTPUT_H
#define XBR_CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "error.h"

enum output_when {
	OUTPUT_STATS = 1 << 0,    /* with -s */
	OUTPUT_DETAILS = 1 << 1,  /* in text with -d; in JSON always, programs do not mind */
	OUTPUT_IF_FALSE = 1 << 2, /* in text only when the value is false */
	OUTPUT_IF_NULL = 1 << 3,  /* in text only when the value is null, which else is not printed */
};

enum output_color {
	OUTPUT_PLAIN,
	OUTPUT_IFNAME,
	OUTPUT_MAC,
	OUTPUT_OPERSTATE, /* UP is green, DOWN red */
};

struct output_field {
	const char *path;     /* "hook.rx"; NULL: the template alone is printed */
	const char *template; /* % is the value; a newline is one, or a backslash with -o */
	unsigned int when;    /* enum output_when */
	enum output_color color;
	const char *join; /* between the items of an array; NULL: a blank */
};

enum output_timestamp { OUTPUT_NO_TIMESTAMP, OUTPUT_TIMESTAMP, OUTPUT_TIMESTAMP_SHORT };

/* How to print: what the options in front of the command said. */
struct output {
	FILE *file;
	bool json;
	bool pretty;
	bool stats;
	bool compress; /* VLANs in a row that are alike are one entry */
	bool details;
	bool oneline;
	bool color;
	enum output_timestamp timestamp;
	const json_t *sentences; /* reason -> sentence, for counters with -d; borrowed, may be NULL */
	unsigned int items;      /* of the open list */
	bool is_cut;             /* something could not be printed for lack of memory */
};

/* A list of objects, printed as they come; in JSON one array. fields ends with a template NULL. */
void output_list_begin(struct output *output);
void output_list_item(struct output *output, const struct output_field *fields, const json_t *object);
void output_list_end(struct output *output);

/* A whole array, or one object alone. */
void output_array(struct output *output, const struct output_field *fields, const json_t *array);
void output_object(struct output *output, const struct output_field *fields, const json_t *object);

/* Any JSON on one line (indented with -p). */
void output_json(struct output *output, const json_t *value);

/* Flushes; CLI_REFUSED when something could not be written. */
int output_finish(struct output *output, struct cli_error *error);

#endif
