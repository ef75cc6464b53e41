// SPDX-License-Identifier: Apache-2.0
/* What meters counted, which is per CPU; the other maps of meters are arrays, mapped. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "datapath/datapath.h"
#include "datapath/internal.h"

static int counts_fd(const struct datapath *dp)
{
	return bpf_map__fd(dp->bpf->maps.meter_counts);
}

int datapath_meter_read(struct datapath *dp, uint32_t number, struct xbr_meter_counts *ret_counts)
{
	struct xbr_meter_counts *per_cpu = calloc((size_t)dp->cpus, sizeof(*per_cpu)), sum = {};
	int err;

	if (!per_cpu)
		return -ENOMEM;
	err = bpf_map_lookup_elem(counts_fd(dp), &number, per_cpu) ? -errno : 0;
	for (int cpu = 0; !err && cpu < dp->cpus; cpu++)
		for (int as = 0; as <= XBR_DROPPED; as++) {
			sum.packets[as] += per_cpu[cpu].packets[as];
			sum.octets[as] += per_cpu[cpu].octets[as];
		}
	free(per_cpu);
	if (!err)
		*ret_counts = sum;
	return err;
}

int datapath_meter_clear(struct datapath *dp, uint32_t number)
{
	struct xbr_meter_counts *per_cpu = calloc((size_t)dp->cpus, sizeof(*per_cpu));
	int err;

	if (!per_cpu)
		return -ENOMEM;
	err = bpf_map_update_elem(counts_fd(dp), &number, per_cpu, BPF_ANY) ? -errno : 0;
	free(per_cpu);
	return err;
}
