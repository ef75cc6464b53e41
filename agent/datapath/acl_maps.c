// SPDX-License-Identifier: Apache-2.0
#include "datapath/acl_maps.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "datapath/hash.h"
#include "datapath/internal.h"

#define IMAGE_PIN     "acl-%u"
#define IMAGE_PIN_NEW "acl-%u-new" /* until the number's former one is replaced */

static const struct pins_set *set_in_use(const struct datapath *dp)
{
	return dp->has_fresh_set ? &dp->fresh_set : &dp->pins.current;
}

static void image_path(const struct datapath *dp, const struct pins_set *set, const char *format,
		       uint32_t number, char path[PATH_MAX])
{
	char name[32];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(name, sizeof(name), format, number);
#pragma GCC diagnostic pop
	pins_map_path(&dp->pins, set, name, path);
}

/* ---- images ---- */

static int image_make(uint32_t count)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_INNER_MAP | BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "acl_image", sizeof(__u32), XBR_ACL_CELL, count, &opts);

	return fd < 0 ? -errno : fd;
}

static int image_show(struct datapath *dp, uint32_t number, int fd)
{
	return bpf_map_update_elem(bpf_map__fd(dp->bpf->maps.acl_images), &number, &fd, BPF_ANY) ? -errno : 0;
}

/* Pinned under its lasting name before it is shown: an agent that comes back shows what is pinned. */
static int image_pin(struct datapath *dp, uint32_t number, int fd)
{
	char lasting[PATH_MAX], fresh[PATH_MAX];

	image_path(dp, set_in_use(dp), IMAGE_PIN, number, lasting);
	image_path(dp, set_in_use(dp), IMAGE_PIN_NEW, number, fresh);
	unlink(fresh);
	if (bpf_obj_pin(fd, fresh) || rename(fresh, lasting))
		return -errno;
	return 0;
}

int acl_maps_put(struct datapath *dp, uint32_t number, const void *cells, uint32_t count, void **ret_cells)
{
	size_t size;
	void *memory;
	int fd = image_make(count), err;

	if (fd < 0)
		return fd;
	memory = datapath_map_memory(fd, &size);
	err = memory ? 0 : -ENOMEM;
	if (!err) {
		memcpy(memory, cells, (size_t)count * XBR_ACL_CELL);
		err = image_pin(dp, number, fd);
	}
	if (!err)
		err = image_show(dp, number, fd);
	close(fd);
	if (!err)
		*ret_cells = memory;
	else if (memory)
		munmap(memory, size);
	return err;
}

void acl_maps_remove(struct datapath *dp, uint32_t number)
{
	char path[PATH_MAX];

	bpf_map_delete_elem(bpf_map__fd(dp->bpf->maps.acl_images), &number);
	image_path(dp, set_in_use(dp), IMAGE_PIN, number, path);
	unlink(path);
}

void acl_maps_unmap(void *cells, uint32_t count)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (cells)
		munmap(cells, ((size_t)count * XBR_ACL_CELL + page - 1) & ~(page - 1));
}

/* The kernel waits for all programs when an entry of a map of maps is replaced; entry 0 is no list's. */
void acl_maps_wait(struct datapath *dp)
{
	int fd = image_make(1);

	if (fd < 0)
		return;
	image_show(dp, 0, fd);
	close(fd);
}

/* ---- what an earlier agent left ---- */

static int image_entries(int fd, uint32_t *ret_count)
{
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return -errno;
	*ret_count = info.max_entries;
	return info.value_size == XBR_ACL_CELL ? 0 : -EINVAL;
}

/* Calls visit(number, fd) for each image that is pinned in a set. */
static int each_pin(const struct datapath *dp, const struct pins_set *set,
		    int (*visit)(uint32_t number, int fd, void *user), void *user)
{
	char path[PATH_MAX], end;
	struct dirent *entry;
	uint32_t number;
	DIR *stream;
	int err = 0, fd;

	pins_map_path(&dp->pins, set, "", path);
	stream = opendir(path);
	if (!stream)
		return -errno;
	while (!err && (entry = readdir(stream))) {
		if (sscanf(entry->d_name, IMAGE_PIN "%c", &number, &end) != 1)
			continue;
		fd = datapath_open_pinned(&dp->pins, set, entry->d_name);
		err = fd < 0 ? fd : visit(number, fd, user);
		if (fd >= 0)
			close(fd);
	}
	closedir(stream);
	return err;
}

struct walk {
	struct datapath *dp;
	int (*visit)(uint32_t number, void *cells, uint32_t count, void *user);
	void *user;
};

static int adopt_image(uint32_t number, int fd, void *user)
{
	const struct walk *walk = user;
	uint32_t count = 0;
	size_t size;
	void *memory;
	int err = image_entries(fd, &count);

	if (!err)
		err = image_show(walk->dp, number, fd);
	if (err)
		return err;
	memory = datapath_map_memory(fd, &size);
	return memory ? walk->visit(number, memory, count, walk->user) : -ENOMEM;
}

int acl_maps_each(struct datapath *dp, int (*visit)(uint32_t number, void *cells, uint32_t count, void *user),
		  void *user)
{
	struct walk walk = {dp, visit, user};

	return each_pin(dp, set_in_use(dp), adopt_image, &walk);
}

/* ---- VLANs ---- */

int acl_maps_set_vlan(struct datapath *dp, uint32_t bridge, uint32_t vid, struct xbr_acl_bound bound)
{
	__u32 key = bridge << 16 | vid;

	return hash_set(bpf_map__fd(dp->bpf->maps.acl_vlans), &key, bound.in || bound.out ? &bound : NULL);
}

void acl_maps_each_vlan(struct datapath *dp,
			void (*visit)(uint32_t bridge, uint32_t vid, struct xbr_acl_bound bound, void *user),
			void *user)
{
	int fd = bpf_map__fd(dp->bpf->maps.acl_vlans);
	struct xbr_acl_bound bound;
	bool begun = false;
	__u32 key;

	while (hash_next(fd, &begun, &key, &bound))
		visit(key >> 16, key & 0xffff, bound, user);
}

/* ---- sets ---- */

int acl_maps_add_member(struct datapath *dp, const struct xbr_acl_member *member)
{
	__u32 one = 1;

	return bpf_map_update_elem(bpf_map__fd(dp->bpf->maps.acl_members), member, &one, BPF_NOEXIST) ? -errno
												      : 0;
}

int acl_maps_del_member(struct datapath *dp, const struct xbr_acl_member *member)
{
	return bpf_map_delete_elem(bpf_map__fd(dp->bpf->maps.acl_members), member) ? -errno : 0;
}

static void each_member(int fd, void (*visit)(const struct xbr_acl_member *member, void *user), void *user)
{
	struct xbr_acl_member key, *previous = NULL;

	while (!bpf_map_get_next_key(fd, previous, &key)) {
		visit(&key, user);
		previous = &key;
	}
}

void acl_maps_each_member(struct datapath *dp, void (*visit)(const struct xbr_acl_member *member, void *user),
			  void *user)
{
	each_member(bpf_map__fd(dp->bpf->maps.acl_members), visit, user);
}

/* ---- from a former set ---- */

static int carry_image(uint32_t number, int fd, void *user)
{
	return image_pin(user, number, fd);
}

static void carry_member(const struct xbr_acl_member *member, void *user)
{
	acl_maps_add_member(user, member);
}

static int carry_vlans(struct datapath *dp, const struct pins_set *former)
{
	int from = datapath_open_pinned(&dp->pins, former, "acl_vlans"), err = 0;
	struct xbr_acl_bound bound;
	bool begun = false;
	__u32 key;

	if (from < 0)
		return from;
	while (!err && hash_next(from, &begun, &key, &bound))
		err = acl_maps_set_vlan(dp, key >> 16, key & 0xffff, bound);
	close(from);
	return err;
}

/* The images themselves go on: they are only pinned in another place. */
int acl_maps_carry(struct datapath *dp, const struct pins_set *former)
{
	int members = datapath_open_pinned(&dp->pins, former, "acl_members");
	int err = each_pin(dp, former, carry_image, dp);

	if (members == -ENOENT) /* of an agent that had no access lists */
		return 0;
	if (members < 0)
		return members;
	each_member(members, carry_member, dp);
	close(members);
	return err ? err : carry_vlans(dp, former);
}
