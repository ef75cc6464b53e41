// SPDX-License-Identifier: Apache-2.0
#include "model/allowance.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void clear_host_bits(uint8_t address[16], uint32_t bits)
{
	for (uint32_t i = 0; i < 16; i++) {
		uint32_t whole = bits > i * 8 ? bits - i * 8 : 0;

		if (whole < 8)
			address[i] &= (uint8_t)(0xff00u >> whole);
	}
}

/* Splits "address/bits"; -1 where there is no slash. */
static int split_bits(const char *text, char *address, size_t size, long *ret_bits)
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	char *end;

	if (length >= size)
		return -EINVAL;
	memcpy(address, text, length);
	address[length] = '\0';
	*ret_bits = -1;
	if (!slash)
		return 0;
	*ret_bits = strtol(slash + 1, &end, 10);
	return slash[1] < '0' || slash[1] > '9' || *end ? -EINVAL : 0;
}

int allowance_parse_ip(const char *text, struct allowance *allowance, struct xbr_error *error)
{
	char address[INET6_ADDRSTRLEN];
	uint8_t octets[16] = {0}, family = 0;
	long bits;
	int err = split_bits(text, address, sizeof(address), &bits);

	if (!err && inet_pton(AF_INET, address, octets) == 1)
		family = 4;
	else if (!err && inet_pton(AF_INET6, address, octets) == 1)
		family = 6;
	if (!family)
		return xbr_refuse(error, -EINVAL, "%.80s is no address or prefix of IPv4 or IPv6", text);
	if (bits > (family == 4 ? 32 : 128))
		return xbr_refuse(error, -EINVAL, "%.80s: a prefix of IPv%d has 0 to %d bits", text, family,
				  family == 4 ? 32 : 128);
	allowance->family = family;
	allowance->bits = (uint8_t)(bits < 0 ? (family == 4 ? 32 : 128) : bits);
	memcpy(allowance->address, octets, sizeof(octets));
	clear_host_bits(allowance->address, allowance->bits);
	return 0;
}

void allowance_print_ip(const struct allowance *allowance, char ret_text[ALLOWANCE_IP_TEXT])
{
	int whole = allowance->family == 4 ? 32 : 128;
	size_t length;

	ret_text[0] = '\0';
	if (!allowance->family)
		return;
	inet_ntop(allowance->family == 4 ? AF_INET : AF_INET6, allowance->address, ret_text,
		  INET6_ADDRSTRLEN);
	length = strlen(ret_text);
	if (allowance->bits != whole)
		snprintf(ret_text + length, ALLOWANCE_IP_TEXT - length, "/%u", allowance->bits);
}

bool allowance_equal(const struct allowance *a, const struct allowance *b)
{
	return a->mac == b->mac && a->vlan == b->vlan && a->family == b->family && a->bits == b->bits &&
	       !memcmp(a->address, b->address, sizeof(a->address));
}

void allowance_copy(struct allowance *to, const struct allowance *from)
{
	to->mac = from->mac;
	to->vlan = from->vlan;
	to->family = from->family;
	to->bits = from->bits;
	memcpy(to->address, from->address, sizeof(to->address));
}

int allowance_check(const struct allowance *what, struct xbr_error *error)
{
	if (!what->mac && !what->family)
		return xbr_refuse(error, -EINVAL, "what is to be allowed? a mac, an ip, or both");
	if (what->mac & 1)
		return xbr_refuse(error, -EINVAL, "only the address of one station can be allowed");
	return 0;
}
