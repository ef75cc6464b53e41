/* SPDX-License-Identifier: Apache-2.0 */
/* What ports are allowed: a line each, in the words of `guard allow`. */
#include "session.h"

const struct output_field guard_fields[] = {
	{"ifname", "dev % ", 0, OUTPUT_IFNAME, NULL},
	{"mac", "mac % ", 0, OUTPUT_MAC, NULL},
	{"ip", "ip % ", 0, 0, NULL},
	{"vlan", "vlan % ", 0, 0, NULL},
	{"source", "% ", 0, 0, NULL},
	{"expires", "expires %s", 0, 0, NULL},
	{0},
};
