/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of agent/control share: the one agent of this process. main.c makes it and owns it. */
#ifndef XBR_CONTROL_AGENT_H
#define XBR_CONTROL_AGENT_H

#include <systemd/sd-event.h>

#include "model/model.h"
#include "model/want.h"

struct server;

/* What a client of the socket may subscribe to. */
enum topic {
	TOPIC_BRIDGE = 1 << 0,
	TOPIC_LINK = 1 << 1,
	TOPIC_FDB = 1 << 2,
	TOPIC_ACL = 1 << 3,
	TOPIC_OFFLOAD = 1 << 4,
	TOPIC_ALL = TOPIC_BRIDGE | TOPIC_LINK | TOPIC_FDB | TOPIC_ACL | TOPIC_OFFLOAD,
	TOPIC_PUNT = 1 << 8, /* by punt.tap only: whole frames */
};

struct agent {
	sd_event *event;
	struct datapath *dp;
	struct rtnl *rtnl;
	struct model *model;
	struct server *server;
	const char *pin_dir;
	const char *config_path; /* NULL: none */

	struct punt_consumer *tap; /* asks for all control frames while somebody taps */

	/* while `apply ... confirm` waits: what to go back to */
	struct want *unconfirmed;
	sd_event_source *confirm_timer;
};

#endif
