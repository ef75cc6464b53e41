// SPDX-License-Identifier: Apache-2.0
#include "control/acl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/agent.h"
#include "control/params.h"
#include "model/acl.h"
#include "model/acl_lint.h"
#include "model/offer.h"
#include "xbr/grammar.h"

/* ---- answers ---- */

static void answer(struct server_reply *reply, int err, const struct xbr_error *error)
{
	if (!err)
		return;
	reply->code = err == -EINVAL || err == -ERANGE ? SERVER_INVALID_PARAMS : SERVER_REFUSED;
	snprintf(reply->message, sizeof(reply->message), "%s", error->message);
}

/* ---- a rule ---- */

static int take_action(const json_t *params, struct xbr_acl_rule *rule, struct xbr_error *error)
{
	const json_t *action = json_object_get(params, "action"), *log = json_object_get(params, "log");
	const char *word = json_string_value(action);

	if (action && (!word || (strcmp(word, "permit") != 0 && strcmp(word, "deny") != 0)))
		return xbr_refuse(error, -EINVAL, "action must be one of \"permit\", \"deny\"");
	if (log && !json_is_boolean(log))
		return xbr_refuse(error, -EINVAL, "log must be true or false");
	if (word && !strcmp(word, "deny"))
		rule->action.what |= XBR_ACL_DENY;
	if (json_is_true(log))
		rule->action.what |= XBR_ACL_LOG;
	return 0;
}

static int take_seq(const json_t *params, struct xbr_acl_rule *rule, struct xbr_error *error)
{
	const json_t *seq = json_object_get(params, "seq");
	json_int_t number = json_integer_value(seq);

	if (seq && (!json_is_integer(seq) || number < 1 || number > UINT32_MAX - 1ll))
		return xbr_refuse(error, -EINVAL, "seq must be a whole number from 1 to %u", UINT32_MAX - 1);
	rule->seq = (uint32_t)number;
	return 0;
}

static bool is_rule_word(const char *name)
{
	for (size_t i = 0; acl_rule_words[i]; i++)
		if (!strcmp(acl_rule_words[i], name))
			return true;
	return false;
}

static int take_words(const json_t *params, struct xbr_acl_rule *rule, const struct acl_names *names,
		      struct xbr_error *error)
{
	static const char *const others[] = {"list", "seq", "action", "log"};
	const char *name;
	json_t *value;
	int err = 0;

	json_object_foreach ((json_t *)(uintptr_t)params, name, value) {
		bool other = false;

		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			other = other || !strcmp(others[i], name);
		if (err || other)
			continue;
		if (!is_rule_word(name))
			err = xbr_refuse(error, -EINVAL, "\"%.64s\" is not a parameter here", name);
		else if (!json_is_string(value))
			err = xbr_refuse(error, -EINVAL, "%s must be a string", name);
		else
			err = acl_rule_word(rule, name, json_string_value(value), names, error);
	}
	return err;
}

int acl_rule_read(const json_t *params, const struct acl_names *names, struct xbr_acl_rule *ret_rule,
		  struct xbr_error *error)
{
	int err;

	memset(ret_rule, 0, sizeof(*ret_rule));
	err = take_seq(params, ret_rule, error);
	if (!err)
		err = take_action(params, ret_rule, error);
	if (!err)
		err = take_words(params, ret_rule, names, error);
	return err ? err : acl_rule_finish(ret_rule, error);
}

static int list_name(const json_t *params, const char **ret_name, struct xbr_error *error)
{
	*ret_name = json_string_value(json_object_get(params, "list"));
	return *ret_name ? 0 : xbr_refuse(error, -EINVAL, "list must be a string");
}

void handle_acl_add(void *user, struct server_client *client, const json_t *params,
		    struct server_reply *reply)
{
	struct agent *agent = user;
	struct xbr_acl_rule rule;
	struct xbr_error error;
	const char *name;
	int err = list_name(params, &name, &error);

	(void)client;
	if (!err)
		err = acl_rule_read(params, &agent->model->acl->names, &rule, &error);
	if (!err)
		err = acl_add(agent->model, name, &rule, &error);
	answer(reply, err, &error);
}

struct acl_request {
	const char *list, *dev, *br, *file, *text;
	uint32_t seq, vlan, direction;
};
#define FIELD(member) .offset = offsetof(struct acl_request, member)
#define LIST_ROW(required_)                                                                                  \
	{                                                                                                    \
		.name = "list", .type = PARAM_STRING, .required = required_, .min = 1, FIELD(list)           \
	}

static const char *const direction_words[] = {"in", "out", NULL};

void handle_acl_del(void *user, struct server_client *client, const json_t *params,
		    struct server_reply *reply)
{
	static const struct param table[] = {
		LIST_ROW(true), {.name = "seq", .type = PARAM_U32, .min = 1, FIELD(seq)}, {0}};
	struct agent *agent = user;
	struct acl_request request = {0};
	struct xbr_error error;
	uint64_t given = 0;
	int err = params_read(params, table, &request, &given, &error);

	(void)client;
	if (!err)
		err = acl_del(agent->model, request.list, request.seq, &error);
	answer(reply, err, &error);
}

/* ---- bindings ---- */

static const struct param bind_params[] = {
	LIST_ROW(true),
	{.name = "dev", .type = PARAM_STRING, .min = 1, FIELD(dev)},
	{.name = "vlan", .type = PARAM_U32, .min = 1, .max = 4094, FIELD(vlan)},
	{.name = "br", .type = PARAM_STRING, .min = 1, FIELD(br)},
	{.name = "direction",
	 .type = PARAM_ENUM,
	 .words = direction_words,
	 .required = true,
	 FIELD(direction)},
	{0},
};

static int find_target(const struct model *model, const struct acl_request *request,
		       struct acl_target *ret_target, struct xbr_error *error)
{
	struct bridge *bridge = request->br ? model_bridge(model, request->br) : NULL;
	struct bridge *device = request->dev ? model_bridge(model, request->dev) : NULL;

	*ret_target = (struct acl_target){.bridge = bridge, .vid = (uint16_t)request->vlan};
	if (request->dev && (request->br || request->vlan))
		return xbr_refuse(error, -EINVAL, "a list is bound to dev, or to vlan, or to br");
	if (!request->dev && !request->br && !request->vlan)
		return xbr_refuse(error, -EINVAL, "what to bind to is missing: dev DEV, vlan VID or br BR");
	if (request->br && !bridge)
		return xbr_refuse(error, -ENODEV, "%s is not a bridge of xbr", request->br);
	if (!request->dev)
		return 0;
	ret_target->port = device ? device->local : model_port(model, request->dev);
	if (!ret_target->port)
		return xbr_refuse(error, -ENODEV, "%s is not a port of any bridge of xbr", request->dev);
	return 0;
}

static void bind_or_not(struct agent *agent, const json_t *params, struct server_reply *reply,
			int (*change)(struct model *, struct acl_list *, const struct acl_target *,
				      enum acl_direction, struct xbr_error *))
{
	struct acl_request request = {0};
	struct acl_target target;
	struct acl_list *list = NULL;
	struct xbr_error error;
	uint64_t given = 0;
	int err = params_read(params, bind_params, &request, &given, &error);

	if (!err)
		err = find_target(agent->model, &request, &target, &error);
	if (!err) {
		list = acl_find(agent->model, request.list);
		if (!list)
			err = xbr_refuse(&error, -ENOENT, "there is no access list %.40s", request.list);
	}
	if (!err)
		err = change(agent->model, list, &target, (enum acl_direction)request.direction, &error);
	answer(reply, err, &error);
}

void handle_acl_bind(void *user, struct server_client *client, const json_t *params,
		     struct server_reply *reply)
{
	(void)client;
	bind_or_not(user, params, reply, acl_bind);
}

void handle_acl_unbind(void *user, struct server_client *client, const json_t *params,
		       struct server_reply *reply)
{
	(void)client;
	bind_or_not(user, params, reply, acl_unbind);
}

/* ---- show ---- */

static void add_binding(const struct acl_list *list, const struct acl_target *target,
			enum acl_direction direction, void *user)
{
	json_t *object = json_object();

	(void)list;
	if (target->port)
		json_object_set_new(object, "dev", json_string(target->port->name));
	if (target->bridge)
		json_object_set_new(object, "br", json_string(target->bridge->name));
	if (target->vid)
		json_object_set_new(object, "vlan", json_integer(target->vid));
	json_object_set_new(object, "direction", json_string(direction_words[direction]));
	json_array_append_new(user, object);
}

static void add_word(const char *word, const char *value, void *user)
{
	json_object_set_new(user, word, json_string(value));
}

static json_t *show_count(const struct acl_image *image, uint32_t number)
{
	struct xbr_acl_count count = acl_image_counted(image, number);

	return json_pack("{sI sI}", "packets", (json_int_t)count.frames, "bytes", (json_int_t)count.octets);
}

static json_t *show_rule(const struct model *model, const struct acl_list *list,
			 const struct acl_place *place)
{
	const struct xbr_acl_rule *rule = acl_image_rule(&list->image, place->rule);
	json_t *object = json_object();
	char text[512];

	acl_rule_text(rule, &model->acl->names, text, sizeof(text));
	json_object_set_new(object, "seq", json_integer(rule->seq));
	json_object_set_new(object, "action",
			    json_string(rule->action.what & XBR_ACL_DENY ? "deny" : "permit"));
	acl_rule_each(rule, &model->acl->names, add_word, object);
	if (rule->action.what & XBR_ACL_LOG)
		json_object_set_new(object, "log", json_true());
	if (offer_has_rule(model, list->number, rule->seq))
		json_object_set_new(object, "offloaded", json_true());
	json_object_set_new(object, "rule", json_string(text));
	json_object_set_new(object, "stats", show_count(&list->image, place->rule));
	return object;
}

static json_t *show_list(const struct model *model, const struct acl_list *list)
{
	uint32_t count = acl_image_header(&list->image)->count;
	json_t *rules = json_array(), *bound = json_array();

	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(rules, show_rule(model, list, &list->image.places[i]));
	acl_each_binding(model, list, add_binding, bound);
	return json_pack("{ss si so si si so so}", "list", list->name, "count", (int)count, "bound", bound,
			 "tables", (int)acl_image_tables(&list->image, XBR_FLOW_WHOLE), "longest",
			 (int)acl_image_longest(&list->image, XBR_FLOW_WHOLE), "rules", rules, "unmatched",
			 show_count(&list->image, 0));
}

void handle_acl_show(void *user, struct server_client *client, const json_t *params,
		     struct server_reply *reply)
{
	static const struct param table[] = {LIST_ROW(false), {0}};
	struct agent *agent = user;
	struct acl_request request = {0};
	struct acl_list *list, *next;
	struct xbr_error error;
	uint64_t given = 0;
	int err = params_read(params, table, &request, &given, &error);

	(void)client;
	if (!err && request.list && !acl_find(agent->model, request.list))
		err = xbr_refuse(&error, -ENOENT, "there is no access list %.40s", request.list);
	if (err) {
		answer(reply, err, &error);
		return;
	}
	offer_collect(agent->model);
	reply->result = json_array();
	acl_foreach(agent->model, list, next) if (!request.list || !strcmp(request.list, list->name))
		json_array_append_new(reply->result, show_list(agent->model, list));
}

/* ---- events ---- */

static void add_port(const struct model *model, json_t *object, const char *key, uint32_t number)
{
	const struct port *port = number && number < model->dp->max_ports ? model->by_number[number] : NULL;

	if (port)
		json_object_set_new(object, key, json_string(port->name));
}

/* A rule that asks all that the frame has: its words are the frame's. */
static void rule_of_flow(const struct xbr_flow *flow, struct xbr_acl_rule *ret_rule)
{
	struct xbr_flow mask = {0};

	memset(ret_rule, 0, sizeof(*ret_rule));
	memcpy(ret_rule->value, flow, sizeof(*flow));
	memset(mask.dst_mac, 0xff, sizeof(mask.dst_mac));
	memset(mask.src_mac, 0xff, sizeof(mask.src_mac));
	mask.tci = flow->tci ? 0xefff : 0;
	mask.eth_type_be = flow->eth_type_be ? 0xffff : 0;
	mask.arp_op_be = flow->arp_op_be ? 0xffff : 0;
	if (flow->is_ip || flow->arp_op_be) {
		memset(mask.src_ip, 0xff, flow->eth_type_be == htons(0x86dd) ? 16 : 4);
		memset(mask.dst_ip, 0xff, flow->eth_type_be == htons(0x86dd) ? 16 : 4);
		mask.proto = mask.dscp = mask.frag = flow->is_ip ? 0xff : 0;
	}
	mask.tcp_flags = flow->tcp_flags ? 0xff : 0;
	mask.icmp_type = flow->icmp_type || flow->proto == 1 || flow->proto == 58 ? 0xff : 0;
	if (flow->src_port_be || flow->dst_port_be)
		ret_rule->flags = XBR_ACL_ASKS_SRC_PORT | XBR_ACL_ASKS_DST_PORT;
	ret_rule->port_low[0] = ret_rule->port_high[0] = ntohs(flow->src_port_be);
	ret_rule->port_low[1] = ret_rule->port_high[1] = ntohs(flow->dst_port_be);
	memcpy(ret_rule->mask, &mask, sizeof(mask));
}

json_t *acl_show_event(const struct model *model, const struct xbr_acl_event *event)
{
	const struct acl_list *list = event->list < XBR_ACL_LIMIT ? model->acl->by_number[event->list] : NULL;
	json_t *object = json_object();
	struct xbr_acl_rule frame;

	if (list)
		json_object_set_new(object, "list", json_string(list->name));
	json_object_set_new(object, "seq", json_integer(event->seq));
	add_port(model, object, "ifname", event->in);
	add_port(model, object, "out", event->out);
	json_object_set_new(object, "length", json_integer(event->length));
	rule_of_flow(&event->flow, &frame);
	acl_rule_each(&frame, NULL, add_word, object);
	json_object_set_new(object, "lost", json_integer(event->lost));
	return object;
}

/* ---- replace ---- */

/* The rules of a text, one in each line. */
struct reading {
	const struct acl_names *names;
	struct xbr_acl_rule *rules;
	uint32_t count, room;
	uint32_t line; /* from 1 */
};

#define LINE_LEAD "acl add L " /* what makes a rule's line a command; columns are without it */

static int parse_line(struct reading *reading, const char *line, size_t length, struct xbr_acl_rule *ret_rule,
		      bool *ret_empty, unsigned int *ret_column, struct xbr_error *error)
{
	struct grammar_error wrong = {0};
	json_t *request = NULL;
	char *text;
	int err;

	*ret_column = 1;
	*ret_empty = !length || line[strspn(line, " \t\r")] == '#' || strspn(line, " \t\r") >= length;
	if (*ret_empty)
		return 0;
	if (asprintf(&text, LINE_LEAD "%.*s", (int)length, line) < 0)
		return xbr_refuse(error, -ENOMEM, "out of memory");
	err = grammar_parse_line(text, reading->line, &request, &wrong);
	free(text);
	if (err) {
		if (wrong.column >= sizeof(LINE_LEAD))
			*ret_column = wrong.column - (unsigned int)sizeof(LINE_LEAD) + 1;
		return xbr_refuse(error, err, "%s", wrong.message);
	}
	err = acl_rule_read(json_object_get(request, "params"), reading->names, ret_rule, error);
	json_decref(request);
	return err;
}

static int keep_rule(struct reading *reading, struct xbr_acl_rule *rule, struct xbr_error *error)
{
	uint32_t last = reading->count ? reading->rules[reading->count - 1].seq : 0;
	struct xbr_acl_rule *more;

	if (!rule->seq)
		rule->seq = last + 10;
	if (rule->seq <= last)
		return xbr_refuse(error, -EINVAL, "seq %u stands behind seq %u: in a file they go up",
				  rule->seq, last);
	if (reading->count == XBR_ACL_RULES_MAX)
		return xbr_refuse(error, -E2BIG, "a list has at most %u rules", XBR_ACL_RULES_MAX);
	if (reading->count == reading->room) {
		reading->room = reading->room ? 2 * reading->room : 64;
		more = realloc(reading->rules, reading->room * sizeof(*more));
		if (!more)
			return xbr_refuse(error, -ENOMEM, "out of memory");
		reading->rules = more;
	}
	reading->rules[reading->count++] = *rule;
	return 0;
}

/* Refuses with "file:line:column: why". */
static int read_rules(struct reading *reading, const char *file, const char *text, struct xbr_error *error)
{
	struct xbr_acl_rule rule;
	struct xbr_error why;
	unsigned int column;
	bool empty;
	int err = 0;

	while (!err && *text) {
		size_t length = strcspn(text, "\n");

		reading->line++;
		err = parse_line(reading, text, length, &rule, &empty, &column, &why);
		if (!err && !empty)
			err = keep_rule(reading, &rule, &why);
		text += length + (text[length] == '\n');
	}
	if (err)
		return xbr_refuse(error, err, "%.200s:%u:%u: %.250s", file, reading->line, column,
				  why.message);
	return 0;
}

static int resolve_all(const struct model *model, struct reading *reading, struct xbr_error *error)
{
	int err = 0;

	for (uint32_t i = 0; i < reading->count && !err; i++)
		err = acl_resolve(model, &reading->rules[i], error);
	return err;
}

void handle_acl_replace(void *user, struct server_client *client, const json_t *params,
			struct server_reply *reply)
{
	static const struct param table[] = {
		LIST_ROW(true),
		{.name = "file", .type = PARAM_STRING, .required = true, FIELD(file)},
		{.name = "text", .type = PARAM_STRING, .required = true, FIELD(text)},
		{0}};
	struct agent *agent = user;
	struct acl_request request = {0};
	struct reading reading = {.names = &agent->model->acl->names};
	struct xbr_error error;
	uint64_t given = 0;
	int err = params_read(params, table, &request, &given, &error);

	(void)client;
	if (!err)
		err = read_rules(&reading, request.file, request.text, &error);
	if (!err)
		err = resolve_all(agent->model, &reading, &error);
	if (!err)
		err = acl_replace(agent->model, request.list, reading.rules, reading.count, &error);
	if (!err)
		reply->result = json_pack("{si}", "rules", (int)reading.count);
	free(reading.rules);
	answer(reply, err, &error);
}

/* ---- sets ---- */

struct set_request {
	const char *set, *member;
};
#define SET_FIELD(member_) .offset = offsetof(struct set_request, member_)

static int read_set(const json_t *params, bool needs_member, struct set_request *ret_request,
		    struct xbr_error *error)
{
	const struct param table[] = {
		{.name = "set", .type = PARAM_STRING, .required = true, .min = 1, SET_FIELD(set)},
		{.name = "member",
		 .type = PARAM_STRING,
		 .required = needs_member,
		 .min = 1,
		 .max = 63,
		 SET_FIELD(member)},
		{0},
	};
	uint64_t given = 0;

	return params_read(params, table, ret_request, &given, error);
}

void handle_aclset_add(void *user, struct server_client *client, const json_t *params,
		       struct server_reply *reply)
{
	struct agent *agent = user;
	struct set_request request = {0};
	struct xbr_error error;
	int err = read_set(params, true, &request, &error);

	(void)client;
	if (!err)
		err = acl_set_add(agent->model, request.set, request.member, &error);
	answer(reply, err, &error);
}

void handle_aclset_del(void *user, struct server_client *client, const json_t *params,
		       struct server_reply *reply)
{
	struct agent *agent = user;
	struct set_request request = {0};
	struct xbr_error error;
	int err = read_set(params, false, &request, &error);

	(void)client;
	if (!err)
		err = acl_set_del(agent->model, request.set, request.member, &error);
	answer(reply, err, &error);
}

static void add_member(const char *member, void *user)
{
	json_array_append_new(user, json_string(member));
}

void handle_aclset_show(void *user, struct server_client *client, const json_t *params,
			struct server_reply *reply)
{
	static const struct param table[] = {
		{.name = "set", .type = PARAM_STRING, .min = 1, SET_FIELD(set)},
		{0},
	};
	struct agent *agent = user;
	struct set_request request = {0};
	struct xbr_error error;
	uint64_t given = 0;
	int err = params_read(params, table, &request, &given, &error);

	(void)client;
	if (!err && request.set && !acl_set_find(agent->model, request.set))
		err = xbr_refuse(&error, -ENOENT, "there is no set %.40s", request.set);
	answer(reply, err, &error);
	if (err)
		return;
	reply->result = json_array();
	for (uint16_t set = 1; set < XBR_ACL_SETS_MAX; set++) {
		const struct xbr_acl_set *slot = &agent->model->dp->acl_sets[set];
		json_t *members;

		if (!slot->kind || (request.set && strcmp(request.set, slot->name) != 0))
			continue;
		members = json_array();
		acl_set_each(agent->model, set, add_member, members);
		json_array_append_new(reply->result,
				      json_pack("{ss ss so}", "set", slot->name, "kind",
						slot->kind == XBR_ACL_SET_PORTS ? "ports" : "addresses",
						"members", members));
	}
}

/* ---- lint ---- */

static json_t *show_finding(const struct xbr_acl_rule *rule, enum acl_finding finding,
			    const struct xbr_acl_rule *by)
{
	json_t *object = json_pack("{si ss}", "seq", (int)rule->seq, "finding", acl_finding_word(finding));

	if (by)
		json_object_set_new(object, "by", json_integer(by->seq));
	return object;
}

/* The first thing that is wrong with the rule at a place. */
static void lint_rule(const struct acl_image *image, uint32_t place, json_t *findings)
{
	const struct xbr_acl_rule *rule = acl_image_rule(image, image->places[place].rule), *earlier;
	enum acl_finding finding = acl_lint_pair(NULL, rule);

	if (finding)
		json_array_append_new(findings, show_finding(rule, finding, NULL));
	for (uint32_t i = 0; i < place && !finding; i++) {
		earlier = acl_image_rule(image, image->places[i].rule);
		finding = acl_lint_pair(earlier, rule);
		if (finding)
			json_array_append_new(findings, show_finding(rule, finding, earlier));
	}
}

#define LINT_MAX 20000 /* rules: each is held against all before it */

void handle_acl_lint(void *user, struct server_client *client, const json_t *params,
		     struct server_reply *reply)
{
	static const struct param table[] = {LIST_ROW(true), {0}};
	struct agent *agent = user;
	struct acl_request request = {0};
	struct acl_list *list = NULL;
	struct xbr_error error;
	uint64_t given = 0;
	int err = params_read(params, table, &request, &given, &error);

	(void)client;
	if (!err) {
		list = acl_find(agent->model, request.list);
		if (!list)
			err = xbr_refuse(&error, -ENOENT, "there is no access list %.40s", request.list);
		else if (acl_image_header(&list->image)->count > LINT_MAX)
			err = xbr_refuse(&error, -E2BIG,
					 "the access list %s has more than %d rules: too many to hold each "
					 "against all before it",
					 list->name, LINT_MAX);
	}
	answer(reply, err, &error);
	if (err)
		return;
	reply->result = json_array();
	for (uint32_t i = 0; i < acl_image_header(&list->image)->count; i++)
		lint_rule(&list->image, i, reply->result);
}
