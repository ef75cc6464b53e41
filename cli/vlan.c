/* SPDX-License-Identifier: Apache-2.0 */
/* The VLANs of ports, printed as `bridge vlan` does: a port's name once, then a line for each VLAN. */
#include "escape.h"
#include "session.h"

const struct output_field vlan_fields[] = {
	{"ifname", "%", 0, OUTPUT_IFNAME, NULL},
	{"vlans", "", 0, 0, NULL},
	{0},
};

const struct output_field vlanmap_fields[] = {
	{"ifname", "dev % ", 0, OUTPUT_IFNAME, NULL},
	{"vid", "vid %", 0, 0, NULL},
	{"vidEnd", "-%", 0, 0, NULL},
	{"to", " to % ", 0, 0, NULL},
	{"priority", "priority % ", 0, 0, NULL},
	{0},
};

#define NAME_WIDTH 16

static void print_flags(FILE *file, const json_t *flags)
{
	size_t index;
	json_t *flag;

	json_array_foreach (flags, index, flag) {
		putc(' ', file);
		escape_put(file, json_string_value(flag));
	}
}

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void print_counters(FILE *file, const json_t *vlan)
{
	fprintf(file, "\n%*s    RX: %" JSON_INTEGER_FORMAT " bytes %" JSON_INTEGER_FORMAT " packets",
		NAME_WIDTH, "", number(vlan, "rx_bytes"), number(vlan, "rx_packets"));
	fprintf(file, "\n%*s    TX: %" JSON_INTEGER_FORMAT " bytes %" JSON_INTEGER_FORMAT " packets",
		NAME_WIDTH, "", number(vlan, "tx_bytes"), number(vlan, "tx_packets"));
}

static void print_vlan(FILE *file, const json_t *vlan)
{
	const json_t *last = json_object_get(vlan, "vlanEnd");
	const json_t *counted = json_object_get(vlan, "vid");

	fprintf(file, "  %" JSON_INTEGER_FORMAT, number(vlan, counted ? "vid" : "vlan"));
	if (last)
		fprintf(file, "-%" JSON_INTEGER_FORMAT, json_integer_value(last));
	print_flags(file, json_object_get(vlan, "flags"));
	if (counted)
		print_counters(file, vlan);
	putc('\n', file);
}

static void print_port(FILE *file, const json_t *port)
{
	const char *name = json_string_value(json_object_get(port, "ifname"));
	size_t index;
	json_t *vlan;

	json_array_foreach (json_object_get(port, "vlans"), index, vlan) {
		escape_put_column(file, index ? NULL : name, NAME_WIDTH);
		print_vlan(file, vlan);
	}
}

static void print_ports(FILE *file, const json_t *ports)
{
	size_t index;
	json_t *port;

	fprintf(file, "%-*s  vlan-id\n", NAME_WIDTH, "port");
	json_array_foreach (ports, index, port)
		print_port(file, port);
}

int vlan_run_show(struct session *session, const json_t *params, struct cli_error *error)
{
	json_t *query = json_copy((json_t *)params);
	json_t *ports;
	int err;

	if (session->output.compress)
		json_object_set_new(query, "compress", json_true());
	if (session->output.stats)
		json_object_set_new(query, "stats", json_true());
	err = session_call(session, "vlan.show", query, &ports, error);
	json_decref(query);
	if (err)
		return err;
	if (session->output.json)
		output_array(&session->output, vlan_fields, ports);
	else
		print_ports(session->output.file, ports);
	json_decref(ports);
	return 0;
}
