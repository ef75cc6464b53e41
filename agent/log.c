// SPDX-License-Identifier: Apache-2.0
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static int max_level = LOG_INFO;

void log_set_level(int level)
{
	max_level = level;
}

void log_sentence(int level, const char *format, ...)
{
	char sentence[1024];
	va_list args;

	if (level > max_level)
		return;
	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	if (getenv("JOURNAL_STREAM"))
		fprintf(stderr, "<%d>%s\n", level, sentence);
	else
		fprintf(stderr, "xbrd: %s\n", sentence);
}
