/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of xbrd, see xbrd(8). */
#ifndef XBR_OPTIONS_H
#define XBR_OPTIONS_H

#include <stdbool.h>

#include "datapath/datapath.h"

struct options {
	struct datapath_options datapath;
	const char *socket;
	const char *group;
	const char *config; /* NULL: none */
	uint32_t tag_quarantine_s;
	int log_level; /* of syslog(3): messages above it are not told */
	bool detach;
};

/* Returns -1 to go on, else the status to exit with (help and version were printed, or a sentence on what is
 * wrong). */
int options_parse(int argc, char **argv, struct options *ret_options);

#endif
