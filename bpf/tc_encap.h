/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * A channel's tag in TC: read, taken off and put on, in metadata or in the bytes. Super-frames and partial
 * checksums stay what they are: each segment that is made of a super-frame later gets the tag, for it is part
 * of what is in front of the network header.
 */
#ifndef XBR_TC_ENCAP_H
#define XBR_TC_ENCAP_H

#include "encap.h"

/* ---- reading ---- */

/* A tag in metadata is the outermost one. */
STAGE void tc_encap_read(struct encap_tag *tag, struct __sk_buff *skb, __u32 encap)
{
	void *data = (void *)(long)skb->data, *data_end = (void *)(long)skb->data_end;

	if (!skb->vlan_present) {
		encap_read(tag, encap, data, data_end);
		return;
	}
	if (encap != XBR_ENCAP_SCHANNEL)
		return;
	if ((__u16)skb->vlan_proto == TPID_STAG_BE)
		encap_read_stci(tag, (__u16)skb->vlan_tci);
	else
		tag->channel = XBR_SVID_DEFAULT;
}

/* The channel of a frame, packed by encap_find(). */
GLOBAL __u32 tc_encap_find(struct __sk_buff *skb, __u32 encap)
{
	struct encap_tag tag = {};

	if ((void *)(long)skb->data + ENCAP_PULL_LEN > (void *)(long)skb->data_end)
		bpf_skb_pull_data(skb, skb->len < ENCAP_PULL_LEN ? skb->len : ENCAP_PULL_LEN);
	tc_encap_read(&tag, skb, encap);
	return encap_find(&tag, skb->ifindex, encap);
}

/* ---- taking off ---- */

#define TC_ADDRESSES  12 /* octets of both addresses */
#define TC_TPID_AT(n) (TC_ADDRESSES + VLAN_TAG_LEN + (n))

STAGE int tc_write_tpid(struct __sk_buff *skb, __u32 offset, __u64 flags)
{
	__u16 tpid = TPID_CTAG_BE;

	return (int)bpf_skb_store_bytes(skb, offset, &tpid, sizeof(tpid), flags);
}

/* Moves the addresses two octets to the front: what is between them and the type is eight octets then. */
STAGE int tc_widen_vntag(struct __sk_buff *skb)
{
	__u8 addresses[TC_ADDRESSES];

	if (bpf_skb_load_bytes(skb, 0, addresses, sizeof(addresses)) || bpf_skb_change_head(skb, 2, 0))
		return -1;
	return (int)bpf_skb_store_bytes(skb, 0, addresses, sizeof(addresses), 0);
}

/*
 * No helper takes an E-TAG or VN-Tag off: bpf_skb_adjust_room() wants IP behind the Ethernet header. But tags
 * of 802.1Q can be popped: two are pushed (the second puts the first into the bytes, and makes the kernel
 * take the frame for a tagged one), the eight octets behind them are called two more, and all four are
 * popped. Octets that are in front of the MAC header's end (mac_len) are not in skb->csum.
 */
STAGE int tc_strip_octets(struct __sk_buff *skb, __u32 octets)
{
	if (octets == VNTAG_OCTETS && tc_widen_vntag(skb))
		return -1;
	if (bpf_skb_vlan_push(skb, TPID_CTAG_BE, 1) || bpf_skb_vlan_push(skb, TPID_CTAG_BE, 1))
		return -1;
	if (tc_write_tpid(skb, TC_TPID_AT(0), 0) ||
	    tc_write_tpid(skb, TC_TPID_AT(VLAN_TAG_LEN), BPF_F_RECOMPUTE_CSUM))
		return -1;
	for (int i = 0; i < 4; i++)
		if (bpf_skb_vlan_pop(skb))
			return -1;
	return 0;
}

/* Takes the channel's tag off. 0, or -1: the kernel refused. */
GLOBAL int tc_encap_strip(struct __sk_buff *skb, __u32 octets)
{
	if (octets == STAG_OCTETS)
		return bpf_skb_vlan_pop(skb) ? -1 : 0;
	return octets ? tc_strip_octets(skb, octets) : 0;
}

/* ---- putting on ---- */

/* Takes up to two tags of the frame's own out; they belong behind the channel's. How many octets, or -1. */
STAGE int tc_take_inner(struct __sk_buff *skb, __u16 inner[4])
{
	int octets = 0;

	for (int i = 0; i < 2; i++) {
		if (!skb->vlan_present)
			return octets;
		inner[2 * i] = (__u16)skb->vlan_proto;
		inner[2 * i + 1] = BE16((__u16)skb->vlan_tci);
		if (bpf_skb_vlan_pop(skb))
			return -1;
		octets += VLAN_TAG_LEN;
	}
	return skb->vlan_present ? -1 : octets;
}

STAGE int tc_store_inner(struct __sk_buff *skb, __u32 offset, const __u16 inner[4], int octets)
{
	if (octets == VLAN_TAG_LEN)
		return (int)bpf_skb_store_bytes(skb, offset, inner, VLAN_TAG_LEN, 0);
	return octets ? (int)bpf_skb_store_bytes(skb, offset, inner, 2 * VLAN_TAG_LEN, 0) : 0;
}

/* Makes room behind the addresses. What the kernel goes by (the protocol, the network header) stays: it still
 * knows how to cut a super-frame. */
STAGE int tc_push_octets(struct __sk_buff *skb, __u32 octets)
{
	__u8 addresses[TC_ADDRESSES];
	__u16 inner[4] = {};
	int own = tc_take_inner(skb, inner);

	if (own < 0 || bpf_skb_load_bytes(skb, 0, addresses, sizeof(addresses)))
		return -1;
	if (bpf_skb_change_head(skb, octets + (__u32)own, 0) ||
	    bpf_skb_store_bytes(skb, 0, addresses, sizeof(addresses), 0))
		return -1;
	return tc_store_inner(skb, TC_ADDRESSES + octets, inner, own);
}

STAGE int tc_write_tag(struct __sk_buff *skb, __u64 tag, __u32 octets)
{
	if (octets == ETAG_OCTETS)
		return (int)bpf_skb_store_bytes(skb, TC_ADDRESSES, &tag, ETAG_OCTETS, 0);
	return (int)bpf_skb_store_bytes(skb, TC_ADDRESSES, &tag, VNTAG_OCTETS, 0);
}

/* Room for a tag of so many octets behind the addresses. 0, or -1: the kernel refused. */
GLOBAL int tc_encap_room(struct __sk_buff *skb, __u32 octets)
{
	return octets == ETAG_OCTETS ? tc_push_octets(skb, ETAG_OCTETS) : tc_push_octets(skb, VNTAG_OCTETS);
}

/* PCP and DEI that go into the tag: of the frame's VLAN, else of its own tag. */
STAGE __u32 tc_encap_pcp(const struct __sk_buff *skb, __u32 tci)
{
	if (tci)
		return tci >> 12;
	return skb->vlan_present ? skb->vlan_tci >> 12 & 0xf : 0;
}

/*
 * Puts the tag on by which frames leave by port `out`: in metadata, or where there is room for it. Returns
 * its octets, or -1: the kernel refused.
 */
GLOBAL int tc_encap_write(struct __sk_buff *skb, __u32 in, __u32 out, __u32 pcp)
{
	const struct xbr_port *to = port_get(out);
	__u32 octets;
	__u64 tag;
	int err;

	if (!to)
		return -1;
	octets = encap_octets_out(to);
	if (!octets)
		return 0;
	tag = encap_tag_of(port_get(in), to, pcp);
	if (octets == STAG_OCTETS)
		err = (int)bpf_skb_vlan_push(skb, (__u16)tag, BE16((__u16)(tag >> 16)));
	else
		err = tc_write_tag(skb, tag, octets);
	return err ? -1 : (int)octets;
}

#endif
