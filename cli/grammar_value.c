/* SPDX-License-Identifier: Apache-2.0 */
/* The values of the grammar: one converter for each kind of enum xbr_param_kind, from a word to JSON. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "grammar_table.h"

struct unit {
	const char *name;
	long long multiply;
	long long divide;
};

/* Reads a number without sign at *cursor, decimal or hexadecimal; what follows it stays there. */
static int read_number(const char **cursor, long long *ret_number)
{
	const bool is_hex = (*cursor)[0] == '0' && tolower((unsigned char)(*cursor)[1]) == 'x';
	const char *digits = *cursor + (is_hex ? 2 : 0);
	unsigned long long number;
	char *end;

	if (is_hex ? !isxdigit((unsigned char)*digits) : !isdigit((unsigned char)*digits))
		return -EINVAL;
	errno = 0;
	number = strtoull(digits, &end, is_hex ? 16 : 10);
	*ret_number = errno == ERANGE || number > LLONG_MAX ? LLONG_MAX : (long long)number;
	*cursor = end;
	return 0;
}

int grammar_number(const struct xbr_param *param, const char *word, long long min, json_t **ret_value,
		   struct grammar_error *error)
{
	const char *cursor = word;
	long long number;

	if (read_number(&cursor, &number) != 0 || *cursor || number < min || number > param->max)
		return grammar_refuse(error, "%s is no number from %lld to %lld", grammar_quote(word).text,
				      min, param->max);
	*ret_value = json_integer(number);
	return 0;
}

static int number_value(const struct xbr_param *param, const char *word, json_t **ret_value,
			struct grammar_error *error)
{
	const char *cursor = word;
	long long number;

	if (read_number(&cursor, &number) != 0 || *cursor)
		return grammar_refuse(error, "%s is no number; expected %s", grammar_quote(word).text,
				      param->words);
	if (number < param->min || number > param->max)
		return grammar_refuse(error, "%s is out of range; %s takes %lld to %lld",
				      grammar_quote(word).text, param->words, param->min, param->max);
	*ret_value = json_integer(number);
	return 0;
}

static int tag_value(const struct xbr_param *param, const char *word, json_t **ret_value,
		     struct grammar_error *error)
{
	if (strcmp(word, "auto") != 0)
		return number_value(param, word, ret_value, error);
	*ret_value = json_string(word);
	return 0;
}

static int mask_value(const struct xbr_param *param, const char *word, json_t **ret_value,
		      struct grammar_error *error)
{
	const char *cursor = word;
	long long number;

	if (read_number(&cursor, &number) != 0 || *cursor)
		return grammar_refuse(error, "%s is no mask; %s takes a number such as 8 or 0x8",
				      grammar_quote(word).text, param->words);
	if (number & ~param->max)
		return grammar_refuse(error, "%s is out of range; %s takes bits of %#llx only (0 to %lld)",
				      grammar_quote(word).text, param->words, (unsigned long long)param->max,
				      param->max);
	*ret_value = json_integer(number);
	return 0;
}

/* A number with a unit. The unit of a bare number comes first in units; the last has name NULL. */
static int scaled_value(const struct xbr_param *param, const char *word, const struct unit *units,
			json_t **ret_value, struct grammar_error *error)
{
	struct grammar_quoted quoted = grammar_quote(word);
	const struct unit *unit = units;
	const char *cursor = word;
	long long number;
	long long scaled;

	if (read_number(&cursor, &number) != 0)
		return grammar_refuse(error, "%s is no time; %s takes a number, or one such as 300s or 5m",
				      quoted.text, param->words);
	while (unit->name && strcmp(cursor, unit->name) != 0)
		unit++;
	if (!unit->name)
		return grammar_refuse(error, "%s has no known unit; %s takes ms, s, m, h or none",
				      quoted.text, param->words);
	if (__builtin_mul_overflow(number, unit->multiply, &scaled))
		scaled = LLONG_MAX;
	else if (scaled % unit->divide)
		return grammar_refuse(error, "%s is no whole number of hundredths of a second", quoted.text);
	else
		scaled /= unit->divide;
	if (scaled < param->min || scaled > param->max)
		return grammar_refuse(error, "%s is out of range; %s takes %lld to %lld %s", quoted.text,
				      param->words, param->min, param->max,
				      param->kind == XBR_PARAM_TIME ? "hundredths of a second" : "seconds");
	*ret_value = json_integer(scaled);
	return 0;
}

static int time_value(const struct xbr_param *param, const char *word, json_t **ret_value,
		      struct grammar_error *error)
{
	static const struct unit units[] = {{"", 1, 1},     {"ms", 1, 10},    {"s", 100, 1},
					    {"m", 6000, 1}, {"h", 360000, 1}, {NULL, 0, 0}};

	return scaled_value(param, word, units, ret_value, error);
}

static int seconds_value(const struct xbr_param *param, const char *word, json_t **ret_value,
			 struct grammar_error *error)
{
	static const struct unit units[] = {
		{"", 1, 1}, {"s", 1, 1}, {"m", 60, 1}, {"h", 3600, 1}, {NULL, 0, 0}};

	return scaled_value(param, word, units, ret_value, error);
}

/* Six groups of one or two hexadecimal digits with one kind of separator. */
static int read_lladdr(const char *word, unsigned int ret_octets[6])
{
	const char separator = strchr(word, '-') ? '-' : ':';

	for (int i = 0; i < 6; i++) {
		size_t digits = strspn(word, "0123456789abcdefABCDEF");

		if (digits < 1 || digits > 2 || word[digits] != (i < 5 ? separator : '\0'))
			return -EINVAL;
		ret_octets[i] = (unsigned int)strtoul(word, NULL, 16);
		word += digits + 1;
	}
	return 0;
}

bool grammar_is_lladdr(const char *word)
{
	unsigned int octets[6];

	return read_lladdr(word, octets) == 0;
}

static int lladdr_value(const struct xbr_param *param, const char *word, json_t **ret_value,
			struct grammar_error *error)
{
	unsigned int octets[6];
	unsigned int any = 0;

	if (read_lladdr(word, octets) != 0)
		return grammar_refuse(error, "%s is no Ethernet address such as 02:00:00:00:00:01",
				      grammar_quote(word).text);
	for (int i = 0; i < 6; i++)
		any |= octets[i];
	if (param->kind == XBR_PARAM_UNICAST && ((octets[0] & 1) || !any))
		return grammar_refuse(error,
				      "%s is no address of one station; %s must be unicast and not zero",
				      grammar_quote(word).text, param->words);
	*ret_value = json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", octets[0], octets[1], octets[2], octets[3],
				  octets[4], octets[5]);
	return 0;
}

static int string_value(const struct xbr_param *param, const char *word, json_t **ret_value,
			struct grammar_error *error)
{
	json_t *value = *word ? json_string(word) : NULL;

	(void)param;
	if (!value)
		return grammar_refuse(error, *word ? "%s is no valid UTF-8" : "%s is empty",
				      grammar_quote(word).text);
	*ret_value = value;
	return 0;
}

/* The kernel's own rule for names of devices. */
static int dev_value(const struct xbr_param *param, const char *word, json_t **ret_value,
		     struct grammar_error *error)
{
	if (strlen(word) >= IFNAMSIZ)
		return grammar_refuse(error, "%s is no name of a device: longer than %d characters",
				      grammar_quote(word).text, IFNAMSIZ - 1);
	if (strpbrk(word, "/: \t\r\n\v\f") || strcmp(word, ".") == 0 || strcmp(word, "..") == 0)
		return grammar_refuse(error, "%s is no name of a device", grammar_quote(word).text);
	return string_value(param, word, ret_value, error);
}

/* Finds the word among the choices of `value`; *ret_index is its place in the list. */
static int find_choice(const struct xbr_param *param, const char *word, struct vocabulary_word *ret_choice,
		       struct grammar_error *error)
{
	struct vocabulary choices = {0};
	char what[64];
	int found;

	vocabulary_add(&choices, param->value, 0, 1);
	found = vocabulary_find(&choices, word, false);
	snprintf(what, sizeof(what), "value of %s", *param->words ? param->words : param->key);
	if (found < 0)
		return vocabulary_refuse(&choices, word, what, error);
	*ret_choice = choices.words[found];
	return 0;
}

static int bool_value(const struct xbr_param *param, const char *word, json_t **ret_value,
		      struct grammar_error *error)
{
	struct vocabulary_word choice;
	int err = find_choice(param, word, &choice, error);

	if (err == 0)
		*ret_value = json_boolean(choice.id == 0);
	return err;
}

static int choice_value(const struct xbr_param *param, const char *word, json_t **ret_value,
			struct grammar_error *error)
{
	struct vocabulary_word choice;
	int err = find_choice(param, word, &choice, error);

	if (err == 0)
		*ret_value = json_stringn(choice.text, choice.length);
	return err;
}

static int state_value(const struct xbr_param *param, const char *word, json_t **ret_value,
		       struct grammar_error *error)
{
	int err = choice_value(param, word, ret_value, error);

	if (err == 0 && strcmp(json_string_value(*ret_value), "local") == 0)
		json_string_set(*ret_value, "permanent");
	return err;
}

/* A single VLAN ID is a number, several are the text. */
static int vids_value(const struct xbr_param *param, const char *word, json_t **ret_value,
		      struct grammar_error *error)
{
	uint64_t vids[64];
	int err = grammar_parse_vids(word, vids, error);

	(void)param;
	if (err == 0)
		*ret_value = word[strspn(word, "0123456789")] ? json_string(word)
							      : json_integer(strtol(word, NULL, 10));
	return err;
}

static int flag_value(const struct xbr_param *param, const char *word, json_t **ret_value,
		      struct grammar_error *error)
{
	(void)param;
	(void)word;
	(void)error;
	*ret_value = json_true();
	return 0;
}

static int refused_value(const struct xbr_param *param, const char *word, json_t **ret_value,
			 struct grammar_error *error)
{
	(void)word;
	(void)ret_value;
	return grammar_refuse(error, "%s", param->help);
}

static int (*const converters[XBR_PARAM_KINDS])(const struct xbr_param *, const char *, json_t **,
						struct grammar_error *) = {
	[XBR_PARAM_DEV] = dev_value,         [XBR_PARAM_LLADDR] = lladdr_value,
	[XBR_PARAM_UNICAST] = lladdr_value,  [XBR_PARAM_BOOL] = bool_value,
	[XBR_PARAM_NUMBER] = number_value,   [XBR_PARAM_MASK] = mask_value,
	[XBR_PARAM_TIME] = time_value,       [XBR_PARAM_SECONDS] = seconds_value,
	[XBR_PARAM_CHOICE] = choice_value,   [XBR_PARAM_STATE] = state_value,
	[XBR_PARAM_SET] = choice_value,      [XBR_PARAM_STRING] = string_value,
	[XBR_PARAM_MACADDR] = choice_value,  [XBR_PARAM_FLAG] = flag_value,
	[XBR_PARAM_REFUSED] = refused_value, [XBR_PARAM_ISOLATION] = choice_value,
	[XBR_PARAM_TAG] = tag_value,         [XBR_PARAM_VIDS] = vids_value,
	[XBR_PARAM_SWITCHES] = choice_value, [XBR_PARAM_RATES] = choice_value,
	[XBR_PARAM_NAMES] = choice_value,
};

int grammar_value(const struct xbr_param *param, const char *word, json_t **ret_value,
		  struct grammar_error *error)
{
	return converters[param->kind](param, word, ret_value, error);
}
