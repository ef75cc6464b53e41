/* SPDX-License-Identifier: Apache-2.0 */
#include "control/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_LEAST 512u
#define CAPACITY_KEPT  (64u << 10) /* an empty queue keeps no more than this */

/* Moves what is held to the start of the memory. */
static void bytes_compact(struct bytes *bytes)
{
	size_t length = bytes_length(bytes);

	memmove(bytes->data, bytes->data + bytes->start, length);
	bytes->start = 0;
	bytes->end = length;
}

/* Makes room for length more octets at the back. */
static int bytes_reserve(struct bytes *bytes, size_t length)
{
	size_t capacity = bytes->capacity ? bytes->capacity : CAPACITY_LEAST;
	char *data;

	if (bytes->capacity - bytes->end >= length)
		return 0;
	if (bytes->start > bytes->capacity / 2)
		bytes_compact(bytes);
	while (capacity - bytes->end < length)
		if (__builtin_mul_overflow(capacity, 2, &capacity))
			return -ENOMEM;
	if (capacity == bytes->capacity)
		return 0;
	data = realloc(bytes->data, capacity);
	if (!data)
		return -ENOMEM;
	bytes->data = data;
	bytes->capacity = capacity;
	return 0;
}

int bytes_append(struct bytes *bytes, const void *data, size_t length)
{
	int r;

	if (!length)
		return 0;
	r = bytes_reserve(bytes, length);
	if (r < 0)
		return r;
	memcpy(bytes->data + bytes->end, data, length);
	bytes->end += length;
	return 0;
}

int bytes_append_string(struct bytes *bytes, const char *string)
{
	return bytes_append(bytes, string, strlen(string));
}

void bytes_consume(struct bytes *bytes, size_t length)
{
	bytes->start += length;
	if (bytes->start < bytes->end)
		return;
	bytes->start = bytes->end = 0;
	if (bytes->capacity > CAPACITY_KEPT)
		bytes_free(bytes);
}

void bytes_truncate(struct bytes *bytes, size_t length)
{
	bytes->end = bytes->start + length;
}

int bytes_move(struct bytes *bytes, struct bytes *from)
{
	int r;

	if (!bytes_length(bytes)) {
		bytes_free(bytes);
		*bytes = *from;
		*from = (struct bytes){};
		return 0;
	}
	r = bytes_append(bytes, bytes_front(from), bytes_length(from));
	if (r == 0)
		bytes_free(from);
	return r;
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){};
}
