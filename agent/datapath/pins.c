// SPDX-License-Identifier: Apache-2.0
#include "datapath/pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define BPFFS_MAGIC 0xcafe4a11
#define BPFFS_USUAL "/sys/fs/bpf"
#define SET_MARK    "complete"
#define LINKS       "links"

/* ---- the directory ---- */

static bool is_bpffs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && (unsigned long)fs.f_type == BPFFS_MAGIC;
}

/* mkdir -p; the directories made are for the agent's user only. */
static int make_dirs(const char *dir)
{
	char path[PATH_MAX];
	char *slash;

	snprintf(path, sizeof(path), "%s", dir);
	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST && errno != EROFS && access(path, F_OK))
			return -errno;
		*slash = '/';
	}
	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	return 0;
}

static int mount_bpffs(const char *path, struct xbr_error *error)
{
	if (mount("bpf", path, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
		return xbr_refuse(error, -errno, "cannot mount bpffs on %s: %s", path, strerror(errno));
	return 0;
}

/* The usual place is a directory of sysfs, where none can be made: mount there first. */
static int mount_usual_place(const char *dir, struct xbr_error *error)
{
	size_t length = strlen(BPFFS_USUAL);

	if (strncmp(dir, BPFFS_USUAL, length) || (dir[length] && dir[length] != '/'))
		return 0;
	if (access(BPFFS_USUAL, F_OK) || is_bpffs(BPFFS_USUAL))
		return 0;
	return mount_bpffs(BPFFS_USUAL, error);
}

static int make_pin_dir(const char *dir, struct xbr_error *error)
{
	int err = mount_usual_place(dir, error);

	if (err)
		return err;
	err = make_dirs(dir);
	if (err)
		return xbr_refuse(error, err, "cannot make the pin directory %s: %s", dir, strerror(-err));
	return is_bpffs(dir) ? 0 : mount_bpffs(dir, error);
}

static int take_lock(struct pins *pins, struct xbr_error *error)
{
	pins->lock_fd = open(pins->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (pins->lock_fd < 0)
		return xbr_refuse(error, -errno, "cannot open the pin directory %s: %s", pins->dir,
				  strerror(errno));
	if (flock(pins->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	close(pins->lock_fd);
	pins->lock_fd = -1;
	return xbr_refuse(error, -EBUSY, "another xbrd is using the pin directory %s", pins->dir);
}

/* ---- sets ---- */

static void set_path(const struct pins *pins, const struct pins_set *set, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/v%u-%u", pins->dir, set->abi, set->serial);
}

void pins_map_path(const struct pins *pins, const struct pins_set *set, const char *map, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/v%u-%u/%s", pins->dir, set->abi, set->serial, map);
}

void pins_link_path(const struct pins *pins, unsigned int port, const char *hook, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/" LINKS "/p%u-%s", pins->dir, port, hook);
}

static void remove_files(const char *dir)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *stream = opendir(dir);

	if (!stream)
		return;
	while ((entry = readdir(stream))) {
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) < (int)sizeof(path))
			unlink(path);
	}
	closedir(stream);
}

int pins_set_create(const struct pins *pins, const struct pins_set *set)
{
	char path[PATH_MAX];

	set_path(pins, set, path);
	return mkdir(path, 0700) ? -errno : 0;
}

int pins_set_complete(struct pins *pins, const struct pins_set *set, int any_map_fd)
{
	char path[PATH_MAX];

	pins_map_path(pins, set, SET_MARK, path);
	if (bpf_obj_pin(any_map_fd, path))
		return -errno;
	pins->current = *set;
	pins->has_current = true;
	return 0;
}

int pins_set_remove(const struct pins *pins, const struct pins_set *set)
{
	char path[PATH_MAX];

	/* the mark goes first: a half removed set is an incomplete one */
	pins_map_path(pins, set, SET_MARK, path);
	unlink(path);
	set_path(pins, set, path);
	remove_files(path);
	return rmdir(path) ? -errno : 0;
}

static bool set_is_complete(const struct pins *pins, const struct pins_set *set)
{
	char path[PATH_MAX];

	pins_map_path(pins, set, SET_MARK, path);
	return access(path, F_OK) == 0;
}

/* A later set holds all that an earlier one did, so the higher serial wins; what else lies there is left
 * over. */
static void consider_set(struct pins *pins, const struct pins_set *found)
{
	if (!set_is_complete(pins, found)) {
		pins_set_remove(pins, found);
		return;
	}
	if (pins->has_current && pins->current.serial > found->serial) {
		pins_set_remove(pins, found);
		return;
	}
	if (pins->has_current)
		pins_set_remove(pins, &pins->current);
	pins->current = *found;
	pins->has_current = true;
}

static int find_current(struct pins *pins)
{
	struct dirent *entry;
	struct pins_set set;
	DIR *stream = opendir(pins->dir);
	char end;

	if (!stream)
		return -errno;
	while ((entry = readdir(stream)))
		if (sscanf(entry->d_name, "v%u-%u%c", &set.abi, &set.serial, &end) == 2)
			consider_set(pins, &set);
	closedir(stream);
	return 0;
}

/* ---- the whole ---- */

static int make_links_dir(const struct pins *pins)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/" LINKS, pins->dir);
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

int pins_open(struct pins *pins, const char *dir, struct xbr_error *error)
{
	int err;

	memset(pins, 0, sizeof(*pins));
	pins->lock_fd = -1;
	if (dir[0] != '/' || strlen(dir) >= sizeof(pins->dir))
		return xbr_refuse(error, -EINVAL, "the pin directory must be an absolute path: %s", dir);
	strcpy(pins->dir, dir);
	err = make_pin_dir(dir, error);
	if (!err)
		err = take_lock(pins, error);
	if (err)
		return err;
	err = make_links_dir(pins);
	if (!err)
		err = find_current(pins);
	if (err) {
		pins_close(pins);
		return xbr_refuse(error, err, "cannot use the pin directory %s: %s", dir, strerror(-err));
	}
	return 0;
}

void pins_close(struct pins *pins)
{
	if (pins->lock_fd >= 0)
		close(pins->lock_fd);
	pins->lock_fd = -1;
}

int pins_link_each(const struct pins *pins,
		   int (*visit)(unsigned int port, const char *hook, const char *path, void *user),
		   void *user)
{
	char dir[PATH_MAX], path[PATH_MAX], hook[16];
	struct dirent *entry;
	unsigned int port;
	DIR *stream;
	int ret = 0;

	snprintf(dir, sizeof(dir), "%s/" LINKS, pins->dir);
	stream = opendir(dir);
	if (!stream)
		return -errno;
	while (!ret && (entry = readdir(stream))) {
		if (sscanf(entry->d_name, "p%u-%15s", &port, hook) != 2)
			continue;
		pins_link_path(pins, port, hook, path);
		ret = visit(port, hook, path, user);
	}
	closedir(stream);
	return ret;
}

void pins_remove_all(struct pins *pins)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/" LINKS, pins->dir);
	remove_files(path);
	rmdir(path);
	if (pins->has_current)
		pins_set_remove(pins, &pins->current);
	pins->has_current = false;
	rmdir(pins->dir); /* stays where it is a mount point or holds what is not ours */
}
