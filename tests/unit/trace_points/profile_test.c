/* SPDX-License-Identifier: MIT */
/* The profile sink's memory: which bucket a value falls into, and what a drain reads out of it. */
#include "drain_fixture.h"
#include "trace_points/profile.h"

enum { SLOT = 3, CELL = 1, COUNTS = 32, REGION = 1 << 20 };

static uint64_t region;

static void *at(uint32_t place)
{
	return fake.map + region + (uint64_t)place * FSC_PROFILE_UNIT;
}

/* A region with one slot and one cell of site 1, without counts. */
static struct fsc_profile_cell *begin_cell(void)
{
	struct fsc_profile_slot *slot;
	struct fsc_profile_cell *cell;

	fake_ring(&fake, SLOT, NULL, 4096);
	region = fake_piece(&fake, REGION);
	fake.image->sink = FSC_SINK_PROFILE;
	fake.image->profile_offset = region;
	fake.image->profile_bytes = REGION;
	fake.slots[SLOT].profile = 512;
	slot = at(512);
	slot->cells = CELL;
	cell = at(CELL);
	cell->site = 1;
	cell->least_ticks = UINT64_MAX;
	return cell;
}

static void count(struct fsc_profile_cell *cell, uint64_t ticks, uint32_t place)
{
	uint32_t octave = fsc_profile_octave(ticks);

	cell->octave[octave] = fsc_profile_counts(octave, place);
	((uint64_t *)at(cell->octave[octave]))[ticks >> octave]++;
	cell->total_ticks += ticks;
}

Test(profile_buckets, a_value_lies_in_its_bucket_and_near_its_middle)
{
	for (uint64_t value = 0; value < UINT64_MAX / 3; value += value / 1000 + 1) {
		uint32_t octave = fsc_profile_octave(value);
		uint32_t bucket = octave * FSC_PROFILE_PER_OCTAVE + (uint32_t)(value >> octave);
		uint64_t middle = fsc_profile_bucket_value(bucket);
		uint64_t off = middle > value ? middle - value : value - middle;

		cr_assert_lt(bucket, FSC_PROFILE_BUCKETS);
		cr_assert_leq(fsc_profile_bucket_begin(bucket), value);
		cr_assert_gt(fsc_profile_bucket_begin(bucket + 1), value);
		cr_assert_leq((double)off, (double)value * 0.00391 + 1);
	}
	cr_assert_eq(fsc_profile_octave(UINT64_MAX), FSC_PROFILE_OCTAVES - 1);
}

Test(profile_buckets, counts_stand_for_a_place_and_back)
{
	for (uint32_t octave = 0; octave < FSC_PROFILE_OCTAVES; octave++)
		cr_assert_eq(fsc_profile_counts_place(octave, fsc_profile_counts(octave, 256)),
			     256);
}

TestSuite(profile_drain, .init = begin, .fini = end, .timeout = 60);

Test(profile_drain, what_a_cell_holds_is_written_at_the_end)
{
	struct fsc_profile_cell *cell = begin_cell();
	const void *found = NULL;
	const struct fsc_site_profile_record *totals_of;

	count(cell, 5, 100);
	count(cell, 5, 100);
	count(cell, 300, 200);
	cell->least_ticks = 5;
	cell->most_ticks = 300;
	cell->probes = 7;
	fsc_drain_finish(drain);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_site_profile, &found), 1);
	totals_of = found;
	cr_assert_eq(totals_of->slot, SLOT);
	cr_assert_eq(totals_of->site, 1);
	cr_assert_eq(totals_of->count, 3);
	cr_assert_eq(totals_of->total_ticks, 310);
	cr_assert_eq(totals_of->least_ticks, 5);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_site_inside, &found), 1);
	cr_assert_eq(((const struct fsc_site_inside_record *)found)->probes, 7);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_site_histogram, &found), 2);
	/* 300 is in the octave from 256 on, whose buckets are two wide: 128 + 300 / 2. */
	cr_assert_eq(((const struct fsc_site_histogram_record *)found)->bucket, 272);
	cr_assert_eq(((const struct fsc_site_histogram_record *)found)->count6, 1);
}

Test(profile_drain, places_that_lead_nowhere_or_in_a_circle_end)
{
	struct fsc_profile_cell *cell = begin_cell();

	cell->next = CELL;
	for (int i = 0; i < FSC_PROFILE_OCTAVES; i++)
		cell->octave[i] = 1u << 30;
	fsc_drain_finish(drain);
	cr_assert_geq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_site_profile, NULL), 1);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_site_histogram, NULL), 0);
}

Test(profile_drain, a_region_outside_the_file_is_none)
{
	begin_cell();
	fake.image->profile_offset = UINT64_MAX - 64;
	fsc_drain_finish(drain);
	cr_assert_eq(fake_count(&output, FSC_STATE_SLOT, FSC_EVENT_site_profile, NULL), 0);
}

Test(profile_drain, values_that_were_missed_are_told)
{
	begin_cell();
	fake.image->profile_missed = 9;
	fsc_drain_finish(drain);
	cr_assert_eq(totals().profile_missed, 9);
}
