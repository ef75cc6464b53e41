/* SPDX-License-Identifier: Apache-2.0 */
/*
 * want: a configuration as a user would like it: bridges, their ports, and the addresses tied to ports. Pure
 * data: commands build it up and are checked against it, nothing else is touched. control/transaction.c
 * compares two of them and makes the difference real. Owns all it holds.
 */
#ifndef XBR_MODEL_WANT_H
#define XBR_MODEL_WANT_H

#include <stdbool.h>
#include <uthash.h>

#include "error.h"
#include "model/allowance.h"
#include "model/encap.h"
#include "model/mst_config.h"
#include "model/settings.h"
#include "model/source_list.h"
#include "model/vlan_set.h"

struct want_bridge {
	char name[XBR_IFNAME_LEN];
	struct bridge_settings settings;
	struct vlan_set *fresh; /* what a port gets that is added now */
	struct vlan_set *vlans; /* of the bridge device itself */
	struct mst_config *mst; /* NULL: the default */
	const char *at;
	UT_hash_handle hh;
};

struct want_port {
	char name[XBR_IFNAME_LEN];
	char bridge[XBR_IFNAME_LEN];
	struct port_encap encap;
	struct port_settings settings;
	struct source_list *sources; /* held */
	struct vlan_set *vlans;
	struct mst_rows *mst; /* NULL: nothing is set */
	uint8_t origin;       /* enum xbr_port_origin */
	const char *at;
	UT_hash_handle hh;
};

/* A device that carries channels, and the tags that are taken of it. */
struct want_trunk {
	char dev[XBR_IFNAME_LEN];
	uint8_t kind;   /* enum xbr_encap */
	uint32_t count; /* of channels */
	UT_hash_handle hh;
};
struct want_tag {
	struct want_tag_key {
		char dev[XBR_IFNAME_LEN]; /* zeros after the name */
		uint32_t channel;
	} key;
	char name[XBR_IFNAME_LEN]; /* of the port */
	UT_hash_handle hh;
};

/* An address tied by hand to a port, or to a bridge itself. Only transactions over the whole configuration
 * have these. */
struct want_address {
	struct want_address_key {
		uint64_t mac;                /* as in fdb_key() */
		uint16_t vlan;               /* 0: in all VLANs of the port */
		char bridge[XBR_IFNAME_LEN]; /* zeros after the name */
	} key;
	char dev[XBR_IFNAME_LEN];
	uint8_t kind; /* enum xbr_fdb_kind */
	const char *at;
	UT_hash_handle hh;
};

/* What a port is allowed by hand; the same. */
struct want_allowance {
	struct want_allowance_key {
		struct allowance what; /* its padding zero */
		char dev[XBR_IFNAME_LEN];
	} key;
	const char *at;
	UT_hash_handle hh;
};

/* A setting of a device's own abilities (model/offload.h). */
struct want_offload {
	struct xbr_offload_key key;
	uint64_t value;
	const char *at;
	UT_hash_handle hh;
};

struct want {
	struct want_bridge *bridges; /* in the order they were added */
	struct want_port *ports;
	struct want_trunk *trunks; /* both follow from ports */
	struct want_tag *tags;
	struct want_address *addresses;
	struct punt_limit punt[XBR_PUNT_ROOM]; /* by reason */
	struct want_allowance *allowances;
	struct want_offload *offloads;
	struct want_meter *meters; /* want_meter.h */
	uint8_t meter_used[XBR_METER_LIMIT / 8];
	const struct xbr_meter_config *meters_now; /* those that are there, by number; borrowed */
	struct want_acls *acls;                    /* want_acl.h; NULL: they are to be left as they are */
	bool with_addresses; /* false: addresses and allowances are to be left as they are */
	/*
	 * Where the command in hand stands ("file:line:column"), or NULL. What it adds or sets keeps it, so
	 * that a refusal by the devices can tell it. Borrowed: it must live as long as a transaction to this
	 * want runs.
	 */
	const char *at;
};

struct want *want_new(void);
struct want *want_clone(const struct want *want);
void want_free(struct want *want);

struct want_bridge *want_bridge_find(const struct want *want, const char *name);
struct want_port *want_port_find(const struct want *want, const char *name);
struct want_address *want_address_find(const struct want *want, uint64_t mac, uint16_t vlan,
				       const char *bridge);

/* Each refuses what cannot be, with a sentence, and changes nothing then. */
int want_bridge_add(struct want *want, const char *name, const struct bridge_patch *patch,
		    struct xbr_error *error);
int want_bridge_set(struct want *want, const char *name, const struct bridge_patch *patch,
		    struct xbr_error *error);
int want_bridge_del(struct want *want, const char *name, struct xbr_error *error);
int want_link_add(struct want *want, const char *name, const char *bridge, const struct port_patch *patch,
		  struct xbr_error *error);
/* A channel of a device, under a name of its own. */
int want_channel_add(struct want *want, const char *name, const struct port_encap *encap, const char *bridge,
		     const struct port_patch *patch, struct xbr_error *error);
struct want_trunk *want_trunk_find(const struct want *want, const char *dev);
/* The port that has a tag of a device, or NULL. */
const char *want_tag_holder(const struct want *want, const char *dev, uint32_t channel);
/* Gives a port whose tag was to be handed out its tag; nobody else has it. */
int want_tag_assign(struct want *want, struct want_port *port, uint32_t channel, struct xbr_error *error);
/* A port that somebody else enslaved becomes the user's by being set: it is saved, and stays. */
int want_link_set(struct want *want, const char *name, const struct port_patch *patch,
		  struct xbr_error *error);
/* Changes the source list of a port. */
int want_link_sources(struct want *want, const char *name, const struct source_change *change,
		      struct xbr_error *error);
/* A port that somebody else enslaved, as it is. */
int want_link_adopt(struct want *want, const char *name, const char *bridge, struct xbr_error *error);
int want_link_del(struct want *want, const char *name, struct xbr_error *error);
/* dev: a port, or a bridge for addresses of its own. */
int want_address_add(struct want *want, uint64_t mac, uint16_t vlan, const char *dev, uint8_t kind,
		     bool replace, struct xbr_error *error);

/*
 * VLANs of a port, or (self) of a bridge device itself. vids: a bit each. set: only of VLANs that it is in
 * already. A VLAN that is given up takes its addresses with it.
 */
struct vlan_flags {
	bool pvid, untagged, hairpin;
};
int want_vlan_add(struct want *want, const char *dev, bool self, const uint64_t vids[VLAN_WORDS],
		  struct vlan_flags flags, bool set, struct xbr_error *error);
int want_vlan_del(struct want *want, const char *dev, bool self, const uint64_t vids[VLAN_WORDS],
		  struct xbr_error *error);
/* For snapshots: the set as it is. */
int want_vlan_replace(struct want *want, const char *dev, struct vlan_set *set, struct xbr_error *error);

/* Mappings of a port. */
int want_vlan_map(struct want *want, const char *dev, const uint64_t vids[VLAN_WORDS], uint16_t to,
		  uint8_t priority, struct xbr_error *error);
int want_vlan_unmap(struct want *want, const char *dev, const uint64_t vids[VLAN_WORDS],
		    struct xbr_error *error);

/* Spanning tree instances of a bridge (mstid 0: its common tree), and a port in them. */
enum mst_given {
	MST_GIVEN_REGION = 1 << 0,
	MST_GIVEN_REVISION = 1 << 1,
	MST_GIVEN_HOPS = 1 << 2,
	MST_GIVEN_PRIORITY = 1 << 3,
	MST_GIVEN_VIDS = 1 << 4,
};
struct mst_patch {
	uint32_t given;     /* enum mst_given */
	const char *region; /* at most 32 octets; empty: the address of the bridge */
	uint16_t revision, priority;
	uint8_t max_hops;
	uint64_t vids[VLAN_WORDS]; /* into the instance, from whichever they were in */
};
enum mst_port_given {
	MST_PORT_GIVEN_COST = 1 << 0,
	MST_PORT_GIVEN_PRIORITY = 1 << 1,
};
struct mst_port_patch {
	uint32_t given; /* enum mst_port_given */
	uint32_t cost;  /* 0: as the port's */
	uint32_t priority;
};
int want_mst_add(struct want *want, const char *name, uint16_t mstid, const struct mst_patch *patch,
		 struct xbr_error *error);
int want_mst_set(struct want *want, const char *name, uint16_t mstid, const struct mst_patch *patch,
		 struct xbr_error *error);
/* vids NULL: the whole instance, and what is set of ports in it. */
int want_mst_del(struct want *want, const char *name, uint16_t mstid, const uint64_t *vids,
		 struct xbr_error *error);
int want_mst_port_set(struct want *want, const char *dev, uint16_t mstid, const struct mst_port_patch *patch,
		      struct xbr_error *error);

/* Within the model: a bridge's default PVID has changed; may a port with these flags have these mappings? */
int want_default_pvid(struct want *want, struct want_bridge *bridge, struct xbr_error *error);
int want_mappings_check(const char *dev, const struct vlan_set *set, uint32_t flags, struct xbr_error *error);

/* reason: enum xbr_punt_reason, or PUNT_REASON_ALL. */
void want_punt_set(struct want *want, uint32_t reason, const struct punt_patch *patch);
/* dev: a port. */
int want_allow(struct want *want, const char *dev, const struct allowance *what, struct xbr_error *error);
struct want_allowance *want_allowance_find(const struct want *want, const char *dev,
					   const struct allowance *what);

/* Device settings: another value, none any more. */
int want_offload_set(struct want *want, const struct xbr_offload_key *key, uint64_t value,
		     struct xbr_error *error);
void want_offload_unset(struct want *want, struct want_offload *offload);
struct want_offload *want_offload_find(const struct want *want, const struct xbr_offload_key *key);

/* May an address of this kind be tied to dev? The same for a single request and for a transaction. */
int want_address_check(uint64_t mac, const char *dev, bool dev_is_bridge, uint8_t kind,
		       struct xbr_error *error);

#endif
