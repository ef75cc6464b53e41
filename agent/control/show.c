// SPDX-License-Identifier: Apache-2.0
#include "control/show.h"

#include <linux/if.h>
#include <stdio.h>
#include <string.h>

#include "control/guard.h"
#include "control/meter.h"
#include "control/qos.h"
#include "control/shape.h"
#include "control/stp.h"
#include "control/words.h"
#include "datapath/attach.h"
#include "model/offer.h"
#include "net/ethtool.h"

/* ---- words of iproute2 ---- */

static const struct {
	unsigned int flag;
	const char *word;
} link_flags[] = {
	{IFF_LOOPBACK, "LOOPBACK"},
	{IFF_BROADCAST, "BROADCAST"},
	{IFF_POINTOPOINT, "POINTOPOINT"},
	{IFF_MULTICAST, "MULTICAST"},
	{IFF_NOARP, "NOARP"},
	{IFF_ALLMULTI, "ALLMULTI"},
	{IFF_PROMISC, "PROMISC"},
	{IFF_MASTER, "MASTER"},
	{IFF_SLAVE, "SLAVE"},
	{IFF_DYNAMIC, "DYNAMIC"},
	{IFF_UP, "UP"},
	{IFF_LOWER_UP, "LOWER_UP"},
	{IFF_DORMANT, "DORMANT"},
	{IFF_ECHO, "ECHO"},
};

static json_t *show_flags(unsigned int flags)
{
	json_t *words = json_array();

	if (flags & IFF_UP && !(flags & IFF_RUNNING))
		json_array_append_new(words, json_string("NO-CARRIER"));
	for (size_t i = 0; i < sizeof(link_flags) / sizeof(link_flags[0]); i++)
		if (flags & link_flags[i].flag)
			json_array_append_new(words, json_string(link_flags[i].word));
	return words;
}

static const char *operstate_word(uint8_t operstate)
{
	static const char *const words[] = {"UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN",
					    "TESTING", "DORMANT",    "UP"};

	return operstate < sizeof(words) / sizeof(words[0]) ? words[operstate] : "UNKNOWN";
}

static json_t *show_mask(uint16_t mask)
{
	return json_sprintf("%#x", mask); /* as ip(8): no 0x before a 0 */
}

static json_t *show_mac(uint64_t mac)
{
	char text[18];

	mac_to_text(mac, text);
	return json_string(text);
}

/* ---- bridges ---- */

static json_t *show_bridge_data(const struct model *model, const struct bridge *bridge)
{
	const struct bridge_settings *s = &bridge->settings;

	return json_pack("{sI so si ss si si si sI sI}", "ageing_time", (json_int_t)s->ageing_time_cs,
			 "group_fwd_mask", show_mask(s->group_fwd_mask), "vlan_filtering", s->vlan_filtering,
			 "vlan_protocol", vlan_protocol_words[s->vlan_protocol == VLAN_PROTOCOL_8021AD],
			 "vlan_default_pvid", s->vlan_default_pvid, "vlan_stats_enabled",
			 s->vlan_stats_enabled, "vlan_stats_per_port", s->vlan_stats_per_port,
			 "fdb_n_learned", (json_int_t)model->dp->bridge_live[bridge->index].learned,
			 "fdb_max_learned", (json_int_t)s->fdb_max_learned);
}

json_t *show_bridge(const struct model *model, const struct bridge *bridge, uint32_t used)
{
	json_t *object = json_pack("{si ss so si ss so s{ss so} sI sI sI}", "ifindex", (int)bridge->ifindex,
				   "ifname", bridge->name, "flags", show_flags(bridge->link.flags), "mtu",
				   (int)bridge->link.mtu, "operstate", operstate_word(bridge->link.operstate),
				   "address", show_mac(fdb_mac_of(bridge->link.address)), "linkinfo",
				   "info_kind", "bridge", "info_data", show_bridge_data(model, bridge),
				   "ports", (json_int_t)bridge->port_count, "fdb_used", (json_int_t)used,
				   "fdb_size", (json_int_t)fdb_size(model));

	stp_add_to_bridge(json_object_get(json_object_get(object, "linkinfo"), "info_data"), bridge);
	return object;
}

/* ---- links ---- */

static void add_changed(json_t *list, const char *whose, uint32_t changed, uint32_t before)
{
	for (uint32_t bit = 1; changed; bit <<= 1, changed >>= 1)
		if (changed & 1)
			json_array_append_new(list, json_sprintf("%s%s %s", whose, ethtool_feature_name(bit),
								 before & bit ? "off" : "on"));
}

static json_t *show_changed(const struct model *model, const struct port *port)
{
	const struct xbr_port_saved *saved = port_memory(model, port->trunk ? port->trunk : port);
	json_t *list = json_array();

	add_changed(list, "", saved->own_changed, saved->own_before);
	add_changed(list, "peer ", saved->peer_changed, saved->peer_before);
	return list;
}

static void add_other_tcx(const char *program, bool before, void *user)
{
	json_array_append_new(
		user,
		json_sprintf(before ? "the TC program %s runs before xbr: what it ends, xbr does not see"
				    : "the TC program %s comes after xbr: it sees no frame",
			     program));
}

static int add_other_filter(const char *name, uint32_t prog_id, uint32_t priority, void *user)
{
	if (!strncmp(name, "xbr_", 4) || flower_is_ours(name, priority))
		return 0;
	if (prog_id)
		json_array_append_new(
			user,
			json_sprintf("the TC filter %s (id %u) on clsact comes after xbr: it sees no frame",
				     name, prog_id));
	else
		json_array_append_new(
			user,
			json_sprintf("a TC filter (%s) on clsact comes after xbr: it sees no frame", name));
	return 0;
}

static json_t *show_others(struct model *model, const struct port *port)
{
	json_t *list = json_array();
	char whose[80];

	if (!port->ifindex)
		return list;
	if (port->hook.rx != HOOK_RX_XDP && hook_foreign_xdp(model, port, whose, sizeof(whose)))
		json_array_append_new(list, json_sprintf("the XDP program %s runs before xbr", whose));
	attach_foreign_tcx(model->dp, port->ifindex, ATTACH_TC_PORT, add_other_tcx, list);
	rtnl_filter_each(model->rtnl, (int)port->ifindex, true, add_other_filter, list);
	return list;
}

static json_t *show_hook(struct model *model, const struct port *port)
{
	bool peer = port_slot(model, port)->flags & XBR_PORT_PEER_NETNS;

	return json_pack("{ss ss ss ss sb ss ss so so}", "xdp", xdp_mode_words[port->settings.xdp], "tc",
			 model->dp->tcx ? "tcx" : "clsact", "rx", hook_rx_word(port->hook.rx), "reason",
			 port->hook.rx_reason, "tx_xdp", port->hook.tx_xdp, "tx_reason", port->hook.tx_reason,
			 "redirect", peer ? "peer" : "device", "changed", show_changed(model, port), "others",
			 show_others(model, port));
}

/* The far end of a veth, by name where it is in this namespace, as ip(8) prints it. */
static void add_peer(struct model *model, const struct port *port, json_t *object)
{
	struct rtnl_link peer;

	if (port->trunk) { /* as ip(8) shows what is on top of a device */
		json_object_set_new(object, "link", json_string(port->trunk->name));
		return;
	}
	if (!port->link.link || !port->ifindex)
		return;
	if (port->link.link_elsewhere)
		json_object_set_new(object, "link", json_sprintf("if%d", port->link.link));
	else if (!rtnl_link_by_index(model->rtnl, port->link.link, &peer))
		json_object_set_new(object, "link", json_string(peer.name));
}

static void add_channel(const struct port *port, json_t *object)
{
	const struct port_encap *encap = &port->encap;
	bool is_list = encap->kind == XBR_ENCAP_VNTAG && encap_is_group(encap);
	uint32_t number = is_list ? encap->channel & ~XBR_CHANNEL_GROUP : encap->channel;
	json_t *data = json_pack("{sI}", is_list ? "list" : encap_kind_of(encap)->tag, (json_int_t)number);

	if (encap->kind == XBR_ENCAP_VNTAG)
		json_object_set_new(data, "side",
				    json_string(encap->flags & XBR_CHANNEL_STATION ? "station" : "bridge"));
	json_object_set_new(object, "linkinfo",
			    json_pack("{ss so}", "info_kind", encap_kind_of(encap)->type, "info_data", data));
}

static void add_switches(json_t *object, uint32_t flags)
{
	for (const struct port_switch *w = port_switches; w->name; w++)
		json_object_set_new(object, w->name, json_boolean(flags & w->flag));
}

static json_t *show_sources(const struct source_list *list)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < source_list_count(list); i++)
		json_array_append_new(array, show_mac(list->macs[i]));
	return array;
}

/* null: not known. */
static json_t *show_reflects(enum uplink_reflects reflects)
{
	return reflects == UPLINK_REFLECTS_UNKNOWN ? json_null() : json_boolean(reflects == UPLINK_REFLECTS);
}

static json_t *show_groups(const struct uplink_filter_view *view)
{
	char text[HOOK_TEXT + 32];

	if (view->groups_exact)
		snprintf(text, sizeof(text), "exact %u", view->groups);
	else
		snprintf(text, sizeof(text), "all because %s", view->groups_why);
	return json_pack("{ss sb sI}", "text", text, "exact", view->groups_exact, "addresses",
			 (json_int_t)(view->groups_exact ? view->groups : 0));
}

/* The sentence, and its parts. */
static json_t *show_filter(const struct port *port)
{
	struct uplink_filter_view view;
	char text[HOOK_TEXT + 32];

	if (!port->filter)
		return json_null();
	uplink_filter_show(port, &view);
	if (!view.exact)
		snprintf(text, sizeof(text), "promiscuous because %s", view.why);
	else
		snprintf(text, sizeof(text), "exact %u of %u", view.addresses, view.room);
	return json_pack("{ss sb sI sI so so}", "text", text, "exact", view.exact, "addresses",
			 (json_int_t)view.addresses, "room", (json_int_t)view.room, "groups",
			 show_groups(&view), "reflects", show_reflects(view.reflects));
}

/* What was set, and what it came to. */
static void add_edge(json_t *object, const struct port *port)
{
	const struct port_settings *s = &port->settings;
	const struct port *uplink = port->bridge->uplink;

	json_object_set_new(object, "mode", json_string(mode_words[s->mode]));
	json_object_set_new(object, "role", json_string(role_words[s->role]));
	for (const struct edge_switch *w = edge_switches; w->name; w++)
		json_object_set_new(object, w->name,
				    json_boolean(w->by_default != ((s->edge_options & w->option) != 0)));
	json_object_set_new(object, "macaddr_data", show_sources(port->sources));
	json_object_set_new(object, "edge",
			    json_pack("{ss ss ss? so}", "is", port->uplink ? "uplink" : "edge", "reason",
				      port->role_reason, "uplink",
				      uplink && uplink != port ? uplink->name : NULL, "filter",
				      show_filter(port)));
}

json_t *show_link(struct model *model, const struct port *port)
{
	const struct xbr_port *slot = port_slot(model, port);
	json_t *object = json_object();

	if (!object)
		return NULL;
	if (port->ifindex && !port->trunk)
		json_object_set_new(object, "ifindex", json_integer(port->ifindex));
	add_peer(model, port, object);
	json_object_set_new(object, "ifname", json_string(port->name));
	json_object_set_new(object, "flags", show_flags(port->link.flags));
	json_object_set_new(object, "mtu", json_integer(port->link.mtu));
	json_object_set_new(object, "master", json_string(port->bridge->name));
	json_object_set_new(object, "state", json_string(port_state_word(slot->state)));
	add_switches(object, port->settings.flags);
	add_edge(object, port);
	show_link_guard(object, model, port);
	show_link_meters(object, model, port);
	show_link_shape(object, model, port);
	show_link_qos(object, port);
	stp_add_to_link(object, port);
	json_object_set_new(object, "group_fwd_mask", show_mask(port->settings.group_fwd_mask));
	json_object_set_new(object, "fdb_n_learned",
			    json_integer(model->dp->port_live[port->number].learned));
	json_object_set_new(object, "fdb_max_learned", json_integer(port->settings.fdb_max_learned));
	json_object_set_new(object, "port", json_integer(port->number));
	json_object_set_new(object, "origin",
			    json_string(port->origin == XBR_ORIGIN_USER ? "user" : "adopted"));
	json_object_set_new(object, "present", json_boolean(port->ifindex != 0));
	json_object_set_new(object, "hook", show_hook(model, port));
	if (port->trunk)
		add_channel(port, object);
	return object;
}

/* ---- addresses ---- */

/* The state as bridge(8) prints it. */
static const char *fdb_state_word(uint8_t kind)
{
	switch (kind) {
	case XBR_FDB_DYNAMIC:
	case XBR_FDB_LOCKED:
		return "";
	case XBR_FDB_STICKY:
		return "static";
	default:
		return fdb_kind_word(kind);
	}
}

/* What a device does by itself, and counted of it as last asked. */
static void add_offer(json_t *object, json_t *flags, const struct model *model, const struct fdb_view *view)
{
	struct flower_count count;

	if (!offer_has_address(model, view->bridge, view->mac, &count))
		return;
	json_array_append_new(flags, json_string("offloaded"));
	json_object_set_new(
		object, "offloaded",
		json_pack("{sI sI}", "packets", (json_int_t)count.frames, "bytes", (json_int_t)count.octets));
}

json_t *show_fdb(const struct model *model, const struct fdb_view *view)
{
	json_t *flags = json_array();
	json_t *object;

	if (view->kind == XBR_FDB_STICKY)
		json_array_append_new(flags, json_string("sticky"));
	if (view->kind == XBR_FDB_LOCKED)
		json_array_append_new(flags, json_string("locked"));
	object = json_pack("{so ss so ss ss}", "mac", show_mac(view->mac), "ifname", view->port->name,
			   "flags", flags, "master", view->bridge->name, "state", fdb_state_word(view->kind));
	if (object && view->vlan)
		json_object_set_new(object, "vlan", json_integer(view->vlan));
	if (object && fdb_kind_is_learned(view->kind)) {
		json_object_set_new(object, "used", json_integer(view->idle_cs / 100));
		json_object_set_new(object, "updated", json_integer(view->idle_cs / 100));
	}
	if (object && !view->vlan)
		add_offer(object, flags, model, view);
	return object;
}

/* ---- counters ---- */

static const struct {
	const char *name;
	enum xbr_verdict class;
	const char *text;
} reasons[] = {
#define REASON_ROW(name, class, sentence) {#name, XBR_VERDICT_##class, sentence},
	XBR_REASONS(REASON_ROW)
#undef REASON_ROW
};

static const char *class_word(enum xbr_verdict class)
{
	switch (class) {
	case XBR_VERDICT_DROP:
		return "drop";
	case XBR_VERDICT_FORWARD:
		return "forward";
	case XBR_VERDICT_FLOOD:
		return "flood";
	case XBR_VERDICT_PUNT:
		return "punt";
	default:
		return "note";
	}
}

json_t *show_reasons(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < XBR_REASON_COUNT; i++)
		json_array_append_new(list, json_pack("{ss ss ss}", "name", reasons[i].name, "class",
						      class_word(reasons[i].class), "text", reasons[i].text));
	return list;
}

json_t *show_stats(struct model *model, const struct port *port)
{
	json_t *counts = json_object();
	struct xbr_counters c;

	if (!counts || datapath_counters_read(model->dp, port ? port->number : 0, &c)) {
		json_decref(counts);
		return NULL;
	}
	for (size_t i = 0; i < XBR_REASON_COUNT; i++)
		json_object_set_new(counts, reasons[i].name, json_integer((json_int_t)c.reason[i]));
	return json_pack("{ss? ss? s{sI sI} s{sI sI} so}", "ifname", port ? port->name : NULL, "master",
			 port && port->bridge ? port->bridge->name : NULL, "rx", "packets",
			 (json_int_t)c.rx_frames, "bytes", (json_int_t)c.rx_bytes, "tx", "packets",
			 (json_int_t)c.tx_frames, "bytes", (json_int_t)c.tx_bytes, "reasons", counts);
}

/* ---- features ---- */

json_t *show_features(uint32_t features)
{
	static const char *const names[] = {
#define NAME(name, what) #name,
		XBR_FEATURES(NAME)
#undef NAME
	};
	json_t *list = json_array();

	for (int number = 0; number < XBR_FEATURE_COUNT; number++)
		if (features >> number & 1)
			json_array_append_new(list, json_string(names[number]));
	return list;
}
