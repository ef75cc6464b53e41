/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rate: rates and sizes as tc(8) writes them. Rates: a bare number or bit, kbit, mbit, gbit, tbit are bits a
 * second (kibit and so on by 1024); bps, kbps, mbps, gbps are octets a second; and, beyond tc, pps, kpps,
 * mpps are packets a second. Sizes: a bare number or b are octets, k or kb, m or mb, g or gb by 1024, kbit,
 * mbit, gbit by 1024 / 8. What is printed reads back as the same number.
 */
#ifndef XBR_CONTROL_RATE_H
#define XBR_CONTROL_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

#define RATE_TEXT 32

/* word: what the rate is called, for the sentence. packets: whether packets are counted, else bits. */
int rate_parse(const char *word, const char *text, uint64_t *ret_rate, bool *ret_packets,
	       struct xbr_error *error);
/* The same, but a bare number is packets a second. */
int rate_parse_packets(const char *word, const char *text, uint64_t *ret_rate, bool *ret_packets,
		       struct xbr_error *error);
int size_parse(const char *word, const char *text, uint64_t *ret_octets, struct xbr_error *error);

void rate_print(uint64_t rate, bool packets, char ret_text[RATE_TEXT]);
void size_print(uint64_t octets, char ret_text[RATE_TEXT]);

#endif
