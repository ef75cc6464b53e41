// SPDX-License-Identifier: Apache-2.0
#include "control/mst.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "control/line.h"
#include "control/params.h"
#include "control/stp.h"
#include "control/words.h"
#include "model/mst.h"

/* ---- commands ---- */

struct mst_request {
	const char *bridge, *dev, *name;
	uint32_t msti, revision, max_hops, priority, cost;
	uint64_t vid[VLAN_WORDS];
};

/* What is given: bits of enum mst_given; those of the words that say what is meant are above. */
enum {
	GIVEN_MSTI = 1 << 8,
	GIVEN_BRIDGE = 1 << 9,
	GIVEN_DEV = 1 << 10,
	GIVEN_COST = 1 << 11,
};
#define OF_REGION (MST_GIVEN_REGION | MST_GIVEN_REVISION | MST_GIVEN_HOPS)

#define MST_FIELD(member) .offset = offsetof(struct mst_request, member)
#define MST_NUMBER(name_, member, min_, max_, bit)                                                           \
	{                                                                                                    \
		.name = (name_), .type = PARAM_U32, .min = (min_), .max = (max_), .given = (bit),            \
		MST_FIELD(member)                                                                            \
	}
#define MST_BRIDGE(must)                                                                                     \
	{                                                                                                    \
		.name = "bridge", .type = PARAM_STRING, .required = (must), .min = 1, .given = GIVEN_BRIDGE, \
		MST_FIELD(bridge)                                                                            \
	}
#define MST_MSTI(least, must)                                                                                \
	{                                                                                                    \
		.name = "msti", .type = PARAM_U32, .required = (must), .min = (least), .max = MSTID_MAX,     \
		.given = GIVEN_MSTI, MST_FIELD(msti)                                                         \
	}
#define MST_VID                                                                                              \
	{                                                                                                    \
		.name = "vid", .type = PARAM_VIDS, .given = MST_GIVEN_VIDS, MST_FIELD(vid)                   \
	}
static const struct param add_params[] = {MST_BRIDGE(true),
					  MST_MSTI(1, true),
					  MST_VID,
					  MST_NUMBER("priority", priority, 0, 61440, MST_GIVEN_PRIORITY),
					  {0}};
static const struct param set_params[] = {
	MST_BRIDGE(false),
	{.name = "dev", .type = PARAM_STRING, .min = 1, .given = GIVEN_DEV, MST_FIELD(dev)},
	MST_MSTI(0, false),
	{.name = "name",
	 .type = PARAM_STRING,
	 .max = STP_NAME_LEN,
	 .given = MST_GIVEN_REGION,
	 MST_FIELD(name)},
	MST_NUMBER("revision", revision, 0, UINT16_MAX, MST_GIVEN_REVISION),
	MST_NUMBER("max_hops", max_hops, MST_HOPS_MIN, MST_HOPS_MAX, MST_GIVEN_HOPS),
	MST_NUMBER("priority", priority, 0, 61440, MST_GIVEN_PRIORITY),
	MST_NUMBER("cost", cost, 0, 200000000, GIVEN_COST),
	MST_VID,
	{0}};
static const struct param del_params[] = {MST_BRIDGE(true), MST_MSTI(1, true), MST_VID, {0}};

static struct mst_patch patch_of(const struct mst_request *r, uint64_t given)
{
	struct mst_patch patch = {.given = (uint32_t)given & (GIVEN_MSTI - 1),
				  .region = r->name,
				  .revision = (uint16_t)r->revision,
				  .priority = (uint16_t)r->priority,
				  .max_hops = (uint8_t)r->max_hops};

	memcpy(patch.vids, r->vid, sizeof(patch.vids));
	return patch;
}

int command_mst_add(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct mst_request r = {0};
	struct mst_patch patch;
	uint64_t given = 0;
	int err = params_read(params, add_params, &r, &given, error);

	if (err)
		return err;
	patch = patch_of(&r, given);
	return want_mst_add(want, r.bridge, (uint16_t)r.msti, &patch, error);
}

static int set_port(const struct mst_request *r, uint64_t given, struct want *want, struct xbr_error *error)
{
	struct mst_port_patch patch = {.given = (given & GIVEN_COST ? MST_PORT_GIVEN_COST : 0u) |
						(given & MST_GIVEN_PRIORITY ? MST_PORT_GIVEN_PRIORITY : 0u),
				       .cost = r->cost,
				       .priority = r->priority};

	if (given & (OF_REGION | MST_GIVEN_VIDS))
		return xbr_refuse(error, -EINVAL,
				  "name, revision, max_hops and vid are of a bridge: xbr mst set br BR ...");
	if (!r->msti)
		return xbr_refuse(error, -EINVAL,
				  "say which msti: what %s is in the common tree, xbr link set says", r->dev);
	if (r->priority > 60)
		return xbr_refuse(error, -ERANGE, "priority %u of a port is out of range: 0 to 60",
				  r->priority);
	return want_mst_port_set(want, r->dev, (uint16_t)r->msti, &patch, error);
}

static int set_bridge(const struct mst_request *r, uint64_t given, struct want *want, struct xbr_error *error)
{
	struct mst_patch patch = patch_of(r, given);

	if (given & GIVEN_COST)
		return xbr_refuse(error, -EINVAL, "cost is of a port: xbr mst set dev DEV msti N cost N");
	if (given & (MST_GIVEN_VIDS | MST_GIVEN_PRIORITY) && !(given & GIVEN_MSTI))
		return xbr_refuse(error, -EINVAL, "say which msti: vid and priority are of one");
	return want_mst_set(want, r->bridge, (uint16_t)r->msti, &patch, error);
}

int command_mst_set(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct mst_request r = {0};
	uint64_t given = 0;
	int err = params_read(params, set_params, &r, &given, error);

	if (err)
		return err;
	if (!(given & GIVEN_BRIDGE) == !(given & GIVEN_DEV))
		return xbr_refuse(error, -EINVAL, "say either br, a bridge, or dev, a port");
	return given & GIVEN_DEV ? set_port(&r, given, want, error) : set_bridge(&r, given, want, error);
}

int command_mst_del(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct mst_request r = {0};
	uint64_t given = 0;
	int err = params_read(params, del_params, &r, &given, error);

	if (err)
		return err;
	return want_mst_del(want, r.bridge, (uint16_t)r.msti, given & MST_GIVEN_VIDS ? r.vid : NULL, error);
}

/* ---- showing ---- */

static bool has(const uint64_t vids[VLAN_WORDS], unsigned int vid)
{
	return vid <= XBR_VID_MAX && vids[vid / 64] >> vid % 64 & 1;
}

/* The run of VIDs after *last: false where there is none. Begin with 0. */
static bool next_run(const uint64_t vids[VLAN_WORDS], unsigned int *ret_first, unsigned int *last)
{
	unsigned int vid = *last + 1;

	while (vid <= XBR_VID_MAX && !has(vids, vid))
		vid++;
	*ret_first = vid;
	while (has(vids, vid))
		vid++;
	*last = vid - 1;
	return *ret_first <= XBR_VID_MAX;
}

/* As bridge(8) lists VLANs. */
static json_t *show_vlans(const struct mst_config *config, uint16_t mstid)
{
	uint64_t vids[VLAN_WORDS];
	unsigned int first, last = 0;
	json_t *list = json_array();

	mst_vids(config, mstid, vids);
	while (next_run(vids, &first, &last)) {
		json_t *run = json_pack("{si}", "vlan", (int)first);

		if (last != first)
			json_object_set_new(run, "vlanEnd", json_integer(last));
		json_array_append_new(list, run);
	}
	return list;
}

static void add_tree(json_t *object, const struct model *model, const struct bridge *bridge, uint16_t mstid)
{
	int place = bridge->stp ? stp_tree_place(bridge->stp, mstid) : -1;
	struct stp_tree_view view;

	if (place < 0 || !stp_tree_view(bridge->stp, (unsigned int)place, &view))
		return;
	json_object_set_new(object, "bridge_id", stp_show_id(view.bridge_id));
	json_object_set_new(object, "root_id", stp_show_id(view.root));
	json_object_set_new(object, "regional_root", stp_show_id(view.regional_root));
	json_object_set_new(object, "root_port", json_string(stp_port_name(model, view.root_port) ?: ""));
	json_object_set_new(object, "internal_path_cost", json_integer(view.internal_cost));
	json_object_set_new(object, "remaining_hops", json_integer(view.remaining_hops));
	json_object_set_new(object, "topology_change", json_boolean(view.topology_change));
	json_object_set_new(object, "topology_changes", json_integer((json_int_t)view.changes));
}

static json_t *show_instance(const struct model *model, const struct bridge *bridge, uint16_t mstid,
			     uint16_t priority)
{
	json_t *object = json_pack("{si si so}", "msti", (int)mstid, "priority", (int)priority, "vlans",
				   show_vlans(bridge->mst, mstid));

	add_tree(object, model, bridge, mstid);
	return object;
}

/* In the order of their numbers; 0 to begin with. False: there is no further one. */
static bool next_instance(const struct mst_config *config, struct xbr_mst_instance *instance)
{
	const struct xbr_mst_saved *is = mst_config_get(config);
	struct xbr_mst_instance found = {0};

	for (unsigned int i = 0; i < XBR_MSTI_LIMIT; i++)
		if (is->instance[i].mstid > instance->mstid &&
		    (!found.mstid || is->instance[i].mstid < found.mstid))
			found = is->instance[i];
	*instance = found;
	return found.mstid;
}

static void show_digest(const uint8_t digest[STP_DIGEST_LEN], char ret_text[2 * STP_DIGEST_LEN + 1])
{
	for (unsigned int i = 0; i < STP_DIGEST_LEN; i++)
		snprintf(ret_text + (size_t)i * 2, 3, "%02x", digest[i]);
}

static json_t *show_bridge(const struct model *model, const struct bridge *bridge)
{
	struct stp_config_id id = stp_region(bridge);
	char digest[2 * STP_DIGEST_LEN + 1], region[STP_NAME_LEN + 1] = "";
	struct xbr_mst_instance instance = {0};
	json_t *list = json_array();

	show_digest(id.digest, digest);
	memcpy(region, id.name, sizeof(id.name));
	json_array_append_new(list, show_instance(model, bridge, 0, bridge->settings.stp.priority));
	while (next_instance(bridge->mst, &instance))
		json_array_append_new(list, show_instance(model, bridge, instance.mstid, instance.priority));
	return json_pack("{ss sb ss si ss si so}", "ifname", bridge->name, "mst_enabled", mst_is_on(bridge),
			 "name", region, "revision", (int)id.revision, "digest", digest, "max_hops",
			 (int)mst_config_get(bridge->mst)->max_hops, "mst", list);
}

static void add_tree_port(json_t *object, const struct port *port, uint16_t mstid)
{
	const struct stp_bridge *stp = port->bridge->stp;
	int place = stp ? stp_tree_place(stp, mstid) : -1;
	struct stp_tree_port_view t;

	if (place < 0 || !stp_tree_port_view(stp, (unsigned int)place, (uint16_t)port->number, &t))
		return;
	json_object_set_new(object, "role", json_string(stp_role_words[t.role]));
	json_object_set_new(object, "port_id", json_sprintf("%#06x", t.port_id));
	json_object_set_new(object, "cost", json_integer(t.cost));
	json_object_set_new(object, "priority", json_integer((t.port_id >> 12) * 4));
	json_object_set_new(object, "designated_root", stp_show_id(t.designated_root));
	json_object_set_new(object, "designated_bridge", stp_show_id(t.designated_bridge));
	json_object_set_new(object, "designated_port", json_sprintf("%#06x", t.designated_port));
	json_object_set_new(object, "designated_cost", json_integer(t.designated_cost));
}

static json_t *show_tree_port(const struct port *port, uint16_t mstid, uint8_t state)
{
	json_t *object = json_pack("{si ss}", "msti", (int)mstid, "state", port_state_word(state));

	add_tree_port(object, port, mstid);
	return object;
}

static json_t *show_port(const struct model *model, const struct port *port)
{
	uint8_t state = port_slot(model, port)->state;
	json_t *list = json_array();
	struct xbr_mst_instance instance = {0};

	json_array_append_new(list, show_tree_port(port, 0, state));
	while (mst_is_on(port->bridge) && next_instance(port->bridge->mst, &instance))
		json_array_append_new(list,
				      show_tree_port(port, instance.mstid,
						     state ? mst_state(model, port, instance.mstid) : state));
	return json_pack("{ss so}", "ifname", port->name, "mst", list);
}

struct show_request {
	const char *dev, *bridge;
};
static const struct param show_params[] = {
	{.name = "dev", .type = PARAM_STRING, .offset = offsetof(struct show_request, dev)},
	{.name = "bridge", .type = PARAM_STRING, .offset = offsetof(struct show_request, bridge)},
	{0},
};

static void show_all_of(struct model *model, const struct bridge *bridge, json_t *list)
{
	struct port *port, *next;

	json_array_append_new(list, show_bridge(model, bridge));
	port_foreach (model, port, next)
		if (port->bridge == bridge)
			json_array_append_new(list, show_port(model, port));
}

static void show(struct model *model, const struct bridge *only, json_t *list)
{
	struct bridge *bridge, *next;

	bridge_foreach (model, bridge, next)
		if (!only || bridge == only)
			show_all_of(model, bridge, list);
}

/* dev: a port, or a bridge as br is. */
static int find(const struct model *model, const struct show_request *request, struct bridge **ret_bridge,
		struct port **ret_port, struct xbr_error *error)
{
	const char *name = request->bridge ?: request->dev;

	*ret_port = request->dev ? model_port(model, request->dev) : NULL;
	*ret_bridge = name && !*ret_port ? model_bridge(model, name) : NULL;
	if (name && !*ret_port && !*ret_bridge)
		return xbr_refuse(error, -ENODEV, "%s is not a bridge or port of xbr", name);
	return 0;
}

void handle_mst_show(void *user, struct server_client *client, const json_t *params,
		     struct server_reply *reply)
{
	struct agent *agent = user;
	struct show_request request = {0};
	struct bridge *bridge;
	struct xbr_error error;
	struct port *port;
	uint64_t given = 0;

	(void)client;
	if (params_read(params, show_params, &request, &given, &error) ||
	    find(agent->model, &request, &bridge, &port, &error)) {
		server_refuse(reply, &error);
		return;
	}
	reply->result = json_array();
	if (port)
		json_array_append_new(reply->result, show_port(agent->model, port));
	else
		show(agent->model, bridge, reply->result);
}

/* ---- saving ---- */

static void save_vids(json_t *lines, const struct bridge *bridge, uint16_t mstid)
{
	unsigned int first, last = 0;
	uint64_t vids[VLAN_WORDS];

	mst_vids(bridge->mst, mstid, vids);
	while (next_run(vids, &first, &last)) {
		struct line line = {0};

		line_add(&line, "mst set");
		line_add_name(&line, "br", bridge->name);
		line_add(&line, last == first ? " msti %u vid %u" : " msti %u vid %u-%u", mstid, first, last);
		line_append(&line, lines);
	}
}

static void save_instance(json_t *lines, const struct bridge *bridge, const struct xbr_mst_instance *instance)
{
	struct line line = {0};

	line_add(&line, "mst add");
	line_add_name(&line, "br", bridge->name);
	line_add(&line, " msti %u", instance->mstid);
	if (instance->priority != MST_PRIORITY_DEFAULT)
		line_add(&line, " priority %u", instance->priority);
	line_append(&line, lines);
	save_vids(lines, bridge, instance->mstid);
}

static void save_region(json_t *lines, const struct bridge *bridge)
{
	const struct xbr_mst_saved *is = mst_config_get(bridge->mst), *d = mst_config_get(NULL);
	char region[STP_NAME_LEN + 1] = "";
	struct line line = {0};

	if (is->revision == d->revision && is->max_hops == d->max_hops && !is->region[0])
		return;
	memcpy(region, is->region, sizeof(is->region));
	line_add(&line, "mst set");
	line_add_name(&line, "br", bridge->name);
	if (region[0])
		line_add_name(&line, "name", region);
	if (is->revision != d->revision)
		line_add(&line, " revision %u", is->revision);
	if (is->max_hops != d->max_hops)
		line_add(&line, " max_hops %u", is->max_hops);
	line_append(&line, lines);
}

void mst_save_bridge(json_t *lines, const struct bridge *bridge)
{
	struct xbr_mst_instance instance = {0};

	save_region(lines, bridge);
	while (next_instance(bridge->mst, &instance))
		save_instance(lines, bridge, &instance);
}

void mst_save_port(json_t *lines, const struct port *port)
{
	for (unsigned int i = 0; port->mst && i < port->mst->count; i++) {
		const struct mst_row *row = &port->mst->row[i];
		struct line line = {0};

		line_add(&line, "mst set");
		line_add_name(&line, "dev", port->name);
		line_add(&line, " msti %u", row->mstid);
		if (row->is.cost)
			line_add(&line, " cost %u", row->is.cost);
		if (row->is.priority)
			line_add(&line, " priority %u", row->is.priority - 1u);
		line_append(&line, lines);
	}
}
