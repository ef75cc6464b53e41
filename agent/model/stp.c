// SPDX-License-Identifier: Apache-2.0
#include "model/stp.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "model/guard.h"
#include "model/mst.h"
#include "net/ethtool.h"
#include "proto/stp_digest.h"

static const uint8_t versions[] = {STP_VERSION_STP, STP_VERSION_RSTP, STP_VERSION_MSTP};

uint64_t stp_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool stp_is_on(const struct bridge *bridge)
{
	return bridge->settings.stp.state;
}

/* ---- what the engine says ---- */

static struct port *port_of(const struct model *model, const struct bridge *bridge, uint16_t number)
{
	struct port *port = number < model->dp->max_ports ? model->by_number[number] : NULL;

	return port && port->bridge == bridge ? port : NULL;
}

static void on_send(void *user, uint16_t number, const uint8_t *bpdu, size_t length)
{
	struct bridge *bridge = user;
	struct port *port = port_of(bridge->stp_model, bridge, number);
	uint8_t frame[STP_FRAME_MAX];

	/* A frame that the ring has no room for is lost, as on a wire, and counted by the path. */
	if (port && port->ifindex)
		punt_send(bridge->stp_model, port, XBR_PUNT_stp, frame,
			  stp_frame_write(port->link.address, bpdu, length, frame));
}

static const uint8_t states[] = {XBR_STATE_BLOCKING, XBR_STATE_LEARNING, XBR_STATE_FORWARDING};

static void on_state(void *user, uint16_t number, uint16_t mstid, enum stp_state state)
{
	struct bridge *bridge = user;
	struct port *port = port_of(bridge->stp_model, bridge, number);

	if (!port)
		return;
	if (mstid) {
		mst_write_state(bridge->stp_model, port, mstid, states[state]);
		return;
	}
	port->stp_state = states[state];
	port_write_state(bridge->stp_model, port);
}

uint8_t stp_port_state(const struct port *port, uint16_t mstid)
{
	struct stp_tree_port_view view;
	int place = port->bridge->stp ? stp_tree_place(port->bridge->stp, mstid) : -1;

	if (place < 0 ||
	    !stp_tree_port_view(port->bridge->stp, (unsigned int)place, (uint16_t)port->number, &view))
		return XBR_STATE_BLOCKING;
	return states[view.state];
}

static void on_flush(void *user, uint16_t number, uint16_t mstid)
{
	struct bridge *bridge = user;
	struct port *port = port_of(bridge->stp_model, bridge, number);

	if (!port)
		return;
	if (mst_is_on(bridge))
		fdb_flush_tree(bridge->stp_model, port, XBR_TREE_OF(mst_place(bridge->mst, mstid)));
	else if (!mstid)
		fdb_flush_port(bridge->stp_model, port);
	else
		return;
	if (bridge->stp_model->listener.flushed)
		bridge->stp_model->listener.flushed(bridge->stp_model->listener.user, NULL, port);
}

static const struct stp_ops ops = {.send = on_send, .state = on_state, .flush = on_flush};

/* ---- settings as the engine has them ---- */

/* 802.1Q, 13.8: by default the bridge's address. */
static void region_name(const struct bridge *bridge, char ret_name[STP_NAME_LEN + 1])
{
	const uint8_t *a = bridge->link.address;

	if (mst_config_get(bridge->mst)->region[0])
		memcpy(ret_name, mst_config_get(bridge->mst)->region, STP_NAME_LEN);
	else
		snprintf(ret_name, STP_NAME_LEN, "%02X:%02X:%02X:%02X:%02X:%02X", a[0], a[1], a[2], a[3],
			 a[4], a[5]);
}

static struct stp_bridge_config bridge_config(const struct bridge *bridge)
{
	const struct stp_bridge_settings *s = &bridge->settings.stp;
	const struct xbr_mst_saved *mst = mst_config_get(bridge->mst);
	struct stp_bridge_config config = stp_bridge_config_default;

	memcpy(config.address, bridge->link.address, sizeof(config.address));
	config.priority = s->priority;
	config.version = versions[s->version];
	config.tx_hold_count = s->tx_hold_count;
	config.hello_time_cs = s->hello_time_cs;
	config.max_age_cs = s->max_age_cs;
	config.forward_delay_cs = s->forward_delay_cs;
	config.revision = mst->revision;
	config.max_hops = mst->max_hops;
	region_name(bridge, config.region);
	return config;
}

/* What a guest is behind. */
static bool is_virtual(const struct port *port)
{
	return !strcmp(port->link.kind, "veth") || !strcmp(port->link.kind, "tun");
}

/* A port that a guard shut is down for the neighbours, too. */
static bool is_up(const struct model *model, const struct port *port)
{
	return port->ifindex && port->link.flags & IFF_UP && port->link.carrier &&
	       !guard_shut_by(model, port);
}

static void vlan_map(const struct bridge *bridge, uint16_t ret_map[XBR_VID_LIMIT])
{
	memset(ret_map, 0, XBR_VID_LIMIT * sizeof(*ret_map));
	for (uint16_t vid = 1; vid <= XBR_VID_MAX; vid++)
		ret_map[vid] = mst_of_vid(bridge->mst, vid);
}

struct stp_config_id stp_region(const struct bridge *bridge)
{
	struct stp_config_id id = {.revision = mst_config_get(bridge->mst)->revision};
	uint16_t map[XBR_VID_LIMIT];
	char name[STP_NAME_LEN + 1] = "";

	region_name(bridge, name);
	memcpy(id.name, name, sizeof(id.name));
	vlan_map(bridge, map);
	stp_digest(map, id.digest);
	return id;
}

/* Instances are MSTP's. */
static void tell_instances(struct bridge *bridge)
{
	const struct xbr_mst_saved *is = mst_config_get(bridge->mst);
	struct stp_instance instances[XBR_MSTI_LIMIT];
	uint16_t map[XBR_VID_LIMIT] = {0};
	unsigned int count = 0;

	if (bridge->settings.stp.version == STP_WORD_MSTP) {
		for (unsigned int i = 0; i < XBR_MSTI_LIMIT; i++)
			if (is->instance[i].mstid)
				instances[count++] = (struct stp_instance){is->instance[i].mstid,
									   is->instance[i].priority};
		vlan_map(bridge, map);
	}
	if (stp_instances_set(bridge->stp, instances, count, map, stp_now()))
		model_log(bridge->stp_model, "%s: no memory for all spanning tree instances", bridge->name);
}

/* What is set of a port in the instances; a cost that is not is the port's own. */
static void tell_rows(const struct port *port, uint32_t cost)
{
	const struct xbr_mst_saved *is = mst_config_get(port->bridge->mst);

	for (unsigned int i = 0; i < XBR_MSTI_LIMIT; i++) {
		struct xbr_mst_port row = mst_rows_get(port->mst, is->instance[i].mstid);
		uint32_t priority = row.priority ? row.priority - 1u : MST_PORT_PRIORITY_DEFAULT;

		if (is->instance[i].mstid)
			stp_port_msti_set(port->bridge->stp, (uint16_t)port->number, is->instance[i].mstid,
					  row.cost ? row.cost : cost, (uint8_t)(priority * 4), stp_now());
	}
}

/* cost_by_speed, full_duplex: of the link, where they are not set by hand. */
static void read_link(const struct port *port, uint32_t *ret_cost, bool *ret_full_duplex)
{
	uint32_t mbps = 0;
	bool full = true;

	if (port->ifindex && ethtool_speed(port->trunk ? port->trunk->name : port->name, &mbps, &full))
		full = true; /* a device that knows no duplex is no shared cable */
	*ret_cost = stp_cost_of_speed(mbps);
	*ret_full_duplex = full;
}

static struct stp_port_config port_config(const struct port *port, uint32_t cost_by_speed)
{
	const struct stp_port_settings *s = &port->settings.stp;

	return (struct stp_port_config){
		.cost = s->cost ? s->cost : cost_by_speed,
		.priority = (uint8_t)(s->priority * 4),
		.p2p = s->p2p, /* the same three values */
		.admin_edge = s->admin_edge == STP_ON || (s->admin_edge == STP_AUTO && is_virtual(port)),
		.auto_edge = !(s->flags & STP_PORT_NO_AUTO_EDGE),
		.restricted_role = s->flags & STP_PORT_ROOT_BLOCK,
		.restricted_tcn = s->flags & STP_PORT_RESTRICTED_TCN,
		.bpdu_guard = s->flags & STP_PORT_BPDU_GUARD,
		.bpdu_filter = s->flags & STP_PORT_BPDU_FILTER,
		.loop_guard = s->flags & STP_PORT_LOOP_GUARD,
		.bridge_assurance = s->flags & STP_PORT_BRIDGE_ASSURANCE,
	};
}
_Static_assert((int)STP_AUTO == STP_P2P_AUTO && (int)STP_ON == STP_P2P_ON && (int)STP_OFF == STP_P2P_OFF,
	       "the same three values");

/* ---- BPDUs ---- */

static void on_frame(void *user, const struct punt_frame *frame)
{
	struct bridge *bridge = frame->port->bridge;
	const uint8_t *bpdu = frame->bytes;
	size_t length = 0;

	(void)user;
	if (!bridge->stp || frame->reason != XBR_PUNT_stp || frame->port->local)
		return;
	stp_frame_read(frame->bytes, frame->length, &bpdu, &length); /* else of no octets: malformed */
	stp_receive(bridge->stp, (uint16_t)frame->port->number, bpdu, length, stp_now());
	bridge->stp_touched = true;
}

static void hear(struct model *model, struct bridge *bridge, bool on)
{
	if (!model->stp_ear && on)
		model->stp_ear = punt_register(model, "stp", on_frame, NULL);
	if (model->stp_ear)
		punt_ask(model->stp_ear, bridge, on ? XBR_PUNT_BIT(XBR_PUNT_stp) : 0);
	else if (on)
		model_log(model, "%s: spanning tree hears nothing: no protocol more can listen",
			  bridge->name);
}

/* ---- ports ---- */

/* The ways out of bpdu_guard beside recovery: its link went, or it is turned off. */
static void leave_guard(struct model *model, struct port *port)
{
	bool link = port->ifindex && port->link.flags & IFF_UP && port->link.carrier;

	if (guard_shut_by(model, port) == XBR_SHUT_BPDU_GUARD &&
	    (!link || !(port->settings.stp.flags & STP_PORT_BPDU_GUARD)))
		guard_recover(model, port);
}

void stp_port_update(struct model *model, struct port *port)
{
	struct stp_bridge *stp = port->bridge->stp;
	struct stp_port_config config;
	uint32_t cost;
	bool full;
	int err;

	leave_guard(model, port);
	if (!stp || port->local ||
	    encap_is_group(&port->encap)) /* who hears a group's copies is no one link */
		return;
	read_link(port, &cost, &full);
	config = port_config(port, cost);
	err = stp_port_add(stp, (uint16_t)(port->number <= STP_PORT_MAX ? port->number : 0), &config,
			   stp_now());
	if (err == -EEXIST)
		stp_port_set(stp, (uint16_t)port->number, &config, stp_now());
	else if (err)
		model_log(model, "%s stays blocked: spanning tree has no room for port %u", port->name,
			  port->number);
	tell_rows(port, config.cost);
	stp_link(stp, (uint16_t)port->number, is_up(model, port), full, stp_now());
	port->bridge->stp_touched = true;
}

void stp_port_gone(struct model *model, struct port *port)
{
	if (!port->bridge->stp || port->local)
		return;
	stp_port_del(port->bridge->stp, (uint16_t)port->number, stp_now());
	port->stp_state = XBR_STATE_BLOCKING;
	stp_port_forget(model, port);
	port->bridge->stp_touched = true;
}

bool stp_port_mcheck(struct model *model, struct port *port)
{
	if (!port->bridge->stp)
		return false;
	stp_mcheck(port->bridge->stp, (uint16_t)port->number, stp_now());
	port->bridge->stp_touched = true;
	stp_settle(model);
	return true;
}

/* ---- bridges ---- */

static void write_states(struct model *model, const struct bridge *bridge, bool blocked)
{
	struct port *port, *next;

	port_foreach (model, port, next) {
		if (port->bridge != bridge)
			continue;
		if (blocked)
			port->stp_state = XBR_STATE_BLOCKING;
		if (port->ifindex)
			port_write_state(model, port);
	}
}

static void tell_ports(struct model *model, const struct bridge *bridge)
{
	struct port *port, *next;

	port_foreach (model, port, next)
		if (port->bridge == bridge && port->ifindex)
			stp_port_update(model, port);
}

static bool engine_make(struct model *model, struct bridge *bridge)
{
	struct stp_bridge_config config = bridge_config(bridge);

	bridge->stp_model = model;
	bridge->stp = stp_new(&config, &ops, bridge, stp_now());
	if (bridge->stp)
		tell_instances(bridge);
	else
		model_log(model, "%s: no memory for spanning tree: its ports stay blocked", bridge->name);
	return bridge->stp;
}

static void begin(struct model *model, struct bridge *bridge)
{
	write_states(model, bridge, true);
	if (!engine_make(model, bridge))
		return;
	hear(model, bridge, true);
	tell_ports(model, bridge);
	bridge->stp_touched = true;
}

static void end(struct model *model, struct bridge *bridge)
{
	hear(model, bridge, false);
	stp_free(bridge->stp);
	bridge->stp = NULL;
	write_states(model, bridge, false);
	flood_mark(bridge);
}

/* The kernel's bridge has its own spanning tree, which must not move ports that it does not forward for. */
static void kernel_off(struct model *model, const struct bridge *bridge)
{
	int err = rtnl_bridge_stp_off(model->rtnl, (int)bridge->ifindex);

	if (err)
		model_log(model, "cannot turn the kernel's own spanning tree on %s off: %s", bridge->name,
			  strerror(-err));
}

static void engine_update(struct model *model, struct bridge *bridge)
{
	struct stp_bridge_config config;

	if (!stp_is_on(bridge)) {
		if (bridge->stp)
			end(model, bridge);
		return;
	}
	if (!bridge->stp) {
		kernel_off(model, bridge);
		begin(model, bridge);
		return;
	}
	config = bridge_config(bridge);
	stp_bridge_set(bridge->stp, &config, stp_now());
	tell_instances(bridge);
	tell_ports(model, bridge);
	bridge->stp_touched = true;
}

void stp_bridge_update(struct model *model, struct bridge *bridge)
{
	if (bridge->stp_waits)
		return;
	engine_update(model, bridge);
	mst_update(model, bridge);
}

void stp_bridge_gone(struct model *model, struct bridge *bridge)
{
	if (bridge->stp)
		hear(model, bridge, false);
	stp_free(bridge->stp);
	bridge->stp = NULL;
}

/* ---- time ---- */

int stp_open(struct model *model)
{
	model->stp_timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return model->stp_timer < 0 ? -errno : 0;
}

void stp_close(struct model *model)
{
	for (uint32_t i = 0; model->by_index && i < XBR_BRIDGE_LIMIT; i++)
		if (model->by_index[i])
			stp_free(model->by_index[i]->stp);
	if (model->stp_timer >= 0)
		close(model->stp_timer);
}

int stp_fd(const struct model *model)
{
	return model->stp_timer;
}

static void note_alive(struct model *model, const struct bridge *bridge)
{
	model->dp->stp_saved[bridge->local->number].at_ms = stp_now();
}

void stp_alive(struct model *model)
{
	struct bridge *bridge, *next;

	bridge_foreach (model, bridge, next)
		if (bridge->stp)
			note_alive(model, bridge);
}

static uint64_t max_age_ms(const struct bridge *bridge)
{
	return bridge->settings.stp.max_age_cs * 10ull;
}

/* A timer that is due for longer than max age: this process was stopped, and the neighbours have forgotten
 * it. */
static void advance(struct model *model, struct bridge *bridge)
{
	uint64_t now = stp_now(), due = stp_deadline(bridge->stp);

	if (due > now)
		return;
	if (now - due > max_age_ms(bridge)) {
		model_log(model, "%s was left alone for %llu s, longer than max_age: it takes part anew",
			  bridge->name, (unsigned long long)(now - due) / 1000);
		stp_restart(bridge->stp, now);
	}
	stp_advance(bridge->stp, now);
	bridge->stp_touched = true;
}

void stp_dispatch(struct model *model)
{
	struct bridge *bridge, *next;
	uint64_t expirations;

	if (read(model->stp_timer, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN)
		model_log(model, "spanning tree's timer: %s", strerror(errno));
	bridge_foreach (model, bridge, next)
		if (bridge->stp)
			advance(model, bridge);
}

static void set_timer(struct model *model)
{
	struct itimerspec when = {0};
	struct bridge *bridge, *next;
	uint64_t due = STP_NEVER;

	bridge_foreach (model, bridge, next)
		if (bridge->stp && stp_deadline(bridge->stp) < due)
			due = stp_deadline(bridge->stp);
	if (due != STP_NEVER) {
		when.it_value.tv_sec = (time_t)(due / 1000);
		when.it_value.tv_nsec =
			(long)(due % 1000 * 1000000 + 1); /* never 0, which would be no timer */
	}
	if (timerfd_settime(model->stp_timer, TFD_TIMER_ABSTIME, &when, NULL))
		model_log(model, "spanning tree has no timer: %s", strerror(errno));
}

/* ---- memory ---- */

/* bpdu_guard: the port is shut as by any other guard, with recovery as there (watch.c). */
static void shut_guarded(struct model *model)
{
	struct stp_port_view view;
	struct port *port, *next;

	port_foreach (model, port, next)
		if (port->bridge->stp_touched && port->bridge->stp && !guard_shut_by(model, port) &&
		    stp_port_view(port->bridge->stp, (uint16_t)port->number, &view) && view.guard)
			guard_shut(model, port, XBR_SHUT_BPDU_GUARD);
}

static bool any_touched(const struct model *model)
{
	struct bridge *bridge, *next;

	bridge_foreach (model, bridge, next)
		if (bridge->stp_touched)
			return true;
	return false;
}

void stp_settle(struct model *model)
{
	struct bridge *bridge, *next_bridge;
	struct port *port, *next;

	if (!any_touched(model))
		return;
	shut_guarded(model);
	port_foreach (model, port, next)
		if (port->bridge->stp_touched && port->bridge->stp && port->number <= STP_PORT_MAX)
			stp_remember(model, port);
	bridge_foreach (model, bridge, next_bridge) {
		if (bridge->stp_touched && bridge->stp)
			note_alive(model, bridge);
		bridge->stp_touched = false;
	}
	set_timer(model);
}

/* False: nothing is known of it, it begins blocked. */
static bool thaw_begin(struct model *model, struct port *port)
{
	struct stp_port_config config;
	uint32_t cost;
	bool full;

	read_link(port, &cost, &full);
	config = port_config(port, cost);
	if (!stp_is_remembered(model, port) ||
	    stp_port_add(port->bridge->stp, (uint16_t)port->number, &config, stp_now())) {
		port->stp_state = XBR_STATE_BLOCKING;
		port_write_state(model, port);
		return false;
	}
	tell_rows(port, config.cost);
	return true;
}

static void thaw_port(struct model *model, struct port *port)
{
	uint32_t cost;
	bool full;

	read_link(port, &cost, &full);
	stp_recall(model, port, full);
}

static bool is_to_thaw(const struct port *port, const struct bridge *bridge)
{
	return port->bridge == bridge && port->ifindex && port->number <= STP_PORT_MAX;
}

/* All ports are there, with their costs, before anything is known of one: no role is chosen between. */
static void thaw(struct model *model, struct bridge *bridge)
{
	struct port *port, *next;

	if (!engine_make(model, bridge))
		return;
	port_foreach (model, port, next)
		port->thaws = is_to_thaw(port, bridge) && thaw_begin(model, port);
	port_foreach (model, port, next)
		if (port->bridge == bridge && port->thaws)
			thaw_port(model, port);
	hear(model, bridge, true);
	stp_thawed(bridge->stp, stp_now());
	tell_ports(model, bridge);
	bridge->stp_touched = true;
}

/* The clock began anew with the host, but so did the maps. */
static void adopt_bridge(struct model *model, struct bridge *bridge)
{
	uint64_t at = model->dp->stp_saved[bridge->local->number].at_ms, now = stp_now();

	if (at && now - at <= max_age_ms(bridge)) {
		thaw(model, bridge);
		return;
	}
	if (at)
		model_log(model,
			  "%s was without an agent for %llu s, longer than max_age: it takes part anew",
			  bridge->name, (unsigned long long)(now - at) / 1000);
	begin(model, bridge);
}

void stp_adopt(struct model *model)
{
	struct bridge *bridge, *next;

	bridge_foreach (model, bridge, next) {
		bridge->stp_waits = false;
		if (stp_is_on(bridge) && !bridge->stp && bridge->local)
			adopt_bridge(model, bridge);
		if (bridge->local)
			mst_update(model, bridge);
	}
}

struct stp_bridge_settings stp_bridge_remembered(const struct xbr_bridge_saved *saved)
{
	if (!saved->stp_hello_time_cs)
		return bridge_settings_default.stp;
	return (struct stp_bridge_settings){.priority = saved->stp_priority,
					    .hello_time_cs = saved->stp_hello_time_cs,
					    .max_age_cs = saved->stp_max_age_cs,
					    .forward_delay_cs = saved->stp_forward_delay_cs,
					    .state = saved->stp_state,
					    .version = saved->stp_version,
					    .tx_hold_count = saved->stp_tx_hold_count};
}

struct stp_port_settings stp_port_remembered(const struct xbr_port_saved *saved)
{
	if (!saved->stp_priority)
		return port_settings_default.stp;
	return (struct stp_port_settings){.cost = saved->stp_cost,
					  .priority = (uint8_t)(saved->stp_priority - 1),
					  .admin_edge = saved->stp_admin_edge,
					  .p2p = saved->stp_p2p,
					  .flags = saved->stp_flags};
}
