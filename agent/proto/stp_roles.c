// SPDX-License-Identifier: Apache-2.0
/*
 * The best root of a tree, and a role for each port: Port Role Selection (802.1Q-2018, 13.36).
 */
#include "proto/stp_machine.h"

/* The vector of this bridge as the root itself. */
static struct stp_vector bridge_priority(const struct stp_bridge *b, unsigned int t)
{
	const struct tree *tree = &b->trees[t];

	return (struct stp_vector){
		.root = t ? 0 : tree->bridge_id, .regional = tree->bridge_id, .bridge = tree->bridge_id};
}

static bool from_self(const struct stp_bridge *b, const struct tree_port *tp)
{
	return !((tp->port_priority.bridge ^ b->trees[0].bridge_id) & STP_ADDRESS_MASK);
}

/* At the boundary of the region the CIST decides for all trees. */
static bool at_boundary(const struct stp_port *p, unsigned int t)
{
	return t > 0 && p->trees[0].info_is == INFO_RECEIVED && !p->info_internal;
}

/* 13.29.34 a) and b): does the port offer a way to a root? The way, with the cost of the port in it. */
static bool root_path(const struct stp_port *p, unsigned int t, struct stp_vector *ret_path)
{
	const struct tree_port *tp = &p->trees[t];
	bool external = t == 0 && !p->info_internal;

	if (tp->info_is != INFO_RECEIVED || p->config.restricted_role || from_self(p->bridge, tp) ||
	    at_boundary(p, t) || stp_doubt_excludes(p->bridge, t, &tp->port_priority))
		return false;
	*ret_path = tp->port_priority;
	if (external) {
		ret_path->external += tp->cost;
		ret_path->regional = p->bridge->trees[0].bridge_id;
		ret_path->internal = 0;
	} else {
		ret_path->internal += tp->cost;
	}
	return true;
}

static const struct stp_port *best_root_path(const struct stp_bridge *b, unsigned int t,
					     struct stp_vector *best)
{
	const struct stp_port *root_port = NULL;
	struct stp_vector path;
	int order;

	*best = bridge_priority(b, t);
	stp_ports_foreach (b, i) {
		const struct stp_port *p = b->ports[i];

		if (!root_path(p, t, &path))
			continue;
		order = stp_vector_compare(&path, best);
		if (order < 0 || (order == 0 && root_port && stp_port_id(p, t) < stp_port_id(root_port, t))) {
			*best = path;
			root_port = p;
		}
	}
	return root_port;
}

/* 13.29.34 d): the times the root has set, one bridge further. */
static struct stp_times root_times(const struct stp_bridge *b, unsigned int t,
				   const struct stp_port *root_port)
{
	struct stp_times times = b->times;

	if (root_port)
		times = root_port->trees[t].port_times;
	else if (t > 0)
		times = (struct stp_times){.remaining_hops = b->times.remaining_hops};
	if (root_port && (t > 0 || root_port->info_internal))
		times.remaining_hops--;
	else if (root_port)
		times.message_age = (uint16_t)((times.message_age + SECOND_256 + SECOND_256 / 2) /
					       SECOND_256 * SECOND_256);
	return times;
}

/* syncMaster, 13.29.30: the region's way to the root has changed, its inner trees must not carry a loop
 * through it. By the neighbour, not by infoInternal: that is of what was believed, and nothing a neighbour
 * says is believed on a designated port. */
static void sync_master(struct stp_bridge *b)
{
	for (unsigned int t = 1; t < b->tree_count; t++)
		stp_ports_foreach (b, i)
			if (b->ports[i]->rcvd_internal) {
				struct tree_port *tp = tree_port(b, i, t);

				tp->agree = tp->agreed = tp->synced = false;
				tp->sync = true;
			}
}

static void set_root(struct stp_bridge *b, unsigned int t)
{
	struct tree *tree = &b->trees[t];
	struct stp_vector former = tree->root_priority;
	const struct stp_port *root_port;

	stp_doubt_begin(b, t);
	do {
		root_port = best_root_path(b, t, &tree->root_priority);
	} while (!stp_doubt_accepts(b, t, root_port ? &root_port->trees[t].port_priority : NULL));
	tree->root_port = root_port ? root_port->number : 0;
	tree->root_times = root_times(b, t, root_port);
	if (t == 0 && former.regional != tree->root_priority.regional &&
	    (former.external || tree->root_priority.external))
		sync_master(b);
}

/* 13.29.34 e): what we would say there. A neighbour that speaks STP sees this bridge, not its region. */
static void set_designated(struct stp_port *p, unsigned int t)
{
	const struct tree *tree = &p->bridge->trees[t];
	struct tree_port *tp = &p->trees[t];

	tp->designated_priority = tree->root_priority;
	tp->designated_priority.bridge = tree->bridge_id;
	tp->designated_priority.port = stp_port_id(p, t);
	tp->designated_times = tree->root_times;
	if (t > 0)
		return;
	tp->designated_times.hello_time = p->bridge->times.hello_time;
	if (!p->send_rstp) {
		tp->designated_priority.regional = tree->bridge_id;
		tp->designated_priority.internal = 0;
	}
}

static bool info_differs(const struct tree_port *tp)
{
	return stp_vector_compare(&tp->port_priority, &tp->designated_priority) != 0 ||
	       !stp_times_equal(&tp->port_times, &tp->designated_times);
}

static enum stp_role boundary_role(const struct stp_port *p)
{
	switch (p->trees[0].selected_role) {
	case STP_ROLE_ROOT:
		return STP_ROLE_MASTER;
	case STP_ROLE_DESIGNATED:
		return STP_ROLE_DESIGNATED;
	default:
		return STP_ROLE_ALTERNATE;
	}
}

static enum stp_role received_role(const struct stp_port *p, unsigned int t)
{
	const struct tree_port *tp = &p->trees[t];

	if (p->number == p->bridge->trees[t].root_port)
		return STP_ROLE_ROOT;
	if (stp_vector_compare(&tp->designated_priority, &tp->port_priority) < 0)
		return STP_ROLE_DESIGNATED;
	return from_self(p->bridge, tp) ? STP_ROLE_BACKUP : STP_ROLE_ALTERNATE;
}

/* 13.29.34 f) to l) */
static void set_role(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];

	tp->updt_info = false;
	if (tp->info_is == INFO_DISABLED) {
		tp->selected_role = STP_ROLE_DISABLED;
	} else if (at_boundary(p, t)) {
		tp->selected_role = boundary_role(p);
		tp->updt_info = info_differs(tp);
	} else if (tp->info_is == INFO_RECEIVED) {
		tp->selected_role = received_role(p, t);
		tp->updt_info = tp->selected_role == STP_ROLE_DESIGNATED;
	} else {
		tp->selected_role = STP_ROLE_DESIGNATED;
		tp->updt_info = tp->info_is == INFO_AGED || info_differs(tp);
	}
}

/* An alternate port's agreement names the root we know, and holds for no other: one to the former root is
 * given again. */
static void choose_role(struct stp_port *p, unsigned int t)
{
	struct tree_port *tp = &p->trees[t];
	struct stp_vector former = tp->designated_priority;

	set_designated(p, t);
	set_role(p, t);
	if (tp->agree && tp->selected_role == STP_ROLE_ALTERNATE &&
	    (former.root != tp->designated_priority.root ||
	     (t > 0 && former.regional != tp->designated_priority.regional)))
		set_new_info(p, t);
}

/* updtRolesTree, 13.29.34. */
static void updt_roles_tree(struct stp_bridge *b, unsigned int t)
{
	set_root(b, t);
	stp_ports_foreach (b, i)
		choose_role(b->ports[i], t);
}

/* ROLE_SELECTION of figure 13-17. Roles of the MSTIs at the boundary depend on those of the CIST: they are
 * chosen again with it. */
bool stp_prs(struct stp_bridge *b, unsigned int t)
{
	if (!b->trees[t].reselect)
		return false;
	b->trees[t].reselect = false;
	updt_roles_tree(b, t);
	stp_ports_foreach (b, i) {
		tree_port(b, i, t)->reselect = false;
		tree_port(b, i, t)->selected = true;
	}
	for (unsigned int other = 1; t == 0 && other < b->tree_count; other++)
		b->trees[other].reselect = true;
	stp_all_dirty(b);
	return true;
}

/* BEGIN: this bridge is the root, as far as it knows. */
void stp_roles_begin(struct stp_bridge *b, unsigned int t)
{
	struct tree *tree = &b->trees[t];

	tree->root_priority = bridge_priority(b, t);
	tree->root_port = 0;
	tree->root_times = root_times(b, t, NULL);
	tree->doubt.until = tree->doubt.forget = 0;
}
