// SPDX-License-Identifier: Apache-2.0
/* The map `offload_saved`. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "datapath/datapath.h"
#include "datapath/internal.h"

int datapath_offload_set(struct datapath *dp, const struct xbr_offload_key *key,
			 const struct xbr_offload_saved *value)
{
	int fd = bpf_map__fd(dp->bpf->maps.offload_saved);
	int err = value ? bpf_map_update_elem(fd, key, value, BPF_ANY) : bpf_map_delete_elem(fd, key);

	if (err && !value && errno == ENOENT)
		return 0;
	return err ? -errno : 0;
}

int datapath_offload_each(struct datapath *dp,
			  int (*visit)(const struct xbr_offload_key *key,
				       const struct xbr_offload_saved *value, void *user),
			  void *user)
{
	int fd = bpf_map__fd(dp->bpf->maps.offload_saved), err = 0;
	struct xbr_offload_key key, *previous = NULL;
	struct xbr_offload_saved value;

	while (!err && !bpf_map_get_next_key(fd, previous, &key)) {
		if (!bpf_map_lookup_elem(fd, &key, &value))
			err = visit(&key, &value, user);
		previous = &key;
	}
	return err;
}
