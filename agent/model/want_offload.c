// SPDX-License-Identifier: Apache-2.0
/* Settings of devices' own abilities in a want. What a device takes is judged by the transaction. */
#include <stdlib.h>

#include "model/want.h"

struct want_offload *want_offload_find(const struct want *want, const struct xbr_offload_key *key)
{
	struct want_offload *offload;

	HASH_FIND(hh, want->offloads, key, sizeof(*key), offload);
	return offload;
}

int want_offload_set(struct want *want, const struct xbr_offload_key *key, uint64_t value,
		     struct xbr_error *error)
{
	struct want_offload *offload = want_offload_find(want, key);

	if (!offload) {
		offload = calloc(1, sizeof(*offload));
		if (!offload)
			return xbr_refuse(error, -ENOMEM, "out of memory");
		offload->key = *key;
		HASH_ADD(hh, want->offloads, key, sizeof(offload->key), offload);
	}
	offload->value = value;
	offload->at = want->at;
	return 0;
}

void want_offload_unset(struct want *want, struct want_offload *offload)
{
	HASH_DEL(want->offloads, offload);
	free(offload);
}
