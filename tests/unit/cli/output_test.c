/* SPDX-License-Identifier: MIT */
#include "cli/output.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

TestSuite(output, .init = fixture_begin, .fini = fixture_end);

Test(output, only_three_words_say_when_to_colour)
{
	enum fsc_colour colour = FSC_COLOUR_AUTO;

	cr_assert(fsc_output_parse_colour("never", &colour));
	cr_assert_eq(colour, FSC_COLOUR_NEVER);
	cr_assert(fsc_output_parse_colour("always", &colour));
	cr_assert_eq(colour, FSC_COLOUR_ALWAYS);
	cr_assert_not(fsc_output_parse_colour("yes", &colour));
}

Test(output, a_long_fact_is_wrapped_under_its_beginning)
{
	fixture.output.width = 40;
	fsc_output_fact(&fixture.output, "clock", "%s", "one two three four five six seven eight");
	cr_assert_str_eq(fixture_text(), "clock       one two three four five six\n"
					 "            seven eight\n");
}

Test(output, a_word_that_is_too_long_has_a_line_of_its_own)
{
	fixture.output.width = 30;
	fsc_output_fact(&fixture.output, "a", "%s", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx y");
	cr_assert_str_eq(fixture_text(), "a           xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
					 "            y\n");
}

Test(output, colour_is_off_where_stdout_is_no_terminal)
{
	struct fsc_output output;

	cr_redirect_stdout();
	fsc_output_init(&output, FSC_COLOUR_AUTO);
	cr_assert_not(output.colour);
	cr_assert_not(output.cut);
	fsc_output_init(&output, FSC_COLOUR_ALWAYS);
	cr_assert(output.colour);
}

Test(output, the_width_is_80_at_least)
{
	struct fsc_output output;

	cr_redirect_stdout();
	setenv("COLUMNS", "20", 1);
	fsc_output_init(&output, FSC_COLOUR_AUTO);
	cr_assert_eq(output.width, 80);
	setenv("COLUMNS", "132", 1);
	fsc_output_init(&output, FSC_COLOUR_AUTO);
	cr_assert_eq(output.width, 132);
	unsetenv("COLUMNS");
	fsc_output_init(&output, FSC_COLOUR_AUTO);
	cr_assert_eq(output.width, 100);
}

Test(output, a_full_disk_is_one_line_and_trouble)
{
	struct fsc_output output = { .stream = fopen("/dev/full", "w") };

	cr_redirect_stderr();
	fputs("text", output.stream);
	cr_assert_not(fsc_output_finish(&output));
	fflush(stderr);
	cr_assert_stderr_eq_str(
		"ffiscope: cannot write to standard output: No space left on device\n");
	fclose(output.stream);
}
