// SPDX-License-Identifier: Apache-2.0
#include "control/punt.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "control/params.h"

#define ALL_REASONS (XBR_PUNT_BIT(XBR_PUNT_COUNT) - 1)

/* ---- show ---- */

/* What was counted, by reason and port. */
struct counted {
	uint32_t port, reason;
	struct xbr_punt_counts counts;
};
struct counted_list {
	struct counted *items;
	size_t used, room;
};

static int counted_add(uint32_t port, uint32_t reason, const struct xbr_punt_counts *counts, void *user)
{
	struct counted_list *list = user;

	if (list->used == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		struct counted *items = realloc(list->items, room * sizeof(*items));

		if (!items)
			return -ENOMEM;
		list->items = items;
		list->room = room;
	}
	list->items[list->used++] = (struct counted){port, reason, *counts};
	return 0;
}

static int counted_order(const void *a, const void *b)
{
	const struct counted *x = a, *y = b;

	if (x->reason != y->reason)
		return x->reason < y->reason ? -1 : 1;
	return (x->port > y->port) - (x->port < y->port);
}

static json_t *counts_object(const char *ifname, const struct counted *c)
{
	return json_pack("{ss ss sI sI sI sI}", "ifname", ifname, "reason", punt_reason_words[c->reason],
			 "accepted", (json_int_t)c->counts.accepted, "policed", (json_int_t)c->counts.policed,
			 "lost", (json_int_t)c->counts.lost, "sent", (json_int_t)c->counts.sent);
}

/* Of one reason, by port. */
static json_t *show_counts(const struct model *model, const struct counted_list *list, uint32_t reason)
{
	json_t *ports = json_array();

	for (size_t i = 0; i < list->used; i++) {
		const struct counted *c = &list->items[i];
		const struct port *port = c->port < model->dp->max_ports ? model->by_number[c->port] : NULL;

		if (c->reason == reason && port)
			json_array_append_new(ports, counts_object(port->name, c));
	}
	return ports;
}

static json_t *sum_of(const json_t *list, const char *key)
{
	json_int_t sum = 0;
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		sum += json_integer_value(json_object_get(item, key));
	return json_integer(sum);
}

static json_t *show_reason(const struct model *model, const struct counted_list *list, uint32_t reason)
{
	static const char *const sentences[] = {
#define SENTENCE(name, number, sentence) [number] = (sentence),
		XBR_PUNT_REASONS(SENTENCE)
#undef SENTENCE
	};
	struct punt_limit limit = punt_limit_get(model, reason);
	json_t *ports = show_counts(model, list, reason);

	return json_pack("{ss ss sI sI so so so so so}", "reason", punt_reason_words[reason], "text",
			 sentences[reason], "rate", (json_int_t)limit.rate, "burst", (json_int_t)limit.burst,
			 "accepted", sum_of(ports, "accepted"), "policed", sum_of(ports, "policed"), "lost",
			 sum_of(ports, "lost"), "sent", sum_of(ports, "sent"), "ports", ports);
}

static json_t *show_reasons_of_punt(struct model *model)
{
	struct counted_list list = {0};
	json_t *reasons = datapath_punt_each(model->dp, counted_add, &list) ? NULL : json_array();

	if (list.used)
		qsort(list.items, list.used, sizeof(*list.items), counted_order);
	for (uint32_t reason = 0; reasons && reason < XBR_PUNT_COUNT; reason++)
		json_array_append_new(reasons, show_reason(model, &list, reason));
	free(list.items);
	return reasons;
}

static json_t *show_socket(const struct punt_status *status)
{
	const struct xsk_statistics *s = &status->socket;

	return json_pack("{sb ss ss sI sI sI sI sI sI}", "open", status->is_open, "device", status->device,
			 "agent_device", status->agent_device, "received", (json_int_t)s->received, "sent",
			 (json_int_t)s->sent, "rx_full", (json_int_t)s->rx_full, "rx_invalid",
			 (json_int_t)s->rx_invalid, "tx_full", (json_int_t)s->tx_full, "strays",
			 (json_int_t)status->strays);
}

void handle_punt_show(void *user, struct server_client *client, const json_t *params,
		      struct server_reply *reply)
{
	static const struct param none[] = {{0}};
	struct agent *agent = user;
	struct punt_status status;
	struct xbr_error error;
	uint64_t given = 0;

	(void)client;
	if (params_read(params, none, NULL, &given, &error)) {
		server_refuse(reply, &error);
		return;
	}
	punt_status(agent->model, &status);
	reply->result = json_pack("{so so}", "socket", show_socket(&status), "reasons",
				  show_reasons_of_punt(agent->model));
	if (reply->result)
		return;
	xbr_refuse(&error, -ENOMEM, "out of memory");
	server_refuse(reply, &error);
}

/* ---- send ---- */

struct send_request {
	const char *dev, *frame;
	bool received;
};
#define SEND_FIELD(member) .offset = offsetof(struct send_request, member)
static const struct param send_params[] = {
	{.name = "dev", .type = PARAM_STRING, .required = true, .min = 1, SEND_FIELD(dev)},
	{.name = "frame", .type = PARAM_STRING, .required = true, .min = 2, SEND_FIELD(frame)},
	{.name = "received", .type = PARAM_BOOL, SEND_FIELD(received)},
	{0},
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Pairs of digits. Returns how many octets, or -EINVAL. */
static int hex_to_bytes(const char *text, uint8_t *bytes, size_t size)
{
	size_t length = strlen(text) / 2;

	if (strlen(text) % 2 || length > size)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return (int)length;
}

/* What it counts as: by its address, as a received one would. */
static enum xbr_punt_reason reason_of(const uint8_t *bytes)
{
	static const uint8_t reserved[5] = {0x01, 0x80, 0xc2, 0x00, 0x00};

	return memcmp(bytes, reserved, sizeof(reserved)) || bytes[5] > 0xf ? XBR_PUNT_stp : bytes[5];
}

static int send_frame(struct model *model, const struct send_request *request, struct xbr_error *error)
{
	struct bridge *bridge = model_bridge(model, request->dev);
	struct port *port = bridge ? bridge->local : model_port(model, request->dev);
	uint8_t bytes[XBR_PUNT_FRAME_MAX];
	int length = hex_to_bytes(request->frame, bytes, sizeof(bytes)), err;

	if (!port)
		return xbr_refuse(error, -ENODEV, "%s is not a port of any bridge of xbr", request->dev);
	if (length < 14)
		return xbr_refuse(error, -EINVAL,
				  "frame must be pairs of hexadecimal digits, of 14 to %d octets",
				  XBR_PUNT_FRAME_MAX);
	err = request->received ? punt_inject(model, port, reason_of(bytes), bytes, (size_t)length)
				: punt_send(model, port, reason_of(bytes), bytes, (size_t)length);
	if (err)
		return xbr_refuse(error, err, "cannot send by the punt path: %s", strerror(-err));
	return 0;
}

void handle_punt_send(void *user, struct server_client *client, const json_t *params,
		      struct server_reply *reply)
{
	struct agent *agent = user;
	struct send_request request = {0};
	struct xbr_error error;
	uint64_t given = 0;

	(void)client;
	if (params_read(params, send_params, &request, &given, &error) ||
	    send_frame(agent->model, &request, &error))
		server_refuse(reply, &error);
}

/* ---- tap ---- */

static json_t *frame_as_hex(const struct punt_frame *frame)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * (XBR_PUNT_FRAME_MAX + 4)];
	size_t length = frame->length < sizeof(text) / 2 ? frame->length : sizeof(text) / 2;

	for (size_t i = 0; i < length; i++) {
		text[2 * i] = digits[frame->bytes[i] >> 4];
		text[2 * i + 1] = digits[frame->bytes[i] & 0xf];
	}
	return json_stringn(text, 2 * length);
}

static void on_tapped(void *user, const struct punt_frame *frame, enum punt_direction direction)
{
	static const char *const words[] = {
		[PUNT_IN] = "received", [PUNT_OUT] = "sent", [PUNT_INJECTED] = "injected"};
	struct agent *agent = user;
	json_t *event = json_pack("{ss ss ss sI ss sI sI so}", "object", "punt", "event", words[direction],
				  "ifname", frame->port->name, "port", (json_int_t)frame->port->number,
				  "reason", punt_reason_words[frame->reason], "vlan", (json_int_t)frame->vid,
				  "length", (json_int_t)frame->wire_length, "frame", frame_as_hex(frame));

	if (!event)
		return;
	server_notify(agent->server, TOPIC_PUNT, event);
	json_decref(event);
}

/* A frame that is relayed as the user said is left alone. */
static void ask_for_tap(struct agent *agent)
{
	struct port *port, *next;

	port_foreach (agent->model, port, next) {
		uint32_t relayed = port->settings.group_fwd_mask | port->bridge->settings.group_fwd_mask;

		punt_ask_port(agent->tap, port, ALL_REASONS & ~relayed);
	}
}

void punt_update_tap(struct agent *agent)
{
	bool on = server_has_subscribers(agent->server, TOPIC_PUNT);

	if (on && !agent->tap)
		agent->tap = punt_register(agent->model, "tap", NULL, NULL);
	if (!agent->tap)
		return;
	punt_tap(agent->model, on ? on_tapped : NULL, agent);
	if (on) {
		ask_for_tap(agent);
		return;
	}
	punt_unregister(agent->tap);
	agent->tap = NULL;
}

void handle_punt_tap(void *user, struct server_client *client, const json_t *params,
		     struct server_reply *reply)
{
	static const struct param none[] = {{0}};
	struct agent *agent = user;
	struct xbr_error error;
	uint64_t given = 0;

	if (params_read(params, none, NULL, &given, &error)) {
		server_refuse(reply, &error);
		return;
	}
	server_client_subscribe(client, TOPIC_PUNT);
	punt_update_tap(agent);
	if (!agent->tap) {
		xbr_refuse(&error, -EBUSY, "no protocol more can listen to the punt path");
		server_refuse(reply, &error);
	}
}
