/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random: networks nobody drew. Each is a connected graph of bridges with some more links than a tree has;
 * its links have random costs and delays, its bridges random priorities. It comes up, then a link or a bridge
 * fails and is mended, again and again. After each event the network must be one tree within the time given,
 * and at no instant a loop.
 */
#ifndef XBR_SIM_RANDOM_H
#define XBR_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random_plan {
	unsigned int networks;
	unsigned int bridges;  /* at the most; each network has 2 to this */
	unsigned int failures; /* of each */
	uint64_t seed;
	bool talk; /* print the distribution */
};

struct random_result {
	unsigned int events;
	uint64_t loops, no_trees, overruns;
	uint64_t longest_cut_ms; /* of link losses */
};

void random_run(const struct random_plan *plan, struct random_result *ret_result);

#endif
