/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transaction: every change of the configuration, a single command or a whole file. What is wanted is
 * compared with what is, checked against the devices before anything is touched, then made real step by step;
 * a step that fails is undone with all before it.
 */
#ifndef XBR_CONTROL_TRANSACTION_H
#define XBR_CONTROL_TRANSACTION_H

#include "model/model.h"
#include "model/want.h"

/* The running configuration as a want; NULL: out of memory. The caller frees it. */
struct want *transaction_snapshot(struct model *model, bool with_addresses);

enum transaction_flags {
	TRANSACTION_DRY_RUN = 1 << 0,  /* check and count, touch nothing */
	TRANSACTION_MAY_WAIT = 1 << 1, /* ports whose device is not there yet are made, and wait */
};

/*
 * Channels of `to` whose tag is to be handed out get one. *ret_steps: changes made (or, in a dry run, to be
 * made). On failure the running configuration is what it was, and *ret_at says where the refused command
 * stands: borrowed from the want, or NULL.
 */
int transaction_run(struct model *model, struct want *to, unsigned int flags, uint32_t *ret_steps,
		    const char **ret_at, struct xbr_error *error);

#endif
