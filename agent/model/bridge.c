// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/attach.h"
#include "model/acl.h"
#include "model/mst.h"
#include "model/offer.h"

static struct xbr_bridge *bridge_slot(const struct model *model, const struct bridge *bridge)
{
	return &model->dp->bridges[bridge->index];
}

static struct xbr_bridge_saved *bridge_memory(const struct model *model, const struct bridge *bridge)
{
	return &model->dp->bridge_saved[bridge->index];
}

/* ---- epochs ---- */

static uint8_t floor_log2(uint64_t value)
{
	uint8_t bits = 0;

	while (value >>= 1)
		bits++;
	return bits;
}

static uint64_t at_least(uint64_t value, uint64_t least)
{
	return value > least ? value : least;
}

static uint64_t ageing_jiffies(const struct model *model, const struct bridge *bridge)
{
	return (uint64_t)bridge->settings.ageing_time_cs * model->dp->hz / 100;
}

/*
 * Ages have 9 bits, so the ageing time must be well under 512 epochs. An epoch is about a second, shorter
 * where the ageing time is only some seconds, longer where it is more than some minutes.
 */
static uint8_t epoch_shift(const struct model *model, const struct bridge *bridge)
{
	uint64_t time = ageing_jiffies(model, bridge);
	uint64_t second = model->dp->hz + model->dp->hz / 20;
	uint64_t fine = at_least(time / 16, 1);
	uint8_t shift = floor_log2(fine < second ? fine : second);

	while (time >> shift > 400)
		shift++;
	return shift;
}

static uint16_t ageing_epochs(const struct model *model, const struct bridge *bridge, uint8_t shift)
{
	uint64_t time = ageing_jiffies(model, bridge);

	if (!bridge->settings.ageing_time_cs)
		return 0;
	return (uint16_t)at_least((time + (1ull << shift) / 2) >> shift, 1);
}

uint64_t bridge_epoch_ucs(const struct model *model, const struct bridge *bridge)
{
	return (100000ull << bridge_slot(model, bridge)->epoch_shift) / model->dp->hz;
}

/* ---- writing through ---- */

static void write_saved(const struct model *model, const struct bridge *bridge)
{
	struct xbr_bridge_saved *saved = bridge_memory(model, bridge);

	memcpy(saved->name, bridge->name, sizeof(saved->name));
	saved->ifindex = bridge->ifindex;
	saved->ageing_time_cs = bridge->settings.ageing_time_cs;
	memcpy(saved->address, bridge->settings.address, sizeof(saved->address));
	saved->created_by_us = bridge->created_by_us;
	saved->vlan_default_pvid = bridge->settings.vlan_default_pvid;
	saved->stp_priority = bridge->settings.stp.priority;
	saved->stp_hello_time_cs = bridge->settings.stp.hello_time_cs;
	saved->stp_max_age_cs = bridge->settings.stp.max_age_cs;
	saved->stp_forward_delay_cs = bridge->settings.stp.forward_delay_cs;
	saved->stp_state = bridge->settings.stp.state;
	saved->stp_version = bridge->settings.stp.version;
	saved->stp_tx_hold_count = bridge->settings.stp.tx_hold_count;
}

static void write_epochs(struct model *model, struct bridge *bridge)
{
	struct xbr_bridge *slot = bridge_slot(model, bridge);
	uint8_t from = slot->epoch_shift, to = epoch_shift(model, bridge);

	slot->epoch_shift = to;
	slot->ageing_epochs = ageing_epochs(model, bridge, to);
	if (from != to && slot->ifindex)
		fdb_rescale(model, bridge, from, to);
}

static void write_flag(struct xbr_bridge *slot, uint32_t flag, bool on)
{
	__atomic_store_n(&slot->flags, on ? slot->flags | flag : slot->flags & ~flag, __ATOMIC_SEQ_CST);
}

static void write_vlan_settings(struct xbr_bridge *slot, const struct bridge_settings *settings)
{
	slot->vlan_tpid_be = htons(settings->vlan_protocol);
	write_flag(slot, XBR_BRIDGE_VLAN_STATS, settings->vlan_stats_enabled);
	write_flag(slot, XBR_BRIDGE_VLAN_STATS_PER_PORT, settings->vlan_stats_per_port);
	write_flag(slot, XBR_BRIDGE_VLAN_FILTERING, settings->vlan_filtering);
}

static void write_slot(struct model *model, struct bridge *bridge)
{
	struct xbr_bridge *slot = bridge_slot(model, bridge);

	slot->fid = (uint16_t)bridge->index;
	slot->local_port = (uint16_t)bridge->local->number;
	slot->fdb_max_learned = bridge->settings.fdb_max_learned;
	slot->group_fwd_mask = bridge->settings.group_fwd_mask;
	slot->punt = punt_asked_of_bridge(bridge);
	write_epochs(model, bridge);
	write_flag(slot, XBR_BRIDGE_HOST_UP, bridge->link.flags & IFF_UP);
	write_vlan_settings(slot, &bridge->settings);
	__atomic_store_n(&slot->ifindex, bridge->ifindex, __ATOMIC_SEQ_CST);
	write_saved(model, bridge);
}

/* ---- the local port ---- */

static int local_port_make(struct model *model, struct bridge *bridge, struct xbr_error *error)
{
	uint32_t number = port_free_number(model);

	if (!number)
		return xbr_refuse(error, -ENOSPC, "all %u port numbers are taken", model->dp->max_ports - 1);
	bridge->local = port_new(model, number, bridge->name, bridge);
	if (!bridge->local)
		return xbr_refuse(error, -ENOMEM, "out of memory");
	bridge->local->local = true;
	vlan_begin(model, bridge->local);
	return 0;
}

static int local_port_bind(struct model *model, struct bridge *bridge, struct xbr_error *error)
{
	struct port *local = bridge->local;
	int err;

	local->ifindex = bridge->ifindex;
	local->link = bridge->link;
	port_write(model, local);
	err = datapath_set_port_of(model->dp, local->ifindex, local->number, XBR_ENCAP_NONE,
				   (uint16_t)bridge->index);
	if (!err)
		err = attach_on(model->dp, local->number, local->ifindex, ATTACH_TC_HOST);
	if (err && err != -EEXIST)
		return xbr_refuse(error, err, "cannot attach to %s: %s", bridge->name, strerror(-err));
	local->hook.rx = HOOK_RX_TC;
	port_write_state(model, local);
	fdb_own_address_put(model, local);
	return 0;
}

static void local_port_unbind(struct model *model, struct bridge *bridge)
{
	struct port *local = bridge->local;

	if (!local)
		return;
	attach_off(model->dp, local->number, local->ifindex, ATTACH_TC_HOST);
	hook_clsact_cleanup(model, local);
	fdb_own_address_remove(model, local);
	datapath_set_port_of(model->dp, local->ifindex, XBR_PORT_NONE, XBR_ENCAP_NONE, 0);
	port_free(model, local);
	bridge->local = NULL;
}

/* ---- making and unmaking ---- */

int bridge_check(struct model *model, const char *name, struct xbr_error *error)
{
	struct rtnl_link link;
	int err = rtnl_link_by_name(model->rtnl, name, &link);

	if (err == -ENODEV)
		return 0;
	if (err)
		return xbr_refuse(error, err, "cannot ask for device %s: %s", name, strerror(-err));
	if (strcmp(link.kind, "bridge"))
		return xbr_refuse(error, -EEXIST, "%s is there already, and is not a bridge device", name);
	return 0;
}

static int device_get(struct model *model, struct bridge *bridge, struct xbr_error *error)
{
	int err = rtnl_link_by_name(model->rtnl, bridge->name, &bridge->link);

	if (err == -ENODEV) {
		err = rtnl_bridge_create(model->rtnl, bridge->name);
		bridge->created_by_us = !err;
		if (!err)
			err = rtnl_link_by_name(model->rtnl, bridge->name, &bridge->link);
	}
	if (err)
		return xbr_refuse(error, err, "cannot make the bridge device %s: %s", bridge->name,
				  strerror(-err));
	bridge->ifindex = (uint32_t)bridge->link.ifindex;
	return 0;
}

/* Writing the address, even the same one, tells the kernel to keep it whatever ports come and go. */
static int address_pin(struct model *model, struct bridge *bridge, struct xbr_error *error)
{
	static const uint8_t none[6];
	uint8_t *address = bridge->settings.address;
	int err;

	if (!memcmp(address, none, sizeof(none)))
		memcpy(address, bridge->link.address, sizeof(none));
	err = rtnl_link_set_address(model->rtnl, (int)bridge->ifindex, address);
	if (err)
		return xbr_refuse(error, err, "cannot set the address of %s: %s", bridge->name,
				  strerror(-err));
	memcpy(bridge->link.address, address, sizeof(none));
	return 0;
}

static uint32_t free_index(const struct model *model)
{
	for (uint32_t i = 1; i < XBR_BRIDGE_LIMIT; i++)
		if (!model->by_index[i])
			return i;
	return 0;
}

static struct bridge *bridge_new(struct model *model, const char *name,
				 const struct bridge_settings *settings)
{
	uint32_t index = free_index(model);
	struct bridge *bridge = index ? calloc(1, sizeof(*bridge)) : NULL;

	if (!bridge)
		return NULL;
	bridge->index = index;
	bridge->settings = *settings;
	memcpy(bridge->name, name, strnlen(name, sizeof(bridge->name) - 1));
	if (vlan_set_fresh(model, bridge, settings->vlan_default_pvid)) {
		free(bridge);
		return NULL;
	}
	model->by_index[index] = bridge;
	HASH_ADD_STR(model->bridges, name, bridge);
	return bridge;
}

static void bridge_free(struct model *model, struct bridge *bridge)
{
	memset(bridge_slot(model, bridge), 0, sizeof(struct xbr_bridge));
	memset(bridge_memory(model, bridge), 0, sizeof(struct xbr_bridge_saved));
	memset(&model->dp->bridge_live[bridge->index], 0, sizeof(struct xbr_bridge_live));
	datapath_set_flood(model->dp, bridge->index, NULL, NULL, 0, 0);
	vlan_bridge_end(model, bridge);
	stp_bridge_gone(model, bridge);
	mst_bridge_end(model, bridge);
	model->by_index[bridge->index] = NULL;
	HASH_DEL(model->bridges, bridge);
	free(bridge);
}

struct slave_walk {
	struct model *model;
	struct bridge *bridge;
};

/* Whoever is enslaved to the device already becomes a port. */
static int adopt_slave(const struct rtnl_link *link, void *user)
{
	struct slave_walk *walk = user;
	struct xbr_error error;
	struct port *port;

	if (link->master != (int)walk->bridge->ifindex || model_port(walk->model, link->name))
		return 0;
	if (port_add(walk->model, walk->bridge, link->name, &port_settings_default, XBR_ORIGIN_ADOPTED, false,
		     &port, &error))
		model_log(walk->model, "%s stays with the kernel's bridge: %s", link->name, error.message);
	return 0;
}

static void adopt_slaves(struct model *model, struct bridge *bridge)
{
	struct slave_walk walk = {model, bridge};

	if (!bridge->created_by_us)
		rtnl_link_each(model->rtnl, adopt_slave, &walk);
}

static int bridge_bring_up(struct model *model, struct bridge *bridge, struct xbr_error *error)
{
	int err = device_get(model, bridge, error);

	if (!err)
		err = address_pin(model, bridge, error);
	if (!err)
		err = local_port_make(model, bridge, error);
	if (err)
		return err;
	write_slot(model, bridge);
	return local_port_bind(model, bridge, error);
}

int bridge_add(struct model *model, const char *name, const struct bridge_settings *settings,
	       struct xbr_error *error)
{
	int err = bridge_check(model, name, error);
	struct bridge *bridge;

	if (err)
		return err;
	bridge = bridge_new(model, name, settings);
	if (!bridge)
		return xbr_refuse(error, -ENOSPC, "no room for another bridge: %u are the most",
				  XBR_BRIDGE_LIMIT - 1);
	err = bridge_bring_up(model, bridge, error);
	if (err) {
		bridge_del(model, bridge);
		return err;
	}
	flood_mark(bridge);
	stp_bridge_update(model, bridge);
	adopt_slaves(model, bridge);
	if (model->listener.bridge)
		model->listener.bridge(model->listener.user, MODEL_ADD, bridge);
	return 0;
}

static void ports_of_bridge_del(struct model *model, struct bridge *bridge)
{
	struct port *port, *next;

	port_foreach (model, port, next)
		if (port->bridge == bridge)
			port_del(model, port);
}

void bridge_del(struct model *model, struct bridge *bridge)
{
	ports_of_bridge_del(model, bridge);
	acl_bridge_gone(model, bridge);
	if (model->listener.bridge)
		model->listener.bridge(model->listener.user, MODEL_DEL, bridge);
	local_port_unbind(model, bridge);
	if (bridge->created_by_us && bridge->ifindex)
		rtnl_link_delete(model->rtnl, (int)bridge->ifindex);
	bridge_free(model, bridge);
}

/* Addresses learned under the one kind of FID say nothing under the other. */
static void flush_all(struct model *model, struct bridge *bridge)
{
	struct fdb_filter filter = {.bridge = bridge, .kinds = 1u << XBR_FDB_DYNAMIC};

	fdb_flush(model, &filter);
	fdb_flush_port(model, bridge->local);
}

static void vlan_settings_changed(struct model *model, struct bridge *bridge,
				  const struct bridge_settings *before)
{
	if (before->vlan_filtering != bridge->settings.vlan_filtering) {
		flush_all(model, bridge);
		flood_mark(bridge);
	}
	if (before->vlan_stats_enabled && !bridge->settings.vlan_stats_enabled)
		vlan_forget_stats(model, bridge);
}

int bridge_set(struct model *model, struct bridge *bridge, const struct bridge_settings *settings,
	       struct xbr_error *error)
{
	static const uint8_t none[6];
	bool readdress =
		memcmp(settings->address, none, 6) && memcmp(settings->address, bridge->settings.address, 6);
	struct bridge_settings before = bridge->settings;
	uint8_t address[6];
	int err = 0;

	if (settings->vlan_default_pvid != before.vlan_default_pvid)
		err = vlan_set_fresh(model, bridge, settings->vlan_default_pvid);
	if (err)
		return xbr_refuse(error, err, "no room for VLAN %u of %s", settings->vlan_default_pvid,
				  bridge->name);
	memcpy(address, bridge->settings.address, sizeof(address));
	if (readdress) {
		memcpy(address, settings->address, sizeof(address));
		err = rtnl_link_set_address(model->rtnl, (int)bridge->ifindex, address);
	}
	if (err)
		return xbr_refuse(error, err, "cannot set the address of %s: %s", bridge->name,
				  strerror(-err));
	if (readdress)
		fdb_own_address_remove(model, bridge->local);
	bridge->settings = *settings;
	memcpy(bridge->settings.address, address, sizeof(address));
	memcpy(bridge->link.address, address, sizeof(address));
	memcpy(bridge->local->link.address, address, sizeof(address));
	write_slot(model, bridge);
	offer_mark(model);
	fdb_own_address_put(model, bridge->local);
	vlan_settings_changed(model, bridge, &before);
	stp_bridge_update(model, bridge);
	if (model->listener.bridge)
		model->listener.bridge(model->listener.user, MODEL_SET, bridge);
	return 0;
}

static void bridge_rename(struct model *model, struct bridge *bridge, const char *name)
{
	HASH_DEL(model->bridges, bridge);
	memset(bridge->name, 0, sizeof(bridge->name));
	memcpy(bridge->name, name, strnlen(name, sizeof(bridge->name) - 1));
	memcpy(bridge->local->name, bridge->name, sizeof(bridge->name));
	HASH_ADD_STR(model->bridges, name, bridge);
}

static bool link_differs(const struct rtnl_link *a, const struct rtnl_link *b)
{
	return strcmp(a->name, b->name) || a->flags != b->flags || a->mtu != b->mtu ||
	       a->operstate != b->operstate || memcmp(a->address, b->address, sizeof(a->address));
}

void bridge_refresh(struct model *model, struct bridge *bridge, const struct rtnl_link *link)
{
	bool differs = link_differs(&bridge->link, link);

	if (strcmp(bridge->name, link->name))
		bridge_rename(model, bridge, link->name);
	if (memcmp(bridge->link.address, link->address, sizeof(link->address))) {
		fdb_own_address_remove(model, bridge->local);
		memcpy(bridge->settings.address, link->address, sizeof(link->address));
	}
	bridge->link = bridge->local->link = *link;
	bridge->ifindex = (uint32_t)link->ifindex;
	write_slot(model, bridge);
	port_write(model, bridge->local);
	port_write_state(model, bridge->local);
	fdb_own_address_put(model, bridge->local);
	stp_bridge_update(model, bridge);
	if (differs && model->listener.bridge)
		model->listener.bridge(model->listener.user, MODEL_SET, bridge);
}
