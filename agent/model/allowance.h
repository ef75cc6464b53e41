/* SPDX-License-Identifier: Apache-2.0 */
/*
 * allowance: one thing that a port is allowed to say: a MAC, or an address bound to a MAC and a VLAN, as a
 * value. Where allowances are kept is guard.c.
 */
#ifndef XBR_MODEL_ALLOWANCE_H
#define XBR_MODEL_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct allowance {
	uint64_t mac;        /* 0: any */
	uint16_t vlan;       /* 0: any */
	uint8_t family;      /* 4, 6; 0: the MAC itself */
	uint8_t bits;        /* of the address that count */
	uint8_t address[16]; /* zeros behind them */
};

/* "10.0.0.1", "10.0.0.0/24", "2001:db8::/64" into family, bits and address; -EINVAL with a sentence. */
int allowance_parse_ip(const char *text, struct allowance *allowance, struct xbr_error *error);
/* As it is written; ret_text "" where it has no address. */
#define ALLOWANCE_IP_TEXT 64
void allowance_print_ip(const struct allowance *allowance, char ret_text[ALLOWANCE_IP_TEXT]);
bool allowance_equal(const struct allowance *a, const struct allowance *b);
/* Member by member: what lies between them stays as it is. */
void allowance_copy(struct allowance *to, const struct allowance *from);
/* Can it be allowed at all? */
int allowance_check(const struct allowance *what, struct xbr_error *error);

#endif
