/* SPDX-License-Identifier: Apache-2.0 */
/* What devices do by themselves, printed as `ethtool -k` does, and virtual functions, as ip-link(8) does. */
#include "escape.h"
#include "session.h"

static const struct output_field device_fields[] = {
	{"ifname", "%: ", 0, OUTPUT_IFNAME, NULL},
	{"parentbus", "%/", 0, 0, NULL},
	{"parentdev", "% ", 0, 0, NULL},
	{"xdp-features", "xdp % ", 0, 0, NULL},
	{"hwmode", "hwmode % ", 0, 0, NULL},
	{"eswitch", "eswitch % ", 0, 0, NULL},
	{"num_vf", "num_vf % ", 0, 0, NULL},
	{"channels.combined.count", "\n    combined: % ", 0, 0, NULL},
	{"channels.combined.max", "of %", 0, 0, NULL},
	{"channels.rx.count", "\n    rx-queues: % ", 0, 0, NULL},
	{"channels.rx.max", "of %", 0, 0, NULL},
	{"channels.tx.count", "\n    tx-queues: % ", 0, 0, NULL},
	{"channels.tx.max", "of %", 0, 0, NULL},
	{"rss.rings", "\n    rss: % rings ", 0, 0, NULL},
	{"rss.table", "table % ", 0, 0, NULL},
	{"rss.key", "key %", 0, 0, NULL},
	{"uc_filter.addresses", "\n    uc_filter: % addresses ", 0, 0, NULL},
	{"uc_filter.size", "of %", 0, 0, NULL},
	{0},
};

static const struct output_field vf_fields[] = {
	{"ifname", "% ", 0, OUTPUT_IFNAME, NULL},
	{"vf", "vf %: ", 0, 0, NULL},
	{"address", "mac % ", 0, OUTPUT_MAC, NULL},
	{"vlan", "vlan % ", 0, 0, NULL},
	{"qos", "qos % ", 0, 0, NULL},
	{"protocol", "proto % ", 0, 0, NULL},
	{"rate.max_tx", "max_tx_rate % ", 0, 0, NULL},
	{"rate.min_tx", "min_tx_rate % ", 0, 0, NULL},
	{"spoofchk", "spoofchk % ", 0, 0, NULL},
	{"link_state", "state % ", 0, 0, NULL},
	{"trust", "trust % ", 0, 0, NULL},
	{"representor", "representor %", 0, OUTPUT_IFNAME, NULL},
	{0},
};

static const struct output_field configured_fields[] = {
	{"value", "    configured: % ", 0, 0, NULL},
	{"state", "(%)", 0, 0, NULL},
	{0},
};

const struct output_field offload_event_fields[] = {
	{"ifname", "% ", 0, OUTPUT_IFNAME, NULL},
	{"vf", "vf % ", 0, 0, NULL},
	{"configured", "configured % ", 0, 0, NULL},
	{"reported", "reported %: ", 0, 0, NULL},
	{"outcome", "%", 0, 0, NULL},
	{0},
};

static void print_configured(struct output *output, const json_t *object)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(object, "configured"), i, item)
		output_object(output, configured_fields, item);
}

/* As ethtool(8): "on", "off", and what is in the way of the other. */
static void print_features(struct output *output, const json_t *features)
{
	const char *name;
	json_t *state;

	json_object_foreach ((json_t *)features, name, state) {
		bool active = json_is_true(json_object_get(state, "active"));
		bool requested = json_is_true(json_object_get(state, "requested"));

		fputs("    ", output->file);
		escape_put(output->file, name);
		fprintf(output->file, ": %s%s\n", active ? "on" : "off",
			json_is_true(json_object_get(state, "fixed")) ? " [fixed]"
			: requested && !active                        ? " [requested on]"
			: !requested && active                        ? " [requested off]"
								      : "");
	}
}

static void print_device(struct output *output, const json_t *device)
{
	output_object(output, device_fields, device);
	print_features(output, json_object_get(device, "features"));
	print_configured(output, device);
}

/* A VLAN of the list is printed as if it were the VF's own keys. */
static void print_vf(struct output *output, const json_t *vf)
{
	json_t *flat = json_copy((json_t *)vf);

	if (!flat) {
		output->is_cut = true;
		return;
	}
	json_object_update(flat, json_array_get(json_object_get(vf, "vlan_list"), 0));
	output_object(output, vf_fields, flat);
	json_decref(flat);
	print_configured(output, vf);
}

int offload_run_show(struct session *session, const json_t *params, struct cli_error *error)
{
	return session_show_each(session, "offload.show", params, print_device, error);
}

int vf_run_show(struct session *session, const json_t *params, struct cli_error *error)
{
	return session_show_each(session, "vf.show", params, print_vf, error);
}
