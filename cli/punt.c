/* SPDX-License-Identifier: Apache-2.0 */
/* The punt path: what is handed to the agent, and the frames themselves, as text, JSON or pcapng. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pcapng.h"
#include "session.h"

#define COUNT_DEFAULT 1000000

static const struct output_field punt_fields[] = {
	{"reason", "% ", 0, OUTPUT_IFNAME, NULL},
	{"rate", "rate % ", 0, 0, NULL},
	{"burst", "burst % ", 0, 0, NULL},
	{"accepted", "accepted % ", 0, 0, NULL},
	{"policed", "policed % ", 0, 0, NULL},
	{"lost", "lost % ", 0, 0, NULL},
	{"sent", "sent %", 0, 0, NULL},
	{"text", "\n    %", OUTPUT_DETAILS, 0, NULL},
	{0},
};

static const struct output_field port_fields[] = {
	{"ifname", "    %: ", 0, OUTPUT_IFNAME, NULL},
	{"accepted", "accepted % ", 0, 0, NULL},
	{"policed", "policed % ", 0, 0, NULL},
	{"lost", "lost % ", 0, 0, NULL},
	{"sent", "sent %", 0, 0, NULL},
	{0},
};

static const struct output_field socket_fields[] = {
	{"device", "path %", 0, OUTPUT_IFNAME, NULL},
	{"agent_device", " to % ", 0, OUTPUT_IFNAME, NULL},
	{"open", "open % ", 0, 0, NULL},
	{"received", "\n    received % ", 0, 0, NULL},
	{"sent", "sent % ", 0, 0, NULL},
	{"rx_full", "rx_full % ", 0, 0, NULL},
	{"rx_invalid", "rx_invalid % ", 0, 0, NULL},
	{"tx_full", "tx_full % ", 0, 0, NULL},
	{"strays", "strays %", 0, 0, NULL},
	{0},
};

static const struct output_field frame_fields[] = {
	{"ifname", "% ", 0, OUTPUT_IFNAME, NULL},
	{"event", "% ", 0, 0, NULL},
	{"reason", "% ", 0, 0, NULL},
	{"length", "length % ", 0, 0, NULL},
	{"frame", "%", 0, 0, NULL},
	{"count", "% frames were lost: this reader was slow", 0, 0, NULL},
	{0},
};

/* ---- show ---- */

static void show_text(struct output *output, const json_t *result)
{
	const json_t *reason, *port;
	size_t i, k;

	output_object(output, socket_fields, json_object_get(result, "socket"));
	json_array_foreach (json_object_get(result, "reasons"), i, reason) {
		output_object(output, punt_fields, reason);
		if (!output->stats)
			continue;
		json_array_foreach (json_object_get(reason, "ports"), k, port)
			output_object(output, port_fields, port);
	}
}

int punt_run_show(struct session *session, const json_t *params, struct cli_error *error)
{
	json_t *result;
	int err = session_call(session, "punt.show", params, &result, error);

	if (err)
		return err;
	if (session->output.json)
		output_json(&session->output, result);
	else
		show_text(&session->output, result);
	json_decref(result);
	return 0;
}

/* ---- tap ---- */

static int hex_digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* The agent's digits are lower case. *ret_bytes is for free(). */
static int frame_bytes(const char *hex, uint8_t **ret_bytes, uint32_t *ret_length)
{
	const size_t length = strlen(hex) / 2;
	uint8_t *bytes = malloc(length + 1);

	if (!bytes)
		return -ENOMEM;
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
	*ret_bytes = bytes;
	*ret_length = (uint32_t)length;
	return 0;
}

static uint64_t event_time_us(const json_t *event)
{
	const char *stamp = json_string_value(json_object_get(event, "time"));
	struct tm utc = {0};
	const char *rest = stamp ? strptime(stamp, "%Y-%m-%dT%H:%M:%S", &utc) : NULL;

	if (!rest)
		return 0;
	return (uint64_t)timegm(&utc) * 1000000 + (*rest == '.' ? (uint64_t)strtoul(rest + 1, NULL, 10) : 0);
}

static int save_frame(struct pcapng *pcapng, const json_t *event)
{
	const char *hex = json_string_value(json_object_get(event, "frame"));
	const char *what = json_string_value(json_object_get(event, "event"));
	const char *reason = json_string_value(json_object_get(event, "reason"));
	const char *ifname = json_string_value(json_object_get(event, "ifname"));
	struct pcapng_packet packet = {.ifname = ifname, .time_us = event_time_us(event)};
	char comment[128];
	uint8_t *bytes;
	int err;

	if (!hex || !what || !reason || !ifname)
		return 0; /* frames were lost, or an event of a later agent's */
	err = frame_bytes(hex, &bytes, &packet.length);
	if (err)
		return err;
	snprintf(comment, sizeof(comment), "xbr: %s, reason %s", what, reason);
	packet.comment = comment;
	packet.bytes = bytes;
	packet.outbound = strcmp(what, "sent") == 0;
	packet.wire_length = (uint32_t)json_integer_value(json_object_get(event, "length"));
	err = pcapng_write(pcapng, &packet);
	free(bytes);
	return err ? err : fflush(pcapng->file) ? -EIO : 0;
}

static int refuse_write(int err, const char *path, struct cli_error *error)
{
	return err ? cli_refuse(error, CLI_REFUSED, "cannot write %s: %s", path, strerror(-err)) : 0;
}

/* Frames until there were `count`, or the agent goes. pcapng NULL: printed. */
static int tap_frames(struct session *session, struct pcapng *pcapng, const char *path, json_int_t count,
		      struct cli_error *error)
{
	json_t *event;
	int err = 0;

	while (!err && count > 0) {
		err = client_event(session->client, &event, error);
		if (err)
			return err;
		if (json_object_get(event, "frame"))
			count--;
		if (pcapng)
			err = refuse_write(save_frame(pcapng, event), path, error);
		else if (session->output.json)
			output_json(&session->output, event);
		else
			output_object(&session->output, frame_fields, event);
		json_decref(event);
		if (!err)
			err = output_finish(&session->output, error);
	}
	return err;
}

static int tap_to_file(struct session *session, const char *path, json_int_t count, struct cli_error *error)
{
	const bool is_stdout = strcmp(path, "-") == 0;
	FILE *file = is_stdout ? stdout : fopen(path, "w");
	struct pcapng pcapng;
	int err;

	if (!file)
		return cli_refuse(error, CLI_REFUSED, "cannot write %s: %s", path, strerror(errno));
	err = pcapng_begin(&pcapng, file);
	if (!err && fflush(file))
		err = -EIO;
	err = refuse_write(err, path, error);
	if (!err)
		err = tap_frames(session, &pcapng, path, count, error);
	pcapng_end(&pcapng);
	if (!is_stdout && fclose(file) && !err)
		err = refuse_write(-EIO, path, error);
	return err;
}

int punt_run_tap(struct session *session, const json_t *params, struct cli_error *error)
{
	const char *path = json_string_value(json_object_get(params, "write"));
	const json_t *count_given = json_object_get(params, "count");
	const json_int_t count = count_given ? json_integer_value(count_given) : COUNT_DEFAULT;
	json_t *result;
	int err = session_call(session, "punt.tap", NULL, &result, error);

	if (err)
		return err;
	json_decref(result);
	session->output.pretty = false;
	return path ? tap_to_file(session, path, count, error)
		    : tap_frames(session, NULL, NULL, count, error);
}
