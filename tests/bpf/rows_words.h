/* SPDX-License-Identifier: Apache-2.0 */
/* The words that tables of rows are written in; see rows.h. Included by such tables only. */
#ifndef XBR_ROWS_WORDS_H
#define XBR_ROWS_WORDS_H

#include <linux/bpf.h>
#include <string.h>

#include "rows.h"
#include "xbr/fdb_word.h"

/* A macro gives the usual values, the row says what differs: the later designator is meant to win. */
#pragma GCC diagnostic ignored "-Woverride-init"

#define DROP(why)          .verdict = XBR_VERDICT_DROP, .reason = XBR_REASON_##why
#define FORWARD(why, port) .verdict = XBR_VERDICT_FORWARD, .reason = XBR_REASON_##why, .out = (port)
#define FLOOD(why, ports)                                                                                    \
	.verdict = XBR_VERDICT_FLOOD, .reason = XBR_REASON_##why, .copies = (ports), .xdp = XDP_PASS
#define NOBODY(why) FLOOD(why, 0), .counted = XBR_REASON_no_receiver
#define NOTE(why)   .notes = {XBR_REASON_##why}

#define BRIDGE(...)                                                                                          \
	{                                                                                                    \
		.epoch_shift = 40, .flags = XBR_BRIDGE_HOST_UP, .flood_mtu = 1500,                           \
		.ageing_epochs = ROW_AGEING_EPOCHS, __VA_ARGS__                                              \
	}
#define PORT(...)                                                                                            \
	{                                                                                                    \
		.bridge = ROW_BRIDGE, .state = XBR_STATE_FORWARDING, .flags = USUAL, .mtu = 1500,            \
		__VA_ARGS__                                                                                  \
	}
#define USUAL (XBR_PORT_DEFAULT_FLAGS | XBR_PORT_XDP_IN | XBR_PORT_XDP_OUT)

/* Frames are written as strings of octets. */
#define BYTES(string)                                                                                        \
	{                                                                                                    \
		string, sizeof(string) - 1                                                                   \
	}
#define MAC_A          "\x02\x00\x00\x00\x00\x0a"
#define MAC_B          "\x02\x00\x00\x00\x00\x0b"
#define MAC_C          "\x02\x00\x00\x00\x00\x0c"
#define MAC_OWN        "\x02\x00\x00\x00\x00\x01"
#define MAC_ZERO       "\x00\x00\x00\x00\x00\x00"
#define MAC_ALL        "\xff\xff\xff\xff\xff\xff"
#define MAC_GROUP      "\x01\x00\x5e\x00\x00\x05"
#define RESERVED(last) "\x01\x80\xc2\x00\x00" last
#define TYPE_IP        "\x08\x00"
#define TAG(tci)       "\x81\x00" tci
#define STAG(tci)      "\x88\xa8" tci
#define TEXT           "forty-six octets, the least that 802.3 allows."

#define A_TO_B            BYTES(MAC_B MAC_A TYPE_IP TEXT)
#define A_TO_ALL          BYTES(MAC_ALL MAC_A TYPE_IP TEXT)
#define A_TO_GROUP        BYTES(MAC_GROUP MAC_A TYPE_IP TEXT)
#define A_TO_OWN          BYTES(MAC_OWN MAC_A TYPE_IP TEXT)
#define OWN_TO_B          BYTES(MAC_B MAC_OWN TYPE_IP TEXT)
#define OWN_TO_ALL        BYTES(MAC_ALL MAC_OWN TYPE_IP TEXT)
#define OWN_TO_GROUP      BYTES(MAC_GROUP MAC_OWN TYPE_IP TEXT)
#define LONG_A_TO_B(text) BYTES(MAC_B MAC_A TYPE_IP text)

/* Addresses in the FDB. */
#define DYNAMIC(address, at)                                                                                 \
	{                                                                                                    \
		.mac = (address), .port = (at), .kind = XBR_FDB_DYNAMIC                                      \
	}
#define PINNED(address, at, how)                                                                             \
	{                                                                                                    \
		.mac = (address), .port = (at), .kind = XBR_FDB_##how                                        \
	}
#define A_AT_P1         DYNAMIC(MAC_A, P1)
#define B_AT_P2         DYNAMIC(MAC_B, P2)
#define OWN             PINNED(MAC_OWN, HOST, LOCAL)
#define TO_ALL_BUT_P1   (BIT(P2) | BIT(P3) | BIT(P4) | BIT(HOST))
#define TO_WIRES_BUT_P1 (BIT(P2) | BIT(P3) | BIT(P4))
#define TO_WIRES        (BIT(P1) | TO_WIRES_BUT_P1)
#define XDP_WIRES       (BIT(P1) | BIT(P2) | BIT(P3))

#define ROW_TABLE(rows)                                                                                      \
	{                                                                                                    \
		rows, sizeof(rows) / sizeof((rows)[0])                                                       \
	}

#endif
