/* SPDX-License-Identifier: MIT */
/* Which requests are the slowest is known only at the end: so all are summed up, by duration. */
#include "analyzers/slowest_internal.h"

#include <stdlib.h>
#include <string.h>

enum { GROW_STEP = FSC_SLOWEST_PER_OCTAVE / 2, PLACE_BITS = 4 };

_Static_assert(1 << PLACE_BITS == FSC_SLOWEST_PER_OCTAVE, "the bits after the leading one");

void fsc_slowest_fini(struct fsc_slowest *slowest)
{
	free(slowest->lines);
	*slowest = (struct fsc_slowest){ 0 };
}

/* The leading bit gives the octave, the bits after it the place in it: equal steps. */
static uint32_t bucket_of(int64_t duration_ns)
{
	uint32_t octave, place, bucket;

	if (duration_ns <= 0)
		return 0;
	octave = 63 - (uint32_t)__builtin_clzll((uint64_t)duration_ns);
	place = (uint32_t)((uint64_t)duration_ns << (63 - octave) >> (63 - PLACE_BITS)) &
		(FSC_SLOWEST_PER_OCTAVE - 1);
	bucket = octave * FSC_SLOWEST_PER_OCTAVE + place;
	return bucket < FSC_SLOWEST_BUCKETS ? bucket : FSC_SLOWEST_BUCKETS - 1;
}

static bool grow(struct fsc_slowest *slowest, uint32_t bucket)
{
	uint32_t first = bucket / GROW_STEP * GROW_STEP, end = first + GROW_STEP;
	struct fsc_slowest_line *lines;

	if (slowest->size && slowest->first < first)
		first = slowest->first;
	if (slowest->size && slowest->first + slowest->size > end)
		end = slowest->first + slowest->size;
	lines = calloc(end - first, sizeof(*lines));
	if (!lines)
		return false;
	if (slowest->size)
		memcpy(lines + (slowest->first - first), slowest->lines,
		       slowest->size * sizeof(*lines));
	free(slowest->lines);
	*slowest = (struct fsc_slowest){ lines, first, end - first };
	return true;
}

struct fsc_slowest_line *fsc_slowest_add(struct fsc_slowest *slowest, int64_t duration_ns)
{
	uint32_t bucket = bucket_of(duration_ns);
	struct fsc_slowest_line *line;

	/* Unsigned: a bucket below `first` wraps to a large number. */
	if (bucket - slowest->first >= slowest->size && !grow(slowest, bucket))
		return NULL;
	line = &slowest->lines[bucket - slowest->first];
	if (!line->count++ || duration_ns < line->least_ns)
		line->least_ns = duration_ns;
	line->raw_ns += duration_ns;
	return line;
}

static void add_line(struct fsc_slowest_line *sum, const struct fsc_slowest_line *line)
{
	if (!line->count)
		return;
	sum->count += line->count;
	sum->least_ns = line->least_ns; /* lines come from the longest down */
	sum->raw_ns += line->raw_ns;
	for (size_t i = 0; i < FSC_SLOWEST_COLUMNS; i++)
		sum->phase_raw_ns[i] += line->phase_raw_ns[i];
}

bool fsc_slowest_sum(const struct fsc_slowest *slowest, uint64_t requests,
		     struct fsc_slowest_line *sum)
{
	*sum = (struct fsc_slowest_line){ 0 };
	if (requests < FSC_SLOWEST_LEAST)
		return false;
	for (uint32_t i = slowest->size; i-- > 0 && sum->count < (requests + 99) / 100;)
		add_line(sum, &slowest->lines[i]);
	return sum->count && sum->count <= requests / FSC_SLOWEST_MOST;
}
