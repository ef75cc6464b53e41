/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * vlan: classify to a VLAN and its FID, the number under which addresses are learned and looked up
 * (802.1Q, 8.8.8), and say what tag a copy leaves with. On a VLAN-unaware bridge a frame is of no VLAN (tci
 * 0), the bridge has one FID, and tags, in metadata or in the bytes, are payload that no stage changes.
 *
 * On a VLAN-aware one a frame is of exactly one VLAN: that of its outermost tag if this has the bridge's
 * TPID, else the port's PVID; tags of another TPID are payload, as for the kernel's __allowed_ingress(). On a
 * tunnel port (802.1Q, 15: a customer's port of a provider bridge) every tag is payload.
 */
#ifndef XBR_VLAN_H
#define XBR_VLAN_H

#include "frame.h"

/* What a port is to a VLAN. */
#define VLAN_MEMBER   1
#define VLAN_UNTAGGED 2
#define VLAN_HAIRPIN  4

/* In functions of their own: a place must not be known on one path and unknown on another (decision 013). */
GLOBAL int vlan_port_bits(__u32 port, __u32 vid)
{
	struct xbr_port_vlans *vlans = port_vlans_get(port);
	const struct xbr_vlan_word *word;

	if (!vlans)
		return 0;
	word = &vlans->word[(vid & XBR_VID_MASK) / 64];
	return (word->member >> (vid & 63) & 1 ? VLAN_MEMBER : 0) |
	       (word->untagged >> (vid & 63) & 1 ? VLAN_UNTAGGED : 0) |
	       (word->hairpin >> (vid & 63) & 1 ? VLAN_HAIRPIN : 0);
}

GLOBAL int vlan_fid(__u32 bridge, __u32 vid)
{
	struct xbr_bridge_vlans *vlans = bridge_vlans_get(bridge);

	if (!vlans)
		return 0;
	return vlans->block[(vid & XBR_VID_MASK) / XBR_VLAN_BLOCK] * XBR_VLAN_BLOCK +
	       (int)(vid % XBR_VLAN_BLOCK);
}

STAGE __u32 vlan_of(const struct frame *f)
{
	return f->tci & TCI_VID_MASK;
}

STAGE bool vlan_is_aware(const struct frame *f)
{
	return feature_on(XBR_FEATURE_vlan) && f->tci;
}

STAGE const struct xbr_vlan_map *vlan_map_find(__u32 port, __u32 vid, enum xbr_vlan_map_way way)
{
	struct xbr_vlan_map_key key = {.port = (__u16)port, .vid = (__u16)vid, .way = (__u16)way};

	return vlan_map_get(&key);
}

/* The TCI by a mapping. */
STAGE __u16 vlan_mapped(__u16 tci, const struct xbr_vlan_map *map)
{
	__u32 priority = map->priority < XBR_PRIORITY_KEEP ? (__u32)map->priority << TCI_PCP_SHIFT
							   : tci & TCI_PRIORITY_MASK;

	return (__u16)(priority | (map->vid & TCI_VID_MASK));
}

/*
 * Translation: the VID on the wire is another one than the VLAN's. A VID that is a VLAN here only by
 * translation from another is nobody's on the wire: it becomes 4095, which no port is a member of.
 */
STAGE __u16 vlan_translated(const struct frame *f, __u16 tci)
{
	__u32 vid = tci & TCI_VID_MASK;
	const struct xbr_vlan_map *map = vid ? vlan_map_find(f->in, vid, XBR_VLAN_MAP_IN) : NULL;

	if (map)
		return vlan_mapped(tci, map);
	return vlan_map_find(f->in, vid, XBR_VLAN_MAP_OUT) ? tci | TCI_VID_MASK : tci;
}

/* A tunnel port: the customer's C-VID may choose the VLAN; the customer's priority is the VLAN's. */
STAGE __u16 vlan_tunnelled(const struct frame *f, const struct xbr_port *port)
{
	const struct xbr_vlan_map *map = NULL;

	if (!f->tag.tpid_be)
		return 0;
	if (port->flags & XBR_PORT_VLAN_MAP && f->tag.tpid_be == TPID_CTAG_BE)
		map = vlan_map_find(f->in, f->tag.tci & TCI_VID_MASK, XBR_VLAN_MAP_IN);
	return map ? vlan_mapped(f->tag.tci, map) : f->tag.tci & TCI_PRIORITY_MASK;
}

/* As the tag says; VID 0: the port's PVID decides. Sets whether the outermost tag is the VLAN's own. */
STAGE __u16 vlan_tagged_tci(struct frame *f, const struct xbr_port *port)
{
	if (port->flags & XBR_PORT_TUNNEL)
		return vlan_tunnelled(f, port);
	f->vlan_tag = f->tag.tpid_be == f->vlan_tpid_be;
	if (!f->vlan_tag)
		return 0;
	return port->flags & XBR_PORT_VLAN_MAP ? vlan_translated(f, f->tag.tci) : f->tag.tci;
}

/* What belongs to a frame's VLAN beside its TCI; also where TC takes over from XDP. */
STAGE void vlan_context(struct frame *f, const struct xbr_bridge *bridge)
{
	f->vlan_tpid_be = bridge->vlan_tpid_be;
	f->vlan_stats = bridge->flags & XBR_BRIDGE_VLAN_STATS;
}

/* Reserved addresses are for the bridge, whatever the VLAN: their frames end by that reason. */
STAGE bool vlan_drop(struct frame *f, enum xbr_reason reason)
{
	f->tci = 0;
	return frame_drop(f, mac_is_reserved(f->dst) ? XBR_REASON_reserved_group : reason);
}

GLOBAL int vlan_classify(struct frame *f, const struct xbr_port *port, const struct xbr_bridge *bridge)
{
	if (!f || !port || !bridge)
		return false;
	vlan_context(f, bridge);
	f->tci = vlan_tagged_tci(f, port);
	if (!vlan_of(f) && !port->pvid)
		return vlan_drop(f, XBR_REASON_no_pvid);
	if (!vlan_of(f))
		f->tci |= port->pvid & TCI_VID_MASK;
	if (!(vlan_port_bits(f->in, vlan_of(f)) & VLAN_MEMBER))
		return vlan_drop(f, XBR_REASON_ingress_vlan);
	PIN_PATH(f, 0); /* else the drops' last store and this become one, at an offset that differs */
	f->fid = (__u32)vlan_fid(port->bridge, vlan_of(f));
	return true;
}

/* False: the frame may not come in. */
STAGE bool vlan(struct frame *f, const struct xbr_port *port, const struct xbr_bridge *bridge)
{
	f->fid = bridge->fid;
	if (!feature_on(XBR_FEATURE_vlan) || !(bridge->flags & XBR_BRIDGE_VLAN_FILTERING))
		return true;
	return vlan_classify(f, port, bridge);
}

/* ---- leaving ---- */

STAGE bool vlan_may_leave(const struct frame *f, __u32 out)
{
	return !vlan_is_aware(f) || vlan_port_bits(out, vlan_of(f)) & VLAN_MEMBER;
}

/* Reflective relay (802.1Qbg) in this VLAN alone. */
STAGE bool vlan_reflects(const struct frame *f, __u32 port)
{
	return vlan_is_aware(f) && vlan_port_bits(port, vlan_of(f)) & VLAN_HAIRPIN;
}

/* What makes the frame, as it is now, leave with the VLAN's own tag as `tci`, or (tpid_be 0) without. */
STAGE void vlan_edit_to(const struct frame *f, struct tag want, struct tag_edit *ret_edit)
{
	bool same = f->vlan_tag && want.tpid_be && want.tci == f->tag.tci;

	ret_edit->pop = f->vlan_tag && !same;
	ret_edit->push = same ? (struct tag){} : want;
}

/* Its TCI with the PCP that the port has for its priority (802.1Q, 6.9.3). */
STAGE __u16 vlan_pcp_out(const struct frame *f, __u32 number)
{
	const struct xbr_qos_maps *maps = qos_maps_get(number);
	__u32 entry = maps ? maps->prio_pcp[f->priority & (XBR_PRIORITIES - 1)] : 0;

	return entry ? tag_with_pcp(f->tci, entry - 1) : f->tci;
}

/* The tag that a frame's copy for this port has. */
STAGE struct tag vlan_egress_tag(const struct frame *f, const struct xbr_port *out, __u32 number)
{
	struct tag tag = {.tpid_be = f->vlan_tpid_be, .tci = f->tci};
	const struct xbr_vlan_map *map;

	if (out->flags & XBR_PORT_TUNNEL || vlan_port_bits(number, vlan_of(f)) & VLAN_UNTAGGED)
		return (struct tag){};
	if (feature_on(XBR_FEATURE_qos) && out->qos & XBR_QOS_PCP)
		tag.tci = vlan_pcp_out(f, number);
	if (!(out->flags & XBR_PORT_VLAN_MAP))
		return tag;
	map = vlan_map_find(number, vlan_of(f), XBR_VLAN_MAP_OUT);
	if (map)
		tag.tci = vlan_mapped(tag.tci, map);
	return tag;
}

GLOBAL int vlan_edit_find(const struct frame *f, const struct xbr_port *out, __u32 number,
			  struct tag_edit *ret_edit)
{
	if (f && out && ret_edit)
		vlan_edit_to(f, vlan_egress_tag(f, out, number), ret_edit);
	return 0;
}

/* What is to be done to the frame before it leaves by this port. */
STAGE void vlan_edit(const struct frame *f, const struct xbr_port *out, __u32 number,
		     struct tag_edit *ret_edit)
{
	*ret_edit = (struct tag_edit){};
	if (vlan_is_aware(f))
		vlan_edit_find(f, out, number, ret_edit);
}

/* The frame has been edited so: the next copy starts from there. */
STAGE void vlan_edited(struct frame *f, const struct tag_edit *edit)
{
	f->len = tag_edit_len(edit, f->len);
	f->vlan_tag = edit->push.tpid_be;
	f->tag = edit->push;
}

/* The list of those who may have a copy. */
STAGE __u32 vlan_flood_list(const struct frame *f)
{
	const struct xbr_vlan *vlan;

	if (!vlan_is_aware(f))
		return f->fid;
	vlan = vlan_get(f->fid);
	return vlan ? vlan->flood : f->fid;
}

#endif
