/* SPDX-License-Identifier: MIT */
/* A clock of 2.7 GHz that drifts, read a little wrongly. */
#include <criterion/criterion.h>

#include "analyzers/clock_map.h"

enum { PAIRS = 50 };

static uint64_t pair_ticks(int i)
{
	return 4000000000000u + (uint64_t)i * 2700000000u + (uint64_t)(i * 37 % 11) * 1000;
}

static uint64_t pair_ns(int i)
{
	return 70000000000u + (uint64_t)i * 1000000000u + (uint64_t)(i * 53 % 17) * 3;
}

static void drifting(struct fsc_clock_map *map)
{
	fsc_clock_map_init(map);
	for (int i = PAIRS - 1; i >= 0; i--)
		cr_assert_eq(fsc_clock_map_add(map, pair_ticks(i), pair_ns(i), 50), FSC_OK);
	cr_assert_eq(fsc_clock_map_finish(map, 0), FSC_OK);
}

Test(clock_map, is_exact_at_every_pair)
{
	struct fsc_clock_map map;
	size_t hint = 0;

	drifting(&map);
	for (int i = 0; i < PAIRS; i++)
		cr_assert_eq(fsc_clock_map_ns(&map, pair_ticks(i), &hint), (int64_t)pair_ns(i));
	cr_assert_gt(map.residual_ns, 0);
	cr_assert_lt(map.residual_ns, 5000);
	fsc_clock_map_fini(&map);
}

Test(clock_map, never_runs_backwards)
{
	struct fsc_clock_map map;
	size_t hint = 0, cold;
	int64_t last = INT64_MIN;

	drifting(&map);
	for (uint64_t ticks = pair_ticks(0) - 9000000000u;
	     ticks < pair_ticks(PAIRS - 1) + 9000000000u; ticks += 99991) {
		int64_t now = fsc_clock_map_ns(&map, ticks, &hint);

		cr_assert_geq(now, last);
		last = now;
	}
	for (int i = 0; i < PAIRS; i++)
		for (uint64_t near = 0; near < 20; near++) {
			cold = 0;
			hint = PAIRS - 1;
			cr_assert_leq(fsc_clock_map_ns(&map, pair_ticks(i) - 10 + near, &cold),
				      fsc_clock_map_ns(&map, pair_ticks(i) - 9 + near, &hint));
		}
	fsc_clock_map_fini(&map);
}

Test(clock_map, goes_on_beyond_both_ends_with_the_nearest_slope)
{
	struct fsc_clock_map map;
	size_t hint = 0;

	fsc_clock_map_init(&map);
	cr_assert_eq(fsc_clock_map_add(&map, 1000, 5000, 0), FSC_OK);
	cr_assert_eq(fsc_clock_map_add(&map, 2000, 5500, 0), FSC_OK);
	cr_assert_eq(fsc_clock_map_add(&map, 3000, 7500, 0), FSC_OK);
	cr_assert_eq(fsc_clock_map_finish(&map, 0), FSC_OK);
	cr_assert_eq(fsc_clock_map_ns(&map, 0, &hint), 4500);
	cr_assert_eq(fsc_clock_map_ns(&map, 1500, &hint), 5250);
	cr_assert_eq(fsc_clock_map_ns(&map, 4000, &hint), 9500);
	cr_assert_eq(map.residual_ns, 750);
	fsc_clock_map_fini(&map);
}

Test(clock_map, one_pair_takes_the_nominal_rate)
{
	struct fsc_clock_map map;
	size_t hint = 0;

	fsc_clock_map_init(&map);
	cr_assert_eq(fsc_clock_map_add(&map, 1000000, 77, 0), FSC_OK);
	cr_assert_eq(fsc_clock_map_finish(&map, 2000000000), FSC_OK);
	cr_assert_eq(fsc_clock_map_ns(&map, 1002000, &hint), 1077);
	cr_assert_not(map.guessed);
	fsc_clock_map_fini(&map);
}

Test(clock_map, no_pair_is_a_guess_and_says_so)
{
	struct fsc_clock_map map;
	size_t hint = 0;

	fsc_clock_map_init(&map);
	cr_assert_eq(fsc_clock_map_finish(&map, 0), FSC_OK);
	cr_assert(map.guessed);
	cr_assert_eq(fsc_clock_map_ns(&map, 1234, &hint), 1234);
	fsc_clock_map_fini(&map);
}

Test(clock_map, pairs_that_run_backwards_are_refused)
{
	struct fsc_clock_map map;
	size_t hint = 0;

	fsc_clock_map_init(&map);
	cr_assert_eq(fsc_clock_map_add(&map, 1000, 1000, 0), FSC_OK);
	cr_assert_eq(fsc_clock_map_add(&map, 1500, 900, 0), FSC_OK);
	cr_assert_eq(fsc_clock_map_add(&map, 1600, UINT64_MAX, 0), FSC_OK);
	cr_assert_eq(fsc_clock_map_add(&map, 2000, 2000, 0), FSC_OK);
	cr_assert_eq(fsc_clock_map_finish(&map, 0), FSC_OK);
	cr_assert_eq(map.refused, 2);
	cr_assert_eq(fsc_clock_map_ns(&map, 1500, &hint), 1500);
	fsc_clock_map_fini(&map);
}

Test(clock_map, wild_ticks_stay_within_bounds)
{
	struct fsc_clock_map map;
	size_t hint = 0;

	drifting(&map);
	cr_assert_leq(fsc_clock_map_ns(&map, UINT64_MAX, &hint), (int64_t)1 << 61);
	cr_assert_geq(fsc_clock_map_ns(&map, 0, &hint), -((int64_t)1 << 61));
	fsc_clock_map_fini(&map);
}
