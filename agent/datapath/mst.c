// SPDX-License-Identifier: Apache-2.0
/* The maps of spanning trees that are hashes: few bridges have more than one tree. */
#include "datapath/datapath.h"

#include <bpf/libbpf.h>

#include "datapath/hash.h"
#include "datapath/internal.h"

int datapath_mst_read(struct datapath *dp, uint32_t bridge, struct xbr_mst_saved *ret_saved)
{
	return hash_get(bpf_map__fd(dp->bpf->maps.mst_saved), &bridge, ret_saved);
}

int datapath_mst_write(struct datapath *dp, uint32_t bridge, const struct xbr_mst_saved *saved)
{
	return hash_set(bpf_map__fd(dp->bpf->maps.mst_saved), &bridge, saved);
}

int datapath_mst_port_write(struct datapath *dp, uint32_t port, uint16_t mstid,
			    const struct xbr_mst_port *saved)
{
	struct xbr_mst_port_key key = {.port = (__u16)port, .mstid = mstid};

	return hash_set(bpf_map__fd(dp->bpf->maps.mst_port_saved), &key, saved);
}

int datapath_mst_port_each(struct datapath *dp,
			   int (*visit)(const struct xbr_mst_port_key *key, const struct xbr_mst_port *value,
					void *user),
			   void *user)
{
	int fd = bpf_map__fd(dp->bpf->maps.mst_port_saved), err = 0;
	struct xbr_mst_port_key key;
	struct xbr_mst_port value;
	bool begun = false;

	while (!err && hash_next(fd, &begun, &key, &value))
		err = visit(&key, &value, user);
	return err;
}

int datapath_stp_msti_read(struct datapath *dp, uint32_t port, uint16_t mstid,
			   struct xbr_stp_saved *ret_saved)
{
	struct xbr_mst_port_key key = {.port = (__u16)port, .mstid = mstid};

	return hash_get(bpf_map__fd(dp->bpf->maps.stp_msti_saved), &key, ret_saved);
}

int datapath_stp_msti_write(struct datapath *dp, uint32_t port, uint16_t mstid,
			    const struct xbr_stp_saved *saved)
{
	struct xbr_mst_port_key key = {.port = (__u16)port, .mstid = mstid};

	return hash_set(bpf_map__fd(dp->bpf->maps.stp_msti_saved), &key, saved);
}
