/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of requests against tables: what is stored, and what is refused with which sentence. */
#include "control/params.h"

#include <string.h>

#include "test.h"

struct values {
	bool flag;
	uint32_t number;
	uint32_t any;
	const char *name;
	uint8_t mac[6];
	uint8_t after_mac;
	uint32_t mode;
	const json_t *list;
};

enum { FLAG = 1, NUMBER = 2, ANY = 4, NAME = 8, MAC = 16, MODE = 32, LIST = 64 };

static const char *const modes[] = {"auto", "native", "off", NULL};

static const struct param table[] = {
	{.name = "flag", .type = PARAM_BOOL, .offset = offsetof(struct values, flag), .given = FLAG},
	{.name = "number",
	 .type = PARAM_U32,
	 .min = 10,
	 .max = 20,
	 .offset = offsetof(struct values, number),
	 .given = NUMBER},
	{.name = "any", .type = PARAM_U32, .offset = offsetof(struct values, any), .given = ANY},
	{.name = "name",
	 .type = PARAM_STRING,
	 .required = true,
	 .min = 1,
	 .max = 15,
	 .offset = offsetof(struct values, name),
	 .given = NAME},
	{.name = "mac", .type = PARAM_MAC, .offset = offsetof(struct values, mac), .given = MAC},
	{.name = "mode",
	 .type = PARAM_ENUM,
	 .words = modes,
	 .offset = offsetof(struct values, mode),
	 .given = MODE},
	{.name = "list", .type = PARAM_ARRAY, .offset = offsetof(struct values, list), .given = LIST},
	{.name = NULL},
};

/* Reads text; the JSON is kept in *ret_json for the strings borrowed from it. */
static int read_text(const char *text, struct values *ret_values, uint64_t *ret_given, json_t **ret_json,
		     struct xbr_error *error)
{
	*ret_json = json_loads(text, 0, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(*ret_json);
	return params_read(*ret_json, table, ret_values, ret_given, error);
}

static void every_type_is_stored_in_its_member(void)
{
	static const uint8_t mac[6] = {0x02, 0xab, 0xcd, 0xef, 0x00, 0x99};
	struct values values = {.after_mac = 0x5a};
	struct xbr_error error;
	uint64_t given = 0;
	json_t *json;
	int r = read_text("{\"flag\":true,\"number\":20,\"any\":4294967295,\"name\":\"v1\","
			  "\"mac\":\"02:aB:Cd:ef:00:99\",\"mode\":\"off\",\"list\":[7]}",
			  &values, &given, &json, &error);

	CU_ASSERT_EQUAL_FATAL(r, 0);
	CU_ASSERT_EQUAL(given, FLAG | NUMBER | ANY | NAME | MAC | MODE | LIST);
	CU_ASSERT_TRUE(values.flag);
	CU_ASSERT_EQUAL(values.number, 20);
	CU_ASSERT_EQUAL(values.any, UINT32_MAX);
	CU_ASSERT_STRING_EQUAL(values.name, "v1");
	CU_ASSERT_EQUAL(memcmp(values.mac, mac, sizeof(mac)), 0);
	CU_ASSERT_EQUAL(values.after_mac, 0x5a);
	CU_ASSERT_EQUAL(values.mode, 2);
	CU_ASSERT_EQUAL(json_array_size(values.list), 1);
	json_decref(json);
}

static void members_of_absent_parameters_are_left_alone(void)
{
	struct values values = {.flag = true, .number = 77, .mode = 5};
	struct xbr_error error;
	uint64_t given = 0;
	json_t *json;

	CU_ASSERT_EQUAL(read_text("{\"name\":\"v1\"}", &values, &given, &json, &error), 0);
	CU_ASSERT_EQUAL(given, NAME);
	CU_ASSERT_TRUE(values.flag);
	CU_ASSERT_EQUAL(values.number, 77);
	CU_ASSERT_EQUAL(values.mode, 5);
	json_decref(json);
}

static void refusals_tell_what_is_wrong_and_change_nothing(void)
{
	static const struct {
		const char *text;
		const char *sentence;
	} rows[] = {
		{"{}", "name is missing"},
		{"{\"name\":\"v1\",\"colour\":1}", "\"colour\" is not a parameter here"},
		{"{\"name\":\"v1\",\"Flag\":true}", "\"Flag\" is not a parameter here"},
		{"{\"name\":\"v1\",\"flag\":1}", "flag must be true or false"},
		{"{\"name\":\"v1\",\"flag\":null}", "flag must be true or false"},
		{"{\"name\":\"v1\",\"number\":9}", "number must be a whole number from 10 to 20"},
		{"{\"name\":\"v1\",\"number\":21}", "number must be a whole number from 10 to 20"},
		{"{\"name\":\"v1\",\"number\":15.0}", "number must be a whole number from 10 to 20"},
		{"{\"name\":\"v1\",\"number\":\"15\"}", "number must be a whole number from 10 to 20"},
		{"{\"name\":\"v1\",\"any\":-1}", "any must be a whole number from 0 to 4294967295"},
		{"{\"name\":\"v1\",\"any\":4294967296}", "any must be a whole number from 0 to 4294967295"},
		{"{\"name\":\"\"}", "name must have 1 to 15 octets, \"\" has 0"},
		{"{\"name\":\"a234567890123456\"}",
		 "name must have 1 to 15 octets, \"a234567890123456\" has 16"},
		{"{\"name\":7}", "name must be a string"},
		{"{\"name\":\"v1\",\"mac\":7}", "mac must be an address like \"aa:bb:cc:dd:ee:ff\""},
		{"{\"name\":\"v1\",\"mode\":\"fast\"}", "mode must be one of \"auto\", \"native\", \"off\""},
		{"{\"name\":\"v1\",\"mode\":0}", "mode must be one of \"auto\", \"native\", \"off\""},
		{"{\"name\":\"v1\",\"list\":{}}", "list must be an array"},
		/* a right one before the wrong one is not stored either */
		{"{\"flag\":true,\"any\":5,\"name\":7}", "name must be a string"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct values values = {}, untouched = {};
		struct xbr_error error = {};
		uint64_t given = 99;
		json_t *json;

		CU_ASSERT_EQUAL(read_text(rows[i].text, &values, &given, &json, &error), -EINVAL);
		CU_ASSERT_EQUAL(error.code, -EINVAL);
		CU_ASSERT_STRING_EQUAL(error.message, rows[i].sentence);
		CU_ASSERT_EQUAL(given, 99);
		CU_ASSERT_EQUAL(memcmp(&values, &untouched, sizeof(values)), 0);
		json_decref(json);
	}
}

static void addresses_have_one_form(void)
{
	static const char *const wrong[] = {
		"",
		"02",
		"02:00:00:00:00",
		"02:00:00:00:00:0",
		"02:00:00:00:00:00:",
		"02:00:00:00:00:00:00",
		"02-00-00-00-00-00",
		"2:0:0:0:0:0",
		"0200.0000.0000",
		"02:00:00:00:00:0g",
		" 02:00:00:00:00:00",
		"02:00:00:00:00:00 ",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct values values = {}, untouched = {};
		struct xbr_error error = {};
		uint64_t given = 0;
		json_t *json = json_pack("{s:s,s:s}", "name", "v1", "mac", wrong[i]);

		CU_ASSERT_EQUAL(params_read(json, table, &values, &given, &error), -EINVAL);
		CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "mac must be an address"));
		CU_ASSERT_EQUAL(memcmp(&values, &untouched, sizeof(values)), 0);
		json_decref(json);
	}
}

static const struct test_case cases[] = {
	TEST(every_type_is_stored_in_its_member),
	TEST(members_of_absent_parameters_are_left_alone),
	TEST(refusals_tell_what_is_wrong_and_change_nothing),
	TEST(addresses_have_one_form),
	{NULL, NULL},
};

int test_params_suite(void);
int test_params_suite(void)
{
	return test_suite_add("params", cases);
}
