// SPDX-License-Identifier: Apache-2.0
/*
 * What the datapath noted for somebody to look at (map `guard_live`): a guard that shut a port, the bridge's
 * own addresses seen from outside. Looked at once a second; the datapath has acted meanwhile.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "model/guard.h"

#define LOOP_TOLD_EVERY_NS 60000000000ull

static struct xbr_guard *memory(const struct model *model, const struct port *port)
{
	return &model->dp->guards[port->number];
}

static struct xbr_guard_live *live(const struct model *model, const struct port *port)
{
	return &model->dp->guard_live[port->number];
}

static void tell(const struct model *model, const struct port *port)
{
	if (model->listener.link)
		model->listener.link(model->listener.user, MODEL_SET, port);
}

/* ---- shut and back ---- */

const char *guard_shut_word(uint8_t cause)
{
	static const char *const words[] = {
		[XBR_SHUT_MAC_LIMIT] = "mac-limit", [XBR_SHUT_BPDU_GUARD] = "bpdu-guard"};

	return cause < sizeof(words) / sizeof(words[0]) ? words[cause] : NULL;
}

uint8_t guard_shut_by(const struct model *model, const struct port *port)
{
	return memory(model, port)->shut_by;
}

void guard_shut(struct model *model, struct port *port, uint8_t cause)
{
	memory(model, port)->shut_at_ns = guard_now_ns();
	memory(model, port)->shut_by = cause;
	port_write_state(model, port);
	stp_port_update(model, port);
	model_log(model, "%s is err-disabled: %s", port->name, guard_shut_word(cause));
	tell(model, port);
}

void guard_recover(struct model *model, struct port *port)
{
	if (!memory(model, port)->shut_by)
		return;
	memory(model, port)->shut_by = XBR_SHUT_NOT;
	__atomic_store_n(&live(model, port)->tripped, XBR_SHUT_NOT, __ATOMIC_SEQ_CST);
	port_write_state(model, port);
	stp_port_update(model, port);
	model_log(model, "%s is no longer err-disabled", port->name);
	tell(model, port);
}

static bool is_over(const struct model *model, const struct port *port)
{
	uint64_t recovery_ns = port->settings.guard.recovery_cs * 10000000ull;

	return recovery_ns && memory(model, port)->shut_at_ns + recovery_ns <= guard_now_ns();
}

/* ---- loops ---- */

static const char *name_of(const struct model *model, uint32_t number)
{
	const struct port *port = number < model->dp->max_ports ? model->by_number[number] : NULL;

	return port ? port->name : "a port that is gone";
}

/* At once, and then no more than once a minute. */
static void look_for_loop(struct model *model, struct port *port)
{
	const struct xbr_guard_live *seen = live(model, port);
	uint8_t mac[6];

	if (seen->own_seen == port->own_seen ||
	    (port->loop_told_ns && guard_now_ns() - port->loop_told_ns < LOOP_TOLD_EVERY_NS))
		return;
	port->own_seen = seen->own_seen;
	port->loop_told_ns = guard_now_ns();
	fdb_mac_to(fdb_key_mac(seen->own_key), mac);
	model_log(model,
		  "suspected loop: the address %02x:%02x:%02x:%02x:%02x:%02x of %s came in by %s (%u frames "
		  "so far)",
		  mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], name_of(model, seen->own_port), port->name,
		  seen->own_seen);
	tell(model, port);
}

void watch_sweep(struct model *model)
{
	struct port *port, *next;

	port_foreach (model, port, next) {
		uint8_t tripped = live(model, port)->tripped;

		if (tripped && !memory(model, port)->shut_by)
			guard_shut(model, port, tripped);
		else if (memory(model, port)->shut_by && is_over(model, port))
			guard_recover(model, port);
		look_for_loop(model, port);
	}
}
