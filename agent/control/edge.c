// SPDX-License-Identifier: Apache-2.0
#include "control/edge.h"

#include <errno.h>
#include <string.h>

/* The ports of one bridge that matter to modes. */
struct edge_ports {
	const struct want_port *moded; /* the first in a mode other than bridge */
	const struct want_port *owner; /* in mode passthru */
	const struct want_port *other_owner;
	const struct want_port *neighbour; /* in a mode that needs the uplink beside its owner */
	const struct want_port *uplink;
	const struct want_port *other_uplink;
	const struct want_port *absent; /* role auto, and no device to tell by */
};

static const char *mode_of(const struct want_port *port)
{
	return mode_words[port->settings.mode];
}

static void note_mode(struct edge_ports *ports, const struct want_port *port)
{
	if (port->settings.mode == XBR_MODE_BRIDGE)
		return;
	if (!ports->moded)
		ports->moded = port;
	if (port->settings.mode != XBR_MODE_PASSTHRU)
		ports->neighbour = port;
	else if (ports->owner)
		ports->other_owner = port;
	else
		ports->owner = port;
}

static void note_uplink(struct edge_ports *ports, const struct want_port *port)
{
	if (ports->uplink)
		ports->other_uplink = port;
	else
		ports->uplink = port;
}

/* By role auto. */
static void note_by_kind(struct edge_ports *ports, struct model *model, const struct want_port *port)
{
	const struct port *there = model_port(model, port->name);
	char reason[HOOK_TEXT];
	struct rtnl_link link;

	if (there && there->ifindex)
		link = there->link;
	else if (rtnl_link_by_name(model->rtnl, port->name, &link)) {
		ports->absent = port;
		return;
	}
	if (edge_kind_is_uplink(link.kind, reason))
		note_uplink(ports, port);
}

static void note_modes(const struct want *want, const char *bridge, struct edge_ports *ret_ports)
{
	struct want_port *port, *next;

	*ret_ports = (struct edge_ports){0};
	HASH_ITER (hh, want->ports, port, next) {
		if (strcmp(port->bridge, bridge))
			continue;
		note_mode(ret_ports, port);
		if (port->settings.role == XBR_ROLE_UPLINK)
			note_uplink(ret_ports, port);
	}
}

static void note_auto(struct model *model, const struct want *want, const char *bridge,
		      struct edge_ports *ports)
{
	struct want_port *port, *next;

	HASH_ITER (hh, want->ports, port, next)
		if (!strcmp(port->bridge, bridge) && port->settings.role == XBR_ROLE_AUTO &&
		    port->settings.mode == XBR_MODE_BRIDGE)
			note_by_kind(ports, model, port);
}

static int check_owner(const struct edge_ports *ports, const char **ret_at, struct xbr_error *error)
{
	if (ports->other_owner) {
		*ret_at = ports->other_owner->at ? ports->other_owner->at : ports->owner->at;
		return xbr_refuse(
			error, -EBUSY,
			"%s and %s cannot both be in mode passthru: it gives one port the uplink of "
			"%s for itself",
			ports->owner->name, ports->other_owner->name, ports->owner->bridge);
	}
	if (!ports->owner || !ports->neighbour)
		return 0;
	*ret_at = ports->owner->at ? ports->owner->at : ports->neighbour->at;
	return xbr_refuse(
		error, -EBUSY,
		"%s is in mode %s, which needs the uplink of %s, but mode passthru of %s has it for "
		"itself",
		ports->neighbour->name, mode_of(ports->neighbour), ports->owner->bridge, ports->owner->name);
}

static int check_uplink(const struct edge_ports *ports, const char **ret_at, struct xbr_error *error)
{
	const struct want_port *moded = ports->moded;

	if (ports->other_uplink && ports->uplink->settings.role == XBR_ROLE_UPLINK) {
		*ret_at = ports->other_uplink->at;
		return xbr_refuse(error, -EINVAL, "%s and %s cannot both be the uplink of %s",
				  ports->uplink->name, ports->other_uplink->name, ports->uplink->bridge);
	}
	if (!moded)
		return 0;
	*ret_at = moded->at;
	if (ports->other_uplink)
		return xbr_refuse(
			error, -EINVAL,
			"mode %s of %s needs one uplink, and %s has two, %s and %s: say role uplink "
			"or role edge for one of them",
			mode_of(moded), moded->name, moded->bridge, ports->uplink->name,
			ports->other_uplink->name);
	if (!ports->uplink && !ports->absent)
		return xbr_refuse(
			error, -EINVAL,
			"mode %s of %s needs an uplink, and %s has none: say role uplink for the port "
			"that is it",
			mode_of(moded), moded->name, moded->bridge);
	return 0;
}

static int check_bridge(struct model *model, const struct want *want, const char *bridge, const char **ret_at,
			struct xbr_error *error)
{
	struct edge_ports ports;
	int err;

	note_modes(want, bridge, &ports);
	if (ports.moded && !ports.uplink)
		note_auto(model, want, bridge, &ports);
	err = check_owner(&ports, ret_at, error);
	return err ? err : check_uplink(&ports, ret_at, error);
}

/* The map has two entries for each address of each list. */
static int check_sources(const struct want *want, const char **ret_at, struct xbr_error *error)
{
	struct want_port *port, *next;
	uint32_t count = 0;

	HASH_ITER (hh, want->ports, port, next) {
		count += source_list_count(port->sources);
		if (count <= XBR_SOURCE_MOST)
			continue;
		*ret_at = port->at;
		return xbr_refuse(
			error, -ENOSPC,
			"the source list of %s is too long: %d addresses are the most, on all lists "
			"together",
			port->name, XBR_SOURCE_MOST);
	}
	return 0;
}

static bool any_mode(const struct want *want)
{
	struct want_port *port, *next;

	HASH_ITER (hh, want->ports, port, next)
		if (port->settings.mode != XBR_MODE_BRIDGE || port->settings.role == XBR_ROLE_UPLINK)
			return true;
	return false;
}

int edge_check(struct model *model, const struct want *want, const char **ret_at, struct xbr_error *error)
{
	struct want_bridge *bridge, *next;
	int err = 0;

	if (check_sources(want, ret_at, error))
		return -ENOSPC;
	if (!any_mode(want))
		return 0;
	HASH_ITER (hh, want->bridges, bridge, next) {
		err = check_bridge(model, want, bridge->name, ret_at, error);
		if (err)
			return err;
	}
	return 0;
}
