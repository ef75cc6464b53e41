// SPDX-License-Identifier: Apache-2.0
#include "datapath/features.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "datapath/attach.h"
#include "datapath/internal.h"

uint32_t datapath_features(const struct datapath *dp)
{
	return dp->bpf->rodata->settings.features;
}

/* Every map but .rodata is the one that is in use. */
static int share_maps(struct xbr_bpf *bpf, const struct xbr_bpf *former)
{
	struct bpf_map *map;
	int err;

	bpf_object__for_each_map(map, bpf->obj)
	{
		if (bpf_map__is_internal(map))
			continue;
		err = bpf_map__reuse_fd(map,
					bpf_object__find_map_fd_by_name(former->obj, bpf_map__name(map)));
		if (err)
			return err;
	}
	return 0;
}

/* The same programs over the same maps, with other features. The nonce is the same too: what the former XDP
 * program leaves for TC is valid. */
static int load_variant(const struct datapath *dp, uint32_t features, struct xbr_bpf **ret_bpf)
{
	struct xbr_bpf *bpf = skeleton_open(features);
	struct xbr_settings *settings;
	int err;

	if (!bpf)
		return -errno;
	settings = (struct xbr_settings *)&bpf->rodata->settings;
	memcpy(settings, (const void *)&dp->bpf->rodata->settings, sizeof(*settings));
	settings->features = features;
	err = share_maps(bpf, dp->bpf);
	if (!err)
		err = xbr_bpf__load(bpf);
	if (err)
		xbr_bpf__destroy(bpf);
	else
		*ret_bpf = bpf;
	return err;
}

/* Until datapath_commit() the links are not ours to change. */
static int put_under_links(struct datapath *dp, struct xbr_bpf *bpf)
{
	struct xbr_bpf *former = dp->bpf;
	int err;

	dp->bpf = bpf;
	err = dp->committed ? attach_swap_programs(dp) : 0;
	if (err) {
		dp->bpf = former;
		attach_swap_programs(dp);
		former = bpf;
	}
	xbr_bpf__destroy(former);
	return err;
}

static int use_variant(struct datapath *dp, uint32_t features, struct xbr_error *error)
{
	struct xbr_bpf *bpf;
	int err = load_variant(dp, features, &bpf);

	if (err)
		return xbr_refuse(error, err, "cannot load the programs that this needs: %s", strerror(-err));
	err = put_under_links(dp, bpf);
	if (err)
		return xbr_refuse(error, err, "cannot swap the programs: %s", strerror(-err));
	return 0;
}

int datapath_need(struct datapath *dp, uint32_t features, struct xbr_error *error)
{
	uint32_t has = datapath_features(dp), noted = dp->agent->features;
	int err = 0;

	__atomic_store_n(&dp->agent->features, noted | features, __ATOMIC_SEQ_CST);
	if (features & ~has)
		err = use_variant(dp, noted | features, error);
	if (err)
		__atomic_store_n(&dp->agent->features, noted, __ATOMIC_SEQ_CST);
	return err;
}

int datapath_need_only(struct datapath *dp, uint32_t features, struct xbr_error *error)
{
	int err = datapath_need(dp, features, error);

	if (!err)
		__atomic_store_n(&dp->agent->features, features, __ATOMIC_SEQ_CST);
	return err || datapath_features(dp) == features ? err : use_variant(dp, features, error);
}
