// SPDX-License-Identifier: Apache-2.0
#include "model/acl_lint.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "model/acl_rule.h"

struct field {
	uint32_t flag, first, last;
	uint64_t bits;
};

#define FIELD_ROW(name, first, last, bits) {XBR_ACL_NOT_##name, first, last, bits},
static const struct field fields[] = {XBR_FLOW_FIELDS(FIELD_ROW)};
#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

#define PORT_FLAGS (XBR_ACL_NOT_SRC_PORT | XBR_ACL_NOT_DST_PORT)

/* Where the words of an ND target and of ARP's hardware addresses are the same, the EtherType tells them
 * apart. */
static bool asks(const struct xbr_acl_rule *rule, const struct field *f)
{
	for (uint32_t i = f->first; i <= f->last; i++)
		if (rule->mask[i] & f->bits)
			return true;
	return false;
}

static bool same_field(const struct xbr_acl_rule *a, const struct xbr_acl_rule *b, const struct field *f)
{
	for (uint32_t i = f->first; i <= f->last; i++)
		if (((a->mask[i] ^ b->mask[i]) | (a->value[i] ^ b->value[i])) & f->bits)
			return false;
	return true;
}

/* The earlier one's value under its mask is the later one's, which asks at least as much. */
static bool wider_field(const struct xbr_acl_rule *earlier, const struct xbr_acl_rule *later,
			const struct field *f)
{
	for (uint32_t i = f->first; i <= f->last; i++) {
		uint64_t mask = earlier->mask[i] & f->bits;

		if (mask & ~later->mask[i] || (earlier->value[i] ^ later->value[i]) & mask)
			return false;
	}
	return true;
}

static bool field_covers(const struct xbr_acl_rule *earlier, const struct xbr_acl_rule *later,
			 const struct field *f)
{
	bool turned = earlier->flags & f->flag;

	if (!asks(earlier, f))
		return true;
	if (turned != !!(later->flags & f->flag))
		return false;
	return turned ? same_field(earlier, later, f) : wider_field(earlier, later, f);
}

static bool range_covers(const struct xbr_acl_rule *earlier, const struct xbr_acl_rule *later, int which)
{
	uint32_t asks_range = which ? XBR_ACL_ASKS_DST_PORT : XBR_ACL_ASKS_SRC_PORT;
	uint32_t turned = which ? XBR_ACL_NOT_DST_PORT : XBR_ACL_NOT_SRC_PORT;

	if (!(earlier->flags & asks_range))
		return true;
	if (!(later->flags & asks_range) || (earlier->flags ^ later->flags) & turned)
		return false;
	if (earlier->flags & turned)
		return earlier->port_low[which] >= later->port_low[which] &&
		       earlier->port_high[which] <= later->port_high[which];
	return earlier->port_low[which] <= later->port_low[which] &&
	       earlier->port_high[which] >= later->port_high[which];
}

static bool sets_cover(const struct xbr_acl_rule *earlier, const struct xbr_acl_rule *later)
{
	static const uint32_t turned[] = {XBR_ACL_NOT_SRC_IP, XBR_ACL_NOT_DST_IP, XBR_ACL_NOT_SRC_PORT,
					  XBR_ACL_NOT_DST_PORT};

	for (int place = 0; place < XBR_ACL_SET_PLACES; place++)
		if (earlier->set[place] && (earlier->set[place] != later->set[place] ||
					    (earlier->flags ^ later->flags) & turned[place]))
			return false;
	return true;
}

/* A rule for both families covers one for either. */
static bool family_covers(const struct xbr_acl_rule *earlier, const struct xbr_acl_rule *later)
{
	const struct xbr_flow *mask = (const struct xbr_flow *)earlier->mask;
	const struct xbr_flow *value = (const struct xbr_flow *)later->value;
	const struct xbr_flow *later_mask = (const struct xbr_flow *)later->mask;

	if (!mask->is_ip || later_mask->is_ip)
		return true;
	return later_mask->eth_type_be && !(later->flags & XBR_ACL_NOT_ETH_TYPE) &&
	       (value->eth_type_be == 0x0008 || value->eth_type_be == 0xdd86);
}

static bool covers(const struct xbr_acl_rule *earlier, const struct xbr_acl_rule *later)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (fields[i].flag != XBR_ACL_NOT_IS_IP && !(fields[i].flag & PORT_FLAGS) &&
		    !field_covers(earlier, later, &fields[i]))
			return false;
	return family_covers(earlier, later) && range_covers(earlier, later, 0) &&
	       range_covers(earlier, later, 1) && sets_cover(earlier, later);
}

/* Not in 0 to 65535 is nothing. */
static bool is_empty(const struct xbr_acl_rule *rule)
{
	return (rule->flags & XBR_ACL_NOT_SRC_PORT && rule->flags & XBR_ACL_ASKS_SRC_PORT &&
		!rule->port_low[0] && rule->port_high[0] == 0xffff) ||
	       (rule->flags & XBR_ACL_NOT_DST_PORT && rule->flags & XBR_ACL_ASKS_DST_PORT &&
		!rule->port_low[1] && rule->port_high[1] == 0xffff);
}

enum acl_finding acl_lint_pair(const struct xbr_acl_rule *earlier, const struct xbr_acl_rule *later)
{
	if (!earlier)
		return is_empty(later) ? ACL_NEVER : ACL_FINDING_NONE;
	if (!covers(earlier, later))
		return ACL_FINDING_NONE;
	if (covers(later, earlier))
		return acl_rule_same_deed(earlier, later) ? ACL_DUPLICATE : ACL_CONTRADICTS;
	return acl_rule_same_deed(earlier, later) ? ACL_REDUNDANT : ACL_SHADOWED;
}

const char *acl_finding_word(enum acl_finding finding)
{
	static const char *const finding_words[] = {
		[ACL_FINDING_NONE] = "none", [ACL_DUPLICATE] = "duplicate", [ACL_CONTRADICTS] = "contradicts",
		[ACL_SHADOWED] = "shadowed", [ACL_REDUNDANT] = "redundant", [ACL_NEVER] = "never"};

	return finding_words[finding];
}
