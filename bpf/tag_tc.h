/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * tag_tc: edits of tags in TC, by the kernel's own means: it knows whether the outermost tag lies in metadata
 * or in the bytes, and keeps what it pushes in metadata, where the device may insert it by itself.
 */
#ifndef XBR_TAG_TC_H
#define XBR_TAG_TC_H

#include "tag.h"

/* The outermost tag, where it lies in metadata; what is in the bytes is payload then. */
STAGE struct tag tag_tc_metadata(const struct __sk_buff *skb)
{
	return (struct tag){.tpid_be = (__u16)skb->vlan_proto, .tci = (__u16)skb->vlan_tci};
}

/* False: the kernel could not (no memory); the frame is not fit to be sent. */
STAGE bool tag_tc_edit(struct __sk_buff *skb, const struct tag_edit *edit)
{
	if (edit->pop && bpf_skb_vlan_pop(skb))
		return false;
	return !edit->push.tpid_be || !bpf_skb_vlan_push(skb, edit->push.tpid_be, edit->push.tci);
}

#endif
