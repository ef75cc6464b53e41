// SPDX-License-Identifier: Apache-2.0
#include "model/punt.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "datapath/features.h"
#include "model/model.h"
#include "model/punt_pair.h"

#define UMEM_CHUNKS    1024u
#define FRAMES_A_TURN  64u
#define FLUSH_AGAIN_MS 2u
#define RETRY_FIRST_MS 10u
#define RETRY_MOST_MS  2000u

#define NSEC_PER_SEC      1000000000ull
#define ETH_ADDRESSES_LEN 12u
#define TAG_LEN           4u
#define ETH_HEADER_OCTETS 14u

struct punt_consumer {
	struct model *model;
	const char *name; /* NULL: free */
	void (*on_frame)(void *user, const struct punt_frame *frame);
	void *user;
	unsigned int number;
};

struct punt {
	struct model *model;
	struct punt_consumer consumers[PUNT_CONSUMERS];
	int epoll_fd;
	int timer_fd;
	uint32_t retry_ms; /* 0: nothing to retry */
	bool needed;
	struct xsk *xsk; /* NULL: not open */
	struct punt_pair pair;
	uint64_t strays;
	uint64_t now_us;
	void (*tap)(void *user, const struct punt_frame *frame, enum punt_direction direction);
	void *tap_user;
};

/* ---- the socket ---- */

static void timer_set(struct punt *punt, uint32_t ms)
{
	struct itimerspec when = {.it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}};

	if (timerfd_settime(punt->timer_fd, 0, &when, NULL))
		model_log(punt->model, "punt: no timer: %s", strerror(errno));
}

static void socket_close(struct punt *punt)
{
	if (!punt->xsk)
		return;
	epoll_ctl(punt->epoll_fd, EPOLL_CTL_DEL, xsk_fd(punt->xsk), NULL);
	xsk_close(punt->xsk);
	punt->xsk = NULL;
}

static int socket_open(struct punt *punt)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = -1};
	int err = xsk_open(&punt->xsk, punt_pair_agent_end(&punt->pair), 0, UMEM_CHUNKS);

	if (err)
		return err;
	if (epoll_ctl(punt->epoll_fd, EPOLL_CTL_ADD, xsk_fd(punt->xsk), &event))
		err = -errno;
	if (!err)
		err = datapath_set_punt_socket(punt->model->dp, 0, xsk_fd(punt->xsk));
	if (err)
		socket_close(punt);
	return err;
}

/* The kernel takes a dead agent's socket apart in its own time (EBUSY until then): tried again, ever less
 * often. */
static void open_or_retry(struct punt *punt)
{
	int err = punt->xsk ? 0 : punt_pair_open(&punt->pair);

	if (!err && !punt->xsk)
		err = socket_open(punt);
	if (!err) {
		punt->retry_ms = 0;
		return;
	}
	if (!punt->retry_ms && err != -EBUSY)
		model_log(punt->model, "the punt path is not open: %s; trying again", strerror(-err));
	punt->retry_ms = punt->retry_ms ? punt->retry_ms * 2 : RETRY_FIRST_MS;
	if (punt->retry_ms > RETRY_MOST_MS)
		punt->retry_ms = RETRY_MOST_MS;
	timer_set(punt, punt->retry_ms);
}

static void punt_need(struct punt *punt)
{
	if (punt->needed)
		return;
	punt->needed = true;
	open_or_retry(punt);
}

/* ---- limits ---- */

void punt_limit_set(struct model *model, uint32_t reason, const struct punt_limit *limit)
{
	struct xbr_punt_limit *slot = &model->dp->punt_limits[reason];
	uint64_t interval = limit->rate ? NSEC_PER_SEC / limit->rate : 0;

	slot->rate = limit->rate;
	slot->burst = limit->burst;
	__atomic_store_n(&slot->burst_ns, interval * (limit->burst - 1), __ATOMIC_SEQ_CST);
	__atomic_store_n(&slot->interval_ns, interval, __ATOMIC_SEQ_CST);
}

struct punt_limit punt_limit_get(const struct model *model, uint32_t reason)
{
	const struct xbr_punt_limit *slot = &model->dp->punt_limits[reason];

	return (struct punt_limit){slot->rate, slot->burst};
}

static void limits_begin(struct model *model)
{
	if (model->dp->agent->punt_limited)
		return;
	for (uint32_t reason = 0; reason < XBR_PUNT_ROOM; reason++)
		punt_limit_set(model, reason, &punt_limit_default);
	model->dp->agent->punt_limited = 1;
}

/* ---- life ---- */

static int add_timer(struct punt *punt)
{
	struct epoll_event event = {.events = EPOLLIN};

	punt->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	event.data.fd = punt->timer_fd;
	if (punt->timer_fd < 0 || epoll_ctl(punt->epoll_fd, EPOLL_CTL_ADD, punt->timer_fd, &event))
		return -errno;
	return 0;
}

int punt_new(struct punt **ret_punt, struct model *model)
{
	struct punt *punt = calloc(1, sizeof(*punt));
	int err = 0;

	if (!punt)
		return -ENOMEM;
	punt->model = punt->pair.model = model;
	punt->timer_fd = -1;
	punt->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (punt->epoll_fd < 0)
		err = -errno;
	if (!err)
		err = add_timer(punt);
	if (err) {
		punt_free(punt);
		return err;
	}
	limits_begin(model);
	*ret_punt = punt;
	return 0;
}

void punt_free(struct punt *punt)
{
	if (!punt)
		return;
	if (punt->epoll_fd >= 0)
		socket_close(punt);
	if (punt->timer_fd >= 0)
		close(punt->timer_fd);
	if (punt->epoll_fd >= 0)
		close(punt->epoll_fd);
	free(punt);
}

void punt_remove(struct model *model)
{
	socket_close(model->punt);
	model->punt->needed = false;
	punt_pair_remove(&model->punt->pair);
}

bool punt_owns(const struct model *model, uint32_t ifindex)
{
	return punt_pair_owns(&model->punt->pair, ifindex);
}

void punt_on_link(struct model *model, const struct rtnl_link *link, bool deleted)
{
	struct punt *punt = model->punt;

	if (!punt->needed || !punt_owns(model, (uint32_t)link->ifindex))
		return;
	if (deleted) {
		model_log(model, "somebody took the punt pair away: making another");
		socket_close(punt);
		open_or_retry(punt);
	} else if (!(link->flags & IFF_UP)) {
		model_log(model, "somebody took %s down: taking it up again", link->name);
		rtnl_link_set_up(model->rtnl, link->ifindex, true);
	}
}

/* ---- consumers ---- */

struct punt_consumer *punt_register(struct model *model, const char *name,
				    void (*on_frame)(void *user, const struct punt_frame *frame), void *user)
{
	for (unsigned int i = 0; i < PUNT_CONSUMERS; i++) {
		struct punt_consumer *consumer = &model->punt->consumers[i];

		if (consumer->name)
			continue;
		*consumer = (struct punt_consumer){model, name, on_frame, user, i};
		return consumer;
	}
	return NULL;
}

void punt_unregister(struct punt_consumer *consumer)
{
	struct model *model = consumer->model;
	struct bridge *bridge, *next_bridge;
	struct port *port, *next;

	bridge_foreach (model, bridge, next_bridge)
		punt_ask(consumer, bridge, 0);
	port_foreach (model, port, next)
		punt_ask_port(consumer, port, 0);
	consumer->name = NULL;
}

static uint32_t all_asked(const uint32_t asked[PUNT_CONSUMERS])
{
	uint32_t all = 0;

	for (unsigned int i = 0; i < PUNT_CONSUMERS; i++)
		all |= asked[i];
	return all & ~XBR_PUNT_BIT(XBR_PUNT_pause);
}

uint32_t punt_asked_of_bridge(const struct bridge *bridge)
{
	return all_asked(bridge->punt_asked);
}

uint32_t punt_asked_of_port(const struct port *port)
{
	return all_asked(port->punt_asked);
}

/* Programs that punt, before the maps ask for it. */
static void asking_begins(struct model *model)
{
	struct xbr_error error;

	if (datapath_need(model->dp, XBR_FEATURE_punt, &error))
		model_log(model, "nothing will be punted: %s", error.message);
	punt_need(model->punt);
}

void punt_ask(struct punt_consumer *consumer, struct bridge *bridge, uint32_t reasons)
{
	struct model *model = consumer->model;

	if (bridge->punt_asked[consumer->number] == reasons)
		return;
	bridge->punt_asked[consumer->number] = reasons;
	if (reasons)
		asking_begins(model);
	__atomic_store_n(&model->dp->bridges[bridge->index].punt, punt_asked_of_bridge(bridge),
			 __ATOMIC_SEQ_CST);
}

void punt_ask_port(struct punt_consumer *consumer, struct port *port, uint32_t reasons)
{
	struct model *model = consumer->model;

	if (port->punt_asked[consumer->number] == reasons)
		return;
	port->punt_asked[consumer->number] = reasons;
	if (reasons)
		asking_begins(model);
	__atomic_store_n(&port_slot(model, port)->punt, punt_asked_of_port(port), __ATOMIC_SEQ_CST);
}

/* ---- from the ports ---- */

static uint64_t monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static bool consumer_asked(const struct punt_consumer *consumer, const struct port *port, uint32_t reason)
{
	uint32_t asked = port->punt_asked[consumer->number] | port->bridge->punt_asked[consumer->number];

	return consumer->name && consumer->on_frame && asked & XBR_PUNT_BIT(reason);
}

static void deliver(struct punt *punt, const struct punt_frame *frame)
{
	if (punt->tap)
		punt->tap(punt->tap_user, frame, PUNT_IN);
	for (unsigned int i = 0; i < PUNT_CONSUMERS; i++)
		if (consumer_asked(&punt->consumers[i], frame->port, frame->reason))
			punt->consumers[i].on_frame(punt->consumers[i].user, frame);
}

/* The tag goes where it was, into the room that the header took. Returns where the frame begins. */
static uint8_t *put_tag_back(uint8_t *frame, const struct xbr_punt *header)
{
	uint8_t *begin = frame - TAG_LEN;

	memmove(begin, frame, ETH_ADDRESSES_LEN);
	memcpy(begin + ETH_ADDRESSES_LEN, &header->vlan_tpid_be, 2);
	begin[ETH_ADDRESSES_LEN + 2] = (uint8_t)(header->vlan_tci >> 8);
	begin[ETH_ADDRESSES_LEN + 3] = (uint8_t)header->vlan_tci;
	return begin;
}

static uint16_t outer_vid(const uint8_t *bytes, uint32_t length)
{
	uint16_t type = (uint16_t)(bytes[12] << 8 | bytes[13]);

	if (length < ETH_HEADER_OCTETS + TAG_LEN || (type != 0x8100 && type != 0x88a8))
		return 0;
	return (uint16_t)((bytes[14] << 8 | bytes[15]) & 0xfff);
}

/* Whose is it? False: a stranger's, or of a port that is gone. */
static bool header_read(const struct punt *punt, const uint8_t *bytes, uint32_t length,
			struct xbr_punt *ret_header)
{
	if (length < sizeof(*ret_header) + ETH_HEADER_OCTETS)
		return false;
	memcpy(ret_header, bytes, sizeof(*ret_header));
	return ret_header->nonce == datapath_nonce(punt->model->dp) && ret_header->reason < XBR_PUNT_COUNT &&
	       ret_header->port < punt->model->dp->max_ports && punt->model->by_number[ret_header->port];
}

static void on_bytes(void *user, uint8_t *bytes, uint32_t length)
{
	struct punt *punt = user;
	struct punt_frame frame = {.time_us = punt->now_us};
	struct xbr_punt header;

	if (!header_read(punt, bytes, length, &header)) {
		punt->strays++;
		return;
	}
	frame.port = punt->model->by_number[header.port];
	frame.reason = header.reason;
	frame.length = length - (uint32_t)sizeof(header);
	frame.wire_length = header.length;
	frame.bytes = bytes + sizeof(header);
	if (header.vlan_tpid_be) {
		frame.bytes = put_tag_back(bytes + sizeof(header), &header);
		frame.length += TAG_LEN;
		frame.wire_length += TAG_LEN;
	}
	frame.vid = outer_vid(frame.bytes, frame.length);
	deliver(punt, &frame);
}

void punt_tap(struct model *model,
	      void (*on_frame)(void *user, const struct punt_frame *frame, enum punt_direction direction),
	      void *user)
{
	model->punt->tap = on_frame;
	model->punt->tap_user = user;
}

/* ---- to the ports ---- */

static void tap_sent(struct punt *punt, const struct port *port, const struct xbr_punt *header,
		     const void *bytes, uint32_t length)
{
	const struct punt_frame frame = {.port = punt->model->by_number[port->number],
					 .vid = outer_vid(bytes, length),
					 .reason = header->reason,
					 .time_us = monotonic_us(),
					 .bytes = bytes,
					 .length = length,
					 .wire_length = length};

	if (punt->tap)
		punt->tap(punt->tap_user, &frame, header->how == XBR_PUNT_OUT ? PUNT_OUT : PUNT_INJECTED);
}

static int transmit(struct model *model, const struct port *port, enum xbr_punt_reason reason,
		    enum xbr_punt_how how, const void *bytes, size_t length)
{
	struct xbr_punt header = {.nonce = datapath_nonce(model->dp),
				  .port = (uint16_t)port->number,
				  .length = (uint16_t)length,
				  .reason = (uint8_t)reason,
				  .how = (uint8_t)how};
	int err;

	if (!port->ifindex)
		return -ENODEV;
	if (length < ETH_HEADER_OCTETS || length > XBR_PUNT_FRAME_MAX)
		return -EMSGSIZE;
	punt_need(model->punt);
	if (!model->punt->xsk)
		return -ENOTCONN;
	err = xsk_send(model->punt->xsk, &header, sizeof(header), bytes, length);
	if (!err)
		tap_sent(model->punt, port, &header, bytes, (uint32_t)length);
	if (xsk_is_pending(model->punt->xsk))
		timer_set(model->punt, FLUSH_AGAIN_MS);
	return err;
}

int punt_send(struct model *model, const struct port *port, enum xbr_punt_reason reason, const void *bytes,
	      size_t length)
{
	return transmit(model, port, reason, XBR_PUNT_OUT, bytes, length);
}

int punt_inject(struct model *model, const struct port *port, enum xbr_punt_reason reason, const void *bytes,
		size_t length)
{
	return transmit(model, port, reason, XBR_PUNT_RECEIVED, bytes, length);
}

/* ---- the event loop ---- */

int punt_fd(const struct model *model)
{
	return model->punt->epoll_fd;
}

static void on_timer(struct punt *punt)
{
	uint64_t expirations;

	if (read(punt->timer_fd, &expirations, sizeof(expirations)) < 0)
		return;
	if (punt->needed && !punt->xsk)
		open_or_retry(punt);
	if (!punt->xsk)
		return;
	xsk_flush(punt->xsk);
	if (xsk_is_pending(punt->xsk))
		timer_set(punt, FLUSH_AGAIN_MS);
}

/* An error on the socket: its device went down for good. */
static void on_socket(struct punt *punt, uint32_t events)
{
	punt->now_us = monotonic_us();
	if (xsk_receive(punt->xsk, FRAMES_A_TURN, on_bytes, punt) || !(events & (EPOLLERR | EPOLLHUP)))
		return;
	socket_close(punt);
	open_or_retry(punt);
}

void punt_dispatch(struct model *model)
{
	struct punt *punt = model->punt;
	struct epoll_event events[2];
	int count = epoll_wait(punt->epoll_fd, events, 2, 0);

	for (int i = 0; i < count; i++) {
		if (events[i].data.fd == punt->timer_fd)
			on_timer(punt);
		else if (punt->xsk)
			on_socket(punt, events[i].events);
	}
}

/* ---- telling ---- */

void punt_status(const struct model *model, struct punt_status *ret_status)
{
	const struct punt *punt = model->punt;

	*ret_status = (struct punt_status){.is_open = punt->xsk, .strays = punt->strays};
	memcpy(ret_status->device, punt->pair.device, sizeof(ret_status->device));
	memcpy(ret_status->agent_device, punt->pair.agent_device, sizeof(ret_status->agent_device));
	if (punt->xsk)
		xsk_statistics(punt->xsk, &ret_status->socket);
}
