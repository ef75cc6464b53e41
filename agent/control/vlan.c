// SPDX-License-Identifier: Apache-2.0
#include "control/vlan.h"

#include <stddef.h>
#include <string.h>

#include "control/line.h"
#include "control/params.h"

/* ---- commands ---- */

struct vlan_request {
	const char *dev;
	uint64_t vid[VLAN_WORDS];
	bool pvid, untagged, hairpin, self;
	uint32_t to, priority;
};

#define VLAN_FIELD(member) .offset = offsetof(struct vlan_request, member)
#define VLAN_DEV                                                                                             \
	{                                                                                                    \
		.name = "dev", .type = PARAM_STRING, .required = true, .min = 1, VLAN_FIELD(dev)             \
	}
#define VLAN_VID                                                                                             \
	{                                                                                                    \
		.name = "vid", .type = PARAM_VIDS, .required = true, VLAN_FIELD(vid)                         \
	}
#define VLAN_FLAG(flag)                                                                                      \
	{                                                                                                    \
		.name = #flag, .type = PARAM_BOOL, VLAN_FIELD(flag)                                          \
	}
static const struct param vlan_add_params[] = {
	VLAN_DEV, VLAN_VID, VLAN_FLAG(pvid), VLAN_FLAG(untagged), VLAN_FLAG(hairpin), VLAN_FLAG(self), {0}};
static const struct param vlan_del_params[] = {
	VLAN_DEV, VLAN_VID, VLAN_FLAG(pvid), VLAN_FLAG(untagged), VLAN_FLAG(hairpin), VLAN_FLAG(self), {0}};
static const struct param vlanmap_add_params[] = {
	VLAN_DEV,
	VLAN_VID,
	{.name = "to", .type = PARAM_U32, .required = true, .min = 1, .max = XBR_VID_MAX, VLAN_FIELD(to)},
	{.name = "priority", .type = PARAM_U32, .max = 7, VLAN_FIELD(priority)},
	{0}};
static const struct param vlanmap_del_params[] = {VLAN_DEV, VLAN_VID, {0}};

static int read_request(const json_t *params, const struct param *table, struct vlan_request *ret_request,
			struct xbr_error *error)
{
	uint64_t given = 0;

	memset(ret_request, 0, sizeof(*ret_request));
	ret_request->priority = XBR_PRIORITY_KEEP;
	return params_read(params, table, ret_request, &given, error);
}

static int add_or_set(const json_t *params, struct want *want, bool set, struct xbr_error *error)
{
	struct vlan_request r;
	int err = read_request(params, vlan_add_params, &r, error);

	if (err)
		return err;
	return want_vlan_add(want, r.dev, r.self, r.vid, (struct vlan_flags){r.pvid, r.untagged, r.hairpin},
			     set, error);
}

int command_vlan_add(const json_t *params, struct want *want, struct xbr_error *error)
{
	return add_or_set(params, want, false, error);
}

int command_vlan_set(const json_t *params, struct want *want, struct xbr_error *error)
{
	return add_or_set(params, want, true, error);
}

int command_vlan_del(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct vlan_request r;
	int err = read_request(params, vlan_del_params, &r, error);

	return err ? err : want_vlan_del(want, r.dev, r.self, r.vid, error);
}

int command_vlanmap_add(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct vlan_request r;
	int err = read_request(params, vlanmap_add_params, &r, error);

	if (err)
		return err;
	return want_vlan_map(want, r.dev, r.vid, (uint16_t)r.to, (uint8_t)r.priority, error);
}

int command_vlanmap_del(const json_t *params, struct want *want, struct xbr_error *error)
{
	struct vlan_request r;
	int err = read_request(params, vlanmap_del_params, &r, error);

	return err ? err : want_vlan_unmap(want, r.dev, r.vid, error);
}

/* ---- showing ---- */

/* What the kernel counts without vlan_stats_per_port: all ports of the bridge together. */
static void add_stats_of_bridge(struct model *model, const struct bridge *bridge, uint16_t vid,
				struct xbr_vlan_stats *sum)
{
	for (uint32_t n = 1; n < model->dp->max_ports; n++) {
		const struct port *port = model->by_number[n];
		struct xbr_vlan_stats one;

		if (!port || port->bridge != bridge || !vlan_set_has(port->vlans, vid) ||
		    datapath_vlan_stats_read(model->dp, n, vid, &one))
			continue;
		sum->rx_frames += one.rx_frames;
		sum->rx_bytes += one.rx_bytes;
		sum->tx_frames += one.tx_frames;
		sum->tx_bytes += one.tx_bytes;
	}
}

static void add_stats(struct model *model, const struct port *port, uint16_t vid, json_t *object)
{
	struct xbr_vlan_stats stats = {0};

	if (port->bridge->settings.vlan_stats_per_port)
		datapath_vlan_stats_read(model->dp, port->number, vid, &stats);
	else
		add_stats_of_bridge(model, port->bridge, vid, &stats);
	json_object_set_new(object, "rx_bytes", json_integer((json_int_t)stats.rx_bytes));
	json_object_set_new(object, "rx_packets", json_integer((json_int_t)stats.rx_frames));
	json_object_set_new(object, "tx_bytes", json_integer((json_int_t)stats.tx_bytes));
	json_object_set_new(object, "tx_packets", json_integer((json_int_t)stats.tx_frames));
}

/* As bridge(8) prints it: no flags, no key. */
static void add_flags(const struct vlan_run *run, json_t *object)
{
	json_t *flags = json_array();

	if (run->pvid)
		json_array_append_new(flags, json_string("PVID"));
	if (run->untagged)
		json_array_append_new(flags, json_string("Egress Untagged"));
	if (run->hairpin)
		json_array_append_new(flags, json_string("Hairpin"));
	if (json_array_size(flags))
		json_object_set(object, "flags", flags);
	json_decref(flags);
}

/* With counters a VLAN's number has another key in bridge(8), too. */
static void append_run(struct model *model, const struct port *port, const struct vlan_run *run,
		       const struct vlan_show *show, json_t *list)
{
	json_t *object = json_pack("{si}", show->stats ? "vid" : "vlan", run->first);

	if (run->last != run->first)
		json_object_set_new(object, "vlanEnd", json_integer(run->last));
	add_flags(run, object);
	if (show->stats)
		add_stats(model, port, run->first, object);
	json_array_append_new(list, object);
}

static void append_each(struct model *model, const struct port *port, const struct vlan_run *run,
			const struct vlan_show *show, json_t *list)
{
	for (uint32_t vid = run->first; vid <= run->last; vid++) {
		struct vlan_run one = *run;

		one.first = one.last = (uint16_t)vid;
		if (!show->vid || show->vid == vid)
			append_run(model, port, &one, show, list);
	}
}

json_t *vlan_show_port(struct model *model, const struct port *port, const struct vlan_show *show)
{
	json_t *list = json_array();
	struct vlan_run run = {0};

	while (vlan_set_next_run(port->vlans, &run))
		if (show->compress && !show->stats && !show->vid)
			append_run(model, port, &run, show, list);
		else
			append_each(model, port, &run, show, list);
	if (json_array_size(list))
		return json_pack("{ssso}", "ifname", port->name, "vlans", list);
	json_decref(list);
	return NULL;
}

/* VIDs in a row that are mapped alike. */
static unsigned int mapping_run(const struct vlan_set *set, unsigned int first)
{
	unsigned int last = first;

	while (last + 1 < set->mapping_count &&
	       set->mappings[last + 1].from == set->mappings[last].from + 1 &&
	       set->mappings[last + 1].to == set->mappings[first].to &&
	       set->mappings[last + 1].priority == set->mappings[first].priority)
		last++;
	return last;
}

void vlan_show_mappings(const struct port *port, json_t *list)
{
	const struct vlan_set *set = port->vlans;

	for (unsigned int i = 0, last; i < set->mapping_count; i = last + 1) {
		const struct vlan_mapping *m = &set->mappings[i];
		json_t *object = json_pack("{sssi}", "ifname", port->name, "vid", m->from);

		last = mapping_run(set, i);
		if (last != i)
			json_object_set_new(object, "vidEnd", json_integer(set->mappings[last].from));
		json_object_set_new(object, "to", json_integer(m->to));
		if (m->priority < XBR_PRIORITY_KEEP)
			json_object_set_new(object, "priority", json_integer(m->priority));
		json_array_append_new(list, object);
	}
}

/* ---- saving ---- */

static void begin_line(struct line *line, const char *command, uint16_t first, uint16_t last,
		       const struct port *port)
{
	*line = (struct line){0};
	line_add(line, last == first ? "%s vid %u" : "%s vid %u-%u", command, first, last);
	line_add_name(line, "dev", port->name);
}

static void save_run(json_t *lines, const struct port *port, const struct vlan_run *run)
{
	struct line line;

	begin_line(&line, "vlan add", run->first, run->last, port);
	line_add(&line, "%s%s%s%s", run->pvid ? " pvid" : "", run->untagged ? " untagged" : "",
		 run->hairpin ? " hairpin" : "", port->local ? " self" : "");
	line_append(&line, lines);
}

/* Is the whole run what a new port has anyway? */
static bool is_fresh(const struct vlan_set *fresh, const struct vlan_run *run)
{
	return run->first == run->last && vlan_set_has(fresh, run->first) &&
	       vlan_set_is_untagged(fresh, run->first) == run->untagged && !run->hairpin &&
	       (fresh->pvid == run->first) == run->pvid;
}

void vlan_save(json_t *lines, const struct port *port)
{
	uint16_t given = port->bridge->fresh->pvid;
	struct vlan_run run = {0};
	struct line line;

	if (vlan_set_equal(port->vlans, port->bridge->fresh))
		return;
	while (vlan_set_next_run(port->vlans, &run))
		if (!is_fresh(port->bridge->fresh, &run))
			save_run(lines, port, &run);
	if (!given || vlan_set_has(port->vlans, given))
		return;
	begin_line(&line, "vlan del", given, given, port);
	line_add(&line, port->local ? " self" : "");
	line_append(&line, lines);
}

void vlan_save_mappings(json_t *lines, const struct port *port)
{
	const struct vlan_set *set = port->vlans;
	struct line line;

	for (unsigned int i = 0, last; i < set->mapping_count; i = last + 1) {
		last = mapping_run(set, i);
		begin_line(&line, "vlanmap add", set->mappings[i].from, set->mappings[last].from, port);
		line_add(&line, " to %u", set->mappings[i].to);
		if (set->mappings[i].priority < XBR_PRIORITY_KEEP)
			line_add(&line, " priority %u", set->mappings[i].priority);
		line_append(&line, lines);
	}
}
