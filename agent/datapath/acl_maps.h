/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl_maps: the maps of access lists as the model sees them (xbr/acl.h). An image is a map of its own,
 * mapped; its cells are the model's to change in place. It is pinned beside the set's other maps as acl-N,
 * and stands in the map of images under its number, where programs look it up: putting another one there is
 * one store, and when the call returns no program runs that saw the former.
 */
#ifndef XBR_DATAPATH_ACL_MAPS_H
#define XBR_DATAPATH_ACL_MAPS_H

#include "datapath/datapath.h"

/* Makes a map of the cells, and puts it in the place of the number's former one. *ret_cells: its memory, to
 * be given back by acl_maps_unmap(). 0 or -errno: the former one stays. */
int acl_maps_put(struct datapath *dp, uint32_t number, const void *cells, uint32_t count, void **ret_cells);
void acl_maps_remove(struct datapath *dp, uint32_t number);
void acl_maps_unmap(void *cells, uint32_t count);

/* Returns when no program runs that ran when it was called. */
void acl_maps_wait(struct datapath *dp);

/* What an earlier agent left: calls visit for each image, which takes its memory over. 0 or -errno. */
int acl_maps_each(struct datapath *dp, int (*visit)(uint32_t number, void *cells, uint32_t count, void *user),
		  void *user);

/* Which lists a VLAN of a bridge (0: of any) has; both none takes it out. 0 or -errno. */
int acl_maps_set_vlan(struct datapath *dp, uint32_t bridge, uint32_t vid, struct xbr_acl_bound bound);
void acl_maps_each_vlan(struct datapath *dp,
			void (*visit)(uint32_t bridge, uint32_t vid, struct xbr_acl_bound bound, void *user),
			void *user);

/* Members of sets: each is one write. -EEXIST, -ENOENT. */
int acl_maps_add_member(struct datapath *dp, const struct xbr_acl_member *member);
int acl_maps_del_member(struct datapath *dp, const struct xbr_acl_member *member);
void acl_maps_each_member(struct datapath *dp, void (*visit)(const struct xbr_acl_member *member, void *user),
			  void *user);

/* For migrate(): all of it from a former set. */
int acl_maps_carry(struct datapath *dp, const struct pins_set *former);

#endif
