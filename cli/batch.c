/* SPDX-License-Identifier: Apache-2.0 */
#include "batch.h"

#include <string.h>

#include "config.h"

struct batch {
	struct session *session;
	const json_t *commands;
	bool force;
	size_t window;   /* questions that may be unanswered at a time */
	size_t answered; /* commands from the first that are done with */
	size_t sent;     /* commands from the first that were sent, or run */
	json_int_t ids[CLIENT_WINDOW];
	int err; /* of the last command that failed */
	struct cli_error *error;
};

static const char *text_of(const struct batch *batch, size_t index, const char *key)
{
	return json_string_value(json_object_get(json_array_get(batch->commands, index), key));
}

/* Notes how a command ended. 0: go on. */
static int settle(struct batch *batch, size_t index, int err)
{
	struct cli_error reason = *batch->error;

	if (err == 0)
		return 0;
	batch->err = err;
	cli_refuse(batch->error, err, "%s: %.900s", text_of(batch, index, "at"), reason.message);
	if (!batch->force || err == CLI_NO_AGENT)
		return err;
	fflush(batch->session->output.file);
	cli_print_error(batch->error);
	batch->error->message[0] = '\0'; /* told */
	return 0;
}

/* Takes the oldest answer. */
static int take_answer(struct batch *batch)
{
	const size_t index = batch->answered++;
	json_t *result = NULL;
	int err = client_answer(batch->session->client, batch->ids[index % CLIENT_WINDOW], &result,
				batch->error);

	json_decref(result);
	return settle(batch, index, err);
}

static int take_answers(struct batch *batch, size_t allowed_unanswered)
{
	int err = 0;

	while (err == 0 && batch->sent - batch->answered > allowed_unanswered)
		err = take_answer(batch);
	return err;
}

static int send_next(struct batch *batch)
{
	const size_t index = batch->sent++;
	const json_t *params = json_object_get(json_array_get(batch->commands, index), "params");
	int err = session_connect(batch->session, batch->error);

	if (err == 0)
		err = client_send(batch->session->client, text_of(batch, index, "method"), params,
				  &batch->ids[index % CLIENT_WINDOW], batch->error);
	if (err) {
		settle(batch, index, err);
		return err;
	}
	return take_answers(batch, batch->window - 1);
}

/* A command whose answer is printed waits for all before it. */
static int run_next(struct batch *batch)
{
	const size_t index = batch->sent;
	int err = take_answers(batch, 0);

	if (err)
		return err;
	batch->sent++;
	batch->answered++;
	err = session_run(batch->session, json_array_get(batch->commands, index), batch->error);
	return settle(batch, index, err);
}

int batch_run(struct session *session, const char *path, bool force, struct cli_error *error)
{
	struct batch batch = {.session = session, .force = force, .error = error};
	json_t *commands;
	int err = config_load(path, &commands, error);

	if (err)
		return err;
	batch.commands = commands;
	batch.window = force ? CLIENT_WINDOW : 1;
	while (err == 0 && batch.sent < json_array_size(commands))
		err = session_is_silent(text_of(&batch, batch.sent, "method")) ? send_next(&batch)
									       : run_next(&batch);
	if (err == 0)
		take_answers(&batch, 0);
	json_decref(commands);
	return batch.err;
}
