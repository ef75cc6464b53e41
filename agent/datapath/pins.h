/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pins: the directory on bpffs in which the datapath outlives the agent.
 *
 *     DIR/lock is the directory itself, held by flock(): one agent at a time
 *     DIR/vN-S/NAME     the maps of layout N (XBR_ABI_VERSION), S counting sets: a set is made whole, then
 * becomes the current one DIR/links/pP-HOOK the link that keeps a program on port P's device
 *
 * A set is complete when it has its mark (the last pin made). Opening removes incomplete ones: an agent died
 * while making them.
 */
#ifndef XBR_DATAPATH_PINS_H
#define XBR_DATAPATH_PINS_H

#include <limits.h>
#include <stdbool.h>

#include "error.h"

struct pins_set {
	unsigned int abi;
	unsigned int serial;
};

struct pins {
	char dir[PATH_MAX - 128];
	int lock_fd;
	bool has_current;
	struct pins_set current; /* the newest complete set found, valid if has_current */
};

/*
 * Makes dir, mounts bpffs if it is not on one, takes the lock and finds the current set. -EBUSY: another
 * agent has the lock. pins_close() lets the lock go and leaves everything in place.
 */
int pins_open(struct pins *pins, const char *dir, struct xbr_error *error);
void pins_close(struct pins *pins);

/* Paths, into a caller's PATH_MAX buffer. */
void pins_map_path(const struct pins *pins, const struct pins_set *set, const char *map, char path[PATH_MAX]);
void pins_link_path(const struct pins *pins, unsigned int port, const char *hook, char path[PATH_MAX]);

/* Makes the (empty) directory of a set; marks it complete; removes one with all in it. 0 or -errno. */
int pins_set_create(const struct pins *pins, const struct pins_set *set);
int pins_set_complete(struct pins *pins, const struct pins_set *set, int any_map_fd);
int pins_set_remove(const struct pins *pins, const struct pins_set *set);

/* Calls visit(port, hook, path) for every pinned link; a non-zero return ends the walk and is returned. */
int pins_link_each(const struct pins *pins,
		   int (*visit)(unsigned int port, const char *hook, const char *path, void *user),
		   void *user);

/* Removes all that pins_open() made, the directory itself too where it is empty and not a mount point. */
void pins_remove_all(struct pins *pins);

#endif
