/* SPDX-License-Identifier: MIT */
/*
 * boundary_test.c - the grammar of a boundary file, row by row, and which row wins.
 */
#include "ffi/boundary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct fsc_boundary boundary;

static void parse(const char *text)
{
	struct fsc_boundary_error error;
	bool ok = fsc_boundary_parse(&boundary, text, strlen(text), &error);

	cr_assert(ok, "line %u, column %u: %s", error.line, error.column, ok ? "" : error.message);
}

/* The only row of text. */
static const struct fsc_boundary_row *row_of(const char *text)
{
	boundary.row_count = 0;
	parse(text);
	cr_assert_eq(boundary.row_count, 1);
	return &boundary.rows[0];
}

static const char *first_name(const char *name, const char *library)
{
	const struct fsc_boundary_row *row = fsc_boundary_find(&boundary, name, library);

	return row ? row->name : NULL;
}

static void assert_place(struct fsc_place place, enum fsc_place_from from, unsigned int index)
{
	cr_assert_eq(place.from, from);
	cr_assert_eq(place.index, index);
}

Test(boundary, a_row_needs_only_a_kind_and_a_name)
{
	const struct fsc_boundary_row *row = row_of("entry say_hello");

	cr_assert_eq(row->kind, FSC_ROW_ENTRY);
	cr_assert_str_eq(row->name, "say_hello");
	cr_assert_str_eq(row->library, "");
	cr_assert_str_eq(row->free_name, "");
	cr_assert_eq(row->response_style, FSC_RESPONSE_UNSAID);
	cr_assert_eq(row->stack_bytes, -1);
	cr_assert_eq(row->line, 1);
	cr_assert_not(row->built_in);
	assert_place(row->request.pointer, FSC_FROM_NOWHERE, 0);
}

Test(boundary, a_request_is_two_arguments)
{
	const struct fsc_boundary_row *row = row_of("entry f request=arg1,arg31");

	assert_place(row->request.pointer, FSC_FROM_ARG, 1);
	assert_place(row->request.length, FSC_FROM_ARG, 31);
	assert_place(row->request.capacity, FSC_FROM_NOWHERE, 0);
}

Test(boundary, a_response_of_three_words_comes_through_the_hidden_pointer)
{
	const struct fsc_boundary_row *row = row_of("entry f response=ret{ptr,len,cap}");

	cr_assert_eq(row->response_style, FSC_RESPONSE_HIDDEN);
	assert_place(row->response.pointer, FSC_FROM_RETURN, 0);
	assert_place(row->response.length, FSC_FROM_RETURN, 1);
	assert_place(row->response.capacity, FSC_FROM_RETURN, 2);
}

Test(boundary, a_response_of_two_words_comes_in_registers)
{
	const struct fsc_boundary_row *row = row_of("entry f response=ret{ptr,len}");

	cr_assert_eq(row->response_style, FSC_RESPONSE_REGISTERS);
	assert_place(row->response.length, FSC_FROM_RETURN, 1);
	assert_place(row->response.capacity, FSC_FROM_NOWHERE, 0);
}

Test(boundary, a_response_may_be_written_through_pointers)
{
	const struct fsc_boundary_row *row = row_of("entry f response=*arg2,*arg3,*arg4");

	cr_assert_eq(row->response_style, FSC_RESPONSE_OUT);
	assert_place(row->response.pointer, FSC_FROM_POINTED, 2 * FSC_STRUCT_WORDS);
	assert_place(row->response.length, FSC_FROM_POINTED, 3 * FSC_STRUCT_WORDS);
	assert_place(row->response.capacity, FSC_FROM_POINTED, 4 * FSC_STRUCT_WORDS);
}

Test(boundary, an_out_pointer_response_may_leave_the_capacity_out)
{
	const struct fsc_boundary_row *row = row_of("entry f response=*arg0,*arg1");

	assert_place(row->response.length, FSC_FROM_POINTED, 1 * FSC_STRUCT_WORDS);
	assert_place(row->response.capacity, FSC_FROM_NOWHERE, 0);
}

Test(boundary, a_response_may_be_none)
{
	cr_assert_eq(row_of("entry f response=none")->response_style, FSC_RESPONSE_NONE);
}

Test(boundary, a_freed_struct_of_three_words_lies_on_the_stack)
{
	const struct fsc_boundary_row *row = row_of("free f buffer=arg0{ptr,len,cap}");

	cr_assert_eq(row->kind, FSC_ROW_FREE);
	assert_place(row->buffer.pointer, FSC_FROM_BY_VALUE, 0);
	assert_place(row->buffer.length, FSC_FROM_BY_VALUE, 1);
	assert_place(row->buffer.capacity, FSC_FROM_BY_VALUE, 2);
}

Test(boundary, a_freed_struct_of_two_words_is_two_arguments)
{
	const struct fsc_boundary_row *row = row_of("free f buffer=arg3{ptr,len}");

	assert_place(row->buffer.pointer, FSC_FROM_ARG, 3);
	assert_place(row->buffer.length, FSC_FROM_ARG, 4);
	assert_place(row->buffer.capacity, FSC_FROM_NOWHERE, 0);
}

Test(boundary, a_freed_buffer_may_be_one_two_or_three_arguments)
{
	assert_place(row_of("free f buffer=arg1")->buffer.length, FSC_FROM_NOWHERE, 0);
	assert_place(row_of("free f buffer=arg1,arg2")->buffer.length, FSC_FROM_ARG, 2);
	assert_place(row_of("free f buffer=arg1,arg2,arg0")->buffer.capacity, FSC_FROM_ARG, 0);
}

Test(boundary, a_pool_has_acquire_and_release)
{
	cr_assert_eq(row_of("acquire f response=ret{ptr,len,cap}")->kind, FSC_ROW_ACQUIRE);
	cr_assert_eq(row_of("release f buffer=arg0")->kind, FSC_ROW_RELEASE);
}

Test(boundary, a_codec_places_its_buffer_and_message_in_arguments_or_the_return_value)
{
	const struct fsc_boundary_row *row = row_of("decode f buffer=arg3,arg2 message=ret");

	cr_assert_eq(row->kind, FSC_ROW_DECODE);
	assert_place(row->buffer.pointer, FSC_FROM_ARG, 3);
	assert_place(row->buffer.length, FSC_FROM_ARG, 2);
	assert_place(row->message, FSC_FROM_RETURN, 0);
}

Test(boundary, a_codec_part_that_cannot_be_seen_is_a_dash)
{
	const struct fsc_boundary_row *row = row_of("encode f buffer=-,ret message=arg0");

	assert_place(row->buffer.pointer, FSC_FROM_NOWHERE, 0);
	assert_place(row->buffer.length, FSC_FROM_RETURN, 0);
	assert_place(row->message, FSC_FROM_ARG, 0);
}

Test(boundary, a_name_is_found_whatever_its_neighbours_have_in_common_with_it)
{
	static const char text[] = "entry lib_open*\nentry lib_open_all\nentry lib_o[a-c]\n"
				   "entry lib_x\nentry lib_\\*\nentry lib_read\nentry *_end\n"
				   "entry lib_reader?\nentry lib_reader\nentry other\n";
	static const char *const names[] = {
		"",
		"l",
		"lib_",
		"lib_open",
		"lib_opener",
		"lib_open_all",
		"lib_ob",
		"lib_od",
		"lib_x",
		"lib_xx",
		"lib_*",
		"lib_r",
		"lib_rea",
		"lib_read",
		"lib_reader",
		"lib_readers",
		"lib_rend",
		"lib_end",
		"other_end",
		"lib_readme",
		"lib_readerss",
		"other",
		"others",
		"zlib_open",
	};
	struct fsc_boundary_error error;
	uint32_t found = 0;

	boundary.row_count = 0;
	cr_assert(fsc_boundary_parse(&boundary, text, strlen(text), &error));
	cr_assert(fsc_boundary_add_entry(&boundary, "otherwise"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		bool expected = fsc_boundary_find(&boundary, names[i], NULL) != NULL;

		cr_assert_eq(fsc_boundary_has_name(&boundary, names[i]), expected, "%s", names[i]);
		found += expected;
	}
	cr_assert_eq(found, 12);
}

Test(boundary, a_codec_length_may_be_an_int)
{
	const struct fsc_boundary_row *row = row_of("decode f buffer=arg1,arg2:int message=arg0");

	assert_place(row->buffer.pointer, FSC_FROM_ARG, 1);
	assert_place(row->buffer.length, FSC_FROM_INT, 2);
}

Test(boundary, any_length_may_be_an_int)
{
	const struct fsc_boundary_row *row = row_of("entry f request=arg1,arg2:int response=none");

	assert_place(row->request.pointer, FSC_FROM_ARG, 1);
	assert_place(row->request.length, FSC_FROM_INT, 2);
	row = row_of("free f buffer=arg0,arg1:int,arg2:int");
	assert_place(row->buffer.length, FSC_FROM_INT, 1);
	assert_place(row->buffer.capacity, FSC_FROM_INT, 2);
}

Test(boundary, a_codec_buffer_may_be_a_struct_behind_a_pointer)
{
	const struct fsc_boundary_row *row = row_of("encode f buffer=*arg31{ptr,len} message=arg0");

	assert_place(row->buffer.pointer, FSC_FROM_POINTED, 31 * FSC_STRUCT_WORDS);
	assert_place(row->buffer.length, FSC_FROM_POINTED, 31 * FSC_STRUCT_WORDS + 1);
	assert_place(row->buffer.capacity, FSC_FROM_NOWHERE, 0);
}

Test(boundary, a_codec_buffer_may_be_a_pointer_behind_a_pointer)
{
	const struct fsc_boundary_row *row = row_of("encode f buffer=*arg1,- message=arg0");

	assert_place(row->buffer.pointer, FSC_FROM_POINTED, 1 * FSC_STRUCT_WORDS);
	assert_place(row->buffer.length, FSC_FROM_NOWHERE, 0);
}

Test(boundary, a_codec_buffer_may_come_back_through_the_hidden_pointer)
{
	const struct fsc_boundary_row *row =
		row_of("encode f buffer=ret{ptr,len,cap} message=arg0");

	assert_place(row->buffer.pointer, FSC_FROM_RETURN, 0);
	assert_place(row->buffer.length, FSC_FROM_RETURN, 1);
	assert_place(row->buffer.capacity, FSC_FROM_RETURN, 2);
}

Test(boundary, stack_bytes_and_the_free_function_are_kept)
{
	const struct fsc_boundary_row *row = row_of("entry f stack=32 free=f_free");

	cr_assert_eq(row->stack_bytes, 32);
	cr_assert_str_eq(row->free_name, "f_free");
}

Test(boundary, a_space_in_a_library_path_is_escaped)
{
	const struct fsc_boundary_row *row = row_of("entry f library=/my\\ app/*.so stack=0");

	cr_assert(fsc_glob_match_path(row->library, "/my app/libx.so"));
	cr_assert_eq(row->stack_bytes, 0);
}

Test(boundary, comments_blank_lines_tabs_and_crlf_are_fine)
{
	parse("# only a comment\r\n\r\n \t \n\tentry\tf\tresponse=none\t# why\r\nfree g "
	      "buffer=arg0");
	cr_assert_eq(boundary.row_count, 2);
	cr_assert_eq(boundary.rows[0].line, 4);
	cr_assert_eq(boundary.rows[1].line, 5);
}

Test(boundary, an_empty_text_has_no_rows)
{
	parse("");
	cr_assert_eq(boundary.row_count, 0);
}

Test(boundary, rows_of_a_second_text_are_appended)
{
	parse("entry f");
	parse("entry g");
	cr_assert_eq(boundary.row_count, 2);
	cr_assert_str_eq(boundary.rows[1].name, "g");
}

Test(boundary, the_first_row_that_matches_wins)
{
	parse("free lib_free_* buffer=arg0\nentry lib_*\nentry lib_free_all\n");
	cr_assert_str_eq(first_name("lib_free_all", "/l.so"), "lib_free_*");
	cr_assert_str_eq(first_name("lib_open", "/l.so"), "lib_*");
	cr_assert_null(first_name("other", "/l.so"));
}

Test(boundary, a_row_with_a_library_matches_only_there)
{
	parse("entry f library=liba.so*\nentry f* library=/b/*\n");
	cr_assert_str_eq(first_name("f", "/x/liba.so.1"), "f");
	cr_assert_str_eq(first_name("f", "/b/libb.so"), "f*");
	cr_assert_null(first_name("f", "/c/libc.so"));
	cr_assert_null(first_name("f", NULL), "an unknown library is in no library glob");
}

Test(boundary, a_row_from_the_command_line_is_an_entry_with_nothing_said)
{
	cr_assert(fsc_boundary_add_entry(&boundary, "my_*"));
	cr_assert_eq(boundary.rows[0].kind, FSC_ROW_ENTRY);
	cr_assert_eq(boundary.rows[0].response_style, FSC_RESPONSE_UNSAID);
	cr_assert_eq(boundary.rows[0].stack_bytes, -1);
	cr_assert_not(boundary.rows[0].built_in);
	cr_assert_str_eq(first_name("my_call", NULL), "my_*");
}

Test(boundary, a_row_from_the_command_line_must_be_a_glob_that_fits)
{
	char glob[FSC_BOUNDARY_GLOB_MAX + 1];

	memset(glob, 'x', sizeof(glob));
	glob[FSC_BOUNDARY_GLOB_MAX] = '\0';
	cr_assert_not(fsc_boundary_add_entry(&boundary, glob));
	cr_assert_not(fsc_boundary_add_entry(&boundary, ""));
	cr_assert_not(fsc_boundary_add_entry(&boundary, "a[b"));
	boundary.row_count = FSC_BOUNDARY_ROWS_MAX;
	cr_assert_not(fsc_boundary_add_entry(&boundary, "f"));
}

Test(boundary, the_example_shows_every_kind_and_every_style)
{
	char text[16384];
	FILE *file = fopen(EXAMPLE_BOUNDARY, "r");
	size_t length = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	unsigned int kinds = 0;
	unsigned int styles = 0;

	cr_assert_gt(length, 0);
	(void)fclose(file);
	text[length] = '\0';
	parse(text);
	for (uint32_t i = 0; i < boundary.row_count; i++) {
		kinds |= 1u << boundary.rows[i].kind;
		styles |= 1u << boundary.rows[i].response_style;
	}
	cr_assert_eq(kinds, (1u << (FSC_ROW_DECODE + 1)) - 1);
	cr_assert_eq(styles, (1u << (FSC_RESPONSE_OUT + 1)) - 1);
	cr_assert_eq(fsc_boundary_find(&boundary, "store_put_wide", NULL)->stack_bytes, 32);
	cr_assert_str_eq(first_name("store_sync", "/opt/my app/lib/s.so"), "store_sync");
	cr_assert_null(first_name("store_sync", "/opt/other/s.so"));
	cr_assert_str_eq(fsc_boundary_find(&boundary, "greeter_say_hi", NULL)->free_name,
			 "greeter_free");
}
