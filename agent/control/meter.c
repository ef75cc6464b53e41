// SPDX-License-Identifier: Apache-2.0
#include "control/meter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "control/params.h"
#include "control/rate.h"
#include "model/acl.h"
#include "model/want_meter.h"

static const char *const way_words[] = {[XBR_WAY_IN] = "in", [XBR_WAY_OUT] = "out", NULL};

/* ---- add and set ---- */

enum meter_given {
	GIVEN_RATE = 1 << 0,
	GIVEN_BURST = 1 << 1,
	GIVEN_CIR = 1 << 2,
	GIVEN_CBS = 1 << 3,
	GIVEN_EBS = 1 << 4,
	GIVEN_PIR = 1 << 5,
	GIVEN_PBS = 1 << 6,
	GIVEN_AWARE = 1 << 7,
	GIVEN_BLIND = 1 << 8,
	GIVEN_PARENT = 1 << 9,
	GIVEN_EXCEED = 1 << 10,
	GIVEN_VIOLATE = 1 << 11,
	GIVEN_OVERHEAD = 1 << 12,
};
#define GIVEN_ONE_BUCKET (GIVEN_RATE | GIVEN_BURST)
#define GIVEN_SR_TCM     (GIVEN_CIR | GIVEN_CBS | GIVEN_EBS)
#define GIVEN_TR_TCM     (GIVEN_CIR | GIVEN_CBS | GIVEN_PIR | GIVEN_PBS)
#define GIVEN_BUCKETS    (GIVEN_ONE_BUCKET | GIVEN_SR_TCM | GIVEN_TR_TCM)

struct meter_request {
	const char *name, *rate, *burst, *cir, *cbs, *ebs, *pir, *pbs, *parent, *exceed, *violate;
	bool aware, blind;
	uint32_t overhead;
};

#define METER_FIELD(member) .offset = offsetof(struct meter_request, member)
#define METER_TEXT(word, bit)                                                                                \
	{                                                                                                    \
		.name = #word, .type = PARAM_STRING, .min = 1, .given = (bit), METER_FIELD(word)             \
	}
#define METER_NAME                                                                                           \
	{                                                                                                    \
		.name = "name", .type = PARAM_STRING, .required = true, .min = 1, METER_FIELD(name)          \
	}
static const struct param meter_params[] = {
	METER_NAME,
	METER_TEXT(rate, GIVEN_RATE),
	METER_TEXT(burst, GIVEN_BURST),
	METER_TEXT(cir, GIVEN_CIR),
	METER_TEXT(cbs, GIVEN_CBS),
	METER_TEXT(ebs, GIVEN_EBS),
	METER_TEXT(pir, GIVEN_PIR),
	METER_TEXT(pbs, GIVEN_PBS),
	METER_TEXT(parent, GIVEN_PARENT),
	METER_TEXT(exceed, GIVEN_EXCEED),
	METER_TEXT(violate, GIVEN_VIOLATE),
	{.name = "color_aware", .type = PARAM_BOOL, .given = GIVEN_AWARE, METER_FIELD(aware)},
	{.name = "color_blind", .type = PARAM_BOOL, .given = GIVEN_BLIND, METER_FIELD(blind)},
	{.name = "overhead",
	 .type = PARAM_U32,
	 .max = METER_OVERHEAD_MAX,
	 .given = GIVEN_OVERHEAD,
	 METER_FIELD(overhead)},
	{0},
};
static const struct param meter_name_params[] = {METER_NAME, {0}};

/* What may come at once unless it is said: a tenth of a second, and ten frames at the least. */
static uint32_t usual_size(uint64_t rate, bool packets)
{
	uint64_t size = packets ? rate / 10 : rate / 80, least = packets ? 10 : 10 * METER_FRAME;

	size = size > least ? size : least;
	return size < METER_SIZE_MAX ? (uint32_t)size : METER_SIZE_MAX;
}

static int read_size(const char *word, const char *text, uint64_t rate, bool packets, uint32_t *ret_size,
		     struct xbr_error *error)
{
	uint64_t size;
	int err;

	if (!text) {
		*ret_size = usual_size(rate, packets);
		return 0;
	}
	err = size_parse(word, text, &size, error);
	if (!err && size > METER_SIZE_MAX)
		err = xbr_refuse(error, -ERANGE, "%s %.40s is out of range: 0 to %u", word, text,
				 METER_SIZE_MAX);
	if (!err)
		*ret_size = (uint32_t)size;
	return err;
}

/* A rate and its bucket, the i-th. The first says what is counted. */
static int read_bucket(struct meter_settings *settings, int i, const char *rate_word, const char *rate,
		       const char *size_word, const char *size, struct xbr_error *error)
{
	bool packets = false;
	int err = rate_parse(rate_word, rate, &settings->rate[i], &packets, error);

	if (!err && i && packets != !!(settings->flags & XBR_METER_PACKETS))
		err = xbr_refuse(error, -EINVAL,
				 "%s and the other rate do not count the same: bits, or packets", rate_word);
	if (err)
		return err;
	if (packets)
		settings->flags |= XBR_METER_PACKETS;
	return read_size(size_word, size, settings->rate[i], packets, &settings->size[i], error);
}

static int read_three_colours(const struct meter_request *request, uint64_t given,
			      struct meter_settings *settings, struct xbr_error *error)
{
	bool two_rates = given & (GIVEN_PIR | GIVEN_PBS);
	int err;

	if (given & GIVEN_ONE_BUCKET)
		return xbr_refuse(error, -EINVAL,
				  "rate and burst are of a meter with one bucket: give them, or cir with cbs "
				  "and ebs, or "
				  "cir with pir");
	if (!(given & GIVEN_CIR) || (two_rates && (given & GIVEN_EBS || !(given & GIVEN_PIR))) ||
	    (!two_rates && !(given & GIVEN_EBS)))
		return xbr_refuse(
			error, -EINVAL,
			"three colours take cir and ebs (RFC 2697), or cir and pir (RFC 2698); cbs and pbs "
			"if they are to be other than usual");
	settings->flags |= two_rates ? XBR_METER_TR_TCM : XBR_METER_SR_TCM;
	err = read_bucket(settings, 0, "cir", request->cir, "cbs", request->cbs, error);
	if (!err && two_rates)
		return read_bucket(settings, 1, "pir", request->pir, "pbs", request->pbs, error);
	return err ? err
		   : read_size("ebs", request->ebs, settings->rate[0], settings->flags & XBR_METER_PACKETS,
			       &settings->size[1], error);
}

static int read_buckets(const struct meter_request *request, uint64_t given, struct meter_settings *settings,
			struct xbr_error *error)
{
	memset(settings->rate, 0, sizeof(settings->rate));
	memset(settings->size, 0, sizeof(settings->size));
	settings->flags &= XBR_METER_AWARE;
	if (given & (GIVEN_SR_TCM | GIVEN_TR_TCM))
		return read_three_colours(request, given, settings, error);
	if (!(given & GIVEN_RATE))
		return xbr_refuse(error, -EINVAL, "burst needs rate, too");
	return read_bucket(settings, 0, "rate", request->rate, "burst", request->burst, error);
}

static int read_action(const char *word, const char *text, uint8_t *ret_action, struct xbr_error *error)
{
	*ret_action = XBR_METER_PASS;
	if (!strcmp(text, "pass"))
		return 0;
	*ret_action = XBR_METER_DROP;
	if (!strcmp(text, "drop"))
		return 0;
	return xbr_refuse(error, -EINVAL, "%.40s is nothing to do: %s takes drop or pass", text, word);
}

/* exceed is what is more than the first bucket has, violate what is more than both. */
static int read_actions(const struct meter_request *request, uint64_t given, struct meter_settings *settings,
			struct xbr_error *error)
{
	bool three = settings->flags & (XBR_METER_SR_TCM | XBR_METER_TR_TCM);
	int err = 0;

	if (given & GIVEN_VIOLATE && !three)
		return xbr_refuse(error, -EINVAL,
				  "violate is of three colours: a meter with one bucket has exceed");
	if (given & GIVEN_EXCEED)
		err = read_action("exceed", request->exceed, &settings->action[three ? XBR_YELLOW : XBR_RED],
				  error);
	if (!err && given & GIVEN_VIOLATE)
		err = read_action("violate", request->violate, &settings->action[XBR_RED], error);
	return err;
}

static int read_settings(const struct meter_request *request, uint64_t given, struct meter_settings *settings,
			 struct xbr_error *error)
{
	int err = 0;

	if (request->aware && request->blind)
		return xbr_refuse(error, -EINVAL, "a meter is color-aware or color-blind, not both");
	if (given & GIVEN_BUCKETS)
		err = read_buckets(request, given, settings, error);
	if (!err)
		err = read_actions(request, given, settings, error);
	if (request->aware)
		settings->flags |= XBR_METER_AWARE;
	if (request->blind)
		settings->flags &= (uint16_t)~XBR_METER_AWARE;
	if (given & GIVEN_OVERHEAD)
		settings->overhead = (uint8_t)request->overhead;
	return err;
}

int command_meter_add(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct meter_settings settings = meter_settings_default;
	struct meter_request request = {0};
	uint64_t given = 0;
	int err = params_read(params, meter_params, &request, &given, error);

	if (!err && !(given & GIVEN_BUCKETS))
		err = xbr_refuse(error, -EINVAL, "meter %s needs a rate", request.name);
	if (!err)
		err = read_settings(&request, given, &settings, error);
	return err ? err : want_meter_add(want, request.name, &settings, request.parent, error);
}

int command_meter_set(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct meter_request request = {0};
	const struct want_meter *meter;
	struct meter_settings settings;
	uint64_t given = 0;
	int err = params_read(params, meter_params, &request, &given, error);

	if (err)
		return err;
	meter = want_meter_find(want, request.name);
	if (!meter)
		return xbr_refuse(error, -ENOENT, "there is no meter %.40s", request.name);
	settings = meter->settings;
	if (!(given & GIVEN_PARENT))
		request.parent = want_meter_name(want, settings.parent);
	if (request.parent && !strcmp(request.parent, "off"))
		request.parent = NULL;
	err = read_settings(&request, given, &settings, error);
	return err ? err : want_meter_set(want, request.name, &settings, request.parent, error);
}

int command_meter_del(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct meter_request request = {0};
	uint64_t given = 0;
	int err = params_read(params, meter_name_params, &request, &given, error);

	return err ? err : want_meter_del(want, request.name, error);
}

/* ---- bindings ---- */

struct bind_request {
	const char *name, *dev;
	uint32_t direction, class;
	bool by_class;
};
#define BIND_FIELD(member) .offset = offsetof(struct bind_request, member)
static const struct param bind_params[] = {
	{.name = "name", .type = PARAM_STRING, .required = true, .min = 1, BIND_FIELD(name)},
	{.name = "dev", .type = PARAM_STRING, .required = true, .min = 1, BIND_FIELD(dev)},
	{.name = "direction",
	 .type = PARAM_ENUM,
	 .required = true,
	 .words = way_words,
	 BIND_FIELD(direction)},
	{.name = "class", .type = PARAM_U32, .max = XBR_PRIORITIES - 1, .given = 1, BIND_FIELD(class)},
	{0},
};

static int set_place(struct want *want, const struct bind_request *request, uint16_t number,
		     struct xbr_error *error)
{
	struct port_patch patch = {0};

	if (request->by_class) {
		patch.class_given[request->direction] = (uint8_t)(1u << request->class);
		patch.to.qos.port.class_meter[request->direction][request->class] = number;
	} else {
		patch.police_given = (uint8_t)(1u << request->direction);
		patch.to.qos.port.meter[request->direction] = number;
	}
	return want_link_set(want, request->dev, &patch, error);
}

static int read_binding(const json_t *params, const struct want *want, struct bind_request *ret_request,
			uint16_t *ret_number, struct xbr_error *error)
{
	uint64_t given = 0;
	int err = params_read(params, bind_params, ret_request, &given, error);

	ret_request->by_class = given;
	if (!err)
		err = want_meter_number(want, ret_request->name, ret_number, error);
	if (!err && !*ret_number)
		err = xbr_refuse(error, -EINVAL, "off is no name of a meter");
	if (!err && !want_port_find(want, ret_request->dev))
		err = xbr_refuse(error, -ENODEV, "%s is not a port of any bridge of xbr", ret_request->dev);
	return err;
}

static uint16_t bound_at(const struct xbr_qos *qos, const struct bind_request *request)
{
	return request->by_class ? qos->class_meter[request->direction][request->class]
				 : qos->meter[request->direction];
}

int command_meter_bind(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct bind_request request = {0};
	uint16_t number;
	int err = read_binding(params, want, &request, &number, error);

	return err ? err : set_place(want, &request, number, error);
}

int command_meter_unbind(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct bind_request request = {0};
	uint16_t number;
	int err = read_binding(params, want, &request, &number, error);

	if (err)
		return err;
	if (bound_at(&want_port_find(want, request.dev)->settings.qos.port, &request) != number)
		return xbr_refuse(error, -ENOENT, "meter %s is not bound there", request.name);
	return set_place(want, &request, 0, error);
}

int link_police(const char *dev, const json_t *police, struct want *want, struct xbr_error *error)
{
	struct port_patch patch = {0};
	const char *way;
	json_t *name;
	int err = 0;

	json_object_foreach ((json_t *)(uintptr_t)police, way, name) {
		size_t i = 0;

		while (way_words[i] && strcmp(way_words[i], way))
			i++;
		if (!way_words[i] || !json_is_string(name))
			return xbr_refuse(error, -EINVAL,
					  "police takes in or out, and the name of a meter, or off");
		err = want_meter_number(want, json_string_value(name), &patch.to.qos.port.meter[i], error);
		if (err)
			return err;
		patch.police_given |= (uint8_t)(1u << i);
	}
	return patch.police_given ? want_link_set(want, dev, &patch, error) : 0;
}

/* ---- showing ---- */

static const char *const colour_words[XBR_COLOURS] = {"green", "yellow", "red"};

static void set_rate(json_t *object, const char *word, uint64_t rate, bool packets)
{
	char text[RATE_TEXT];

	rate_print(rate, packets, text);
	json_object_set_new(object, word, json_string(text));
}

static void show_buckets(json_t *object, const struct meter_settings *s)
{
	bool packets = s->flags & XBR_METER_PACKETS, three = s->flags & (XBR_METER_SR_TCM | XBR_METER_TR_TCM);

	set_rate(object, three ? "cir" : "rate", s->rate[0], packets);
	json_object_set_new(object, three ? "cbs" : "burst", json_integer(s->size[0]));
	if (s->flags & XBR_METER_SR_TCM)
		json_object_set_new(object, "ebs", json_integer(s->size[1]));
	if (!(s->flags & XBR_METER_TR_TCM))
		return;
	set_rate(object, "pir", s->rate[1], packets);
	json_object_set_new(object, "pbs", json_integer(s->size[1]));
}

static const char *action_word(uint8_t action)
{
	return action == XBR_METER_DROP ? "drop" : "pass";
}

static json_t *show_counts(struct model *model, uint32_t number)
{
	struct xbr_meter_counts counts = {};
	json_t *object = json_object();

	if (datapath_meter_read(model->dp, number, &counts))
		return object;
	for (int i = 0; i < XBR_COLOURS; i++)
		json_object_set_new(object, colour_words[i],
				    json_pack("{sI sI}", "packets", (json_int_t)counts.packets[i], "bytes",
					      (json_int_t)counts.octets[i]));
	json_object_set_new(object, "dropped", json_integer((json_int_t)counts.packets[XBR_DROPPED]));
	return object;
}

#define NO_CLASS (-1)

/* Calls visit for each way in which a port, or a class of it, has a meter. */
static void each_place(const struct port *port,
		       void (*visit)(const struct port *port, int way, int class, uint16_t number,
				     void *user),
		       void *user)
{
	const struct xbr_qos *qos = &port->settings.qos.port;

	for (int way = 0; way < XBR_WAYS; way++) {
		if (qos->meter[way])
			visit(port, way, NO_CLASS, qos->meter[way], user);
		for (int class = 0; class < XBR_PRIORITIES; class ++)
			if (qos->class_meter[way][class])
				visit(port, way, class, qos->class_meter[way][class], user);
	}
}

struct place_walk {
	json_t *list;
	uint16_t number;
};

static void append_place(const struct port *port, int way, int class, uint16_t number, void *user)
{
	struct place_walk *walk = user;
	json_t *place;

	if (number != walk->number)
		return;
	place = json_pack("{ss ss}", "dev", port->name, "direction", way_words[way]);
	if (class != NO_CLASS)
		json_object_set_new(place, "class", json_integer(class));
	json_array_append_new(walk->list, place);
}

static void append_rule(const struct acl_list *list, uint32_t seq, void *user)
{
	json_array_append_new(user, json_pack("{ss sI}", "list", list->name, "seq", (json_int_t)seq));
}

static json_t *show_places(struct model *model, uint16_t number)
{
	struct place_walk walk = {json_array(), number};
	struct port *port, *next;

	port_foreach (model, port, next)
		each_place(port, append_place, &walk);
	acl_each_policing(model, number, append_rule, walk.list);
	return walk.list;
}

static json_t *show_meter(struct model *model, const struct meter *meter)
{
	const struct meter_settings *s = &meter->settings;
	const struct meter *parent = meter_of(model, s->parent);
	bool three = s->flags & (XBR_METER_SR_TCM | XBR_METER_TR_TCM);
	json_t *object = json_pack("{ss}", "name", meter->name);

	show_buckets(object, s);
	json_object_set_new(object, "color_aware", json_boolean(s->flags & XBR_METER_AWARE));
	json_object_set_new(object, "exceed",
			    json_string(action_word(s->action[three ? XBR_YELLOW : XBR_RED])));
	if (three)
		json_object_set_new(object, "violate", json_string(action_word(s->action[XBR_RED])));
	json_object_set_new(object, "overhead", json_integer(s->overhead));
	if (parent)
		json_object_set_new(object, "parent", json_string(parent->name));
	json_object_set_new(object, "bound", show_places(model, meter->number));
	json_object_set_new(object, "stats", show_counts(model, meter->number));
	return object;
}

int meter_show(struct model *model, const char *name, json_t **ret_list, struct xbr_error *error)
{
	const struct meter *meter = name ? meter_find(model, name) : NULL, *next;

	if (name && !meter)
		return xbr_refuse(error, -ENOENT, "there is no meter %.40s", name);
	*ret_list = json_array();
	if (meter)
		json_array_append_new(*ret_list, show_meter(model, meter));
	else
		HASH_ITER (hh, model->meters, meter, next)
			json_array_append_new(*ret_list, show_meter(model, meter));
	return 0;
}

void show_link_meters(json_t *object, const struct model *model, const struct port *port)
{
	json_t *police = json_object();

	for (int way = 0; way < XBR_WAYS; way++) {
		const struct meter *meter = meter_of(model, port->settings.qos.port.meter[way]);

		if (meter)
			json_object_set_new(police, way_words[way], json_string(meter->name));
	}
	json_object_set_new(object, "police", police);
}

/* ---- saving ---- */

static void save_buckets(struct line *line, const struct meter_settings *s)
{
	bool packets = s->flags & XBR_METER_PACKETS, three = s->flags & (XBR_METER_SR_TCM | XBR_METER_TR_TCM);
	char text[RATE_TEXT];

	rate_print(s->rate[0], packets, text);
	line_add(line, " %s %s %s %u", three ? "cir" : "rate", text, three ? "cbs" : "burst", s->size[0]);
	if (s->flags & XBR_METER_SR_TCM)
		line_add(line, " ebs %u", s->size[1]);
	if (!(s->flags & XBR_METER_TR_TCM))
		return;
	rate_print(s->rate[1], packets, text);
	line_add(line, " pir %s pbs %u", text, s->size[1]);
}

static void save_meter(json_t *lines, const struct model *model, const struct meter *meter)
{
	const struct meter_settings *s = &meter->settings, *d = &meter_settings_default;
	const struct meter *parent = meter_of(model, s->parent);
	bool three = s->flags & (XBR_METER_SR_TCM | XBR_METER_TR_TCM);
	int first = three ? XBR_YELLOW : XBR_RED;
	struct line line = {0};

	line_add(&line, "meter add %s", meter->name);
	save_buckets(&line, s);
	if (s->flags & XBR_METER_AWARE)
		line_add(&line, " color-aware");
	if (s->overhead)
		line_add(&line, " overhead %u", s->overhead);
	if (s->action[first] != d->action[first])
		line_add(&line, " exceed %s", action_word(s->action[first]));
	if (three && s->action[XBR_RED] != d->action[XBR_RED])
		line_add(&line, " violate %s", action_word(s->action[XBR_RED]));
	if (parent)
		line_add(&line, " parent %s", parent->name);
	line_append(&line, lines);
}

static bool is_on_level(const struct model *model, const struct meter *meter, int level)
{
	while (meter && level--)
		meter = meter_of(model, meter->settings.parent);
	return meter && !meter->settings.parent;
}

json_t *save_meters_of_level(struct model *model, int level)
{
	json_t *part = json_array();
	const struct meter *meter, *next;

	HASH_ITER (hh, model->meters, meter, next)
		if (is_on_level(model, meter, level))
			save_meter(part, model, meter);
	return part;
}

struct save_walk {
	const struct model *model;
	json_t *lines;
};

static void save_place(const struct port *port, int way, int class, uint16_t number, void *user)
{
	struct save_walk *walk = user;
	const struct meter *meter = meter_of(walk->model, number);
	struct line line = {0};

	if (!meter)
		return;
	line_add(&line, "meter bind %s", meter->name);
	line_add_name(&line, "dev", port->name);
	if (class != NO_CLASS)
		line_add(&line, " class %d", class);
	line_add(&line, " %s", way_words[way]);
	line_append(&line, walk->lines);
}

json_t *save_meter_bindings(struct model *model)
{
	struct save_walk walk = {model, json_array()};
	struct port *port, *next;

	port_foreach (model, port, next)
		if (port->origin == XBR_ORIGIN_USER)
			each_place(port, save_place, &walk);
	return walk.lines;
}
