/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "trace_points/json_writer.h"

static char text[4096];
static size_t text_used;
static char small[7];
static struct fsc_json json;

static bool collect(void *arg, const char *part, size_t length)
{
	cr_assert_eq(arg, text);
	memcpy(text + text_used, part, length);
	text_used += length;
	return true;
}

static bool refuse(void *arg, const char *part, size_t length)
{
	(void)part;
	(void)length;
	++*(int *)arg;
	return false;
}

static void begin(void)
{
	fsc_json_init(&json, small, sizeof(small), collect, text);
}

static const char *end(void)
{
	cr_assert(fsc_json_finish(&json));
	text[text_used] = '\0';
	return text;
}

TestSuite(json_writer, .init = begin);

Test(json_writer, commas_stand_between_members_and_elements_only)
{
	fsc_json_object_begin(&json);
	fsc_json_member_u64(&json, "a", 1);
	fsc_json_key(&json, "b");
	fsc_json_array_begin(&json);
	fsc_json_u64(&json, 2);
	fsc_json_array_begin(&json);
	fsc_json_array_end(&json);
	fsc_json_object_begin(&json);
	fsc_json_object_end(&json);
	fsc_json_array_end(&json);
	fsc_json_member_null(&json, "c");
	fsc_json_object_end(&json);
	cr_assert_str_eq(end(), "{\"a\":1,\"b\":[2,[],{}],\"c\":null}\n");
}

Test(json_writer, numbers_are_whole_up_to_their_limits)
{
	fsc_json_array_begin(&json);
	fsc_json_u64(&json, 0);
	fsc_json_u64(&json, UINT64_MAX);
	fsc_json_i64(&json, INT64_MIN);
	fsc_json_i64(&json, -1);
	fsc_json_array_end(&json);
	cr_assert_str_eq(end(), "[0,18446744073709551615,-9223372036854775808,-1]\n");
}

Test(json_writer, decimals_are_exact)
{
	fsc_json_array_begin(&json);
	fsc_json_decimal(&json, 12345, 4);
	fsc_json_decimal(&json, 5, 4);
	fsc_json_decimal(&json, -5, 1);
	fsc_json_decimal(&json, 0, 2);
	fsc_json_decimal(&json, 7, 0);
	fsc_json_decimal(&json, 1000000, 6);
	fsc_json_array_end(&json);
	cr_assert_str_eq(end(), "[1.2345,0.0005,-0.5,0.00,7,1.000000]\n");
}

Test(json_writer, quotes_and_control_bytes_are_escaped)
{
	fsc_json_array_begin(&json);
	fsc_json_string(&json, "a\"b\\c/\n\t\b\f\r\x01\x1f\x7f");
	fsc_json_string(&json, "");
	fsc_json_text(&json, "x\0y", 3);
	fsc_json_string(&json, NULL);
	fsc_json_array_end(&json);
	cr_assert_str_eq(end(), "[\"a\\\"b\\\\c/\\n\\t\\b\\f\\r\\u0001\\u001f\\u007f\",\"\","
				"\"x\\u0000y\",null]\n");
}

Test(json_writer, good_utf8_passes)
{
	fsc_json_string(&json, "\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80 \xF4\x8F\xBF\xBF");
	cr_assert_str_eq(end(), "\"\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80 \xF4\x8F\xBF\xBF\"\n");
}

#define BAD "\xEF\xBF\xBD"

Test(json_writer, bytes_that_are_not_utf8_are_replaced_one_by_one)
{
	fsc_json_array_begin(&json);
	fsc_json_string(&json, "a\x80z");	    /* a lone continuation */
	fsc_json_string(&json, "\xC3");		    /* cut off */
	fsc_json_string(&json, "\xC0\xAF");	    /* overlong */
	fsc_json_string(&json, "\xED\xA0\x80");	    /* a surrogate */
	fsc_json_string(&json, "\xF4\x90\x80\x80"); /* above U+10FFFF */
	fsc_json_string(&json, "\xE2\x82"
			       "a"); /* cut off, then text */
	fsc_json_array_end(&json);
	cr_assert_str_eq(end(), "[\"a" BAD "z\",\"" BAD "\",\"" BAD BAD "\",\"" BAD BAD BAD
				"\",\"" BAD BAD BAD BAD "\",\"" BAD BAD "a\"]\n");
}

Test(json_writer, line_breaks_come_after_the_comma)
{
	fsc_json_array_begin(&json);
	fsc_json_newline(&json);
	fsc_json_bool(&json, true);
	fsc_json_newline(&json);
	fsc_json_bool(&json, false);
	fsc_json_newline(&json);
	fsc_json_array_end(&json);
	cr_assert_str_eq(end(), "[\ntrue,\nfalse\n]\n");
}

Test(json_writer, a_failed_flush_is_called_once_and_told_at_the_end)
{
	int calls = 0;

	fsc_json_init(&json, small, sizeof(small), refuse, &calls);
	for (int i = 0; i < 100; i++)
		fsc_json_string(&json, "something long");
	cr_assert_not(fsc_json_finish(&json));
	cr_assert_eq(calls, 1);
}

Test(json_writer, without_flush_the_buffer_must_be_large_enough)
{
	char exact[5];

	fsc_json_init(&json, exact, sizeof(exact), NULL, NULL);
	fsc_json_bool(&json, true);
	cr_assert(fsc_json_finish(&json));
	cr_assert_eq(json.used, 5);
	fsc_json_init(&json, exact, 4, NULL, NULL);
	fsc_json_bool(&json, true);
	cr_assert_not(fsc_json_finish(&json));
	fsc_json_init(&json, exact, 0, NULL, NULL);
	fsc_json_bool(&json, true);
	cr_assert_not(fsc_json_finish(&json));
}

Test(json_writer, a_document_that_is_not_closed_or_too_deep_is_no_document)
{
	fsc_json_object_begin(&json);
	cr_assert_not(fsc_json_finish(&json));
	fsc_json_init(&json, small, sizeof(small), collect, text);
	fsc_json_object_end(&json);
	cr_assert_not(fsc_json_finish(&json));
	fsc_json_init(&json, small, sizeof(small), collect, text);
	for (int i = 0; i < 100; i++)
		fsc_json_array_begin(&json);
	for (int i = 0; i < 100; i++)
		fsc_json_array_end(&json);
	cr_assert_not(fsc_json_finish(&json));
}
