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

/* So that the buckets from `low` to `high` have lines. */
static bool grow(struct fsc_slowest *slowest, uint32_t low, uint32_t high)
{
	uint32_t first = low / GROW_STEP * GROW_STEP, end = (high / GROW_STEP + 1) * GROW_STEP;
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

struct fsc_slowest_line *fsc_slowest_add(struct fsc_slowest *slowest, int64_t duration_ns,
					 uint64_t count)
{
	uint32_t bucket = bucket_of(duration_ns);
	struct fsc_slowest_line *line;

	/* Unsigned: a bucket below `first` wraps to a large number. */
	if (bucket - slowest->first >= slowest->size && !grow(slowest, bucket, bucket))
		return NULL;
	line = &slowest->lines[bucket - slowest->first];
	if (!line->count || duration_ns < line->least_ns)
		line->least_ns = duration_ns;
	line->count += count;
	line->raw_ns += duration_ns * (int64_t)count;
	return line;
}

enum fsc_status fsc_slowest_set(struct fsc_slowest *slowest, uint64_t bucket,
				const struct fsc_slowest_line *line)
{
	if (bucket >= FSC_SLOWEST_BUCKETS)
		return FSC_E_LIMIT;
	if ((uint32_t)bucket - slowest->first >= slowest->size &&
	    !grow(slowest, (uint32_t)bucket, (uint32_t)bucket))
		return FSC_E_NOMEM;
	slowest->lines[(uint32_t)bucket - slowest->first] = *line;
	return FSC_OK;
}

static void add_columns(int64_t into[FSC_SLOWEST_COLUMNS], const int64_t from[FSC_SLOWEST_COLUMNS],
			const uint8_t *columns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (columns[i] < FSC_SLOWEST_COLUMNS)
			into[columns[i]] += from[i];
}

void fsc_slowest_move(struct fsc_slowest *slowest, const uint8_t *columns, size_t count)
{
	for (uint32_t i = 0; i < slowest->size; i++) {
		int64_t moved[FSC_SLOWEST_COLUMNS] = { 0 };

		add_columns(moved, slowest->lines[i].phase_raw_ns, columns, count);
		memcpy(slowest->lines[i].phase_raw_ns, moved, sizeof(moved));
	}
}

enum fsc_status fsc_slowest_add_all(struct fsc_slowest *into, const struct fsc_slowest *from,
				    const uint8_t *columns, size_t count)
{
	uint32_t last = from->first + from->size - 1;

	if (!from->size)
		return FSC_OK;
	if ((!into->size || into->first > from->first || into->first + into->size <= last) &&
	    !grow(into, from->first, last))
		return FSC_E_NOMEM;
	for (uint32_t i = 0; i < from->size; i++) {
		const struct fsc_slowest_line *line = &from->lines[i];
		struct fsc_slowest_line *sum = &into->lines[from->first - into->first + i];

		if (!line->count)
			continue;
		if (!sum->count || line->least_ns < sum->least_ns)
			sum->least_ns = line->least_ns;
		sum->count += line->count;
		sum->raw_ns += line->raw_ns;
		add_columns(sum->phase_raw_ns, line->phase_raw_ns, columns, count);
	}
	return FSC_OK;
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
