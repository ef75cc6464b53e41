/* SPDX-License-Identifier: Apache-2.0 */
/* Usage text, made from the table: a synopsis of each command, and for one command what each option means. */
#include <errno.h>
#include <string.h>

#include "grammar_table.h"

#define LINE_MAX_COLUMNS 79

/* Writes "a|b" as it stands in a synopsis: only the first of several words, and none that may be left out. */
static void format_words(const struct xbr_param *param, char *text, size_t size)
{
	const char *optional = (param->flags & XBR_BARE) && !grammar_param_has_choices(param) ? "[" : "";
	int length = (int)strcspn(param->words, "|");

	if (length == 0 || param->kind == XBR_PARAM_FLAG)
		snprintf(text, size, "%.*s", length, param->words);
	else if ((param->flags & XBR_BARE) && grammar_param_has_choices(param))
		snprintf(text, size, "[%.*s] ", length, param->words);
	else
		snprintf(text, size, "%s%.*s%s ", optional, length, param->words, *optional ? "]" : "");
}

static const char *behind_value(const struct xbr_param *param)
{
	switch (param->kind) {
	case XBR_PARAM_SET:
		return "...";
	case XBR_PARAM_MACADDR:
		return " [LLADDR]...";
	case XBR_PARAM_ISOLATION:
		return " N";
	case XBR_PARAM_SWITCHES:
		return " on|off";
	case XBR_PARAM_RATES:
		return " RATE";
	case XBR_PARAM_NAMES:
		return " NAME";
	default:
		return "";
	}
}

/* "dev DEV", "[hairpin on|off]", "[[dev] DEV]", ... */
static void format_param(const struct xbr_param *param, char *text, size_t size)
{
	const bool is_optional = !(param->flags & (XBR_REQUIRED | XBR_ONE_OF));
	char words[64];

	format_words(param, words, sizeof(words));
	snprintf(text, size, "%s%s%s%s%s", is_optional ? "[" : "", words, param->value, behind_value(param),
		 is_optional ? "]" : "");
}

static bool is_shown(const struct xbr_param *param)
{
	return param->kind != XBR_PARAM_REFUSED;
}

/* Prints text after a blank, or on a new line where it would not fit. */
static void print_wrapped(FILE *out, const char *text, int indent, int *column)
{
	int length = (int)strlen(text);

	if (*column + 1 + length > LINE_MAX_COLUMNS && *column > indent) {
		fprintf(out, "\n%*s", indent, "");
		*column = indent;
	}
	*column += fprintf(out, " %s", text);
}

static void print_synopsis(FILE *out, const struct xbr_command *command, const char *lead)
{
	int column = fprintf(out, "%s xbr %s", lead, grammar_command_name(command).text);
	unsigned int before = 0;
	char text[160];

	for (const struct xbr_param *param = command->params; param->words; param++) {
		if (!is_shown(param))
			continue;
		if (param->flags & before & XBR_ONE_OF)
			print_wrapped(out, "|", 15, &column);
		before = param->flags;
		format_param(param, text, sizeof(text));
		print_wrapped(out, text, 15, &column);
	}
	putc('\n', out);
}

static void print_range(FILE *out, const struct xbr_param *param)
{
	if (param->kind == XBR_PARAM_NUMBER || param->kind == XBR_PARAM_TAG)
		fprintf(out, " (%lld to %lld)", param->min, param->max);
	else if (param->kind == XBR_PARAM_MASK)
		fprintf(out, " (bits of %#llx)", (unsigned long long)param->max);
	else if (param->kind == XBR_PARAM_TIME)
		fprintf(out, " (%lld to %lld, or with ms, s, m, h)", param->min, param->max);
	else if (param->kind == XBR_PARAM_SECONDS)
		fprintf(out, " (%lld to %lld, or with s, m, h)", param->min, param->max);
}

static void print_params(FILE *out, const struct xbr_command *command)
{
	char text[160];

	for (const struct xbr_param *param = command->params; param->words; param++) {
		if (!is_shown(param))
			continue;
		format_param(param, text, sizeof(text));
		fprintf(out, "  %-28s%s%s", text,
			strlen(text) >= 28 ? "\n                              " : "", param->help);
		print_range(out, param);
		putc('\n', out);
	}
}

static void print_command(FILE *out, const struct xbr_command *command)
{
	print_synopsis(out, command, "Usage:");
	fprintf(out, "\n  %s\n", command->help);
	if (command->params[0].words)
		putc('\n', out);
	print_params(out, command);
}

/* All commands of the object of `first`, or of every object. */
static void print_synopses(FILE *out, const struct xbr_command *first, bool all)
{
	const char *lead = "Usage:";

	for (const struct xbr_command *command = first; command->object; command++) {
		if (!all && strcmp(command->object, first->object) != 0)
			continue;
		print_synopsis(out, command, lead);
		lead = "      ";
	}
}

int grammar_print_usage(FILE *out, const char *object, const char *verb)
{
	const char *words[] = {object, verb ? verb : ""};
	const struct xbr_command *command;
	struct grammar_error error;
	struct vocabulary objects;
	int found;
	int used;

	if (!object) {
		print_synopses(out, grammar_commands, true);
		return 0;
	}
	grammar_objects(&objects);
	found = vocabulary_find(&objects, object, false);
	if (found < 0)
		return -ENOENT;
	command = &grammar_commands[found];
	if (!verb && *command->verb) {
		print_synopses(out, command, false);
		return 0;
	}
	if (verb && (!*command->verb || grammar_find_command(2, words, &command, &used, &error) != 0))
		return -ENOENT;
	print_command(out, command);
	return 0;
}
