/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The one list of why a frame may be punted (handed to the agent). The first sixteen are the reserved group
 * addresses 01:80:c2:00:00:00 to 0f of 802.1Q, table 8-1, by their last digit; what else is asked for comes
 * behind them. The order is part of the ABI: the number is a bit of xbr_bridge.punt and xbr_port.punt, and a
 * place in `punt_limits` and `punt_buckets`.
 *
 * X(name, number, sentence)
 */
#ifndef XBR_PUNT_H
#define XBR_PUNT_H

/* clang-format off */
#define XBR_PUNT_REASONS(X) \
	X(stp,           0x0, "01:80:c2:00:00:00: BPDUs; LLDP, ECP and VDP between customer bridges") \
	X(pause,         0x1, "01:80:c2:00:00:01: MAC control; never punted, it ends on the link") \
	X(slow,          0x2, "01:80:c2:00:00:02: slow protocols: LACP, marker, link OAM") \
	X(pae,           0x3, "01:80:c2:00:00:03: 802.1X; LLDP beyond two-port relays, CDCP") \
	X(group_4,       0x4, "01:80:c2:00:00:04") \
	X(group_5,       0x5, "01:80:c2:00:00:05") \
	X(group_6,       0x6, "01:80:c2:00:00:06") \
	X(group_7,       0x7, "01:80:c2:00:00:07: ELMI") \
	X(provider_stp,  0x8, "01:80:c2:00:00:08: BPDUs of provider bridges") \
	X(group_9,       0x9, "01:80:c2:00:00:09") \
	X(group_a,       0xa, "01:80:c2:00:00:0a") \
	X(group_b,       0xb, "01:80:c2:00:00:0b: EDE-SS PEP") \
	X(group_c,       0xc, "01:80:c2:00:00:0c") \
	X(provider_mvrp, 0xd, "01:80:c2:00:00:0d: MVRP of provider bridges") \
	X(lldp,          0xe, "01:80:c2:00:00:0e: LLDP to the nearest bridge; PTP") \
	X(group_f,       0xf, "01:80:c2:00:00:0f")
/* clang-format on */

#define XBR_PUNT_REASON_ENUM(name, number, sentence) XBR_PUNT_##name = (number),
enum xbr_punt_reason { XBR_PUNT_REASONS(XBR_PUNT_REASON_ENUM) XBR_PUNT_COUNT };

/* Room for more: bits of a mask. */
#define XBR_PUNT_ROOM 32
_Static_assert(XBR_PUNT_COUNT <= XBR_PUNT_ROOM, "every reason has its bit");

#define XBR_PUNT_BIT(reason) (1u << (reason))

#endif
