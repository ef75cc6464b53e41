/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: read at once, and replaced so that at every moment either the old or the new one is there. */
#ifndef XBR_CLI_FILE_H
#define XBR_CLI_FILE_H

#include <stddef.h>

#include "error.h"

/* path "-": standard input. *ret_text is for free(). CLI_REFUSED when it cannot be read. */
int file_read(const char *path, char **ret_text, size_t *ret_length, struct cli_error *error);

/*
 * On failure the file is as it was. A symbolic link to a file is followed, mode and owner of an existing file
 * are kept. What is no regular file (a device, a pipe) is written to instead.
 */
int file_replace(const char *path, const char *text, size_t length, struct cli_error *error);

#endif
