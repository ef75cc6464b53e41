/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar_table.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#define PARAM_ROW(words, key, kind, value, min, max, flags, help)                                            \
	{words, key, XBR_PARAM_##kind, value, min, max, flags, help},
#define PARAMS_OF(object, verb, method, flags, help)                                                         \
	static const struct xbr_param params_##object##_##verb[] = {                                         \
		XBR_PARAMS_##object##_##verb(PARAM_ROW){NULL, NULL, 0, NULL, 0, 0, 0, NULL}};
XBR_COMMANDS(PARAMS_OF)

#define COMMAND_ROW(object, verb, method, flags, help)                                                       \
	{#object, #verb, method, flags, help, params_##object##_##verb},
const struct xbr_command grammar_commands[] = {XBR_COMMANDS(COMMAND_ROW){NULL, NULL, NULL, 0, NULL, NULL}};

#define ALIAS_ROW(verb, aliases) {#verb, aliases},
static const struct {
	const char *verb;
	const char *aliases;
} verb_aliases[] = {XBR_VERB_ALIASES(ALIAS_ROW)};

int grammar_refuse(struct grammar_error *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	return -EINVAL;
}

struct grammar_quoted grammar_quote(const char *word)
{
	const size_t room = 64;
	struct grammar_quoted quoted = {"'"};
	size_t used = 1;

	for (; *word && used < room; word++) {
		unsigned char c = (unsigned char)*word;
		int printed = snprintf(quoted.text + used, sizeof(quoted.text) - used,
				       c < 0x80 && isprint(c) ? "%c" : "\\x%02x", c);

		used += (size_t)printed;
	}
	snprintf(quoted.text + used, sizeof(quoted.text) - used, "%s'", *word ? "..." : "");
	return quoted;
}

struct grammar_quoted grammar_command_name(const struct xbr_command *command)
{
	struct grammar_quoted name;

	snprintf(name.text, sizeof(name.text), "%s%s%s", command->object, *command->verb ? " " : "",
		 command->verb);
	return name;
}

/* ---- vocabularies -------------------------------------------------------------------------------- */

void vocabulary_add(struct vocabulary *vocabulary, const char *list, int id, int step)
{
	while (*list && vocabulary->count < VOCABULARY_MAX) {
		size_t length = strcspn(list, "|");

		vocabulary->words[vocabulary->count++] = (struct vocabulary_word){list, length, id};
		list += length + (list[length] == '|');
		id += step;
	}
}

static bool is_prefix_of(const char *word, const struct vocabulary_word *known)
{
	size_t length = strlen(word);

	return length > 0 && length <= known->length && strncmp(word, known->text, length) == 0;
}

int vocabulary_find(const struct vocabulary *vocabulary, const char *word, bool exact)
{
	int found = VOCABULARY_NONE;

	for (unsigned int i = 0; i < vocabulary->count; i++) {
		const struct vocabulary_word *known = &vocabulary->words[i];

		if (!is_prefix_of(word, known))
			continue;
		if (strlen(word) == known->length)
			return known->id;
		if (found == VOCABULARY_NONE)
			found = known->id;
		else if (found != known->id)
			found = VOCABULARY_AMBIGUOUS;
	}
	return exact ? VOCABULARY_NONE : found;
}

/* Levenshtein's distance of two words, the first at most 31 long; longer ones are far from everything. */
static unsigned int edit_distance(const char *word, const struct vocabulary_word *known)
{
	unsigned int row[32];
	size_t length = strlen(word);

	if (length >= 32)
		return 32;
	for (size_t i = 0; i <= length; i++)
		row[i] = (unsigned int)i;
	for (size_t k = 1; k <= known->length; k++) {
		unsigned int diagonal = row[0];

		row[0] = (unsigned int)k;
		for (size_t i = 1; i <= length; i++) {
			unsigned int replaced = diagonal + (word[i - 1] != known->text[k - 1]);
			unsigned int shorter = (row[i] < row[i - 1] ? row[i] : row[i - 1]) + 1;

			diagonal = row[i];
			row[i] = replaced < shorter ? replaced : shorter;
		}
	}
	return row[length];
}

/* The word that was probably meant, or NULL. */
static const struct vocabulary_word *nearest_word(const struct vocabulary *vocabulary, const char *word)
{
	const struct vocabulary_word *nearest = NULL;
	unsigned int best = strlen(word) < 4 ? 2 : 3; /* a nearer one is close enough */

	for (unsigned int i = 0; i < vocabulary->count; i++) {
		const struct vocabulary_word *known = &vocabulary->words[i];
		unsigned int distance = edit_distance(word, known);

		if (distance < best && distance < known->length) {
			best = distance;
			nearest = known;
		}
	}
	return nearest;
}

/* Writes the words that begin with prefix ("" for all) as "a, b, c". */
static void list_words(const struct vocabulary *vocabulary, const char *prefix, char *list, size_t size)
{
	size_t used = 0;

	list[0] = '\0';
	for (unsigned int i = 0; i < vocabulary->count; i++) {
		const struct vocabulary_word *known = &vocabulary->words[i];

		if (used + known->length + 3 > size || (*prefix && !is_prefix_of(prefix, known)))
			continue;
		used += (size_t)snprintf(list + used, size - used, "%s%.*s", used ? ", " : "",
					 (int)known->length, known->text);
	}
}

int vocabulary_refuse(const struct vocabulary *vocabulary, const char *word, const char *what,
		      struct grammar_error *error)
{
	const struct vocabulary_word *nearest = nearest_word(vocabulary, word);
	struct grammar_quoted quoted = grammar_quote(word);
	char list[208];

	if (vocabulary_find(vocabulary, word, false) == VOCABULARY_AMBIGUOUS) {
		list_words(vocabulary, word, list, sizeof(list));
		return grammar_refuse(error, "%s is short for more than one %s: %s", quoted.text, what, list);
	}
	if (nearest)
		return grammar_refuse(error, "%s is no %s; did you mean %.*s", quoted.text, what,
				      (int)nearest->length, nearest->text);
	if (word[0] == '-')
		return grammar_refuse(error,
				      "%s is no %s; options of xbr itself stand in front of the object",
				      quoted.text, what);
	list_words(vocabulary, "", list, sizeof(list));
	return grammar_refuse(error, "%s is no %s; known: %s", quoted.text, what, *list ? list : "none");
}

/* ---- commands ------------------------------------------------------------------------------------ */

void grammar_objects(struct vocabulary *ret_vocabulary)
{
	ret_vocabulary->count = 0;
	for (int i = 0; grammar_commands[i].object; i++)
		if (i == 0 || strcmp(grammar_commands[i].object, grammar_commands[i - 1].object) != 0)
			vocabulary_add(ret_vocabulary, grammar_commands[i].object, i, 0);
}

void grammar_verbs(const char *object, struct vocabulary *ret_vocabulary)
{
	ret_vocabulary->count = 0;
	for (int i = 0; grammar_commands[i].object; i++)
		if (strcmp(grammar_commands[i].object, object) == 0)
			vocabulary_add(ret_vocabulary, grammar_commands[i].verb, i, 0);
}

/* The verb that an alias as a whole stands for, else the word itself. */
static const char *canonical_verb(const char *word)
{
	for (size_t i = 0; i < sizeof(verb_aliases) / sizeof(verb_aliases[0]); i++) {
		struct vocabulary aliases = {0};

		vocabulary_add(&aliases, verb_aliases[i].aliases, 0, 0);
		if (vocabulary_find(&aliases, word, true) == 0)
			return verb_aliases[i].verb;
	}
	return word;
}

static int find_verb(const char *object, const char *word, const struct xbr_command **ret_command,
		     struct grammar_error *error)
{
	struct vocabulary verbs;
	char what[48];
	int found;

	grammar_verbs(object, &verbs);
	found = vocabulary_find(&verbs, canonical_verb(word), false);
	snprintf(what, sizeof(what), "verb of %s", object);
	if (found < 0)
		return vocabulary_refuse(&verbs, word, what, error);
	*ret_command = &grammar_commands[found];
	return 0;
}

int grammar_find_command(int count, const char *const words[], const struct xbr_command **ret_command,
			 int *ret_used, struct grammar_error *error)
{
	struct vocabulary objects;
	const struct xbr_command *first;
	int found;

	grammar_objects(&objects);
	error->column = 1;
	if (count == 0)
		return grammar_refuse(error, "a command is missing; xbr help lists them");
	found = vocabulary_find(&objects, words[0], false);
	if (found < 0)
		return vocabulary_refuse(&objects, words[0], "object", error);
	first = &grammar_commands[found];
	*ret_used = *first->verb && count > 1 ? 2 : 1;
	if (!*first->verb) {
		*ret_command = first;
		return 0;
	}
	error->column = 2;
	return find_verb(first->object, count > 1 ? words[1] : "show", ret_command, error);
}

/* ---- parameters ---------------------------------------------------------------------------------- */

#define ID_IS_VALUE 0x100 /* the word is a value of parameter (id & 0xff), not its introduction */

bool grammar_param_has_choices(const struct xbr_param *param)
{
	return param->kind == XBR_PARAM_BOOL || param->kind == XBR_PARAM_CHOICE ||
	       param->kind == XBR_PARAM_STATE || param->kind == XBR_PARAM_SET ||
	       param->kind == XBR_PARAM_MACADDR || param->kind == XBR_PARAM_ISOLATION ||
	       grammar_param_is_named(param);
}

bool grammar_param_is_named(const struct xbr_param *param)
{
	return param->kind == XBR_PARAM_SWITCHES || param->kind == XBR_PARAM_RATES ||
	       param->kind == XBR_PARAM_NAMES;
}

struct xbr_param grammar_named_value(const struct xbr_param *param)
{
	if (param->kind == XBR_PARAM_SWITCHES)
		return (struct xbr_param){.words = param->words, .kind = XBR_PARAM_BOOL, .value = "on|off"};
	return (struct xbr_param){.words = param->words,
				  .kind = XBR_PARAM_STRING,
				  .value = param->kind == XBR_PARAM_NAMES ? "NAME" : "RATE"};
}

static void add_params(const struct xbr_command *command, struct vocabulary *vocabulary)
{
	for (int i = 0; command->params[i].words; i++) {
		const struct xbr_param *param = &command->params[i];

		vocabulary_add(vocabulary, param->words, i, 0);
		if ((param->flags & XBR_BARE) && grammar_param_has_choices(param))
			vocabulary_add(vocabulary, param->value, i | ID_IS_VALUE, 0);
	}
}

/* The first parameter not given yet whose value may stand alone and is not known by its look; or none. */
static int pending_bare(const struct xbr_command *command, uint64_t given)
{
	for (int i = 0; command->params[i].words; i++) {
		const struct xbr_param *param = &command->params[i];

		if ((param->flags & XBR_BARE) && !grammar_param_has_choices(param) && !(given >> i & 1))
			return i | ID_IS_VALUE;
	}
	return VOCABULARY_NONE;
}

int grammar_find_param(const struct xbr_command *command, uint64_t given, const char *word,
		       struct grammar_place *ret_place, struct grammar_error *error)
{
	const char *plain = strncmp(word, "--", 2) == 0 ? word + 2 : word;
	struct vocabulary vocabulary = {0};
	char what[112];
	int found;

	add_params(command, &vocabulary);
	found = vocabulary_find(&vocabulary, plain, true);
	if (found < 0)
		found = pending_bare(command, given);
	if (found < 0)
		found = vocabulary_find(&vocabulary, plain, false);
	snprintf(what, sizeof(what), "option of %s", grammar_command_name(command).text);
	if (found < 0)
		return vocabulary_refuse(&vocabulary, word, what, error);
	ret_place->param = &command->params[found & 0xff];
	ret_place->word_is_value = found & ID_IS_VALUE;
	return 0;
}
