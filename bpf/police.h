/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * police: is a frame within the rates of the meters that it comes under: those of rules that matched it, that
 * of the port that it comes in by, and that of the port where it leaves? Meters are named objects that any
 * number of ports share; they stand in levels, a guest's in its tenant's.
 *
 * A meter has one bucket, or two: a single rate with two of them (RFC 2697), or two rates (RFC 2698). A frame
 * takes of its bucket as many octets as it has, FCS not counted, and `overhead` more; a super-frame as many
 * as its segments will have, each with the headers, and `overhead` each. It conforms if the first of them is
 * in the bucket: the rest is taken on credit, for a super-frame is often longer than a bucket is deep.
 *
 * A meter under a parent is sure of its share of the parent's rate: what it takes within that finds the
 * parent's whole bucket, what it takes beyond finds half of it, so that the greedy only get what others leave
 * (docs/decisions/042-meters.md).
 *
 * Control frames never come here: those that the agent asked for are gone, reserved addresses are let by.
 */
#ifndef XBR_POLICE_H
#define XBR_POLICE_H

#include "guard_parse.h"
#include "meter.h"
#include "police_scratch.h"

#define PROTOCOL_TCP 6

#define POLICE_OPEN (1u << 15) /* beside enum xbr_meter_flags; the parent above */

/* What a level says: what is to be done, the colour, and the parent to ask then. */
#define POLICE_ANSWER(action, colour, parent) ((action) | (colour) << 8 | (parent) << 16)
#define POLICE_ACTION(answer)                 ((answer)&0xff)
#define POLICE_COLOUR(answer)                 ((answer) >> 8 & 3)
#define POLICE_PARENT(answer)                 ((answer) >> 16)
#define POLICE_KEPT                           4u /* with the colour: the parent's bucket by half only */
#define POLICE_NO_METER                       POLICE_ANSWER(XBR_METER_PASS, XBR_GREEN, 0)

/* ---- what a frame is to a meter ---- */

#define POLICE_HEADERS_USUAL 54 /* Ethernet, IPv4, TCP: where they cannot be read */
#define POLICE_UDP_LEN       8

/* The type behind at most two tags, and what is behind that, as LAYER3(); 0: it cannot be read. */
STAGE __u32 police_layer3(const struct octets *octets)
{
	__u32 at = ETH_TYPE_OFFSET;
	GUARD_COPY type[2];

	if (!octets_load(octets, at, type, sizeof(type)))
		return 0;
	if (tag_is_vlan(load_u16(type)) && !octets_load(octets, at += VLAN_TAG_LEN, type, sizeof(type)))
		return 0;
	if (tag_is_vlan(load_u16(type)) && !octets_load(octets, at += VLAN_TAG_LEN, type, sizeof(type)))
		return 0;
	return LAYER3(be16_at(type), at + ETH_TYPE_LEN);
}

/* Octets of a transport header at `at`; 0: it cannot be read. */
STAGE __u32 police_transport(const struct octets *octets, __u32 protocol, __u32 at)
{
	GUARD_COPY offset[1];

	if (protocol != PROTOCOL_TCP)
		return POLICE_UDP_LEN;
	return octets_load(octets, at + 12, offset, 1) ? (offset[0] >> 4) * 4u : 0;
}

/* Octets in front of the payload of a super-frame: what each of its segments will have. */
STAGE __u32 police_headers(const struct octets *octets)
{
	__u32 layer3 = police_layer3(octets), at = LAYER3_OFFSET(layer3), protocol, transport;
	GUARD_COPY ip[12];

	if (!octets_load(octets, at, ip, sizeof(ip)))
		return POLICE_HEADERS_USUAL;
	if (LAYER3_TYPE(layer3) == TYPE_IPV4) {
		at += (ip[0] & 0xf) * 4u;
		protocol = ip[9];
	} else if (LAYER3_TYPE(layer3) == TYPE_IPV6) {
		at += 40;
		protocol = ip[6];
	} else {
		return POLICE_HEADERS_USUAL;
	}
	transport = police_transport(octets, protocol, at);
	return transport ? at + transport : POLICE_HEADERS_USUAL;
}

/* Notes what meters ask of a frame. */
STAGE void police_measure(const struct octets *octets, struct police_scratch *s, __u32 len, __u32 gso_size)
{
	__u32 headers;

	s->octets = len;
	s->packets = 1;
	s->colour = XBR_GREEN;
	s->now = meter_now();
	if (!gso_size)
		return;
	headers = police_headers(octets) + VLAN_TAG_LEN * octets_tags_aside(octets);
	if (len <= headers + gso_size)
		return;
	s->packets = (len - headers + gso_size - 1) / gso_size;
	s->octets += (s->packets - 1) * headers;
}

#define POLICE_OF_HOOK(hook, context_type, octets_of)                                                        \
	GLOBAL int police_look_##hook(context_type *context, __u32 len, __u32 gso_size)                      \
	{                                                                                                    \
		const struct octets octets = octets_of(context);                                             \
		struct police_scratch *s = police_scratch();                                                 \
                                                                                                             \
		if (s)                                                                                       \
			police_measure(&octets, s, len, gso_size);                                           \
		return 0;                                                                                    \
	}
EACH_HOOK(POLICE_OF_HOOK)

/*
 * ---- one meter ----
 *
 * In functions of their own, one for each step, which find what they need in police_scratch(): the stack ends
 * not far below the frame of the pipeline.
 */

STAGE __u64 police_octets(const struct police_scratch *s, const struct xbr_meter_config *c)
{
	return s->octets + s->packets * c->overhead;
}

/* Opens a level: what the frame takes of its meter. The meter's flags and parent; 0: there is none. */
GLOBAL int police_open(__u32 number, __u32 at)
{
	struct police_scratch *s = police_scratch();
	const struct xbr_meter_config *c = meter_config_get(number);
	struct police_level *level;
	__u64 units;

	if (!s || !c || !c->cost[XBR_BUCKET_C])
		return 0;
	level = &s->level[at & XBR_METER_LEVELS];
	level->meter = number;
	level->took = 0;
	units = c->flags & XBR_METER_PACKETS ? s->packets : police_octets(s, c);
	level->cost[XBR_BUCKET_C] = units * c->cost[XBR_BUCKET_C] >> XBR_COST_SHIFT;
	level->cost[XBR_BUCKET_E] = units * c->cost[XBR_BUCKET_E] >> XBR_COST_SHIFT;
	level->cost[XBR_BUCKET_SHARE] = units * c->cost[XBR_BUCKET_SHARE] >> XBR_COST_SHIFT;
	level->burst[XBR_BUCKET_C] = c->burst[XBR_BUCKET_C];
	level->burst[XBR_BUCKET_E] = c->burst[XBR_BUCKET_E];
	level->burst[XBR_BUCKET_SHARE] = c->burst[XBR_BUCKET_SHARE];
	s->floor = s->now;
	return (int)(POLICE_OPEN | c->flags | (__u32)c->parent << 16);
}

/* Takes it of one bucket, if one packet's is there. kept: half of the bucket is for others. */
GLOBAL int police_take(__u32 at, __u32 bucket, __u32 kept)
{
	struct police_scratch *s = police_scratch();
	struct police_level *level = s ? &s->level[at & XBR_METER_LEVELS] : NULL;
	struct xbr_meter_live *live = level ? meter_live_get(level->meter) : NULL;
	__u64 cost, need, burst, until;

	if (!live)
		return 0;
	bucket &= XBR_BUCKETS - 1;
	cost = need = level->cost[bucket];
	if (s->packets > 1)
		need /= s->packets;
	burst = kept ? level->burst[bucket] / 2 : level->burst[bucket];
	until = meter_take(&live->until[bucket], cost, need, burst, s->floor);
	if (!until)
		return 0;
	level->took |= 1u << bucket;
	s->floor = until - cost;
	return 1;
}

/* Of E, what was taken of C: it was full no earlier than C. */
GLOBAL int police_pay(__u32 at)
{
	struct police_scratch *s = police_scratch();
	struct police_level *level = s ? &s->level[at & XBR_METER_LEVELS] : NULL;
	struct xbr_meter_live *live = level ? meter_live_get(level->meter) : NULL;

	if (!live)
		return 0;
	meter_pay(&live->until[XBR_BUCKET_E], level->cost[XBR_BUCKET_E], s->floor);
	level->took |= 1u << XBR_BUCKET_E;
	return 0;
}

/* E fills only while C is full. */
GLOBAL int police_wait_for_first(__u32 at)
{
	struct police_scratch *s = police_scratch();
	struct xbr_meter_live *live = s ? meter_live_get(s->level[at & XBR_METER_LEVELS].meter) : NULL;
	__u64 until;

	if (!live)
		return 0;
	until = *(volatile __u64 *)&live->until[XBR_BUCKET_C];
	s->floor = until > s->now ? until : s->now;
	return 0;
}

/* RFC 2697, 3. */
STAGE __u32 police_single_rate(__u32 at, __u32 was)
{
	if (was == XBR_GREEN && police_take(at, XBR_BUCKET_C, 0)) {
		police_pay(at);
		return XBR_GREEN;
	}
	police_wait_for_first(at);
	return was == XBR_RED || !police_take(at, XBR_BUCKET_E, 0) ? XBR_RED : XBR_YELLOW;
}

STAGE void police_floor_is_now(void)
{
	struct police_scratch *s = police_scratch();

	if (s)
		s->floor = s->now;
}

/* RFC 2698, 3. */
STAGE __u32 police_two_rates(__u32 at, __u32 was)
{
	if (was == XBR_RED || !police_take(at, XBR_BUCKET_E, 0))
		return XBR_RED;
	police_floor_is_now();
	return was == XBR_YELLOW || !police_take(at, XBR_BUCKET_C, 0) ? XBR_YELLOW : XBR_GREEN;
}

STAGE __u32 police_one_bucket(__u32 at, __u32 was, __u32 kept)
{
	return was == XBR_RED || !police_take(at, XBR_BUCKET_C, kept) ? XBR_RED : was;
}

STAGE __u32 police_colour(__u32 at, __u32 flags, __u32 was, __u32 kept)
{
	if (flags & XBR_METER_SR_TCM)
		return police_single_rate(at, was);
	if (flags & XBR_METER_TR_TCM)
		return police_two_rates(at, was);
	return police_one_bucket(at, was, kept);
}

STAGE __u32 police_colour_so_far(__u32 flags)
{
	struct police_scratch *s = police_scratch();

	return s && flags & XBR_METER_AWARE ? s->colour : XBR_GREEN;
}

/* Both are read, whichever is asked for: one place that differs by the path would need CAP_PERFMON. */
GLOBAL int police_action(__u32 number, __u32 colour)
{
	const struct xbr_meter_config *c = meter_config_get(number);
	__u32 yellow = c ? *(const volatile __u8 *)&c->action[XBR_YELLOW] : XBR_METER_PASS;
	__u32 red = c ? *(const volatile __u8 *)&c->action[XBR_RED] : XBR_METER_PASS;

	if (colour == XBR_RED)
		return (int)red;
	return colour == XBR_YELLOW ? (int)yellow : XBR_METER_PASS;
}

/* The meter `number` as level `at`: POLICE_ANSWER(). kept: it may fill its bucket by half only. */
GLOBAL int police_level(__u32 number, __u32 at, __u32 kept)
{
	__u32 opened = (__u32)police_open(number, at), colour, action;

	if (!opened)
		return POLICE_NO_METER;
	colour = police_colour(at, opened, police_colour_so_far(opened), kept);
	action = (__u32)police_action(number, colour);
	if (action == XBR_METER_DROP)
		return (int)POLICE_ANSWER(action, colour, 0);
	if (opened & XBR_METER_HAS_SHARE) {
		police_floor_is_now();
		if (!police_take(at, XBR_BUCKET_SHARE, 0))
			colour |= POLICE_KEPT;
	}
	return (int)POLICE_ANSWER(action, colour, opened >> 16);
}

/* ---- levels ---- */

STAGE void police_count(struct xbr_meter_counts *counts, __u32 as, const struct police_scratch *s,
			const struct xbr_meter_config *c)
{
	counts->packets[as] += s->packets;
	counts->octets[as] += police_octets(s, c);
}

STAGE void police_give_back(struct xbr_meter_live *live, const struct police_level *level,
			    const enum xbr_bucket bucket)
{
	if (level->took >> bucket & 1)
		__sync_fetch_and_add(&live->until[bucket], -level->cost[bucket]);
}

enum police_end {
	POLICE_PASSED,
	POLICE_DROPPED,       /* by this level */
	POLICE_DROPPED_ABOVE, /* what this one took is given back */
};

/* Counted. end: enum police_end. */
GLOBAL int police_settle(__u32 at, __u32 colour, __u32 end)
{
	struct police_scratch *s = police_scratch();
	const struct police_level *level = s ? &s->level[at & XBR_METER_LEVELS] : NULL;
	const struct xbr_meter_config *c = level ? meter_config_get(level->meter) : NULL;
	struct xbr_meter_counts *counts = level ? meter_counts_get(level->meter) : NULL;
	struct xbr_meter_live *live = level ? meter_live_get(level->meter) : NULL;

	if (!c || !counts || !live)
		return 0;
	police_count(counts, colour & XBR_COLOURS, s, c);
	if (end != POLICE_PASSED)
		police_count(counts, XBR_DROPPED, s, c);
	if (end != POLICE_DROPPED_ABOVE)
		return 0;
	police_give_back(live, level, XBR_BUCKET_C);
	police_give_back(live, level, XBR_BUCKET_E);
	police_give_back(live, level, XBR_BUCKET_SHARE);
	return 0;
}

STAGE enum police_end police_end_of(__u32 dropped, __u32 dropped_above)
{
	if (dropped_above)
		return POLICE_DROPPED_ABOVE;
	return dropped ? POLICE_DROPPED : POLICE_PASSED;
}

STAGE __u32 police_drops(__u32 answer)
{
	return POLICE_ACTION(answer) == XBR_METER_DROP;
}

/* The parent of a level that let the frame pass; it is one for each level: `at` is a constant. */
STAGE __u32 police_parent(__u32 below, __u32 at)
{
	if (!POLICE_PARENT(below))
		return POLICE_NO_METER;
	return (__u32)police_level(POLICE_PARENT(below), at, below & POLICE_KEPT << 8);
}

/* What becomes of the frame in police_scratch() by this meter and those above: XBR_METER_PASS or _DROP. */
GLOBAL int police_ask(__u32 number)
{
	struct police_scratch *s = police_scratch();
	__u32 first, second, third;

	if (!s)
		return XBR_METER_PASS;
	first = (__u32)police_level(number, 0, 0);
	second = police_parent(first, 1);
	third = police_parent(second, 2);
	s->colour = POLICE_COLOUR(first);
	police_settle(0, POLICE_COLOUR(first),
		      police_end_of(police_drops(first), police_drops(second) | police_drops(third)));
	if (POLICE_PARENT(first))
		police_settle(1, POLICE_COLOUR(second),
			      police_end_of(police_drops(second), police_drops(third)));
	if (POLICE_PARENT(second))
		police_settle(2, POLICE_COLOUR(third), police_end_of(police_drops(third), 0));
	if (police_drops(first) | police_drops(second) | police_drops(third))
		return XBR_METER_DROP;
	return XBR_METER_PASS;
}

/* ---- the stage ---- */

STAGE bool police_is_control(const struct frame *f)
{
	return f->injected || mac_is_reserved(f->dst);
}

STAGE void police_look(struct frame *f, const struct octets *octets)
{
	if (!f->metered)
		BY_HOOK(octets, police_look, f->len, f->gso_size);
	f->metered = true;
}

/* One meter has a word on the frame. number 0: there is none. False: it is too much. */
STAGE bool police_by(struct frame *f, __u32 number, const struct octets *octets)
{
	if (!number)
		return true;
	police_look(f, octets);
	return police_ask(number) != XBR_METER_DROP;
}

/* By rules of access lists: their meters are in flow_scratch() since acl_in(). */
STAGE bool police_by_rules(struct frame *f, const struct octets *octets)
{
	const struct flow *flow = feature_on(XBR_FEATURE_acl) && f->ruled ? flow_scratch() : NULL;
	__u64 meters = flow ? flow->meters : 0;

	for (int i = 0; i < 4 && meters; i++, meters >>= 16)
		if (!police_by(f, meters & 0xffff, octets))
			return false;
	return true;
}

#define POLICE_IN  (XBR_QOS_METER_IN | XBR_QOS_CLASS_IN)
#define POLICE_OUT (XBR_QOS_METER_OUT | XBR_QOS_CLASS_OUT)

/* The meters of a port and of a class of it, the latter shifted by 16; 0: it has none. */
GLOBAL int police_meters(__u32 port, __u32 way, __u32 class)
{
	const struct xbr_qos *qos = qos_get(port);

	if (!qos)
		return 0;
	way &= XBR_WAYS - 1;
	return (int)(qos->meter[way] | (__u32)qos->class_meter[way][class & (XBR_PRIORITIES - 1)] << 16);
}

STAGE bool police_by_port(struct frame *f, __u32 port, enum xbr_way way, const struct octets *octets)
{
	__u32 meters = (__u32)police_meters(port, way, f->priority);

	return police_by(f, meters & 0xffff, octets) && police_by(f, meters >> 16, octets);
}

/* Where it came in. */
STAGE bool police_in(struct frame *f, const struct xbr_port *port, const struct octets *octets)
{
	return !(port->qos & POLICE_IN) || police_by_port(f, f->in, XBR_WAY_IN, octets);
}

STAGE bool police_out(struct frame *f, const struct xbr_port *out, __u32 number, const struct octets *octets)
{
	return !(out->qos & POLICE_OUT) || police_by_port(f, number, XBR_WAY_OUT, octets);
}

/* Is it under any meter but those of the copies of a flood? */
STAGE bool police_is_wanted(const struct frame *f)
{
	const struct xbr_port *in = port_get(f->in),
			      *out = f->verdict == XBR_VERDICT_FORWARD ? port_get(f->out) : NULL;

	return (in && in->qos & POLICE_IN) || (out && out->qos & POLICE_OUT);
}

/*
 * After the decision: only what would leave is charged. A frame that is let by none of its meters is gone;
 * what the first ones took of it stays taken, as it would in a row of policers.
 */
STAGE void police(struct frame *f, const struct octets *octets)
{
	const struct xbr_port *in = port_get(f->in), *out;

	if (!in || (f->verdict != XBR_VERDICT_FORWARD && f->verdict != XBR_VERDICT_FLOOD) ||
	    police_is_control(f))
		return;
	if (!police_by_rules(f, octets) || !police_in(f, in, octets)) {
		frame_drop(f, XBR_REASON_policed);
		return;
	}
	out = f->verdict == XBR_VERDICT_FORWARD ? port_get(f->out) : NULL;
	if (out && !police_out(f, out, f->out, octets))
		frame_drop(f, XBR_REASON_policed_out);
}

/* May a flood's copy leave by this port? Looked at for each anew: the copy before may have come by here again
 * on this processor, by another bridge. */
STAGE bool police_copy(struct frame *f, const struct xbr_port *out, __u32 number, const struct octets *octets)
{
	if (!feature_on(XBR_FEATURE_qos) || !(out->qos & POLICE_OUT) || police_is_control(f))
		return true;
	f->metered = false;
	return police_out(f, out, number, octets);
}

#endif
