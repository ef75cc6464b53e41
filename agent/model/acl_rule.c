// SPDX-License-Identifier: Apache-2.0
#include "model/acl_rule.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define BE16(x) htons((uint16_t)(x))

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_IPV6 = 0x86dd,
};

enum {
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_DCCP = 33,
	PROTO_ICMPV6 = 58,
	PROTO_SCTP = 132,
	PROTO_UDPLITE = 136,
};

/* ---- names of numbers ---- */

struct named {
	const char *name;
	uint32_t number;
};

static const struct named eth_types[] = {
	{"ipv4", TYPE_IPV4}, {"ipv6", TYPE_IPV6}, {"arp", TYPE_ARP}, {"rarp", 0x8035},
	{"lldp", 0x88cc},    {"eapol", 0x888e},   {"mpls", 0x8847},  {"pppoe_disc", 0x8863},
	{"pppoe", 0x8864},   {"802_2", 0x0004},   {"ptp", 0x88f7},   {"fcoe", 0x8906},
	{"roce", 0x8915},    {"macsec", 0x88e5},  {NULL, 0},
};
static const struct named ip_protos[] = {
	{"icmp", PROTO_ICMP},
	{"igmp", 2},
	{"tcp", PROTO_TCP},
	{"udp", PROTO_UDP},
	{"dccp", PROTO_DCCP},
	{"gre", 47},
	{"esp", 50},
	{"icmpv6", PROTO_ICMPV6},
	{"ospf", 89},
	{"vrrp", 112},
	{"sctp", PROTO_SCTP},
	{"udplite", PROTO_UDPLITE},
	{NULL, 0},
};
static const struct named arp_ops[] = {{"request", 1}, {"reply", 2}, {NULL, 0}};
static const struct named frags[] = {
	{"no", XBR_FRAG_NO}, {"first", XBR_FRAG_FIRST}, {"later", XBR_FRAG_LATER}, {"any", 0}, {NULL, 0}};
static const struct named tcp_flags[] = {{"fin", 1},  {"syn", 2},  {"rst", 4},   {"psh", 8}, {"ack", 16},
					 {"urg", 32}, {"ece", 64}, {"cwr", 128}, {NULL, 0}};
static const struct named no_names[] = {{NULL, 0}};

static const struct named *named_find(const struct named *list, const char *name)
{
	for (; list->name; list++)
		if (!strcmp(list->name, name))
			return list;
	return NULL;
}

static const char *name_of_number(const struct named *list, uint32_t number)
{
	for (; list->name; list++)
		if (list->number == number)
			return list->name;
	return NULL;
}

/* Decimal or 0x; the whole word. */
static bool number_parse(const char *text, uint32_t max, uint32_t *ret_number)
{
	char *end;
	unsigned long number;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoul(text, &end, text[0] == '0' && text[1] == 'x' ? 16 : 10);
	if (*end || errno || number > max)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

static bool named_parse(const char *text, const struct named *names, uint32_t max, uint32_t *ret_number)
{
	const struct named *known = named_find(names, text);

	if (known)
		*ret_number = known->number;
	return known || number_parse(text, max, ret_number);
}

/* ---- fields of a rule ---- */

/* A place in struct xbr_flow, the same in value and mask. */
static uint8_t *octets_of(uint64_t *words, size_t offset)
{
	return (uint8_t *)words + offset;
}

static void put_bits(struct xbr_acl_rule *rule, size_t offset, const void *value, const void *mask,
		     size_t size)
{
	uint8_t *v = octets_of((uint64_t *)rule->value, offset),
		*m = octets_of((uint64_t *)rule->mask, offset);

	for (size_t i = 0; i < size; i++) {
		m[i] |= ((const uint8_t *)mask)[i];
		v[i] = (uint8_t)((v[i] & ~((const uint8_t *)mask)[i]) |
				 (((const uint8_t *)value)[i] & ((const uint8_t *)mask)[i]));
	}
}

static void put_u16(struct xbr_acl_rule *rule, size_t offset, uint16_t value, uint16_t mask)
{
	put_bits(rule, offset, &value, &mask, sizeof(value));
}

static void put_u8(struct xbr_acl_rule *rule, size_t offset, uint8_t value, uint8_t mask)
{
	put_bits(rule, offset, &value, &mask, sizeof(value));
}

static const struct xbr_flow *value_of(const struct xbr_acl_rule *rule)
{
	return (const struct xbr_flow *)rule->value;
}

static const struct xbr_flow *mask_of(const struct xbr_acl_rule *rule)
{
	return (const struct xbr_flow *)rule->mask;
}

#define AT(member) offsetof(struct xbr_flow, member)

/* ---- words ---- */

struct word {
	const char *word;
	uint32_t not_flag; /* 0: it cannot be turned round */
	const char *is;    /* what its value is called */
	/* False: value is not such a thing. */
	bool (*parse)(struct xbr_acl_rule *rule, const struct word *word, const char *value);
	/* False: the rule says nothing there. */
	bool (*print)(const struct xbr_acl_rule *rule, const struct word *word, char *text, size_t size);
	size_t offset;             /* in struct xbr_flow; of an action, in struct xbr_acl_rule */
	size_t mask_octets;        /* octets there, where a mask may be empty */
	const struct named *names; /* of a number */
	uint32_t max;
	uint32_t set;     /* enum xbr_acl_set_place, and */
	uint8_t set_kind; /* ... the kind of set that may stand there; 0: none */
	uint32_t what;    /* enum xbr_acl_do of an action */
	uint8_t size;     /* octets of a number */
	bool swap;        /* it is in network order */
	uint32_t note;    /* enum note */
};

/* Six groups of two digits. */
static bool mac_parse(const char *text, size_t length, uint8_t ret_mac[6])
{
	char copy[18], *end = copy;

	if (length != 17)
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	for (int i = 0; i < 6; i++) {
		char *at = end;

		ret_mac[i] = (uint8_t)strtoul(at, &end, 16);
		if (end != at + 2 || *end != (i < 5 ? ':' : '\0'))
			return false;
		end++;
	}
	return true;
}

static void prefix_mask(uint32_t bits, uint8_t *ret_mask, size_t size)
{
	for (size_t i = 0; i<size; i++, bits = bits> 8 ? bits - 8 : 0)
		ret_mask[i] = (uint8_t)(bits >= 8 ? 0xffu : 0xff00u >> bits);
}

/* LLADDR, LLADDR/BITS, LLADDR/MASK. */
static bool parse_mac(struct xbr_acl_rule *rule, const struct word *word, const char *value)
{
	const char *slash = strchrnul(value, '/');
	uint8_t mac[6], mask[6];
	uint32_t bits = 48;

	if (!mac_parse(value, (size_t)(slash - value), mac))
		return false;
	prefix_mask(48, mask, sizeof(mask));
	if (*slash && strchr(slash, ':')) {
		if (!mac_parse(slash + 1, strlen(slash + 1), mask))
			return false;
	} else if (*slash) {
		if (!number_parse(slash + 1, 48, &bits))
			return false;
		prefix_mask(bits, mask, sizeof(mask));
	}
	put_bits(rule, word->offset, mac, mask, sizeof(mac));
	return true;
}

static size_t mac_text(const uint8_t mac[6], char *text, size_t size)
{
	return (size_t)snprintf(text, size, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
				mac[4], mac[5]);
}

static bool print_mac(const struct xbr_acl_rule *rule, const struct word *word, char *text, size_t size)
{
	const uint8_t *mac = (const uint8_t *)rule->value + word->offset;
	const uint8_t *mask = (const uint8_t *)rule->mask + word->offset;
	static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, none[6];
	size_t used;

	if (!memcmp(mask, none, sizeof(none)))
		return false;
	used = mac_text(mac, text, size);
	if (memcmp(mask, all, sizeof(all)) && used + 1 < size) {
		text[used++] = '/';
		mac_text(mask, text + used, size - used);
	}
	return true;
}

/* A number of one or two octets, whole. */
static bool parse_number(struct xbr_acl_rule *rule, const struct word *word, const char *value)
{
	uint32_t number;

	if (!named_parse(value, word->names, word->max, &number))
		return false;
	if (word->size == 1)
		put_u8(rule, word->offset, (uint8_t)number, 0xff);
	else
		put_u16(rule, word->offset, word->swap ? BE16(number) : (uint16_t)number, 0xffff);
	return true;
}

static bool print_number(const struct xbr_acl_rule *rule, const struct word *word, char *text, size_t size)
{
	uint16_t value, mask;
	uint32_t number;
	const char *name;

	memcpy(&value, (const uint8_t *)rule->value + word->offset, sizeof(value));
	memcpy(&mask, (const uint8_t *)rule->mask + word->offset, sizeof(mask));
	if (word->size == 1) {
		value &= 0xff;
		mask &= 0xff;
	}
	if (!mask)
		return false;
	number = word->swap ? ntohs(value) : value;
	name = name_of_number(word->names, number);
	if (name)
		snprintf(text, size, "%s", name);
	else
		snprintf(text, size, word->names == eth_types ? "0x%04x" : "%u", number);
	return true;
}

/* VID and PCP share a field. */
static bool parse_vid(struct xbr_acl_rule *rule, const struct word *word, const char *value)
{
	uint32_t number;

	if (!number_parse(value, 4094, &number))
		return false;
	put_u16(rule, word->offset, (uint16_t)number, 0x0fff);
	return true;
}

static bool print_vid(const struct xbr_acl_rule *rule, const struct word *word, char *text, size_t size)
{
	(void)word;
	if (mask_of(rule)->tci & 0x0fff)
		snprintf(text, size, "%u", value_of(rule)->tci & 0x0fff);
	return mask_of(rule)->tci & 0x0fff;
}

static bool parse_pcp(struct xbr_acl_rule *rule, const struct word *word, const char *value)
{
	uint32_t number;

	if (!number_parse(value, 7, &number))
		return false;
	put_u16(rule, word->offset, (uint16_t)(number << 13), 0xe000);
	return true;
}

static bool print_pcp(const struct xbr_acl_rule *rule, const struct word *word, char *text, size_t size)
{
	(void)word;
	if (mask_of(rule)->tci & 0xe000)
		snprintf(text, size, "%u", value_of(rule)->tci >> 13);
	return mask_of(rule)->tci & 0xe000;
}

/* An address of either family, or of one, with a prefix length or without. */
static bool prefix_parse(const char *text, int *ret_family, uint8_t ret_address[16], uint32_t *ret_bits)
{
	char copy[INET6_ADDRSTRLEN + 1];
	const char *slash = strchrnul(text, '/');
	size_t length = (size_t)(slash - text);

	if (length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	memset(ret_address, 0, 16);
	*ret_family = strchr(copy, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(*ret_family, copy, ret_address) != 1)
		return false;
	*ret_bits = *ret_family == AF_INET6 ? 128 : 32;
	return !*slash || number_parse(slash + 1, *ret_bits, ret_bits);
}

static void put_type(struct xbr_acl_rule *rule, uint16_t type)
{
	put_u16(rule, AT(eth_type_be), BE16(type), 0xffff);
}

/* What kinds of words a rule has, until it is finished. */
enum note {
	NOTE_IPV4 = 1 << 0, /* an address */
	NOTE_IPV6 = 1 << 1,
	NOTE_ARP = 1 << 2,
	NOTE_TARGET = 1 << 3,
};

static uint16_t *notes_of(struct xbr_acl_rule *rule)
{
	return &((struct xbr_flow *)rule->value)->zero1;
}

static void note(struct xbr_acl_rule *rule, uint32_t bits)
{
	*notes_of(rule) = (uint16_t)(*notes_of(rule) | bits);
}

static bool parse_prefix(struct xbr_acl_rule *rule, const struct word *word, const char *value)
{
	uint8_t address[16], mask[16];
	uint32_t bits;
	int family;

	if (!prefix_parse(value, &family, address, &bits))
		return false;
	prefix_mask(bits, mask, sizeof(mask));
	put_bits(rule, word->offset, address, mask, sizeof(address));
	if (!word->note)
		note(rule, family == AF_INET6 ? NOTE_IPV6 : NOTE_IPV4);
	return true;
}

static bool parse_prefix_of(struct xbr_acl_rule *rule, const struct word *word, const char *value, int wanted)
{
	uint8_t address[16];
	uint32_t bits;
	int family;

	return prefix_parse(value, &family, address, &bits) && family == wanted &&
	       parse_prefix(rule, word, value);
}

static bool parse_arp_ip(struct xbr_acl_rule *rule, const struct word *word, const char *value)
{
	return parse_prefix_of(rule, word, value, AF_INET);
}

static bool parse_target(struct xbr_acl_rule *rule, const struct word *word, const char *value)
{
	return parse_prefix_of(rule, word, value, AF_INET6);
}

static bool is_arp(const struct xbr_acl_rule *rule)
{
	return mask_of(rule)->eth_type_be && !(rule->flags & XBR_ACL_NOT_ETH_TYPE) &&
	       value_of(rule)->eth_type_be == BE16(TYPE_ARP);
}

static bool is_ipv6(const struct xbr_acl_rule *rule)
{
	return mask_of(rule)->eth_type_be && value_of(rule)->eth_type_be == BE16(TYPE_IPV6);
}

static uint32_t mask_bits(const uint8_t *mask, size_t size)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < size; i++)
		bits += (uint32_t)__builtin_popcount(mask[i]);
	return bits;
}

static bool prefix_print(const struct xbr_acl_rule *rule, const struct word *word, char *text, size_t size)
{
	const uint8_t *address = (const uint8_t *)rule->value + word->offset;
	uint32_t bits = mask_bits((const uint8_t *)rule->mask + word->offset, 16);
	char printed[INET6_ADDRSTRLEN];

	if (!bits || !inet_ntop(is_ipv6(rule) ? AF_INET6 : AF_INET, address, printed, sizeof(printed)))
		return false;
	if (bits == (is_ipv6(rule) ? 128 : 32))
		snprintf(text, size, "%s", printed);
	else
		snprintf(text, size, "%s/%u", printed, bits);
	return true;
}

static bool print_ip(const struct xbr_acl_rule *rule, const struct word *word, char *text, size_t size)
{
	return !is_arp(rule) && prefix_print(rule, word, text, size);
}

static bool print_arp_ip(const struct xbr_acl_rule *rule, const struct word *word, char *text, size_t size)
{
	return is_arp(rule) && prefix_print(rule, word, text, size);
}

static bool print_target(const struct xbr_acl_rule *rule, const struct word *word, char *text, size_t size)
{
	return is_ipv6(rule) && prefix_print(rule, word, text, size);
}

static bool print_arp_mac(const struct xbr_acl_rule *rule, const struct word *word, char *text, size_t size)
{
	return is_arp(rule) && print_mac(rule, word, text, size);
}

/* What all ports of a range have in common: their first bits. */
static uint16_t common_bits(uint16_t low, uint16_t high)
{
	uint16_t mask = 0xffff;

	while ((low & mask) != (high & mask))
		mask = (uint16_t)(mask << 1);
	return mask;
}

static bool parse_port(struct xbr_acl_rule *rule, const struct word *word, const char *value)
{
	int which = word->set == XBR_ACL_SET_DST_PORT;
	char low_text[8] = "";
	const char *dash = strchr(value, '-');
	uint32_t low, high;
	uint16_t mask;

	if (dash && (size_t)(dash - value) < sizeof(low_text))
		memcpy(low_text, value, (size_t)(dash - value));
	if (!number_parse(dash ? low_text : value, 65535, &low) ||
	    !number_parse(dash ? dash + 1 : value, 65535, &high) || low > high)
		return false;
	rule->port_low[which] = (uint16_t)low;
	rule->port_high[which] = (uint16_t)high;
	rule->flags |= which ? XBR_ACL_ASKS_DST_PORT : XBR_ACL_ASKS_SRC_PORT;
	mask = BE16(common_bits((uint16_t)low, (uint16_t)high));
	if (!(rule->flags & word->not_flag))
		put_u16(rule, word->offset, BE16(low), mask);
	return true;
}

static bool print_port(const struct xbr_acl_rule *rule, const struct word *word, char *text, size_t size)
{
	int which = word->set == XBR_ACL_SET_DST_PORT;

	if (!(rule->flags & (which ? XBR_ACL_ASKS_DST_PORT : XBR_ACL_ASKS_SRC_PORT)))
		return false;
	if (rule->port_low[which] == rule->port_high[which])
		snprintf(text, size, "%u", rule->port_low[which]);
	else
		snprintf(text, size, "%u-%u", rule->port_low[which], rule->port_high[which]);
	return true;
}

/* Names with commas between, or a number. */
static bool flags_parse(const char *text, size_t length, uint8_t *ret_flags)
{
	char copy[64], *rest = copy, *name;
	uint32_t number;

	if (!length || length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	*ret_flags = 0;
	while ((name = strsep(&rest, ","))) {
		if (!named_parse(name, tcp_flags, 255, &number))
			return false;
		*ret_flags |= (uint8_t)number;
	}
	return true;
}

/* FLAGS: all of these are set. FLAGS/MASK: of MASK, just FLAGS are. */
static bool parse_tcp_flags(struct xbr_acl_rule *rule, const struct word *word, const char *value)
{
	const char *slash = strchrnul(value, '/');
	uint8_t flags, mask;

	if (!flags_parse(value, (size_t)(slash - value), &flags))
		return false;
	mask = flags;
	if (*slash && !flags_parse(slash + 1, strlen(slash + 1), &mask))
		return false;
	if (!mask || flags & ~mask)
		return false;
	put_u8(rule, word->offset, flags, mask);
	return true;
}

static void flags_text(uint8_t flags, char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "0");
	for (const struct named *flag = tcp_flags; flag->name && used < size; flag++)
		if (flags & flag->number)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "," : "",
						 flag->name);
}

static bool print_tcp_flags(const struct xbr_acl_rule *rule, const struct word *word, char *text, size_t size)
{
	char flags[64], mask[64];

	(void)word;
	if (!mask_of(rule)->tcp_flags)
		return false;
	flags_text(value_of(rule)->tcp_flags, flags, sizeof(flags));
	flags_text(mask_of(rule)->tcp_flags, mask, sizeof(mask));
	snprintf(text, size, strcmp(flags, mask) ? "%s/%s" : "%s", flags, mask);
	return true;
}

static bool parse_frag(struct xbr_acl_rule *rule, const struct word *word, const char *value)
{
	const struct named *known = named_find(frags, value);

	if (!known)
		return false;
	if (known->number || !strcmp(value, "no"))
		put_u8(rule, word->offset, (uint8_t)known->number, XBR_FRAG_LATER);
	else
		put_u8(rule, word->offset, XBR_FRAG_ANY, XBR_FRAG_ANY);
	return true;
}

static bool print_frag(const struct xbr_acl_rule *rule, const struct word *word, char *text, size_t size)
{
	(void)word;
	if (!mask_of(rule)->frag)
		return false;
	snprintf(text, size, "%s",
		 mask_of(rule)->frag == XBR_FRAG_ANY ? "any" : name_of_number(frags, value_of(rule)->frag));
	return true;
}

static const struct named states[] = {{"new", XBR_CONN_NEW},
				      {"established", XBR_CONN_ESTABLISHED},
				      {"related", XBR_CONN_RELATED},
				      {"invalid", XBR_CONN_INVALID},
				      {NULL, 0}};

static bool states_parse(const char *text, uint8_t *ret_states)
{
	char copy[64], *rest = copy, *name;
	const struct named *known;

	if (strlen(text) >= sizeof(copy))
		return false;
	strcpy(copy, text);
	*ret_states = 0;
	while ((name = strsep(&rest, ","))) {
		known = named_find(states, name);
		if (!known)
			return false;
		*ret_states |= (uint8_t)known->number;
	}
	return true;
}

/* Does the rule name several states? A frame has one: it is of several if their bits are not all zero. So the
 * rule's own flag means the contrary. */
static bool has_states(const struct xbr_acl_rule *rule)
{
	return mask_of(rule)->state && !value_of(rule)->state;
}

/* One state is a value like any other. */
static bool parse_state(struct xbr_acl_rule *rule, const struct word *word, const char *value)
{
	uint8_t several;

	if (!states_parse(value, &several) || mask_of(rule)->state)
		return false;
	if (several & (several - 1)) {
		put_u8(rule, word->offset, 0, several);
		rule->flags ^= word->not_flag;
	} else {
		put_u8(rule, word->offset, several, XBR_CONN_STATES);
	}
	return true;
}

static bool print_state(const struct xbr_acl_rule *rule, const struct word *word, char *text, size_t size)
{
	uint8_t said = has_states(rule) ? mask_of(rule)->state : value_of(rule)->state;
	size_t used = 0;

	(void)word;
	for (const struct named *state = states; state->name && used < size; state++)
		if (said & state->number)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "," : "",
						 state->name);
	return said;
}

/* ---- actions: offset is in struct xbr_acl_rule ---- */

#define IN_RULE(member) offsetof(struct xbr_acl_rule, member)

static void *place_in(const struct xbr_acl_rule *rule, const struct word *word)
{
	return (char *)(uintptr_t)rule + word->offset;
}

static void put_action(struct xbr_acl_rule *rule, const struct word *word)
{
	rule->action.what = (uint16_t)(rule->action.what | word->what);
}

static bool parse_dev(struct xbr_acl_rule *rule, const struct word *word, const char *value)
{
	char *dev = place_in(rule, word);

	if (!value[0] || strlen(value) >= sizeof(rule->dev) || dev[0])
		return false;
	strcpy(dev, value);
	put_action(rule, word);
	return true;
}

static bool print_dev(const struct xbr_acl_rule *rule, const struct word *word, char *text, size_t size)
{
	snprintf(text, size, "%s", (const char *)place_in(rule, word));
	return rule->action.what & word->what;
}

static bool parse_setting(struct xbr_acl_rule *rule, const struct word *word, const char *value)
{
	uint32_t number;

	if (!number_parse(value, word->max, &number))
		return false;
	memcpy(place_in(rule, word), &number, word->size); /* little-endian: abi.h asks for that */
	put_action(rule, word);
	return true;
}

static bool print_setting(const struct xbr_acl_rule *rule, const struct word *word, char *text, size_t size)
{
	uint32_t number = 0;

	memcpy(&number, place_in(rule, word), word->size);
	snprintf(text, size, "%u", number);
	return rule->action.what & word->what;
}

/* 0 is what packets have that nobody marked. */
static bool parse_mark(struct xbr_acl_rule *rule, const struct word *word, const char *value)
{
	return parse_setting(rule, word, value) && rule->mark;
}

#define MAC_IS    "an Ethernet address, with /BITS or /MASK or without"
#define IP_IS     "an IPv4 or IPv6 address, with /BITS or without, or @SET"
#define PORT_IS   "a port from 0 to 65535, a range LOW-HIGH, or @SET"
#define NOT(name) .not_flag = XBR_ACL_NOT_##name

static const struct word words[] = {
	{"dst_mac", NOT(DST_MAC), MAC_IS, parse_mac, print_mac, .offset = AT(dst_mac), .mask_octets = 6},
	{"src_mac", NOT(SRC_MAC), MAC_IS, parse_mac, print_mac, .offset = AT(src_mac), .mask_octets = 6},
	{"vlan_id", NOT(VID), "a VLAN from 0 to 4094", parse_vid, print_vid, .offset = AT(tci)},
	{"vlan_prio", NOT(PCP), "a priority from 0 to 7", parse_pcp, print_pcp, .offset = AT(tci)},
	{"eth_type", NOT(ETH_TYPE), "an EtherType such as ipv4, arp or 0x88b5", parse_number, print_number,
	 .offset = AT(eth_type_be), .names = eth_types, .max = 0xffff, .size = 2, .swap = true},
	{"src_ip", NOT(SRC_IP), IP_IS, parse_prefix, print_ip, .offset = AT(src_ip), .mask_octets = 16,
	 .set = XBR_ACL_SET_SRC_IP, .set_kind = XBR_ACL_SET_ADDRESSES},
	{"dst_ip", NOT(DST_IP), IP_IS, parse_prefix, print_ip, .offset = AT(dst_ip), .mask_octets = 16,
	 .set = XBR_ACL_SET_DST_IP, .set_kind = XBR_ACL_SET_ADDRESSES},
	{"ip_proto", NOT(PROTO), "a protocol such as tcp, or its number", parse_number, print_number,
	 .offset = AT(proto), .names = ip_protos, .max = 255, .size = 1},
	{"dscp", NOT(DSCP), "a code point from 0 to 63", parse_number, print_number, .offset = AT(dscp),
	 .names = no_names, .max = 63, .size = 1},
	{"frag", NOT(FRAG), "no, first, later or any", parse_frag, print_frag, .offset = AT(frag)},
	{"src_port", NOT(SRC_PORT), PORT_IS, parse_port, print_port, .offset = AT(src_port_be),
	 .set = XBR_ACL_SET_SRC_PORT, .set_kind = XBR_ACL_SET_PORTS},
	{"dst_port", NOT(DST_PORT), PORT_IS, parse_port, print_port, .offset = AT(dst_port_be),
	 .set = XBR_ACL_SET_DST_PORT, .set_kind = XBR_ACL_SET_PORTS},
	{"tcp_flags", NOT(TCP_FLAGS), "flags such as syn or syn/syn,ack", parse_tcp_flags, print_tcp_flags,
	 .offset = AT(tcp_flags)},
	{"icmp_type", NOT(ICMP_TYPE), "a number from 0 to 255", parse_number, print_number,
	 .offset = AT(icmp_type), .names = no_names, .max = 255, .size = 1},
	{"icmp_code", NOT(ICMP_CODE), "a number from 0 to 255", parse_number, print_number,
	 .offset = AT(icmp_code), .names = no_names, .max = 255, .size = 1},
	{"arp_op", NOT(ARP_OP), "request, reply, or a number", parse_number, print_number,
	 .offset = AT(arp_op_be), .names = arp_ops, .max = 0xffff, .size = 2, .swap = true, .note = NOTE_ARP},
	{"arp_sip", NOT(SRC_IP), "an IPv4 address, with /BITS or without", parse_arp_ip, print_arp_ip,
	 .offset = AT(src_ip), .mask_octets = 16, .note = NOTE_ARP},
	{"arp_tip", NOT(DST_IP), "an IPv4 address, with /BITS or without", parse_arp_ip, print_arp_ip,
	 .offset = AT(dst_ip), .mask_octets = 16, .note = NOTE_ARP},
	{"arp_sha", NOT(ARP_SHA), MAC_IS, parse_mac, print_arp_mac, .offset = AT(arp_sha), .mask_octets = 6,
	 .note = NOTE_ARP},
	{"arp_tha", NOT(ARP_THA), MAC_IS, parse_mac, print_arp_mac, .offset = AT(arp_tha), .mask_octets = 6,
	 .note = NOTE_ARP},
	{"nd_target", NOT(ND_TARGET), "an IPv6 address, with /BITS or without", parse_target, print_target,
	 .offset = AT(nd_target), .mask_octets = 16, .note = NOTE_TARGET},
	{"state", NOT(STATE), "new, established, related, invalid, or several with commas", parse_state,
	 print_state, .offset = AT(state)},
	{"redirect", 0, "a port of the bridge", parse_dev, print_dev, .offset = IN_RULE(dev),
	 .what = XBR_ACL_REDIRECT},
	{"mirror", 0, "a port", parse_dev, print_dev, .offset = IN_RULE(mirror_dev), .what = XBR_ACL_MIRROR},
	{"mark", 0, "a number from 1 to 4294967295", parse_mark, print_setting, .offset = IN_RULE(mark),
	 .max = UINT32_MAX, .size = 4, .what = XBR_ACL_MARK},
	{"set_vlan_prio", 0, "a priority from 0 to 7", parse_setting, print_setting, .offset = IN_RULE(pcp),
	 .max = 7, .size = 1, .what = XBR_ACL_SET_PCP},
	{"set_dscp", 0, "a code point from 0 to 63", parse_setting, print_setting, .offset = IN_RULE(dscp),
	 .max = 63, .size = 1, .what = XBR_ACL_SET_DSCP},
	{"police", 0, "the name of a meter", .what = XBR_ACL_POLICE}, /* see meter_word() */
};
#define WORD_COUNT (sizeof(words) / sizeof(words[0]))

const char *const acl_rule_words[] = {"dst_mac",       "src_mac",  "vlan_id",   "vlan_prio", "eth_type",
				      "src_ip",        "dst_ip",   "ip_proto",  "dscp",      "frag",
				      "src_port",      "dst_port", "tcp_flags", "icmp_type", "icmp_code",
				      "arp_op",        "arp_sip",  "arp_tip",   "arp_sha",   "arp_tha",
				      "nd_target",     "state",    "redirect",  "mirror",    "mark",
				      "set_vlan_prio", "set_dscp", "police",    NULL};
_Static_assert(sizeof(acl_rule_words) / sizeof(acl_rule_words[0]) == WORD_COUNT + 1, "the same words");

static const struct word *word_find(const char *name)
{
	for (size_t i = 0; i < WORD_COUNT; i++)
		if (!strcmp(words[i].word, name))
			return &words[i];
	return NULL;
}

/* Of a value with a mask: does the mask ask nothing? */
static bool is_empty(const struct xbr_acl_rule *rule, const struct word *word)
{
	const uint8_t *mask = (const uint8_t *)rule->mask + word->offset;

	for (size_t i = 0; i < word->mask_octets; i++)
		if (mask[i])
			return false;
	return true;
}

static int set_word(struct xbr_acl_rule *rule, const struct word *word, const char *name,
		    const struct acl_names *names, struct xbr_error *error)
{
	uint16_t set = names ? names->set_of(name, word->set_kind, names->user) : 0;

	if (!set)
		return xbr_refuse(error, -ENOENT, "there is no set of %s with the name %s",
				  word->set_kind == XBR_ACL_SET_PORTS ? "ports" : "addresses", name);
	rule->set[word->set] = set;
	return 0;
}

static int meter_word(struct xbr_acl_rule *rule, const char *name, const struct acl_names *names,
		      struct xbr_error *error)
{
	rule->action.meter = names ? names->meter_of(name, names->meters) : 0;
	if (!rule->action.meter)
		return xbr_refuse(error, -ENOENT, "there is no meter %.40s", name);
	rule->action.what |= XBR_ACL_POLICE;
	return 0;
}

int acl_rule_word(struct xbr_acl_rule *rule, const char *name, const char *value,
		  const struct acl_names *names, struct xbr_error *error)
{
	const struct word *word = word_find(name);
	const char *bare = value[0] == '!' ? value + 1 : value;

	if (!word)
		return xbr_refuse(error, -EINVAL, "%s is no word of a rule", name);
	if (bare != value && !word->not_flag)
		return xbr_refuse(error, -EINVAL, "%s cannot be turned round by not", name);
	if (bare != value)
		rule->flags |= word->not_flag;
	if (word->set_kind && bare[0] == '@')
		return set_word(rule, word, bare + 1, names, error);
	if (word->what == XBR_ACL_POLICE)
		return meter_word(rule, bare, names, error);
	if (!word->parse(rule, word, bare))
		return xbr_refuse(error, -EINVAL, "%s takes %s, not \"%.40s\"", name, word->is, bare);
	if (bare != value && word->mask_octets && is_empty(rule, word))
		return xbr_refuse(error, -EINVAL, "not %s %.40s matches no frame", name, bare);
	note(rule, word->note);
	return 0;
}

/* ---- what follows, and what contradicts ---- */

static bool has_ports(const struct xbr_acl_rule *rule)
{
	return rule->flags & (XBR_ACL_ASKS_SRC_PORT | XBR_ACL_ASKS_DST_PORT) ||
	       rule->set[XBR_ACL_SET_SRC_PORT] || rule->set[XBR_ACL_SET_DST_PORT];
}

static bool has_ip_set(const struct xbr_acl_rule *rule)
{
	return rule->set[XBR_ACL_SET_SRC_IP] || rule->set[XBR_ACL_SET_DST_IP];
}

static bool has_proto(const struct xbr_acl_rule *rule, const uint8_t *protos, size_t count)
{
	if (!mask_of(rule)->proto || rule->flags & XBR_ACL_NOT_PROTO)
		return false;
	for (size_t i = 0; i < count; i++)
		if (value_of(rule)->proto == protos[i])
			return true;
	return false;
}

static int check_upper(const struct xbr_acl_rule *rule, struct xbr_error *error)
{
	static const uint8_t with_ports[] = {PROTO_TCP, PROTO_UDP, PROTO_DCCP, PROTO_SCTP, PROTO_UDPLITE};
	static const uint8_t tcp[] = {PROTO_TCP}, icmp[] = {PROTO_ICMP, PROTO_ICMPV6};

	if (has_ports(rule) && !has_proto(rule, with_ports, sizeof(with_ports)))
		return xbr_refuse(error, -EINVAL,
				  "a port needs ip_proto tcp, udp, sctp, dccp or udplite beside it");
	if (mask_of(rule)->tcp_flags && !has_proto(rule, tcp, sizeof(tcp)))
		return xbr_refuse(error, -EINVAL, "tcp_flags needs ip_proto tcp beside it");
	if ((mask_of(rule)->icmp_type || mask_of(rule)->icmp_code) && !has_proto(rule, icmp, sizeof(icmp)))
		return xbr_refuse(error, -EINVAL,
				  "icmp_type and icmp_code need ip_proto icmp or icmpv6 beside them");
	return 0;
}

/* The EtherType that the words mean, or 0; *ret_ip: IPv4 or IPv6 at least. */
static int meant_type(const struct xbr_acl_rule *rule, uint16_t notes, uint16_t *ret_type, bool *ret_ip,
		      struct xbr_error *error)
{
	const struct xbr_flow *mask = mask_of(rule);
	uint16_t families = notes & (NOTE_IPV4 | NOTE_IPV6);

	if (notes & NOTE_TARGET)
		families |= NOTE_IPV6;
	if (families == (NOTE_IPV4 | NOTE_IPV6))
		return xbr_refuse(error, -EINVAL,
				  "one address is of IPv4, another of IPv6: no frame has both");
	*ret_ip = families || mask->proto || mask->dscp || mask->frag || has_ports(rule) || has_ip_set(rule);
	*ret_type = families == NOTE_IPV6 ? TYPE_IPV6 : families ? TYPE_IPV4 : 0;
	return 0;
}

static int check_type(struct xbr_acl_rule *rule, uint16_t type, bool ip, bool arp, struct xbr_error *error)
{
	uint16_t said = ntohs(value_of(rule)->eth_type_be);
	bool says = mask_of(rule)->eth_type_be;

	if (says && rule->flags & XBR_ACL_NOT_ETH_TYPE && (type || ip || arp))
		return xbr_refuse(error, -EINVAL, "not eth_type contradicts words that mean one EtherType");
	if (arp && (ip || (says && said != TYPE_ARP)))
		return xbr_refuse(error, -EINVAL,
				  "words of ARP and words of another protocol contradict each other");
	if (!arp && says && type && said != type)
		return xbr_refuse(error, -EINVAL, "an address of %s contradicts the eth_type",
				  type == TYPE_IPV6 ? "IPv6" : "IPv4");
	if (says && ip && said != TYPE_IPV4 && said != TYPE_IPV6)
		return xbr_refuse(error, -EINVAL, "words of IP contradict the eth_type");
	return 0;
}

static int add_target(struct xbr_acl_rule *rule, struct xbr_error *error)
{
	static const uint8_t icmpv6[] = {PROTO_ICMPV6};

	if (mask_of(rule)->proto && !has_proto(rule, icmpv6, sizeof(icmpv6)))
		return xbr_refuse(error, -EINVAL, "nd_target contradicts an ip_proto other than icmpv6");
	put_u8(rule, AT(proto), PROTO_ICMPV6, 0xff);
	return 0;
}

static int check_actions(const struct xbr_acl_rule *rule, struct xbr_error *error)
{
	uint32_t what = rule->action.what;

	if (what & XBR_ACL_DENY && what & XBR_ACL_REDIRECT)
		return xbr_refuse(error, -EINVAL, "what deny drops cannot be redirected");
	if (what & XBR_ACL_DENY && what & XBR_ACL_POLICE)
		return xbr_refuse(error, -EINVAL, "what deny drops cannot be policed");
	if (what & XBR_ACL_DENY && what & XBR_ACL_CHANGES)
		return xbr_refuse(error, -EINVAL, "what deny drops cannot be marked or changed");
	return 0;
}

int acl_rule_finish(struct xbr_acl_rule *rule, struct xbr_error *error)
{
	uint16_t type = 0, notes = *notes_of(rule);
	bool arp = notes & NOTE_ARP, ip = false;
	int err;

	*notes_of(rule) = 0;
	err = meant_type(rule, notes, &type, &ip, error);
	if (!err)
		err = check_type(rule, type, ip, arp, error);
	if (!err && notes & NOTE_TARGET)
		err = add_target(rule, error);
	if (!err)
		err = check_upper(rule, error);
	if (!err)
		err = check_actions(rule, error);
	if (err)
		return err;
	if (arp || type)
		put_type(rule, arp ? TYPE_ARP : type);
	else if (ip && !mask_of(rule)->eth_type_be)
		put_u16(rule, AT(is_ip), 1, 1);
	return 0;
}

/* ---- to words ---- */

/* The value of a word; false: the rule says nothing there. */
static bool print_word(const struct xbr_acl_rule *rule, const struct word *word,
		       const struct acl_names *names, char *text, size_t size)
{
	if (word->set_kind && rule->set[word->set] && names) {
		snprintf(text, size, "@%s", names->name_of(rule->set[word->set], names->user));
		return true;
	}
	if (word->what != XBR_ACL_POLICE)
		return word->print(rule, word, text, size);
	if (!(rule->action.what & XBR_ACL_POLICE) || !names)
		return false;
	snprintf(text, size, "%s", names->meter_name(rule->action.meter, names->meters));
	return true;
}

void acl_rule_each(const struct xbr_acl_rule *rule, const struct acl_names *names,
		   void (*visit)(const char *word, const char *value, void *user), void *user)
{
	char text[112];

	for (size_t i = 0; i < WORD_COUNT; i++) {
		const struct word *word = &words[i];
		bool turned = rule->flags & word->not_flag;
		size_t mark = turned != (word->print == print_state && has_states(rule)) ? 1 : 0;

		text[0] = '!';
		if (print_word(rule, word, names, text + mark, sizeof(text) - mark))
			visit(word->word, text, user);
	}
}

struct writing {
	char *text;
	size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void write_words(struct writing *w, const char *format, ...)
{
	va_list args;
	int length;

	if (w->used >= w->size)
		return;
	va_start(args, format);
	length = vsnprintf(w->text + w->used, w->size - w->used, format, args);
	va_end(args);
	w->used += length > 0 ? (size_t)length : 0;
}

static void write_word(const char *word, const char *value, void *user)
{
	bool is_not = value[0] == '!';

	write_words(user, " %s%s %s", is_not ? "not " : "", word, value + is_not);
}

void acl_rule_text(const struct xbr_acl_rule *rule, const struct acl_names *names, char *text, size_t size)
{
	struct writing w = {text, size, 0};

	write_words(&w, "%s", rule->action.what & XBR_ACL_DENY ? "deny" : "permit");
	acl_rule_each(rule, names, write_word, &w);
	if (rule->action.what & XBR_ACL_LOG)
		write_words(&w, " log");
}

bool acl_rule_same_deed(const struct xbr_acl_rule *a, const struct xbr_acl_rule *b)
{
	return a->action.what == b->action.what && !strncmp(a->dev, b->dev, sizeof(a->dev)) &&
	       !strncmp(a->mirror_dev, b->mirror_dev, sizeof(a->mirror_dev)) && a->mark == b->mark &&
	       a->pcp == b->pcp && a->dscp == b->dscp && a->action.meter == b->action.meter;
}

bool acl_rule_equal(const struct xbr_acl_rule *a, const struct xbr_acl_rule *b)
{
	return !memcmp(a->value, b->value, sizeof(a->value)) && !memcmp(a->mask, b->mask, sizeof(a->mask)) &&
	       !memcmp(a->port_low, b->port_low, sizeof(a->port_low)) &&
	       !memcmp(a->port_high, b->port_high, sizeof(a->port_high)) &&
	       !memcmp(a->set, b->set, sizeof(a->set)) && a->flags == b->flags && acl_rule_same_deed(a, b);
}

int acl_name_check(const char *name, struct xbr_error *error)
{
	size_t length = strlen(name);

	if (!length || length >= XBR_ACL_NAME_LEN)
		return xbr_refuse(error, -EINVAL, "a name has 1 to %d characters: %.40s",
				  XBR_ACL_NAME_LEN - 1, name);
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_-.", *c))
			return xbr_refuse(error, -EINVAL,
					  "a name has letters, digits, _, - and . only: %.40s", name);
	return 0;
}
