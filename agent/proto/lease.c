// SPDX-License-Identifier: Apache-2.0
#include "proto/lease.h"

#include <stdbool.h>
#include <string.h>

#define PROTOCOL_UDP    17
#define PROTOCOL_ICMPV6 58
#define IPV6_LEN        40
#define UDP_LEN         8

struct view {
	const uint8_t *at;
	size_t length;
};

static uint32_t number16(const uint8_t *octets)
{
	return (uint32_t)octets[0] << 8 | octets[1];
}

static uint32_t number32(const uint8_t *octets)
{
	return number16(octets) << 16 | number16(octets + 2);
}

/* Leaves the first octets out. False: there are not so many. */
static bool skip(struct view *view, size_t octets)
{
	if (view->length < octets)
		return false;
	view->at += octets;
	view->length -= octets;
	return true;
}

/* ---- DHCP (RFC 2131, RFC 2132) ---- */

#define BOOTP_LEN   236
#define BOOTP_YOURS 16 /* yiaddr */
#define BOOTP_HW    28
#define BOOTP_REPLY 2
#define MAGIC       0x63825363u
#define OPTION_PAD  0
#define OPTION_TIME 51
#define OPTION_TYPE 53
#define OPTION_END  255
#define DHCP_ACK    5

/* One option; false: no more of them. */
static bool next_option(struct view *options, uint8_t *ret_code, struct view *ret_value)
{
	while (options->length && options->at[0] == OPTION_PAD)
		skip(options, 1);
	if (options->length < 2 || options->at[0] == OPTION_END)
		return false;
	*ret_code = options->at[0];
	*ret_value = (struct view){options->at + 2, options->at[1]};
	return skip(options, 2 + ret_value->length);
}

/* Is it an ACK, and for how long? 0: it is none, or gives nothing for any time. */
static uint32_t ack_seconds(struct view options)
{
	uint32_t seconds = 0;
	struct view value;
	bool ack = false;
	uint8_t code;

	while (next_option(&options, &code, &value)) {
		if (code == OPTION_TYPE && value.length == 1)
			ack = value.at[0] == DHCP_ACK;
		if (code == OPTION_TIME && value.length == 4)
			seconds = number32(value.at);
	}
	return ack ? seconds : 0;
}

static size_t read_dhcp4(struct view message, struct lease *ret_lease)
{
	const uint8_t *bootp = message.at;
	uint32_t seconds;

	if (message.length < BOOTP_LEN + 4 || bootp[0] != BOOTP_REPLY || bootp[1] != 1 || bootp[2] != 6 ||
	    number32(bootp + BOOTP_LEN) != MAGIC || !number32(bootp + BOOTP_YOURS))
		return 0;
	skip(&message, BOOTP_LEN + 4);
	seconds = ack_seconds(message);
	if (!seconds)
		return 0;
	*ret_lease = (struct lease){.kind = LEASE_DHCP, .family = 4, .seconds = seconds};
	memcpy(ret_lease->client, bootp + BOOTP_HW, 6);
	memcpy(ret_lease->address, bootp + BOOTP_YOURS, 4);
	return 1;
}

static size_t read_ipv4(struct view packet, struct lease *ret_lease)
{
	size_t header = (packet.at[0] & 0xfu) * 4;

	if (packet.length < 20 || header < 20 || packet.at[9] != PROTOCOL_UDP || !skip(&packet, header) ||
	    packet.length < UDP_LEN || number16(packet.at) != 67 || number16(packet.at + 2) != 68)
		return 0;
	skip(&packet, UDP_LEN);
	return read_dhcp4(packet, ret_lease);
}

/* ---- DHCPv6 (RFC 8415) ---- */

#define DHCPV6_REPLY   7
#define OPTION_IA_NA   3
#define OPTION_IA_TA   4
#define OPTION_IAADDR  5
#define IAADDR_SECONDS 20 /* where its valid lifetime is */

static bool next_option6(struct view *options, uint32_t *ret_code, struct view *ret_value)
{
	if (options->length < 4)
		return false;
	*ret_code = number16(options->at);
	*ret_value = (struct view){options->at + 4, number16(options->at + 2)};
	return skip(options, 4 + ret_value->length);
}

static size_t read_addresses(struct view options, struct lease *ret_leases, size_t count)
{
	struct view value;
	uint32_t code;

	while (count < LEASES_MOST && next_option6(&options, &code, &value)) {
		struct lease *lease = &ret_leases[count];

		if (code != OPTION_IAADDR || value.length < 24 || !number32(value.at + IAADDR_SECONDS))
			continue;
		*lease = (struct lease){
			.kind = LEASE_DHCP, .family = 6, .seconds = number32(value.at + IAADDR_SECONDS)};
		memcpy(lease->address, value.at, 16);
		count++;
	}
	return count;
}

static size_t read_dhcp6(struct view message, struct lease *ret_leases)
{
	struct view value;
	size_t count = 0;
	uint32_t code;

	if (message.length < 4 || message.at[0] != DHCPV6_REPLY)
		return 0;
	skip(&message, 4);
	while (next_option6(&message, &code, &value)) {
		size_t head = code == OPTION_IA_NA ? 12 : 4; /* in front of its own options */

		if ((code == OPTION_IA_NA || code == OPTION_IA_TA) && skip(&value, head))
			count = read_addresses(value, ret_leases, count);
	}
	return count;
}

/* ---- neighbour discovery (RFC 4861, 4.3) ---- */

#define ND_NS     135
#define ND_NS_LEN 24
#define ND_TARGET 8

static size_t read_claim(struct view packet, struct lease *ret_lease)
{
	static const uint8_t unspecified[16];

	if (packet.length < IPV6_LEN + ND_NS_LEN || memcmp(packet.at + 8, unspecified, 16) != 0 ||
	    packet.at[IPV6_LEN] != ND_NS || packet.at[IPV6_LEN + ND_TARGET] == 0xff)
		return 0;
	*ret_lease = (struct lease){.kind = LEASE_CLAIM, .family = 6};
	memcpy(ret_lease->address, packet.at + IPV6_LEN + ND_TARGET, 16);
	return 1;
}

static size_t read_ipv6(struct view packet, struct lease *ret_leases)
{
	if (packet.length < IPV6_LEN + UDP_LEN)
		return 0;
	if (packet.at[6] == PROTOCOL_ICMPV6)
		return read_claim(packet, ret_leases);
	if (packet.at[6] != PROTOCOL_UDP || number16(packet.at + IPV6_LEN) != 547 ||
	    number16(packet.at + IPV6_LEN + 2) != 546)
		return 0;
	skip(&packet, IPV6_LEN + UDP_LEN);
	return read_dhcp6(packet, ret_leases);
}

size_t lease_read(const uint8_t *octets, size_t length, struct lease ret_leases[LEASES_MOST])
{
	struct view packet = {octets, length};

	if (!length)
		return 0;
	switch (octets[0] >> 4) {
	case 4:
		return read_ipv4(packet, ret_leases);
	case 6:
		return read_ipv6(packet, ret_leases);
	default:
		return 0;
	}
}
