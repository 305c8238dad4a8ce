/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "trace_points/image.h"
#include "trace_points/options.h"

Test(options, sizes_take_a_suffix)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = {
		{ "0", 0 },
		{ "128", 128 },
		{ "64k", 65536 },
		{ "64K", 65536 },
		{ "4M", 4194304 },
		{ "1G", 1073741824 },
		{ "17179869183G", 17179869183ull << 30 },
		{ "18446744073709551615", UINT64_MAX },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t bytes = 1;

		cr_assert(fsc_option_parse_size(cases[i].text, &bytes), "%s", cases[i].text);
		cr_assert_eq(bytes, cases[i].bytes, "%s", cases[i].text);
	}
}

Test(options, what_is_no_size_is_refused)
{
	static const char *const cases[] = { "",
					     "k",
					     "-1",
					     "+1",
					     " 1",
					     "1x",
					     "1kk",
					     "1.5M",
					     "1 k",
					     "18446744073709551616",
					     "17179869184G" };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t bytes = 4711;

		cr_assert_not(fsc_option_parse_size(cases[i], &bytes), "%s", cases[i]);
	}
}

Test(options, flags_are_yes_or_no_in_four_ways)
{
	static const char *const yes[] = { "yes", "1", "true", "on" };
	static const char *const no[] = { "no", "0", "false", "off" };
	bool value;

	for (int i = 0; i < 4; i++) {
		cr_assert(fsc_option_parse_flag(yes[i], &value) && value);
		cr_assert(fsc_option_parse_flag(no[i], &value) && !value);
	}
	cr_assert_not(fsc_option_parse_flag("", &value));
	cr_assert_not(fsc_option_parse_flag("ye", &value));
	cr_assert_not(fsc_option_parse_flag("yes|1", &value));
	cr_assert_not(fsc_option_parse_flag("|", &value));
	cr_assert_not(fsc_option_parse_flag("YES", &value));
}

Test(options, a_choice_is_one_whole_word)
{
	const struct fsc_option *clock = &fsc_options[FSC_OPTION_CLOCK];

	cr_assert(fsc_option_valid(clock, "fenced"));
	cr_assert(fsc_option_valid(clock, "fast"));
	cr_assert_not(fsc_option_valid(clock, "fas"));
	cr_assert_not(fsc_option_valid(clock, "faster"));
	cr_assert_not(fsc_option_valid(clock, ""));
}

Test(options, a_rate_is_one_in_so_many_or_off)
{
	uint32_t one_in = 0;

	cr_assert(fsc_option_parse_rate("1/10", &one_in));
	cr_assert_eq(one_in, 10);
	cr_assert(fsc_option_parse_rate("off", &one_in));
	cr_assert_eq(one_in, 1);
	cr_assert(fsc_option_parse_rate("all", &one_in));
	cr_assert_eq(one_in, 1);
	cr_assert(fsc_option_parse_rate("none", &one_in));
	cr_assert_eq(one_in, FSC_SAMPLE_NONE);
	cr_assert(fsc_option_parse_rate("1/1048576", &one_in));
	cr_assert_eq(one_in, 1048576);
	cr_assert_not(fsc_option_parse_rate("1/1048577", &one_in));
	cr_assert_not(fsc_option_parse_rate("1/0", &one_in));
	cr_assert_not(fsc_option_parse_rate("1/", &one_in));
	cr_assert_not(fsc_option_parse_rate("1", &one_in));
	cr_assert_not(fsc_option_parse_rate("10", &one_in));
	cr_assert_not(fsc_option_parse_rate("2/10", &one_in));
	cr_assert_not(fsc_option_parse_rate("1/10x", &one_in));
	cr_assert_not(fsc_option_parse_rate("", &one_in));
	cr_assert_eq(one_in, 1048576);
}

Test(options, every_default_fits_its_kind)
{
	for (int i = 0; i < FSC_OPTION_COUNT; i++) {
		cr_assert(fsc_option_valid(&fsc_options[i], fsc_options[i].value), "%s",
			  fsc_options[i].name);
		cr_assert_eq(strncmp(fsc_options[i].variable, "FFISCOPE_", 9), 0);
	}
}

Test(options, text_is_anything)
{
	cr_assert(fsc_option_valid(&fsc_options[FSC_OPTION_OUTPUT], "a b\nc"));
	cr_assert(fsc_option_valid(&fsc_options[FSC_OPTION_ENTRY], "x_*"));
}
