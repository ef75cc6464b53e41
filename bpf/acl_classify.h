/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * acl_classify: the first rule of a list that a flow matches, by tuple space search over the list's image
 * (include/xbr/acl.h). Tables are tried in the order of their first rules, until no table can have an earlier
 * rule than the one found; each costs a hash and a slot, and a rule where the slot holds one for this flow.
 * Bounded by the tables and the longest chains of the image, which the agent keeps short and tells.
 *
 * Of a frame that could not be parsed as a whole, a level's tables have only rules that read nothing unknown,
 * and rules that deny: one of these "matches" where the known part of it does. So the first match is the
 * stricter of the outcomes.
 */
#ifndef XBR_ACL_CLASSIFY_H
#define XBR_ACL_CLASSIFY_H

#include "flow.h"

/* More steps than any image has tables and rules. */
#define ACL_STEPS (XBR_ACL_RULES_MAX + 2 * XBR_ACL_TABLES_MAX)

#define ACL_NO_SEQ (~0u)

/* A word of an image that is read at once. */
union acl_place {
	__u64 word;
	struct xbr_acl_place place;
	struct xbr_acl_slot slot;
};

/* A map cannot be noted in another; all else of a search is in flow_scratch(). */
struct acl_walk {
	const void *image;
};

/* ---- one rule ---- */

STAGE bool acl_in_range(__u16 port_be, __u16 low, __u16 high)
{
	__u16 port = FLOW_BE16(port_be);

	return port >= low && port <= high;
}

/* For the stack's sake the key is in flow_scratch(). */
STAGE bool acl_in_set(struct flow *flow, __u16 set, const __u8 *address)
{
	flow->member.prefix = XBR_ACL_MEMBER_BITS + 128;
	flow->member.set = set;
	flow->member.family = flow->key.eth_type_be == FLOW_TYPE_IPV6 ? 6 : 4;
	((__u64 *)flow->member.address)[0] = ((const __u64 *)address)[0];
	((__u64 *)flow->member.address)[1] = ((const __u64 *)address)[1];
	return acl_set_has(&flow->member);
}

STAGE bool acl_port_in_set(struct flow *flow, __u16 set, __u16 port_be)
{
	flow->member.prefix = XBR_ACL_MEMBER_BITS + 128;
	flow->member.set = set;
	flow->member.family = 0;
	((__u64 *)flow->member.address)[0] = port_be;
	((__u64 *)flow->member.address)[1] = 0;
	return acl_set_has(&flow->member);
}

/* Is a condition, met or not, what a rule with these flags wants? */
STAGE bool acl_wants(__u32 flags, __u32 not_flag, bool met)
{
	return met != !!(flags & not_flag);
}

STAGE bool acl_sets_match(const struct xbr_acl_rule *rule, struct flow *flow)
{
	if (flow->level < XBR_FLOW_NO_L3) {
		if (rule->set[XBR_ACL_SET_SRC_IP] &&
		    !acl_wants(rule->flags, XBR_ACL_NOT_SRC_IP,
			       acl_in_set(flow, rule->set[XBR_ACL_SET_SRC_IP], flow->key.src_ip)))
			return false;
		if (rule->set[XBR_ACL_SET_DST_IP] &&
		    !acl_wants(rule->flags, XBR_ACL_NOT_DST_IP,
			       acl_in_set(flow, rule->set[XBR_ACL_SET_DST_IP], flow->key.dst_ip)))
			return false;
	}
	if (flow->level >= XBR_FLOW_NO_L4)
		return true;
	if (rule->set[XBR_ACL_SET_SRC_PORT] &&
	    !acl_wants(rule->flags, XBR_ACL_NOT_SRC_PORT,
		       acl_port_in_set(flow, rule->set[XBR_ACL_SET_SRC_PORT], flow->key.src_port_be)))
		return false;
	return !rule->set[XBR_ACL_SET_DST_PORT] ||
	       acl_wants(rule->flags, XBR_ACL_NOT_DST_PORT,
			 acl_port_in_set(flow, rule->set[XBR_ACL_SET_DST_PORT], flow->key.dst_port_be));
}

STAGE bool acl_ranges_match(const struct xbr_acl_rule *rule, const struct flow *flow)
{
	if (flow->level >= XBR_FLOW_NO_L4)
		return true;
	if (rule->flags & XBR_ACL_ASKS_SRC_PORT &&
	    !acl_wants(rule->flags, XBR_ACL_NOT_SRC_PORT,
		       acl_in_range(flow->key.src_port_be, rule->port_low[0], rule->port_high[0])))
		return false;
	return !(rule->flags & XBR_ACL_ASKS_DST_PORT) ||
	       acl_wants(rule->flags, XBR_ACL_NOT_DST_PORT,
			 acl_in_range(flow->key.dst_port_be, rule->port_low[1], rule->port_high[1]));
}

/* Where the flow differs from the rule, in what the flow's level knows. */
STAGE __u64 acl_differs(const struct xbr_acl_rule *rule, const struct flow *flow, __u32 word)
{
	const __u64 *key = (const __u64 *)&flow->key;

	return (key[word] ^ rule->value[word]) & rule->mask[word] & xbr_flow_known(word, flow->level);
}

/* The words of an ND target are also those of ARP's hardware addresses: which of them a rule means, flags
 * say. */
STAGE __u32 acl_field_others(__u32 not_flag)
{
	switch (not_flag) {
	case XBR_ACL_NOT_ND_TARGET:
		return XBR_ACL_NOT_ARP_SHA | XBR_ACL_NOT_ARP_THA;
	case XBR_ACL_NOT_ARP_SHA:
	case XBR_ACL_NOT_ARP_THA:
		return XBR_ACL_NOT_ND_TARGET;
	default:
		return 0;
	}
}

/* A field that is turned round is met by a difference, or where the level does not know it. */
STAGE bool acl_field_ok(const struct xbr_acl_rule *rule, const struct flow *flow, __u32 not_flag, __u32 first,
			__u32 last, __u64 bits)
{
	__u64 asked = (rule->mask[first] & bits) | (first != last ? rule->mask[last] & bits : 0);
	__u64 differs = acl_differs(rule, flow, first) & bits;

	XBR_ONE_BY_ONE(differs);
	if (first != last)
		differs |= acl_differs(rule, flow, last) & bits;
	if (!(rule->flags & not_flag))
		return !differs || rule->flags & acl_field_others(not_flag);
	return differs || !asked || !(xbr_flow_known(last, flow->level) & bits);
}

STAGE bool acl_fields_match(const struct xbr_acl_rule *rule, const struct flow *flow)
{
#define ACL_FIELD(name, first, last, bits)                                                                   \
	if (!acl_field_ok(rule, flow, XBR_ACL_NOT_##name, first, last, bits))                                \
		return false;
	XBR_FLOW_FIELDS(ACL_FIELD)
#undef ACL_FIELD
	return true;
}

STAGE bool acl_is_plain(const struct xbr_acl_rule *rule)
{
	return !rule->flags && !*(const __u64 *)rule->set;
}

STAGE bool acl_words_match(const struct xbr_acl_rule *rule, const struct flow *flow)
{
	__u64 differs = 0;

	XBR_UNROLL
	for (__u32 i = 0; i < XBR_FLOW_WORDS; i++) {
		differs |= acl_differs(rule, flow, i);
		XBR_ONE_BY_ONE(differs);
	}
	return !differs;
}

STAGE bool acl_matches(const struct xbr_acl_rule *rule, struct flow *flow)
{
	if (acl_is_plain(rule))
		return acl_words_match(rule, flow);
	return acl_fields_match(rule, flow) && acl_ranges_match(rule, flow) && acl_sets_match(rule, flow);
}

/* ---- the walk ---- */

/* The slot's first rule -> flow->next. False: no table is left that could have an earlier rule. */
STAGE bool acl_next_table(const void *image, struct flow *flow)
{
	const struct xbr_acl_order *order;
	const struct xbr_acl_table *table;
	const struct xbr_acl_slots *slots;
	union acl_place place;
	__u32 slot, number;
	__u64 hash;

	number = *(volatile __u32 *)&flow->table;
	if (number >= flow->tables)
		return false;
	flow->table = number + 1;
	order = acl_cell(image, flow->order);
	if (!order)
		return false;
	table = acl_cell(image, flow->rest + order->table[number & (XBR_ACL_TABLES_MAX - 1)]);
	if (!table || table->first > flow->best_seq)
		return false;
	hash = xbr_acl_hash((const __u64 *)&flow->key, table->mask, flow->seed);
	place.word = *(volatile const __u64 *)&table->slots;
	slot = (__u32)hash & place.place.size;
	slots = acl_cell(image, flow->rest + place.place.cell + slot / XBR_ACL_CELL_SLOTS);
	if (!slots)
		return false;
	place.word = *(volatile const __u64 *)&slots->slot[slot % XBR_ACL_CELL_SLOTS];
	if (!place.slot.tag || place.slot.tag == xbr_acl_tag(hash))
		flow->next = place.slot.rule;
	return true;
}

/* Chains are in the order of the list: behind a rule that comes too late all do. */
STAGE void acl_compare(const void *image, struct flow *flow, __u32 number)
{
	const struct xbr_acl_rule *rule = acl_cell(image, number);

	flow->next = 0;
	if (!rule || rule->seq >= flow->best_seq)
		return;
	if (acl_matches(rule, flow)) {
		flow->rule = number;
		flow->best_seq = rule->seq;
	} else {
		flow->next = rule->next[flow->level < XBR_FLOW_LEVELS ? flow->level : 0];
	}
}

/* bpf_loop() callback. 1 ends the loop. */
static long acl_step(__u32 index, struct acl_walk *w)
{
	struct flow *flow = flow_scratch();

	(void)index;
	if (!flow || (!flow->next && !acl_next_table(w->image, flow)))
		return 1;
	if (*(volatile __u32 *)&flow->next)
		acl_compare(w->image, flow, flow->next);
	return 0;
}

/* The number of the first rule that the flow matches -> flow->rule; 0: none does. */
STAGE void acl_classify(struct acl_walk *w, const struct xbr_acl_header *header, struct flow *flow)
{
	union acl_place order;

	order.word = *(volatile const __u64 *)&header->order[flow->level & 7];
	flow->seed = header->seed;
	flow->rest = header->rest;
	flow->order = header->rest + order.place.cell;
	flow->tables = order.place.size;
	flow->table = flow->next = flow->rule = 0;
	flow->best_seq = ACL_NO_SEQ;
	repeat(ACL_STEPS, acl_step, w);
}

#endif
