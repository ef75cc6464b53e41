// SPDX-License-Identifier: Apache-2.0
#include "net/netns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define FOUND 1

struct search {
	struct rtnl *rtnl;
	int nsid;
	int fd;      /* the namespace, once found */
	bool denied; /* some could not be opened */
	ino_t *seen;
	size_t seen_count;
	size_t seen_room;
};

/* Sets *ret_new, and remembers the namespace, if it was not met before. */
static int remember(struct search *search, ino_t inode, bool *ret_new)
{
	for (size_t i = 0; i < search->seen_count; i++)
		if (search->seen[i] == inode) {
			*ret_new = false;
			return 0;
		}
	if (search->seen_count == search->seen_room) {
		size_t room = search->seen_room ? search->seen_room * 2 : 64;
		ino_t *seen = reallocarray(search->seen, room, sizeof(*seen));

		if (!seen)
			return -ENOMEM;
		search->seen = seen;
		search->seen_room = room;
	}
	search->seen[search->seen_count++] = inode;
	*ret_new = true;
	return 0;
}

/* Whether the open file is the namespace looked for: FOUND, 0 or -errno. */
static int judge(struct search *search, int fd)
{
	struct statfs filesystem;
	struct stat status;
	bool new;
	int err;

	if (fstatfs(fd, &filesystem) || filesystem.f_type != NSFS_MAGIC || fstat(fd, &status))
		return 0;
	err = remember(search, status.st_ino, &new);
	if (err || !new)
		return err;
	return rtnl_nsid_of_fd(search->rtnl, fd) == search->nsid ? FOUND : 0;
}

static int open_error(struct search *search, int code)
{
	if (code == EMFILE || code == ENFILE || code == ENOMEM)
		return -code;
	if (code == EACCES || code == EPERM)
		search->denied = true;
	return 0; /* a process that ended, a name that is no process */
}

static int try_path(struct search *search, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int result;

	if (fd < 0)
		return open_error(search, errno);
	result = judge(search, fd);
	if (result == FOUND)
		search->fd = fd;
	else
		close(fd);
	return result;
}

/* Tries directory/ENTRY/suffix for every entry there is. */
static int try_directory(struct search *search, const char *directory, const char *suffix)
{
	const struct dirent *entry;
	DIR *stream = opendir(directory);
	char path[PATH_MAX];
	int result = 0;

	if (!stream)
		return open_error(search, errno);
	while (!result && (entry = readdir(stream))) {
		snprintf(path, sizeof(path), "%s/%s%s", directory, entry->d_name, suffix);
		result = try_path(search, path);
	}
	closedir(stream);
	return result;
}

int netns_find(struct rtnl *rtnl, int nsid, int *ret_fd)
{
	struct search search = {.rtnl = rtnl, .nsid = nsid};
	int result;

	if (nsid < 0)
		return -ENOENT;
	result = try_directory(&search, "/run/netns", "");
	if (!result)
		result = try_directory(&search, "/proc", "/ns/net");
	free(search.seen);
	if (result < 0)
		return result;
	if (result != FOUND)
		return search.denied ? -EPERM : -ENOENT;
	*ret_fd = search.fd;
	return 0;
}
