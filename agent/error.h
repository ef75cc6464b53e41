/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sentence for the user, carried from where something went wrong to where it is told. Functions that can be
 * refused for a reason that a person should read take a `struct xbr_error *` as their last argument (never
 * NULL), fill it with xbr_refuse() and return its code; on success they leave it alone.
 */
#ifndef XBR_ERROR_H
#define XBR_ERROR_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

struct xbr_error {
	int code;          /* -errno */
	char message[512]; /* lower case, names the thing, no full stop */
};

/* Fills *error and returns code (a negative errno), so that `return xbr_refuse(...)` reads well. */
__attribute__((format(printf, 3, 4))) static inline int xbr_refuse(struct xbr_error *error, int code,
								   const char *format, ...)
{
	va_list args;

	error->code = code;
	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	return code;
}

#endif
