// SPDX-License-Identifier: Apache-2.0
#include "control/line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void line_add(struct line *line, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line->text + line->used, sizeof(line->text) - line->used, format, args);
	va_end(args);
	if (length > 0 && line->used + (size_t)length < sizeof(line->text))
		line->used += (size_t)length;
}

void line_add_name(struct line *line, const char *word, const char *name)
{
	const char *mark = name[strcspn(name, " \t'\"#\\")] ? "'" : "";

	line_add(line, " %s %s", word, mark);
	for (; *name; name++)
		line_add(line, *name == '\'' ? "'\"%c\"'" : "%c", *name);
	line_add(line, "%s", mark);
}

void line_append(const struct line *line, json_t *lines)
{
	json_array_append_new(lines, json_string(line->text));
}
