/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion. `xbr completion bash` prints a small function that asks the hidden command `xbr complete
 * WORDS...` what may stand in place of the last word; the answer, a candidate a line, comes from the
 * grammar's table and the names of devices.
 */
#ifndef XBR_CLI_COMPLETE_H
#define XBR_CLI_COMPLETE_H

#include <stdio.h>

/* Prints what the last of words (often "") may become, after those before it. Nothing when nothing is known.
 */
void complete_words(FILE *out, int count, const char *const words[]);

void complete_print_script(FILE *out);

#endif
