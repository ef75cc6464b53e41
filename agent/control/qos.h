/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qos: options of links that say which priority their frames have, and what they are marked with where they
 * leave: read, shown and saved here for commands.h. A map is text: pairs such as 0:1,5:6, or off.
 */
#ifndef XBR_CONTROL_QOS_H
#define XBR_CONTROL_QOS_H

#include <jansson.h>

#include "control/line.h"
#include "control/params.h"
#include "model/model.h"

struct link_qos_request {
	uint32_t trust, default_prio;
	const char *pcp_prio, *dscp_prio, *prio_pcp, *prio_dscp, *prio_queue;
};

extern const char *const trust_words[]; /* of enum xbr_trust; ended by NULL */

/* As those of control/guard.h. */
#define LINK_QOS_FIELD(base, member) .offset = (base) + offsetof(struct link_qos_request, member)
#define LINK_QOS_MAP(base, member, bit)                                                                      \
	{.name = #member,                                                                                    \
	 .type = PARAM_STRING,                                                                               \
	 .min = 1,                                                                                           \
	 .given = (uint64_t)(bit) << 32,                                                                     \
	 LINK_QOS_FIELD(base, member)},
#define LINK_QOS_OPTIONS(base)                                                                               \
	{.name = "trust",                                                                                    \
	 .type = PARAM_ENUM,                                                                                 \
	 .words = trust_words,                                                                               \
	 .given = (uint64_t)PORT_GIVEN_TRUST << 32,                                                          \
	 LINK_QOS_FIELD(base, trust)},                                                                       \
		{.name = "default_prio",                                                                     \
		 .type = PARAM_U32,                                                                          \
		 .max = XBR_PRIORITIES - 1,                                                                  \
		 .given = (uint64_t)PORT_GIVEN_DEFAULT_PRIO << 32,                                           \
		 LINK_QOS_FIELD(base, default_prio)},                                                        \
		LINK_QOS_MAP(base, pcp_prio, PORT_GIVEN_PCP_PRIO)                                            \
			LINK_QOS_MAP(base, dscp_prio, PORT_GIVEN_DSCP_PRIO)                                  \
				LINK_QOS_MAP(base, prio_pcp, PORT_GIVEN_PRIO_PCP)                            \
					LINK_QOS_MAP(base, prio_dscp, PORT_GIVEN_PRIO_DSCP)                  \
						LINK_QOS_MAP(base, prio_queue, PORT_GIVEN_PRIO_QUEUE)

/* What such a request means, added to a patch whose `given` is set. */
int link_qos_patch(const struct link_qos_request *request, struct port_patch *patch, struct xbr_error *error);

/* The keys of a link object; a map that is not set has none. */
void show_link_qos(json_t *object, const struct port *port);
/* Options of `link add` that differ from the default. */
void line_add_qos(struct line *line, const struct port_settings *settings);

#endif
