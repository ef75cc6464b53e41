/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl: the access lists, what they are bound to, and the named sets that their rules ask. A list's rules are
 * owned by its image (acl_image.h), which is a pinned map: an agent that comes back finds them there. What a
 * list is bound to stands in the slots of ports and bridges, and of VLANs in a map of theirs. Every change
 * here is whole at once for frames, and costs no more than it changes.
 */
#ifndef XBR_MODEL_ACL_H
#define XBR_MODEL_ACL_H

#include "model/acl_image.h"
#include "model/acl_member.h"
#include "model/acl_rule.h"
#include "model/conn.h"
#include "model/model.h"

enum acl_direction {
	ACL_IN,
	ACL_OUT,
};

struct acl_list {
	uint32_t number;
	char name[XBR_ACL_NAME_LEN];
	struct acl_image image;
	uint32_t bound;     /* to so many places, */
	uint32_t bound_out; /* ... where frames leave */
	bool names_ports;
	bool polices; /* some rule names a meter */
	UT_hash_handle hh;
};

/* VLANs that have lists. */
struct acl_vlan {
	uint32_t key; /* bridge << 16 | VID; bridge 0: of any */
	uint32_t list[2];
	UT_hash_handle hh;
};

struct acl_model {
	struct model *model;
	struct acl_list *lists;      /* by name, in the order they were made */
	struct acl_list **by_number; /* XBR_ACL_LIMIT */
	struct acl_vlan *vlans;
	uint32_t epoch; /* of the next image */
	struct conn_table conns;
	struct acl_names names;
};

/* A place a list can be bound to: one of port, bridge (vid 0), VLAN of a bridge, or (bridge NULL) of any. */
struct acl_target {
	struct port *port;
	struct bridge *bridge;
	uint16_t vid; /* 0: none */
};

int acl_open(struct model *model, struct xbr_error *error);
void acl_close(struct model *model);

struct acl_list *acl_find(const struct model *model, const char *name);
#define acl_foreach(model, list, next) HASH_ITER (hh, (model)->acl->lists, list, next)

/* ---- rules ---- */

/* Does the rule name ports? Their numbers, which it goes by; -ENODEV: there is none of that name. */
bool acl_names_ports(const struct xbr_acl_rule *rule);
int acl_resolve(const struct model *model, struct xbr_acl_rule *rule, struct xbr_error *error);

/* Adds a rule to a list, which is made if it is not there. seq 0: behind the last. -EEXIST: the seq is taken.
 */
int acl_add(struct model *model, const char *name, struct xbr_acl_rule *rule, struct xbr_error *error);
/* seq 0: the whole list, unless it is bound. */
int acl_del(struct model *model, const char *name, uint32_t seq, struct xbr_error *error);
/* The list has these rules (seq goes up) and no others, from one frame to the next. Made if it is not there.
 */
int acl_replace(struct model *model, const char *name, const struct xbr_acl_rule *rules, uint32_t count,
		struct xbr_error *error);

/* ---- bindings ---- */

/* list NULL: none. -EBUSY: another list is bound there. */
int acl_bind(struct model *model, struct acl_list *list, const struct acl_target *target,
	     enum acl_direction direction, struct xbr_error *error);
/* The same in the place of whichever list is there, by one write: no frame meets neither. */
int acl_rebind(struct model *model, struct acl_list *list, const struct acl_target *target,
	       enum acl_direction direction, struct xbr_error *error);
int acl_unbind(struct model *model, struct acl_list *list, const struct acl_target *target,
	       enum acl_direction direction, struct xbr_error *error);
void acl_each_binding(const struct model *model, const struct acl_list *list,
		      void (*visit)(const struct acl_list *list, const struct acl_target *target,
				    enum acl_direction direction, void *user),
		      void *user);

/* A port comes, and does not forward yet. */
void acl_port_comes(struct model *model);
/* A port or bridge goes: so does what is bound to it. */
void acl_port_gone(struct model *model, struct port *port);
void acl_bridge_gone(struct model *model, struct bridge *bridge);
/* A port has come or gone, or has another name: rules that name it mean it, or nothing. */
void acl_ports_changed(struct model *model);
/* Tells the programs which ports' frames lists have a word on, and what part of the decision cache is whose;
 * also when a port comes, before it forwards. */
void acl_tell(struct model *model);
/* Ports and bridges of an earlier agent are there again. */
void acl_adopted(struct model *model);
/* enum xbr_feature: what programs need to have in them for the lists that are bound. */
uint32_t acl_features(const struct model *model);
/* Calls visit for each rule that polices by this meter. */
void acl_each_policing(const struct model *model, uint16_t meter,
		       void (*visit)(const struct acl_list *list, uint32_t seq, void *user), void *user);
/* May XDP flood to this port, or in this bridge, without asking a list? */
bool acl_asks_copies(const struct model *model, const struct bridge *bridge);

/* ---- sets ---- */

/* member: an address, a prefix, a port, or a range of ports; or the word addresses or ports: the set alone.
 * The set is made if it is not there. */
int acl_set_add(struct model *model, const char *name, const char *member, struct xbr_error *error);
/* member NULL: the whole set, unless a rule asks it. */
int acl_set_del(struct model *model, const char *name, const char *member, struct xbr_error *error);
uint16_t acl_set_find(const struct model *model, const char *name);
void acl_set_each(const struct model *model, uint16_t set, void (*visit)(const char *member, void *user),
		  void *user);

#endif
