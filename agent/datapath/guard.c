// SPDX-License-Identifier: Apache-2.0
/* The map `allowed`, which is not mapped into memory: an LPM trie. */
#include <bpf/libbpf.h>

#include "datapath/datapath.h"
#include "datapath/hash.h"
#include "datapath/internal.h"

static int allowed_fd(const struct datapath *dp)
{
	return bpf_map__fd(dp->bpf->maps.allowed);
}

int datapath_allowed_put(struct datapath *dp, const struct xbr_allowed_key *key,
			 const struct xbr_allowed *value)
{
	return hash_set(allowed_fd(dp), key, value);
}

int datapath_allowed_remove(struct datapath *dp, const struct xbr_allowed_key *key)
{
	return hash_set(allowed_fd(dp), key, NULL);
}

int datapath_allowed_each(struct datapath *dp,
			  int (*visit)(const struct xbr_allowed_key *key, const struct xbr_allowed *value,
				       void *user),
			  void *user)
{
	struct xbr_allowed_key key;
	struct xbr_allowed value;
	bool begun = false;
	int err = 0;

	while (!err && hash_next(allowed_fd(dp), &begun, &key, &value))
		err = visit(&key, &value, user);
	return err;
}
