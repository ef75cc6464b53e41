/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xsk: one AF_XDP socket on one queue of a device, for few frames: the punt path's. Its UMEM is bounded; half
 * of its chunks wait for frames that come in, half carry frames that go out. Nothing here waits or spins: a
 * ring that is full is a number in the statistics, and the kernel is woken only when it asks for it
 * (XDP_USE_NEED_WAKEUP). Copy or zero-copy mode is the kernel's choice. By socket calls, not by libxdp:
 * docs/decisions/025.
 */
#ifndef XBR_NET_XSK_H
#define XBR_NET_XSK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XSK_CHUNK 4096u /* octets of UMEM that a frame lies in, the kernel's headroom included */

struct xsk;

/* Counts of the socket's life. */
struct xsk_statistics {
	uint64_t received;
	uint64_t sent;
	uint64_t rx_full;    /* frames dropped: we did not read fast enough (ring full, or no chunk free) */
	uint64_t rx_invalid; /* frames dropped for another cause, such as their size */
	uint64_t tx_full;    /* frames not sent: the kernel did not take them fast enough */
};

/*
 * Opens and binds. chunks: of the UMEM, a power of two; where the limit of locked memory is lower, as many as
 * it allows (at least 16, else -ENOBUFS). -EBUSY: the kernel still takes a former socket apart; try again
 * later.
 */
int xsk_open(struct xsk **ret_xsk, uint32_t ifindex, uint32_t queue, uint32_t chunks);

/* xsk_close(NULL) does nothing. */
void xsk_close(struct xsk *xsk);

/* For the event loop: readable when frames came in. */
int xsk_fd(const struct xsk *xsk);

/* Calls on_frame for at most `budget` frames; returns how many. bytes are good, and may be written to, during
 * the call. */
uint32_t xsk_receive(struct xsk *xsk, uint32_t budget,
		     void (*on_frame)(void *user, uint8_t *bytes, uint32_t length), void *user);

/* One frame in two parts, behind each other. 0, -EMSGSIZE, or -ENOBUFS: counted as tx_full. */
int xsk_send(struct xsk *xsk, const void *head, size_t head_length, const void *bytes, size_t length);

/* True: frames wait for the kernel, and it is to be woken again in a moment: xsk_flush(). */
bool xsk_is_pending(const struct xsk *xsk);
void xsk_flush(struct xsk *xsk);

void xsk_statistics(const struct xsk *xsk, struct xsk_statistics *ret_statistics);

#endif
