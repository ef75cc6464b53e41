// SPDX-License-Identifier: Apache-2.0
/*
 * Channels: ports that are a tag of a device. The device, their trunk, has one set of programs for all of
 * them; it comes with its first channel and goes with its last. It hears everything (promiscuous), for the
 * addresses behind channels are not its own, and is enslaved to nothing: the kernel's bridges know no
 * channels. Link state and MTU of a channel follow the device.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "model/mst.h"
#include "model/shape.h"

#define CHANNEL_MTU_MIN 68 /* RFC 791: what every IPv4 module must take */

/* ---- finding ---- */

static struct port *find_word(const struct model *model, const struct port *trunk, uint32_t word)
{
	struct channel_id id = {.trunk = trunk->number, .word = word};
	struct port *port;

	HASH_FIND(hc, model->channels, &id, sizeof(id), port);
	return port;
}

struct port *channel_find(const struct model *model, const struct port_encap *encap)
{
	const struct port *trunk = model_trunk(model, encap->dev);

	return trunk ? find_word(model, trunk, encap_word(encap)) : NULL;
}

/* ---- may it be? ---- */

/* Somebody else's bridge has a device to itself; a port of ours leaves it in the same transaction. */
static int check_master(struct model *model, const struct rtnl_link *link, struct xbr_error *error)
{
	struct rtnl_link master;

	if (!link->master || model_port(model, link->name) ||
	    rtnl_link_by_index(model->rtnl, link->master, &master))
		return 0;
	return xbr_refuse(error, -EBUSY, "%s belongs to %s: take it out first (ip link set dev %s nomaster)",
			  link->name, master.name, link->name);
}

static int check_trunk(struct model *model, const char *dev, struct xbr_error *error)
{
	struct rtnl_link link;
	int err = rtnl_link_by_name(model->rtnl, dev, &link);

	if (err == -ENODEV)
		return xbr_refuse(error, err, "there is no device %s", dev);
	if (err)
		return xbr_refuse(error, err, "cannot ask for device %s: %s", dev, strerror(-err));
	err = port_check_device(model, &link, error);
	return err ? err : check_master(model, &link, error);
}

int channel_check(struct model *model, const char *name, const struct port_encap *encap,
		  struct xbr_error *error)
{
	struct rtnl_link link;

	if (!rtnl_link_by_name(model->rtnl, name, &link))
		return xbr_refuse(error, -EEXIST,
				  "there is a device %s: a channel needs a name that none has", name);
	return model_trunk(model, encap->dev) ? 0 : check_trunk(model, encap->dev, error);
}

/* ---- a channel and its device ---- */

static void take_link(struct port *port)
{
	uint32_t overhead = encap_overhead(&port->encap);

	port->link = port->trunk->link;
	port->link.mtu =
		port->link.mtu > overhead + CHANNEL_MTU_MIN ? port->link.mtu - overhead : CHANNEL_MTU_MIN;
	memset(port->link.address, 0, sizeof(port->link.address)); /* the device's own is not the bridge's */
}

static int channel_bind(struct model *model, struct port *port, struct xbr_error *error)
{
	int err;

	take_link(port);
	port->ifindex = port->trunk->ifindex;
	port_write(model, port);
	hook_inherit(model, port);
	/* no frame comes from a group */
	err = encap_is_group(&port->encap)
		      ? 0
		      : datapath_set_channel(model->dp, port->ifindex, port->channel_id.word, port->number);
	if (err)
		return xbr_refuse(error, err, "cannot enter %s in the table of channels: %s", port->name,
				  strerror(-err));
	port_write_state(model, port);
	stp_port_update(model, port);
	flood_mark(port->bridge);
	if (shape_update(model, port, error))
		model_log(model, "%s is not shaped: %s", port->name, error->message);
	return 0;
}

void channel_unbind(struct model *model, struct port *port)
{
	struct xbr_error error;

	if (!port->ifindex)
		return;
	datapath_set_channel(model->dp, port->ifindex, port->channel_id.word, XBR_PORT_NONE);
	__atomic_store_n(&port_slot(model, port)->state, XBR_STATE_DISABLED, __ATOMIC_SEQ_CST);
	mst_write_states(model, port);
	stp_port_gone(model, port);
	fdb_flush_port(model, port);
	datapath_set_xdp_port(model->dp, port->number, 0);
	port_slot(model, port)->flags &= ~(uint32_t)(XBR_PORT_XDP_IN | XBR_PORT_XDP_OUT);
	memset(&port->hook, 0, sizeof(port->hook));
	memset(&port->link, 0, sizeof(port->link));
	port->ifindex = 0;
	port_write(model, port);
	flood_mark(port->bridge);
	if (shape_update(model, port, &error))
		model_log(model, "%s", error.message);
}

static void channel_refresh(struct model *model, struct port *port)
{
	take_link(port);
	memcpy(port->encap.dev, port->trunk->name, sizeof(port->encap.dev));
	port_write(model, port);
	port_write_state(model, port);
	stp_port_update(model, port);
	hook_reconsider(port);
	flood_mark(port->bridge);
	if (model->listener.link)
		model->listener.link(model->listener.user, MODEL_SET, port);
}

/* ---- the trunk ---- */

static void join(struct model *model, struct port *port, struct port *trunk)
{
	port->trunk = trunk;
	port->channel_id = (struct channel_id){.trunk = trunk->number, .word = encap_word(&port->encap)};
	trunk->encap.kind = port->encap.kind;
	trunk->asked[port->settings.xdp]++;
	DL_APPEND(trunk->channels, port);
	HASH_ADD(hc, model->channels, channel_id, sizeof(port->channel_id), port);
}

/* What the channels ask for; those that leave it to us agree with all. */
static uint8_t mode_asked(const struct port *trunk)
{
	for (uint8_t mode = XBR_XDP_NATIVE; mode <= XBR_XDP_OFF; mode++)
		if (trunk->asked[mode])
			return mode;
	return XBR_XDP_AUTO;
}

static int check_mode(const struct port *trunk, const struct port *but, uint8_t mode, struct xbr_error *error)
{
	const struct port *other;

	if (mode == XBR_XDP_AUTO)
		return 0;
	DL_FOREACH (trunk->channels, other)
		if (other != but && other->settings.xdp != XBR_XDP_AUTO && other->settings.xdp != mode)
			return xbr_refuse(
				error, -EBUSY,
				"%s receives for all its channels alike: %s asks for xdp %s already",
				trunk->name, other->name, xdp_mode_words[other->settings.xdp]);
	return 0;
}

static int follow_mode(struct model *model, struct port *trunk, struct xbr_error *error)
{
	uint8_t mode = mode_asked(trunk);
	struct port *port;
	int err;

	if (mode == trunk->settings.xdp)
		return 0;
	err = hook_change(model, trunk, mode, error);
	port_write_memory(model, trunk);
	if (!trunk->ifindex)
		return err;
	DL_FOREACH (trunk->channels, port) {
		hook_inherit(model, port);
		flood_mark(port->bridge);
	}
	return err;
}

int channel_set_xdp(struct model *model, struct port *port, uint8_t xdp, struct xbr_error *error)
{
	struct port *trunk = port->trunk;
	uint8_t former = port->settings.xdp;
	int err = check_mode(trunk, port, xdp, error);

	if (err)
		return err;
	trunk->asked[former]--;
	trunk->asked[xdp]++;
	err = follow_mode(model, trunk, error);
	if (!err)
		return 0;
	trunk->asked[xdp]--;
	trunk->asked[former]++;
	return err;
}

int trunk_bind(struct model *model, struct port *trunk, const struct rtnl_link *link, struct xbr_error *error)
{
	struct port *port;
	int err;

	trunk->link = *link;
	trunk->ifindex = (uint32_t)link->ifindex;
	port_write(model, trunk);
	err = hook_attach(model, trunk, error);
	DL_FOREACH (trunk->channels, port)
		if (!err)
			err = channel_bind(model, port, error);
	if (!err) {
		port_listen_to_all(model, trunk, true);
		err = datapath_set_port_of(model->dp, trunk->ifindex, trunk->number, trunk->encap.kind, 0);
		if (err)
			xbr_refuse(error, err, "cannot enter %s in the port table: %s", trunk->name,
				   strerror(-err));
	}
	if (err)
		trunk_unbind(model, trunk);
	return err;
}

static bool device_is_here(struct model *model, const struct port *trunk)
{
	struct rtnl_link link;

	return !rtnl_link_by_index(model->rtnl, (int)trunk->ifindex, &link) &&
	       !strcmp(link.name, trunk->name);
}

void trunk_unbind(struct model *model, struct port *trunk)
{
	struct port *port;
	bool here;

	if (!trunk->ifindex)
		return;
	here = device_is_here(model, trunk);
	DL_FOREACH (trunk->channels, port)
		channel_unbind(model, port);
	if (here)
		port_listen_to_all(model, trunk, false);
	port_memory(model, trunk)->promiscuous_by_us = port_memory(model, trunk)->shaped_by_us = 0;
	hook_detach(model, trunk, here);
	if (datapath_port_of(model->dp, trunk->ifindex) == trunk->number)
		datapath_set_port_of(model->dp, trunk->ifindex, XBR_PORT_NONE, XBR_ENCAP_NONE, 0);
	trunk->ifindex = 0;
	memset(&trunk->link, 0, sizeof(trunk->link));
	port_write(model, trunk);
}

static void trunk_rename(struct model *model, struct port *trunk, const char *name)
{
	HASH_DEL(model->trunks, trunk);
	memset(trunk->name, 0, sizeof(trunk->name));
	memcpy(trunk->name, name, strnlen(name, sizeof(trunk->name) - 1));
	HASH_ADD_STR(model->trunks, name, trunk);
}

static bool link_matters(const struct rtnl_link *a, const struct rtnl_link *b)
{
	return strcmp(a->name, b->name) || a->flags != b->flags || a->mtu != b->mtu ||
	       a->carrier != b->carrier;
}

void trunk_refresh(struct model *model, struct port *trunk, const struct rtnl_link *link)
{
	bool matters = link_matters(&trunk->link, link);
	struct port *port;

	if (link->master && link->master != trunk->link.master)
		model_log(model, "somebody enslaved %s, which carries channels: its frames stay theirs",
			  link->name);
	if (strcmp(trunk->name, link->name))
		trunk_rename(model, trunk, link->name);
	trunk->link = *link;
	port_write(model, trunk);
	hook_reconsider(trunk);
	if (matters)
		DL_FOREACH (trunk->channels, port)
			channel_refresh(model, port);
}

static void trunk_free(struct model *model, struct port *trunk)
{
	trunk_unbind(model, trunk);
	HASH_DEL(model->trunks, trunk);
	port_free(model, trunk);
}

static struct port *trunk_new(struct model *model, uint32_t number, const char *dev)
{
	struct port *trunk = port_new(model, number, dev, NULL);

	if (!trunk)
		return NULL;
	trunk->settings = (struct port_settings){0};
	HASH_ADD_STR(model->trunks, name, trunk);
	return trunk;
}

/* The trunk of a new channel; one that is made for it has no device yet. */
static int trunk_get(struct model *model, const struct port_encap *encap, struct port **ret_trunk,
		     struct xbr_error *error)
{
	uint32_t number;

	*ret_trunk = model_trunk(model, encap->dev);
	if (*ret_trunk)
		return 0;
	number = port_free_number(model);
	if (!number)
		return xbr_refuse(error, -ENOSPC, "all %u port numbers are taken (see --max-ports of xbrd)",
				  model->dp->max_ports - 1);
	*ret_trunk = trunk_new(model, number, encap->dev);
	if (!*ret_trunk)
		return xbr_refuse(error, -ENOMEM, "out of memory");
	port_write_memory(model, *ret_trunk);
	return 0;
}

/* ---- making and unmaking ---- */

/* The first one waits for the device, or brings the trunk up. */
static int first_bind(struct model *model, struct port *trunk, bool may_wait, struct xbr_error *error)
{
	struct rtnl_link link;
	int err = check_trunk(model, trunk->name, error);

	if (err == -ENODEV && may_wait)
		return 0;
	if (!err && rtnl_link_by_name(model->rtnl, trunk->name, &link))
		err = xbr_refuse(error, -ENODEV, "there is no device %s", trunk->name);
	return err ? err : trunk_bind(model, trunk, &link, error);
}

static int bind_new(struct model *model, struct port *port, bool may_wait, struct xbr_error *error)
{
	struct port *trunk = port->trunk;
	int err;

	err = check_mode(trunk, port, port->settings.xdp, error);
	if (!err)
		err = follow_mode(model, trunk, error);
	if (err)
		return err;
	err = trunk->ifindex ? channel_bind(model, port, error) : first_bind(model, trunk, may_wait, error);
	return err ? err : shape_update(model, port, error);
}

static int make_port(struct model *model, struct bridge *bridge, const char *name, struct port **ret_port,
		     struct xbr_error *error)
{
	uint32_t number = port_free_number(model);

	if (!number)
		return xbr_refuse(error, -ENOSPC, "all %u port numbers are taken (see --max-ports of xbrd)",
				  model->dp->max_ports - 1);
	*ret_port = port_new(model, number, name, bridge);
	return *ret_port ? 0 : xbr_refuse(error, -ENOMEM, "out of memory");
}

int channel_add(struct model *model, struct bridge *bridge, const char *name, const struct port_encap *encap,
		const struct port_settings *settings, bool may_wait, struct port **ret_port,
		struct xbr_error *error)
{
	struct port *trunk, *port = NULL;
	int err = trunk_get(model, encap, &trunk, error);

	if (err)
		return err;
	err = make_port(model, bridge, name, &port, error);
	if (err) {
		trunks_clean(model);
		return err;
	}
	port->encap = *encap;
	port->settings = *settings;
	join(model, port, trunk);
	port_enter(model, port, settings, XBR_ORIGIN_USER);
	port_write(model, port);
	err = bind_new(model, port, may_wait, error);
	return port_entered(model, port, err, ret_port);
}

void channel_leave(struct model *model, struct port *port)
{
	struct port *trunk = port->trunk;
	struct xbr_error error;

	trunk->asked[port->settings.xdp]--;
	DL_DELETE(trunk->channels, port);
	HASH_DELETE(hc, model->channels, port);
	tags_release(model, &port->encap);
	if (!trunk->channels)
		trunk_free(model, trunk);
	else if (follow_mode(model, trunk, &error))
		model_log(model, "the hook of %s stays as it was: %s", trunk->name, error.message);
}

/* ---- from the pinned maps ---- */

int trunk_restore(struct model *model, uint32_t number, struct xbr_error *error)
{
	const struct xbr_port_saved *saved = &model->dp->port_saved[number];
	struct port *trunk = trunk_new(model, number, saved->name);

	if (!trunk)
		return xbr_refuse(error, -ENOMEM, "out of memory");
	trunk->ifindex = model->dp->ports[number].ifindex;
	trunk->settings.xdp = saved->xdp_mode;
	return 0;
}

void channel_restore(struct model *model, struct port *port, struct port *trunk)
{
	const struct xbr_port *slot = port_slot(model, port);

	port->encap = (struct port_encap){
		.kind = slot->encap, .flags = slot->channel_flags, .channel = slot->channel};
	memcpy(port->encap.dev, trunk->name, sizeof(port->encap.dev));
	join(model, port, trunk);
}

void trunks_clean(struct model *model)
{
	struct port *trunk, *next;

	trunk_foreach (model, trunk, next)
		if (!trunk->channels)
			trunk_free(model, trunk);
}
