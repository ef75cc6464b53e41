// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "model/stp.h"

_Static_assert(sizeof(struct stp_frozen) == sizeof(((struct xbr_stp_saved *)NULL)->frozen), "it fits");

bool stp_is_remembered(const struct model *model, const struct port *port)
{
	return model->dp->stp_saved[port->number].at_ms;
}

static void forget(struct model *model, const struct port *port, struct stp_memory *memory)
{
	if (memory->mstid)
		datapath_stp_msti_write(model->dp, port->number, memory->mstid, NULL);
	memset(memory, 0, sizeof(*memory));
}

/* A system call each: only what has changed. */
static void remember_instance(struct model *model, struct port *port, struct stp_memory *memory,
			      uint16_t mstid)
{
	struct xbr_stp_saved saved = {.at_ms = stp_now()};
	struct stp_frozen frozen;

	if (memory->mstid != mstid)
		forget(model, port, memory);
	if (!mstid || !stp_freeze(port->bridge->stp, (uint16_t)port->number, mstid, &frozen) ||
	    (memory->mstid && !memcmp(&memory->frozen, &frozen, sizeof(frozen))))
		return;
	memcpy(saved.frozen, &frozen, sizeof(frozen));
	if (datapath_stp_msti_write(model->dp, port->number, mstid, &saved))
		return;
	memory->frozen = frozen;
	memory->mstid = mstid;
}

static void remember_instances(struct model *model, struct port *port)
{
	const struct xbr_mst_saved *is = mst_config_get(port->bridge->mst);

	if (!port->instances && mst_count(port->bridge->mst))
		port->instances = calloc(XBR_MSTI_LIMIT, sizeof(*port->instances));
	for (unsigned int i = 0; port->instances && i < XBR_MSTI_LIMIT; i++)
		remember_instance(model, port, &port->instances[i], is->instance[i].mstid);
}

void stp_remember(struct model *model, struct port *port)
{
	struct xbr_stp_saved *saved = &model->dp->stp_saved[port->number];
	struct stp_frozen frozen;

	if (!stp_freeze(port->bridge->stp, (uint16_t)port->number, 0, &frozen))
		return;
	memcpy(saved->frozen, &frozen, sizeof(frozen));
	saved->at_ms = stp_now();
	remember_instances(model, port);
}

void stp_recall(struct model *model, struct port *port, bool full_duplex)
{
	const struct xbr_mst_saved *is = mst_config_get(port->bridge->mst);
	struct xbr_stp_saved saved = model->dp->stp_saved[port->number];
	struct stp_frozen frozen;

	memcpy(&frozen, saved.frozen, sizeof(frozen));
	stp_thaw(port->bridge->stp, (uint16_t)port->number, 0, &frozen, full_duplex);
	for (unsigned int i = 0; i < XBR_MSTI_LIMIT; i++) {
		uint16_t mstid = is->instance[i].mstid;

		if (!mstid || datapath_stp_msti_read(model->dp, port->number, mstid, &saved))
			continue;
		memcpy(&frozen, saved.frozen, sizeof(frozen));
		stp_thaw(port->bridge->stp, (uint16_t)port->number, mstid, &frozen, full_duplex);
	}
}

void stp_port_forget(struct model *model, struct port *port)
{
	memset(&model->dp->stp_saved[port->number], 0, sizeof(struct xbr_stp_saved));
	for (unsigned int i = 0; port->instances && i < XBR_MSTI_LIMIT; i++)
		forget(model, port, &port->instances[i]);
}
