// SPDX-License-Identifier: Apache-2.0
/* Virtual functions of NICs, in the words and keys of ip-link(8). */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "control/offload.h"
#include "control/params.h"
#include "model/offload.h"

/* ---- set and unset ---- */

struct vf_request {
	const char *dev;
	uint32_t vf, vlan, qos, protocol, max_tx_rate, min_tx_rate, state;
	uint8_t mac[6];
	bool spoofchk, trust;
	const json_t *attributes;
};
enum vf_given {
	VF_GIVEN_MAC = 1 << 0,
	VF_GIVEN_VLAN = 1 << 1,
	VF_GIVEN_QOS = 1 << 2,
	VF_GIVEN_PROTOCOL = 1 << 3,
	VF_GIVEN_SPOOFCHK = 1 << 4,
	VF_GIVEN_TRUST = 1 << 5,
	VF_GIVEN_MAX = 1 << 6,
	VF_GIVEN_MIN = 1 << 7,
	VF_GIVEN_STATE = 1 << 8,
	VF_GIVEN_VF = 1 << 9,
};

static const char *const protocol_words[] = {"802.1Q", "802.1ad", NULL};

#define VF_FIELD(member) .offset = offsetof(struct vf_request, member)
#define VF_DEV(required_)                                                                                    \
	{                                                                                                    \
		.name = "dev", .type = PARAM_STRING, .required = required_, .min = 1,                        \
		.max = XBR_IFNAME_LEN - 1, VF_FIELD(dev)                                                     \
	}
#define VF_NUMBER(required_)                                                                                 \
	{                                                                                                    \
		.name = "vf", .type = PARAM_U32, .required = required_, .max = 4095, .given = VF_GIVEN_VF,   \
		VF_FIELD(vf)                                                                                 \
	}
static const struct param set_params[] = {
	VF_DEV(true),
	VF_NUMBER(true),
	{.name = "mac", .type = PARAM_MAC, .given = VF_GIVEN_MAC, VF_FIELD(mac)},
	{.name = "vlan", .type = PARAM_U32, .max = 4094, .given = VF_GIVEN_VLAN, VF_FIELD(vlan)},
	{.name = "qos", .type = PARAM_U32, .max = 7, .given = VF_GIVEN_QOS, VF_FIELD(qos)},
	{.name = "proto",
	 .type = PARAM_ENUM,
	 .words = protocol_words,
	 .given = VF_GIVEN_PROTOCOL,
	 VF_FIELD(protocol)},
	{.name = "spoofchk", .type = PARAM_BOOL, .given = VF_GIVEN_SPOOFCHK, VF_FIELD(spoofchk)},
	{.name = "trust", .type = PARAM_BOOL, .given = VF_GIVEN_TRUST, VF_FIELD(trust)},
	{.name = "max_tx_rate", .type = PARAM_U32, .given = VF_GIVEN_MAX, VF_FIELD(max_tx_rate)},
	{.name = "min_tx_rate", .type = PARAM_U32, .given = VF_GIVEN_MIN, VF_FIELD(min_tx_rate)},
	{.name = "state",
	 .type = PARAM_ENUM,
	 .words = vf_state_words,
	 .given = VF_GIVEN_STATE,
	 VF_FIELD(state)},
	{0},
};
static const struct param unset_params[] = {
	VF_DEV(true),
	VF_NUMBER(true),
	{.name = "attributes", .type = PARAM_ARRAY, VF_FIELD(attributes)},
	{0},
};
static const struct param show_params[] = {VF_DEV(false), VF_NUMBER(false), {0}};

static int set_one(struct want *want, const struct vf_request *request, enum vf_attribute attribute,
		   uint64_t value, struct xbr_error *error)
{
	struct xbr_offload_key key;

	offload_key_of(request->dev, (uint16_t)request->vf, (uint16_t)(OFFLOAD_VF + attribute), &key);
	return want_offload_set(want, &key, value, error);
}

/* What is set already, where a request says a part of it. */
static uint64_t former(const struct want *want, const struct vf_request *request, enum vf_attribute attribute)
{
	const struct want_offload *offload;
	struct xbr_offload_key key;

	offload_key_of(request->dev, (uint16_t)request->vf, (uint16_t)(OFFLOAD_VF + attribute), &key);
	offload = want_offload_find(want, &key);
	return offload ? offload->value : 0;
}

static int set_mac(struct want *want, const struct vf_request *request, struct xbr_error *error)
{
	uint64_t mac = 0;

	for (int i = 0; i < 6; i++)
		mac = mac << 8 | request->mac[i];
	if (request->mac[0] & 1)
		return xbr_refuse(error, -EINVAL, "the address of a VF must be a unicast address");
	return set_one(want, request, VF_MAC, mac, error);
}

/* As in ip-link(8): a VLAN without qos and proto has the default of each. */
static int set_vlan(struct want *want, const struct vf_request *request, uint64_t given,
		    struct xbr_error *error)
{
	uint64_t vlan = former(want, request, VF_VLAN);
	uint32_t vid = given & VF_GIVEN_VLAN ? request->vlan : vf_vlan_vid(vlan);
	uint32_t protocol = request->protocol ? VF_PROTOCOL_8021AD : VF_PROTOCOL_8021Q;

	if (!vid && given & (VF_GIVEN_QOS | VF_GIVEN_PROTOCOL))
		return xbr_refuse(error, -EINVAL, "qos and proto need a vlan");
	if (!(given & (VF_GIVEN_VLAN | VF_GIVEN_PROTOCOL)))
		protocol = vf_vlan_protocol(vlan);
	vlan = vf_vlan(vid, given & (VF_GIVEN_QOS | VF_GIVEN_VLAN) ? request->qos : vf_vlan_qos(vlan),
		       protocol);
	return set_one(want, request, VF_VLAN, vlan, error);
}

static int set_rate(struct want *want, const struct vf_request *request, uint64_t given,
		    struct xbr_error *error)
{
	uint64_t rate = former(want, request, VF_RATE);
	uint32_t min = given & VF_GIVEN_MIN ? request->min_tx_rate : vf_rate_min(rate);
	uint32_t max = given & VF_GIVEN_MAX ? request->max_tx_rate : vf_rate_max(rate);

	if (max && min > max)
		return xbr_refuse(error, -EINVAL, "min_tx_rate %u is more than max_tx_rate %u", min, max);
	return set_one(want, request, VF_RATE, vf_rate(min, max), error);
}

static int set_all(struct want *want, const struct vf_request *request, uint64_t given,
		   struct xbr_error *error)
{
	int err = 0;

	if (given & VF_GIVEN_MAC)
		err = set_mac(want, request, error);
	if (!err && given & (VF_GIVEN_VLAN | VF_GIVEN_QOS | VF_GIVEN_PROTOCOL))
		err = set_vlan(want, request, given, error);
	if (!err && given & (VF_GIVEN_MIN | VF_GIVEN_MAX))
		err = set_rate(want, request, given, error);
	if (!err && given & VF_GIVEN_SPOOFCHK)
		err = set_one(want, request, VF_SPOOFCHK, request->spoofchk, error);
	if (!err && given & VF_GIVEN_TRUST)
		err = set_one(want, request, VF_TRUST, request->trust, error);
	if (!err && given & VF_GIVEN_STATE)
		err = set_one(want, request, VF_STATE, request->state, error);
	return err;
}

int command_vf_set(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct vf_request request = {0};
	uint64_t given = 0;
	int err = params_read(params, set_params, &request, &given, error);

	return err ? err : set_all(want, &request, given, error);
}

int command_vf_unset(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct vf_request request = {0};
	uint64_t given = 0;
	int err = params_read(params, unset_params, &request, &given, error);

	if (err)
		return err;
	return offload_unset_words(want, request.dev, (uint16_t)request.vf, request.attributes, error);
}

/* ---- which VF ---- */

/* The VF that is meant, or a sentence: there is no such device, no such VF. */
static int find_vf(struct model *model, const struct vf_request *request, struct offload_target *ret_target,
		   struct xbr_error *error)
{
	struct xbr_offload_key key;
	uint64_t now, memory;
	int err;

	offload_key_of(request->dev, (uint16_t)request->vf, OFFLOAD_VF + VF_MAC, &key);
	err = offload_target(model, &key, ret_target, error);
	return err ? err : offload_attribute_read(model, ret_target, &now, &memory, error);
}

/* The device that stands for it on the host; false: there is none, but where the NIC's switch is in mode
 * switchdev. */
static bool find_representor(struct model *model, const struct rtnl_link *pf, uint32_t vf,
			     struct rtnl_link *ret_representor)
{
	struct genl *devlink = offload_devlink(model);
	struct vf_parent parent;
	int ifindex;

	return devlink && !vf_parent(model->rtnl, pf->ifindex, &parent) &&
	       !devlink_representor(devlink, &parent, vf, &ifindex) &&
	       !rtnl_link_by_index(model->rtnl, ifindex, ret_representor);
}

/* ---- a port of a VF ---- */

static int refuse_switch(const char *dev, uint32_t vf, struct xbr_error *error)
{
	return xbr_refuse(
		error, -EOPNOTSUPP,
		"frames of VF %u do not come to the host, the NIC %s switches them by itself: what it "
		"can do is set by xbr vf set (vlan, rate, spoofchk); after xbr offload set dev %s "
		"eswitch switchdev it can be a port",
		vf, dev, dev);
}

static int need_representor(struct model *model, const struct vf_request *request,
			    struct rtnl_link *ret_representor, struct xbr_error *error)
{
	struct offload_target target;
	int err = find_vf(model, request, &target, error);

	if (err)
		return err;
	if (!find_representor(model, &target.link, request->vf, ret_representor))
		return refuse_switch(request->dev, request->vf, error);
	return 0;
}

int vf_port_params(struct model *model, const json_t *params, json_t **ret_params, struct xbr_error *error)
{
	struct vf_request request = {.dev = json_string_value(json_object_get(params, "dev"))};
	const json_t *vf = json_object_get(params, "vf");
	struct rtnl_link representor;
	json_t *rest;
	int err;

	if (!request.dev || !json_is_integer(vf) || json_integer_value(vf) < 0 ||
	    json_integer_value(vf) > 4095)
		return xbr_refuse(
			error, -EINVAL,
			"type vf needs dev, the physical function, and vf, a number from 0 to 4095");
	request.vf = (uint32_t)json_integer_value(vf);
	err = need_representor(model, &request, &representor, error);
	if (err)
		return err;
	rest = json_copy((json_t *)params);
	if (!rest || json_object_set_new(rest, "dev", json_string(representor.name))) {
		json_decref(rest);
		return xbr_refuse(error, -ENOMEM, "out of memory");
	}
	json_object_del(rest, "type");
	json_object_del(rest, "vf");
	*ret_params = rest;
	return 0;
}

/* ---- show ---- */

static bool knows(const struct vf_info *info, enum vf_attribute attribute)
{
	return info->known >> attribute & 1;
}

static void add_vlan(json_t *object, uint64_t vlan)
{
	json_t *item = json_pack("{si}", "vlan", (int)vf_vlan_vid(vlan));

	if (vf_vlan_qos(vlan))
		json_object_set_new(item, "qos", json_integer(vf_vlan_qos(vlan)));
	if (vf_vlan_protocol(vlan) == VF_PROTOCOL_8021AD)
		json_object_set_new(item, "protocol", json_string("802.1ad"));
	json_object_set_new(object, "vlan_list", json_pack("[o]", item));
}

static void add_known(json_t *object, const struct vf_info *info)
{
	const uint64_t *value = info->value;
	char text[OFFLOAD_TEXT];

	if (knows(info, VF_MAC)) {
		offload_text(OFFLOAD_VF + VF_MAC, value[VF_MAC], text);
		json_object_set_new(object, "address", json_string(text + strlen("mac ")));
	}
	if (knows(info, VF_VLAN) && value[VF_VLAN])
		add_vlan(object, value[VF_VLAN]);
	if (knows(info, VF_RATE))
		json_object_set_new(object, "rate",
				    json_pack("{sI sI}", "max_tx", (json_int_t)vf_rate_max(value[VF_RATE]),
					      "min_tx", (json_int_t)vf_rate_min(value[VF_RATE])));
	if (knows(info, VF_SPOOFCHK))
		json_object_set_new(object, "spoofchk", json_boolean(value[VF_SPOOFCHK]));
	if (knows(info, VF_TRUST))
		json_object_set_new(object, "trust", json_boolean(value[VF_TRUST]));
	if (knows(info, VF_STATE) && value[VF_STATE] < 3)
		json_object_set_new(object, "link_state", json_string(vf_state_words[value[VF_STATE]]));
}

static json_t *show_vf(struct model *model, const struct rtnl_link *link, const struct vf_info *info)
{
	json_t *object = json_pack("{ss si}", "ifname", link->name, "vf", (int)info->vf);
	struct rtnl_link representor;

	add_known(object, info);
	if (find_representor(model, link, info->vf, &representor))
		json_object_set_new(object, "representor", json_string(representor.name));
	offload_add_settings(object, model, link->name, (uint16_t)info->vf);
	return object;
}

/* A walk over devices, or over one. */
struct show_walk {
	struct model *model;
	json_t *list;
	const struct vf_request *request;
	bool one_vf;
	size_t found;
};

static int show_each(const struct rtnl_link *link, void *user)
{
	struct show_walk *walk = user;
	struct vf_info *vfs;
	size_t count;

	if (vf_list(walk->model->rtnl, link->ifindex, &vfs, &count))
		return 0;
	for (size_t i = 0; i < count; i++)
		if (!walk->one_vf || vfs[i].vf == walk->request->vf)
			json_array_append_new(walk->list, show_vf(walk->model, link, &vfs[i]));
	walk->found += count;
	free(vfs);
	return 0;
}

static int show_one(struct show_walk *walk, struct xbr_error *error)
{
	struct offload_target target;
	int err = find_vf(walk->model, walk->request, &target, error);

	return err ? err : show_each(&target.link, walk);
}

void handle_vf_show(void *user, struct server_client *client, const json_t *params,
		    struct server_reply *reply)
{
	struct agent *agent = user;
	struct vf_request request = {0};
	struct show_walk walk = {.model = agent->model, .list = json_array(), .request = &request};
	struct xbr_error error;
	uint64_t given = 0;
	int err = params_read(params, show_params, &request, &given, &error);

	(void)client;
	walk.one_vf = given & VF_GIVEN_VF;
	if (!err && request.dev)
		err = show_one(&walk, &error);
	else if (!err)
		err = offload_each_link(agent->model, show_each, &walk, &error);
	offload_answer(reply, err, walk.list, &error);
}
