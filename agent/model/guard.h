/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard: what a port is allowed to say, and what became of it. A port's allowances are MACs, and addresses
 * bound to a MAC and a VLAN; given by hand they are configuration, snooped ones end with their lease. The map
 * `allowed` is where they live (bpf/guard.h reads it, the next agent adopts it); a list of them hangs on each
 * port here. The settings of guards are in model/settings.h; this writes them to the map `guards`, and looks
 * once a second at what the datapath noted in `guard_live`: ports that a guard shut, addresses that moved,
 * the bridge's own addresses seen from outside.
 */
#ifndef XBR_MODEL_GUARD_H
#define XBR_MODEL_GUARD_H

#include "model/allowance.h"
#include "model/model.h"

struct port_allowance {
	struct allowance what;
	uint8_t source;    /* enum xbr_allowed_source; never XBR_ALLOWED_IMPLIED */
	uint64_t until_ns; /* CLOCK_BOOTTIME; 0: it does not end */
	struct port_allowance *next;
};

/* One that is there is given by hand from now on, or lives until then. */
int guard_allow(struct model *model, struct port *port, const struct allowance *what, uint8_t source,
		uint64_t until_ns, struct xbr_error *error);
int guard_disallow(struct model *model, struct port *port, const struct allowance *what,
		   struct xbr_error *error);
bool guard_has(const struct port *port, const struct allowance *what, uint8_t source);
/* CLOCK_BOOTTIME. */
uint64_t guard_now_ns(void);
/* Seconds until then, rounded up; 0: it is over. */
uint64_t guard_seconds_left(uint64_t until_ns);
/* With the port. */
void guard_forget(struct model *model, struct port *port);

/* Does it need the datapath's guards? */
bool guard_features_of(const struct port_settings *settings);
/* enum xbr_guard_flags of the port's slot. */
uint32_t guard_flags(const struct port *port);
/* After other settings were written: what follows from the change. */
void guard_settled(struct model *model, struct port *port, const struct port_settings *before);
/* The settings into `guards`, and out of it again. */
void guard_write(struct model *model, const struct port *port);
void guard_read(const struct model *model, struct port *port);
/* The allowances of all ports, from the map. */
int guard_adopt(struct model *model);

/* About once a second: allowances that ended. */
void guard_sweep(struct model *model);

/* ---- watch.c ---- */

/* About once a second: ports that a guard shut or that come back, loops. */
void watch_sweep(struct model *model);
/* A guard shuts the port. */
void guard_shut(struct model *model, struct port *port, uint8_t cause);
/* A port that a guard shut, at once; others are left alone. */
void guard_recover(struct model *model, struct port *port);
/* enum xbr_shut_cause, and its word, such as "mac-limit"; NULL: it is not shut. */
uint8_t guard_shut_by(const struct model *model, const struct port *port);
const char *guard_shut_word(uint8_t cause);

#endif
