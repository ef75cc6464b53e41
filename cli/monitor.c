/* SPDX-License-Identifier: Apache-2.0 */
/* Events as they happen, a line each, as `bridge monitor` prints them. */
#include <string.h>
#include <time.h>

#include "session.h"

static const struct output_field lost_fields[] = {
	{"count", "% events were lost: this reader was slow; ask for show again", 0, 0, NULL},
	{0},
};

static const struct kind {
	const char *object;
	const char *label;
	const struct output_field *fields;
} kinds[] = {
	{"bridge", "[BRIDGE]", bridge_fields},
	{"link", "[LINK]", link_fields},
	{"fdb", "[FDB]", fdb_fields},
	{"acl", "[ACL]", acl_event_fields},
	{"offload", "[OFFLOAD]", offload_event_fields},
	{"any", "", lost_fields},
};

static const struct kind *find_kind(const char *object)
{
	for (size_t i = 0; object && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].object, object) == 0)
			return &kinds[i];
	return NULL;
}

/* The agent's time (UTC, with microseconds) as local time, in the two forms of ip(8). */
static void print_time(const struct output *output, const char *stamp)
{
	struct tm utc = {0};
	struct tm local;
	const char *rest = stamp ? strptime(stamp, "%Y-%m-%dT%H:%M:%S", &utc) : NULL;
	const int microseconds = rest && *rest == '.' ? (int)strtol(rest + 1, NULL, 10) : 0;
	const bool is_short = output->timestamp == OUTPUT_TIMESTAMP_SHORT;
	char text[64];
	time_t seconds;

	if (!rest)
		return;
	seconds = timegm(&utc);
	localtime_r(&seconds, &local);
	strftime(text, sizeof(text), is_short ? "%Y-%m-%dT%H:%M:%S" : "%a %b %e %H:%M:%S %Y", &local);
	fprintf(output->file, is_short ? "[%s.%06d] " : "Timestamp: %s %06d usec\n", text, microseconds);
}

static void print_text(struct output *output, const json_t *event, bool with_label)
{
	const struct kind *kind = find_kind(json_string_value(json_object_get(event, "object")));
	const char *what = json_string_value(json_object_get(event, "event"));

	if (!kind) /* of a later agent */
		return;
	if (output->timestamp != OUTPUT_NO_TIMESTAMP)
		print_time(output, json_string_value(json_object_get(event, "time")));
	if (with_label)
		fputs(kind->label, output->file);
	if (what && strcmp(what, "del") == 0)
		fputs("Deleted ", output->file);
	else if (what && strcmp(what, "flush") == 0)
		fputs("Flushed ", output->file);
	output_object(output, kind->fields, event);
}

/* One object a line, also with -p: that is what a reader of a stream can use. */
static void print_event(struct output *output, const json_t *event, bool with_label)
{
	if (output->json)
		output_json(output, event);
	else
		print_text(output, event, with_label);
}

/* Ends only with an error: the agent goes, or nobody reads any more. */
int monitor_run(struct session *session, const json_t *params, struct cli_error *error)
{
	const bool with_label = json_array_size(json_object_get(params, "objects")) != 1;
	json_t *event;
	json_t *result;
	int err = session_call(session, "monitor", params, &result, error);

	if (err)
		return err;
	json_decref(result);
	session->output.pretty = false;
	for (;;) {
		err = client_event(session->client, &event, error);
		if (err)
			return err;
		print_event(&session->output, event, with_label);
		json_decref(event);
		err = output_finish(&session->output, error);
		if (err)
			return err;
	}
}
