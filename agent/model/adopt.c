// SPDX-License-Identifier: Apache-2.0
/*
 * Coming back, and keeping up. adopt_all() reads from the pinned maps what an earlier agent knew and holds it
 * against the devices that are there now; adopt_on_link() does the same for one device whenever the kernel
 * tells of it. A device is the one we know if our program is on it: names change, numbers are reused, a link
 * is tied to the device itself.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/attach.h"
#include "model/acl.h"
#include "model/guard.h"
#include "model/meter.h"
#include "model/model.h"
#include "model/mst.h"
#include "model/offload.h"
#include "model/qos.h"
#include "model/shape.h"

/* ---- one device, as the kernel tells it ---- */

static struct bridge *bridge_by_ifindex(const struct model *model, uint32_t ifindex)
{
	struct bridge *bridge, *next;

	bridge_foreach (model, bridge, next)
		if (bridge->ifindex == ifindex)
			return bridge;
	return NULL;
}

static void device_gone(struct model *model, uint32_t ifindex)
{
	struct bridge *bridge = bridge_by_ifindex(model, ifindex);
	struct port *port = model_port_by_ifindex(model, ifindex);

	if (bridge) {
		model_log(model, "the bridge device %s was deleted: its ports are free", bridge->name);
		bridge->created_by_us = false;
		bridge_del(model, bridge);
	} else if (port && port_is_trunk(port)) {
		model_log(model, "the device %s is gone: its channels wait for it", port->name);
		trunk_unbind(model, port);
	} else if (port && port->origin == XBR_ORIGIN_ADOPTED) {
		port_del(model, port);
	} else if (port) {
		model_log(model, "the device of port %s is gone: the port waits for it", port->name);
		port_unbind(model, port);
	}
}

/* A user's port stays whatever becomes of `master`; another's goes with it. */
static void port_left(struct model *model, struct port *port)
{
	if (port->origin == XBR_ORIGIN_ADOPTED) {
		port_del(model, port);
		return;
	}
	model_log(model, "somebody took %s out of %s: it stays a port of xbr", port->name,
		  port->bridge->name);
	port_memory(model, port)->enslaved_by_us = 0;
	port_listen_to_all(model, port, true);
}

static void port_told(struct model *model, struct port *port, const struct rtnl_link *link)
{
	bool was_in = port->link.master == (int)port->bridge->ifindex || port->origin == XBR_ORIGIN_ADOPTED;

	port_refresh(model, port, link);
	if (was_in && link->master != (int)port->bridge->ifindex)
		port_left(model, port);
}

static void wait_is_over(struct model *model, struct port *port, const struct rtnl_link *link)
{
	struct xbr_error error;

	if (port_check(model, port->name, port->bridge->name, &error) || port_bind(model, port, link, &error))
		model_log(model, "the device of port %s is back, but: %s", port->name, error.message);
}

static void trunk_wait_is_over(struct model *model, struct port *trunk, const struct rtnl_link *link)
{
	struct xbr_error error;

	if (port_check_device(model, link, &error) || trunk_bind(model, trunk, link, &error))
		model_log(model, "the device %s is back, but its channels are not: %s", trunk->name,
			  error.message);
	else
		model_log(model, "the device %s is back, and its channels with it", trunk->name);
}

static void newcomer(struct model *model, struct bridge *bridge, const struct rtnl_link *link)
{
	struct xbr_error error;
	struct port *port;

	if (model_port(model, link->name)) {
		model_log(model, "%s stays with the kernel's bridge: a channel has its name", link->name);
		return;
	}
	if (port_add(model, bridge, link->name, &port_settings_default, XBR_ORIGIN_ADOPTED, false, &port,
		     &error))
		model_log(model, "%s stays with the kernel's bridge: %s", link->name, error.message);
}

static void device_told(struct model *model, const struct rtnl_link *link)
{
	struct bridge *bridge = bridge_by_ifindex(model, (uint32_t)link->ifindex);
	struct bridge *master = link->master ? bridge_by_ifindex(model, (uint32_t)link->master) : NULL;
	struct port *port = model_port_by_ifindex(model, (uint32_t)link->ifindex);
	struct port *waiting = model_port(model, link->name);
	struct port *trunk = model_trunk(model, link->name);

	if (bridge)
		bridge_refresh(model, bridge, link);
	else if (port && port_is_trunk(port))
		trunk_refresh(model, port, link);
	else if (port)
		port_told(model, port, link);
	else if (trunk && !trunk->ifindex)
		trunk_wait_is_over(model, trunk, link);
	else if (waiting && !waiting->ifindex && !waiting->trunk)
		wait_is_over(model, waiting, link);
	else if (master)
		newcomer(model, master, link);
}

/* What is told may be older than what we did since: the device as it is now counts. */
void adopt_on_link(const struct rtnl_link *link, bool deleted, void *user)
{
	struct model *model = user;
	struct rtnl_link now;

	if (deleted) {
		device_gone(model, (uint32_t)link->ifindex);
		punt_on_link(model, link, true);
		offload_on_link(model, link);
	} else if (!rtnl_link_by_index(model->rtnl, link->ifindex, &now)) {
		device_told(model, &now);
		punt_on_link(model, &now, false);
		offload_on_link(model, &now);
	}
}

/* ---- everything anew ---- */

static int told_each(const struct rtnl_link *link, void *user)
{
	adopt_on_link(link, false, user);
	return 0;
}

/* The device that we knew by its ifindex, not another one that got the number since. */
static bool is_there(struct model *model, const struct port *port)
{
	enum attach_hook hook = port->local ? ATTACH_TC_HOST : ATTACH_TC_PORT;
	struct rtnl_link link;

	return rtnl_link_by_index(model->rtnl, (int)port->ifindex, &link) != -ENODEV &&
	       attach_is_on(model->dp, port->number, port->ifindex, hook);
}

void adopt_on_lost(void *user)
{
	struct model *model = user;
	struct bridge *bridge, *next_bridge;
	struct port *port, *next;

	model_log(model, "the kernel dropped link events: reading all devices anew");
	bridge_foreach (model, bridge, next_bridge)
		if (!is_there(model, bridge->local))
			device_gone(model, bridge->ifindex);
	port_foreach (model, port, next)
		if (port->ifindex && !port->trunk && !is_there(model, port))
			device_gone(model, port->ifindex);
	trunk_foreach (model, port, next)
		if (port->ifindex && !is_there(model, port))
			device_gone(model, port->ifindex);
	rtnl_link_each(model->rtnl, told_each, model);
}

/* ---- from the pinned maps ---- */

static int restore_bridge(struct model *model, uint32_t index, struct xbr_error *error)
{
	const struct xbr_bridge_saved *saved = &model->dp->bridge_saved[index];
	const struct xbr_bridge *slot = &model->dp->bridges[index];
	struct bridge *bridge = calloc(1, sizeof(*bridge));

	if (!bridge)
		return xbr_refuse(error, -ENOMEM, "out of memory");
	bridge->index = index;
	bridge->ifindex = slot->ifindex;
	bridge->created_by_us = saved->created_by_us;
	bridge->settings = (struct bridge_settings){
		.ageing_time_cs = saved->ageing_time_cs,
		.fdb_max_learned = slot->fdb_max_learned,
		.group_fwd_mask = slot->group_fwd_mask,
		.vlan_filtering = slot->flags & XBR_BRIDGE_VLAN_FILTERING,
		.vlan_stats_enabled = slot->flags & XBR_BRIDGE_VLAN_STATS,
		.vlan_stats_per_port = slot->flags & XBR_BRIDGE_VLAN_STATS_PER_PORT,
		.vlan_protocol = slot->vlan_tpid_be ? ntohs(slot->vlan_tpid_be) : VLAN_PROTOCOL_8021Q,
		.vlan_default_pvid = saved->vlan_default_pvid};
	bridge->settings.stp = stp_bridge_remembered(saved);
	bridge->stp_waits = true;
	memcpy(bridge->settings.address, saved->address, sizeof(saved->address));
	memcpy(bridge->name, saved->name, sizeof(bridge->name));
	memcpy(bridge->link.address, saved->address, sizeof(saved->address));
	model->by_index[index] = bridge;
	HASH_ADD_STR(model->bridges, name, bridge);
	if (mst_restore_bridge(model, bridge) || vlan_set_fresh(model, bridge, saved->vlan_default_pvid))
		return xbr_refuse(error, -ENOMEM, "out of memory");
	return 0;
}

static int restore_port(struct model *model, uint32_t number, struct xbr_error *error)
{
	const struct xbr_port_saved *saved = &model->dp->port_saved[number];
	const struct xbr_port *slot = &model->dp->ports[number];
	struct bridge *bridge = model->by_index[slot->bridge];
	struct port *trunk = saved->trunk ? model->by_number[saved->trunk] : NULL;
	struct port *port = bridge ? port_new(model, number, saved->name, bridge) : NULL;

	if (saved->trunk == number)
		return 0; /* restored already */
	if (!bridge)
		return 0; /* an agent died while it deleted the bridge; nobody else refers to the slot */
	if (!port)
		return xbr_refuse(error, -ENOMEM, "out of memory");
	port->ifindex = slot->ifindex;
	port->origin = saved->origin;
	port->local = slot->flags & XBR_PORT_LOCAL;
	port->settings = (struct port_settings){.flags = slot->flags & PORT_SWITCH_MASK,
						.fdb_max_learned = slot->fdb_max_learned,
						.xdp = saved->xdp_mode,
						.mode = saved->mode,
						.role = saved->role,
						.edge_options = saved->edge_options,
						.community = slot->community,
						.stp = stp_port_remembered(saved)};
	if (slot->state != XBR_STATE_DISABLED)
		port->stp_state = slot->state;
	if (slot->community)
		port->settings.flags &= ~(uint32_t)XBR_PORT_ISOLATED;
	guard_read(model, port);
	qos_read(model, port);
	port->settings.group_fwd_mask = slot->group_fwd_mask & (uint16_t)~port->settings.guard.transparent;
	if (vlan_restore(model, port))
		return xbr_refuse(error, -ENOMEM, "out of memory");
	if (port->local) {
		bridge->local = port;
		return 0;
	}
	bridge->port_count++;
	HASH_ADD_STR(model->ports, name, port);
	if (trunk)
		channel_restore(model, port, trunk);
	return 0;
}

static int restore_all(struct model *model, struct xbr_error *error)
{
	int err = 0;

	for (uint32_t i = 1; !err && i < XBR_BRIDGE_LIMIT; i++)
		if (model->dp->bridge_saved[i].name[0])
			err = restore_bridge(model, i, error);
	for (uint32_t i = 1; !err && i < model->dp->max_ports; i++)
		if (model->dp->port_saved[i].trunk == i)
			err = trunk_restore(model, i, error);
	for (uint32_t i = 1; !err && i < model->dp->max_ports; i++)
		if (model->dp->port_saved[i].name[0])
			err = restore_port(model, i, error);
	if (!err && (vlan_restore_mappings(model) || mst_restore_ports(model)))
		err = xbr_refuse(error, -ENOMEM, "out of memory");
	return err;
}

static int count_pinned(const struct fdb_slot *slot, void *user)
{
	struct model *model = user;
	uint32_t kind = fdb_data_kind(slot->data), number = fdb_data_port(slot->data);

	if (kind > XBR_FDB_DYNAMIC && kind < XBR_FDB_LOCKED && number < model->dp->max_ports &&
	    model->by_number[number])
		model->by_number[number]->pinned++;
	return 0;
}

/* ---- are they the devices we knew? ---- */

static bool bridge_lives(struct model *model, struct bridge *bridge, struct rtnl_link *ret_link)
{
	return bridge->local && !rtnl_link_by_index(model->rtnl, (int)bridge->ifindex, ret_link) &&
	       attach_is_on(model->dp, bridge->local->number, bridge->ifindex, ATTACH_TC_HOST);
}

static void check_bridges(struct model *model)
{
	struct bridge *bridge, *next;
	struct rtnl_link link;

	bridge_foreach (model, bridge, next) {
		if (bridge_lives(model, bridge, &link)) {
			bridge->local->link = bridge->link;
			bridge->local->hook.rx = HOOK_RX_TC;
			bridge_refresh(model, bridge, &link);
			continue;
		}
		model_log(model, "the bridge device %s is gone since the last agent: its ports are free",
			  bridge->name);
		bridge->created_by_us = false;
		bridge_del(model, bridge);
	}
}

/* The same device: programs are adopted, and what was chosen is found out again. */
static void port_lives(struct model *model, struct port *port, const struct rtnl_link *link)
{
	struct xbr_error error;
	uint8_t address[6];

	memcpy(address, link->address, sizeof(address));
	port->link = *link;
	memset(port->link.address, 0, sizeof(port->link.address)); /* so that refreshing notes the address */
	port->link.master = link->master;
	if (hook_attach(model, port, &error))
		model_log(model, "%s goes on without XDP: %s", port->name, error.message);
	port_refresh(model, port, link);
	if (shape_update(model, port, &error))
		model_log(model, "%s is not shaped: %s", port->name, error.message);
	if (port->origin == XBR_ORIGIN_ADOPTED && link->master != (int)port->bridge->ifindex)
		port_del(model, port);
}

static void port_died(struct model *model, struct port *port)
{
	if (port->origin == XBR_ORIGIN_ADOPTED) {
		port_del(model, port);
		return;
	}
	port_unbind(model, port); /* if a device of its name is there, the walk over all devices binds it */
}

static void check_ports(struct model *model)
{
	struct port *port, *next;
	struct rtnl_link link;

	port_foreach (model, port, next) {
		if (!port->ifindex || port->trunk)
			continue;
		if (!rtnl_link_by_index(model->rtnl, (int)port->ifindex, &link) &&
		    attach_is_on(model->dp, port->number, port->ifindex, ATTACH_TC_PORT))
			port_lives(model, port, &link);
		else
			port_died(model, port);
	}
}

/* The channels of a trunk are written anew; what says the same as before is not felt. */
static void check_trunks(struct model *model)
{
	struct port *trunk, *next;
	struct rtnl_link link;
	struct xbr_error error;

	trunks_clean(model);
	trunk_foreach (model, trunk, next) {
		if (!trunk->ifindex)
			continue;
		if (rtnl_link_by_index(model->rtnl, (int)trunk->ifindex, &link) || !is_there(model, trunk))
			trunk_unbind(model, trunk);
		else if (trunk_bind(model, trunk, &link, &error))
			model_log(model, "the channels of %s do not go on: %s", trunk->name, error.message);
	}
}

static void mark_all(struct model *model)
{
	struct bridge *bridge, *next;

	bridge_foreach (model, bridge, next)
		flood_mark(bridge);
}

int adopt_all(struct model *model, struct xbr_error *error)
{
	int err = restore_all(model, error);

	if (!err)
		err = guard_adopt(model);
	if (!err && meter_adopt(model))
		err = xbr_refuse(error, -ENOMEM, "out of memory");
	if (err)
		return err;
	fdb_table_walk(&model->dp->fdb, 0, model->dp->fdb.count, count_pinned, model);
	sources_restore(model);
	uplink_restore(model);
	acl_adopted(model);
	check_bridges(model);
	check_ports(model);
	check_trunks(model);
	mark_all(model);
	model->vlans_left = true; /* the agent before may have died over it */
	rtnl_link_each(model->rtnl, told_each, model);
	stp_adopt(model);
	model_settle(model);
	offload_adopt(model);
	return 0;
}
