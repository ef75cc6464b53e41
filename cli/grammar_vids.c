/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of VLAN IDs: "10", "10-20", "10-20,30", "all". */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "grammar_table.h"

#define VID_MAX 4094 /* 802.1Q, table 9-2: 4095 is reserved, 0 is no VLAN */

/* A number at *cursor, which moves behind it. -1: there is none. */
static long read_vid(const char **cursor)
{
	char *end;
	long vid;

	if (!isdigit((unsigned char)**cursor))
		return -1;
	vid = strtol(*cursor, &end, 10);
	*cursor = end;
	return vid;
}

static int check_vid(const char *text, long vid, struct grammar_error *error)
{
	if (vid < 0)
		return grammar_refuse(error, "%s is no VLAN ID; expected such as 10, 10-20 or 10-20,30",
				      grammar_quote(text).text);
	if (vid < 1 || vid > VID_MAX)
		return grammar_refuse(error, "%ld is no VLAN ID: 1 to %d are", vid, VID_MAX);
	return 0;
}

static int add_range(uint64_t vids[64], long first, long last, struct grammar_error *error)
{
	for (long vid = first; vid <= last; vid++) {
		if (vids[vid / 64] >> vid % 64 & 1)
			return grammar_refuse(error, "VLAN ID %ld is given twice: ranges overlap", vid);
		vids[vid / 64] |= 1ull << vid % 64;
	}
	return 0;
}

/* "10" or "10-20" at *cursor. */
static int read_range(const char *text, const char **cursor, uint64_t vids[64], struct grammar_error *error)
{
	long first = read_vid(cursor), last = first;
	int err = check_vid(text, first, error);

	if (err)
		return err;
	if (**cursor == '-') {
		++*cursor;
		last = read_vid(cursor);
		err = check_vid(text, last, error);
	}
	if (err)
		return err;
	if (last < first)
		return grammar_refuse(error, "%ld-%ld is no range: it goes backwards", first, last);
	return add_range(vids, first, last, error);
}

int grammar_parse_vids(const char *text, uint64_t ret_vids[64], struct grammar_error *error)
{
	const char *cursor = text;
	uint64_t vids[64] = {0};
	int err = 0;

	if (strcmp(text, "all") == 0) {
		add_range(vids, 1, VID_MAX, error);
		cursor += 3;
	} else {
		err = read_range(text, &cursor, vids, error);
	}
	while (!err && *cursor == ',') {
		cursor++;
		err = read_range(text, &cursor, vids, error);
	}
	if (!err && *cursor)
		err = check_vid(text, -1, error);
	if (!err)
		memcpy(ret_vids, vids, sizeof(vids));
	return err;
}
