/* SPDX-License-Identifier: Apache-2.0 */
#include "control/params.h"

#include <stdio.h>
#include <string.h>

#include "xbr/grammar.h"

union param_value {
	bool flag;
	uint32_t number;
	const char *string;
	uint8_t mac[6];
	const json_t *json;
	uint64_t vids[64];
};

static uint32_t upper_bound(const struct param *row)
{
	return row->max ? row->max : UINT32_MAX;
}

static int read_bool(const json_t *json, const struct param *row, union param_value *ret_value,
		     struct xbr_error *error)
{
	if (!json_is_boolean(json))
		return xbr_refuse(error, -EINVAL, "%s must be true or false", row->name);
	ret_value->flag = json_is_true(json);
	return 0;
}

static int read_u32(const json_t *json, const struct param *row, union param_value *ret_value,
		    struct xbr_error *error)
{
	json_int_t number = json_integer_value(json);

	if (!json_is_integer(json) || number < row->min || number > upper_bound(row))
		return xbr_refuse(error, -EINVAL, "%s must be a whole number from %u to %u", row->name,
				  row->min, upper_bound(row));
	ret_value->number = (uint32_t)number;
	return 0;
}

static int read_tag(const json_t *json, const struct param *row, union param_value *ret_value,
		    struct xbr_error *error)
{
	const char *word = json_string_value(json);

	if (!word)
		return read_u32(json, row, ret_value, error);
	if (strcmp(word, "auto") != 0)
		return xbr_refuse(error, -EINVAL, "%s must be a whole number or \"auto\"", row->name);
	ret_value->number = 0;
	return 0;
}

static int read_string(const json_t *json, const struct param *row, union param_value *ret_value,
		       struct xbr_error *error)
{
	size_t length = json_string_length(json);

	if (!json_is_string(json))
		return xbr_refuse(error, -EINVAL, "%s must be a string", row->name);
	if (length < row->min || length > upper_bound(row))
		return xbr_refuse(error, -EINVAL, "%s must have %u to %u octets, \"%.64s\" has %zu",
				  row->name, row->min, upper_bound(row), json_string_value(json), length);
	ret_value->string = json_string_value(json);
	return 0;
}

/* The value of a hexadecimal digit, or -1. */
static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* True when text is six pairs of digits with colons between. */
static bool mac_parse(const char *text, uint8_t ret_mac[6])
{
	for (int i = 0; i < 6; i++, text += 3) {
		int high = hex_digit(text[0]);
		int low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0 || text[2] != (i < 5 ? ':' : '\0'))
			return false;
		ret_mac[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool params_mac(const json_t *json, uint8_t ret_mac[6])
{
	uint8_t mac[6];

	if (!json_is_string(json) || !mac_parse(json_string_value(json), mac))
		return false;
	memcpy(ret_mac, mac, sizeof(mac));
	return true;
}

static int read_mac(const json_t *json, const struct param *row, union param_value *ret_value,
		    struct xbr_error *error)
{
	if (!json_is_string(json))
		return xbr_refuse(error, -EINVAL, "%s must be an address like \"aa:bb:cc:dd:ee:ff\"",
				  row->name);
	if (!mac_parse(json_string_value(json), ret_value->mac))
		return xbr_refuse(error, -EINVAL,
				  "%s must be an address like \"aa:bb:cc:dd:ee:ff\", not \"%.64s\"",
				  row->name, json_string_value(json));
	return 0;
}

/* Prints the words of row to text, cut off if they do not fit. */
static void words_print(const struct param *row, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; row->words[i] && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s\"%s\"", i ? ", " : "", row->words[i]);
}

static int read_enum(const json_t *json, const struct param *row, union param_value *ret_value,
		     struct xbr_error *error)
{
	const char *word = json_string_value(json);
	char words[256];

	for (uint32_t i = 0; word && row->words[i]; i++) {
		if (strcmp(word, row->words[i]) == 0) {
			ret_value->number = i;
			return 0;
		}
	}
	words_print(row, words, sizeof(words));
	return xbr_refuse(error, -EINVAL, "%s must be one of %s", row->name, words);
}

static int read_array(const json_t *json, const struct param *row, union param_value *ret_value,
		      struct xbr_error *error)
{
	if (!json_is_array(json))
		return xbr_refuse(error, -EINVAL, "%s must be an array", row->name);
	ret_value->json = json;
	return 0;
}

static int read_object(const json_t *json, const struct param *row, union param_value *ret_value,
		       struct xbr_error *error)
{
	if (!json_is_object(json))
		return xbr_refuse(error, -EINVAL, "%s must be an object", row->name);
	ret_value->json = json;
	return 0;
}

static int read_vids(const json_t *json, const struct param *row, union param_value *ret_value,
		     struct xbr_error *error)
{
	struct grammar_error why;
	char digits[32];

	if (!json_is_integer(json) && !json_is_string(json))
		return xbr_refuse(error, -EINVAL, "%s must be a VLAN ID, or text such as \"10-20,30\"",
				  row->name);
	snprintf(digits, sizeof(digits), "%" JSON_INTEGER_FORMAT, json_integer_value(json));
	if (grammar_parse_vids(json_is_string(json) ? json_string_value(json) : digits, ret_value->vids,
			       &why))
		return xbr_refuse(error, -EINVAL, "%s", why.message);
	return 0;
}

#define MEMBER_SIZE(member) sizeof(((union param_value *)NULL)->member)

static const struct {
	int (*read)(const json_t *json, const struct param *row, union param_value *ret_value,
		    struct xbr_error *error);
	size_t size;
} types[] = {
	[PARAM_BOOL] = {read_bool, MEMBER_SIZE(flag)},       [PARAM_U32] = {read_u32, MEMBER_SIZE(number)},
	[PARAM_STRING] = {read_string, MEMBER_SIZE(string)}, [PARAM_MAC] = {read_mac, MEMBER_SIZE(mac)},
	[PARAM_ENUM] = {read_enum, MEMBER_SIZE(number)},     [PARAM_ARRAY] = {read_array, MEMBER_SIZE(json)},
	[PARAM_OBJECT] = {read_object, MEMBER_SIZE(json)},   [PARAM_TAG] = {read_tag, MEMBER_SIZE(number)},
	[PARAM_VIDS] = {read_vids, MEMBER_SIZE(vids)},
};

static const struct param *row_find(const struct param *table, const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

static int check_known(const json_t *params, const struct param *table, struct xbr_error *error)
{
	const char *name;
	json_t *value;

	/* jansson's iterators want a json_t that may change; nothing is changed */
	json_object_foreach ((json_t *)(uintptr_t)params, name, value)
		if (!row_find(table, name))
			return xbr_refuse(error, -EINVAL, "\"%.64s\" is not a parameter here", name);
	return 0;
}

static int check_values(const json_t *params, const struct param *table, struct xbr_error *error)
{
	union param_value value;
	const json_t *json;
	int r = 0;

	for (; table->name && r == 0; table++) {
		json = json_object_get(params, table->name);
		if (json)
			r = types[table->type].read(json, table, &value, error);
		else if (table->required)
			r = xbr_refuse(error, -EINVAL, "%s is missing", table->name);
	}
	return r;
}

/* Stores what was checked. */
static uint64_t store_values(const json_t *params, const struct param *table, char *ret_struct)
{
	struct xbr_error none;
	union param_value value;
	uint64_t given = 0;

	for (; table->name; table++) {
		const json_t *json = json_object_get(params, table->name);

		if (!json || types[table->type].read(json, table, &value, &none) < 0)
			continue;
		memcpy(ret_struct + table->offset, &value, types[table->type].size);
		given |= table->given;
	}
	return given;
}

int params_read(const json_t *params, const struct param *table, void *ret_struct, uint64_t *ret_given,
		struct xbr_error *error)
{
	int r = check_known(params, table, error);

	if (r == 0)
		r = check_values(params, table, error);
	if (r == 0)
		*ret_given = store_values(params, table, ret_struct);
	return r;
}
