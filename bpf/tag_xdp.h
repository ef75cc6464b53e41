/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * tag_xdp: edits of tags in XDP, by moving the head of the frame. What fails leaves the frame as it was, so
 * that it can be handed to TC.
 */
#ifndef XBR_TAG_XDP_H
#define XBR_TAG_XDP_H

#include "tag.h"

/* In place: a tag of the same length. */
STAGE bool tag_xdp_replace(struct xdp_md *xdp, struct tag tag)
{
	void *data = (void *)(long)xdp->data;

	if (data + ETH_ADDRESSES_LEN + VLAN_TAG_LEN > (void *)(long)xdp->data_end)
		return false;
	tag_store(data + ETH_ADDRESSES_LEN, tag);
	return true;
}

STAGE bool tag_xdp_pop(struct xdp_md *xdp)
{
	struct tag_addresses addresses;
	void *data = (void *)(long)xdp->data;

	if (data + ETH_HEADER_LEN + VLAN_TAG_LEN > (void *)(long)xdp->data_end)
		return false;
	tag_addresses_load(&addresses, data);
	if (bpf_xdp_adjust_head(xdp, VLAN_TAG_LEN))
		return false;
	data = (void *)(long)xdp->data;
	if (data + ETH_ADDRESSES_LEN > (void *)(long)xdp->data_end)
		return false; /* cannot be: it was there a moment ago */
	tag_addresses_store(&addresses, data);
	return true;
}

/* False also where there is no headroom. */
STAGE bool tag_xdp_push(struct xdp_md *xdp, struct tag tag)
{
	struct tag_addresses addresses;
	void *data = (void *)(long)xdp->data;

	if (data + ETH_ADDRESSES_LEN > (void *)(long)xdp->data_end)
		return false;
	tag_addresses_load(&addresses, data);
	if (bpf_xdp_adjust_head(xdp, -VLAN_TAG_LEN))
		return false;
	data = (void *)(long)xdp->data;
	if (data + ETH_ADDRESSES_LEN + VLAN_TAG_LEN > (void *)(long)xdp->data_end)
		return false; /* cannot be */
	tag_addresses_store(&addresses, data);
	tag_store(data + ETH_ADDRESSES_LEN, tag);
	return true;
}

STAGE bool tag_xdp_edit(struct xdp_md *xdp, const struct tag_edit *edit)
{
	if (tag_edit_replaces(edit))
		return tag_xdp_replace(xdp, edit->push);
	if (edit->pop)
		return tag_xdp_pop(xdp);
	return tag_xdp_push(xdp, edit->push);
}

#endif
