// SPDX-License-Identifier: Apache-2.0
#include "model/qos.h"

#include <string.h>

uint16_t qos_flags(const struct port *port)
{
	const struct qos_settings *qos = &port->settings.qos;
	unsigned int flags = 0;

	if (port->local)
		return 0;
	if (qos->meter[XBR_WAY_IN])
		flags |= XBR_QOS_METER_IN;
	if (qos->meter[XBR_WAY_OUT])
		flags |= XBR_QOS_METER_OUT;
	return (uint16_t)flags;
}

void qos_write(struct model *model, const struct port *port)
{
	struct xbr_qos *slot = &model->dp->qos_ports[port->number];
	const struct qos_settings *qos = &port->settings.qos;

	memcpy(slot->meter, qos->meter, sizeof(slot->meter));
	slot->shape_least = port->settings.shape.least;
	slot->shape_most = port->settings.shape.most;
	slot->shape_device = port->settings.shape.device;
}

void qos_read(const struct model *model, struct port *port)
{
	const struct xbr_qos *slot = &model->dp->qos_ports[port->number];
	struct qos_settings *qos = &port->settings.qos;

	memcpy(qos->meter, slot->meter, sizeof(slot->meter));
	port->settings.shape =
		(struct shape_settings){slot->shape_least, slot->shape_most, slot->shape_device};
}

bool qos_is_used(const struct port_settings *settings)
{
	return memcmp(&settings->qos, &port_settings_default.qos, sizeof(settings->qos)) != 0;
}
