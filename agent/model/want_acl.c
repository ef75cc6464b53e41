// SPDX-License-Identifier: Apache-2.0
#include "model/want_acl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/acl_member.h"

#define SEQ_STEP 10

static uint16_t set_of(const char *name, uint8_t kind, void *user)
{
	const struct want_acl_set *set = want_acl_set_find(user, name);

	return set && set->kind == kind ? set->number : 0;
}

static const char *name_of(uint16_t number, void *user)
{
	const struct want_acls *acls = user;
	struct want_acl_set *set, *next;

	HASH_ITER (hh, acls->sets, set, next)
		if (set->number == number)
			return set->name;
	return "";
}

struct want_acls *want_acls_new(void)
{
	struct want_acls *acls = calloc(1, sizeof(*acls));

	if (acls)
		acls->names = (struct acl_names){.set_of = set_of, .name_of = name_of, .user = acls};
	return acls;
}

static void free_set(struct want_acls *acls, struct want_acl_set *set)
{
	struct want_acl_member *member, *next;

	HASH_ITER (hh, set->members, member, next) {
		HASH_DEL(set->members, member);
		free(member);
	}
	HASH_DEL(acls->sets, set);
	free(set);
}

void want_acls_free(struct want_acls *acls)
{
	struct want_acl *list, *next_list;
	struct want_acl_set *set, *next_set;
	struct want_acl_binding *binding, *next;

	if (!acls)
		return;
	HASH_ITER (hh, acls->lists, list, next_list) {
		HASH_DEL(acls->lists, list);
		free(list->rules);
		free(list);
	}
	HASH_ITER (hh, acls->sets, set, next_set)
		free_set(acls, set);
	HASH_ITER (hh, acls->bindings, binding, next) {
		HASH_DEL(acls->bindings, binding);
		free(binding);
	}
	free(acls);
}

struct want_acl *want_acl_find(const struct want_acls *acls, const char *name)
{
	struct want_acl *list;

	HASH_FIND_STR(acls->lists, name, list);
	return list;
}

struct want_acl_set *want_acl_set_find(const struct want_acls *acls, const char *name)
{
	struct want_acl_set *set;

	HASH_FIND_STR(acls->sets, name, set);
	return set;
}

static int out_of_memory(struct xbr_error *error)
{
	return xbr_refuse(error, -ENOMEM, "out of memory");
}

/* ---- lists ---- */

static struct want_acl *list_make(struct want_acls *acls, const char *name, const char *at)
{
	struct want_acl *list = calloc(1, sizeof(*list));

	if (!list)
		return NULL;
	snprintf(list->name, sizeof(list->name), "%s", name);
	list->at = at;
	HASH_ADD_STR(acls->lists, name, list);
	return list;
}

/* The place of a seq: the first rule whose seq is not lower. */
static uint32_t place_of(const struct want_acl *list, uint32_t seq)
{
	uint32_t at = list->count;

	while (at && list->rules[at - 1].seq >= seq)
		at--;
	return at;
}

static int make_room(struct want_acl *list, struct xbr_error *error)
{
	struct xbr_acl_rule *more;

	if (list->count < list->room)
		return 0;
	list->room = list->room ? 2 * list->room : 16;
	more = realloc(list->rules, list->room * sizeof(*more));
	if (!more)
		return out_of_memory(error);
	list->rules = more;
	return 0;
}

int want_acl_add(struct want_acls *acls, const char *name, struct xbr_acl_rule *rule, const char *at,
		 struct xbr_error *error)
{
	struct want_acl *list = want_acl_find(acls, name);
	uint32_t place;
	int err = list ? 0 : acl_name_check(name, error);

	if (err)
		return err;
	if (!list)
		list = list_make(acls, name, at);
	if (!list)
		return out_of_memory(error);
	if (!rule->seq)
		rule->seq = list->count ? list->rules[list->count - 1].seq + SEQ_STEP : SEQ_STEP;
	place = place_of(list, rule->seq);
	if (place < list->count && list->rules[place].seq == rule->seq)
		return xbr_refuse(error, -EEXIST, "the list %s has a rule with seq %u already", name,
				  rule->seq);
	err = make_room(list, error);
	if (err)
		return err;
	memmove(list->rules + place + 1, list->rules + place, (list->count - place) * sizeof(*rule));
	list->rules[place] = *rule;
	list->count++;
	return 0;
}

/* ---- bindings ---- */

int want_acl_bind(struct want_acls *acls, const char *list, const struct want_acl_place *place,
		  const char *at, struct xbr_error *error)
{
	struct want_acl_binding *binding;

	if (!want_acl_find(acls, list))
		return xbr_refuse(error, -ENOENT, "there is no access list %.40s", list);
	HASH_FIND(hh, acls->bindings, place, sizeof(*place), binding);
	if (binding)
		return xbr_refuse(error, -EBUSY, "the access list %s is bound there already", binding->list);
	binding = calloc(1, sizeof(*binding));
	if (!binding)
		return out_of_memory(error);
	binding->place = *place;
	binding->at = at;
	snprintf(binding->list, sizeof(binding->list), "%s", list);
	HASH_ADD(hh, acls->bindings, place, sizeof(binding->place), binding);
	return 0;
}

/* ---- sets ---- */

static struct want_acl_set *set_make(struct want_acls *acls, const char *name, uint8_t kind, const char *at)
{
	struct want_acl_set *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	snprintf(set->name, sizeof(set->name), "%s", name);
	set->number = (uint16_t)(HASH_COUNT(acls->sets) + 1);
	set->kind = kind;
	set->at = at;
	HASH_ADD_STR(acls->sets, name, set);
	return set;
}

static int member_add(struct want_acl_set *set, const char *text, struct xbr_error *error)
{
	struct want_acl_member *member;

	HASH_FIND_STR(set->members, text, member);
	if (member)
		return xbr_refuse(error, -EEXIST, "%s is in the set %s already", text, set->name);
	member = calloc(1, sizeof(*member));
	if (!member)
		return out_of_memory(error);
	snprintf(member->text, sizeof(member->text), "%s", text);
	HASH_ADD_STR(set->members, text, member);
	return 0;
}

int want_acl_set_add(struct want_acls *acls, const char *name, const char *text, const char *at,
		     struct xbr_error *error)
{
	struct want_acl_set *set = want_acl_set_find(acls, name);
	struct acl_member_range range;
	int err = set ? 0 : acl_name_check(name, error);

	if (err)
		return err;
	if (!acl_member_parse(text, &range))
		return xbr_refuse(error, -EINVAL, "%.60s is no address, prefix, port, or range of ports",
				  text);
	if (set && set->kind != range.kind)
		return xbr_refuse(error, -EINVAL, "%s is a set of %s", name,
				  set->kind == XBR_ACL_SET_PORTS ? "ports" : "addresses");
	if (!set)
		set = set_make(acls, name, range.kind, at);
	if (!set)
		return out_of_memory(error);
	return range.is_empty ? 0 : member_add(set, text, error);
}
