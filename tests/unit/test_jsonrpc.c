/* SPDX-License-Identifier: Apache-2.0 */
/* The protocol of the control socket without a socket: lines in, answers out, as JSON-RPC 2.0 has it. */
#include "control/jsonrpc.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

#define LINE_MAX_TESTED 400

static unsigned int notes;

static void method_echo(void *user, struct server_client *client, const json_t *params,
			struct server_reply *reply)
{
	(void)user, (void)client;
	reply->result = json_deep_copy(params);
}

static void method_note(void *user, struct server_client *client, const json_t *params,
			struct server_reply *reply)
{
	(void)user, (void)client, (void)params, (void)reply;
	notes++;
}

static void method_refuse(void *user, struct server_client *client, const json_t *params,
			  struct server_reply *reply)
{
	(void)user, (void)client, (void)params;
	reply->code = SERVER_REFUSED;
	reply->data = json_pack("{s:s}", "at", "file:1:2");
	strcpy(reply->message, "no device \"v\xff\"");
}

/* A string of "length" octets. */
static void method_long(void *user, struct server_client *client, const json_t *params,
			struct server_reply *reply)
{
	size_t length = (size_t)json_integer_value(json_object_get(params, "length"));
	char *text = malloc(length);

	(void)user, (void)client;
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	memset(text, 'x', length);
	reply->result = json_stringn(text, length);
	free(text);
}

static const struct server_method methods[] = {
	{"echo", method_echo}, {"note", method_note}, {"refuse", method_refuse},
	{"long", method_long}, {NULL, NULL},
};

/* Feeds in, piece octets at a time, with all steps after each, and gives all answers as a string to be freed.
 */
static char *converse(const char *in, size_t length, size_t piece, int *ret_last)
{
	struct jsonrpc rpc = {.methods = methods, .line_max = LINE_MAX_TESTED};
	struct bytes out = {};
	char *text;
	int r = 0;

	for (size_t at = 0; at < length && r >= 0; at += piece) {
		CU_ASSERT_EQUAL(jsonrpc_feed(&rpc, in + at, at + piece > length ? length - at : piece), 0);
		while ((r = jsonrpc_step(&rpc, &out)) > 0)
			;
	}
	jsonrpc_end(&rpc);
	while (r >= 0 && (r = jsonrpc_step(&rpc, &out)) > 0)
		;
	text = strndup(bytes_length(&out) ? bytes_front(&out) : "", bytes_length(&out));
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	bytes_free(&out);
	jsonrpc_free(&rpc);
	*ret_last = r;
	return text;
}

/* Compares octet for octet, whole and cut in pieces; shows what came instead. */
static void expect_octets(const char *in, size_t length, const char *out)
{
	static const size_t pieces[] = {1, 7, 100000};

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		int r;
		char *came = converse(in, length, pieces[i], &r);

		CU_ASSERT_EQUAL(r, 0);
		CU_ASSERT_STRING_EQUAL(came, out);
		if (strcmp(came, out) != 0)
			printf("in:   %s\ncame: %s\nnot:  %s\n", in, came, out);
		free(came);
	}
}

static void expect(const char *in, const char *out)
{
	expect_octets(in, strlen(in), out);
}

/* The parts that answers are made of. */
#define V            "{\"jsonrpc\":\"2.0\","
#define Q            "{\"jsonrpc\": \"2.0\", "
#define ERROR(c, m)  V "\"error\":{\"code\":" #c ",\"message\":\"" m "\"},\"id\":"
#define NOT_OBJECT   ERROR(-32600, "a request is an object") "null}"
#define NO_VERSION   ERROR(-32600, "\\\"jsonrpc\\\" of a request must be \\\"2.0\\\"")
#define NO_METHOD(n) ERROR(-32601, "there is no method \\\"" n "\\\"")

static void a_request_is_answered_with_its_id(void)
{
	expect(Q "\"method\": \"echo\", \"params\": {\"a\": [1, null]}, \"id\": 1}\n",
	       V "\"result\":{\"a\":[1,null]},\"id\":1}\n");
	expect(Q "\"method\": \"echo\", \"id\": \"x\\u00e4\"}\n", V "\"result\":{},\"id\":\"x\xc3\xa4\"}\n");
	expect(Q "\"method\": \"note\", \"id\": null}\r\n", V "\"result\":{},\"id\":null}\n");
	expect(Q "\"method\": \"note\", \"id\": -1.5}\n", V "\"result\":{},\"id\":-1.5}\n");
	expect(Q "\"method\": \"note\", \"params\": [], \"id\": 2}\n", V "\"result\":{},\"id\":2}\n");
	expect(Q "\"method\": \"note\", \"id\": 1}\n" Q "\"method\": \"note\", \"id\": 2}\n",
	       V "\"result\":{},\"id\":1}\n" V "\"result\":{},\"id\":2}\n");
}

static void a_refusal_has_code_sentence_and_data(void)
{
	expect(Q "\"method\": \"refuse\", \"id\": 1}\n",
	       V "\"error\":{\"code\":1,\"message\":\"no device \\\"v?\\\"\",\"data\":{\"at\":\"file:1:2\"}},"
		 "\"id\":1}\n");
}

static void a_notification_is_carried_out_and_not_answered(void)
{
	notes = 0;
	expect(Q "\"method\": \"note\"}\n", "");
	CU_ASSERT_EQUAL(notes, 3); /* once for each way to cut the input */
	expect(Q "\"method\": \"nothing\"}\n", "");
	expect(Q "\"method\": \"refuse\"}\n", "");
	expect(Q "\"method\": \"echo\", \"params\": [1]}\n", "");
}

static void what_is_no_request_is_refused(void)
{
	expect("1\n", NOT_OBJECT "\n");
	expect("\"echo\"\n", NOT_OBJECT "\n");
	expect("null\n", NOT_OBJECT "\n");
	expect("[]\n", NOT_OBJECT "\n");
	expect("{}\n", NO_VERSION "null}\n");
	expect("{\"jsonrpc\": 2.0, \"method\": \"echo\", \"id\": 5}\n", NO_VERSION "5}\n");
	expect(Q "\"method\": 1, \"params\": \"bar\"}\n",
	       ERROR(-32600, "\\\"method\\\" of a request must be a string") "null}\n");
	expect(Q "\"method\": \"echo\", \"params\": \"bar\", \"id\": 1}\n",
	       ERROR(-32600, "\\\"params\\\" of a request must be an object") "1}\n");
	expect(Q "\"method\": \"echo\", \"id\": {}}\n",
	       ERROR(-32600, "\\\"id\\\" of a request must be a string, a number or null") "null}\n");
}

static void an_unknown_method_is_named(void)
{
	expect(Q "\"method\": \"foobar\", \"id\": \"1\"}\n", NO_METHOD("foobar") "\"1\"}\n");
	expect(Q "\"method\": \"rpc.echo\", \"id\": 1}\n", NO_METHOD("rpc.echo") "1}\n");
	expect(Q "\"method\": \"\", \"id\": 1}\n", NO_METHOD("") "1}\n");
}

static void parameters_by_position_are_refused(void)
{
	expect(Q "\"method\": \"echo\", \"params\": [1, 2], \"id\": 1}\n",
	       ERROR(-32602, "the parameters of echo have names: send an object") "1}\n");
}

/* True when in is answered with one parse error and nothing else. */
static bool is_parse_error(const char *in, size_t length)
{
	static const char head[] = V "\"error\":{\"code\":-32700,\"message\":\"not JSON: ",
			  tail[] = "\"id\":null}\n";
	int r;
	char *came = converse(in, length, length, &r);
	size_t came_length = strlen(came);
	bool is = r == 0 && strncmp(came, head, sizeof(head) - 1) == 0 && came_length > sizeof(tail) &&
		  strcmp(came + came_length - (sizeof(tail) - 1), tail) == 0 &&
		  strchr(came, '\n') == came + came_length - 1;

	if (!is)
		printf("in: %s\ncame: %s\n", in, came);
	free(came);
	return is;
}

static void what_is_no_json_is_a_parse_error(void)
{
	static const char nul_between[] = "{\"jsonrpc\": \"2.0\", \0\"method\": \"note\"}\n";
	static const char nul_within[] = "{\"jsonrpc\": \"2.0\", \"method\": \"no\0te\"}\n";
	static const char *const wrong[] = {
		"\n",
		"  \n",
		"{\n",
		"[\n",
		Q "\"method\": \"foobar, \"params\": \"bar\", \"baz]\n",
		"[" Q "\"method\": \"note\", \"id\": \"1\"}," Q "\"method\"\n",
		Q "\"method\": \"note\"} x\n",
		Q "\"method\": \"note\", \"method\": \"echo\", \"id\": 1}\n",
		Q "\"method\": \"n\xff\", \"id\": 1}\n",
		Q "\"method\": \"n\xc0\xaf\", \"id\": 1}\n",
		Q "\"method\": \"n\\u0000\", \"id\": 1}\n",
		Q "\"method\": \"note\", \"id\": 123456789012345678901234567890}\n",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CU_ASSERT_TRUE(is_parse_error(wrong[i], strlen(wrong[i])));
	CU_ASSERT_TRUE(is_parse_error(nul_between, sizeof(nul_between) - 1));
	CU_ASSERT_TRUE(is_parse_error(nul_within, sizeof(nul_within) - 1));
}

static void after_an_error_the_next_line_is_handled(void)
{
	expect("[]\n" Q "\"method\": \"note\", \"id\": 1}\n", NOT_OBJECT "\n" V "\"result\":{},\"id\":1}\n");
}

static void nesting_is_bounded(void)
{
	struct jsonrpc rpc = {.methods = methods, .line_max = 1 << 20};
	struct bytes out = {};
	char *deep = malloc(1 << 20);

	CU_ASSERT_PTR_NOT_NULL_FATAL(deep);
	memset(deep, '[', (1 << 20) - 1);
	deep[(1 << 20) - 1] = '\n';
	CU_ASSERT_EQUAL(jsonrpc_feed(&rpc, deep, 1 << 20), 0);
	CU_ASSERT_EQUAL(jsonrpc_step(&rpc, &out), 1);
	CU_ASSERT_EQUAL(bytes_append(&out, "", 1), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(bytes_front(&out), "-32700"));
	CU_ASSERT_PTR_NOT_NULL(strstr(bytes_front(&out), "depth"));
	bytes_free(&out);
	jsonrpc_free(&rpc);
	free(deep);
}

static void a_batch_is_answered_with_one_line(void)
{
	expect("[" Q "\"method\": \"note\", \"id\": 1}, " Q "\"method\": \"note\"}, " Q
	       "\"method\": \"echo\", \"params\": {\"a\": 2}, \"id\": \"9\"}, {\"foo\": \"boo\"}, " Q
	       "\"method\": \"foo.get\", \"id\": \"5\"}]\n",
	       "[" V "\"result\":{},\"id\":1}," V "\"result\":{\"a\":2},\"id\":\"9\"}," NO_VERSION
	       "null}," NO_METHOD("foo.get") "\"5\"}]\n");
	expect("[1]\n", "[" NOT_OBJECT "]\n");
	expect("[1,[],3]\n", "[" NOT_OBJECT "," NOT_OBJECT "," NOT_OBJECT "]\n");
}

static void a_batch_of_notifications_is_not_answered(void)
{
	expect("[" Q "\"method\": \"note\"}, " Q "\"method\": \"nothing\"}]\n", "");
}

/* A line of length octets and a newline: a request with blanks in front. */
static char *make_line(size_t length)
{
	static const char request[] = Q "\"method\": \"note\", \"id\": 1}\n";
	char *line;

	CU_ASSERT_TRUE_FATAL(asprintf(&line, "%*s", (int)length + 1, request) >= 0);
	return line;
}

static void a_line_of_the_greatest_length_is_handled(void)
{
	char *line = make_line(LINE_MAX_TESTED);

	expect(line, V "\"result\":{},\"id\":1}\n");
	free(line);
}

static void a_line_too_long_is_the_last_that_is_heard(void)
{
	char *line = make_line(LINE_MAX_TESTED + 1), *lines;

	CU_ASSERT_TRUE_FATAL(asprintf(&lines, "%s%s", line, Q "\"method\": \"note\", \"id\": 2}\n") >= 0);
	expect(lines, ERROR(-32600, "a line is longer than 400 octets") "null}\n");
	/* without an end, it is refused as soon as it is too long */
	lines[LINE_MAX_TESTED + 1] = '\0';
	memset(lines, '[', LINE_MAX_TESTED + 1);
	expect(lines, ERROR(-32600, "a line is longer than 400 octets") "null}\n");
	free(lines);
	free(line);
}

static void a_last_line_without_newline_is_refused(void)
{
	notes = 0;
	expect(Q "\"method\": \"note\", \"id\": 1}",
	       ERROR(-32700, "the last line is not ended by a newline") "null}\n");
	CU_ASSERT_EQUAL(notes, 0);
}

static void an_answer_too_long_becomes_an_error(void)
{
	expect(Q "\"method\": \"long\", \"params\": {\"length\": 67108865}, \"id\": 1}\n",
	       ERROR(1, "the answer is longer than 67108864 octets: ask for less at once") "1}\n");
}

static void a_batch_whose_answers_are_too_long_ends_the_conversation(void)
{
	static const char batch[] =
		"[" Q "\"method\": \"long\", \"params\": {\"length\": 40000000}, \"id\": 1}, " Q
		"\"method\": \"long\", \"params\": {\"length\": 40000000}, \"id\": 2}]\n";
	int r;
	char *came = converse(batch, sizeof(batch) - 1, sizeof(batch), &r);

	CU_ASSERT_EQUAL(r, -EMSGSIZE);
	CU_ASSERT_STRING_EQUAL(came, "");
	free(came);
}

static const struct test_case cases[] = {
	TEST(a_request_is_answered_with_its_id),
	TEST(a_refusal_has_code_sentence_and_data),
	TEST(a_notification_is_carried_out_and_not_answered),
	TEST(what_is_no_request_is_refused),
	TEST(an_unknown_method_is_named),
	TEST(parameters_by_position_are_refused),
	TEST(what_is_no_json_is_a_parse_error),
	TEST(after_an_error_the_next_line_is_handled),
	TEST(nesting_is_bounded),
	TEST(a_batch_is_answered_with_one_line),
	TEST(a_batch_of_notifications_is_not_answered),
	TEST(a_line_of_the_greatest_length_is_handled),
	TEST(a_line_too_long_is_the_last_that_is_heard),
	TEST(a_last_line_without_newline_is_refused),
	TEST(an_answer_too_long_becomes_an_error),
	TEST(a_batch_whose_answers_are_too_long_ends_the_conversation),
	{NULL, NULL},
};

int test_jsonrpc_suite(void);
int test_jsonrpc_suite(void)
{
	return test_suite_add("jsonrpc", cases);
}
