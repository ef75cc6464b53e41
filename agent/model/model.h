/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model: the bridges and ports as they are. It brings together what the kernel says of devices (net/), what
 * the datapath does with them (datapath/), and what the user set. One struct a thing; each has a file:
 *
 *     bridge.c  the bridge device and its local port      port.c   a device's life as a port
 *     hook.c    which hook a port gets, and why           flood.c  who gets copies
 *     edge.c    which port is the uplink, and what modes come to
 *     uplink.c  the uplink's address filter
 *     sources.c the addresses that ports in mode source take frames from
 *     fdb.c     addresses: by hand, ageing, flushing      adopt.c  what an earlier agent left; kernel events
 *     guard.c   what a port is allowed to say              watch.c   what guards and learning noted
 *     vlan.c    VLANs, their FIDs and members             flood_vlan.c  who gets copies in a VLAN
 *     features.c  what the programs must have in them
 *     punt.c    frames to and from the agent (punt.h)
 *     channel.c ports that are a tag of a device          tags.c   tags handed out
 *     meter.c   meters: meter.h                            qos.c     what a port has of them: qos.h
 *     acl.c     access lists and sets: acl.h
 *     offload.c what devices do by themselves: offload.h   offer.c   what is offered to their switches:
 * offer.h stp.c     spanning tree: the engine of a bridge and its ports (stp.h) mst.c     several trees, and
 * which VLANs are of which (mst.h)
 *
 * State has one owner: dynamic addresses are the datapath's, carrier and ifindex the kernel's, settings are
 * here, and written through to the pinned maps, from which adopt.c reads them again. Functions that take a
 * struct xbr_error refuse with a sentence. Nothing here knows of sockets or JSON: who wants to hear of
 * changes gives model->listener.
 */
#ifndef XBR_MODEL_MODEL_H
#define XBR_MODEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "datapath/datapath.h"
#include "error.h"
#include "model/encap.h"
#include "model/mst_config.h"
#include "model/punt.h"
#include "model/settings.h"
#include "model/source_list.h"
#include "model/stp.h"
#include "model/vlan_set.h"
#include "net/rtnl.h"
#include "xbr/abi.h"
#include "xbr/fdb_word.h"

#define HOOK_TEXT 160

enum hook_rx {
	HOOK_RX_NONE,
	HOOK_RX_TC,
	HOOK_RX_XDP,
	HOOK_RX_XDP_GENERIC,
};

/* For what the XDP output of a port was found out; finding out can mean a walk into another namespace. */
enum hook_tx_decided {
	TX_UNDECIDED,
	TX_DECIDED_UNWANTED, /* no port of the bridge receives by XDP */
	TX_DECIDED_WANTED,
};

/* Which hook a port has, and the sentences that tell why. */
struct hook {
	enum hook_rx rx;
	char rx_reason[HOOK_TEXT];
	bool tx_xdp; /* takes XDP frames */
	enum hook_tx_decided tx_decided;
	char tx_reason[HOOK_TEXT];
};

struct bridge {
	uint32_t index; /* in `bridges`, from 1; also its FID */
	char name[XBR_IFNAME_LEN];
	uint32_t ifindex; /* 0: the device is gone */
	struct bridge_settings settings;
	bool created_by_us;
	struct port *local;
	uint32_t port_count; /* the local port not counted */
	bool flood_dirty;
	struct vlan_set *fresh;              /* what a new port gets */
	struct mst_config *mst;              /* NULL: the default */
	struct stp_bridge *stp;              /* NULL: off, or not adopted yet */
	struct model *stp_model;             /* for the engine's calls back */
	bool stp_waits;                      /* for stp_adopt(): what an earlier agent left is being read */
	bool stp_touched;                    /* its engine ran: what it knows is to be written down */
	struct port *uplink;                 /* where modes send frames; NULL: none, or no port has a mode */
	struct port *beside;                 /* without an uplink: a NIC whose VFs are to reach the others */
	bool edge_in_play;                   /* some port has a mode, or host_access off */
	bool snoops;                         /* some port learns its addresses from DHCP */
	uint32_t punt_asked[PUNT_CONSUMERS]; /* by consumers: XBR_PUNT_BIT()s */
	struct rtnl_link link;
	UT_hash_handle hh;
};

/* What a port in mode source adds to its bridge's lists. */
struct source_share {
	struct source_list *list; /* NULL: nothing */
	uint16_t bridge;
	bool nodst;
};
struct port_allowance;

/* What was last written down of a port in an instance. */
struct stp_memory {
	uint16_t mstid; /* 0: nothing */
	struct stp_frozen frozen;
};

/*
 * A port is a whole device, or a channel of one. The device that carries channels (their trunk) is a port,
 * too, but of no bridge: it has the programs, and the counters of what belongs to no channel. It lives as
 * long as it has channels.
 */
struct port {
	uint32_t number;
	char name[XBR_IFNAME_LEN];
	uint32_t ifindex;      /* 0: waiting for its device */
	struct bridge *bridge; /* NULL: a trunk */
	struct port_settings settings;
	uint8_t origin; /* enum xbr_port_origin */
	bool local;     /* the bridge device itself */
	struct hook hook;
	uint8_t stp_state; /* enum xbr_port_state that spanning tree gives it */
	bool thaws;        /* for stp_adopt() */
	bool uplink;       /* its role, asked for or found out */
	char role_reason[HOOK_TEXT];
	uint32_t offers_cleared;      /* the device that was found, or made, free of offers; see offer.c */
	uint32_t vfs;                 /* virtual functions of its device, as last counted */
	struct uplink_filter *filter; /* of the uplink while modes are set; see uplink.c */
	uint32_t behind;              /* addresses behind it, at the uplink filter's last walk */
	struct source_list *sources;
	struct source_share share; /* as it is counted now */
	struct rtnl_link link;     /* as last told by the kernel */
	uint32_t punt_asked[PUNT_CONSUMERS];
	uint32_t pinned;                   /* addresses tied to it by hand: they go with it */
	struct port_allowance *allowances; /* of guard.c */
	struct vlan_set *vlans;
	struct mst_rows *mst;         /* NULL: nothing is set */
	struct stp_memory *instances; /* by place - 1; NULL: nothing was written down yet */
	uint32_t own_seen;            /* of watch.c: told so far */
	uint64_t loop_told_ns;
	UT_hash_handle hh;

	struct port_encap encap; /* of a trunk: the kind of its channels */
	struct port *trunk;      /* of a channel */
	struct channel_id {
		uint32_t trunk; /* its number */
		uint32_t word;  /* encap_word() */
	} channel_id;
	UT_hash_handle hc;
	struct port *channels; /* of a trunk: a list */
	struct port *prev, *next;
	uint32_t asked[XBR_XDP_OFF + 1]; /* of a trunk: channels by the xdp mode they ask for */
};

static inline bool port_is_trunk(const struct port *port)
{
	return !port->bridge;
}

enum model_change {
	MODEL_ADD,
	MODEL_SET,
	MODEL_DEL,
};

/* An address, as it is shown. */
struct fdb_view {
	uint64_t mac;
	uint16_t vlan; /* 0: of no VLAN in particular */
	uint8_t kind;
	const struct port *port;
	const struct bridge *bridge;
	uint32_t idle_cs; /* dynamic: since it was last seen */
};

struct offload_event; /* offload.h */

struct model_listener {
	void (*bridge)(void *user, enum model_change change, const struct bridge *bridge);
	void (*link)(void *user, enum model_change change, const struct port *port);
	void (*fdb)(void *user, enum model_change change, const struct fdb_view *view,
		    const struct port *moved_from);
	void (*acl)(void *user, const struct xbr_acl_event *event); /* a frame that a rule logs */
	void (*offload)(void *user, const struct offload_event *event);
	void (*flushed)(void *user, const struct bridge *bridge, const struct port *port);
	void (*log)(void *user, const char *sentence);
	void *user;
};

struct model {
	struct datapath *dp;
	struct rtnl *rtnl;
	struct punt *punt;
	struct punt_consumer *stp_ear;      /* NULL: no bridge has had spanning tree yet */
	int stp_timer;                      /* a timerfd; -1: none */
	struct bridge *bridges;             /* by name */
	struct port *ports;                 /* by name, local ones and trunks not among them */
	struct port *trunks;                /* by name */
	struct port *channels;              /* those of ports, by trunk and tag */
	struct bridge **by_index;           /* XBR_BRIDGE_LIMIT */
	struct port **by_number;            /* dp->max_ports */
	struct source_count *source_counts; /* by address and bridge, see sources.c */
	struct model_listener listener;
	bool vlans_left;                /* some port is no longer in some VLAN: vlan_settle() has work */
	uint32_t flushes;               /* since the last sweep: generations have 6 bits */
	uint32_t unswept_s;             /* since the last sweep, about */
	uint32_t surplus_sweeps;        /* since the last look at features that nobody needs */
	bool had_surplus;               /* there were some */
	uint32_t tag_quarantine_s;      /* a tag given back is not handed out for so long */
	uint32_t tag_last[ENCAP_KINDS]; /* handed out last */
	struct freed_tag *freed;        /* tags given back, by device and tag */
	uint32_t freed_next;            /* in channels_freed */
	struct acl_model *acl;          /* acl.h */
	struct offload_model *offload;  /* offload.h */
	struct offer_model *offer;      /* offer.h */
	struct meter *meters;           /* by name, meter.h */
	struct meter **meter_by_number; /* XBR_METER_LIMIT */
	bool meters_changed;            /* meter_settle() has work */
	uint8_t *seen_empty; /* a bit for each slot of the FDB: claimed, but without data at the last sweep */
};

#define port_foreach(model, port, next)     HASH_ITER (hh, (model)->ports, port, next)
#define trunk_foreach(model, port, next)    HASH_ITER (hh, (model)->trunks, port, next)
#define bridge_foreach(model, bridge, next) HASH_ITER (hh, (model)->bridges, bridge, next)

/* Takes dp and rtnl over by reference only: the caller closes them after model_close(). */
int model_open(struct model **ret_model, struct datapath *dp, struct rtnl *rtnl, struct xbr_error *error);
void model_close(struct model *model);

/* A sentence for the log. */
__attribute__((format(printf, 2, 3))) void model_log(const struct model *model, const char *format, ...);

struct bridge *model_bridge(const struct model *model, const char *name);
struct port *model_port(const struct model *model, const char *name);
struct port *model_port_by_ifindex(const struct model *model, uint32_t ifindex);

/* To be called when a batch of changes is done: rebuilds what was marked dirty. */
void model_settle(struct model *model);

/* ---- bridge.c ---- */

/* Makes the device if there is none, else takes the kernel bridge that is there over, its ports too. */
int bridge_add(struct model *model, const char *name, const struct bridge_settings *settings,
	       struct xbr_error *error);
int bridge_set(struct model *model, struct bridge *bridge, const struct bridge_settings *settings,
	       struct xbr_error *error);
/* Ports first, then the device if we made it. */
void bridge_del(struct model *model, struct bridge *bridge);
/* Could bridge_add() work? Touches nothing. */
int bridge_check(struct model *model, const char *name, struct xbr_error *error);
/* The device as the kernel tells it now. */
void bridge_refresh(struct model *model, struct bridge *bridge, const struct rtnl_link *link);
/* An FDB epoch of the bridge in hundredths of a second, times 1000. */
uint64_t bridge_epoch_ucs(const struct model *model, const struct bridge *bridge);

/* ---- port.c ---- */

/* A device becomes a port. may_wait: the device need not be there yet. */
int port_add(struct model *model, struct bridge *bridge, const char *name,
	     const struct port_settings *settings, uint8_t origin, bool may_wait, struct port **ret_port,
	     struct xbr_error *error);
int port_set(struct model *model, struct port *port, const struct port_settings *settings,
	     struct xbr_error *error);
void port_del(struct model *model, struct port *port);
/* Could port_add() work? Touches nothing. -ENODEV: only the device is missing. */
int port_check(struct model *model, const char *name, const char *bridge_name, struct xbr_error *error);
/* The device is there (again): programs on it, its slot filled. */
int port_bind(struct model *model, struct port *port, const struct rtnl_link *link, struct xbr_error *error);
/* The device is gone, or has left the namespace: everything of it is taken back; the port waits. */
void port_unbind(struct model *model, struct port *port);
/* Name, carrier, MTU, address or peer may have changed. */
void port_refresh(struct model *model, struct port *port, const struct rtnl_link *link);
/* Promiscuous by our own word, where no kernel bridge asks for it. */
void port_listen_to_all(struct model *model, struct port *port, bool on);
/* All groups (IFF_ALLMULTI), likewise. */
void port_hear_groups(struct model *model, struct port *port, bool on);
/* Out of the bridge device, if it was us who enslaved it, and hearing all groups by our own word; back again.
 */
void port_leave_master(struct model *model, struct port *port);
void port_join_master(struct model *model, struct port *port);
void port_set_origin(struct model *model, struct port *port, uint8_t origin);

/* Could this device carry frames of a bridge at all? */
int port_check_device(const struct model *model, const struct rtnl_link *link, struct xbr_error *error);

/* Shared by bridge.c, port.c, channel.c and adopt.c. */
/* A port with a number and a name becomes one of its bridge; it has no device yet. */
void port_enter(struct model *model, struct port *port, const struct port_settings *settings, uint8_t origin);
/* The last step of making a port, or the first of undoing it. */
int port_entered(struct model *model, struct port *port, int err, struct port **ret_port);
void port_write_memory(const struct model *model, const struct port *port);
struct port *port_new(struct model *model, uint32_t number, const char *name, struct bridge *bridge);
void port_free(struct model *model, struct port *port);
uint32_t port_free_number(const struct model *model); /* 0: none left */
void port_write(struct model *model, struct port *port);
void port_write_state(struct model *model, struct port *port);
struct xbr_port *port_slot(const struct model *model, const struct port *port);
struct xbr_port_saved *port_memory(const struct model *model, const struct port *port);

/* ---- channel.c ---- */

struct port *model_trunk(const struct model *model, const char *name);
/* The port that is this channel now, or NULL. */
struct port *channel_find(const struct model *model, const struct port_encap *encap);
/* Could channel_add() work, as far as devices matter? Touches nothing. -ENODEV: only the device is missing.
 */
int channel_check(struct model *model, const char *name, const struct port_encap *encap,
		  struct xbr_error *error);
/* A channel becomes a port, its device a trunk. */
int channel_add(struct model *model, struct bridge *bridge, const char *name, const struct port_encap *encap,
		const struct port_settings *settings, bool may_wait, struct port **ret_port,
		struct xbr_error *error);
/* The device's xdp mode follows what its channels ask for: they must agree. */
int channel_set_xdp(struct model *model, struct port *port, uint8_t xdp, struct xbr_error *error);
/* Its device is gone, or it goes itself. */
void channel_unbind(struct model *model, struct port *port);
/* Before its memory is freed: it belongs to no trunk any more; the tag is given back. */
void channel_leave(struct model *model, struct port *port);

/* The device is there (again); is gone; has changed. */
int trunk_bind(struct model *model, struct port *trunk, const struct rtnl_link *link,
	       struct xbr_error *error);
void trunk_unbind(struct model *model, struct port *trunk);
void trunk_refresh(struct model *model, struct port *trunk, const struct rtnl_link *link);
/* From the pinned maps: a trunk; a channel of one, already entered; those that nobody needs are freed. */
int trunk_restore(struct model *model, uint32_t number, struct xbr_error *error);
void channel_restore(struct model *model, struct port *port, struct port *trunk);
void trunks_clean(struct model *model);

/* ---- tags.c ---- */

struct want;
void tags_open(struct model *model);
void tags_close(struct model *model);
/* Gives a tag to each channel of a want that asks for one. -ENOSPC: none is free; *ret_at: of which port. */
int tags_assign(struct model *model, struct want *want, const char **ret_at, struct xbr_error *error);
/* From now on this tag rests. */
void tags_release(struct model *model, const struct port_encap *encap);

/* ---- hook.c ---- */

/* Puts programs on the port's device as its settings ask. forced modes that cannot be had are refused; `auto`
 * falls back to TC. */
int hook_attach(struct model *model, struct port *port, struct xbr_error *error);
/* Another xdp mode. */
int hook_change(struct model *model, struct port *port, uint8_t xdp, struct xbr_error *error);
/* Takes everything off, features turned back. present: the device is still in this namespace. */
void hook_detach(struct model *model, struct port *port, bool present);
/* After the TC program went off: the clsact qdisc too, if we made it and nobody else uses it. */
void hook_clsact_cleanup(struct model *model, struct port *port);
/* After the bridge's ports changed: who takes XDP frames. */
void hook_update_targets(struct model *model, struct bridge *bridge);
/* The device changed: whether it takes XDP frames is to be found out again. */
void hook_reconsider(struct port *port);
/* A channel has the hook of its trunk. */
void hook_inherit(struct model *model, struct port *channel);
const char *hook_rx_word(enum hook_rx rx);

/* Whose XDP program is on the port's device: "NAME (id N)" in text; false where there is none, or only ours.
 */
bool hook_foreign_xdp(struct model *model, const struct port *port, char *text, size_t size);

/* ---- flood.c ---- */

void flood_mark(struct bridge *bridge);
/* At once: no flood by XDP, which asks no port's state, until the list is made anew. */
void flood_not_by_xdp(struct model *model, struct bridge *bridge);
void flood_rebuild(struct model *model, struct bridge *bridge);
/* Would every flooded frame be let out by this port? */
bool flood_takes_all(const struct xbr_port *slot);

/* ---- flood_vlan.c ---- */

void flood_rebuild_vlans(struct model *model, struct bridge *bridge);

/* ---- vlan.c ---- */

/* The FID of a bridge's VLAN, of the bridge itself for VID 0; 0: the VLAN is not in use. */
uint32_t vlan_fid_of(const struct model *model, const struct bridge *bridge, uint16_t vid);
bool vlan_is_member(const struct model *model, const struct port *port, uint16_t vid);
/* Shares the set. On failure nothing has changed. */
int port_set_vlans(struct model *model, struct port *port, struct vlan_set *set, struct xbr_error *error);
/* A port's mappings anew, after its settings changed. 0 or -errno. */
int vlan_write_mappings(struct model *model, const struct port *port);
/* VIDs of which some port of the bridge is a member. */
void vlan_used(const struct model *model, const struct bridge *bridge, uint64_t ret_used[VLAN_WORDS]);

/* Life of ports and bridges; 0 or -errno. */
void vlan_begin(struct model *model, struct port *port);
void vlan_end(struct model *model, struct port *port);
int vlan_set_fresh(struct model *model, struct bridge *bridge, uint16_t pvid);
void vlan_bridge_end(struct model *model, struct bridge *bridge);
void vlan_forget_stats(struct model *model, struct bridge *bridge);
int vlan_restore(struct model *model, struct port *port);
int vlan_restore_mappings(struct model *model); /* of all ports */
/* Addresses and FIDs of VLANs that were left are taken back. */
void vlan_settle(struct model *model);

/* ---- edge.c ---- */

/* Finds the roles of a bridge's ports out and writes modes to their slots. */
void edge_update(struct model *model, struct bridge *bridge);
/* Before a port's first frame: it begins in its mode. */
void edge_begin(struct model *model, struct port *port);
/* Would role auto make a device of this kind an uplink? With the sentence that says why. */
bool edge_kind_is_uplink(const char *kind, char ret_reason[HOOK_TEXT]);

/* ---- uplink.c ---- */

/* After edge_update(): the bridge's uplink gets a filter, a former one loses it. */
void uplink_update(struct model *model, struct bridge *bridge);
/* How many virtual functions does its device have now? */
void uplink_count_functions(struct model *model, struct port *port);
/* Reads the addresses of all filters anew. To be called about once a second. */
void uplink_sync(struct model *model);
/* An address is new, or has moved. */
void uplink_on_address(struct model *model, const struct fdb_view *view);
bool uplink_wants_events(const struct model *model);
/* The port goes. here: its device is still there. */
void uplink_close(struct model *model, struct port *port, bool here);
void uplink_restore(struct model *model);
/* Frees the process's view only. */
void uplink_forget(struct port *port);

enum uplink_reflects {
	UPLINK_REFLECTS_UNKNOWN, /* nothing was sent that should come back */
	UPLINK_REFLECTS,
	UPLINK_DOES_NOT_REFLECT,
};

struct uplink_filter_view {
	enum uplink_reflects reflects; /* does the switch beyond? */
	uint32_t addresses, groups;    /* stations' and groups' in the filter */
	uint32_t room;                 /* for addresses: what the driver took, or the most that is written */
	bool exact;
	const char *why; /* it is not */
	bool groups_exact;
	const char *groups_why; /* all are heard */
};
/* port->filter is not NULL. */
void uplink_filter_show(const struct port *port, struct uplink_filter_view *ret_view);

/* ---- sources.c ---- */

/* Another source list for the port, which holds it from then on. */
int sources_set(struct model *model, struct port *port, struct source_list *list, struct xbr_error *error);
/* The port goes: its list, too. */
void sources_forget(struct model *model, struct port *port);
/* Has the bridge know of the port's list as mode and nodst have it. Withdrawing comes before the mode is
 * another, sharing after it is source. */
void sources_withdraw(struct model *model, struct port *port);
void sources_share(struct model *model, struct port *port);
/* Reads the lists that an earlier agent left. */
void sources_restore(struct model *model);
void sources_close(struct model *model);

/* ---- fdb.c ---- */

/* kind: enum xbr_fdb_kind; vlan 0: in all VLANs of the port. replace false: -EEXIST where the address is
 * there. */
int fdb_put(struct model *model, struct port *port, uint64_t mac, uint16_t vlan, uint8_t kind, bool replace,
	    struct xbr_error *error);
int fdb_remove(struct model *model, struct bridge *bridge, uint64_t mac, uint16_t vlan,
	       struct xbr_error *error);
bool fdb_get(const struct model *model, const struct bridge *bridge, uint64_t mac, uint16_t vlan,
	     struct fdb_view *ret_view);
/* Takes out what is in a VLAN that its port is not a member of. */
void fdb_drop_strangers(struct model *model);

/* The device's own address: frames to it are for the host. */
void fdb_own_address_put(struct model *model, struct port *port);
void fdb_own_address_remove(struct model *model, struct port *port);
bool fdb_is_own_address(const struct fdb_view *view);

/* O(1): dynamic addresses of a port are void. Returns how many. */
uint32_t fdb_flush_port(struct model *model, struct port *port);
/* O(1): those in the VLANs of one tree (XBR_TREE_OF()). How many is found out by the next sweep. */
void fdb_flush_tree(struct model *model, struct port *port, unsigned int tree);
/* What dynamic entries of a port under this FID have. */
uint8_t fdb_generation(const struct model *model, const struct port *port, uint32_t fid);

struct fdb_filter {
	const struct bridge *bridge; /* NULL: all */
	const struct port *port;     /* NULL: all */
	uint32_t kinds;              /* a bit for each enum xbr_fdb_kind; 0: all */
	uint32_t older_than_cs;      /* dynamic ones idle for at least this */
	uint16_t vlan;               /* 0: any; addresses of a VLAN-unaware bridge are in none */
};

/* Removes what fits; plain flushes of dynamic addresses are O(ports). Returns how many entries became void.
 */
uint32_t fdb_flush(struct model *model, const struct fdb_filter *filter);

/* Calls visit for what fits, from bucket `cursor` on, until `limit` were shown and a bucket is done. Returns
 * the next cursor, or 0 at the end. */
uint32_t fdb_each(struct model *model, const struct fdb_filter *filter, uint32_t cursor, uint32_t limit,
		  void (*visit)(const struct fdb_view *view, void *user), void *user);

/* Takes out what is void or has not been seen for the ageing time. */
void fdb_sweep(struct model *model);

/* To be called about once a second: sweeps when it is time to. */
void fdb_tick(struct model *model);

/* Addresses of all kinds in the table, and how many it is made for. */
uint32_t fdb_used(struct model *model);
uint32_t fdb_size(const struct model *model);

/* What a changed epoch length does to the ages of a bridge's addresses. */
void fdb_rescale(struct model *model, struct bridge *bridge, uint8_t from_shift, uint8_t to_shift);

/* An event from the datapath, told to the listener. */
void fdb_on_event(const struct xbr_fdb_event *event, void *model);

uint64_t fdb_mac_of(const uint8_t address[6]);
void fdb_mac_to(uint64_t mac, uint8_t ret_address[6]);

/* ---- adopt.c ---- */

/* Rebuilds the model from the pinned maps, compares it with the devices that are there, mends what changed
 * meanwhile. */
int adopt_all(struct model *model, struct xbr_error *error);
/* rtnetlink events; user is the model. */
void adopt_on_link(const struct rtnl_link *link, bool deleted, void *model);
void adopt_on_lost(void *model);

#endif
