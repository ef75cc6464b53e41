// SPDX-License-Identifier: Apache-2.0
#include "model/meter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

/* ---- in the map ---- */

static struct meter_settings settings_of(const struct xbr_meter_config *config)
{
	struct meter_settings settings = {.flags = config->flags & (uint16_t)~XBR_METER_HAS_SHARE,
					  .parent = config->parent,
					  .overhead = config->overhead};

	memcpy(settings.rate, config->rate, sizeof(settings.rate));
	memcpy(settings.size, config->size, sizeof(settings.size));
	memcpy(settings.action, config->action, sizeof(settings.action));
	return settings;
}

/* ---- shares ---- */

/* What the meters under a parent ask for together, and how many they are. */
struct siblings {
	uint64_t rate;
	uint32_t count;
};

static void add_up(const struct model *model, struct siblings *by_parent)
{
	const struct meter *meter, *next;

	HASH_ITER (hh, model->meters, meter, next)
		if (meter->settings.parent) {
			by_parent[meter->settings.parent].rate += meter->settings.rate[0];
			by_parent[meter->settings.parent].count++;
		}
}

/* As the rates of all siblings are to each other; no more than its own. */
static uint64_t share_of(const struct meter *meter, const struct meter *parent, const struct siblings *all)
{
	uint64_t share =
		(uint64_t)((unsigned __int128)parent->settings.rate[0] * meter->settings.rate[0] / all->rate);

	return share < meter->settings.rate[0] ? share : meter->settings.rate[0];
}

/* The buckets of all shares together are half of the parent's, as far as each holds a frame. */
static uint32_t share_size(const struct meter *parent, const struct siblings *all)
{
	uint32_t least = parent->settings.flags & XBR_METER_PACKETS ? 1 : METER_FRAME + METER_OVERHEAD_MAX;
	uint32_t size = parent->settings.size[0] / 2 / all->count;

	return size > least ? size : least;
}

/* A field at a time, as frames go by; the cost, without which no frame is metered, last. */
static void write_slot(struct xbr_meter_config *slot, const struct xbr_meter_config *config)
{
	struct xbr_meter_config first = *config;

	first.cost[0] = slot->cost[0];
	if (memcmp(slot, &first, sizeof(first)))
		memcpy(slot, &first, sizeof(first));
	__atomic_store_n(&slot->cost[0], config->cost[0], __ATOMIC_SEQ_CST);
}

static void write_one(struct model *model, const struct meter *meter, const struct siblings *by_parent)
{
	const struct meter *parent = meter_of(model, meter->settings.parent);
	const struct siblings *all = &by_parent[meter->settings.parent];
	struct xbr_meter_config config;
	uint64_t share = parent ? share_of(meter, parent, all) : 0;

	meter_compile(meter->name, &meter->settings, share, share ? share_size(parent, all) : 0, &config);
	write_slot(&model->dp->meters[meter->number], &config);
}

/* One that is changed may change the shares of others. */
static int write_all(struct model *model)
{
	struct siblings *by_parent = calloc(XBR_METER_LIMIT, sizeof(*by_parent));
	const struct meter *meter, *next;

	if (!by_parent)
		return -ENOMEM;
	add_up(model, by_parent);
	HASH_ITER (hh, model->meters, meter, next)
		write_one(model, meter, by_parent);
	free(by_parent);
	return 0;
}

void meter_settle(struct model *model)
{
	if (!model->meters_changed)
		return;
	if (write_all(model))
		model_log(model, "out of memory: meters go on by their former rates");
	else
		model->meters_changed = false;
}

/* ---- what there is ---- */

struct meter *meter_find(const struct model *model, const char *name)
{
	struct meter *meter;

	HASH_FIND_STR(model->meters, name, meter);
	return meter;
}

const struct meter *meter_of(const struct model *model, uint32_t number)
{
	return number < XBR_METER_LIMIT ? model->meter_by_number[number] : NULL;
}

static int enter(struct model *model, const char *name, uint16_t number,
		 const struct meter_settings *settings)
{
	struct meter *meter = calloc(1, sizeof(*meter));

	if (!meter)
		return -ENOMEM;
	meter->number = number;
	meter->settings = *settings;
	memcpy(meter->name, name, strnlen(name, sizeof(meter->name) - 1));
	HASH_ADD_STR(model->meters, name, meter);
	model->meter_by_number[number] = meter;
	return 0;
}

/* With full buckets, and nothing counted. */
int meter_put(struct model *model, const char *name, uint16_t number, const struct meter_settings *settings)
{
	struct meter *meter = meter_find(model, name);

	model->meters_changed = true;
	if (meter) {
		meter->settings = *settings;
		return 0;
	}
	memset(&model->dp->meter_live[number], 0, sizeof(struct xbr_meter_live));
	datapath_meter_clear(model->dp, number);
	return enter(model, name, number, settings);
}

void meter_drop(struct model *model, struct meter *meter)
{
	struct xbr_meter_config *slot = &model->dp->meters[meter->number];

	__atomic_store_n(&slot->cost[0], 0, __ATOMIC_SEQ_CST);
	memset(slot, 0, sizeof(*slot));
	model->meter_by_number[meter->number] = NULL;
	model->meters_changed = true;
	HASH_DEL(model->meters, meter);
	free(meter);
}

int meter_adopt(struct model *model)
{
	int err = 0;

	for (uint32_t i = 1; !err && i < XBR_METER_LIMIT; i++) {
		const struct xbr_meter_config *slot = &model->dp->meters[i];
		struct meter_settings settings = settings_of(slot);

		if (slot->name[0])
			err = enter(model, slot->name, (uint16_t)i, &settings);
	}
	model->meters_changed = true; /* the agent before may have died over it */
	return err;
}

void meter_close(struct model *model)
{
	struct meter *meter, *next;

	HASH_ITER (hh, model->meters, meter, next) {
		HASH_DEL(model->meters, meter);
		free(meter);
	}
	free(model->meter_by_number);
}
