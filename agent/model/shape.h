/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shape: rates towards devices. A port's frames wait in a queue of its own at the device they leave by, so
 * that they leave at its maximum at the most; where a device carries several ports (its channels), each gets
 * its minimum, and what is left is shared out. The kernel does it: an htb at the device's root (net/qdisc.h)
 * under a handle of ours, by which it is known again; ports are told apart by skb->priority, which the
 * programs set to the port's class. It outlives the agent, and goes with the port.
 *
 * A root qdisc that somebody else put there is left alone, and the setting refused. The kernel's own choice
 * comes back by itself when ours goes.
 *
 * Only what leaves by the device's queue waits in it: towards a shaped port no frame is sent by XDP, nor
 * straight into a veth's peer.
 */
#ifndef XBR_MODEL_SHAPE_H
#define XBR_MODEL_SHAPE_H

#include "model/model.h"

/* Is a rate set on the port? */
bool shape_is_set(const struct port *port);

/*
 * Makes the device that the port leaves by as its ports are set to have it: nothing, where none has a rate.
 * To be called when the port is bound, and after its settings changed. 0, or a sentence; then the device may
 * be without.
 */
int shape_update(struct model *model, struct port *port, struct xbr_error *error);

/* The same after the port's settings changed; on failure the port has its former rates. */
int shape_set(struct model *model, struct port *port, const struct shape_settings *before,
	      struct xbr_error *error);

/* The device is to be left as it was; it is still there. */
void shape_remove(struct model *model, struct port *port);

#endif
