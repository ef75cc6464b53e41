/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * encap: a port is (device, encapsulation). On a device that carries channels each frame has a tag that says
 * whose it is; it is read here, taken off before any stage sees the frame, and put on where the frame leaves
 * (xdp_encap.h, tc_encap.h). Between the two a channel is a port like any other.
 *
 * Three kinds of tags, all between the source address and whatever follows it:
 *     S-tag   802.1Q, 9.5: 88a8 PCP(3) DEI(1) S-VID(12). The default S-channel, S-VID 1, travels without
 *             (802.1Qbg: it is the PVID of the S-VLAN component, and in its untagged set).
 *     E-TAG   802.1BR: 893f E-PCP(3) E-DEI(1) Ingress_E-CID_base(12), (2) GRP(2) E-CID_base(12),
 *             Ingress_E-CID_ext(8) E-CID_ext(8)
 *     VN-Tag  8926 dir(1) ptr(1) dst_vif(14), looped(1) (1) version(2) src_vif(12)
 */
#ifndef XBR_ENCAP_H
#define XBR_ENCAP_H

#include "parse.h"

#define TPID_ETAG_BE   BE16(0x893f)
#define TPID_VNTAG_BE  BE16(0x8926)
#define STAG_OCTETS    4
#define ETAG_OCTETS    8
#define VNTAG_OCTETS   6
#define ENCAP_OFFSET   ETH_TYPE_OFFSET /* of the tag */
#define ENCAP_PULL_LEN (ENCAP_OFFSET + ETAG_OCTETS + ETH_TYPE_LEN)

#define ETAG_GRP_SHIFT  12 /* in the second half-word; the base is below it */
#define ETAG_GRP_MASK   3
#define ETAG_BASE_MASK  0xfff
#define ETAG_EXT_SHIFT  12 /* of an E-CID */
#define ETAG_EXT_MASK   0xff
#define VNTAG_DOWN      0x8000 /* dir: from the bridge to the interface */
#define VNTAG_LIST      0x4000 /* ptr: dst_vif is a list of interfaces */
#define VNTAG_DST_MASK  0x3fff
#define VNTAG_LOOPED    0x8000
#define VNTAG_VERSION   0x3000
#define VNTAG_SRC_MASK  0xfff
#define VNTAG_LIST_FLAG (1u << XBR_CHANNEL_GROUP_SHIFT)

/* What a frame's tag says. */
struct encap_tag {
	__u32 channel; /* its number within its kind */
	__u32 octets;  /* of the tag; 0: there is none */
	bool echo;     /* it is this channel's own frame, sent back */
};

STAGE __u32 encap_octets(__u32 encap)
{
	switch (encap) {
	case XBR_ENCAP_SCHANNEL:
		return STAG_OCTETS;
	case XBR_ENCAP_ETAG:
		return ETAG_OCTETS;
	case XBR_ENCAP_VNTAG:
		return VNTAG_OCTETS;
	default:
		return 0;
	}
}

/* ---- reading ---- */

/* A priority S-tag (S-VID 0) is of the default channel, as no tag is. */
STAGE void encap_read_stci(struct encap_tag *tag, __u16 tci)
{
	tag->channel = tci & 0xfff ? tci & 0xfff : XBR_SVID_DEFAULT;
	tag->octets = STAG_OCTETS;
}

STAGE void encap_read_stag(struct encap_tag *tag, const void *data, const void *data_end)
{
	tag->channel = XBR_SVID_DEFAULT;
	if (data + ENCAP_OFFSET + STAG_OCTETS + ETH_TYPE_LEN <= data_end &&
	    load_u16(data + ENCAP_OFFSET) == TPID_STAG_BE)
		encap_read_stci(tag, BE16(load_u16(data + ENCAP_OFFSET + 2)));
}

STAGE __u32 etag_ecid(__u32 base, __u32 ext)
{
	return (base & ETAG_BASE_MASK) | (ext & ETAG_EXT_MASK) << ETAG_EXT_SHIFT;
}

STAGE void encap_read_etag(struct encap_tag *tag, const void *data, const void *data_end)
{
	__u32 ingress, egress, ext;

	if (data + ENCAP_OFFSET + ETAG_OCTETS + ETH_TYPE_LEN > data_end ||
	    load_u16(data + ENCAP_OFFSET) != TPID_ETAG_BE)
		return;
	ingress = BE16(load_u16(data + ENCAP_OFFSET + 2));
	egress = BE16(load_u16(data + ENCAP_OFFSET + 4));
	ext = BE16(load_u16(data + ENCAP_OFFSET + 6));
	tag->octets = ETAG_OCTETS;
	tag->channel = etag_ecid(egress, ext);
	tag->echo = etag_ecid(ingress, ext >> 8) == tag->channel;
	tag->channel |= (egress >> ETAG_GRP_SHIFT & ETAG_GRP_MASK) << XBR_CHANNEL_GROUP_SHIFT;
}

/* Going up the interface is the source, going down the destination. */
STAGE void encap_read_vntag(struct encap_tag *tag, const void *data, const void *data_end)
{
	__u32 to, from;

	if (data + ENCAP_OFFSET + VNTAG_OCTETS + ETH_TYPE_LEN > data_end ||
	    load_u16(data + ENCAP_OFFSET) != TPID_VNTAG_BE)
		return;
	to = BE16(load_u16(data + ENCAP_OFFSET + 2));
	from = BE16(load_u16(data + ENCAP_OFFSET + 4));
	if (from & VNTAG_VERSION)
		return;
	tag->octets = VNTAG_OCTETS;
	tag->channel = from & VNTAG_SRC_MASK;
	if (!(to & VNTAG_DOWN))
		return;
	tag->echo = from & VNTAG_LOOPED && (to & VNTAG_DST_MASK) == tag->channel;
	tag->channel = (to & VNTAG_DST_MASK) | (to & VNTAG_LIST ? VNTAG_LIST_FLAG : 0);
}

/* data: the frame's octets, a tag in metadata not among them. octets 0 afterwards: no tag of this kind. */
STAGE void encap_read(struct encap_tag *tag, __u32 encap, const void *data, const void *data_end)
{
	if (encap == XBR_ENCAP_SCHANNEL)
		encap_read_stag(tag, data, data_end);
	else if (encap == XBR_ENCAP_ETAG)
		encap_read_etag(tag, data, data_end);
	else
		encap_read_vntag(tag, data, data_end);
}

/* The port (16 bits), the tag's octets (8), and enum xbr_reason: why the frame is of no channel (8). */
STAGE __u32 encap_pack(__u32 port, __u32 octets, enum xbr_reason refused)
{
	return port | octets << 16 | (__u32)refused << 24;
}

/* Whose frame is it? */
STAGE __u32 encap_find(const struct encap_tag *tag, __u32 ifindex, __u32 encap)
{
	struct xbr_channel_key key = {.ifindex = ifindex,
				      .channel = encap << XBR_CHANNEL_KIND_SHIFT | tag->channel};
	__u32 port = tag->channel ? port_of_channel(&key) : XBR_PORT_NONE;

	if (port)
		return encap_pack(port, tag->octets, tag->echo ? XBR_REASON_channel_echo : XBR_REASON_none);
	return encap_pack(port, 0, tag->octets ? XBR_REASON_no_channel : XBR_REASON_channel_untagged);
}

/* Makes the frame the channel's, if there is one; else it stays the device's own, which may have none. The
 * tag is still there: f->channel_octets. */
STAGE void encap_take(struct frame *f, __u32 found)
{
	if (found & 0xffff)
		f->in = found & 0xffff;
	f->channel_octets = (__u8)(found >> 16);
	f->channel_refused = (__u8)(found >> 24);
	f->len -= f->channel_octets;
}

/* False: the frame is of no channel, and has ended. */
STAGE bool encap(struct frame *f)
{
	return !f->channel_refused || frame_drop(f, f->channel_refused);
}

/* ---- writing ---- */

/*
 * The octets of a tag as they follow the source address, the first one lowest. `from`: the port the frame
 * came in by; its own identity goes along where it is a channel of the same device and many are to get the
 * frame, so that the source can tell its own echo.
 */
STAGE __u64 encap_words(__u16 a_be, __u16 b, __u16 c, __u16 d)
{
	return a_be | (__u64)BE16(b) << 16 | (__u64)BE16(c) << 32 | (__u64)BE16(d) << 48;
}

STAGE __u64 encap_etag(const struct xbr_port *out, __u32 source, __u32 pcp)
{
	__u32 group = out->channel >> XBR_CHANNEL_GROUP_SHIFT & ETAG_GRP_MASK;
	__u32 exts = (source >> ETAG_EXT_SHIFT & ETAG_EXT_MASK) << 8 |
		     (out->channel >> ETAG_EXT_SHIFT & ETAG_EXT_MASK);

	return encap_words(TPID_ETAG_BE, (__u16)(pcp << 12 | (source & ETAG_BASE_MASK)),
			   (__u16)(group << ETAG_GRP_SHIFT | (out->channel & ETAG_BASE_MASK)), (__u16)exts);
}

STAGE __u64 encap_vntag(const struct xbr_port *out, __u32 source)
{
	__u32 to = VNTAG_DOWN | (out->channel & VNTAG_DST_MASK);

	if (out->channel_flags & XBR_CHANNEL_STATION)
		return encap_words(TPID_VNTAG_BE, 0, (__u16)(out->channel & VNTAG_SRC_MASK), 0);
	if (out->channel & XBR_CHANNEL_GROUP)
		to |= VNTAG_LIST;
	return encap_words(TPID_VNTAG_BE, (__u16)to,
			   (__u16)(source ? VNTAG_LOOPED | (source & VNTAG_SRC_MASK) : 0), 0);
}

/* PCP and DEI of the frame's own C-tag: the channel's tag has them too. */
STAGE __u32 encap_pcp(const struct frame *f)
{
	return f->tag.tpid_be == TPID_CTAG_BE ? f->tag.tci >> 12 : 0;
}

/* The channel a frame came from, as far as a tag for many tells it; 0: it need not. */
STAGE __u32 encap_source(const struct xbr_port *in, const struct xbr_port *out)
{
	if (!in || !(out->channel & XBR_CHANNEL_GROUP) || in->ifindex != out->ifindex)
		return 0;
	return in->channel;
}

/* pcp: four bits, PCP and DEI. */
STAGE __u64 encap_tag_of(const struct xbr_port *in, const struct xbr_port *out, __u32 pcp)
{
	switch (out->encap) {
	case XBR_ENCAP_SCHANNEL:
		return encap_words(TPID_STAG_BE, (__u16)(pcp << 12 | out->channel), 0, 0);
	case XBR_ENCAP_ETAG:
		return encap_etag(out, encap_source(in, out), pcp);
	default:
		return encap_vntag(out, encap_source(in, out));
	}
}

/* Octets of the tag that a frame gets by this port. */
STAGE __u32 encap_octets_out(const struct xbr_port *out)
{
	if (out->encap == XBR_ENCAP_SCHANNEL && out->channel == XBR_SVID_DEFAULT)
		return 0;
	return encap_octets(out->encap);
}

#endif
