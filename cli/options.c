/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum id {
	JSON,
	PRETTY,
	STATISTICS,
	DETAILS,
	TIMESTAMP,
	TSHORT,
	COMPRESS,
	COLOR,
	ONELINE,
	BATCH,
	FORCE,
	SOCKET,
	VERSION,
	HELP,
};

/* In the order in which an abbreviation is looked up: the first that begins with it is meant, as in ip(8). */
static const struct option {
	const char *name;
	enum id id;
	const char *value; /* NULL: takes none */
	const char *help;  /* NULL: another name of the row before */
} table[] = {
	{"json", JSON, NULL, "print JSON"},
	{"pretty", PRETTY, NULL, "indent the JSON"},
	{"statistics", STATISTICS, NULL, "when entries were last used and updated"},
	{"stats", STATISTICS, NULL, NULL},
	{"details", DETAILS, NULL, "print more"},
	{"timestamp", TIMESTAMP, NULL, "monitor: tell when"},
	{"tshort", TSHORT, NULL, "monitor: tell when, in front of the line"},
	{"ts", TSHORT, NULL, NULL},
	{"color", COLOR, "[=always|auto|never]", "colours"},
	{"colour", COLOR, NULL, NULL},
	{"compressvlans", COMPRESS, NULL, "vlan: ranges of VLANs that are alike"},
	{"oneline", ONELINE, NULL, "an object on one line"},
	{"batch", BATCH, " FILE", "run the commands of a file; -: standard input"},
	{"force", FORCE, NULL, "batch: go on after errors"},
	{"socket", SOCKET, " PATH", "of the agent; default " OPTIONS_DEFAULT_SOCKET ", or $XBR_SOCKET"},
	{"Version", VERSION, NULL, "tell the version of the command"},
	{"help", HELP, NULL, "this text"},
};
#define ROWS (sizeof(table) / sizeof(table[0]))

static const char *skip_dashes(const char *word)
{
	return word + (word[1] == '-' ? 2 : 1);
}

/* Words without a dash in front, and "-" alone, are no options. */
static bool is_option(const char *word)
{
	return word[0] == '-' && *skip_dashes(word);
}

static const struct option *find_option(const char *word)
{
	const char *name = skip_dashes(word);
	const size_t length = strcspn(name, "=");

	for (size_t i = 0; i < ROWS; i++)
		if (length > 0 && strncmp(table[i].name, name, length) == 0)
			return &table[i];
	return NULL;
}

bool options_takes_next(const char *word)
{
	const struct option *option = is_option(word) ? find_option(word) : NULL;

	return option && option->value && option->value[0] == ' ' && !strchr(word, '=');
}

static int set_color(struct output *output, const char *value, struct cli_error *error)
{
	if (!value || strcmp(value, "always") == 0)
		output->color = true;
	else if (strcmp(value, "never") == 0)
		output->color = false;
	else if (strcmp(value, "auto") == 0)
		output->color = isatty(STDOUT_FILENO);
	else
		return cli_refuse(error, CLI_USAGE, "'%s' is no value of -color: always, auto or never",
				  value);
	return 0;
}

static int apply_option(struct options *options, enum id id, const char *value, struct cli_error *error)
{
	switch (id) {
	case JSON:
		options->output.json = true;
		break;
	case PRETTY:
		options->output.pretty = true;
		break;
	case STATISTICS:
		options->output.stats = true;
		break;
	case DETAILS:
		options->output.details = true;
		break;
	case TIMESTAMP:
		options->output.timestamp = OUTPUT_TIMESTAMP;
		break;
	case TSHORT:
		options->output.timestamp = OUTPUT_TIMESTAMP_SHORT;
		break;
	case COMPRESS:
		options->output.compress = true;
		break;
	case COLOR:
		return set_color(&options->output, value, error);
	case ONELINE:
		options->output.oneline = true;
		break;
	case BATCH:
		options->batch_path = value;
		break;
	case FORCE:
		options->force = true;
		break;
	case SOCKET:
		options->socket_path = value;
		break;
	case VERSION:
		options->version = true;
		break;
	case HELP:
		options->help = true;
		break;
	}
	return 0;
}

/* Takes the option at argv[*at], and moves *at behind it and its value. */
static int take_option(int argc, char *const argv[], int *at, struct options *options,
		       struct cli_error *error)
{
	const char *word = argv[(*at)++];
	const struct option *option = find_option(word);
	const char *value = strchr(word, '=');

	if (!option)
		return cli_refuse(error, CLI_USAGE, "'%s' is no option; xbr -help lists them", word);
	if (strcmp(skip_dashes(word), "c") ==
	    0) /* ip(8) means colours by it, bridge(8) ranges: why not both */
		options->output.compress = true;
	if (value && !option->value && option->id != COLOR)
		return cli_refuse(error, CLI_USAGE, "-%s takes no value", option->name);
	if (value)
		value++;
	else if (options_takes_next(word) && *at < argc)
		value = argv[(*at)++];
	if (option->value && option->value[0] == ' ' && (!value || !*value))
		return cli_refuse(error, CLI_USAGE, "-%s needs a value:%s", option->name, option->value);
	return apply_option(options, option->id, value, error);
}

int options_parse(int argc, char *const argv[], struct options *ret_options, int *ret_first,
		  struct cli_error *error)
{
	const char *from_environment = getenv("XBR_SOCKET");
	int at = 1;
	int err = 0;

	*ret_options = (struct options){
		.output.file = stdout,
		.socket_path =
			from_environment && *from_environment ? from_environment : OPTIONS_DEFAULT_SOCKET,
	};
	while (err == 0 && at < argc && is_option(argv[at]))
		err = take_option(argc, argv, &at, ret_options, error);
	if (ret_options->output.json)
		ret_options->output.color = false;
	*ret_first = at;
	return err;
}

void options_print_usage(FILE *out)
{
	fputs("\nOptions, in front of the object:\n", out);
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].help)
			fprintf(out, "  -%s%-*s%s\n", table[i].name, 26 - (int)strlen(table[i].name),
				table[i].value ? table[i].value : "", table[i].help);
}

void options_print_names(FILE *out, const char *prefix)
{
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].help &&
		    strncmp(table[i].name, skip_dashes(prefix), strlen(skip_dashes(prefix))) == 0)
			fprintf(out, "%s%s\n", prefix[1] == '-' ? "--" : "-", table[i].name);
}
