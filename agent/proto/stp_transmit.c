// SPDX-License-Identifier: Apache-2.0
/*
 * What goes out, and when: Port Transmit (802.1Q-2018, 13.34).
 */
#include <string.h>

#include "proto/stp_machine.h"

/* Between BPDUs of a port that has sent a third of tx_hold_count: words that change from one millisecond to
 * the next would use it up, and the last of them, the one that counts, would wait for a second. */
#define PACE_MS 30u

static uint8_t role_flags(enum stp_role role)
{
	static const uint8_t by_role[] = {[STP_ROLE_DISABLED] = STP_BPDU_ROLE_DESIGNATED,
					  [STP_ROLE_ROOT] = STP_BPDU_ROLE_ROOT,
					  [STP_ROLE_DESIGNATED] = STP_BPDU_ROLE_DESIGNATED,
					  [STP_ROLE_ALTERNATE] = STP_BPDU_ROLE_ALTERNATE,
					  [STP_ROLE_BACKUP] = STP_BPDU_ROLE_ALTERNATE,
					  [STP_ROLE_MASTER] = STP_BPDU_ROLE_MASTER};

	return (uint8_t)(by_role[role] << STP_BPDU_ROLE_SHIFT);
}

static uint8_t tree_flags(const struct stp_port *p, unsigned int t)
{
	const struct tree_port *tp = &p->trees[t];
	unsigned int flags = role_flags(tp->role);

	flags |= timer_runs(p->bridge, tp->tc_while) ? STP_BPDU_TC : 0;
	flags |= tp->proposing ? STP_BPDU_PROPOSAL : 0;
	flags |= tp->learning ? STP_BPDU_LEARNING : 0;
	flags |= tp->forwarding ? STP_BPDU_FORWARDING : 0;
	flags |= tp->agree ? STP_BPDU_AGREEMENT : 0;
	return (uint8_t)flags;
}

static void fill_cist(const struct stp_port *p, struct stp_bpdu *bpdu)
{
	const struct tree_port *cist = &p->trees[0];

	bpdu->root = cist->designated_priority.root;
	bpdu->external_cost = cist->designated_priority.external;
	bpdu->bridge = cist->designated_priority.regional;
	bpdu->port = cist->designated_priority.port;
	bpdu->message_age = cist->designated_times.message_age;
	bpdu->max_age = cist->designated_times.max_age;
	bpdu->hello_time = cist->designated_times.hello_time;
	bpdu->forward_delay = cist->designated_times.forward_delay;
}

static void fill_msti(const struct stp_port *p, unsigned int t, struct stp_msti_message *m)
{
	const struct tree_port *tp = &p->trees[t];

	m->flags = tree_flags(p, t);
	/* Told of any port but this one: else two neighbours would tell each other for ever. */
	if (p->bridge->trees[t].mastered > stp_is_mastered(tp))
		m->flags |= STP_BPDU_MASTERED;
	m->regional_root = tp->designated_priority.regional;
	m->internal_cost = tp->designated_priority.internal;
	m->bridge_priority = (uint8_t)(p->bridge->trees[t].priority >> 8);
	m->port_priority = tp->priority;
	m->remaining_hops = tp->designated_times.remaining_hops;
}

static void fill_region(const struct stp_port *p, struct stp_bpdu *bpdu)
{
	const struct tree_port *cist = &p->trees[0];

	bpdu->config_id = p->bridge->config_id;
	bpdu->internal_cost = cist->designated_priority.internal;
	bpdu->cist_bridge = p->bridge->trees[0].bridge_id;
	bpdu->remaining_hops = cist->designated_times.remaining_hops;
	bpdu->msti_count = (uint16_t)(p->bridge->tree_count - 1);
	for (unsigned int t = 1; t < p->bridge->tree_count; t++)
		fill_msti(p, t, &bpdu->msti[t - 1]);
}

static bool transmit(struct stp_port *p, const struct stp_bpdu *bpdu, uint64_t *counter)
{
	uint8_t octets[STP_BPDU_MAX];
	size_t length = stp_bpdu_write(bpdu, octets);

	++*counter;
	p->counters.tx_tc += bpdu->type != STP_BPDU_TCN && bpdu->flags & STP_BPDU_TC;
	if (!p->tx_count++)
		p->tx_tick = timer_start(p->bridge, SECOND_MS);
	if (p->tx_count > p->bridge->config.tx_hold_count / 3)
		p->tx_pace = timer_start(p->bridge, PACE_MS);
	p->hello_when = timer_start(p->bridge, hello_time_ms(p));
	p->bridge->ops->send(p->bridge->user, p->number, octets, length);
	return true;
}

/* TRANSMIT_RSTP and txRstp, 13.29.31 */
static bool transmit_rstp(struct stp_port *p)
{
	struct stp_bpdu bpdu = {.type = STP_BPDU_RST, .flags = tree_flags(p, 0)};

	fill_cist(p, &bpdu);
	p->new_info = p->new_info_msti = p->tc_ack = false;
	if (p->bridge->config.version < STP_VERSION_MSTP)
		return transmit(p, &bpdu, &p->counters.tx_rst);
	bpdu.type = STP_BPDU_MST;
	fill_region(p, &bpdu);
	return transmit(p, &bpdu, &p->counters.tx_mst);
}

/* TRANSMIT_CONFIG and txConfig, 13.29.29 */
static bool transmit_config(struct stp_port *p)
{
	struct stp_bpdu bpdu = {.type = STP_BPDU_CONFIG};

	fill_cist(p, &bpdu);
	if (timer_runs(p->bridge, p->trees[0].tc_while))
		bpdu.flags |= STP_BPDU_TC;
	if (p->tc_ack)
		bpdu.flags |= STP_BPDU_TC_ACK;
	p->new_info = p->tc_ack = false;
	return transmit(p, &bpdu, &p->counters.tx_config);
}

/* TRANSMIT_TCN */
static bool transmit_tcn(struct stp_port *p)
{
	struct stp_bpdu bpdu = {.type = STP_BPDU_TCN};

	p->new_info = false;
	return transmit(p, &bpdu, &p->counters.tx_tcn);
}

static bool all_transmit_ready(const struct stp_port *p)
{
	trees_foreach (p->bridge, t)
		if (!p->trees[t].selected || p->trees[t].updt_info)
			return false;
	return true;
}

/* mstiDesignatedOrTCpropagatingRootPort, 13.28.13 */
static bool msti_tells(const struct stp_port *p)
{
	for (unsigned int t = 1; t < p->bridge->tree_count; t++)
		if (p->trees[t].role == STP_ROLE_DESIGNATED ||
		    (p->trees[t].role == STP_ROLE_ROOT && timer_runs(p->bridge, p->trees[t].tc_while)))
			return true;
	return false;
}

static bool msti_master_port(const struct stp_port *p)
{
	for (unsigned int t = 1; t < p->bridge->tree_count; t++)
		if (p->trees[t].role == STP_ROLE_MASTER)
			return true;
	return false;
}

/* TRANSMIT_PERIODIC. With bridge_assurance a port of any role speaks, for the neighbour waits for it. */
static bool transmit_periodic(struct stp_port *p)
{
	const struct tree_port *cist = &p->trees[0];

	if (cist->role == STP_ROLE_DESIGNATED || p->config.bridge_assurance ||
	    (cist->role == STP_ROLE_ROOT && timer_runs(p->bridge, cist->tc_while)))
		p->new_info = true;
	p->new_info_msti = p->new_info_msti || msti_tells(p);
	p->hello_when = timer_start(p->bridge, hello_time_ms(p));
	return true;
}

/* A root port has nothing to say in STP but that the topology changed: figure 13-15 would send a TCN for any
 * newInfo, be it an agreement that STP has no word for. */
static bool transmit_stp(struct stp_port *p)
{
	if (!p->new_info)
		return false;
	if (p->trees[0].role == STP_ROLE_DESIGNATED)
		return transmit_config(p);
	p->new_info = p->trees[0].role == STP_ROLE_ROOT && timer_runs(p->bridge, p->trees[0].tc_while);
	return p->new_info && transmit_tcn(p);
}

/* Figure 13-15. A port that is not enabled stays in TRANSMIT_INIT. */
bool stp_ptx(struct stp_port *p)
{
	if (!p->port_enabled || p->config.bpdu_filter || !all_transmit_ready(p))
		return false;
	if (!timer_runs(p->bridge, p->hello_when))
		return transmit_periodic(p);
	if (p->tx_count >= p->bridge->config.tx_hold_count || timer_runs(p->bridge, p->tx_pace))
		return false;
	if (!p->send_rstp)
		return transmit_stp(p);
	if (p->new_info || (p->new_info_msti && !msti_master_port(p)))
		return transmit_rstp(p);
	return false;
}

/* txCount goes down by one a second (13.26.12). */
void stp_transmit_tick(struct stp_port *p)
{
	if (!p->tx_count || timer_runs(p->bridge, p->tx_tick))
		return;
	p->tx_count--;
	p->tx_tick = timer_start(p->bridge, SECOND_MS);
}

/* TRANSMIT_INIT */
void stp_transmit_begin(struct stp_port *p)
{
	p->new_info = p->new_info_msti = true;
	p->tx_count = 0;
	p->tx_pace = 0;
	p->hello_when = timer_start(p->bridge, hello_time_ms(p));
}
