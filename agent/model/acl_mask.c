// SPDX-License-Identifier: Apache-2.0
#include "model/acl_mask.h"

#include <endian.h>
#include <stddef.h>
#include <string.h>

struct field {
	uint32_t flag;
	uint32_t first, last;
	uint64_t bits;
};

#define FIELD_ROW(name, first, last, bits) {XBR_ACL_NOT_##name, first, last, bits},
static const struct field fields[] = {XBR_FLOW_FIELDS(FIELD_ROW)};
#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

struct acl_mask acl_mask_exact(const struct xbr_acl_rule *rule, uint32_t level)
{
	struct acl_mask mask;

	for (uint32_t i = 0; i < XBR_FLOW_WORDS; i++)
		mask.word[i] = rule->mask[i] & xbr_flow_known(i, level);
	for (size_t f = 0; f < FIELD_COUNT; f++)
		if (rule->flags & fields[f].flag)
			for (uint32_t i = fields[f].first; i <= fields[f].last; i++)
				mask.word[i] &= ~fields[f].bits;
	return mask;
}

/* As acl_reads_unknown() in the datapath. */
static bool reads_unknown(const struct xbr_acl_rule *rule, uint32_t level)
{
	uint64_t unknown = 0;

	if (level == XBR_FLOW_WHOLE)
		return false;
	for (uint32_t i = 2; i < XBR_FLOW_WORDS; i++)
		unknown |= rule->mask[i] & ~xbr_flow_known(i, level);
	return unknown || rule->flags & (XBR_ACL_ASKS_SRC_PORT | XBR_ACL_ASKS_DST_PORT) ||
	       rule->set[XBR_ACL_SET_SRC_PORT] || rule->set[XBR_ACL_SET_DST_PORT] ||
	       (level >= XBR_FLOW_NO_L3 && (rule->set[XBR_ACL_SET_SRC_IP] || rule->set[XBR_ACL_SET_DST_IP]));
}

bool acl_rule_belongs(const struct xbr_acl_rule *rule, uint32_t level)
{
	return rule->action.what & XBR_ACL_DENY || !reads_unknown(rule, level);
}

/* Flags whose fields a level knows. */
static uint32_t known_flags(uint32_t flags, uint32_t level)
{
	uint32_t known = 0;

	for (size_t f = 0; f < FIELD_COUNT; f++)
		if (xbr_flow_known(fields[f].first, level) & fields[f].bits)
			known |= fields[f].flag;
	return flags & known;
}

bool acl_rule_same_at(const struct xbr_acl_rule *a, const struct xbr_acl_rule *b, uint32_t level)
{
	uint64_t differs = 0;

	for (uint32_t i = 0; i < XBR_FLOW_WORDS; i++)
		differs |=
			((a->mask[i] ^ b->mask[i]) | (a->value[i] ^ b->value[i])) & xbr_flow_known(i, level);
	if (level < XBR_FLOW_NO_L3)
		differs |= (uint64_t)(a->set[XBR_ACL_SET_SRC_IP] ^ b->set[XBR_ACL_SET_SRC_IP]) |
			   (uint64_t)(a->set[XBR_ACL_SET_DST_IP] ^ b->set[XBR_ACL_SET_DST_IP]);
	return !differs && known_flags(a->flags, level) == known_flags(b->flags, level);
}

/* ---- fewer masks ---- */

bool acl_mask_asks_no_more(const __u64 table[XBR_FLOW_WORDS], const struct acl_mask *rule)
{
	uint64_t more = 0;

	for (int i = 0; i < XBR_FLOW_WORDS; i++)
		more |= table[i] & ~rule->word[i];
	return !more;
}

uint32_t acl_mask_bits(const __u64 mask[XBR_FLOW_WORDS])
{
	uint32_t bits = 0;

	for (int i = 0; i < XBR_FLOW_WORDS; i++)
		bits += (uint32_t)__builtin_popcountll(mask[i]);
	return bits;
}

/* A prefix of so many octets; IPv6 prefixes of 33 to 63, and of 65 to 127 bits have few lengths of their own.
 */
static uint32_t rounded_octets(uint32_t octets)
{
	static const uint8_t to[17] = {0, 1, 2, 3, 4, 4, 6, 6, 8, 8, 8, 8, 8, 8, 8, 8, 16};

	return to[octets];
}

/* Whole octets of an address's mask, as many as are rounded to. */
static void round_address(__u64 words[2])
{
	uint8_t *octets = (uint8_t *)words;
	uint32_t whole = 0;

	while (whole < 16 && octets[whole] == 0xff)
		whole++;
	whole = rounded_octets(whole);
	memset(octets + whole, 0, 16 - whole);
}

/* Ports whole or not at all. */
static uint16_t rounded_port(uint16_t mask)
{
	return mask == 0xffff ? mask : 0;
}

/* A prefix of 0, 4, 8, 12 or 16 bits. */
static uint16_t fine_port(uint16_t mask)
{
	uint16_t wide = 0xffff;

	while ((mask & wide) != wide)
		wide = (uint16_t)(wide << 4);
	return wide;
}

static void round_ports(__u64 *word, uint16_t (*round)(uint16_t mask))
{
	uint64_t src = be16toh(round(be16toh((uint16_t)*word))),
		 dst = be16toh(round(be16toh((uint16_t)(*word >> 16))));

	*word = (*word & ~0xffffffffull) | dst << 16 | src;
}

/* An Ethernet address: whole, its vendor's half, or none of it. */
static void round_mac(__u64 *word)
{
	const uint64_t whole = 0xffffffffffffull, vendor = 0xffffffull;

	if ((*word & whole) != whole)
		*word &= ~whole | ((*word & vendor) == vendor ? vendor : 0);
}

static struct acl_mask rounded(const struct acl_mask *exact, uint16_t (*port)(uint16_t mask))
{
	struct acl_mask mask = *exact;

	round_mac(&mask.word[0]);
	round_mac(&mask.word[1]);
	round_address(&mask.word[3]);
	round_address(&mask.word[5]);
	round_ports(&mask.word[7], port);
	return mask;
}

struct acl_mask acl_mask_rounded(const struct acl_mask *exact)
{
	return rounded(exact, rounded_port);
}

struct acl_mask acl_mask_fine(const struct acl_mask *exact)
{
	return rounded(exact, fine_port);
}

struct acl_mask acl_mask_of_words(const struct acl_mask *mask, uint32_t words)
{
	struct acl_mask some = {{0}};

	for (uint32_t i = 0; i < XBR_FLOW_WORDS; i++)
		if (words & 1u << i)
			some.word[i] = mask->word[i];
	return some;
}

struct acl_mask acl_mask_common(const struct acl_mask *a, const struct acl_mask *b)
{
	struct acl_mask mask;

	for (uint32_t i = 0; i < XBR_FLOW_WORDS; i++)
		mask.word[i] = a->word[i] & b->word[i];
	return mask;
}
