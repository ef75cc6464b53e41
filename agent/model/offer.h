/* SPDX-License-Identifier: Apache-2.0 */
/*
 * offer: what the switch inside a NIC can do by itself is offered to it, as filters on its ports
 * (net/flower.h): representors of virtual functions, and the NIC's own device, in mode switchdev. Offered are
 *
 *   - rules of the list that is bound to a port for frames that come in: from the first rule on as long as
 * they deny, no more, and fit by MAC, IP addresses, protocol, single ports;
 *   - static addresses: frames from a station that is tied to one port of the switch to one that is tied to
 * another, where nothing but the table has a word on them: a bridge without VLANs, trees or edge modes, ports
 * without guards, meters or lists.
 *
 * All stays in the maps as well: what a device does not take, or takes and loses, is done in software, and
 * nothing is lost or done otherwise. So offers follow the configuration: model_settle() withdraws what no
 * longer holds before a change is answered. What a device counted for a rule is added to the list's own
 * counters, and for an address shown with it. Filters outlive the agent; the next one begins by taking them
 * off.
 */
#ifndef XBR_MODEL_OFFER_H
#define XBR_MODEL_OFFER_H

#include "model/model.h"
#include "net/flower.h"

#define OFFERS_MAX 1024 /* at any time: devices have room for some thousands */

int offer_open(struct model *model);
void offer_close(struct model *model);

/* Ports, lists or static addresses changed: what is offered is to be looked at again. */
void offer_mark(struct model *model);
/* Offers and withdraws. Costs nothing where nothing was marked, or no port is one of a switch. */
void offer_settle(struct model *model);
/* Takes all off a port's device, which is about to be none any more. */
void offer_withdraw(struct model *model, struct port *port);

/* Asks the devices what they counted. */
void offer_collect(struct model *model);

/* Does a device do this rule? */
bool offer_has_rule(const struct model *model, uint32_t list, uint32_t seq);
/* Does a device know where this address is? What it counted of frames to it, as of offer_collect(). */
bool offer_has_address(const struct model *model, const struct bridge *bridge, uint64_t mac,
		       struct flower_count *ret_count);

#endif
