/* SPDX-License-Identifier: Apache-2.0 */
/* line: a line of a configuration file under way, as `save` writes it. */
#ifndef XBR_CONTROL_LINE_H
#define XBR_CONTROL_LINE_H

#include <jansson.h>
#include <stddef.h>

struct line {
	char text[1024];
	size_t used;
};

/* What does not fit any more is left out as a whole. */
__attribute__((format(printf, 2, 3))) void line_add(struct line *line, const char *format, ...);

/*
 * A name with the word that introduces it, so that a device called as an option is still a device. The kernel
 * lets names hold quotes, '#' and backslashes: such a name is quoted as cli/grammar_text.c reads it, a single
 * quote in double ones.
 */
void line_add_name(struct line *line, const char *word, const char *name);

/* To an array of strings. */
void line_append(const struct line *line, json_t *lines);

#endif
