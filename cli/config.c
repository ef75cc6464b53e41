/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "escape.h"
#include "file.h"
#include "session.h"
#include "xbr/grammar.h"

const struct output_field config_apply_fields[] = {
	{"changed", "changed %", 0, 0, NULL},
	{0},
};

int config_load(const char *path, json_t **ret_commands, struct cli_error *error)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	struct grammar_error wrong;
	size_t length;
	char *text;
	int err;

	err = file_read(path, &text, &length, error);
	if (err)
		return err;
	err = grammar_parse_text(name, text, length, ret_commands, &wrong);
	free(text);
	if (err)
		return cli_refuse(error, CLI_USAGE, "%s:%u:%u: %s", name, wrong.line, wrong.column,
				  wrong.message);
	return 0;
}

/* The params of `apply` as the agent takes them: the commands in place of the file's name. */
static int load_params(const json_t *params, json_t **ret_params, struct cli_error *error)
{
	const char *path = json_string_value(json_object_get(params, "file"));
	json_t *loaded;
	json_t *commands;
	int err = config_load(path, &commands, error);

	if (err)
		return err;
	loaded = json_copy((json_t *)params);
	if (json_object_del(loaded, "file") != 0 || json_object_set_new(loaded, "commands", commands) != 0) {
		json_decref(loaded);
		return cli_refuse(error, -ENOMEM, "out of memory");
	}
	*ret_params = loaded;
	return 0;
}

int config_run_apply(struct session *session, const json_t *params, struct cli_error *error)
{
	json_t *loaded = NULL;
	json_t *result;
	int err = load_params(params, &loaded, error);

	if (err)
		return err;
	err = session_call(session, "apply", loaded, &result, error);
	json_decref(loaded);
	if (err)
		return err;
	output_object(&session->output, config_apply_fields, result);
	json_decref(result);
	return 0;
}

/* The lines as one text, for free(); NULL without memory. */
static char *join_lines(const json_t *lines, size_t *ret_length)
{
	FILE *stream;
	char *text = NULL;
	size_t index;
	json_t *line;

	stream = open_memstream(&text, ret_length);
	if (!stream)
		return NULL;
	json_array_foreach (lines, index, line)
		fprintf(stream, "%s\n", json_string_value(line));
	if (fclose(stream) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static int save_to_file(const char *path, const json_t *lines, struct cli_error *error)
{
	size_t length;
	char *text = join_lines(lines, &length);
	int err;

	if (!text)
		return cli_refuse(error, -ENOMEM, "out of memory");
	err = file_replace(path, text, length, error);
	free(text);
	return err;
}

/* A terminal gets no control characters; a pipe gets the lines as they are, to be read again. */
static void print_lines(struct output *output, const json_t *lines)
{
	const bool is_terminal = isatty(fileno(output->file));
	size_t index;
	json_t *line;

	if (output->json) {
		output_json(output, lines);
		return;
	}
	json_array_foreach (lines, index, line) {
		if (is_terminal)
			escape_put(output->file, json_string_value(line));
		else
			fputs(json_string_value(line), output->file);
		putc('\n', output->file);
	}
}

static bool is_array_of_strings(const json_t *lines)
{
	size_t index;
	json_t *line;

	json_array_foreach (lines, index, line)
		if (!json_is_string(line))
			return false;
	return json_is_array(lines);
}

int config_run_save(struct session *session, const json_t *params, struct cli_error *error)
{
	const char *path = json_string_value(json_object_get(params, "file"));
	json_t *lines;
	int err = session_call(session, "save", NULL, &lines, error);

	if (err)
		return err;
	if (!is_array_of_strings(lines))
		err = cli_refuse_answer(error);
	else if (path)
		err = save_to_file(path, lines, error);
	else
		print_lines(&session->output, lines);
	json_decref(lines);
	return err;
}
