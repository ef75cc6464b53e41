/* SPDX-License-Identifier: Apache-2.0 */
/* Words to requests: finds the command, then takes one option after the other. */
#include "xbr/grammar.h"

#include <errno.h>
#include <string.h>

#include "grammar_table.h"

struct parse {
	const struct xbr_command *command;
	int count;
	const char *const *words;
	int at;         /* index of the word in hand */
	uint64_t given; /* a bit for each parameter seen */
	uint64_t bare;  /* those whose value stood alone */
	bool is_not;    /* `not` stands in front of the option in hand */
	json_t *params;
	struct grammar_error *error;
};

static int out_of_memory(struct grammar_error *error)
{
	grammar_refuse(error, "out of memory");
	return -ENOMEM;
}

/* Appends the word to the set, or, for `all`, every other word of the list. */
static int add_to_set(json_t *set, const char *list, const char *word, struct grammar_error *error)
{
	struct vocabulary choices = {0};
	size_t index;
	json_t *known;

	json_array_foreach (set, index, known)
		if (strcmp(json_string_value(known), word) == 0)
			return grammar_refuse(error, "%s is given twice", grammar_quote(word).text);
	if (strcmp(word, "all") != 0)
		return json_array_append_new(set, json_string(word)) ? out_of_memory(error) : 0;
	if (json_array_size(set) > 0)
		return grammar_refuse(error, "'all' stands alone");
	vocabulary_add(&choices, list, 0, 1);
	for (unsigned int i = 0; i < choices.count; i++) {
		const struct vocabulary_word *choice = &choices.words[i];

		if (strncmp(choice->text, "all", choice->length) != 0 &&
		    json_array_append_new(set, json_stringn(choice->text, choice->length)) != 0)
			return out_of_memory(error);
	}
	return 0;
}

/* bridge(8) writes a sticky entry `sticky static`; any other two states contradict each other. */
static int merge_state(json_t *state, const char *word, struct grammar_error *error)
{
	const char *before = json_string_value(state);
	bool is_pair = (strcmp(before, "static") == 0 && strcmp(word, "sticky") == 0) ||
		       (strcmp(before, "sticky") == 0 && strcmp(word, "static") == 0);

	if (strcmp(before, word) == 0)
		return grammar_refuse(error, "%s is given twice", grammar_quote(word).text);
	if (!is_pair)
		return grammar_refuse(error, "an entry cannot be both %s and %s", before, word);
	return json_string_set(state, "sticky") ? out_of_memory(error) : 0;
}

/* The object in params whose member `key` is, and the member's own name; a new one where there is none. */
static json_t *object_of(json_t *params, const char **key)
{
	const char *dot = strchr(*key, '.');
	char name[32];
	json_t *object;

	if (!dot)
		return params;
	snprintf(name, sizeof(name), "%.*s", (int)(dot - *key), *key);
	*key = dot + 1;
	object = json_object_get(params, name);
	if (object)
		return object;
	object = json_object();
	return json_object_set_new(params, name, object) ? NULL : object;
}

static int put(struct parse *parse, const char *key, json_t *value)
{
	json_t *object = object_of(parse->params, &key);

	if (object != parse->params && json_object_get(object, key))
		return grammar_refuse(parse->error, "%s is given twice", grammar_quote(key).text);
	if (!object || json_object_set(object, key, value))
		return out_of_memory(parse->error);
	return 0;
}

/* Puts a converted value into params. */
static int add_value(struct parse *parse, const struct xbr_param *param, json_t *value)
{
	json_t *present = json_object_get(parse->params, param->key);

	if (param->kind == XBR_PARAM_STATE && present)
		return merge_state(present, json_string_value(value), parse->error);
	if (param->kind != XBR_PARAM_SET)
		return put(parse, param->key, value);
	if (!present && json_object_set_new(parse->params, param->key, json_array()) != 0)
		return out_of_memory(parse->error);
	return add_to_set(json_object_get(parse->params, param->key), param->value, json_string_value(value),
			  parse->error);
}

static bool may_repeat(const struct xbr_param *param)
{
	return param->kind == XBR_PARAM_SET || param->kind == XBR_PARAM_STATE ||
	       grammar_param_is_named(param);
}

/* `isolation community 5`: two words are one value. */
static int take_community(struct parse *parse, const struct xbr_param *param)
{
	json_t *value = NULL, *joined;
	int err = 0;

	if (++parse->at == parse->count)
		return grammar_refuse(parse->error, "community needs a number: 1 to %lld", param->max);
	err = grammar_number(param, parse->words[parse->at++], 1, &value, parse->error);
	if (err)
		return err;
	joined = json_sprintf("community %lld", (long long)json_integer_value(value));
	json_decref(value);
	if (json_object_set_new(parse->params, param->key, joined) != 0)
		return out_of_memory(parse->error);
	return 0;
}

/* A value that is not meant: its text with an exclamation mark in front. Takes *value over. */
static int turn_round(json_t **value, struct grammar_error *error)
{
	json_t *turned = json_sprintf("!%s", json_string_value(*value));

	json_decref(*value);
	*value = turned;
	return turned ? 0 : out_of_memory(error);
}

/* Takes the word in hand as the value of param. */
static int take_value(struct parse *parse, const struct xbr_param *param)
{
	json_t *value = NULL;
	int err = grammar_value(param, parse->words[parse->at], &value, parse->error);

	if (err == 0 && param->kind == XBR_PARAM_ISOLATION &&
	    strcmp(json_string_value(value), "community") == 0) {
		json_decref(value);
		return take_community(parse, param);
	}
	if (err == 0 && parse->is_not)
		err = turn_round(&value, parse->error);
	if (err == 0 && param->key)
		err = add_value(parse, param, value);
	json_decref(value);
	parse->at++;
	return err;
}

/* One address of a list; what is written as an address is one, and must be that of a station. */
static int take_address(struct parse *parse, json_t *list)
{
	static const struct xbr_param address = {.words = "macaddr", .kind = XBR_PARAM_UNICAST};
	json_t *value = NULL;
	int err;

	parse->error->column = (unsigned int)parse->at + 1;
	err = grammar_value(&address, parse->words[parse->at], &value, parse->error);
	if (err)
		return err;
	parse->at++;
	return json_array_append_new(list, value) ? out_of_memory(parse->error) : 0;
}

/* macaddr: its verb was taken, addresses follow unless it is flush. */
static int take_addresses(struct parse *parse, const struct xbr_param *param)
{
	const char *verb = json_string_value(json_object_get(parse->params, param->key));
	bool flush = strcmp(verb, "flush") == 0;
	json_t *list = json_array();
	int err = 0;

	if (json_object_set_new(parse->params, "macaddr_list", list) != 0)
		return out_of_memory(parse->error);
	while (err == 0 && parse->at < parse->count && grammar_is_lladdr(parse->words[parse->at]))
		err = take_address(parse, list);
	if (err == 0 && flush != (json_array_size(list) == 0))
		return grammar_refuse(parse->error,
				      flush ? "macaddr %s takes no address" : "macaddr %s needs an address",
				      verb);
	return err;
}

/* The name of a named value is a member of the parameter's object. */
static int put_named(struct parse *parse, const struct xbr_param *param, const char *name, json_t *value)
{
	char key[48];

	snprintf(key, sizeof(key), "%s.%s", param->key, name);
	for (char *c = key; *c; c++)
		*c = *c == '-' ? '_' : *c;
	return put(parse, key, value);
}

/* The word in hand, as a value of param. */
static int take_word(struct parse *parse, const struct xbr_param *param, json_t **ret_value)
{
	parse->error->column = (unsigned int)parse->at + 1;
	if (parse->at == parse->count)
		return grammar_refuse(parse->error, "%s needs a value: %s",
				      grammar_quote(parse->words[parse->at - 1]).text, param->value);
	return grammar_value(param, parse->words[parse->at++], ret_value, parse->error);
}

/* `guard mac on`, `storm_control unknown 100pps`: a name and its value. */
static int take_named(struct parse *parse, const struct xbr_param *param)
{
	const struct xbr_param behind = grammar_named_value(param);
	json_t *name = NULL, *value = NULL;
	int err = take_word(parse, param, &name);

	if (err == 0)
		err = take_word(parse, &behind, &value);
	if (err == 0)
		err = put_named(parse, param, json_string_value(name), value);
	json_decref(name);
	json_decref(value);
	return err;
}

/* `link add NAME type schannel dev DEV`: with the word given, what stood alone was the next parameter's
 * value.
 */
static int yield(struct parse *parse, const struct xbr_param *param)
{
	uint64_t bit = 1ull << (param - parse->command->params);
	json_t *value = json_object_get(parse->params, param->key);

	if (!(param->flags & XBR_YIELDS) || !(parse->bare & bit) || parse->given & bit << 1)
		return grammar_refuse(parse->error, "%s is given twice",
				      grammar_quote(parse->words[parse->at]).text);
	parse->bare &= ~bit;
	parse->given |= bit << 1;
	if (json_object_set(parse->params, param[1].key, value))
		return out_of_memory(parse->error);
	return 0;
}

/* `guard on` is what bridge(8) calls bpdu_guard: the parameter of that key is meant. */
static void settle_guard(const struct parse *parse, const struct xbr_param **param)
{
	const char *next = parse->at + 1 < parse->count ? parse->words[parse->at + 1] : "";

	if ((*param)->kind != XBR_PARAM_SWITCHES || (strcmp(next, "on") != 0 && strcmp(next, "off") != 0))
		return;
	for (const struct xbr_param *other = parse->command->params; other->words; other++)
		if (other->key && strcmp(other->key, "bpdu_guard") == 0)
			*param = other;
}

/* Takes one option: its word, and its value if it has one. */
static int take_option(struct parse *parse)
{
	struct grammar_place place;
	const char *word = parse->words[parse->at];
	uint64_t bit;
	int err;

	parse->error->column = (unsigned int)parse->at + 1;
	err = grammar_find_param(parse->command, parse->given, word, &place, parse->error);
	if (err)
		return err;
	settle_guard(parse, &place.param);
	if (parse->is_not && !(place.param->flags & XBR_MAY_NOT))
		return grammar_refuse(parse->error, "%s cannot be turned round by not",
				      grammar_quote(word).text);
	bit = 1ull << (place.param - parse->command->params);
	if ((parse->given & bit) && !may_repeat(place.param))
		err = yield(parse, place.param);
	if (err)
		return err;
	parse->given |= bit;
	if (place.word_is_value)
		parse->bare |= bit;
	if (place.word_is_value || place.param->kind == XBR_PARAM_FLAG ||
	    place.param->kind == XBR_PARAM_REFUSED)
		return take_value(parse, place.param);
	parse->at++;
	if (grammar_param_is_named(place.param))
		return take_named(parse, place.param);
	parse->error->column = (unsigned int)parse->at + 1;
	if (parse->at == parse->count)
		return grammar_refuse(parse->error, "%s needs a value: %s", grammar_quote(word).text,
				      place.param->value);
	err = take_value(parse, place.param);
	if (err == 0 && place.param->kind == XBR_PARAM_MACADDR)
		err = take_addresses(parse, place.param);
	return err;
}

/* "fdb flush needs dev DEV or br BR": the first two of those that would do. */
static int refuse_none_of(struct parse *parse, uint64_t one_of)
{
	const struct xbr_param *first = &parse->command->params[__builtin_ctzll(one_of)];
	const struct xbr_param *second = &parse->command->params[__builtin_ctzll(one_of & (one_of - 1))];

	return grammar_refuse(parse->error, "%s needs %s %s or %s %s",
			      grammar_command_name(parse->command).text, first->words, first->value,
			      second->words, second->value);
}

static bool has_not(const struct xbr_command *command)
{
	for (int i = 0; command->params[i].words; i++)
		if (command->params[i].flags & XBR_MAY_NOT)
			return true;
	return false;
}

/* The same, where `not` may stand in front of it. */
static int take_option_or_not(struct parse *parse)
{
	int err;

	parse->is_not = has_not(parse->command) && strcmp(parse->words[parse->at], "not") == 0;
	if (parse->is_not && ++parse->at == parse->count) {
		parse->error->column = (unsigned int)parse->at + 1;
		return grammar_refuse(parse->error, "not needs a word behind it");
	}
	err = take_option(parse);
	parse->is_not = false;
	return err;
}

/* Refuses what is missing as a whole. */
static int check_complete(struct parse *parse)
{
	struct grammar_quoted name = grammar_command_name(parse->command);
	uint64_t one_of = 0;
	uint64_t required = 0;

	parse->error->column = (unsigned int)parse->count + 1;
	for (int i = 0; parse->command->params[i].words; i++) {
		const struct xbr_param *param = &parse->command->params[i];
		const bool is_bare = param->flags & XBR_BARE;

		required |= param->flags & XBR_REQUIRED ? 1ull << i : 0;
		one_of |= param->flags & XBR_ONE_OF ? 1ull << i : 0;
		if ((param->flags & XBR_REQUIRED) && !(parse->given >> i & 1))
			return grammar_refuse(parse->error, "%s needs %.*s%s%s", name.text,
					      is_bare ? 0 : (int)strcspn(param->words, "|"), param->words,
					      is_bare ? "" : " ", param->value);
	}
	if (one_of && !(parse->given & one_of))
		return refuse_none_of(parse, one_of);
	if ((parse->command->flags & XBR_NEEDS_OPTION) && !(parse->given & ~required))
		return grammar_refuse(parse->error, "nothing to set; xbr %s help lists the options",
				      name.text);
	return 0;
}

/* `fdb flush dev BR brport DEV`, as bridge(8) has it: where brport names the port, dev names the bridge. */
static int settle_brport(struct parse *parse)
{
	json_t *port = json_object_get(parse->params, "brport");
	json_t *dev = json_object_get(parse->params, "dev");
	int err = 0;

	if (!port)
		return 0;
	if (dev && json_object_get(parse->params, "master"))
		return grammar_refuse(parse->error, "dev, br and brport together name two bridges");
	if (dev)
		err |= json_object_set(parse->params, "master", dev);
	err |= json_object_set(parse->params, "dev", port);
	err |= json_object_del(parse->params, "brport");
	return err ? out_of_memory(parse->error) : 0;
}

int grammar_parse_words(int count, const char *const words[], json_t **ret_request,
			struct grammar_error *ret_error)
{
	struct parse parse = {.count = count, .words = words, .error = ret_error};
	json_t *request = NULL;
	int err;

	*ret_error = (struct grammar_error){0};
	err = grammar_find_command(count, words, &parse.command, &parse.at, ret_error);
	if (err)
		return err;
	parse.params = json_object();
	while (err == 0 && parse.at < count)
		err = take_option_or_not(&parse);
	if (err == 0)
		err = check_complete(&parse);
	if (err == 0)
		err = settle_brport(&parse);
	if (err == 0) {
		request = json_pack("{s:s, s:O}", "method", parse.command->method, "params", parse.params);
		err = request ? 0 : out_of_memory(ret_error);
	}
	json_decref(parse.params);
	if (err == 0)
		*ret_request = request;
	return err;
}
