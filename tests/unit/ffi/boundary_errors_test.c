/* SPDX-License-Identifier: MIT */
/*
 * boundary_errors_test.c - a bad boundary file is refused at the very token, and a hostile one
 * does no harm.
 */
#include "ffi/boundary.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct fsc_boundary boundary;

static struct fsc_boundary_error refuse_bytes(const char *text, size_t length)
{
	struct fsc_boundary_error error;

	cr_assert_not(fsc_boundary_parse(&boundary, text, length, &error), "%.40s", text);
	cr_assert_not_null(error.message);
	cr_assert_not_null(error.hint);
	return error;
}

static void refuse(const char *text, unsigned int line, unsigned int column)
{
	struct fsc_boundary_error error = refuse_bytes(text, strlen(text));

	cr_assert_eq(error.line, line, "%s: line %u", text, error.line);
	cr_assert_eq(error.column, column, "%s: column %u, %s", text, error.column, error.message);
}

Test(boundary_errors, a_row_with_an_unknown_kind_is_refused_with_line_and_column)
{
	refuse("# first\nentry f\n  entrance g\n", 3, 3);
}

Test(boundary_errors, the_rows_before_a_bad_one_are_kept)
{
	refuse("entry f\nentry g\nentry h bad=1\nentry i\n", 3, 9);
	cr_assert_eq(boundary.row_count, 2);
}

Test(boundary_errors, a_missing_name_is_refused_where_it_should_stand)
{
	refuse("entry", 1, 6);
	refuse("entry # f", 1, 7);
}

Test(boundary_errors, an_unknown_field_is_refused)
{
	refuse("entry f respond=none", 1, 9);
	refuse("entry f request", 1, 9);
	refuse("entry f stray", 1, 9);
}

Test(boundary_errors, a_field_given_twice_is_refused)
{
	refuse("entry f stack=8 stack=8", 1, 17);
}

Test(boundary_errors, a_field_that_makes_no_sense_for_the_kind_is_refused)
{
	refuse("free f buffer=arg0 response=none", 1, 20);
	refuse("free f buffer=arg0 request=arg0,arg1", 1, 20);
	refuse("entry f buffer=arg0", 1, 9);
	refuse("entry f message=arg0", 1, 9);
	refuse("acquire f buffer=arg0", 1, 11);
	refuse("release f buffer=arg0 free=g", 1, 23);
	refuse("encode f response=none", 1, 10);
}

Test(boundary_errors, a_row_that_does_not_say_its_buffer_is_refused_at_its_kind)
{
	refuse("free f", 1, 1);
	refuse("entry f\n release f", 2, 2);
	refuse("acquire f", 1, 1);
	refuse("acquire f response=none", 1, 1);
}

Test(boundary_errors, an_argument_that_is_none_is_refused_at_its_place)
{
	refuse("entry f request=arg0,argx", 1, 22);
	refuse("entry f request=arg0,32", 1, 22);
	refuse("entry f request=arg0,arg32", 1, 22);
	refuse("entry f request=arg99999999999999999999,arg1", 1, 17);
	refuse("entry f request=", 1, 17);
	refuse("free f buffer=ret", 1, 15);
}

Test(boundary_errors, a_missing_length_is_refused_after_the_pointer)
{
	refuse("entry f request=arg0", 1, 21);
	refuse("entry f request=arg0, arg1", 1, 22);
	refuse("entry f response=*arg0", 1, 23);
	refuse("encode f buffer=arg0", 1, 21);
}

Test(boundary_errors, what_follows_a_complete_value_is_refused)
{
	refuse("entry f request=arg0,arg1,arg2", 1, 26);
	refuse("entry f response=ret{ptr,len}x", 1, 30);
	refuse("entry f response=nonesuch", 1, 18);
	refuse("free f buffer=arg0,arg1,arg2,arg3", 1, 29);
	refuse("entry f stack=8k", 1, 16);
}

Test(boundary_errors, a_buffer_struct_with_other_words_is_refused_at_its_brace)
{
	refuse("free f buffer=arg0{len,ptr}", 1, 19);
	refuse("free f buffer=arg0{ptr,len", 1, 19);
	refuse("entry f response=ret{ptr}", 1, 18);
}

Test(boundary_errors, a_two_word_struct_needs_a_second_argument_that_exists)
{
	refuse("free f buffer=arg31{ptr,len}", 1, 15);
}

Test(boundary_errors, stack_bytes_are_a_small_multiple_of_four)
{
	refuse("entry f stack=", 1, 15);
	refuse("entry f stack=-8", 1, 15);
	refuse("entry f stack=7", 1, 15);
	refuse("entry f stack=4100", 1, 15);
	refuse("entry f stack=18446744073709551624", 1, 15);
}

Test(boundary_errors, a_glob_with_an_open_bracket_is_refused_at_the_bracket)
{
	refuse("entry ab[c", 1, 9);
	refuse("entry f library=x[]", 1, 18);
	refuse("entry f free=", 1, 14);
}

Test(boundary_errors, a_name_that_does_not_fit_is_refused)
{
	char text[6 + FSC_BOUNDARY_GLOB_MAX + 1] = "entry ";

	memset(text + 6, 'x', FSC_BOUNDARY_GLOB_MAX);
	refuse(text, 1, 7);
	text[6 + FSC_BOUNDARY_GLOB_MAX - 1] = '\0';
	cr_assert(fsc_boundary_parse(&boundary, text, strlen(text),
				     &(struct fsc_boundary_error){ 0 }));
}

Test(boundary_errors, one_row_too_many_is_refused_at_its_line)
{
	char text[2 + (FSC_BOUNDARY_ROWS_MAX + 1) * 8] = "";

	for (int i = 0; i <= FSC_BOUNDARY_ROWS_MAX; i++)
		memcpy(&text[i * 8], "entry f\n", 8);
	refuse(text, FSC_BOUNDARY_ROWS_MAX + 1, 1);
	cr_assert_eq(boundary.row_count, FSC_BOUNDARY_ROWS_MAX);
}

Test(boundary_errors, a_nul_or_another_control_character_is_refused)
{
	static const char text[] = "entry f\nent\0ry g\n";
	struct fsc_boundary_error error = refuse_bytes(text, sizeof(text) - 1);

	cr_assert_eq(error.line, 2);
	cr_assert_eq(error.column, 4);
	refuse("entry \x1b[31m", 1, 7);
	refuse("entry f\rentry g\n", 1, 8);
	refuse("# even in a comment\x7f", 1, 20);
}

Test(boundary_errors, bytes_above_127_are_letters)
{
	static const char text[] = "entry caf\xc3\xa9 # \xff\xfe\n";
	struct fsc_boundary_error error;

	cr_assert(fsc_boundary_parse(&boundary, text, sizeof(text) - 1, &error));
	cr_assert_str_eq(boundary.rows[0].name, "caf\xc3\xa9");
}

Test(boundary_errors, a_file_over_the_limit_is_refused_and_one_at_the_limit_is_read)
{
	char *text = malloc(FSC_BOUNDARY_FILE_MAX + 1);
	struct fsc_boundary_error error;

	cr_assert_not_null(text);
	memset(text, ' ', FSC_BOUNDARY_FILE_MAX + 1);
	error = refuse_bytes(text, FSC_BOUNDARY_FILE_MAX + 1);
	cr_assert_eq(error.line, 1);
	cr_assert(fsc_boundary_parse(&boundary, text, FSC_BOUNDARY_FILE_MAX, &error));
	free(text);
}

Test(boundary_errors, a_very_long_word_is_refused_at_its_start)
{
	char *text = malloc(FSC_BOUNDARY_FILE_MAX);
	struct fsc_boundary_error error;

	cr_assert_not_null(text);
	memset(text, 'x', FSC_BOUNDARY_FILE_MAX);
	memcpy(text, "entry ", 6);
	error = refuse_bytes(text, FSC_BOUNDARY_FILE_MAX);
	cr_assert_eq(error.column, 7);
	free(text);
}

/* Exact heap blocks, so that a sanitizer sees one byte read too many. */
static void parse_prefix(const char *text, size_t length)
{
	struct fsc_boundary_error error;
	char *copy = malloc(length + (length == 0));

	cr_assert_not_null(copy);
	memcpy(copy, text, length);
	if (!fsc_boundary_parse(&boundary, copy, length, &error)) {
		cr_assert_geq(error.column, 1);
		cr_assert_leq(error.column, length + 1);
	}
	free(copy);
}

Test(boundary_errors, a_text_cut_off_anywhere_is_never_read_past_its_end)
{
	static const char *const rows[] = {
		"entry f library=/a\\ b/[!x]* request=arg0,arg1 response=ret{ptr,len,cap} free=g\\",
		"entry f response=*arg2,*arg3,*arg4 stack=4096",
		"free f buffer=arg0{ptr,len,cap}",
		"acquire f response=ret{ptr,len}\r\nrelease g buffer=arg0,arg1,arg2\r\n",
		"decode f buffer=-,ret message=arg0 # end",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t length = 0; length <= strlen(rows[i]); length++) {
			boundary.row_count = 0;
			parse_prefix(rows[i], length);
		}
	}
}

Test(boundary_errors, a_glob_list_is_checked_line_by_line)
{
	char text[FSC_BOUNDARY_GLOB_MAX + 16] = "a*\n\n";
	struct fsc_boundary_error error;

	cr_assert(fsc_boundary_check_globs("", &error));
	cr_assert(fsc_boundary_check_globs("a*\n\nb[0-9]\n", &error));
	cr_assert_not(fsc_boundary_check_globs("a*\nb[\n", &error));
	cr_assert_eq(error.line, 2);
	cr_assert_eq(error.column, 2);
	memset(text + 4, 'x', FSC_BOUNDARY_GLOB_MAX);
	cr_assert_not(fsc_boundary_check_globs(text, &error));
	cr_assert_eq(error.line, 3);
	text[4 + FSC_BOUNDARY_GLOB_MAX - 1] = '\0';
	cr_assert(fsc_boundary_check_globs(text, &error));
}

Test(boundary_errors, random_bytes_of_the_grammar_do_no_harm)
{
	static const char alphabet[] = "entryfrelaccodqubs =,*{}arg019[]\\!-#\r\n\t?\xff";
	char text[96];
	uint32_t state = 1;

	for (int round = 0; round < 20000; round++) {
		for (size_t i = 0; i < sizeof(text); i++) {
			state = state * 1664525u + 1013904223u;
			text[i] = alphabet[(state >> 16) % (sizeof(alphabet) - 1)];
		}
		memcpy(text, "entry f ", 8);
		boundary.row_count = 0;
		parse_prefix(text, sizeof(text));
	}
	cr_assert_leq(boundary.row_count, FSC_BOUNDARY_ROWS_MAX);
}
