/* SPDX-License-Identifier: MIT */
/* What is hard is that nothing may be lost where squares cancel: see fsc_estimate_ci95(). */
#include "analyzers/estimate_internal.h"

#include <math.h>

/* Student's t, two-sided 95 %, by degrees of freedom; beyond the table to 0.5 %. */
static double student(uint64_t freedom)
{
	static const double table[] = { 12.706, 4.303, 3.182, 2.776, 2.571,
					2.447,	2.365, 2.306, 2.262, 2.228 };

	if (freedom <= sizeof(table) / sizeof(table[0]))
		return table[freedom - 1];
	return 1.960 + 2.55 / (double)freedom;
}

void fsc_estimate_join(struct fsc_estimate *into, const struct fsc_estimate *from)
{
	into->count += from->count;
	into->weights += from->weights;
	into->sum += from->sum;
	into->open += from->open;
	into->open_sum += from->open_sum;
	into->open_square += from->open_square;
}

/*
 * sum(v * (x - ratio)^2), seen from the whole number next to the ratio: up to there all is exact,
 * modulo 2^128, and the rest is small.
 */
static double open_squares(const struct fsc_estimate *estimate)
{
	double ratio = (double)(__int128)estimate->sum / (double)estimate->weights;
	unsigned __int128 origin = (unsigned __int128)(__int128)ratio;
	double rest = ratio - (double)(__int128)origin;
	double sum = (double)(__int128)(estimate->open_sum - origin * estimate->open);
	double squares = (double)(estimate->open_square - 2 * origin * estimate->open_sum +
				  origin * origin * estimate->open);

	squares += rest * (rest * (double)estimate->open - 2 * sum);
	return squares > 0 ? squares : 0;
}

struct fsc_maybe fsc_estimate_ci95(const struct fsc_estimate *estimate)
{
	double squares, width;

	if (estimate->count < 2)
		return FSC_UNKNOWN;
	/* The mean is estimated too, from as many: one degree of freedom less. */
	squares = open_squares(estimate) * (double)estimate->count / (double)(estimate->count - 1);
	width = ceil(student(estimate->count - 1) * sqrt(squares) / (double)estimate->weights);
	return width < 0x1p62 ? fsc_known((int64_t)width) : FSC_UNKNOWN;
}
