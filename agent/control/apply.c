// SPDX-License-Identifier: Apache-2.0
#include "control/apply.h"

#include <errno.h>
#include <stddef.h>

#include "control/commands.h"
#include "control/request.h"
#include "control/transaction.h"

/* Whatever is wrong with a command in a file, the request was a whole one: it is refused, not invalid. at:
 * where the command stands, or NULL. */
static void refuse_at(struct server_reply *reply, const struct xbr_error *error, const char *at)
{
	server_refuse(reply, error);
	reply->code = SERVER_REFUSED;
	if (at)
		reply->data = json_pack("{ss}", "at", at);
}

static void run_transaction(struct agent *agent, struct want *want, unsigned int flags,
			    struct server_reply *reply)
{
	struct xbr_error error;
	const char *at;
	uint32_t steps;

	if (transaction_run(agent->model, want, flags, &steps, &at, &error))
		refuse_at(reply, &error, at);
	else
		reply->result = json_pack("{si}", "changed", (int)steps);
}

void apply_change(struct agent *agent, const char *method, const json_t *params, struct server_reply *reply)
{
	struct want *want = transaction_snapshot(agent->model, false);
	struct xbr_error error;

	if (!want) {
		xbr_refuse(&error, -ENOMEM, "out of memory");
		server_refuse(reply, &error);
		return;
	}
	if (command_on_devices(agent->model, method, params, want, &error))
		server_refuse(reply, &error);
	else
		run_transaction(agent, want, 0, reply);
	if (!reply->code) {
		json_decref(reply->result);
		reply->result = NULL;
	}
	want_free(want);
}

static void forget_unconfirmed(struct agent *agent)
{
	want_free(agent->unconfirmed);
	agent->unconfirmed = NULL;
	agent->confirm_timer = sd_event_source_unref(agent->confirm_timer);
}

static int on_unconfirmed(sd_event_source *source, uint64_t usec, void *user)
{
	struct agent *agent = user;
	struct xbr_error error;
	const char *at;
	uint32_t steps;

	(void)source;
	(void)usec;
	model_log(agent->model, "the applied configuration was not confirmed: going back to the former one");
	if (transaction_run(agent->model, agent->unconfirmed, TRANSACTION_MAY_WAIT, &steps, &at, &error))
		model_log(agent->model, "cannot go back: %s", error.message);
	forget_unconfirmed(agent);
	return 0;
}

/* Takes before over. A later unconfirmed `apply` still goes back to where the first began. */
static void wait_for_confirm(struct agent *agent, struct want *before, uint32_t seconds)
{
	if (agent->unconfirmed) {
		want_free(before);
		before = agent->unconfirmed;
		agent->unconfirmed = NULL;
		forget_unconfirmed(agent);
	}
	agent->unconfirmed = before;
	if (sd_event_add_time_relative(agent->event, &agent->confirm_timer, CLOCK_MONOTONIC,
				       seconds * 1000000ull, 0, on_unconfirmed, agent) < 0)
		model_log(agent->model, "no timer for the confirmation: the configuration stays");
}

struct apply_request {
	const json_t *commands;
	uint32_t confirm;
	bool dry_run;
};
#define APPLY_FIELD(member) .offset = offsetof(struct apply_request, member)
static const struct param apply_params[] = {
	{.name = "commands", .type = PARAM_ARRAY, .required = true, APPLY_FIELD(commands)},
	{.name = "confirm", .type = PARAM_U32, .min = 1, .max = 86400, APPLY_FIELD(confirm)},
	{.name = "dry_run", .type = PARAM_BOOL, APPLY_FIELD(dry_run)},
	{0},
};

static void apply_want(struct agent *agent, struct want *want, const struct apply_request *request,
		       struct server_reply *reply)
{
	struct want *before =
		request->confirm && !request->dry_run ? transaction_snapshot(agent->model, true) : NULL;

	run_transaction(agent, want, request->dry_run ? TRANSACTION_DRY_RUN : 0, reply);
	if (before && !reply->code)
		wait_for_confirm(agent, before, request->confirm);
	else
		want_free(before);
}

void handle_apply(void *user, struct server_client *client, const json_t *params, struct server_reply *reply)
{
	struct agent *agent = user;
	struct apply_request request = {0};
	struct xbr_error error;
	struct want *want;
	const char *at;
	uint64_t given;

	(void)client;
	if (!request_read(params, apply_params, &request, &given, reply))
		return;
	if (commands_to_want(agent->model, request.commands, &want, &at, &error)) {
		refuse_at(reply, &error, at);
		return;
	}
	apply_want(agent, want, &request, reply);
	want_free(want);
}

void handle_confirm(void *user, struct server_client *client, const json_t *params,
		    struct server_reply *reply)
{
	struct agent *agent = user;
	struct xbr_error error;

	(void)client;
	if (!request_is_empty(params, reply))
		return;
	if (!agent->unconfirmed) {
		xbr_refuse(&error, -ENOENT, "nothing waits to be confirmed");
		server_refuse(reply, &error);
		return;
	}
	forget_unconfirmed(agent);
}

void handle_save(void *user, struct server_client *client, const json_t *params, struct server_reply *reply)
{
	struct agent *agent = user;

	(void)client;
	if (request_is_empty(params, reply))
		reply->result = commands_save(agent->model);
}
