/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The one list of what the datapath can do beyond plain switching. A feature that no port or bridge is
 * configured for is off in `settings.features` (.rodata) when the programs are loaded, and the verifier
 * removes its code: it costs nothing. Stages ask feature_on(). What a setting needs is said in
 * agent/model/features.c; programs that have it are loaded before the setting is written.
 *
 * X(name, what it is)
 */
#ifndef XBR_FEATURES_H
#define XBR_FEATURES_H

/* clang-format off */
#define XBR_FEATURES(X) \
	X(vlan,  "VLAN filtering, tunnels and translation") \
	X(encap, "ports that are a tag of a device: S-channels, 802.1BR, VN-Tag") \
	X(edge,  "isolated ports, edge modes other than bridge") \
	X(guard, "guards: bound addresses, locked ports, storm control") \
	X(punt,  "frames for the agent") \
	X(stp,   "spanning tree states by MSTI") \
	X(acl,   "access lists") \
	X(qos,   "policers, marking") \
	X(conn,  "states of connections in access lists")
/* clang-format on */

#define XBR_FEATURE_NUMBER(name, what) XBR_FEATURE_NUMBER_##name,
enum xbr_feature_number { XBR_FEATURES(XBR_FEATURE_NUMBER) XBR_FEATURE_COUNT };

#define XBR_FEATURE_BIT(name, what) XBR_FEATURE_##name = 1 << XBR_FEATURE_NUMBER_##name,
enum xbr_feature { XBR_FEATURES(XBR_FEATURE_BIT) XBR_FEATURES_ALL = (1 << XBR_FEATURE_COUNT) - 1 };

#endif
