/* SPDX-License-Identifier: Apache-2.0 */
#include "complete.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "grammar_table.h"
#include "options.h"

void complete_print_script(FILE *out)
{
	/* bash splits words at colons as well; an Ethernet address is one word here */
	fputs("# Completion of xbr for bash, made by: xbr completion bash\n"
	      "_xbr()\n"
	      "{\n"
	      "\tlocal line=${COMP_LINE:0:COMP_POINT} words\n"
	      "\tread -ra words <<< \"$line\"\n"
	      "\tif [[ $line == *[[:blank:]] ]]; then\n"
	      "\t\twords+=('')\n"
	      "\tfi\n"
	      "\tmapfile -t COMPREPLY < <(\"${words[0]}\" complete \"${words[@]:1}\" 2> /dev/null)\n"
	      "}\n"
	      "complete -o bashdefault -o default -F _xbr xbr\n",
	      out);
}

static void offer(FILE *out, const char *prefix, const char *word, size_t length)
{
	if (length > 0 && strlen(prefix) <= length && strncmp(word, prefix, strlen(prefix)) == 0)
		fprintf(out, "%.*s\n", (int)length, word);
}

static void offer_vocabulary(FILE *out, const char *prefix, const struct vocabulary *vocabulary)
{
	for (unsigned int i = 0; i < vocabulary->count; i++)
		offer(out, prefix, vocabulary->words[i].text, vocabulary->words[i].length);
}

static void offer_list(FILE *out, const char *prefix, const char *list)
{
	struct vocabulary vocabulary = {0};

	vocabulary_add(&vocabulary, list, 0, 0);
	offer_vocabulary(out, prefix, &vocabulary);
}

static void offer_devices(FILE *out, const char *prefix)
{
	struct dirent **devices;
	int count = scandir("/sys/class/net", &devices, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		if (devices[i]->d_name[0] != '.')
			offer(out, prefix, devices[i]->d_name, strlen(devices[i]->d_name));
		free(devices[i]);
	}
	if (count >= 0)
		free(devices);
}

static void offer_values(FILE *out, const char *prefix, const struct xbr_param *param)
{
	if (grammar_param_has_choices(param))
		offer_list(out, prefix, param->value);
	else if (param->kind == XBR_PARAM_DEV)
		offer_devices(out, prefix);
}

/* Every option not given yet, and the values that may stand without their word. */
static void offer_params(FILE *out, const char *prefix, const struct xbr_command *command, uint64_t given)
{
	bool is_first_bare = true;

	for (int i = 0; command->params[i].words; i++) {
		const struct xbr_param *param = &command->params[i];
		const bool is_bare = param->flags & XBR_BARE;

		const bool repeats = param->kind == XBR_PARAM_SET || grammar_param_is_named(param);

		if ((given >> i & 1 && !repeats) || param->kind == XBR_PARAM_REFUSED)
			continue;
		if (param->kind != XBR_PARAM_STRING) /* leaves the place to bash's names of files */
			offer_list(out, prefix, param->words);
		if (is_bare && (is_first_bare || grammar_param_has_choices(param)))
			offer_values(out, prefix, param);
		is_first_bare &= !is_bare;
	}
}

/* What comes next where a value of `open` stands. The kind KINDS: an option. */
static struct xbr_param after_value(const struct xbr_param *open)
{
	if (grammar_param_is_named(open))
		return grammar_named_value(open);
	return (struct xbr_param){.kind = XBR_PARAM_KINDS};
}

/* Walks the words of a command before the last; *ret_open: the parameter whose value comes next, or of the
 * kind KINDS. */
static uint64_t walk(const struct xbr_command *command, int count, const char *const words[],
		     struct xbr_param *ret_open)
{
	struct grammar_error error;
	struct grammar_place place;
	uint64_t given = 0;

	ret_open->kind = XBR_PARAM_KINDS;
	for (int i = 0; i < count; i++) {
		if (ret_open->kind != XBR_PARAM_KINDS) {
			*ret_open = after_value(ret_open);
			continue;
		}
		if (grammar_find_param(command, given, words[i], &place, &error) != 0)
			continue;
		given |= 1ull << (place.param - command->params);
		if (!place.word_is_value && place.param->kind != XBR_PARAM_FLAG)
			*ret_open = *place.param;
	}
	return given;
}

/* The object is known; the last word is a verb, an option or a value. */
static void complete_command(FILE *out, int count, const char *const words[])
{
	const char *prefix = words[count - 1];
	const struct xbr_command *command;
	struct xbr_param open;
	struct grammar_error error;
	struct vocabulary verbs;
	uint64_t given;
	int used;

	if (grammar_find_command(count == 2 ? 1 : count, words, &command, &used, &error) != 0)
		return;
	if (count == 2 && *command->verb) {
		grammar_verbs(command->object, &verbs);
		offer_vocabulary(out, prefix, &verbs);
		offer(out, prefix, "help", 4);
		return;
	}
	given = walk(command, count - 1 - used, words + used, &open);
	if (open.kind != XBR_PARAM_KINDS)
		offer_values(out, prefix, &open);
	else
		offer_params(out, prefix, command, given);
}

void complete_words(FILE *out, int count, const char *const words[])
{
	struct vocabulary objects;

	while (count > 1 && words[0][0] == '-') {
		int skip = options_takes_next(words[0]) ? 2 : 1;

		words += skip;
		count -= skip;
	}
	if (count < 1)
		return; /* the value of an option */
	if (count > 1) {
		complete_command(out, count, words);
	} else if (words[0][0] == '-') {
		options_print_names(out, words[0]);
	} else {
		grammar_objects(&objects);
		offer_vocabulary(out, words[0], &objects);
	}
}
