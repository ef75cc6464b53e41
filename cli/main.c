/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xbr: tells xbrd what to do, in the words of bridge(8). Here: options, then what to run. What cannot be
 * understood is refused before the agent is asked anything. Exit status: 0 done, 1 refused with a reason, 2
 * wrong usage, 3 no agent.
 */
#include <stdio.h>
#include <string.h>

#include "batch.h"
#include "complete.h"
#include "options.h"
#include "session.h"
#include "xbr/grammar.h"

static void print_help(FILE *out)
{
	grammar_print_usage(out, NULL, NULL);
	options_print_usage(out);
}

static int run_help(const char *object, const char *verb, struct cli_error *error)
{
	if (!object)
		print_help(stdout);
	else if (grammar_print_usage(stdout, object, verb) != 0)
		return cli_refuse(error, CLI_USAGE, "no help on '%s%s%s'; xbr help lists what there is",
				  object, verb ? " " : "", verb ? verb : "");
	return 0;
}

/* `fdb help`, `fdb add help`, `fdb --help`; a longer command may end with a device of that name. */
static bool is_help(int count, const char *const words[])
{
	const char *last = words[count - 1];

	return count >= 2 && count <= 3 && strcmp(words[0], "help") != 0 &&
	       (strcmp(last, "help") == 0 || strcmp(last, "--help") == 0);
}

/* Commands that no agent is needed for. *ret_done: it was one. */
static int run_local(const json_t *request, bool *ret_done, struct cli_error *error)
{
	const char *method = json_string_value(json_object_get(request, "method"));
	const json_t *params = json_object_get(request, "params");

	*ret_done = true;
	if (strcmp(method, "help") == 0)
		return run_help(json_string_value(json_object_get(params, "object")),
				json_string_value(json_object_get(params, "verb")), error);
	if (strcmp(method, "completion") == 0)
		complete_print_script(stdout);
	else
		*ret_done = false;
	return 0;
}

static int run_words(struct session *session, int count, const char *const words[], struct cli_error *error)
{
	struct grammar_error wrong;
	json_t *request;
	bool is_done;
	int err;

	if (count > 0 && is_help(count, words))
		return run_help(words[0], count == 3 ? words[1] : NULL, error);
	if (grammar_parse_words(count, words, &request, &wrong) != 0)
		return cli_refuse(error, CLI_USAGE, "word %u: %s", wrong.column, wrong.message);
	err = run_local(request, &is_done, error);
	if (!is_done)
		err = session_run(session, request, error);
	json_decref(request);
	return err;
}

static int run_batch(struct session *session, const struct options *options, int count,
		     struct cli_error *error)
{
	if (count > 0)
		return cli_refuse(error, CLI_USAGE, "with -batch the commands are in the file");
	return batch_run(session, options->batch_path, options->force, error);
}

static int run(const struct options *options, int count, const char *const words[], struct cli_error *error)
{
	struct session session = {.socket_path = options->socket_path, .output = options->output};
	struct cli_error unwritten;
	int written;
	int err;

	if (options->batch_path)
		err = run_batch(&session, options, count, error);
	else
		err = run_words(&session, count, words, error);
	session_close(&session);
	written = output_finish(&session.output, &unwritten);
	if (err || written == 0)
		return err;
	*error = unwritten;
	return written;
}

int main(int argc, char *argv[])
{
	struct cli_error error = {0};
	struct options options;
	int first;
	int err = options_parse(argc, argv, &options, &first, &error);
	const char *const *words = (const char *const *)argv + first;
	const int count = argc - first;

	if (err == 0 && options.version) {
		puts("xbr utility, " XBR_VERSION);
	} else if (err == 0 && options.help) {
		print_help(stdout);
	} else if (err == 0 && count == 0 && !options.batch_path) {
		print_help(stderr);
		return cli_exit_status(CLI_USAGE);
	} else if (err == 0 && count > 0 && strcmp(words[0], "complete") == 0) {
		complete_words(stdout, count - 1, words + 1);
	} else if (err == 0) {
		err = run(&options, count, words, &error);
	}
	if (err)
		cli_print_error(&error);
	return cli_exit_status(err);
}
