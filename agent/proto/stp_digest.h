/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stp_digest: the configuration digest of an MST region (802.1Q, 13.8): HMAC-MD5 with the key of table 13-1
 * over the MST configuration table, 4096 times two octets: the MSTID of VID 0, 1, ... Two bridges whose
 * tables differ in one VLAN are in different regions.
 */
#ifndef XBR_PROTO_STP_DIGEST_H
#define XBR_PROTO_STP_DIGEST_H

#include <stdint.h>

#include "proto/stp_bpdu.h"

void stp_digest(const uint16_t map[4096], uint8_t ret_digest[STP_DIGEST_LEN]);

#endif
