/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash: entries of maps that are not mapped into memory (hashes, tries), by the descriptor of the map. Keys
 * and values are of the map's own sizes; not for per-CPU maps.
 */
#ifndef XBR_DATAPATH_HASH_H
#define XBR_DATAPATH_HASH_H

#include <stdbool.h>

/* -ENOENT: there is no such entry. 0 or -errno. */
int hash_get(int fd, const void *key, void *ret_value);

/* value NULL takes the entry out, if there is one. 0 or -errno. */
int hash_set(int fd, const void *key, const void *value);

/*
 * The next entry. key: the former one, which may be gone; *begun: there was one, false at first. False: there
 * are no more. What is added or taken out meanwhile may be met or not.
 */
bool hash_next(int fd, bool *begun, void *key, void *ret_value);

#endif
