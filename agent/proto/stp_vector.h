/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stp_vector: spanning tree priority vectors and times (802.1Q, 13.10 to 13.13). Lower is better. In an MSTI
 * the first two components are not used and stay 0.
 */
#ifndef XBR_PROTO_STP_VECTOR_H
#define XBR_PROTO_STP_VECTOR_H

#include <stdbool.h>
#include <stdint.h>

#define STP_ADDRESS_MASK     0xffffffffffffull
#define STP_PORT_NUMBER_MASK 0x0fff
#define STP_SYSTEM_ID_SHIFT  48

struct stp_vector {
	uint64_t root;     /* CIST root */
	uint32_t external; /* external root path cost */
	uint64_t regional; /* regional root */
	uint32_t internal; /* internal root path cost */
	uint64_t bridge;   /* designated bridge */
	uint16_t port;     /* designated port */
};

/* In 1/256 s. Of an MSTI only the hops mean anything. */
struct stp_times {
	uint16_t message_age, max_age, hello_time, forward_delay;
	uint8_t remaining_hops;
};

/* Less than 0: a is better. */
int stp_vector_compare(const struct stp_vector *a, const struct stp_vector *b);
/* 13.10: better, or another word of the very port that the other came from. */
bool stp_vector_superior(const struct stp_vector *message, const struct stp_vector *port);
bool stp_times_equal(const struct stp_times *a, const struct stp_times *b);

#endif
