// SPDX-License-Identifier: Apache-2.0
#include "control/rate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t multiply;
	bool packets;
	bool printed; /* a rate or size is printed in this unit if it is a whole number of it */
};

/* In the order they are tried for printing: the largest last. */
static const struct unit rate_units[] = {
	{"bit", 1, false, true},
	{"kbit", 1000, false, true},
	{"mbit", 1000000, false, true},
	{"gbit", 1000000000, false, true},
	{"tbit", 1000000000000, false, true},
	{"kibit", 1024, false, false},
	{"mibit", 1048576, false, false},
	{"gibit", 1073741824, false, false},
	{"bps", 8, false, false},
	{"kbps", 8000, false, false},
	{"mbps", 8000000, false, false},
	{"gbps", 8000000000, false, false},
	{"pps", 1, true, true},
	{"kpps", 1000, true, false},
	{"mpps", 1000000, true, false},
	{NULL, 0, false, false},
};

#define PACKET_UNIT (&rate_units[12]) /* pps */

static const struct unit size_units[] = {
	{"", 1, false, true},
	{"b", 1, false, false},
	{"k", 1024, false, false},
	{"kb", 1024, false, true},
	{"m", 1048576, false, false},
	{"mb", 1048576, false, true},
	{"g", 1073741824, false, false},
	{"gb", 1073741824, false, true},
	{"kbit", 128, false, false},
	{"mbit", 131072, false, false},
	{"gbit", 134217728, false, false},
	{NULL, 0, false, false},
};

/* The number in front and the unit behind (bare: where there is none); NULL: it is neither. */
static const struct unit *read_scaled(const char *text, const char *bare, const struct unit *units,
				      uint64_t *ret_number)
{
	char *behind;

	if (text[0] < '0' || text[0] > '9')
		return NULL;
	errno = 0;
	*ret_number = strtoull(text, &behind, 10);
	if (errno)
		return NULL;
	if (!*behind)
		behind = (char *)bare;
	while (units->name && strcasecmp(units->name, behind))
		units++;
	return units->name && !__builtin_mul_overflow(*ret_number, units->multiply, ret_number) ? units
												: NULL;
}

static int parse(const char *word, const char *text, const char *bare, uint64_t *ret_rate, bool *ret_packets,
		 struct xbr_error *error)
{
	uint64_t number = 0;
	const struct unit *unit = read_scaled(text, bare, rate_units, &number);

	if (!unit)
		return xbr_refuse(
			error, -EINVAL,
			"%.40s is no rate: %s takes one such as 10mbit (bit, kbit, mbit, gbit), 500kbps "
			"(octets) or 10kpps (packets)",
			text, word);
	*ret_rate = number;
	*ret_packets = unit->packets;
	return 0;
}

int rate_parse(const char *word, const char *text, uint64_t *ret_rate, bool *ret_packets,
	       struct xbr_error *error)
{
	return parse(word, text, "bit", ret_rate, ret_packets, error);
}

int rate_parse_packets(const char *word, const char *text, uint64_t *ret_rate, bool *ret_packets,
		       struct xbr_error *error)
{
	return parse(word, text, "pps", ret_rate, ret_packets, error);
}

int size_parse(const char *word, const char *text, uint64_t *ret_octets, struct xbr_error *error)
{
	uint64_t number = 0;

	if (!read_scaled(text, "", size_units, &number))
		return xbr_refuse(error, -EINVAL,
				  "%.40s is no size: %s takes octets, or a number such as 64k or 1mb", text,
				  word);
	*ret_octets = number;
	return 0;
}

static void print_scaled(uint64_t number, const struct unit *units, bool packets, char ret_text[RATE_TEXT])
{
	const struct unit *best = packets ? PACKET_UNIT : units;

	for (const struct unit *u = units; u->name; u++)
		if (u->printed && u->packets == packets && number % u->multiply == 0)
			best = u;
	snprintf(ret_text, RATE_TEXT, "%" PRIu64 "%s", number / best->multiply, best->name);
}

void rate_print(uint64_t rate, bool packets, char ret_text[RATE_TEXT])
{
	print_scaled(rate, rate_units, packets, ret_text);
}

void size_print(uint64_t octets, char ret_text[RATE_TEXT])
{
	print_scaled(octets, size_units, false, ret_text);
}
