// SPDX-License-Identifier: Apache-2.0
#include "proto/stp_digest.h"

#include "proto/md5.h"

static const uint8_t key[] = {0x13, 0xac, 0x06, 0xa6, 0x2e, 0x47, 0xfd, 0x51,
			      0xf9, 0x5d, 0x2b, 0xa2, 0x43, 0xcd, 0x03, 0x46};

void stp_digest(const uint16_t map[4096], uint8_t ret_digest[STP_DIGEST_LEN])
{
	uint8_t table[2 * 4096];

	for (unsigned int vid = 0; vid < 4096; vid++) {
		table[2 * vid] = (uint8_t)(map[vid] >> 8);
		table[2 * vid + 1] = (uint8_t)map[vid];
	}
	md5_hmac(key, sizeof(key), table, sizeof(table), ret_digest);
}
