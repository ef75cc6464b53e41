// SPDX-License-Identifier: Apache-2.0
#include "model/acl_member.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_number(const char *text, uint32_t max, uint32_t *ret_number)
{
	char *end;
	unsigned long number;

	if (text[0] < '0' || text[0] > '9')
		return false;
	number = strtoul(text, &end, 10);
	if (*end || number > max)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

static bool parse_ports(const char *text, struct acl_member_range *range)
{
	const char *dash = strchr(text, '-');
	char low[8] = "";

	if (dash && (size_t)(dash - text) < sizeof(low))
		memcpy(low, text, (size_t)(dash - text));
	range->kind = XBR_ACL_SET_PORTS;
	return parse_number(dash ? low : text, 65535, &range->first) &&
	       parse_number(dash ? dash + 1 : text, 65535, &range->last) && range->first <= range->last;
}

/* What lies behind the prefix is cleared: a member is written the same whatever was typed. */
static void clear_tail(uint8_t *address, uint32_t bits)
{
	for (uint32_t i = 0; i<16; i++, bits = bits> 8 ? bits - 8 : 0)
		address[i] &= (uint8_t)(bits >= 8 ? 0xffu : 0xff00u >> bits);
}

static bool parse_address(const char *text, struct acl_member_range *range)
{
	const char *slash = strchrnul(text, '/');
	bool is_ipv6 = strchr(text, ':');
	char copy[INET6_ADDRSTRLEN + 1] = "";

	if ((size_t)(slash - text) >= sizeof(copy))
		return false;
	memcpy(copy, text, (size_t)(slash - text));
	range->kind = XBR_ACL_SET_ADDRESSES;
	range->family = is_ipv6 ? 6 : 4;
	range->bits = is_ipv6 ? 128 : 32;
	if (inet_pton(is_ipv6 ? AF_INET6 : AF_INET, copy, range->address) != 1 ||
	    (*slash && !parse_number(slash + 1, range->bits, &range->bits)))
		return false;
	clear_tail(range->address, range->bits);
	return true;
}

bool acl_member_parse(const char *text, struct acl_member_range *ret_range)
{
	*ret_range = (struct acl_member_range){0};
	if (!strcmp(text, "addresses") || !strcmp(text, "ports")) {
		ret_range->kind = text[0] == 'a' ? XBR_ACL_SET_ADDRESSES : XBR_ACL_SET_PORTS;
		ret_range->is_empty = true;
		return true;
	}
	return strpbrk(text, ".:") ? parse_address(text, ret_range) : parse_ports(text, ret_range);
}

/* The longest block of ports that begins at first, is aligned to its size, and does not go beyond last. */
static uint32_t block_bits(uint32_t first, uint32_t last)
{
	uint32_t bits = 0;

	while (bits < 16 && !(first >> bits & 1) && first + (2u << bits) - 1 <= last)
		bits++;
	return bits;
}

bool acl_member_next(const struct acl_member_range *range, uint16_t set, uint32_t *next,
		     struct xbr_acl_member *ret_member)
{
	uint32_t bits;

	*ret_member = (struct xbr_acl_member){.set = set, .family = range->family};
	if (range->kind == XBR_ACL_SET_ADDRESSES) {
		memcpy(ret_member->address, range->address, sizeof(ret_member->address));
		ret_member->prefix = XBR_ACL_MEMBER_BITS + range->bits;
		return !(*next)++;
	}
	if (*next > range->last)
		return false;
	bits = block_bits(*next, range->last);
	ret_member->address[0] = (uint8_t)(*next >> 8);
	ret_member->address[1] = (uint8_t)*next;
	ret_member->prefix = XBR_ACL_MEMBER_BITS + 16 - bits;
	*next += 1u << bits;
	return true;
}

void acl_member_text(const struct xbr_acl_member *member, char *text, size_t size)
{
	uint32_t bits = member->prefix - XBR_ACL_MEMBER_BITS;
	uint32_t first = (uint32_t)member->address[0] << 8 | member->address[1];
	char address[INET6_ADDRSTRLEN] = "";

	if (!member->family && bits == 16) {
		snprintf(text, size, "%u", first);
	} else if (!member->family) {
		snprintf(text, size, "%u-%u", first, first + (1u << (16 - bits)) - 1);
	} else {
		inet_ntop(member->family == 6 ? AF_INET6 : AF_INET, member->address, address,
			  sizeof(address));
		if (bits == (member->family == 6 ? 128 : 32))
			snprintf(text, size, "%s", address);
		else
			snprintf(text, size, "%s/%u", address, bits);
	}
}
