// SPDX-License-Identifier: Apache-2.0
#include "model/offer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "model/acl.h"

/* One filter that is offered; `what` and the port are what makes two of them the same. */
struct offer {
	struct offer_what {
		uint32_t port; /* where frames come in */
		int ifindex;
		uint32_t list, seq; /* of a rule; list 0: of an address */
		uint32_t bridge;
		uint64_t to; /* the address */
		struct flower_filter filter;
	} what;
	bool taken, found;
	struct flower_count counted, merged;
};

struct offer_model {
	struct offer *offers;
	uint32_t count;
	uint32_t last_handle;
	bool dirty;
};

int offer_open(struct model *model)
{
	model->offer = calloc(1, sizeof(*model->offer));
	return model->offer ? 0 : -ENOMEM;
}

void offer_close(struct model *model)
{
	if (model->offer)
		free(model->offer->offers);
	free(model->offer);
}

void offer_mark(struct model *model)
{
	model->offer->dirty = true;
}

/* ---- what may be offered ---- */

static bool has_switch(const struct port *port)
{
	return port->ifindex && port->link.switch_id_len && !port->trunk && !port_is_trunk(port) &&
	       !port->local;
}

static bool is_same_switch(const struct port *a, const struct port *b)
{
	return a->link.switch_id_len == b->link.switch_id_len &&
	       !memcmp(a->link.switch_id, b->link.switch_id, a->link.switch_id_len);
}

/* Nothing but the table has a word on its frames. */
static bool is_plain(const struct model *model, const struct port *port)
{
	const struct xbr_port *slot = port_slot(model, port);
	const uint32_t policy =
		XBR_PORT_ISOLATED | XBR_PORT_TUNNEL | XBR_PORT_VLAN_MAP | XBR_PORT_ACL | XBR_PORT_SHAPED;

	return slot->state == XBR_STATE_FORWARDING && !(slot->flags & policy) && !slot->guard && !slot->qos &&
	       !slot->mode && !slot->edge && !slot->acl_in && !slot->acl_out;
}

static bool is_plain_bridge(const struct bridge *bridge)
{
	return bridge->ifindex && !bridge->settings.vlan_filtering && !bridge->edge_in_play &&
	       !stp_is_on(bridge);
}

/* The fields that net/flower.h knows. */
static const struct xbr_flow known_fields = {
	.dst_mac = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	.src_mac = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	.eth_type_be = 0xffff,
	.proto = 0xff,
	.is_ip = 0xff,
	.src_ip = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		   0xff},
	.dst_ip = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		   0xff},
	.src_port_be = 0xffff,
	.dst_port_be = 0xffff,
};

static bool asks_known_fields(const struct xbr_acl_rule *rule)
{
	uint64_t known[XBR_FLOW_WORDS];

	memcpy(known, &known_fields, sizeof(known));
	for (int word = 0; word < XBR_FLOW_WORDS; word++)
		if (rule->mask[word] & ~known[word])
			return false;
	return true;
}

static bool is_single_port(const struct xbr_acl_rule *rule, int side, uint32_t asks)
{
	return !(rule->flags & asks) || rule->port_low[side] == rule->port_high[side];
}

/* Of ARP nothing but that it is ARP: its addresses are other keys of a filter. */
static bool fits_type(const struct xbr_flow *value, const struct xbr_flow *mask)
{
	static const uint8_t none[16];
	bool asks_addresses = memcmp(mask->src_ip, none, 16) || memcmp(mask->dst_ip, none, 16);
	bool asks_ports = mask->src_port_be || mask->dst_port_be;

	if (mask->eth_type_be != 0xffff)
		return false;
	if (value->eth_type_be == htons(ETH_P_ARP))
		return !asks_addresses && !mask->proto;
	if (value->eth_type_be != htons(ETH_P_IP) && value->eth_type_be != htons(ETH_P_IPV6))
		return false;
	return !asks_ports || (mask->proto && (value->proto == IPPROTO_TCP || value->proto == IPPROTO_UDP ||
					       value->proto == IPPROTO_SCTP));
}

/* Frames that the agent asks for are of other types than these: no filter keeps them from it. */
static bool is_simple(const struct xbr_acl_rule *rule, struct flower_filter *ret_filter)
{
	const uint32_t asks = XBR_ACL_ASKS_SRC_PORT | XBR_ACL_ASKS_DST_PORT;

	if (rule->action.what != XBR_ACL_DENY || rule->flags & ~asks)
		return false;
	for (int place = 0; place < XBR_ACL_SET_PLACES; place++)
		if (rule->set[place])
			return false;
	if (!asks_known_fields(rule) || !is_single_port(rule, 0, XBR_ACL_ASKS_SRC_PORT) ||
	    !is_single_port(rule, 1, XBR_ACL_ASKS_DST_PORT))
		return false;
	*ret_filter = (struct flower_filter){.handle = 1};
	memcpy(&ret_filter->value, rule->value, sizeof(ret_filter->value));
	memcpy(&ret_filter->mask, rule->mask, sizeof(ret_filter->mask));
	return fits_type(&ret_filter->value, &ret_filter->mask);
}

/* ---- what is to be offered ---- */

/* What is wanted now, while it is collected. */
struct wishes {
	struct model *model;
	struct offer *offers;
	uint32_t count;
	struct station {
		const struct port *port;
		uint64_t mac;
	} * stations;
	uint32_t station_count;
};

static void wish(struct wishes *wishes, const struct offer_what *what)
{
	if (wishes->count < OFFERS_MAX)
		wishes->offers[wishes->count++] = (struct offer){.what = *what};
}

/* The first rules of its list, up to one that the device may not do. */
static void wish_rules(struct wishes *wishes, const struct port *port)
{
	uint32_t number = port_slot(wishes->model, port)->acl_in;
	const struct acl_list *list = number ? wishes->model->acl->by_number[number] : NULL;
	struct offer_what what = {.port = port->number, .ifindex = (int)port->ifindex, .list = number};

	if (!list || port_slot(wishes->model, port)->guard)
		return;
	for (uint32_t i = 0; i < acl_image_header(&list->image)->count && i < FLOWER_DROPS; i++) {
		const struct xbr_acl_rule *rule = acl_image_rule(&list->image, list->image.places[i].rule);

		if (!is_simple(rule, &what.filter))
			return;
		what.seq = rule->seq;
		what.filter.priority = FLOWER_FIRST + i;
		wish(wishes, &what);
	}
}

static void note_station(const struct fdb_view *view, void *user)
{
	struct wishes *wishes = user;

	if (wishes->station_count < OFFERS_MAX && !view->vlan && view->port && has_switch(view->port) &&
	    is_plain(wishes->model, view->port))
		wishes->stations[wishes->station_count++] = (struct station){view->port, view->mac};
}

/* From one station to another; the source is in it, for a source that is not tied down is to be learned. */
static void wish_pair(struct wishes *wishes, const struct station *from, const struct station *to)
{
	struct offer_what what = {
		.port = from->port->number,
		.ifindex = (int)from->port->ifindex,
		.bridge = from->port->bridge->index,
		.to = to->mac,
		.filter = {.priority = FLOWER_REDIRECT, .redirect = (int)to->port->ifindex}};

	if (from->port == to->port || !is_same_switch(from->port, to->port))
		return;
	fdb_mac_to(from->mac, what.filter.value.src_mac);
	fdb_mac_to(to->mac, what.filter.value.dst_mac);
	memset(what.filter.mask.src_mac, 0xff, 6);
	memset(what.filter.mask.dst_mac, 0xff, 6);
	wish(wishes, &what);
}

static void wish_addresses(struct wishes *wishes, const struct bridge *bridge)
{
	const struct fdb_filter filter = {.bridge = bridge,
					  .kinds = 1u << XBR_FDB_STATIC | 1u << XBR_FDB_STICKY};

	if (!is_plain_bridge(bridge))
		return;
	wishes->station_count = 0;
	fdb_each(wishes->model, &filter, 0, UINT32_MAX, note_station, wishes);
	for (uint32_t from = 0; from < wishes->station_count; from++)
		for (uint32_t to = 0; to < wishes->station_count; to++)
			wish_pair(wishes, &wishes->stations[from], &wishes->stations[to]);
}

/* ---- doing it ---- */

static bool same(const struct offer_what *a, const struct offer_what *b)
{
	return a->port == b->port && a->ifindex == b->ifindex && a->list == b->list && a->seq == b->seq &&
	       a->bridge == b->bridge && a->to == b->to && a->filter.priority == b->filter.priority &&
	       a->filter.redirect == b->filter.redirect &&
	       !memcmp(&a->filter.value, &b->filter.value, sizeof(a->filter.value)) &&
	       !memcmp(&a->filter.mask, &b->filter.mask, sizeof(a->filter.mask));
}

static struct offer *offer_find(struct offer *offers, uint32_t count, const struct offer *like)
{
	for (uint32_t i = 0; i < count; i++)
		if (same(&offers[i].what, &like->what))
			return &offers[i];
	return NULL;
}

/* What the device counted since this was last asked. */
static void merge(struct model *model, struct offer *offer)
{
	struct xbr_acl_count more = {offer->counted.frames - offer->merged.frames,
				     offer->counted.octets - offer->merged.octets};
	struct acl_list *list = offer->what.list ? model->acl->by_number[offer->what.list] : NULL;
	uint32_t rule = list ? acl_image_find(&list->image, offer->what.seq) : 0;

	offer->merged = offer->counted;
	if (rule && more.frames)
		acl_image_count_add(&list->image, rule, &more);
}

static void withdraw(struct model *model, struct offer *offer)
{
	if (offer->taken)
		flower_del(model->rtnl, offer->what.ifindex, &offer->what.filter);
	offer->taken = false;
}

/* Filters need a qdisc; it goes with the port's programs (hook_clsact_cleanup()). */
static int begin(struct model *model, struct port *port)
{
	int err = flower_begin(model->rtnl, (int)port->ifindex);

	if (!err)
		port_memory(model, port)->clsact_by_us = 1;
	return err == -EEXIST ? 0 : err;
}

/* What stands there from an agent before, or from a life of the device before, is taken off first. */
static void clear(struct model *model, struct port *port)
{
	if (!has_switch(port) || port->offers_cleared == port->ifindex)
		return;
	port->offers_cleared = port->ifindex;
	if (flower_clear(model->rtnl, (int)port->ifindex))
		model_log(model, "%s: what an agent before offered to it cannot be taken off", port->name);
}

/* A device that refuses one for all it can do is not asked for more in this round. */
static void offer_new(struct model *model, struct offer *offers, uint32_t count)
{
	int refuses = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct offer *offer = &offers[i];
		struct port *port = model->by_number[offer->what.port];

		if (offer->taken || offer->what.ifindex == refuses)
			continue;
		if (!offer->what.filter.handle)
			offer->what.filter.handle = ++model->offer->last_handle;
		if (!begin(model, port) && !flower_add(model->rtnl, offer->what.ifindex, &offer->what.filter))
			offer->taken = true;
		else
			refuses = offer->what.ifindex;
	}
}

/* Those that stay are as they were. */
static void replace(struct model *model, struct wishes *wishes)
{
	struct offer_model *all = model->offer;

	for (uint32_t i = 0; i < all->count; i++) {
		struct offer *stays = offer_find(wishes->offers, wishes->count, &all->offers[i]);

		if (stays)
			*stays = all->offers[i];
		else
			withdraw(model, &all->offers[i]);
	}
	free(all->offers);
	all->offers = wishes->offers;
	all->count = wishes->count;
	offer_new(model, all->offers, all->count);
}

static bool some_switch(struct model *model)
{
	struct port *port, *next;
	bool some = false;

	port_foreach (model, port, next) {
		clear(model, port);
		some |= has_switch(port);
	}
	return some;
}

static void collect_wishes(struct wishes *wishes)
{
	struct bridge *bridge, *next_bridge;
	struct port *port, *next_port;

	port_foreach (wishes->model, port, next_port)
		if (has_switch(port))
			wish_rules(wishes, port);
	bridge_foreach (wishes->model, bridge, next_bridge)
		wish_addresses(wishes, bridge);
}

void offer_settle(struct model *model)
{
	struct wishes wishes = {.model = model};

	if (!model->offer->dirty)
		return;
	model->offer->dirty = false;
	if (!some_switch(model) && !model->offer->count)
		return;
	offer_collect(model); /* before what goes is gone */
	wishes.offers = calloc(OFFERS_MAX, sizeof(*wishes.offers));
	wishes.stations = calloc(OFFERS_MAX, sizeof(*wishes.stations));
	if (wishes.offers && wishes.stations)
		collect_wishes(&wishes);
	else
		model_log(model, "out of memory: nothing is offered to devices");
	free(wishes.stations);
	replace(model, &wishes);
}

void offer_withdraw(struct model *model, struct port *port)
{
	struct offer_model *all = model->offer;

	for (uint32_t i = 0; i < all->count; i++) {
		if (all->offers[i].what.ifindex == (int)port->ifindex)
			withdraw(model, &all->offers[i]);
		if (all->offers[i].what.filter.redirect == (int)port->ifindex)
			withdraw(model, &all->offers[i]);
	}
	if (has_switch(port))
		flower_clear(model->rtnl, (int)port->ifindex);
	port->offers_cleared = 0;
	offer_mark(model);
}

/* ---- asking ---- */

struct collecting {
	struct model *model;
	int ifindex;
};

static void note_count(uint32_t priority, uint32_t handle, const struct flower_count *count, void *user)
{
	const struct collecting *collecting = user;
	struct offer_model *all = collecting->model->offer;

	for (uint32_t i = 0; i < all->count; i++) {
		struct offer *offer = &all->offers[i];

		if (offer->what.ifindex != collecting->ifindex || !offer->taken ||
		    offer->what.filter.priority != priority || offer->what.filter.handle != handle)
			continue;
		offer->found = true;
		offer->counted = *count;
		merge(collecting->model, offer);
	}
}

static bool has_offers(const struct model *model, int ifindex)
{
	for (uint32_t i = 0; i < model->offer->count; i++)
		if (model->offer->offers[i].taken && model->offer->offers[i].what.ifindex == ifindex)
			return true;
	return false;
}

/* What a device lost is in software again, and will be offered anew. */
static void note_losses(struct model *model, int ifindex)
{
	for (uint32_t i = 0; i < model->offer->count; i++) {
		struct offer *offer = &model->offer->offers[i];

		if (offer->what.ifindex != ifindex || !offer->taken || offer->found)
			continue;
		offer->taken = false;
		offer->counted = offer->merged = (struct flower_count){0};
		offer_mark(model);
	}
}

void offer_collect(struct model *model)
{
	struct port *port, *next;

	for (uint32_t i = 0; i < model->offer->count; i++)
		model->offer->offers[i].found = false;
	port_foreach (model, port, next) {
		struct collecting collecting = {model, (int)port->ifindex};

		if (port->ifindex && has_offers(model, (int)port->ifindex) &&
		    !flower_each(model->rtnl, (int)port->ifindex, note_count, &collecting))
			note_losses(model, (int)port->ifindex);
	}
}

bool offer_has_rule(const struct model *model, uint32_t list, uint32_t seq)
{
	for (uint32_t i = 0; i < model->offer->count; i++) {
		const struct offer *offer = &model->offer->offers[i];

		if (offer->taken && offer->what.list == list && offer->what.seq == seq)
			return true;
	}
	return false;
}

bool offer_has_address(const struct model *model, const struct bridge *bridge, uint64_t mac,
		       struct flower_count *ret_count)
{
	bool has = false;

	*ret_count = (struct flower_count){0};
	for (uint32_t i = 0; i < model->offer->count; i++) {
		const struct offer *offer = &model->offer->offers[i];

		if (!offer->taken || offer->what.bridge != bridge->index || offer->what.to != mac)
			continue;
		has = true;
		ret_count->frames += offer->counted.frames;
		ret_count->octets += offer->counted.octets;
	}
	return has;
}
