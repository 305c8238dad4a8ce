/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "flamegraphs/utf8.h"

static size_t decode(const char *text, uint32_t *code)
{
	return fsc_utf8_decode(text, strlen(text), code);
}

Test(utf8, characters_of_each_length_are_decoded)
{
	uint32_t code = 0;

	cr_assert_eq(decode("A", &code), 1);
	cr_assert_eq(code, 'A');
	cr_assert_eq(decode("\xC2\xB5", &code), 2);
	cr_assert_eq(code, 0xB5);
	cr_assert_eq(decode("\xE2\x82\xAC", &code), 3);
	cr_assert_eq(code, 0x20AC);
	cr_assert_eq(decode("\xF0\x9F\x98\x80", &code), 4);
	cr_assert_eq(code, 0x1F600);
}

Test(utf8, what_is_malformed_has_no_length)
{
	static const char *const malformed[] = {
		"\x80",
		"\xC0\x80",
		"\xC1\xBF",
		"\xE0\x80\x80",
		"\xED\xA0\x80",
		"\xF0\x80\x80\x80",
		"\xF4\x90\x80\x80",
		"\xF5\x80\x80\x80",
		"\xE2\x82",
		"\xC2",
		"\xE2(\xA1",
		"\xFF",
	};
	uint32_t code = 7;

	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		cr_assert_eq(decode(malformed[i], &code), 0, "%zu", i);
	cr_assert_eq(code, 7);
}

Test(utf8, what_steers_a_terminal_or_turns_text_is_not_printable)
{
	cr_assert_not(fsc_utf8_printable(0x1B));
	cr_assert_not(fsc_utf8_printable(0x7F));
	cr_assert_not(fsc_utf8_printable(0x9B));
	cr_assert_not(fsc_utf8_printable(0x202E));
	cr_assert_not(fsc_utf8_printable(0xFFFE));
	cr_assert(fsc_utf8_printable('~'));
	cr_assert(fsc_utf8_printable(0x2588));
}

Test(utf8, what_cannot_be_shown_is_replaced_and_stepped_over)
{
	struct fsc_utf8_character good = fsc_utf8_next("\xE2\x96\x88x", 4);
	struct fsc_utf8_character malformed = fsc_utf8_next("\xFFx", 2);
	struct fsc_utf8_character control = fsc_utf8_next("\xC2\x9Bx", 3);

	cr_assert_eq(good.step, 3);
	cr_assert_eq(good.length, 3);
	cr_assert_eq(malformed.step, 1);
	cr_assert_str_eq(malformed.bytes, FSC_UTF8_REPLACEMENT);
	cr_assert_eq(control.step, 2);
	cr_assert_str_eq(control.bytes, FSC_UTF8_REPLACEMENT);
	cr_assert_eq(fsc_utf8_text_columns("a\xFF\xE6\xBC\xA2"), 4);
}

Test(utf8, columns_are_those_of_a_terminal)
{
	cr_assert_eq(fsc_utf8_columns('a'), 1);
	cr_assert_eq(fsc_utf8_columns(0x0301), 0);
	cr_assert_eq(fsc_utf8_columns(0x6F22), 2);
	cr_assert_eq(fsc_utf8_columns(0x1F600), 2);
}
