/* SPDX-License-Identifier: MIT */
#include "cli/units.h"

#include <criterion/criterion.h>

static char text[FSC_UNITS_TEXT];

static const char *ns(int64_t value)
{
	return fsc_units_ns(text, fsc_known(value));
}

static const char *bytes(int64_t value)
{
	return fsc_units_bytes(text, fsc_known(value));
}

Test(units, what_is_not_known_is_a_question_mark)
{
	cr_assert_str_eq(fsc_units_ns(text, FSC_UNKNOWN), "?");
	cr_assert_str_eq(fsc_units_ps(text, FSC_UNKNOWN), "?");
	cr_assert_str_eq(fsc_units_bytes(text, FSC_UNKNOWN), "?");
	cr_assert_str_eq(fsc_units_count(text, FSC_UNKNOWN), "?");
	cr_assert_str_eq(fsc_units_share(text, FSC_UNKNOWN), "?");
}

Test(units, times_have_three_digits_and_a_fitting_unit)
{
	cr_assert_str_eq(ns(0), "0 ns");
	cr_assert_str_eq(ns(999), "999 ns");
	cr_assert_str_eq(ns(1000), "1.00 µs");
	cr_assert_str_eq(ns(4214), "4.21 µs");
	cr_assert_str_eq(ns(42149), "42.1 µs");
	cr_assert_str_eq(ns(421499), "421 µs");
	cr_assert_str_eq(ns(4214999), "4.21 ms");
	cr_assert_str_eq(ns(1234000000000), "1234 s");
}

Test(units, rounding_carries_into_the_next_unit)
{
	cr_assert_str_eq(ns(9994), "9.99 µs");
	cr_assert_str_eq(ns(9995), "10.0 µs");
	cr_assert_str_eq(ns(99950), "100 µs");
	cr_assert_str_eq(ns(999499), "999 µs");
	cr_assert_str_eq(ns(999500), "1.00 ms");
	cr_assert_str_eq(ns(999999999), "1.00 s");
}

Test(units, negative_times_are_shown_as_they_are)
{
	cr_assert_str_eq(ns(-5), "-5 ns");
	cr_assert_str_eq(ns(-4214), "-4.21 µs");
}

Test(units, the_extremes_do_not_overflow)
{
	cr_assert_str_eq(ns(INT64_MAX), "9223372037 s");
	cr_assert_str_eq(ns(INT64_MIN), "-9223372037 s");
	cr_assert_str_eq(bytes(INT64_MAX), "8192 PiB");
	cr_assert_str_eq(fsc_units_share(text, fsc_known(INT64_MIN)), "-922337203685477.6 %");
}

Test(units, picoseconds_are_shown_as_finely_as_they_are)
{
	cr_assert_str_eq(fsc_units_ps(text, fsc_known(12345)), "12.3 ns");
	cr_assert_str_eq(fsc_units_ps(text, fsc_known(900)), "900 ps");
}

Test(units, bytes_are_scaled_by_1024)
{
	cr_assert_str_eq(bytes(640), "640 B");
	cr_assert_str_eq(bytes(1000), "0.98 KiB");
	cr_assert_str_eq(bytes(1024), "1.00 KiB");
	cr_assert_str_eq(bytes(1536 * 1024), "1.50 MiB");
}

Test(units, counts_keep_all_digits)
{
	cr_assert_str_eq(fsc_units_count(text, fsc_known(1234567890123)), "1234567890123");
}

Test(units, shares_are_percent_with_one_decimal)
{
	cr_assert_str_eq(fsc_units_share(text, fsc_known(193499)), "19.3 %");
	cr_assert_str_eq(fsc_units_share(text, fsc_known(1000000)), "100.0 %");
	cr_assert_str_eq(fsc_units_share(text, fsc_known(-12345)), "-1.2 %");
	cr_assert_str_eq(fsc_units_share(text, fsc_known(499)), "0.0 %");
}
