// SPDX-License-Identifier: Apache-2.0
/* The spanning tree instances of a wanted configuration; see want.h. */
#include <errno.h>
#include <string.h>

#include "model/want.h"

static int find_bridge(struct want *want, const char *name, struct want_bridge **ret_bridge,
		       struct xbr_error *error)
{
	*ret_bridge = want_bridge_find(want, name);
	if (!*ret_bridge)
		return xbr_refuse(error, -ENODEV, "%s is not a bridge of xbr", name);
	return 0;
}

static int require_instance(const struct want_bridge *bridge, uint16_t mstid, struct xbr_error *error)
{
	if (!mstid || mst_place(bridge->mst, mstid))
		return 0;
	return xbr_refuse(error, -ENOENT, "%s has no msti %u (xbr mst add br %s msti %u)", bridge->name,
			  mstid, bridge->name, mstid);
}

static int check_priority(const struct mst_patch *patch, uint16_t mstid, struct xbr_error *error)
{
	if (!(patch->given & MST_GIVEN_PRIORITY))
		return 0;
	if (!mstid)
		return xbr_refuse(error, -EINVAL,
				  "msti 0 is the common tree: its priority is that of the bridge (xbr bridge "
				  "set BR priority N)");
	if (patch->priority % 4096 || patch->priority > 61440)
		return xbr_refuse(error, -EINVAL,
				  "priority %u of msti %u is no multiple of 4096 from 0 to 61440",
				  patch->priority, mstid);
	return 0;
}

static int take_over(const struct want *want, struct want_bridge *bridge, struct xbr_error *error)
{
	if (mst_config_own(&bridge->mst))
		return xbr_refuse(error, -ENOMEM, "out of memory");
	bridge->at = want->at;
	return 0;
}

static void take_patch(struct mst_config *config, const struct mst_patch *patch, uint16_t mstid)
{
	if (patch->given & MST_GIVEN_REGION) {
		memset(config->is.region, 0, sizeof(config->is.region));
		memcpy(config->is.region, patch->region, strnlen(patch->region, sizeof(config->is.region)));
	}
	if (patch->given & MST_GIVEN_REVISION)
		config->is.revision = patch->revision;
	if (patch->given & MST_GIVEN_HOPS)
		config->is.max_hops = patch->max_hops;
	if (patch->given & MST_GIVEN_PRIORITY)
		config->is.instance[mst_place(config, mstid) - 1].priority = patch->priority;
	if (patch->given & MST_GIVEN_VIDS)
		mst_map(config, mstid, patch->vids);
}

int want_mst_add(struct want *want, const char *name, uint16_t mstid, const struct mst_patch *patch,
		 struct xbr_error *error)
{
	struct want_bridge *bridge;
	int err = find_bridge(want, name, &bridge, error);

	if (!err)
		err = check_priority(patch, mstid, error);
	if (err)
		return err;
	if (mst_place(bridge->mst, mstid))
		return xbr_refuse(error, -EEXIST, "%s has msti %u already", name, mstid);
	if (mst_count(bridge->mst) == XBR_MSTI_LIMIT)
		return xbr_refuse(error, -ENOSPC, "%s has %u instances, the most that 802.1Q allows", name,
				  XBR_MSTI_LIMIT);
	err = take_over(want, bridge, error);
	if (err)
		return err;
	mst_add(bridge->mst, mstid, MST_PRIORITY_DEFAULT);
	take_patch(bridge->mst, patch, mstid);
	return 0;
}

int want_mst_set(struct want *want, const char *name, uint16_t mstid, const struct mst_patch *patch,
		 struct xbr_error *error)
{
	struct want_bridge *bridge;
	int err = find_bridge(want, name, &bridge, error);

	if (!err)
		err = check_priority(patch, mstid, error);
	if (!err)
		err = require_instance(bridge, mstid, error);
	if (!err)
		err = take_over(want, bridge, error);
	if (!err)
		take_patch(bridge->mst, patch, mstid);
	return err;
}

static void forget_rows(const struct want *want, const struct want_bridge *bridge, uint16_t mstid)
{
	static const struct xbr_mst_port nothing;
	struct want_port *port, *next;

	HASH_ITER (hh, want->ports, port, next)
		if (port->mst && !strcmp(port->bridge, bridge->name) && !mst_rows_own(&port->mst))
			mst_rows_set(port->mst, mstid, &nothing);
}

static int require_vids(const struct want_bridge *bridge, uint16_t mstid, const uint64_t vids[VLAN_WORDS],
			struct xbr_error *error)
{
	for (uint16_t vid = 1; vid <= XBR_VID_MAX; vid++)
		if (vids[vid / 64] >> vid % 64 & 1 && mst_of_vid(bridge->mst, vid) != mstid)
			return xbr_refuse(error, -ENOENT, "VLAN %u of %s is not in msti %u but in %u", vid,
					  bridge->name, mstid, mst_of_vid(bridge->mst, vid));
	return 0;
}

int want_mst_del(struct want *want, const char *name, uint16_t mstid, const uint64_t *vids,
		 struct xbr_error *error)
{
	struct want_bridge *bridge;
	int err = find_bridge(want, name, &bridge, error);

	if (!err)
		err = require_instance(bridge, mstid, error);
	if (!err && vids)
		err = require_vids(bridge, mstid, vids, error);
	if (!err)
		err = take_over(want, bridge, error);
	if (err)
		return err;
	if (vids) {
		mst_map(bridge->mst, 0, vids);
		return 0;
	}
	mst_del(bridge->mst, mstid);
	forget_rows(want, bridge, mstid);
	return 0;
}

int want_mst_port_set(struct want *want, const char *dev, uint16_t mstid, const struct mst_port_patch *patch,
		      struct xbr_error *error)
{
	struct want_port *port = want_port_find(want, dev);
	struct xbr_mst_port is;
	int err;

	if (!port)
		return xbr_refuse(error, -ENODEV, "%s is not a port of any bridge of xbr", dev);
	if (patch->given & MST_PORT_GIVEN_PRIORITY && patch->priority % 4)
		return xbr_refuse(error, -EINVAL, "priority %u of a port is not a multiple of 4",
				  patch->priority);
	err = require_instance(want_bridge_find(want, port->bridge), mstid, error);
	if (err)
		return err;
	if (mst_rows_own(&port->mst))
		return xbr_refuse(error, -ENOMEM, "out of memory");
	is = mst_rows_get(port->mst, mstid);
	if (patch->given & MST_PORT_GIVEN_COST)
		is.cost = patch->cost;
	if (patch->given & MST_PORT_GIVEN_PRIORITY)
		is.priority =
			(uint8_t)(patch->priority == MST_PORT_PRIORITY_DEFAULT ? 0 : patch->priority + 1);
	mst_rows_set(port->mst, mstid, &is);
	port->origin = XBR_ORIGIN_USER;
	port->at = want->at;
	return 0;
}
