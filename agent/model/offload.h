/* SPDX-License-Identifier: Apache-2.0 */
/*
 * offload: what devices do by themselves, as configuration: features and queues (net/features.h), the mode of
 * the switch inside a NIC (net/devlink.h), and what its virtual functions may do (net/vf.h). A setting is a
 * number for a (device, VF or none, attribute); it need not be a port's device. In two files:
 *
 *     offload.c            what is set: the journal, restoring, and holding against what devices say
 *     offload_attribute.c  one attribute of one device: checking, reading, writing, its words
 *
 * What was there before is in pinned memory (xbr_offload_saved) before anything is changed, so that it can be
 * given back by any later agent: when the setting goes (`unset`, a configuration without it), and by
 * `xbrd --detach`. A device that loses a setting, by a reset of its NIC or by somebody's hand, is told of and
 * has it again; who insists on changing it wins after some rounds, and that is told, too. A setting of a
 * device that is not there waits for it.
 *
 * The features that stand in the way of XDP are hook.c's while XDP is on: then it is its memory that is read
 * and written here, and turning one on is refused.
 */
#ifndef XBR_MODEL_OFFLOAD_H
#define XBR_MODEL_OFFLOAD_H

#include "model/model.h"
#include "net/devlink.h"
#include "net/features.h"
#include "net/vf.h"

/* Kept in pinned memory: numbers stay. The first are enum net_feature. */
enum offload_attribute {
	OFFLOAD_RX_QUEUES = 64, /* enum net_channel */
	OFFLOAD_TX_QUEUES,
	OFFLOAD_COMBINED,
	OFFLOAD_HWMODE,
	OFFLOAD_ESWITCH,
	OFFLOAD_VF = 128, /* from here on of a VF: enum vf_attribute */
	OFFLOAD_ATTRIBUTES = OFFLOAD_VF + VF_ATTRIBUTES,
};

/* How a setting is doing, as last seen. */
enum offload_state {
	OFFLOAD_WAITS,  /* its device, or VF, is not there */
	OFFLOAD_HOLDS,  /* the device says so */
	OFFLOAD_DIFFERS /* the device says otherwise, and it was given up, or refused */
};

struct offload_entry {
	struct xbr_offload_key key;
	uint64_t wanted;
	uint64_t before; /* valid if made */
	bool made;
	enum offload_state state;
	uint32_t rounds; /* reapplied so often since first_round_s */
	uint64_t first_round_s;
	bool leaves; /* it is to be given back by offload_leave() */
	bool told;   /* its device was told of: to be looked at */
	bool swept;  /* in the round of offload_sweep() that is under way */
	UT_hash_handle hh;
};

struct offload_model {
	struct genl *ethtool, *devlink; /* opened when they are needed; NULL: not yet, or not there */
	struct offload_entry *entries;
	bool told; /* some entry was: offload_verify() has work */
};

/* A device says otherwise than it is configured, for the listener. */
struct offload_event {
	const struct offload_entry *entry;
	uint64_t reported;
	const char *outcome; /* "done again", or why not */
};

/* A device and what is set of it, for one attribute. */
struct offload_target {
	const char *dev;
	uint16_t vf; /* XBR_OFFLOAD_NO_VF */
	uint16_t attribute;
	struct rtnl_link link;
};

/* ---- offload.c ---- */

int offload_open(struct model *model);
void offload_close(struct model *model);
/* What an earlier agent left: from pinned memory, then held against the devices. */
void offload_adopt(struct model *model);

struct offload_entry *offload_find(const struct model *model, const struct xbr_offload_key *key);

/* Could offload_set() work? Touches nothing. -ENODEV: only the device is missing. */
int offload_check(struct model *model, const struct xbr_offload_key *key, uint64_t value,
		  struct xbr_error *error);
/* Writes it down, then does it, and looks whether the device followed. On failure all is as before.
 * may_wait: the device need not be there. */
int offload_set(struct model *model, const struct xbr_offload_key *key, uint64_t value, bool may_wait,
		struct xbr_error *error);
/* Of entries that are marked so: what was there before is there again; where that fails, it is logged. */
void offload_leave(struct model *model);
/* All of them, the last step of --detach. */
void offload_restore_all(struct model *model);

/* A device was told of by the kernel. */
void offload_on_link(struct model *model, const struct rtnl_link *link);
/* Holds what was told of against its settings, and does them again. */
void offload_verify(struct model *model);
/* The same for one device in turn; to be called about once a second. */
void offload_sweep(struct model *model);

/* Whether an attribute is to be made early: it changes what other attributes there are. */
bool offload_is_first(const struct xbr_offload_key *key);
void offload_key_of(const char *dev, uint16_t vf, uint16_t attribute, struct xbr_offload_key *ret_key);

/* ---- offload_attribute.c ---- */

/* The word of an attribute, as the commands have it; NULL: there is none such. */
const char *offload_word(uint16_t attribute);
/* The words that restore a value: "tso off", "vlan 10 qos 3". */
#define OFFLOAD_TEXT 96
void offload_text(uint16_t attribute, uint64_t value, char ret_text[OFFLOAD_TEXT]);

extern const char *const hwmode_words[];   /* by BRIDGE_MODE_* */
extern const char *const eswitch_words[];  /* by DEVLINK_ESWITCH_MODE_* */
extern const char *const vf_state_words[]; /* by IFLA_VF_LINK_STATE_* */

/* Finds the device. -ENODEV with a sentence. */
int offload_target(struct model *model, const struct xbr_offload_key *key, struct offload_target *ret_target,
		   struct xbr_error *error);
/* May the attribute have this value, as far as can be known before it is tried? */
int offload_attribute_check(struct model *model, const struct offload_target *target, uint64_t value,
			    struct xbr_error *error);
/* *ret_now: the value, as it is compared; *ret_memory: what offload_attribute_restore() takes. */
int offload_attribute_read(struct model *model, const struct offload_target *target, uint64_t *ret_now,
			   uint64_t *ret_memory, struct xbr_error *error);
int offload_attribute_write(struct model *model, const struct offload_target *target, uint64_t value,
			    struct xbr_error *error);
int offload_attribute_restore(struct model *model, const struct offload_target *target, uint64_t memory,
			      struct xbr_error *error);

/* The sockets; NULL where the kernel has no such thing. */
struct genl *offload_ethtool(struct model *model);
struct genl *offload_devlink(struct model *model);

#endif
