// SPDX-License-Identifier: Apache-2.0
#include "proto/stp_bpdu.h"

#include <string.h>

/* Octets of a BPDU by its kind, and where its parts begin (802.1Q, figure 14-1). */
#define TCN_LENGTH      4
#define CONFIG_LENGTH   35
#define RST_LENGTH      36
#define V3_LENGTH_AT    36
#define CONFIG_ID_AT    38
#define MST_LENGTH      102
#define V3_LENGTH_LEAST 64 /* version 3 length without MSTI messages */
#define MSTI_LENGTH     16
#define TYPE_CONFIG     0x00
#define TYPE_RST        0x02
#define TYPE_TCN        0x80
#define SECOND          256

static uint64_t get(const uint8_t *at, unsigned int octets)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < octets; i++)
		value = value << 8 | at[i];
	return value;
}

static void put(uint8_t *at, unsigned int octets, uint64_t value)
{
	for (unsigned int i = octets; i > 0; i--, value >>= 8)
		at[i - 1] = (uint8_t)value;
}

/* ---- reading ---- */

static void read_common(const uint8_t *o, struct stp_bpdu *b)
{
	b->flags = o[4];
	b->root = get(o + 5, 8);
	b->external_cost = (uint32_t)get(o + 13, 4);
	b->bridge = get(o + 17, 8);
	b->port = (uint16_t)get(o + 25, 2);
	b->message_age = (uint16_t)get(o + 27, 2);
	b->max_age = (uint16_t)get(o + 29, 2);
	b->hello_time = (uint16_t)get(o + 31, 2);
	b->forward_delay = (uint16_t)get(o + 33, 2);
	if (b->hello_time < SECOND) /* recordTimes, 13.29.20: at least the least there is */
		b->hello_time = SECOND;
}

static void read_msti(const uint8_t *o, struct stp_msti_message *m)
{
	m->flags = o[0];
	m->regional_root = get(o + 1, 8);
	m->internal_cost = (uint32_t)get(o + 9, 4);
	m->bridge_priority = o[13] & 0xf0;
	m->port_priority = o[14] & 0xf0;
	m->remaining_hops = o[15];
}

static void read_mst(const uint8_t *o, struct stp_bpdu *b)
{
	b->type = STP_BPDU_MST;
	memcpy(b->config_id.name, o + CONFIG_ID_AT + 1, STP_NAME_LEN);
	b->config_id.revision = (uint16_t)get(o + CONFIG_ID_AT + 33, 2);
	memcpy(b->config_id.digest, o + CONFIG_ID_AT + 35, STP_DIGEST_LEN);
	b->internal_cost = (uint32_t)get(o + 89, 4);
	b->cist_bridge = get(o + 93, 8);
	b->remaining_hops = o[101];
	for (unsigned int i = 0; i < b->msti_count; i++)
		read_msti(o + MST_LENGTH + (size_t)i * MSTI_LENGTH, &b->msti[i]);
}

/* 14.4 e) and f): version 1 length 0, and a version 3 length that is that of a whole number of messages, all
 * there. A configuration identifier of another format (selector) is one that nobody here can share: read as
 * RST, too. */
static bool is_mst(const uint8_t *o, size_t length, uint16_t *ret_messages)
{
	size_t v3, messages;

	if (o[2] < 3 || length < MST_LENGTH || o[35] || o[CONFIG_ID_AT])
		return false;
	v3 = get(o + V3_LENGTH_AT, 2);
	if (v3 < V3_LENGTH_LEAST || (v3 - V3_LENGTH_LEAST) % MSTI_LENGTH)
		return false;
	messages = (v3 - V3_LENGTH_LEAST) / MSTI_LENGTH;
	if (messages > STP_MSTI_MAX || MST_LENGTH + messages * MSTI_LENGTH > length)
		return false;
	*ret_messages = (uint16_t)messages;
	return true;
}

static enum stp_bpdu_fault read_config(const uint8_t *o, size_t length, struct stp_bpdu *b)
{
	if (length < CONFIG_LENGTH)
		return STP_BPDU_SHORT;
	b->type = STP_BPDU_CONFIG;
	read_common(o, b);
	return b->message_age < b->max_age ? STP_BPDU_GOOD : STP_BPDU_OLD;
}

/* An RST BPDU as old as it may be still tells what its sender holds, to be void at once (13.29.33): without
 * it the former word of that sender would be believed for three hello times. */
static enum stp_bpdu_fault read_rst(const uint8_t *o, size_t length, struct stp_bpdu *b)
{
	if (length < RST_LENGTH)
		return STP_BPDU_SHORT;
	b->type = STP_BPDU_RST;
	read_common(o, b);
	if (is_mst(o, length, &b->msti_count))
		read_mst(o, b);
	return b->message_age <= b->max_age ? STP_BPDU_GOOD : STP_BPDU_OLD;
}

static enum stp_bpdu_fault read_any(const uint8_t *o, size_t length, struct stp_bpdu *b)
{
	if (length < TCN_LENGTH)
		return STP_BPDU_SHORT;
	if (get(o, 2))
		return STP_BPDU_PROTOCOL;
	switch (o[3]) {
	case TYPE_CONFIG:
		return read_config(o, length, b);
	case TYPE_TCN:
		b->type = STP_BPDU_TCN;
		return STP_BPDU_GOOD;
	case TYPE_RST:
		return o[2] >= 2 ? read_rst(o, length, b) : STP_BPDU_PROTOCOL;
	default:
		return STP_BPDU_PROTOCOL;
	}
}

enum stp_bpdu_fault stp_bpdu_read(const uint8_t *octets, size_t length, struct stp_bpdu *ret_bpdu)
{
	struct stp_bpdu bpdu;
	enum stp_bpdu_fault fault;

	memset(&bpdu, 0, offsetof(struct stp_bpdu, msti));
	fault = read_any(octets, length, &bpdu);
	if (fault == STP_BPDU_GOOD)
		memcpy(ret_bpdu, &bpdu,
		       offsetof(struct stp_bpdu, msti) + bpdu.msti_count * sizeof(bpdu.msti[0]));
	return fault;
}

/* ---- writing ---- */

static void write_common(const struct stp_bpdu *b, uint8_t *o)
{
	o[4] = b->flags;
	put(o + 5, 8, b->root);
	put(o + 13, 4, b->external_cost);
	put(o + 17, 8, b->bridge);
	put(o + 25, 2, b->port);
	put(o + 27, 2, b->message_age);
	put(o + 29, 2, b->max_age);
	put(o + 31, 2, b->hello_time);
	put(o + 33, 2, b->forward_delay);
}

static void write_msti(const struct stp_msti_message *m, uint8_t *o)
{
	o[0] = m->flags;
	put(o + 1, 8, m->regional_root);
	put(o + 9, 4, m->internal_cost);
	o[13] = m->bridge_priority;
	o[14] = m->port_priority;
	o[15] = m->remaining_hops;
}

static size_t write_mst(const struct stp_bpdu *b, uint8_t *o)
{
	put(o + V3_LENGTH_AT, 2, V3_LENGTH_LEAST + (uint64_t)b->msti_count * MSTI_LENGTH);
	memcpy(o + CONFIG_ID_AT + 1, b->config_id.name, STP_NAME_LEN);
	put(o + CONFIG_ID_AT + 33, 2, b->config_id.revision);
	memcpy(o + CONFIG_ID_AT + 35, b->config_id.digest, STP_DIGEST_LEN);
	put(o + 89, 4, b->internal_cost);
	put(o + 93, 8, b->cist_bridge);
	o[101] = b->remaining_hops;
	for (unsigned int i = 0; i < b->msti_count; i++)
		write_msti(&b->msti[i], o + MST_LENGTH + (size_t)i * MSTI_LENGTH);
	return MST_LENGTH + (size_t)b->msti_count * MSTI_LENGTH;
}

size_t stp_bpdu_write(const struct stp_bpdu *bpdu, uint8_t *ret_octets)
{
	static const uint8_t versions[] = {0, 0, 2, 3}, types[] = {TYPE_CONFIG, TYPE_TCN, TYPE_RST, TYPE_RST};

	memset(ret_octets, 0, MST_LENGTH);
	ret_octets[2] = versions[bpdu->type];
	ret_octets[3] = types[bpdu->type];
	if (bpdu->type == STP_BPDU_TCN)
		return TCN_LENGTH;
	write_common(bpdu, ret_octets);
	if (bpdu->type == STP_BPDU_CONFIG)
		return CONFIG_LENGTH;
	return bpdu->type == STP_BPDU_RST ? RST_LENGTH : write_mst(bpdu, ret_octets);
}

/* ---- frames ---- */

static const uint8_t group_address[6] = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x00};
static const uint8_t llc[3] = {0x42, 0x42, 0x03};

bool stp_frame_read(const uint8_t *frame, size_t length, const uint8_t **ret_bpdu, size_t *ret_length)
{
	size_t at = 12, octets;

	if (length < STP_HEADER + 4 || memcmp(frame, group_address, sizeof(group_address)))
		return false;
	octets = get(frame + at, 2); /* 802.3: LLC and BPDU; what comes after them is padding */
	at += 2;
	if (octets < sizeof(llc) || octets > length - at || memcmp(frame + at, llc, sizeof(llc)))
		return false;
	*ret_bpdu = frame + at + sizeof(llc);
	*ret_length = octets - sizeof(llc);
	return true;
}

size_t stp_frame_write(const uint8_t source[6], const uint8_t *bpdu, size_t length, uint8_t *ret_frame)
{
	memcpy(ret_frame, group_address, sizeof(group_address));
	memcpy(ret_frame + 6, source, 6);
	put(ret_frame + 12, 2, sizeof(llc) + length);
	memcpy(ret_frame + 14, llc, sizeof(llc));
	memcpy(ret_frame + STP_HEADER, bpdu, length);
	return STP_HEADER + length;
}
