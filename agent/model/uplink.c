// SPDX-License-Identifier: Apache-2.0
/*
 * The uplink's address filter. While modes are set, the device is not made promiscuous: the addresses behind
 * the bridge's other ports, and the host's, are written into its unicast filter, and taken out when they go.
 * Where the addresses cannot be known, or the device does not hold them, it is promiscuous, and says why.
 * Groups it hears all while any other port is to get them (mcast_flood); where none is, those that the host
 * joined on the bridge device are written, and the reserved ones of 802.1Q.
 *
 * The kernel's bridge makes each of its ports promiscuous while it filters no VLANs (br_manage_promisc()), so
 * the uplink is not enslaved to the bridge device, unless others did that.
 *
 * A NIC with virtual functions has a switch of its own, which sends frames of theirs to the host only where
 * it knows the address: in its unicast filter, whatever promiscuous says. So a bridge's port to such a NIC
 * has the addresses in its filter also while no modes are set; nothing else is changed then (`beside`).
 *
 * Addresses are read from the FDB once a second; one that is learned meanwhile is told by an event and
 * written at once, some in each second. What was written is in pinned memory (an entry of `edge_sources`)
 * before it is done, so that a later agent takes out no address of somebody else's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "net/vf.h"

#define MAC_GROUP   1u   /* of an address as the FDB has it */
#define FILTER_MOST 4096 /* addresses: beyond that, promiscuous */
#define AT_ONCE     64   /* written by events in a second */
#define LOOK_SYNCS  10   /* between two looks at what comes back */
#define LOOK_LEAST  8    /* frames that should have come back before it is said that none does */

struct filter_entry {
	uint64_t mac;
	uint32_t port;      /* number of the port that it is behind */
	uint8_t generation; /* of the port, when the address was last seen in the FDB */
	bool dynamic;
	bool seen;    /* in the walk under way */
	bool written; /* it is in the device's filter */
	bool ours;    /* by us */
	UT_hash_handle hh;
};

struct uplink_filter {
	struct filter_entry *entries;
	uint32_t at_once; /* events may write so many more before the next walk */
	bool exact;
	bool groups_exact; /* not all groups, but those in `entries` */
	bool told;         /* which it is was logged */
	bool beside;       /* for virtual functions: it stays promiscuous */
	bool crowded;      /* more than FILTER_MOST */
	int refused;       /* -errno of the driver, for an address after `room` */
	uint32_t room;
	char why[HOOK_TEXT], groups_why[HOOK_TEXT]; /* they are not exact */
	enum uplink_reflects reflects;
	uint32_t syncs;                 /* since the last look */
	uint64_t to_reflect, reflected; /* at the last look */
};

/* ---- one address ---- */

static uint64_t memory_key(const struct port *uplink, uint64_t mac)
{
	return fdb_key(mac, XBR_SOURCE_FILTER | uplink->number);
}

static struct filter_entry *entry_find(const struct uplink_filter *filter, uint64_t mac)
{
	struct filter_entry *entry;

	HASH_FIND(hh, filter->entries, &mac, sizeof(mac), entry);
	return entry;
}

static struct filter_entry *entry_add(struct uplink_filter *filter, uint64_t mac)
{
	struct filter_entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->mac = mac;
	HASH_ADD(hh, filter->entries, mac, sizeof(entry->mac), entry);
	return entry;
}

static bool is_group(const struct filter_entry *entry)
{
	return entry->mac & MAC_GROUP;
}

static uint32_t count_groups(const struct uplink_filter *filter)
{
	struct filter_entry *entry, *next;
	uint32_t count = 0;

	HASH_ITER (hh, filter->entries, entry, next)
		count += is_group(entry);
	return count;
}

static uint32_t count_addresses(const struct uplink_filter *filter)
{
	return HASH_COUNT(filter->entries) - count_groups(filter);
}

/* The note comes first, and stays where the address was there already by our own doing. */
static void entry_write(struct model *model, struct port *uplink, struct filter_entry *entry)
{
	struct uplink_filter *filter = uplink->filter;
	bool known = entry->ours;
	uint8_t address[6];
	int err;

	if (entry->written || filter->refused)
		return;
	fdb_mac_to(entry->mac, address);
	entry->ours = !datapath_source_set(model->dp, memory_key(uplink, entry->mac), XBR_SOURCE_LISTED);
	err = rtnl_filter_set(model->rtnl, (int)uplink->ifindex, address, true);
	entry->written = !err || err == -EEXIST;
	if (!err || (err == -EEXIST && known))
		return;
	datapath_source_set(model->dp, memory_key(uplink, entry->mac), 0);
	entry->ours = false;
	if (err == -EEXIST)
		return;
	filter->refused = err;
	filter->room = count_addresses(filter) - 1;
}

static void entry_drop(struct model *model, struct port *uplink, struct filter_entry *entry, bool here)
{
	uint8_t address[6];

	fdb_mac_to(entry->mac, address);
	if (entry->ours && here)
		rtnl_filter_set(model->rtnl, (int)uplink->ifindex, address, false);
	if (entry->ours)
		datapath_source_set(model->dp, memory_key(uplink, entry->mac), 0);
	HASH_DEL(uplink->filter->entries, entry);
	free(entry);
}

/* ---- what the FDB has ---- */

struct filter_walk {
	struct model *model;
	struct port *uplink;
};

/* Is it an address that frames from outside may be for, and that the device does not take by itself? */
static bool is_behind(const struct port *uplink, const struct fdb_view *view)
{
	if (view->kind == XBR_FDB_BLACKHOLE || view->mac == fdb_mac_of(uplink->link.address))
		return false;
	return view->port != uplink || view->kind == XBR_FDB_LOCAL;
}

static void see(struct model *model, struct port *uplink, const struct fdb_view *view)
{
	struct uplink_filter *filter = uplink->filter;
	struct port *port = model->by_number[view->port->number];
	struct filter_entry *entry;

	if (!is_behind(uplink, view))
		return;
	port->behind += view->kind != XBR_FDB_LOCAL;
	entry = entry_find(filter, view->mac);
	if (!entry && HASH_COUNT(filter->entries) >= FILTER_MOST) {
		filter->crowded = true;
		return;
	}
	if (!entry)
		entry = entry_add(filter, view->mac);
	if (!entry)
		return;
	entry->seen = true;
	entry->port = port->number;
	entry->dynamic = view->kind == XBR_FDB_DYNAMIC;
	entry->generation = port_slot(model, port)->generation;
	entry_write(model, uplink, entry);
}

static void see_each(const struct fdb_view *view, void *user)
{
	struct filter_walk *walk = user;

	see(walk->model, walk->uplink, view);
}

/*
 * A guest that has been silent for the ageing time is still there: the last addresses of a port stay until it
 * goes down, is flushed, or sends from another one.
 */
static bool stays(const struct model *model, const struct filter_entry *entry)
{
	const struct port *port = model->by_number[entry->port];

	return port && entry->dynamic && !port->behind &&
	       port_slot(model, port)->generation == entry->generation &&
	       port_slot(model, port)->state == XBR_STATE_FORWARDING;
}

static void drop_unseen(struct model *model, struct port *uplink)
{
	struct filter_entry *entry, *next;

	HASH_ITER (hh, uplink->filter->entries, entry, next) {
		if (entry->seen)
			continue;
		if (stays(model, entry))
			entry_write(model, uplink, entry);
		else
			entry_drop(model, uplink, entry, true);
	}
	HASH_ITER (hh, uplink->filter->entries, entry, next)
		if (!entry->seen)
			model->by_number[entry->port]->behind++;
}

/* ---- groups ---- */

static void see_group(const uint8_t address[6], void *user)
{
	struct filter_walk *walk = user;
	struct uplink_filter *filter = walk->uplink->filter;
	uint64_t mac = fdb_mac_of(address);
	struct filter_entry *entry = entry_find(filter, mac);

	if (!entry)
		entry = entry_add(filter, mac);
	if (!entry)
		return;
	entry->seen = true;
	entry->port = walk->uplink->bridge->local->number;
	entry_write(walk->model, walk->uplink, entry);
}

/* 802.1Q, table 8-1, without PAUSE: for the agent, and for daemons of the host. */
static void see_reserved(struct filter_walk *walk)
{
	uint8_t address[6] = {0x01, 0x80, 0xc2, 0, 0, 0};

	for (address[5] = 0; address[5] < 16; address[5]++)
		if (address[5] != 1)
			see_group(address, walk);
}

/* Who is to get groups from outside, so that all are needed? NULL: nobody but the host. */
static const struct port *wants_groups(const struct model *model, const struct port *uplink)
{
	struct port *port, *next;

	port_foreach (model, port, next)
		if (port->bridge == uplink->bridge && port != uplink &&
		    port->settings.flags & XBR_PORT_MCAST_FLOOD)
			return port;
	return NULL;
}

static void walk_groups(struct filter_walk *walk)
{
	struct uplink_filter *filter = walk->uplink->filter;
	const struct port *port = wants_groups(walk->model, walk->uplink);
	int err;

	filter->groups_exact = false;
	snprintf(filter->groups_why, sizeof(filter->groups_why), "%s takes them (mcast_flood on)",
		 port ? port->name : "");
	if (port)
		return;
	see_reserved(walk);
	err = rtnl_group_each(walk->model->rtnl, (int)walk->uplink->bridge->ifindex, see_group, walk);
	filter->groups_exact = !err && !filter->refused;
	snprintf(filter->groups_why, sizeof(filter->groups_why), "%s",
		 err ? strerror(-err) : "there is no room for the host's");
}

/* ---- the walk ---- */

/* With fewer addresses than there was room for it is tried again. */
static void forgive(struct uplink_filter *filter)
{
	if (filter->refused && filter->refused != -EOPNOTSUPP && count_addresses(filter) <= filter->room)
		filter->refused = 0;
}

static void walk_fdb(struct model *model, struct port *uplink)
{
	struct filter_walk walk = {model, uplink};
	struct fdb_filter of_bridge = {.bridge = uplink->bridge};
	struct filter_entry *entry, *next_entry;
	struct port *port, *next;

	port_foreach (model, port, next)
		if (port->bridge == uplink->bridge)
			port->behind = 0;
	HASH_ITER (hh, uplink->filter->entries, entry, next_entry)
		entry->seen = false;
	uplink->filter->crowded = false;
	uplink->filter->at_once = AT_ONCE;
	fdb_each(model, &of_bridge, 0, UINT32_MAX, see_each, &walk);
	if (!uplink->filter->beside)
		walk_groups(&walk);
	if (!uplink->filter->beside && !uplink->filter->groups_exact)
		port_hear_groups(model, uplink, true);
	drop_unseen(model, uplink);
	if (uplink->filter->groups_exact)
		port_hear_groups(model, uplink, !!uplink->link.master);
	forgive(uplink->filter);
}

/* ---- exact or promiscuous ---- */

__attribute__((format(printf, 2, 3))) static bool because(struct uplink_filter *filter, const char *format,
							  ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(filter->why, sizeof(filter->why), format, args);
	va_end(args);
	return true;
}

static bool edge_asks(const struct model *model, struct uplink_filter *filter, const struct port *port)
{
	char reason[HOOK_TEXT];

	if (port->settings.mode == XBR_MODE_PASSTHRU &&
	    !(port->settings.edge_options & XBR_EDGE_OPTION_NOPROMISC))
		return because(filter, "%s is in mode passthru", port->name);
	if (port_slot(model, port)->state != XBR_STATE_FORWARDING)
		return false;
	if (edge_kind_is_uplink(port->link.kind, reason))
		return because(filter, "%s leads to a network of its own", port->name);
	if (!port->behind)
		return because(filter, "no address behind %s is known yet", port->name);
	return false;
}

static bool device_asks(struct uplink_filter *filter, const struct port *uplink)
{
	if (uplink->link.master)
		return because(filter, "others enslaved it to a kernel bridge, which asks for it");
	if (filter->refused == -EOPNOTSUPP)
		return because(filter, "its driver takes no addresses");
	if (filter->refused)
		return because(filter, "its driver has no room for more than %u addresses: %s", filter->room,
			       strerror(-filter->refused));
	if (filter->crowded)
		return because(filter, "more than %d addresses are behind the other ports", FILTER_MOST);
	return false;
}

static bool asks(struct model *model, const struct port *uplink)
{
	struct uplink_filter *filter = uplink->filter;
	struct port *port, *next;

	if (device_asks(filter, uplink))
		return true;
	port_foreach (model, port, next)
		if (port->bridge == uplink->bridge && port != uplink && edge_asks(model, filter, port))
			return true;
	return false;
}

/* A driver without a filter has the kernel turn the device promiscuous at its first address. */
static bool kernel_asks(struct model *model, const struct port *uplink)
{
	struct rtnl_link link;

	if (rtnl_link_by_index(model->rtnl, (int)uplink->ifindex, &link) || !link.promiscuity)
		return false;
	return because(uplink->filter, "the kernel has it so: its driver has no address filter, or somebody "
				       "listens");
}

static void decide(struct model *model, struct port *uplink)
{
	struct uplink_filter *filter = uplink->filter;
	bool was = filter->exact, exact = !asks(model, uplink);

	port_listen_to_all(model, uplink, !exact);
	filter->exact = exact && !kernel_asks(model, uplink);
	if (filter->told && filter->exact == was)
		return;
	filter->told = true;
	if (filter->exact)
		model_log(model, "the address filter of %s is exact: %u addresses", uplink->name,
			  count_addresses(filter));
	else
		model_log(model, "%s is promiscuous: %s", uplink->name, filter->why);
}

/* ---- does the switch beyond reflect? ---- */

static void judge(struct model *model, struct port *uplink, uint64_t sent, uint64_t came)
{
	struct uplink_filter *filter = uplink->filter;
	enum uplink_reflects was = filter->reflects;

	if (came)
		filter->reflects = UPLINK_REFLECTS;
	else if (sent >= LOOK_LEAST)
		filter->reflects = UPLINK_DOES_NOT_REFLECT;
	if (filter->reflects == UPLINK_DOES_NOT_REFLECT && was != filter->reflects)
		model_log(model,
			  "nothing comes back by %s of what edge ports of %s send each other: the switch "
			  "beyond does not reflect (802.1Qbg, reflective relay; hairpin)",
			  uplink->name, uplink->bridge->name);
}

static void look(struct model *model, struct port *uplink)
{
	struct uplink_filter *filter = uplink->filter;
	uint64_t sent, came;
	struct xbr_counters c;

	if (++filter->syncs < LOOK_SYNCS || datapath_counters_read(model->dp, uplink->number, &c))
		return;
	filter->syncs = 0;
	sent = c.reason[XBR_REASON_to_reflect] - filter->to_reflect;
	came = c.reason[XBR_REASON_reflection] - filter->reflected;
	filter->to_reflect = c.reason[XBR_REASON_to_reflect];
	filter->reflected = c.reason[XBR_REASON_reflection];
	judge(model, uplink, sent, came);
}

/* The port of a bridge that has a filter; NULL: none. */
static struct port *filtered(const struct bridge *bridge)
{
	return bridge->uplink ? bridge->uplink : bridge->beside;
}

static void sync(struct model *model, struct port *uplink)
{
	walk_fdb(model, uplink);
	if (uplink->filter->beside) {
		because(uplink->filter,
			"no port has a mode; its %u virtual functions reach what is in the filter",
			uplink->vfs);
		return;
	}
	decide(model, uplink);
	look(model, uplink);
}

/* ---- coming and going ---- */

static struct uplink_filter *filter_open(struct port *port)
{
	if (!port->filter)
		port->filter = calloc(1, sizeof(*port->filter));
	return port->filter;
}

void uplink_forget(struct port *port)
{
	struct filter_entry *entry, *next;

	if (!port->filter)
		return;
	HASH_ITER (hh, port->filter->entries, entry, next) {
		HASH_DEL(port->filter->entries, entry);
		free(entry);
	}
	free(port->filter);
	port->filter = NULL;
}

void uplink_close(struct model *model, struct port *port, bool here)
{
	struct filter_entry *entry, *next;

	if (!port->filter)
		return;
	HASH_ITER (hh, port->filter->entries, entry, next)
		entry_drop(model, port, entry, here);
	uplink_forget(port);
}

static void become(struct model *model, struct port *port)
{
	if (!filter_open(port)) {
		model_log(model, "out of memory for the address filter of %s", port->name);
		return;
	}
	port->filter->beside = port != port->bridge->uplink;
	port->filter->told = port->filter->beside;
	port->filter->exact = port->filter->groups_exact = false;
	if (port->filter->beside)
		port_join_master(model, port);
	else
		port_leave_master(model, port);
	model->dp->switches->events = 1;
	sync(model, port);
}

static void become_edge(struct model *model, struct port *port)
{
	uplink_close(model, port, true);
	port_join_master(model, port);
}

void uplink_update(struct model *model, struct bridge *bridge)
{
	struct port *port, *next;

	port_foreach (model, port, next)
		if (port->bridge == bridge && port->ifindex && port->filter && port != filtered(bridge))
			become_edge(model, port);
	port = filtered(bridge);
	/* a channel's trunk hears everything, for all its channels */
	if (port && port->ifindex && !port->trunk &&
	    (!port->filter || !port->filter->told || port->filter->beside != (port != bridge->uplink)))
		become(model, port);
}

/* Virtual functions come and go without a word of the kernel's. */
void uplink_count_functions(struct model *model, struct port *port)
{
	uint32_t vfs = 0;

	if (!port->ifindex || port->trunk || port->link.kind[0] ||
	    vf_count(model->rtnl, (int)port->ifindex, &vfs) || vfs == port->vfs)
		return;
	port->vfs = vfs;
	flood_mark(port->bridge); /* so that its surroundings are written anew */
}

void uplink_sync(struct model *model)
{
	struct bridge *bridge, *next;
	struct port *port, *next_port;

	port_foreach (model, port, next_port)
		uplink_count_functions(model, port);
	bridge_foreach (model, bridge, next) {
		port = filtered(bridge);

		if (port && port->filter && port->ifindex)
			sync(model, port);
	}
}

void uplink_on_address(struct model *model, const struct fdb_view *view)
{
	struct port *uplink = filtered(view->bridge);

	if (!uplink || !uplink->filter || !uplink->ifindex || !uplink->filter->at_once)
		return;
	uplink->filter->at_once--;
	see(model, uplink, view);
}

bool uplink_wants_events(const struct model *model)
{
	struct bridge *bridge, *next;

	bridge_foreach (model, bridge, next)
		if (filtered(bridge) && filtered(bridge)->filter)
			return true;
	return false;
}

/* ---- from pinned memory ---- */

static int restore_entry(uint64_t key, uint32_t value, void *user)
{
	struct model *model = user;
	uint32_t place = fdb_key_fid(key);
	struct filter_entry *entry;
	struct port *port;

	(void)value;
	if (!(place & XBR_SOURCE_FILTER))
		return 0;
	place &= XBR_PORT_LIMIT - 1;
	port = place < model->dp->max_ports ? model->by_number[place] : NULL;
	if (!port || !filter_open(port))
		return 0;
	entry = entry_add(port->filter, fdb_key_mac(key));
	if (entry)
		entry->ours = true;
	return 0;
}

void uplink_restore(struct model *model)
{
	datapath_source_each(model->dp, restore_entry, model);
}

/* ---- for show ---- */

void uplink_filter_show(const struct port *port, struct uplink_filter_view *ret_view)
{
	const struct uplink_filter *filter = port->filter;

	*ret_view = (struct uplink_filter_view){.addresses = count_addresses(filter),
						.groups = count_groups(filter),
						.room = filter->room ? filter->room : FILTER_MOST,
						.exact = filter->exact,
						.groups_exact = filter->groups_exact,
						.groups_why = filter->groups_why,
						.reflects = filter->reflects,
						.why = filter->why};
}
