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

#define RULES_MAX 64
#define SEED      0x5eed

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
		return -EINVAL;
	snprintf(turned, sizeof(turned), "%s%s", is_not ? "!" : "", value);
	return acl_rule_word(rule, word, turned, NULL, error);
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

/* The map is shown under the number; the caller's descriptor and mapping are not needed any more. */
static int put_image(const struct datapath *dp, __u32 number, const struct acl_image *image)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_INNER_MAP | BPF_F_MMAPABLE);
	size_t size = ((size_t)image->count * XBR_ACL_CELL + 4095) & ~4095ul;
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "xbr_test", sizeof(__u32), XBR_ACL_CELL, image->count,
				&opts);
	void *memory = fd < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int err = memory == MAP_FAILED ? -errno : 0;

	if (!err) {
		memcpy(memory, image->cells, (size_t)image->count * XBR_ACL_CELL);
		munmap(memory, size);
		err = bpf_map_update_elem(bpf_map__fd(dp->skeleton->maps.acl_images), &number, &fd, BPF_ANY);
	}
	if (fd >= 0)
		close(fd);
	return err;
}

/* The host build's images: its world only points at them. */
static void *owned[HOST_LISTS];

int datapath_set_acl_image(const struct datapath *dp, __u32 number, struct acl_image *image)
{
	int err = 0;

	if (dp->skeleton) {
		err = put_image(dp, number, image);
		free(image->cells);
	} else {
		free(owned[number]);
		owned[number] = image->cells;
		host_acl.lists[number] = (struct host_acl_image){image->cells, image->count};
	}
	acl_image_close(image);
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
	return err ? err : datapath_set_acl_image(dp, number, &image);
}
