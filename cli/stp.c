/* SPDX-License-Identifier: Apache-2.0 */
/* How spanning tree is printed: each bridge, its ports, with -s their counters, with -d timers and what
 * changed. */
#include "session.h"

static const struct output_field bridge_stp_fields[] = {
	{"ifname", "%: ", 0, OUTPUT_IFNAME, NULL},
	{"stp_version", "% ", 0, 0, NULL},
	{"bridge_id", "bridge_id % ", 0, 0, NULL},
	{"root_id", "root_id % ", 0, 0, NULL},
	{"root_port", "root_port % ", 0, OUTPUT_IFNAME, NULL},
	{"root_path_cost", "root_path_cost % ", 0, 0, NULL},
	{"hello_time", "\n    hello_time % ", OUTPUT_DETAILS, 0, NULL},
	{"max_age", "max_age % ", OUTPUT_DETAILS, 0, NULL},
	{"forward_delay", "forward_delay % ", OUTPUT_DETAILS, 0, NULL},
	{"topology_change", "topology_change %", OUTPUT_DETAILS, 0, NULL},
	{"topology_changes", "\n    topology changes %", 0, 0, NULL},
	{"topology_change_ago", ", the last % s ago", 0, 0, NULL},
	{"topology_change_port", " by %", 0, OUTPUT_IFNAME, NULL},
	{"topology_change_bridge", " from %", 0, 0, NULL},
	{0},
};

static const struct output_field port_stp_fields[] = {
	{"ifname", "    %: ", 0, OUTPUT_IFNAME, NULL},
	{"role", "% ", 0, 0, NULL},
	{"state", "% ", 0, 0, NULL},
	{"held_by", "%", 0, 0, NULL},
	{"port_id", " port_id % ", 0, 0, NULL},
	{"cost", "cost % ", 0, 0, NULL},
	{"oper_edge", "edge % ", 0, 0, NULL},
	{"oper_point_to_point", "point_to_point % ", 0, 0, NULL},
	{"rstp_neighbour", "rstp % ", OUTPUT_DETAILS, 0, NULL},
	{"designated_bridge", "\n        designated % ", OUTPUT_DETAILS, 0, NULL},
	{"designated_port", "port % ", OUTPUT_DETAILS, 0, NULL},
	{"designated_cost", "cost % ", OUTPUT_DETAILS, 0, NULL},
	{"designated_root", "root % ", OUTPUT_DETAILS, 0, NULL},
	{"timers_ms.message_age", "\n        timers (ms): message_age % ", OUTPUT_DETAILS, 0, NULL},
	{"timers_ms.forward_delay", "forward_delay % ", OUTPUT_DETAILS, 0, NULL},
	{"timers_ms.topology_change", "topology_change % ", OUTPUT_DETAILS, 0, NULL},
	{0},
};

static const struct output_field counter_fields[] = {
	{"counters.rx_config", "        received: config % ", 0, 0, NULL},
	{"counters.rx_tcn", "tcn % ", 0, 0, NULL},
	{"counters.rx_rst", "rst % ", 0, 0, NULL},
	{"counters.rx_mst", "mst % ", 0, 0, NULL},
	{"counters.rx_tc", "with topology change % ", 0, 0, NULL},
	{"counters.rx_malformed", "malformed % ", 0, 0, NULL},
	{"counters.rx_old", "old % ", 0, 0, NULL},
	{"counters.rx_own", "own % ", 0, 0, NULL},
	{"counters.rx_filtered", "filtered % ", 0, 0, NULL},
	{"counters.tx_config", "\n        sent: config % ", 0, 0, NULL},
	{"counters.tx_tcn", "tcn % ", 0, 0, NULL},
	{"counters.tx_rst", "rst % ", 0, 0, NULL},
	{"counters.tx_mst", "mst % ", 0, 0, NULL},
	{"counters.tx_tc", "with topology change % ", 0, 0, NULL},
	{"counters.forwarding", "\n        forwarding % ", 0, 0, NULL},
	{"counters.guarded", "guarded % ", 0, 0, NULL},
	{"counters.disputed", "disputed %", 0, 0, NULL},
	{0},
};

static const struct output_field history_fields[] = {
	{"ago", "    % s ago: ", 0, 0, NULL},
	{"ifname", "% ", 0, OUTPUT_IFNAME, NULL},
	{"role_before", "% ", 0, 0, NULL},
	{"state_before", "% to ", 0, 0, NULL},
	{"role", "% ", 0, 0, NULL},
	{"state", "%: ", 0, 0, NULL},
	{"cause", "% ", 0, 0, NULL},
	{"cause_ifname", "on % ", 0, OUTPUT_IFNAME, NULL},
	{"cause_bridge", "from %", 0, 0, NULL},
	{0},
};

static void show_bridge(struct output *output, const json_t *bridge)
{
	const json_t *item;
	size_t i;

	output_object(output, bridge_stp_fields, bridge);
	json_array_foreach (json_object_get(bridge, "ports"), i, item) {
		output_object(output, port_stp_fields, item);
		if (output->stats)
			output_object(output, counter_fields, item);
	}
	if (!output->details)
		return;
	json_array_foreach (json_object_get(bridge, "history"), i, item)
		output_object(output, history_fields, item);
}

int stp_run_show(struct session *session, const json_t *params, struct cli_error *error)
{
	return session_show_each(session, "stp.show", params, show_bridge, error);
}
