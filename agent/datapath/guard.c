// SPDX-License-Identifier: Apache-2.0
/* The map `allowed`, which is not mapped into memory: an LPM trie. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "datapath/datapath.h"
#include "datapath/internal.h"

static int allowed_fd(const struct datapath *dp)
{
	return bpf_map__fd(dp->bpf->maps.allowed);
}

int datapath_allowed_put(struct datapath *dp, const struct xbr_allowed_key *key,
			 const struct xbr_allowed *value)
{
	return bpf_map_update_elem(allowed_fd(dp), key, value, BPF_ANY) ? -errno : 0;
}

int datapath_allowed_remove(struct datapath *dp, const struct xbr_allowed_key *key)
{
	return bpf_map_delete_elem(allowed_fd(dp), key) && errno != ENOENT ? -errno : 0;
}

int datapath_allowed_walk(int fd,
			  int (*visit)(const struct xbr_allowed_key *key, const struct xbr_allowed *value,
				       void *user),
			  void *user)
{
	struct xbr_allowed_key key, *previous = NULL;
	struct xbr_allowed value;
	int err = 0;

	while (!err && !bpf_map_get_next_key(fd, previous, &key)) {
		if (!bpf_map_lookup_elem(fd, &key, &value))
			err = visit(&key, &value, user);
		previous = &key;
	}
	return err;
}

int datapath_allowed_each(struct datapath *dp,
			  int (*visit)(const struct xbr_allowed_key *key, const struct xbr_allowed *value,
				       void *user),
			  void *user)
{
	return datapath_allowed_walk(allowed_fd(dp), visit, user);
}
