/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snoop: allowances that are learned: what DHCP servers give the guests behind ports with `snoop dhcp`, and
 * what guests claim first by neighbour discovery where there is `snoop nd`. bpf/snoop.h hands the packets up,
 * proto/lease.h reads them; here it is decided whose port that is, and guard.h keeps them until they end. A
 * server is believed on every port that is not guarded against servers, and on the host's own. Without an
 * agent what was learned goes on to its end, and nothing new is learned.
 */
#ifndef XBR_MODEL_SNOOP_H
#define XBR_MODEL_SNOOP_H

#include "model/model.h"

/* A packet was heard; user: the model. */
void snoop_on_event(const struct xbr_snoop_event *event, void *user);

/* Is this a port on which servers are listened for? */
bool snoop_hears(const struct port *port);
/* After settings of a port, or its bridge's ports, changed: who listens. */
void snoop_changed(struct model *model, struct bridge *bridge);

#endif
