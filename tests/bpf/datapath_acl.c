// SPDX-License-Identifier: Apache-2.0
/* Access lists in a datapath of the tests: rules from words, compiled by the agent's compiler. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/model/acl_image.h"
#include "agent/model/acl_rule.h"
#include "datapath.h"
#include "host.h"
#include "skeleton.h"
#include "xbr/conn.h"

#define RULES_MAX 64
#define SEED      0x5eed

/* The sets of the tests: two, by name. */
static uint16_t set_of(const char *name, uint8_t kind, void *user)
{
	(void)user;
	if (!strcmp(name, "a1") && kind == XBR_ACL_SET_ADDRESSES)
		return 1;
	return !strcmp(name, "p1") && kind == XBR_ACL_SET_PORTS ? 2 : 0;
}

/* "m3" is meter 3. */
static uint16_t meter_of(const char *name, const void *meters)
{
	(void)meters;
	return name[0] == 'm' ? (uint16_t)strtoul(name + 1, NULL, 10) : 0;
}

static const struct acl_names names = {.set_of = set_of, .meter_of = meter_of};

static int take_word(struct xbr_acl_rule *rule, char **words, struct xbr_error *error)
{
	char *word = strsep(words, " "), *value, turned[64];
	bool is_not = !strcmp(word, "not");

	if (!strcmp(word, "permit") || !*word)
		return 0;
	if (!strcmp(word, "deny") || !strcmp(word, "log")) {
		rule->action.what |= word[0] == 'd' ? XBR_ACL_DENY : XBR_ACL_LOG;
		return 0;
	}
	word = is_not ? strsep(words, " ") : word;
	value = strsep(words, " ");
	if (!value)
		return xbr_refuse(error, -EINVAL, "%s needs a value", word);
	snprintf(turned, sizeof(turned), "%s%s", is_not ? "!" : "", value);
	return acl_rule_word(rule, word, turned, &names, error);
}

/* "p3" is port 3. */
static int parse_rule(char *line, struct xbr_acl_rule *rule)
{
	struct xbr_error error = {0};
	int err = 0;

	while (!err && line)
		err = take_word(rule, &line, &error);
	if (!err)
		err = acl_rule_finish(rule, &error);
	if (err)
		fprintf(stderr, "%s\n", error.message);
	if (rule->dev[0])
		rule->action.port = (__u16)strtoul(rule->dev + 1, NULL, 10);
	if (rule->mirror_dev[0])
		rule->action.mirror = (__u16)strtoul(rule->mirror_dev + 1, NULL, 10);
	return err;
}

static int parse_rules(const char *text, struct xbr_acl_rule *rules, __u32 *ret_count)
{
	char *copy = strdup(text), *rest = copy, *line;
	int err = 0;

	*ret_count = 0;
	while (!err && (line = strsep(&rest, "\n")) && *ret_count < RULES_MAX) {
		if (!*line)
			continue;
		rules[*ret_count].seq = 10 * (*ret_count + 1);
		err = parse_rule(line, &rules[(*ret_count)++]);
	}
	free(copy);
	return err;
}

/* What is loaded, by hook and number: cells are the heap's, or a mapping of the kernel's. */
static struct loaded {
	struct acl_image image;
	struct xbr_acl_count seen[RULES_MAX + 1]; /* by place in the list; the last: what no rule matched */
	bool is_mapping;
} loaded[HOOK_COUNT][HOST_LISTS];

static size_t octets_of(const struct acl_image *image)
{
	return ((size_t)image->count * XBR_ACL_CELL + 4095) & ~4095ul;
}

static void unload(struct loaded *l)
{
	if (l->is_mapping)
		munmap(l->image.cells, octets_of(&l->image));
	else
		free(l->image.cells);
	acl_image_close(&l->image);
	memset(l, 0, sizeof(*l));
}

/* Into a map of the kernel's, which is shown under the number. The image's cells are its memory then. */
static int put_image(const struct datapath *dp, __u32 number, struct acl_image *image)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_INNER_MAP | BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "xbr_test", sizeof(__u32), XBR_ACL_CELL, image->count,
				&opts);
	void *memory =
		fd < 0 ? MAP_FAILED : mmap(NULL, octets_of(image), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int err = memory == MAP_FAILED ? -errno : 0;

	if (!err) {
		memcpy(memory, image->cells, (size_t)image->count * XBR_ACL_CELL);
		free(image->cells);
		acl_image_move(image, memory);
		err = bpf_map_update_elem(bpf_map__fd(dp->skeleton->maps.acl_images), &number, &fd, BPF_ANY);
	}
	if (fd >= 0)
		close(fd);
	return err;
}

__u32 datapath_acl_buckets = XBR_ACL_CACHE_BUCKETS;

void datapath_drop_acl(const struct datapath *dp, __u32 number)
{
	unload(&loaded[dp->hook][number]);
}

int datapath_put_acl(const struct datapath *dp, __u32 number, struct acl_image *image)
{
	struct loaded *l = &loaded[dp->hook][number];
	int err = dp->skeleton ? put_image(dp, number, image) : 0;

	unload(l);
	l->image = *image;
	l->is_mapping = !err && dp->skeleton;
	if (!err && !dp->skeleton)
		host_acl.lists[number] = (struct host_acl_image){image->cells, image->count};
	return err;
}

int datapath_set_acl(const struct datapath *dp, __u32 number, const char *text)
{
	static __u32 epoch;
	struct acl_image_options options = {.name = "test",
					    .seed = SEED,
					    .epoch = ++epoch << 16,
					    .processors =
						    dp->skeleton ? (__u32)libbpf_num_possible_cpus() : 1};
	struct xbr_acl_rule rules[RULES_MAX] = {};
	struct acl_image image;
	__u32 count;
	int err = parse_rules(text, rules, &count);

	if (!err)
		err = acl_image_build(&image, &options, rules, count);
	return err ? err : datapath_put_acl(dp, number, &image);
}

__u32 datapath_acl_counted(const struct datapath *dp, __u32 number, __u32 *ret_frames)
{
	struct loaded *l = &loaded[dp->hook][number];
	__u32 count = acl_image_header(&l->image)->count, seq = 0;

	*ret_frames = 0;
	for (__u32 i = 0; i <= count; i++) {
		struct xbr_acl_count now =
			acl_image_counted(&l->image, i < count ? l->image.places[i].rule : 0);

		if (now.frames == l->seen[i].frames)
			continue;
		*ret_frames += (__u32)(now.frames - l->seen[i].frames);
		seq = i < count ? l->image.places[i].seq : 0;
		l->seen[i] = now;
	}
	return seq;
}

int datapath_set_members(const struct datapath *dp, const struct xbr_acl_member *members, __u32 count)
{
	struct xbr_acl_member key;
	__u32 one = 1;
	int err = 0, fd;

	if (!dp->skeleton) {
		memset(host_acl.members, 0, sizeof(host_acl.members));
		memcpy(host_acl.members, members, count * sizeof(*members));
		return 0;
	}
	fd = bpf_map__fd(dp->skeleton->maps.acl_members);
	while (!bpf_map_get_next_key(fd, NULL, &key))
		bpf_map_delete_elem(fd, &key);
	for (__u32 i = 0; i < count && !err; i++)
		err = bpf_map_update_elem(fd, &members[i], &one, BPF_ANY);
	return err;
}

/* ---- connections ---- */

#define CONN_BUCKETS 16 /* all are looked through where a port is at its limit */
#define CONN_HZ      100000
#define CONN_OCTETS  ((CONN_BUCKETS + 1ul) * XBR_ACL_CELL)

static char host_conns[CONN_OCTETS] __attribute__((aligned(64)));
static void *conn_cells[HOOK_COUNT];

static void *map_conns(const struct datapath *dp)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_INNER_MAP | BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "xbr_test", sizeof(__u32), XBR_ACL_CELL, CONN_BUCKETS + 1,
				&opts);
	void *memory = MAP_FAILED;
	__u32 number = XBR_CONN_TABLE;

	if (fd < 0)
		return NULL;
	if (!bpf_map_update_elem(bpf_map__fd(dp->skeleton->maps.acl_images), &number, &fd, BPF_ANY))
		memory = mmap(NULL, CONN_OCTETS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

int datapath_set_conns(const struct datapath *dp, __u32 limit)
{
	void *cells = dp->skeleton ? map_conns(dp) : host_conns;

	if (!cells)
		return -ENOMEM;
	if (dp->skeleton && conn_cells[dp->hook])
		munmap(conn_cells[dp->hook], CONN_OCTETS);
	conn_cells[dp->hook] = cells;
	memset(cells, 0, CONN_OCTETS);
	*(struct xbr_conn_header *)cells = (struct xbr_conn_header){.seed = SEED,
								    .layout = XBR_CONN_LAYOUT,
								    .mask = CONN_BUCKETS - 1,
								    .hz = CONN_HZ,
								    .limit = limit};
	if (!dp->skeleton)
		host_acl.conns = (struct host_acl_image){cells, CONN_BUCKETS + 1};
	for (__u32 port = 0; port < HOST_PORTS; port++)
		dp->tables.port_live[port].conns = 0;
	return 0;
}

void datapath_age_conns(const struct datapath *dp, double seconds)
{
	struct xbr_conn_bucket *buckets =
		(struct xbr_conn_bucket *)((char *)conn_cells[dp->hook] + XBR_ACL_CELL);

	for (__u32 i = 0; i < CONN_BUCKETS * XBR_CONN_WAYS; i++)
		buckets[i / XBR_CONN_WAYS].data[i % XBR_CONN_WAYS].seen -= (__u32)(seconds * CONN_HZ);
}
