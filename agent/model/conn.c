// SPDX-License-Identifier: Apache-2.0
#include "model/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "datapath/acl_maps.h"
#include "model/acl.h"

#define SWEEPS_APART 5 /* a second each */

static struct xbr_conn_header *header_of(const struct conn_table *table)
{
	return table->cells;
}

static struct xbr_conn_bucket *bucket_of(const struct conn_table *table, uint32_t number)
{
	return (struct xbr_conn_bucket *)((char *)table->cells + (number + 1ul) * XBR_ACL_CELL);
}

int conn_need(struct model *model)
{
	struct conn_table *table = &model->acl->conns;
	uint32_t count = XBR_CONN_BUCKETS + 1;
	struct xbr_conn_header *header;
	int err;

	if (table->cells)
		return 0;
	header = calloc(count, XBR_ACL_CELL);
	if (!header)
		return -ENOMEM;
	*header = (struct xbr_conn_header){.layout = XBR_CONN_LAYOUT,
					   .mask = XBR_CONN_BUCKETS - 1,
					   .hz = model->dp->hz,
					   .limit = XBR_CONN_PORT_LIMIT};
	err = getrandom(&header->seed, sizeof(header->seed), 0) == sizeof(header->seed) ? 0 : -errno;
	if (!err)
		err = acl_maps_put(model->dp, XBR_CONN_TABLE, header, count, &table->cells);
	free(header);
	if (!err)
		table->count = count;
	return err;
}

int conn_adopt(struct model *model, void *cells, uint32_t count)
{
	struct conn_table table = {.cells = cells, .count = count};

	if (header_of(&table)->layout != XBR_CONN_LAYOUT || header_of(&table)->mask + 2 != count)
		return -EINVAL;
	model->acl->conns = table;
	return 0;
}

void conn_close(struct model *model)
{
	acl_maps_unmap(model->acl->conns.cells, model->acl->conns.count);
	model->acl->conns = (struct conn_table){0};
}

static struct xbr_conn_data load_data(const struct xbr_conn_data *from)
{
	uint64_t word = __atomic_load_n((const uint64_t *)from, __ATOMIC_ACQUIRE);
	struct xbr_conn_data data;

	memcpy(&data, &word, sizeof(data));
	return data;
}

/* False: a program was faster. */
static bool take_out(struct model *model, struct xbr_conn_data *place, struct xbr_conn_data is)
{
	uint64_t word;

	memcpy(&word, &is, sizeof(word));
	if (!__atomic_compare_exchange_n((uint64_t *)place, &word, 0, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		return false;
	if (is.port < model->dp->max_ports)
		__atomic_fetch_sub(&model->dp->port_live[is.port].conns, 1, __ATOMIC_SEQ_CST);
	return true;
}

/* Of a connection that has ended nothing is left, nor of one whose port is gone. */
static bool is_over(const struct model *model, struct xbr_conn_data data, uint32_t now, uint32_t hz)
{
	return xbr_conn_over(data, now, hz) || data.port >= model->dp->max_ports ||
	       !model->by_number[data.port];
}

void conn_sweep(struct model *model)
{
	struct conn_table *table = &model->acl->conns;
	uint32_t now;

	if (!table->cells || ++table->sweeps < SWEEPS_APART)
		return;
	table->sweeps = 0;
	now = datapath_jiffies(model->dp);
	for (uint32_t number = 0; number <= header_of(table)->mask; number++)
		for (uint32_t way = 0; way < XBR_CONN_WAYS; way++) {
			struct xbr_conn_data *place = &bucket_of(table, number)->data[way];
			struct xbr_conn_data data = load_data(place);

			if (data.phase != XBR_CONN_free && data.phase != XBR_CONN_busy &&
			    is_over(model, data, now, header_of(table)->hz))
				take_out(model, place, data);
		}
}

uint32_t conn_flush(struct model *model, uint32_t port)
{
	struct conn_table *table = &model->acl->conns;
	uint32_t flushed = 0;

	for (uint32_t number = 0; table->cells && number <= header_of(table)->mask; number++)
		for (uint32_t way = 0; way < XBR_CONN_WAYS; way++) {
			struct xbr_conn_data *place = &bucket_of(table, number)->data[way];
			struct xbr_conn_data data = load_data(place);

			if (data.phase != XBR_CONN_free && data.phase != XBR_CONN_busy &&
			    (!port || data.port == port))
				flushed += take_out(model, place, data);
		}
	return flushed;
}

void conn_each(struct model *model,
	       void (*visit)(const struct xbr_conn_key *key, struct xbr_conn_data data, uint32_t expires_s,
			     void *user),
	       void *user)
{
	const struct conn_table *table = &model->acl->conns;
	uint32_t now = datapath_jiffies(model->dp), hz = model->dp->hz;

	for (uint32_t number = 0; table->cells && number <= header_of(table)->mask; number++)
		for (uint32_t way = 0; way < XBR_CONN_WAYS; way++) {
			const struct xbr_conn_bucket *bucket = bucket_of(table, number);
			struct xbr_conn_data data = load_data(&bucket->data[way]);
			struct xbr_conn_key key = bucket->key[way];

			if (!xbr_conn_over(data, now, hz) && data.phase != XBR_CONN_busy)
				visit(&key, data, xbr_conn_seconds(data.phase) - (now - data.seen) / hz,
				      user);
		}
}
