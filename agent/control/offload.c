// SPDX-License-Identifier: Apache-2.0
#include "control/offload.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "control/line.h"
#include "control/params.h"
#include "model/offload.h"
#include "net/ethtool.h"

int offload_each_link(struct model *model, int (*visit)(const struct rtnl_link *link, void *user), void *user,
		      struct xbr_error *error)
{
	if (rtnl_link_each(model->rtnl, visit, user))
		return xbr_refuse(error, -EAGAIN, "the devices do not come to rest");
	return 0;
}

void offload_answer(struct server_reply *reply, int err, json_t *list, const struct xbr_error *error)
{
	if (!err) {
		reply->result = list;
		return;
	}
	json_decref(list);
	server_refuse(reply, error);
}

/* ---- set and unset --------------------------------------------------------------------------------- */

struct set_request {
	const char *dev;
	bool feature[NET_FEATURE_COUNT];
	uint32_t number[OFFLOAD_ESWITCH - OFFLOAD_RX_QUEUES + 1];
};

/* The bit of an attribute in `given`: features first, the others behind them. */
#define FEATURE_BIT(feature)  (1ull << (feature))
#define NUMBER_BIT(attribute) (1ull << (NET_FEATURE_COUNT + (attribute)-OFFLOAD_RX_QUEUES))

#define FEATURE_ROW(x, id, words, key, name_, help)                                                          \
	{.name = key,                                                                                        \
	 .type = PARAM_BOOL,                                                                                 \
	 .given = FEATURE_BIT(NET_FEATURE_##id),                                                             \
	 .offset = offsetof(struct set_request, feature[NET_FEATURE_##id])},
#define NUMBER_FIELD(attribute)                                                                              \
	.given = NUMBER_BIT(attribute),                                                                      \
	.offset = offsetof(struct set_request, number[(attribute)-OFFLOAD_RX_QUEUES])
static const struct param set_params[] = {
	{.name = "dev",
	 .type = PARAM_STRING,
	 .required = true,
	 .min = 1,
	 .max = XBR_IFNAME_LEN - 1,
	 .offset = offsetof(struct set_request, dev)},
	XBR_NET_FEATURES(FEATURE_ROW, ) /* a row each */
	{.name = "rx-queues", .type = PARAM_U32, .min = 1, .max = 65535, NUMBER_FIELD(OFFLOAD_RX_QUEUES)},
	{.name = "tx-queues", .type = PARAM_U32, .min = 1, .max = 65535, NUMBER_FIELD(OFFLOAD_TX_QUEUES)},
	{.name = "combined", .type = PARAM_U32, .min = 1, .max = 65535, NUMBER_FIELD(OFFLOAD_COMBINED)},
	{.name = "hwmode", .type = PARAM_ENUM, .words = hwmode_words, NUMBER_FIELD(OFFLOAD_HWMODE)},
	{.name = "eswitch", .type = PARAM_ENUM, .words = eswitch_words, NUMBER_FIELD(OFFLOAD_ESWITCH)},
	{0},
};

static int set_one(struct want *want, const char *dev, uint16_t attribute, uint64_t value,
		   struct xbr_error *error)
{
	struct xbr_offload_key key;

	offload_key_of(dev, XBR_OFFLOAD_NO_VF, attribute, &key);
	return want_offload_set(want, &key, value, error);
}

int command_offload_set(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct set_request request = {0};
	uint64_t given = 0;
	int err = params_read(params, set_params, &request, &given, error);

	for (uint16_t i = 0; !err && i < NET_FEATURE_COUNT; i++)
		if (given & FEATURE_BIT(i))
			err = set_one(want, request.dev, i, request.feature[i], error);
	for (uint16_t i = OFFLOAD_RX_QUEUES; !err && i <= OFFLOAD_ESWITCH; i++)
		if (given & NUMBER_BIT(i))
			err = set_one(want, request.dev, i, request.number[i - OFFLOAD_RX_QUEUES], error);
	return err;
}

static bool is_named(const json_t *words, const char *word)
{
	const json_t *each;
	size_t i;

	json_array_foreach (words, i, each)
		if (json_is_string(each) && !strcmp(json_string_value(each), word))
			return true;
	return false;
}

/* Words that are attributes of a device, or of a VF. */
static int check_words(const json_t *words, bool of_vf, struct xbr_error *error)
{
	const json_t *each;
	size_t i;

	json_array_foreach (words, i, each) {
		const char *word = json_string_value(each);
		bool known = word && !strcmp(word, "all");

		for (uint16_t a = of_vf ? OFFLOAD_VF : 0; word && a < OFFLOAD_ATTRIBUTES; a++)
			known = known || (offload_word(a) && (a >= OFFLOAD_VF) == of_vf &&
					  !strcmp(offload_word(a), word));
		if (!known)
			return xbr_refuse(error, -EINVAL, "there is no attribute %s",
					  word ? word : "of that type");
	}
	return 0;
}

static int refuse_unset(const char *dev, uint16_t vf, const char *word, struct xbr_error *error)
{
	if (vf == XBR_OFFLOAD_NO_VF)
		return xbr_refuse(error, -ENOENT, "%s of %s is not set by xbr", word, dev);
	return xbr_refuse(error, -ENOENT, "%s of VF %u of %s is not set by xbr", word, vf, dev);
}

/* Each word by itself must be there; `all` may be little. */
int offload_unset_words(struct want *want, const char *dev, uint16_t vf, const json_t *words,
			struct xbr_error *error)
{
	bool of_vf = vf != XBR_OFFLOAD_NO_VF, all = !json_array_size(words) || is_named(words, "all");
	uint32_t found = 0;
	int err = check_words(words, of_vf, error);

	for (uint16_t a = of_vf ? OFFLOAD_VF : 0; !err && a < OFFLOAD_ATTRIBUTES; a++) {
		struct want_offload *offload;
		struct xbr_offload_key key;

		if (!offload_word(a) || (!all && !is_named(words, offload_word(a))))
			continue;
		offload_key_of(dev, vf, a, &key);
		offload = want_offload_find(want, &key);
		if (!offload && !all)
			return refuse_unset(dev, vf, offload_word(a), error);
		if (!offload)
			continue;
		want_offload_unset(want, offload);
		found++;
	}
	return err || found ? err : refuse_unset(dev, vf, "anything", error);
}

int command_offload_unset(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct unset_request {
		const char *dev;
		const json_t *attributes;
	} request = {0};
	static const struct param table[] = {{.name = "dev",
					      .type = PARAM_STRING,
					      .required = true,
					      .min = 1,
					      .max = XBR_IFNAME_LEN - 1,
					      .offset = offsetof(struct unset_request, dev)},
					     {.name = "attributes",
					      .type = PARAM_ARRAY,
					      .offset = offsetof(struct unset_request, attributes)},
					     {0}};
	uint64_t given = 0;
	int err = params_read(params, table, &request, &given, error);

	if (err)
		return err;
	return offload_unset_words(want, request.dev, XBR_OFFLOAD_NO_VF, request.attributes, error);
}

/* ---- saving ---------------------------------------------------------------------------------------- */

static bool is_same_target(const struct offload_entry *a, const struct offload_entry *b)
{
	return a->key.vf == b->key.vf && !strcmp(a->key.dev, b->key.dev);
}

/* A line for a device, or a VF, with all that is set of it. */
static void save_target(json_t *lines, const struct model *model, const struct offload_entry *of)
{
	char text[OFFLOAD_TEXT];
	struct line line = {0};

	line_add(&line, of->key.vf == XBR_OFFLOAD_NO_VF ? "offload set" : "vf set");
	line_add_name(&line, "dev", of->key.dev);
	if (of->key.vf != XBR_OFFLOAD_NO_VF)
		line_add(&line, " vf %u", of->key.vf);
	for (uint16_t a = 0; a < OFFLOAD_ATTRIBUTES; a++) {
		const struct offload_entry *entry;
		struct xbr_offload_key key;

		offload_key_of(of->key.dev, of->key.vf, a, &key);
		entry = offload_find(model, &key);
		if (!entry)
			continue;
		offload_text(a, entry->wanted, text);
		line_add(&line, " %s", text);
	}
	line_append(&line, lines);
}

json_t *offload_save(const struct model *model)
{
	json_t *part = json_array();
	const struct offload_entry *entry, *other;

	for (entry = model->offload->entries; entry; entry = entry->hh.next) {
		for (other = model->offload->entries; other != entry; other = other->hh.next)
			if (is_same_target(other, entry))
				break;
		if (other == entry) /* the first of its target */
			save_target(part, model, entry);
	}
	return part;
}

/* ---- show ------------------------------------------------------------------------------------------ */

static const char *state_word(enum offload_state state)
{
	static const char *const words[] = {"waits", "holds", "differs"};

	return words[state];
}

void offload_add_settings(json_t *object, const struct model *model, const char *dev, uint16_t vf)
{
	json_t *list = json_array();
	char text[OFFLOAD_TEXT];

	for (uint16_t a = 0; a < OFFLOAD_ATTRIBUTES; a++) {
		const struct offload_entry *entry;
		struct xbr_offload_key key;

		offload_key_of(dev, vf, a, &key);
		entry = offload_find(model, &key);
		if (!entry)
			continue;
		offload_text(a, entry->wanted, text);
		json_array_append_new(list, json_pack("{ss ss ss}", "attribute", offload_word(a), "value",
						      text, "state", state_word(entry->state)));
	}
	if (json_array_size(list))
		json_object_set(object, "configured", list);
	json_decref(list);
}

static void add_features(json_t *object, struct model *model, const char *dev)
{
	struct genl *ethtool = offload_ethtool(model);
	struct net_features features;
	json_t *list;

	if (!ethtool || features_get(ethtool, dev, &features))
		return;
	list = json_object();
	for (size_t i = 0; i < NET_FEATURE_COUNT; i++) {
		const struct net_feature_state *state = &features.of[i];

		json_object_set_new(list, net_feature_names[i],
				    json_pack("{sb sb sb}", "active", state->active != 0, "fixed",
					      !state->changeable, "requested", state->wanted != 0));
	}
	json_object_set_new(object, "features", list);
}

static void add_channels(json_t *object, struct model *model, const char *dev)
{
	static const char *const words[] = {"rx", "tx", "other", "combined"};
	struct genl *ethtool = offload_ethtool(model);
	struct net_channels channels;
	json_t *list;

	if (!ethtool || channels_get(ethtool, dev, &channels))
		return;
	list = json_object();
	for (size_t i = 0; i < NET_CHANNELS; i++)
		if (channels.max[i])
			json_object_set_new(list, words[i],
					    json_pack("{sI sI}", "count", (json_int_t)channels.count[i],
						      "max", (json_int_t)channels.max[i]));
	json_object_set_new(object, "channels", list);
}

static void add_rss(json_t *object, const char *dev)
{
	uint32_t rings, table, key;

	if (ethtool_rss(dev, &rings, &table, &key) || !table)
		return;
	json_object_set_new(object, "rss",
			    json_pack("{sI sI sI}", "rings", (json_int_t)rings, "table", (json_int_t)table,
				      "key", (json_int_t)key));
}

/* The words of Documentation/netlink/specs/netdev.yaml. */
static void add_xdp(json_t *object, int ifindex)
{
	static const char *const words[] = {"basic",      "redirect", "ndo-xmit",   "xsk-zerocopy",
					    "hw-offload", "rx-sg",    "ndo-xmit-sg"};
	uint64_t features;
	json_t *list;

	if (ethtool_xdp_features(ifindex, &features))
		return;
	list = json_array();
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (features >> i & 1)
			json_array_append_new(list, json_string(words[i]));
	json_object_set_new(object, "xdp-features", list);
}

static void add_switch(json_t *object, struct model *model, int ifindex)
{
	struct genl *devlink = offload_devlink(model);
	struct vf_parent parent;
	uint16_t mode;
	uint32_t count;

	if (!hwmode_get(model->rtnl, ifindex, &mode) && mode < 2)
		json_object_set_new(object, "hwmode", json_string(hwmode_words[mode]));
	if (!vf_count(model->rtnl, ifindex, &count) && count)
		json_object_set_new(object, "num_vf", json_integer(count));
	if (vf_parent(model->rtnl, ifindex, &parent))
		return;
	json_object_set_new(object, "parentbus", json_string(parent.bus));
	json_object_set_new(object, "parentdev", json_string(parent.name));
	if (devlink && !devlink_eswitch_get(devlink, &parent, &mode) && mode < 2)
		json_object_set_new(object, "eswitch", json_string(eswitch_words[mode]));
}

/* How much of its filter an uplink uses; its size is known once it was full. */
static void add_filter(json_t *object, const struct model *model, int ifindex)
{
	const struct port *port = model_port_by_ifindex(model, (uint32_t)ifindex);
	struct uplink_filter_view view;
	json_t *filter;

	if (!port || !port->filter)
		return;
	uplink_filter_show(port, &view);
	filter = json_pack("{sI}", "addresses", (json_int_t)view.addresses);
	if (view.room)
		json_object_set_new(filter, "size", json_integer(view.room));
	json_object_set_new(object, "uc_filter", filter);
}

static json_t *show_device(struct model *model, const struct rtnl_link *link)
{
	json_t *object = json_pack("{si ss}", "ifindex", link->ifindex, "ifname", link->name);

	add_features(object, model, link->name);
	add_channels(object, model, link->name);
	add_rss(object, link->name);
	add_xdp(object, link->ifindex);
	add_filter(object, model, link->ifindex);
	add_switch(object, model, link->ifindex);
	offload_add_settings(object, model, link->name, XBR_OFFLOAD_NO_VF);
	return object;
}

struct show_walk {
	struct model *model;
	json_t *list;
};

static bool is_set_of(const struct model *model, const char *dev)
{
	for (const struct offload_entry *entry = model->offload->entries; entry; entry = entry->hh.next)
		if (!strcmp(entry->key.dev, dev))
			return true;
	return false;
}

static int show_each(const struct rtnl_link *link, void *user)
{
	struct show_walk *walk = user;

	if ((link->ethernet && !link->kind[0]) || is_set_of(walk->model, link->name))
		json_array_append_new(walk->list, show_device(walk->model, link));
	return 0;
}

static int show_one(struct model *model, const char *dev, json_t *list, struct xbr_error *error)
{
	struct offload_target target;
	struct xbr_offload_key key;
	int err;

	offload_key_of(dev, XBR_OFFLOAD_NO_VF, 0, &key);
	err = offload_target(model, &key, &target, error);
	if (!err)
		json_array_append_new(list, show_device(model, &target.link));
	return err;
}

void handle_offload_show(void *user, struct server_client *client, const json_t *params,
			 struct server_reply *reply)
{
	static const struct param table[] = {
		{.name = "dev", .type = PARAM_STRING, .min = 1, .max = XBR_IFNAME_LEN - 1}, {0}};
	struct agent *agent = user;
	struct show_walk walk = {agent->model, json_array()};
	struct xbr_error error;
	const char *dev = NULL;
	uint64_t given = 0;
	int err = params_read(params, table, &dev, &given, &error);

	(void)client;
	if (!err && dev)
		err = show_one(agent->model, dev, walk.list, &error);
	else if (!err)
		err = offload_each_link(agent->model, show_each, &walk, &error);
	offload_answer(reply, err, walk.list, &error);
}

json_t *offload_show_event(const struct offload_event *event)
{
	const struct offload_entry *entry = event->entry;
	char wanted[OFFLOAD_TEXT], reported[OFFLOAD_TEXT];
	json_t *object;

	offload_text(entry->key.attribute, entry->wanted, wanted);
	offload_text(entry->key.attribute, event->reported, reported);
	object = json_pack("{ss ss ss ss ss ss}", "ifname", entry->key.dev, "attribute",
			   offload_word(entry->key.attribute), "configured", wanted, "reported", reported,
			   "state", state_word(entry->state), "outcome", event->outcome);
	if (object && entry->key.vf != XBR_OFFLOAD_NO_VF)
		json_object_set_new(object, "vf", json_integer(entry->key.vf));
	return object;
}
