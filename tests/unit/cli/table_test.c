/* SPDX-License-Identifier: MIT */
#include "cli/table.h"

#include <criterion/criterion.h>
#include <string.h>

#include "fixture.h"

static const struct fsc_table_column columns[] = { { "name", true, true, false },
						   { "mean", false, false, false },
						   { "bar", true, false, false } };
static struct fsc_table table;

static void begin(void)
{
	fixture_begin();
	fsc_table_init(&table, columns, 3);
}

static void end(void)
{
	fsc_table_fini(&table);
	fixture_end();
}

TestSuite(table, .init = begin, .fini = end);

static void add_row(const char *a, const char *b, const char *c)
{
	fsc_table_add(&table, a);
	fsc_table_add(&table, b);
	fsc_table_add(&table, c);
}

static const char *written(void)
{
	cr_assert(fsc_table_write(&table, &fixture.output));
	return fixture_text();
}

Test(table, names_stand_left_and_numbers_right)
{
	add_row("a", "1.00 µs", "██");
	add_row("longer", "3 ns", "█");
	cr_assert_str_eq(written(), "  name       mean  bar\n"
				    "  a       1.00 µs  ██\n"
				    "  longer     3 ns  █\n");
}

Test(table, no_line_ends_in_blanks)
{
	add_row("a", "1 ns", "");
	cr_assert_str_eq(written(), "  name  mean  bar\n  a     1 ns\n");
}

Test(table, wide_characters_take_two_columns)
{
	add_row("漢字", "1", "x");
	add_row("abcdef", "2", "x");
	cr_assert(strstr(written(), "  漢字       1  x\n  abcdef     2  x\n"));
}

Test(table, on_a_terminal_long_names_are_cut_to_the_width)
{
	fixture.output.cut = true;
	fixture.output.width = 40;
	add_row("a_name_that_is_much_longer_than_the_terminal_is_wide", "1 ns", "xxxx");
	written();
	cr_assert(strstr(fixture.text, "…  1 ns  xxxx\n"));
	cr_assert_eq(strchr(fixture.text, '\n') - fixture.text, 39);
}

Test(table, on_a_terminal_columns_that_may_go_give_way_from_the_right)
{
	static const struct fsc_table_column some[] = { { "name", true, true, false },
							{ "first", false, false, true },
							{ "second", false, false, true } };

	table.columns = some;
	fixture.output.cut = true;
	fixture.output.width = 30;
	add_row("twenty_columns_wide_", "1", "2");
	cr_assert_str_eq(written(), "  name                  first\n"
				    "  twenty_columns_wide_      1\n");
}

Test(table, elsewhere_names_are_whole)
{
	fixture.output.width = 40;
	add_row("a_name_that_is_much_longer_than_the_terminal_is_wide", "1 ns", "x");
	cr_assert(strstr(written(), "than_the_terminal_is_wide"));
}

Test(table, a_name_with_controls_is_made_harmless)
{
	add_row("evil\033[2J\nname", "1 ns", "x");
	cr_assert_not(strchr(written(), '\033'));
	cr_assert(strstr(fixture.text, "name  1 ns"));
}

Test(table, styles_are_written_only_with_colour)
{
	fsc_table_add_styled(&table, FSC_STYLE_HOST, "a");
	fsc_table_add(&table, "1");
	fsc_table_add(&table, "x");
	cr_assert_not(strchr(written(), '\033'));
	fixture.output.colour = true;
	cr_assert(strstr(written(), "\033[36ma\033[0m"));
}
