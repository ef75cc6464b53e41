// SPDX-License-Identifier: Apache-2.0
#include "control/shape.h"

#include <errno.h>
#include <string.h>

#include "control/rate.h"

/* In the order in which they are written. */
static const struct rate_word {
	const char *word;
	uint32_t given;
	size_t offset;
} rate_words[] = {
	{"min", PORT_GIVEN_SHAPE_MIN, offsetof(struct shape_settings, least)},
	{"max", PORT_GIVEN_SHAPE_MAX, offsetof(struct shape_settings, most)},
	{"device", PORT_GIVEN_SHAPE_DEVICE, offsetof(struct shape_settings, device)},
};
#define RATE_WORDS (sizeof(rate_words) / sizeof(rate_words[0]))

static uint64_t *place_in(struct shape_settings *shape, const struct rate_word *w)
{
	return (uint64_t *)((char *)shape + w->offset);
}

static uint64_t rate_in(const struct shape_settings *shape, const struct rate_word *w)
{
	return *(const uint64_t *)((const char *)shape + w->offset);
}

static int parse(const char *word, const char *text, uint64_t *ret_rate, struct xbr_error *error)
{
	bool packets = false;
	int err;

	*ret_rate = 0;
	if (!strcmp(text, "off"))
		return 0;
	err = rate_parse(word, text, ret_rate, &packets, error);
	if (err)
		return err;
	if (packets || *ret_rate < SHAPE_MIN || *ret_rate > SHAPE_MAX)
		return xbr_refuse(error, -EINVAL, "shape %s takes 8kbit to 1tbit, or off, not \"%.40s\"",
				  word, text);
	return 0;
}

int link_shape_patch(const json_t *shape, struct port_patch *patch, struct xbr_error *error)
{
	const char *word;
	json_t *rate;

	json_object_foreach ((json_t *)(uintptr_t)shape, word, rate) {
		size_t i = 0;
		int err;

		while (i < RATE_WORDS && strcmp(rate_words[i].word, word) != 0)
			i++;
		if (i == RATE_WORDS || !json_is_string(rate))
			return xbr_refuse(error, -EINVAL,
					  "shape takes min, max or device, and a rate, or off");
		err = parse(word, json_string_value(rate), place_in(&patch->to.shape, &rate_words[i]), error);
		if (err)
			return err;
		patch->given |= rate_words[i].given;
	}
	return 0;
}

void show_link_shape(json_t *object, const struct model *model, const struct port *port)
{
	const struct port *device = port->trunk ? port->trunk : port;
	json_t *shape = json_object();
	char text[RATE_TEXT];

	for (size_t i = 0; i < RATE_WORDS; i++) {
		uint64_t rate = rate_in(&port->settings.shape, &rate_words[i]);

		if (!rate)
			continue;
		rate_print(rate, false, text);
		json_object_set_new(shape, rate_words[i].word, json_string(text));
	}
	if (json_object_size(shape))
		json_object_set_new(
			shape, "by",
			json_string(port_memory(model, device)->shaped_by_us ? "htb" : "nothing"));
	json_object_set_new(object, "shape", shape);
}

void line_add_shape(struct line *line, const struct shape_settings *shape)
{
	char text[RATE_TEXT];

	for (size_t i = 0; i < RATE_WORDS; i++) {
		if (!rate_in(shape, &rate_words[i]))
			continue;
		rate_print(rate_in(shape, &rate_words[i]), false, text);
		line_add(line, " shape %s %s", rate_words[i].word, text);
	}
}
