/* SPDX-License-Identifier: MIT */
/* Distributions of the profile sink, from records to rows. */
#include <criterion/criterion.h>
#include <string.h>

#include "analyzers/leaks.h"
#include "reading.h"
#include "trace_points/profile.h"

static void totals(struct reading *read, uint32_t slot, uint8_t kind, uint64_t count,
		   uint64_t total, uint64_t apart)
{
	BUILDER_PUT(&read->builder, BUILDER_STATE, site_profile, 1000, .slot = slot, .site = HELLO,
		    .kind = kind, .bits = FSC_PROFILE_BITS, .count = count, .total_ticks = total,
		    .least_ticks = 40, .most_ticks = 100, .apart = apart);
}

/* count values of 100 ticks, and one of 40. */
static void counts(struct reading *read, uint32_t slot, uint8_t kind, uint64_t count)
{
	BUILDER_PUT(&read->builder, BUILDER_STATE, site_histogram, 1000, .slot = slot,
		    .site = HELLO, .kind = kind, .bits = FSC_PROFILE_BITS, .bucket = 96,
		    .count4 = count);
	BUILDER_PUT(&read->builder, BUILDER_STATE, site_histogram, 1000, .slot = slot,
		    .site = HELLO, .kind = kind, .bits = FSC_PROFILE_BITS, .bucket = 40,
		    .count0 = 1);
}

static void begin_profile(struct reading *read)
{
	reading_begin(read);
	read->builder.more = ",\"sink\":\"profile\",\"profile_missed\":0";
}

Test(profiles, slots_add_up_to_one_row)
{
	const struct fsc_entry_row *row;
	struct reading read;

	begin_profile(&read);
	for (uint32_t slot = 0; slot < 2; slot++) {
		reading_total(&read, slot, HELLO, 101, 101);
		totals(&read, slot, FSC_PROFILE_CALL, 101, 10040, 0);
		counts(&read, slot, FSC_PROFILE_CALL, 100);
	}
	reading_built(&read);
	row = &read.result->entry_points[0];
	cr_assert(read.result->profile);
	cr_assert_eq(row->times.count, 202);
	cr_assert_eq(row->times.total_ns.value, 20080);
	cr_assert_eq(row->times.min_ns.value, 40);
	cr_assert_eq(row->times.max_ns.value, 100);
	cr_assert_leq(labs((long)row->times.p50_ns.value - 100), 1);
	cr_assert_eq(row->threads, 2);
	cr_assert_not(row->partial);
	cr_assert_eq(read.result->request_count, 0);
	reading_end(&read);
}

Test(profiles, corrections_count_what_ran_inside)
{
	const struct fsc_entry_row *row;
	struct reading read;

	begin_profile(&read);
	BUILDER_PUT(&read.builder, BUILDER_STATE, probe_cost, 1000, .inner_ps = 1000,
		    .outer_ps = 2000);
	reading_total(&read, 0, HELLO, 101, 101);
	totals(&read, 0, FSC_PROFILE_CALL, 101, 10040, 0);
	counts(&read, 0, FSC_PROFILE_CALL, 100);
	BUILDER_PUT(&read.builder, BUILDER_STATE, site_inside, 1000, .site = HELLO,
		    .kind = FSC_PROFILE_CALL, .most_probes = 5, .children_ticks = 500,
		    .child_calls = 10, .own_phases = 20, .probes = 40, .allocations = 3,
		    .allocated_bytes = 300);
	reading_built(&read);
	row = &read.result->entry_points[0];
	cr_assert_eq(row->times.total_ns.value, 10040 - 101 - 40 * 3);
	cr_assert_eq(row->self_ns.value, 10040 - 500 - 101 - 10 * 2 - 20 * 3);
	cr_assert_eq(row->allocations.value, 3);
	cr_assert_eq(row->allocated_bytes.value, 300);
	/* The step, a bucket's width, and the correction of a call with 5 probes. */
	cr_assert_eq(row->quantile_error_ns.value, 10 + 1 + 1 + 5 * 3);
	reading_end(&read);
}

Test(profiles, phases_add_up_to_their_calls_and_one_that_did_not_run_took_nothing)
{
	const struct fsc_phase_row *decode, *encode, *work;
	struct reading read;

	begin_profile(&read);
	reading_total(&read, 0, HELLO, 101, 101);
	totals(&read, 0, FSC_PROFILE_CALL, 101, 10040, 0);
	counts(&read, 0, FSC_PROFILE_CALL, 100);
	totals(&read, 0, FSC_PROFILE_DECODE, 1, 40, 0);
	counts(&read, 0, FSC_PROFILE_DECODE, 0);
	totals(&read, 0, FSC_PROFILE_REST, 101, 10000, 101);
	counts(&read, 0, FSC_PROFILE_REST, 100);
	reading_built(&read);
	decode = reading_phase(&read, "decode", FSC_SIDE_LIBRARY);
	encode = reading_phase(&read, "encode", FSC_SIDE_LIBRARY);
	work = reading_phase(&read, "work", FSC_SIDE_LIBRARY);
	cr_assert_eq(decode->times.count, 101);
	cr_assert_eq(decode->times.total_ns.value, 40);
	cr_assert_eq(decode->times.p50_ns.value, 0);
	cr_assert_eq(encode->times.count, 101);
	cr_assert_eq(encode->times.total_ns.value, 0);
	cr_assert_eq(work->times.total_ns.value, 10000);
	cr_assert_not(work->share_ppm.known);
	reading_end(&read);
}

Test(profiles, without_phases_a_call_is_the_librarys_own_time)
{
	struct reading read;

	begin_profile(&read);
	reading_total(&read, 0, HELLO, 101, 101);
	totals(&read, 0, FSC_PROFILE_CALL, 101, 10040, 0);
	counts(&read, 0, FSC_PROFILE_CALL, 100);
	reading_built(&read);
	cr_assert_eq(reading_phase(&read, "other", FSC_SIDE_LIBRARY)->times.total_ns.value, 10040);
	cr_assert_eq(reading_phase(&read, "work", FSC_SIDE_LIBRARY)->times.count, 0);
	reading_end(&read);
}

Test(profiles, values_that_found_no_room_make_rows_partial)
{
	struct reading read;

	begin_profile(&read);
	read.builder.more = ",\"sink\":\"profile\",\"profile_missed\":1";
	reading_total(&read, 0, HELLO, 102, 102);
	totals(&read, 0, FSC_PROFILE_CALL, 101, 10040, 0);
	counts(&read, 0, FSC_PROFILE_CALL, 100);
	reading_built(&read);
	cr_assert(read.result->entry_points[0].partial);
	cr_assert(read.result->partial);
	/* The total is the counter's, 100 ticks a call. */
	cr_assert_eq(read.result->entry_points[0].times.total_ns.value, 10200);
	reading_end(&read);
}

Test(profiles, the_hosts_phases_have_no_call)
{
	struct reading read;

	begin_profile(&read);
	builder_string(&read.builder, FSC_PHASE_NAMED + 900, "parse");
	BUILDER_PUT(&read.builder, BUILDER_STATE, site_profile, 1000, .kind = FSC_PROFILE_HOST,
		    .phase = FSC_PHASE_NAMED + 900, .bits = FSC_PROFILE_BITS, .count = 1,
		    .total_ticks = 41, .least_ticks = 41, .most_ticks = 41);
	BUILDER_PUT(&read.builder, BUILDER_STATE, site_histogram, 1000, .kind = FSC_PROFILE_HOST,
		    .phase = FSC_PHASE_NAMED + 900, .bits = FSC_PROFILE_BITS, .bucket = 40,
		    .count1 = 1);
	reading_built(&read);
	cr_assert_eq(read.result->host_count, 1);
	cr_assert_str_eq(read.result->host[0].phase, "parse");
	cr_assert_eq(read.result->host[0].times.total_ns.value, 41);
	reading_end(&read);
}

Test(profiles, records_out_of_bounds_are_refused)
{
	struct fsc_profiles *profiles = calloc(1, sizeof(*profiles));
	struct fsc_site_histogram_record record = { .bits = FSC_PROFILE_BITS,
						    .bucket = FSC_PROFILE_BUCKETS };
	struct fsc_site_profile_record kind = { .kind = FSC_PROFILE_NAMED + 1 };

	cr_assert_eq(fsc_profiles_add(profiles, FSC_EVENT_site_histogram, &record), FSC_E_LIMIT);
	record.bucket = 4;
	cr_assert_eq(fsc_profiles_add(profiles, FSC_EVENT_site_histogram, &record), FSC_E_LIMIT);
	record.bucket = 8;
	record.bits = 6;
	cr_assert_eq(fsc_profiles_add(profiles, FSC_EVENT_site_histogram, &record), FSC_E_LIMIT);
	cr_assert_eq(fsc_profiles_add(profiles, FSC_EVENT_site_profile, &kind), FSC_E_LIMIT);
	cr_assert_eq(profiles->count, 0);
	fsc_profiles_fini(profiles);
	free(profiles);
}

/* A live buffer of HELLO, and how its like were held: `late` of 10, at most 100 ticks. */
static size_t awaiting(uint64_t late, uint64_t made)
{
	struct fsc_error error = { 0 };
	struct fsc_leaks *leaks;
	struct reading read;
	size_t count;

	begin_profile(&read);
	totals(&read, 0, FSC_PROFILE_HELD, 10, 1000, late);
	counts(&read, 0, FSC_PROFILE_HELD, 9);
	BUILDER_PUT(&read.builder, BUILDER_STATE, buffer_live, 1000, .pointer = 64, .length = 50,
		    .capacity = 64, .made_call = 1, .made_ticks = made, .made_ended_ticks = made,
		    .made_tid = 9, .made_site = HELLO);
	reading_built(&read);
	cr_assert_eq(fsc_leaks_read(&leaks, read.recording, NULL, NULL, &error), FSC_OK);
	count = fsc_leaks_borrow(leaks)->awaiting_finalizer_count;
	fsc_leaks_destroy(leaks);
	reading_end(&read);
	return count;
}

Test(profiles, habits_come_from_how_long_buffers_were_held)
{
	/* The image ends with its last clock pair, at 1 s. */
	cr_assert_eq(awaiting(6, 1000000000 - 50), 1);
	cr_assert_eq(awaiting(5, 1000000000 - 50), 0);
	cr_assert_eq(awaiting(6, 1000000000 - 200), 0);
}
