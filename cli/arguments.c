/* SPDX-License-Identifier: MIT */
/*
 * The table is translated for getopt_long(), which knows abbreviations and `--`. Begin at
 * fsc_arguments_parse().
 */
#include "cli/arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/messages.h"
#include "cli/output.h"

/* getopt_long() answers FIRST_ROW + index for a row, so that letters are not in the way. */
enum { FIRST_ROW = 256, HELP = 'h', HELP_COLUMNS = 26, LETTERS_MAX = 3 * FSC_ARGUMENTS_MAX + 4 };

static void write_option(const struct fsc_argument *argument, FILE *out)
{
	const char *value = argument->has_value == FSC_ARGUMENT_NONE ? "" : argument->value;
	bool optional = argument->has_value == FSC_ARGUMENT_OPTIONAL;
	char left[96];

	snprintf(left, sizeof(left), "%c%c%c --%s%s%s%s%s", argument->letter ? '-' : ' ',
		 argument->letter ? argument->letter : ' ', argument->letter ? ',' : ' ',
		 argument->name, optional ? "[" : "", *value ? "=" : "", value,
		 optional ? "]" : "");
	if (strlen(left) > HELP_COLUMNS)
		fprintf(out, "  %s\n  %-*s  %s\n", left, HELP_COLUMNS, "", argument->help);
	else
		fprintf(out, "  %-*s  %s\n", HELP_COLUMNS, left, argument->help);
}

static enum fsc_arguments_answer write_help(const struct fsc_arguments *arguments)
{
	static const struct fsc_argument help = { .name = "help",
						  .letter = HELP,
						  .help = "this text" };
	struct fsc_output output;

	fsc_output_init(&output, FSC_COLOUR_NEVER);
	fprintf(output.stream, "Usage: ffiscope %s [OPTIONS] %s\n\n%s\n\n", arguments->command,
		arguments->operands, arguments->about);
	for (size_t i = 0; i < arguments->count; i++)
		write_option(&arguments->list[i], output.stream);
	write_option(&help, output.stream);
	return fsc_output_finish(&output) ? FSC_ARGUMENTS_HELPED : FSC_ARGUMENTS_WRONG;
}

static enum fsc_arguments_answer wrong(const struct fsc_arguments *arguments, const char *what,
				       const char *word)
{
	fsc_messages_say("%s: %s '%s'; see ffiscope %s --help", arguments->command, what, word,
			 arguments->command);
	return FSC_ARGUMENTS_WRONG;
}

/* rows: count + 2 elements; letters: LETTERS_MAX bytes. */
static void translate(const struct fsc_arguments *arguments, struct option *rows, char *letters)
{
	size_t count = arguments->count < FSC_ARGUMENTS_MAX ? arguments->count : FSC_ARGUMENTS_MAX;

	*letters++ = ':'; /* tells a missing value from an unknown option */
	*letters++ = HELP;
	for (size_t i = 0; i < count; i++) {
		const struct fsc_argument *row = &arguments->list[i];

		rows[i] = (struct option){ .name = row->name,
					   .has_arg = (int)row->has_value,
					   .val = FIRST_ROW + (int)i };
		if (!row->letter)
			continue;
		*letters++ = row->letter;
		for (int colon = 0; colon < (int)row->has_value; colon++)
			*letters++ = ':';
	}
	rows[count] = (struct option){ .name = "help", .val = HELP };
	rows[count + 1] = (struct option){ 0 };
	*letters = '\0';
}

static const struct fsc_argument *row_of(const struct fsc_arguments *arguments, int answer)
{
	if (answer >= FIRST_ROW)
		return &arguments->list[answer - FIRST_ROW];
	for (size_t i = 0; i < arguments->count; i++)
		if (arguments->list[i].letter == (char)answer)
			return &arguments->list[i];
	return NULL;
}

/* The word that getopt_long() did not like: a letter within a word, or the word before optind. */
static enum fsc_arguments_answer wrong_option(const struct fsc_arguments *arguments, int answer,
					      char **argv)
{
	const char *what = answer == ':' ? "a value is missing after" : "unknown option";
	char letter[] = { '-', (char)optopt, '\0' };

	if (answer == '?' && optopt >= FIRST_ROW)
		what = "no value belongs to";
	if (optopt > 0 && optopt < FIRST_ROW)
		return wrong(arguments, what, letter);
	return wrong(arguments, what, argv[optind - 1]);
}

enum fsc_arguments_answer fsc_arguments_parse(const struct fsc_arguments *arguments, int argc,
					      char **argv, void *into)
{
	struct option rows[FSC_ARGUMENTS_MAX + 2];
	const struct fsc_argument *row;
	char letters[LETTERS_MAX];
	int answer;

	translate(arguments, rows, letters);
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while ((answer = getopt_long(argc, argv, letters, rows, NULL)) != -1) {
		if (answer == HELP)
			return write_help(arguments);
		row = answer == '?' || answer == ':' ? NULL : row_of(arguments, answer);
		if (!row)
			return wrong_option(arguments, answer, argv);
		if (!row->take(into, optarg)) {
			fsc_messages_say("%s: --%s does not take '%s'; see ffiscope %s --help",
					 arguments->command, row->name, optarg ? optarg : "",
					 arguments->command);
			return FSC_ARGUMENTS_WRONG;
		}
	}
	for (; optind < argc; optind++)
		if (!arguments->operand || !arguments->operand(into, argv[optind]))
			return wrong(arguments, "one word too many:", argv[optind]);
	return FSC_ARGUMENTS_GO;
}
