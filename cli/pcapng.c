/* SPDX-License-Identifier: Apache-2.0 */
#include "pcapng.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SECTION     0x0a0d0d0au
#define BLOCK_INTERFACE   1u
#define BLOCK_PACKET      6u
#define BYTE_ORDER_MARK   0x1a2b3c4du
#define LINKTYPE_ETHERNET 1u

#define OPTION_END     0
#define OPTION_COMMENT 1
#define OPTION_IF_NAME 2 /* of an interface */
#define OPTION_FLAGS   2 /* of a packet */
#define FLAGS_INBOUND  1u
#define FLAGS_OUTBOUND 2u

/* One block while it is put together: type, length, body, length again. */
struct block {
	uint32_t words[2];
	char *body;
	size_t used, size;
	bool is_cut;
};

static size_t padded(size_t length)
{
	return (length + 3) & ~(size_t)3;
}

static void block_add(struct block *block, const void *octets, size_t length)
{
	const size_t needed = block->used + padded(length);
	char *body;

	if (needed > block->size) {
		body = realloc(block->body, needed * 2);
		if (!body) {
			block->is_cut = true;
			return;
		}
		block->body = body;
		block->size = needed * 2;
	}
	memset(block->body + block->used, 0, padded(length));
	memcpy(block->body + block->used, octets, length);
	block->used = needed;
}

static void block_add_u32(struct block *block, uint32_t value)
{
	block_add(block, &value, sizeof(value));
}

static void block_add_option(struct block *block, uint16_t code, const void *value, size_t length)
{
	const uint16_t head[2] = {code, (uint16_t)length};

	block_add(block, head, sizeof(head));
	if (length)
		block_add(block, value, length);
}

/* Writes the block and frees it. */
static int block_write(struct block *block, uint32_t type, FILE *file)
{
	const uint32_t length = (uint32_t)(block->used + 3 * sizeof(uint32_t));
	const uint32_t head[2] = {type, length};
	int err = block->is_cut ? -ENOMEM : 0;

	if (!err &&
	    (fwrite(head, sizeof(head), 1, file) != 1 || fwrite(block->body, block->used, 1, file) != 1 ||
	     fwrite(&length, sizeof(length), 1, file) != 1))
		err = -EIO;
	free(block->body);
	return err;
}

int pcapng_begin(struct pcapng *pcapng, FILE *file)
{
	const uint16_t version[2] = {1, 0};
	const int64_t unknown_length = -1;
	struct block block = {0};

	*pcapng = (struct pcapng){.file = file};
	block_add_u32(&block, BYTE_ORDER_MARK);
	block_add(&block, version, sizeof(version));
	block_add(&block, &unknown_length, sizeof(unknown_length));
	return block_write(&block, BLOCK_SECTION, file);
}

static int write_interface(struct pcapng *pcapng, const char *name)
{
	struct block block = {0};

	block_add_u32(&block, LINKTYPE_ETHERNET);
	block_add_u32(&block, 0); /* no snap length */
	block_add_option(&block, OPTION_IF_NAME, name, strlen(name));
	block_add_option(&block, OPTION_END, NULL, 0);
	return block_write(&block, BLOCK_INTERFACE, pcapng->file);
}

/* The number of the interface of that name; written if it is new. */
static int find_interface(struct pcapng *pcapng, const char *name, uint32_t *ret_number)
{
	char **names;
	uint32_t i;

	for (i = 0; i < pcapng->count; i++)
		if (strcmp(pcapng->names[i], name) == 0)
			break;
	*ret_number = i;
	if (i < pcapng->count)
		return 0;
	names = realloc(pcapng->names, (i + 1) * sizeof(*names));
	if (!names)
		return -ENOMEM;
	pcapng->names = names;
	names[i] = strdup(name);
	if (!names[i])
		return -ENOMEM;
	pcapng->count++;
	return write_interface(pcapng, name);
}

int pcapng_write(struct pcapng *pcapng, const struct pcapng_packet *packet)
{
	const uint32_t flags = packet->outbound ? FLAGS_OUTBOUND : FLAGS_INBOUND;
	struct block block = {0};
	uint32_t interface;
	int err = find_interface(pcapng, packet->ifname, &interface);

	if (err)
		return err;
	block_add_u32(&block, interface);
	block_add_u32(&block, (uint32_t)(packet->time_us >> 32));
	block_add_u32(&block, (uint32_t)packet->time_us);
	block_add_u32(&block, packet->length);
	block_add_u32(&block, packet->wire_length);
	block_add(&block, packet->bytes, packet->length);
	block_add_option(&block, OPTION_COMMENT, packet->comment, strlen(packet->comment));
	block_add_option(&block, OPTION_FLAGS, &flags, sizeof(flags));
	block_add_option(&block, OPTION_END, NULL, 0);
	return block_write(&block, BLOCK_PACKET, pcapng->file);
}

void pcapng_end(struct pcapng *pcapng)
{
	for (uint32_t i = 0; i < pcapng->count; i++)
		free(pcapng->names[i]);
	free(pcapng->names);
}
