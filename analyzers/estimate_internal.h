/* SPDX-License-Identifier: MIT */
/*
 * estimate_internal.h - how far the mean of sampled calls may be from the mean of all.
 *
 * In:     values, each with its weight: it had the chance 1 / weight to be seen, by itself.
 * Out:    half the width of the 95 % confidence interval of sum(weight * value) / sum(weight).
 * Cost:   six sums; two where weight is 1.
 * Thread: one object per thread.
 *
 * That ratio's variance is sum(w * (w - 1) * (value - ratio)^2) / sum(w)^2 (Poisson sampling;
 * Särndal, Swensson, Wretman, Model Assisted Survey Sampling, 3.2 and 5.6): nothing where all were
 * seen. One call of each block in turn is chosen (instrument/detail.c), not each by itself, which
 * can only make the true variance smaller where neighbours are alike. Student's t in place of 1.96,
 * because few may have been.
 */
#ifndef ANALYZERS_ESTIMATE_INTERNAL_H
#define ANALYZERS_ESTIMATE_INTERNAL_H

#include "analyzers/status.h"

/* Zeroed memory is an empty one. Whole numbers: the order in which values come does not matter. */
struct fsc_estimate {
	uint64_t count;
	uint64_t weights;	       /* sum of w */
	unsigned __int128 sum;	       /* of w * x; these four modulo 2^128 */
	unsigned __int128 open;	       /* of v = w * (w - 1) */
	unsigned __int128 open_sum;    /* of v * x */
	unsigned __int128 open_square; /* of v * x * x */
};

/* The same value `count` times. */
static inline void fsc_estimate_add(struct fsc_estimate *estimate, int64_t value, uint32_t weight,
				    uint64_t count)
{
	unsigned __int128 x = (unsigned __int128)value,
			  v = (unsigned __int128)weight * (weight - 1) * count;

	estimate->count += count;
	estimate->weights += weight * count;
	estimate->sum += x * weight * count;
	if (v) {
		estimate->open += v;
		estimate->open_sum += v * x;
		estimate->open_square += v * x * x;
	}
}

/* Add all values of `from`. */
void fsc_estimate_join(struct fsc_estimate *into, const struct fsc_estimate *from);

/* Unknown when fewer than two were seen. */
struct fsc_maybe fsc_estimate_ci95(const struct fsc_estimate *estimate);

#endif
