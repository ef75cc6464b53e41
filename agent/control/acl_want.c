// SPDX-License-Identifier: Apache-2.0
#include "control/acl_want.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "control/acl.h"
#include "control/line.h"
#include "control/params.h"
#include "model/want_meter.h"

/* ---- from requests ---- */

/* A want has lists from when something of them is first wanted. */
static int need(struct want *want, struct xbr_error *error)
{
	if (!want->acls)
		want->acls = want_acls_new();
	return want->acls ? 0 : xbr_refuse(error, -ENOMEM, "out of memory");
}

/* Meters have one number in a want and in the model. */
static uint16_t meter_number(const char *name, const void *want)
{
	const struct want_meter *meter = want_meter_find(want, name);

	return meter ? meter->number : 0;
}

int command_acl_add(const json_t *params, struct want *want, struct xbr_error *error)
{
	const char *name = json_string_value(json_object_get(params, "list"));
	struct xbr_acl_rule rule;
	struct acl_names names;
	int err = need(want, error);

	if (!err && !name)
		err = xbr_refuse(error, -EINVAL, "list must be a string");
	if (err)
		return err;
	names = want->acls->names;
	names.meter_of = meter_number;
	names.meters = want;
	err = acl_rule_read(params, &names, &rule, error);
	return err ? err : want_acl_add(want->acls, name, &rule, want->at, error);
}

struct request {
	const char *list, *dev, *br, *set, *member;
	uint32_t vlan, direction;
};
#define FIELD(member_) .offset = offsetof(struct request, member_)

/* Is there such a port or bridge in the want? */
static int check_place(const struct want *want, const struct request *r, struct xbr_error *error)
{
	if (r->dev && (r->br || r->vlan))
		return xbr_refuse(error, -EINVAL, "a list is bound to dev, or to vlan, or to br");
	if (!r->dev && !r->br && !r->vlan)
		return xbr_refuse(error, -EINVAL, "what to bind to is missing: dev DEV, vlan VID or br BR");
	if (r->br && !want_bridge_find(want, r->br))
		return xbr_refuse(error, -ENODEV, "%s is not a bridge of xbr", r->br);
	if (r->dev && !want_port_find(want, r->dev) && !want_bridge_find(want, r->dev))
		return xbr_refuse(error, -ENODEV, "%s is not a port of any bridge of xbr", r->dev);
	return 0;
}

int command_acl_bind(const json_t *params, struct want *want, struct xbr_error *error)
{
	static const char *const directions[] = {"in", "out", NULL};
	static const struct param table[] = {
		{.name = "list", .type = PARAM_STRING, .required = true, .min = 1, FIELD(list)},
		{.name = "dev", .type = PARAM_STRING, .min = 1, .max = 15, FIELD(dev)},
		{.name = "vlan", .type = PARAM_U32, .min = 1, .max = 4094, FIELD(vlan)},
		{.name = "br", .type = PARAM_STRING, .min = 1, .max = 15, FIELD(br)},
		{.name = "direction",
		 .type = PARAM_ENUM,
		 .words = directions,
		 .required = true,
		 FIELD(direction)},
		{0},
	};
	struct want_acl_place place = {0};
	struct request request = {0};
	uint64_t given = 0;
	int err = params_read(params, table, &request, &given, error);

	if (!err)
		err = need(want, error);
	if (!err)
		err = check_place(want, &request, error);
	if (err)
		return err;
	strcpy(place.dev, request.dev ? request.dev : "");
	strcpy(place.br, request.br ? request.br : "");
	place.vid = (uint16_t)request.vlan;
	place.direction = (uint16_t)request.direction;
	return want_acl_bind(want->acls, request.list, &place, want->at, error);
}

int command_aclset_add(const json_t *params, struct want *want, struct xbr_error *error)
{
	static const struct param table[] = {
		{.name = "set", .type = PARAM_STRING, .required = true, .min = 1, FIELD(set)},
		{.name = "member",
		 .type = PARAM_STRING,
		 .required = true,
		 .min = 1,
		 .max = 63,
		 FIELD(member)},
		{0},
	};
	struct request request = {0};
	uint64_t given = 0;
	int err = params_read(params, table, &request, &given, error);

	if (!err)
		err = need(want, error);
	return err ? err : want_acl_set_add(want->acls, request.set, request.member, want->at, error);
}

/* ---- from the model ---- */

struct snapshot {
	const struct model *model;
	struct want_acls *acls;
	const char *set;
	bool failed;
};

static void snapshot_member(const char *member, void *user)
{
	struct snapshot *s = user;
	struct xbr_error error;

	if (want_acl_set_add(s->acls, s->set, member, NULL, &error))
		s->failed = true;
}

static const char *kind_word(uint8_t kind)
{
	return kind == XBR_ACL_SET_PORTS ? "ports" : "addresses";
}

static void snapshot_sets(struct snapshot *s)
{
	for (uint16_t set = 1; set < XBR_ACL_SETS_MAX; set++) {
		const struct xbr_acl_set *slot = &s->model->dp->acl_sets[set];

		if (!slot->kind)
			continue;
		s->set = slot->name;
		snapshot_member(kind_word(slot->kind), s);
		acl_set_each(s->model, set, snapshot_member, s);
	}
}

/* Sets by their numbers in `to`: both have the same names. */
static void renumber(struct xbr_acl_rule *rule, const struct acl_names *from, const struct acl_names *to,
		     uint8_t (*kind_of)(int place))
{
	for (int place = 0; place < XBR_ACL_SET_PLACES; place++)
		if (rule->set[place])
			rule->set[place] = to->set_of(from->name_of(rule->set[place], from->user),
						      kind_of(place), to->user);
}

static uint8_t kind_of_place(int place)
{
	return place == XBR_ACL_SET_SRC_IP || place == XBR_ACL_SET_DST_IP ? XBR_ACL_SET_ADDRESSES
									  : XBR_ACL_SET_PORTS;
}

static void snapshot_list(struct snapshot *s, const struct acl_list *list)
{
	struct xbr_error error;

	for (uint32_t i = 0; i < acl_image_header(&list->image)->count; i++) {
		struct xbr_acl_rule rule = *acl_image_rule(&list->image, list->image.places[i].rule);

		renumber(&rule, &s->model->acl->names, &s->acls->names, kind_of_place);
		if (want_acl_add(s->acls, list->name, &rule, NULL, &error))
			s->failed = true;
	}
}

static void place_of(const struct acl_target *target, enum acl_direction direction,
		     struct want_acl_place *ret_place)
{
	*ret_place = (struct want_acl_place){.vid = target->vid, .direction = (uint16_t)direction};
	if (target->port)
		strcpy(ret_place->dev, target->port->name);
	if (target->bridge)
		strcpy(ret_place->br, target->bridge->name);
}

/* A list without a rule has no word on any frame: it is no part of a configuration. */
static void snapshot_binding(const struct acl_list *list, const struct acl_target *target,
			     enum acl_direction direction, void *user)
{
	struct snapshot *s = user;
	struct want_acl_place place;
	struct xbr_error error;

	place_of(target, direction, &place);
	if (want_acl_find(s->acls, list->name) && want_acl_bind(s->acls, list->name, &place, NULL, &error))
		s->failed = true;
}

struct want_acls *acl_snapshot(struct model *model)
{
	struct snapshot s = {.model = model, .acls = want_acls_new()};
	struct acl_list *list, *next;

	if (!s.acls)
		return NULL;
	snapshot_sets(&s);
	acl_foreach(model, list, next) snapshot_list(&s, list);
	acl_each_binding(model, NULL, snapshot_binding, &s);
	if (!s.failed)
		return s.acls;
	want_acls_free(s.acls);
	return NULL;
}

/* ---- the difference ---- */

struct making {
	struct model *model;
	const struct want_acls *want;
	bool (*step)(void *user);
	void *user;
	const char **ret_at;
};

static bool has_member(const struct want_acl_set *set, const char *text)
{
	struct want_acl_member *member;

	HASH_FIND_STR(set->members, text, member);
	return member;
}

static int make_sets(struct making *m, struct xbr_error *error)
{
	struct want_acls *is = acl_snapshot(m->model);
	struct want_acl_set *set, *next;
	struct want_acl_member *member, *next_member;
	int err = is ? 0 : xbr_refuse(error, -ENOMEM, "out of memory");

	HASH_ITER (hh, m->want->sets, set, next) {
		const struct want_acl_set *there = is ? want_acl_set_find(is, set->name) : NULL;

		*m->ret_at = set->at;
		if (!err && !there && m->step(m->user))
			err = acl_set_add(m->model, set->name, kind_word(set->kind), error);
		HASH_ITER (hh, set->members, member, next_member)
			if (!err && !(there && has_member(there, member->text)) && m->step(m->user))
				err = acl_set_add(m->model, set->name, member->text, error);
	}
	want_acls_free(is);
	return err;
}

static bool list_differs(const struct acl_list *list, const struct xbr_acl_rule *rules, uint32_t count)
{
	if (!list || acl_image_header(&list->image)->count != count)
		return true;
	for (uint32_t i = 0; i < count; i++) {
		const struct xbr_acl_rule *rule = acl_image_rule(&list->image, list->image.places[i].rule);

		if (rule->seq != rules[i].seq || !acl_rule_equal(rule, &rules[i]))
			return true;
	}
	return false;
}

static int make_list(struct making *m, const struct want_acl *want, struct xbr_error *error)
{
	struct xbr_acl_rule *rules = calloc(want->count + 1ul, sizeof(*rules));
	int err = 0;

	if (!rules)
		return xbr_refuse(error, -ENOMEM, "out of memory");
	memcpy(rules, want->rules, want->count * sizeof(*rules));
	for (uint32_t i = 0; i < want->count; i++)
		renumber(&rules[i], &m->want->names, &m->model->acl->names, kind_of_place);
	if (list_differs(acl_find(m->model, want->name), rules, want->count) && m->step(m->user))
		err = acl_replace(m->model, want->name, rules, want->count, error);
	free(rules);
	return err;
}

static int make_lists(struct making *m, struct xbr_error *error)
{
	struct want_acl *list, *next;
	int err = 0;

	HASH_ITER (hh, m->want->lists, list, next) {
		if (err)
			break;
		*m->ret_at = list->at;
		err = make_list(m, list, error);
	}
	return err;
}

static bool target_of(const struct model *model, const struct want_acl_place *place,
		      struct acl_target *ret_target)
{
	struct bridge *bridge = model_bridge(model, place->dev);

	*ret_target = (struct acl_target){.bridge = model_bridge(model, place->br), .vid = place->vid};
	if (place->dev[0])
		ret_target->port = bridge ? bridge->local : model_port(model, place->dev);
	if (place->dev[0])
		return ret_target->port;
	return !place->br[0] || ret_target->bridge;
}

static const struct want_acl_binding *find_binding(const struct want_acls *acls,
						   const struct want_acl_place *place)
{
	struct want_acl_binding *binding;

	HASH_FIND(hh, acls->bindings, place, sizeof(*place), binding);
	return binding;
}

/* Places that are to have no list. One that is to have another has it put in this one's stead. */
static void unbind_stale(struct making *m, const struct want_acls *is)
{
	struct want_acl_binding *binding, *next;
	struct acl_target target;
	struct xbr_error error;

	HASH_ITER (hh, is->bindings, binding, next) {
		if (m->want && find_binding(m->want, &binding->place))
			continue;
		if (target_of(m->model, &binding->place, &target) && m->step(m->user))
			acl_unbind(m->model, acl_find(m->model, binding->list), &target,
				   (enum acl_direction)binding->place.direction, &error);
	}
}

static int make_bindings(struct making *m, struct xbr_error *error)
{
	struct want_acls *is = acl_snapshot(m->model);
	struct want_acl_binding *binding, *next;
	struct acl_target target;
	int err = is ? 0 : xbr_refuse(error, -ENOMEM, "out of memory");

	if (!err)
		unbind_stale(m, is);
	HASH_ITER (hh, m->want->bindings, binding, next) {
		const struct want_acl_binding *there = is ? find_binding(is, &binding->place) : NULL;

		if (err || (there && !strcmp(there->list, binding->list)))
			continue;
		*m->ret_at = binding->at;
		if (!m->step(m->user))
			continue;
		if (!target_of(m->model, &binding->place, &target))
			err = xbr_refuse(error, -ENODEV, "what the access list %s is bound to is not there",
					 binding->list);
		else
			err = acl_rebind(m->model, acl_find(m->model, binding->list), &target,
					 (enum acl_direction)binding->place.direction, error);
	}
	want_acls_free(is);
	return err;
}

int acl_make(struct model *model, const struct want_acls *want, bool (*step)(void *user), void *user,
	     const char **ret_at, struct xbr_error *error)
{
	struct making m = {model, want, step, user, ret_at};
	int err;

	if (!want)
		return 0;
	err = make_sets(&m, error);
	if (!err)
		err = make_lists(&m, error);
	return err ? err : make_bindings(&m, error);
}

static void drop_members(struct making *m, const struct want_acl_set *is, const struct want_acl_set *want)
{
	struct want_acl_member *member, *next;
	struct xbr_error error;

	HASH_ITER (hh, is->members, member, next)
		if (!has_member(want, member->text) && m->step(m->user))
			acl_set_del(m->model, is->name, member->text, &error);
}

void acl_drop(struct model *model, const struct want_acls *want, bool (*step)(void *user), void *user)
{
	struct want_acls *is = acl_snapshot(model);
	struct making m = {.model = model, .want = want, .step = step, .user = user};
	struct acl_list *list, *next;
	struct want_acl_set *set, *next_set;
	struct xbr_error error;

	if (!is)
		return;
	if (!want)
		unbind_stale(&m, is);
	acl_foreach(model, list, next) if (!(want && want_acl_find(want, list->name)) && step(user))
		acl_del(model, list->name, 0, &error);
	HASH_ITER (hh, is->sets, set, next_set) {
		const struct want_acl_set *wanted = want ? want_acl_set_find(want, set->name) : NULL;

		if (wanted)
			drop_members(&m, set, wanted);
		else if (step(user))
			acl_set_del(model, set->name, NULL, &error);
	}
	want_acls_free(is);
}

/* ---- to lines ---- */

struct saving {
	json_t *lines;
	const char *set;
};

static void save_member(const char *member, void *user)
{
	struct saving *saving = user;

	json_array_append_new(saving->lines, json_sprintf("aclset add %s %s", saving->set, member));
}

json_t *acl_save_sets(struct model *model)
{
	struct saving saving = {.lines = json_array()};

	for (uint16_t set = 1; set < XBR_ACL_SETS_MAX; set++) {
		if (!model->dp->acl_sets[set].kind)
			continue;
		saving.set = model->dp->acl_sets[set].name;
		save_member(kind_word(model->dp->acl_sets[set].kind), &saving);
		acl_set_each(model, set, save_member, &saving);
	}
	return saving.lines;
}

json_t *acl_save_rules(struct model *model)
{
	json_t *lines = json_array();
	struct acl_list *list, *next;
	char text[512];

	acl_foreach(model, list, next) for (uint32_t i = 0; i < acl_image_header(&list->image)->count; i++)
	{
		const struct xbr_acl_rule *rule = acl_image_rule(&list->image, list->image.places[i].rule);

		acl_rule_text(rule, &model->acl->names, text, sizeof(text));
		json_array_append_new(lines,
				      json_sprintf("acl add %s seq %u %s", list->name, rule->seq, text));
	}
	return lines;
}

static void save_binding(const struct acl_list *list, const struct acl_target *target,
			 enum acl_direction direction, void *user)
{
	struct line line = {0};

	if (!acl_image_header(&list->image)->count)
		return;
	line_add(&line, "acl bind %s", list->name);
	if (target->port)
		line_add_name(&line, "dev", target->port->name);
	if (target->vid)
		line_add(&line, " vlan %u", target->vid);
	if (target->bridge)
		line_add_name(&line, "br", target->bridge->name);
	line_add(&line, direction == ACL_IN ? " in" : " out");
	json_array_append_new(user, json_string(line.text));
}

json_t *acl_save_bindings(struct model *model)
{
	json_t *lines = json_array();

	acl_each_binding(model, NULL, save_binding, lines);
	return lines;
}
