// SPDX-License-Identifier: Apache-2.0
/*
 * Any text as a rule of an access list, one word and its value a line: what is taken prints as words that
 * make the same rule, what is not is refused with a sentence.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/acl_rule.h"

#define TEXT_MAX 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		abort();
}

static uint16_t set_of(const char *name, uint8_t kind, void *user)
{
	(void)user;
	return !strcmp(name, "some") ? kind : 0;
}

static const char *name_of(uint16_t set, void *user)
{
	(void)set;
	(void)user;
	return "some";
}

/* One meter is there, by the name of "m". */
static uint16_t meter_of(const char *name, const void *meters)
{
	(void)meters;
	return !strcmp(name, "m");
}

static const char *meter_name(uint16_t meter, const void *meters)
{
	(void)meters;
	return meter == 1 ? "m" : NULL;
}

static const struct acl_names names = {
	.set_of = set_of, .name_of = name_of, .meter_of = meter_of, .meter_name = meter_name};

static void refused(const struct xbr_error *error)
{
	require(error->message[0]);
}

static void add_again(const char *word, const char *value, void *user)
{
	struct xbr_error error = {.message = ""};

	require(!acl_rule_word(user, word, value, &names, &error));
}

/* Each word comes once, as in a request. Notes this one. */
static bool said_before(char *said, const char *word)
{
	char quoted[TEXT_MAX + 2];

	snprintf(quoted, sizeof(quoted), " %s ", word);
	if (strstr(said, quoted))
		return true;
	strcat(said, quoted);
	return false;
}

/* Words are lines: NAME VALUE. */
static bool read_rule(char *text, struct xbr_acl_rule *rule)
{
	struct xbr_error error = {.message = ""};
	char said[3 * TEXT_MAX] = "", *rest = text, *line, *value;

	while ((line = strsep(&rest, "\n"))) {
		value = strchr(line, ' ');
		if (!value)
			return false;
		*value++ = '\0';
		if (said_before(said, line))
			return false;
		if (acl_rule_word(rule, line, value, &names, &error)) {
			refused(&error);
			return false;
		}
	}
	if (!acl_rule_finish(rule, &error))
		return true;
	refused(&error);
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xbr_acl_rule rule = {.seq = 1}, again = {.seq = 1};
	struct xbr_error error = {.message = ""};
	char text[TEXT_MAX], printed[1024];

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!read_rule(text, &rule))
		return 0;
	acl_rule_text(&rule, &names, printed, sizeof(printed));
	require(printed[0]);
	acl_rule_each(&rule, &names, add_again, &again);
	require(!acl_rule_finish(&again, &error));
	again.action.what |= rule.action.what & XBR_ACL_DENY;
	require(acl_rule_equal(&rule, &again));
	return 0;
}
