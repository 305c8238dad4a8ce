/* SPDX-License-Identifier: MIT */
/* Distributions against the sorted values they were made of. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "analyzers/histogram.h"

static uint64_t seed = 88172645463325252u;

/* xorshift64: the same numbers in every run. */
static uint64_t random_number(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static int by_value(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static void check_quantile(const struct fsc_histogram *histogram, const int64_t *sorted,
			   size_t count, uint32_t per_mille)
{
	size_t rank = (count * per_mille + 999) / 1000;
	int64_t truth = sorted[rank ? rank - 1 : 0];
	int64_t shown = fsc_histogram_quantile(histogram, per_mille).value;

	cr_assert_leq(llabs(shown - truth), llabs(truth) / 100, "p%u: %lld instead of %lld",
		      per_mille, (long long)shown, (long long)truth);
}

Test(histogram, any_quantile_is_within_one_percent)
{
	enum { COUNT = 20000 };
	static int64_t values[COUNT];
	struct fsc_histogram histogram;

	fsc_histogram_init(&histogram);
	for (size_t i = 0; i < COUNT; i++) {
		/* From 1 ns to hours, and a few below zero. */
		values[i] = (int64_t)(random_number() >> (random_number() % 44 + 20));
		if (i % 10 == 0)
			values[i] = -values[i];
		fsc_histogram_add(&histogram, values[i]);
	}
	qsort(values, COUNT, sizeof(values[0]), by_value);
	for (uint32_t per_mille = 0; per_mille <= 1000; per_mille++)
		check_quantile(&histogram, values, COUNT, per_mille);
	fsc_histogram_fini(&histogram);
}

Test(histogram, count_sum_least_and_largest_are_exact)
{
	struct fsc_histogram histogram;

	fsc_histogram_init(&histogram);
	fsc_histogram_add(&histogram, 1000003);
	fsc_histogram_add(&histogram, -7);
	fsc_histogram_add(&histogram, 0);
	cr_assert_eq(histogram.count, 3);
	cr_assert_eq(histogram.sum, 999996);
	cr_assert_eq(histogram.min, -7);
	cr_assert_eq(histogram.max, 1000003);
	cr_assert_eq(fsc_histogram_mean(&histogram).value, 333332);
	cr_assert_eq(fsc_histogram_quantile(&histogram, 500).value, 0);
	fsc_histogram_fini(&histogram);
}

Test(histogram, an_empty_one_knows_nothing)
{
	struct fsc_histogram histogram;

	fsc_histogram_init(&histogram);
	cr_assert_not(fsc_histogram_quantile(&histogram, 500).known);
	cr_assert_not(fsc_histogram_mean(&histogram).known);
	fsc_histogram_fini(&histogram);
}

Test(histogram, merged_parts_are_the_whole)
{
	struct fsc_histogram whole, parts[2];

	fsc_histogram_init(&whole);
	fsc_histogram_init(&parts[0]);
	fsc_histogram_init(&parts[1]);
	for (int i = 0; i < 5000; i++) {
		int64_t value = (int64_t)(random_number() >> (random_number() % 40 + 20)) - 1000;

		fsc_histogram_add(&whole, value);
		fsc_histogram_add(&parts[i % 2], value);
	}
	cr_assert_eq(fsc_histogram_merge(&parts[0], &parts[1]), FSC_OK);
	cr_assert_eq(parts[0].count, whole.count);
	cr_assert_eq(parts[0].sum, whole.sum);
	cr_assert_eq(parts[0].min, whole.min);
	cr_assert_eq(parts[0].max, whole.max);
	for (uint32_t per_mille = 0; per_mille <= 1000; per_mille += 5)
		cr_assert_eq(fsc_histogram_quantile(&parts[0], per_mille).value,
			     fsc_histogram_quantile(&whole, per_mille).value);
	fsc_histogram_fini(&whole);
	fsc_histogram_fini(&parts[0]);
	fsc_histogram_fini(&parts[1]);
}

Test(histogram, the_extremes_of_64_bits_have_a_bucket)
{
	struct fsc_histogram histogram;

	fsc_histogram_init(&histogram);
	fsc_histogram_add(&histogram, INT64_MIN);
	fsc_histogram_add(&histogram, INT64_MAX);
	cr_assert_eq(histogram.dropped, 0);
	cr_assert_eq(fsc_histogram_quantile(&histogram, 0).value, INT64_MIN);
	cr_assert_eq(fsc_histogram_quantile(&histogram, 1000).value, INT64_MAX);
	fsc_histogram_fini(&histogram);
}

Test(histogram, a_value_with_a_weight_counts_that_often)
{
	struct fsc_histogram histogram;

	fsc_histogram_init(&histogram);
	fsc_histogram_add_many(&histogram, 100, 7);
	fsc_histogram_add_many(&histogram, 5000, 3);
	fsc_histogram_add_many(&histogram, 0, 2);
	cr_assert_eq(histogram.count, 12);
	cr_assert_eq(histogram.sum, 700 + 15000);
	cr_assert_eq(fsc_histogram_quantile(&histogram, 500).value, 100);
	cr_assert_gt(fsc_histogram_quantile(&histogram, 900).value, 4900);
	fsc_histogram_fini(&histogram);
}
