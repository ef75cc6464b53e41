/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard: what requests say of guards, and how guards are shown and saved. The commands guard.set, guard.allow
 * and storm_control.set change a want as those of commands.h do; the options of links that are guards' are
 * read and written here for it. guard_allow_now() and its likes are single requests, made at once.
 */
#ifndef XBR_CONTROL_GUARD_H
#define XBR_CONTROL_GUARD_H

#include <jansson.h>

#include "control/line.h"
#include "control/params.h"
#include "model/guard.h"
#include "model/want.h"

int command_guard_set(const json_t *params, struct want *want, struct xbr_error *error);
int command_guard_allow(const json_t *params, struct want *want, struct xbr_error *error);
int command_storm_control_set(const json_t *params, struct want *want, struct xbr_error *error);

int guard_allow_now(struct model *model, const json_t *params, struct xbr_error *error);
int guard_del_now(struct model *model, const json_t *params, struct xbr_error *error);
/* link.recover: a port that a guard shut. */
int guard_recover_now(struct model *model, const json_t *params, struct xbr_error *error);
/* A new array of what ports are allowed. */
int guard_show(struct model *model, const json_t *params, json_t **ret_list, struct xbr_error *error);

/* ---- options of links ---- */

struct link_guard_request {
	bool locked, mab;
	const char *isolation, *transparent;
	uint32_t limit_action, move_rate, recovery;
	const json_t *guard,
		*storm_control; /* objects of what guard.set and storm_control.set take; or NULL */
};

/* In `given` of the parameters, bits of enum port_given are shifted so far (see commands.c). */
#define LINK_GUARD_GIVEN(bit)          ((uint64_t)(bit) << 32)
#define LINK_GUARD_LOCKED              (1u << 24) /* of those that are not shifted, where no switch has its flag */
#define LINK_GUARD_MAB                 (1u << 25)
#define LINK_GUARD_FIELD(base, member) .offset = (base) + offsetof(struct link_guard_request, member)

/* base: the offset of a struct link_guard_request. */
#define LINK_GUARD_OPTIONS(base)                                                                             \
	{.name = "locked", .type = PARAM_BOOL, .given = LINK_GUARD_LOCKED, LINK_GUARD_FIELD(base, locked)},  \
		{.name = "mab", .type = PARAM_BOOL, .given = LINK_GUARD_MAB, LINK_GUARD_FIELD(base, mab)},   \
		{.name = "isolation",                                                                        \
		 .type = PARAM_STRING,                                                                       \
		 .given = LINK_GUARD_GIVEN(PORT_GIVEN_COMMUNITY),                                            \
		 LINK_GUARD_FIELD(base, isolation)},                                                         \
		{.name = "transparent",                                                                      \
		 .type = PARAM_STRING,                                                                       \
		 .given = LINK_GUARD_GIVEN(PORT_GIVEN_TRANSPARENT),                                          \
		 LINK_GUARD_FIELD(base, transparent)},                                                       \
		{.name = "fdb_max_learned_action",                                                           \
		 .type = PARAM_ENUM,                                                                         \
		 .words = limit_action_words,                                                                \
		 .given = LINK_GUARD_GIVEN(PORT_GIVEN_LIMIT_ACTION),                                         \
		 LINK_GUARD_FIELD(base, limit_action)},                                                      \
		{.name = "fdb_move_rate",                                                                    \
		 .type = PARAM_U32,                                                                          \
		 .given = LINK_GUARD_GIVEN(PORT_GIVEN_MOVE_RATE),                                            \
		 LINK_GUARD_FIELD(base, move_rate)},                                                         \
		{.name = "recovery",                                                                         \
		 .type = PARAM_U32,                                                                          \
		 .given = LINK_GUARD_GIVEN(PORT_GIVEN_RECOVERY),                                             \
		 LINK_GUARD_FIELD(base, recovery)},                                                          \
		{.name = "guard", .type = PARAM_OBJECT, LINK_GUARD_FIELD(base, guard)},                      \
		{.name = "storm_control", .type = PARAM_OBJECT, LINK_GUARD_FIELD(base, storm_control)},

/* What such a request means, added to a patch whose `given` is set. given: what was read. */
int link_guard_patch(const struct link_guard_request *request, uint64_t given, struct port_patch *patch,
		     struct xbr_error *error);

/* ---- showing and saving ---- */

/* The keys of a link object that are guards'. */
void show_link_guard(json_t *object, struct model *model, const struct port *port);
/* Options of `link add` that differ from the default. */
void line_add_guard(struct line *line, const struct port_settings *settings);
/* New arrays of lines. */
json_t *save_guards(struct model *model);
json_t *save_allowances(struct model *model);

#endif
