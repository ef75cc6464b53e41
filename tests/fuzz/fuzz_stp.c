/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any octets as frames that arrive by the ports of a bridge that runs MSTP with two instances. Each record is
 * a port and a time step (one octet), a length (two octets), and the frame. The engine must come to rest
 * after each, send what it would accept itself, and what it read must be what it writes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/stp.h"

/* Not assert(): it must hold in every build. */
#define MUST(condition)                                                                                      \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);              \
			abort();                                                                             \
		}                                                                                            \
	} while (0)

static void on_send(void *user, uint16_t port, const uint8_t *bpdu, size_t length)
{
	struct stp_bpdu read;

	(void)user;
	MUST(port >= 1 && port <= 4);
	MUST(stp_bpdu_read(bpdu, length, &read) != STP_BPDU_SHORT);
}

static void on_state(void *user, uint16_t port, uint16_t mstid, enum stp_state state)
{
	(void)user;
	MUST(port >= 1 && port <= 4 && mstid <= 2 && state <= STP_FORWARDING);
}

static void on_flush(void *user, uint16_t port, uint16_t mstid)
{
	(void)user;
	MUST(port >= 1 && port <= 4 && mstid <= 2);
}

static const struct stp_ops ops = {on_send, on_state, on_flush};

static struct stp_bridge *make(void)
{
	struct stp_bridge_config config = stp_bridge_config_default;
	struct stp_port_config port = stp_port_config_default;
	struct stp_bridge *b;

	config.version = STP_VERSION_MSTP;
	b = stp_new(&config, &ops, NULL, 0);
	MUST(b);
	MUST(!stp_msti_add(b, 1, 32768, 0) && !stp_msti_add(b, 2, 4096, 0));
	for (uint16_t number = 1; number <= 4; number++) {
		port.loop_guard = number == 2;
		port.restricted_role = number == 3;
		port.bridge_assurance = number == 4;
		MUST(!stp_port_add(b, number, &port, 0));
		stp_link(b, number, true, number != 3, 0);
	}
	return b;
}

/* What is read is what is written: hello times under a second aside, which are read as a second. */
static void round_trip(const uint8_t *octets, size_t length)
{
	static struct stp_bpdu bpdu;
	uint8_t first[STP_BPDU_MAX], second[STP_BPDU_MAX];
	size_t written;

	if (stp_bpdu_read(octets, length, &bpdu) != STP_BPDU_GOOD)
		return;
	written = stp_bpdu_write(&bpdu, first);
	MUST(stp_bpdu_read(first, written, &bpdu) == STP_BPDU_GOOD);
	MUST(stp_bpdu_write(&bpdu, second) == written && !memcmp(first, second, written));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stp_bridge *b = make();
	uint64_t now = 0;
	const uint8_t *bpdu;
	size_t length;

	while (size >= 3) {
		size_t frame = (size_t)data[1] | (size_t)data[2] << 8;
		uint16_t port = (uint16_t)(1 + data[0] % 4);

		now += (uint64_t)(data[0] / 4) * 50;
		data += 3;
		size -= 3;
		frame = frame < size ? frame : size;
		stp_advance(b, now);
		if (stp_frame_read(data, frame, &bpdu, &length)) {
			round_trip(bpdu, length);
			stp_receive(b, port, bpdu, length, now);
		}
		data += frame;
		size -= frame;
	}
	MUST(stp_step_overruns(b) == 0);
	stp_free(b);
	return 0;
}
