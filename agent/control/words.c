// SPDX-License-Identifier: Apache-2.0
#include "control/words.h"

#include <stddef.h>
#include <stdio.h>

#include "model/model.h"

static const struct {
	const char *word;
	uint8_t kind;
} states[] = {
	{"static", XBR_FDB_STATIC},       {"sticky", XBR_FDB_STICKY},   {"dynamic", XBR_FDB_DYNAMIC},
	{"blackhole", XBR_FDB_BLACKHOLE}, {"permanent", XBR_FDB_LOCAL},
};
#define STATE_COUNT (sizeof(states) / sizeof(states[0]))

const char *const fdb_state_words[] = {"static", "sticky", "dynamic", "blackhole", "permanent", NULL};
_Static_assert(sizeof(fdb_state_words) / sizeof(fdb_state_words[0]) == STATE_COUNT + 1,
	       "the same words, in the same order");

uint8_t fdb_state_kind(uint32_t word)
{
	return states[word].kind;
}

const char *fdb_kind_word(uint8_t kind)
{
	for (size_t i = 0; i < STATE_COUNT; i++)
		if (states[i].kind == kind)
			return states[i].word;
	return "";
}

const char *port_state_word(uint8_t state)
{
	static const char *const words[] = {"disabled", "listening", "learning", "forwarding", "blocking"};

	return state < sizeof(words) / sizeof(words[0]) ? words[state] : "disabled";
}

void mac_to_text(uint64_t mac, char ret_text[18])
{
	uint8_t a[6];

	fdb_mac_to(mac, a);
	snprintf(ret_text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4], a[5]);
}
