/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcapng: captured frames as a file for tshark and wireshark (draft-ietf-opsawg-pcapng): a section, an
 * interface for each port when its first frame comes, a packet with its direction and a comment for each
 * frame. In the byte order of the machine, times in microseconds. Nothing is kept but the ports' names.
 */
#ifndef XBR_CLI_PCAPNG_H
#define XBR_CLI_PCAPNG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct pcapng {
	FILE *file;
	char **names; /* of interfaces, by their number */
	uint32_t count;
};

struct pcapng_packet {
	const char *ifname;
	const char *comment;
	uint64_t time_us; /* since 1970 */
	bool outbound;
	const uint8_t *bytes;
	uint32_t length;
	uint32_t wire_length; /* of the whole frame, where it was cut */
};

/* Writes the section header. 0 or -EIO; the file stays the caller's. */
int pcapng_begin(struct pcapng *pcapng, FILE *file);

/* 0, -EIO or -ENOMEM. */
int pcapng_write(struct pcapng *pcapng, const struct pcapng_packet *packet);

/* Frees what it keeps. */
void pcapng_end(struct pcapng *pcapng);

#endif
