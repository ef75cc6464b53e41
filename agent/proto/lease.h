/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease: who may use which address, read out of a packet: what a DHCP server gives (RFC 2131, an ACK; RFC
 * 8415, a reply), what a station claims by duplicate address detection (RFC 4862, 5.4.2). Pure: octets to
 * values. The octets come from strangers and may end anywhere; what is not whole is no lease.
 */
#ifndef XBR_PROTO_LEASE_H
#define XBR_PROTO_LEASE_H

#include <stddef.h>
#include <stdint.h>

#define LEASES_MOST   4           /* of one packet */
#define LEASE_FOREVER 0xffffffffu /* seconds */

enum lease_kind {
	LEASE_DHCP,  /* given to `client` */
	LEASE_CLAIM, /* wanted by whoever sent it */
};

struct lease {
	enum lease_kind kind;
	uint8_t client[6]; /* of DHCPv4: its hardware address; else zero: the frame's destination says who */
	uint8_t family;    /* 4 or 6 */
	uint8_t address[16];
	uint32_t seconds; /* of a claim 0 */
};

/* octets: from the header of IP on. How many leases it has. */
size_t lease_read(const uint8_t *octets, size_t length, struct lease ret_leases[LEASES_MOST]);

#endif
