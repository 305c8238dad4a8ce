/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>

#include "flamegraphs/xml_text.h"

static char *text;

static void end(void)
{
	free(text);
}

TestSuite(xml_text, .fini = end);

static const char *cut(const char *from, size_t columns)
{
	size_t length;
	FILE *out;

	free(text);
	out = open_memstream(&text, &length);

	fsc_xml_text_write_cut(from, columns, out);
	fclose(out);
	return text;
}

Test(xml_text, markup_is_escaped)
{
	cr_assert_str_eq(cut("<a b=\"c\">'&'", SIZE_MAX),
			 "&lt;a b=&quot;c&quot;&gt;&#39;&amp;&#39;");
}

Test(xml_text, characters_that_xml_forbids_are_replaced)
{
	cr_assert_str_eq(cut("a\x01\x1B\xEF\xBF\xBF", SIZE_MAX),
			 "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

Test(xml_text, a_text_that_fits_is_whole)
{
	cr_assert_str_eq(cut("abcd", 4), "abcd");
}

Test(xml_text, a_text_that_does_not_fit_ends_in_an_ellipsis)
{
	cr_assert_str_eq(cut("abcdef", 4), "abc\xE2\x80\xA6");
}

Test(xml_text, an_escape_counts_as_one_column)
{
	cr_assert_str_eq(cut("<<<<", 4), "&lt;&lt;&lt;&lt;");
}

Test(xml_text, nothing_is_written_where_nothing_fits)
{
	cr_assert_str_eq(cut("abcdef", 2), "");
}
