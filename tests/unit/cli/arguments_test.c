/* SPDX-License-Identifier: MIT */
#include "cli/arguments.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdarg.h>
#include <string.h>

struct taken {
	char log[256];
	int operands;
};

static bool note(void *into, const char *name, const char *value)
{
	struct taken *taken = into;
	size_t used = strlen(taken->log);

	snprintf(taken->log + used, sizeof(taken->log) - used, "[%s %s]", name,
		 value ? value : "-");
	return !value || strcmp(value, "bad") != 0;
}

static bool take_flag(void *into, const char *value)
{
	return note(into, "flag", value);
}

static bool take_text(void *into, const char *value)
{
	return note(into, "text", value);
}

static bool take_maybe(void *into, const char *value)
{
	return note(into, "maybe", value);
}

static bool take_operand(void *into, const char *word)
{
	return note(into, "operand", word) && ++((struct taken *)into)->operands < 2;
}

static const struct fsc_argument rows[] = {
	{ "flag", 'f', FSC_ARGUMENT_NONE, NULL, "a flag", take_flag },
	{ "text", 't', FSC_ARGUMENT_NEEDED, "TEXT", "a text", take_text },
	{ "maybe", '\0', FSC_ARGUMENT_OPTIONAL, "WORD", "perhaps a word", take_maybe },
};

static const struct fsc_arguments table = { .command = "try",
					    .operands = "[WORD]",
					    .about = "Tries.",
					    .list = rows,
					    .count = 3,
					    .operand = take_operand };
static struct taken taken;

/* Words up to NULL. */
static enum fsc_arguments_answer parse(const char *word, ...)
{
	char name[] = "try", *argv[16] = { name };
	int argc = 1;
	va_list words;

	va_start(words, word);
	for (; word; word = va_arg(words, const char *))
		argv[argc++] = (char *)word;
	va_end(words);
	return fsc_arguments_parse(&table, argc, argv, &taken);
}

static void redirect(void)
{
	cr_redirect_stdout();
	cr_redirect_stderr();
}

TestSuite(arguments, .init = redirect);

Test(arguments, each_option_is_handed_to_its_row)
{
	cr_assert_eq(
		parse("--flag", "--text", "a", "--maybe", "--maybe=b", "-f", "-tc", "word", NULL),
		FSC_ARGUMENTS_GO);
	cr_assert_str_eq(taken.log, "[flag -][text a][maybe -][maybe b][flag -][text c]"
				    "[operand word]");
}

Test(arguments, what_follows_two_dashes_is_no_option)
{
	cr_assert_eq(parse("--", "--flag", NULL), FSC_ARGUMENTS_GO);
	cr_assert_str_eq(taken.log, "[operand --flag]");
}

Test(arguments, beginnings_that_are_unique_are_enough)
{
	cr_assert_eq(parse("--te=x", NULL), FSC_ARGUMENTS_GO);
	cr_assert_str_eq(taken.log, "[text x]");
}

Test(arguments, an_unknown_option_is_one_line)
{
	cr_assert_eq(parse("--nope", NULL), FSC_ARGUMENTS_WRONG);
	fflush(stderr);
	cr_assert_stderr_eq_str(
		"ffiscope: try: unknown option '--nope'; see ffiscope try --help\n");
}

Test(arguments, an_unknown_letter_is_named)
{
	cr_assert_eq(parse("-fx", NULL), FSC_ARGUMENTS_WRONG);
	fflush(stderr);
	cr_assert_stderr_eq_str("ffiscope: try: unknown option '-x'; see ffiscope try --help\n");
}

Test(arguments, a_missing_value_is_named)
{
	cr_assert_eq(parse("--text", NULL), FSC_ARGUMENTS_WRONG);
	fflush(stderr);
	cr_assert_stderr_eq_str(
		"ffiscope: try: a value is missing after '--text'; see ffiscope try --help\n");
}

Test(arguments, a_value_that_does_not_fit_is_named)
{
	cr_assert_eq(parse("--text=bad", NULL), FSC_ARGUMENTS_WRONG);
	fflush(stderr);
	cr_assert_stderr_eq_str(
		"ffiscope: try: --text does not take 'bad'; see ffiscope try --help\n");
}

Test(arguments, one_word_too_many_is_named)
{
	cr_assert_eq(parse("a", "b", NULL), FSC_ARGUMENTS_WRONG);
	fflush(stderr);
	cr_assert_stderr_eq_str("ffiscope: try: one word too many: 'b'; see ffiscope try --help\n");
}

Test(arguments, help_is_made_from_the_table)
{
	cr_assert_eq(parse("--help", NULL), FSC_ARGUMENTS_HELPED);
	cr_assert_stdout_eq_str("Usage: ffiscope try [OPTIONS] [WORD]\n\nTries.\n\n"
				"  -f, --flag                  a flag\n"
				"  -t, --text=TEXT             a text\n"
				"      --maybe[=WORD]          perhaps a word\n"
				"  -h, --help                  this text\n");
}
