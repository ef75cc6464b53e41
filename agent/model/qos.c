// SPDX-License-Identifier: Apache-2.0
#include "model/qos.h"

#include <string.h>

static bool is_any(const void *map, size_t size)
{
	const uint8_t *octets = map;

	for (size_t i = 0; i < size; i++)
		if (octets[i])
			return true;
	return false;
}

static unsigned int meter_flags(const struct xbr_qos *qos)
{
	return (qos->meter[XBR_WAY_IN] ? XBR_QOS_METER_IN : 0u) |
	       (qos->meter[XBR_WAY_OUT] ? XBR_QOS_METER_OUT : 0u) |
	       (is_any(qos->class_meter[XBR_WAY_IN], sizeof(qos->class_meter[0])) ? XBR_QOS_CLASS_IN : 0u) |
	       (is_any(qos->class_meter[XBR_WAY_OUT], sizeof(qos->class_meter[0])) ? XBR_QOS_CLASS_OUT : 0u);
}

uint16_t qos_flags(const struct port *port)
{
	const struct xbr_qos *qos = &port->settings.qos.port;
	const struct xbr_qos_maps *maps = &port->settings.qos.maps;
	unsigned int flags = meter_flags(qos);

	if (port->local)
		return 0;
	if (qos->trust)
		flags |= XBR_QOS_TRUST;
	if (is_any(maps->prio_pcp, sizeof(maps->prio_pcp)))
		flags |= XBR_QOS_PCP;
	if (is_any(maps->prio_dscp, sizeof(maps->prio_dscp)))
		flags |= XBR_QOS_DSCP;
	if (is_any(maps->prio_queue, sizeof(maps->prio_queue)))
		flags |= XBR_QOS_QUEUES;
	return (uint16_t)flags;
}

void qos_write(struct model *model, const struct port *port)
{
	struct xbr_qos slot = port->settings.qos.port;

	slot.shape_least = port->settings.shape.least;
	slot.shape_most = port->settings.shape.most;
	slot.shape_device = port->settings.shape.device;
	model->dp->qos_ports[port->number] = slot;
	model->dp->qos_maps[port->number] = port->settings.qos.maps;
}

void qos_read(const struct model *model, struct port *port)
{
	struct xbr_qos *qos = &port->settings.qos.port;

	*qos = model->dp->qos_ports[port->number];
	port->settings.shape = (struct shape_settings){qos->shape_least, qos->shape_most, qos->shape_device};
	qos->shape_least = qos->shape_most = qos->shape_device = 0;
	port->settings.qos.maps = model->dp->qos_maps[port->number];
}

bool qos_is_used(const struct port_settings *settings)
{
	return is_any(&settings->qos, sizeof(settings->qos));
}
