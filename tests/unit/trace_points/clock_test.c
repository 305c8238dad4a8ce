/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "trace_points/clock.h"

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

Test(clock, the_step_is_at_least_one_tick)
{
	cr_assert_geq(fsc_clock_step_ticks(true), 1);
	cr_assert_geq(fsc_clock_step_ticks(!fsc_clock_has_counter()), 1);
}
