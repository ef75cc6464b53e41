// SPDX-License-Identifier: Apache-2.0
/*
 * Who may get copies: by bridge, the numbers of all ports that forward, the local one too. Which of them gets
 * one is for edge_delivers() in the datapath to say, frame by frame. XDP floods by itself only where that
 * could say nothing but yes.
 */
#include <stdlib.h>
#include <utlist.h>

#include "model/acl.h"
#include "model/mst.h"

struct members {
	uint32_t *numbers;
	uint32_t *ifindexes;
	uint32_t count;
	uint32_t devices; /* of ifindexes: local ports have none */
	bool all_xdp;
	uint32_t least_mtu;
};

void flood_mark(struct bridge *bridge)
{
	bridge->flood_dirty = true;
}

static void vlan_not_by_xdp(struct model *model, const struct bridge *bridge, uint16_t vid)
{
	struct xbr_vlan *slot = &model->dp->vlans[vlan_fid_of(model, bridge, vid)];
	uint32_t none = ~(uint32_t)(XBR_VLAN_XDP_TAGGED | XBR_VLAN_XDP_UNTAGGED);

	slot->flags &= (typeof(slot->flags))none;
}

void flood_not_by_xdp(struct model *model, struct bridge *bridge)
{
	struct xbr_bridge *slot = &model->dp->bridges[bridge->index];
	uint64_t used[VLAN_WORDS];

	__atomic_and_fetch(&slot->flags, ~(uint32_t)XBR_BRIDGE_XDP_FLOOD, __ATOMIC_SEQ_CST);
	if (!bridge->settings.vlan_filtering)
		return;
	vlan_used(model, bridge, used);
	for (uint16_t vid = 1; vid < XBR_VID_LIMIT; vid++)
		if (used[vid / 64] >> vid % 64 & 1)
			vlan_not_by_xdp(model, bridge, vid);
}

/* Would every flooded frame be let out by this port, as it is? A channel's copies get their tag in TC. */
bool flood_takes_all(const struct xbr_port *slot)
{
	uint32_t all = XBR_PORT_FLOOD | XBR_PORT_MCAST_FLOOD | XBR_PORT_BCAST_FLOOD | XBR_PORT_XDP_OUT;
	uint32_t none = XBR_PORT_ISOLATED | XBR_PORT_HAIRPIN;

	return (slot->flags & all) == all && !(slot->flags & none) && !slot->encap &&
	       !(slot->qos & XBR_QOS_COPIES);
}

static void members_add(struct members *members, const struct model *model, const struct port *port)
{
	const struct xbr_port *slot = port_slot(model, port);

	if (!mst_forwards_some(model, port))
		return;
	members->numbers[members->count++] = port->number;
	if (port->local)
		return;
	members->ifindexes[members->devices++] = slot->ifindex;
	members->all_xdp = members->all_xdp && flood_takes_all(slot);
	if (slot->mtu < members->least_mtu)
		members->least_mtu = slot->mtu;
}

/* ---- channels, and the groups that stand for them ---- */

/* Is a copy for this channel one that everybody's frames make, whatever frame it is? */
static bool is_ordinary(const struct xbr_port *slot)
{
	uint32_t all = XBR_PORT_FLOOD | XBR_PORT_MCAST_FLOOD | XBR_PORT_BCAST_FLOOD;
	uint32_t none = XBR_PORT_ISOLATED | XBR_PORT_HAIRPIN;

	return slot->state == XBR_STATE_FORWARDING && (slot->flags & all) == all && !(slot->flags & none) &&
	       slot->mode == XBR_MODE_BRIDGE && !slot->edge;
}

/*
 * The replication group of the bridge's channels on a device, that one copy goes to instead of one to each:
 * the far side replicates, and leaves out whom the tag names as the source. Only where each of them would get
 * a copy of every frame; of several groups the one with the lowest number. On a VLAN-aware bridge members
 * differ by VLAN: no group.
 */
static const struct port *group_of(const struct model *model, const struct bridge *bridge,
				   const struct port *trunk)
{
	const struct port *group = NULL, *port;

	if (model->dp->bridges[bridge->index].flags & XBR_BRIDGE_VLAN_FILTERING)
		return NULL;
	DL_FOREACH (trunk->channels, port) {
		if (port->bridge != bridge)
			continue;
		if (!is_ordinary(port_slot(model, port)))
			return NULL;
		if (encap_is_group(&port->encap) && (!group || port->encap.channel < group->encap.channel))
			group = port;
	}
	return group;
}

static void channels_add(struct members *members, const struct model *model, const struct bridge *bridge,
			 const struct port *trunk)
{
	const struct port *group = group_of(model, bridge, trunk), *port;

	DL_FOREACH (trunk->channels, port)
		if (port->bridge == bridge && (group ? port == group : !encap_is_group(&port->encap)))
			members_add(members, model, port);
}

static int members_find(struct members *members, const struct model *model, const struct bridge *bridge)
{
	size_t room = bridge->port_count + 1;
	struct port *port, *next;

	*members = (struct members){.all_xdp = true, .least_mtu = UINT32_MAX};
	members->numbers = calloc(room, sizeof(uint32_t));
	members->ifindexes = calloc(room, sizeof(uint32_t));
	if (!members->numbers || !members->ifindexes)
		return -1;
	port_foreach (model, port, next)
		if (port->bridge == bridge && !port->trunk)
			members_add(members, model, port);
	members_add(members, model, bridge->local);
	/* channels last: those in front of them want the frame without a tag */
	trunk_foreach (model, port, next)
		channels_add(members, model, bridge, port);
	return 0;
}

static void members_write(struct members *members, struct model *model, struct bridge *bridge)
{
	struct xbr_bridge *slot = &model->dp->bridges[bridge->index];
	bool by_xdp = members->all_xdp && members->devices > 1 &&
		      !acl_asks_copies(model, bridge); /* one port floods to nobody: TC says so */
	int err;

	if (!by_xdp)
		slot->flags &= ~(uint32_t)XBR_BRIDGE_XDP_FLOOD;
	slot->flood_mtu = members->least_mtu;
	err = datapath_set_flood(model->dp, bridge->index, members->numbers,
				 by_xdp ? members->ifindexes : NULL, members->count, members->devices);
	if (err)
		model_log(model, "cannot write the flood list of %s (errno %d): the former one stays",
			  bridge->name, -err);
	else if (by_xdp)
		slot->flags |= XBR_BRIDGE_XDP_FLOOD;
	bridge->flood_dirty = err != 0;
}

void flood_rebuild(struct model *model, struct bridge *bridge)
{
	struct members members;

	if (members_find(&members, model, bridge))
		model_log(model, "no memory for the flood list of %s", bridge->name);
	else
		members_write(&members, model, bridge);
	free(members.numbers);
	free(members.ifindexes);
	flood_rebuild_vlans(model, bridge);
}
