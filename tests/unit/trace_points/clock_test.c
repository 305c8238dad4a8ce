/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "trace_points/clock.h"
#include "trace_points/image.h"

Test(clock, a_pair_lies_between_two_readings_of_the_system_clock)
{
	uint64_t before = fsc_clock_monotonic_ns();
	struct fsc_clock_pair pair = fsc_clock_pair_read(!fsc_clock_has_counter());
	uint64_t after = fsc_clock_monotonic_ns();

	cr_assert_geq(pair.monotonic_ns, before);
	cr_assert_leq(pair.monotonic_ns, after);
}

Test(clock, ticks_of_the_system_clock_are_its_nanoseconds)
{
	struct fsc_clock_pair pair = fsc_clock_pair_read(true);

	cr_assert_eq(pair.ticks, pair.monotonic_ns);
	cr_assert_eq(fsc_clock_ticks_per_s(true, 0), 1000000000);
}

Test(clock, the_measured_rate_is_the_same_twice)
{
	bool system = !fsc_clock_has_counter();
	double first = (double)fsc_clock_ticks_per_s(system, 5000000);
	double second = (double)fsc_clock_ticks_per_s(system, 5000000);

	cr_assert_gt(first, 0.99 * second);
	cr_assert_lt(first, 1.01 * second);
}

enum { TURNS = 101, READINGS = 20000 };

static int ascending(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* Not the least of all: a thread that changes its processor may read any difference once. */
static uint64_t usual_step(bool system)
{
	static uint64_t found[TURNS];

	for (int i = 0; i < TURNS; i++)
		found[i] = fsc_clock_step_ticks(system);
	qsort(found, TURNS, sizeof(found[0]), ascending);
	return found[TURNS / 2];
}

/* Of readings that differ, how far the nearest are apart. */
static uint64_t small_difference(bool system)
{
	static uint64_t found[READINGS];

	for (int i = 0; i < READINGS;) {
		uint64_t first = system ? fsc_clock_monotonic_ns() : fsc_clock_counter();
		uint64_t second = system ? fsc_clock_monotonic_ns() : fsc_clock_counter();

		if (second > first)
			found[i++] = second - first;
	}
	qsort(found, READINGS, sizeof(found[0]), ascending);
	return found[READINGS / 100];
}

static void check_step(bool system)
{
	uint64_t step = usual_step(system), difference = small_difference(system);

	cr_assert_leq(step, 2 * difference);
	cr_assert_leq(difference, 3 * step);
}

Test(clock, the_step_is_how_far_the_nearest_readings_are_apart)
{
	check_step(true);
	check_step(!fsc_clock_has_counter());
}

Test(clock, every_mode_has_a_name)
{
	cr_assert_str_eq(fsc_clock_mode_name(FSC_CLOCK_FENCED), "fenced");
	cr_assert_str_eq(fsc_clock_mode_name(FSC_CLOCK_FAST), "fast");
	cr_assert_str_eq(fsc_clock_mode_name(FSC_CLOCK_SYSTEM), "system");
	cr_assert_null(fsc_clock_mode_name(FSC_CLOCK_SYSTEM + 1));
}

Test(clock, the_pace_is_that_of_some_work)
{
	uint64_t pace;

	if (!fsc_clock_has_counter())
		cr_skip("the counter may not be read here");
	pace = fsc_clock_pace_ticks();
	cr_assert_gt(pace, 0);
	cr_assert_lt(pace, fsc_clock_ticks_per_s(false, 1000000));
}
