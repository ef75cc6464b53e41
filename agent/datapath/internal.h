/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of agent/datapath share among themselves and nobody else sees: the skeleton, and access to
 * pinned maps. */
#ifndef XBR_DATAPATH_INTERNAL_H
#define XBR_DATAPATH_INTERNAL_H

#include <stddef.h>

#include "datapath/datapath.h"
#include "datapath/skeleton.h"

/* A descriptor of a map of a set, or -errno. */
int datapath_open_pinned(const struct pins *pins, const struct pins_set *set, const char *map);

/* The memory of an mmapable array; NULL on failure. Give back with munmap(memory, *ret_size). */
void *datapath_map_memory(int fd, size_t *ret_size);

#endif
