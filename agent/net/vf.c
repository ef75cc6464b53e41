// SPDX-License-Identifier: Apache-2.0
/* Attributes are those of linux/if_link.h and linux/if_bridge.h. */
#include "net/vf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "net/rtnl_internal.h"

/* What the kernel says where the driver does not. */
#define UNTOLD UINT32_MAX

static struct nlmsghdr *link_message(struct rtnl *rtnl, int type, int flags, uint8_t family, int ifindex)
{
	struct nlmsghdr *question = netlink_question(&rtnl->requests, type, flags);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(question, sizeof(*info));

	info->ifi_family = family;
	info->ifi_index = ifindex;
	return question;
}

/* ---- reading --------------------------------------------------------------------------------------- */

/* What an answer is made of while it is read. */
struct reading {
	uint32_t count; /* IFLA_NUM_VF */
	struct vf_info *vfs;
	size_t used, room;
	struct vf_parent parent;
	int err;
};

static void know(struct vf_info *info, enum vf_attribute attribute, uint64_t value)
{
	info->known |= 1u << attribute;
	info->value[attribute] = value;
}

static void know_switch(struct vf_info *info, enum vf_attribute attribute, uint32_t value)
{
	if (value != UNTOLD)
		know(info, attribute, value != 0);
}

static uint64_t mac_value(const uint8_t octets[6])
{
	uint64_t mac = 0;

	for (int i = 0; i < 6; i++)
		mac = mac << 8 | octets[i];
	return mac;
}

static int read_vlan(const struct nlattr *attribute, void *user)
{
	const struct ifla_vf_vlan_info *vlan = mnl_attr_get_payload(attribute);

	if (mnl_attr_get_type(attribute) == IFLA_VF_VLAN_INFO &&
	    mnl_attr_get_payload_len(attribute) >= sizeof(*vlan))
		know(user, VF_VLAN, vf_vlan(vlan->vlan, vlan->qos, ntohs(vlan->vlan_proto)));
	return MNL_CB_OK;
}

/* A payload of the attribute's own struct; NULL where it is cut short. */
static const void *payload(const struct nlattr *attribute, size_t size)
{
	return mnl_attr_get_payload_len(attribute) >= size ? mnl_attr_get_payload(attribute) : NULL;
}

static int read_vf(const struct nlattr *attribute, void *user)
{
	struct vf_info *info = user;
	const struct ifla_vf_mac *mac;
	const struct ifla_vf_rate *rate;
	const struct ifla_vf_spoofchk *setting; /* a VF and a number, as those of trust and state are */

	switch (mnl_attr_get_type(attribute)) {
	case IFLA_VF_MAC:
		mac = payload(attribute, sizeof(*mac));
		if (!mac)
			return MNL_CB_ERROR;
		info->vf = mac->vf;
		know(info, VF_MAC, mac_value(mac->mac));
		break;
	case IFLA_VF_VLAN_LIST:
		return mnl_attr_parse_nested(attribute, read_vlan, info);
	case IFLA_VF_RATE:
		rate = payload(attribute, sizeof(*rate));
		if (rate)
			know(info, VF_RATE, vf_rate(rate->min_tx_rate, rate->max_tx_rate));
		break;
	case IFLA_VF_SPOOFCHK:
		setting = payload(attribute, sizeof(*setting));
		if (setting)
			know_switch(info, VF_SPOOFCHK, setting->setting);
		break;
	case IFLA_VF_TRUST:
		setting = payload(attribute, sizeof(*setting));
		if (setting)
			know_switch(info, VF_TRUST, setting->setting);
		break;
	case IFLA_VF_LINK_STATE:
		setting = payload(attribute, sizeof(*setting));
		if (setting)
			know(info, VF_STATE, setting->setting);
		break;
	}
	return MNL_CB_OK;
}

static struct vf_info *reading_next(struct reading *reading)
{
	size_t room = reading->room ? reading->room * 2 : 16;
	struct vf_info *vfs;

	if (reading->used == reading->room) {
		vfs = reallocarray(reading->vfs, room, sizeof(*vfs));
		if (!vfs) {
			reading->err = -ENOMEM;
			return NULL;
		}
		reading->vfs = vfs;
		reading->room = room;
	}
	reading->vfs[reading->used] = (struct vf_info){0};
	return &reading->vfs[reading->used++];
}

static int read_vf_item(const struct nlattr *attribute, void *user)
{
	struct vf_info *info;

	if (mnl_attr_get_type(attribute) != IFLA_VF_INFO)
		return MNL_CB_OK;
	info = reading_next(user);
	return info ? mnl_attr_parse_nested(attribute, read_vf, info) : MNL_CB_ERROR;
}

static int read_link(const struct nlattr *attribute, void *user)
{
	struct reading *reading = user;

	switch (mnl_attr_get_type(attribute)) {
	case IFLA_NUM_VF:
		reading->count = mnl_attr_get_u32(attribute);
		break;
	case IFLA_PARENT_DEV_NAME:
		netlink_copy_string(attribute, reading->parent.name, sizeof(reading->parent.name));
		break;
	case IFLA_PARENT_DEV_BUS_NAME:
		netlink_copy_string(attribute, reading->parent.bus, sizeof(reading->parent.bus));
		break;
	case IFLA_VFINFO_LIST:
		return mnl_attr_parse_nested(attribute, read_vf_item, reading);
	}
	return MNL_CB_OK;
}

static int take_link(const struct nlmsghdr *message, void *user)
{
	struct reading *reading = user;

	if (mnl_attr_parse(message, sizeof(struct ifinfomsg), read_link, user) < 0)
		return reading->err ? reading->err : -EPROTO;
	return 0;
}

/* On failure nothing is left to be freed. */
static int ask(struct rtnl *rtnl, int ifindex, struct reading *ret_reading)
{
	struct reading reading = {0};
	struct nlmsghdr *question;
	int err;

	if (ifindex <= 0)
		return -ENODEV;
	question = link_message(rtnl, RTM_GETLINK, 0, AF_UNSPEC, ifindex);
	mnl_attr_put_u32(question, IFLA_EXT_MASK, RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS);
	err = netlink_ask(&rtnl->requests, question, take_link, &reading);
	if (err)
		free(reading.vfs);
	else
		*ret_reading = reading;
	return err;
}

int vf_count(struct rtnl *rtnl, int ifindex, uint32_t *ret_count)
{
	struct reading reading;
	int err = ask(rtnl, ifindex, &reading);

	if (err)
		return err;
	*ret_count = reading.count;
	free(reading.vfs);
	return 0;
}

int vf_list(struct rtnl *rtnl, int ifindex, struct vf_info **ret_vfs, size_t *ret_count)
{
	struct reading reading;
	int err = ask(rtnl, ifindex, &reading);

	if (err)
		return err;
	*ret_vfs = reading.vfs;
	*ret_count = reading.used;
	return 0;
}

int vf_get(struct rtnl *rtnl, int ifindex, uint32_t vf, struct vf_info *ret_info)
{
	struct reading reading;
	int err = ask(rtnl, ifindex, &reading);

	if (err)
		return err;
	err = -ENOENT;
	for (size_t i = 0; i < reading.used; i++)
		if (reading.vfs[i].vf == vf) {
			*ret_info = reading.vfs[i];
			err = 0;
		}
	free(reading.vfs);
	return err;
}

int vf_parent(struct rtnl *rtnl, int ifindex, struct vf_parent *ret_parent)
{
	struct reading reading;
	int err = ask(rtnl, ifindex, &reading);

	if (err)
		return err;
	free(reading.vfs);
	if (!reading.parent.name[0] || !reading.parent.bus[0])
		return -ENOENT;
	*ret_parent = reading.parent;
	return 0;
}

/* ---- changing -------------------------------------------------------------------------------------- */

static void put_mac(struct nlmsghdr *question, uint32_t vf, uint64_t value)
{
	struct ifla_vf_mac mac = {.vf = vf};

	for (int i = 0; i < 6; i++)
		mac.mac[i] = (uint8_t)(value >> (40 - 8 * i));
	mnl_attr_put(question, IFLA_VF_MAC, sizeof(mac), &mac);
}

/* Older drivers take no list: a C-tag is said by the attribute that all know. */
static void put_vlan(struct nlmsghdr *question, uint32_t vf, uint64_t value)
{
	struct ifla_vf_vlan_info info = {.vf = vf,
					 .vlan = vf_vlan_vid(value),
					 .qos = vf_vlan_qos(value),
					 .vlan_proto = htons((uint16_t)vf_vlan_protocol(value))};
	struct ifla_vf_vlan vlan = {.vf = vf, .vlan = info.vlan, .qos = info.qos};
	struct nlattr *list;

	if (vf_vlan_protocol(value) != VF_PROTOCOL_8021AD) {
		mnl_attr_put(question, IFLA_VF_VLAN, sizeof(vlan), &vlan);
		return;
	}
	list = mnl_attr_nest_start(question, IFLA_VF_VLAN_LIST);
	mnl_attr_put(question, IFLA_VF_VLAN_INFO, sizeof(info), &info);
	mnl_attr_nest_end(question, list);
}

static void put_setting(struct nlmsghdr *question, uint16_t type, uint32_t vf, uint64_t value)
{
	const struct ifla_vf_spoofchk setting = {.vf = vf, .setting = (uint32_t)value};

	mnl_attr_put(question, type, sizeof(setting), &setting);
}

static void put_attribute(struct nlmsghdr *question, uint32_t vf, enum vf_attribute attribute, uint64_t value)
{
	const struct ifla_vf_rate rate = {
		.vf = vf, .min_tx_rate = vf_rate_min(value), .max_tx_rate = vf_rate_max(value)};

	switch (attribute) {
	case VF_MAC:
		put_mac(question, vf, value);
		break;
	case VF_VLAN:
		put_vlan(question, vf, value);
		break;
	case VF_RATE:
		mnl_attr_put(question, IFLA_VF_RATE, sizeof(rate), &rate);
		break;
	case VF_SPOOFCHK:
		put_setting(question, IFLA_VF_SPOOFCHK, vf, value);
		break;
	case VF_TRUST:
		put_setting(question, IFLA_VF_TRUST, vf, value);
		break;
	default:
		put_setting(question, IFLA_VF_LINK_STATE, vf, value);
	}
}

int vf_set(struct rtnl *rtnl, int ifindex, uint32_t vf, enum vf_attribute attribute, uint64_t value)
{
	struct nlmsghdr *question = link_message(rtnl, RTM_SETLINK, 0, AF_UNSPEC, ifindex);
	struct nlattr *list = mnl_attr_nest_start(question, IFLA_VFINFO_LIST);
	struct nlattr *info = mnl_attr_nest_start(question, IFLA_VF_INFO);

	put_attribute(question, vf, attribute, value);
	mnl_attr_nest_end(question, info);
	mnl_attr_nest_end(question, list);
	return netlink_ask(&rtnl->requests, question, NULL, NULL);
}

/* ---- the embedded switch --------------------------------------------------------------------------- */

struct switch_mode {
	int ifindex;
	uint16_t mode;
};

static int read_af_spec(const struct nlattr *attribute, void *user)
{
	if (mnl_attr_get_type(attribute) == IFLA_BRIDGE_MODE)
		*(uint16_t *)user = mnl_attr_get_u16(attribute);
	return MNL_CB_OK;
}

static int read_bridge_link(const struct nlattr *attribute, void *user)
{
	if (mnl_attr_get_type(attribute) == IFLA_AF_SPEC)
		return mnl_attr_parse_nested(attribute, read_af_spec, user);
	return MNL_CB_OK;
}

/* A port of a kernel bridge is told twice: by its master, without a mode, and by itself. */
static bool mode_parse(const struct nlmsghdr *message, void *ret_item)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct switch_mode found = {.mode = BRIDGE_MODE_UNDEF};

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*info))
		return false;
	found.ifindex = info->ifi_index;
	if (mnl_attr_parse(message, sizeof(*info), read_bridge_link, &found.mode) < 0 ||
	    found.mode == BRIDGE_MODE_UNDEF)
		return false;
	*(struct switch_mode *)ret_item = found;
	return true;
}

int hwmode_get(struct rtnl *rtnl, int ifindex, uint16_t *ret_mode)
{
	struct nlmsghdr *question = link_message(rtnl, RTM_GETLINK, NLM_F_DUMP, AF_BRIDGE, 0);
	struct netlink_items found;
	const struct switch_mode *modes;
	int err;

	err = netlink_dump(&rtnl->requests, question, sizeof(*modes), mode_parse, &found);
	if (err)
		return err;
	modes = found.items;
	err = -EOPNOTSUPP;
	for (size_t i = 0; i < found.count; i++)
		if (modes[i].ifindex == ifindex) {
			*ret_mode = modes[i].mode;
			err = 0;
		}
	free(found.items);
	return err;
}

int hwmode_set(struct rtnl *rtnl, int ifindex, uint16_t mode)
{
	struct nlmsghdr *question = link_message(rtnl, RTM_SETLINK, 0, AF_BRIDGE, ifindex);
	struct nlattr *spec = mnl_attr_nest_start(question, IFLA_AF_SPEC);

	mnl_attr_put_u16(question, IFLA_BRIDGE_FLAGS, BRIDGE_FLAGS_SELF);
	mnl_attr_put_u16(question, IFLA_BRIDGE_MODE, mode);
	mnl_attr_nest_end(question, spec);
	return netlink_ask(&rtnl->requests, question, NULL, NULL);
}
