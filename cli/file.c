/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- reading ------------------------------------------------------------------------------------- */

static int read_stream(FILE *stream, char **ret_text, size_t *ret_length)
{
	size_t size = 0;
	size_t length = 0;
	char *text = NULL;

	do {
		char *bigger;

		size = size * 2 + 65536;
		bigger = realloc(text, size);
		if (!bigger) {
			free(text);
			return -ENOMEM;
		}
		text = bigger;
		length += fread(text + length, 1, size - length, stream);
	} while (length == size);
	if (ferror(stream)) {
		int err = -errno;

		free(text);
		return err;
	}
	*ret_text = text;
	*ret_length = length;
	return 0;
}

int file_read(const char *path, char **ret_text, size_t *ret_length, struct cli_error *error)
{
	FILE *stream = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	int err = stream ? read_stream(stream, ret_text, ret_length) : -errno;

	if (stream && stream != stdin)
		fclose(stream);
	if (err)
		return cli_refuse(error, CLI_REFUSED, "cannot read %s: %s", path, strerror(-err));
	return 0;
}

/* ---- replacing ----------------------------------------------------------------------------------- */

static int write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		text += written;
		length -= (size_t)written;
	}
	return 0;
}

/* The mode and owner of the file that is there, else what the umask leaves of 0666. */
static int copy_mode(const char *path, int fd)
{
	struct stat old;
	mode_t mask;

	if (stat(path, &old) == 0)
		return fchown(fd, old.st_uid, old.st_gid) == 0 && fchmod(fd, old.st_mode & 07777) == 0
			       ? 0
			       : -errno;
	mask = umask(0);
	umask(mask);
	return fchmod(fd, 0666 & ~mask) == 0 ? 0 : -errno;
}

/* Makes the renaming itself last. */
static int sync_folder(const char *path)
{
	char folder[PATH_MAX];
	int err = 0;
	int fd;

	snprintf(folder, sizeof(folder), "%s", path);
	fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fsync(fd) != 0)
		err = -errno;
	close(fd);
	return err;
}

/* Fills the new file and closes fd. */
static int fill_new(int fd, const char *path, const char *text, size_t length)
{
	int err = write_all(fd, text, length);

	if (err == 0)
		err = copy_mode(path, fd);
	if (err == 0 && fsync(fd) != 0)
		err = -errno;
	if (close(fd) != 0 && err == 0)
		err = -errno;
	return err;
}

static int replace(const char *path, const char *text, size_t length)
{
	char new_path[PATH_MAX];
	int err;
	int fd;

	if (snprintf(new_path, sizeof(new_path), "%s.XXXXXX", path) >= (int)sizeof(new_path))
		return -ENAMETOOLONG;
	fd = mkostemp(new_path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = fill_new(fd, path, text, length);
	if (err == 0 && rename(new_path, path) != 0)
		err = -errno;
	if (err) {
		unlink(new_path);
		return err;
	}
	return sync_folder(path);
}

/* A device or a pipe cannot be replaced, and must not be: it is written to. */
static int write_through(const char *path, const char *text, size_t length)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = write_all(fd, text, length);
	if (close(fd) != 0 && err == 0)
		err = -errno;
	return err;
}

static bool is_special(const char *path)
{
	struct stat found;

	return stat(path, &found) == 0 && !S_ISREG(found.st_mode);
}

int file_replace(const char *path, const char *text, size_t length, struct cli_error *error)
{
	char *real = realpath(path, NULL); /* NULL: a new file */
	int err;

	if (is_special(path))
		err = write_through(path, text, length);
	else
		err = replace(real ? real : path, text, length);
	free(real);
	if (err)
		return cli_refuse(error, CLI_REFUSED, "cannot write %s: %s", path, strerror(-err));
	return 0;
}
