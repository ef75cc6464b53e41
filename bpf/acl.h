/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * acl: ordered rules of the lists that are bound where a frame comes in, and where it leaves: port, VLAN,
 * bridge. First match wins within a list; every list that is bound must let the frame pass. What no rule
 * matches passes.
 *
 * A flow that was seen before costs one lookup in the decision cache, at any number of rules: an exact match
 * on every field that the list reads, in a bucket that only its ingress port's flows compete for. The list's
 * epoch voids what was decided before it changed. A flow that is new is classified (acl_classify.h). Counting
 * is an addition to this processor's own counter of the rule.
 */
#ifndef XBR_ACL_STAGE_H
#define XBR_ACL_STAGE_H

#include "acl_classify.h"
#include "conn.h"
#include "counters.h"
#include "vlan.h"

#define ACL_LOG_WINDOW_SHIFT 8  /* jiffies; about a second */
#define ACL_LOG_MOST         64 /* events a processor sends in a window */

#define ACL_STATE_WORD 7 /* of a flow: see XBR_FLOW_FIELDS */
#define ACL_STATE_BITS 0xff00000000000000ull

/* What a list says, as one word: struct xbr_acl_action. */
union acl_word {
	struct xbr_acl_action action;
	__u64 word;
};

/* Which cache bucket: a window of the ingress port's own. */
STAGE __u32 acl_window(const struct xbr_port *port)
{
	return (__u32)port->acl_window << 16 | port->acl_window_mask;
}

/* ---- the decision cache ---- */

/* A list asks about the flow in flow_scratch(): what it reads of it, and where that would be remembered.
 * epoch comes first: what is decided on older grounds is void at once. */
PART void acl_begin(struct flow *flow, const struct xbr_acl_header *header)
{
	const __u64 *key = (const __u64 *)&flow->key;
	__u64 hash;

	flow->epoch = *(volatile const __u32 *)&header->epoch;
	if (feature_on(XBR_FEATURE_conn) && header->reads[ACL_STATE_WORD] & ACL_STATE_BITS)
		flow->conn_asked = 1;
	XBR_UNROLL
	for (int i = 0; i < XBR_FLOW_WORDS; i++)
		flow->masked[i] = key[i] & *(volatile const __u64 *)&header->reads[i];
	hash = xbr_acl_hash(flow->masked, flow->masked, header->seed);
	flow->bucket = (flow->window >> 16) + ((__u32)(hash >> 32) & flow->window & 0xffff);
	flow->bucket &= XBR_ACL_CACHE_BUCKETS - 1;
	flow->way = (__u32)(hash >> 31) & 1;
}

STAGE bool acl_cached_is(const struct xbr_acl_cached *c, const struct flow *flow)
{
	__u64 differs = (c->list ^ flow->tag) | (c->epoch ^ flow->epoch);

	XBR_UNROLL
	for (int i = 0; i < XBR_FLOW_WORDS; i++) {
		differs |= c->flow[i] ^ flow->masked[i];
		XBR_ONE_BY_ONE(differs);
	}
	return !differs;
}

STAGE bool acl_recall_way(const struct xbr_acl_cached *c, struct flow *flow)
{
	if (!acl_cached_is(c, flow))
		return false;
	flow->rule = c->rule;
	flow->say = *(const __u64 *)&c->action;
	return true;
}

/* What was decided about this flow before, if anything was and still holds. */
PART bool acl_recall(struct flow *flow)
{
	const struct xbr_acl_bucket *bucket = acl_cache_bucket(flow->bucket);
	const struct xbr_acl_cached *c;

	if (!bucket)
		return false;
	c = &bucket->way[0];
	PIN_PATH(c, 0);
	if (acl_recall_way(c, flow))
		return true;
	c = &bucket->way[1];
	PIN_PATH(c, 1);
	return acl_recall_way(c, flow);
}

STAGE bool acl_is_of_now(const struct xbr_acl_cached *c, const struct flow *flow)
{
	return c->list == flow->tag && c->epoch == flow->epoch;
}

/* Which way of the bucket is to be written. */
STAGE bool acl_second_way(const struct xbr_acl_bucket *bucket, const struct flow *flow)
{
	if (!acl_is_of_now(&bucket->way[0], flow))
		return false;
	return !acl_is_of_now(&bucket->way[1], flow) || flow->way;
}

/* Did the list begin to read more meanwhile? Then what was found may hang on it. */
PART bool acl_reads_same(const struct flow *flow, const struct xbr_acl_header *header)
{
	const __u64 *key = (const __u64 *)&flow->key;
	__u64 differs = 0;

	XBR_UNROLL
	for (int i = 0; i < XBR_FLOW_WORDS; i++) {
		differs |= flow->masked[i] ^ (key[i] & *(volatile const __u64 *)&header->reads[i]);
		XBR_ONE_BY_ONE(differs);
	}
	return !differs;
}

STAGE void acl_remember_in(struct xbr_acl_cached *c, const struct flow *flow)
{
	XBR_UNROLL
	for (int i = 0; i < XBR_FLOW_WORDS; i++)
		c->flow[i] = flow->masked[i];
	c->list = flow->tag;
	c->epoch = flow->epoch;
	c->rule = flow->rule;
	*(__u64 *)&c->action = flow->say;
}

PART void acl_remember(const struct flow *flow)
{
	struct xbr_acl_bucket *bucket = acl_cache_bucket(flow->bucket);
	struct xbr_acl_cached *c;

	if (!bucket)
		return;
	if (acl_second_way(bucket, flow)) {
		c = &bucket->way[1];
		PIN_PATH(c, 1);
		acl_remember_in(c, flow);
	} else {
		c = &bucket->way[0];
		PIN_PATH(c, 0);
		acl_remember_in(c, flow);
	}
}

/* ---- counting and telling ---- */

/* The rule's number is in memory: the verifier is to know it on no path. */
PART void acl_count(const struct acl_walk *w, const struct xbr_acl_header *header, const struct flow *flow)
{
	__u32 rule = *(volatile const __u32 *)&flow->rule;
	__u32 cell =
		header->counters + processor_number() * header->counters_one + rule / XBR_ACL_CELL_COUNTS;
	struct xbr_acl_counts *counts = acl_cell(w->image, cell);
	struct xbr_acl_count *count;

	if (!counts)
		return;
	count = &counts->count[rule % XBR_ACL_CELL_COUNTS];
	count->frames++;
	count->octets += flow->octets;
}

/* At most so many in a window of time, so that a flood cannot drown the agent. */
STAGE bool acl_may_log(struct flow *flow)
{
	__u64 window = jiffies_now() >> ACL_LOG_WINDOW_SHIFT;

	if (flow->log_window != window) {
		flow->log_window = window;
		flow->logged = 0;
	}
	return flow->logged++ < ACL_LOG_MOST;
}

/* A rule with `log` matched the flow in flow_scratch(). */
PART void acl_log(const struct acl_walk *w, struct flow *flow)
{
	const struct xbr_acl_rule *r = flow->rule ? acl_cell(w->image, flow->rule) : NULL;

	if (!r)
		return;
	if (!acl_may_log(flow)) {
		flow->lost++;
		return;
	}
	flow->event.list = (__u16)(flow->tag >> 8);
	flow->event.in = (__u16)flow->in;
	flow->event.out = (__u16)flow->out;
	flow->event.what = r->action.what;
	flow->event.seq = r->seq;
	flow->event.length = flow->octets;
	flow->event.level = flow->level;
	flow->event.lost = flow->lost;
	flow->event.flow = flow->key;
	flow->lost = 0;
	acl_event_send(&flow->event);
}

/* ---- a list's word ---- */

/* A rule that was not compared as a whole stands for what cannot be known. */
STAGE bool acl_reads_unknown(const struct xbr_acl_rule *rule, __u32 level)
{
	__u64 unknown = 0;

	if (level == XBR_FLOW_WHOLE)
		return false;
	XBR_UNROLL
	for (__u32 i = 2; i < XBR_FLOW_WORDS; i++) {
		unknown |= rule->mask[i] & ~xbr_flow_known(i, level);
		XBR_ONE_BY_ONE(unknown);
	}
	if (rule->flags & (XBR_ACL_ASKS_SRC_PORT | XBR_ACL_ASKS_DST_PORT))
		return true;
	if (rule->set[XBR_ACL_SET_SRC_PORT] || rule->set[XBR_ACL_SET_DST_PORT])
		return true;
	if (level >= XBR_FLOW_NO_L3 && (rule->set[XBR_ACL_SET_SRC_IP] || rule->set[XBR_ACL_SET_DST_IP]))
		return true;
	return unknown;
}

/* The action of flow->rule -> flow->say. */
PART void acl_say(const struct acl_walk *w, struct flow *flow)
{
	const struct xbr_acl_rule *r = flow->rule ? acl_cell(w->image, flow->rule) : NULL;

	flow->say = 0;
	if (!r)
		return;
	flow->say = *(volatile const __u64 *)&r->action;
	if (acl_reads_unknown(r, flow->level))
		flow->say |= XBR_ACL_UNPARSED;
}

/* What the rule that decides makes of the frame -> flow->changes. */
PART void acl_say_changes(const struct acl_walk *w, struct flow *flow)
{
	const struct xbr_acl_rule *r = flow->rule ? acl_cell(w->image, flow->rule) : NULL;
	__u32 what;

	flow->changes = (struct xbr_deeds){};
	if (!r)
		return;
	what = r->action.what;
	if (what & XBR_ACL_MARK)
		flow->changes.mark = r->mark;
	if (what & XBR_ACL_SET_DSCP)
		flow->changes.dscp = XBR_DEED | r->dscp;
	if (what & XBR_ACL_SET_PCP)
		flow->changes.pcp = XBR_DEED | r->pcp;
}

/*
 * What a list says of the frame in flow_scratch(), counted, as the word of struct xbr_acl_action. in, out:
 * port numbers, for the log; out 0: an ingress list. A list that is not there denies: it is never passed by
 * for a fault.
 */
GLOBAL __u64 acl_ask(__u32 list, __u32 in, __u32 out)
{
	struct acl_walk w = {.image = acl_image(list)};
	const struct xbr_acl_header *header;
	const struct xbr_port *port;
	struct flow *flow = flow_scratch();

	header = w.image ? acl_cell(w.image, 0) : NULL;
	if (!flow || !header)
		return XBR_ACL_DENY | XBR_ACL_UNPARSED;
	flow->in = in;
	flow->out = out;
	port = port_get(in);
	flow->window = port ? acl_window(port) : 0;
	flow->tag = list << 8 | flow->level;
	acl_begin(flow, header);
	if (!acl_recall(flow)) {
		acl_classify(&w, header, flow);
		acl_say(&w, flow);
		if (acl_reads_same(flow, header))
			acl_remember(flow);
	}
	acl_count(&w, header, flow);
	if (flow->say & XBR_ACL_LOG)
		acl_log(&w, flow);
	if (flow->say & XBR_ACL_CHANGES)
		acl_say_changes(&w, flow);
	return flow->say;
}

/* ---- the frame's way ---- */

STAGE enum xbr_reason acl_reason(union acl_word say)
{
	return say.action.what & XBR_ACL_UNPARSED ? XBR_REASON_acl_unparsed : XBR_REASON_acl_deny;
}

/* The priority of its VLAN's tag, if it will have one; what is in a tag of the frame's own is rewritten where
 * it is sent. Lists that are asked later see it as it will be. */
STAGE void acl_set_pcp(struct frame *f, struct flow *flow)
{
	f->priority = flow->changes.pcp & 7;
	if (vlan_is_aware(f))
		f->tci = tag_with_pcp(f->tci, flow->changes.pcp);
	else if (f->tag.tpid_be)
		f->deeds.pcp = flow->changes.pcp;
	else
		return;
	flow->key.tci = tag_with_pcp(flow->key.tci, flow->changes.pcp);
}

STAGE void acl_set_dscp(struct frame *f, struct flow *flow)
{
	if (!flow->key.is_ip || flow->level >= XBR_FLOW_NO_L3)
		return;
	f->deeds.dscp = flow->changes.dscp;
	flow->key.dscp = flow->changes.dscp & 0x3f;
}

/* Four places at the most have a list that a frame meets where it comes in: see acl_in_by_*(). */
STAGE void acl_note_meter(struct frame *f, struct flow *flow, __u16 meter)
{
	flow->meters = flow->meters << 16 | meter;
	f->ruled = true;
}

/* What a rule wants done to the frame beside sending it on. */
GLOBAL int acl_note_deeds(struct frame *f, __u64 word)
{
	union acl_word say = {.word = word};
	struct flow *flow = flow_scratch();

	if (!f || !flow)
		return 0;
	if (say.action.what & XBR_ACL_MIRROR)
		f->deeds.mirror = say.action.mirror;
	if (say.action.what & XBR_ACL_POLICE)
		acl_note_meter(f, flow, say.action.meter);
	if (!(say.action.what & XBR_ACL_CHANGES))
		return 0;
	if (flow->changes.mark)
		f->deeds.mark = flow->changes.mark;
	if (flow->changes.pcp)
		acl_set_pcp(f, flow);
	if (flow->changes.dscp)
		acl_set_dscp(f, flow);
	return 0;
}

/* One list that is bound where the frame comes in. False: it ends the frame's way. */
STAGE bool acl_in_by(struct frame *f, __u32 list)
{
	union acl_word say = {};

	if (!list)
		return true;
	say.word = acl_ask(list, f->in, 0);
	if (say.action.what & (XBR_ACL_MIRROR | XBR_ACL_CHANGES | XBR_ACL_POLICE))
		acl_note_deeds(f, say.word);
	if (say.action.what & XBR_ACL_DENY)
		return frame_drop(f, acl_reason(say));
	if (say.action.what & XBR_ACL_REDIRECT)
		f->redirect = say.action.port;
	return true;
}

STAGE bool acl_wanted(const struct xbr_port *port)
{
	return feature_on(XBR_FEATURE_acl) && port->flags & XBR_PORT_ACL;
}

/* Of its VLAN, where the bridge has VLANs; else of its outermost tag. DEI is not asked for. */
STAGE __u16 acl_tci(const struct frame *f)
{
	__u16 tci = vlan_is_aware(f) ? f->tci : f->tag.tci;

	return tci & (__u16)~TCI_DEI;
}

STAGE __u32 acl_vid(const struct frame *f)
{
	return acl_tci(f) & TCI_VID_MASK;
}

/* What the frame is to the connections of its bridge and VLAN. */
STAGE void acl_look_conn(struct frame *f, const struct xbr_port *port, const struct xbr_bridge *bridge)
{
	if (!feature_on(XBR_FEATURE_conn) || !(bridge->flags & XBR_BRIDGE_CONNS))
		return;
	f->state = (__u8)conn_look(
		(__u32)port->bridge << XBR_CONN_BRIDGE_SHIFT | acl_vid(f) << XBR_CONN_VID_SHIFT, f->in);
}

/* The frame is sent on: so is its connection. */
STAGE void acl_commit(struct frame *f)
{
	if (!feature_on(XBR_FEATURE_conn) || !f->state)
		return;
	if ((f->verdict == XBR_VERDICT_FORWARD || f->verdict == XBR_VERDICT_FLOOD) && !conn_commit())
		frame_drop(f, XBR_REASON_conn_limit);
}

/* Everything that lists may ask of the frame; for acl_in() and acl_out(). */
STAGE void acl_look(const struct frame *f, const struct octets *octets)
{
	struct flow *flow = flow_scratch();

	if (!flow)
		return;
	flow->octets = f->len;
	flow->gso_size = f->gso_size;
	flow->meters = 0;
	flow->key.tci = acl_tci(f);
	if (!BY_HOOK_ALONE(octets, flow_of))
		flow_parse();
	flow->key.state = f->state;
}

/* Lists that are bound to a VLAN of the bridge, or to one of any bridge. */
STAGE bool acl_in_by_vlan(struct frame *f, const struct xbr_port *port, const struct xbr_bridge *bridge)
{
	const struct xbr_acl_bound *bound;

	if (!(bridge->flags & XBR_BRIDGE_ACL_VLANS))
		return true;
	bound = acl_vlan(port->bridge, acl_vid(f));
	if (bound && !acl_in_by(f, bound->in))
		return false;
	bound = acl_vlan(0, acl_vid(f));
	return !bound || acl_in_by(f, bound->in);
}

/* A function of its own for its stack. */
#define ACL_IN_OF(hook, context_, octets_)                                                                   \
	PART bool acl_in_by_##hook(context_ *context, struct frame *f)                                       \
	{                                                                                                    \
		const struct octets octets = octets_(context);                                               \
		const struct xbr_port *port = port_get(f->in);                                               \
		const struct xbr_bridge *bridge = port ? bridge_get(port->bridge) : NULL;                    \
                                                                                                             \
		if (!bridge)                                                                                 \
			return frame_drop(f, XBR_REASON_no_port);                                            \
		acl_look(f, &octets);                                                                        \
		acl_look_conn(f, port, bridge);                                                              \
		return acl_in_by(f, port->acl_in) && acl_in_by_vlan(f, port, bridge) &&                      \
		       acl_in_by(f, bridge->acl_in);                                                         \
	}
EACH_HOOK(ACL_IN_OF)

STAGE bool acl_in(struct frame *f, const struct xbr_port *port, const struct octets *octets)
{
	return !acl_wanted(port) || BY_HOOK(octets, acl_in_by, f);
}

/* Lists that are bound where frames leave only let pass or not: the agent binds no others there. */
STAGE bool acl_out_by(const struct frame *f, __u32 list, __u32 out)
{
	union acl_word say = {};

	if (list)
		say.word = acl_ask(list, f->in, out);
	return !(say.action.what & XBR_ACL_DENY);
}

/* Does any list have a word on what leaves by this port? */
STAGE bool acl_is_bound_out(const struct xbr_port *out)
{
	const struct xbr_bridge *bridge = bridge_get(out->bridge);

	return out->acl_out || (bridge && (bridge->acl_out || bridge->flags & XBR_BRIDGE_ACL_VLANS));
}

STAGE bool acl_out_by_vlan(const struct frame *f, const struct xbr_port *out, const struct xbr_bridge *bridge,
			   __u32 number)
{
	const struct xbr_acl_bound *bound;

	if (!(bridge->flags & XBR_BRIDGE_ACL_VLANS))
		return true;
	bound = acl_vlan(out->bridge, acl_vid(f));
	if (bound && !acl_out_by(f, bound->out, number))
		return false;
	bound = acl_vlan(0, acl_vid(f));
	return !bound || acl_out_by(f, bound->out, number);
}

/* May the frame in flow_scratch() leave by this port? */
STAGE bool acl_out(const struct frame *f, const struct xbr_port *in, const struct xbr_port *out, __u32 number)
{
	const struct xbr_bridge *bridge;

	if (!acl_wanted(in) || !acl_is_bound_out(out))
		return true;
	bridge = bridge_get(out->bridge);
	return bridge && acl_out_by(f, bridge->acl_out, number) && acl_out_by_vlan(f, out, bridge, number) &&
	       acl_out_by(f, out->acl_out, number);
}

#endif
