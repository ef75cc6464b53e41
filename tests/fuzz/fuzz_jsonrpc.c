/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any octets as what a client sends. The first octet chooses in how large pieces they arrive; the answers
 * must not depend on that, and each must be a line that holds a response, or a batch of them, as JSON-RPC 2.0
 * has it. Lines are bounded at 256 octets here, so that a line too long is soon found.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/jsonrpc.h"
#include "control/params.h"

/* Not assert(): it must hold in every build. */
#define MUST(condition)                                                                                      \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);              \
			abort();                                                                             \
		}                                                                                            \
	} while (0)

struct values {
	bool flag;
	uint32_t number;
	const char *name;
	uint8_t mac[6];
	uint32_t mode;
	const json_t *list;
};

static const char *const modes[] = {"auto", "off", NULL};

static const struct param table[] = {
	{.name = "flag", .type = PARAM_BOOL, .offset = offsetof(struct values, flag), .given = 1},
	{.name = "number",
	 .type = PARAM_U32,
	 .max = 9,
	 .offset = offsetof(struct values, number),
	 .given = 2},
	{.name = "name",
	 .type = PARAM_STRING,
	 .max = 15,
	 .offset = offsetof(struct values, name),
	 .given = 4},
	{.name = "mac", .type = PARAM_MAC, .offset = offsetof(struct values, mac), .given = 8},
	{.name = "mode",
	 .type = PARAM_ENUM,
	 .words = modes,
	 .offset = offsetof(struct values, mode),
	 .given = 16},
	{.name = "list", .type = PARAM_ARRAY, .offset = offsetof(struct values, list), .given = 32},
	{.name = NULL},
};

static void method_echo(void *user, struct server_client *client, const json_t *params,
			struct server_reply *reply)
{
	(void)user, (void)client;
	MUST(json_is_object(params));
	reply->result = json_deep_copy(params);
}

static void method_read(void *user, struct server_client *client, const json_t *params,
			struct server_reply *reply)
{
	struct values values = {};
	struct xbr_error error;
	uint64_t given = 0;

	(void)user, (void)client;
	if (params_read(params, table, &values, &given, &error) < 0) {
		reply->code = SERVER_INVALID_PARAMS;
		memcpy(reply->message, error.message, sizeof(reply->message));
		return;
	}
	MUST(values.number <= 9 && values.mode <= 1);
	MUST((given & 4) == 0 || strlen(values.name) <= 15);
	reply->result = json_integer((json_int_t)given);
}

static const struct server_method methods[] = {{"echo", method_echo}, {"read", method_read}, {NULL, NULL}};

/* All that is answered when data arrives piece octets at a time. */
static struct bytes converse(const uint8_t *data, size_t size, size_t piece)
{
	struct jsonrpc rpc = {.methods = methods, .line_max = 256};
	struct bytes out = {};
	size_t length;
	int r;

	for (; size; data += length, size -= length) {
		length = size < piece ? size : piece;
		MUST(jsonrpc_feed(&rpc, data, length) == 0);
		while ((r = jsonrpc_step(&rpc, &out)) > 0)
			;
		MUST(r == 0);
		MUST(bytes_length(&rpc.in) <= rpc.line_max);
	}
	jsonrpc_end(&rpc);
	while ((r = jsonrpc_step(&rpc, &out)) > 0)
		;
	MUST(r == 0 && !bytes_length(&rpc.in) && !rpc.batch);
	jsonrpc_free(&rpc);
	return out;
}

static void check_response(const json_t *response)
{
	const json_t *error = json_object_get(response, "error"), *id = json_object_get(response, "id");

	MUST(json_is_object(response) && json_object_size(response) == 3);
	MUST(strcmp(json_string_value(json_object_get(response, "jsonrpc")), "2.0") == 0);
	MUST(json_is_string(id) || json_is_number(id) || json_is_null(id));
	MUST(!error == !!json_object_get(response, "result"));
	MUST(!error || (json_is_integer(json_object_get(error, "code")) &&
			json_is_string(json_object_get(error, "message"))));
}

static void check_line(const char *line, size_t length)
{
	json_t *answer = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL), *response;
	size_t i;

	MUST(answer);
	if (json_is_array(answer)) {
		MUST(json_array_size(answer) > 0);
		json_array_foreach (answer, i, response)
			check_response(response);
	} else {
		check_response(answer);
	}
	json_decref(answer);
}

static void check_lines(const struct bytes *out)
{
	const char *line = bytes_front(out), *newline;
	size_t left = bytes_length(out), length;

	for (; left; line += length, left -= length) {
		newline = memchr(line, '\n', left);
		MUST(newline);
		length = (size_t)(newline - line) + 1;
		check_line(line, length - 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes whole, pieces;

	if (!size)
		return 0;
	whole = converse(data + 1, size - 1, SIZE_MAX);
	pieces = converse(data + 1, size - 1, data[0] % 32 + 1u);
	MUST(bytes_length(&whole) == bytes_length(&pieces));
	MUST(!bytes_length(&whole) ||
	     memcmp(bytes_front(&whole), bytes_front(&pieces), bytes_length(&whole)) == 0);
	check_lines(&whole);
	bytes_free(&whole);
	bytes_free(&pieces);
	return 0;
}
