/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <string.h>

const struct output_field version_fields[] = {
	{NULL, "xbr " XBR_VERSION ", ", 0, 0, NULL},
	{"version", "agent % ", 0, 0, NULL},
	{"api", "api % ", 0, 0, NULL},
	{"abi", "abi % ", 0, 0, NULL},
	{"pid", "pid % ", 0, 0, NULL},
	{"pin_dir", "pin_dir % ", 0, 0, NULL},
	{"config", "config % ", 0, 0, NULL},
	{"features", "features % ", OUTPUT_DETAILS, 0, " "},
	{0},
};

/* How the answer of a method is printed: by its runner, or by its view; by neither: it is empty. */
static const struct action {
	const char *method;
	int (*run)(struct session *session, const json_t *params, struct cli_error *error);
	const struct output_field *fields;
} actions[] = {
	{"apply", config_run_apply, NULL},
	{"bridge.show", NULL, bridge_fields},
	{"fdb.flush", NULL, fdb_flush_fields},
	{"fdb.get", fdb_run_get, NULL},
	{"fdb.show", fdb_run_show, NULL},
	{"link.show", NULL, link_fields},
	{"monitor", monitor_run, NULL},
	{"punt.show", punt_run_show, NULL},
	{"punt.tap", punt_run_tap, NULL},
	{"reasons", NULL, reasons_fields},
	{"save", config_run_save, NULL},
	{"stats.show", stats_run_show, NULL},
	{"version", NULL, version_fields},
	{"guard.show", NULL, guard_fields},
	{"vlan.show", vlan_run_show, NULL},
	{"vlanmap.show", NULL, vlanmap_fields},
	{"acl.lint", NULL, acl_lint_fields},
	{"acl.replace", acl_run_replace, NULL},
	{"acl.show", acl_run_show, NULL},
	{"aclset.show", NULL, aclset_fields},
	{"conn.show", NULL, conn_fields},
	{"conn.flush", NULL, fdb_flush_fields},
	{"mst.show", mst_run_show, NULL},
	{"stp.show", stp_run_show, NULL},
	{"meter.show", meter_run_show, NULL},
	{"offload.show", offload_run_show, NULL},
	{"vf.show", vf_run_show, NULL},
	{"fdb.load", fdb_run_load, NULL},
	{0},
};

static const struct action *find_action(const char *method)
{
	const struct action *action = actions;

	while (action->method && strcmp(action->method, method) != 0)
		action++;
	return action;
}

bool session_is_silent(const char *method)
{
	return !find_action(method)->method;
}

int session_connect(struct session *session, struct cli_error *error)
{
	return session->client ? 0 : client_connect(session->socket_path, &session->client, error);
}

void session_close(struct session *session)
{
	client_disconnect(session->client);
	session->client = NULL;
}

int session_call(struct session *session, const char *method, const json_t *params, json_t **ret_result,
		 struct cli_error *error)
{
	json_int_t id;
	int err = session_connect(session, error);

	if (err == 0)
		err = client_send(session->client, method, params, &id, error);
	if (err == 0)
		err = client_answer(session->client, id, ret_result, error);
	return err;
}

int session_show_each(struct session *session, const char *method, const json_t *params,
		      void (*print)(struct output *output, const json_t *item), struct cli_error *error)
{
	const json_t *item;
	json_t *result;
	size_t i;
	int err = session_call(session, method, params, &result, error);

	if (err)
		return err;
	if (session->output.json)
		output_json(&session->output, result);
	else
		json_array_foreach (result, i, item)
			print(&session->output, item);
	json_decref(result);
	return 0;
}

static int run_plain(struct session *session, const char *method, const json_t *params,
		     const struct output_field *fields, struct cli_error *error)
{
	json_t *result;
	int err = session_call(session, method, params, &result, error);

	if (err)
		return err;
	if (fields && json_is_array(result))
		output_array(&session->output, fields, result);
	else if (fields && json_is_object(result))
		output_object(&session->output, fields, result);
	else if (fields)
		err = cli_refuse_answer(error);
	json_decref(result);
	return err;
}

int session_run(struct session *session, const json_t *request, struct cli_error *error)
{
	const char *method = json_string_value(json_object_get(request, "method"));
	const json_t *params = json_object_get(request, "params");
	const struct action *action = find_action(method);

	if (action->run)
		return action->run(session, params, error);
	return run_plain(session, method, params, action->fields, error);
}
