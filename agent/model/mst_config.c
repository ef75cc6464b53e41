// SPDX-License-Identifier: Apache-2.0
#include "model/mst_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct xbr_mst_saved none = {.max_hops = MST_HOPS_DEFAULT};

/* ---- life ---- */

struct mst_config *mst_config_of(const struct xbr_mst_saved *is)
{
	struct mst_config *config = malloc(sizeof(*config));

	if (!config)
		return NULL;
	config->references = 1;
	config->is = *is;
	return config;
}

struct mst_config *mst_config_share(struct mst_config *config)
{
	if (config)
		config->references++;
	return config;
}

void mst_config_drop(struct mst_config *config)
{
	if (config && !--config->references)
		free(config);
}

int mst_config_own(struct mst_config **config)
{
	struct mst_config *own;

	if (*config && (*config)->references == 1)
		return 0;
	own = mst_config_of(mst_config_get(*config));
	if (!own)
		return -ENOMEM;
	mst_config_drop(*config);
	*config = own;
	return 0;
}

/* ---- questions ---- */

const struct xbr_mst_saved *mst_config_get(const struct mst_config *config)
{
	return config ? &config->is : &none;
}

unsigned int mst_place(const struct mst_config *config, uint16_t mstid)
{
	for (unsigned int i = 0; mstid && i < XBR_MSTI_LIMIT; i++)
		if (mst_config_get(config)->instance[i].mstid == mstid)
			return i + 1;
	return 0;
}

uint16_t mst_of_vid(const struct mst_config *config, uint16_t vid)
{
	unsigned int place = mst_config_get(config)->msti[vid];

	return place ? mst_config_get(config)->instance[place - 1].mstid : 0;
}

unsigned int mst_count(const struct mst_config *config)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < XBR_MSTI_LIMIT; i++)
		count += mst_config_get(config)->instance[i].mstid != 0;
	return count;
}

void mst_vids(const struct mst_config *config, uint16_t mstid, uint64_t ret_vids[VLAN_WORDS])
{
	memset(ret_vids, 0, VLAN_WORDS * sizeof(*ret_vids));
	for (uint16_t vid = 1; vid <= XBR_VID_MAX; vid++)
		if (mst_of_vid(config, vid) == mstid)
			ret_vids[vid / 64] |= 1ull << vid % 64;
}

static bool instances_among(const struct mst_config *a, const struct mst_config *b)
{
	for (unsigned int i = 0; i < XBR_MSTI_LIMIT; i++) {
		const struct xbr_mst_instance *one = &mst_config_get(a)->instance[i];
		unsigned int place = mst_place(b, one->mstid);

		if (one->mstid &&
		    (!place || mst_config_get(b)->instance[place - 1].priority != one->priority))
			return false;
	}
	return true;
}

bool mst_config_equal(const struct mst_config *a, const struct mst_config *b)
{
	const struct xbr_mst_saved *x = mst_config_get(a), *y = mst_config_get(b);

	if (x == y)
		return true;
	if (memcmp(x->region, y->region, sizeof(x->region)) || x->revision != y->revision ||
	    x->max_hops != y->max_hops || !instances_among(a, b) || !instances_among(b, a))
		return false;
	for (uint16_t vid = 1; vid <= XBR_VID_MAX; vid++)
		if (mst_of_vid(a, vid) != mst_of_vid(b, vid))
			return false;
	return true;
}

/* ---- changes ---- */

int mst_add(struct mst_config *config, uint16_t mstid, uint16_t priority)
{
	for (unsigned int i = 0; i < XBR_MSTI_LIMIT; i++) {
		if (config->is.instance[i].mstid)
			continue;
		config->is.instance[i] = (struct xbr_mst_instance){.mstid = mstid, .priority = priority};
		return 0;
	}
	return -ENOSPC;
}

void mst_del(struct mst_config *config, uint16_t mstid)
{
	unsigned int place = mst_place(config, mstid);

	for (uint16_t vid = 0; place && vid < XBR_VID_LIMIT; vid++)
		if (config->is.msti[vid] == place)
			config->is.msti[vid] = 0;
	if (place)
		config->is.instance[place - 1] = (struct xbr_mst_instance){0};
}

void mst_map(struct mst_config *config, uint16_t mstid, const uint64_t vids[VLAN_WORDS])
{
	uint8_t place = (uint8_t)mst_place(config, mstid);

	for (uint16_t vid = 1; vid <= XBR_VID_MAX; vid++)
		if (vids[vid / 64] >> vid % 64 & 1)
			config->is.msti[vid] = place;
}

/* Old ones where they were, new ones where there is room: there is, for no more than all places are taken. */
void mst_keep_places(struct mst_config *config, const struct mst_config *former)
{
	struct xbr_mst_saved is = config->is;
	uint8_t moved[XBR_MSTI_LIMIT + 1] = {0};

	memset(is.instance, 0, sizeof(is.instance));
	for (unsigned int i = 0; i < XBR_MSTI_LIMIT; i++) {
		moved[i + 1] = (uint8_t)mst_place(former, config->is.instance[i].mstid);
		if (moved[i + 1])
			is.instance[moved[i + 1] - 1] = config->is.instance[i];
	}
	for (unsigned int i = 0, at = 0; i < XBR_MSTI_LIMIT; i++) {
		if (!config->is.instance[i].mstid || moved[i + 1])
			continue;
		while (is.instance[at].mstid)
			at++;
		is.instance[at] = config->is.instance[i];
		moved[i + 1] = (uint8_t)(at + 1);
	}
	for (unsigned int vid = 0; vid < XBR_VID_LIMIT; vid++)
		is.msti[vid] = moved[config->is.msti[vid]];
	config->is = is;
}

/* ---- a port ---- */

struct mst_rows *mst_rows_share(struct mst_rows *rows)
{
	if (rows)
		rows->references++;
	return rows;
}

void mst_rows_drop(struct mst_rows *rows)
{
	if (rows && !--rows->references)
		free(rows);
}

int mst_rows_own(struct mst_rows **rows)
{
	struct mst_rows *own;

	if (*rows && (*rows)->references == 1)
		return 0;
	own = calloc(1, sizeof(*own));
	if (!own)
		return -ENOMEM;
	if (*rows)
		*own = **rows;
	own->references = 1;
	mst_rows_drop(*rows);
	*rows = own;
	return 0;
}

struct xbr_mst_port mst_rows_get(const struct mst_rows *rows, uint16_t mstid)
{
	for (unsigned int i = 0; rows && i < rows->count; i++)
		if (rows->row[i].mstid == mstid)
			return rows->row[i].is;
	return (struct xbr_mst_port){0};
}

static bool is_set(const struct xbr_mst_port *is)
{
	return is->cost || is->priority;
}

static bool rows_among(const struct mst_rows *a, const struct mst_rows *b)
{
	for (unsigned int i = 0; a && i < a->count; i++) {
		struct xbr_mst_port there = mst_rows_get(b, a->row[i].mstid);

		if (there.cost != a->row[i].is.cost || there.priority != a->row[i].is.priority)
			return false;
	}
	return true;
}

bool mst_rows_equal(const struct mst_rows *a, const struct mst_rows *b)
{
	return a == b || (rows_among(a, b) && rows_among(b, a));
}

void mst_rows_set(struct mst_rows *rows, uint16_t mstid, const struct xbr_mst_port *is)
{
	unsigned int i = 0;

	while (i < rows->count && rows->row[i].mstid != mstid)
		i++;
	if (is_set(is) && i < XBR_MSTI_LIMIT) {
		rows->row[i] = (struct mst_row){.mstid = mstid, .is = *is};
		rows->count += i == rows->count;
	} else if (i < rows->count) {
		rows->row[i] = rows->row[--rows->count];
	}
}
