/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `fdb load`: a file with an address on each line, for one port. The addresses go to the agent many at a
 * time, as digits in a row; which lines it refused is told by their numbers.
 */
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "session.h"

#define ADDRESS_TEXT   17 /* aa:bb:cc:dd:ee:ff */
#define ADDRESS_DIGITS 12
#define AT_ONCE        100000

struct load {
	struct session *session;
	const json_t *params;
	const char *path;
	char *digits;  /* AT_ONCE addresses */
	size_t *lines; /* on which line each stands */
	size_t count;  /* gathered, not yet sent */
	size_t line;   /* in hand, from 1 */
	json_int_t added;
	bool refused;
	struct cli_error *error;
};

const struct output_field fdb_load_fields[] = {
	{"added", "added %", 0, 0, NULL},
	{0},
};

static bool is_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Twelve digits of an address written with colons; false where it is none. */
static bool take_digits(const char *text, size_t length, char digits[ADDRESS_DIGITS])
{
	if (length != ADDRESS_TEXT)
		return false;
	for (size_t i = 0; i < ADDRESS_TEXT; i++) {
		if (i % 3 == 2 ? text[i] != ':' : !is_digit(text[i]))
			return false;
		if (i % 3 != 2)
			*digits++ = text[i];
	}
	return true;
}

static void tell_refused(struct load *load, const json_t *refused)
{
	struct cli_error told;
	const json_t *one;
	size_t index;

	json_array_foreach (refused, index, one) {
		json_int_t at = json_integer_value(json_object_get(one, "at"));
		const char *why = json_string_value(json_object_get(one, "error"));

		if (at < 0 || (size_t)at >= load->count || !why)
			continue;
		cli_refuse(&told, CLI_REFUSED, "%s:%zu: %.900s", load->path, load->lines[at], why);
		cli_print_error(&told);
		load->refused = true;
	}
}

static int send_gathered(struct load *load)
{
	json_t *params = json_copy((json_t *)load->params), *result;
	int err;

	json_object_del(params, "file");
	if (json_object_set_new(params, "lladdrs",
				json_stringn_nocheck(load->digits, load->count * ADDRESS_DIGITS))) {
		json_decref(params);
		return cli_refuse(load->error, -ENOMEM, "out of memory");
	}
	err = session_call(load->session, "fdb.load", params, &result, load->error);
	json_decref(params);
	if (err)
		return err;
	load->added += json_integer_value(json_object_get(result, "added"));
	tell_refused(load, json_object_get(result, "refused"));
	json_decref(result);
	load->count = 0;
	return 0;
}

/* Empty lines and those that begin with # are nothing. */
static int take_line(struct load *load, const char *text, size_t length)
{
	load->line++;
	while (length && (text[length - 1] == ' ' || text[length - 1] == '\t' || text[length - 1] == '\r'))
		length--;
	if (!length || *text == '#')
		return 0;
	if (!take_digits(text, length, load->digits + load->count * ADDRESS_DIGITS))
		return cli_refuse(load->error, CLI_USAGE, "%s:%zu: \"%.*s\" is not an address", load->path,
				  load->line, (int)(length < 64 ? length : 64), text);
	load->lines[load->count++] = load->line;
	return load->count == AT_ONCE ? send_gathered(load) : 0;
}

static int take_text(struct load *load, const char *text, size_t length)
{
	const char *end = text + length;
	int err = 0;

	while (err == 0 && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;

		err = take_line(load, text, (size_t)(stop - text));
		text = stop + 1;
	}
	return err == 0 && load->count ? send_gathered(load) : err;
}

static int load_file(struct load *load)
{
	size_t length;
	char *text;
	int err = file_read(load->path, &text, &length, load->error);

	if (err)
		return err;
	err = take_text(load, text, length);
	free(text);
	return err;
}

int fdb_run_load(struct session *session, const json_t *params, struct cli_error *error)
{
	struct load load = {.session = session, .params = params, .error = error};
	json_t *result;
	int err;

	load.path = json_string_value(json_object_get(params, "file"));
	load.digits = malloc((size_t)AT_ONCE * ADDRESS_DIGITS);
	load.lines = malloc(AT_ONCE * sizeof(*load.lines));
	err = load.digits && load.lines ? load_file(&load) : cli_refuse(error, -ENOMEM, "out of memory");
	free(load.digits);
	free(load.lines);
	if (err)
		return err;
	result = json_pack("{sI}", "added", load.added);
	output_object(&session->output, fdb_load_fields, result);
	json_decref(result);
	return load.refused ? cli_refuse(error, CLI_REFUSED, "%s: not all addresses were added", load.path)
			    : 0;
}
