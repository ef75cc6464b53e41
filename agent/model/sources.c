// SPDX-License-Identifier: Apache-2.0
/*
 * Source lists in the map `edge_sources`: an entry for each address and port, which is also what a later
 * agent reads them from, and one for each address and bridge, which says that some port in mode source has it
 * on its list, and whether one with nodst has. The latter are counted here; what a port adds to the counts is
 * its share.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

/* How many ports in mode source list an address of a bridge. */
struct source_count {
	uint64_t key;
	uint32_t listed;
	uint32_t nodst;
	UT_hash_handle hh;
};

/* ---- the entries of a bridge ---- */

static uint32_t count_value(const struct source_count *count)
{
	return count && count->listed ? XBR_SOURCE_LISTED | (count->nodst ? XBR_SOURCE_NODST : 0u) : 0;
}

static void write_count(struct model *model, uint64_t key, const struct source_count *count)
{
	int err = datapath_source_set(model->dp, key, count_value(count));

	if (err)
		model_log(model, "cannot write a source list: %s", strerror(-err));
}

static struct source_count *count_of(struct model *model, uint64_t key)
{
	struct source_count *count;

	HASH_FIND(hh, model->source_counts, &key, sizeof(key), count);
	if (count)
		return count;
	count = calloc(1, sizeof(*count));
	if (!count) {
		model_log(model, "out of memory for a source list");
		return NULL;
	}
	count->key = key;
	HASH_ADD(hh, model->source_counts, key, sizeof(count->key), count);
	return count;
}

static void share_one(struct model *model, uint64_t key, bool nodst, int by, bool write)
{
	struct source_count *count = count_of(model, key);

	if (!count)
		return;
	count->listed += (uint32_t)by;
	count->nodst += nodst ? (uint32_t)by : 0;
	if (write)
		write_count(model, key, count);
	if (count->listed)
		return;
	HASH_DEL(model->source_counts, count);
	free(count);
}

/* by: 1 or -1. */
static void share_all(struct model *model, const struct source_share *share, int by, bool write)
{
	for (uint32_t i = 0; i < source_list_count(share->list); i++)
		share_one(model, fdb_key(share->list->macs[i], XBR_SOURCE_BRIDGE | share->bridge),
			  share->nodst, by, write);
}

static struct source_share share_wanted(const struct port *port)
{
	if (port->settings.mode != XBR_MODE_SOURCE || !source_list_count(port->sources))
		return (struct source_share){0};
	return (struct source_share){.list = port->sources,
				     .bridge = (uint16_t)port->bridge->index,
				     .nodst = port->settings.edge_options & XBR_EDGE_OPTION_NODST};
}

static void share_change(struct model *model, struct port *port, struct source_share to, bool write)
{
	struct source_share from = port->share;

	if (from.list == to.list && from.nodst == to.nodst)
		return;
	source_list_hold(to.list);
	port->share = to;
	share_all(model, &to, 1, write);
	share_all(model, &from, -1, write);
	source_list_drop(from.list);
}

void sources_share(struct model *model, struct port *port)
{
	share_change(model, port, share_wanted(port), true);
}

void sources_withdraw(struct model *model, struct port *port)
{
	if (port->settings.mode != XBR_MODE_SOURCE)
		share_change(model, port, (struct source_share){0}, true);
}

/* ---- the entries of a port ---- */

/* Those of `list` that `other` has not get this value. */
static int write_missing(struct model *model, const struct port *port, const struct source_list *list,
			 const struct source_list *other, uint32_t value)
{
	int err = 0;

	for (uint32_t i = 0; i < source_list_count(list) && !err; i++)
		if (!source_list_has(other, list->macs[i]))
			err = datapath_source_set(model->dp, fdb_key(list->macs[i], port->number), value);
	return err;
}

int sources_set(struct model *model, struct port *port, struct source_list *list, struct xbr_error *error)
{
	struct source_list *former = port->sources;
	int err;

	if (source_list_equal(former, list))
		return 0;
	err = write_missing(model, port, list, former, XBR_SOURCE_LISTED);
	if (err) {
		write_missing(model, port, list, former, 0);
		return xbr_refuse(error, err, "cannot write the source list of %s: %s", port->name,
				  strerror(-err));
	}
	port->sources = source_list_hold(list);
	flood_mark(port->bridge);
	if (port->share.list)
		sources_share(model, port);
	write_missing(model, port, former, list, 0);
	source_list_drop(former);
	if (model->listener.link)
		model->listener.link(model->listener.user, MODEL_SET, port);
	return 0;
}

void sources_forget(struct model *model, struct port *port)
{
	share_change(model, port, (struct source_share){0}, true);
	write_missing(model, port, port->sources, NULL, 0);
	source_list_drop(port->sources);
	port->sources = NULL;
}

/* ---- coming back ---- */

/* What the map has: addresses by port, gathered before lists are made of them. */
struct source_walk {
	struct model *model;
	uint64_t *keys;
	size_t count, room;
	bool failed;
};

static int gather(uint64_t key, uint32_t value, void *user)
{
	struct source_walk *walk = user;

	(void)value;
	if (fdb_key_fid(key) & XBR_SOURCE_FILTER)
		return 0; /* uplink.c's */
	if (walk->count == walk->room) {
		size_t room = walk->room ? walk->room * 2 : 256;
		uint64_t *keys = realloc(walk->keys, room * sizeof(*keys));

		walk->failed = !keys;
		if (!keys)
			return -ENOMEM;
		walk->keys = keys;
		walk->room = room;
	}
	walk->keys[walk->count++] = key;
	return 0;
}

/* By port, since that is in the high bits. */
static int compare_keys(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static struct port *port_of_key(const struct model *model, uint64_t key)
{
	uint32_t number = fdb_key_fid(key);

	return number < model->dp->max_ports ? model->by_number[number] : NULL;
}

/* count keys of one port. */
static void restore_list(struct model *model, struct port *port, uint64_t *keys, size_t count)
{
	struct source_change change = {.verb = SOURCE_SET, .macs = keys, .count = (uint32_t)count};
	struct xbr_error error;

	for (size_t i = 0; i < count; i++)
		keys[i] = fdb_key_mac(keys[i]);
	if (source_list_change(NULL, &change, port->name, &port->sources, &error))
		model_log(model, "the source list of %s is not known any more: %s", port->name,
			  error.message);
}

static void restore_lists(struct source_walk *walk)
{
	for (size_t i = 0, end; i < walk->count; i = end) {
		uint32_t number = fdb_key_fid(walk->keys[i]);
		struct port *port = port_of_key(walk->model, walk->keys[i]);

		for (end = i + 1; end < walk->count && fdb_key_fid(walk->keys[end]) == number; end++)
			;
		if (port)
			restore_list(walk->model, port, walk->keys + i, end - i);
	}
}

/* Counts first, then every entry of a bridge as the counts have it: what an agent that died left half done is
 * mended. */
static void restore_counts(struct source_walk *walk)
{
	struct model *model = walk->model;
	struct source_count *count, *next_count;
	struct port *port, *next;

	port_foreach (model, port, next)
		share_change(model, port, share_wanted(port), false);
	HASH_ITER (hh, model->source_counts, count, next_count)
		write_count(model, count->key, count);
}

static void drop_stale(struct source_walk *walk, const uint64_t *keys, size_t count)
{
	struct model *model = walk->model;
	struct source_count *known;

	for (size_t i = 0; i < count; i++) {
		HASH_FIND(hh, model->source_counts, &keys[i], sizeof(keys[i]), known);
		if (!known && !port_of_key(model, keys[i]))
			datapath_source_set(model->dp, keys[i], 0);
	}
}

void sources_restore(struct model *model)
{
	struct source_walk walk = {.model = model};
	uint64_t *keys = NULL;

	datapath_source_each(model->dp, gather, &walk);
	if (walk.count)
		keys = malloc(walk.count * sizeof(*keys));
	if (walk.failed || (walk.count && !keys)) {
		model_log(model, "out of memory: source lists are as they were, and not shown");
	} else if (walk.count) {
		memcpy(keys, walk.keys, walk.count * sizeof(*keys));
		qsort(walk.keys, walk.count, sizeof(*walk.keys), compare_keys);
		restore_lists(&walk);
		restore_counts(&walk);
		drop_stale(&walk, keys, walk.count);
	}
	free(keys);
	free(walk.keys);
}

/* ---- the end ---- */

void sources_close(struct model *model)
{
	struct source_count *count, *next;

	for (uint32_t i = 0; model->by_number && i < model->dp->max_ports; i++)
		if (model->by_number[i]) {
			source_list_drop(model->by_number[i]->sources);
			source_list_drop(model->by_number[i]->share.list);
			uplink_forget(model->by_number[i]);
		}
	HASH_ITER (hh, model->source_counts, count, next) {
		HASH_DEL(model->source_counts, count);
		free(count);
	}
}
