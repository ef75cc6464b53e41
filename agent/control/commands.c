// SPDX-License-Identifier: Apache-2.0
#include "control/commands.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/acl_want.h"
#include "control/guard.h"
#include "control/line.h"
#include "control/macaddr.h"
#include "control/meter.h"
#include "control/mst.h"
#include "control/offload.h"
#include "control/params.h"
#include "control/qos.h"
#include "control/shape.h"
#include "control/stp.h"
#include "control/vlan.h"
#include "control/words.h"

/* ---- bridges ---- */

struct bridge_request {
	const char *name;
	uint32_t ageing_time, fdb_max_learned, group_fwd_mask;
	uint32_t vlan_filtering, vlan_protocol, vlan_default_pvid, vlan_stats_enabled, vlan_stats_per_port;
	uint8_t address[6];
};

#define BRIDGE_FIELD(member) .offset = offsetof(struct bridge_request, member)
static const struct param bridge_params[] = {
	{.name = "bridge", .type = PARAM_STRING, .required = true, .min = 1, BRIDGE_FIELD(name)},
	{.name = "ageing_time",
	 .type = PARAM_U32,
	 .max = AGEING_TIME_MAX_CS,
	 .given = BRIDGE_GIVEN_AGEING_TIME,
	 BRIDGE_FIELD(ageing_time)},
	{.name = "fdb_max_learned",
	 .type = PARAM_U32,
	 .given = BRIDGE_GIVEN_FDB_MAX_LEARNED,
	 BRIDGE_FIELD(fdb_max_learned)},
	{.name = "group_fwd_mask",
	 .type = PARAM_U32,
	 .max = UINT16_MAX,
	 .given = BRIDGE_GIVEN_GROUP_FWD_MASK,
	 BRIDGE_FIELD(group_fwd_mask)},
	{.name = "address", .type = PARAM_MAC, .given = BRIDGE_GIVEN_ADDRESS, BRIDGE_FIELD(address)},
	{.name = "vlan_filtering",
	 .type = PARAM_U32,
	 .max = 1,
	 .given = BRIDGE_GIVEN_VLAN_FILTERING,
	 BRIDGE_FIELD(vlan_filtering)},
	{.name = "vlan_protocol",
	 .type = PARAM_ENUM,
	 .words = vlan_protocol_words,
	 .given = BRIDGE_GIVEN_VLAN_PROTOCOL,
	 BRIDGE_FIELD(vlan_protocol)},
	{.name = "vlan_default_pvid",
	 .type = PARAM_U32,
	 .max = XBR_VID_MAX,
	 .given = BRIDGE_GIVEN_VLAN_DEFAULT_PVID,
	 BRIDGE_FIELD(vlan_default_pvid)},
	{.name = "vlan_stats_enabled",
	 .type = PARAM_U32,
	 .max = 1,
	 .given = BRIDGE_GIVEN_VLAN_STATS,
	 BRIDGE_FIELD(vlan_stats_enabled)},
	{.name = "vlan_stats_per_port",
	 .type = PARAM_U32,
	 .max = 1,
	 .given = BRIDGE_GIVEN_VLAN_STATS_PER_PORT,
	 BRIDGE_FIELD(vlan_stats_per_port)},
	{0},
};
static const struct param bridge_name_params[] = {
	{.name = "bridge", .type = PARAM_STRING, .required = true, .min = 1, BRIDGE_FIELD(name)},
	{0},
};

static void bridge_patch_of(const struct bridge_request *request, uint64_t given,
			    struct bridge_patch *ret_patch)
{
	*ret_patch = (struct bridge_patch){
		.given = (uint32_t)given,
		.to = {.ageing_time_cs = request->ageing_time,
		       .fdb_max_learned = request->fdb_max_learned,
		       .group_fwd_mask = (uint16_t)request->group_fwd_mask,
		       .vlan_filtering = request->vlan_filtering,
		       .vlan_protocol = request->vlan_protocol ? VLAN_PROTOCOL_8021AD : VLAN_PROTOCOL_8021Q,
		       .vlan_default_pvid = (uint16_t)request->vlan_default_pvid,
		       .vlan_stats_enabled = request->vlan_stats_enabled,
		       .vlan_stats_per_port = request->vlan_stats_per_port},
	};
	memcpy(ret_patch->to.address, request->address, sizeof(request->address));
}

static int bridge_add_or_set(const json_t *params, struct want *want,
			     int (*change)(struct want *, const char *, const struct bridge_patch *,
					   struct xbr_error *),
			     struct xbr_error *error)
{
	struct bridge_request request = {0};
	struct stp_bridge_patch stp;
	struct bridge_patch patch;
	uint64_t given = 0;
	json_t *rest = NULL;
	int err = stp_take_bridge_options(params, &rest, &stp, error);

	if (err)
		return err;
	err = params_read(rest, bridge_params, &request, &given, error);
	if (!err) {
		bridge_patch_of(&request, given, &patch);
		patch.stp = stp;
		err = change(want, request.name, &patch, error);
	}
	json_decref(rest);
	return err;
}

static int command_bridge_add(const json_t *params, struct want *want, struct xbr_error *error)
{
	return bridge_add_or_set(params, want, want_bridge_add, error);
}

static int command_bridge_set(const json_t *params, struct want *want, struct xbr_error *error)
{
	return bridge_add_or_set(params, want, want_bridge_set, error);
}

static int command_bridge_del(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct bridge_request request = {0};
	uint64_t given = 0;
	int err = params_read(params, bridge_name_params, &request, &given, error);

	return err ? err : want_bridge_del(want, request.name, error);
}

/* ---- links ---- */

#define SWITCH_MEMBER(name, flag, by_default) bool name;
struct link_request {
	const char *dev, *master, *name;
	uint32_t type, svid, ecid, vif, list, side;
	PORT_SWITCHES(SWITCH_MEMBER)
	EDGE_SWITCHES(SWITCH_MEMBER)
	uint32_t fdb_max_learned, group_fwd_mask, xdp, mode, role, macaddr;
	const json_t *macaddr_list;
	const json_t *police; /* an object of meters by way; or NULL */
	const json_t *shape;  /* an object of rates; or NULL */
	struct link_guard_request guard;
	struct link_qos_request qos;
};

/* In `given`, switches have their own flags; the rest is shifted above them, edge switches above that. */
#define GIVEN_REST(bit) ((uint64_t)(bit) << 32)
#define GIVEN_EDGE(bit) ((uint64_t)(bit) << 56)

#define LINK_FIELD(member) .offset = offsetof(struct link_request, member)
#define SWITCH_ROW(name_, flag, by_default)                                                                  \
	{.name = #name_, .type = PARAM_BOOL, .given = (flag), LINK_FIELD(name_)},
#define EDGE_ROW(name_, option, by_default)                                                                  \
	{.name = #name_, .type = PARAM_BOOL, .given = GIVEN_EDGE(option), LINK_FIELD(name_)},
#define LINK_OPTIONS                                                                                         \
	PORT_SWITCHES(SWITCH_ROW){.name = "fdb_max_learned",                                                 \
				  .type = PARAM_U32,                                                         \
				  .given = GIVEN_REST(PORT_GIVEN_FDB_MAX_LEARNED),                           \
				  LINK_FIELD(fdb_max_learned)},                                              \
		{.name = "group_fwd_mask",                                                                   \
		 .type = PARAM_U32,                                                                          \
		 .max = UINT16_MAX,                                                                          \
		 .given = GIVEN_REST(PORT_GIVEN_GROUP_FWD_MASK),                                             \
		 LINK_FIELD(group_fwd_mask)},                                                                \
		{.name = "xdp",                                                                              \
		 .type = PARAM_ENUM,                                                                         \
		 .words = xdp_mode_words,                                                                    \
		 .given = GIVEN_REST(PORT_GIVEN_XDP),                                                        \
		 LINK_FIELD(xdp)},                                                                           \
		{.name = "mode",                                                                             \
		 .type = PARAM_ENUM,                                                                         \
		 .words = mode_words,                                                                        \
		 .given = GIVEN_REST(PORT_GIVEN_MODE),                                                       \
		 LINK_FIELD(mode)},                                                                          \
		{.name = "role",                                                                             \
		 .type = PARAM_ENUM,                                                                         \
		 .words = role_words,                                                                        \
		 .given = GIVEN_REST(PORT_GIVEN_ROLE),                                                       \
		 LINK_FIELD(role)},                                                                          \
		EDGE_SWITCHES(EDGE_ROW){.name = "macaddr",                                                   \
					.type = PARAM_ENUM,                                                  \
					.words = source_verb_words,                                          \
					LINK_FIELD(macaddr)},                                                \
		{.name = "macaddr_list", .type = PARAM_ARRAY, LINK_FIELD(macaddr_list)},                     \
		{.name = "police", .type = PARAM_OBJECT, LINK_FIELD(police)},                                \
		{.name = "shape", .type = PARAM_OBJECT, LINK_FIELD(shape)},                                  \
		LINK_QOS_OPTIONS(offsetof(struct link_request, qos))                                         \
			LINK_GUARD_OPTIONS(offsetof(struct link_request, guard))

#define LINK_DEV                                                                                             \
	{                                                                                                    \
		.name = "dev", .type = PARAM_STRING, .required = true, .min = 1, LINK_FIELD(dev)             \
	}
static const char *const side_words[] = {"bridge", "station", NULL};
static const struct param link_add_params[] = {
	LINK_DEV,
	{.name = "master", .type = PARAM_STRING, .required = true, .min = 1, LINK_FIELD(master)},
	{.name = "name", .type = PARAM_STRING, .min = 1, LINK_FIELD(name)},
	{.name = "type", .type = PARAM_ENUM, .words = encap_type_words, LINK_FIELD(type)},
	{.name = "svid", .type = PARAM_TAG, .min = 1, .max = 4094, LINK_FIELD(svid)},
	{.name = "ecid", .type = PARAM_TAG, .min = 1, .max = 0x3fffff, LINK_FIELD(ecid)},
	{.name = "vif", .type = PARAM_TAG, .min = 1, .max = 0xfff, LINK_FIELD(vif)},
	{.name = "list", .type = PARAM_U32, .min = 1, .max = 0x3fff, LINK_FIELD(list)},
	{.name = "side", .type = PARAM_ENUM, .words = side_words, LINK_FIELD(side)},
	LINK_OPTIONS{0},
};
static const struct param link_set_params[] = {LINK_DEV, LINK_OPTIONS{0}};
static const struct param link_del_params[] = {LINK_DEV, {0}};

#define SWITCH_VALUE(name, flag, by_default) (request->name ? (uint32_t)(flag) : 0u) |
#define EDGE_VALUE(name, option, by_default) (request->name != (by_default) ? (option) : 0u) |
static void port_patch_of(const struct link_request *request, uint64_t given, struct port_patch *ret_patch)
{
	*ret_patch = (struct port_patch){
		.given = (uint32_t)(given >> 32) & 0xffffffu,
		.flags_given = (uint32_t)given & PORT_SWITCH_MASK,
		.edge_options_given = (uint8_t)(given >> 56),
		.to = {.flags = PORT_SWITCHES(SWITCH_VALUE) 0u,
		       .fdb_max_learned = request->fdb_max_learned,
		       .group_fwd_mask = (uint16_t)request->group_fwd_mask,
		       .xdp = (uint8_t)request->xdp,
		       .mode = (uint8_t)request->mode,
		       .role = (uint8_t)request->role,
		       .edge_options = (uint8_t)(EDGE_SWITCHES(EDGE_VALUE) 0u)},
	};
}

/* What is read borrows from params, which the shallow copies of stp_take_link_options() share. */
static int link_read(const json_t *params, const struct param *table, struct link_request *ret_request,
		     struct port_patch *ret_patch, struct xbr_error *error)
{
	struct stp_port_patch stp;
	uint64_t given = 0;
	json_t *rest = NULL;
	int err = stp_take_link_options(params, &rest, &stp, error);

	if (err)
		return err;
	memset(ret_request, 0, sizeof(*ret_request));
	ret_request->macaddr = SOURCE_VERB_COUNT;
	err = params_read(rest, table, ret_request, &given, error);
	json_decref(rest);
	if (err)
		return err;
	port_patch_of(ret_request, given, ret_patch);
	ret_patch->stp = stp;
	err = link_shape_patch(ret_request->shape, ret_patch, error);
	if (!err)
		err = link_qos_patch(&ret_request->qos, ret_patch, error);
	return err ? err : link_guard_patch(&ret_request->guard, given, ret_patch, error);
}

/* After the rest: a port that is to be refused gets no list. */
static int link_sources(const struct link_request *request, struct want *want, struct xbr_error *error)
{
	int err = link_police(request->dev, request->police, want, error);

	if (err)
		return err;
	if (request->macaddr < SOURCE_VERB_COUNT || request->macaddr_list)
		return macaddr_to_want(request->dev, request->macaddr, request->macaddr_list, want, error);
	return 0;
}

/* Which words of a channel are in a request; the three tags in the order of enum xbr_encap. */
enum channel_given {
	CHANNEL_GIVEN_SVID = 1 << 0,
	CHANNEL_GIVEN_ECID = 1 << 1,
	CHANNEL_GIVEN_VIF = 1 << 2,
	CHANNEL_GIVEN_LIST = 1 << 3,
	CHANNEL_GIVEN_SIDE = 1 << 4,
	CHANNEL_GIVEN_NAME = 1 << 5,
	CHANNEL_GIVEN_TYPE = 1 << 6,
};
#define CHANNEL_GIVEN_TAG(kind) ((uint32_t)CHANNEL_GIVEN_SVID << ((kind)-1))
#define CHANNEL_GIVEN_TAGS      ((uint32_t)CHANNEL_GIVEN_SIDE - 1)

static uint32_t channel_words_given(const json_t *params)
{
	static const char *const words[] = {"svid", "ecid", "vif", "list", "side", "name", "type"};
	uint32_t given = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (json_object_get(params, words[i]))
			given |= 1u << i;
	return given;
}

static uint32_t channel_number(const struct link_request *request, uint32_t kind, uint32_t given)
{
	if (given & CHANNEL_GIVEN_LIST)
		return request->list | 1u << XBR_CHANNEL_GROUP_SHIFT;
	if (kind == XBR_ENCAP_SCHANNEL)
		return request->svid;
	return kind == XBR_ENCAP_ETAG ? request->ecid : request->vif;
}

/* One number of the kind's own, a name, and the words of no other kind. */
static int channel_words_fit(uint32_t kind, uint32_t given, struct xbr_error *error)
{
	const char *type = encap_kinds[kind].type, *tag = encap_kinds[kind].tag;
	uint32_t tags = given & CHANNEL_GIVEN_TAGS;
	bool is_vntag = kind == XBR_ENCAP_VNTAG;

	if (!(given & CHANNEL_GIVEN_NAME))
		return xbr_refuse(error, -EINVAL,
				  "a channel has a name of its own: link add NAME type %s dev DEV %s ...",
				  type, tag);
	if (tags != CHANNEL_GIVEN_TAG(kind) && !(is_vntag && tags == (uint32_t)CHANNEL_GIVEN_LIST))
		return xbr_refuse(error, -EINVAL, "type %s takes one %s%s", type, tag,
				  is_vntag ? " or list" : ", and no other tag");
	if (given & CHANNEL_GIVEN_SIDE && !is_vntag)
		return xbr_refuse(error, -EINVAL, "side belongs to type vntag, not to %s", type);
	return 0;
}

static int channel_of(const struct link_request *request, uint32_t given, struct port_encap *ret_encap,
		      struct xbr_error *error)
{
	uint32_t kind = request->type + 1;
	int err;

	*ret_encap = (struct port_encap){0};
	if (!(given & CHANNEL_GIVEN_TYPE)) {
		if (given & (CHANNEL_GIVEN_TAGS | CHANNEL_GIVEN_SIDE | CHANNEL_GIVEN_NAME))
			return xbr_refuse(
				error, -EINVAL,
				"name, svid, ecid, vif, list and side belong to a channel: say type, too");
		return 0;
	}
	err = channel_words_fit(kind, given, error);
	if (err)
		return err;
	if (strlen(request->dev) >= sizeof(ret_encap->dev))
		return xbr_refuse(error, -EINVAL, "%s is no device name: 1 to 15 characters are",
				  request->dev);
	ret_encap->kind = (uint8_t)kind;
	ret_encap->flags = request->side ? XBR_CHANNEL_STATION : 0;
	ret_encap->channel = channel_number(request, kind, given);
	strcpy(ret_encap->dev, request->dev);
	return 0;
}

static int command_link_add(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct link_request request;
	struct port_patch patch;
	struct port_encap encap;
	int err = link_read(params, link_add_params, &request, &patch, error);

	if (!err)
		err = channel_of(&request, channel_words_given(params), &encap, error);
	if (err)
		return err;
	if (encap.kind)
		request.dev = request.name; /* from here on the port's name */
	if (encap.kind)
		err = want_channel_add(want, request.name, &encap, request.master, &patch, error);
	else
		err = want_link_add(want, request.dev, request.master, &patch, error);
	return err ? err : link_sources(&request, want, error);
}

static int command_link_set(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct link_request request;
	struct port_patch patch;
	int err = link_read(params, link_set_params, &request, &patch, error);

	if (!err)
		err = want_link_set(want, request.dev, &patch, error);
	return err ? err : link_sources(&request, want, error);
}

static int command_link_del(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct link_request request;
	struct port_patch patch;
	int err = link_read(params, link_del_params, &request, &patch, error);

	return err ? err : want_link_del(want, request.dev, error);
}

/* ---- addresses, in a transaction ---- */

struct fdb_request {
	const char *dev;
	uint8_t lladdr[6];
	uint32_t state, vlan;
};

#define FDB_FIELD(member) .offset = offsetof(struct fdb_request, member)
static const struct param fdb_params[] = {
	{.name = "lladdr", .type = PARAM_MAC, .required = true, FDB_FIELD(lladdr)},
	{.name = "dev", .type = PARAM_STRING, .required = true, .min = 1, FDB_FIELD(dev)},
	{.name = "state", .type = PARAM_ENUM, .words = fdb_state_words, FDB_FIELD(state)},
	{.name = "vlan", .type = PARAM_U32, .min = 1, .max = XBR_VID_MAX, FDB_FIELD(vlan)},
	{0},
};

static int address_to_want(const json_t *params, struct want *want, bool replace, struct xbr_error *error)
{
	struct fdb_request request = {0};
	uint64_t given = 0;
	int err = params_read(params, fdb_params, &request, &given, error);

	if (err)
		return err;
	if (fdb_state_kind(request.state) == XBR_FDB_DYNAMIC)
		return xbr_refuse(error, -EINVAL, "a dynamic address is no part of a configuration");
	return want_address_add(want, fdb_mac_of(request.lladdr), (uint16_t)request.vlan, request.dev,
				fdb_state_kind(request.state), replace, error);
}

static int command_fdb_add(const json_t *params, struct want *want, struct xbr_error *error)
{
	return address_to_want(params, want, false, error);
}

static int command_fdb_replace(const json_t *params, struct want *want, struct xbr_error *error)
{
	return address_to_want(params, want, true, error);
}

/* ---- the punt path ---- */

struct punt_request {
	uint32_t reason, rate, burst;
};

#define PUNT_FIELD(member) .offset = offsetof(struct punt_request, member)
static const struct param punt_params[] = {
	{.name = "reason",
	 .type = PARAM_ENUM,
	 .required = true,
	 .words = punt_reason_words,
	 PUNT_FIELD(reason)},
	{.name = "rate", .type = PARAM_U32, .max = PUNT_RATE_MAX, .given = PUNT_GIVEN_RATE, PUNT_FIELD(rate)},
	{.name = "burst",
	 .type = PARAM_U32,
	 .min = 1,
	 .max = PUNT_BURST_MAX,
	 .given = PUNT_GIVEN_BURST,
	 PUNT_FIELD(burst)},
	{0},
};

static int command_punt_set(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct punt_request request = {0};
	struct punt_patch patch;
	uint64_t given = 0;
	int err = params_read(params, punt_params, &request, &given, error);

	if (err)
		return err;
	patch = (struct punt_patch){(uint32_t)given, {request.rate, request.burst}};
	want_punt_set(want, request.reason, &patch);
	return 0;
}

/* ---- the table ---- */

static const struct {
	const char *method;
	int (*change)(const json_t *params, struct want *want, struct xbr_error *error);
	bool in_file;
} commands_known[] = {
	{"bridge.add", command_bridge_add, true},
	{"bridge.set", command_bridge_set, true},
	{"bridge.del", command_bridge_del, false},
	{"link.add", command_link_add, true},
	{"link.set", command_link_set, true},
	{"link.del", command_link_del, false},
	{"fdb.add", command_fdb_add, true},
	{"fdb.replace", command_fdb_replace, true},
	{"punt.set", command_punt_set, true},
	{"guard.set", command_guard_set, true},
	{"guard.allow", command_guard_allow, true},
	{"storm_control.set", command_storm_control_set, true},
	{"vlan.add", command_vlan_add, true},
	{"vlan.set", command_vlan_set, true},
	{"vlan.del", command_vlan_del, true},
	{"vlanmap.add", command_vlanmap_add, true},
	{"acl.add", command_acl_add, true},
	{"acl.bind", command_acl_bind, true},
	{"aclset.add", command_aclset_add, true},
	{"vlanmap.del", command_vlanmap_del, true},
	{"punt.set", command_punt_set, true},
	{"offload.set", command_offload_set, true},
	{"offload.unset", command_offload_unset, false},
	{"vf.set", command_vf_set, true},
	{"vf.unset", command_vf_unset, false},
	{"mst.add", command_mst_add, true},
	{"mst.set", command_mst_set, true},
	{"mst.del", command_mst_del, true},
	{"meter.add", command_meter_add, true},
	{"meter.set", command_meter_set, true},
	{"meter.del", command_meter_del, false},
	{"meter.bind", command_meter_bind, true},
	{"meter.unbind", command_meter_unbind, false},
};

int command_to_want(const char *method, const json_t *params, struct want *want, struct xbr_error *error)
{
	for (size_t i = 0; i < sizeof(commands_known) / sizeof(commands_known[0]); i++)
		if (!strcmp(commands_known[i].method, method))
			return commands_known[i].change(params, want, error);
	return xbr_refuse(error, -ENOSYS, "%s is not a command that changes the configuration", method);
}

int command_on_devices(struct model *model, const char *method, const json_t *params, struct want *want,
		       struct xbr_error *error)
{
	const char *type = json_string_value(json_object_get(params, "type"));
	json_t *resolved;
	int err;

	if (strcmp(method, "link.add") || !type || strcmp(type, "vf"))
		return command_to_want(method, params, want, error);
	err = vf_port_params(model, params, &resolved, error);
	if (err)
		return err;
	err = command_to_want(method, resolved, want, error);
	json_decref(resolved);
	return err;
}

static bool may_be_in_file(const char *method)
{
	for (size_t i = 0; i < sizeof(commands_known) / sizeof(commands_known[0]); i++)
		if (!strcmp(commands_known[i].method, method))
			return commands_known[i].in_file;
	return false;
}

/* ---- many of them ---- */

/* What others have enslaved to a bridge belongs to it without being written anywhere. */
static int adopt_into(const struct model *model, struct want *want, struct xbr_error *error)
{
	struct port *port, *next;
	int err = 0;

	port_foreach (model, port, next) {
		if (err || port->origin != XBR_ORIGIN_ADOPTED || want_port_find(want, port->name) ||
		    !want_bridge_find(want, port->bridge->name))
			continue;
		err = want_link_adopt(want, port->name, port->bridge->name, error);
	}
	return err;
}

static int one_to_want(struct model *model, const json_t *command, struct want *want, struct xbr_error *error)
{
	const char *method = json_string_value(json_object_get(command, "method"));
	const json_t *params = json_object_get(command, "params");
	int err;

	if (!method || (params && !json_is_object(params)))
		return xbr_refuse(error, -EINVAL, "a command is an object of \"method\" and \"params\"");
	if (!may_be_in_file(method))
		return xbr_refuse(error, -EINVAL, "%s cannot be part of a configuration", method);
	err = command_on_devices(model, method, params, want, error);
	if (!err && !strcmp(method, "bridge.add"))
		err = adopt_into(model, want, error);
	return err;
}

int commands_to_want(struct model *model, const json_t *commands, struct want **ret_want, const char **ret_at,
		     struct xbr_error *error)
{
	struct want *want = want_new();
	const json_t *command;
	size_t i;
	int err;

	*ret_at = NULL;
	if (!want)
		return xbr_refuse(error, -ENOMEM, "out of memory");
	want->with_addresses = true;
	want->meters_now = model->dp ? model->dp->meters : NULL;
	json_array_foreach (commands, i, command) {
		want->at = json_string_value(json_object_get(command, "at"));
		err = one_to_want(model, command, want, error);
		if (!err)
			continue;
		*ret_at = want->at;
		want_free(want);
		return err;
	}
	*ret_want = want;
	return 0;
}

/* ---- saving ---- */

#define SOURCES_A_LINE 16

static void save_vlan_settings(struct line *line, const struct bridge_settings *s)
{
	if (s->vlan_filtering)
		line_add(line, " vlan_filtering 1");
	if (s->vlan_protocol == VLAN_PROTOCOL_8021AD)
		line_add(line, " vlan_protocol 802.1ad");
	if (s->vlan_default_pvid != bridge_settings_default.vlan_default_pvid)
		line_add(line, " vlan_default_pvid %u", s->vlan_default_pvid);
	if (!s->vlan_stats_enabled)
		line_add(line, " vlan_stats_enabled 0");
	if (!s->vlan_stats_per_port)
		line_add(line, " vlan_stats_per_port 0");
}

static void save_bridge(json_t *lines, const struct bridge *bridge)
{
	const struct bridge_settings *s = &bridge->settings, *d = &bridge_settings_default;
	struct line line = {0};
	char address[18], stp[256];

	mac_to_text(fdb_mac_of(s->address), address);
	line_add(&line, "bridge add");
	line_add_name(&line, "dev", bridge->name);
	line_add(&line, " address %s", address);
	if (s->ageing_time_cs != d->ageing_time_cs)
		line_add(&line, " ageing_time %u", s->ageing_time_cs);
	if (s->fdb_max_learned != d->fdb_max_learned)
		line_add(&line, " fdb_max_learned %u", s->fdb_max_learned);
	if (s->group_fwd_mask != d->group_fwd_mask)
		line_add(&line, " group_fwd_mask 0x%x", s->group_fwd_mask);
	save_vlan_settings(&line, s);
	stp_save_bridge(&s->stp, stp, sizeof(stp));
	line_add(&line, "%s", stp);
	line_append(&line, lines);
}

static void save_edge(struct line *line, const struct port_settings *s)
{
	if (s->mode)
		line_add(line, " mode %s", mode_words[s->mode]);
	if (s->role)
		line_add(line, " role %s", role_words[s->role]);
	for (const struct edge_switch *w = edge_switches; w->name; w++)
		if (s->edge_options & w->option)
			line_add(line, " %s %s", w->name, w->by_default ? "off" : "on");
}

/* Some addresses a line. */
static void save_sources(json_t *lines, const struct port *port)
{
	uint32_t count = source_list_count(port->sources);

	for (uint32_t i = 0; i < count; i += SOURCES_A_LINE) {
		struct line line = {0};

		line_add(&line, "link set");
		line_add_name(&line, "dev", port->name);
		line_add(&line, " macaddr add");
		for (uint32_t k = i; k < count && k < i + SOURCES_A_LINE; k++) {
			char address[18];

			mac_to_text(port->sources->macs[k], address);
			line_add(&line, " %s", address);
		}
		line_append(&line, lines);
	}
}

static void line_add_channel(struct line *line, const struct port *port)
{
	char tag[ENCAP_TEXT];

	encap_tag_text(&port->encap, tag);
	line_add_name(line, "name", port->name);
	line_add(line, " type %s", encap_kind_of(&port->encap)->type);
	line_add_name(line, "dev", port->encap.dev);
	line_add(line, " %s", tag);
	if (port->encap.flags & XBR_CHANNEL_STATION)
		line_add(line, " side station");
}

static void save_port(json_t *lines, const struct port *port)
{
	const struct port_settings *s = &port->settings, *d = &port_settings_default;
	char stp[512];
	struct line line = {0};

	line_add(&line, "link add");
	if (port->encap.kind)
		line_add_channel(&line, port);
	else
		line_add_name(&line, "dev", port->name);
	line_add_name(&line, "master", port->bridge->name);
	for (const struct port_switch *w = port_switches; w->name; w++)
		if ((s->flags ^ d->flags) & w->flag)
			line_add(&line, " %s %s", w->name, s->flags & w->flag ? "on" : "off");
	if (s->group_fwd_mask != d->group_fwd_mask)
		line_add(&line, " group_fwd_mask 0x%x", s->group_fwd_mask);
	if (s->fdb_max_learned != d->fdb_max_learned)
		line_add(&line, " fdb_max_learned %u", s->fdb_max_learned);
	if (s->xdp != d->xdp)
		line_add(&line, " xdp %s", xdp_mode_words[s->xdp]);
	save_edge(&line, s);
	line_add_guard(&line, s);
	line_add_shape(&line, &s->shape);
	line_add_qos(&line, s);
	stp_save_link(&s->stp, stp, sizeof(stp));
	line_add(&line, "%s", stp);
	line_append(&line, lines);
	save_sources(lines, port);
}

static void save_address(const struct fdb_view *view, void *user)
{
	struct line line = {0};
	char address[18];

	if (fdb_kind_is_learned(view->kind) || fdb_is_own_address(view))
		return;
	mac_to_text(view->mac, address);
	line_add(&line, "fdb add %s", address);
	line_add_name(&line, "dev", view->port->name);
	if (view->vlan)
		line_add(&line, " vlan %u", view->vlan);
	line_add(&line, " %s", fdb_kind_word(view->kind));
	line_append(&line, user);
}

static int compare_lines(const void *a, const void *b)
{
	return strverscmp(json_string_value(*(json_t *const *)a), json_string_value(*(json_t *const *)b));
}

/* Moves the lines of part (owned) to lines, sorted: the same configuration gives the same text, whatever led
 * to it. */
static bool append_sorted(json_t *lines, json_t *part)
{
	size_t count = json_array_size(part), i;
	json_t **sorted = calloc(count + 1, sizeof(*sorted)), *line;
	bool ok = part && sorted;

	json_array_foreach (part, i, line)
		if (ok)
			sorted[i] = line;
	if (ok)
		qsort(sorted, count, sizeof(*sorted), compare_lines);
	for (i = 0; ok && i < count; i++)
		ok = !json_array_append(lines, sorted[i]);
	free(sorted);
	json_decref(part);
	return ok;
}

static json_t *save_bridges(struct model *model, void (*save)(json_t *lines, const struct bridge *bridge))
{
	json_t *part = json_array();
	struct bridge *bridge, *next;

	bridge_foreach (model, bridge, next)
		save(part, bridge);
	return part;
}

static void save_ports_into(json_t *part, struct model *model,
			    void (*save)(json_t *lines, const struct port *port))
{
	struct port *port, *next;

	port_foreach (model, port, next)
		if (port->origin == XBR_ORIGIN_USER)
			save(part, port);
}

static json_t *save_ports(struct model *model, void (*save)(json_t *lines, const struct port *port))
{
	json_t *part = json_array();

	save_ports_into(part, model, save);
	return part;
}

static json_t *save_addresses(struct model *model)
{
	json_t *part = json_array();

	fdb_each(model, &(struct fdb_filter){0}, 0, UINT32_MAX, save_address, part);
	return part;
}

static json_t *save_punt(const struct model *model)
{
	json_t *part = json_array();

	for (uint32_t reason = 0; reason < XBR_PUNT_COUNT; reason++) {
		struct punt_limit limit = punt_limit_get(model, reason), d = punt_limit_default;
		struct line line = {0};

		if (limit.rate == d.rate && limit.burst == d.burst)
			continue;
		line_add(&line, "punt set %s", punt_reason_words[reason]);
		if (limit.rate != d.rate)
			line_add(&line, " rate %u", limit.rate);
		if (limit.burst != d.burst)
			line_add(&line, " burst %u", limit.burst);
		line_append(&line, part);
	}
	return part;
}

static json_t *save_vlans(struct model *model, void (*save)(json_t *lines, const struct port *port))
{
	json_t *part = json_array();
	struct bridge *bridge, *next;

	bridge_foreach (model, bridge, next)
		save(part, bridge->local);
	save_ports_into(part, model, save);
	return part;
}

static bool append_meters(json_t *lines, struct model *model)
{
	bool ok = true;

	for (int level = 0; ok && level < XBR_METER_LEVELS; level++)
		ok = append_sorted(lines, save_meters_of_level(model, level));
	return ok;
}

json_t *commands_save(struct model *model)
{
	json_t *lines = json_array();

	if (lines && append_sorted(lines, save_punt(model)) && append_meters(lines, model) &&
	    append_sorted(lines, offload_save(model)) &&
	    append_sorted(lines, save_bridges(model, save_bridge)) &&
	    append_sorted(lines, save_ports(model, save_port)) &&
	    append_sorted(lines, save_vlans(model, vlan_save)) &&
	    append_sorted(lines, save_vlans(model, vlan_save_mappings)) &&
	    append_sorted(lines, save_bridges(model, mst_save_bridge)) &&
	    append_sorted(lines, save_ports(model, mst_save_port)) &&
	    append_sorted(lines, save_meter_bindings(model)) &&
	    append_sorted(lines, save_allowances(model)) && append_sorted(lines, save_guards(model)) &&
	    append_sorted(lines, save_addresses(model)) && append_sorted(lines, acl_save_sets(model)) &&
	    append_sorted(lines, acl_save_rules(model)) && append_sorted(lines, acl_save_bindings(model)))
		return lines;
	json_decref(lines);
	return NULL;
}
