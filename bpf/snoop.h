/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * snoop: what tells the agent which addresses a guarded guest may use: what DHCP servers behind trusted ports
 * give (XBR_GUARD_HEARD), and what a guest claims by duplicate address detection (XBR_GUARD_SNOOP_ND). The
 * packet goes its way; a copy of its head goes to the agent by the ring buffer, a few in a second of each
 * port. `guard` calls this for frames that it let pass.
 */
#ifndef XBR_SNOOP_H
#define XBR_SNOOP_H

#include "guard_parse.h"
#include "punt.h"

#define SNOOP_BUCKET                                                                                         \
	(XBR_PUNT_ROOM - 1) /* of the port's token buckets; no reason of the punt path has it                \
			     */

STAGE bool snoop_is_reply4(const struct octets *octets, struct guard_scratch *g)
{
	GUARD_COPY udp[4];

	return guard_parse_ipv4(octets, g) && g->copy[IPV4_PROTOCOL] == PROTOCOL_UDP &&
	       !guard_ipv4_is_fragment(g) && octets_load(octets, guard_ipv4_payload(g), udp, sizeof(udp)) &&
	       UDP_SOURCE(udp) == 67 && UDP_DESTINATION(udp) == 68;
}

/* RFC 4862, 5.4.2: from ::, for the address that is to be had. */
STAGE bool snoop_is_claim(const struct octets *octets, const struct guard_scratch *g, const __u8 *upper)
{
	GUARD_COPY source[16];
	const __u64 *word = (const __u64 *)source;

	return upper[0] == ND_NS &&
	       octets_load(octets, LAYER3_OFFSET(g->layer3) + IPV6_SOURCE, source, sizeof(source)) &&
	       !(word[0] | word[1]);
}

/* Straight behind the header: neither servers nor claims hide behind others. */
STAGE bool snoop_wants6(const struct octets *octets, struct guard_scratch *g)
{
	__u32 at = LAYER3_OFFSET(g->layer3);
	GUARD_COPY upper[4];

	if (!octets_load(octets, at, g->copy, 8) || !octets_load(octets, at + IPV6_LEN, upper, sizeof(upper)))
		return false;
	if (g->copy[6] == PROTOCOL_UDP)
		return g->guards & XBR_GUARD_HEARD && UDP_SOURCE(upper) == 547 &&
		       UDP_DESTINATION(upper) == 546;
	return g->copy[6] == PROTOCOL_ICMPV6 && g->guards & XBR_GUARD_SNOOP_ND &&
	       snoop_is_claim(octets, g, upper);
}

STAGE bool snoop_wants(const struct octets *octets, struct guard_scratch *g)
{
	switch (LAYER3_TYPE(g->layer3)) {
	case TYPE_IPV4:
		return g->guards & XBR_GUARD_HEARD && snoop_is_reply4(octets, g);
	case TYPE_IPV6:
		return snoop_wants6(octets, g);
	default:
		return false;
	}
}

/* As many as there are, or there is room for. Less by one until the end: the verifier must see that it is
 * never none. */
STAGE __u32 snoop_copy(const struct octets *octets, __u32 at, __u8 *to)
{
	__u32 last = octets_count(octets) - at - 1;

	__asm__ volatile("" : "+r"(last)); /* what is compared is what is used */
	if (last >= XBR_SNOOP_OCTETS)
		last = XBR_SNOOP_OCTETS - 1;
	return octets_load(octets, at, to, last + 1) ? last + 1 : 0;
}

STAGE void snoop_tell(const struct octets *octets, const struct guard_scratch *g, __u64 dst)
{
	struct xbr_snoop_event *event;

	if (!punt_admit(g->port, SNOOP_BUCKET))
		return;
	event = snoop_event_begin();
	if (!event)
		return;
	event->src = g->mac;
	event->dst = dst;
	event->port = g->port;
	event->vid = (__u16)g->vid;
	event->length = (__u16)snoop_copy(octets, LAYER3_OFFSET(g->layer3), event->octets);
	snoop_event_end(event);
}

/* guards_vid: the port's flags, and above them the VLAN, 0 on a bridge without. */
#define SNOOP_OF_HOOK(hook, context_type, octets_of)                                                         \
	GLOBAL int snoop_##hook(context_type *context, __u32 port, __u64 src, __u64 dst, __u64 guards_vid)   \
	{                                                                                                    \
		const struct octets octets = octets_of(context);                                             \
		struct guard_scratch *g = guard_scratch();                                                   \
                                                                                                             \
		if (!g)                                                                                      \
			return 0;                                                                            \
		g->port = port;                                                                              \
		g->mac = src;                                                                                \
		g->guards = (__u32)guards_vid;                                                               \
		g->vid = (__u32)(guards_vid >> 32);                                                          \
		g->layer3 = guard_layer3(&octets);                                                           \
		if (snoop_wants(&octets, g))                                                                 \
			snoop_tell(&octets, g, dst);                                                         \
		return 0;                                                                                    \
	}
EACH_HOOK(SNOOP_OF_HOOK)

STAGE void snoop(const struct frame *f, const struct xbr_port *port, const struct octets *octets)
{
	__u64 vid = f->tci & TCI_VID_MASK;

	if (port->guard & (XBR_GUARD_HEARD | XBR_GUARD_SNOOP_ND))
		(void)BY_HOOK(octets, snoop, f->in, f->src, f->dst, port->guard | vid << 32);
}

#endif
