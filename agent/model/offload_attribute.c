// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/offload.h"
#include "net/ethtool.h"

const char *const hwmode_words[] = {"veb", "vepa", NULL};
const char *const eswitch_words[] = {"legacy", "switchdev", NULL};
const char *const vf_state_words[] = {"auto", "enable", "disable", NULL};

/* ---- words ---- */

const char *offload_word(uint16_t attribute)
{
	static const char *const of_device[] = {"rx-queues", "tx-queues", "combined", "hwmode", "eswitch"};
	static const char *const of_vf[] = {"mac", "vlan", "rate", "spoofchk", "trust", "state"};

	if (attribute < NET_FEATURE_COUNT)
		return net_feature_words[attribute];
	if (attribute >= OFFLOAD_RX_QUEUES && attribute <= OFFLOAD_ESWITCH)
		return of_device[attribute - OFFLOAD_RX_QUEUES];
	if (attribute >= OFFLOAD_VF && attribute < OFFLOAD_ATTRIBUTES)
		return of_vf[attribute - OFFLOAD_VF];
	return NULL;
}

static void vlan_text(uint64_t value, char *text, size_t size)
{
	snprintf(text, size, "vlan %u qos %u%s", vf_vlan_vid(value), vf_vlan_qos(value),
		 vf_vlan_protocol(value) == VF_PROTOCOL_8021AD ? " proto 802.1ad" : "");
}

static void mac_text(uint64_t value, char *text, size_t size)
{
	snprintf(text, size, "mac %02x:%02x:%02x:%02x:%02x:%02x", (unsigned int)(value >> 40 & 0xff),
		 (unsigned int)(value >> 32 & 0xff), (unsigned int)(value >> 24 & 0xff),
		 (unsigned int)(value >> 16 & 0xff), (unsigned int)(value >> 8 & 0xff),
		 (unsigned int)(value & 0xff));
}

void offload_text(uint16_t attribute, uint64_t value, char ret_text[OFFLOAD_TEXT])
{
	const char *word = offload_word(attribute);

	switch (attribute) {
	case OFFLOAD_RX_QUEUES:
	case OFFLOAD_TX_QUEUES:
	case OFFLOAD_COMBINED:
		snprintf(ret_text, OFFLOAD_TEXT, "%s %u", word, (uint32_t)value);
		break;
	case OFFLOAD_HWMODE:
		snprintf(ret_text, OFFLOAD_TEXT, "%s %s", word, value < 2 ? hwmode_words[value] : "?");
		break;
	case OFFLOAD_ESWITCH:
		snprintf(ret_text, OFFLOAD_TEXT, "%s %s", word, value < 2 ? eswitch_words[value] : "?");
		break;
	case OFFLOAD_VF + VF_MAC:
		mac_text(value, ret_text, OFFLOAD_TEXT);
		break;
	case OFFLOAD_VF + VF_VLAN:
		vlan_text(value, ret_text, OFFLOAD_TEXT);
		break;
	case OFFLOAD_VF + VF_RATE:
		snprintf(ret_text, OFFLOAD_TEXT, "min_tx_rate %u max_tx_rate %u", vf_rate_min(value),
			 vf_rate_max(value));
		break;
	case OFFLOAD_VF + VF_STATE:
		snprintf(ret_text, OFFLOAD_TEXT, "%s %s", word, value < 3 ? vf_state_words[value] : "?");
		break;
	default:
		snprintf(ret_text, OFFLOAD_TEXT, "%s %s", word, value ? "on" : "off");
	}
}

/* "eth0", or "VF 3 of eth0". */
struct whose {
	char text[64];
};
static struct whose whose(const struct offload_target *target)
{
	struct whose whose;

	if (target->vf == XBR_OFFLOAD_NO_VF)
		snprintf(whose.text, sizeof(whose.text), "%s", target->dev);
	else
		snprintf(whose.text, sizeof(whose.text), "VF %u of %s", target->vf, target->dev);
	return whose;
}

/* What the kernel's refusal comes to. done: "read", "set". */
static int refuse(const struct offload_target *target, int code, const char *done, struct xbr_error *error)
{
	const char *word = offload_word(target->attribute);

	switch (code) {
	case -EOPNOTSUPP:
		return xbr_refuse(error, code, "%s of %s cannot be %s: its driver does not support it", word,
				  whose(target).text, done);
	case -EPERM:
	case -EACCES:
		return xbr_refuse(
			error, code,
			"%s of %s cannot be %s: not permitted (it takes CAP_NET_ADMIN, and a driver "
			"that leaves it to the host)",
			word, whose(target).text, done);
	case -ENODEV:
		return xbr_refuse(error, code, "%s of %s cannot be %s: the device has no such thing", word,
				  whose(target).text, done);
	default:
		return xbr_refuse(error, code, "%s of %s cannot be %s: %s", word, whose(target).text, done,
				  strerror(-code));
	}
}

/* ---- devices ---- */

struct genl *offload_ethtool(struct model *model)
{
	if (!model->offload->ethtool && features_open(&model->offload->ethtool))
		return NULL;
	return model->offload->ethtool;
}

struct genl *offload_devlink(struct model *model)
{
	if (!model->offload->devlink && devlink_open(&model->offload->devlink))
		return NULL;
	return model->offload->devlink;
}

int offload_target(struct model *model, const struct xbr_offload_key *key, struct offload_target *ret_target,
		   struct xbr_error *error)
{
	int err;

	*ret_target = (struct offload_target){.dev = key->dev, .vf = key->vf, .attribute = key->attribute};
	err = rtnl_link_by_name(model->rtnl, key->dev, &ret_target->link);
	if (err == -ENODEV)
		return xbr_refuse(error, err, "there is no device %s", key->dev);
	return err ? xbr_refuse(error, err, "cannot ask for %s: %s", key->dev, strerror(-err)) : 0;
}

/* ---- features ---- */

/* What hook.c turns off while XDP is on a device; 0: not its concern. */
static uint32_t hook_bit(uint16_t feature)
{
	switch (feature) {
	case NET_FEATURE_LRO:
		return XBR_OFFLOAD_LRO;
	case NET_FEATURE_RX_GRO_HW:
		return XBR_OFFLOAD_GRO_HW;
	case NET_FEATURE_RXVLAN:
		return XBR_OFFLOAD_RXVLAN;
	default:
		return 0;
	}
}

static struct port *port_with_xdp(const struct model *model, const struct offload_target *target)
{
	struct port *port = model_port_by_ifindex(model, (uint32_t)target->link.ifindex);

	return port && hook_bit(target->attribute) && port->hook.rx == HOOK_RX_XDP ? port : NULL;
}

/* The memory of a feature that XDP keeps off; NULL: the device is asked. */
static uint32_t *held_before(struct model *model, const struct offload_target *target)
{
	struct port *port = port_with_xdp(model, target);
	struct xbr_port_saved *saved = port ? port_memory(model, port) : NULL;

	return saved && saved->own_changed & hook_bit(target->attribute) ? &saved->own_before : NULL;
}

static int feature_state(struct model *model, const struct offload_target *target,
			 struct net_feature_state *ret_state, struct xbr_error *error)
{
	struct genl *ethtool = offload_ethtool(model);
	struct net_features features;
	int err = ethtool ? features_get(ethtool, target->dev, &features) : -EOPNOTSUPP;

	if (err)
		return refuse(target, err, "read", error);
	*ret_state = features.of[target->attribute];
	return 0;
}

static int feature_check(struct model *model, const struct offload_target *target, uint64_t value,
			 struct xbr_error *error)
{
	struct net_feature_state state;
	int err;

	if (value && port_with_xdp(model, target))
		return xbr_refuse(
			error, -EBUSY,
			"%s of %s stays off while native XDP is on it: frames would reach XDP without "
			"their tag, or glued together (xbr link set dev %s xdp off)",
			offload_word(target->attribute), target->dev, target->dev);
	err = feature_state(model, target, &state, error);
	if (err)
		return err;
	if (!state.changeable && (state.active != 0) != (value != 0))
		return xbr_refuse(error, -EOPNOTSUPP, "%s of %s is fixed at %s: its driver does not turn it",
				  offload_word(target->attribute), target->dev, state.active ? "on" : "off");
	return 0;
}

static int feature_read(struct model *model, const struct offload_target *target, uint64_t *ret_now,
			uint64_t *ret_memory, struct xbr_error *error)
{
	const uint32_t *held = held_before(model, target);
	struct net_feature_state state;
	int err = feature_state(model, target, &state, error);

	if (err)
		return err;
	*ret_now = held ? (*held & hook_bit(target->attribute)) != 0 : state.active != 0;
	*ret_memory = held ? *ret_now : state.wanted;
	return 0;
}

/* to: bits of the feature's members. */
static int feature_turn(struct model *model, const struct offload_target *target, uint32_t to,
			struct xbr_error *error)
{
	uint32_t *held = held_before(model, target);
	struct net_feature_state state;
	int err;

	if (held) {
		*held = to ? *held | hook_bit(target->attribute) : *held & ~hook_bit(target->attribute);
		return 0;
	}
	err = feature_state(model, target, &state, error);
	if (err)
		return err;
	to = (to & state.changeable) ^ (state.wanted & state.changeable);
	if (!to)
		return 0;
	err = features_set(offload_ethtool(model), target->dev, target->attribute, to, ~state.wanted);
	return err ? refuse(target, err, "set", error) : 0;
}

/* ---- channels ---- */

static enum net_channel channel_of(const struct offload_target *target)
{
	switch (target->attribute) {
	case OFFLOAD_RX_QUEUES:
		return NET_CHANNEL_RX;
	case OFFLOAD_TX_QUEUES:
		return NET_CHANNEL_TX;
	default:
		return NET_CHANNEL_COMBINED;
	}
}

static int channels_read(struct model *model, const struct offload_target *target,
			 struct net_channels *ret_channels, struct xbr_error *error)
{
	struct genl *ethtool = offload_ethtool(model);
	int err = ethtool ? channels_get(ethtool, target->dev, ret_channels) : -EOPNOTSUPP;

	return err ? refuse(target, err, "read", error) : 0;
}

static int channels_check(struct model *model, const struct offload_target *target, uint64_t value,
			  struct xbr_error *error)
{
	struct net_channels channels;
	uint32_t max;
	int err = channels_read(model, target, &channels, error);

	if (err)
		return err;
	max = channels.max[channel_of(target)];
	if (!max)
		return xbr_refuse(error, -EOPNOTSUPP, "%s has no channels of the kind %s", target->dev,
				  offload_word(target->attribute));
	if (value > max)
		return xbr_refuse(error, -ERANGE, "%s %u of %s is out of range: 1 to %u",
				  offload_word(target->attribute), (uint32_t)value, target->dev, max);
	return 0;
}

/* ---- the switch of a NIC ---- */

static int eswitch_read(struct model *model, const struct offload_target *target, uint64_t *ret_mode,
			struct xbr_error *error)
{
	struct genl *devlink = offload_devlink(model);
	struct vf_parent parent;
	uint16_t mode;
	int err = vf_parent(model->rtnl, target->link.ifindex, &parent);

	if (!err)
		err = devlink ? devlink_eswitch_get(devlink, &parent, &mode) : -EOPNOTSUPP;
	if (err)
		return refuse(target, err == -ENOENT ? -EOPNOTSUPP : err, "read", error);
	*ret_mode = mode;
	return 0;
}

static int eswitch_write(struct model *model, const struct offload_target *target, uint64_t mode,
			 struct xbr_error *error)
{
	struct genl *devlink = offload_devlink(model);
	struct vf_parent parent;
	int err = vf_parent(model->rtnl, target->link.ifindex, &parent);

	if (!err)
		err = devlink ? devlink_eswitch_set(devlink, &parent, (uint16_t)mode) : -EOPNOTSUPP;
	return err ? refuse(target, err == -ENOENT ? -EOPNOTSUPP : err, "set", error) : 0;
}

static int hwmode_read(struct model *model, const struct offload_target *target, uint64_t *ret_mode,
		       struct xbr_error *error)
{
	uint16_t mode;
	int err = hwmode_get(model->rtnl, target->link.ifindex, &mode);

	if (err)
		return refuse(target, err, "read", error);
	*ret_mode = mode;
	return 0;
}

/* ---- virtual functions ---- */

static int vf_find(struct model *model, const struct offload_target *target, struct vf_info *ret_info,
		   struct xbr_error *error)
{
	uint32_t count = 0;
	int err = vf_get(model->rtnl, target->link.ifindex, target->vf, ret_info);

	if (!err)
		return 0;
	if (err != -ENOENT || vf_count(model->rtnl, target->link.ifindex, &count))
		return refuse(target, err, "read", error);
	if (!count)
		return xbr_refuse(error, err,
				  "%s has no virtual functions (they are made by writing how many to "
				  "/sys/class/net/%s/device/sriov_numvfs)",
				  target->dev, target->dev);
	return xbr_refuse(error, err, "%s has no VF %u: it has %u, 0 to %u", target->dev, target->vf, count,
			  count - 1);
}

/* The VF, whose driver tells of the attribute. */
static int vf_find_known(struct model *model, const struct offload_target *target, const char *done,
			 struct vf_info *ret_info, struct xbr_error *error)
{
	int err = vf_find(model, target, ret_info, error);

	if (err)
		return err;
	if (!(ret_info->known & 1u << (target->attribute - OFFLOAD_VF)))
		return refuse(target, -EOPNOTSUPP, done, error);
	return 0;
}

static int rate_check(const struct offload_target *target, uint64_t value, struct xbr_error *error)
{
	uint32_t speed = 0, min = vf_rate_min(value), max = vf_rate_max(value);
	bool full;

	if (max && min > max)
		return xbr_refuse(error, -EINVAL, "min_tx_rate %u is more than max_tx_rate %u", min, max);
	if (ethtool_speed(target->dev, &speed, &full) || !speed)
		return 0; /* not known: then the driver judges */
	if (min > speed || max > speed)
		return xbr_refuse(error, -ERANGE, "%s %u Mb/s is beyond the link of %s, which has %u Mb/s",
				  max > speed ? "max_tx_rate" : "min_tx_rate", max > speed ? max : min,
				  target->dev, speed);
	return 0;
}

static int vf_check(struct model *model, const struct offload_target *target, uint64_t value,
		    struct xbr_error *error)
{
	struct vf_info info;
	int err = vf_find_known(model, target, "set", &info, error);

	if (err)
		return err;
	return target->attribute == OFFLOAD_VF + VF_RATE ? rate_check(target, value, error) : 0;
}

static int vf_read(struct model *model, const struct offload_target *target, uint64_t *ret_value,
		   struct xbr_error *error)
{
	struct vf_info info;
	int err = vf_find_known(model, target, "read", &info, error);

	if (err)
		return err;
	*ret_value = info.value[target->attribute - OFFLOAD_VF];
	return 0;
}

/* ---- any ---- */

int offload_attribute_check(struct model *model, const struct offload_target *target, uint64_t value,
			    struct xbr_error *error)
{
	uint64_t now;

	if (target->attribute < NET_FEATURE_COUNT)
		return feature_check(model, target, value, error);
	if (target->attribute >= OFFLOAD_VF)
		return vf_check(model, target, value, error);
	if (target->attribute == OFFLOAD_HWMODE)
		return hwmode_read(model, target, &now, error);
	if (target->attribute == OFFLOAD_ESWITCH)
		return eswitch_read(model, target, &now, error);
	return channels_check(model, target, value, error);
}

static int read_channel(struct model *model, const struct offload_target *target, uint64_t *ret_count,
			struct xbr_error *error)
{
	struct net_channels channels;
	int err = channels_read(model, target, &channels, error);

	if (!err)
		*ret_count = channels.count[channel_of(target)];
	return err;
}

int offload_attribute_read(struct model *model, const struct offload_target *target, uint64_t *ret_now,
			   uint64_t *ret_memory, struct xbr_error *error)
{
	uint64_t now = 0;
	int err;

	if (target->attribute < NET_FEATURE_COUNT)
		return feature_read(model, target, ret_now, ret_memory, error);
	if (target->attribute >= OFFLOAD_VF)
		err = vf_read(model, target, &now, error);
	else if (target->attribute == OFFLOAD_HWMODE)
		err = hwmode_read(model, target, &now, error);
	else if (target->attribute == OFFLOAD_ESWITCH)
		err = eswitch_read(model, target, &now, error);
	else
		err = read_channel(model, target, &now, error);
	if (!err)
		*ret_now = *ret_memory = now;
	return err;
}

int offload_attribute_write(struct model *model, const struct offload_target *target, uint64_t value,
			    struct xbr_error *error)
{
	int ifindex = target->link.ifindex, err;

	if (target->attribute < NET_FEATURE_COUNT)
		return feature_turn(model, target, value ? UINT32_MAX : 0, error);
	if (target->attribute == OFFLOAD_ESWITCH)
		return eswitch_write(model, target, value, error);
	if (target->attribute >= OFFLOAD_VF)
		err = vf_set(model->rtnl, ifindex, target->vf, target->attribute - OFFLOAD_VF, value);
	else if (target->attribute == OFFLOAD_HWMODE)
		err = hwmode_set(model->rtnl, ifindex, (uint16_t)value);
	else if (offload_ethtool(model))
		err = channels_set(offload_ethtool(model), target->dev, channel_of(target), (uint32_t)value);
	else
		err = -EOPNOTSUPP;
	return err ? refuse(target, err, "set", error) : 0;
}

int offload_attribute_restore(struct model *model, const struct offload_target *target, uint64_t memory,
			      struct xbr_error *error)
{
	if (target->attribute < NET_FEATURE_COUNT)
		return feature_turn(model, target, (uint32_t)memory, error);
	return offload_attribute_write(model, target, memory, error);
}
