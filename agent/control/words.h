/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words: how addresses, their kinds and states of ports are written, in requests, in answers and in saved
 * configurations alike.
 */
#ifndef XBR_CONTROL_WORDS_H
#define XBR_CONTROL_WORDS_H

#include <stdint.h>

/* Kinds of addresses by their words: those of docs/api.md; ends with NULL. */
extern const char *const fdb_state_words[];

/* The XBR_FDB_* kind of an index of fdb_state_words, which must be within. */
uint8_t fdb_state_kind(uint32_t word);

/* The word of an XBR_FDB_* kind; "" for a kind without one. */
const char *fdb_kind_word(uint8_t kind);

/* The word of an enum xbr_port_state, as bridge(8) has it. */
const char *port_state_word(uint8_t state);

/* 02:00:00:00:00:01, of an address as fdb_mac_of() makes it. */
void mac_to_text(uint64_t mac, char ret_text[18]);

#endif
