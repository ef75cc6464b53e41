// SPDX-License-Identifier: Apache-2.0
#include "control/qos.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const trust_words[] = {[XBR_TRUST_OFF] = "off",
				   [XBR_TRUST_NONE] = "none",
				   [XBR_TRUST_PCP] = "pcp",
				   [XBR_TRUST_DSCP] = "dscp",
				   NULL};

#define QUEUE_MAX 253 /* entries are octets, more by one */

/* ---- maps ---- */

/* A map with an octet for each entry, more by one than its value; 0: none. */
struct map_kind {
	const char *key;  /* in JSON */
	const char *word; /* as it is typed */
	uint32_t given;   /* enum port_given */
	uint32_t keys, values;
	size_t offset; /* in struct qos_settings */
};

static const struct map_kind map_kinds[] = {
	{"pcp_prio", "pcp-prio", PORT_GIVEN_PCP_PRIO, 8, 8, offsetof(struct qos_settings, maps.pcp_prio)},
	{"dscp_prio", "dscp-prio", PORT_GIVEN_DSCP_PRIO, XBR_DSCPS, 8,
	 offsetof(struct qos_settings, maps.dscp_prio)},
	{"prio_pcp", "prio-pcp", PORT_GIVEN_PRIO_PCP, 8, 8, offsetof(struct qos_settings, maps.prio_pcp)},
	{"prio_dscp", "prio-dscp", PORT_GIVEN_PRIO_DSCP, 8, XBR_DSCPS,
	 offsetof(struct qos_settings, maps.prio_dscp)},
	{"prio_queue", "prio-queue", PORT_GIVEN_PRIO_QUEUE, 8, QUEUE_MAX + 1,
	 offsetof(struct qos_settings, maps.prio_queue)},
};
#define MAP_COUNT (sizeof(map_kinds) / sizeof(map_kinds[0]))

static void map_put(struct qos_settings *qos, const struct map_kind *kind, uint32_t key, uint32_t entry)
{
	((uint8_t *)qos + kind->offset)[key] = (uint8_t)entry;
}

static uint32_t map_get(const struct qos_settings *qos, const struct map_kind *kind, uint32_t key)
{
	return ((const uint8_t *)qos + kind->offset)[key];
}

/* One number below `below`, and what stands behind it. */
static bool take_number(const char **text, uint32_t below, char behind, uint32_t *ret_number)
{
	char *end;
	unsigned long number;

	if (**text < '0' || **text > '9')
		return false;
	number = strtoul(*text, &end, 10);
	if (end - *text > 3 || number >= below || (*end != behind && !(behind == ',' && !*end)))
		return false;
	*text = end + (*end != '\0');
	*ret_number = (uint32_t)number;
	return true;
}

static int map_parse(const char *text, const struct map_kind *kind, struct qos_settings *qos,
		     struct xbr_error *error)
{
	const char *at = text;
	uint32_t key, value;

	if (!strcmp(text, "off"))
		return 0;
	while (*at) {
		if (!take_number(&at, kind->keys, ':', &key) ||
		    !take_number(&at, kind->values, ',', &value) || map_get(qos, kind, key))
			return xbr_refuse(
				error, -EINVAL,
				"%s takes pairs such as 0:1,5:6, each key once, from 0:0 to %u:%u, or "
				"off, not \"%.40s\"",
				kind->word, kind->keys - 1, kind->values - 1, text);
		map_put(qos, kind, key, value + 1);
	}
	return 0;
}

/* 64 pairs at the most. */
#define MAP_TEXT 512

/* False: it has no entry. */
static bool map_print(const struct qos_settings *qos, const struct map_kind *kind, char text[MAP_TEXT])
{
	size_t used = 0;

	for (uint32_t key = 0; key < kind->keys; key++)
		if (map_get(qos, kind, key))
			used += (size_t)snprintf(text + used, MAP_TEXT - used, "%s%u:%u", used ? "," : "",
						 key, map_get(qos, kind, key) - 1);
	return used;
}

/* ---- options ---- */

int link_qos_patch(const struct link_qos_request *request, struct port_patch *patch, struct xbr_error *error)
{
	const char *texts[MAP_COUNT] = {request->pcp_prio, request->dscp_prio, request->prio_pcp,
					request->prio_dscp, request->prio_queue};
	int err = 0;

	patch->to.qos.port.trust = (uint8_t)request->trust;
	patch->to.qos.port.priority = (uint8_t)request->default_prio;
	for (size_t i = 0; !err && i < MAP_COUNT; i++)
		if (patch->given & map_kinds[i].given)
			err = map_parse(texts[i], &map_kinds[i], &patch->to.qos, error);
	return err;
}

void show_link_qos(json_t *object, const struct port *port)
{
	const struct qos_settings *qos = &port->settings.qos;
	char text[MAP_TEXT];

	json_object_set_new(object, "trust", json_string(trust_words[qos->port.trust]));
	json_object_set_new(object, "default_prio", json_integer(qos->port.priority));
	for (size_t i = 0; i < MAP_COUNT; i++)
		if (map_print(qos, &map_kinds[i], text))
			json_object_set_new(object, map_kinds[i].key, json_string(text));
}

void line_add_qos(struct line *line, const struct port_settings *settings)
{
	const struct qos_settings *qos = &settings->qos;
	char text[MAP_TEXT];

	if (qos->port.trust)
		line_add(line, " trust %s", trust_words[qos->port.trust]);
	if (qos->port.priority)
		line_add(line, " default-prio %u", qos->port.priority);
	for (size_t i = 0; i < MAP_COUNT; i++)
		if (map_print(qos, &map_kinds[i], text))
			line_add(line, " %s %s", map_kinds[i].word, text);
}
