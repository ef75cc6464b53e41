/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * conn: connections (xbr/conn.h). Where a bridge has lists that read states, every frame that comes in is
 * looked up before lists are asked: conn_look() says what it is, new, established, related or invalid, and
 * what would become of the entry. Only when the frame is sent on conn_commit() makes that true: what is
 * denied changes nothing. Established is what has been seen both ways; related is an ICMP error about a
 * connection (RFC 792, RFC 4443, 2.4: it quotes the packet); invalid is TCP that belongs to none and does not
 * begin with a SYN, a reply without its question, an error about nothing. What cannot be of a connection
 * (ARP, neighbour discovery, other than IP) is none of these.
 *
 * Sequence numbers are not followed: that would be a write for each packet.
 */
#ifndef XBR_CONN_STAGE_H
#define XBR_CONN_STAGE_H

#include "flow.h"
#include "xbr/conn.h"

#define CONN_NO_PLACE 0x100u /* no serial */
#define CONN_RECLAIM  16     /* buckets that a port at its limit looks through for what has ended */

enum conn_tcp_flags {
	CONN_FIN = 1,
	CONN_SYN = 2,
	CONN_RST = 4,
	CONN_ACK = 16,
};

/* What a frame would do to the table. */
enum conn_deed {
	CONN_NOTHING,
	CONN_CHANGE, /* flow->conn_old becomes flow->conn_new */
	CONN_BEGIN,  /* a new entry, flow->conn_new */
};

union conn_word {
	struct xbr_conn_data data;
	__u64 word;
};

/* ---- keys ---- */

/* flow->conn_key from the endpoints in flow->conn_src and conn_dst. zone: bridge and VLAN. Notes whether the
 * sender is the higher one. */
GLOBAL int conn_key_make(__u32 zone)
{
	struct flow *flow = flow_scratch();
	__u64 *src, *dst;
	bool high;

	if (!flow)
		return 0;
	src = flow->conn_src;
	dst = flow->conn_dst;
	high = src[0] > dst[0] || (src[0] == dst[0] && src[1] > dst[1]) ||
	       (src[0] == dst[0] && src[1] == dst[1] && flow->conn_src_port > flow->conn_dst_port);

	zone |= flow->conn_proto & 0xff;
	if (flow->key.eth_type_be == FLOW_TYPE_IPV6)
		zone |= XBR_CONN_IS_IPV6;
	if (flow->conn_asks && high == (flow->conn_asks == 1))
		zone |= XBR_CONN_ASKED_BY_HIGH;
	flow->conn_key.zone = zone;
	flow->conn_high = high;
	if (high) {
		flow->conn_key.low[0] = dst[0];
		flow->conn_key.low[1] = dst[1];
		flow->conn_key.high[0] = src[0];
		flow->conn_key.high[1] = src[1];
		flow->conn_key.low_port_be = flow->conn_dst_port;
		flow->conn_key.high_port_be = flow->conn_src_port;
	} else {
		flow->conn_key.low[0] = src[0];
		flow->conn_key.low[1] = src[1];
		flow->conn_key.high[0] = dst[0];
		flow->conn_key.high[1] = dst[1];
		flow->conn_key.low_port_be = flow->conn_src_port;
		flow->conn_key.high_port_be = flow->conn_dst_port;
	}
	return 0;
}

/* What kind of a frame it is. */
enum conn_kind {
	CONN_NONE,  /* it can be of no connection */
	CONN_LOST,  /* ... though it should: it is cut off */
	CONN_BOTH,  /* it may begin one, or go on with one, either way */
	CONN_QUERY, /* ICMP: the same, one way */
	CONN_ANSWER,
	CONN_ERROR, /* ... about one */
};

STAGE enum conn_kind conn_icmp_kind(__u32 proto, __u32 type)
{
	if (proto == FLOW_ICMPV6) {
		if (type >= 1 && type <= 4)
			return CONN_ERROR;
		return type == 128 ? CONN_QUERY : type == 129 ? CONN_ANSWER : CONN_NONE;
	}
	switch (type) {
	case 3:
	case 4:
	case 11:
	case 12:
		return CONN_ERROR;
	case 8:
	case 13:
	case 17:
		return CONN_QUERY;
	case 0:
	case 14:
	case 18:
		return CONN_ANSWER;
	default:
		return CONN_NONE;
	}
}

STAGE bool conn_has_ports(__u32 proto)
{
	return proto == FLOW_TCP || proto == FLOW_UDP || proto == FLOW_UDPLITE || proto == FLOW_SCTP ||
	       proto == FLOW_DCCP;
}

/* The packet that an error quotes; flow->at is the ICMP header. Its IP header must have no extension headers;
 * the sender of the error need be no endpoint. False: it is cut off. */
GLOBAL int conn_read_quoted(void)
{
	struct flow *flow = flow_scratch();
	enum conn_kind kind;
	__u32 head, proto;
	bool six;

	if (!flow)
		return 0;
	six = flow->key.proto == FLOW_ICMPV6;
	head = six ? 40 : (flow_u8(flow, 8) & 0xfu) * 4;
	proto = flow_u8(flow, six ? 14 : 17);
	if (!six && flow_u16(flow, 14) & 0x1fff) /* a later fragment has no ports */
		return 0;
	if (!flow_has(flow, 8 + head + 8) || flow_u8(flow, 8) >> 4 != (six ? 6 : 4) || head < 20)
		return 0;
	flow->conn_src[0] = flow->conn_src[1] = flow->conn_dst[0] = flow->conn_dst[1] = 0;
	if (six) {
		flow_copy_16((__u8 *)flow->conn_src, flow, 16);
		flow_copy_16((__u8 *)flow->conn_dst, flow, 32);
	} else {
		flow_copy_4((__u8 *)flow->conn_src, flow, 20);
		flow_copy_4((__u8 *)flow->conn_dst, flow, 24);
	}
	flow->conn_proto = proto;
	if (conn_has_ports(proto)) {
		flow->conn_src_port = flow_u16_be(flow, 8 + head);
		flow->conn_dst_port = flow_u16_be(flow, 8 + head + 2);
	} else if (proto == FLOW_ICMP || proto == FLOW_ICMPV6) {
		kind = conn_icmp_kind(proto, flow_u8(flow, 8 + head));
		flow->conn_src_port = flow->conn_dst_port = flow_u16_be(flow, 8 + head + 4);
		flow->conn_asks = kind == CONN_QUERY ? 1 : 2;
		return proto == flow->key.proto && (kind == CONN_QUERY || kind == CONN_ANSWER);
	}
	return 1;
}

/* ICMP; flow->at is its header. */
STAGE enum conn_kind conn_read_icmp(struct flow *flow)
{
	enum conn_kind kind = conn_icmp_kind(flow->key.proto, flow->key.icmp_type);

	if (kind == CONN_NONE)
		return kind;
	if (!flow_has(flow, 8))
		return CONN_LOST;
	if (kind == CONN_ERROR)
		return kind;
	flow->conn_src_port = flow->conn_dst_port = flow_u16_be(flow, 4);
	flow->conn_asks = kind == CONN_QUERY ? 1 : 2;
	return kind;
}

/* The frame's own endpoints. Returns enum conn_kind; of an error they are yet to be read. */
GLOBAL int conn_read(void)
{
	struct flow *flow = flow_scratch();
	__u32 proto;

	if (!flow)
		return CONN_NONE;
	proto = flow->key.proto;
	for (int i = 0; i < 2; i++) {
		flow->conn_src[i] = ((const __u64 *)flow->key.src_ip)[i];
		flow->conn_dst[i] = ((const __u64 *)flow->key.dst_ip)[i];
	}
	flow->conn_src_port = conn_has_ports(proto) ? flow->key.src_port_be : 0;
	flow->conn_dst_port = conn_has_ports(proto) ? flow->key.dst_port_be : 0;
	flow->conn_asks = 0;
	flow->conn_proto = proto;
	return (int)(proto == FLOW_ICMP || proto == FLOW_ICMPV6 ? conn_read_icmp(flow) : CONN_BOTH);
}

/* ---- the table ---- */

STAGE struct xbr_conn_bucket *conn_bucket(const void *image, __u32 number)
{
	return acl_cell(image, number + 1);
}

STAGE bool conn_key_is(const struct xbr_conn_key *key, const struct flow *flow)
{
	const __u64 *a = (const __u64 *)key, *b = (const __u64 *)&flow->conn_key;
	__u64 differs = 0;

	XBR_UNROLL
	for (int i = 0; i < XBR_CONN_KEY_WORDS; i++) {
		differs |= a[i] ^ b[i];
		XBR_ONE_BY_ONE(differs);
	}
	return !differs;
}

STAGE __u64 conn_word_of(const struct xbr_conn_data *data)
{
	return *(volatile const __u64 *)data;
}

/* Is it in this bucket? Its place and word -> flow. */
STAGE bool conn_is_in(const void *image, struct flow *flow, __u32 number)
{
	const struct xbr_conn_bucket *bucket = conn_bucket(image, number);
	union conn_word is;

	if (!bucket)
		return false;
	for (__u32 way = 0; way < XBR_CONN_WAYS; way++) {
		is.word = conn_word_of(&bucket->data[way]);
		if (bucket->tag[way] != flow->conn_tag ||
		    xbr_conn_over(is.data, flow->conn_now, flow->conn_hz) || is.data.phase == XBR_CONN_busy ||
		    !conn_key_is(&bucket->key[way], flow) ||
		    ((conn_word_of(&bucket->data[way]) ^ is.word) >> 60))
			continue;
		flow->conn_bucket = number;
		flow->conn_way = way;
		flow->conn_old = is.word;
		return true;
	}
	return false;
}

/* The entry of flow->conn_key. False: there is none that lives. */
GLOBAL int conn_find(void)
{
	struct flow *flow = flow_scratch();
	const void *image = acl_image(XBR_CONN_TABLE);
	const struct xbr_conn_header *header = image ? acl_cell(image, 0) : NULL;
	__u64 hash;

	if (!flow || !header)
		return 0;
	flow->conn_now = (__u32)jiffies_now();
	flow->conn_hz = header->hz;
	hash = xbr_conn_hash((const __u64 *)&flow->conn_key, header->seed);
	flow->conn_tag = (__u32)(hash >> 32) | 1;
	flow->conn_first = (__u32)hash & header->mask;
	flow->conn_second = (__u32)(hash >> 17) & header->mask;
	return conn_is_in(image, flow, flow->conn_first) || conn_is_in(image, flow, flow->conn_second);
}

/* ---- TCP ---- */

STAGE bool conn_tcp_absurd(__u32 flags)
{
	return !(flags & (CONN_FIN | CONN_SYN | CONN_RST | CONN_ACK)) ||
	       (flags & CONN_SYN && flags & (CONN_FIN | CONN_RST));
}

/* A SYN alone: enum xbr_flow_state. */
STAGE __u32 conn_tcp_syn(union conn_word *c, bool reply)
{
	if (c->data.phase == XBR_CONN_closed || c->data.phase == XBR_CONN_reset) {
		c->data.phase = XBR_CONN_syn_sent;
		c->data.flags &= (__u8) ~(XBR_CONN_REPLY | XBR_CONN_FIN_FIRST | XBR_CONN_FIN_REPLY);
		c->data.flags ^= reply ? XBR_CONN_BY_HIGH : 0;
		return XBR_CONN_NEW;
	}
	if (c->data.phase != XBR_CONN_syn_sent)
		return XBR_CONN_ESTABLISHED;
	return reply ? XBR_CONN_INVALID : XBR_CONN_NEW;
}

/* A segment that begins nothing. */
STAGE __u32 conn_tcp_segment(union conn_word *c, bool reply, __u32 flags)
{
	__u8 both = XBR_CONN_FIN_FIRST | XBR_CONN_FIN_REPLY;

	if (c->data.phase == XBR_CONN_syn_sent)
		return XBR_CONN_INVALID;
	if (c->data.phase == XBR_CONN_syn_received && !reply)
		c->data.phase = XBR_CONN_established;
	if (flags & CONN_FIN && c->data.phase != XBR_CONN_reset) {
		c->data.flags |= reply ? XBR_CONN_FIN_REPLY : XBR_CONN_FIN_FIRST;
		c->data.phase = (c->data.flags & both) == both ? XBR_CONN_closed : XBR_CONN_closing;
	}
	return XBR_CONN_ESTABLISHED;
}

/* RFC 9293, 3.3.2, as seen from between. */
STAGE __u32 conn_tcp(union conn_word *c, bool reply, __u32 flags)
{
	if (conn_tcp_absurd(flags))
		return XBR_CONN_INVALID;
	if (flags & CONN_RST) {
		c->data.phase = XBR_CONN_reset;
		return reply || c->data.flags & XBR_CONN_REPLY ? XBR_CONN_ESTABLISHED : XBR_CONN_NEW;
	}
	if ((flags & (CONN_SYN | CONN_ACK)) == CONN_SYN)
		return conn_tcp_syn(c, reply);
	if (!(flags & CONN_SYN))
		return conn_tcp_segment(c, reply, flags);
	if (reply && c->data.phase == XBR_CONN_syn_sent) {
		c->data.phase = XBR_CONN_syn_received;
		c->data.flags |= XBR_CONN_REPLY;
	}
	return c->data.flags & XBR_CONN_REPLY ? XBR_CONN_ESTABLISHED : XBR_CONN_INVALID;
}

/* ---- what a frame is ---- */

STAGE __u32 conn_other(union conn_word *c, bool reply)
{
	if (reply) {
		c->data.phase = XBR_CONN_replied;
		c->data.flags |= XBR_CONN_REPLY;
	}
	return c->data.flags & XBR_CONN_REPLY ? XBR_CONN_ESTABLISHED : XBR_CONN_NEW;
}

/* Ended ones are not kept alive by what still comes. */
STAGE bool conn_is_to_note(union conn_word before, union conn_word after, __u32 now, __u32 hz)
{
	bool ended = after.data.phase == XBR_CONN_closed || after.data.phase == XBR_CONN_reset;

	return before.word >> 48 != after.word >> 48 || (!ended && now - before.data.seen >= hz);
}

PART __u32 conn_known(struct flow *flow)
{
	union conn_word c = {.word = flow->conn_old}, before = c;
	bool reply = flow->conn_high != !!(c.data.flags & XBR_CONN_BY_HIGH);
	__u32 state = flow->key.proto == FLOW_TCP ? conn_tcp(&c, reply, flow->key.tcp_flags)
						  : conn_other(&c, reply);

	if (state == XBR_CONN_INVALID || !conn_is_to_note(before, c, flow->conn_now, flow->conn_hz))
		return state;
	c.data.seen = flow->conn_now;
	flow->conn_new = c.word;
	flow->conn_deed = CONN_CHANGE;
	return state;
}

PART __u32 conn_unknown(struct flow *flow, int kind)
{
	union conn_word c = {.data.seen = flow->conn_now, .data.port = (__u16)flow->conn_port};
	bool tcp = flow->key.proto == FLOW_TCP;
	__u32 begins = flow->key.tcp_flags & (CONN_SYN | CONN_ACK | CONN_RST | CONN_FIN);

	if (kind == CONN_ANSWER || kind == CONN_ERROR || (tcp && begins != CONN_SYN))
		return XBR_CONN_INVALID;
	c.data.phase = tcp ? XBR_CONN_syn_sent : XBR_CONN_unreplied;
	c.data.flags = flow->conn_high ? XBR_CONN_BY_HIGH : 0;
	flow->conn_new = c.word;
	flow->conn_deed = CONN_BEGIN;
	return XBR_CONN_NEW;
}

/* zone: bridge and VLAN. Of the frame in flow_scratch(), which came in by port `in`: flow->key.state, which
 * is returned, and what becomes of the table. */
GLOBAL int conn_look(__u32 zone, __u32 in)
{
	struct flow *flow = flow_scratch();
	int kind;

	if (!flow)
		return 0;
	flow->conn_deed = CONN_NOTHING;
	flow->conn_asked = 0;
	flow->conn_port = in;
	flow->key.state = 0;
	if (!flow->key.is_ip || flow->level != XBR_FLOW_WHOLE)
		return 0;
	kind = conn_read();
	if (kind == CONN_NONE)
		return 0;
	if (kind == CONN_ERROR && !conn_read_quoted())
		kind = CONN_LOST;
	conn_key_make(zone);
	if (kind == CONN_LOST)
		flow->key.state = XBR_CONN_INVALID;
	else if (!conn_find())
		flow->key.state = (__u8)conn_unknown(flow, kind);
	else if (kind == CONN_ERROR)
		flow->key.state = XBR_CONN_RELATED;
	else
		flow->key.state = (__u8)conn_known(flow);
	return flow->key.state;
}

/* ---- making it true ---- */

STAGE void conn_count(__u32 port, __u32 change)
{
	struct xbr_port_live *live = port_live_get(port);

	if (live)
		__sync_fetch_and_add(&live->conns, change);
}

/* A place whose connection is over: it is nobody's then. */
STAGE bool conn_reclaim_way(struct xbr_conn_data *data, __u32 now, __u32 hz, __u64 to)
{
	union conn_word is = {.word = conn_word_of(data)};

	if (!xbr_conn_over(is.data, now, hz) ||
	    __sync_val_compare_and_swap((__u64 *)data, is.word, to) != is.word)
		return false;
	if (is.data.phase != XBR_CONN_free)
		conn_count(is.data.port, -1u);
	return true;
}

/* Of a bucket, what is over. A function of its own for the verifier, as is conn_reclaim(). */
GLOBAL int conn_reclaim_bucket(__u32 number)
{
	struct flow *flow = flow_scratch();
	const void *image = acl_image(XBR_CONN_TABLE);
	struct xbr_conn_bucket *bucket = image ? conn_bucket(image, number) : NULL;

	if (!flow || !bucket)
		return 0;
	for (__u32 way = 0; way < XBR_CONN_WAYS; way++)
		conn_reclaim_way(&bucket->data[way], flow->conn_now, flow->conn_hz, 0);
	return 0;
}

/* For a port at its limit: some of the table is looked through for what is over. */
GLOBAL int conn_reclaim(__u32 port)
{
	const void *image = acl_image(XBR_CONN_TABLE);
	const struct xbr_conn_header *header = image ? acl_cell(image, 0) : NULL;
	struct xbr_port_live *live = port_live_get(port);

	if (!header || !live)
		return 0;
	for (int i = 0; i < CONN_RECLAIM; i++)
		conn_reclaim_bucket(live->conn_hand++ & header->mask);
	return 0;
}

/* A place of the bucket that is free is the flow's, and busy with `busy`: its serial; else CONN_NO_PLACE. */
STAGE __u32 conn_claim(struct xbr_conn_bucket *bucket, struct flow *flow, __u64 busy)
{
	for (__u32 way = 0; way < XBR_CONN_WAYS; way++) {
		__u32 serial = bucket->data[way].flags;

		if (!conn_reclaim_way(&bucket->data[way], flow->conn_now, flow->conn_hz, busy))
			continue;
		flow->conn_way = way;
		return serial;
	}
	return CONN_NO_PLACE;
}

/* A free place of the bucket is the flow's. A function of its own for the verifier. */
GLOBAL int conn_take(__u32 number)
{
	struct flow *flow = flow_scratch();
	const void *image = acl_image(XBR_CONN_TABLE);
	struct xbr_conn_bucket *bucket = image ? conn_bucket(image, number) : NULL;
	union conn_word mine, busy;
	const __u64 *from;
	__u32 serial, way;
	__u64 *to;

	if (!flow || !bucket)
		return false;
	from = (const __u64 *)&flow->conn_key;
	mine.word = busy.word = flow->conn_new;
	busy.data.phase = XBR_CONN_busy;
	serial = conn_claim(bucket, flow, busy.word);
	if (serial == CONN_NO_PLACE)
		return false;
	/* By way of memory: a user's verifier wants one and the same bound on all paths (decision 013). */
	way = *(volatile __u32 *)&flow->conn_way & (XBR_CONN_WAYS - 1);
	to = (__u64 *)&bucket->key[way];
	mine.data.flags |= (__u8)((serial + XBR_CONN_SERIAL) & 0xf0);
	bucket->tag[way] = flow->conn_tag;
	for (int i = 0; i < XBR_CONN_KEY_WORDS; i++)
		to[i] = from[i];
	__sync_val_compare_and_swap((__u64 *)&bucket->data[way], busy.word, mine.word);
	return true;
}

/* A new connection, for which its port pays. False: there is no room for it. */
STAGE bool conn_begin(struct flow *flow)
{
	const void *image = acl_image(XBR_CONN_TABLE);
	const struct xbr_conn_header *header = image ? acl_cell(image, 0) : NULL;
	struct xbr_port_live *live = port_live_get(flow->conn_port);

	if (!header || !live)
		return false;
	if (*(volatile __u32 *)&live->conns >= header->limit)
		conn_reclaim(flow->conn_port);
	if (*(volatile __u32 *)&live->conns >= header->limit)
		return false;
	if (!conn_take(flow->conn_first) && !conn_take(flow->conn_second))
		return false;
	conn_count(flow->conn_port, 1);
	return true;
}

/* The frame in flow_scratch() is sent on. 0: there is no room to remember what a list asked about. */
GLOBAL int conn_commit(void)
{
	struct flow *flow = flow_scratch();
	const void *image = acl_image(XBR_CONN_TABLE);
	struct xbr_conn_bucket *bucket;
	__u32 deed;

	if (!flow || !image)
		return 1;
	deed = flow->conn_deed;
	flow->conn_deed = CONN_NOTHING;
	if (deed == CONN_BEGIN)
		return conn_begin(flow) || !flow->conn_asked;
	if (deed != CONN_CHANGE)
		return 1;
	bucket = conn_bucket(image, flow->conn_bucket);
	if (bucket)
		__sync_val_compare_and_swap((__u64 *)&bucket->data[flow->conn_way & (XBR_CONN_WAYS - 1)],
					    flow->conn_old, flow->conn_new);
	return 1;
}

#endif
