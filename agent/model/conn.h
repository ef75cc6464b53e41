/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn: the connection table (xbr/conn.h) as the agent sees it. Programs keep it; here it is made when a list
 * that reads states is first bound, taken over from an earlier agent, swept of what has ended, shown, and
 * emptied. What is taken out counts no more for the port that began it.
 */
#ifndef XBR_MODEL_CONN_H
#define XBR_MODEL_CONN_H

#include "model/model.h"
#include "xbr/conn.h"

struct conn_table {
	void *cells;
	uint32_t count;
	uint32_t sweeps;
};

/* There is a table from now on. 0 or -errno. */
int conn_need(struct model *model);

/* A table of an earlier agent. 0 or -EINVAL: it is none. */
int conn_adopt(struct model *model, void *cells, uint32_t count);
void conn_close(struct model *model);

/* Takes out what has ended, some seconds apart, and mends what ports count. */
void conn_sweep(struct model *model);

/* port 0: of all. Returns how many were taken out. */
uint32_t conn_flush(struct model *model, uint32_t port);

void conn_each(struct model *model,
	       void (*visit)(const struct xbr_conn_key *key, struct xbr_conn_data data, uint32_t expires_s,
			     void *user),
	       void *user);

#endif
