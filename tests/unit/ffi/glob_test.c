/* SPDX-License-Identifier: MIT */
/*
 * glob_test.c - shell-like matching, and that a hostile glob stays cheap.
 */
#include "ffi/boundary.h"

#include <criterion/criterion.h>
#include <string.h>

Test(glob, a_plain_name_matches_itself_only)
{
	cr_assert(fsc_glob_match("say_hello", "say_hello"));
	cr_assert_not(fsc_glob_match("say_hello", "say_hello2"));
	cr_assert_not(fsc_glob_match("say_hello", "say_hell"));
}

Test(glob, a_star_matches_any_run_of_bytes_and_none)
{
	cr_assert(fsc_glob_match("*", ""));
	cr_assert(fsc_glob_match("a*", "a"));
	cr_assert(fsc_glob_match("*_free_*_buffer", "x_free_my_byte_buffer"));
	cr_assert_not(fsc_glob_match("*_free_*_buffer", "x_free_buffer_y"));
}

Test(glob, a_star_tries_later_places_when_the_first_fails)
{
	cr_assert(fsc_glob_match("*ab*abc", "ababababc"));
	cr_assert_not(fsc_glob_match("*ab*abd", "ababababc"));
}

Test(glob, a_question_mark_is_exactly_one_byte)
{
	cr_assert(fsc_glob_match("a?c", "abc"));
	cr_assert_not(fsc_glob_match("a?c", "ac"));
	cr_assert_not(fsc_glob_match("abc?", "abc"));
}

Test(glob, a_set_holds_ranges_and_single_bytes)
{
	cr_assert(fsc_glob_match("v[0-9a]", "v7"));
	cr_assert(fsc_glob_match("v[0-9a]", "va"));
	cr_assert_not(fsc_glob_match("v[0-9a]", "vb"));
	cr_assert(fsc_glob_match("[a-]", "-"), "a '-' at the end is itself");
}

Test(glob, a_negated_set_holds_the_others)
{
	cr_assert(fsc_glob_match("v[!0-9]", "vx"));
	cr_assert_not(fsc_glob_match("v[!0-9]", "v3"));
}

Test(glob, a_closing_bracket_may_stand_first_in_a_set)
{
	cr_assert(fsc_glob_match("[]x]", "]"));
	cr_assert_not(fsc_glob_match("[!]x]", "]"));
	cr_assert(fsc_glob_match("[!]x]", "a"));
}

Test(glob, a_set_that_never_closes_is_a_literal_bracket)
{
	cr_assert(fsc_glob_match("a[b", "a[b"));
	cr_assert_not(fsc_glob_match("a[b", "ab"));
}

Test(glob, a_backslash_makes_the_next_byte_literal)
{
	cr_assert(fsc_glob_match("a\\*", "a*"));
	cr_assert_not(fsc_glob_match("a\\*", "ab"));
	cr_assert(fsc_glob_match("a\\", "a\\"), "at the end it is itself");
}

Test(glob, bytes_above_127_match_themselves_and_ranges)
{
	cr_assert(fsc_glob_match("stra\xc3\x9f"
				 "e*",
				 "stra\xc3\x9f"
				 "e.so"));
	cr_assert(fsc_glob_match("[\xc0-\xff]", "\xe9"));
}

Test(glob, a_list_has_one_per_line)
{
	const char *list = "\na*\n\n\nb?\n";
	char glob[FSC_BOUNDARY_GLOB_MAX];

	cr_assert(fsc_glob_list_next(&list, glob));
	cr_assert_str_eq(glob, "a*");
	cr_assert(fsc_glob_list_next(&list, glob));
	cr_assert_str_eq(glob, "b?");
	cr_assert_not(fsc_glob_list_next(&list, glob));
	cr_assert_not(fsc_glob_list_next(&list, glob));
}

Test(glob, one_of_a_list_that_is_too_long_is_left_out)
{
	char text[2 * FSC_BOUNDARY_GLOB_MAX + 8], glob[FSC_BOUNDARY_GLOB_MAX];
	const char *list = text;

	memset(text, 'x', FSC_BOUNDARY_GLOB_MAX);
	strcpy(text + FSC_BOUNDARY_GLOB_MAX, "\na*\n");
	memset(text + FSC_BOUNDARY_GLOB_MAX + 4, 'y', FSC_BOUNDARY_GLOB_MAX);
	text[2 * FSC_BOUNDARY_GLOB_MAX + 4] = '\0';
	cr_assert(fsc_glob_list_next(&list, glob));
	cr_assert_str_eq(glob, "a*");
	cr_assert_not(fsc_glob_list_next(&list, glob));
	list = text + 1;
	cr_assert(fsc_glob_list_next(&list, glob));
	cr_assert_eq(strlen(glob), FSC_BOUNDARY_GLOB_MAX - 1);
}

Test(glob, a_library_glob_matches_the_whole_path_or_its_last_part)
{
	cr_assert(fsc_glob_match_path("libgreeter.so*", "/opt/app/libgreeter.so.1"));
	cr_assert(fsc_glob_match_path("/opt/*", "/opt/app/libgreeter.so.1"));
	cr_assert_not(fsc_glob_match_path("app", "/opt/app/libgreeter.so.1"));
}

Test(glob, many_stars_cost_no_more_than_a_product, .timeout = 5)
{
	char glob[FSC_BOUNDARY_GLOB_MAX];
	char text[4096];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i < sizeof(glob) - 2; i += 2)
		memcpy(&glob[i], "*a", 2);
	memcpy(&glob[sizeof(glob) - 2], "b", 2);
	cr_assert_not(fsc_glob_match(glob, text));
}
