/* SPDX-License-Identifier: Apache-2.0 */
/* The filtering database: printed as `bridge fdb` does. A large table is asked for and printed in pages. */
#include "session.h"

#define PAGE 4096

const struct output_field fdb_fields[] = {
	{"mac", "% ", 0, OUTPUT_MAC, NULL},
	{"ifname", "dev % ", 0, OUTPUT_IFNAME, NULL},
	{"vlan", "vlan % ", 0, 0, NULL},
	{"used", "used %/", OUTPUT_STATS, 0, NULL},
	{"updated", "% ", OUTPUT_STATS, 0, NULL},
	{"flags", "% ", 0, 0, NULL},
	{"offloaded.packets", "packets % ", OUTPUT_STATS, 0, NULL},
	{"offloaded.bytes", "bytes % ", OUTPUT_STATS, 0, NULL},
	{"master", "master % ", 0, 0, NULL},
	{"from", "from % ", 0, OUTPUT_IFNAME, NULL}, /* of a moved entry, in events */
	{"state", "%", 0, 0, NULL},
	{0},
};

const struct output_field fdb_flush_fields[] = {
	{"flushed", "flushed %", 0, 0, NULL},
	{0},
};

/* Prints one page; *cursor becomes that of the next, NULL after the last. */
static int show_page(struct session *session, json_t *query, json_t **cursor, struct cli_error *error)
{
	json_t *page;
	json_t *entry;
	size_t index;
	int err;

	if (*cursor && json_object_set(query, "cursor", *cursor) != 0)
		return cli_refuse(error, -ENOMEM, "out of memory");
	err = session_call(session, "fdb.show", query, &page, error);
	if (err)
		return err;
	if (!json_is_array(json_object_get(page, "entries"))) {
		json_decref(page);
		return cli_refuse_answer(error);
	}
	json_array_foreach (json_object_get(page, "entries"), index, entry)
		output_list_item(&session->output, fdb_fields, entry);
	json_decref(*cursor);
	*cursor = json_incref(json_object_get(page, "next"));
	json_decref(page);
	return 0;
}

int fdb_run_show(struct session *session, const json_t *params, struct cli_error *error)
{
	json_t *query = json_copy((json_t *)params);
	json_t *cursor = NULL;
	int err;

	if (json_object_set_new(query, "limit", json_integer(PAGE)) != 0) {
		json_decref(query);
		return cli_refuse(error, -ENOMEM, "out of memory");
	}
	err = session_connect(session, error); /* without an agent there is not even an empty list */
	if (err == 0) {
		output_list_begin(&session->output);
		do
			err = show_page(session, query, &cursor, error);
		while (err == 0 && cursor && !json_is_null(cursor));
		output_list_end(&session->output);
	}
	json_decref(cursor);
	json_decref(query);
	return err;
}

/* As bridge(8): in JSON, one entry is an array of one. */
int fdb_run_get(struct session *session, const json_t *params, struct cli_error *error)
{
	json_t *entry;
	int err = session_call(session, "fdb.get", params, &entry, error);

	if (err)
		return err;
	output_list_begin(&session->output);
	output_list_item(&session->output, fdb_fields, entry);
	output_list_end(&session->output);
	json_decref(entry);
	return 0;
}
