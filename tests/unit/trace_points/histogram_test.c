/* SPDX-License-Identifier: MIT */
/* Buckets against their definition, in long double where that is exact enough. */
#include <criterion/criterion.h>
#include <math.h>

#include "trace_points/histogram.h"

static void check_bounds(uint64_t value)
{
	uint32_t bucket = fsc_histogram_bucket(value);
	long double lower = powl(2.0L, (long double)bucket / FSC_HISTOGRAM_PER_OCTAVE);
	long double upper = powl(2.0L, (long double)(bucket + 1) / FSC_HISTOGRAM_PER_OCTAVE);

	/* One part in 2^58: the rounding of powl itself. */
	cr_assert(value == 1 || (long double)value >= lower * (1.0L - 0x1p-58L),
		  "%llu lies below bucket %u", (unsigned long long)value, bucket);
	cr_assert((long double)value <= upper * (1.0L + 0x1p-58L), "%llu lies above bucket %u",
		  (unsigned long long)value, bucket);
}

Test(histogram, every_value_lies_between_the_bounds_of_its_bucket)
{
	for (uint64_t value = 1; value < 100000; value++)
		check_bounds(value);
	for (uint32_t shift = 0; shift < 47; shift++)
		for (uint64_t value = 0x10000; value < 0x20000; value += 97)
			check_bounds(value << shift);
	check_bounds(UINT64_MAX);
}

Test(histogram, a_power_of_two_is_the_closed_end_of_the_octave_before_it)
{
	cr_assert_eq(fsc_histogram_bucket(1), 0);
	for (uint32_t octave = 1; octave < 64; octave++) {
		uint64_t power = (uint64_t)1 << octave;

		cr_assert_eq(fsc_histogram_bucket(power), octave * FSC_HISTOGRAM_PER_OCTAVE - 1);
		if (octave > FSC_HISTOGRAM_SCALE)
			cr_assert_eq(fsc_histogram_bucket(power + 1),
				     octave * FSC_HISTOGRAM_PER_OCTAVE);
	}
	cr_assert_eq(fsc_histogram_bucket(UINT64_MAX), FSC_HISTOGRAM_BUCKETS - 1);
}

Test(histogram, buckets_never_go_down_as_values_go_up)
{
	uint32_t last = 0;

	for (uint64_t value = 1; value < (uint64_t)1 << 62; value += value / 1000 + 1) {
		uint32_t bucket = fsc_histogram_bucket(value);

		cr_assert_geq(bucket, last);
		last = bucket;
	}
}

Test(histogram, the_value_that_stands_for_a_bucket_is_within_one_percent)
{
	for (uint64_t value = 1; value < (uint64_t)1 << 62; value += value / 500 + 1) {
		uint64_t stands = fsc_histogram_bucket_value(fsc_histogram_bucket(value));
		uint64_t off = stands > value ? stands - value : value - stands;

		cr_assert_leq(off, value / 100, "%llu is shown as %llu", (unsigned long long)value,
			      (unsigned long long)stands);
	}
	cr_assert_gt(fsc_histogram_bucket_value(FSC_HISTOGRAM_BUCKETS - 1), UINT64_MAX / 100 * 99);
}
