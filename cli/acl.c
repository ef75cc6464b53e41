/* SPDX-License-Identifier: Apache-2.0 */
/* Access lists: each with its rules, as they would be typed, and with -s what they counted. */
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "session.h"

static const struct output_field list_fields[] = {
	{"list", "% ", 0, OUTPUT_IFNAME, NULL},
	{"count", "rules % ", 0, 0, NULL},
	{"tables", "tables % ", OUTPUT_DETAILS, 0, NULL},
	{"longest", "longest % ", OUTPUT_DETAILS, 0, NULL},
	{0},
};
static const struct output_field binding_fields[] = {
	{NULL, "    bound ", 0, 0, NULL}, {"dev", "dev % ", 0, OUTPUT_IFNAME, NULL},
	{"vlan", "vlan % ", 0, 0, NULL},  {"br", "br % ", 0, OUTPUT_IFNAME, NULL},
	{"direction", "% ", 0, 0, NULL},  {0},
};
static const struct output_field rule_fields[] = {
	{"seq", "    seq % ", 0, 0, NULL},
	{"rule", "% ", 0, 0, NULL},
	{"offloaded", "offloaded ", 0, 0, NULL},
	{"stats.packets", "\n        packets % ", OUTPUT_STATS, 0, NULL},
	{"stats.bytes", "bytes % ", OUTPUT_STATS, 0, NULL},
	{0},
};
static const struct output_field unmatched_fields[] = {
	{"packets", "    unmatched packets % ", OUTPUT_STATS, 0, NULL},
	{"bytes", "bytes % ", OUTPUT_STATS, 0, NULL},
	{0},
};

const struct output_field acl_lint_fields[] = {
	{"seq", "seq % ", 0, 0, NULL},
	{"finding", "% ", 0, 0, NULL},
	{"by", "by seq %", 0, 0, NULL},
	{0},
};

/* A frame that a rule with log matched. */
const struct output_field acl_event_fields[] = {
	{"event", "% ", 0, 0, NULL},
	{"list", "list % ", 0, OUTPUT_IFNAME, NULL},
	{"seq", "seq % ", 0, 0, NULL},
	{"ifname", "dev % ", 0, OUTPUT_IFNAME, NULL},
	{"out", "out % ", 0, OUTPUT_IFNAME, NULL},
	{"length", "length % ", 0, 0, NULL},
	{"src_mac", "src_mac % ", 0, OUTPUT_MAC, NULL},
	{"dst_mac", "dst_mac % ", 0, OUTPUT_MAC, NULL},
	{"vlan_id", "vlan_id % ", 0, 0, NULL},
	{"eth_type", "eth_type % ", 0, 0, NULL},
	{"arp_op", "arp_op % ", 0, 0, NULL},
	{"arp_sip", "arp_sip % ", 0, 0, NULL},
	{"arp_tip", "arp_tip % ", 0, 0, NULL},
	{"src_ip", "src_ip % ", 0, 0, NULL},
	{"dst_ip", "dst_ip % ", 0, 0, NULL},
	{"ip_proto", "ip_proto % ", 0, 0, NULL},
	{"src_port", "src_port % ", 0, 0, NULL},
	{"dst_port", "dst_port % ", 0, 0, NULL},
	{"tcp_flags", "tcp_flags % ", 0, 0, NULL},
	{"icmp_type", "icmp_type % ", 0, 0, NULL},
	{"lost", "lost %", 0, 0, NULL},
	{0},
};

const struct output_field aclset_fields[] = {
	{"set", "% ", 0, OUTPUT_IFNAME, NULL},
	{"kind", "% ", 0, 0, NULL},
	{"members", "%", 0, 0, NULL},
	{0},
};

const struct output_field conn_fields[] = {
	{"ifname", "% ", 0, OUTPUT_IFNAME, NULL}, {"br", "br % ", 0, OUTPUT_IFNAME, NULL},
	{"vlan", "vlan % ", 0, 0, NULL},          {"ip_proto", "ip_proto % ", 0, 0, NULL},
	{"src_ip", "src_ip % ", 0, 0, NULL},      {"dst_ip", "dst_ip % ", 0, 0, NULL},
	{"src_port", "src_port % ", 0, 0, NULL},  {"dst_port", "dst_port % ", 0, 0, NULL},
	{"icmp_id", "icmp_id % ", 0, 0, NULL},    {"phase", "% ", 0, 0, NULL},
	{"expires", "expires %s", 0, 0, NULL},    {0},
};

static const struct output_field acl_replace_fields[] = {
	{"rules", "rules %", 0, 0, NULL},
	{0},
};

static void show_list(struct output *output, const json_t *list)
{
	output_list_item(output, list_fields, list);
	output_array(output, binding_fields, json_object_get(list, "bound"));
	output_array(output, rule_fields, json_object_get(list, "rules"));
	if (output->stats)
		output_object(output, unmatched_fields, json_object_get(list, "unmatched"));
}

int acl_run_show(struct session *session, const json_t *params, struct cli_error *error)
{
	return session_show_each(session, "acl.show", params, show_list, error);
}

/* The file's text goes to the agent, which tells errors in it by line and column. */
int acl_run_replace(struct session *session, const json_t *params, struct cli_error *error)
{
	const char *path = json_string_value(json_object_get(params, "file"));
	json_t *loaded, *result;
	size_t length;
	char *text;
	int err = file_read(path, &text, &length, error);

	if (err)
		return err;
	loaded = json_pack("{sO ss ss#}", "list", json_object_get(params, "list"), "file",
			   strcmp(path, "-") ? path : "standard input", "text", text, (int)length);
	free(text);
	if (!loaded)
		return cli_refuse(error, CLI_REFUSED, "%s is no text in UTF-8", path);
	err = session_call(session, "acl.replace", loaded, &result, error);
	json_decref(loaded);
	if (err)
		return err;
	output_object(&session->output, acl_replace_fields, result);
	json_decref(result);
	return 0;
}
