/* SPDX-License-Identifier: MIT */
/*
 * histogram.h - base-2 exponential buckets, the same for whoever fills and whoever reads them.
 *
 * Bucket i of the positive side holds values in (2^(i/128), 2^((i+1)/128)]: scale 7 in the terms of
 * the OpenTelemetry exponential histogram. A bucket's geometric middle is within 0.28 % of anything
 * in it. Zero and negative values have places of their own.
 */
#ifndef TRACE_POINTS_HISTOGRAM_H
#define TRACE_POINTS_HISTOGRAM_H

#include <stdint.h>

enum fsc_histogram_layout {
	FSC_HISTOGRAM_SCALE = 7,
	FSC_HISTOGRAM_PER_OCTAVE = 1 << FSC_HISTOGRAM_SCALE,
	FSC_HISTOGRAM_BUCKETS = 64 * FSC_HISTOGRAM_PER_OCTAVE
};

/* The bucket of a value >= 1; 1 itself falls in bucket 0 (its lower bound is taken as closed). */
uint32_t fsc_histogram_bucket(uint64_t value);

/* The value that stands for a bucket, rounded: its geometric middle. */
uint64_t fsc_histogram_bucket_value(uint32_t bucket);

#endif
