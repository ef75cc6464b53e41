// SPDX-License-Identifier: Apache-2.0
/* The VLANs of a wanted configuration; see want.h. */
#include <errno.h>
#include <string.h>

#include "model/want.h"

/* ---- whose set ---- */

struct holder {
	struct vlan_set **set;
	struct want_port *port;     /* NULL: a bridge itself */
	struct want_bridge *bridge; /* the port's, or itself */
};

static int find_bridge_itself(const struct want *want, const char *dev, struct holder *ret_holder,
			      struct xbr_error *error)
{
	struct want_bridge *bridge = want_bridge_find(want, dev);

	if (!bridge)
		return xbr_refuse(error, -EINVAL, "%s is not a bridge of xbr: self is a bridge device itself",
				  dev);
	*ret_holder = (struct holder){.set = &bridge->vlans, .bridge = bridge};
	return 0;
}

static int find_holder(const struct want *want, const char *dev, bool self, struct holder *ret_holder,
		       struct xbr_error *error)
{
	struct want_port *port = want_port_find(want, dev);

	if (self)
		return find_bridge_itself(want, dev, ret_holder, error);
	if (!port && want_bridge_find(want, dev))
		return xbr_refuse(error, -EINVAL,
				  "%s is a bridge: say self for the VLANs of the device itself", dev);
	if (!port)
		return xbr_refuse(error, -ENODEV, "%s is not a port of any bridge of xbr", dev);
	*ret_holder = (struct holder){
		.set = &port->vlans, .port = port, .bridge = want_bridge_find(want, port->bridge)};
	return 0;
}

/* The set is about to be changed: it becomes this port's own, and the port the user's. */
static int take_over(const struct want *want, const struct holder *holder, struct xbr_error *error)
{
	if (vlan_set_own(holder->set))
		return xbr_refuse(error, -ENOMEM, "out of memory");
	if (holder->port) {
		holder->port->origin = XBR_ORIGIN_USER;
		holder->port->at = want->at;
	} else {
		holder->bridge->at = want->at;
	}
	return 0;
}

/* ---- VLANs ---- */

static unsigned int count_vids(const uint64_t vids[VLAN_WORDS])
{
	unsigned int count = 0;

	for (unsigned int w = 0; w < VLAN_WORDS; w++)
		count += (unsigned int)__builtin_popcountll(vids[w]);
	return count;
}

/* The first of vids that is not in the set; 0: all are. */
static unsigned int first_missing(const struct vlan_set *set, const uint64_t vids[VLAN_WORDS])
{
	for (unsigned int w = 0; w < VLAN_WORDS; w++)
		if (vids[w] & ~set->vlans.word[w].member)
			return w * 64 + (unsigned int)__builtin_ctzll(vids[w] & ~set->vlans.word[w].member);
	return 0;
}

int want_vlan_add(struct want *want, const char *dev, bool self, const uint64_t vids[VLAN_WORDS],
		  struct vlan_flags flags, bool set, struct xbr_error *error)
{
	struct holder holder;
	int err = find_holder(want, dev, self, &holder, error);

	if (err)
		return err;
	if (flags.pvid && count_vids(vids) > 1)
		return xbr_refuse(error, -EINVAL, "pvid is one VLAN, not %u of them", count_vids(vids));
	if (set && first_missing(*holder.set, vids))
		return xbr_refuse(error, -ENOENT, "%s is not in VLAN %u", dev,
				  first_missing(*holder.set, vids));
	err = take_over(want, &holder, error);
	if (err)
		return err;
	vlan_set_add(*holder.set, vids, flags.pvid, flags.untagged);
	vlan_set_hairpin(*holder.set, vids, flags.hairpin);
	return 0;
}

static void drop_addresses(struct want *want, const char *dev, const uint64_t vids[VLAN_WORDS])
{
	struct want_address *address, *next;

	HASH_ITER (hh, want->addresses, address, next) {
		uint16_t vlan = address->key.vlan;

		if (!vlan || !(vids[vlan / 64] >> vlan % 64 & 1) || strcmp(address->dev, dev))
			continue;
		HASH_DEL(want->addresses, address);
		free(address);
	}
}

/* Those that it is not in are no error, as they are none to the kernel's bridge. */
int want_vlan_del(struct want *want, const char *dev, bool self, const uint64_t vids[VLAN_WORDS],
		  struct xbr_error *error)
{
	struct holder holder;
	int err = find_holder(want, dev, self, &holder, error);

	if (!err)
		err = take_over(want, &holder, error);
	if (err)
		return err;
	vlan_set_del(*holder.set, vids);
	drop_addresses(want, dev, vids);
	return 0;
}

int want_vlan_replace(struct want *want, const char *dev, struct vlan_set *set, struct xbr_error *error)
{
	struct holder holder;
	int err = find_holder(want, dev, want_bridge_find(want, dev) != NULL, &holder, error);

	if (err)
		return err;
	vlan_set_share(set);
	vlan_set_drop(*holder.set);
	*holder.set = set;
	return 0;
}

/* ---- the default PVID ---- */

/* As the kernel: whoever has the former default as PVID, untagged, gets the new one. */
static int follow_default(struct vlan_set **set, uint16_t from, struct vlan_set *fresh)
{
	uint64_t vids[VLAN_WORDS] = {0};

	if ((*set)->pvid != from || (from && !vlan_set_is_untagged(*set, from)))
		return 0;
	if (vlan_set_own(set))
		return -ENOMEM;
	vids[from / 64] = from ? 1ull << from % 64 : 0;
	vlan_set_del(*set, vids);
	vids[from / 64] = 0;
	vids[fresh->pvid / 64] = fresh->pvid ? 1ull << fresh->pvid % 64 : 0;
	vlan_set_add(*set, vids, true, true);
	return 0;
}

int want_default_pvid(struct want *want, struct want_bridge *bridge, struct xbr_error *error)
{
	uint16_t from = bridge->fresh->pvid;
	struct vlan_set *fresh = vlan_set_new(bridge->settings.vlan_default_pvid);
	struct want_port *port, *next;
	int err = fresh ? follow_default(&bridge->vlans, from, fresh) : -ENOMEM;

	HASH_ITER (hh, want->ports, port, next)
		if (!err && !strcmp(port->bridge, bridge->name))
			err = follow_default(&port->vlans, from, fresh);
	if (err) {
		vlan_set_drop(fresh);
		return xbr_refuse(error, err, "out of memory");
	}
	vlan_set_drop(bridge->fresh);
	bridge->fresh = fresh;
	return 0;
}

/* ---- mappings ---- */

int want_mappings_check(const char *dev, const struct vlan_set *set, uint32_t flags, struct xbr_error *error)
{
	uint16_t from[XBR_VID_LIMIT] = {0};

	if (flags & XBR_PORT_TUNNEL)
		return 0;
	for (unsigned int i = 0; i < set->mapping_count; i++) {
		const struct vlan_mapping *m = &set->mappings[i];

		if (from[m->to])
			return xbr_refuse(error, -EINVAL,
					  "VLAN %u would be VID %u and VID %u on %s: only on a dot1q_tunnel "
					  "port many may go into one",
					  m->to, from[m->to], m->from, dev);
		from[m->to] = m->from;
	}
	return 0;
}

/* The first of vids that is mapped already, or not yet; 0: none. */
static unsigned int first_mapped(const struct vlan_set *set, const uint64_t vids[VLAN_WORDS], bool mapped)
{
	for (uint16_t vid = 1; vid <= XBR_VID_MAX; vid++)
		if (vids[vid / 64] >> vid % 64 & 1 && (vlan_set_mapping(set, vid) != NULL) == mapped)
			return vid;
	return 0;
}

int want_vlan_map(struct want *want, const char *dev, const uint64_t vids[VLAN_WORDS], uint16_t to,
		  uint8_t priority, struct xbr_error *error)
{
	struct vlan_set *trial;
	struct holder holder;
	int err = find_holder(want, dev, false, &holder, error);

	if (err)
		return err;
	if (first_mapped(*holder.set, vids, true))
		return xbr_refuse(error, -EEXIST, "VID %u is mapped already on %s",
				  first_mapped(*holder.set, vids, true), dev);
	trial = vlan_set_share(*holder.set);
	if (vlan_set_own(&trial) || vlan_set_map(trial, vids, to, priority))
		err = xbr_refuse(error, -ENOMEM, "out of memory");
	if (!err)
		err = want_mappings_check(dev, trial, holder.port->settings.flags, error);
	if (!err)
		err = want_vlan_replace(want, dev, trial, error);
	if (!err)
		err = take_over(want, &holder, error);
	vlan_set_drop(trial);
	return err;
}

int want_vlan_unmap(struct want *want, const char *dev, const uint64_t vids[VLAN_WORDS],
		    struct xbr_error *error)
{
	struct holder holder;
	int err = find_holder(want, dev, false, &holder, error);

	if (err)
		return err;
	if (first_mapped(*holder.set, vids, false))
		return xbr_refuse(error, -ENOENT, "VID %u is not mapped on %s",
				  first_mapped(*holder.set, vids, false), dev);
	err = take_over(want, &holder, error);
	if (!err)
		vlan_set_unmap(*holder.set, vids);
	return err;
}
