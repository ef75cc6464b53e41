// SPDX-License-Identifier: Apache-2.0
#include "model/qos.h"

#include <string.h>

_Static_assert(sizeof(((struct qos_settings *)0)->class_meter) == sizeof(((struct xbr_qos *)0)->class_meter),
	       "the same");

static bool has_class_meter(const struct qos_settings *qos, enum xbr_way way)
{
	for (int class = 0; class < XBR_CLASSES; class ++)
		if (qos->class_meter[way][class])
			return true;
	return false;
}

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
	if (has_class_meter(qos, XBR_WAY_IN))
		flags |= XBR_QOS_CLASS_METER_IN;
	if (has_class_meter(qos, XBR_WAY_OUT))
		flags |= XBR_QOS_CLASS_METER_OUT;
	return (uint16_t)flags;
}

void qos_write(struct model *model, const struct port *port)
{
	struct xbr_qos *slot = &model->dp->qos_ports[port->number];
	const struct qos_settings *qos = &port->settings.qos;

	memcpy(slot->meter, qos->meter, sizeof(slot->meter));
	memcpy(slot->class_meter, qos->class_meter, sizeof(slot->class_meter));
}

void qos_read(const struct model *model, struct port *port)
{
	const struct xbr_qos *slot = &model->dp->qos_ports[port->number];
	struct qos_settings *qos = &port->settings.qos;

	memcpy(qos->meter, slot->meter, sizeof(slot->meter));
	memcpy(qos->class_meter, slot->class_meter, sizeof(slot->class_meter));
}

bool qos_is_used(const struct port_settings *settings)
{
	return memcmp(&settings->qos, &port_settings_default.qos, sizeof(settings->qos)) != 0;
}
