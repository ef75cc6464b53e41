// SPDX-License-Identifier: Apache-2.0
#include "model/source_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const source_verb_words[] = {
	[SOURCE_ADD] = "add", [SOURCE_DEL] = "del", [SOURCE_SET] = "set", [SOURCE_FLUSH] = "flush", NULL};

struct source_list *source_list_hold(struct source_list *list)
{
	if (list)
		list->holders++;
	return list;
}

void source_list_drop(struct source_list *list)
{
	if (list && --list->holders == 0)
		free(list);
}

uint32_t source_list_count(const struct source_list *list)
{
	return list ? list->count : 0;
}

/* In the order that they are read in: the first octet is the lowest of the word. */
static int compare(const void *a, const void *b)
{
	uint64_t left = __builtin_bswap64(*(const uint64_t *)a),
		 right = __builtin_bswap64(*(const uint64_t *)b);

	return left < right ? -1 : left > right;
}

bool source_list_has(const struct source_list *list, uint64_t mac)
{
	return list && bsearch(&mac, list->macs, list->count, sizeof(mac), compare);
}

bool source_list_equal(const struct source_list *a, const struct source_list *b)
{
	uint32_t count = source_list_count(a);

	if (a == b)
		return true;
	return count == source_list_count(b) &&
	       (!count || !memcmp(a->macs, b->macs, count * sizeof(a->macs[0])));
}

/* A list with room for so many, empty. */
static struct source_list *list_new(size_t room)
{
	struct source_list *list = calloc(1, sizeof(*list) + room * sizeof(list->macs[0]));

	if (list)
		list->holders = 1;
	return list;
}

static void append(struct source_list *list, const uint64_t *macs, uint32_t count)
{
	if (count)
		memcpy(list->macs + list->count, macs, count * sizeof(list->macs[0]));
	list->count += count;
}

/* Sorted, and each once. */
static void put_in_order(struct source_list *list)
{
	uint32_t kept = 0;

	qsort(list->macs, list->count, sizeof(list->macs[0]), compare);
	for (uint32_t i = 0; i < list->count; i++)
		if (!kept || list->macs[kept - 1] != list->macs[i])
			list->macs[kept++] = list->macs[i];
	list->count = kept;
}

static void take_out(struct source_list *from, const struct source_list *gone)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < from->count; i++)
		if (!source_list_has(gone, from->macs[i]))
			from->macs[kept++] = from->macs[i];
	from->count = kept;
}

static int remove_some(const struct source_list *list, const struct source_change *change, const char *name,
		       struct source_list *ret_list, struct xbr_error *error)
{
	struct source_list *gone = list_new(change->count);

	if (!gone)
		return xbr_refuse(error, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < change->count; i++)
		if (!source_list_has(list, change->macs[i])) {
			source_list_drop(gone);
			return xbr_refuse(error, -ENOENT,
					  "an address is not on the source list of %s: nothing "
					  "is taken from it",
					  name);
		}
	append(gone, change->macs, change->count);
	put_in_order(gone);
	append(ret_list, list->macs, list->count);
	take_out(ret_list, gone);
	source_list_drop(gone);
	return 0;
}

int source_list_change(const struct source_list *list, const struct source_change *change, const char *name,
		       struct source_list **ret_list, struct xbr_error *error)
{
	struct source_list *changed = list_new((size_t)source_list_count(list) + change->count);
	int err = 0;

	if (!changed)
		return xbr_refuse(error, -ENOMEM, "out of memory");
	if (change->verb == SOURCE_DEL)
		err = remove_some(list, change, name, changed, error);
	else if (change->verb != SOURCE_FLUSH)
		append(changed, change->macs, change->count);
	if (change->verb == SOURCE_ADD && list)
		append(changed, list->macs, list->count);
	put_in_order(changed);
	if (err)
		source_list_drop(changed);
	else
		*ret_list = changed;
	return err;
}
