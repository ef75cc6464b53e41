/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stp_bpdu: BPDUs as octets and as values (802.1Q-2018, clause 14), and where in a frame one lies.
 *
 * The reader judges as 14.4 says: a BPDU of a higher version is read as the highest known one, an MST BPDU
 * that does not hold together is read as an RST BPDU, and what is too short, of another protocol, or older
 * than its own maximum age is none at all. It reads octets of strangers and keeps to the length given.
 */
#ifndef XBR_PROTO_STP_BPDU_H
#define XBR_PROTO_STP_BPDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STP_MSTI_MAX   64 /* instances beside the CIST (14.4.1) */
#define STP_BPDU_MAX   (102 + 16 * STP_MSTI_MAX)
#define STP_HEADER     17 /* octets of Ethernet addresses, length and LLC before a BPDU that we send */
#define STP_FRAME_MAX  (STP_HEADER + STP_BPDU_MAX)
#define STP_NAME_LEN   32
#define STP_DIGEST_LEN 16

enum stp_bpdu_type {
	STP_BPDU_CONFIG,
	STP_BPDU_TCN,
	STP_BPDU_RST,
	STP_BPDU_MST,
};

/* Port roles as two bits of the flags (14.2.1). */
enum stp_bpdu_role {
	STP_BPDU_ROLE_MASTER = 0, /* "unknown" outside MSTI messages */
	STP_BPDU_ROLE_ALTERNATE = 1,
	STP_BPDU_ROLE_ROOT = 2,
	STP_BPDU_ROLE_DESIGNATED = 3,
};

enum stp_bpdu_flags {
	STP_BPDU_TC = 1 << 0,
	STP_BPDU_PROPOSAL = 1 << 1,
	STP_BPDU_LEARNING = 1 << 4,
	STP_BPDU_FORWARDING = 1 << 5,
	STP_BPDU_AGREEMENT = 1 << 6,
	STP_BPDU_TC_ACK = 1 << 7,   /* of a configuration BPDU */
	STP_BPDU_MASTERED = 1 << 7, /* of an MSTI message */
};
#define STP_BPDU_ROLE_SHIFT 2
#define STP_BPDU_ROLE_MASK  3

/* MST configuration identifier (13.8). name is as on the wire: 32 octets, filled up with zeros. */
struct stp_config_id {
	char name[STP_NAME_LEN];
	uint16_t revision;
	uint8_t digest[STP_DIGEST_LEN];
};

/* An MSTI message (14.4.1). */
struct stp_msti_message {
	uint8_t flags;
	uint64_t regional_root; /* its low 12 bits of priority are the MSTID */
	uint32_t internal_cost;
	uint8_t bridge_priority; /* high nibble */
	uint8_t port_priority;   /* high nibble */
	uint8_t remaining_hops;
};

/* Bridge identifiers are 64 bits: priority and system id in the highest 16, the address below. Times are in
 * 1/256 s. */
struct stp_bpdu {
	enum stp_bpdu_type type;
	uint8_t flags;
	uint64_t root;
	uint32_t external_cost;
	uint64_t bridge; /* of an MST BPDU: the CIST regional root */
	uint16_t port;
	uint16_t message_age, max_age, hello_time, forward_delay;

	/* MST only */
	struct stp_config_id config_id;
	uint32_t internal_cost;
	uint64_t cist_bridge;
	uint8_t remaining_hops;
	uint16_t msti_count;
	struct stp_msti_message msti[STP_MSTI_MAX];
};

enum stp_bpdu_fault {
	STP_BPDU_GOOD,
	STP_BPDU_SHORT,    /* too short for its type */
	STP_BPDU_PROTOCOL, /* protocol identifier or type not known */
	STP_BPDU_OLD,      /* message age not under max age */
};

enum stp_bpdu_fault stp_bpdu_read(const uint8_t *octets, size_t length, struct stp_bpdu *ret_bpdu);

/* Writes at most STP_BPDU_MAX octets, returns how many. */
size_t stp_bpdu_write(const struct stp_bpdu *bpdu, uint8_t *ret_octets);

/* Finds the BPDU in a frame to 01:80:C2:00:00:00: false where there is none. Spanning tree is below tags
 * (802.1Q, 8.13.9): a tagged frame, also one with a priority alone, has none. */
bool stp_frame_read(const uint8_t *frame, size_t length, const uint8_t **ret_bpdu, size_t *ret_length);

/* A whole frame, untagged, without padding: at most STP_FRAME_MAX octets, returns how many. */
size_t stp_frame_write(const uint8_t source[6], const uint8_t *bpdu, size_t length, uint8_t *ret_frame);

#endif
