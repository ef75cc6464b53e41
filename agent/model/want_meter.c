// SPDX-License-Identifier: Apache-2.0
#include "model/want_meter.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct want_meter *want_meter_find(const struct want *want, const char *name)
{
	struct want_meter *meter;

	HASH_FIND_STR(want->meters, name, meter);
	return meter;
}

static struct want_meter *by_number(const struct want *want, uint32_t number)
{
	struct want_meter *meter, *next;

	HASH_ITER (hh, want->meters, meter, next)
		if (meter->number == number)
			return meter;
	return NULL;
}

const char *want_meter_name(const struct want *want, uint32_t number)
{
	const struct want_meter *meter = number ? by_number(want, number) : NULL;

	return meter ? meter->name : NULL;
}

int want_meter_take(struct want *want, const char *name, uint16_t number,
		    const struct meter_settings *settings)
{
	struct want_meter *meter = calloc(1, sizeof(*meter));

	if (!meter)
		return -ENOMEM;
	memcpy(meter->name, name, strnlen(name, sizeof(meter->name) - 1));
	meter->number = number;
	meter->settings = *settings;
	meter->at = want->at;
	HASH_ADD_STR(want->meters, name, meter);
	want->meter_used[number / 8] |= (uint8_t)(1u << number % 8);
	return 0;
}

int want_meters_clone(struct want *to, const struct want *from)
{
	struct want_meter *meter, *next;
	int err = 0;

	to->meters_now = from->meters_now;
	HASH_ITER (hh, from->meters, meter, next)
		if (!err)
			err = want_meter_take(to, meter->name, meter->number, &meter->settings);
	return err;
}

void want_meters_free(struct want *want)
{
	struct want_meter *meter, *next;

	HASH_ITER (hh, want->meters, meter, next) {
		HASH_DEL(want->meters, meter);
		free(meter);
	}
}

/* ---- checks ---- */

static int check_name(const char *name, struct xbr_error *error)
{
	if (!name[0] || strlen(name) >= XBR_METER_NAME_LEN || !strcmp(name, "off"))
		return xbr_refuse(error, -EINVAL,
				  "%.40s is no name of a meter: 1 to %d characters are, but off", name,
				  XBR_METER_NAME_LEN - 1);
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_.:-", *c))
			return xbr_refuse(
				error, -EINVAL,
				"the name of a meter has letters, digits, '_', '.', ':' and '-': %s", name);
	return 0;
}

/* Up from `parent`: as many levels as there may be, and never back to `number`. */
static int check_levels(const struct want *want, const char *name, uint16_t number, const char *parent_name,
			struct xbr_error *error)
{
	const struct want_meter *above = want_meter_find(want, parent_name);
	int levels = 1;

	for (; above; above = by_number(want, above->settings.parent)) {
		if (above->number == number)
			return xbr_refuse(error, -ELOOP, "meter %s is above %s: it cannot be below it, too",
					  name, parent_name);
		if (++levels > XBR_METER_LEVELS)
			return xbr_refuse(error, -EINVAL, "meter %s would be the %dth level: there are %d",
					  name, levels, XBR_METER_LEVELS);
		if (!above->settings.parent)
			break;
	}
	return 0;
}

/* How many levels hang below a meter. */
static int depth_below(const struct want *want, uint16_t number)
{
	const struct want_meter *meter, *next;
	int deepest = 0, depth;

	HASH_ITER (hh, want->meters, meter, next) {
		if (!number || meter->settings.parent != number)
			continue;
		depth = 1 + depth_below(want, meter->number);
		deepest = depth > deepest ? depth : deepest;
	}
	return deepest;
}

static int height_above(const struct want *want, const struct want_meter *meter)
{
	int height = 0;

	for (; meter; meter = meter->settings.parent ? by_number(want, meter->settings.parent) : NULL)
		height++;
	return height;
}

static int check_parent(const struct want *want, const char *name, uint16_t number,
			const struct meter_settings *settings, const char *parent, struct xbr_error *error)
{
	const struct want_meter *above = want_meter_find(want, parent);
	int err;

	if (!above)
		return xbr_refuse(error, -ENOENT, "there is no meter %s that could be the parent of %s",
				  parent, name);
	err = check_levels(want, name, number, parent, error);
	if (err)
		return err;
	if (depth_below(want, number) + 1 + height_above(want, above) > XBR_METER_LEVELS)
		return xbr_refuse(error, -EINVAL, "under %s there would be more than %d levels of meters",
				  parent, XBR_METER_LEVELS);
	if (above->settings.flags & (XBR_METER_SR_TCM | XBR_METER_TR_TCM))
		return xbr_refuse(error, -EINVAL,
				  "meter %s has three colours: only one with a rate and a burst "
				  "can be a parent",
				  parent);
	if ((above->settings.flags ^ settings->flags) & XBR_METER_PACKETS)
		return xbr_refuse(error, -EINVAL,
				  "meters %s and %s do not count the same: one octets, one packets", name,
				  parent);
	return 0;
}

/* Of a meter that others stand under. */
static int check_children(const struct want *want, const char *name, uint16_t number,
			  const struct meter_settings *settings, struct xbr_error *error)
{
	const struct want_meter *meter, *next;

	HASH_ITER (hh, want->meters, meter, next) {
		if (meter->settings.parent != number)
			continue;
		if (settings->flags & (XBR_METER_SR_TCM | XBR_METER_TR_TCM))
			return xbr_refuse(error, -EBUSY,
					  "meter %s is the parent of %s: it cannot have three colours", name,
					  meter->name);
		if ((meter->settings.flags ^ settings->flags) & XBR_METER_PACKETS)
			return xbr_refuse(error, -EBUSY,
					  "meter %s is the parent of %s: both count octets, or both packets",
					  name, meter->name);
	}
	return 0;
}

/* ---- changes ---- */

/* Not used here, nor by a meter that is there now. */
static uint16_t free_number(const struct want *want, const char *name)
{
	for (uint32_t i = 1; want->meters_now && i < XBR_METER_LIMIT; i++)
		if (!strncmp(want->meters_now[i].name, name, XBR_METER_NAME_LEN))
			return (uint16_t)i;
	for (uint32_t i = 1; i < XBR_METER_LIMIT; i++)
		if (!(want->meter_used[i / 8] >> i % 8 & 1) &&
		    !(want->meters_now && want->meters_now[i].name[0]))
			return (uint16_t)i;
	return 0;
}

int want_meter_add(struct want *want, const char *name, const struct meter_settings *settings,
		   const char *parent, struct xbr_error *error)
{
	struct meter_settings fresh = *settings;
	uint16_t number;
	int err = check_name(name, error);

	if (!err && want_meter_find(want, name))
		err = xbr_refuse(error, -EEXIST, "there is already a meter %s", name);
	if (!err)
		err = meter_settings_check(name, settings, error);
	if (!err && parent)
		err = check_parent(want, name, 0, settings, parent, error);
	if (err)
		return err;
	number = free_number(want, name);
	if (!number)
		return xbr_refuse(error, -ENOSPC, "all %d meters are taken", XBR_METER_LIMIT - 1);
	fresh.parent = parent ? want_meter_find(want, parent)->number : 0;
	err = want_meter_take(want, name, number, &fresh);
	return err ? xbr_refuse(error, err, "out of memory") : 0;
}

static int require(const struct want *want, const char *name, struct want_meter **ret_meter,
		   struct xbr_error *error)
{
	*ret_meter = want_meter_find(want, name);
	return *ret_meter ? 0 : xbr_refuse(error, -ENOENT, "there is no meter %.40s", name);
}

int want_meter_set(struct want *want, const char *name, const struct meter_settings *settings,
		   const char *parent, struct xbr_error *error)
{
	struct want_meter *meter;
	int err = require(want, name, &meter, error);

	if (!err)
		err = meter_settings_check(name, settings, error);
	if (!err && parent)
		err = check_parent(want, name, meter->number, settings, parent, error);
	if (!err)
		err = check_children(want, name, meter->number, settings, error);
	if (err)
		return err;
	meter->settings = *settings;
	meter->settings.parent = parent ? want_meter_find(want, parent)->number : 0;
	meter->at = want->at;
	return 0;
}

static bool port_uses(const struct qos_settings *qos, uint16_t number)
{
	for (int way = 0; way < XBR_WAYS; way++) {
		if (qos->port.meter[way] == number)
			return true;
		for (int class = 0; class < XBR_PRIORITIES; class ++)
			if (qos->port.class_meter[way][class] == number)
				return true;
	}
	return false;
}

int want_meter_del(struct want *want, const char *name, struct xbr_error *error)
{
	const struct want_meter *other, *next_meter;
	const struct want_port *port, *next_port;
	struct want_meter *meter;
	int err = require(want, name, &meter, error);

	if (err)
		return err;
	HASH_ITER (hh, want->meters, other, next_meter)
		if (other->settings.parent == meter->number)
			return xbr_refuse(error, -EBUSY, "meter %s is in use: it is the parent of %s", name,
					  other->name);
	HASH_ITER (hh, want->ports, port, next_port)
		if (port_uses(&port->settings.qos, meter->number))
			return xbr_refuse(error, -EBUSY, "meter %s is in use by port %s", name, port->name);
	want->meter_used[meter->number / 8] &= (uint8_t) ~(1u << meter->number % 8);
	HASH_DEL(want->meters, meter);
	free(meter);
	return 0;
}

int want_meter_number(const struct want *want, const char *name, uint16_t *ret_number,
		      struct xbr_error *error)
{
	struct want_meter *meter;
	int err;

	*ret_number = 0;
	if (!strcmp(name, "off"))
		return 0;
	err = require(want, name, &meter, error);
	if (!err)
		*ret_number = meter->number;
	return err;
}
