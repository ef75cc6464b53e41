// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "model/offer.h"

/* ---- words and views ---- */

uint64_t fdb_mac_of(const uint8_t address[6])
{
	uint64_t mac = 0;

	memcpy(&mac, address, 6);
	return mac;
}

void fdb_mac_to(uint64_t mac, uint8_t ret_address[6])
{
	memcpy(ret_address, &mac, 6);
}

static struct bridge *bridge_of_fid(const struct model *model, uint32_t fid)
{
	return model->by_index[fid < XBR_BRIDGE_LIMIT ? fid : model->dp->vlans[fid].bridge];
}

/* 0: the FID is a bridge's own. */
static uint16_t vlan_of_fid(const struct model *model, uint32_t fid)
{
	return fid < XBR_BRIDGE_LIMIT ? 0 : model->dp->vlans[fid].vid;
}

static struct port *port_of_number(const struct model *model, uint32_t number)
{
	return number < model->dp->max_ports ? model->by_number[number] : NULL;
}

static uint32_t epoch_now(const struct model *model, const struct bridge *bridge, uint32_t jiffies)
{
	return jiffies >> model->dp->bridges[bridge->index].epoch_shift & FDB_AGE_MASK;
}

static uint32_t epochs_idle(const struct model *model, const struct bridge *bridge, uint32_t data,
			    uint32_t jiffies)
{
	return fdb_data_idle(data, epoch_now(model, bridge, jiffies));
}

/* As mst_generation() in the datapath. */
uint8_t fdb_generation(const struct model *model, const struct port *port, uint32_t fid)
{
	uint32_t generation = port_slot(model, port)->generation, tree;

	if (port->bridge && model->dp->bridges[port->bridge->index].flags & XBR_BRIDGE_MST) {
		tree = XBR_TREE_OF(model->dp->vlans[fid].msti);
		generation += model->dp->port_msti[port->number].tree[tree] >> XBR_TREE_GENERATION_SHIFT;
	}
	return generation & FDB_GENERATION_MASK;
}

/* Was the entry made void by a flush of its port? */
static bool is_void(const struct model *model, uint64_t key, uint32_t data)
{
	const struct port *port = port_of_number(model, fdb_data_port(data));

	return !port || (fdb_kind_is_learned(fdb_data_kind(data)) &&
			 fdb_data_generation(data) != fdb_generation(model, port, fdb_key_fid(key)));
}

static bool is_expired(const struct model *model, const struct bridge *bridge, uint32_t data,
		       uint32_t jiffies)
{
	return fdb_kind_is_learned(fdb_data_kind(data)) &&
	       epochs_idle(model, bridge, data, jiffies) > model->dp->bridges[bridge->index].ageing_epochs;
}

/* False: there is nothing to show. */
static bool view_of(const struct model *model, uint64_t key, uint32_t data, uint32_t jiffies,
		    struct fdb_view *ret_view)
{
	const struct bridge *bridge = bridge_of_fid(model, fdb_key_fid(key));
	uint32_t kind = fdb_data_kind(data);

	if (!bridge || kind == XBR_FDB_NONE || kind == XBR_FDB_BUSY || is_void(model, key, data) ||
	    is_expired(model, bridge, data, jiffies))
		return false;
	*ret_view = (struct fdb_view){
		.mac = fdb_key_mac(key),
		.vlan = vlan_of_fid(model, fdb_key_fid(key)),
		.kind = (uint8_t)kind,
		.port = port_of_number(model, fdb_data_port(data)),
		.bridge = bridge,
	};
	if (fdb_kind_is_learned(kind))
		ret_view->idle_cs = (uint32_t)(epochs_idle(model, bridge, data, jiffies) *
					       bridge_epoch_ucs(model, bridge) / 1000);
	return true;
}

bool fdb_get(const struct model *model, const struct bridge *bridge, uint64_t mac, uint16_t vlan,
	     struct fdb_view *ret_view)
{
	uint32_t fid = vlan_fid_of(model, bridge, vlan);
	uint64_t key = fdb_key(mac, fid);

	return fid && view_of(model, key, fdb_table_get(&model->dp->fdb, key), datapath_jiffies(model->dp),
			      ret_view);
}

static void tell(const struct model *model, enum model_change change, const struct fdb_view *view)
{
	if (model->listener.fdb)
		model->listener.fdb(model->listener.user, change, view, NULL);
}

/* ---- counts of learned addresses ---- */

static void count_down(uint32_t *count)
{
	uint32_t before = __atomic_load_n(count, __ATOMIC_SEQ_CST);

	while (before && !__atomic_compare_exchange_n(count, &before, before - 1, false, __ATOMIC_SEQ_CST,
						      __ATOMIC_SEQ_CST))
		;
}

static void count_learned(struct model *model, const struct port *port)
{
	__atomic_fetch_add(&model->dp->port_live[port->number].learned, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&model->dp->bridge_live[port->bridge->index].learned, 1, __ATOMIC_SEQ_CST);
}

/* An entry is gone, or has become another: what it counted for. */
static void uncount(struct model *model, uint64_t key, uint32_t data)
{
	struct port *port = port_of_number(model, fdb_data_port(data));

	if (!port || is_void(model, key, data))
		return;
	if (fdb_kind_is_learned(fdb_data_kind(data))) {
		count_down(&model->dp->port_live[port->number].learned);
		count_down(&model->dp->bridge_live[port->bridge->index].learned);
	} else if (fdb_data_kind(data) != XBR_FDB_NONE && port->pinned) {
		port->pinned--;
		offer_mark(model);
	}
}

static void count(struct model *model, struct port *port, uint8_t kind)
{
	if (fdb_kind_is_learned(kind)) {
		count_learned(model, port);
		return;
	}
	port->pinned++;
	offer_mark(model);
}

/* ---- by hand ---- */

static int put(struct model *model, struct port *port, uint64_t mac, uint16_t vlan, uint8_t kind)
{
	uint32_t age = epoch_now(model, port->bridge, datapath_jiffies(model->dp)), before;
	uint32_t fid = vlan_fid_of(model, port->bridge, vlan);
	uint32_t data = fdb_data(port->number, fdb_generation(model, port, fid), kind, age);
	int err = fdb_table_put(&model->dp->fdb, fdb_key(mac, fid), data, &before);

	if (err)
		return err;
	uncount(model, fdb_key(mac, fid), before);
	count(model, port, kind);
	return 0;
}

static bool is_dynamic(const struct model *model, uint64_t key)
{
	return fdb_kind_is_learned(fdb_data_kind(fdb_table_get(&model->dp->fdb, key)));
}

/* What was learned in a VLAN gives way to what is tied down in all of them. */
static void forget_in_vlans(struct model *model, const struct bridge *bridge, uint64_t mac)
{
	uint64_t used[VLAN_WORDS];
	uint32_t before;

	vlan_used(model, bridge, used);
	for (uint16_t vid = 1; vid <= XBR_VID_MAX; vid++) {
		uint64_t key = fdb_key(mac, vlan_fid_of(model, bridge, vid));

		if (used[vid / 64] >> vid % 64 & 1 && is_dynamic(model, key) &&
		    !fdb_table_remove(&model->dp->fdb, key, &before))
			uncount(model, key, before);
	}
}

int fdb_put(struct model *model, struct port *port, uint64_t mac, uint16_t vlan, uint8_t kind, bool replace,
	    struct xbr_error *error)
{
	struct fdb_view view;
	bool there = fdb_get(model, port->bridge, mac, vlan, &view);
	int err;

	if (vlan && !vlan_is_member(model, port, vlan))
		return xbr_refuse(error, -EINVAL, "%s is not in VLAN %u", port->name, vlan);
	if (there && !replace)
		return xbr_refuse(error, -EEXIST, "the address is already in the table of %s, on %s",
				  port->bridge->name, view.port->name);
	err = put(model, port, mac, vlan, kind);
	if (!err && !vlan && kind != XBR_FDB_DYNAMIC && port->bridge->settings.vlan_filtering)
		forget_in_vlans(model, port->bridge, mac);
	if (err == -ENOSPC)
		return xbr_refuse(
			error, err,
			"no room for the address: both its buckets are full (see --fdb-size of xbrd)");
	if (err)
		return xbr_refuse(error, err, "the address changes too fast");
	if (fdb_get(model, port->bridge, mac, vlan, &view)) {
		uplink_on_address(model, &view);
		tell(model, there ? MODEL_SET : MODEL_ADD, &view);
	}
	return 0;
}

int fdb_remove(struct model *model, struct bridge *bridge, uint64_t mac, uint16_t vlan,
	       struct xbr_error *error)
{
	struct fdb_view view;
	uint32_t before;
	int err;

	if (!fdb_get(model, bridge, mac, vlan, &view))
		return xbr_refuse(error, -ENOENT, "the address is not in the table of %s", bridge->name);
	err = fdb_table_remove(&model->dp->fdb, fdb_key(mac, vlan_fid_of(model, bridge, vlan)), &before);
	if (err)
		return xbr_refuse(error, err, "the address changes too fast");
	uncount(model, fdb_key(mac, vlan_fid_of(model, bridge, vlan)), before);
	tell(model, MODEL_DEL, &view);
	return 0;
}

/* ---- the devices' own addresses ---- */

bool fdb_is_own_address(const struct fdb_view *view)
{
	return view->kind == XBR_FDB_LOCAL && view->mac == fdb_mac_of(view->port->link.address);
}

/* What the user tied down stays; a guest's word about the address does not count. */
void fdb_own_address_put(struct model *model, struct port *port)
{
	uint64_t mac = fdb_mac_of(port->link.address);
	struct fdb_view view;

	if (!mac || mac & 1)
		return;
	if (fdb_get(model, port->bridge, mac, 0, &view) && !fdb_kind_is_learned(view.kind) &&
	    !(view.kind == XBR_FDB_LOCAL && port->local))
		return;
	if (put(model, port, mac, 0, XBR_FDB_LOCAL))
		model_log(model, "no room in the address table for the address of %s itself", port->name);
}

/* A port with the same address, if there is one, takes the entry over. */
static struct port *other_with_address(const struct model *model, const struct port *port, uint64_t mac)
{
	struct port *other, *next;

	if (port->bridge->local && port->bridge->local != port &&
	    fdb_mac_of(port->bridge->local->link.address) == mac)
		return port->bridge->local;
	port_foreach (model, other, next)
		if (other != port && other->bridge == port->bridge && other->ifindex &&
		    fdb_mac_of(other->link.address) == mac)
			return other;
	return NULL;
}

void fdb_own_address_remove(struct model *model, struct port *port)
{
	uint64_t mac = fdb_mac_of(port->link.address);
	struct fdb_view view;
	struct port *other;
	uint32_t before;

	if (!mac || !fdb_get(model, port->bridge, mac, 0, &view) || view.kind != XBR_FDB_LOCAL ||
	    view.port != port)
		return;
	if (!fdb_table_remove(&model->dp->fdb, fdb_key(mac, port->bridge->index), &before))
		uncount(model, fdb_key(mac, port->bridge->index), before);
	other = other_with_address(model, port, mac);
	if (other)
		fdb_own_address_put(model, other);
}

/* ---- flushing ---- */

uint32_t fdb_flush_port(struct model *model, struct port *port)
{
	struct xbr_port *slot = port_slot(model, port);
	uint32_t *learned = &model->dp->port_live[port->number].learned;
	uint32_t flushed;

	/* 64 flushes between two sweeps and a void entry would come alive again */
	if (++model->flushes >= FDB_GENERATION_MASK)
		fdb_sweep(model);
	__atomic_store_n(&slot->generation, (uint8_t)((slot->generation + 1) & FDB_GENERATION_MASK),
			 __ATOMIC_SEQ_CST);
	flushed = __atomic_exchange_n(learned, 0, __ATOMIC_SEQ_CST);
	__atomic_fetch_sub(&model->dp->bridge_live[port->bridge->index].learned, flushed, __ATOMIC_SEQ_CST);
	if (flushed && model->listener.flushed)
		model->listener.flushed(model->listener.user, NULL, port);
	return flushed;
}

void fdb_flush_tree(struct model *model, struct port *port, unsigned int tree)
{
	uint8_t *at = &model->dp->port_msti[port->number].tree[tree];

	if (++model->flushes >= FDB_GENERATION_MASK)
		fdb_sweep(model);
	__atomic_store_n(at, (uint8_t)(*at + (1u << XBR_TREE_GENERATION_SHIFT)), __ATOMIC_SEQ_CST);
}

static bool filter_fits(const struct fdb_filter *filter, const struct fdb_view *view)
{
	if (filter->bridge && filter->bridge != view->bridge)
		return false;
	if (filter->port && filter->port != view->port)
		return false;
	if (filter->vlan && filter->vlan != view->vlan)
		return false;
	if (filter->kinds && !(filter->kinds >> view->kind & 1))
		return false;
	return view->idle_cs >= filter->older_than_cs;
}

struct flush_walk {
	struct model *model;
	const struct fdb_filter *filter;
	uint32_t jiffies;
	uint32_t flushed;
};

static int flush_slot(const struct fdb_slot *slot, void *user)
{
	struct flush_walk *walk = user;
	struct fdb_view view;

	if (!view_of(walk->model, slot->key, slot->data, walk->jiffies, &view) ||
	    !filter_fits(walk->filter, &view))
		return 0;
	if (fdb_is_own_address(&view) || fdb_table_remove_slot(&walk->model->dp->fdb, slot))
		return 0;
	uncount(walk->model, slot->key, slot->data);
	tell(walk->model, MODEL_DEL, &view);
	walk->flushed++;
	return 0;
}

static bool is_plain(const struct fdb_filter *filter)
{
	uint32_t learned = 1u << XBR_FDB_DYNAMIC | 1u << XBR_FDB_LOCKED;

	return filter->kinds & 1u << XBR_FDB_DYNAMIC && !(filter->kinds & ~learned) &&
	       !filter->older_than_cs && !filter->vlan;
}

static uint32_t flush_plain(struct model *model, const struct fdb_filter *filter)
{
	struct port *port, *next;
	uint32_t flushed = 0;

	port_foreach (model, port, next)
		if ((!filter->bridge || filter->bridge == port->bridge) &&
		    (!filter->port || filter->port == port))
			flushed += fdb_flush_port(model, port);
	return flushed;
}

uint32_t fdb_flush(struct model *model, const struct fdb_filter *filter)
{
	struct flush_walk walk = {model, filter, datapath_jiffies(model->dp), 0};

	if (is_plain(filter))
		return flush_plain(model, filter);
	fdb_table_walk(&model->dp->fdb, 0, model->dp->fdb.count, flush_slot, &walk);
	return walk.flushed;
}

/* Is the entry in a VLAN that is gone, or that its port has left? */
static bool is_stranger(const struct model *model, const struct fdb_slot *slot)
{
	uint16_t vlan = vlan_of_fid(model, fdb_key_fid(slot->key));
	const struct port *port = port_of_number(model, fdb_data_port(slot->data));

	if (fdb_key_fid(slot->key) < XBR_BRIDGE_LIMIT || !slot->data)
		return false;
	return !port || !vlan || !vlan_is_member(model, port, vlan);
}

static int drop_stranger(const struct fdb_slot *slot, void *user)
{
	struct model *model = user;
	struct fdb_view view;

	if (!is_stranger(model, slot) || fdb_table_remove_slot(&model->dp->fdb, slot))
		return 0;
	uncount(model, slot->key, slot->data);
	if (view_of(model, slot->key, slot->data, datapath_jiffies(model->dp), &view))
		tell(model, MODEL_DEL, &view);
	return 0;
}

void fdb_drop_strangers(struct model *model)
{
	fdb_table_walk(&model->dp->fdb, 0, model->dp->fdb.count, drop_stranger, model);
}

/* ---- showing ---- */

struct each_walk {
	const struct model *model;
	const struct fdb_filter *filter;
	uint32_t jiffies;
	uint32_t shown;
	void (*visit)(const struct fdb_view *view, void *user);
	void *user;
};

static int each_slot(const struct fdb_slot *slot, void *user)
{
	struct each_walk *walk = user;
	struct fdb_view view;

	if (view_of(walk->model, slot->key, slot->data, walk->jiffies, &view) &&
	    filter_fits(walk->filter, &view)) {
		walk->visit(&view, walk->user);
		walk->shown++;
	}
	return 0;
}

uint32_t fdb_each(struct model *model, const struct fdb_filter *filter, uint32_t cursor, uint32_t limit,
		  void (*visit)(const struct fdb_view *view, void *user), void *user)
{
	struct each_walk walk = {model, filter, datapath_jiffies(model->dp), 0, visit, user};

	while (cursor < model->dp->fdb.count && walk.shown < limit)
		fdb_table_walk(&model->dp->fdb, cursor++, 1, each_slot, &walk);
	return cursor < model->dp->fdb.count ? cursor : 0;
}

/* ---- the sweep ---- */

#define SWEEP_BUCKETS_A_SECOND 131072

/* counted: dynamic addresses that hold, by port number, as the walk finds them. */
struct sweep {
	struct model *model;
	uint32_t jiffies;
	uint32_t *counted;
};

/*
 * A key without data: somebody has just claimed the slot and is about to fill it, or gave it up. Only what
 * was so at the last sweep already is taken out: taken from under a learner it would leave its data under a
 * free key.
 */
static void sweep_empty(struct model *model, const struct fdb_slot *slot)
{
	size_t index = (size_t)(slot->bucket - model->dp->fdb.buckets) * XBR_FDB_WAYS + slot->way;
	uint8_t bit = (uint8_t)(1u << index % 8), *seen = &model->seen_empty[index / 8];

	if (*seen & bit)
		fdb_table_remove_slot(&model->dp->fdb, slot);
	*seen ^= bit;
}

static void sweep_expired(struct model *model, const struct bridge *bridge, const struct fdb_slot *slot)
{
	struct fdb_view view = {.mac = fdb_key_mac(slot->key),
				.kind = (uint8_t)fdb_data_kind(slot->data),
				.port = port_of_number(model, fdb_data_port(slot->data)),
				.bridge = bridge};

	if (fdb_table_remove_slot(&model->dp->fdb, slot))
		return; /* seen this instant */
	uncount(model, slot->key, slot->data);
	tell(model, MODEL_DEL, &view);
}

static int sweep_slot(const struct fdb_slot *slot, void *user)
{
	struct sweep *sweep = user;
	const struct bridge *bridge = bridge_of_fid(sweep->model, fdb_key_fid(slot->key));

	if (fdb_data_kind(slot->data) == XBR_FDB_NONE)
		sweep_empty(sweep->model, slot);
	else if (!bridge || is_void(sweep->model, slot->key, slot->data))
		fdb_table_remove_slot(&sweep->model->dp->fdb, slot);
	else if (is_stranger(sweep->model, slot))
		drop_stranger(slot, sweep->model);
	else if (is_expired(sweep->model, bridge, slot->data, sweep->jiffies))
		sweep_expired(sweep->model, bridge, slot);
	else if (fdb_kind_is_learned(fdb_data_kind(slot->data)))
		sweep->counted[fdb_data_port(slot->data)]++;
	return 0;
}

/* A count that did not move while the walk went on, and yet is not what the walk found, is mended. */
static void mend_count(struct model *model, const struct port *port, uint32_t before, uint32_t counted)
{
	uint32_t *learned = &model->dp->port_live[port->number].learned;
	uint32_t difference = counted - before;

	if (!difference || !__atomic_compare_exchange_n(learned, &before, counted, false, __ATOMIC_SEQ_CST,
							__ATOMIC_SEQ_CST))
		return;
	__atomic_fetch_add(&model->dp->bridge_live[port->bridge->index].learned, difference,
			   __ATOMIC_SEQ_CST);
}

/* before: room for the counts of all port numbers. */
static void sweep_table(struct sweep *sweep, uint32_t *before)
{
	struct model *model = sweep->model;

	for (uint32_t n = 1; n < model->dp->max_ports; n++)
		before[n] = __atomic_load_n(&model->dp->port_live[n].learned, __ATOMIC_SEQ_CST);
	fdb_table_walk(&model->dp->fdb, 0, model->dp->fdb.count, sweep_slot, sweep);
	for (uint32_t n = 1; n < model->dp->max_ports; n++)
		if (model->by_number[n])
			mend_count(model, model->by_number[n], before[n], sweep->counted[n]);
	model->flushes = 0;
}

void fdb_sweep(struct model *model)
{
	struct sweep sweep = {model, datapath_jiffies(model->dp), NULL};
	uint32_t *before = calloc(XBR_PORT_LIMIT, sizeof(*before));

	sweep.counted = calloc(XBR_PORT_LIMIT, sizeof(*sweep.counted));
	if (before && sweep.counted)
		sweep_table(&sweep, before);
	else
		model_log(model, "out of memory: addresses are not aged this time");
	free(before);
	free(sweep.counted);
}

/*
 * A walk through a million addresses takes some 15 ms, more than a hundredth of a second's time: the larger
 * the table, the rarer. What a frame finds is judged by its age all the same; only its slot is free later.
 * After a flush there may be much to take out.
 */
void fdb_tick(struct model *model)
{
	uint32_t period_s = model->dp->fdb.count / SWEEP_BUCKETS_A_SECOND;

	if (++model->unswept_s < period_s && !model->flushes)
		return;
	model->unswept_s = 0;
	fdb_sweep(model);
}

static int use_slot(const struct fdb_slot *slot, void *user)
{
	*(uint32_t *)user += slot->data != 0;
	return 0;
}

uint32_t fdb_used(struct model *model)
{
	uint32_t used = 0;

	fdb_table_walk(&model->dp->fdb, 0, model->dp->fdb.count, use_slot, &used);
	return used;
}

uint32_t fdb_size(const struct model *model)
{
	return model->dp->fdb.count;
}

/* ---- another epoch length ---- */

struct rescale {
	struct model *model;
	struct bridge *bridge;
	uint32_t jiffies;
	uint8_t from, to;
};

static int rescale_slot(const struct fdb_slot *slot, void *user)
{
	struct rescale *r = user;
	uint32_t idle, age;

	if (bridge_of_fid(r->model, fdb_key_fid(slot->key)) != r->bridge ||
	    !fdb_kind_is_learned(fdb_data_kind(slot->data)))
		return 0;
	idle = fdb_data_idle(slot->data, r->jiffies >> r->from & FDB_AGE_MASK);
	idle = r->from > r->to ? idle << (r->from - r->to) : idle >> (r->to - r->from);
	if (idle >= FDB_AGE_MASK)
		idle = FDB_AGE_MASK - 1;
	age = ((r->jiffies >> r->to) - idle) & FDB_AGE_MASK;
	fdb_table_change_slot(slot, (slot->data & ~(FDB_AGE_MASK << FDB_AGE_SHIFT)) | age << FDB_AGE_SHIFT);
	return 0;
}

void fdb_rescale(struct model *model, struct bridge *bridge, uint8_t from_shift, uint8_t to_shift)
{
	struct rescale r = {model, bridge, datapath_jiffies(model->dp), from_shift, to_shift};

	fdb_table_walk(&model->dp->fdb, 0, model->dp->fdb.count, rescale_slot, &r);
}

/* ---- events ---- */

void fdb_on_event(const struct xbr_fdb_event *event, void *user)
{
	struct model *model = user;
	const struct port *from = NULL;
	struct fdb_view view;

	if (!view_of(model, event->key, event->new_data, datapath_jiffies(model->dp), &view))
		return;
	uplink_on_address(model, &view);
	if (!model->listener.fdb)
		return;
	if (event->old_data)
		from = port_of_number(model, fdb_data_port(event->old_data));
	model->listener.fdb(model->listener.user, from ? MODEL_SET : MODEL_ADD, &view, from);
}
