/* SPDX-License-Identifier: Apache-2.0 */
/* How a bridge is printed: as `ip -d link show type bridge` does. */
#include "session.h"

#define INFO "linkinfo.info_data."

const struct output_field bridge_fields[] = {
	{"ifindex", "%: ", 0, 0, NULL},
	{"ifname", "%: ", 0, OUTPUT_IFNAME, NULL},
	{"flags", "<%> ", 0, 0, ","},
	{"mtu", "mtu % ", 0, 0, NULL},
	{"operstate", "state % ", 0, OUTPUT_OPERSTATE, NULL},
	{"ports", "ports % ", 0, 0, NULL},
	{"address", "\n    link/ether % ", 0, OUTPUT_MAC, NULL},
	{"linkinfo.info_kind", "\n    % ", OUTPUT_DETAILS, 0, NULL},
	{INFO "ageing_time", "ageing_time % ", OUTPUT_DETAILS, 0, NULL},
	{INFO "group_fwd_mask", "group_fwd_mask % ", OUTPUT_DETAILS, 0, NULL},
	{INFO "vlan_filtering", "vlan_filtering % ", OUTPUT_DETAILS, 0, NULL},
	{INFO "vlan_protocol", "vlan_protocol % ", OUTPUT_DETAILS, 0, NULL},
	{INFO "vlan_default_pvid", "vlan_default_pvid % ", OUTPUT_DETAILS, 0, NULL},
	{INFO "vlan_stats_enabled", "vlan_stats_enabled % ", OUTPUT_DETAILS, 0, NULL},
	{INFO "vlan_stats_per_port", "vlan_stats_per_port % ", OUTPUT_DETAILS, 0, NULL},
	{INFO "fdb_n_learned", "fdb_n_learned % ", OUTPUT_DETAILS, 0, NULL},
	{INFO "fdb_max_learned", "fdb_max_learned % ", OUTPUT_DETAILS, 0, NULL},
	{INFO "stp_state", "\n    stp_state % ", OUTPUT_DETAILS, 0, NULL},
	{INFO "stp_version", "stp_version % ", OUTPUT_DETAILS, 0, NULL},
	{INFO "priority", "priority % ", OUTPUT_DETAILS, 0, NULL},
	{INFO "hello_time", "hello_time % ", OUTPUT_DETAILS, 0, NULL},
	{INFO "max_age", "max_age % ", OUTPUT_DETAILS, 0, NULL},
	{INFO "forward_delay", "forward_delay % ", OUTPUT_DETAILS, 0, NULL},
	{INFO "tx_hold_count", "tx_hold_count % ", OUTPUT_DETAILS, 0, NULL},
	{INFO "bridge_id", "bridge_id % ", OUTPUT_DETAILS, 0, NULL},
	{INFO "root_id", "root_id % ", OUTPUT_DETAILS, 0, NULL},
	{INFO "root_path_cost", "root_path_cost % ", OUTPUT_DETAILS, 0, NULL},
	{"fdb_used", "fdb_used % ", OUTPUT_DETAILS, 0, NULL},
	{"fdb_size", "fdb_size % ", OUTPUT_DETAILS, 0, NULL},
	{0},
};
