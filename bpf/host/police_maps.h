/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What meters and policers need of the place they run in, for user space; a part of target.h. */
#ifndef XBR_POLICE_MAPS_H
#define XBR_POLICE_MAPS_H

#include "police_scratch.h"

#define HOST_METERS 16

struct host_police {
	struct xbr_meter_config meters[HOST_METERS];
	struct xbr_meter_live live[HOST_METERS];
	struct xbr_qos ports[HOST_PORTS];
	struct xbr_qos_maps dscp[HOST_PORTS];
};

extern struct host_police host_police;
extern _Thread_local struct police_scratch host_police_scratch;
extern _Thread_local struct xbr_meter_counts host_meter_counts[HOST_METERS];

STAGE struct police_scratch *police_scratch(void)
{
	return &host_police_scratch;
}

STAGE const struct xbr_meter_config *meter_config_get(__u32 number)
{
	return number < HOST_METERS ? &host_police.meters[number] : NULL;
}

STAGE struct xbr_meter_live *meter_live_get(__u32 number)
{
	return number < HOST_METERS ? &host_police.live[number] : NULL;
}

STAGE struct xbr_meter_counts *meter_counts_get(__u32 number)
{
	return number < HOST_METERS ? &host_meter_counts[number] : NULL;
}

STAGE const struct xbr_qos_maps *qos_maps_get(__u32 port)
{
	return port < HOST_PORTS ? &host_police.dscp[port] : NULL;
}

STAGE const struct xbr_qos *qos_get(__u32 port)
{
	return port < HOST_PORTS ? &host_police.ports[port] : NULL;
}

#endif
