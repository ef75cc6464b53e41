/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encap: what a port is of its device: all of it, or a channel, told by a tag. The words and ranges of each
 * kind; pure data. channel.c makes it real, tags.c hands tags out.
 */
#ifndef XBR_MODEL_ENCAP_H
#define XBR_MODEL_ENCAP_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "xbr/abi.h"

#define CHANNEL_AUTO 0 /* a number that is to be handed out; none is 0 */

struct port_encap {
	uint8_t kind;             /* enum xbr_encap; XBR_ENCAP_NONE: the rest is zero */
	uint8_t flags;            /* enum xbr_channel_flags */
	uint32_t channel;         /* as in struct xbr_port */
	char dev[XBR_IFNAME_LEN]; /* the device that carries it */
};

struct encap_kind {
	const char *type; /* the word after `type` */
	const char *tag;  /* the word of its number, and what a sentence calls it */
	const char *sentence;
	uint32_t first, last; /* numbers of single channels */
	uint32_t first_auto;  /* below it none is handed out */
	uint32_t octets;      /* of the tag on the wire */
};

/* By enum xbr_encap; the first has no words. */
extern const struct encap_kind encap_kinds[];
#define ENCAP_KINDS 4

/* The words of `type`, by kind - 1; ended by NULL. */
extern const char *const encap_type_words[];

static inline const struct encap_kind *encap_kind_of(const struct port_encap *encap)
{
	return &encap_kinds[encap->kind];
}

static inline bool encap_is_group(const struct port_encap *encap)
{
	return encap->channel & XBR_CHANNEL_GROUP;
}

/* Kind and number in one word, as in struct xbr_channel_key. */
static inline uint32_t encap_word(const struct port_encap *encap)
{
	return (uint32_t)encap->kind << XBR_CHANNEL_KIND_SHIFT | encap->channel;
}

/* Octets that the channel's tag takes from the device's MTU. */
uint32_t encap_overhead(const struct port_encap *encap);

bool encap_equal(const struct port_encap *a, const struct port_encap *b);

/* "svid 100", "ecid 0x12345", "list 7", "vif auto": the words and the number as they are typed. */
#define ENCAP_TEXT 24
void encap_tag_text(const struct port_encap *encap, char ret_text[ENCAP_TEXT]);

/* Is the number one of the kind? */
int encap_check(const struct port_encap *encap, struct xbr_error *error);

#endif
