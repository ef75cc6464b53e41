/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text to words: lines, blanks, quotes, comments and continued lines. Each word keeps the place where it
 * began, so that an error found later by the parser of words can be told as line and column (in characters,
 * from 1).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "grammar_table.h"

#define WORDS_MAX 128

struct place {
	unsigned int line;
	unsigned int column;
};

struct scanner {
	const char *at;
	const char *end;
	struct place place; /* of *at */
	char *store;        /* the words of one command, each terminated; as long as the text and one more */
	struct grammar_error *error;
};

/* One command: its words, and one place more, where the next word would be. */
struct sentence {
	int count;
	const char *words[WORDS_MAX];
	struct place places[WORDS_MAX + 1];
};

static void put_place(struct grammar_error *error, struct place place)
{
	error->line = place.line;
	error->column = place.column;
}

static int refuse_at(struct grammar_error *error, struct place place, const char *message)
{
	put_place(error, place);
	return grammar_refuse(error, "%s", message);
}

static bool at_line_end(const struct scanner *scanner)
{
	if (scanner->at == scanner->end || *scanner->at == '\n')
		return true;
	return *scanner->at == '\r' && (scanner->at + 1 == scanner->end || scanner->at[1] == '\n');
}

/* Steps over one octet; the later octets of a UTF-8 character take no column. */
static void step(struct scanner *scanner)
{
	if (*scanner->at == '\n')
		scanner->place = (struct place){scanner->place.line + 1, 1};
	else if (((unsigned char)*scanner->at & 0xc0) != 0x80)
		scanner->place.column++;
	scanner->at++;
}

static void step_over_line_end(struct scanner *scanner)
{
	while (scanner->at < scanner->end && *scanner->at != '\n')
		step(scanner);
	if (scanner->at < scanner->end)
		step(scanner);
}

/* A backslash with nothing behind it in its line. */
static bool at_continuation(const struct scanner *scanner)
{
	struct scanner next = *scanner;

	if (scanner->at == scanner->end || *scanner->at != '\\')
		return false;
	next.at++;
	return at_line_end(&next);
}

static void step_over_blanks(struct scanner *scanner)
{
	for (;;) {
		if (at_continuation(scanner))
			step_over_line_end(scanner);
		else if (!at_line_end(scanner) && (*scanner->at == ' ' || *scanner->at == '\t'))
			step(scanner);
		else
			return;
	}
}

static bool at_word_end(const struct scanner *scanner)
{
	return at_line_end(scanner) || at_continuation(scanner) || *scanner->at == ' ' ||
	       *scanner->at == '\t';
}

/* Moves one octet of the text to *out, which grows. */
static int take_octet(struct scanner *scanner, char **out)
{
	if (!*scanner->at)
		return refuse_at(scanner->error, scanner->place, "a zero octet; this is no text");
	*(*out)++ = *scanner->at;
	step(scanner);
	return 0;
}

/* The part of a word between two quotes of one kind. */
static int scan_quoted(struct scanner *scanner, char **out)
{
	const struct place begin = scanner->place;
	const char quote = *scanner->at;
	int err = 0;

	step(scanner);
	while (err == 0 && !at_line_end(scanner) && *scanner->at != quote)
		err = take_octet(scanner, out);
	if (err)
		return err;
	if (at_line_end(scanner))
		return refuse_at(scanner->error, begin, "a quote that does not end in its line");
	step(scanner);
	return 0;
}

/* One word; *out, where it is stored, moves behind it. */
static int scan_word(struct scanner *scanner, char **out)
{
	int err = 0;

	while (err == 0 && !at_word_end(scanner)) {
		if (*scanner->at == '\'' || *scanner->at == '"')
			err = scan_quoted(scanner, out);
		else
			err = take_octet(scanner, out);
	}
	*(*out)++ = '\0';
	return err;
}

/* One command, to the end of its (last) line, which is stepped over. */
static int scan_sentence(struct scanner *scanner, struct sentence *ret_sentence)
{
	char *out = scanner->store;
	int err = 0;

	ret_sentence->count = 0;
	for (;;) {
		step_over_blanks(scanner);
		ret_sentence->places[ret_sentence->count] = scanner->place;
		if (err || at_line_end(scanner) || *scanner->at == '#')
			break;
		if (ret_sentence->count == WORDS_MAX)
			return refuse_at(scanner->error, scanner->place, "too many words");
		ret_sentence->words[ret_sentence->count++] = out;
		err = scan_word(scanner, &out);
	}
	step_over_line_end(scanner);
	return err;
}

/* Gives *ret_request NULL for a sentence without words. */
static int parse_sentence(const struct sentence *sentence, json_t **ret_request, struct grammar_error *error)
{
	const int skip = sentence->count > 0 && strcmp(sentence->words[0], "xbr") == 0;
	const struct place *places = sentence->places + skip;
	json_t *request = NULL;
	int err = 0;

	if (sentence->count > skip)
		err = grammar_parse_words(sentence->count - skip, sentence->words + skip, &request, error);
	if (err)
		put_place(error, places[error->column - 1]);
	else
		*ret_request = request;
	return err;
}

static int open_scanner(struct scanner *scanner, const char *text, size_t length, unsigned int line,
			struct grammar_error *error)
{
	*error = (struct grammar_error){0};
	*scanner = (struct scanner){.at = text, .end = text + length, .place = {line, 1}, .error = error};
	scanner->store = malloc(length + 1);
	if (!scanner->store) {
		grammar_refuse(error, "out of memory");
		return -ENOMEM;
	}
	return 0;
}

int grammar_parse_line(const char *line, unsigned int line_number, json_t **ret_request,
		       struct grammar_error *ret_error)
{
	struct sentence sentence;
	struct scanner scanner;
	json_t *request = NULL;
	int err;

	err = open_scanner(&scanner, line, strlen(line), line_number, ret_error);
	if (err)
		return err;
	err = scan_sentence(&scanner, &sentence);
	if (err == 0)
		err = parse_sentence(&sentence, &request, ret_error);
	if (err == 0 && scanner.at < scanner.end) {
		json_decref(request);
		err = refuse_at(ret_error, scanner.place, "more than one line");
	}
	free(scanner.store);
	if (err == 0)
		*ret_request = request;
	return err;
}

static const struct xbr_command *command_of_method(const char *method)
{
	const struct xbr_command *command = grammar_commands;

	while (strcmp(command->method, method) != 0)
		command++;
	return command;
}

/* Appends the request (owned) with its place to commands. */
static int append_request(json_t *commands, const char *name, struct place place, json_t *request,
			  struct grammar_error *error)
{
	const char *method = json_string_value(json_object_get(request, "method"));
	json_t *at = json_sprintf("%s:%u:%u", name, place.line, place.column);

	if (command_of_method(method)->flags & XBR_SHELL_ONLY) {
		json_decref(at);
		json_decref(request);
		return refuse_at(error, place, "this command has no place in a file");
	}
	if (json_object_set_new(request, "at", at) != 0 || json_array_append(commands, request) != 0) {
		json_decref(request);
		grammar_refuse(error, "out of memory, or a name that is no valid UTF-8");
		return -ENOMEM;
	}
	json_decref(request);
	return 0;
}

/* Parses one command of the text and appends it. */
static int parse_next(struct scanner *scanner, const char *name, json_t *commands)
{
	struct sentence sentence;
	json_t *request = NULL;
	int err = scan_sentence(scanner, &sentence);

	if (err == 0)
		err = parse_sentence(&sentence, &request, scanner->error);
	if (err == 0 && request)
		err = append_request(commands, name, sentence.places[0], request, scanner->error);
	return err;
}

int grammar_parse_text(const char *name, const char *text, size_t length, json_t **ret_commands,
		       struct grammar_error *ret_error)
{
	json_t *commands = json_array();
	struct scanner scanner;
	int err = open_scanner(&scanner, text, length, 1, ret_error);

	while (err == 0 && scanner.at < scanner.end)
		err = parse_next(&scanner, name, commands);
	free(scanner.store);
	if (err) {
		json_decref(commands);
		return err;
	}
	*ret_commands = commands;
	return 0;
}
