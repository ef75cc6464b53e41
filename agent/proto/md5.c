// SPDX-License-Identifier: Apache-2.0
#include "proto/md5.h"

#include <string.h>

/* RFC 1321, 3.4: floor(2^32 * |sin(i + 1)|). */
static const uint32_t sines[64] = {
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
	0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
	0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
	0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
	0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
	0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
	0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
	0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

/* By round and by step in it. */
static const uint8_t turns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
/* Word of the block that step i of a round takes: (multiplier * i + offset) % 16. */
static const uint8_t words[4][2] = {{1, 0}, {5, 1}, {3, 5}, {7, 0}};

static uint32_t mix(unsigned int round, uint32_t x, uint32_t y, uint32_t z)
{
	switch (round) {
	case 0:
		return (x & y) | (~x & z);
	case 1:
		return (x & z) | (y & ~z);
	case 2:
		return x ^ y ^ z;
	default:
		return y ^ (x | ~z);
	}
}

static uint32_t turn(uint32_t value, unsigned int by)
{
	return value << by | value >> (32 - by);
}

static uint32_t word_at(const uint8_t *octets)
{
	return (uint32_t)octets[0] | (uint32_t)octets[1] << 8 | (uint32_t)octets[2] << 16 |
	       (uint32_t)octets[3] << 24;
}

static void add_block(struct md5 *md5, const uint8_t *block)
{
	uint32_t a = md5->sum[0], b = md5->sum[1], c = md5->sum[2], d = md5->sum[3], sum;

	for (unsigned int i = 0; i < 64; i++) {
		unsigned int round = i / 16, word = (words[round][0] * i + words[round][1]) % 16;

		sum = a + mix(round, b, c, d) + word_at(block + 4 * word) + sines[i];
		a = d;
		d = c;
		c = b;
		b += turn(sum, turns[round][i % 4]);
	}
	md5->sum[0] += a;
	md5->sum[1] += b;
	md5->sum[2] += c;
	md5->sum[3] += d;
}

void md5_begin(struct md5 *md5)
{
	*md5 = (struct md5){.sum = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}};
}

void md5_add(struct md5 *md5, const void *octets, size_t length)
{
	const uint8_t *from = octets;

	for (size_t i = 0; i < length; i++) {
		md5->block[md5->length++ % 64] = from[i];
		if (md5->length % 64 == 0)
			add_block(md5, md5->block);
	}
}

void md5_end(struct md5 *md5, uint8_t ret_digest[MD5_LENGTH])
{
	static const uint8_t padding[64] = {0x80};
	uint64_t bits = md5->length * 8;
	uint8_t tail[8];

	for (unsigned int i = 0; i < 8; i++)
		tail[i] = (uint8_t)(bits >> 8 * i);
	md5_add(md5, padding, 1 + (64 + 55 - md5->length % 64) % 64);
	md5_add(md5, tail, sizeof(tail));
	for (unsigned int i = 0; i < MD5_LENGTH; i++)
		ret_digest[i] = (uint8_t)(md5->sum[i / 4] >> 8 * (i % 4));
}

/* RFC 2104, 2: the key, filled up with zeros, over 0x36 inside and 0x5c outside. */
static void begin_keyed(struct md5 *md5, const uint8_t *key, size_t key_length, uint8_t pad)
{
	uint8_t block[64];

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (uint8_t)((i < key_length ? key[i] : 0) ^ pad);
	md5_begin(md5);
	md5_add(md5, block, sizeof(block));
}

void md5_hmac(const void *key, size_t key_length, const void *octets, size_t length,
	      uint8_t ret_digest[MD5_LENGTH])
{
	struct md5 md5;
	uint8_t inner[MD5_LENGTH];

	begin_keyed(&md5, key, key_length, 0x36);
	md5_add(&md5, octets, length);
	md5_end(&md5, inner);
	begin_keyed(&md5, key, key_length, 0x5c);
	md5_add(&md5, inner, sizeof(inner));
	md5_end(&md5, ret_digest);
}
