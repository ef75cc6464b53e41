/* SPDX-License-Identifier: Apache-2.0 */
#include "control/jsonrpc.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 3, 4))) static void reply_refuse(struct server_reply *reply, int code,
							       const char *format, ...)
{
	va_list args;

	reply->code = code;
	va_start(args, format);
	vsnprintf(reply->message, sizeof(reply->message), format, args);
	va_end(args);
}

/* ---- writing answers --------------------------------------------------------------------------- */

/* A sentence as JSON. One that is no UTF-8 (a device's odd name, a character cut in half) keeps its ASCII. */
static json_t *sentence_to_json(const char *sentence)
{
	json_t *string = json_string(sentence);
	char *ascii;

	if (string)
		return string;
	ascii = strdup(sentence);
	if (!ascii)
		return NULL;
	for (char *c = ascii; *c; c++)
		if (*c & 0x80)
			*c = '?';
	string = json_string(ascii);
	free(ascii);
	return string;
}

/* The answer as JSON; takes what reply owns. NULL: out of memory. */
static json_t *reply_to_json(struct server_reply *reply, json_t *id)
{
	json_t *result = reply->result ? reply->result : json_object();
	json_t *data = reply->data;

	reply->result = NULL;
	reply->data = NULL;
	if (!reply->code) {
		json_decref(data);
		return json_pack("{s:s,s:o,s:O}", "jsonrpc", "2.0", "result", result, "id", id);
	}
	json_decref(result);
	return json_pack("{s:s,s:{s:i,s:o,s:o*},s:O}", "jsonrpc", "2.0", "error", "code", reply->code,
			 "message", sentence_to_json(reply->message), "data", data, "id", id);
}

/* Where json_dump_callback() writes to; it passes only -1 on, so that the reason is kept here. */
struct dump {
	struct bytes *out;
	size_t length_max; /* of out */
	int error;
};

static int dump_piece(const char *piece, size_t length, void *user)
{
	struct dump *dump = user;

	if (length > dump->length_max - bytes_length(dump->out))
		dump->error = -EMSGSIZE;
	else
		dump->error = bytes_append(dump->out, piece, length);
	return dump->error ? -1 : 0;
}

/* Adds reply as text. -EMSGSIZE when it is too long, and then, as after any error, part of it may be there.
 */
static int reply_dump(struct server_reply *reply, json_t *id, struct bytes *out)
{
	struct dump dump = {.out = out, .length_max = bytes_length(out) + JSONRPC_ANSWER_MAX};
	json_t *answer = reply_to_json(reply, id);

	if (!answer)
		return -ENOMEM;
	if (json_dump_callback(answer, dump_piece, &dump, JSON_COMPACT) < 0 && !dump.error)
		dump.error = -ENOMEM;
	json_decref(answer);
	return dump.error;
}

/* Adds the text before, reply, and the text after. Takes what reply owns. */
static int reply_write(struct server_reply *reply, json_t *id, const char *before, const char *after,
		       struct bytes *out)
{
	int r = bytes_append_string(out, before);
	size_t length = bytes_length(out);

	if (r == 0)
		r = reply_dump(reply, id, out);
	if (r == -EMSGSIZE) {
		bytes_truncate(out, length);
		reply_refuse(reply, SERVER_REFUSED,
			     "the answer is longer than %u octets: ask for less at once", JSONRPC_ANSWER_MAX);
		r = reply_dump(reply, id, out);
	}
	return r < 0 ? r : bytes_append_string(out, after);
}

int jsonrpc_write_error(struct bytes *out, int code, const char *message)
{
	struct server_reply reply = {};

	reply_refuse(&reply, code, "%s", message);
	return reply_write(&reply, json_null(), "", "\n", out);
}

/* ---- one request ------------------------------------------------------------------------------- */

/* What makes request no request object, or NULL. */
static const char *request_fault(const json_t *request)
{
	const json_t *version = json_object_get(request, "jsonrpc");
	const json_t *params = json_object_get(request, "params");
	const json_t *id = json_object_get(request, "id");

	if (!json_is_object(request))
		return "a request is an object";
	if (!json_is_string(version) || strcmp(json_string_value(version), "2.0") != 0)
		return "\"jsonrpc\" of a request must be \"2.0\"";
	if (!json_is_string(json_object_get(request, "method")))
		return "\"method\" of a request must be a string";
	if (params && !json_is_object(params) && !json_is_array(params))
		return "\"params\" of a request must be an object";
	if (id && !json_is_string(id) && !json_is_number(id) && !json_is_null(id))
		return "\"id\" of a request must be a string, a number or null";
	return NULL;
}

/* The id to answer with; borrowed. */
static json_t *request_id(const json_t *request)
{
	json_t *id = json_object_get(request, "id");

	return json_is_string(id) || json_is_number(id) ? id : json_null();
}

static const struct server_method *method_find(const struct server_method *methods, const char *name)
{
	for (; methods->name; methods++)
		if (strcmp(methods->name, name) == 0)
			return methods;
	return NULL;
}

/* Calls the method with the parameters by name, or with none. */
static int method_call(const struct jsonrpc *rpc, const struct server_method *method, const json_t *params,
		       struct server_reply *reply)
{
	json_t *none = NULL;

	if (json_is_array(params) && json_array_size(params) > 0) {
		reply_refuse(reply, SERVER_INVALID_PARAMS, "the parameters of %s have names: send an object",
			     method->name);
		return 0;
	}
	if (!json_is_object(params)) {
		none = json_object();
		if (!none)
			return -ENOMEM;
		params = none;
	}
	method->handle(rpc->user, rpc->client, params, reply);
	json_decref(none);
	return 0;
}

/* Does what a well-formed request asks for. */
static int request_perform(const struct jsonrpc *rpc, const json_t *request, struct server_reply *reply)
{
	const char *name = json_string_value(json_object_get(request, "method"));
	const struct server_method *method = method_find(rpc->methods, name);

	if (method)
		return method_call(rpc, method, json_object_get(request, "params"), reply);
	reply_refuse(reply, SERVER_NO_METHOD, "there is no method \"%.300s\"", name);
	return 0;
}

/* Handles one request; its answer, if it gets one, is added between the texts before and after. */
static int request_handle(const struct jsonrpc *rpc, const json_t *request, const char *before,
			  const char *after, struct bytes *out)
{
	const char *fault = request_fault(request);
	struct server_reply reply = {};
	int r = 0;

	if (fault)
		reply_refuse(&reply, SERVER_INVALID_REQUEST, "%s", fault);
	else
		r = request_perform(rpc, request, &reply);
	if (r == 0 && (fault || json_object_get(request, "id")))
		r = reply_write(&reply, request_id(request), before, after, out);
	json_decref(reply.result);
	json_decref(reply.data);
	return r;
}

/* ---- batches ----------------------------------------------------------------------------------- */

/* Hands over the answers of a batch that is done: one line, or none if it held notifications only. */
static int batch_finish(struct jsonrpc *rpc, struct bytes *out)
{
	int r;

	json_decref(rpc->batch);
	rpc->batch = NULL;
	if (!bytes_length(&rpc->batch_answer))
		return 0;
	r = bytes_append_string(&rpc->batch_answer, "]\n");
	return r < 0 ? r : bytes_move(out, &rpc->batch_answer);
}

/* Handles the next element of the batch. */
static int batch_step(struct jsonrpc *rpc, struct bytes *out)
{
	const json_t *request = json_array_get(rpc->batch, rpc->batch_next++);
	const char *before = bytes_length(&rpc->batch_answer) ? "," : "[";
	int r = request_handle(rpc, request, before, "", &rpc->batch_answer);

	if (r < 0)
		return r;
	if (bytes_length(&rpc->batch_answer) > JSONRPC_ANSWER_MAX)
		return -EMSGSIZE;
	return rpc->batch_next < json_array_size(rpc->batch) ? 0 : batch_finish(rpc, out);
}

/* ---- lines ------------------------------------------------------------------------------------- */

enum line {
	LINE_UNFINISHED, /* no newline yet */
	LINE_WHOLE,
	LINE_CUT_OFF, /* no newline, and none will come */
	LINE_TOO_LONG,
};

/* What is at the front of the input, and its length without the newline. */
static enum line line_look(struct jsonrpc *rpc, size_t *ret_length)
{
	const char *front = bytes_front(&rpc->in);
	size_t held = bytes_length(&rpc->in), fresh = held - rpc->scanned;
	const char *newline = fresh ? memchr(front + rpc->scanned, '\n', fresh) : NULL;

	*ret_length = rpc->scanned = newline ? (size_t)(newline - front) : held;
	if (rpc->scanned > rpc->line_max)
		return LINE_TOO_LONG;
	if (newline)
		return LINE_WHOLE;
	return rpc->ended && held ? LINE_CUT_OFF : LINE_UNFINISHED;
}

/* Takes length octets from the front of the input: the next line begins there. */
static void line_take(struct jsonrpc *rpc, size_t length)
{
	bytes_consume(&rpc->in, length);
	rpc->scanned = 0;
}

static int line_refuse(const json_error_t *error, struct bytes *out)
{
	char sentence[sizeof(error->text) + 64];

	snprintf(sentence, sizeof(sentence), "not JSON: %s, at octet %d of the line", error->text,
		 error->position);
	return jsonrpc_write_error(out, SERVER_PARSE_ERROR, sentence);
}

/* Handles a whole line; of a batch, only that there is one. */
static int line_handle(struct jsonrpc *rpc, const char *line, size_t length, struct bytes *out)
{
	json_error_t error;
	json_t *message = json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	int r;

	if (!message)
		return line_refuse(&error, out);
	if (json_array_size(message) > 0) {
		rpc->batch = message;
		rpc->batch_next = 0;
		return 0;
	}
	r = request_handle(rpc, message, "", "\n", out);
	json_decref(message);
	return r;
}

/* The line is too long: says so and listens no more. */
static int line_break(struct jsonrpc *rpc, struct bytes *out)
{
	char sentence[80];

	snprintf(sentence, sizeof(sentence), "a line is longer than %zu octets", rpc->line_max);
	rpc->broken = true;
	line_take(rpc, bytes_length(&rpc->in));
	return jsonrpc_write_error(out, SERVER_INVALID_REQUEST, sentence);
}

static int line_step(struct jsonrpc *rpc, enum line line, size_t length, struct bytes *out)
{
	int r;

	if (line == LINE_TOO_LONG)
		return line_break(rpc, out);
	if (line == LINE_CUT_OFF) {
		line_take(rpc, length);
		return jsonrpc_write_error(out, SERVER_PARSE_ERROR,
					   "the last line is not ended by a newline");
	}
	r = line_handle(rpc, bytes_front(&rpc->in), length, out);
	line_take(rpc, length + 1);
	return r;
}

/* ---- the conversation -------------------------------------------------------------------------- */

int jsonrpc_feed(struct jsonrpc *rpc, const void *data, size_t length)
{
	return rpc->broken ? 0 : bytes_append(&rpc->in, data, length);
}

void jsonrpc_end(struct jsonrpc *rpc)
{
	rpc->ended = true;
}

int jsonrpc_step(struct jsonrpc *rpc, struct bytes *out)
{
	enum line line;
	size_t length;
	int r;

	if (rpc->batch) {
		r = batch_step(rpc, out);
	} else {
		line = line_look(rpc, &length);
		if (line == LINE_UNFINISHED)
			return 0;
		r = line_step(rpc, line, length, out);
	}
	return r < 0 ? r : 1;
}

void jsonrpc_free(struct jsonrpc *rpc)
{
	json_decref(rpc->batch);
	rpc->batch = NULL;
	bytes_free(&rpc->batch_answer);
	bytes_free(&rpc->in);
}
