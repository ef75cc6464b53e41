// SPDX-License-Identifier: Apache-2.0
/* A capture, octet for octet as draft-ietf-opsawg-pcapng has it; tshark's opinion is asked in tests/net. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/pcapng.h"
#include "test.h"

#define SECTION_LENGTH   28
#define INTERFACE_LENGTH 32 /* with a name of two letters */
#define PACKET_LENGTH    60 /* with five octets, and a comment of two letters */

static const uint8_t octets[] = {1, 2, 3, 4, 5};

static struct pcapng_packet packet_of(const char *ifname)
{
	return (struct pcapng_packet){.ifname = ifname,
				      .comment = "hi",
				      .time_us = 0x0000000200000001,
				      .outbound = true,
				      .bytes = octets,
				      .length = sizeof(octets),
				      .wire_length = 9};
}

static uint32_t word(const char *file, size_t at)
{
	uint32_t value;

	memcpy(&value, file + at, sizeof(value));
	return value;
}

static void check_words(const char *file, size_t at, const uint32_t *expected, size_t count)
{
	for (size_t i = 0; i < count; i++)
		CU_ASSERT_EQUAL(word(file, at + 4 * i), expected[i]);
}

static void check_packet(const char *file, size_t at, uint32_t interface)
{
	const uint32_t expected[] = {
		6,
		PACKET_LENGTH,
		interface,
		2,
		1,
		5,
		9,
		0x04030201,
		5,
		1 | 2 << 16,
		0x00006968,
		2 | 4 << 16,
		2,
		0,
		PACKET_LENGTH,
	};

	check_words(file, at, expected, sizeof(expected) / sizeof(expected[0]));
}

static void check_interface(const char *file, size_t at, char last)
{
	const uint32_t expected[] = {1, INTERFACE_LENGTH, 1, 0, 2 | 2 << 16, (uint32_t)('v' | last << 8),
				     0, INTERFACE_LENGTH};

	check_words(file, at, expected, sizeof(expected) / sizeof(expected[0]));
}

static void interfaces_are_told_when_they_are_first_seen(void)
{
	static const uint32_t section[] = {0x0a0d0d0a, SECTION_LENGTH, 0x1a2b3c4d,    1,
					   0xffffffff, 0xffffffff,     SECTION_LENGTH};
	const struct pcapng_packet one = packet_of("v1"), two = packet_of("v2");
	char *file = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&file, &length);
	struct pcapng pcapng;

	CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
	CU_ASSERT_EQUAL(pcapng_begin(&pcapng, stream), 0);
	CU_ASSERT_EQUAL(pcapng_write(&pcapng, &one), 0);
	CU_ASSERT_EQUAL(pcapng_write(&pcapng, &two), 0);
	CU_ASSERT_EQUAL(pcapng_write(&pcapng, &one), 0);
	pcapng_end(&pcapng);
	fclose(stream);
	CU_ASSERT_EQUAL_FATAL(length, SECTION_LENGTH + 2 * INTERFACE_LENGTH + 3 * PACKET_LENGTH);
	check_words(file, 0, section, 7);
	check_interface(file, SECTION_LENGTH, '1');
	check_packet(file, SECTION_LENGTH + INTERFACE_LENGTH, 0);
	check_interface(file, SECTION_LENGTH + INTERFACE_LENGTH + PACKET_LENGTH, '2');
	check_packet(file, SECTION_LENGTH + 2 * INTERFACE_LENGTH + PACKET_LENGTH, 1);
	check_packet(file, SECTION_LENGTH + 2 * INTERFACE_LENGTH + 2 * PACKET_LENGTH, 0);
	free(file);
}

static void what_cannot_be_written_is_told(void)
{
	FILE *full = fopen("/dev/full", "w");
	struct pcapng pcapng;

	CU_ASSERT_PTR_NOT_NULL_FATAL(full);
	setvbuf(full, NULL, _IONBF, 0);
	CU_ASSERT_EQUAL(pcapng_begin(&pcapng, full), -EIO);
	pcapng_end(&pcapng);
	fclose(full);
}

int test_pcapng_suite(void)
{
	static const struct test_case cases[] = {
		TEST(interfaces_are_told_when_they_are_first_seen),
		TEST(what_cannot_be_written_is_told),
		{NULL, NULL},
	};

	return test_suite_add("pcapng", cases);
}
