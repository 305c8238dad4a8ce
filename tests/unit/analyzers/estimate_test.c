/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "analyzers/estimate_internal.h"

Test(estimate, all_calls_leave_no_doubt)
{
	struct fsc_estimate estimate = { 0 };

	for (int i = 0; i < 100; i++)
		fsc_estimate_add(&estimate, i * 1000, 1, 1);
	cr_assert_eq(fsc_estimate_ci95(&estimate).value, 0);
}

Test(estimate, one_call_says_nothing_of_the_others)
{
	struct fsc_estimate estimate = { 0 };

	cr_assert_not(fsc_estimate_ci95(&estimate).known);
	fsc_estimate_add(&estimate, 1000, 10, 1);
	cr_assert_not(fsc_estimate_ci95(&estimate).known);
}

/* 100 values of 0 and 100 of 200: their deviation is 100, over sqrt(200) 7.07, t = 1.97. */
Test(estimate, the_interval_is_that_of_a_mean)
{
	struct fsc_estimate estimate = { 0 };

	for (int i = 0; i < 200; i++)
		fsc_estimate_add(&estimate, 1000000000 + i % 2 * 200, 1000000, 1);
	cr_assert_geq(fsc_estimate_ci95(&estimate).value, 14);
	cr_assert_leq(fsc_estimate_ci95(&estimate).value, 15);
}

/* Half of all calls seen: only the other half is in doubt. */
Test(estimate, what_was_seen_is_not_in_doubt)
{
	struct fsc_estimate one_in_two = { 0 }, one_in_many = { 0 };

	for (int i = 0; i < 200; i++) {
		fsc_estimate_add(&one_in_two, i % 2 * 20000, 2, 1);
		fsc_estimate_add(&one_in_many, i % 2 * 20000, 1000, 1);
	}
	cr_assert_float_eq((double)fsc_estimate_ci95(&one_in_two).value /
				   (double)fsc_estimate_ci95(&one_in_many).value,
			   0.7075, 0.01);
}

Test(estimate, few_calls_widen_it)
{
	struct fsc_estimate two = { 0 };

	fsc_estimate_add(&two, 0, 1000000, 1);
	fsc_estimate_add(&two, 200, 1000000, 1);
	/* deviation 141, over sqrt(2) 100, t = 12.7 */
	cr_assert_geq(fsc_estimate_ci95(&two).value, 1260);
	cr_assert_leq(fsc_estimate_ci95(&two).value, 1280);
}

Test(estimate, parts_add_up_to_what_the_whole_says)
{
	struct fsc_estimate whole = { 0 }, part[3] = { 0 }, sum = { 0 };

	for (int i = 0; i < 300; i++) {
		int64_t value = 70000000000 + (int64_t)i * i * 7919 % 1000;

		fsc_estimate_add(&whole, value, i % 5 + 1, 1);
		fsc_estimate_add(&part[i % 3], value, i % 5 + 1, 1);
	}
	for (int i = 2; i >= 0; i--)
		fsc_estimate_join(&sum, &part[i]);
	cr_assert_gt(fsc_estimate_ci95(&whole).value, 0);
	cr_assert_lt(fsc_estimate_ci95(&whole).value, 100);
	cr_assert_eq(fsc_estimate_ci95(&sum).value, fsc_estimate_ci95(&whole).value);
}
