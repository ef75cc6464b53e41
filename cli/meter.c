/* SPDX-License-Identifier: Apache-2.0 */
/* Meters: each as it would be typed, where it is bound, and with -s what it counted. */
#include "session.h"

static const struct output_field meter_fields[] = {
	{"name", "% ", 0, OUTPUT_IFNAME, NULL},
	{"rate", "rate % ", 0, 0, NULL},
	{"burst", "burst % ", 0, 0, NULL},
	{"cir", "cir % ", 0, 0, NULL},
	{"cbs", "cbs % ", 0, 0, NULL},
	{"ebs", "ebs % ", 0, 0, NULL},
	{"pir", "pir % ", 0, 0, NULL},
	{"pbs", "pbs % ", 0, 0, NULL},
	{"color_aware", "color_aware % ", OUTPUT_DETAILS, 0, NULL},
	{"exceed", "exceed % ", 0, 0, NULL},
	{"violate", "violate % ", 0, 0, NULL},
	{"overhead", "overhead % ", OUTPUT_DETAILS, 0, NULL},
	{"parent", "parent %", 0, 0, NULL},
	{0},
};
static const struct output_field place_fields[] = {
	{"dev", "    bound dev % ", 0, OUTPUT_IFNAME, NULL},
	{"class", "class % ", 0, 0, NULL},
	{"direction", "%", 0, 0, NULL},
	{"list", "    rule of list % ", 0, 0, NULL},
	{"seq", "seq %", 0, 0, NULL},
	{0},
};
static const struct output_field count_fields[] = {
	{"green.packets", "    green packets % ", OUTPUT_STATS, 0, NULL},
	{"green.bytes", "bytes % ", OUTPUT_STATS, 0, NULL},
	{"yellow.packets", "yellow packets % ", OUTPUT_STATS, 0, NULL},
	{"yellow.bytes", "bytes % ", OUTPUT_STATS, 0, NULL},
	{"red.packets", "red packets % ", OUTPUT_STATS, 0, NULL},
	{"red.bytes", "bytes % ", OUTPUT_STATS, 0, NULL},
	{"dropped", "dropped %", OUTPUT_STATS, 0, NULL},
	{0},
};

static void show_meter(struct output *output, const json_t *meter)
{
	output_list_item(output, meter_fields, meter);
	output_array(output, place_fields, json_object_get(meter, "bound"));
	if (output->stats)
		output_object(output, count_fields, json_object_get(meter, "stats"));
}

int meter_run_show(struct session *session, const json_t *params, struct cli_error *error)
{
	return session_show_each(session, "meter.show", params, show_meter, error);
}
