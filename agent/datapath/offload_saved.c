// SPDX-License-Identifier: Apache-2.0
/* The map `offload_saved`. */
#include <bpf/libbpf.h>

#include "datapath/datapath.h"
#include "datapath/hash.h"
#include "datapath/internal.h"

int datapath_offload_set(struct datapath *dp, const struct xbr_offload_key *key,
			 const struct xbr_offload_saved *value)
{
	return hash_set(bpf_map__fd(dp->bpf->maps.offload_saved), key, value);
}

int datapath_offload_each(struct datapath *dp,
			  int (*visit)(const struct xbr_offload_key *key,
				       const struct xbr_offload_saved *value, void *user),
			  void *user)
{
	int fd = bpf_map__fd(dp->bpf->maps.offload_saved), err = 0;
	struct xbr_offload_key key;
	struct xbr_offload_saved value;
	bool begun = false;

	while (!err && hash_next(fd, &begun, &key, &value))
		err = visit(&key, &value, user);
	return err;
}
