/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices that the tests of the datapath use: a network namespace of this process's own with a veth pair
 * for each port (near end `p1` is the port, far end `w1` is the wire behind it) and a bridge device `host0`.
 * On each wire, and on host0, listens a packet socket. Everything goes when the lab is closed or the process
 * ends. Only the calling thread and those it starts are moved.
 */
#ifndef XBR_LAB_H
#define XBR_LAB_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Port numbers. P4 stands for a virtual port without XDP, P5 is of another bridge. */
enum lab_port {
	NO_PORT = 0,
	P1,
	P2,
	P3,
	P4,
	P5,
	HOST, /* host0 */
	LAB_PORTS,
};

struct lab {
	int home; /* the namespace the caller came from */
	int pass; /* an XDP program that passes every frame */
	__u32 ifindex[LAB_PORTS];
	__u32 wire_ifindex[LAB_PORTS];
	int wire[LAB_PORTS]; /* packet sockets; 0: none */
};

/* 0 or -errno, with a sentence on stderr. */
int lab_open(struct lab *lab);
void lab_close(struct lab *lab);

/* Puts an XDP program on the near end of every wire (its queues are then known to BPF_PROG_TEST_RUN). */
int lab_attach_xdp(const struct lab *lab, int program);

/* Sends a frame from the wire behind a port. 0 or -errno. */
int lab_send(const struct lab *lab, enum lab_port port, const void *frame, size_t length);

/*
 * The next frame that came out at a port's wire, with a tag from metadata put back into its place. Returns
 * its length, 0 when none comes within `patience_ms`, or -errno.
 */
ssize_t lab_receive(const struct lab *lab, enum lab_port port, void *frame, size_t size, int patience_ms);

/* Forgets what came out until now. */
void lab_drain(const struct lab *lab);

#endif
