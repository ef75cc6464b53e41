/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* The maps of meters and policers (xbr/qos.h), and how police.h reaches them; a part of target.h, as
 * bpf/host/police_maps.h is of the host's. */
#ifndef XBR_POLICE_MAPS_H
#define XBR_POLICE_MAPS_H

#include "police_scratch.h"

XBR_ARRAY(meters, struct xbr_meter_config, XBR_METER_LIMIT);
XBR_ARRAY(meter_live, struct xbr_meter_live, XBR_METER_LIMIT);
XBR_ARRAY(qos_ports, struct xbr_qos, 1);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, XBR_METER_LIMIT);
	__type(key, __u32);
	__type(value, struct xbr_meter_counts);
} meter_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct police_scratch);
} police_scratches SEC(".maps");

STAGE struct police_scratch *police_scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&police_scratches, &zero);
}

STAGE const struct xbr_meter_config *meter_config_get(__u32 number)
{
	return bpf_map_lookup_elem(&meters, &number);
}

STAGE struct xbr_meter_live *meter_live_get(__u32 number)
{
	return bpf_map_lookup_elem(&meter_live, &number);
}

STAGE struct xbr_meter_counts *meter_counts_get(__u32 number)
{
	return bpf_map_lookup_elem(&meter_counts, &number);
}

XBR_ARRAY(qos_maps, struct xbr_qos_maps, 1);

STAGE const struct xbr_qos_maps *qos_maps_get(__u32 port)
{
	return bpf_map_lookup_elem(&qos_maps, &port);
}

STAGE const struct xbr_qos *qos_get(__u32 port)
{
	return bpf_map_lookup_elem(&qos_ports, &port);
}

#endif
