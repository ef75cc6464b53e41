/* SPDX-License-Identifier: Apache-2.0 */
/* Spanning tree instances: a bridge's region and what is of which instance; ports as `bridge mst` prints
 * them. */
#include <inttypes.h>

#include "escape.h"
#include "session.h"

#define NAME_WIDTH 17

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void print_word(FILE *file, const json_t *object, const char *key, const char *before)
{
	const char *word = json_string_value(json_object_get(object, key));

	if (!word || !word[0])
		return;
	fputs(before, file);
	escape_put(file, word);
}

static void print_vlans(FILE *file, const json_t *vlans)
{
	const json_t *run;
	size_t i;

	json_array_foreach (vlans, i, run) {
		fprintf(file, "%s%" JSON_INTEGER_FORMAT, i ? "," : " vid ", number(run, "vlan"));
		if (json_object_get(run, "vlanEnd"))
			fprintf(file, "-%" JSON_INTEGER_FORMAT, number(run, "vlanEnd"));
	}
}

static void print_instance(FILE *file, const json_t *instance)
{
	fprintf(file, "    msti %" JSON_INTEGER_FORMAT " priority %" JSON_INTEGER_FORMAT,
		number(instance, "msti"), number(instance, "priority"));
	print_vlans(file, json_object_get(instance, "vlans"));
	print_word(file, instance, "root_id", " root_id ");
	print_word(file, instance, "root_port", " root_port ");
	putc('\n', file);
}

static void print_bridge(FILE *file, const json_t *bridge)
{
	const json_t *instance;
	size_t i;

	print_word(file, bridge, "ifname", "");
	print_word(file, bridge, "name", ": name ");
	fprintf(file, " revision %" JSON_INTEGER_FORMAT, number(bridge, "revision"));
	print_word(file, bridge, "digest", " digest ");
	fprintf(file, " max_hops %" JSON_INTEGER_FORMAT "%s\n", number(bridge, "max_hops"),
		json_is_true(json_object_get(bridge, "mst_enabled")) ? "" : " (not in force)");
	json_array_foreach (json_object_get(bridge, "mst"), i, instance)
		print_instance(file, instance);
}

static void print_tree_port(FILE *file, const json_t *tree)
{
	fprintf(file, "%" JSON_INTEGER_FORMAT "\n%*s    ", number(tree, "msti"), NAME_WIDTH, "");
	print_word(file, tree, "state", "state ");
	print_word(file, tree, "role", " role ");
	if (json_object_get(tree, "cost"))
		fprintf(file, " cost %" JSON_INTEGER_FORMAT " priority %" JSON_INTEGER_FORMAT,
			number(tree, "cost"), number(tree, "priority"));
	putc('\n', file);
}

static void print_port(FILE *file, const json_t *port)
{
	const char *name = json_string_value(json_object_get(port, "ifname"));
	const json_t *tree;
	size_t i;

	json_array_foreach (json_object_get(port, "mst"), i, tree) {
		escape_put_column(file, i ? NULL : name, NAME_WIDTH);
		putc(' ', file);
		print_tree_port(file, tree);
	}
}

/* Bridges first, then the ports in one table. */
static void print_all(FILE *file, const json_t *list)
{
	const json_t *item;
	bool any = false;
	size_t i;

	json_array_foreach (list, i, item)
		if (json_object_get(item, "digest"))
			print_bridge(file, item);
	json_array_foreach (list, i, item) {
		if (json_object_get(item, "digest"))
			continue;
		if (!any)
			fprintf(file, "%-*s msti\n", NAME_WIDTH, "port");
		any = true;
		print_port(file, item);
	}
}

int mst_run_show(struct session *session, const json_t *params, struct cli_error *error)
{
	json_t *list;
	int err = session_call(session, "mst.show", params, &list, error);

	if (err)
		return err;
	if (session->output.json)
		output_json(&session->output, list);
	else
		print_all(session->output.file, list);
	json_decref(list);
	return 0;
}
