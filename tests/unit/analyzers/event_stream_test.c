/* SPDX-License-Identifier: MIT */
/* Several streams become one, in order, in ns. */
#include <criterion/criterion.h>

#include "analyzers/event_stream.h"
#include "builder.h"

struct opened {
	struct builder builder;
	struct fsc_recording *recording;
	struct fsc_event_stream stream;
	struct fsc_warnings warnings;
};

static void open_built(struct opened *opened)
{
	struct fsc_error error = { 0 };

	builder_write(&opened->builder);
	cr_assert_eq(fsc_recording_open(&opened->recording, opened->builder.root, &error), FSC_OK,
		     "%s", error.what);
	cr_assert_eq(opened->recording->process_count, 1);
	cr_assert_eq(fsc_event_stream_open(&opened->stream, opened->recording,
					   &opened->recording->processes[0], &opened->warnings,
					   &error),
		     FSC_OK, "%s", error.what);
}

static void close_built(struct opened *opened)
{
	fsc_event_stream_close(&opened->stream);
	fsc_recording_destroy(opened->recording);
	builder_fini(&opened->builder);
}

Test(event_stream, streams_are_merged_by_time)
{
	struct opened opened = { 0 };
	struct fsc_event event;
	uint32_t count = 0;
	int64_t last = 0;

	builder_init(&opened.builder);
	for (uint32_t i = 0; i < 400; i++)
		BUILDER_PUT(&opened.builder, (int)(i * 7 / 3 % 4), call, 5000 + i * 10,
			    .number = i + 1);
	open_built(&opened);
	while (!fsc_event_stream_next(&opened.stream, &event)) {
		cr_assert_gt(event.time_ns, last);
		cr_assert_eq(event.call.number, ++count);
		cr_assert_eq(event.tid, 200 + event.slot);
		cr_assert_eq(event.pid, 100);
		cr_assert_eq(event.image, 1);
		last = event.time_ns;
	}
	cr_assert_eq(count, 400);
	close_built(&opened);
}

Test(event_stream, a_thread_keeps_its_order_when_its_clock_steps_back)
{
	struct opened opened = { 0 };
	struct fsc_event event;
	uint32_t seen = 0;

	builder_init(&opened.builder);
	BUILDER_PUT(&opened.builder, 0, call, 9000, .number = 1);
	BUILDER_PUT(&opened.builder, 0, call, 5000, .number = 2);
	BUILDER_PUT(&opened.builder, 0, call, 9500, .number = 3);
	BUILDER_PUT(&opened.builder, 1, call, 7000, .number = 1);
	open_built(&opened);
	while (!fsc_event_stream_next(&opened.stream, &event))
		if (event.slot == 0)
			cr_assert_eq(event.call.number, ++seen);
	cr_assert_eq(seen, 3);
	close_built(&opened);
}

Test(event_stream, narrow_and_wide_calls_read_alike)
{
	struct opened opened = { 0 };
	struct fsc_event narrow, wide;

	builder_init(&opened.builder);
	BUILDER_PUT(&opened.builder, 0, call, 5000, .duration_ticks = 300, .site = 3,
		    .flags = FSC_CALL_REQUEST, .child_calls = 2, .number = 4, .parent = 5,
		    .children_ticks = 100, .request_bytes = 6, .response_bytes = 7, .request = 8);
	BUILDER_PUT(&opened.builder, 0, call_wide, 5000, .duration_ticks = 300, .site = 3,
		    .flags = FSC_CALL_REQUEST, .child_calls = 2, .number = 4, .parent = 5,
		    .children_ticks = 100, .request_bytes = 6, .response_bytes = 7, .request = 8);
	open_built(&opened);
	cr_assert_eq(fsc_event_stream_next(&opened.stream, &narrow), FSC_OK);
	cr_assert_eq(fsc_event_stream_next(&opened.stream, &wide), FSC_OK);
	cr_assert_eq(narrow.kind, wide.kind);
	cr_assert_eq(narrow.start_ns, wide.start_ns);
	cr_assert_eq(narrow.call.duration_ns, wide.call.duration_ns);
	cr_assert_eq(narrow.call.children_ns, wide.call.children_ns);
	cr_assert_eq(narrow.call.site, wide.call.site);
	cr_assert_eq(narrow.call.flags, wide.call.flags);
	cr_assert_eq(narrow.call.child_calls, wide.call.child_calls);
	cr_assert_eq(narrow.call.number, wide.call.number);
	cr_assert_eq(narrow.call.parent, wide.call.parent);
	cr_assert_eq(narrow.call.request_bytes, wide.call.request_bytes);
	cr_assert_eq(narrow.call.response_bytes, wide.call.response_bytes);
	cr_assert_eq(narrow.call.request, wide.call.request);
	cr_assert_eq(wide.kind, FSC_EVENT_call);
	cr_assert_eq(wide.start_ns, 4700);
	cr_assert_eq(wide.call.duration_ns, 300);
	cr_assert_eq(wide.call.children_ns, 100);
	cr_assert_eq(fsc_event_stream_next(&opened.stream, &wide), FSC_END);
	close_built(&opened);
}

Test(event_stream, the_state_is_complete_from_the_start)
{
	static const char long_name[] =
		"a_name_that_is_longer_than_one_part_of_a_string_event_0123456789_0123456789_"
		"0123456789_0123456789_0123456789_0123456789";
	struct opened opened = { 0 };
	const struct fsc_state *state;
	const struct fsc_site *site;

	builder_init(&opened.builder);
	builder_site(&opened.builder, 3, FSC_SITE_ENTRY, long_name);
	BUILDER_PUT(&opened.builder, BUILDER_STATE, site_total, 1000, .slot = 0, .site = 3,
		    .calls = 10, .completed = 9, .unwound = 1);
	BUILDER_PUT(&opened.builder, BUILDER_STATE, site_total, 1000, .slot = 1, .site = 3,
		    .calls = 5, .completed = 5);
	BUILDER_PUT(&opened.builder, BUILDER_STATE, probe_cost, 1000, .inner_ps = 12000,
		    .outer_ps = 30000, .pace_ticks = 400);
	BUILDER_PUT(&opened.builder, BUILDER_STATE, clock, 1000, .monotonic_ns = 1000,
		    .pace_ticks = 1000, .pace_count = 2, .growth_ticks = 5000);
	BUILDER_PUT(&opened.builder, BUILDER_STATE, clock, 2000, .monotonic_ns = 2000);
	BUILDER_PUT(&opened.builder, BUILDER_STATE, buffer_live, 1000, .pointer = 7,
		    .made_ticks = 4000);
	BUILDER_PUT(&opened.builder, BUILDER_STATE, loss, 1000, .slot = 0, .events = 4);
	open_built(&opened);
	state = fsc_event_stream_state(&opened.stream);
	site = fsc_state_site(state, 3);
	cr_assert_not_null(site);
	cr_assert_str_eq(site->name, long_name);
	cr_assert_str_eq(site->library, "/lib/libdemo.so");
	cr_assert_eq(site->calls, 15);
	cr_assert_eq(site->unwound, 1);
	cr_assert_eq(state->caller_count, 2);
	cr_assert_eq(state->probe[FSC_PROBE_call].outer_ps, 37500);
	cr_assert_eq(state->pace_permille.value, 1250);
	cr_assert_eq(state->growth_ticks.value, 5000);
	cr_assert_eq(state->live_count, 1);
	cr_assert_eq(state->live[0].made_ns, 4000);
	cr_assert_eq(state->lost_events.value, 4);
	cr_assert_null(fsc_state_site(state, 4));
	close_built(&opened);
}

Test(event_stream, numbers_out_of_bounds_are_left_out_with_a_warning)
{
	struct opened opened = { 0 };

	builder_init(&opened.builder);
	BUILDER_PUT(&opened.builder, BUILDER_STATE, string, 1000, .string = UINT32_MAX);
	BUILDER_PUT(&opened.builder, BUILDER_STATE, string, 1000, .string = 5, .part = 3);
	BUILDER_PUT(&opened.builder, BUILDER_STATE, module, 1000, .module = UINT32_MAX);
	BUILDER_PUT(&opened.builder, BUILDER_STATE, site_total, 1000, .site = UINT32_MAX);
	BUILDER_PUT(&opened.builder, BUILDER_STATE, probe_cost, 1000, .inner_ps = UINT32_MAX);
	open_built(&opened);
	cr_assert_eq(opened.warnings.count, 1);
	close_built(&opened);
}

Test(event_stream, a_discarded_count_in_a_packet_is_a_loss)
{
	struct fsc_stream_loss loss;
	struct opened opened = { 0 };
	struct fsc_event event;

	builder_init(&opened.builder);
	opened.builder.streams[0].discarded = 9;
	BUILDER_PUT(&opened.builder, 0, call, 5000, .number = 1);
	open_built(&opened);
	while (!fsc_event_stream_next(&opened.stream, &event))
		;
	fsc_event_stream_loss(&opened.stream, &loss);
	cr_assert_eq(loss.events, 9);
	cr_assert(fsc_stream_loss_any(&loss));
	close_built(&opened);
}

Test(event_stream, a_made_buffer_reads_as_it_was_written)
{
	struct opened opened = { 0 };
	struct fsc_event event;

	builder_init(&opened.builder);
	BUILDER_PUT(&opened.builder, 0, buffer_made, 5000, .call = 7, .pointer = 0x1000,
		    .length = 23, .capacity = 64, .site = 3);
	open_built(&opened);
	cr_assert_eq(fsc_event_stream_next(&opened.stream, &event), 0);
	cr_assert_eq(event.kind, FSC_EVENT_buffer_made);
	cr_assert_eq(event.buffer_made.call, 7);
	cr_assert_eq(event.buffer_made.pointer, 0x1000);
	cr_assert_eq(event.buffer_made.length, 23);
	cr_assert_eq(event.buffer_made.capacity, 64);
	cr_assert_eq(event.buffer_made.site, 3);
	close_built(&opened);
}
