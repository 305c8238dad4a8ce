/* SPDX-License-Identifier: MIT */
/* Recordings made by hand, read the whole way: files to rows. */
#include <criterion/criterion.h>
#include <string.h>

#include "analyzers/breakdown.h"
#include "analyzers/spans.h"
#include "reading.h"

Test(breakdown, an_entry_points_row_counts_and_measures_its_calls)
{
	const struct fsc_entry_row *row;
	struct reading read;

	reading_begin(&read);
	reading_total(&read, 0, HELLO, CALLS, CALLS);
	reading_total(&read, 1, HELLO, CALLS + 3, CALLS);
	reading_calls(&read, 0, HELLO, 100);
	reading_calls(&read, 1, HELLO, 300);
	reading_built(&read);
	cr_assert_eq(read.result->entry_point_count, 1);
	row = &read.result->entry_points[0];
	cr_assert_str_eq(row->name, "say_hello");
	cr_assert_str_eq(row->library, "/lib/libdemo.so");
	cr_assert_eq(row->calls, 2 * CALLS + 3);
	cr_assert_eq(row->open.value, 3);
	cr_assert_eq(row->unwound.value, 0);
	cr_assert_eq(row->threads, 2);
	cr_assert_eq(row->times.total_ns.value, 400 * CALLS);
	cr_assert_eq(row->self_ns.value, 400 * CALLS);
	cr_assert_eq(row->times.mean_ns.value, 200);
	cr_assert_eq(row->times.min_ns.value, 100);
	cr_assert_eq(row->times.max_ns.value, 300);
	cr_assert_leq(labs((long)row->times.p90_ns.value - 300), 3);
	cr_assert_eq(row->request_bytes.value, 8 * (2 * CALLS + 3));
	cr_assert(row->allocations.known);
	cr_assert_not(row->partial);
	cr_assert_not(read.result->partial);
	cr_assert_eq(read.result->step_ns.value, 10);
	cr_assert_eq(read.result->calls, 2 * CALLS + 3);
	reading_end(&read);
}

Test(breakdown, a_thread_that_called_several_sites_of_a_row_is_one_thread)
{
	struct reading read;

	reading_begin(&read);
	/* The same library, loaded at another address. */
	builder_site(&read.builder, HELLO_AGAIN, FSC_SITE_ENTRY, "say_hello");
	reading_total(&read, 0, HELLO, CALLS, CALLS);
	reading_total(&read, 0, HELLO_AGAIN, 6, 6);
	reading_total(&read, 3, HELLO_AGAIN, 6, 6);
	reading_calls(&read, 0, HELLO, 100);
	reading_built(&read);
	cr_assert_eq(read.result->entry_point_count, 1);
	cr_assert_eq(read.result->entry_points[0].threads, 2);
	reading_end(&read);
}

Test(breakdown, totals_are_corrected_and_quantiles_are_not)
{
	const struct fsc_entry_row *row;
	struct reading read;

	reading_begin(&read);
	/* 12.3456 ns: what is below one ns must not get lost over many calls. */
	BUILDER_PUT(&read.builder, BUILDER_STATE, probe_cost, 1000, .inner_ps = 12345,
		    .outer_ps = 20001);
	reading_total(&read, 0, HELLO, CALLS, CALLS);
	reading_calls(&read, 0, HELLO, 100);
	reading_built(&read);
	row = &read.result->entry_points[0];
	cr_assert_eq(row->times.total_ns.value, 100 * CALLS - 12345);
	cr_assert_eq(row->times.mean_ns.value, 88);
	cr_assert_eq(row->times.raw_mean_ns.value, 100);
	cr_assert_eq(row->times.raw_total_ns.value, 100 * CALLS);
	cr_assert_eq(row->raw_self_ns.value, 100 * CALLS);
	cr_assert_eq(row->times.p50_ns.value, 100);
	cr_assert_eq(read.result->probe_inner_ps.value, 12345);
	cr_assert_eq(read.result->requests[0].times.total_ns.value, 100 * CALLS - 12345);
	reading_check_sum(&read);
	reading_end(&read);
}

static void read_calls(struct reading *read, uint32_t duration_ns, uint32_t inner_ps)
{
	reading_begin(read);
	if (inner_ps)
		BUILDER_PUT(&read->builder, BUILDER_STATE, probe_cost, 1000, .inner_ps = inner_ps);
	BUILDER_PUT(&read->builder, 0, call, 5000, .duration_ticks = duration_ns, .site = HELLO,
		    .number = 1);
	reading_built(read);
}

Test(breakdown, a_mean_of_which_more_than_30_percent_was_taken_is_an_estimate)
{
	struct reading read;

	read_calls(&read, 100, 30000);
	cr_assert_eq(read.result->entry_points[0].estimate.value, 0);
	reading_end(&read);
	read_calls(&read, 100, 31000);
	cr_assert_eq(read.result->entry_points[0].estimate.value, 1);
	reading_end(&read);
}

Test(breakdown, whether_a_mean_is_an_estimate_is_unknown_without_the_probe_cost)
{
	struct reading read;

	read_calls(&read, 100, 0);
	cr_assert_not(read.result->entry_points[0].estimate.known);
	cr_assert_eq(read.result->entry_points[0].times.mean_ns.value, 100);
	reading_end(&read);
}

Test(breakdown, the_error_of_a_quantile_covers_every_probe_inside_a_call)
{
	const struct fsc_entry_row *row;
	struct reading read;

	reading_begin(&read);
	BUILDER_PUT(&read.builder, BUILDER_STATE, probe_cost, 1000, .inner_ps = 30000,
		    .outer_ps = 20000);
	for (uint32_t i = 0; i < CALLS; i++) {
		uint64_t at = 5000 + i * 1000;

		/* Every tenth call has a second phase in it. */
		for (uint32_t phase = 0; phase < 1 + (i % 10 == 0); phase++)
			BUILDER_PUT(&read.builder, 0, phase, at + 100 + phase * 100,
				    .duration_ticks = 50, .phase = FSC_PHASE_DECODE, .call = i + 1);
		BUILDER_PUT(&read.builder, 0, call, at + 400, .duration_ticks = 400, .site = HELLO,
			    .number = i + 1);
	}
	reading_built(&read);
	row = &read.result->entry_points[0];
	cr_assert_eq(row->times.raw_mean_ns.value - row->times.mean_ns.value, 85);
	cr_assert_eq(row->quantile_error_ns.value, 10 + 1 + 1 + 30 + 2 * (30 + 20));
	reading_end(&read);
}

Test(breakdown, phases_add_up_and_unseen_ones_keep_an_empty_row)
{
	const struct fsc_phase_row *row;
	struct reading read;

	reading_begin(&read);
	BUILDER_PUT(&read.builder, BUILDER_STATE, probe_cost, 1000, .inner_ps = 3333,
		    .outer_ps = 7777);
	builder_string(&read.builder, 5000, "copy");
	for (uint32_t i = 0; i < CALLS; i++) {
		uint64_t at = 5000 + i * 1000;

		BUILDER_PUT(&read.builder, 0, phase, at + 100, .duration_ticks = 100,
			    .phase = FSC_PHASE_ENCODE, .buffer = 0x1000);
		BUILDER_PUT(&read.builder, 0, phase, at + 250, .duration_ticks = 30, .phase = 5000,
			    .call = i + 1, .allocations = 2, .allocated_bytes = 20);
		BUILDER_PUT(&read.builder, 0, call_alloc, at + 300, .call = i + 1, .allocations = 5,
			    .allocated_bytes = 50);
		BUILDER_PUT(&read.builder, 0, call, at + 300, .duration_ticks = 150, .site = HELLO,
			    .number = i + 1, .flags = FSC_CALL_REQUEST | FSC_CALL_CODECS,
			    .request = 0x1000, .request_bytes = 10);
	}
	reading_built(&read);
	cr_assert_eq(read.result->request_count, 1);
	cr_assert_eq(read.result->requests[0].times.count, CALLS);
	cr_assert_eq(read.result->requests[0].times.raw_mean_ns.value, 300);
	cr_assert_not(read.result->requests[0].held_ns.known);
	reading_check_sum(&read);
	row = reading_phase(&read, "encode", FSC_SIDE_HOST);
	cr_assert_eq(row->source, FSC_SOURCE_MEASURED);
	cr_assert_eq(row->times.raw_mean_ns.value, 100);
	cr_assert_not(row->allocations.known);
	row = reading_phase(&read, "copy", FSC_SIDE_LIBRARY);
	cr_assert_eq(row->times.raw_mean_ns.value, 30);
	cr_assert_eq(row->allocations.value, 2 * CALLS);
	row = reading_phase(&read, "work", FSC_SIDE_LIBRARY);
	cr_assert_eq(row->times.raw_mean_ns.value, 120);
	cr_assert_eq(row->allocated_bytes.value, 30 * CALLS);
	row = reading_phase(&read, "decode", FSC_SIDE_LIBRARY);
	cr_assert_eq(row->times.count, CALLS);
	cr_assert_eq(row->times.max_ns.value, 0);
	row = reading_phase(&read, "consume", FSC_SIDE_HOST);
	cr_assert_eq(row->source, FSC_SOURCE_NONE);
	cr_assert_eq(row->times.count, 0);
	cr_assert_not(row->times.total_ns.known);
	cr_assert_not(row->share_ppm.known);
	cr_assert_eq(read.result->entry_points[0].allocations.value, 5 * CALLS);
	reading_end(&read);
}

Test(breakdown, what_is_lost_is_counted_from_the_totals_and_marked)
{
	const struct fsc_entry_row *row;
	struct reading read;

	reading_begin(&read);
	read.builder.more = ",\"lost_events\":500";
	reading_total(&read, 0, HELLO, CALLS + 500, CALLS + 500);
	reading_calls(&read, 0, HELLO, 100);
	reading_built(&read);
	row = &read.result->entry_points[0];
	cr_assert_eq(row->calls, CALLS + 500);
	cr_assert_eq(row->open.value, 0);
	cr_assert_eq(row->times.count, CALLS);
	cr_assert_eq(row->times.total_ns.value, 100 * (CALLS + 500));
	cr_assert_eq(row->times.mean_ns.value, 100);
	cr_assert_eq(row->self_ns.value, 100 * (CALLS + 500));
	cr_assert_eq(row->times.raw_total_ns.value, 100 * (CALLS + 500));
	cr_assert_eq(row->raw_self_ns.value, 100 * (CALLS + 500));
	cr_assert(row->partial);
	cr_assert(read.result->partial);
	cr_assert_eq(read.result->loss.events, 500);
	cr_assert(read.result->requests[0].partial);
	reading_end(&read);
}

Test(breakdown, without_totals_calls_come_from_events_and_open_is_unknown)
{
	const struct fsc_entry_row *row;
	struct reading read;

	reading_begin(&read);
	reading_calls(&read, 0, HELLO, 100);
	reading_built(&read);
	row = &read.result->entry_points[0];
	cr_assert_eq(row->calls, CALLS);
	cr_assert(row->calls_from_events);
	cr_assert_not(row->open.known);
	cr_assert_not(row->unwound.known);
	cr_assert_eq(row->response_bytes.value, 9 * CALLS);
	reading_end(&read);
}

Test(breakdown, totals_that_do_not_add_up_are_not_used)
{
	const struct fsc_entry_row *row;
	struct reading read;

	reading_begin(&read);
	read.builder.more = ",\"calls\":3000,\"lost_events\":9";
	reading_total(&read, 0, HELLO, 2, 2);
	reading_calls(&read, 0, HELLO, 100);
	reading_built(&read);
	row = &read.result->entry_points[0];
	cr_assert_eq(row->calls, CALLS);
	cr_assert(row->calls_from_events);
	cr_assert(row->partial);
	cr_assert_not(row->open.known);
	cr_assert_not(row->skipped.known);
	cr_assert_eq(read.result->loss.events, 9);
	reading_end(&read);
}

Test(breakdown, an_unfinished_recording_is_partial_and_its_losses_unknown)
{
	struct reading read;

	reading_begin(&read);
	read.builder.meta = "{\"format\":1,\"complete\":false}";
	read.builder.state = "running";
	read.builder.more = ",\"calls\":0,\"lost_events\":0";
	reading_calls(&read, 0, HELLO, 100);
	reading_built(&read);
	cr_assert(read.result->partial);
	cr_assert(read.result->entry_points[0].partial);
	cr_assert(read.result->requests[0].partial);
	cr_assert(read.result->loss.uncounted);
	cr_assert(fsc_stream_loss_any(&read.result->loss));
	cr_assert_not(fsc_stream_loss_count(&read.result->loss, 0).known);
	reading_end(&read);
}

Test(breakdown, allocations_that_were_not_counted_are_unknown)
{
	struct reading read;

	reading_begin(&read);
	read.builder.more = ",\"allocations\":false";
	reading_calls(&read, 0, HELLO, 100);
	reading_built(&read);
	cr_assert_not(read.result->entry_points[0].allocations.known);
	cr_assert_not(read.result->entry_points[0].freed_bytes.known);
	reading_end(&read);
}

Test(breakdown, one_name_and_library_is_one_row_and_an_alias_is_no_row)
{
	struct reading read;

	reading_begin(&read);
	builder_site(&read.builder, HELLO_AGAIN, FSC_SITE_ENTRY, "say_hello");
	BUILDER_PUT(&read.builder, BUILDER_STATE, site, 1000, .site = HELLO_ALIAS,
		    .kind = FSC_SITE_ENTRY, .name = 6000, .module = 1, .alias_of = HELLO);
	builder_string(&read.builder, 6000, "say_hello_v1");
	reading_total(&read, 0, HELLO, 5, 5);
	reading_total(&read, 0, HELLO_AGAIN, 6, 6);
	reading_total(&read, 0, GIVE_BACK, 4, 4);
	reading_total(&read, 0, POOL, 4, 4);
	reading_built(&read);
	cr_assert_eq(read.result->entry_point_count, 2);
	cr_assert_eq(read.result->entry_points[0].calls, 11);
	cr_assert_eq(read.result->entry_points[0].alias_count, 1);
	cr_assert_str_eq(read.result->entry_points[0].aliases[0], "say_hello_v1");
	cr_assert(read.result->entry_points[1].is_free);
	cr_assert_eq(read.result->request_count, 0);
	reading_end(&read);
}

Test(breakdown, a_call_without_its_state_still_has_a_row)
{
	struct reading read;

	reading_begin(&read);
	BUILDER_PUT(&read.builder, 0, call, 5000, .duration_ticks = 10, .site = 77, .number = 1);
	reading_built(&read);
	cr_assert_eq(read.result->entry_point_count, 1);
	cr_assert_str_eq(read.result->entry_points[0].name, "site 77");
	reading_end(&read);
}

Test(breakdown, responses_held_beyond_their_request_have_their_own_time)
{
	struct reading read;

	reading_begin(&read);
	BUILDER_PUT(&read.builder, 0, call, 5000, .duration_ticks = 10, .site = HELLO, .number = 1);
	BUILDER_PUT(&read.builder, 1, buffer_freed, 9005, .call = 1, .made_call = 1,
		    .made_tid = 200, .made_ticks = 4990, .made_ended_ticks = 5000,
		    .made_site = HELLO, .site = GIVE_BACK);
	BUILDER_PUT(&read.builder, 1, call, 9010, .duration_ticks = 10, .site = GIVE_BACK,
		    .number = 1);
	reading_built(&read);
	cr_assert_eq(read.result->requests[0].held_ns.value, 4000);
	cr_assert_eq(read.result->requests[0].held_count, 1);
	cr_assert_eq(read.result->requests[0].times.total_ns.value, 10);
	reading_end(&read);
}

Test(breakdown, no_time_was_held_only_when_every_free_was_seen)
{
	for (int seen = 0; seen < 2; seen++) {
		const struct fsc_request_row *row;
		struct reading read;

		reading_begin(&read);
		reading_total(&read, 0, HELLO, CALLS, CALLS);
		reading_calls(&read, 0, HELLO, 100);
		if (seen)
			BUILDER_PUT(&read.builder, BUILDER_STATE, ledger_total, 1000, .made = CALLS,
				    .freed = CALLS);
		reading_built(&read);
		row = &read.result->requests[0];
		cr_assert_eq(row->held_count, 0);
		cr_assert_eq(row->held_ns.known, (bool)seen);
		cr_assert_eq(row->held_ns.value, 0);
		reading_end(&read);
	}
}

struct weights {
	int64_t sum_ns;
	size_t count;
};

static bool weigh(void *arg, const struct fsc_span *span)
{
	struct weights *weights = arg;

	cr_assert_str_eq(span->entry_point, "say_hello");
	weights->sum_ns += span->total_ns;
	weights->count++;
	return true;
}

Test(breakdown, spans_weigh_as_much_as_the_requests)
{
	struct weights weights = { 0 };
	struct reading read;

	reading_begin(&read);
	reading_calls(&read, 0, HELLO, 100);
	reading_built(&read);
	fsc_spans_walk(read.result, weigh, &weights);
	cr_assert_eq(weights.sum_ns, 100 * CALLS);
	cr_assert_eq(weights.count, 2);
	reading_end(&read);
}

/* 9 of 10 calls left out: what the others are like is what all are like. */
Test(breakdown, sampled_calls_stand_for_all_of_them)
{
	const struct fsc_entry_row *row;
	struct reading read;

	reading_begin(&read);
	BUILDER_PUT(&read.builder, BUILDER_STATE, site_total, 1000, .slot = 0, .tid = 50,
		    .site = HELLO, .calls = 10 * CALLS + 5, .completed = CALLS,
		    .total_ticks = 100 * CALLS, .sampled_out = 9 * CALLS + 3);
	BUILDER_PUT(&read.builder, 0, detail, 1000, .one_in = 10);
	reading_calls(&read, 0, HELLO, 100);
	reading_built(&read);
	row = &read.result->entry_points[0];
	cr_assert_eq(row->calls, 10 * CALLS + 5);
	cr_assert_not(row->open.known);
	cr_assert_not(row->unwound.known);
	cr_assert_eq(row->sampled.value, CALLS);
	cr_assert_eq(row->times.count, CALLS);
	cr_assert_eq(row->times.mean_ns.value, 100);
	cr_assert_eq(row->times.total_ns.value, 100 * (10 * CALLS + 3));
	cr_assert_eq(row->mean_ci95_ns.value, 0);
	cr_assert_eq(read.result->requests[0].times.count, 10 * CALLS);
	cr_assert_eq(read.result->requests[0].sampled.value, CALLS);
	cr_assert_eq(read.result->requests[0].warm_up.count, 0);
	cr_assert(read.result->sampled);
	cr_assert_not(row->partial);
	reading_check_sum(&read);
	reading_end(&read);
}

/* First all calls, of 100 ns; then one in 10, of 300. */
Test(breakdown, a_rate_that_changes_weighs_calls_as_it_was)
{
	const struct fsc_entry_row *row;
	struct reading read;

	reading_begin(&read);
	BUILDER_PUT(&read.builder, BUILDER_STATE, site_total, 1000, .slot = 0, .tid = 50,
		    .site = HELLO, .calls = 11 * CALLS, .completed = 2 * CALLS,
		    .total_ticks = 400 * CALLS, .sampled_out = 9 * CALLS);
	reading_calls(&read, 0, HELLO, 100);
	BUILDER_PUT(&read.builder, 0, detail, 1000 * (CALLS + 1), .one_in = 10);
	reading_calls(&read, 0, HELLO, 300);
	reading_built(&read);
	row = &read.result->entry_points[0];
	cr_assert_eq(row->times.total_ns.value, 100 * CALLS + 300 * 10 * CALLS);
	cr_assert_eq(row->times.mean_ns.value, (100 + 3000 + 5) / 11);
	cr_assert_eq(row->sampled.value, 2 * CALLS);
	cr_assert_leq(labs((long)row->times.p50_ns.value - 300), 3);
	reading_end(&read);
}

Test(breakdown, calls_that_were_all_left_out_have_no_times)
{
	const struct fsc_entry_row *row;
	struct reading read;

	reading_begin(&read);
	BUILDER_PUT(&read.builder, BUILDER_STATE, site_total, 1000, .slot = 0, .tid = 50,
		    .site = HELLO, .calls = CALLS, .sampled_out = CALLS);
	reading_built(&read);
	row = &read.result->entry_points[0];
	cr_assert_eq(row->calls, CALLS);
	cr_assert_eq(row->sampled.value, 0);
	cr_assert_not(row->open.known);
	cr_assert_not(row->times.mean_ns.known);
	cr_assert_not(row->mean_ci95_ns.known);
	cr_assert_not(row->allocations.known);
	reading_end(&read);
}
