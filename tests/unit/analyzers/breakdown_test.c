/* SPDX-License-Identifier: MIT */
/* Recordings made by hand, read the whole way: files to rows. */
#include <criterion/criterion.h>
#include <string.h>

#include "analyzers/breakdown.h"
#include "analyzers/spans.h"
#include "builder.h"

enum { HELLO = 1, GIVE_BACK = 2, POOL = 3, HELLO_ALIAS = 4, HELLO_AGAIN = 5, CALLS = 1000 };

struct read {
	struct builder builder;
	struct fsc_recording *recording;
	struct fsc_breakdown *breakdown;
	const struct fsc_breakdown_result *result;
	struct fsc_warnings warnings;
};

static void begin(struct read *read)
{
	memset(read, 0, sizeof(*read));
	builder_init(&read->builder);
	builder_site(&read->builder, HELLO, FSC_SITE_ENTRY, "say_hello");
	builder_site(&read->builder, GIVE_BACK, FSC_SITE_FREE, "give_back");
	builder_site(&read->builder, POOL, FSC_SITE_ACQUIRE, "pool_get");
}

static void read_built(struct read *read)
{
	struct fsc_error error = { 0 };

	builder_write(&read->builder);
	cr_assert_eq(fsc_recording_open(&read->recording, read->builder.root, &error), FSC_OK);
	cr_assert_eq(fsc_breakdown_read(&read->breakdown, read->recording,
					&read->recording->processes[0], &read->warnings, &error),
		     FSC_OK, "%s", error.what);
	read->result = fsc_breakdown_borrow(read->breakdown);
}

static void end(struct read *read)
{
	fsc_breakdown_destroy(read->breakdown);
	fsc_recording_destroy(read->recording);
	builder_fini(&read->builder);
}

static void total(struct read *read, uint32_t slot, uint16_t site, uint64_t calls,
		  uint64_t completed)
{
	BUILDER_PUT(&read->builder, BUILDER_STATE, site_total, 1000, .slot = slot, .site = site,
		    .calls = calls, .completed = completed, .total_ticks = completed * 100,
		    .request_bytes = calls * 8, .response_bytes = calls * 9);
}

/* CALLS calls of `ns` each, every 1000 ticks, on a slot. */
static void calls(struct read *read, int slot, uint16_t site, uint32_t ns)
{
	for (uint32_t i = 0; i < CALLS; i++)
		BUILDER_PUT(&read->builder, slot, call, 5000 + i * 1000, .duration_ticks = ns,
			    .site = site, .number = i + 1,
			    .flags = FSC_CALL_REQUEST | FSC_CALL_RESPONSE, .request_bytes = 8,
			    .response_bytes = 9);
}

static const struct fsc_phase_row *phase_row(const struct read *read, const char *phase,
					     enum fsc_side side)
{
	for (size_t i = 0; i < read->result->phase_count; i++)
		if (!strcmp(read->result->phases[i].phase, phase) &&
		    read->result->phases[i].side == side)
			return &read->result->phases[i];
	cr_assert_fail("no row for %s", phase);
	return NULL;
}

/* Phases of the first entry point against its request row. */
static void check_sum(const struct read *read)
{
	int64_t sum = 0;

	for (size_t i = 0; i < read->result->phase_count; i++)
		if (read->result->phases[i].entry_point == read->result->requests[0].entry_point)
			sum += read->result->phases[i].times.total_ns.value;
	cr_assert_eq(sum, read->result->requests[0].times.total_ns.value);
}

Test(breakdown, an_entry_points_row_counts_and_measures_its_calls)
{
	const struct fsc_entry_row *row;
	struct read read;

	begin(&read);
	total(&read, 0, HELLO, CALLS, CALLS);
	total(&read, 1, HELLO, CALLS + 3, CALLS);
	calls(&read, 0, HELLO, 100);
	calls(&read, 1, HELLO, 300);
	read_built(&read);
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
	end(&read);
}

Test(breakdown, totals_are_corrected_and_quantiles_are_not)
{
	const struct fsc_entry_row *row;
	struct read read;

	begin(&read);
	/* 12.3456 ns: what is below one ns must not get lost over many calls. */
	BUILDER_PUT(&read.builder, BUILDER_STATE, probe_cost, 1000, .inner_ps = 12345,
		    .outer_ps = 20001);
	total(&read, 0, HELLO, CALLS, CALLS);
	calls(&read, 0, HELLO, 100);
	read_built(&read);
	row = &read.result->entry_points[0];
	cr_assert_eq(row->times.total_ns.value, 100 * CALLS - 12345);
	cr_assert_eq(row->times.mean_ns.value, 88);
	cr_assert_eq(row->times.raw_mean_ns.value, 100);
	cr_assert_eq(row->times.p50_ns.value, 100);
	cr_assert_eq(read.result->probe_inner_ps.value, 12345);
	cr_assert_eq(read.result->requests[0].times.total_ns.value, 100 * CALLS - 12345);
	check_sum(&read);
	end(&read);
}

Test(breakdown, phases_add_up_and_unseen_ones_keep_an_empty_row)
{
	const struct fsc_phase_row *row;
	struct read read;

	begin(&read);
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
	read_built(&read);
	cr_assert_eq(read.result->request_count, 1);
	cr_assert_eq(read.result->requests[0].times.count, CALLS);
	cr_assert_eq(read.result->requests[0].times.raw_mean_ns.value, 300);
	cr_assert_not(read.result->requests[0].held_ns.known);
	check_sum(&read);
	row = phase_row(&read, "encode", FSC_SIDE_HOST);
	cr_assert_eq(row->source, FSC_SOURCE_MEASURED);
	cr_assert_eq(row->times.raw_mean_ns.value, 100);
	cr_assert_not(row->allocations.known);
	row = phase_row(&read, "copy", FSC_SIDE_LIBRARY);
	cr_assert_eq(row->times.raw_mean_ns.value, 30);
	cr_assert_eq(row->allocations.value, 2 * CALLS);
	row = phase_row(&read, "work", FSC_SIDE_LIBRARY);
	cr_assert_eq(row->times.raw_mean_ns.value, 120);
	cr_assert_eq(row->allocated_bytes.value, 30 * CALLS);
	row = phase_row(&read, "decode", FSC_SIDE_LIBRARY);
	cr_assert_eq(row->times.count, CALLS);
	cr_assert_eq(row->times.max_ns.value, 0);
	row = phase_row(&read, "consume", FSC_SIDE_HOST);
	cr_assert_eq(row->source, FSC_SOURCE_NONE);
	cr_assert_eq(row->times.count, 0);
	cr_assert_not(row->times.total_ns.known);
	cr_assert_not(row->share_ppm.known);
	cr_assert_eq(read.result->entry_points[0].allocations.value, 5 * CALLS);
	end(&read);
}

Test(breakdown, what_is_lost_is_counted_from_the_totals_and_marked)
{
	const struct fsc_entry_row *row;
	struct read read;

	begin(&read);
	read.builder.more = ",\"lost_events\":500";
	total(&read, 0, HELLO, CALLS + 500, CALLS + 500);
	calls(&read, 0, HELLO, 100);
	read_built(&read);
	row = &read.result->entry_points[0];
	cr_assert_eq(row->calls, CALLS + 500);
	cr_assert_eq(row->open.value, 0);
	cr_assert_eq(row->times.count, CALLS);
	cr_assert_eq(row->times.total_ns.value, 100 * (CALLS + 500));
	cr_assert_eq(row->times.mean_ns.value, 100);
	cr_assert_eq(row->self_ns.value, 100 * (CALLS + 500));
	cr_assert(row->partial);
	cr_assert(read.result->partial);
	cr_assert_eq(read.result->loss.events, 500);
	cr_assert(read.result->requests[0].partial);
	end(&read);
}

Test(breakdown, without_totals_calls_come_from_events_and_open_is_unknown)
{
	const struct fsc_entry_row *row;
	struct read read;

	begin(&read);
	calls(&read, 0, HELLO, 100);
	read_built(&read);
	row = &read.result->entry_points[0];
	cr_assert_eq(row->calls, CALLS);
	cr_assert(row->calls_from_events);
	cr_assert_not(row->open.known);
	cr_assert_not(row->unwound.known);
	cr_assert_eq(row->response_bytes.value, 9 * CALLS);
	end(&read);
}

Test(breakdown, totals_that_do_not_add_up_are_not_used)
{
	const struct fsc_entry_row *row;
	struct read read;

	begin(&read);
	read.builder.more = ",\"calls\":3000,\"lost_events\":9";
	total(&read, 0, HELLO, 2, 2);
	calls(&read, 0, HELLO, 100);
	read_built(&read);
	row = &read.result->entry_points[0];
	cr_assert_eq(row->calls, CALLS);
	cr_assert(row->calls_from_events);
	cr_assert(row->partial);
	cr_assert_not(row->open.known);
	cr_assert_not(row->skipped.known);
	cr_assert_eq(read.result->loss.events, 9);
	end(&read);
}

Test(breakdown, an_unfinished_recording_is_partial_and_its_losses_unknown)
{
	struct read read;

	begin(&read);
	read.builder.meta = "{\"format\":1,\"complete\":false}";
	read.builder.state = "running";
	read.builder.more = ",\"calls\":0,\"lost_events\":0";
	calls(&read, 0, HELLO, 100);
	read_built(&read);
	cr_assert(read.result->partial);
	cr_assert(read.result->entry_points[0].partial);
	cr_assert(read.result->requests[0].partial);
	cr_assert(read.result->loss.uncounted);
	cr_assert(fsc_stream_loss_any(&read.result->loss));
	cr_assert_not(fsc_stream_loss_count(&read.result->loss, 0).known);
	end(&read);
}

Test(breakdown, allocations_that_were_not_counted_are_unknown)
{
	struct read read;

	begin(&read);
	read.builder.more = ",\"allocations\":false";
	calls(&read, 0, HELLO, 100);
	read_built(&read);
	cr_assert_not(read.result->entry_points[0].allocations.known);
	cr_assert_not(read.result->entry_points[0].freed_bytes.known);
	end(&read);
}

Test(breakdown, one_name_and_library_is_one_row_and_an_alias_is_no_row)
{
	struct read read;

	begin(&read);
	builder_site(&read.builder, HELLO_AGAIN, FSC_SITE_ENTRY, "say_hello");
	BUILDER_PUT(&read.builder, BUILDER_STATE, site, 1000, .site = HELLO_ALIAS,
		    .kind = FSC_SITE_ENTRY, .name = 6000, .module = 1, .alias_of = HELLO);
	builder_string(&read.builder, 6000, "say_hello_v1");
	total(&read, 0, HELLO, 5, 5);
	total(&read, 0, HELLO_AGAIN, 6, 6);
	total(&read, 0, GIVE_BACK, 4, 4);
	total(&read, 0, POOL, 4, 4);
	read_built(&read);
	cr_assert_eq(read.result->entry_point_count, 2);
	cr_assert_eq(read.result->entry_points[0].calls, 11);
	cr_assert_eq(read.result->entry_points[0].alias_count, 1);
	cr_assert_str_eq(read.result->entry_points[0].aliases[0], "say_hello_v1");
	cr_assert(read.result->entry_points[1].is_free);
	cr_assert_eq(read.result->request_count, 0);
	end(&read);
}

Test(breakdown, a_call_without_its_state_still_has_a_row)
{
	struct read read;

	begin(&read);
	BUILDER_PUT(&read.builder, 0, call, 5000, .duration_ticks = 10, .site = 77, .number = 1);
	read_built(&read);
	cr_assert_eq(read.result->entry_point_count, 1);
	cr_assert_str_eq(read.result->entry_points[0].name, "site 77");
	end(&read);
}

Test(breakdown, responses_held_beyond_their_request_have_their_own_time)
{
	struct read read;

	begin(&read);
	BUILDER_PUT(&read.builder, 0, call, 5000, .duration_ticks = 10, .site = HELLO, .number = 1);
	BUILDER_PUT(&read.builder, 1, buffer_freed, 9005, .call = 1, .made_call = 1,
		    .made_tid = 200, .made_ticks = 4990, .made_ended_ticks = 5000,
		    .made_site = HELLO, .site = GIVE_BACK);
	BUILDER_PUT(&read.builder, 1, call, 9010, .duration_ticks = 10, .site = GIVE_BACK,
		    .number = 1);
	read_built(&read);
	cr_assert_eq(read.result->requests[0].held_ns.value, 4000);
	cr_assert_eq(read.result->requests[0].held_count, 1);
	cr_assert_eq(read.result->requests[0].times.total_ns.value, 10);
	end(&read);
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
	struct read read;

	begin(&read);
	calls(&read, 0, HELLO, 100);
	read_built(&read);
	fsc_spans_walk(read.result, weigh, &weights);
	cr_assert_eq(weights.sum_ns, 100 * CALLS);
	cr_assert_eq(weights.count, 2);
	end(&read);
}
