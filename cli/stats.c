/* SPDX-License-Identifier: Apache-2.0 */
/* Counters: frames and octets of each port, and how many frames met which reason. */
#include "session.h"

const struct output_field stats_fields[] = {
	{"ifname", "%: ", 0, OUTPUT_IFNAME, NULL},
	{"ifname", "(no port): ", OUTPUT_IF_NULL, 0, NULL},
	{"master", "master % ", 0, 0, NULL},
	{"rx.packets", "\n    rx packets % ", 0, 0, NULL},
	{"rx.bytes", "bytes % ", 0, 0, NULL},
	{"tx.packets", "\n    tx packets % ", 0, 0, NULL},
	{"tx.bytes", "bytes % ", 0, 0, NULL},
	{"reasons", "%", 0, 0, NULL},
	{0},
};

const struct output_field reasons_fields[] = {
	{"name", "% ", 0, 0, NULL},
	{"class", "% ", 0, 0, NULL},
	{"text", "%", 0, 0, NULL},
	{0},
};

/* *ret_sentences: an object, reason -> sentence, owned by the caller. */
static int ask_sentences(struct session *session, json_t **ret_sentences, struct cli_error *error)
{
	json_t *sentences = json_object();
	json_t *reasons;
	json_t *reason;
	size_t index;
	int failed = 0;
	int err = session_call(session, "reasons", NULL, &reasons, error);

	if (err) {
		json_decref(sentences);
		return err;
	}
	json_array_foreach (reasons, index, reason) {
		const char *name = json_string_value(json_object_get(reason, "name"));

		if (name)
			failed |= json_object_set(sentences, name, json_object_get(reason, "text"));
	}
	json_decref(reasons);
	if (failed) {
		json_decref(sentences);
		return cli_refuse(error, CLI_REFUSED, "the agent's list of reasons is not understood");
	}
	*ret_sentences = sentences;
	return 0;
}

int stats_run_show(struct session *session, const json_t *params, struct cli_error *error)
{
	json_t *sentences = NULL;
	json_t *stats;
	int err = 0;

	if (session->output.details && !session->output.json)
		err = ask_sentences(session, &sentences, error);
	if (err == 0)
		err = session_call(session, "stats.show", params, &stats, error);
	if (err == 0) {
		session->output.sentences = sentences;
		output_array(&session->output, stats_fields, stats);
		session->output.sentences = NULL;
		json_decref(stats);
	}
	json_decref(sentences);
	return err;
}
