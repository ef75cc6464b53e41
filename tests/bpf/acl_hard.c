// SPDX-License-Identifier: Apache-2.0
#include "acl_hard.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/model/acl_rule.h"

#define ACL_HARD_NAME(name, what) #name,
const char *const acl_hard_names[ACL_HARD_KIND_COUNT] = {ACL_HARD_KINDS(ACL_HARD_NAME)};

static __u64 state;

void acl_hard_seed(__u64 seed)
{
	state = seed;
}

static __u32 draw(void)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (__u32)(state >> 33);
}

static __u32 below(__u32 limit)
{
	return draw() % limit;
}

#define say(rule, word, ...)                                                                                 \
	do {                                                                                                 \
		char text_[64];                                                                              \
		snprintf(text_, sizeof(text_), __VA_ARGS__);                                                 \
		say_word(rule, word, text_);                                                                 \
	} while (0)

static void say_word(struct xbr_acl_rule *rule, const char *word, const char *value)
{
	struct xbr_error error;

	if (!acl_rule_word(rule, word, value, NULL, &error))
		return;
	fprintf(stderr, "%s %s: %s\n", word, value, error.message);
	abort();
}

/* Addresses are drawn from few networks, so that frames meet rules. */
static void say_prefix(struct xbr_acl_rule *rule, const char *word, __u32 length)
{
	if (length)
		say(rule, word, "10.%u.%u.%u/%u", below(64), below(256), below(256), length);
}

static void say_mac(struct xbr_acl_rule *rule, const char *word, const __u8 mask[6])
{
	__u8 mac[6];

	for (int i = 0; i < 6; i++)
		mac[i] = (__u8)(draw() & mask[i]);
	say(rule, word, "%02x:%02x:%02x:%02x:%02x:%02x/%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
	    mac[3], mac[4], mac[5], mask[0], mask[1], mask[2], mask[3], mask[4], mask[5]);
}

/* ---- kinds ---- */

static void draw_usual(struct xbr_acl_rule *rule)
{
	static const __u8 lengths[] = {32, 32, 32, 32, 28, 27, 24, 24, 24, 22, 16, 12, 0, 0};

	say_prefix(rule, "src_ip", lengths[below(sizeof(lengths))]);
	say_prefix(rule, "dst_ip", lengths[below(sizeof(lengths))]);
	say(rule, "ip_proto", "%s", below(3) ? "tcp" : "udp");
	if (below(5))
		say(rule, "dst_port", below(5) ? "%u" : "%u-65535", 1 + below(2000));
}

static const __u8 whole[6] = {255, 255, 255, 255, 255, 255}, vendor[6] = {255, 255, 255, 0, 0, 0};

static void draw_tuples(struct xbr_acl_rule *rule)
{
	__u32 bits = draw();

	say(rule, "ip_proto", "%s", bits & 1 ? "tcp" : "udp");
	say_prefix(rule, "src_ip", below(33));
	say_prefix(rule, "dst_ip", below(33));
	if (bits & 2)
		say_mac(rule, "src_mac", bits & 4 ? whole : vendor);
	if (bits & 8)
		say_mac(rule, "dst_mac", bits & 16 ? whole : vendor);
	if (bits & 32)
		say(rule, "vlan_id", "%u", below(4095));
	if (bits & 64)
		say(rule, "vlan_prio", "%u", below(8));
	if (bits & 128)
		say(rule, "dscp", "%u", below(64));
	if (bits & 256)
		say(rule, "frag", "no");
	if (bits & 512)
		say(rule, "src_port", "%u", below(65536));
	if (bits & 1024)
		say(rule, "dst_port", "%u-%u", 1000 + below(1000), 2000 + below(1000));
	if (bits & 1 && bits & 2048)
		say(rule, "tcp_flags", "%u/%u", bits >> 12 & 16, 16 | below(256));
}

static void draw_masks(struct xbr_acl_rule *rule)
{
	__u8 mask[6];

	for (int i = 0; i < 6; i++)
		mask[i] = (__u8)draw();
	say_mac(rule, "src_mac", mask);
	if (below(2))
		return;
	for (int i = 0; i < 6; i++)
		mask[i] = (__u8)draw();
	say_mac(rule, "dst_mac", mask);
}

static void draw_ranges(struct xbr_acl_rule *rule)
{
	__u32 low = 1 + below(65000), src = 1 + below(65000);

	say(rule, "ip_proto", "udp");
	say(rule, "dst_port", "%u-%u", low, low + 1 + below(20));
	if (below(2))
		say(rule, "src_port", "%u-%u", src, src + 1 + below(20));
}

static void draw_nested(struct xbr_acl_rule *rule, __u32 seq, __u32 count)
{
	__u32 half = 1 + (__u32)((__u64)seq * 32000 / (count + 1));

	say(rule, "ip_proto", "udp");
	say(rule, "dst_port", "%u-%u", 32768 - half, 32768 + half);
}

void acl_hard_rule(enum acl_hard_kind kind, struct xbr_acl_rule *rule, __u32 seq, __u32 count)
{
	struct xbr_error error;

	memset(rule, 0, sizeof(*rule));
	rule->seq = seq;
	rule->action.what = below(2) ? XBR_ACL_DENY : 0;
	switch (kind) {
	case ACL_HARD_usual:
		draw_usual(rule);
		break;
	case ACL_HARD_tuples:
		draw_tuples(rule);
		break;
	case ACL_HARD_masks:
		draw_masks(rule);
		break;
	case ACL_HARD_ranges:
		draw_ranges(rule);
		break;
	case ACL_HARD_nested:
	case ACL_HARD_KIND_COUNT:
		draw_nested(rule, seq, count);
		break;
	}
	if (acl_rule_finish(rule, &error)) {
		fprintf(stderr, "%s\n", error.message);
		abort();
	}
}

/* ---- a frame ---- */

/* What the rule asks, and anything where it asks nothing. Ports: just above what it asks, or where no range
 * is. */
static void fill(const struct xbr_acl_rule *rule, struct xbr_flow *flow)
{
	const __u64 *value = rule->value, *mask = rule->mask;
	__u64 *word = (__u64 *)flow;

	for (int i = 0; i < XBR_FLOW_WORDS; i++)
		word[i] = (value[i] & mask[i]) | (((__u64)draw() << 32 | draw()) & ~mask[i]);
	flow->dst_port_be =
		htobe16(rule->flags & XBR_ACL_ASKS_DST_PORT ? (__u16)(rule->port_high[1] + 1) : 1);
	if (!(rule->flags & XBR_ACL_ASKS_DST_PORT))
		flow->src_port_be = (__u16)~flow->src_port_be;
}

static void put16(__u8 *to, __u32 value)
{
	to[0] = (__u8)(value >> 8);
	to[1] = (__u8)value;
}

void acl_hard_frame(const struct xbr_acl_rule *rule, __u8 frame[ACL_HARD_FRAME])
{
	struct xbr_flow flow;

	fill(rule, &flow);
	memset(frame, 0, ACL_HARD_FRAME);
	memcpy(frame, flow.dst_mac, 6);
	memcpy(frame + 6, flow.src_mac, 6);
	frame[0] &= 0xfe; /* to and from a single address */
	frame[6] &= 0xfe;
	put16(frame + 12, 0x8100);
	put16(frame + 14, flow.tci & 0xe000 ? (flow.tci & 0xe000) | 5 : 5);
	put16(frame + 16, 0x0800);
	frame[18] = 0x45;
	frame[19] = (__u8)(flow.dscp << 2);
	put16(frame + 20, 50);
	frame[26] = 64;
	frame[27] = rule->mask[2] & XBR_FLOW_PROTO_BITS ? flow.proto : 17;
	memcpy(frame + 30, flow.src_ip, 4);
	memcpy(frame + 34, flow.dst_ip, 4);
	memcpy(frame + 38, &flow.src_port_be, 2);
	memcpy(frame + 40, &flow.dst_port_be, 2);
	put16(frame + 42, 30); /* UDP: what is left of the packet */
	if (frame[27] != 6)
		return;
	frame[50] = 0x50;
	frame[51] = flow.tcp_flags;
}
