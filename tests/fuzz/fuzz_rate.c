// SPDX-License-Identifier: Apache-2.0
/*
 * Any text as a rate and as a size of a meter: what is read prints as something that reads back as the same,
 * what is not is refused with a sentence.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/rate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		abort();
}

static void check_rate(const char *text)
{
	struct xbr_error error = {.message = ""};
	bool packets = false, packets_again = false;
	uint64_t rate = 0, again = 0;
	char printed[RATE_TEXT];

	if (rate_parse("rate", text, &rate, &packets, &error)) {
		require(error.message[0]);
		return;
	}
	rate_print(rate, packets, printed);
	require(!rate_parse("rate", printed, &again, &packets_again, &error));
	require(again == rate && packets_again == packets);
}

static void check_size(const char *text)
{
	struct xbr_error error = {.message = ""};
	uint64_t octets = 0, again = 0;
	char printed[RATE_TEXT];

	if (size_parse("burst", text, &octets, &error)) {
		require(error.message[0]);
		return;
	}
	size_print(octets, printed);
	require(!size_parse("burst", printed, &again, &error) && again == octets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[64];

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check_rate(text);
	check_size(text);
	return 0;
}
