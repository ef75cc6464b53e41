// SPDX-License-Identifier: Apache-2.0
#include "model/snoop.h"

#include <string.h>

#include "model/guard.h"
#include "proto/lease.h"

#define LEARNED_MOST 64                /* on one port, of each kind: a guest may claim what it likes */
#define CLAIM_NS     86400000000000ull /* a day; renewed when it is claimed anew */
#define SECOND_NS    1000000000ull

/* ---- who listens ---- */

bool snoop_hears(const struct port *port)
{
	return port->bridge && port->bridge->snoops && !(port->settings.guard.flags & XBR_GUARD_DHCP_SERVER);
}

void snoop_changed(struct model *model, struct bridge *bridge)
{
	bool snoops = false;
	struct port *port, *next;

	port_foreach (model, port, next)
		snoops |= port->bridge == bridge && port->settings.guard.flags & XBR_GUARD_SNOOP_DHCP;
	if (snoops == bridge->snoops)
		return;
	bridge->snoops = snoops;
	port_foreach (model, port, next)
		if (port->bridge == bridge)
			port_write(model, port);
	if (bridge->local)
		port_write(model, bridge->local);
}

/* ---- whose address ---- */

static bool is_of(const struct port *port, const struct allowance *what, uint8_t source)
{
	for (const struct port_allowance *each = port->allowances; each; each = each->next)
		if (each->source == source && each->what.mac == what->mac)
			return true;
	return false;
}

/* The port behind which the client is: by the FDB, or by what it was given. */
static struct port *port_of_client(struct model *model, const struct bridge *bridge,
				   const struct allowance *what)
{
	struct fdb_view view;
	struct port *port, *next;

	if (fdb_get(model, bridge, what->mac, what->vlan, &view) ||
	    (what->vlan && fdb_get(model, bridge, what->mac, 0, &view)))
		return model->by_number[view.port->number];
	port_foreach (model, port, next)
		if (port->bridge == bridge && is_of(port, what, XBR_ALLOWED_GIVEN))
			return port;
	return NULL;
}

static struct port_allowance *same_address(const struct port *port, const struct allowance *what)
{
	struct port_allowance *each = port->allowances;

	while (each && (each->what.family != what->family || each->what.bits != what->bits ||
			(each->what.vlan && what->vlan && each->what.vlan != what->vlan) ||
			memcmp(each->what.address, what->address, sizeof(what->address)) != 0))
		each = each->next;
	return each;
}

static uint32_t learned(const struct port *port, uint8_t source)
{
	uint32_t count = 0;

	for (const struct port_allowance *each = port->allowances; each; each = each->next)
		count += each->source == source;
	return count;
}

/* What is given by hand stays as it is. */
static void allow(struct model *model, struct port *port, const struct allowance *what, uint8_t source,
		  uint64_t until_ns)
{
	struct xbr_error error;

	if (guard_has(port, what, XBR_ALLOWED_GIVEN) ||
	    (!guard_has(port, what, source) && learned(port, source) >= LEARNED_MOST))
		return;
	if (guard_allow(model, port, what, source, until_ns, &error))
		model_log(model, "%s", error.message);
}

/* ---- DHCP ---- */

/* An address that a server gives anew is the former client's no longer. */
static void take_from_others(struct model *model, const struct port *owner, const struct allowance *what)
{
	struct port *port, *next;
	struct allowance former;
	struct xbr_error error;

	port_foreach (model, port, next) {
		struct port_allowance *there = same_address(port, what);

		if (port == owner || port->bridge != owner->bridge || !there ||
		    there->source != XBR_ALLOWED_DHCP)
			continue;
		former = there->what;
		guard_disallow(model, port, &former, &error);
	}
}

static void take_lease(struct model *model, const struct port *in, struct allowance *what,
		       const struct lease *lease, uint64_t to)
{
	struct port *port;
	uint64_t until = lease->seconds == LEASE_FOREVER ? 0 : guard_now_ns() + lease->seconds * SECOND_NS;

	what->mac = lease->family == 4 ? fdb_mac_of(lease->client) : to;
	port = port_of_client(model, in->bridge, what);
	if (!port || port == in || !(port->settings.guard.flags & XBR_GUARD_SNOOP_DHCP))
		return;
	take_from_others(model, port, what);
	allow(model, port, what, XBR_ALLOWED_DHCP, until);
}

/* ---- neighbour discovery ---- */

/* First come, first served (RFC 6620). */
static void take_claim(struct model *model, struct port *in, const struct allowance *what)
{
	struct port *port, *next;

	if (!(in->settings.guard.flags & XBR_GUARD_SNOOP_ND))
		return;
	port_foreach (model, port, next)
		if (port != in && port->bridge == in->bridge && same_address(port, what))
			return;
	allow(model, in, what, XBR_ALLOWED_ND, guard_now_ns() + CLAIM_NS);
}

void snoop_on_event(const struct xbr_snoop_event *event, void *user)
{
	struct model *model = user;
	struct port *in = event->port < model->dp->max_ports ? model->by_number[event->port] : NULL;
	struct lease leases[LEASES_MOST];
	size_t count;

	if (!in || !in->bridge || event->length > sizeof(event->octets))
		return;
	count = lease_read(event->octets, event->length, leases);
	for (size_t i = 0; i < count; i++) {
		struct allowance what = {.mac = event->src,
					 .vlan = event->vid,
					 .family = leases[i].family,
					 .bits = leases[i].family == 4 ? 32 : 128};

		memcpy(what.address, leases[i].address, sizeof(what.address));
		if (leases[i].kind == LEASE_CLAIM)
			take_claim(model, in, &what);
		else if (snoop_hears(in))
			take_lease(model, in, &what, &leases[i], event->dst);
	}
}
