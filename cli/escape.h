/* SPDX-License-Identifier: Apache-2.0 */
/* escape: what others wrote (an agent, a file, a device's name), made safe for a terminal. */
#ifndef XBR_CLI_ESCAPE_H
#define XBR_CLI_ESCAPE_H

#include <stdio.h>

/* Writes a string of UTF-8; control characters, those of Latin-1's upper half among them, become \xNN. */
void escape_put(FILE *file, const char *string);

/* The same at the left of a column, with blanks behind it: at least one. NULL: nothing but blanks. */
void escape_put_column(FILE *file, const char *string, int width);

#endif
