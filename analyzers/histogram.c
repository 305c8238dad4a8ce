/* SPDX-License-Identifier: MIT */
/*
 * Buckets are kept only between the least and the largest value seen; grow() is where their range
 * widens. Negative values have a mirror image of the positive side.
 */
#include "analyzers/histogram.h"

#include <stdlib.h>
#include <string.h>

#include "trace_points/histogram.h"

enum { GROW_STEP = FSC_HISTOGRAM_PER_OCTAVE / 2 };

void fsc_histogram_init(struct fsc_histogram *histogram)
{
	*histogram = (struct fsc_histogram){ 0 };
}

void fsc_histogram_fini(struct fsc_histogram *histogram)
{
	free(histogram->positive.counts);
	free(histogram->negative.counts);
	fsc_histogram_init(histogram);
}

static uint64_t magnitude(int64_t value)
{
	return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

static bool side_grow(struct fsc_histogram_side *side, uint32_t low, uint32_t high)
{
	uint32_t first = low / GROW_STEP * GROW_STEP;
	uint32_t end = (high / GROW_STEP + 1) * GROW_STEP;
	uint64_t *counts;

	if (side->size && side->first < first)
		first = side->first;
	if (side->size && side->first + side->size > end)
		end = side->first + side->size;
	counts = calloc(end - first, sizeof(*counts));
	if (!counts)
		return false;
	if (side->size)
		memcpy(counts + (side->first - first), side->counts, side->size * sizeof(*counts));
	free(side->counts);
	*side = (struct fsc_histogram_side){ counts, first, end - first };
	return true;
}

static inline bool side_add(struct fsc_histogram_side *side, uint64_t value, uint64_t count)
{
	uint32_t bucket = fsc_histogram_bucket(value);

	/* Unsigned: a bucket below `first` wraps to a large number. */
	if (bucket - side->first >= side->size && !side_grow(side, bucket, bucket))
		return false;
	side->counts[bucket - side->first] += count;
	return true;
}

static inline void add(struct fsc_histogram *histogram, int64_t value, uint64_t count)
{
	if (!histogram->count || value < histogram->min)
		histogram->min = value;
	if (!histogram->count || value > histogram->max)
		histogram->max = value;
	histogram->count += count;
	histogram->sum += value * (int64_t)count;
	if (!value)
		histogram->zero_count += count;
	else if (!side_add(value > 0 ? &histogram->positive : &histogram->negative,
			   magnitude(value), count))
		histogram->dropped += count;
}

void fsc_histogram_add(struct fsc_histogram *histogram, int64_t value)
{
	add(histogram, value, 1);
}

void fsc_histogram_add_many(struct fsc_histogram *histogram, int64_t value, uint64_t count)
{
	if (count)
		add(histogram, value, count);
}

enum fsc_status fsc_histogram_fill(struct fsc_histogram_side *side, uint32_t bucket, uint64_t count)
{
	if (bucket >= FSC_HISTOGRAM_BUCKETS)
		return FSC_E_LIMIT;
	if (bucket - side->first >= side->size && !side_grow(side, bucket, bucket))
		return FSC_E_NOMEM;
	side->counts[bucket - side->first] += count;
	return FSC_OK;
}

static bool side_count(const struct fsc_histogram_side *side, uint64_t *sum)
{
	for (uint32_t i = 0; i < side->size; i++)
		if (__builtin_add_overflow(*sum, side->counts[i], sum))
			return false;
	return true;
}

bool fsc_histogram_holds(const struct fsc_histogram *histogram)
{
	uint64_t sum = histogram->zero_count;

	if (__builtin_add_overflow(sum, histogram->dropped, &sum))
		return false;
	return side_count(&histogram->positive, &sum) && side_count(&histogram->negative, &sum) &&
	       sum == histogram->count && sum <= INT64_MAX && histogram->min <= histogram->max;
}

static bool side_fit(struct fsc_histogram_side *into, const struct fsc_histogram_side *from)
{
	if (!from->size)
		return true;
	if (into->size && into->first <= from->first &&
	    into->first + into->size >= from->first + from->size)
		return true;
	return side_grow(into, from->first, from->first + from->size - 1);
}

static void side_merge(struct fsc_histogram_side *into, const struct fsc_histogram_side *from)
{
	for (uint32_t i = 0; i < from->size; i++)
		into->counts[from->first - into->first + i] += from->counts[i];
}

enum fsc_status fsc_histogram_merge(struct fsc_histogram *into, const struct fsc_histogram *from)
{
	if (!from->count)
		return FSC_OK;
	if (!side_fit(&into->positive, &from->positive) ||
	    !side_fit(&into->negative, &from->negative))
		return FSC_E_NOMEM;
	side_merge(&into->positive, &from->positive);
	side_merge(&into->negative, &from->negative);
	if (!into->count || from->min < into->min)
		into->min = from->min;
	if (!into->count || from->max > into->max)
		into->max = from->max;
	into->count += from->count;
	into->zero_count += from->zero_count;
	into->sum += from->sum;
	into->dropped += from->dropped;
	return FSC_OK;
}

/* The value of that rank (from 0) among those that have a bucket. */
static int64_t at_rank(const struct fsc_histogram *histogram, uint64_t rank)
{
	const struct fsc_histogram_side *side = &histogram->negative;

	for (uint32_t i = side->size; i-- > 0; rank -= side->counts[i])
		if (rank < side->counts[i])
			return -(int64_t)fsc_histogram_bucket_value(side->first + i);
	if (rank < histogram->zero_count)
		return 0;
	rank -= histogram->zero_count;
	side = &histogram->positive;
	for (uint32_t i = 0; i < side->size; rank -= side->counts[i], i++)
		if (rank < side->counts[i])
			return (int64_t)fsc_histogram_bucket_value(side->first + i);
	return histogram->max;
}

struct fsc_maybe fsc_histogram_quantile(const struct fsc_histogram *histogram, uint32_t per_mille)
{
	uint64_t kept = histogram->count - histogram->dropped;
	uint64_t rank;
	int64_t value;

	if (!histogram->count)
		return FSC_UNKNOWN;
	if (!per_mille)
		return fsc_known(histogram->min);
	if (per_mille >= 1000 || !kept)
		return fsc_known(histogram->max);
	/* Nearest rank: ceil(kept * q); halves keep the product within 64 bits. */
	rank = kept / 1000 * per_mille + (kept % 1000 * per_mille + 999) / 1000;
	value = at_rank(histogram, rank ? rank - 1 : 0);
	if (value < histogram->min)
		value = histogram->min;
	if (value > histogram->max)
		value = histogram->max;
	return fsc_known(value);
}

struct fsc_maybe fsc_histogram_mean(const struct fsc_histogram *histogram)
{
	int64_t count = (int64_t)histogram->count;
	int64_t half = histogram->sum < 0 ? -(count / 2) : count / 2;

	if (!count)
		return FSC_UNKNOWN;
	return fsc_known((histogram->sum + half) / count);
}
