// SPDX-License-Identifier: Apache-2.0
/*
 * Flood lists of VLANs. A list could be the whole bridge's, since membership is judged for each copy; one of
 * its own spares walking past ports that are not in the VLAN, and lets XDP flood. VLANs of the same members
 * share a list: its number is the FID of the first of them. Members are compared by a sum of random numbers,
 * one for each port, and then for sure.
 */
#include <stdlib.h>
#include <string.h>

#include "model/mst.h"

struct lists {
	struct model *model;
	struct bridge *bridge;
	const struct port **members; /* all ports of the bridge that forward, the local one too */
	uint64_t (*in)[VLAN_WORDS];  /* of each: the VIDs that it is in, and forwards in */
	uint32_t count;
	uint64_t used[VLAN_WORDS];
	uint64_t former[VLAN_WORDS];       /* VIDs whose FID is the number of a list */
	uint64_t sum[XBR_VID_LIMIT];       /* of the members' random numbers */
	uint16_t first[2 * XBR_VID_LIMIT]; /* a hash table by sum: the first VID with these members */
};

static bool bit(const uint64_t words[VLAN_WORDS], uint32_t vid)
{
	return words[vid / 64] >> vid % 64 & 1;
}

static struct xbr_vlan *vlan_slot(const struct lists *l, uint32_t vid)
{
	return &l->model->dp->vlans[vlan_fid_of(l->model, l->bridge, (uint16_t)vid)];
}

/* splitmix64. */
static uint64_t random_of(uint64_t n)
{
	n = (n + 1) * 0x9e3779b97f4a7c15ull;
	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9ull;
	n = (n ^ n >> 27) * 0x94d049bb133111ebull;
	return n ^ n >> 31;
}

/* Of several spanning trees each says who forwards in its VLANs. */
static uint64_t forwarding_vids(const struct lists *l, const struct port *port, uint32_t word)
{
	uint64_t vids = port->vlans->vlans.word[word].member, forwarding = 0;

	if (!mst_is_on(l->bridge))
		return vids;
	for (uint64_t bits = vids; bits; bits &= bits - 1)
		if (mst_forwards(l->model, port, (uint16_t)(word * 64 + (uint32_t)__builtin_ctzll(bits))))
			forwarding |= bits & -bits;
	return forwarding;
}

static void add_to_sums(struct lists *l, const uint64_t vids[VLAN_WORDS], uint64_t number)
{
	for (uint32_t w = 0; w < VLAN_WORDS; w++)
		for (uint64_t bits = vids[w]; bits; bits &= bits - 1)
			l->sum[w * 64 + (uint32_t)__builtin_ctzll(bits)] += number;
}

static void add_member(struct lists *l, const struct port *port)
{
	if (!port || !mst_forwards_some(l->model, port))
		return;
	for (uint32_t w = 0; w < VLAN_WORDS; w++)
		l->in[l->count][w] = forwarding_vids(l, port, w);
	add_to_sums(l, l->in[l->count], random_of(port->number));
	l->members[l->count++] = port;
}

static bool find_members(struct lists *l)
{
	struct port *port, *next;

	l->members = calloc(l->bridge->port_count + 1, sizeof(const struct port *));
	l->in = calloc(l->bridge->port_count + 1, sizeof(*l->in));
	if (!l->members || !l->in)
		return false;
	port_foreach (l->model, port, next)
		if (port->bridge == l->bridge && !encap_is_group(&port->encap))
			add_member(l, port);
	add_member(l, l->bridge->local);
	return true;
}

static bool same_members(const struct lists *l, uint16_t a, uint16_t b)
{
	for (uint32_t i = 0; i < l->count; i++)
		if (bit(l->in[i], a) != bit(l->in[i], b))
			return false;
	return true;
}

/* The first VID with the same members; vid itself where it is the first. */
static uint16_t first_alike(struct lists *l, uint16_t vid)
{
	uint32_t place = (uint32_t)(random_of(l->sum[vid]) % (2 * XBR_VID_LIMIT));

	while (l->first[place] &&
	       (l->sum[l->first[place]] != l->sum[vid] || !same_members(l, l->first[place], vid)))
		place = (place + 1) % (2 * XBR_VID_LIMIT);
	if (!l->first[place])
		l->first[place] = vid;
	return l->first[place];
}

/* Until its list is made anew, a VLAN is flooded to the whole bridge, by TC: no copy is missing meanwhile. */
static void begin(struct lists *l)
{
	vlan_used(l->model, l->bridge, l->used);
	for (uint32_t vid = 1; vid <= XBR_VID_MAX; vid++) {
		uint32_t fid = vlan_fid_of(l->model, l->bridge, (uint16_t)vid);
		struct xbr_vlan vlan = l->model->dp->vlans[fid];

		if (!fid)
			continue;
		if (vlan.flood == fid)
			l->former[vid / 64] |= 1ull << vid % 64;
		vlan.flood = (uint16_t)l->bridge->index;
		vlan.flags = 0;
		l->model->dp->vlans[fid] = vlan;
	}
}

struct list {
	uint32_t *numbers, *ifindexes;
	uint32_t count, devices;
	bool all_xdp;
};

static void list_add(struct list *list, const struct model *model, const struct port *port)
{
	const struct xbr_port *slot = port_slot(model, port);

	list->numbers[list->count++] = port->number;
	if (port->local)
		return;
	list->ifindexes[list->devices++] = slot->ifindex;
	list->all_xdp = list->all_xdp && flood_takes_all(slot);
}

static int list_write(struct lists *l, uint16_t vid, struct list *list)
{
	list->count = list->devices = 0;
	list->all_xdp = true;
	for (uint32_t i = 0; i < l->count; i++)
		if (bit(l->in[i], vid))
			list_add(list, l->model, l->members[i]);
	return datapath_set_flood(l->model->dp, vlan_fid_of(l->model, l->bridge, vid), list->numbers,
				  list->all_xdp && list->devices > 1 ? list->ifindexes : NULL, list->count,
				  list->devices);
}

/* How a port's copies leave, if all its frames of this VLAN leave alike. */
static uint8_t flags_for(const struct port *port, uint16_t vid)
{
	if (port->vlans->mapping_count && !(port->settings.flags & XBR_PORT_TUNNEL))
		return 0;
	if (vlan_set_is_hairpin(port->vlans, vid))
		return 0;
	if (port->settings.flags & XBR_PORT_TUNNEL || vlan_set_is_untagged(port->vlans, vid))
		return XBR_VLAN_XDP_UNTAGGED;
	return XBR_VLAN_XDP_TAGGED;
}

static uint8_t flags_of(const struct lists *l, uint16_t vid)
{
	uint8_t flags = XBR_VLAN_XDP_TAGGED | XBR_VLAN_XDP_UNTAGGED;
	uint32_t devices = 0;
	bool host = false;

	for (uint32_t i = 0; i < l->count && flags; i++) {
		const struct port *port = l->members[i];

		if (!bit(l->in[i], vid))
			continue;
		host = host || port->local;
		if (port->local)
			continue;
		devices++;
		flags &= flood_takes_all(port_slot(l->model, port)) ? flags_for(port, vid) : 0;
	}
	if (!flags || devices < 2)
		return 0;
	return flags | (host ? 0 : XBR_VLAN_NO_HOST);
}

static bool is_whole_bridge(const struct lists *l, uint16_t vid)
{
	for (uint32_t i = 0; i < l->count; i++)
		if (!bit(l->in[i], vid))
			return false;
	return true;
}

static void write_vlan(struct lists *l, uint16_t vid, struct list *list)
{
	uint16_t first = first_alike(l, vid), number = (uint16_t)l->bridge->index;
	struct xbr_vlan vlan = *vlan_slot(l, vid);

	if (first != vid)
		number = vlan_slot(l, first)->flood;
	else if (!is_whole_bridge(l, vid) && !list_write(l, vid, list))
		number = (uint16_t)vlan_fid_of(l->model, l->bridge, vid);
	if (number != l->bridge->index)
		l->former[first / 64] &= ~(1ull << first % 64);
	vlan.flood = number;
	vlan.flags = flags_of(l, vid);
	*vlan_slot(l, vid) = vlan; /* one word */
}

static void drop_former(struct lists *l)
{
	for (uint32_t vid = 1; vid <= XBR_VID_MAX; vid++)
		if (bit(l->former, vid))
			datapath_set_flood(l->model->dp, vlan_fid_of(l->model, l->bridge, (uint16_t)vid),
					   NULL, NULL, 0, 0);
}

static void write_lists(struct lists *l)
{
	struct list list = {.numbers = calloc(l->count + 1, sizeof(uint32_t)),
			    .ifindexes = calloc(l->count + 1, sizeof(uint32_t))};

	if (!list.numbers || !list.ifindexes)
		model_log(l->model, "no memory for the flood lists of the VLANs of %s", l->bridge->name);
	else if (l->bridge->settings.vlan_filtering)
		for (uint16_t vid = 1; vid <= XBR_VID_MAX; vid++)
			if (bit(l->used, vid))
				write_vlan(l, vid, &list);
	free(list.numbers);
	free(list.ifindexes);
}

void flood_rebuild_vlans(struct model *model, struct bridge *bridge)
{
	struct lists *l = calloc(1, sizeof(*l));

	if (l) {
		l->model = model;
		l->bridge = bridge;
	}
	if (l && find_members(l)) {
		begin(l);
		write_lists(l);
		drop_former(l);
	} else {
		model_log(model, "no memory for the flood lists of the VLANs of %s", bridge->name);
	}
	if (l) {
		free(l->in);
		free(l->members);
	}
	free(l);
}
