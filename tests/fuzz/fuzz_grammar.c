/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as a configuration file: requests come out, or an error with a place and a printable sentence.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>

#include "xbr/grammar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		abort();
}

static void check_error(const struct grammar_error *error)
{
	require(error->line >= 1 && error->column >= 1 && error->message[0]);
	for (const char *c = error->message; *c; c++)
		require(isprint((unsigned char)*c));
}

static void check_commands(const json_t *commands)
{
	size_t index;
	json_t *command;

	require(json_is_array(commands));
	json_array_foreach (commands, index, command) {
		require(json_is_string(json_object_get(command, "method")));
		require(json_is_object(json_object_get(command, "params")));
		require(json_is_string(json_object_get(command, "at")));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct grammar_error error;
	json_t *commands = NULL;

	if (grammar_parse_text("fuzz", (const char *)data, size, &commands, &error) != 0)
		check_error(&error);
	else
		check_commands(commands);
	json_decref(commands);
	return 0;
}
