// SPDX-License-Identifier: Apache-2.0
#include "model/settings.h"

#include <string.h>

#define PORT_SWITCH_ROW(name, flag, by_default) {#name, flag, by_default},
const struct port_switch port_switches[] = {PORT_SWITCHES(PORT_SWITCH_ROW){NULL, 0, false}};

#define PORT_SWITCH_DEFAULT(name, flag, by_default) ((by_default) ? (flag) : 0u) |
const struct port_settings port_settings_default = {.flags = PORT_SWITCHES(PORT_SWITCH_DEFAULT) 0u,
						    .stp = {.priority = 32}};

#define EDGE_SWITCH_ROW(name, option, by_default) {#name, option, by_default},
const struct edge_switch edge_switches[] = {EDGE_SWITCHES(EDGE_SWITCH_ROW){NULL, 0, false}};
const struct punt_limit punt_limit_default = {.rate = 100, .burst = 100};

/* rstp; the times are those of 802.1Q and of the kernel's bridge, tx_hold_count is decision 020's. */
#define STP_BRIDGE_DEFAULT                                                                                   \
	{                                                                                                    \
		.priority = 32768, .hello_time_cs = 200, .max_age_cs = 2000, .forward_delay_cs = 1500,       \
		.version = 1, .tx_hold_count = 10                                                            \
	}
#define STP_SWITCH_ROW(name, flag, by_default) {#name, flag, by_default},
const struct stp_switch stp_switches[] = {STP_SWITCHES(STP_SWITCH_ROW){NULL, 0, false}};

const struct bridge_settings bridge_settings_default = {.ageing_time_cs = AGEING_TIME_DEFAULT_CS,
							.vlan_protocol = VLAN_PROTOCOL_8021Q,
							.vlan_default_pvid = 1,
							.vlan_stats_enabled = true,
							.vlan_stats_per_port = true,
							.stp = STP_BRIDGE_DEFAULT};

const char *const vlan_protocol_words[] = {"802.1Q", "802.1ad", NULL};

const char *const xdp_mode_words[] = {[XBR_XDP_AUTO] = "auto",
				      [XBR_XDP_NATIVE] = "native",
				      [XBR_XDP_GENERIC] = "generic",
				      [XBR_XDP_OFF] = "off",
				      NULL};

const char *const mode_words[] = {
	[XBR_MODE_BRIDGE] = "bridge",     [XBR_MODE_VEPA] = "vepa",     [XBR_MODE_PRIVATE] = "private",
	[XBR_MODE_PASSTHRU] = "passthru", [XBR_MODE_SOURCE] = "source", NULL};

const char *const role_words[] = {
	[XBR_ROLE_AUTO] = "auto", [XBR_ROLE_UPLINK] = "uplink", [XBR_ROLE_EDGE] = "edge", NULL};
const char *const stp_version_words[] = {"stp", "rstp", "mstp", NULL};
const char *const stp_auto_words[] = {[STP_AUTO] = "auto", [STP_ON] = "on", [STP_OFF] = "off", NULL};
#define PUNT_REASON_WORD(name, number, sentence) [number] = #name,
const char *const punt_reason_words[] = {XBR_PUNT_REASONS(PUNT_REASON_WORD)[PUNT_REASON_ALL] = "all", NULL};
#define GUARD_SWITCH_ROW(word, name, flag) {word, flag},
const struct guard_switch guard_switches[] = {GUARD_SWITCHES(GUARD_SWITCH_ROW){NULL, 0}};

const char *const limit_action_words[] = {
	[LIMIT_FLOOD] = "flood", [LIMIT_DROP] = "drop", [LIMIT_SHUTDOWN] = "shutdown", NULL};

static bool guard_settings_equal(const struct guard_settings *a, const struct guard_settings *b)
{
	return a->flags == b->flags && a->limit_action == b->limit_action && a->move_rate == b->move_rate &&
	       a->recovery_cs == b->recovery_cs && a->storm_bits == b->storm_bits &&
	       a->transparent == b->transparent &&
	       !memcmp(a->storm_rate, b->storm_rate, sizeof(a->storm_rate));
}

static bool stp_port_equal(const struct stp_port_settings *a, const struct stp_port_settings *b)
{
	return a->cost == b->cost && a->priority == b->priority && a->admin_edge == b->admin_edge &&
	       a->p2p == b->p2p && a->flags == b->flags;
}

static bool stp_bridge_equal(const struct stp_bridge_settings *a, const struct stp_bridge_settings *b)
{
	return a->priority == b->priority && a->hello_time_cs == b->hello_time_cs &&
	       a->max_age_cs == b->max_age_cs && a->forward_delay_cs == b->forward_delay_cs &&
	       a->state == b->state && a->version == b->version && a->tx_hold_count == b->tx_hold_count;
}

bool port_settings_equal(const struct port_settings *a, const struct port_settings *b)
{
	return a->flags == b->flags && a->fdb_max_learned == b->fdb_max_learned &&
	       a->group_fwd_mask == b->group_fwd_mask && a->xdp == b->xdp && a->mode == b->mode &&
	       a->role == b->role && a->edge_options == b->edge_options && a->community == b->community &&
	       guard_settings_equal(&a->guard, &b->guard) && stp_port_equal(&a->stp, &b->stp) &&
	       !memcmp(&a->qos, &b->qos, sizeof(a->qos)) && !memcmp(&a->shape, &b->shape, sizeof(a->shape));
}

bool bridge_settings_equal(const struct bridge_settings *a, const struct bridge_settings *b)
{
	return a->ageing_time_cs == b->ageing_time_cs && a->fdb_max_learned == b->fdb_max_learned &&
	       a->group_fwd_mask == b->group_fwd_mask &&
	       !memcmp(a->address, b->address, sizeof(a->address)) &&
	       a->vlan_filtering == b->vlan_filtering && a->vlan_stats_enabled == b->vlan_stats_enabled &&
	       a->vlan_stats_per_port == b->vlan_stats_per_port && a->vlan_protocol == b->vlan_protocol &&
	       a->vlan_default_pvid == b->vlan_default_pvid && stp_bridge_equal(&a->stp, &b->stp);
}

static void stp_port_patch(struct stp_port_settings *settings, const struct stp_port_patch *patch)
{
	settings->flags = (uint8_t)((settings->flags & ~patch->given) | (patch->to.flags & patch->given));
	if (patch->given & STP_GIVEN_COST)
		settings->cost = patch->to.cost;
	if (patch->given & STP_GIVEN_PRIORITY)
		settings->priority = patch->to.priority;
	if (patch->given & STP_GIVEN_ADMIN_EDGE)
		settings->admin_edge = patch->to.admin_edge;
	if (patch->given & STP_GIVEN_P2P)
		settings->p2p = patch->to.p2p;
}

static void stp_bridge_patch(struct stp_bridge_settings *settings, const struct stp_bridge_patch *patch)
{
	if (patch->given & STP_GIVEN_STATE)
		settings->state = patch->to.state;
	if (patch->given & STP_GIVEN_VERSION)
		settings->version = patch->to.version;
	if (patch->given & STP_GIVEN_BRIDGE_PRIORITY)
		settings->priority = patch->to.priority;
	if (patch->given & STP_GIVEN_HELLO_TIME)
		settings->hello_time_cs = patch->to.hello_time_cs;
	if (patch->given & STP_GIVEN_MAX_AGE)
		settings->max_age_cs = patch->to.max_age_cs;
	if (patch->given & STP_GIVEN_FORWARD_DELAY)
		settings->forward_delay_cs = patch->to.forward_delay_cs;
	if (patch->given & STP_GIVEN_TX_HOLD_COUNT)
		settings->tx_hold_count = patch->to.tx_hold_count;
}

static void storm_patch(struct guard_settings *guard, const struct port_patch *patch)
{
	for (int kind = 0; kind < XBR_STORM_KINDS; kind++) {
		uint8_t bit = (uint8_t)(1u << kind);

		if (!(patch->given & (uint32_t)PORT_GIVEN_STORM << kind))
			continue;
		guard->storm_rate[kind] = patch->to.guard.storm_rate[kind];
		guard->storm_bits =
			(uint8_t)((guard->storm_bits & ~bit) | (patch->to.guard.storm_bits & bit));
	}
}

static void guard_patch(struct guard_settings *guard, const struct port_patch *patch)
{
	const struct guard_settings *to = &patch->to.guard;

	guard->flags = (guard->flags & ~patch->guard_given) | (to->flags & patch->guard_given);
	if (patch->given & PORT_GIVEN_LIMIT_ACTION)
		guard->limit_action = to->limit_action;
	if (patch->given & PORT_GIVEN_MOVE_RATE)
		guard->move_rate = to->move_rate;
	if (patch->given & PORT_GIVEN_RECOVERY)
		guard->recovery_cs = to->recovery_cs;
	if (patch->given & PORT_GIVEN_TRANSPARENT)
		guard->transparent = to->transparent;
	storm_patch(guard, patch);
}

static void class_patch(struct qos_settings *qos, const struct port_patch *patch, int way)
{
	if (patch->police_given >> way & 1)
		qos->port.meter[way] = patch->to.qos.port.meter[way];
	for (int class = 0; class < XBR_PRIORITIES; class ++)
		if (patch->class_given[way] >> class & 1)
			qos->port.class_meter[way][class] = patch->to.qos.port.class_meter[way][class];
}

static void qos_patch(struct qos_settings *qos, const struct port_patch *patch)
{
	const struct qos_settings *to = &patch->to.qos;

	for (int way = 0; way < XBR_WAYS; way++)
		class_patch(qos, patch, way);
	if (patch->given & PORT_GIVEN_TRUST)
		qos->port.trust = to->port.trust;
	if (patch->given & PORT_GIVEN_DEFAULT_PRIO)
		qos->port.priority = to->port.priority;
	if (patch->given & PORT_GIVEN_PCP_PRIO)
		memcpy(qos->maps.pcp_prio, to->maps.pcp_prio, sizeof(to->maps.pcp_prio));
	if (patch->given & PORT_GIVEN_DSCP_PRIO)
		memcpy(qos->maps.dscp_prio, to->maps.dscp_prio, sizeof(to->maps.dscp_prio));
	if (patch->given & PORT_GIVEN_PRIO_PCP)
		memcpy(qos->maps.prio_pcp, to->maps.prio_pcp, sizeof(to->maps.prio_pcp));
	if (patch->given & PORT_GIVEN_PRIO_DSCP)
		memcpy(qos->maps.prio_dscp, to->maps.prio_dscp, sizeof(to->maps.prio_dscp));
	if (patch->given & PORT_GIVEN_PRIO_QUEUE)
		memcpy(qos->maps.prio_queue, to->maps.prio_queue, sizeof(to->maps.prio_queue));
}

void port_settings_patch(struct port_settings *settings, const struct port_patch *patch)
{
	stp_port_patch(&settings->stp, &patch->stp);
	settings->flags = (settings->flags & ~patch->flags_given) | (patch->to.flags & patch->flags_given);
	if (patch->given & PORT_GIVEN_FDB_MAX_LEARNED)
		settings->fdb_max_learned = patch->to.fdb_max_learned;
	if (patch->given & PORT_GIVEN_GROUP_FWD_MASK)
		settings->group_fwd_mask = patch->to.group_fwd_mask;
	if (patch->given & PORT_GIVEN_XDP)
		settings->xdp = patch->to.xdp;
	if (patch->given & PORT_GIVEN_MODE)
		settings->mode = patch->to.mode;
	if (patch->given & PORT_GIVEN_ROLE)
		settings->role = patch->to.role;
	settings->edge_options = (uint8_t)((settings->edge_options & ~patch->edge_options_given) |
					   (patch->to.edge_options & patch->edge_options_given));
	/* an isolated port is of no community, and the other way round */
	if (patch->flags_given & XBR_PORT_ISOLATED)
		settings->community = 0;
	if (patch->given & PORT_GIVEN_COMMUNITY)
		settings->community = patch->to.community;
	guard_patch(&settings->guard, patch);
	qos_patch(&settings->qos, patch);
	if (patch->given & PORT_GIVEN_SHAPE_MIN)
		settings->shape.least = patch->to.shape.least;
	if (patch->given & PORT_GIVEN_SHAPE_MAX)
		settings->shape.most = patch->to.shape.most;
	if (patch->given & PORT_GIVEN_SHAPE_DEVICE)
		settings->shape.device = patch->to.shape.device;
}

void bridge_settings_patch(struct bridge_settings *settings, const struct bridge_patch *patch)
{
	stp_bridge_patch(&settings->stp, &patch->stp);
	if (patch->given & BRIDGE_GIVEN_AGEING_TIME)
		settings->ageing_time_cs = patch->to.ageing_time_cs;
	if (patch->given & BRIDGE_GIVEN_FDB_MAX_LEARNED)
		settings->fdb_max_learned = patch->to.fdb_max_learned;
	if (patch->given & BRIDGE_GIVEN_GROUP_FWD_MASK)
		settings->group_fwd_mask = patch->to.group_fwd_mask;
	if (patch->given & BRIDGE_GIVEN_ADDRESS)
		memcpy(settings->address, patch->to.address, sizeof(settings->address));
	if (patch->given & BRIDGE_GIVEN_VLAN_FILTERING)
		settings->vlan_filtering = patch->to.vlan_filtering;
	if (patch->given & BRIDGE_GIVEN_VLAN_PROTOCOL)
		settings->vlan_protocol = patch->to.vlan_protocol;
	if (patch->given & BRIDGE_GIVEN_VLAN_DEFAULT_PVID)
		settings->vlan_default_pvid = patch->to.vlan_default_pvid;
	if (patch->given & BRIDGE_GIVEN_VLAN_STATS)
		settings->vlan_stats_enabled = patch->to.vlan_stats_enabled;
	if (patch->given & BRIDGE_GIVEN_VLAN_STATS_PER_PORT)
		settings->vlan_stats_per_port = patch->to.vlan_stats_per_port;
}
