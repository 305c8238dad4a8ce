/* SPDX-License-Identifier: MIT */
/*
 * built_in_test.c - the rows that hold without a boundary file.
 */
#include "ffi/boundary.h"

#include <criterion/criterion.h>
#include <string.h>

static struct fsc_boundary boundary;

static const struct fsc_boundary_row *find(const char *name)
{
	if (boundary.row_count == 0)
		fsc_boundary_add_built_in(&boundary);
	return fsc_boundary_find(&boundary, name, "/opt/libgreeter.so");
}

Test(built_in, every_row_of_the_list_is_a_good_row)
{
#define FSC_BUILT_IN(row) row "\n",
	static const char *const rows[] = {
#include "ffi/built_in.def"
	};
#undef FSC_BUILT_IN
	struct fsc_boundary_error error;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_assert(fsc_boundary_parse(&boundary, rows[i], strlen(rows[i]), &error), "%s",
			  rows[i]);
	boundary.row_count = 0;
	fsc_boundary_add_built_in(&boundary);
	cr_assert_eq(boundary.row_count, sizeof(rows) / sizeof(rows[0]));
}

Test(built_in, rows_are_marked_and_have_no_line)
{
	cr_assert_not_null(find("proto2ffi_say_hello"));
	for (uint32_t i = 0; i < boundary.row_count; i++) {
		cr_assert(boundary.rows[i].built_in);
		cr_assert_eq(boundary.rows[i].line, 0);
	}
}

Test(built_in, the_two_styles_of_entry_points_are_known)
{
	cr_assert_eq(find("proto2ffi_say_hello")->kind, FSC_ROW_ENTRY);
	cr_assert_eq(find("proto2ffi_say_hello")->response_style, FSC_RESPONSE_HIDDEN);
	cr_assert_eq(find("calculator_process")->response_style, FSC_RESPONSE_REGISTERS);
	cr_assert_null(find("init_service"));
	cr_assert_null(find("greet"));
}

Test(built_in, free_functions_win_over_the_entry_globs)
{
	cr_assert_eq(find("proto2ffi_free_byte_buffer")->kind, FSC_ROW_FREE);
	cr_assert_eq(find("proto2ffi_free_byte_buffer")->buffer.pointer.from, FSC_FROM_BY_VALUE);
	cr_assert_eq(find("calculator_free_buffer")->kind, FSC_ROW_FREE);
	cr_assert_eq(find("calculator_free_buffer")->buffer.length.from, FSC_FROM_ARG);
	cr_assert_eq(find("calculator_free_buffer")->buffer.length.index, 1);
}

Test(built_in, statistics_and_initialisers_never_return_a_buffer)
{
	cr_assert_eq(find("proto2ffi_memory_stats")->response_style, FSC_RESPONSE_NONE);
	cr_assert_eq(find("proto2ffi_memory_stats")->request.pointer.from, FSC_FROM_NOWHERE);
	cr_assert_eq(find("calculator_memory_stats")->response_style, FSC_RESPONSE_NONE);
	cr_assert_eq(find("proto2ffi_init_greeter")->response_style, FSC_RESPONSE_NONE);
}

Test(built_in, protobuf_c_functions_are_codecs)
{
	cr_assert_eq(find("protobuf_c_message_pack")->kind, FSC_ROW_ENCODE);
	cr_assert_eq(find("protobuf_c_message_pack_to_buffer")->kind, FSC_ROW_ENCODE);
	cr_assert_eq(find("protobuf_c_message_get_packed_size")->kind, FSC_ROW_ENCODE);
	cr_assert_eq(find("protobuf_c_message_unpack")->kind, FSC_ROW_DECODE);
	cr_assert_eq(find("protobuf_c_message_unpack")->buffer.pointer.index, 3);
	cr_assert_eq(find("protobuf_c_message_unpack")->buffer.length.index, 2);
	cr_assert_null(find("protobuf_c_message_free_unpacked"));
}

/* As nm -D prints the names of libprotobuf.so.32. */
#define ENCODE "_ZNK6google8protobuf11MessageLite"
#define DECODE "_ZN6google8protobuf11MessageLite"
#define STRING "NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"

static void assert_codec(const char *name, enum fsc_row_kind kind, uint8_t pointer, uint8_t length)
{
	const struct fsc_boundary_row *row = find(name);

	cr_assert_not_null(row, "%s", name);
	cr_assert_eq(row->kind, kind, "%s", name);
	cr_assert_eq(row->message.from, FSC_FROM_ARG, "%s", name);
	cr_assert_eq(row->message.index, 0, "%s", name);
	cr_assert_eq(row->buffer.pointer.from, pointer, "%s", name);
	cr_assert_eq(row->buffer.length.from, length, "%s", name);
}

Test(built_in, methods_of_message_lite_are_codecs)
{
	assert_codec(ENCODE "16SerializeToArrayEPvi", FSC_ROW_ENCODE, FSC_FROM_ARG,
		     FSC_FROM_NOWHERE);
	assert_codec(ENCODE "17SerializeToStringEP" STRING, FSC_ROW_ENCODE, FSC_FROM_POINTED,
		     FSC_FROM_POINTED);
	assert_codec(ENCODE "17SerializeAsStringB5cxx11Ev", FSC_ROW_ENCODE, FSC_FROM_RETURN,
		     FSC_FROM_RETURN);
	assert_codec(ENCODE "14AppendToStringEP" STRING, FSC_ROW_ENCODE, FSC_FROM_POINTED,
		     FSC_FROM_NOWHERE);
	assert_codec(ENCODE "32SerializePartialToZeroCopyStreamEPNS0_2io20ZeroCopyOutputStreamE",
		     FSC_ROW_ENCODE, FSC_FROM_NOWHERE, FSC_FROM_NOWHERE);
	assert_codec(DECODE "14ParseFromArrayEPKvi", FSC_ROW_DECODE, FSC_FROM_ARG, FSC_FROM_INT);
	assert_codec(DECODE "15ParseFromStringERK" STRING, FSC_ROW_DECODE, FSC_FROM_POINTED,
		     FSC_FROM_POINTED);
	assert_codec(DECODE "20MergeFromCodedStreamEPNS0_2io16CodedInputStreamE", FSC_ROW_DECODE,
		     FSC_FROM_NOWHERE, FSC_FROM_NOWHERE);
}

Test(built_in, strings_of_another_layout_are_not_read)
{
	assert_codec(ENCODE "17SerializeToStringEPSs", FSC_ROW_ENCODE, FSC_FROM_NOWHERE,
		     FSC_FROM_NOWHERE);
	assert_codec(ENCODE "17SerializeToStringEPNSt3__112basic_stringIcNS3_11char_traitsIcEENS3_9"
			    "allocatorIcEEEE",
		     FSC_ROW_ENCODE, FSC_FROM_NOWHERE, FSC_FROM_NOWHERE);
}

Test(built_in, methods_of_message_lite_without_a_codec_are_left_alone)
{
	cr_assert_null(find(ENCODE "11DebugStringB5cxx11Ev"));
	cr_assert_null(find(ENCODE "25InitializationErrorStringB5cxx11Ev"));
	cr_assert_null(find(DECODE "25OnDemandRegisterArenaDtorEPNS0_5ArenaE"));
}

Test(built_in, a_row_of_the_user_wins)
{
	static const char text[] = "entry proto2ffi_say_hello response=none\n";
	struct fsc_boundary_error error;

	cr_assert(fsc_boundary_parse(&boundary, text, strlen(text), &error));
	fsc_boundary_add_built_in(&boundary);
	cr_assert_not(find("proto2ffi_say_hello")->built_in);
	cr_assert(find("proto2ffi_get_user")->built_in);
}

Test(built_in, a_full_boundary_takes_none_and_stays_whole)
{
	boundary.row_count = FSC_BOUNDARY_ROWS_MAX;
	fsc_boundary_add_built_in(&boundary);
	cr_assert_eq(boundary.row_count, FSC_BOUNDARY_ROWS_MAX);
}
