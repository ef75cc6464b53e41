// SPDX-License-Identifier: Apache-2.0
#include "model/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/meter.h"
#include "model/snoop.h"

/* ---- in the map ---- */

static struct xbr_allowed_key key_of(uint32_t port, const struct allowance *what)
{
	struct xbr_allowed_key key = {.prefixlen = XBR_ALLOWED_FIXED + what->bits,
				      .port = port,
				      .mac_vid = fdb_key(what->mac, what->vlan),
				      .family = what->family};

	memcpy(key.address, what->address, sizeof(key.address));
	return key;
}

static struct allowance allowance_of(const struct xbr_allowed_key *key)
{
	struct allowance what = {.mac = fdb_key_mac(key->mac_vid),
				 .vlan = (uint16_t)fdb_key_fid(key->mac_vid),
				 .family = (uint8_t)key->family,
				 .bits = (uint8_t)(key->prefixlen - XBR_ALLOWED_FIXED)};

	memcpy(what.address, key->address, sizeof(what.address));
	return what;
}

uint64_t guard_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t guard_seconds_left(uint64_t until_ns)
{
	uint64_t now = guard_now_ns();

	return until_ns > now ? (until_ns - now + 999999999u) / 1000000000u : 0;
}

static int map_put(struct model *model, const struct port *port, const struct allowance *what, uint8_t source,
		   uint64_t until_ns)
{
	struct xbr_allowed_key key = key_of(port->number, what);
	struct xbr_allowed value = {.source = source, .until_ns = until_ns};

	return datapath_allowed_put(model->dp, &key, &value);
}

static void map_remove(struct model *model, const struct port *port, const struct allowance *what)
{
	struct xbr_allowed_key key = key_of(port->number, what);
	int err = datapath_allowed_remove(model->dp, &key);

	if (err)
		model_log(model, "cannot take an allowance from %s: %s", port->name, strerror(-err));
}

/* ---- on a port ---- */

static struct port_allowance *find(const struct port *port, const struct allowance *what)
{
	struct port_allowance *each = port->allowances;

	while (each && !allowance_equal(&each->what, what))
		each = each->next;
	return each;
}

bool guard_has(const struct port *port, const struct allowance *what, uint8_t source)
{
	const struct port_allowance *there = find(port, what);

	return there && there->source == source;
}

/* The MAC alone, in the same VLANs. */
static struct allowance mac_of(const struct allowance *what)
{
	return (struct allowance){.mac = what->mac, .vlan = what->vlan};
}

/* Is a MAC implied by an address that was given with it? */
static bool is_implied(const struct port *port, const struct allowance *mac)
{
	for (const struct port_allowance *each = port->allowances; each; each = each->next)
		if (each->what.family && each->source == XBR_ALLOWED_GIVEN && each->what.mac == mac->mac &&
		    each->what.vlan == mac->vlan)
			return true;
	return false;
}

/* An address that is given with a MAC allows the MAC. */
static int imply_mac(struct model *model, struct port *port, const struct allowance *what, uint8_t source)
{
	struct allowance mac = mac_of(what);

	if (!what->family || !what->mac || source != XBR_ALLOWED_GIVEN || find(port, &mac))
		return 0;
	return map_put(model, port, &mac, XBR_ALLOWED_IMPLIED, 0);
}

static void unimply_mac(struct model *model, struct port *port, const struct allowance *what)
{
	struct allowance mac = mac_of(what);

	if (!what->mac || find(port, &mac))
		return;
	if (is_implied(port, &mac))
		map_put(model, port, &mac, XBR_ALLOWED_IMPLIED, 0); /* it was the MAC itself that went */
	else if (what->family)
		map_remove(model, port, &mac);
}

static struct port_allowance *list_put(struct port *port, const struct allowance *what)
{
	struct port_allowance *there = find(port, what);

	if (there)
		return there;
	there = calloc(1, sizeof(*there));
	if (!there)
		return NULL;
	there->what = *what;
	there->next = port->allowances;
	port->allowances = there;
	return there;
}

int guard_allow(struct model *model, struct port *port, const struct allowance *what, uint8_t source,
		uint64_t until_ns, struct xbr_error *error)
{
	struct port_allowance *there;
	int err = imply_mac(model, port, what, source);

	if (!err)
		err = map_put(model, port, what, source, until_ns);
	there = err ? NULL : list_put(port, what);
	if (err == -ENOSPC)
		return xbr_refuse(error, err, "all %d allowances are taken", XBR_ALLOWED_LIMIT);
	if (!there)
		return xbr_refuse(error, err ? err : -ENOMEM, "cannot allow it on %s: %s", port->name,
				  strerror(err ? -err : ENOMEM));
	there->source = source;
	there->until_ns = until_ns;
	port_write(model, port);
	return 0;
}

static void list_remove(struct port *port, struct port_allowance *gone)
{
	struct port_allowance **link = &port->allowances;

	while (*link != gone)
		link = &(*link)->next;
	*link = gone->next;
	free(gone);
}

static void drop(struct model *model, struct port *port, struct port_allowance *gone)
{
	struct allowance what = gone->what;

	list_remove(port, gone);
	map_remove(model, port, &what);
	unimply_mac(model, port, &what);
	port_write(model, port);
}

int guard_disallow(struct model *model, struct port *port, const struct allowance *what,
		   struct xbr_error *error)
{
	struct port_allowance *there = find(port, what);

	if (!there)
		return xbr_refuse(error, -ENOENT, "that is not among what %s is allowed", port->name);
	drop(model, port, there);
	return 0;
}

void guard_forget(struct model *model, struct port *port)
{
	while (port->allowances)
		drop(model, port, port->allowances);
}

void guard_sweep(struct model *model)
{
	struct port *port, *next_port;
	struct port_allowance *each, *next;
	uint64_t now = guard_now_ns();

	port_foreach (model, port, next_port)
		for (each = port->allowances; each; each = next) {
			next = each->next;
			if (each->until_ns && each->until_ns <= now)
				drop(model, port, each);
		}
}

/* ---- settings ---- */

bool guard_features_of(const struct port_settings *settings)
{
	const struct guard_settings *guard = &settings->guard;

	return guard->flags || guard->limit_action != LIMIT_FLOOD || guard->move_rate ||
	       guard->storm_rate[0] || guard->storm_rate[1] || guard->storm_rate[2];
}

static uint32_t allowance_flags(const struct port *port)
{
	uint32_t flags = 0;

	for (const struct port_allowance *each = port->allowances; each; each = each->next) {
		if (each->what.family && !each->what.mac)
			flags |= XBR_GUARD_ANY_MAC;
		if (each->what.vlan)
			flags |= XBR_GUARD_VLANS;
	}
	return flags;
}

uint32_t guard_flags(const struct port *port)
{
	const struct guard_settings *guard = &port->settings.guard;
	uint32_t flags = guard->flags;

	if (guard->limit_action == LIMIT_DROP)
		flags |= XBR_GUARD_LIMIT_DROP;
	if (guard->limit_action == LIMIT_SHUTDOWN)
		flags |= XBR_GUARD_LIMIT_SHUTDOWN;
	if (guard->storm_rate[0] || guard->storm_rate[1] || guard->storm_rate[2])
		flags |= XBR_GUARD_STORM;
	if (guard->move_rate)
		flags |= XBR_GUARD_MOVES;
	if (snoop_hears(port))
		flags |= XBR_GUARD_HEARD;
	return flags ? flags | allowance_flags(port) : 0;
}

void guard_write(struct model *model, const struct port *port)
{
	const struct guard_settings *guard = &port->settings.guard;
	struct xbr_guard *slot = &model->dp->guards[port->number];

	slot->storm_octets = guard->storm_bits;
	for (int kind = 0; kind < XBR_STORM_KINDS; kind++) {
		bool bits = guard->storm_bits >> kind & 1;

		slot->cost[kind] = meter_cost(guard->storm_rate[kind], !bits);
		if (slot->storm_rate[kind] != guard->storm_rate[kind])
			model->dp->guard_live[port->number].until[kind] = 0;
		slot->storm_rate[kind] = guard->storm_rate[kind];
	}
	slot->cost[XBR_METER_MOVES] = meter_cost(guard->move_rate, true);
	slot->move_rate = guard->move_rate;
	slot->recovery_cs = guard->recovery_cs;
	slot->transparent = guard->transparent;
}

void guard_read(const struct model *model, struct port *port)
{
	const struct xbr_guard *slot = &model->dp->guards[port->number];
	uint32_t flags = model->dp->ports[port->number].guard;
	struct guard_settings *guard = &port->settings.guard;

	guard->flags = flags & GUARD_SETTABLE;
	guard->limit_action = LIMIT_FLOOD;
	if (flags & XBR_GUARD_LIMIT_DROP)
		guard->limit_action = LIMIT_DROP;
	if (flags & XBR_GUARD_LIMIT_SHUTDOWN)
		guard->limit_action = LIMIT_SHUTDOWN;
	guard->storm_bits = slot->storm_octets;
	memcpy(guard->storm_rate, slot->storm_rate, sizeof(guard->storm_rate));
	guard->move_rate = slot->move_rate;
	guard->recovery_cs = slot->recovery_cs;
	guard->transparent = slot->transparent;
	port->own_seen = model->dp->guard_live[port->number].own_seen;
}

/* Locked entries go with mab, as in the kernel; a port that was shut for a limit comes back with another. */
void guard_settled(struct model *model, struct port *port, const struct port_settings *before)
{
	struct fdb_filter locked = {.port = port, .kinds = 1u << XBR_FDB_LOCKED};
	const struct port_settings *now = &port->settings;

	if (before->guard.flags & ~now->guard.flags & XBR_GUARD_MAB)
		fdb_flush(model, &locked);
	if (guard_shut_by(model, port) == XBR_SHUT_MAC_LIMIT &&
	    (before->guard.limit_action != now->guard.limit_action ||
	     before->fdb_max_learned != now->fdb_max_learned))
		guard_recover(model, port);
	snoop_changed(model, port->bridge);
	if (now->guard.transparent & ~before->guard.transparent)
		model_log(model,
			  "%s relays reserved addresses (transparent): for laboratories only, other switches "
			  "must not be connected by it",
			  port->name);
}

/* ---- adoption ---- */

static int adopt_one(const struct xbr_allowed_key *key, const struct xbr_allowed *value, void *user)
{
	struct model *model = user;
	struct port *port = key->port < model->dp->max_ports ? model->by_number[key->port] : NULL;
	struct allowance what = allowance_of(key);
	struct port_allowance *entry;

	if (value->source == XBR_ALLOWED_IMPLIED || !port)
		return 0;
	entry = list_put(port, &what);
	if (!entry)
		return -ENOMEM;
	entry->source = value->source;
	entry->until_ns = value->until_ns;
	return 0;
}

int guard_adopt(struct model *model)
{
	struct bridge *bridge, *next;
	int err = datapath_allowed_each(model->dp, adopt_one, model);

	bridge_foreach (model, bridge, next)
		snoop_changed(model, bridge);
	return err;
}
