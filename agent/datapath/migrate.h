/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migrate: from a former set of maps (an older layout, or other sizes) to the one just loaded. Values are
 * carried over octet by octet up to the smaller of both sizes: layouts grow only at their ends or into
 * reserved fields. The FDB is filled anew, since its buckets depend on its size. Flood lists and device slots
 * are not carried: the model writes them before datapath_commit() swaps the programs. Until then the former
 * set forwards; what it learns in between is learned again.
 */
#ifndef XBR_DATAPATH_MIGRATE_H
#define XBR_DATAPATH_MIGRATE_H

#include "datapath/datapath.h"

/* 0 or -errno: -ENOSPC when ports or addresses in use do not fit the new sizes; the new set is to be thrown
 * away then. */
int migrate(struct datapath *dp, const struct pins_set *former);

#endif
