/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_list: the addresses that a port in mode source takes frames from: sorted, never changed once made,
 * and shared by those who hold it (the model, a want and its clones), so that a copy of a configuration costs
 * nothing for them. No list is NULL: it has no addresses.
 */
#ifndef XBR_MODEL_SOURCE_LIST_H
#define XBR_MODEL_SOURCE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct source_list {
	unsigned int holders;
	uint32_t count;
	uint64_t macs[]; /* as in fdb_key(), in order */
};

enum source_verb {
	SOURCE_ADD,   /* those that are there already stay */
	SOURCE_DEL,   /* each must be there */
	SOURCE_SET,   /* these and no others */
	SOURCE_FLUSH, /* none */
	SOURCE_VERB_COUNT
};

/* The words of enum source_verb, by value; ended by NULL. */
extern const char *const source_verb_words[];

/* A change as a command asks for it; macs is borrowed. */
struct source_change {
	enum source_verb verb;
	const uint64_t *macs;
	uint32_t count;
};

/* Another holder of the same list; one holder less. */
struct source_list *source_list_hold(struct source_list *list);
void source_list_drop(struct source_list *list);

uint32_t source_list_count(const struct source_list *list);
bool source_list_has(const struct source_list *list, uint64_t mac);
bool source_list_equal(const struct source_list *a, const struct source_list *b);

/* *ret_list is the changed list, the caller's to drop; `list` stays as it is. name: the port's, for
 * sentences. */
int source_list_change(const struct source_list *list, const struct source_change *change, const char *name,
		       struct source_list **ret_list, struct xbr_error *error);

#endif
