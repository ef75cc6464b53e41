// SPDX-License-Identifier: Apache-2.0
/*
 * VLANs as they are. A VLAN of a bridge is in use while one of its ports, the local one too, is a member;
 * then it has a FID, taken in blocks of neighbours from all that there are. The sets of ports are written
 * through to `port_vlans` and `vlan_map`; what each VLAN is flooded to, to `vlans`. What goes is taken back
 * in this order: the membership, so that nothing more is learned; then the addresses (vlan_settle()); then
 * the FIDs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

static struct xbr_bridge_vlans *blocks_of(const struct model *model, const struct bridge *bridge)
{
	return &model->dp->bridge_vlans[bridge->index];
}

uint32_t vlan_fid_of(const struct model *model, const struct bridge *bridge, uint16_t vid)
{
	uint32_t block = blocks_of(model, bridge)->block[vid / XBR_VLAN_BLOCK];

	if (!vid)
		return bridge->index;
	return block ? block * XBR_VLAN_BLOCK + vid % XBR_VLAN_BLOCK : 0;
}

bool vlan_is_member(const struct model *model, const struct port *port, uint16_t vid)
{
	return model->dp->port_vlans[port->number].word[vid / 64].member >> vid % 64 & 1;
}

/* ---- FIDs ---- */

static uint32_t free_block(const struct model *model)
{
	for (uint32_t block = XBR_VLAN_BLOCK_FIRST; block < XBR_VLAN_BLOCK_LIMIT; block++)
		if (!model->dp->vlans[block * XBR_VLAN_BLOCK].bridge)
			return block;
	return 0;
}

/* Flooded to the whole bridge until a list of its own is made: who is a member is judged for each copy. */
static int block_take(struct model *model, const struct bridge *bridge, uint32_t index)
{
	uint32_t block = free_block(model);

	if (!block)
		return -ENOSPC;
	for (uint32_t i = 0; i < XBR_VLAN_BLOCK; i++)
		model->dp->vlans[block * XBR_VLAN_BLOCK + i] = (struct xbr_vlan){
			.bridge = (uint16_t)bridge->index,
			.vid = (uint16_t)(index * XBR_VLAN_BLOCK + i),
			.msti = mst_config_get(bridge->mst)->msti[index * XBR_VLAN_BLOCK + i],
			.flood = (uint16_t)bridge->index};
	__atomic_store_n(&blocks_of(model, bridge)->block[index], (uint16_t)block, __ATOMIC_SEQ_CST);
	return 0;
}

static void block_give_back(struct model *model, const struct bridge *bridge, uint32_t index)
{
	uint32_t first = (uint32_t)blocks_of(model, bridge)->block[index] * XBR_VLAN_BLOCK;

	if (!first)
		return;
	__atomic_store_n(&blocks_of(model, bridge)->block[index], 0, __ATOMIC_SEQ_CST);
	for (uint32_t fid = first; fid < first + XBR_VLAN_BLOCK; fid++) {
		if (model->dp->vlans[fid].flood == fid)
			datapath_set_flood(model->dp, fid, NULL, NULL, 0, 0);
		model->dp->vlans[fid] = (struct xbr_vlan){0};
	}
}

/* The VIDs of a block, among those of a word. */
static uint64_t block_bits(uint64_t word, uint32_t index)
{
	return word >> index * XBR_VLAN_BLOCK % 64 & ((1ull << XBR_VLAN_BLOCK) - 1);
}

static int take_blocks(struct model *model, const struct bridge *bridge, const struct vlan_set *set)
{
	int err = 0;

	for (uint32_t index = 0; index < XBR_VLAN_BLOCKS && !err; index++)
		if (!blocks_of(model, bridge)->block[index] &&
		    block_bits(set->vlans.word[index * XBR_VLAN_BLOCK / 64].member, index))
			err = block_take(model, bridge, index);
	return err;
}

/* ---- mappings ---- */

static int map_write(struct model *model, const struct port *port, enum xbr_vlan_map_way way, uint16_t vid,
		     const struct xbr_vlan_map *value)
{
	struct xbr_vlan_map_key key = {.port = (uint16_t)port->number, .vid = vid, .way = (uint16_t)way};

	return datapath_set_vlan_map(model->dp, &key, value);
}

/* Tunnel ports take the VLAN's tag off whatever the customer's: they need no way out. */
static int mapping_write(struct model *model, const struct port *port, const struct vlan_mapping *mapping)
{
	struct xbr_vlan_map in = {.vid = mapping->to, .priority = mapping->priority};
	struct xbr_vlan_map out = {.vid = mapping->from, .priority = XBR_PRIORITY_KEEP};
	bool tunnel = port->settings.flags & XBR_PORT_TUNNEL;
	int err = map_write(model, port, XBR_VLAN_MAP_IN, mapping->from, &in);

	return err ? err : map_write(model, port, XBR_VLAN_MAP_OUT, mapping->to, tunnel ? NULL : &out);
}

static bool leads_to(const struct vlan_set *set, uint16_t to)
{
	for (unsigned int i = 0; i < set->mapping_count; i++)
		if (set->mappings[i].to == to)
			return true;
	return false;
}

static void mapping_remove(struct model *model, const struct port *port, const struct vlan_set *now,
			   const struct vlan_mapping *mapping)
{
	if (!vlan_set_mapping(now, mapping->from))
		map_write(model, port, XBR_VLAN_MAP_IN, mapping->from, NULL);
	if (!leads_to(now, mapping->to))
		map_write(model, port, XBR_VLAN_MAP_OUT, mapping->to, NULL);
}

int vlan_write_mappings(struct model *model, const struct port *port)
{
	int err = 0;

	for (unsigned int i = 0; i < port->vlans->mapping_count && !err; i++)
		err = mapping_write(model, port, &port->vlans->mappings[i]);
	return err;
}

/* ---- a port's set ---- */

static bool is_of_port(const struct xbr_vlan_stats_key *key, void *user)
{
	return key->port == ((const struct port *)user)->number;
}

/* New members first, so that no frame is lost between. */
static void write_words(struct model *model, const struct port *port, const struct vlan_set *set)
{
	struct xbr_port_vlans *slot = &model->dp->port_vlans[port->number];

	for (uint32_t w = 0; w < VLAN_WORDS; w++) {
		__atomic_store_n(&slot->word[w].untagged, set->vlans.word[w].untagged, __ATOMIC_SEQ_CST);
		__atomic_store_n(&slot->word[w].hairpin, set->vlans.word[w].hairpin, __ATOMIC_SEQ_CST);
		__atomic_store_n(&slot->word[w].member, set->vlans.word[w].member, __ATOMIC_SEQ_CST);
	}
}

static bool loses_members(const struct vlan_set *before, const struct vlan_set *after)
{
	for (uint32_t w = 0; w < VLAN_WORDS; w++)
		if (before->vlans.word[w].member & ~after->vlans.word[w].member)
			return true;
	return false;
}

static bool has_left(const struct xbr_vlan_stats_key *key, void *user)
{
	const struct port *port = user;

	return key->port == port->number && !vlan_set_has(port->vlans, key->vid);
}

static void replace_set(struct model *model, struct port *port, struct vlan_set *set)
{
	struct vlan_set *before = port->vlans;

	port->vlans = vlan_set_share(set);
	for (unsigned int i = 0; i < before->mapping_count; i++)
		mapping_remove(model, port, set, &before->mappings[i]);
	write_words(model, port, set);
	port_write(model, port);
	if (loses_members(before, set)) {
		model->vlans_left = true;
		if (port->bridge->settings.vlan_stats_enabled)
			datapath_vlan_stats_drop(model->dp, has_left, port);
	}
	vlan_set_drop(before);
	flood_mark(port->bridge);
}

int port_set_vlans(struct model *model, struct port *port, struct vlan_set *set, struct xbr_error *error)
{
	struct vlan_set *before = port->vlans;
	int err = take_blocks(model, port->bridge, set);

	if (err)
		return xbr_refuse(
			error, err,
			"no room for the VLANs of %s: all bridges together can have %u blocks of %u",
			port->name, XBR_VLAN_BLOCK_LIMIT - XBR_VLAN_BLOCK_FIRST, XBR_VLAN_BLOCK);
	port->vlans = set;
	err = vlan_write_mappings(model, port);
	port->vlans = before;
	if (err)
		return xbr_refuse(error, err,
				  "no room for the VLAN mappings of %s: %u are the most of all ports",
				  port->name, XBR_VLAN_MAP_LIMIT / 2);
	replace_set(model, port, set);
	if (model->listener.link && !port->local)
		model->listener.link(model->listener.user, MODEL_SET, port);
	return 0;
}

/* A new port has its bridge's default; room for that was made with the bridge. */
void vlan_begin(struct model *model, struct port *port)
{
	port->vlans = vlan_set_share(port->bridge->fresh);
	write_words(model, port, port->vlans);
}

/* The number is free again. */
void vlan_end(struct model *model, struct port *port)
{
	static const struct vlan_set none;

	if (!port->vlans)
		return;
	for (unsigned int i = 0; i < port->vlans->mapping_count; i++)
		mapping_remove(model, port, &none, &port->vlans->mappings[i]);
	write_words(model, port, &none);
	if (port->bridge->settings.vlan_stats_enabled)
		datapath_vlan_stats_drop(model->dp, is_of_port, port);
	if (!vlan_set_equal(port->vlans, port->bridge->fresh))
		model->vlans_left = true;
	vlan_set_drop(port->vlans);
	port->vlans = NULL;
}

/* ---- a bridge ---- */

int vlan_set_fresh(struct model *model, struct bridge *bridge, uint16_t pvid)
{
	struct vlan_set *fresh = vlan_set_new(pvid);
	int err = fresh ? take_blocks(model, bridge, fresh) : -ENOMEM;

	if (err) {
		vlan_set_drop(fresh);
		return err;
	}
	vlan_set_drop(bridge->fresh);
	bridge->fresh = fresh;
	return 0;
}

void vlan_bridge_end(struct model *model, struct bridge *bridge)
{
	for (uint32_t index = 0; index < XBR_VLAN_BLOCKS; index++)
		block_give_back(model, bridge, index);
	vlan_set_drop(bridge->fresh);
	bridge->fresh = NULL;
}

struct stats_walk {
	const struct model *model;
	const struct bridge *bridge;
};

static bool is_of_bridge(const struct xbr_vlan_stats_key *key, void *user)
{
	const struct stats_walk *of = user;
	const struct port *port =
		key->port < of->model->dp->max_ports ? of->model->by_number[key->port] : NULL;

	return !port || port->bridge == of->bridge;
}

void vlan_forget_stats(struct model *model, struct bridge *bridge)
{
	struct stats_walk of = {model, bridge};

	datapath_vlan_stats_drop(model->dp, is_of_bridge, &of);
}

/* ---- what is in use ---- */

static void add_members(uint64_t used[VLAN_WORDS], const struct vlan_set *set)
{
	for (uint32_t w = 0; set && w < VLAN_WORDS; w++)
		used[w] |= set->vlans.word[w].member;
}

void vlan_used(const struct model *model, const struct bridge *bridge, uint64_t ret_used[VLAN_WORDS])
{
	struct port *port, *next;

	memset(ret_used, 0, VLAN_WORDS * sizeof(*ret_used));
	add_members(ret_used, bridge->fresh);
	if (bridge->local)
		add_members(ret_used, bridge->local->vlans);
	port_foreach (model, port, next)
		if (port->bridge == bridge)
			add_members(ret_used, port->vlans);
}

static void drop_unused_blocks(struct model *model, struct bridge *bridge)
{
	uint64_t used[VLAN_WORDS];

	vlan_used(model, bridge, used);
	for (uint32_t index = 0; index < XBR_VLAN_BLOCKS; index++)
		if (!block_bits(used[index * XBR_VLAN_BLOCK / 64], index))
			block_give_back(model, bridge, index);
}

void vlan_settle(struct model *model)
{
	struct bridge *bridge, *next;

	if (!model->vlans_left)
		return;
	model->vlans_left = false;
	fdb_drop_strangers(model);
	bridge_foreach (model, bridge, next)
		drop_unused_blocks(model, bridge);
}

/* ---- after a restart ---- */

static int restore_mapping(const struct xbr_vlan_map_key *key, const struct xbr_vlan_map *value, void *user)
{
	struct model *model = user;
	struct port *port = key->port < model->dp->max_ports ? model->by_number[key->port] : NULL;
	uint64_t vids[VLAN_WORDS] = {0};
	int err;

	if (!port || !port->vlans || key->way != XBR_VLAN_MAP_IN || key->vid > XBR_VID_MAX)
		return 0;
	err = vlan_set_own(&port->vlans);
	vids[key->vid / 64] = 1ull << key->vid % 64;
	return err ? err : vlan_set_map(port->vlans, vids, value->vid, value->priority);
}

int vlan_restore_mappings(struct model *model)
{
	return datapath_vlan_map_each(model->dp, restore_mapping, model);
}

int vlan_restore(struct model *model, struct port *port)
{
	struct vlan_set *set =
		vlan_set_of(&model->dp->port_vlans[port->number], model->dp->ports[port->number].pvid);

	if (!set)
		return -ENOMEM;
	port->vlans = vlan_set_equal(set, port->bridge->fresh) ? vlan_set_share(port->bridge->fresh)
							       : vlan_set_share(set);
	vlan_set_drop(set);
	return take_blocks(model, port->bridge, port->vlans);
}
