/* SPDX-License-Identifier: Apache-2.0 */
/*
 * want_meter: the meters of a wanted configuration, a part of struct want. Ports of a want hold their
 * numbers: a name that the running configuration has keeps the number it has there, a new one gets one that
 * neither uses, so that a want may be made true, and undone, in any order.
 */
#ifndef XBR_MODEL_WANT_METER_H
#define XBR_MODEL_WANT_METER_H

#include "model/meter.h"
#include "model/want.h"

struct want_meter {
	char name[XBR_METER_NAME_LEN];
	uint16_t number;
	struct meter_settings settings;
	const char *at;
	UT_hash_handle hh;
};

struct want_meter *want_meter_find(const struct want *want, const char *name);
/* Its name; NULL: there is none of this number. */
const char *want_meter_name(const struct want *want, uint32_t number);

/* Each refuses what cannot be, with a sentence, and changes nothing then. parent NULL: none. */
int want_meter_add(struct want *want, const char *name, const struct meter_settings *settings,
		   const char *parent, struct xbr_error *error);
int want_meter_set(struct want *want, const char *name, const struct meter_settings *settings,
		   const char *parent, struct xbr_error *error);
int want_meter_del(struct want *want, const char *name, struct xbr_error *error);
/* The number of a meter that must be there; 0 for the name "off". */
int want_meter_number(const struct want *want, const char *name, uint16_t *ret_number,
		      struct xbr_error *error);

/* Within the model. */
int want_meters_clone(struct want *to, const struct want *from);
void want_meters_free(struct want *want);
/* A meter as it is, for snapshots. 0 or -ENOMEM. */
int want_meter_take(struct want *want, const char *name, uint16_t number,
		    const struct meter_settings *settings);

#endif
