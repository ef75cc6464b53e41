/* SPDX-License-Identifier: Apache-2.0 */
/* BPDUs as octets: golden frames of real switches, what is refused, and that what is written is read again.
 */
#include <stdio.h>
#include <string.h>

#include "proto/md5.h"
#include "proto/stp_bpdu.h"
#include "proto/stp_digest.h"
#include "test.h"

/* RFC 1321, A.5, and RFC 2104's appendix. */
static void check_md5(const char *text, const char *digest)
{
	uint8_t sum[MD5_LENGTH];
	char hex[2 * MD5_LENGTH + 1];
	struct md5 md5;

	md5_begin(&md5);
	md5_add(&md5, text, strlen(text));
	md5_end(&md5, sum);
	for (unsigned int i = 0; i < MD5_LENGTH; i++)
		sprintf(hex + (size_t)2 * i, "%02x", sum[i]);
	CU_ASSERT_STRING_EQUAL(hex, digest);
}

static void md5_has_the_sums_of_rfc_1321(void)
{
	check_md5("", "d41d8cd98f00b204e9800998ecf8427e");
	check_md5("a", "0cc175b9c0f1b6a831c399e269772661");
	check_md5("abc", "900150983cd24fb0d6963f7d28e17f72");
	check_md5("message digest", "f96b697d7cb7938d525a2f31aaf161d0");
	check_md5("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b");
	check_md5("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
		  "d174ab98d277d9f5a5611c2c9f419d9f");
	check_md5("12345678901234567890123456789012345678901234567890123456789012345678901234567890",
		  "57edf4a22be3c955ac49da2e2107b67a");
}

static void hmac_has_the_sums_of_rfc_2104(void)
{
	static const uint8_t jefe[16] = {0x75, 0x0c, 0x78, 0x3e, 0x6a, 0xb0, 0xb5, 0x03,
					 0xea, 0xa8, 0x6e, 0x31, 0x0a, 0x5d, 0xb7, 0x38};
	static const uint8_t hi[16] = {0x92, 0x94, 0x72, 0x7a, 0x36, 0x38, 0xbb, 0x1c,
				       0x13, 0xf4, 0x8e, 0xf8, 0x15, 0x8b, 0xfc, 0x9d};
	uint8_t key[16], sum[MD5_LENGTH];

	md5_hmac("Jefe", 4, "what do ya want for nothing?", 28, sum);
	CU_ASSERT_EQUAL(memcmp(sum, jefe, sizeof(jefe)), 0);
	memset(key, 0x0b, sizeof(key));
	md5_hmac(key, sizeof(key), "Hi There", 8, sum);
	CU_ASSERT_EQUAL(memcmp(sum, hi, sizeof(hi)), 0);
}

/* 802.1Q, table 13-2, and one VLAN in an instance of its own. */
static void the_digest_is_that_of_the_standard(void)
{
	static const uint8_t none[] = {0xac, 0x36, 0x17, 0x7f, 0x50, 0x28, 0x3c, 0xd4,
				       0xb8, 0x38, 0x21, 0xd8, 0xab, 0x26, 0xde, 0x62};
	static const uint8_t all_1[] = {0xe1, 0x3a, 0x80, 0xf1, 0x1e, 0xd0, 0x85, 0x6a,
					0xcd, 0x4e, 0xe3, 0x47, 0x69, 0x41, 0xc7, 0x3b};
	static const uint8_t vid_10[] = {0x87, 0x05, 0x55, 0xc9, 0x57, 0xf1, 0xb4, 0x45,
					 0x30, 0xb7, 0xd5, 0x6f, 0xd4, 0x71, 0x6a, 0xdf};
	uint8_t digest[STP_DIGEST_LEN];
	uint16_t map[4096] = {0};

	stp_digest(map, digest);
	CU_ASSERT_EQUAL(memcmp(digest, none, sizeof(none)), 0);
	map[10] = 1;
	stp_digest(map, digest);
	CU_ASSERT_EQUAL(memcmp(digest, vid_10, sizeof(vid_10)), 0);
	for (unsigned int vid = 1; vid < 4095; vid++)
		map[vid] = 1;
	stp_digest(map, digest);
	CU_ASSERT_EQUAL(memcmp(digest, all_1, sizeof(all_1)), 0);
}

/* Captured from a real switch (802.1w_rapid_STP.pcap of tcpdump's tests). */
static const uint8_t golden_rst[60] = {
	0x01, 0x80, 0xc2, 0x00, 0x00, 0x00, 0x00, 0x19, 0x06, 0xea, 0xb8, 0x8c, 0x00, 0x27,
	0x42, 0x42, 0x03, 0x00, 0x00, 0x02, 0x02, 0x0e, 0x80, 0x01, 0x00, 0x19, 0x06, 0xea,
	0xb8, 0x80, 0x00, 0x00, 0x00, 0x00, 0x80, 0x01, 0x00, 0x19, 0x06, 0xea, 0xb8, 0x80,
	0x80, 0x0c, 0x00, 0x00, 0x14, 0x00, 0x02, 0x00, 0x0f, 0x00, 0x00,
};

static void a_real_frame_is_read(void)
{
	const uint8_t *octets;
	struct stp_bpdu bpdu;
	size_t length;

	CU_ASSERT_TRUE_FATAL(stp_frame_read(golden_rst, sizeof(golden_rst), &octets, &length));
	CU_ASSERT_EQUAL(length, 36);
	CU_ASSERT_EQUAL_FATAL(stp_bpdu_read(octets, length, &bpdu), STP_BPDU_GOOD);
	CU_ASSERT_EQUAL(bpdu.type, STP_BPDU_RST);
	CU_ASSERT_EQUAL(bpdu.flags, STP_BPDU_PROPOSAL | STP_BPDU_ROLE_DESIGNATED << STP_BPDU_ROLE_SHIFT);
	CU_ASSERT_EQUAL(bpdu.root, 0x8001001906eab880);
	CU_ASSERT_EQUAL(bpdu.bridge, 0x8001001906eab880);
	CU_ASSERT_EQUAL(bpdu.port, 0x800c);
	CU_ASSERT_EQUAL(bpdu.max_age, 20 * 256);
	CU_ASSERT_EQUAL(bpdu.forward_delay, 15 * 256);
}

static void the_same_frame_is_written(void)
{
	uint8_t octets[STP_BPDU_MAX], frame[STP_FRAME_MAX];
	const uint8_t *from;
	struct stp_bpdu bpdu;
	size_t length;

	CU_ASSERT_TRUE_FATAL(stp_frame_read(golden_rst, sizeof(golden_rst), &from, &length));
	CU_ASSERT_EQUAL_FATAL(stp_bpdu_read(from, length, &bpdu), STP_BPDU_GOOD);
	length = stp_frame_write(golden_rst + 6, octets, stp_bpdu_write(&bpdu, octets), frame);
	CU_ASSERT_EQUAL(length, 53);
	CU_ASSERT_EQUAL(memcmp(frame, golden_rst, length), 0);
}

static void a_tagged_frame_is_none(void)
{
	uint8_t tagged[64];
	const uint8_t *octets;
	size_t length;

	memcpy(tagged, golden_rst, 12);
	memcpy(tagged + 12, "\x81\x00\xe0\x00", 4);
	memcpy(tagged + 16, golden_rst + 12, 48);
	CU_ASSERT_FALSE(stp_frame_read(tagged, sizeof(tagged), &octets, &length));
}

static void fill(struct stp_bpdu *b, enum stp_bpdu_type type, unsigned int messages)
{
	memset(b, 0, sizeof(*b));
	b->type = type;
	b->flags = 0x7e;
	b->root = 0x1000020000000001;
	b->external_cost = 20000;
	b->bridge = 0x8000020000000002;
	b->port = 0x8003;
	b->max_age = 20 * 256;
	b->hello_time = 2 * 256;
	b->forward_delay = 15 * 256;
	if (type != STP_BPDU_MST)
		return;
	memcpy(b->config_id.name, "lab", 3);
	b->config_id.revision = 7;
	b->internal_cost = 2000;
	b->cist_bridge = 0x9000020000000003;
	b->remaining_hops = 19;
	b->msti_count = (uint16_t)messages;
	for (unsigned int i = 0; i < messages; i++)
		b->msti[i] = (struct stp_msti_message){
			0x7c, 0x8000020000000004 | (uint64_t)(i + 1) << 48, i, 0x90, 0x70, 18};
}

static void what_is_written_is_read(void)
{
	static const size_t lengths[] = {35, 4, 36, 102 + 64 * 16};
	uint8_t octets[STP_BPDU_MAX], again[STP_BPDU_MAX];

	for (int type = STP_BPDU_CONFIG; type <= STP_BPDU_MST; type++) {
		struct stp_bpdu in, out;
		size_t length;

		memset(&out, 0, sizeof(out));
		fill(&in, (enum stp_bpdu_type)type, STP_MSTI_MAX);
		length = stp_bpdu_write(&in, octets);
		CU_ASSERT_EQUAL(length, lengths[type]);
		CU_ASSERT_EQUAL(stp_bpdu_read(octets, length, &out), STP_BPDU_GOOD);
		CU_ASSERT_EQUAL(out.type, in.type);
		CU_ASSERT_EQUAL(stp_bpdu_write(&out, again), length);
		CU_ASSERT_EQUAL(memcmp(octets, again, length), 0);
	}
}

static void what_is_cut_short_is_refused_or_read_as_less(void)
{
	struct stp_bpdu in, out;
	uint8_t octets[STP_BPDU_MAX];
	size_t length;

	fill(&in, STP_BPDU_MST, 2);
	length = stp_bpdu_write(&in, octets);
	for (size_t i = 0; i < length; i++) {
		enum stp_bpdu_fault fault = stp_bpdu_read(octets, i, &out);

		CU_ASSERT_EQUAL(fault, i < 36 ? STP_BPDU_SHORT : STP_BPDU_GOOD);
		if (!fault)
			CU_ASSERT_EQUAL(out.type, STP_BPDU_RST);
	}
	octets[36] = 64 * 16 / 256 + 1; /* more messages than there may be: found by fuzzing */
	CU_ASSERT_EQUAL(stp_bpdu_read(octets, length, &out), STP_BPDU_GOOD);
	CU_ASSERT_EQUAL(out.type, STP_BPDU_RST);
	CU_ASSERT_EQUAL(out.msti_count, 0);
	octets[36] = 0;
	octets[37] += 1; /* not a whole number of messages */
	CU_ASSERT_EQUAL(stp_bpdu_read(octets, length, &out), STP_BPDU_GOOD);
	CU_ASSERT_EQUAL(out.type, STP_BPDU_RST);
}

static void strangers_are_refused(void)
{
	struct stp_bpdu in, out;
	uint8_t octets[STP_BPDU_MAX];
	size_t length;

	fill(&in, STP_BPDU_RST, 0);
	length = stp_bpdu_write(&in, octets);
	octets[1] = 1;
	CU_ASSERT_EQUAL(stp_bpdu_read(octets, length, &out), STP_BPDU_PROTOCOL);
	octets[1] = 0;
	octets[3] = 3;
	CU_ASSERT_EQUAL(stp_bpdu_read(octets, length, &out), STP_BPDU_PROTOCOL);
	octets[3] = 2;
	octets[2] = 5; /* a later version: as the highest known one */
	CU_ASSERT_EQUAL(stp_bpdu_read(octets, length, &out), STP_BPDU_GOOD);
	octets[27] = 21; /* older than it may be */
	CU_ASSERT_EQUAL(stp_bpdu_read(octets, length, &out), STP_BPDU_OLD);
}

static const struct test_case cases[] = {
	TEST(md5_has_the_sums_of_rfc_1321),
	TEST(hmac_has_the_sums_of_rfc_2104),
	TEST(the_digest_is_that_of_the_standard),
	TEST(a_real_frame_is_read),
	TEST(the_same_frame_is_written),
	TEST(a_tagged_frame_is_none),
	TEST(what_is_written_is_read),
	TEST(what_is_cut_short_is_refused_or_read_as_less),
	TEST(strangers_are_refused),
	{NULL, NULL},
};

int test_stp_bpdu_suite(void);
int test_stp_bpdu_suite(void)
{
	return test_suite_add("stp_bpdu", cases);
}
