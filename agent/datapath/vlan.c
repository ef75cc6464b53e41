// SPDX-License-Identifier: Apache-2.0
/* The maps of VLANs that are hashes: mappings and counters. The others are arrays, mapped; see datapath.h. */
#include "datapath/datapath.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "datapath/hash.h"
#include "datapath/internal.h"

int datapath_set_vlan_map(struct datapath *dp, const struct xbr_vlan_map_key *key,
			  const struct xbr_vlan_map *value)
{
	return hash_set(bpf_map__fd(dp->bpf->maps.vlan_map), key, value);
}

int datapath_vlan_map_each(struct datapath *dp,
			   int (*visit)(const struct xbr_vlan_map_key *key, const struct xbr_vlan_map *value,
					void *user),
			   void *user)
{
	int fd = bpf_map__fd(dp->bpf->maps.vlan_map), err = 0;
	struct xbr_vlan_map_key key;
	struct xbr_vlan_map value;
	bool begun = false;

	while (!err && hash_next(fd, &begun, &key, &value))
		err = visit(&key, &value, user);
	return err;
}

int datapath_vlan_stats_read(struct datapath *dp, uint32_t port, uint16_t vid,
			     struct xbr_vlan_stats *ret_stats)
{
	struct xbr_vlan_stats_key key = {.port = (__u16)port, .vid = vid};
	struct xbr_vlan_stats *per_cpu = calloc((size_t)dp->cpus, sizeof(*per_cpu));
	struct xbr_vlan_stats sum = {};

	if (!per_cpu)
		return -ENOMEM;
	if (!bpf_map_lookup_elem(bpf_map__fd(dp->bpf->maps.vlan_stats), &key, per_cpu)) {
		for (int cpu = 0; cpu < dp->cpus; cpu++) {
			sum.rx_frames += per_cpu[cpu].rx_frames;
			sum.rx_bytes += per_cpu[cpu].rx_bytes;
			sum.tx_frames += per_cpu[cpu].tx_frames;
			sum.tx_bytes += per_cpu[cpu].tx_bytes;
		}
	}
	free(per_cpu);
	*ret_stats = sum;
	return 0;
}

/* A key is deleted only when the next one is known: else the walk would begin anew. */
void datapath_vlan_stats_drop(struct datapath *dp,
			      bool (*is_to_go)(const struct xbr_vlan_stats_key *key, void *user), void *user)
{
	int fd = bpf_map__fd(dp->bpf->maps.vlan_stats);
	struct xbr_vlan_stats_key key, next;
	bool more = !bpf_map_get_next_key(fd, NULL, &next);

	while (more) {
		key = next;
		more = !bpf_map_get_next_key(fd, &key, &next);
		if (is_to_go(&key, user))
			bpf_map_delete_elem(fd, &key);
	}
}
