/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A queue of octets: added at the back, taken from the front. What came from a client and is not yet handled,
 * and what is to be sent and not yet taken by the kernel, wait in one of these. `= {}` is an empty queue.
 * Costs are amortised: nothing is moved twice for each octet, and an empty queue gives its memory back unless
 * that is small.
 */
#ifndef XBR_CONTROL_BYTES_H
#define XBR_CONTROL_BYTES_H

#include <stddef.h>

struct bytes {
	char *data;
	size_t start; /* of what is held, in data */
	size_t end;
	size_t capacity;
};

static inline size_t bytes_length(const struct bytes *bytes)
{
	return bytes->end - bytes->start;
}

/* What is held, bytes_length() octets, valid until the next change. NULL while nothing was ever added. */
static inline const char *bytes_front(const struct bytes *bytes)
{
	return bytes->data ? bytes->data + bytes->start : NULL;
}

/* Adds at the back. 0, or -ENOMEM and nothing was added. */
int bytes_append(struct bytes *bytes, const void *data, size_t length);

/* Adds a string without its NUL. */
int bytes_append_string(struct bytes *bytes, const char *string);

/* Takes length (at most bytes_length()) octets from the front. */
void bytes_consume(struct bytes *bytes, size_t length);

/* Takes from the back until length (at most bytes_length()) octets are left. */
void bytes_truncate(struct bytes *bytes, size_t length);

/* Appends all of from to bytes and empties from. 0, or -ENOMEM and nothing was moved. */
int bytes_move(struct bytes *bytes, struct bytes *from);

/* Empties it and gives all memory back. */
void bytes_free(struct bytes *bytes);

#endif
