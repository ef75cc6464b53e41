// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "model/acl.h"
#include "model/guard.h"
#include "model/mst.h"
#include "model/offer.h"
#include "model/qos.h"
#include "model/shape.h"

struct xbr_port *port_slot(const struct model *model, const struct port *port)
{
	return &model->dp->ports[port->number];
}

struct xbr_port_saved *port_memory(const struct model *model, const struct port *port)
{
	return &model->dp->port_saved[port->number];
}

/* ---- numbers and memory ---- */

uint32_t port_free_number(const struct model *model)
{
	for (uint32_t number = 1; number < model->dp->max_ports; number++)
		if (!model->by_number[number])
			return number;
	return 0;
}

struct port *port_new(struct model *model, uint32_t number, const char *name, struct bridge *bridge)
{
	struct port *port = calloc(1, sizeof(*port));

	if (!port)
		return NULL;
	port->number = number;
	port->bridge = bridge;
	port->settings = port_settings_default;
	port->stp_state = XBR_STATE_BLOCKING;
	memcpy(port->name, name, strnlen(name, sizeof(port->name) - 1));
	model->by_number[number] = port;
	return port;
}

/* The number's generation stays, so that addresses of its former life are void in its next. */
void port_free(struct model *model, struct port *port)
{
	struct xbr_port *slot = port_slot(model, port);
	uint8_t generation = slot->generation;

	vlan_end(model, port);
	memset(slot, 0, sizeof(*slot));
	slot->generation = generation;
	memset(port_memory(model, port), 0, sizeof(struct xbr_port_saved));
	memset(&model->dp->guards[port->number], 0, sizeof(struct xbr_guard));
	memset(&model->dp->guard_live[port->number], 0, sizeof(struct xbr_guard_live));
	memset(&model->dp->qos_ports[port->number], 0, sizeof(struct xbr_qos));
	memset(&model->dp->qos_maps[port->number], 0, sizeof(struct xbr_qos_maps));
	stp_port_forget(model, port);
	mst_port_end(model, port);
	datapath_counters_clear(model->dp, port->number);
	datapath_punt_clear(model->dp, port->number);
	model->by_number[port->number] = NULL;
	free(port->instances);
	free(port);
}

/* ---- writing through ---- */

void port_write_memory(const struct model *model, const struct port *port)
{
	struct xbr_port_saved *saved = port_memory(model, port);
	const struct port *trunk = port_is_trunk(port) ? port : port->trunk;

	memcpy(saved->name, port->name, sizeof(saved->name));
	saved->ifindex = port->ifindex;
	saved->xdp_mode = port->settings.xdp;
	saved->origin = port->origin;
	saved->mode = port->settings.mode;
	saved->role = port->settings.role;
	saved->edge_options = port->settings.edge_options;
	saved->trunk = trunk ? (uint16_t)trunk->number : 0;
	saved->stp_cost = port->settings.stp.cost;
	saved->stp_priority = (uint8_t)(port->settings.stp.priority + 1);
	saved->stp_admin_edge = port->settings.stp.admin_edge;
	saved->stp_p2p = port->settings.stp.p2p;
	saved->stp_flags = port->settings.stp.flags;
}

static uint32_t found_flags(const struct port *port)
{
	uint32_t flags = port->local ? XBR_PORT_LOCAL : 0;

	if (port->vlans && port->vlans->mapping_count)
		flags |= XBR_PORT_VLAN_MAP;
	if (shape_is_set(port))
		flags |= XBR_PORT_SHAPED;
	if (strcmp(port->link.kind, "veth"))
		return flags;
	flags |= XBR_PORT_VETH;
	/* the peer would take a channel's frame for what is behind the tag */
	if (port->link.link_elsewhere && !port->trunk && !shape_is_set(port))
		flags |= XBR_PORT_PEER_NETNS;
	return flags;
}

/* Each field is one aligned store; those of hook.c are left alone. */
void port_write(struct model *model, struct port *port)
{
	struct xbr_port *slot = port_slot(model, port);
	uint32_t hook = slot->flags & (XBR_PORT_XDP_IN | XBR_PORT_XDP_OUT | XBR_PORT_ACL);
	uint32_t set =
		port->local ? 0 : port->settings.flags | (port->settings.community ? XBR_PORT_ISOLATED : 0);

	slot->bridge = port_is_trunk(port) ? 0 : (uint16_t)port->bridge->index;
	slot->encap = port->trunk ? port->encap.kind : XBR_ENCAP_NONE;
	slot->channel = port->encap.channel;
	slot->channel_flags = port->encap.flags;
	slot->mtu = port->link.mtu;
	slot->fdb_max_learned = port->settings.fdb_max_learned;
	slot->punt = punt_asked_of_port(port);
	slot->group_fwd_mask = port->settings.group_fwd_mask | port->settings.guard.transparent;
	slot->community = port->settings.community;
	guard_write(model, port);
	__atomic_store_n(&slot->guard, guard_flags(port), __ATOMIC_SEQ_CST);
	qos_write(model, port);
	__atomic_store_n(&slot->qos, qos_flags(port), __ATOMIC_SEQ_CST);
	slot->pvid = port->vlans ? port->vlans->pvid : 0;
	__atomic_store_n(&slot->flags, set | hook | found_flags(port), __ATOMIC_SEQ_CST);
	__atomic_store_n(&slot->ifindex, port->ifindex, __ATOMIC_SEQ_CST);
	port_write_memory(model, port);
	offer_mark(model);
}

static uint8_t state_of(const struct model *model, const struct port *port)
{
	bool up = port->ifindex && port->link.flags & IFF_UP && (port->local || port->link.carrier) &&
		  !guard_shut_by(model, port);

	if (!up)
		return XBR_STATE_DISABLED;
	return stp_is_on(port->bridge) && !port->local ? port->stp_state : XBR_STATE_FORWARDING;
}

/* A port that goes down loses its dynamic addresses, as the kernel's br_stp_disable_port() has it. */
void port_write_state(struct model *model, struct port *port)
{
	struct xbr_port *slot = port_slot(model, port);
	uint8_t state = state_of(model, port);

	if (slot->state == state)
		return;
	acl_port_comes(model);
	if (state != XBR_STATE_FORWARDING)
		flood_not_by_xdp(model, port->bridge);
	__atomic_store_n(&slot->state, state, __ATOMIC_SEQ_CST);
	offer_mark(model);
	mst_write_states(model, port);
	if (state == XBR_STATE_DISABLED)
		fdb_flush_port(model, port);
	flood_mark(port->bridge);
	if (stp_is_on(port->bridge) && model->listener.link && model_port(model, port->name) == port)
		model->listener.link(model->listener.user, MODEL_SET, port);
}

/* ---- may a device be a port? ---- */

int port_check_device(const struct model *model, const struct rtnl_link *link, struct xbr_error *error)
{
	if (punt_owns(model, (uint32_t)link->ifindex))
		return xbr_refuse(error, -EINVAL, "%s belongs to the punt path of xbrd: it cannot be a port",
				  link->name);
	if (link->flags & IFF_LOOPBACK)
		return xbr_refuse(error, -EINVAL, "%s is the loopback device: it cannot be a port",
				  link->name);
	if (!link->ethernet)
		return xbr_refuse(error, -EINVAL, "%s is not an Ethernet device", link->name);
	if (!strcmp(link->kind, "bridge"))
		return xbr_refuse(error, -ELOOP, "%s is a bridge itself: it cannot be a port of one",
				  link->name);
	return 0;
}

static int check_master(struct model *model, const struct rtnl_link *link, const char *bridge_name,
			struct xbr_error *error)
{
	struct rtnl_link master;

	if (!link->master || rtnl_link_by_index(model->rtnl, link->master, &master))
		return 0;
	if (!strcmp(master.name, bridge_name))
		return 0;
	return xbr_refuse(error, -EBUSY, "%s belongs to %s: take it out first (ip link set dev %s nomaster)",
			  link->name, master.name, link->name);
}

int port_check(struct model *model, const char *name, const char *bridge_name, struct xbr_error *error)
{
	struct rtnl_link link;
	int err = rtnl_link_by_name(model->rtnl, name, &link);

	if (err == -ENODEV)
		return xbr_refuse(error, err, "there is no device %s", name);
	if (err)
		return xbr_refuse(error, err, "cannot ask for device %s: %s", name, strerror(-err));
	err = port_check_device(model, &link, error);
	return err ? err : check_master(model, &link, bridge_name, error);
}

/* ---- a device comes ---- */

void port_hear_groups(struct model *model, struct port *port, bool on)
{
	struct xbr_port_saved *saved = port_memory(model, port);
	int err = 0;

	if (saved->allmulti_by_us != on)
		err = rtnl_link_set_allmulti(model->rtnl, (int)port->ifindex, on);
	if (err)
		model_log(model, "cannot change what groups %s hears: %s", port->name, strerror(-err));
	saved->allmulti_by_us = on;
}

/* The programs are on it already, and the port is disabled: no frame slips through the kernel's own bridge.
 */
static int enslave(struct model *model, struct port *port, struct xbr_error *error)
{
	int err;

	if (port->origin == XBR_ORIGIN_ADOPTED || port->link.master == (int)port->bridge->ifindex)
		return 0;
	if (port->settings.role == XBR_ROLE_UPLINK || port->bridge->uplink == port) {
		port_hear_groups(model, port, true);
		port_listen_to_all(model, port, true);
		return 0;
	}
	port_memory(model, port)->enslaved_by_us = 1;
	err = rtnl_link_set_master(model->rtnl, (int)port->ifindex, (int)port->bridge->ifindex);
	if (!err) {
		port->link.master = (int)port->bridge->ifindex;
		return 0;
	}
	port_memory(model, port)->enslaved_by_us = 0;
	if (err == -EXFULL) { /* the kernel's bridge ends at 1023 ports, ours does not */
		port_listen_to_all(model, port, true);
		return 0;
	}
	return xbr_refuse(error, err, "cannot enslave %s to %s: %s", port->name, port->bridge->name,
			  strerror(-err));
}

int port_bind(struct model *model, struct port *port, const struct rtnl_link *link, struct xbr_error *error)
{
	int err;

	port->link = *link;
	port->ifindex = (uint32_t)link->ifindex;
	port_write(model, port);
	edge_begin(model, port);
	err = datapath_set_port_of(model->dp, port->ifindex, port->number, XBR_ENCAP_NONE,
				   (uint16_t)port->bridge->index);
	if (err)
		err = xbr_refuse(error, err, "cannot enter %s in the port table: %s", port->name,
				 strerror(-err));
	else
		err = hook_attach(model, port, error);
	if (!err)
		err = enslave(model, port, error);
	if (err) {
		port_unbind(model, port);
		return err;
	}
	port_write_state(model, port);
	stp_port_update(model, port);
	fdb_own_address_put(model, port);
	flood_mark(port->bridge);
	if (shape_update(model, port, error)) /* a port that comes later is better than none */
		model_log(model, "%s is not shaped: %s", port->name, error->message);
	return 0;
}

static int bind_by_name(struct model *model, struct port *port, struct xbr_error *error)
{
	struct rtnl_link link;
	int err = rtnl_link_by_name(model->rtnl, port->name, &link);

	if (err)
		return xbr_refuse(error, err, "cannot ask for device %s: %s", port->name, strerror(-err));
	err = port_bind(model, port, &link, error);
	return err ? err : shape_update(model, port, error);
}

void port_enter(struct model *model, struct port *port, const struct port_settings *settings, uint8_t origin)
{
	port->settings = *settings;
	port->origin = origin;
	vlan_begin(model, port);
	HASH_ADD_STR(model->ports, name, port);
	port->bridge->port_count++;
	port_write_memory(model, port);
	port_slot(model, port)->bridge = (uint16_t)port->bridge->index;
	port_slot(model, port)->flags = settings->flags;
	guard_write(model, port);
	port_slot(model, port)->guard = guard_flags(port);
	qos_write(model, port);
	port_slot(model, port)->qos = qos_flags(port);
	port_slot(model, port)->community = settings->community;
}

int port_entered(struct model *model, struct port *port, int err, struct port **ret_port)
{
	if (err) {
		port_del(model, port);
		return err;
	}
	if (!port->ifindex)
		model_log(model, "%s waits for its device", port->name);
	if (model->listener.link)
		model->listener.link(model->listener.user, MODEL_ADD, port);
	*ret_port = port;
	return 0;
}

int port_add(struct model *model, struct bridge *bridge, const char *name,
	     const struct port_settings *settings, uint8_t origin, bool may_wait, struct port **ret_port,
	     struct xbr_error *error)
{
	int err = port_check(model, name, bridge->name, error);
	bool waits = err == -ENODEV && may_wait;
	uint32_t number = port_free_number(model);
	struct port *port;

	if (err && !waits)
		return err;
	if (!number)
		return xbr_refuse(error, -ENOSPC, "all %u port numbers are taken (see --max-ports of xbrd)",
				  model->dp->max_ports - 1);
	port = port_new(model, number, name, bridge);
	if (!port)
		return xbr_refuse(error, -ENOMEM, "out of memory");
	port_enter(model, port, settings, origin);
	err = waits ? 0 : bind_by_name(model, port, error);
	return port_entered(model, port, err, ret_port);
}

/* ---- a device goes ---- */

/* Is the device still in our namespace, as the one we know? */
static bool device_is_here(struct model *model, const struct port *port)
{
	struct rtnl_link link;

	return port->ifindex && !rtnl_link_by_index(model->rtnl, (int)port->ifindex, &link) &&
	       !strcmp(link.name, port->name);
}

void port_listen_to_all(struct model *model, struct port *port, bool on)
{
	struct xbr_port_saved *saved = port_memory(model, port);
	int err = 0;

	if (saved->promiscuous_by_us != on)
		err = rtnl_link_set_promiscuous(model->rtnl, (int)port->ifindex, on);
	if (err)
		model_log(model, "cannot change the promiscuous mode of %s: %s", port->name, strerror(-err));
	saved->promiscuous_by_us = on;
}

/* While our program still holds its frames, so that the kernel's bridge never forwards for it. */
static void release(struct model *model, struct port *port)
{
	struct rtnl_link link;
	int err;

	if (!port_memory(model, port)->enslaved_by_us ||
	    rtnl_link_by_index(model->rtnl, (int)port->ifindex, &link) ||
	    link.master != (int)port->bridge->ifindex)
		return;
	err = rtnl_link_set_master(model->rtnl, (int)port->ifindex, 0);
	if (err)
		model_log(model, "cannot take %s out of %s: %s", port->name, port->bridge->name,
			  strerror(-err));
}

void port_leave_master(struct model *model, struct port *port)
{
	if (port->link.master && !port_memory(model, port)->enslaved_by_us)
		return;
	port_hear_groups(model, port, true);
	port_listen_to_all(model, port, true);
	release(model, port);
	port->link.master = 0;
	port_memory(model, port)->enslaved_by_us = 0;
}

void port_join_master(struct model *model, struct port *port)
{
	struct xbr_error error;

	if (port->link.master)
		return;
	if (enslave(model, port, &error))
		model_log(model, "%s", error.message);
	port_listen_to_all(model, port, !port->link.master);
	port_hear_groups(model, port, !port->link.master);
}

static void device_unbind(struct model *model, struct port *port)
{
	bool here = device_is_here(model, port);

	if (!port->ifindex)
		return;
	__atomic_store_n(&port_slot(model, port)->state, XBR_STATE_DISABLED, __ATOMIC_SEQ_CST);
	mst_write_states(model, port);
	stp_port_gone(model, port);
	fdb_flush_port(model, port);
	fdb_own_address_remove(model, port);
	uplink_close(model, port, here);
	if (here) {
		shape_remove(model, port);
		release(model, port);
		port_listen_to_all(model, port, false);
		port_hear_groups(model, port, false);
	}
	port_memory(model, port)->enslaved_by_us = port_memory(model, port)->promiscuous_by_us = 0;
	port_memory(model, port)->allmulti_by_us = port_memory(model, port)->shaped_by_us = 0;
	hook_detach(model, port, here);
	if (datapath_port_of(model->dp, port->ifindex) == port->number)
		datapath_set_port_of(model->dp, port->ifindex, XBR_PORT_NONE, XBR_ENCAP_NONE, 0);
	port->ifindex = 0;
	memset(&port->link, 0, sizeof(port->link));
	port_write(model, port);
	flood_mark(port->bridge);
}

void port_unbind(struct model *model, struct port *port)
{
	if (port->trunk)
		channel_unbind(model, port);
	else
		device_unbind(model, port);
}

static void pinned_addresses_remove(struct model *model, struct port *port)
{
	struct fdb_filter filter = {.port = port, .kinds = ~(1u << XBR_FDB_DYNAMIC | 1u << XBR_FDB_LOCKED)};

	if (port->pinned)
		fdb_flush(model, &filter);
}

void port_del(struct model *model, struct port *port)
{
	port_unbind(model, port);
	sources_forget(model, port);
	guard_forget(model, port);
	pinned_addresses_remove(model, port);
	acl_port_gone(model, port);
	if (model->listener.link)
		model->listener.link(model->listener.user, MODEL_DEL, port);
	flood_mark(port->bridge);
	port->bridge->port_count--;
	HASH_DEL(model->ports, port);
	if (port->trunk)
		channel_leave(model, port);
	port_free(model, port);
	acl_ports_changed(model);
}

/* ---- changes ---- */

int port_set(struct model *model, struct port *port, const struct port_settings *settings,
	     struct xbr_error *error)
{
	struct port_settings before;
	int err = 0;

	if (settings->xdp != port->settings.xdp)
		err = port->trunk ? channel_set_xdp(model, port, settings->xdp, error)
				  : hook_change(model, port, settings->xdp, error);
	if (err)
		return err;
	before = port->settings;
	port->settings = *settings;
	err = vlan_write_mappings(model, port);
	if (err)
		return xbr_refuse(error, err, "cannot write the VLAN mappings of %s: %s", port->name,
				  strerror(-err));
	err = shape_set(model, port, &before.shape, error);
	if (err)
		return err;
	port_write(model, port);
	stp_port_update(model, port);
	guard_settled(model, port, &before);
	hook_reconsider(port);
	flood_mark(port->bridge);
	if (model->listener.link)
		model->listener.link(model->listener.user, MODEL_SET, port);
	return 0;
}

void port_set_origin(struct model *model, struct port *port, uint8_t origin)
{
	port->origin = origin;
	port_write_memory(model, port);
}

static void port_rename(struct model *model, struct port *port, const char *name)
{
	HASH_DEL(model->ports, port);
	memset(port->name, 0, sizeof(port->name));
	memcpy(port->name, name, strnlen(name, sizeof(port->name) - 1));
	HASH_ADD_STR(model->ports, name, port);
	acl_ports_changed(model);
}

static bool link_differs(const struct rtnl_link *a, const struct rtnl_link *b)
{
	return strcmp(a->name, b->name) || a->flags != b->flags || a->mtu != b->mtu ||
	       a->carrier != b->carrier || a->link_elsewhere != b->link_elsewhere ||
	       memcmp(a->address, b->address, sizeof(a->address));
}

void port_refresh(struct model *model, struct port *port, const struct rtnl_link *link)
{
	bool differs = link_differs(&port->link, link);
	bool readdressed = memcmp(port->link.address, link->address, sizeof(link->address));

	if (strcmp(port->name, link->name))
		port_rename(model, port, link->name);
	if (readdressed)
		fdb_own_address_remove(model, port);
	port->link = *link;
	uplink_count_functions(model, port);
	port_write(model, port);
	port_write_state(model, port);
	stp_port_update(model, port);
	if (readdressed)
		fdb_own_address_put(model, port);
	if (!differs)
		return;
	hook_reconsider(port);
	flood_mark(port->bridge);
	if (model->listener.link)
		model->listener.link(model->listener.user, MODEL_SET, port);
}
