// SPDX-License-Identifier: Apache-2.0
/* The maps of spanning trees that are hashes: few bridges have more than one tree. */
#include "datapath/datapath.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "datapath/internal.h"

static int read_entry(const struct bpf_map *map, const void *key, void *ret_value)
{
	return bpf_map_lookup_elem(bpf_map__fd(map), key, ret_value) ? -errno : 0;
}

/* value NULL: no entry any more. */
static int write_entry(const struct bpf_map *map, const void *key, const void *value)
{
	int fd = bpf_map__fd(map);
	int err = value ? bpf_map_update_elem(fd, key, value, BPF_ANY) : bpf_map_delete_elem(fd, key);

	if (err && !value && errno == ENOENT)
		return 0;
	return err ? -errno : 0;
}

int datapath_mst_read(struct datapath *dp, uint32_t bridge, struct xbr_mst_saved *ret_saved)
{
	return read_entry(dp->bpf->maps.mst_saved, &bridge, ret_saved);
}

int datapath_mst_write(struct datapath *dp, uint32_t bridge, const struct xbr_mst_saved *saved)
{
	return write_entry(dp->bpf->maps.mst_saved, &bridge, saved);
}

int datapath_mst_port_write(struct datapath *dp, uint32_t port, uint16_t mstid,
			    const struct xbr_mst_port *saved)
{
	struct xbr_mst_port_key key = {.port = (__u16)port, .mstid = mstid};

	return write_entry(dp->bpf->maps.mst_port_saved, &key, saved);
}

int datapath_mst_port_each(struct datapath *dp,
			   int (*visit)(const struct xbr_mst_port_key *key, const struct xbr_mst_port *value,
					void *user),
			   void *user)
{
	int fd = bpf_map__fd(dp->bpf->maps.mst_port_saved), err = 0;
	struct xbr_mst_port_key key, *previous = NULL;
	struct xbr_mst_port value;

	while (!err && !bpf_map_get_next_key(fd, previous, &key)) {
		if (!bpf_map_lookup_elem(fd, &key, &value))
			err = visit(&key, &value, user);
		previous = &key;
	}
	return err;
}

int datapath_stp_msti_read(struct datapath *dp, uint32_t port, uint16_t mstid,
			   struct xbr_stp_saved *ret_saved)
{
	struct xbr_mst_port_key key = {.port = (__u16)port, .mstid = mstid};

	return read_entry(dp->bpf->maps.stp_msti_saved, &key, ret_saved);
}

int datapath_stp_msti_write(struct datapath *dp, uint32_t port, uint16_t mstid,
			    const struct xbr_stp_saved *saved)
{
	struct xbr_mst_port_key key = {.port = (__u16)port, .mstid = mstid};

	return write_entry(dp->bpf->maps.stp_msti_saved, &key, saved);
}
