// SPDX-License-Identifier: Apache-2.0
#include "net/xsk.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNKS_MIN 16u
#define ROUSE_MAX  8 /* times that sending wakes the kernel before it lets the rest wait */

/* A ring shared with the kernel: one side writes producer, the other consumer. */
struct ring {
	uint32_t *producer, *consumer, *flags;
	void *entries; /* struct xdp_desc (rx, tx) or addresses (fill, completion) */
	uint32_t size;
	void *memory;
	size_t length;
};

struct xsk {
	int fd;
	uint8_t *umem;
	uint32_t chunks;
	struct ring fill, completion, rx, tx;
	uint64_t *free_chunks; /* for sending */
	uint32_t free_count;
	uint64_t received, sent, tx_full;
};

/* ---- rings ---- */

static uint32_t load(const uint32_t *index)
{
	return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *index, uint32_t value)
{
	__atomic_store_n(index, value, __ATOMIC_RELEASE);
}

static uint64_t *ring_address(const struct ring *ring, uint32_t index)
{
	return (uint64_t *)ring->entries + (index & (ring->size - 1));
}

static struct xdp_desc *ring_desc(const struct ring *ring, uint32_t index)
{
	return (struct xdp_desc *)ring->entries + (index & (ring->size - 1));
}

static int ring_map(struct ring *ring, int fd, const struct xdp_ring_offset *offset, uint64_t page,
		    size_t entry_size)
{
	ring->length = offset->desc + ring->size * entry_size;
	ring->memory =
		mmap(NULL, ring->length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, (off_t)page);
	if (ring->memory == MAP_FAILED) {
		ring->memory = NULL;
		return -errno;
	}
	ring->producer = (void *)((char *)ring->memory + offset->producer);
	ring->consumer = (void *)((char *)ring->memory + offset->consumer);
	ring->flags = (void *)((char *)ring->memory + offset->flags);
	ring->entries = (char *)ring->memory + offset->desc;
	return 0;
}

static void ring_unmap(struct ring *ring)
{
	if (ring->memory)
		munmap(ring->memory, ring->length);
}

static int ring_size(struct xsk *xsk, int option, struct ring *ring, uint32_t size)
{
	ring->size = size;
	return setsockopt(xsk->fd, SOL_XDP, option, &size, sizeof(size)) ? -errno : 0;
}

static int rings_open(struct xsk *xsk)
{
	struct xdp_mmap_offsets offsets;
	socklen_t length = sizeof(offsets);
	uint32_t half = xsk->chunks / 2;
	int err = ring_size(xsk, XDP_UMEM_FILL_RING, &xsk->fill, half);

	if (!err)
		err = ring_size(xsk, XDP_UMEM_COMPLETION_RING, &xsk->completion, half);
	if (!err)
		err = ring_size(xsk, XDP_RX_RING, &xsk->rx, half);
	if (!err)
		err = ring_size(xsk, XDP_TX_RING, &xsk->tx, half);
	if (!err && getsockopt(xsk->fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &length))
		err = -errno;
	if (!err)
		err = ring_map(&xsk->fill, xsk->fd, &offsets.fr, XDP_UMEM_PGOFF_FILL_RING, sizeof(uint64_t));
	if (!err)
		err = ring_map(&xsk->completion, xsk->fd, &offsets.cr, XDP_UMEM_PGOFF_COMPLETION_RING,
			       sizeof(uint64_t));
	if (!err)
		err = ring_map(&xsk->rx, xsk->fd, &offsets.rx, XDP_PGOFF_RX_RING, sizeof(struct xdp_desc));
	if (!err)
		err = ring_map(&xsk->tx, xsk->fd, &offsets.tx, XDP_PGOFF_TX_RING, sizeof(struct xdp_desc));
	return err;
}

/* ---- memory ---- */

static int umem_register(struct xsk *xsk)
{
	struct xdp_umem_reg umem = {.addr = (uintptr_t)xsk->umem,
				    .len = (uint64_t)xsk->chunks * XSK_CHUNK,
				    .chunk_size = XSK_CHUNK};

	return setsockopt(xsk->fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)) ? -errno : 0;
}

/* As many chunks as the limit of locked memory lets us have: it is not ours to raise. */
static int umem_open(struct xsk *xsk, uint32_t chunks)
{
	int err;

	xsk->umem = mmap(NULL, (size_t)chunks * XSK_CHUNK, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (xsk->umem == MAP_FAILED) {
		xsk->umem = NULL;
		return -errno;
	}
	xsk->chunks = chunks;
	err = umem_register(xsk);
	while (err == -ENOBUFS && xsk->chunks > CHUNKS_MIN) {
		munmap(xsk->umem + (size_t)xsk->chunks / 2 * XSK_CHUNK, (size_t)xsk->chunks / 2 * XSK_CHUNK);
		xsk->chunks /= 2;
		err = umem_register(xsk);
	}
	return err;
}

/* The first half of the chunks is for what comes in, the other for what goes out. */
static int chunks_share_out(struct xsk *xsk)
{
	uint32_t half = xsk->chunks / 2;

	xsk->free_chunks = calloc(half, sizeof(*xsk->free_chunks));
	if (!xsk->free_chunks)
		return -ENOMEM;
	for (uint32_t i = 0; i < half; i++) {
		*ring_address(&xsk->fill, i) = (uint64_t)i * XSK_CHUNK;
		xsk->free_chunks[i] = (uint64_t)(half + i) * XSK_CHUNK;
	}
	xsk->free_count = half;
	store(xsk->fill.producer, half);
	return 0;
}

/* ---- opening ---- */

static int xsk_bind(struct xsk *xsk, uint32_t ifindex, uint32_t queue)
{
	struct sockaddr_xdp address = {.sxdp_family = AF_XDP,
				       .sxdp_flags = XDP_USE_NEED_WAKEUP,
				       .sxdp_ifindex = ifindex,
				       .sxdp_queue_id = queue};

	return bind(xsk->fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
}

int xsk_open(struct xsk **ret_xsk, uint32_t ifindex, uint32_t queue, uint32_t chunks)
{
	struct xsk *xsk = calloc(1, sizeof(*xsk));
	int err = 0;

	if (!xsk)
		return -ENOMEM;
	xsk->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (xsk->fd < 0)
		err = -errno;
	if (!err)
		err = umem_open(xsk, chunks);
	if (!err)
		err = rings_open(xsk);
	if (!err)
		err = chunks_share_out(xsk);
	if (!err)
		err = xsk_bind(xsk, ifindex, queue);
	if (err) {
		xsk_close(xsk);
		return err;
	}
	*ret_xsk = xsk;
	return 0;
}

void xsk_close(struct xsk *xsk)
{
	if (!xsk)
		return;
	ring_unmap(&xsk->fill);
	ring_unmap(&xsk->completion);
	ring_unmap(&xsk->rx);
	ring_unmap(&xsk->tx);
	if (xsk->fd >= 0)
		close(xsk->fd);
	if (xsk->umem)
		munmap(xsk->umem, (size_t)xsk->chunks * XSK_CHUNK);
	free(xsk->free_chunks);
	free(xsk);
}

int xsk_fd(const struct xsk *xsk)
{
	return xsk->fd;
}

/* ---- receiving ---- */

/* The kernel fills from where the chunk begins, whatever offset an address has: what is given back is that.
 */
static void give_back(struct xsk *xsk, uint64_t address)
{
	uint32_t at = *xsk->fill.producer;

	*ring_address(&xsk->fill, at) = address & ~(uint64_t)(XSK_CHUNK - 1);
	store(xsk->fill.producer, at + 1);
}

uint32_t xsk_receive(struct xsk *xsk, uint32_t budget,
		     void (*on_frame)(void *user, uint8_t *bytes, uint32_t length), void *user)
{
	uint32_t at = *xsk->rx.consumer, end = load(xsk->rx.producer), count = 0;

	for (; at != end && count < budget; count++) {
		const struct xdp_desc desc = *ring_desc(&xsk->rx, at);

		on_frame(user, xsk->umem + desc.addr, desc.len);
		give_back(xsk, desc.addr);
		store(xsk->rx.consumer, ++at);
	}
	xsk->received += count;
	if (count && load(xsk->fill.flags) & XDP_RING_NEED_WAKEUP)
		recvfrom(xsk->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
	return count;
}

/* ---- sending ---- */

static void take_completed(struct xsk *xsk)
{
	uint32_t at = *xsk->completion.consumer, end = load(xsk->completion.producer);

	for (; at != end; at++)
		xsk->free_chunks[xsk->free_count++] = *ring_address(&xsk->completion, at);
	store(xsk->completion.consumer, at);
}

bool xsk_is_pending(const struct xsk *xsk)
{
	return load(xsk->tx.consumer) != *xsk->tx.producer;
}

/* In copy mode one call sends some of the frames and says EAGAIN where there are more. */
void xsk_flush(struct xsk *xsk)
{
	for (int i = 0; i < ROUSE_MAX && xsk_is_pending(xsk); i++) {
		if (!(load(xsk->tx.flags) & XDP_RING_NEED_WAKEUP))
			break;
		if (sendto(xsk->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN)
			break;
	}
	take_completed(xsk);
}

int xsk_send(struct xsk *xsk, const void *head, size_t head_length, const void *bytes, size_t length)
{
	uint32_t at = *xsk->tx.producer;
	uint64_t chunk;

	if (head_length + length > XSK_CHUNK)
		return -EMSGSIZE;
	take_completed(xsk);
	if (!xsk->free_count) {
		xsk_flush(xsk);
		if (!xsk->free_count) {
			xsk->tx_full++;
			return -ENOBUFS;
		}
	}
	chunk = xsk->free_chunks[--xsk->free_count];
	memcpy(xsk->umem + chunk, head, head_length);
	memcpy(xsk->umem + chunk + head_length, bytes, length);
	*ring_desc(&xsk->tx, at) = (struct xdp_desc){.addr = chunk, .len = (uint32_t)(head_length + length)};
	store(xsk->tx.producer, at + 1);
	xsk->sent++;
	xsk_flush(xsk);
	return 0;
}

/* ---- statistics ---- */

void xsk_statistics(const struct xsk *xsk, struct xsk_statistics *ret_statistics)
{
	struct xdp_statistics kernel = {0};
	socklen_t length = sizeof(kernel);

	*ret_statistics = (struct xsk_statistics){
		.received = xsk->received, .sent = xsk->sent, .tx_full = xsk->tx_full};
	if (getsockopt(xsk->fd, SOL_XDP, XDP_STATISTICS, &kernel, &length))
		return;
	ret_statistics->rx_full = kernel.rx_ring_full + kernel.rx_fill_ring_empty_descs;
	ret_statistics->rx_invalid = kernel.rx_dropped;
}
