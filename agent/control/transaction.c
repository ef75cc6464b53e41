// SPDX-License-Identifier: Apache-2.0
#include "control/transaction.h"

#include "control/acl_want.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "control/edge.h"
#include "datapath/features.h"
#include "model/acl.h"
#include "model/features.h"
#include "model/guard.h"
#include "model/meter.h"
#include "model/mst.h"
#include "model/offload.h"
#include "model/want_meter.h"

/* ---- what is ---- */

static bool snapshot_bridges(const struct model *model, struct want *want)
{
	struct bridge_patch patch = {.given = ~0u, .stp.given = ~0u};
	struct bridge *bridge, *next;
	struct xbr_error error;

	bridge_foreach (model, bridge, next) {
		patch.to = bridge->settings;
		patch.stp.to = bridge->settings.stp;
		if (want_bridge_add(want, bridge->name, &patch, &error) ||
		    want_vlan_replace(want, bridge->name, bridge->local->vlans, &error))
			return false;
		want_bridge_find(want, bridge->name)->mst = mst_config_share(bridge->mst);
	}
	return true;
}

static int snapshot_port(struct want *want, const struct port *port, const struct port_patch *patch,
			 struct xbr_error *error)
{
	if (port->encap.kind)
		return want_channel_add(want, port->name, &port->encap, port->bridge->name, patch, error);
	return want_link_add(want, port->name, port->bridge->name, patch, error);
}

static bool snapshot_ports(const struct model *model, struct want *want)
{
	struct port_patch patch = {.given = ~0u,
				   .flags_given = PORT_SWITCH_MASK,
				   .edge_options_given = UINT8_MAX,
				   .guard_given = GUARD_SETTABLE,
				   .police_given = UINT8_MAX,
				   .class_given = {UINT8_MAX, UINT8_MAX},
				   .stp.given = ~0u};
	struct port *port, *next;
	struct xbr_error error;

	port_foreach (model, port, next) {
		patch.to = port->settings;
		patch.stp.to = port->settings.stp;
		if (snapshot_port(want, port, &patch, &error))
			return false;
		if (want_vlan_replace(want, port->name, port->vlans, &error))
			return false;
		want_port_find(want, port->name)->origin = port->origin;
		want_port_find(want, port->name)->mst = mst_rows_share(port->mst);
		want_port_find(want, port->name)->sources = source_list_hold(port->sources);
	}
	return true;
}

struct address_walk {
	struct want *want;
	bool failed;
};

static void snapshot_address(const struct fdb_view *view, void *user)
{
	struct address_walk *walk = user;
	struct xbr_error error;

	if (fdb_is_own_address(view))
		return;
	if (want_address_add(walk->want, view->mac, view->vlan, view->port->name, view->kind, true, &error))
		walk->failed = true;
}

#define PINNED_KINDS                                                                                         \
	(1u << XBR_FDB_STATIC | 1u << XBR_FDB_STICKY | 1u << XBR_FDB_BLACKHOLE | 1u << XBR_FDB_LOCAL)

static bool snapshot_addresses(struct model *model, struct want *want)
{
	struct fdb_filter filter = {.kinds = PINNED_KINDS};
	struct address_walk walk = {want, false};

	want->with_addresses = true;
	fdb_each(model, &filter, 0, UINT32_MAX, snapshot_address, &walk);
	return !walk.failed;
}

static void snapshot_punt(const struct model *model, struct want *want)
{
	for (uint32_t reason = 0; reason < XBR_PUNT_ROOM; reason++)
		want->punt[reason] = punt_limit_get(model, reason);
}

static bool snapshot_offloads(const struct model *model, struct want *want)
{
	struct offload_entry *entry, *next;
	struct xbr_error error;

	HASH_ITER (hh, model->offload->entries, entry, next)
		if (want_offload_set(want, &entry->key, entry->wanted, &error))
			return false;
	return true;
}

static bool snapshot_allowances(struct model *model, struct want *want)
{
	struct port *port, *next;
	struct xbr_error error;

	port_foreach (model, port, next)
		for (const struct port_allowance *each = port->allowances; each; each = each->next)
			if (each->source == XBR_ALLOWED_GIVEN &&
			    want_allow(want, port->name, &each->what, &error))
				return false;
	return true;
}

static bool snapshot_meters(const struct model *model, struct want *want)
{
	const struct meter *meter, *next;

	want->meters_now = model->dp->meters;
	HASH_ITER (hh, model->meters, meter, next)
		if (want_meter_take(want, meter->name, meter->number, &meter->settings))
			return false;
	return true;
}

struct want *transaction_snapshot(struct model *model, bool with_addresses)
{
	struct want *want = want_new();

	if (want)
		snapshot_punt(model, want);
	if (want && snapshot_meters(model, want) && snapshot_bridges(model, want) &&
	    snapshot_ports(model, want) && snapshot_offloads(model, want) &&
	    (!with_addresses || (snapshot_addresses(model, want) && snapshot_allowances(model, want) &&
				 (want->acls = acl_snapshot(model)))))
		return want;
	want_free(want);
	return NULL;
}

/* ---- checks against the devices ---- */

struct run {
	struct model *model;
	const struct want *to;
	const struct want *before; /* NULL: on the way back */
	unsigned int flags;
	uint32_t steps;
	const char *at; /* of what is in hand */
};

static int check_bridges(struct run *run, struct xbr_error *error)
{
	struct want_bridge *want, *next;
	int err = 0;

	HASH_ITER (hh, run->to->bridges, want, next) {
		run->at = want->at;
		if (!model_bridge(run->model, want->name))
			err = bridge_check(run->model, want->name, error);
		if (err)
			return err;
	}
	return 0;
}

static int check_port(struct run *run, const struct want_port *want, struct xbr_error *error)
{
	if (want->encap.kind)
		return channel_check(run->model, want->name, &want->encap, error);
	return port_check(run->model, want->name, want->bridge, error);
}

static int check_ports(struct run *run, struct xbr_error *error)
{
	struct want_port *want, *next;
	int err = 0;

	HASH_ITER (hh, run->to->ports, want, next) {
		if (model_port(run->model, want->name))
			continue;
		run->at = want->at;
		err = check_port(run, want, error);
		if (err == -ENODEV && run->flags & TRANSACTION_MAY_WAIT)
			err = 0;
		if (err)
			return err;
	}
	return 0;
}

/* ---- the difference, step by step ---- */

/* Steps between two signs of life: a step takes 20 ms at the most, where a kernel is slow to attach. */
#define STEPS_PER_SIGN 16

/* Counts a step; false in a dry run, where it is not to be made. A transaction of thousands of ports takes
 * longer than WatchdogSec= of the unit, and the loop that tells the watchdog waits for it. */
static bool step(struct run *run)
{
	if (run->steps++ % STEPS_PER_SIGN == 0)
		sd_notify(0, "WATCHDOG=1");
	return !(run->flags & TRANSACTION_DRY_RUN);
}

/* Where a user takes a port out that somebody else enslaved, he means the device, too. */
static void drop_port(struct run *run, struct port *port, bool release)
{
	if (!step(run))
		return;
	if (release)
		port_memory(run->model, port)->enslaved_by_us = 1;
	port_del(run->model, port);
}

/* To another bridge, to another tag, or in the way of what its device is to be: a trunk, or a port itself. */
static bool is_moving(const struct run *run, const struct port *port)
{
	const struct want_port *want = want_port_find(run->to, port->name);
	const struct want_port *device;

	if (want)
		return strcmp(want->bridge, port->bridge->name) || !encap_equal(&want->encap, &port->encap);
	if (!port->encap.kind)
		return want_trunk_find(run->to, port->name);
	device = want_port_find(run->to, port->encap.dev);
	return device && !device->encap.kind;
}

/* Tags are exchanged without one being two ports' at any time. */
static bool is_in_the_way(const struct run *run, const struct port *port)
{
	return port->encap.kind && !want_port_find(run->to, port->name) &&
	       want_tag_holder(run->to, port->encap.dev, port->encap.channel);
}

static void drop_moving_ports(struct run *run)
{
	struct port *port, *next;

	port_foreach (run->model, port, next)
		if (is_moving(run, port) || is_in_the_way(run, port))
			drop_port(run, port, true);
}

/* A slave that a bridge brought with it just now is wanted by nobody, and goes nowhere. */
static bool is_to_go(const struct run *run, const struct port *port)
{
	return !want_port_find(run->to, port->name) &&
	       (!run->before || want_port_find(run->before, port->name));
}

static void drop_ports(struct run *run)
{
	struct port *port, *next;

	port_foreach (run->model, port, next)
		if (is_to_go(run, port))
			drop_port(run, port,
				  port->origin == XBR_ORIGIN_ADOPTED &&
					  want_bridge_find(run->to, port->bridge->name));
}

static void drop_bridges(struct run *run)
{
	struct bridge *bridge, *next;

	bridge_foreach (run->model, bridge, next)
		if (!want_bridge_find(run->to, bridge->name) && step(run))
			bridge_del(run->model, bridge);
}

/* An address that is not given is whatever it is. */
static bool bridge_differs(const struct bridge *bridge, const struct want_bridge *want)
{
	static const uint8_t none[6];
	struct bridge_settings settings = want->settings;

	if (!memcmp(settings.address, none, sizeof(none)))
		memcpy(settings.address, bridge->settings.address, sizeof(none));
	return !bridge_settings_equal(&bridge->settings, &settings);
}

/* port NULL: a dry run has not made it. */
static int make_vlans(struct run *run, struct port *port, struct vlan_set *want, struct xbr_error *error)
{
	if (!port || vlan_set_equal(port->vlans, want) || !step(run))
		return 0;
	return port_set_vlans(run->model, port, want, error);
}

/* port NULL: the same. */
static int make_rows(struct run *run, struct port *port, struct mst_rows *want, struct xbr_error *error)
{
	if (!port || mst_rows_equal(port->mst, want) || !step(run))
		return 0;
	return mst_port_set(run->model, port, want, error);
}

static int make_bridges(struct run *run, struct xbr_error *error)
{
	struct want_bridge *want, *next;
	int err = 0;

	HASH_ITER (hh, run->to->bridges, want, next) {
		struct bridge *bridge = model_bridge(run->model, want->name);

		run->at = want->at;
		if (!bridge && step(run))
			err = bridge_add(run->model, want->name, &want->settings, error);
		else if (bridge && bridge_differs(bridge, want) && step(run))
			err = bridge_set(run->model, bridge, &want->settings, error);
		bridge = model_bridge(run->model, want->name);
		if (!err && bridge)
			err = make_vlans(run, bridge->local, want->vlans, error);
		if (!err && bridge && !mst_config_equal(bridge->mst, want->mst) && step(run))
			err = mst_bridge_set(run->model, bridge, want->mst, error);
		if (err)
			return err;
	}
	return 0;
}

static int make_sources(struct run *run, const struct want_port *want, struct xbr_error *error)
{
	struct port *port = model_port(run->model, want->name);

	if (source_list_equal(port ? port->sources : NULL, want->sources) || !step(run))
		return 0;
	return sources_set(run->model, port, want->sources, error);
}

static int make_port(struct run *run, const struct want_port *want, struct xbr_error *error)
{
	struct bridge *bridge = model_bridge(run->model, want->bridge);
	struct port *port = model_port(run->model, want->name);

	if (port && !strcmp(port->bridge->name, want->bridge) && encap_equal(&port->encap, &want->encap)) {
		if (port->origin != want->origin && !(run->flags & TRANSACTION_DRY_RUN))
			port_set_origin(run->model, port, want->origin);
		if (port_settings_equal(&port->settings, &want->settings))
			return 0;
		return step(run) ? port_set(run->model, port, &want->settings, error) : 0;
	}
	if (!step(run))
		return 0;
	if (want->encap.kind)
		return channel_add(run->model, bridge, want->name, &want->encap, &want->settings,
				   run->flags & TRANSACTION_MAY_WAIT, &port, error);
	return port_add(run->model, bridge, want->name, &want->settings, want->origin,
			run->flags & TRANSACTION_MAY_WAIT, &port, error);
}

static int make_ports(struct run *run, struct xbr_error *error)
{
	struct want_port *want, *next;
	int err = 0;

	HASH_ITER (hh, run->to->ports, want, next) {
		run->at = want->at;
		err = make_port(run, want, error);
		if (!err)
			err = make_sources(run, want, error);
		if (!err)
			err = make_vlans(run, model_port(run->model, want->name), want->vlans, error);
		if (!err)
			err = make_rows(run, model_port(run->model, want->name), want->mst, error);
		if (err)
			return err;
	}
	return 0;
}

/* ---- addresses ---- */

struct stale_walk {
	struct run *run;
	struct want_address *list;
};

static void find_stale(const struct fdb_view *view, void *user)
{
	struct stale_walk *walk = user;
	struct want_address *stale;

	if (fdb_is_own_address(view))
		return;
	if (want_address_find(walk->run->to, view->mac, view->vlan, view->bridge->name))
		return;
	stale = calloc(1, sizeof(*stale));
	if (!stale)
		return;
	stale->key.mac = view->mac;
	stale->key.vlan = view->vlan;
	memcpy(stale->key.bridge, view->bridge->name, sizeof(stale->key.bridge));
	HASH_ADD(hh, walk->list, key, sizeof(stale->key), stale);
}

static void drop_addresses(struct run *run)
{
	struct fdb_filter filter = {.kinds = PINNED_KINDS};
	struct stale_walk walk = {.run = run};
	struct want_address *stale, *next;
	struct xbr_error error;

	fdb_each(run->model, &filter, 0, UINT32_MAX, find_stale, &walk);
	HASH_ITER (hh, walk.list, stale, next) {
		if (step(run))
			fdb_remove(run->model, model_bridge(run->model, stale->key.bridge), stale->key.mac,
				   stale->key.vlan, &error);
		HASH_DEL(walk.list, stale);
		free(stale);
	}
}

static int make_address(struct run *run, const struct want_address *want, struct xbr_error *error)
{
	struct bridge *bridge = model_bridge(run->model, want->dev);
	struct port *port = bridge ? bridge->local : model_port(run->model, want->dev);
	struct fdb_view view;

	if (port && fdb_get(run->model, port->bridge, want->key.mac, want->key.vlan, &view) &&
	    view.port == port && view.kind == want->kind)
		return 0;
	if (!step(run))
		return 0;
	return fdb_put(run->model, port, want->key.mac, want->key.vlan, want->kind, true, error);
}

static int make_addresses(struct run *run, struct xbr_error *error)
{
	struct want_address *want, *next;
	int err = 0;

	HASH_ITER (hh, run->to->addresses, want, next) {
		run->at = want->at;
		err = make_address(run, want, error);
		if (err)
			return err;
	}
	return 0;
}

/* ---- meters ---- */

static int make_meters(struct run *run, struct xbr_error *error)
{
	const struct want_meter *want, *next;
	int err = 0;

	HASH_ITER (hh, run->to->meters, want, next) {
		const struct meter *meter = meter_find(run->model, want->name);

		run->at = want->at;
		if (meter && meter_settings_equal(&meter->settings, &want->settings))
			continue;
		if (step(run))
			err = meter_put(run->model, want->name, want->number, &want->settings);
		if (err)
			return xbr_refuse(error, err, "out of memory");
	}
	return 0;
}

static void note_list(const struct acl_list *list, uint32_t seq, void *user)
{
	(void)seq;
	*(const char **)user = list->name;
}

/* Rules that stay as they are may name a meter that goes. */
static int check_meters(const struct run *run, struct xbr_error *error)
{
	const struct meter *meter, *next;
	const char *list = NULL;

	if (run->to->with_addresses)
		return 0;
	HASH_ITER (hh, run->model->meters, meter, next) {
		if (!want_meter_find(run->to, meter->name))
			acl_each_policing(run->model, meter->number, note_list, &list);
		if (list)
			return xbr_refuse(error, -EBUSY, "meter %s is in use by the access list %s",
					  meter->name, list);
	}
	return 0;
}

static void drop_meters(struct run *run)
{
	struct meter *meter, *next;

	HASH_ITER (hh, run->model->meters, meter, next)
		if (!want_meter_find(run->to, meter->name) && step(run))
			meter_drop(run->model, meter);
}

/* ---- the punt path ---- */

static void set_punt_limits(struct run *run)
{
	for (uint32_t reason = 0; reason < XBR_PUNT_ROOM; reason++) {
		const struct punt_limit is = punt_limit_get(run->model, reason),
					*want = &run->to->punt[reason];

		if ((is.rate != want->rate || is.burst != want->burst) && step(run))
			punt_limit_set(run->model, reason, want);
	}
}

/* ---- allowances ---- */

static int make_allowance(struct run *run, const struct want_allowance *want, struct port *port,
			  struct xbr_error *error)
{
	if (guard_has(port, &want->key.what, XBR_ALLOWED_GIVEN) || !step(run))
		return 0;
	return guard_allow(run->model, port, &want->key.what, XBR_ALLOWED_GIVEN, 0, error);
}

/* Of ports that are there: before a guard that is to be turned on looks for them. */
static int make_allowances(struct run *run, struct xbr_error *error)
{
	struct want_allowance *want, *next;
	int err = 0;

	HASH_ITER (hh, run->to->allowances, want, next) {
		struct port *port = model_port(run->model, want->key.dev);

		run->at = want->at;
		if (port)
			err = make_allowance(run, want, port, error);
		if (err)
			return err;
	}
	return 0;
}

static void drop_allowances(struct run *run)
{
	struct port_allowance *each, *next_allowance;
	struct port *port, *next;
	struct xbr_error error;

	port_foreach (run->model, port, next)
		for (each = port->allowances; each; each = next_allowance) {
			struct allowance what = each->what;

			next_allowance = each->next;
			if (each->source == XBR_ALLOWED_GIVEN &&
			    !want_allowance_find(run->to, port->name, &what) && step(run))
				guard_disallow(run->model, port, &what, &error);
		}
}

/* ---- what devices do by themselves ---- */

static bool offload_differs(const struct run *run, const struct want_offload *want)
{
	const struct offload_entry *entry = offload_find(run->model, &want->key);

	return !entry || entry->wanted != want->value || entry->state == OFFLOAD_DIFFERS;
}

static int check_offloads(struct run *run, struct xbr_error *error)
{
	struct want_offload *want, *next;
	int err = 0;

	HASH_ITER (hh, run->to->offloads, want, next) {
		if (!offload_differs(run, want))
			continue;
		run->at = want->at;
		err = offload_check(run->model, &want->key, want->value, error);
		if ((err == -ENODEV || err == -ENOENT) && run->flags & TRANSACTION_MAY_WAIT)
			err = 0;
		if (err)
			return err;
	}
	return 0;
}

static int make_offloads(struct run *run, bool first, struct xbr_error *error)
{
	struct want_offload *want, *next;
	int err = 0;

	HASH_ITER (hh, run->to->offloads, want, next) {
		if (offload_is_first(&want->key) != first || !offload_differs(run, want) || !step(run))
			continue;
		run->at = want->at;
		err = offload_set(run->model, &want->key, want->value, run->flags & TRANSACTION_MAY_WAIT,
				  error);
		if (err)
			return err;
	}
	return 0;
}

static void drop_offloads(struct run *run)
{
	struct offload_entry *entry, *next;

	HASH_ITER (hh, run->model->offload->entries, entry, next)
		entry->leaves = !want_offload_find(run->to, &entry->key) && step(run);
	offload_leave(run->model);
}

/* ---- the whole ---- */

static bool step_of(void *run)
{
	return step(run);
}

/* What cannot fail, and cannot be undone either: a bridge that comes back has lost its addresses and all it
 * had learned. */
static void drop_all(struct run *run)
{
	drop_ports(run);
	drop_bridges(run);
	drop_offloads(run);
	if (run->to->with_addresses) {
		acl_drop(run->model, run->to->acls, step_of, run);
		drop_addresses(run);
		drop_allowances(run);
	}
	drop_meters(run);
}

/* What may fail comes first. */
static int run_steps(struct run *run, struct xbr_error *error)
{
	int err;

	drop_moving_ports(run);
	err = make_offloads(run, true, error); /* before any guest's frame */
	if (!err)
		err = make_offloads(run, false, error);
	if (!err)
		err = make_meters(run, error);
	if (!err)
		err = make_bridges(run, error);
	if (!err)
		err = make_allowances(run, error);
	if (!err)
		err = make_ports(run, error);
	if (!err && !(run->flags & TRANSACTION_DRY_RUN))
		err = make_allowances(run, error); /* of the ports that came */
	if (!err)
		err = make_addresses(run, error);
	if (!err && run->to->with_addresses)
		err = acl_make(run->model, run->to->acls, step_of, run, &run->at, error);
	if (!err) {
		set_punt_limits(run);
		drop_all(run);
	}
	model_settle(run->model);
	return err;
}

static void undo(struct model *model, const struct want *before)
{
	struct run run = {.model = model, .to = before, .flags = TRANSACTION_MAY_WAIT};
	struct xbr_error error;

	if (run_steps(&run, &error))
		model_log(model, "going back to the former configuration failed: %s", error.message);
}

static int check(struct run *run, struct xbr_error *error)
{
	int err = check_bridges(run, error);

	if (!err)
		err = check_ports(run, error);
	if (!err)
		err = check_offloads(run, error);
	if (!err)
		err = check_meters(run, error);
	return err ? err : edge_check(run->model, run->to, &run->at, error);
}

/* Before the first step. The steps may go through any mixture of before and after. */
static int need_features(const struct run *run, struct xbr_error *error)
{
	if (run->flags & TRANSACTION_DRY_RUN)
		return 0;
	return datapath_need(run->model->dp, want_features(run->to) | model_features(run->model), error);
}

static int make_true(struct run *run, struct xbr_error *error)
{
	struct want *before = transaction_snapshot(run->model, run->to->with_addresses);
	int err;

	run->at = NULL;
	run->before = before;
	if (!before)
		return xbr_refuse(error, -ENOMEM, "out of memory");
	err = need_features(run, error);
	if (!err)
		err = run_steps(run, error);
	if (err)
		undo(run->model, before);
	want_free(before);
	return err;
}

int transaction_run(struct model *model, struct want *to, unsigned int flags, uint32_t *ret_steps,
		    const char **ret_at, struct xbr_error *error)
{
	struct run run = {.model = model, .to = to, .flags = flags};
	int err = tags_assign(model, to, &run.at, error);

	if (!err)
		err = check(&run, error);
	if (!err)
		err = make_true(&run, error);
	if (err)
		*ret_at = run.at;
	else
		*ret_steps = run.steps;
	return err;
}
