// SPDX-License-Identifier: Apache-2.0
#include "control/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/commands.h"
#include "control/transaction.h"
#include "xbr/grammar.h"

#define CONFIG_MAX (64u << 20) /* octets of a configuration file */

static int read_file(const char *path, char **ret_text, size_t *ret_length, struct xbr_error *error)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t length = 0, room = 0, got;

	if (!file)
		return xbr_refuse(error, -errno, "cannot read %s: %s", path, strerror(errno));
	do {
		char *more;

		room = room ? 2 * room : 4096;
		more = room <= CONFIG_MAX ? realloc(text, room) : NULL;
		if (!more) {
			free(text);
			fclose(file);
			return xbr_refuse(error, -EFBIG, "%s is too long for a configuration", path);
		}
		text = more;
		got = fread(text + length, 1, room - length, file);
		length += got;
	} while (length == room);
	if (ferror(file)) {
		free(text);
		fclose(file);
		return xbr_refuse(error, -EIO, "cannot read %s", path);
	}
	fclose(file);
	*ret_text = text;
	*ret_length = length;
	return 0;
}

/* FNV-1a: tells one text from another, guards against nothing. */
static uint64_t hash_of(const char *text, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3ull;
	return hash ? hash : 1;
}

int config_read(const char *path, struct config *ret_config, struct xbr_error *error)
{
	struct grammar_error where;
	json_t *commands;
	size_t length = 0;
	char *text = NULL;
	int err = read_file(path, &text, &length, error);

	if (err)
		return err;
	err = grammar_parse_text(path, text, length, &commands, &where);
	if (err)
		xbr_refuse(error, err, "%s:%u:%u: %s", path, where.line, where.column, where.message);
	else
		*ret_config = (struct config){.commands = commands, .hash = hash_of(text, length)};
	free(text);
	return err;
}

void config_free(struct config *config)
{
	json_decref(config->commands);
	config->commands = NULL;
}

static int apply(struct agent *agent, const json_t *commands, struct xbr_error *error)
{
	struct xbr_error why;
	struct want *want;
	const char *at;
	uint32_t steps;
	int err = commands_to_want(agent->model, commands, &want, &at, &why);

	if (!err) {
		err = transaction_run(agent->model, want, TRANSACTION_MAY_WAIT, &steps, &at, &why);
		want_free(want);
	}
	return err ? xbr_refuse(error, err, "%s%s%s", at ? at : "", at ? ": " : "", why.message) : 0;
}

int config_apply(struct agent *agent, const struct config *config, struct xbr_error *error)
{
	int err;

	if (agent->dp->adopted && agent->dp->agent->config_hash == config->hash)
		return 0;
	err = apply(agent, config->commands, error);
	if (!err)
		agent->dp->agent->config_hash = config->hash;
	return err;
}
