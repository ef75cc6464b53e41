/* SPDX-License-Identifier: Apache-2.0 */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

#include "escape.h"

int cli_refuse(struct cli_error *error, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	return code;
}

int cli_refuse_answer(struct cli_error *error)
{
	return cli_refuse(error, CLI_REFUSED,
			  "the agent's answer is not understood; is it of another version");
}

int cli_exit_status(int code)
{
	switch (code) {
	case 0:
		return 0;
	case CLI_USAGE:
		return 2;
	case CLI_NO_AGENT:
		return 3;
	default:
		return 1;
	}
}

void cli_print_error(const struct cli_error *error)
{
	if (!error->message[0])
		return;
	fputs("xbr: ", stderr);
	escape_put(stderr, error->message);
	putc('\n', stderr);
}
