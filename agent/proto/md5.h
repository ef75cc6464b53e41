/* SPDX-License-Identifier: Apache-2.0 */
/*
 * md5: the message digest of RFC 1321 and its keyed form of RFC 2104, for the one thing that still asks for
 * them here: the configuration digest of an MST region (802.1Q, 13.8). Not for keeping anything secret.
 */
#ifndef XBR_PROTO_MD5_H
#define XBR_PROTO_MD5_H

#include <stddef.h>
#include <stdint.h>

#define MD5_LENGTH 16

struct md5 {
	uint32_t sum[4];
	uint64_t length; /* octets so far */
	uint8_t block[64];
};

void md5_begin(struct md5 *md5);
void md5_add(struct md5 *md5, const void *octets, size_t length);
void md5_end(struct md5 *md5, uint8_t ret_digest[MD5_LENGTH]);

/* key: at most 64 octets. */
void md5_hmac(const void *key, size_t key_length, const void *octets, size_t length,
	      uint8_t ret_digest[MD5_LENGTH]);

#endif
