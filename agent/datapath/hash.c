// SPDX-License-Identifier: Apache-2.0
#include "datapath/hash.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stddef.h>

int hash_get(int fd, const void *key, void *ret_value)
{
	return bpf_map_lookup_elem(fd, key, ret_value) ? -errno : 0;
}

int hash_set(int fd, const void *key, const void *value)
{
	int err = value ? bpf_map_update_elem(fd, key, value, BPF_ANY) : bpf_map_delete_elem(fd, key);

	if (err && !value && errno == ENOENT)
		return 0;
	return err ? -errno : 0;
}

bool hash_next(int fd, bool *begun, void *key, void *ret_value)
{
	do {
		if (bpf_map_get_next_key(fd, *begun ? key : NULL, key))
			return false;
		*begun = true;
	} while (bpf_map_lookup_elem(fd, key, ret_value));
	return true;
}
