/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the grammar share: the table of commands (made from xbr/commands.h), and finding words in
 * it. A vocabulary is the list of words that may stand at one place; one function matches a typed word
 * against it, with abbreviations as ip(8) allows them, and one makes the sentence that helps when nothing
 * matches. Owned by cli/grammar*.c; cli/complete.c reads it too. No state.
 */
#ifndef XBR_GRAMMAR_TABLE_H
#define XBR_GRAMMAR_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xbr/commands.h"
#include "xbr/grammar.h"

extern const struct xbr_command grammar_commands[]; /* ends with object NULL */

#define VOCABULARY_MAX 96

struct vocabulary {
	unsigned int count;
	struct vocabulary_word {
		const char *text; /* not terminated */
		size_t length;
		int id;
	} words[VOCABULARY_MAX];
};

enum vocabulary_match {
	VOCABULARY_NONE = -1,
	VOCABULARY_AMBIGUOUS = -2,
};

/* Adds the words of "a|b|c", all with the same id (>= 0) if step is 0, else id, id + step, ... */
void vocabulary_add(struct vocabulary *vocabulary, const char *list, int id, int step);

/* The id of the word, VOCABULARY_NONE, or VOCABULARY_AMBIGUOUS; exact: abbreviations do not count. */
int vocabulary_find(const struct vocabulary *vocabulary, const char *word, bool exact);

/* Fills error->message for a word that vocabulary_find() did not find. what: "verb of fdb". Returns -EINVAL.
 */
int vocabulary_refuse(const struct vocabulary *vocabulary, const char *word, const char *what,
		      struct grammar_error *error);

/* Fills error->message. Returns -EINVAL. */
__attribute__((format(printf, 2, 3))) int grammar_refuse(struct grammar_error *error, const char *format,
							 ...);

/* A word as it may stand in a sentence: in quotes, printable ASCII, not too long. */
struct grammar_quoted {
	char text[96];
};
struct grammar_quoted grammar_quote(const char *word);

/* Words of the first two places. The ids are indexes of grammar_commands. */
void grammar_objects(struct vocabulary *ret_vocabulary);
void grammar_verbs(const char *object, struct vocabulary *ret_vocabulary);

/*
 * The command that words[0] (and words[1], unless the object has no verbs) name; *ret_used gets the number of
 * words it took. An object that stands alone means its `show`. Errors have the word's index in error->column.
 */
int grammar_find_command(int count, const char *const words[], const struct xbr_command **ret_command,
			 int *ret_used, struct grammar_error *error);

/* The parameter that a word introduces, and whether the word is itself its value. */
struct grammar_place {
	const struct xbr_param *param;
	bool word_is_value;
};

/* given: a bit for each parameter (by index) seen so far. Errors fill error->message only. */
int grammar_find_param(const struct xbr_command *command, uint64_t given, const char *word,
		       struct grammar_place *ret_place, struct grammar_error *error);

/* The word as JSON for params. Errors fill error->message only. */
int grammar_value(const struct xbr_param *param, const char *word, json_t **ret_value,
		  struct grammar_error *error);

/* Is the word written as an Ethernet address is? */
bool grammar_is_lladdr(const char *word);

/* A number from min to the param's max, as JSON. */
int grammar_number(const struct xbr_param *param, const char *word, long long min, json_t **ret_value,
		   struct grammar_error *error);

/* True when `value` of the table is a list of words: BOOL, CHOICE, STATE, SET, MACADDR, ISOLATION, SWITCHES,
 * RATES. */
bool grammar_param_has_choices(const struct xbr_param *param);

/* What follows the chosen word of a SWITCHES or RATES parameter: a parameter of its own. */
struct xbr_param grammar_named_value(const struct xbr_param *param);
bool grammar_param_is_named(const struct xbr_param *param);

/* The name of a command as typed: "fdb add", "save". */
struct grammar_quoted grammar_command_name(const struct xbr_command *command);

#endif
