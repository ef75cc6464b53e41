/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mst_config: the spanning tree instances of a bridge, and what is set of a port in them, as values: pure
 * data, no devices, no maps. Few bridges have any, so NULL is the default: one tree, nothing set. As
 * vlan_set.h: values are shared between want, model and snapshots, and whoever changes one makes it his own.
 *
 * An instance has a place, 1 to XBR_MSTI_LIMIT, by which the datapath knows it. Places say nothing of the
 * configuration: two values are equal when the same VLANs are in the same MSTIDs.
 */
#ifndef XBR_MODEL_MST_CONFIG_H
#define XBR_MODEL_MST_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "model/vlan_set.h"
#include "xbr/abi.h"

#define MSTID_MAX                 4094u
#define MST_HOPS_DEFAULT          20
#define MST_HOPS_MIN              6u
#define MST_HOPS_MAX              40u
#define MST_PRIORITY_DEFAULT      32768u /* of the bridge, in an instance */
#define MST_PORT_PRIORITY_DEFAULT 32u

struct mst_config {
	unsigned int references;
	struct xbr_mst_saved is;
};

/* NULL: out of memory. */
struct mst_config *mst_config_of(const struct xbr_mst_saved *is);
/* NULL is nobody's. */
struct mst_config *mst_config_share(struct mst_config *config);
void mst_config_drop(struct mst_config *config);
/* Makes *config, which may be NULL, nobody else's. -ENOMEM: it is as it was. */
int mst_config_own(struct mst_config **config);

bool mst_config_equal(const struct mst_config *a, const struct mst_config *b);
/* Of NULL, too. */
const struct xbr_mst_saved *mst_config_get(const struct mst_config *config);
/* The place of an instance; 0: it is not there. */
unsigned int mst_place(const struct mst_config *config, uint16_t mstid);
/* The MSTID that a VID is in. */
uint16_t mst_of_vid(const struct mst_config *config, uint16_t vid);
unsigned int mst_count(const struct mst_config *config);
/* The VIDs of an instance, or (mstid 0) of the common tree, a bit each. */
void mst_vids(const struct mst_config *config, uint16_t mstid, uint64_t ret_vids[VLAN_WORDS]);

/* Of a value of one's own. -ENOSPC: there are XBR_MSTI_LIMIT. */
int mst_add(struct mst_config *config, uint16_t mstid, uint16_t priority);
/* Its VLANs are of the common tree then. */
void mst_del(struct mst_config *config, uint16_t mstid);
/* mstid 0: to the common tree. */
void mst_map(struct mst_config *config, uint16_t mstid, const uint64_t vids[VLAN_WORDS]);
/* Gives the instances that former has, too, the places they have there. */
void mst_keep_places(struct mst_config *config, const struct mst_config *former);

/* ---- a port ---- */

struct mst_rows {
	unsigned int references;
	unsigned int count;
	struct mst_row {
		uint16_t mstid;
		struct xbr_mst_port is;
	} row[XBR_MSTI_LIMIT];
};

struct mst_rows *mst_rows_share(struct mst_rows *rows);
void mst_rows_drop(struct mst_rows *rows);
int mst_rows_own(struct mst_rows **rows);
bool mst_rows_equal(const struct mst_rows *a, const struct mst_rows *b);
/* What is set there; zeroes: nothing. */
struct xbr_mst_port mst_rows_get(const struct mst_rows *rows, uint16_t mstid);
/* Of rows of one's own. Zeroes take a row out. */
void mst_rows_set(struct mst_rows *rows, uint16_t mstid, const struct xbr_mst_port *is);

#endif
