// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* The host build of the pipeline; see host.h. */
#include "host.h"

#include "pipeline.h"

#define HOST_FRAME_MAX 4096 /* of those with a channel's tag */

struct host_world host;
struct xbr_settings settings;
struct host_acl host_acl;
struct host_police host_police;
_Thread_local struct flow host_scratch;
_Thread_local struct police_scratch host_police_scratch;
_Thread_local struct xbr_meter_counts host_meter_counts[HOST_METERS];
_Thread_local struct xbr_counters host_counters[HOST_PORTS];
_Thread_local struct guard_scratch host_guard_scratch;
_Thread_local struct xbr_punt_counts host_punt_counts[HOST_PORTS][XBR_PUNT_ROOM];

void host_reset(void)
{
	memset(&host, 0, sizeof(host));
	memset(&host_acl, 0, sizeof(host_acl));
	memset(&host_police, 0, sizeof(host_police));
	memset(host_meter_counts, 0, sizeof(host_meter_counts));
	memset(host_counters, 0, sizeof(host_counters));
	memset(host_punt_counts, 0, sizeof(host_punt_counts));
}

/* Octets of the copy for a port. */
static __u32 copy_len(const struct frame *f, const struct xbr_port *out, __u32 number)
{
	struct tag_edit edit;

	vlan_edit(f, out, number, &edit);
	return tag_edit_len(&edit, f->len);
}

/* As tc_flood_member(): true if this port got its copy. */
static bool flood_member(struct frame *f, const struct xbr_port *in, __u32 number,
			 const struct octets *octets)
{
	const struct xbr_port *out = port_get(number);

	if (!out || !edge_delivers(f, in, out, number))
		return false;
	if (!edge_fits(f, out, copy_len(f, out, number))) {
		count_note(number, XBR_REASON_copy_mtu);
		return false;
	}
	if (!acl_out(f, in, out, number)) {
		count_note(number, XBR_REASON_copy_acl);
		return false;
	}
	if (!police_copy(f, out, number, octets)) {
		count_note(number, XBR_REASON_copy_policed);
		return false;
	}
	count_tx(f, number, copy_len(f, out, number));
	return true;
}

static __u64 flood(struct frame *f, const struct octets *octets)
{
	const struct xbr_port *in = port_get(f->in);
	__u32 number = vlan_flood_list(f);
	const struct host_flood_list *list = number < HOST_FIDS ? &host.flood[number] : NULL;
	__u64 receivers = 0;

	for (__u32 i = 0; in && list && i < list->count; i++)
		if (flood_member(f, in, list->port[i], octets))
			receivers |= 1ull << list->port[i];
	if (!receivers)
		frame_drop(f, XBR_REASON_no_receiver);
	return receivers;
}

static __u64 forward(const struct frame *f)
{
	const struct xbr_port *out = port_get(f->out);

	count_tx(f, f->out, out ? copy_len(f, out, f->out) : f->len);
	return 1ull << f->out;
}

/* As tc_mirror(). */
static void mirror(const struct frame *f)
{
	const struct xbr_port *to = f->deeds.mirror ? port_get(f->deeds.mirror) : NULL;

	if (!to || !to->ifindex)
		return;
	count_tx(f, f->deeds.mirror, f->len);
	count_note(f->deeds.mirror, XBR_REASON_acl_mirror);
}

static __u64 apply(struct frame *f, const struct octets *octets)
{
	mirror(f);
	switch (f->verdict) {
	case XBR_VERDICT_FORWARD:
		return forward(f);
	case XBR_VERDICT_FLOOD:
		return flood(f, octets);
	case XBR_VERDICT_PUNT: /* there is no agent here */
		punt_lost(f->in, f->out);
		return 0;
	default:
		return 0;
	}
}

/* The tag of the channel that a port is. Returns its octets. */
static __u32 put_channel(const struct frame *f, const struct xbr_port *out, __u8 *at)
{
	__u32 octets = encap_octets_out(out), pcp = vlan_is_aware(f) ? f->tci >> 12 : encap_pcp(f);
	__u64 tag = octets ? encap_tag_of(port_get(f->in), out, pcp) : 0;

	memcpy(at, &tag, octets);
	return octets;
}

/* What rules, and the port that it leaves by, want in the octets of a copy. */
static void change(const struct frame *f, const struct xbr_port *out, __u32 number, __u8 *copy, size_t length)
{
	__u32 dscp = f->deeds.dscp || !out ? f->deeds.dscp : qos_dscp_out(f, out, number);
	struct octets octets = {.at = copy, .count = (__u32)length};
	struct tag tag = tag_load(copy + ETH_ADDRESSES_LEN);

	if (f->deeds.pcp && tag_is_vlan(tag.tpid_be) && !vlan_is_aware(f)) {
		tag.tci = tag_with_pcp(tag.tci, f->deeds.pcp);
		tag_store(copy + ETH_ADDRESSES_LEN, tag);
	}
	if (dscp)
		remark_host(&octets, dscp);
}

size_t host_copy(const struct host_outcome *outcome, const void *data, __u32 port, void *ret_copy)
{
	const struct frame *f = &outcome->frame;
	const struct xbr_port *out = port_get(port);
	struct tag_edit edit = {};
	__u8 *at = ret_copy;
	size_t taken = ETH_ADDRESSES_LEN, came = f->len + f->channel_octets;

	if (out)
		vlan_edit(f, out, port, &edit);
	memcpy(at, data, taken);
	at += taken;
	taken += f->channel_octets;
	if (out)
		at += put_channel(f, out, at);
	if (edit.pop)
		taken += VLAN_TAG_LEN;
	if (edit.push.tpid_be) {
		tag_store(at, edit.push);
		at += VLAN_TAG_LEN;
	}
	memcpy(at, (const __u8 *)data + taken, came - taken);
	taken = (size_t)(at - (__u8 *)ret_copy) + came - taken;
	change(f, out, port, ret_copy, taken);
	return taken;
}

static void find_channel(struct frame *f, const void *data, size_t length, __u32 ifindex, __u32 encap)
{
	struct encap_tag tag = {};

	encap_read(&tag, encap, data, data + length);
	encap_take(f, encap_find(&tag, ifindex, encap));
}

/* What is behind the tag: a copy. */
static const void *strip_channel(const struct frame *f, const void *data, __u8 *inner)
{
	memcpy(inner, data, ETH_ADDRESSES_LEN);
	memcpy(inner + ETH_ADDRESSES_LEN, data + ETH_ADDRESSES_LEN + f->channel_octets,
	       f->len - ETH_ADDRESSES_LEN);
	return inner;
}

void host_frame(const void *data, size_t length, __u32 ifindex, __u32 gso_size,
		struct host_outcome *ret_outcome)
{
	__u64 device = port_of_ifindex(ifindex);
	struct frame f = {.len = (__u32)length, .gso_size = gso_size, .in = (__u32)device};
	struct host_outcome outcome = {};
	__u8 inner[HOST_FRAME_MAX];
	struct octets octets;

	if (XBR_DEVICE_ENCAP(device))
		find_channel(&f, data, length, ifindex, XBR_DEVICE_ENCAP(device));
	if (f.channel_octets && length <= sizeof(inner))
		data = strip_channel(&f, data, inner);
	octets = (struct octets){.at = data, .count = f.len};
	if (parse(&f, data, data + f.len))
		pipeline(&f, &octets);
	if (feature_on(XBR_FEATURE_qos))
		police(&f, &octets);
	trace_frame(&f);
	outcome.receivers = apply(&f, &octets);
	count_rx(&f);
	outcome.frame = f;
	*ret_outcome = outcome;
}
