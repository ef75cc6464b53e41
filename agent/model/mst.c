// SPDX-License-Identifier: Apache-2.0
#include "model/mst.h"

#include <errno.h>
#include <string.h>

bool mst_is_on(const struct bridge *bridge)
{
	const struct bridge_settings *s = &bridge->settings;

	return s->stp.state && s->stp.version == STP_WORD_MSTP && s->vlan_filtering && mst_count(bridge->mst);
}

static struct xbr_bridge *slot_of(const struct model *model, const struct bridge *bridge)
{
	return &model->dp->bridges[bridge->index];
}

/* ---- states ---- */

static uint8_t *octet(const struct model *model, const struct port *port, unsigned int tree)
{
	return &model->dp->port_msti[port->number].tree[tree];
}

static bool octet_forwards(uint8_t value)
{
	return (value & XBR_TREE_STATE_MASK) == XBR_STATE_FORWARDING;
}

/* XDP floods by lists that ask no states: it stops before one ends, and goes on with a list made anew. */
static void write_octet(struct model *model, const struct port *port, unsigned int tree, uint8_t state)
{
	uint8_t *at = octet(model, port, tree), is = *at;
	uint8_t to = (uint8_t)((is & ~XBR_TREE_STATE_MASK) | state);

	if (to == is)
		return;
	if (octet_forwards(is) && !octet_forwards(to))
		flood_not_by_xdp(model, port->bridge);
	__atomic_store_n(at, to, __ATOMIC_SEQ_CST);
	flood_mark(port->bridge);
}

/* Two bits are enough for what the datapath asks. */
static uint8_t as_octet(uint8_t state)
{
	return state == XBR_STATE_FORWARDING || state == XBR_STATE_LEARNING ? state : 0;
}

static bool is_down(const struct model *model, const struct port *port)
{
	return port_slot(model, port)->state == XBR_STATE_DISABLED;
}

void mst_write_state(struct model *model, struct port *port, uint16_t mstid, uint8_t state)
{
	unsigned int place = mst_place(port->bridge->mst, mstid);

	if (place)
		write_octet(model, port, XBR_TREE_OF(place), is_down(model, port) ? 0 : as_octet(state));
}

/* The host's port is of all trees. */
static uint8_t state_in(const struct model *model, const struct port *port, uint16_t mstid)
{
	if (is_down(model, port) || (!mstid && !port->local))
		return 0;
	return port->local ? XBR_STATE_FORWARDING : as_octet(stp_port_state(port, mstid));
}

void mst_write_states(struct model *model, struct port *port)
{
	const struct xbr_mst_saved *is = mst_config_get(port->bridge->mst);

	if (!mst_is_on(port->bridge))
		return;
	write_octet(model, port, XBR_TREE_CIST, as_octet(port_slot(model, port)->state));
	for (unsigned int i = 0; i < XBR_MSTI_LIMIT; i++)
		write_octet(model, port, XBR_TREE_OF(i + 1), state_in(model, port, is->instance[i].mstid));
}

uint8_t mst_state(const struct model *model, const struct port *port, uint16_t mstid)
{
	uint8_t state = *octet(model, port, XBR_TREE_OF(mst_place(port->bridge->mst, mstid)));

	return state & XBR_TREE_STATE_MASK ? state & XBR_TREE_STATE_MASK : XBR_STATE_BLOCKING;
}

bool mst_forwards(const struct model *model, const struct port *port, uint16_t vid)
{
	if (!(slot_of(model, port->bridge)->flags & XBR_BRIDGE_MST))
		return port_slot(model, port)->state == XBR_STATE_FORWARDING;
	return octet_forwards(*octet(model, port, XBR_TREE_OF(mst_config_get(port->bridge->mst)->msti[vid])));
}

bool mst_forwards_some(const struct model *model, const struct port *port)
{
	if (slot_of(model, port->bridge)->flags & XBR_BRIDGE_MST)
		return !is_down(model, port);
	return port_slot(model, port)->state == XBR_STATE_FORWARDING;
}

/* ---- the datapath's view ---- */

static void write_vlans(struct model *model, const struct bridge *bridge)
{
	for (uint16_t vid = 1; vid <= XBR_VID_MAX; vid++) {
		uint32_t fid = vlan_fid_of(model, bridge, vid);

		if (fid)
			__atomic_store_n(&model->dp->vlans[fid].msti, mst_config_get(bridge->mst)->msti[vid],
					 __ATOMIC_SEQ_CST);
	}
}

static void write_ports(struct model *model, const struct bridge *bridge)
{
	struct port *port, *next;

	mst_write_states(model, bridge->local);
	port_foreach (model, port, next)
		if (port->bridge == bridge)
			mst_write_states(model, port);
}

/* Trees begin with the generation of the port alone: what it had learned goes on. */
static void reset_generations(struct model *model, const struct bridge *bridge)
{
	struct port *port, *next;

	memset(model->dp->port_msti[bridge->local->number].tree, 0, XBR_TREES);
	port_foreach (model, port, next)
		if (port->bridge == bridge)
			memset(model->dp->port_msti[port->number].tree, 0, XBR_TREES);
}

static bool vlans_are_written(const struct model *model, const struct bridge *bridge)
{
	for (uint16_t vid = 1; vid <= XBR_VID_MAX; vid++) {
		uint32_t fid = vlan_fid_of(model, bridge, vid);

		if (fid && model->dp->vlans[fid].msti != mst_config_get(bridge->mst)->msti[vid])
			return false;
	}
	return true;
}

/*
 * A VLAN that changes its tree changes the generation of its addresses: void ones must not come alive by
 * that, so they are taken out before, and those that became void after. States stand before anybody asks for
 * them.
 */
void mst_update(struct model *model, struct bridge *bridge)
{
	struct xbr_bridge *slot = slot_of(model, bridge);
	bool on = mst_is_on(bridge), was = slot->flags & XBR_BRIDGE_MST;

	if (on == was && vlans_are_written(model, bridge)) {
		write_ports(model, bridge);
		return;
	}
	fdb_sweep(model);
	flood_not_by_xdp(model, bridge);
	if (on && !was)
		reset_generations(model, bridge);
	write_ports(model, bridge);
	write_vlans(model, bridge);
	if (on)
		__atomic_or_fetch(&slot->flags, XBR_BRIDGE_MST, __ATOMIC_SEQ_CST);
	else
		__atomic_and_fetch(&slot->flags, ~(uint32_t)XBR_BRIDGE_MST, __ATOMIC_SEQ_CST);
	fdb_sweep(model);
	flood_mark(bridge);
}

/* ---- configuration ---- */

int mst_bridge_set(struct model *model, struct bridge *bridge, struct mst_config *config,
		   struct xbr_error *error)
{
	struct mst_config *own = mst_config_of(mst_config_get(config));
	int err = own ? 0 : -ENOMEM;

	if (own)
		mst_keep_places(own, bridge->mst);
	if (!err)
		err = datapath_mst_write(model->dp, bridge->index,
					 mst_config_equal(own, NULL) ? NULL : &own->is);
	if (err) {
		mst_config_drop(own);
		return xbr_refuse(error, err, "cannot note the instances of %s: %s", bridge->name,
				  strerror(-err));
	}
	mst_config_drop(bridge->mst);
	bridge->mst = own;
	stp_bridge_update(model, bridge);
	if (model->listener.bridge)
		model->listener.bridge(model->listener.user, MODEL_SET, bridge);
	return 0;
}

static int write_rows(struct model *model, const struct port *port, const struct mst_rows *rows)
{
	int err = 0;

	for (unsigned int i = 0; rows && i < rows->count && !err; i++)
		err = datapath_mst_port_write(model->dp, port->number, rows->row[i].mstid, &rows->row[i].is);
	return err;
}

static void drop_rows(struct model *model, const struct port *port, const struct mst_rows *now)
{
	for (unsigned int i = 0; port->mst && i < port->mst->count; i++) {
		struct xbr_mst_port is = mst_rows_get(now, port->mst->row[i].mstid);

		if (!is.cost && !is.priority)
			datapath_mst_port_write(model->dp, port->number, port->mst->row[i].mstid, NULL);
	}
}

int mst_port_set(struct model *model, struct port *port, struct mst_rows *rows, struct xbr_error *error)
{
	int err = write_rows(model, port, rows);

	if (err)
		return xbr_refuse(error, err, "cannot note what is set of %s in instances: %s", port->name,
				  strerror(-err));
	drop_rows(model, port, rows);
	mst_rows_share(rows);
	mst_rows_drop(port->mst);
	port->mst = rows;
	stp_port_update(model, port);
	if (model->listener.link)
		model->listener.link(model->listener.user, MODEL_SET, port);
	return 0;
}

/* ---- life ---- */

/* The generations stay, as the port's own does. */
void mst_port_end(struct model *model, struct port *port)
{
	for (unsigned int tree = 0; tree < XBR_TREES; tree++)
		*octet(model, port, tree) &= (uint8_t)~XBR_TREE_STATE_MASK;
	drop_rows(model, port, NULL);
	mst_rows_drop(port->mst);
	port->mst = NULL;
}

void mst_bridge_end(struct model *model, struct bridge *bridge)
{
	datapath_mst_write(model->dp, bridge->index, NULL);
	mst_config_drop(bridge->mst);
	bridge->mst = NULL;
}

int mst_restore_bridge(struct model *model, struct bridge *bridge)
{
	struct xbr_mst_saved is;
	int err = datapath_mst_read(model->dp, bridge->index, &is);

	if (err)
		return err == -ENOENT ? 0 : err;
	bridge->mst = mst_config_of(&is);
	return bridge->mst ? 0 : -ENOMEM;
}

static int restore_row(const struct xbr_mst_port_key *key, const struct xbr_mst_port *value, void *user)
{
	struct model *model = user;
	struct port *port = key->port < model->dp->max_ports ? model->by_number[key->port] : NULL;

	if (!port)
		return 0;
	if (mst_rows_own(&port->mst))
		return -ENOMEM;
	mst_rows_set(port->mst, key->mstid, value);
	return 0;
}

int mst_restore_ports(struct model *model)
{
	return datapath_mst_port_each(model->dp, restore_row, model);
}
