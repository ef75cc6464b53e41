// SPDX-License-Identifier: Apache-2.0
#include "escape.h"

#include <stdbool.h>
#include <string.h>

void escape_put(FILE *file, const char *string)
{
	const unsigned char *c = (const unsigned char *)string;

	for (; *c; c++) {
		const bool is_c1 = c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0;

		if (is_c1)
			fprintf(file, "\\x%02x", *++c);
		else if (*c < 0x20 || *c == 0x7f)
			fprintf(file, "\\x%02x", *c);
		else
			putc(*c, file);
	}
}

void escape_put_column(FILE *file, const char *string, int width)
{
	int length = string ? (int)strlen(string) : 0;

	if (string)
		escape_put(file, string);
	fprintf(file, "%*s", length < width ? width - length : 1, "");
}
