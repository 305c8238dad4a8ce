/* SPDX-License-Identifier: MIT */
/*
 * The distributions of the profile sink, read out of the image when it ends. What is hard: nothing
 * in there is believed, and lists are followed: every place is checked, and there cannot be more
 * cells than the region has room for. Begin at fsc_drain_profile().
 */
#include "trace_points/profile.h"

#include <string.h>

#include "trace_points/drain_internal.h"

enum { COUNTS = 8 /* of one site_histogram */ };

_Static_assert(FSC_PROFILE_PER_OCTAVE % COUNTS == 0, "an octave is whole records");

struct reader {
	struct fsc_drain *drain;
	uint32_t slot;
	uint64_t offset; /* of the region in the image file */
	uint64_t bytes;
	struct fsc_profile_cell cell;
	uint64_t count; /* of its values */
};

/* Copy what lies at a place. false: there can be nothing. */
static bool read_at(const struct reader *reader, uint32_t place, void *into, size_t bytes)
{
	uint64_t at = (uint64_t)place * FSC_PROFILE_UNIT;

	if (!place || at > reader->bytes || bytes > reader->bytes - at ||
	    !fsc_drain_read(reader->drain, reader->offset + at, bytes))
		return false;
	memcpy(into, reader->drain->scratch, bytes);
	return true;
}

static void put_counts(const struct reader *reader, uint32_t bucket, const uint64_t *counts)
{
	const struct fsc_profile_cell *cell = &reader->cell;
	struct fsc_site_histogram_record record = { .slot = reader->slot,
						    .site = cell->site,
						    .kind = cell->kind,
						    .bits = FSC_PROFILE_BITS,
						    .phase = cell->phase,
						    .bucket = bucket,
						    .count0 = counts[0],
						    .count1 = counts[1],
						    .count2 = counts[2],
						    .count3 = counts[3],
						    .count4 = counts[4],
						    .count5 = counts[5],
						    .count6 = counts[6],
						    .count7 = counts[7] };

	fsc_drain_put(reader->drain, FSC_EVENT_site_histogram, &record);
}

static void put_octave(struct reader *reader, uint32_t octave)
{
	/* The first octave has the buckets below it, too. */
	uint32_t buckets = octave ? FSC_PROFILE_PER_OCTAVE : 2 * FSC_PROFILE_PER_OCTAVE;
	uint32_t first = octave ? (octave + 1) * FSC_PROFILE_PER_OCTAVE : 0;
	uint64_t counts[2 * FSC_PROFILE_PER_OCTAVE], any;

	if (!reader->cell.octave[octave] ||
	    !read_at(reader, fsc_profile_counts_place(octave, reader->cell.octave[octave]), counts,
		     buckets * sizeof(*counts)))
		return;
	for (uint32_t i = 0; i < buckets; i += COUNTS) {
		any = 0;
		for (uint32_t j = 0; j < COUNTS; j++) {
			any |= counts[i + j];
			reader->count += counts[i + j];
		}
		if (any)
			put_counts(reader, first + i, counts + i);
	}
}

static void put_inside(const struct reader *reader)
{
	const struct fsc_profile_cell *cell = &reader->cell;
	struct fsc_site_inside_record record = { .slot = reader->slot,
						 .site = cell->site,
						 .kind = cell->kind,
						 .phase = cell->phase,
						 .children_ticks = cell->children_ticks,
						 .child_calls = cell->child_calls,
						 .own_phases = cell->own_phases,
						 .probes = cell->probes,
						 .allocations = cell->allocations,
						 .allocated_bytes = cell->allocated_bytes,
						 .frees = cell->frees,
						 .freed_bytes = cell->freed_bytes };

	record.most_probes =
		cell->most_probes < UINT32_MAX ? (uint32_t)cell->most_probes : UINT32_MAX;
	if (cell->own_phases | cell->probes | cell->allocations | cell->frees)
		fsc_drain_put(reader->drain, FSC_EVENT_site_inside, &record);
}

static void put_cell(struct reader *reader)
{
	const struct fsc_profile_cell *cell = &reader->cell;
	struct fsc_site_profile_record record = { .slot = reader->slot,
						  .threads = cell->threads,
						  .site = cell->site,
						  .kind = cell->kind,
						  .bits = FSC_PROFILE_BITS,
						  .phase = cell->phase,
						  .total_ticks = cell->total_ticks,
						  .least_ticks = cell->least_ticks,
						  .most_ticks = cell->most_ticks,
						  .apart = cell->apart };

	reader->count = 0;
	for (uint32_t i = 0; i < FSC_PROFILE_OCTAVES; i++)
		put_octave(reader, i);
	record.count = reader->count;
	fsc_drain_put(reader->drain, FSC_EVENT_site_profile, &record);
	put_inside(reader);
}

void fsc_drain_profile(struct fsc_drain *drain, uint32_t slot)
{
	const struct fsc_slot *slots = fsc_drain_fixed(drain, FSC_SLOTS_OFFSET);
	struct reader reader = { .drain = drain,
				 .slot = slot,
				 .offset = drain->image.profile_offset,
				 .bytes = drain->image.profile_bytes };
	uint64_t cells = reader.bytes / sizeof(reader.cell);
	struct fsc_profile_slot shared;
	uint32_t place;

	if (drain->image.sink != FSC_SINK_PROFILE || reader.offset < FSC_ARENA_OFFSET ||
	    !read_at(&reader, __atomic_load_n(&slots[slot].profile, __ATOMIC_ACQUIRE), &shared,
		     sizeof(shared)))
		return;
	for (place = shared.cells; place && cells > 0; cells--) {
		if (!read_at(&reader, place, &reader.cell, sizeof(reader.cell)))
			return;
		put_cell(&reader);
		place = reader.cell.next;
	}
}
