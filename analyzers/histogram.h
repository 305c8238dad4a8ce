/* SPDX-License-Identifier: MIT */
/*
 * histogram.h - a distribution of ns (or bytes) in little memory.
 *
 * In:     signed 64-bit values.
 * Out:    exact count, sum, min, max; quantiles within 0.28 % of the true value.
 * Cost:   no allocation once the range of values is known; 8 bytes for each bucket between the
 *         least and the largest value seen (128 an octave, trace_points/histogram.h).
 * Thread: one object per thread; fsc_histogram_merge() adds them up.
 */
#ifndef ANALYZERS_HISTOGRAM_H
#define ANALYZERS_HISTOGRAM_H

#include "analyzers/status.h"

/* Buckets of one sign: counts[i] belongs to bucket first + i. */
struct fsc_histogram_side {
	uint64_t *counts;
	uint32_t first;
	uint32_t size;
};

/* Zeroed memory is an empty histogram. */
struct fsc_histogram {
	uint64_t count;
	uint64_t zero_count;
	int64_t sum;
	int64_t min; /* meaningful when count > 0 */
	int64_t max;
	uint64_t dropped; /* values without a bucket, because memory was out; in count, sum, min,
			     max */
	struct fsc_histogram_side positive;
	struct fsc_histogram_side negative; /* of the absolute values */
};

void fsc_histogram_init(struct fsc_histogram *histogram);
void fsc_histogram_fini(struct fsc_histogram *histogram);

/* Never fails: without memory for a new bucket the value is counted in `dropped`. */
void fsc_histogram_add(struct fsc_histogram *histogram, int64_t value);

/* The same value `count` times. */
void fsc_histogram_add_many(struct fsc_histogram *histogram, int64_t value, uint64_t count);

/*
 * Count `count` more in a bucket (of FSC_HISTOGRAM_BUCKETS), and nothing else: the other members
 * are the caller's to set. FSC_E_NOMEM, FSC_E_LIMIT: no such bucket.
 */
FSC_MUST_CHECK enum fsc_status fsc_histogram_fill(struct fsc_histogram_side *side, uint32_t bucket,
						  uint64_t count);

/* Are its members those of one distribution, each within the bounds of the others? */
bool fsc_histogram_holds(const struct fsc_histogram *histogram);

/* Add all of `from` to `into`. FSC_E_NOMEM: `into` is as before. */
FSC_MUST_CHECK enum fsc_status fsc_histogram_merge(struct fsc_histogram *into,
						   const struct fsc_histogram *from);

/*
 * The value that per_mille/1000 of all values do not exceed (nearest rank), within 0.28 %;
 * per_mille 0 = min, 1000 = max. Unknown when empty.
 */
struct fsc_maybe fsc_histogram_quantile(const struct fsc_histogram *histogram, uint32_t per_mille);

/* sum / count rounded to nearest; unknown when empty. */
struct fsc_maybe fsc_histogram_mean(const struct fsc_histogram *histogram);

#endif
