// SPDX-License-Identifier: Apache-2.0
/*
 * Which hook a port gets. TC always: it is the complete datapath. XDP in front of it where that helps: on
 * NICs. Not on virtual devices, unless asked for: XDP there costs super-frames and partial checksums. What
 * stands in the way of XDP is turned off, written into the pinned memory before, and turned back on detach,
 * also by a later agent.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "datapath/attach.h"
#include "model/model.h"
#include "model/offer.h"
#include "model/shape.h"
#include "net/ethtool.h"
#include "net/peer.h"

/* On the device itself: what hides frames, or tags, from a native program. */
#define OWN_OFF (XBR_OFFLOAD_LRO | XBR_OFFLOAD_GRO_HW | XBR_OFFLOAD_RXVLAN | XBR_OFFLOAD_RXVLAN_STAG)

/* On the far end of a veth with a native program: what XDP would lose must not be sent. */
#define PEER_OFF (XBR_OFFLOAD_TXCSUM | XBR_OFFLOAD_TXVLAN | XBR_OFFLOAD_TXVLAN_STAG)

/* On the far end of a veth that is to take XDP frames: it needs NAPI, which comes with GRO. */
#define PEER_ON XBR_OFFLOAD_GRO

const char *hook_rx_word(enum hook_rx rx)
{
	switch (rx) {
	case HOOK_RX_TC:
		return "tc";
	case HOOK_RX_XDP:
		return "xdp";
	case HOOK_RX_XDP_GENERIC:
		return "xdpgeneric";
	default:
		return "none";
	}
}

static bool is_veth(const struct port *port)
{
	return !strcmp(port->link.kind, "veth");
}

__attribute__((format(printf, 3, 4))) static void rx_is(struct port *port, enum hook_rx rx,
							const char *format, ...)
{
	va_list args;

	port->hook.rx = rx;
	va_start(args, format);
	vsnprintf(port->hook.rx_reason, sizeof(port->hook.rx_reason), format, args);
	va_end(args);
}

__attribute__((format(printf, 3, 4))) static void tx_is(struct port *port, bool xdp, const char *format, ...)
{
	va_list args;

	port->hook.tx_xdp = xdp;
	va_start(args, format);
	vsnprintf(port->hook.tx_reason, sizeof(port->hook.tx_reason), format, args);
	va_end(args);
}

static void slot_flag(struct model *model, struct port *port, uint32_t flag, bool on)
{
	struct xbr_port *slot = port_slot(model, port);

	if (on)
		__atomic_fetch_or(&slot->flags, flag, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&slot->flags, ~flag, __ATOMIC_SEQ_CST);
}

/* ---- features, with a journal ---- */

static int own_features_off(struct model *model, struct port *port, struct xbr_error *error)
{
	struct xbr_port_saved *saved = port_memory(model, port);
	struct ethtool_features features;
	uint32_t changed = 0;
	int err = ethtool_features_get(port->name, &features);

	if (err)
		return xbr_refuse(error, err, "cannot read the features of %s: %s", port->name,
				  strerror(-err));
	saved->own_before |= features.active & OWN_OFF & ~saved->own_changed;
	saved->own_changed |= features.active & OWN_OFF;
	err = ethtool_features_set(port->name, OWN_OFF, 0, &changed);
	if (err)
		return xbr_refuse(error, err, "%s does not let go of large receive offload or VLAN stripping",
				  port->name);
	return 0;
}

static void own_features_back(struct model *model, struct port *port)
{
	struct xbr_port_saved *saved = port_memory(model, port);
	uint32_t changed;
	int err = 0;

	if (saved->own_changed)
		err = ethtool_features_set(port->name, saved->own_changed, saved->own_before, &changed);
	if (err)
		model_log(model, "cannot turn the features of %s back: %s", port->name, strerror(-err));
	saved->own_changed = saved->own_before = 0;
}

static int peer_features(struct model *model, struct port *port, uint32_t mask, uint32_t values,
			 struct xbr_error *error)
{
	struct xbr_port_saved *saved = port_memory(model, port);
	uint32_t changed = 0, before = 0;
	int err = peer_features_set(model->rtnl, &port->link, mask, values, &changed, &before, error);

	if (err)
		return err;
	before &= changed & ~saved->peer_changed; /* what was changed before keeps its first value */
	saved->peer_before |= before;
	saved->peer_changed |= changed;
	return 0;
}

static void peer_features_back(struct model *model, struct port *port)
{
	struct xbr_port_saved *saved = port_memory(model, port);
	uint32_t changed, before;
	struct xbr_error error;

	if (saved->peer_changed && peer_features_set(model->rtnl, &port->link, saved->peer_changed,
						     saved->peer_before, &changed, &before, &error))
		model_log(model, "cannot turn the features of the peer of %s back: %s", port->name,
			  error.message);
	saved->peer_changed = saved->peer_before = 0;
}

/* ---- XDP in ---- */

bool hook_foreign_xdp(struct model *model, const struct port *port, char *text, size_t size)
{
	struct rtnl_link link;

	/* Asked of this one device: libbpf's bpf_xdp_query_id() has the kernel list all. */
	return !rtnl_link_by_index(model->rtnl, (int)port->ifindex, &link) &&
	       attach_foreign(model->dp, link.xdp_prog_id, text, size);
}

static int xdp_attach(struct model *model, struct port *port, enum attach_hook hook, struct xbr_error *error)
{
	char whose[80];
	int err = attach_on(model->dp, port->number, port->ifindex, hook);

	if (!err || err == -EEXIST) {
		slot_flag(model, port, XBR_PORT_XDP_IN, true);
		return 0;
	}
	if (hook_foreign_xdp(model, port, whose, sizeof(whose)))
		return xbr_refuse(error, -EBUSY, "the XDP program %s is on %s", whose, port->name);
	if (err == -EOPNOTSUPP)
		return xbr_refuse(error, err, "the driver of %s takes no %s XDP program", port->name,
				  hook == ATTACH_XDP_NATIVE ? "native" : "generic");
	return xbr_refuse(error, err, "the XDP hook of %s refused (%s; MTU %u)", port->name, strerror(-err),
			  port->link.mtu);
}

static int xdp_native(struct model *model, struct port *port, struct xbr_error *error)
{
	int err = own_features_off(model, port, error);

	if (!err && is_veth(port))
		err = peer_features(model, port, PEER_OFF | PEER_ON, PEER_ON, error);
	if (!err)
		err = xdp_attach(model, port, ATTACH_XDP_NATIVE, error);
	if (!err)
		return 0;
	own_features_back(model, port);
	peer_features_back(model, port);
	return err;
}

static void xdp_off(struct model *model, struct port *port, bool present)
{
	slot_flag(model, port, XBR_PORT_XDP_IN, false);
	attach_off(model->dp, port->number, port->ifindex, ATTACH_XDP_NATIVE);
	if (!present)
		return;
	own_features_back(model, port);
	peer_features_back(model, port);
}

/* A NIC gets XDP if it takes it; the sentence says why not. */
static void choose_auto(struct model *model, struct port *port)
{
	struct xbr_error error;

	if (port->link.kind[0]) {
		rx_is(port, HOOK_RX_TC, "a virtual device (%s): TC keeps super-frames and partial checksums",
		      port->link.kind);
		return;
	}
	if (xdp_native(model, port, &error))
		rx_is(port, HOOK_RX_TC, "%s", error.message);
	else
		rx_is(port, HOOK_RX_XDP, "the driver takes native XDP");
}

static int choose_rx(struct model *model, struct port *port, struct xbr_error *error)
{
	int err = 0;

	switch (port->settings.xdp) {
	case XBR_XDP_NATIVE:
		err = xdp_native(model, port, error);
		if (!err)
			rx_is(port, HOOK_RX_XDP, "asked for");
		break;
	case XBR_XDP_GENERIC:
		err = xdp_attach(model, port, ATTACH_XDP_GENERIC, error);
		if (!err)
			rx_is(port, HOOK_RX_XDP_GENERIC, "asked for");
		break;
	case XBR_XDP_OFF:
		rx_is(port, HOOK_RX_TC, "XDP is off as asked for");
		break;
	default:
		choose_auto(model, port);
	}
	return err;
}

int hook_attach(struct model *model, struct port *port, struct xbr_error *error)
{
	int err = attach_on(model->dp, port->number, port->ifindex, ATTACH_TC_PORT);

	if (err && err != -EEXIST)
		return xbr_refuse(error, err, "cannot attach to %s: %s", port->name, strerror(-err));
	err = choose_rx(model, port, error);
	if (!err)
		tx_is(port, false, "no port of the bridge receives by XDP");
	return err;
}

int hook_change(struct model *model, struct port *port, uint8_t xdp, struct xbr_error *error)
{
	uint8_t former = port->settings.xdp;
	struct xbr_error ignored;
	int err;

	port->settings.xdp = xdp;
	if (!port->ifindex)
		return 0;
	xdp_off(model, port, true);
	err = choose_rx(model, port, error);
	if (!err)
		return 0;
	port->settings.xdp = former;
	if (choose_rx(model, port, &ignored))
		rx_is(port, HOOK_RX_TC, "%s", ignored.message);
	return err;
}

static int count_filter(const char *name, uint32_t prog_id, uint32_t priority, void *user)
{
	(void)name;
	(void)prog_id;
	(void)priority;
	++*(unsigned int *)user;
	return 0;
}

/* The qdisc that carried our filter goes with it, unless somebody hung a filter of his own on it meanwhile.
 */
void hook_clsact_cleanup(struct model *model, struct port *port)
{
	unsigned int filters = 0;

	if (!port_memory(model, port)->clsact_by_us ||
	    rtnl_filter_each(model->rtnl, (int)port->ifindex, true, count_filter, &filters) ||
	    rtnl_filter_each(model->rtnl, (int)port->ifindex, false, count_filter, &filters))
		return;
	if (!filters)
		attach_clsact_remove(model->dp, port->number, port->ifindex);
}

void hook_detach(struct model *model, struct port *port, bool present)
{
	if (present)
		offer_withdraw(model, port);
	slot_flag(model, port, XBR_PORT_XDP_OUT, false);
	datapath_set_xdp_port(model->dp, port->number, 0);
	xdp_off(model, port, present);
	attach_off(model->dp, port->number, port->ifindex, ATTACH_TC_PORT);
	if (present)
		hook_clsact_cleanup(model, port);
	memset(&port->hook, 0, sizeof(port->hook));
}

/* ---- XDP out ---- */

/* untold: the answer for a kernel before 6.3, which does not tell. */
static bool driver_sends_xdp(const struct port *port, bool untold)
{
	uint64_t features;

	if (ethtool_xdp_features((int)port->ifindex, &features))
		return untold;
	return features & NET_XDP_NDO_XMIT;
}

static void arm_veth(struct model *model, struct port *port)
{
	struct xbr_error error;

	if (peer_features(model, port, PEER_ON, PEER_ON, &error))
		tx_is(port, false, "%s", error.message);
	else if (driver_sends_xdp(port, port->link.carrier))
		tx_is(port, true, "its peer has NAPI (generic receive offload is on)");
	else
		tx_is(port, false, "its peer does not take XDP frames now (is it up?)");
}

static void choose_tx(struct model *model, struct port *port, bool wanted)
{
	if (!wanted)
		tx_is(port, false, "no port of the bridge receives by XDP");
	else if (shape_is_set(port))
		tx_is(port, false, "it is shaped: frames wait in the device's queue");
	else if (port->settings.xdp == XBR_XDP_OFF)
		tx_is(port, false, "XDP is off as asked for");
	else if (is_veth(port))
		arm_veth(model, port);
	else if (driver_sends_xdp(port, port->hook.rx == HOOK_RX_XDP)) /* such drivers mostly do */
		tx_is(port, true, "the driver sends XDP frames");
	else
		tx_is(port, false, "the driver does not send XDP frames");
}

/* What was found out about the trunk holds for all its channels. */
static void choose_channel_tx(struct model *model, struct port *port, bool wanted)
{
	struct port *trunk = port->trunk;

	if (shape_is_set(port)) {
		choose_tx(model, port, wanted);
		return;
	}
	if (wanted && trunk->hook.tx_decided != TX_DECIDED_WANTED) {
		choose_tx(model, trunk, true);
		trunk->hook.tx_decided = TX_DECIDED_WANTED;
	}
	if (wanted)
		tx_is(port, trunk->hook.tx_xdp, "%s", trunk->hook.tx_reason);
	else
		choose_tx(model, port, false);
}

static void apply_tx(struct model *model, struct port *port)
{
	bool xdp = port->hook.tx_xdp && !datapath_set_xdp_port(model->dp, port->number, port->ifindex);

	slot_flag(model, port, XBR_PORT_XDP_OUT, xdp);
	if (!xdp)
		datapath_set_xdp_port(model->dp, port->number, 0);
}

void hook_inherit(struct model *model, struct port *channel)
{
	const struct port *trunk = channel->trunk;

	channel->hook = trunk->hook;
	channel->hook.tx_decided = TX_UNDECIDED;
	slot_flag(model, channel, XBR_PORT_XDP_IN, port_slot(model, trunk)->flags & XBR_PORT_XDP_IN);
}

void hook_reconsider(struct port *port)
{
	port->hook.tx_decided = TX_UNDECIDED;
}

static bool bridge_receives_xdp(const struct model *model, const struct bridge *bridge)
{
	struct port *port, *next;

	port_foreach (model, port, next)
		if (port->bridge == bridge && port->hook.rx >= HOOK_RX_XDP)
			return true;
	return false;
}

void hook_update_targets(struct model *model, struct bridge *bridge)
{
	bool wanted = bridge_receives_xdp(model, bridge);
	enum hook_tx_decided decided = wanted ? TX_DECIDED_WANTED : TX_DECIDED_UNWANTED;
	struct port *port, *next;

	port_foreach (model, port, next) {
		if (port->bridge != bridge || !port->ifindex || port->hook.tx_decided == decided)
			continue;
		if (port->trunk)
			choose_channel_tx(model, port, wanted);
		else
			choose_tx(model, port, wanted);
		apply_tx(model, port);
		port->hook.tx_decided = decided;
	}
}
