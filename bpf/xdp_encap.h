/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * A channel's tag in XDP, where it is always in the bytes: taken off before the stages see the frame, put on
 * where XDP sends it. A frame that goes on to TC gets its own tag back first: where what XDP left in front of
 * it is lost on the way, TC still knows whose it is.
 */
#ifndef XBR_XDP_ENCAP_H
#define XBR_XDP_ENCAP_H

#include "encap.h"

/* The channel of a frame, packed by encap_find(). */
GLOBAL __u32 xdp_encap_find(struct xdp_md *xdp, __u32 encap)
{
	struct encap_tag tag = {};

	encap_read(&tag, encap, (void *)(long)xdp->data, (void *)(long)xdp->data_end);
	return encap_find(&tag, xdp->ingress_ifindex, encap);
}

/*
 * The frame becomes `octets` shorter. What they were is returned, the first one lowest, with what follows
 * them up to eight; 0: TC is to do it (the kernel refused, or the frame is all too short).
 */
GLOBAL __u64 xdp_encap_strip(struct xdp_md *xdp, __u32 octets)
{
	struct tag_addresses addresses;
	void *data = (void *)(long)xdp->data;
	__u64 tag;

	if (data + ENCAP_OFFSET + ETAG_OCTETS > (void *)(long)xdp->data_end)
		return 0;
	tag_addresses_load(&addresses, data);
	tag = load_u32(data + ENCAP_OFFSET) | (__u64)load_u32(data + ENCAP_OFFSET + 4) << 32;
	if (bpf_xdp_adjust_head(xdp, (int)octets))
		return 0;
	data = (void *)(long)xdp->data;
	if (data + ETH_ADDRESSES_LEN > (void *)(long)xdp->data_end)
		return 0; /* cannot be: it was there a moment ago */
	tag_addresses_store(&addresses, data);
	return tag;
}

STAGE int xdp_write_tag(struct xdp_md *xdp, __u64 tag, __u32 octets)
{
	void *data = (void *)(long)xdp->data, *data_end = (void *)(long)xdp->data_end;

	if (data + ENCAP_OFFSET + STAG_OCTETS > data_end)
		return -1;
	store_u32(data + ENCAP_OFFSET, (__u32)tag);
	if (octets == STAG_OCTETS)
		return 0;
	if (data + ENCAP_OFFSET + VNTAG_OCTETS > data_end)
		return -1;
	store_u16(data + ENCAP_OFFSET + 4, (__u16)(tag >> 32));
	if (octets == VNTAG_OCTETS)
		return 0;
	if (data + ENCAP_OFFSET + ETAG_OCTETS > data_end)
		return -1;
	store_u16(data + ENCAP_OFFSET + 6, (__u16)(tag >> 48));
	return 0;
}

/* The frame becomes `octets` longer. 0, or -1 where there is no room. */
GLOBAL int xdp_encap_push(struct xdp_md *xdp, __u64 tag, __u32 octets)
{
	struct tag_addresses addresses;
	void *data = (void *)(long)xdp->data;

	if (data + ETH_ADDRESSES_LEN > (void *)(long)xdp->data_end)
		return -1;
	tag_addresses_load(&addresses, data);
	if (bpf_xdp_adjust_head(xdp, -(int)octets))
		return -1;
	data = (void *)(long)xdp->data;
	if (data + ETH_ADDRESSES_LEN > (void *)(long)xdp->data_end)
		return -1; /* cannot be */
	tag_addresses_store(&addresses, data);
	return xdp_write_tag(xdp, tag, octets);
}

#endif
