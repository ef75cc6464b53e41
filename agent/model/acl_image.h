/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl_image: compiles the rules of an access list into its image (xbr/acl.h), and changes an image in place
 * while programs read it. Memory only: whoever owns the image says where its cells are, and how to wait until
 * no program that may have seen something is still running.
 *
 * A rule goes into one table of each level: the most specific one whose mask asks nothing that the rule does
 * not, if the rule's chain there is short; else into a new table of its own mask, with prefixes rounded, so
 * that few masks are many. (TupleMerge does it this way.) Which tables there are to begin with acl_tables.h
 * says. Of rules that say the same where a level knows less, only the first is linked there.
 */
#ifndef XBR_MODEL_ACL_IMAGE_H
#define XBR_MODEL_ACL_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xbr/acl.h"

/* Where a rule of the list is. */
struct acl_place {
	uint32_t seq;
	uint32_t rule; /* its number */
};

struct acl_image {
	void *cells;
	uint32_t count; /* of cells */

	/* what follows from the cells */
	struct acl_place *places; /* in the order of the list */
	uint32_t place_room;
	uint32_t *free; /* numbers of rules that may be used */
	uint32_t free_count;
	uint32_t *gone; /* ... once no program can see them any more */
	uint32_t gone_count;
	uint8_t orders_written[XBR_FLOW_LEVELS]; /* since the last wait */
	uint32_t *tails;                         /* last rules of chains, by slot; while an image is built */

	/* Returns when all programs that run now have ended. NULL: none do. */
	void (*wait)(void *user);
	void *wait_user;
};

struct acl_image_options {
	const char *name;
	uint64_t seed;
	uint32_t epoch;
	uint32_t processors;
	uint32_t room; /* rules there are to be places for, at least */
};

/*
 * Compiles rules (in the order of the list: seq goes up) into cells of its own, on the heap, with room for
 * more. 0 or -ENOMEM, -E2BIG.
 */
int acl_image_build(struct acl_image *image, const struct acl_image_options *options,
		    const struct xbr_acl_rule *rules, uint32_t count);

/* An image that is there, e.g. one that an earlier agent made. 0, -ENOMEM, or -EINVAL: it is none. */
int acl_image_open(struct acl_image *image, void *cells, uint32_t count);

/* Frees what follows from the cells, not the cells. */
void acl_image_close(struct acl_image *image);

/* Places the image in other memory, which has the same cells. */
void acl_image_move(struct acl_image *image, void *cells);

struct xbr_acl_header *acl_image_header(const struct acl_image *image);
struct xbr_acl_rule *acl_image_rule(const struct acl_image *image, uint32_t number);

/* The number of the rule of that place in the list, 0: none. */
uint32_t acl_image_find(const struct acl_image *image, uint32_t seq);

/* Adds a rule whose seq is not taken. -ENOSPC: the image has no room; nothing was changed. */
int acl_image_add(struct acl_image *image, const struct xbr_acl_rule *rule);

/* Takes a rule out by its number. */
void acl_image_del(struct acl_image *image, uint32_t number);

/* After something that rules hang on changed outside the image: what was decided before is void. */
void acl_image_void(struct acl_image *image);

/* A rule's counter summed (0: of what no rule matched), and where counts from elsewhere are added. */
struct xbr_acl_count acl_image_counted(const struct acl_image *image, uint32_t number);
void acl_image_count_add(struct acl_image *image, uint32_t number, const struct xbr_acl_count *count);

/* Tables of a level, and rules in its longest chain: what a first packet costs at the most. */
uint32_t acl_image_tables(const struct acl_image *image, uint32_t level);
uint32_t acl_image_longest(const struct acl_image *image, uint32_t level);

#endif
