// SPDX-License-Identifier: Apache-2.0
#include "model/acl.h"
#include "model/offer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "datapath/acl_maps.h"
#include "datapath/features.h"
#include "model/meter.h"

#define ROOM_LEAST   16
#define SEQ_STEP     10 /* between rules that are given no seq, as in other switches' lists */
#define NO_SUCH_PORT 0xffff
#define WINDOW_LEAST 8 /* buckets of the decision cache that a port has to itself, while there are enough */

/* ---- names ---- */

struct acl_list *acl_find(const struct model *model, const char *name)
{
	struct acl_list *list;

	HASH_FIND_STR(model->acl->lists, name, list);
	return list;
}

static int require_list(const struct model *model, const char *name, struct acl_list **ret_list,
			struct xbr_error *error)
{
	*ret_list = acl_find(model, name);
	return *ret_list ? 0 : xbr_refuse(error, -ENOENT, "there is no access list %.40s", name);
}

/* ---- images ---- */

static void wait_for_programs(void *user)
{
	acl_maps_wait(user);
}

static int random_seed(uint64_t *ret_seed)
{
	return getrandom(ret_seed, sizeof(*ret_seed), 0) == sizeof(*ret_seed) ? 0 : -errno;
}

static int refuse_image(int err, const char *name, struct xbr_error *error)
{
	return xbr_refuse(error, err, "cannot load the access list %s: %s", name, strerror(-err));
}

/* A fresh image of these rules takes the place of the list's, which is given back. */
static int image_swap(struct model *model, struct acl_list *list, const struct xbr_acl_rule *rules,
		      uint32_t count, uint32_t room)
{
	struct acl_image_options options = {.name = list->name,
					    .epoch = ++model->acl->epoch << 16,
					    .processors = (uint32_t)model->dp->cpus,
					    .room = room};
	struct acl_image fresh;
	void *built, *cells;
	int err = random_seed(&options.seed);

	if (!err)
		err = acl_image_build(&fresh, &options, rules, count);
	if (err)
		return err;
	built = fresh.cells;
	err = acl_maps_put(model->dp, list->number, built, fresh.count, &cells);
	free(built);
	if (err) {
		acl_image_close(&fresh);
		return err;
	}
	acl_maps_unmap(list->image.cells, list->image.count);
	acl_image_close(&list->image);
	acl_image_move(&fresh, cells);
	fresh.wait = wait_for_programs;
	fresh.wait_user = model->dp;
	list->image = fresh;
	return 0;
}

/* The rules as they are, in their order, for free(). */
static struct xbr_acl_rule *rules_copy(const struct acl_list *list, uint32_t *ret_count)
{
	uint32_t count = acl_image_header(&list->image)->count;
	struct xbr_acl_rule *rules = calloc(count + 1ul, sizeof(*rules));

	for (uint32_t i = 0; rules && i < count; i++)
		rules[i] = *acl_image_rule(&list->image, list->image.places[i].rule);
	*ret_count = count;
	return rules;
}

/* What the former image had counted until it was put away goes on in the new one, rule by rule. */
static void carry_counts(struct acl_image *to, const struct xbr_acl_count *counts, uint32_t count)
{
	acl_image_count_add(to, 0, &counts[count]);
	for (uint32_t i = 0; i < count; i++)
		acl_image_count_add(to, to->places[i].rule, &counts[i]);
}

static void read_counts(const struct acl_image *image, struct xbr_acl_count *counts)
{
	uint32_t count = acl_image_header(image)->count;

	for (uint32_t i = 0; i < count; i++)
		counts[i] = acl_image_counted(image, image->places[i].rule);
	counts[count] = acl_image_counted(image, 0);
}

/* The same rules with room for more. The former image stays mapped until no program counts in it any more. */
static int image_grow(struct model *model, struct acl_list *list)
{
	struct acl_image former = list->image;
	uint32_t count;
	struct xbr_acl_rule *rules = rules_copy(list, &count);
	struct xbr_acl_count *counts = calloc(count + 1ul, sizeof(*counts));
	int err = rules && counts ? 0 : -ENOMEM;

	list->image = (struct acl_image){0};
	if (!err)
		err = image_swap(model, list, rules, count, 2 * count + ROOM_LEAST);
	if (err) {
		list->image = former;
	} else {
		read_counts(&former, counts);
		carry_counts(&list->image, counts, count);
		acl_maps_unmap(former.cells, former.count);
		acl_image_close(&former);
	}
	free(rules);
	free(counts);
	return err;
}

/* ---- lists ---- */

static uint32_t free_number(const struct model *model)
{
	for (uint32_t number = 1; number < XBR_ACL_LIMIT; number++)
		if (!model->acl->by_number[number])
			return number;
	return 0;
}

static struct acl_list *list_new(struct model *model, uint32_t number, const char *name)
{
	struct acl_list *list = calloc(1, sizeof(*list));

	if (!list)
		return NULL;
	list->number = number;
	snprintf(list->name, sizeof(list->name), "%s", name);
	model->acl->by_number[number] = list;
	HASH_ADD_STR(model->acl->lists, name, list);
	return list;
}

static void list_free(struct model *model, struct acl_list *list)
{
	acl_maps_unmap(list->image.cells, list->image.count);
	acl_image_close(&list->image);
	model->acl->by_number[list->number] = NULL;
	HASH_DEL(model->acl->lists, list);
	free(list);
}

/* An empty list, or one of these rules. */
static int list_make(struct model *model, const char *name, const struct xbr_acl_rule *rules, uint32_t count,
		     struct acl_list **ret_list, struct xbr_error *error)
{
	uint32_t number = free_number(model);
	struct acl_list *list;
	int err = acl_name_check(name, error);

	if (err)
		return err;
	if (!number)
		return xbr_refuse(error, -ENOSPC, "there are %d access lists already", XBR_ACL_LIMIT - 1);
	list = list_new(model, number, name);
	if (!list)
		return xbr_refuse(error, -ENOMEM, "out of memory");
	err = image_swap(model, list, rules, count, count + count / 4 + ROOM_LEAST);
	if (err) {
		list_free(model, list);
		return refuse_image(err, name, error);
	}
	*ret_list = list;
	return 0;
}

static void list_remove(struct model *model, struct acl_list *list)
{
	acl_maps_remove(model->dp, list->number);
	list_free(model, list);
}

/* ---- ports that rules name ---- */

static uint16_t port_number(const struct model *model, const char *name)
{
	const struct port *port = model_port(model, name);
	const struct bridge *bridge = model_bridge(model, name);

	if (bridge)
		port = bridge->local;
	return port ? (uint16_t)port->number : NO_SUCH_PORT;
}

bool acl_names_ports(const struct xbr_acl_rule *rule)
{
	return rule->dev[0] || rule->mirror_dev[0];
}

int acl_resolve(const struct model *model, struct xbr_acl_rule *rule, struct xbr_error *error)
{
	const char *names[] = {rule->dev, rule->mirror_dev};
	uint16_t *ports[] = {&rule->action.port, &rule->action.mirror};

	for (int i = 0; i < 2; i++) {
		if (!names[i][0])
			continue;
		*ports[i] = port_number(model, names[i]);
		if (*ports[i] == NO_SUCH_PORT)
			return xbr_refuse(error, -ENODEV, "%s is not a port of any bridge of xbr", names[i]);
	}
	return 0;
}

/* Whether the number that a name has is another one now. */
static bool follow(const struct model *model, const char *name, uint16_t *port)
{
	uint16_t now = name[0] ? port_number(model, name) : *port;

	if (now == *port)
		return false;
	__atomic_store_n(port, now, __ATOMIC_RELEASE);
	return true;
}

static void resolve_again(struct model *model, struct acl_list *list)
{
	bool changed = false;

	for (uint32_t i = 0; i < acl_image_header(&list->image)->count; i++) {
		struct xbr_acl_rule *rule = acl_image_rule(&list->image, list->image.places[i].rule);

		changed |= follow(model, rule->dev, &rule->action.port);
		changed |= follow(model, rule->mirror_dev, &rule->action.mirror);
	}
	if (changed)
		acl_image_void(&list->image);
}

void acl_ports_changed(struct model *model)
{
	struct acl_list *list, *next;

	acl_foreach(model, list, next) if (list->names_ports) resolve_again(model, list);
}

/* ---- states ---- */

#define STATE_WORD 7 /* of a flow: see XBR_FLOW_FIELDS */
#define STATE_BITS 0xff00000000000000ull

static bool rule_reads_states(const struct xbr_acl_rule *rule)
{
	return rule->mask[STATE_WORD] & STATE_BITS;
}

static bool list_reads_states(const struct acl_list *list)
{
	return acl_image_header(&list->image)->reads[STATE_WORD] & STATE_BITS;
}

/* What programs need to have in them for a rule, or a list. */
static uint32_t rule_features(const struct xbr_acl_rule *rule)
{
	return XBR_FEATURE_acl | (rule_reads_states(rule) ? XBR_FEATURE_conn : 0) |
	       (rule->action.what & XBR_ACL_POLICE ? XBR_FEATURE_qos : 0);
}

static uint32_t list_features(const struct acl_list *list)
{
	return XBR_FEATURE_acl | (list_reads_states(list) ? XBR_FEATURE_conn : 0) |
	       (list->polices ? XBR_FEATURE_qos : 0);
}

/* With XBR_FEATURE_conn connections are followed from now on. */
static int need(struct model *model, uint32_t features, struct xbr_error *error)
{
	int err = datapath_need(model->dp, features, error);

	if (err || !(features & XBR_FEATURE_conn))
		return err;
	err = conn_need(model);
	return err ? xbr_refuse(error, err, "cannot make the table of connections: %s", strerror(-err)) : 0;
}

/* Before a list that is bound gets these rules. */
static int need_of_rules(struct model *model, const struct acl_list *list, const struct xbr_acl_rule *rules,
			 uint32_t count, struct xbr_error *error)
{
	uint32_t features = 0;

	for (uint32_t i = 0; list && list->bound && i < count; i++)
		features |= rule_features(&rules[i]);
	return features ? need(model, features, error) : 0;
}

/* Notes what a list that has got these rules is to be asked for later. */
static void note_rules(struct acl_list *list, const struct xbr_acl_rule *rules, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		list->names_ports |= acl_names_ports(&rules[i]);
		list->polices |= !!(rules[i].action.what & XBR_ACL_POLICE);
	}
}

static void bindings_changed(struct model *model);

/* After a list that is bound has other rules: frames of other ports may have to be followed. */
static void states_changed(struct model *model, const struct acl_list *list, bool before)
{
	if (list->bound && list_reads_states(list) != before)
		bindings_changed(model);
}

/* ---- rules ---- */

/* What is bound where frames leave only lets pass or not. */
static int check_out(const struct acl_list *list, const struct xbr_acl_rule *rule, struct xbr_error *error)
{
	if (!(rule->action.what & (XBR_ACL_REDIRECT | XBR_ACL_MIRROR | XBR_ACL_CHANGES | XBR_ACL_POLICE)))
		return 0;
	return xbr_refuse(
		error, -EINVAL,
		"rule %u of the access list %s redirects, mirrors, marks, polices or changes frames: that is "
		"done where they come in, not where they leave (out)",
		rule->seq, list->name);
}

static int check_rules_out(const struct acl_list *list, const struct xbr_acl_rule *rules, uint32_t count,
			   struct xbr_error *error)
{
	int err = 0;

	for (uint32_t i = 0; list->bound_out && i < count && !err; i++)
		err = check_out(list, &rules[i], error);
	return err;
}

static int check_rule(const struct model *model, struct xbr_acl_rule *rule, struct acl_list *list,
		      struct xbr_error *error)
{
	const struct acl_image *image = list ? &list->image : NULL;
	uint32_t count = image ? acl_image_header(image)->count : 0;

	if (!rule->seq)
		rule->seq = count ? image->places[count - 1].seq + SEQ_STEP : SEQ_STEP;
	if (image && acl_image_find(image, rule->seq))
		return xbr_refuse(error, -EEXIST, "the list %s has a rule with seq %u already", list->name,
				  rule->seq);
	if (list && check_rules_out(list, rule, 1, error))
		return -EINVAL;
	if (count >= XBR_ACL_RULES_MAX)
		return xbr_refuse(error, -ENOSPC, "a list has at most %u rules", XBR_ACL_RULES_MAX);
	return acl_resolve(model, rule, error);
}

/* What devices do of lists: they counted for the rules before. */
static void rules_change(struct model *model)
{
	offer_collect(model);
	offer_mark(model);
}

int acl_add(struct model *model, const char *name, struct xbr_acl_rule *rule, struct xbr_error *error)
{
	struct acl_list *list = acl_find(model, name);
	bool before = list && list_reads_states(list);
	int err = check_rule(model, rule, list, error);

	if (!err)
		err = need_of_rules(model, list, rule, 1, error);
	if (err)
		return err;
	rules_change(model);
	if (!list) {
		err = list_make(model, name, rule, 1, &list, error);
	} else {
		err = acl_image_add(&list->image, rule);
		if (err == -ENOSPC)
			err = image_grow(model, list);
		if (!err && !acl_image_find(&list->image, rule->seq))
			err = acl_image_add(&list->image, rule);
		if (err)
			return refuse_image(err, name, error);
	}
	if (!err) {
		note_rules(list, rule, 1);
		states_changed(model, list, before);
	}
	offer_settle(model);
	return err;
}

int acl_replace(struct model *model, const char *name, const struct xbr_acl_rule *rules, uint32_t count,
		struct xbr_error *error)
{
	struct acl_list *list = acl_find(model, name);
	bool before = list && list_reads_states(list);
	int err = list ? check_rules_out(list, rules, count, error) : 0;

	if (!err)
		err = need_of_rules(model, list, rules, count, error);
	if (err)
		return err;
	rules_change(model);
	if (!list)
		err = list_make(model, name, rules, count, &list, error);
	else
		err = image_swap(model, list, rules, count, count + count / 4 + ROOM_LEAST);
	if (err)
		return list ? refuse_image(err, name, error) : err;
	list->names_ports = list->polices = false;
	note_rules(list, rules, count);
	acl_ports_changed(model);
	states_changed(model, list, before);
	offer_settle(model);
	return 0;
}

/* ---- where lists are bound ---- */

static void target_text(const struct acl_target *target, char *text, size_t size)
{
	if (target->port)
		snprintf(text, size, "dev %s", target->port->name);
	else if (target->vid && target->bridge)
		snprintf(text, size, "vlan %u of %s", target->vid, target->bridge->name);
	else if (target->vid)
		snprintf(text, size, "vlan %u", target->vid);
	else
		snprintf(text, size, "br %s", target->bridge->name);
}

static void visit_pair(const struct model *model, const struct acl_list *list,
		       const struct acl_target *target, const uint16_t numbers[2],
		       void (*visit)(const struct acl_list *list, const struct acl_target *target,
				     enum acl_direction direction, void *user),
		       void *user)
{
	for (int direction = ACL_IN; direction <= ACL_OUT; direction++) {
		const struct acl_list *bound = model->acl->by_number[numbers[direction] % XBR_ACL_LIMIT];

		if (numbers[direction] && bound && (!list || list == bound))
			visit(bound, target, (enum acl_direction)direction, user);
	}
}

void acl_each_binding(const struct model *model, const struct acl_list *list,
		      void (*visit)(const struct acl_list *list, const struct acl_target *target,
				    enum acl_direction direction, void *user),
		      void *user)
{
	struct acl_vlan *vlan, *next_vlan;
	struct bridge *bridge, *next_bridge;
	struct port *port, *next;

	port_foreach (model, port, next) {
		const struct xbr_port *slot = port_slot(model, port);
		struct acl_target target = {.port = port};

		visit_pair(model, list, &target, (uint16_t[]){slot->acl_in, slot->acl_out}, visit, user);
	}
	bridge_foreach (model, bridge, next_bridge) {
		const struct xbr_bridge *slot = &model->dp->bridges[bridge->index];
		const struct xbr_port *local = port_slot(model, bridge->local);
		struct acl_target target = {.bridge = bridge}, host = {.port = bridge->local};

		visit_pair(model, list, &target, (uint16_t[]){slot->acl_in, slot->acl_out}, visit, user);
		visit_pair(model, list, &host, (uint16_t[]){local->acl_in, local->acl_out}, visit, user);
	}
	HASH_ITER (hh, model->acl->vlans, vlan, next_vlan) {
		struct acl_target target = {.bridge = model->by_index[vlan->key >> 16],
					    .vid = vlan->key & 0xffff};

		visit_pair(model, list, &target,
			   (uint16_t[]){(uint16_t)vlan->list[0], (uint16_t)vlan->list[1]}, visit, user);
	}
}

static void first_binding(const struct acl_list *list, const struct acl_target *target,
			  enum acl_direction direction, void *user)
{
	char *text = user, where[64];

	(void)list;
	if (text[0])
		return;
	target_text(target, where, sizeof(where));
	snprintf(text, 80, "%s %s", where, direction == ACL_IN ? "in" : "out");
}

static int refuse_in_use(const struct model *model, const struct acl_list *list, struct xbr_error *error)
{
	char where[80] = "";

	acl_each_binding(model, list, first_binding, where);
	return xbr_refuse(error, -EBUSY, "the access list %s is in use: bound to %s; unbind it first",
			  list->name, where);
}

int acl_del(struct model *model, const char *name, uint32_t seq, struct xbr_error *error)
{
	struct acl_list *list;
	uint32_t rule;
	int err = require_list(model, name, &list, error);

	if (err)
		return err;
	if (!seq) {
		if (list->bound)
			return refuse_in_use(model, list, error);
		list_remove(model, list);
		return 0;
	}
	rule = acl_image_find(&list->image, seq);
	if (!rule)
		return xbr_refuse(error, -ENOENT, "the access list %s has no rule with seq %u", name, seq);
	rules_change(model);
	acl_image_del(&list->image, rule);
	offer_settle(model);
	return 0;
}

static struct acl_vlan *vlan_at(struct model *model, const struct acl_target *target, bool make)
{
	uint32_t key = (target->bridge ? target->bridge->index : 0) << 16 | target->vid;
	struct acl_vlan *vlan;

	HASH_FIND(hh, model->acl->vlans, &key, sizeof(key), vlan);
	if (vlan || !make)
		return vlan;
	vlan = calloc(1, sizeof(*vlan));
	if (!vlan)
		return NULL;
	vlan->key = key;
	HASH_ADD(hh, model->acl->vlans, key, sizeof(vlan->key), vlan);
	return vlan;
}

static int vlan_write(struct model *model, struct acl_vlan *vlan)
{
	struct xbr_acl_bound bound = {.in = (uint16_t)vlan->list[ACL_IN],
				      .out = (uint16_t)vlan->list[ACL_OUT]};
	int err = acl_maps_set_vlan(model->dp, vlan->key >> 16, vlan->key & 0xffff, bound);

	if (!bound.in && !bound.out) {
		HASH_DEL(model->acl->vlans, vlan);
		free(vlan);
	}
	return err;
}

/* Where the number of the list that is bound to a port or a bridge stands. */
static __u16 *slot_of(struct model *model, const struct acl_target *target, enum acl_direction direction)
{
	struct xbr_port *port = target->port ? port_slot(model, target->port) : NULL;
	struct xbr_bridge *bridge = target->port ? NULL : &model->dp->bridges[target->bridge->index];

	if (port)
		return direction == ACL_IN ? &port->acl_in : &port->acl_out;
	return direction == ACL_IN ? &bridge->acl_in : &bridge->acl_out;
}

static uint32_t bound_at(struct model *model, const struct acl_target *target, enum acl_direction direction)
{
	const struct acl_vlan *vlan;

	if (!target->vid)
		return *slot_of(model, target, direction);
	vlan = vlan_at(model, target, false);
	return vlan ? vlan->list[direction] : 0;
}

static int put_at(struct model *model, const struct acl_target *target, enum acl_direction direction,
		  uint32_t number)
{
	struct acl_vlan *vlan;

	if (!target->vid) {
		__atomic_store_n(slot_of(model, target, direction), (__u16)number, __ATOMIC_SEQ_CST);
		return 0;
	}
	vlan = vlan_at(model, target, true);
	if (!vlan)
		return -ENOMEM;
	vlan->list[direction] = number;
	return vlan_write(model, vlan);
}

int acl_rebind(struct model *model, struct acl_list *list, const struct acl_target *target,
	       enum acl_direction direction, struct xbr_error *error)
{
	struct acl_list *former = model->acl->by_number[bound_at(model, target, direction)];
	char where[64];
	int err;

	target_text(target, where, sizeof(where));
	for (uint32_t i = 0; direction == ACL_OUT && i < acl_image_header(&list->image)->count; i++)
		if (check_out(list, acl_image_rule(&list->image, list->image.places[i].rule), error))
			return -EINVAL;
	err = need(model, list_features(list), error);
	if (err)
		return err;
	err = put_at(model, target, direction, list->number);
	if (err)
		return xbr_refuse(error, err, "cannot bind to %s: %s", where, strerror(-err));
	if (former) {
		former->bound--;
		former->bound_out -= direction == ACL_OUT;
	}
	list->bound++;
	list->bound_out += direction == ACL_OUT;
	bindings_changed(model);
	return 0;
}

int acl_bind(struct model *model, struct acl_list *list, const struct acl_target *target,
	     enum acl_direction direction, struct xbr_error *error)
{
	uint32_t there = bound_at(model, target, direction);
	char where[64];

	if (!there)
		return acl_rebind(model, list, target, direction, error);
	target_text(target, where, sizeof(where));
	return xbr_refuse(error, -EBUSY, "the access list %s is bound to %s %s already: unbind it first",
			  model->acl->by_number[there]->name, where, direction == ACL_IN ? "in" : "out");
}

int acl_unbind(struct model *model, struct acl_list *list, const struct acl_target *target,
	       enum acl_direction direction, struct xbr_error *error)
{
	char where[64];

	target_text(target, where, sizeof(where));
	if (bound_at(model, target, direction) != list->number)
		return xbr_refuse(error, -ENOENT, "the access list %s is not bound to %s %s", list->name,
				  where, direction == ACL_IN ? "in" : "out");
	put_at(model, target, direction, 0);
	list->bound--;
	list->bound_out -= direction == ACL_OUT;
	bindings_changed(model);
	return 0;
}

static void unbind_all(struct model *model, const struct acl_target *target)
{
	struct xbr_error error;

	for (int direction = ACL_IN; direction <= ACL_OUT; direction++) {
		uint32_t number = bound_at(model, target, (enum acl_direction)direction);

		if (number)
			acl_unbind(model, model->acl->by_number[number], target,
				   (enum acl_direction)direction, &error);
	}
}

void acl_port_gone(struct model *model, struct port *port)
{
	unbind_all(model, &(struct acl_target){.port = port});
}

void acl_bridge_gone(struct model *model, struct bridge *bridge)
{
	struct acl_vlan *vlan, *next;

	unbind_all(model, &(struct acl_target){.bridge = bridge});
	HASH_ITER (hh, model->acl->vlans, vlan, next)
		if (vlan->key >> 16 == bridge->index)
			unbind_all(model, &(struct acl_target){.bridge = bridge, .vid = vlan->key & 0xffff});
}

uint32_t acl_features(const struct model *model)
{
	struct acl_list *list, *next;
	uint32_t features = 0;

	acl_foreach(model, list, next) features |= list->bound ? list_features(list) : 0;
	return features;
}

/* ---- meters of rules ---- */

static void each_policing(const struct acl_list *list, uint16_t meter,
			  void (*visit)(const struct acl_list *list, uint32_t seq, void *user), void *user)
{
	for (uint32_t i = 0; list->polices && i < acl_image_header(&list->image)->count; i++) {
		const struct xbr_acl_rule *rule = acl_image_rule(&list->image, list->image.places[i].rule);

		if (rule->action.what & XBR_ACL_POLICE && rule->action.meter == meter)
			visit(list, rule->seq, user);
	}
}

void acl_each_policing(const struct model *model, uint16_t meter,
		       void (*visit)(const struct acl_list *list, uint32_t seq, void *user), void *user)
{
	struct acl_list *list, *next;

	acl_foreach(model, list, next) each_policing(list, meter, visit, user);
}

static uint16_t meter_number(const char *name, const void *model)
{
	const struct meter *meter = meter_find(model, name);

	return meter ? meter->number : 0;
}

static const char *meter_name(uint16_t number, const void *model)
{
	const struct meter *meter = meter_of(model, number);

	return meter ? meter->name : "";
}

/* ---- which frames are asked about ---- */

/* By index of bridges: does a list that may have a word on its frames read states? Then all its frames are
 * followed, both ways. */
static void note_states(const struct acl_list *list, const struct acl_target *target,
			enum acl_direction direction, void *user)
{
	bool *follows = user;
	const struct bridge *bridge = target->port ? target->port->bridge : target->bridge;

	(void)direction;
	if (!list_reads_states(list))
		return;
	for (uint32_t index = 0; index < XBR_BRIDGE_LIMIT; index++)
		if (!bridge || index == bridge->index)
			follows[index] = true;
}

static bool vlan_asks(const struct model *model, const struct bridge *bridge, bool copies)
{
	struct acl_vlan *vlan, *next;

	HASH_ITER (hh, model->acl->vlans, vlan, next)
		if ((!(vlan->key >> 16) || vlan->key >> 16 == bridge->index) &&
		    (vlan->list[ACL_OUT] || (!copies && vlan->list[ACL_IN])))
			return true;
	return false;
}

static bool port_asks_copies(const struct model *model, const struct port *port)
{
	return port_slot(model, port)->acl_out;
}

bool acl_asks_copies(const struct model *model, const struct bridge *bridge)
{
	struct port *port, *next;

	if (model->dp->bridges[bridge->index].acl_out || vlan_asks(model, bridge, true) ||
	    port_asks_copies(model, bridge->local))
		return true;
	port_foreach (model, port, next)
		if (port->bridge == bridge && port_asks_copies(model, port))
			return true;
	return false;
}

/* Do lists have a word on all that comes in by the bridge's ports? */
static bool bridge_asks(const struct model *model, const struct bridge *bridge)
{
	return model->dp->bridges[bridge->index].acl_in || vlan_asks(model, bridge, false) ||
	       acl_asks_copies(model, bridge);
}

static bool port_asks(const struct model *model, const struct port *port, const bool *bridges)
{
	return port->bridge && (bridges[port->bridge->index] || port_slot(model, port)->acl_in);
}

/* Says in the bridge's slot whether VLANs are to be looked at, and connections followed. Returns whether
 * anything is to be asked of all that comes in. */
static bool bridge_tell(struct model *model, const struct bridge *bridge, bool follows)
{
	struct xbr_bridge *slot = &model->dp->bridges[bridge->index];

	if (vlan_asks(model, bridge, false))
		__atomic_fetch_or(&slot->flags, XBR_BRIDGE_ACL_VLANS, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&slot->flags, ~(uint32_t)XBR_BRIDGE_ACL_VLANS, __ATOMIC_SEQ_CST);
	if (follows)
		__atomic_fetch_or(&slot->flags, XBR_BRIDGE_CONNS, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&slot->flags, ~(uint32_t)XBR_BRIDGE_CONNS, __ATOMIC_SEQ_CST);
	return follows || bridge_asks(model, bridge);
}

/* Windows of the decision cache: as large as there are buckets for all, in the order of port numbers. */
static uint32_t window_size(uint32_t ports)
{
	uint32_t size = XBR_ACL_CACHE_BUCKETS;

	while (size > WINDOW_LEAST && size * ports > XBR_ACL_CACHE_BUCKETS)
		size /= 2;
	return size;
}

static void port_tell(struct model *model, const struct port *port, uint32_t place, uint32_t size)
{
	struct xbr_port *slot = port_slot(model, port);

	slot->acl_window = (__u16)(place * size % XBR_ACL_CACHE_BUCKETS);
	slot->acl_window_mask = (__u16)(size - 1);
	__atomic_fetch_or(&slot->flags, XBR_PORT_ACL, __ATOMIC_SEQ_CST);
}

static void port_tell_not(struct model *model, const struct port *port)
{
	__atomic_fetch_and(&port_slot(model, port)->flags, ~(uint32_t)XBR_PORT_ACL, __ATOMIC_SEQ_CST);
}

static uint32_t count_asked(const struct model *model, const bool *bridges)
{
	uint32_t count = 0;

	for (uint32_t number = 1; number < model->dp->max_ports; number++)
		if (model->by_number[number] && port_asks(model, model->by_number[number], bridges))
			count++;
	return count;
}

void acl_tell(struct model *model)
{
	bool bridges[XBR_BRIDGE_LIMIT] = {false}, follows[XBR_BRIDGE_LIMIT] = {false};
	uint32_t place = 0, size;
	struct bridge *bridge, *next;

	acl_each_binding(model, NULL, note_states, follows);
	bridge_foreach (model, bridge, next)
		if (bridge->local)
			bridges[bridge->index] = bridge_tell(model, bridge, follows[bridge->index]);
	size = window_size(count_asked(model, bridges));
	for (uint32_t number = 1; number < model->dp->max_ports; number++) {
		struct port *port = model->by_number[number];

		if (port && port_asks(model, port, bridges))
			port_tell(model, port, place++, size);
		else if (port)
			port_tell_not(model, port);
	}
}

void acl_port_comes(struct model *model)
{
	acl_ports_changed(model);
	if (acl_features(model))
		acl_tell(model);
}

/* Who floods by XDP may have changed, too. */
static void bindings_changed(struct model *model)
{
	struct bridge *bridge, *next;

	offer_mark(model);
	acl_tell(model);
	bridge_foreach (model, bridge, next)
		flood_mark(bridge);
	model_settle(model);
}

/* ---- sets ---- */

uint16_t acl_set_find(const struct model *model, const char *name)
{
	for (uint16_t set = 1; set < XBR_ACL_SETS_MAX; set++)
		if (model->dp->acl_sets[set].kind && !strcmp(model->dp->acl_sets[set].name, name))
			return set;
	return 0;
}

static uint16_t set_of(const char *name, uint8_t kind, void *user)
{
	const struct model *model = user;
	uint16_t set = acl_set_find(model, name);

	return set && model->dp->acl_sets[set].kind == kind ? set : 0;
}

static const char *name_of(uint16_t set, void *user)
{
	const struct model *model = user;

	return set < XBR_ACL_SETS_MAX ? model->dp->acl_sets[set].name : "";
}

static int set_make(struct model *model, const char *name, uint8_t kind, uint16_t *ret_set,
		    struct xbr_error *error)
{
	struct xbr_acl_set *set = model->dp->acl_sets;
	int err = acl_name_check(name, error);

	if (err)
		return err;
	for (uint16_t n = 1; n < XBR_ACL_SETS_MAX; n++) {
		if (set[n].kind)
			continue;
		snprintf(set[n].name, sizeof(set[n].name), "%s", name);
		set[n].kind = kind;
		*ret_set = n;
		return 0;
	}
	return xbr_refuse(error, -ENOSPC, "there are %d sets already", XBR_ACL_SETS_MAX - 1);
}

static bool asks_set(const struct acl_list *list, uint16_t set)
{
	for (uint32_t i = 0; i < acl_image_header(&list->image)->count; i++) {
		const struct xbr_acl_rule *rule = acl_image_rule(&list->image, list->image.places[i].rule);

		for (int place = 0; place < XBR_ACL_SET_PLACES; place++)
			if (rule->set[place] == set)
				return true;
	}
	return false;
}

/* What lists that ask the set decided before is void. */
static void set_changed(struct model *model, uint16_t set)
{
	struct acl_list *list, *next;

	acl_foreach(model, list, next) if (asks_set(list, set)) acl_image_void(&list->image);
}

static int change_member(struct model *model, uint16_t set, const struct acl_member_range *range, bool add)
{
	struct xbr_acl_member member;
	uint32_t next = range->first;
	int err = 0;

	while (!err && acl_member_next(range, set, &next, &member))
		err = add ? acl_maps_add_member(model->dp, &member) : acl_maps_del_member(model->dp, &member);
	set_changed(model, set);
	return err;
}

static int member_of(struct model *model, uint16_t set, const char *name, const char *text,
		     struct acl_member_range *ret_range, struct xbr_error *error)
{
	if (!acl_member_parse(text, ret_range))
		return xbr_refuse(error, -EINVAL, "%.60s is no address, prefix, port, or range of ports",
				  text);
	if (set && ret_range->kind != model->dp->acl_sets[set].kind)
		return xbr_refuse(error, -EINVAL, "%s is a set of %s", name,
				  model->dp->acl_sets[set].kind == XBR_ACL_SET_PORTS ? "ports" : "addresses");
	return 0;
}

int acl_set_add(struct model *model, const char *name, const char *text, struct xbr_error *error)
{
	uint16_t set = acl_set_find(model, name);
	struct acl_member_range range;
	int err = member_of(model, set, name, text, &range, error);

	if (!err && !set)
		err = set_make(model, name, range.kind, &set, error);
	if (err || range.is_empty)
		return err;
	err = change_member(model, set, &range, true);
	if (err == -EEXIST)
		return xbr_refuse(error, err, "%s is in the set %s already", text, name);
	return err ? xbr_refuse(error, err, "cannot add %s to the set %s: %s", text, name, strerror(-err))
		   : 0;
}

struct emptying {
	struct model *model;
	uint16_t set;
	struct xbr_acl_member *members;
	size_t count, room;
};

static void collect_member(const struct xbr_acl_member *member, void *user)
{
	struct emptying *all = user;
	struct xbr_acl_member *more;

	if (member->set != all->set)
		return;
	if (all->count == all->room) {
		all->room = all->room ? 2 * all->room : 64;
		more = realloc(all->members, all->room * sizeof(*more));
		if (!more) {
			all->room = all->count;
			return;
		}
		all->members = more;
	}
	all->members[all->count++] = *member;
}

static int set_remove(struct model *model, uint16_t set, const char *name, struct xbr_error *error)
{
	struct emptying all = {.model = model, .set = set};
	struct acl_list *list, *next;

	acl_foreach(model, list, next) if (asks_set(list, set)) return xbr_refuse(
		error, -EBUSY, "the set %s is in use by the access list %s", name, list->name);
	acl_maps_each_member(model->dp, collect_member, &all);
	for (size_t i = 0; i < all.count; i++)
		acl_maps_del_member(model->dp, &all.members[i]);
	free(all.members);
	memset(&model->dp->acl_sets[set], 0, sizeof(model->dp->acl_sets[set]));
	return 0;
}

int acl_set_del(struct model *model, const char *name, const char *text, struct xbr_error *error)
{
	uint16_t set = acl_set_find(model, name);
	struct acl_member_range range;
	int err;

	if (!set)
		return xbr_refuse(error, -ENOENT, "there is no set %.40s", name);
	if (!text)
		return set_remove(model, set, name, error);
	err = member_of(model, set, name, text, &range, error);
	if (err || range.is_empty)
		return err;
	err = change_member(model, set, &range, false);
	return err ? xbr_refuse(error, err, "%s is not in the set %s", text, name) : 0;
}

void acl_set_each(const struct model *model, uint16_t set, void (*visit)(const char *member, void *user),
		  void *user)
{
	struct emptying all = {.set = set};
	char text[64];

	acl_maps_each_member(model->dp, collect_member, &all);
	for (size_t i = 0; i < all.count; i++) {
		acl_member_text(&all.members[i], text, sizeof(text));
		visit(text, user);
	}
	free(all.members);
}

/* ---- coming back ---- */

static void count_binding(const struct acl_list *list, const struct acl_target *target,
			  enum acl_direction direction, void *user)
{
	struct model *model = user;

	(void)target;
	model->acl->by_number[list->number]->bound++;
	model->acl->by_number[list->number]->bound_out += direction == ACL_OUT;
}

void acl_adopted(struct model *model)
{
	acl_each_binding(model, NULL, count_binding, model);
	acl_ports_changed(model);
	acl_tell(model);
}

static int adopt_image(uint32_t number, void *cells, uint32_t count, void *user)
{
	struct model *model = user;
	struct acl_image image;
	struct acl_list *list;
	int err;

	if (number == XBR_CONN_TABLE && !conn_adopt(model, cells, count))
		return 0;
	err = number && number < XBR_ACL_LIMIT ? acl_image_open(&image, cells, count) : -EINVAL;

	if (err) {
		acl_maps_unmap(cells, count);
		return err;
	}
	list = list_new(model, number, acl_image_header(&image)->name);
	if (!list)
		return -ENOMEM;
	image.wait = wait_for_programs;
	image.wait_user = model->dp;
	list->image = image;
	for (uint32_t i = 0; i < acl_image_header(&image)->count; i++)
		note_rules(list, acl_image_rule(&image, image.places[i].rule), 1);
	if (model->acl->epoch <= acl_image_header(&image)->epoch >> 16)
		model->acl->epoch = acl_image_header(&image)->epoch >> 16;
	acl_image_void(&image);
	return 0;
}

static void adopt_vlan(uint32_t bridge, uint32_t vid, struct xbr_acl_bound bound, void *user)
{
	struct model *model = user;
	struct acl_vlan *vlan = calloc(1, sizeof(*vlan));

	if (!vlan)
		return;
	vlan->key = bridge << 16 | vid;
	vlan->list[ACL_IN] = bound.in;
	vlan->list[ACL_OUT] = bound.out;
	HASH_ADD(hh, model->acl->vlans, key, sizeof(vlan->key), vlan);
}

static void on_event(const struct xbr_acl_event *event, void *user)
{
	struct model *model = user;

	if (model->listener.acl)
		model->listener.acl(model->listener.user, event);
}

int acl_open(struct model *model, struct xbr_error *error)
{
	struct acl_model *acl = calloc(1, sizeof(*acl));
	int err;

	if (!acl)
		return xbr_refuse(error, -ENOMEM, "out of memory");
	model->acl = acl;
	acl->model = model;
	model->dp->on_acl_event = on_event;
	model->dp->on_acl_event_user = model;
	acl->names = (struct acl_names){set_of, name_of, model, meter_number, meter_name, model};
	acl->by_number = calloc(XBR_ACL_LIMIT, sizeof(struct acl_list *));
	if (!acl->by_number)
		return xbr_refuse(error, -ENOMEM, "out of memory");
	err = acl_maps_each(model->dp, adopt_image, model);
	acl_maps_each_vlan(model->dp, adopt_vlan, model);
	return err ? xbr_refuse(error, err, "cannot take over the access lists: %s", strerror(-err)) : 0;
}

void acl_close(struct model *model)
{
	struct acl_list *list, *next;
	struct acl_vlan *vlan, *next_vlan;

	if (!model->acl)
		return;
	conn_close(model);
	acl_foreach(model, list, next) list_free(model, list);
	HASH_ITER (hh, model->acl->vlans, vlan, next_vlan) {
		HASH_DEL(model->acl->vlans, vlan);
		free(vlan);
	}
	free(model->acl->by_number);
	free(model->acl);
	model->acl = NULL;
}
