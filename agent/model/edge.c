// SPDX-License-Identifier: Apache-2.0
/*
 * Which port of a bridge is its uplink, and what modes come to in the ports' slots. Modes need one uplink;
 * control/edge.c has refused what does not have it. What others do later (a second NIC is enslaved, the
 * uplink's device goes) can still take it: then the first uplink counts, or frames that should leave by it
 * are dropped as egress_down. To name an uplink is to ask for modes, if only for bridge: what is reflected is
 * told from what is new. On a bridge where nothing of it is set one port is as another.
 *
 * The order of writing keeps frames: everything that modes need is there before the first mode, and goes
 * after the last one. To change a mode while another is set is one store of an octet.
 */
#include <stdio.h>
#include <string.h>

#include "model/model.h"

/* ---- roles ---- */

bool edge_kind_is_uplink(const char *kind, char ret_reason[HOOK_TEXT])
{
	static const char *const outward[] = {"bond", "team", "vlan", "macsec"};

	if (!*kind) {
		snprintf(ret_reason, HOOK_TEXT, "a physical device");
		return true;
	}
	for (size_t i = 0; i < sizeof(outward) / sizeof(outward[0]); i++)
		if (!strcmp(kind, outward[i])) {
			snprintf(ret_reason, HOOK_TEXT, "a %s device leads to a physical one", kind);
			return true;
		}
	snprintf(ret_reason, HOOK_TEXT, "a %s device leads to a guest", kind);
	return false;
}

static const struct port *named_uplink(const struct model *model, const struct bridge *bridge)
{
	struct port *port, *next;

	port_foreach (model, port, next)
		if (port->bridge == bridge && port->settings.role == XBR_ROLE_UPLINK)
			return port;
	return NULL;
}

static void find_auto_role(struct port *port, const struct port *named)
{
	port->uplink = false;
	if (port->settings.mode != XBR_MODE_BRIDGE)
		snprintf(port->role_reason, HOOK_TEXT, "it has a mode");
	else if (named)
		snprintf(port->role_reason, HOOK_TEXT, "%s is named as the uplink", named->name);
	else if (!port->ifindex)
		snprintf(port->role_reason, HOOK_TEXT, "its device is not there");
	else if (port->trunk)
		snprintf(port->role_reason, HOOK_TEXT, "a channel is an uplink only where that is asked for");
	else
		port->uplink = edge_kind_is_uplink(port->link.kind, port->role_reason);
}

static void find_role(struct port *port, const struct port *named)
{
	if (port->settings.role == XBR_ROLE_AUTO) {
		find_auto_role(port, named);
		return;
	}
	port->uplink = port->settings.role == XBR_ROLE_UPLINK;
	snprintf(port->role_reason, HOOK_TEXT, "as asked for");
}

/* ---- what is set on a bridge ---- */

struct edge_plan {
	struct port *uplink;
	struct port *beside; /* could be it, and has virtual functions */
	struct port *owner;  /* in mode passthru */
	bool modes;          /* some port has a mode, or is named as the uplink */
	bool no_host;
	bool sources;
};

static void plan_port(struct edge_plan *plan, struct port *port)
{
	plan->modes |= port->settings.mode != XBR_MODE_BRIDGE || port->settings.role == XBR_ROLE_UPLINK;
	plan->sources |= port->settings.mode == XBR_MODE_SOURCE;
	plan->no_host |= port->settings.edge_options & XBR_EDGE_OPTION_NO_HOST;
	if (port->uplink && (!plan->uplink || port->number < plan->uplink->number))
		plan->uplink = port;
	if (port->uplink && port->vfs && (!plan->beside || port->number < plan->beside->number))
		plan->beside = port;
	if (port->settings.mode == XBR_MODE_PASSTHRU)
		plan->owner = port;
}

static void plan_bridge(const struct model *model, struct bridge *bridge, struct edge_plan *plan)
{
	const struct port *named = named_uplink(model, bridge);
	struct port *port, *next;

	*plan = (struct edge_plan){0};
	port_foreach (model, port, next)
		if (port->bridge == bridge) {
			find_role(port, named);
			plan_port(plan, port);
		}
	if (!plan->modes) /* without modes one port is as another */
		plan->uplink = plan->owner = NULL;
	else
		plan->beside = NULL;
}

/* ---- writing ---- */

static uint8_t edge_flags(const struct edge_plan *plan, const struct port *port)
{
	uint8_t flags = 0;

	if (plan->modes || plan->no_host)
		flags |= XBR_EDGE_IN_PLAY;
	if (port->settings.edge_options & XBR_EDGE_OPTION_NO_HOST)
		flags |= XBR_EDGE_NO_HOST;
	if (port == plan->uplink)
		flags |= XBR_EDGE_UPLINK | (plan->sources ? XBR_EDGE_SOURCES : 0);
	return flags;
}

static uint16_t uplink_number(const struct edge_plan *plan, const struct port *port)
{
	const struct port *other = port == plan->uplink ? plan->owner : plan->uplink;

	return (uint16_t)(other ? other->number : XBR_PORT_NONE);
}

static void write_surroundings(const struct model *model, const struct edge_plan *plan,
			       const struct port *port)
{
	struct xbr_port *slot = port_slot(model, port);

	__atomic_store_n(&slot->uplink, uplink_number(plan, port), __ATOMIC_SEQ_CST);
	__atomic_store_n(&slot->edge, edge_flags(plan, port), __ATOMIC_SEQ_CST);
}

static void write_mode(const struct model *model, const struct edge_plan *plan, const struct port *port)
{
	uint8_t mode = port == plan->uplink ? XBR_MODE_BRIDGE : port->settings.mode;

	__atomic_store_n(&port_slot(model, port)->mode, mode, __ATOMIC_SEQ_CST);
}

/* No list is asked of a port that is not in mode source, and every one of a port that is. */
static void write_sources(struct model *model, struct bridge *bridge,
			  void (*write)(struct model *model, struct port *port))
{
	struct port *port, *next;

	port_foreach (model, port, next)
		if (port->bridge == bridge)
			write(model, port);
}

static void write_each(struct model *model, struct bridge *bridge, const struct edge_plan *plan,
		       void (*write)(const struct model *, const struct edge_plan *, const struct port *))
{
	struct port *port, *next;

	port_foreach (model, port, next)
		if (port->bridge == bridge)
			write(model, plan, port);
	write(model, plan, bridge->local);
}

void edge_update(struct model *model, struct bridge *bridge)
{
	struct edge_plan plan;

	plan_bridge(model, bridge, &plan);
	bridge->uplink = plan.uplink;
	bridge->beside = plan.beside;
	bridge->edge_in_play = plan.modes || plan.no_host;
	if (plan.modes || plan.no_host)
		write_each(model, bridge, &plan, write_surroundings);
	write_sources(model, bridge, sources_withdraw);
	write_each(model, bridge, &plan, write_mode);
	write_sources(model, bridge, sources_share);
	if (!plan.modes && !plan.no_host)
		write_each(model, bridge, &plan, write_surroundings);
}

void edge_begin(struct model *model, struct port *port)
{
	struct edge_plan plan = {.uplink = port->bridge->uplink};

	if (port->settings.mode == XBR_MODE_BRIDGE && !port->settings.edge_options &&
	    !port->bridge->edge_in_play)
		return;
	plan_port(&plan, port);
	plan.uplink = port->bridge->uplink;
	plan.modes |= port->bridge->edge_in_play;
	write_surroundings(model, &plan, port);
	write_mode(model, &plan, port);
}
