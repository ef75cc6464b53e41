// SPDX-License-Identifier: Apache-2.0
#include "model/want.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/want_acl.h"
#include "model/want_meter.h"

/* ---- the container ---- */

struct want *want_new(void)
{
	struct want *want = calloc(1, sizeof(*want));

	for (uint32_t reason = 0; want && reason < XBR_PUNT_ROOM; reason++)
		want->punt[reason] = punt_limit_default;
	return want;
}

static void bridge_drop(struct want *want, struct want_bridge *bridge)
{
	HASH_DEL(want->bridges, bridge);
	vlan_set_drop(bridge->fresh);
	vlan_set_drop(bridge->vlans);
	mst_config_drop(bridge->mst);
	free(bridge);
}

static void port_drop(struct want *want, struct want_port *port)
{
	HASH_DEL(want->ports, port);
	vlan_set_drop(port->vlans);
	mst_rows_drop(port->mst);
	source_list_drop(port->sources);
	free(port);
}

void want_free(struct want *want)
{
	struct want_bridge *bridge, *next_bridge;
	struct want_port *port, *next_port;
	struct want_address *address, *next_address;
	struct want_allowance *allowance, *next_allowance;
	struct want_trunk *trunk, *next_trunk;
	struct want_tag *tag, *next_tag;
	struct want_offload *offload, *next_offload;

	if (!want)
		return;
	want_acls_free(want->acls);
	want_meters_free(want);
	HASH_ITER (hh, want->trunks, trunk, next_trunk) {
		HASH_DEL(want->trunks, trunk);
		free(trunk);
	}
	HASH_ITER (hh, want->tags, tag, next_tag) {
		HASH_DEL(want->tags, tag);
		free(tag);
	}
	HASH_ITER (hh, want->bridges, bridge, next_bridge)
		bridge_drop(want, bridge);
	HASH_ITER (hh, want->ports, port, next_port)
		port_drop(want, port);
	HASH_ITER (hh, want->addresses, address, next_address) {
		HASH_DEL(want->addresses, address);
		free(address);
	}
	HASH_ITER (hh, want->allowances, allowance, next_allowance) {
		HASH_DEL(want->allowances, allowance);
		free(allowance);
	}
	HASH_ITER (hh, want->offloads, offload, next_offload)
		want_offload_unset(want, offload);
	free(want);
}

struct want_bridge *want_bridge_find(const struct want *want, const char *name)
{
	struct want_bridge *bridge;

	HASH_FIND_STR(want->bridges, name, bridge);
	return bridge;
}

struct want_port *want_port_find(const struct want *want, const char *name)
{
	struct want_port *port;

	HASH_FIND_STR(want->ports, name, port);
	return port;
}

struct want_trunk *want_trunk_find(const struct want *want, const char *dev)
{
	struct want_trunk *trunk;

	HASH_FIND_STR(want->trunks, dev, trunk);
	return trunk;
}

static struct want_bridge *bridge_put(struct want *want, const struct want_bridge *from)
{
	struct want_bridge *bridge = malloc(sizeof(*bridge));

	if (!bridge)
		return NULL;
	*bridge = *from;
	vlan_set_share(bridge->fresh);
	vlan_set_share(bridge->vlans);
	mst_config_share(bridge->mst);
	HASH_ADD_STR(want->bridges, name, bridge);
	return bridge;
}

static bool tag_put(struct want *want, const struct want_port *port)
{
	struct want_tag *tag = calloc(1, sizeof(*tag));

	if (!tag)
		return false;
	memcpy(tag->key.dev, port->encap.dev, strnlen(port->encap.dev, sizeof(tag->key.dev) - 1));
	memcpy(tag->name, port->name, sizeof(tag->name));
	tag->key.channel = port->encap.channel;
	HASH_ADD(hh, want->tags, key, sizeof(tag->key), tag);
	return true;
}

static bool trunk_count(struct want *want, const struct want_port *port)
{
	struct want_trunk *trunk = want_trunk_find(want, port->encap.dev);

	if (!trunk) {
		trunk = calloc(1, sizeof(*trunk));
		if (!trunk)
			return false;
		memcpy(trunk->dev, port->encap.dev, sizeof(trunk->dev));
		trunk->kind = port->encap.kind;
		HASH_ADD_STR(want->trunks, dev, trunk);
	}
	trunk->count++;
	return true;
}

static struct want_port *port_put(struct want *want, const struct want_port *from)
{
	struct want_port *port = malloc(sizeof(*port));

	if (!port)
		return NULL;
	*port = *from;
	if (port->encap.kind && (!trunk_count(want, port) || (port->encap.channel && !tag_put(want, port)))) {
		free(port);
		return NULL;
	}
	source_list_hold(port->sources);
	vlan_set_share(port->vlans);
	mst_rows_share(port->mst);
	HASH_ADD_STR(want->ports, name, port);
	return port;
}

static struct want_tag *tag_find(const struct want *want, const char *dev, uint32_t channel)
{
	struct want_tag_key key = {.channel = channel};
	struct want_tag *tag;

	memcpy(key.dev, dev, strnlen(dev, sizeof(key.dev) - 1));
	HASH_FIND(hh, want->tags, &key, sizeof(key), tag);
	return tag;
}

static void channel_leaves(struct want *want, const struct want_port *port)
{
	struct want_trunk *trunk = want_trunk_find(want, port->encap.dev);
	struct want_tag *tag = tag_find(want, port->encap.dev, port->encap.channel);

	if (tag) {
		HASH_DEL(want->tags, tag);
		free(tag);
	}
	if (!trunk || --trunk->count)
		return;
	HASH_DEL(want->trunks, trunk);
	free(trunk);
}

static void port_remove(struct want *want, struct want_port *port)
{
	if (port->encap.kind)
		channel_leaves(want, port);
	port_drop(want, port);
}

static struct want_address *address_put(struct want *want, const struct want_address *from)
{
	struct want_address *address = malloc(sizeof(*address));

	if (!address)
		return NULL;
	*address = *from;
	HASH_ADD(hh, want->addresses, key, sizeof(address->key), address);
	return address;
}

static struct want_allowance *allowance_put(struct want *want, const struct want_allowance *from)
{
	struct want_allowance *allowance = malloc(sizeof(*allowance));

	if (!allowance)
		return NULL;
	*allowance = *from;
	HASH_ADD(hh, want->allowances, key, sizeof(allowance->key), allowance);
	return allowance;
}

struct want *want_clone(const struct want *want)
{
	struct want *clone = want_new();
	struct want_bridge *bridge, *next_bridge;
	struct want_port *port, *next_port;
	struct want_address *address, *next_address;
	struct want_allowance *allowance, *next_allowance;
	struct want_offload *offload, *next_offload;
	struct xbr_error error;
	bool ok;

	if (!clone)
		return NULL;
	ok = !want_meters_clone(clone, want);
	clone->with_addresses = want->with_addresses;
	memcpy(clone->punt, want->punt, sizeof(clone->punt));
	HASH_ITER (hh, want->bridges, bridge, next_bridge)
		ok = ok && bridge_put(clone, bridge);
	HASH_ITER (hh, want->ports, port, next_port)
		ok = ok && port_put(clone, port);
	HASH_ITER (hh, want->addresses, address, next_address)
		ok = ok && address_put(clone, address);
	HASH_ITER (hh, want->allowances, allowance, next_allowance)
		ok = ok && allowance_put(clone, allowance);
	HASH_ITER (hh, want->offloads, offload, next_offload)
		ok = ok && !want_offload_set(clone, &offload->key, offload->value, &error);
	if (ok)
		return clone;
	want_free(clone);
	return NULL;
}

/* ---- checks ---- */

/* The kernel's dev_valid_name(). */
static int check_name(const char *name, struct xbr_error *error)
{
	if (!name[0] || strlen(name) >= XBR_IFNAME_LEN)
		return xbr_refuse(error, -EINVAL, "%s is no device name: 1 to 15 characters are", name);
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return xbr_refuse(error, -EINVAL, "%s is no device name", name);
	for (const char *c = name; *c; c++)
		if (*c == '/' || *c == ':' || isspace((unsigned char)*c))
			return xbr_refuse(error, -EINVAL, "a device name has no '/', ':' or blank: %s", name);
	return 0;
}

static int check_no_such_name(const struct want *want, const char *name, struct xbr_error *error)
{
	if (want_bridge_find(want, name))
		return xbr_refuse(error, -EEXIST, "%s is already a bridge", name);
	if (want_port_find(want, name))
		return xbr_refuse(error, -EEXIST, "%s is already a port of %s", name,
				  want_port_find(want, name)->bridge);
	return 0;
}

static int check_bridge_patch(const struct bridge_patch *patch, struct xbr_error *error)
{
	static const uint8_t zero[6];

	if (patch->given & BRIDGE_GIVEN_AGEING_TIME && patch->to.ageing_time_cs > AGEING_TIME_MAX_CS)
		return xbr_refuse(error, -ERANGE,
				  "ageing_time %u is out of range: 0 to %u hundredths of a second",
				  patch->to.ageing_time_cs, AGEING_TIME_MAX_CS);
	if (patch->given & BRIDGE_GIVEN_GROUP_FWD_MASK &&
	    patch->to.group_fwd_mask & ~BRIDGE_GROUP_FWD_MASK_MAX)
		return xbr_refuse(
			error, -EINVAL,
			"group_fwd_mask 0x%x of a bridge may not have bits 0, 1 and 2 (STP, PAUSE, LACP)",
			patch->to.group_fwd_mask);
	if (patch->given & BRIDGE_GIVEN_ADDRESS &&
	    (patch->to.address[0] & 1 || !memcmp(patch->to.address, zero, 6)))
		return xbr_refuse(error, -EINVAL,
				  "the address of a bridge must be a unicast address, and not zero");
	if (patch->given & BRIDGE_GIVEN_VLAN_DEFAULT_PVID && patch->to.vlan_default_pvid > XBR_VID_MAX)
		return xbr_refuse(error, -ERANGE, "vlan_default_pvid %u is out of range: 1 to %u, 0 for none",
				  patch->to.vlan_default_pvid, XBR_VID_MAX);
	return 0;
}

/* As the kernel's br_setport() asks. */
static int check_port_settings(const struct port_settings *settings, struct xbr_error *error)
{
	bool may = settings->guard.flags & XBR_GUARD_LOCKED && settings->flags & XBR_PORT_LEARNING;

	if (settings->guard.flags & XBR_GUARD_MAB && !may)
		return xbr_refuse(error, -EINVAL, "mab needs locked on and learning on");
	if (settings->guard.limit_action != LIMIT_FLOOD && !settings->fdb_max_learned)
		return xbr_refuse(error, -EINVAL, "fdb_max_learned_action needs fdb_max_learned");
	if (settings->shape.most && settings->shape.least > settings->shape.most)
		return xbr_refuse(error, -EINVAL, "shape min is more than shape max");
	return 0;
}

static int check_port_patch(const struct port_patch *patch, struct xbr_error *error)
{
	if (patch->given & PORT_GIVEN_GROUP_FWD_MASK && patch->to.group_fwd_mask & ~PORT_GROUP_FWD_MASK_MAX)
		return xbr_refuse(error, -EINVAL, "group_fwd_mask 0x%x of a port may not have bit 1 (PAUSE)",
				  patch->to.group_fwd_mask);
	return 0;
}

/* Modes are for edge ports. */
static int check_role(const char *name, const struct port_settings *settings, struct xbr_error *error)
{
	if (settings->role != XBR_ROLE_UPLINK || settings->mode == XBR_MODE_BRIDGE)
		return 0;
	return xbr_refuse(error, -EINVAL, "%s cannot be the uplink and in mode %s: modes are for edge ports",
			  name, mode_words[settings->mode]);
}

/* ---- bridges ---- */

int want_bridge_add(struct want *want, const char *name, const struct bridge_patch *patch,
		    struct xbr_error *error)
{
	struct want_bridge bridge = {.settings = bridge_settings_default, .at = want->at};
	int err = check_name(name, error);

	if (!err)
		err = check_no_such_name(want, name, error);
	if (!err)
		err = check_bridge_patch(patch, error);
	if (err)
		return err;
	strcpy(bridge.name, name);
	bridge_settings_patch(&bridge.settings, patch);
	bridge.fresh = bridge.vlans = vlan_set_new(bridge.settings.vlan_default_pvid);
	if (!bridge.fresh || !bridge_put(want, &bridge))
		err = xbr_refuse(error, -ENOMEM, "out of memory");
	vlan_set_drop(bridge.fresh);
	return err;
}

static int require_bridge(const struct want *want, const char *name, struct want_bridge **ret_bridge,
			  struct xbr_error *error)
{
	*ret_bridge = want_bridge_find(want, name);
	return *ret_bridge ? 0 : xbr_refuse(error, -ENODEV, "%s is not a bridge of xbr", name);
}

int want_bridge_set(struct want *want, const char *name, const struct bridge_patch *patch,
		    struct xbr_error *error)
{
	struct want_bridge *bridge;
	int err = require_bridge(want, name, &bridge, error);

	if (!err)
		err = check_bridge_patch(patch, error);
	if (err)
		return err;
	bridge_settings_patch(&bridge->settings, patch);
	bridge->at = want->at;
	if (bridge->settings.vlan_default_pvid != bridge->fresh->pvid)
		return want_default_pvid(want, bridge, error);
	return 0;
}

int want_bridge_del(struct want *want, const char *name, struct xbr_error *error)
{
	struct want_bridge *bridge;
	struct want_port *port, *next;
	int err = require_bridge(want, name, &bridge, error);

	if (err)
		return err;
	HASH_ITER (hh, want->ports, port, next)
		if (!strcmp(port->bridge, name))
			port_remove(want, port);
	bridge_drop(want, bridge);
	return 0;
}

/* ---- ports ---- */

static int check_no_trunk(const struct want *want, const char *name, struct xbr_error *error)
{
	if (!want_trunk_find(want, name))
		return 0;
	return xbr_refuse(
		error, -EBUSY,
		"%s carries channels: a device has frames of its own or those of channels, not both", name);
}

int want_link_add(struct want *want, const char *name, const char *bridge, const struct port_patch *patch,
		  struct xbr_error *error)
{
	struct want_port port = {
		.settings = port_settings_default, .origin = XBR_ORIGIN_USER, .at = want->at};
	struct want_port *there = want_port_find(want, name);
	struct want_bridge *of;
	int err = check_name(name, error);

	if (!err)
		err = require_bridge(want, bridge, &of, error);
	/* what somebody else enslaved to that bridge is the user's from now on */
	if (!err && there && there->origin == XBR_ORIGIN_ADOPTED && !strcmp(there->bridge, bridge))
		return want_link_set(want, name, patch, error);
	/* to another bridge than that it is enslaved to now: a whole configuration says so, a single command
	 * would err */
	if (!err && there && there->origin == XBR_ORIGIN_ADOPTED && want->with_addresses)
		err = want_link_del(want, name, error);
	if (!err)
		err = check_no_such_name(want, name, error);
	if (!err)
		err = check_no_trunk(want, name, error);
	if (!err)
		err = check_port_patch(patch, error);
	if (err)
		return err;
	strcpy(port.name, name);
	strcpy(port.bridge, bridge);
	port_settings_patch(&port.settings, patch);
	err = check_role(name, &port.settings, error);
	if (!err)
		err = check_port_settings(&port.settings, error);
	if (err)
		return err;
	port.vlans = of->fresh;
	return port_put(want, &port) ? 0 : xbr_refuse(error, -ENOMEM, "out of memory");
}

/* A device carries channels of one kind, or is a port itself, or neither. */
static int check_trunk(const struct want *want, const struct port_encap *encap, struct xbr_error *error)
{
	const struct want_port *port = want_port_find(want, encap->dev);
	const struct want_trunk *trunk = want_trunk_find(want, encap->dev);

	if (port && port->encap.kind)
		return xbr_refuse(error, -EINVAL, "%s is a channel itself: it cannot carry others",
				  encap->dev);
	if (port)
		return xbr_refuse(
			error, -EBUSY,
			"%s is itself a port of %s: it cannot carry channels (xbr link del %s first)",
			encap->dev, port->bridge, encap->dev);
	if (want_bridge_find(want, encap->dev))
		return xbr_refuse(error, -EINVAL, "%s is a bridge: it cannot carry channels", encap->dev);
	if (trunk && trunk->kind != encap->kind)
		return xbr_refuse(error, -EBUSY, "%s carries %s: it cannot carry %s, too", encap->dev,
				  encap_kinds[trunk->kind].sentence, encap_kind_of(encap)->sentence);
	return 0;
}

static int check_tag_is_free(const struct want *want, const struct port_encap *encap, struct xbr_error *error)
{
	const char *holder = encap->channel ? want_tag_holder(want, encap->dev, encap->channel) : NULL;
	char text[ENCAP_TEXT];

	if (!holder)
		return 0;
	encap_tag_text(encap, text);
	return xbr_refuse(error, -EEXIST, "%s of %s is already that of %s", text, encap->dev, holder);
}

static int check_channel(const struct want *want, const char *name, const struct port_encap *encap,
			 struct xbr_error *error)
{
	int err = check_no_such_name(want, name, error);

	if (!err && !strcmp(name, encap->dev))
		err = xbr_refuse(error, -EINVAL, "a channel of %s needs a name of its own", name);
	if (!err)
		err = check_no_trunk(want, name, error);
	if (!err)
		err = encap_check(encap, error);
	if (!err)
		err = check_trunk(want, encap, error);
	return err ? err : check_tag_is_free(want, encap, error);
}

int want_channel_add(struct want *want, const char *name, const struct port_encap *encap, const char *bridge,
		     const struct port_patch *patch, struct xbr_error *error)
{
	struct want_port port = {.settings = port_settings_default,
				 .encap = *encap,
				 .origin = XBR_ORIGIN_USER,
				 .at = want->at};
	struct want_bridge *of;
	int err = check_name(name, error);

	if (!err)
		err = check_name(encap->dev, error);
	if (!err)
		err = require_bridge(want, bridge, &of, error);
	if (!err)
		err = check_channel(want, name, encap, error);
	if (!err)
		err = check_port_patch(patch, error);
	if (err)
		return err;
	strcpy(port.name, name);
	strcpy(port.bridge, bridge);
	port_settings_patch(&port.settings, patch);
	port.vlans = of->fresh;
	return port_put(want, &port) ? 0 : xbr_refuse(error, -ENOMEM, "out of memory");
}

const char *want_tag_holder(const struct want *want, const char *dev, uint32_t channel)
{
	const struct want_tag *tag = tag_find(want, dev, channel);

	return tag ? tag->name : NULL;
}

int want_tag_assign(struct want *want, struct want_port *port, uint32_t channel, struct xbr_error *error)
{
	port->encap.channel = channel;
	return tag_put(want, port) ? 0 : xbr_refuse(error, -ENOMEM, "out of memory");
}

static int require_port(const struct want *want, const char *name, struct want_port **ret_port,
			struct xbr_error *error)
{
	*ret_port = want_port_find(want, name);
	return *ret_port ? 0 : xbr_refuse(error, -ENODEV, "%s is not a port of any bridge of xbr", name);
}

int want_link_set(struct want *want, const char *name, const struct port_patch *patch,
		  struct xbr_error *error)
{
	struct port_settings settings;
	struct want_port *port;
	int err = require_port(want, name, &port, error);

	if (!err)
		err = check_port_patch(patch, error);
	if (err)
		return err;
	settings = port->settings;
	port_settings_patch(&settings, patch);
	err = check_role(name, &settings, error);
	if (!err)
		err = check_port_settings(&settings, error);
	if (!err)
		err = want_mappings_check(name, port->vlans, settings.flags, error);
	if (err)
		return err;
	port->settings = settings;
	port->origin = XBR_ORIGIN_USER;
	port->at = want->at;
	return 0;
}

int want_link_sources(struct want *want, const char *name, const struct source_change *change,
		      struct xbr_error *error)
{
	struct source_list *list;
	struct want_port *port;
	int err = require_port(want, name, &port, error);

	if (!err)
		err = source_list_change(port->sources, change, name, &list, error);
	if (err)
		return err;
	source_list_drop(port->sources);
	port->sources = list;
	port->origin = XBR_ORIGIN_USER;
	port->at = want->at;
	return 0;
}

int want_link_adopt(struct want *want, const char *name, const char *bridge, struct xbr_error *error)
{
	struct want_port port = {.settings = port_settings_default, .origin = XBR_ORIGIN_ADOPTED};
	struct want_bridge *of;
	int err = require_bridge(want, bridge, &of, error);

	if (err)
		return err;
	port.vlans = of->fresh;
	strcpy(port.name, name);
	strcpy(port.bridge, bridge);
	return port_put(want, &port) ? 0 : xbr_refuse(error, -ENOMEM, "out of memory");
}

int want_link_del(struct want *want, const char *name, struct xbr_error *error)
{
	struct want_port *port;
	int err = require_port(want, name, &port, error);

	if (err)
		return err;
	port_remove(want, port);
	return 0;
}

/* ---- addresses ---- */

static void address_key(struct want_address_key *key, uint64_t mac, uint16_t vlan, const char *bridge)
{
	memset(key, 0, sizeof(*key));
	key->mac = mac;
	key->vlan = vlan;
	memcpy(key->bridge, bridge, strnlen(bridge, sizeof(key->bridge) - 1));
}

struct want_address *want_address_find(const struct want *want, uint64_t mac, uint16_t vlan,
				       const char *bridge)
{
	struct want_address_key key;
	struct want_address *address;

	address_key(&key, mac, vlan, bridge);
	HASH_FIND(hh, want->addresses, &key, sizeof(key), address);
	return address;
}

/* dev is a port of it, or the bridge itself. */
static int bridge_of(const struct want *want, const char *dev, const char **ret_bridge,
		     struct xbr_error *error)
{
	struct want_port *port;
	int err;

	if (want_bridge_find(want, dev)) {
		*ret_bridge = dev;
		return 0;
	}
	err = require_port(want, dev, &port, error);
	if (!err)
		*ret_bridge = port->bridge;
	return err;
}

int want_address_check(uint64_t mac, const char *dev, bool dev_is_bridge, uint8_t kind,
		       struct xbr_error *error)
{
	if (mac & 1 || !mac)
		return xbr_refuse(error, -EINVAL, "only a unicast address, not zero, can be tied to a port");
	if (dev_is_bridge && kind != XBR_FDB_LOCAL)
		return xbr_refuse(error, -EINVAL,
				  "%s is the bridge itself: only permanent addresses are its own", dev);
	return 0;
}

static int check_in_vlan(const struct want *want, const char *dev, uint16_t vlan, struct xbr_error *error)
{
	struct want_bridge *bridge = want_bridge_find(want, dev);
	const struct vlan_set *set = bridge ? bridge->vlans : want_port_find(want, dev)->vlans;

	if (!vlan || vlan_set_has(set, vlan))
		return 0;
	return xbr_refuse(error, -EINVAL, "%s is not in VLAN %u", dev, vlan);
}

int want_address_add(struct want *want, uint64_t mac, uint16_t vlan, const char *dev, uint8_t kind,
		     bool replace, struct xbr_error *error)
{
	struct want_address fresh = {.kind = kind, .at = want->at}, *there;
	const char *bridge;
	int err = bridge_of(want, dev, &bridge, error);

	if (!err)
		err = want_address_check(mac, dev, !strcmp(bridge, dev), kind, error);
	if (!err)
		err = check_in_vlan(want, dev, vlan, error);
	if (err)
		return err;
	there = want_address_find(want, mac, vlan, bridge);
	if (there && !replace)
		return xbr_refuse(error, -EEXIST, "the address is already tied to %s", there->dev);
	strcpy(fresh.dev, dev);
	address_key(&fresh.key, mac, vlan, bridge);
	if (there) {
		strcpy(there->dev, dev);
		there->kind = kind;
		there->at = want->at;
	} else if (!address_put(want, &fresh)) {
		return xbr_refuse(error, -ENOMEM, "out of memory");
	}
	return 0;
}

/* ---- the punt path ---- */

void want_punt_set(struct want *want, uint32_t reason, const struct punt_patch *patch)
{
	for (uint32_t i = 0; i < XBR_PUNT_ROOM; i++) {
		if (reason != PUNT_REASON_ALL && reason != i)
			continue;
		if (patch->given & PUNT_GIVEN_RATE)
			want->punt[i].rate = patch->to.rate;
		if (patch->given & PUNT_GIVEN_BURST)
			want->punt[i].burst = patch->to.burst;
	}
}

/* ---- allowances ---- */

static void allowance_key(struct want_allowance_key *key, const char *dev, const struct allowance *what)
{
	memset(key, 0, sizeof(*key));
	allowance_copy(&key->what, what);
	memcpy(key->dev, dev, strnlen(dev, sizeof(key->dev) - 1));
}

struct want_allowance *want_allowance_find(const struct want *want, const char *dev,
					   const struct allowance *what)
{
	struct want_allowance_key key;
	struct want_allowance *allowance;

	allowance_key(&key, dev, what);
	HASH_FIND(hh, want->allowances, &key, sizeof(key), allowance);
	return allowance;
}

int want_allow(struct want *want, const char *dev, const struct allowance *what, struct xbr_error *error)
{
	struct want_allowance fresh = {.at = want->at};
	struct want_port *port;
	int err = require_port(want, dev, &port, error);

	if (!err)
		err = allowance_check(what, error);
	if (err || want_allowance_find(want, dev, what))
		return err;
	allowance_key(&fresh.key, dev, what);
	return allowance_put(want, &fresh) ? 0 : xbr_refuse(error, -ENOMEM, "out of memory");
}
