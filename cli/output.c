/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include <stdlib.h>
#include <string.h>

#include "escape.h"

#define INDENT 4

static const json_t *value_at(const json_t *object, const char *path)
{
	const char *dot = strchr(path, '.');

	if (!dot)
		return json_object_get(object, path);
	return value_at(json_object_getn(object, path, (size_t)(dot - path)), dot + 1);
}

static void put_line_break(const struct output *output)
{
	putc(output->oneline ? '\\' : '\n', output->file);
}

/* The counters that are not zero, one a line; with -d all of them, and what each means. */
static void put_counters(const struct output *output, const json_t *counters)
{
	const char *name;
	json_t *count;

	json_object_foreach ((json_t *)counters, name, count) {
		const char *sentence = json_string_value(json_object_get(output->sentences, name));

		if (!output->details && json_integer_value(count) == 0)
			continue;
		put_line_break(output);
		fprintf(output->file, "    %-18s %" JSON_INTEGER_FORMAT, name, json_integer_value(count));
		if (output->details && sentence) {
			fputs("  ", output->file);
			escape_put(output->file, sentence);
		}
	}
}

static void put_value(const struct output *output, const struct output_field *field, const json_t *value);

static void put_array(const struct output *output, const struct output_field *field, const json_t *array)
{
	size_t index;
	json_t *item;

	json_array_foreach (array, index, item) {
		if (index > 0)
			fputs(field->join ? field->join : " ", output->file);
		put_value(output, field, item);
	}
}

static void put_value(const struct output *output, const struct output_field *field, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		escape_put(output->file, json_string_value(value));
		break;
	case JSON_INTEGER:
		fprintf(output->file, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		fprintf(output->file, "%g", json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		fputs(json_is_true(value) ? "on" : "off", output->file);
		break;
	case JSON_NULL:
		break;
	case JSON_ARRAY:
		put_array(output, field, value);
		break;
	case JSON_OBJECT:
		put_counters(output, value);
		break;
	}
}

static const char *color_code(const struct output *output, const struct output_field *field,
			      const json_t *value)
{
	if (!output->color)
		return NULL;
	switch (field->color) {
	case OUTPUT_IFNAME:
		return "\033[36m";
	case OUTPUT_MAC:
		return "\033[33m";
	case OUTPUT_OPERSTATE:
		return json_is_string(value) && strcmp(json_string_value(value), "UP") == 0 ? "\033[32m"
											    : "\033[31m";
	default:
		return NULL;
	}
}

static void put_template(const struct output *output, const struct output_field *field, const json_t *value)
{
	const char *code = color_code(output, field, value);

	for (const char *c = field->template; *c; c++) {
		if (*c == '\n') {
			put_line_break(output);
		} else if (*c != '%') {
			putc(*c, output->file);
		} else {
			fputs(code ? code : "", output->file);
			put_value(output, field, value);
			fputs(code ? "\033[0m" : "", output->file);
		}
	}
}

static bool is_asked_for(const struct output *output, unsigned int when)
{
	return (!(when & OUTPUT_STATS) || output->stats) && (!(when & OUTPUT_DETAILS) || output->details);
}

static bool is_empty(const json_t *value)
{
	return !value || json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0) ||
	       (json_is_string(value) && json_string_length(value) == 0);
}

/* Whether a field is printed as text, with this value (NULL: the object has none). */
static bool is_shown(const struct output *output, const struct output_field *field, const json_t *value)
{
	if (!is_asked_for(output, field->when))
		return false;
	if (field->when & OUTPUT_IF_FALSE)
		return json_is_false(value);
	if (field->when & OUTPUT_IF_NULL)
		return json_is_null(value);
	return !field->path || !is_empty(value);
}

static void put_fields(const struct output *output, const struct output_field *fields, const json_t *object)
{
	for (; fields->template; fields++) {
		const json_t *value = fields->path ? value_at(object, fields->path) : NULL;

		if (is_shown(output, fields, value))
			put_template(output, fields, value);
	}
	putc('\n', output->file);
}

/* ---- JSON ---------------------------------------------------------------------------------------- */

/* A key is shown when one of its fields is, or when no field is about it. */
static bool is_key_shown(const struct output *output, const struct output_field *fields, const char *key)
{
	const size_t length = strlen(key);
	bool is_described = false;

	for (; fields->template; fields++) {
		if (!fields->path || strncmp(fields->path, key, length) != 0 ||
		    (fields->path[length] && fields->path[length] != '.'))
			continue;
		is_described = true;
		if (is_asked_for(output, fields->when & ~(unsigned int)OUTPUT_DETAILS))
			return true;
	}
	return !is_described;
}

static json_t *select_keys(struct output *output, const struct output_field *fields, const json_t *object)
{
	json_t *selected = json_object();
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value) {
		if (is_key_shown(output, fields, key) && json_object_set(selected, key, value) != 0)
			output->is_cut = true;
	}
	return selected;
}

/* Prints value; with -p indented, its lines shifted by `shift` blanks. */
static void put_json(struct output *output, const json_t *value, int shift)
{
	char *text =
		json_dumps(value, JSON_ENCODE_ANY | (output->pretty ? JSON_INDENT(INDENT) : JSON_COMPACT));

	if (!text)
		output->is_cut = true;
	for (const char *c = text; c && *c; c++) {
		putc(*c, output->file);
		if (*c == '\n')
			fprintf(output->file, "%*s", shift, "");
	}
	free(text);
}

void output_json(struct output *output, const json_t *value)
{
	put_json(output, value, 0);
	putc('\n', output->file);
}

/* ---- lists and objects --------------------------------------------------------------------------- */

void output_list_begin(struct output *output)
{
	output->items = 0;
	if (output->json)
		putc('[', output->file);
}

void output_list_item(struct output *output, const struct output_field *fields, const json_t *object)
{
	json_t *selected;

	if (!output->json) {
		put_fields(output, fields, object);
		return;
	}
	if (output->items++ > 0)
		putc(',', output->file);
	if (output->pretty)
		fprintf(output->file, "\n%*s", INDENT, "");
	selected = select_keys(output, fields, object);
	put_json(output, selected, INDENT);
	json_decref(selected);
}

void output_list_end(struct output *output)
{
	if (!output->json)
		return;
	fputs(output->pretty && output->items > 0 ? "\n]\n" : "]\n", output->file);
}

void output_array(struct output *output, const struct output_field *fields, const json_t *array)
{
	size_t index;
	json_t *object;

	output_list_begin(output);
	json_array_foreach (array, index, object)
		output_list_item(output, fields, object);
	output_list_end(output);
}

void output_object(struct output *output, const struct output_field *fields, const json_t *object)
{
	if (output->json)
		output_json(output, object);
	else
		put_fields(output, fields, object);
}

int output_finish(struct output *output, struct cli_error *error)
{
	if (output->is_cut)
		return cli_refuse(error, -ENOMEM, "out of memory");
	if (fflush(output->file) == 0 && !ferror(output->file))
		return 0;
	return cli_refuse(error, CLI_REFUSED, "cannot write the output: %s", strerror(errno));
}
