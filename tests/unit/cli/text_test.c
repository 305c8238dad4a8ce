/* SPDX-License-Identifier: MIT */
#include "cli/text.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static char *text;

static void end(void)
{
	free(text);
}

TestSuite(text, .fini = end);

static const char *cut(const char *from, size_t columns)
{
	size_t length;
	FILE *out;

	free(text);
	out = open_memstream(&text, &length);

	cr_assert_leq(fsc_text_write_cut(from, columns, out), columns);
	fclose(out);
	return text;
}

Test(text, controls_cannot_reach_the_terminal)
{
	cr_assert_str_eq(cut("a\033[31mb\xC2\x9B", 80), "a\xEF\xBF\xBD[31mb\xEF\xBF\xBD");
}

Test(text, columns_are_not_bytes)
{
	cr_assert_eq(fsc_text_columns("µs"), 2);
	cr_assert_eq(fsc_text_columns("漢字"), 4);
	cr_assert_eq(fsc_text_columns("\xFF"), 1);
}

Test(text, what_is_too_long_ends_in_an_ellipsis)
{
	cr_assert_str_eq(cut("abcdef", 4), "abc…");
	cr_assert_str_eq(cut("漢字漢字", 4), "漢…");
}

Test(text, what_fits_is_whole)
{
	cr_assert_str_eq(cut("漢字", 4), "漢字");
}

Test(text, no_column_takes_nothing)
{
	cr_assert_str_eq(cut("abc", 0), "");
}
