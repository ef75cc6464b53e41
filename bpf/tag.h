/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * tag: VLAN tags (802.1Q, 9): what they are, how the outermost is found, and what is to become of it. A tag
 * in the metadata of an skb and one in the bytes mean the same: parse (tc.h knows of metadata) notes the
 * outermost in `struct frame`, wherever it lies, and an edit says only "take it off" and "put this one on".
 * Each hook carries an edit out by its own means: tag_xdp.h moves the head of the frame, tag_tc.h asks the
 * kernel, the host build (host/host.c) writes into a buffer. The octets are moved by the functions here, in
 * all of them.
 */
#ifndef XBR_TAG_H
#define XBR_TAG_H

#include "target.h"

#define ETH_ADDRESSES_LEN 12 /* both */
#define ETH_HEADER_LEN    14
#define ETH_TYPE_OFFSET   12
#define ETH_TYPE_LEN      2
#define VLAN_TAG_LEN      4

#define BE16(x) ((__u16)(((x) >> 8) | (((x)&0xff) << 8)))
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "addresses are compared as little-endian words");

#define TPID_CTAG_BE BE16(0x8100) /* 802.1Q, table 9-1 */
#define TPID_STAG_BE BE16(0x88a8)

/* 802.1Q, 9.6: PCP, DEI, VID. */
#define TCI_VID_MASK      0x0fffu
#define TCI_DEI           0x1000u
#define TCI_PCP_SHIFT     13
#define TCI_PRIORITY_MASK 0xf000u /* PCP and DEI */

/* tci in host order. tpid_be 0: there is none. */
struct tag {
	__u16 tpid_be;
	__u16 tci;
};

/* What is to become of the tags of a frame that leaves: first the outermost is taken off, then one put on. */
struct tag_edit {
	bool pop;
	bool reserved; /* no octet of it is padding: where it is passed by address, the verifier wants all of
			  them set */
	struct tag push;
};

/* With the priority of the low three bits of `pcp`. */
STAGE __u16 tag_with_pcp(__u16 tci, __u32 pcp)
{
	return (__u16)((tci & ~(7u << TCI_PCP_SHIFT)) | (pcp & 7) << TCI_PCP_SHIFT);
}

STAGE bool tag_is_vlan(__u16 type_be)
{
	return type_be == TPID_CTAG_BE || type_be == TPID_STAG_BE;
}

STAGE bool tag_edit_is_empty(const struct tag_edit *edit)
{
	return !edit->pop && !edit->push.tpid_be;
}

/* A tag for another one: the frame keeps its length. */
STAGE bool tag_edit_replaces(const struct tag_edit *edit)
{
	return edit->pop && edit->push.tpid_be;
}

/* Octets of a frame of `len` once it has been edited. */
STAGE __u32 tag_edit_len(const struct tag_edit *edit, __u32 len)
{
	if (edit->pop)
		len -= VLAN_TAG_LEN;
	if (edit->push.tpid_be)
		len += VLAN_TAG_LEN;
	return len;
}

/* at: the tag's four octets. */
STAGE struct tag tag_load(const void *at)
{
	return (struct tag){.tpid_be = load_u16(at), .tci = BE16(load_u16(at + ETH_TYPE_LEN))};
}

STAGE void tag_store(void *at, struct tag tag)
{
	store_u16(at, tag.tpid_be);
	store_u16(at + ETH_TYPE_LEN, BE16(tag.tci));
}

/* Both addresses of a frame, lifted out while its head moves. */
struct tag_addresses {
	__u32 word[3];
};

STAGE void tag_addresses_load(struct tag_addresses *a, const void *frame)
{
	a->word[0] = load_u32(frame);
	a->word[1] = load_u32(frame + 4);
	a->word[2] = load_u32(frame + 8);
}

STAGE void tag_addresses_store(const struct tag_addresses *a, void *frame)
{
	store_u32(frame, a->word[0]);
	store_u32(frame + 4, a->word[1]);
	store_u32(frame + 8, a->word[2]);
}

#endif
