/* SPDX-License-Identifier: MIT */
/* A folder of LTTng traces reads like a recording. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyzers/event_stream.h"
#include "lttng_builder.h"
#include "trace_points/image.h"

enum { SITE = 3, NAME = 40, CALLS = 20, BEGIN_NS = 1000000 };

static const struct lttng_builder_thread one = { 100, 1, 101 };
static const struct lttng_builder_thread other = { 100, 1, 102 };
static const struct lttng_builder_thread state = { 100, 1, 0 };

struct opened {
	struct lttng_builder builder;
	struct fsc_recording *recording;
	struct fsc_event_stream stream;
	struct fsc_stream_loss loss;
};

static void open_image(struct opened *opened, size_t count, size_t image)
{
	struct fsc_error error = { 0 };

	cr_assert_eq(fsc_recording_open(&opened->recording, opened->builder.root, &error), FSC_OK,
		     "%s", error.what);
	cr_assert_eq(opened->recording->process_count, count);
	cr_assert_eq(fsc_event_stream_open(&opened->stream, opened->recording,
					   &opened->recording->processes[image], NULL, &error),
		     FSC_OK, "%s", error.what);
	fsc_event_stream_loss(&opened->stream, &opened->loss);
}

static void close_all(struct opened *opened)
{
	fsc_event_stream_close(&opened->stream);
	fsc_recording_destroy(opened->recording);
	lttng_builder_fini(&opened->builder);
}

/* One round of state: a site with so many calls, and the image. */
static void put_round(struct lttng_builder *builder, const struct lttng_builder_thread *thread,
		      uint64_t at_ns, uint64_t calls, uint32_t image_state)
{
	LTTNG_PUT(builder, 0, thread, string, at_ns, .string = NAME, .parts = 1,
		  .text = "say_hello");
	LTTNG_PUT(builder, 0, thread, string, at_ns, .string = 1, .parts = 1, .text = "/bin/demo");
	LTTNG_PUT(builder, 0, thread, site, at_ns, .site = SITE, .name = NAME);
	LTTNG_PUT(builder, 0, thread, site_total, at_ns, .site = SITE, .calls = calls,
		  .completed = calls, .total_ticks = calls * 10);
	LTTNG_PUT(builder, 0, thread, ledger_total, at_ns, .made = 2, .freed = 1, .live = 1);
	LTTNG_PUT(builder, 0, thread, buffer_live, at_ns, .pointer = 0x1000, .made_site = SITE,
		  .made_ticks = at_ns - 1);
	LTTNG_PUT(builder, 0, thread, image, at_ns, .format = 1, .parent = 99, .exe = 1,
		  .state = image_state, .start_ticks = 500, .calls = calls,
		  .flags = FSC_IMAGE_ALLOCATIONS | FSC_IMAGE_FORKED, .clock_mode = FSC_CLOCK_FAST);
}

/* Two threads in turns, each on its own processor, which they exchange in the middle. */
static void put_calls(struct lttng_builder *builder, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		LTTNG_PUT(builder, (int)((i + (i >= count / 2)) % 2), i % 2 ? &other : &one, call,
			  BEGIN_NS + i * 100, .duration_ticks = 10, .site = SITE,
			  .number = i / 2 + 1);
}

static void read_calls(struct opened *opened, uint32_t count)
{
	struct fsc_event event;
	uint32_t seen = 0;

	while (!fsc_event_stream_next(&opened->stream, &event)) {
		cr_assert_eq(event.kind, FSC_EVENT_call);
		cr_assert_eq(event.time_ns, BEGIN_NS + seen * 100);
		cr_assert_eq(event.start_ns, event.time_ns - 10);
		cr_assert_eq(event.call.number, seen / 2 + 1);
		cr_assert_eq(event.tid, seen % 2 ? other.tid : one.tid);
		cr_assert_eq(event.pid, one.pid);
		cr_assert_eq(event.image, one.image);
		seen++;
	}
	cr_assert_eq(seen, count);
}

static void put_demo(struct lttng_builder *builder)
{
	put_round(builder, &state, BEGIN_NS - 1, 0, FSC_IMAGE_RUNNING);
	put_calls(builder, CALLS);
	put_round(builder, &state, BEGIN_NS + 100000, CALLS, FSC_IMAGE_EXITED);
}

Test(lttng_trace, events_come_by_time_with_their_thread)
{
	struct opened opened = { 0 };

	lttng_builder_init(&opened.builder);
	put_demo(&opened.builder);
	lttng_builder_write(&opened.builder, "ust/uid/0/64-bit");
	open_image(&opened, 1, 0);
	read_calls(&opened, CALLS);
	cr_assert_not(fsc_stream_loss_any(&opened.loss));
	cr_assert_eq(opened.recording->warnings.count, 0);
	close_all(&opened);
}

Test(lttng_trace, an_image_says_what_process_json_would)
{
	struct opened opened = { 0 };
	const struct fsc_process *process;

	lttng_builder_init(&opened.builder);
	put_demo(&opened.builder);
	lttng_builder_write(&opened.builder, "ust");
	open_image(&opened, 1, 0);
	process = &opened.recording->processes[0];
	cr_assert_eq(process->pid, 100);
	cr_assert_eq(process->image, 1);
	cr_assert_eq(process->state, FSC_PROCESS_EXITED);
	cr_assert_eq(process->parent.value, 99);
	cr_assert_str_eq(process->exe, "/bin/demo");
	cr_assert_str_eq(process->clock_mode, "fast");
	cr_assert(process->forked);
	cr_assert(process->allocations.known && process->allocations.value);
	cr_assert(process->codecs.known && !process->codecs.value);
	cr_assert_eq(process->calls.value, CALLS);
	cr_assert_eq(process->start_ns.value, 500);
	cr_assert_eq(process->threads.value, 2);
	cr_assert(process->lost_events.known && !process->lost_events.value);
	close_all(&opened);
}

Test(lttng_trace, state_that_is_told_again_counts_once)
{
	struct opened opened = { 0 };
	const struct fsc_state *read;

	lttng_builder_init(&opened.builder);
	put_demo(&opened.builder);
	/* A round whose end is missing says nothing. */
	LTTNG_PUT(&opened.builder, 0, &state, site_total, BEGIN_NS + 200000, .site = SITE,
		  .calls = 7777);
	lttng_builder_write(&opened.builder, "ust");
	open_image(&opened, 1, 0);
	read = fsc_event_stream_state(&opened.stream);
	cr_assert_str_eq(fsc_state_site(read, SITE)->name, "say_hello");
	cr_assert_eq(fsc_state_site(read, SITE)->calls, CALLS);
	cr_assert_eq(fsc_state_site(read, SITE)->total_ticks, CALLS * 10);
	cr_assert(fsc_state_site(read, SITE)->totals_known);
	cr_assert_eq(read->live_count, 1);
	cr_assert_eq(read->live[0].made_ns, BEGIN_NS + 99999);
	cr_assert(read->ledger.known);
	cr_assert_eq(read->ledger.made, 2);
	cr_assert(read->complete);
	cr_assert_eq(read->clock.ticks_per_s, 1000000000);
	close_all(&opened);
}

Test(lttng_trace, contexts_and_other_providers_change_nothing)
{
	struct opened opened = { 0 };

	lttng_builder_init(&opened.builder);
	opened.builder.contexts = opened.builder.foreign = opened.builder.plain_metadata = true;
	lttng_builder_foreign(&opened.builder, 0, 5);
	put_demo(&opened.builder);
	lttng_builder_foreign(&opened.builder, 0, BEGIN_NS + 200000);
	lttng_builder_write(&opened.builder, "ust");
	open_image(&opened, 1, 0);
	read_calls(&opened, CALLS);
	cr_assert_not(fsc_stream_loss_any(&opened.loss));
	close_all(&opened);
}

Test(lttng_trace, a_site_without_state_has_its_number_for_a_name)
{
	struct opened opened = { 0 };
	struct fsc_event event;

	lttng_builder_init(&opened.builder);
	put_calls(&opened.builder, 2);
	lttng_builder_write(&opened.builder, "ust");
	open_image(&opened, 1, 0);
	cr_assert_null(fsc_state_site(fsc_event_stream_state(&opened.stream), SITE));
	cr_assert_eq(fsc_event_stream_next(&opened.stream, &event), FSC_OK);
	cr_assert_eq(event.call.site, SITE);
	cr_assert(opened.loss.uncounted);
	cr_assert_not(opened.recording->processes[0].calls.known);
	cr_assert_gt(opened.recording->processes[0].stream_bytes, 0);
	close_all(&opened);
}

Test(lttng_trace, hosts_processes_and_images_are_told_apart)
{
	static const struct lttng_builder_thread exec = { 100, 2, 100 }, second = { 200, 1, 200 };
	struct opened opened = { 0 };

	lttng_builder_init(&opened.builder);
	LTTNG_PUT(&opened.builder, 0, &one, call, 2000, .site = SITE);
	LTTNG_PUT(&opened.builder, 0, &exec, call, 3000, .site = SITE);
	LTTNG_PUT(&opened.builder, 1, &second, call, 2500, .site = SITE);
	lttng_builder_write(&opened.builder, "one/session/ust/uid/0/64-bit");
	opened.builder.host = "two";
	LTTNG_PUT(&opened.builder, 0, &one, call, 2000, .site = SITE);
	lttng_builder_write(&opened.builder, "two/session/ust/uid/0/64-bit");
	open_image(&opened, 4, 0);
	cr_assert_eq(opened.recording->processes[0].state, FSC_PROCESS_EXEC);
	cr_assert_eq(opened.recording->processes[3].pid, 200);
	close_all(&opened);
}

static void write_meta(const struct lttng_builder *builder, bool complete)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/meta.json", builder->root);
	file = fopen(path, "we");
	cr_assert_not_null(file);
	fprintf(file,
		"{\"complete\": %s, \"end_ns\": 9, \"processes\": [{\"pid\": %u, \"image\": %u}]}",
		complete ? "true" : "false", one.pid, one.image);
	fclose(file);
}

Test(lttng_trace, programs_that_are_not_the_recorded_command_s_are_left_out)
{
	static const struct lttng_builder_thread earlier = { 99, 1, 99 }, exec = { 100, 2, 100 };
	struct opened opened = { 0 };
	struct fsc_event event;

	lttng_builder_init(&opened.builder);
	LTTNG_PUT(&opened.builder, 0, &earlier, call, 1000, .site = SITE);
	LTTNG_PUT(&opened.builder, 0, &one, call, 2000, .site = SITE);
	LTTNG_PUT(&opened.builder, 0, &exec, call, 3000, .site = SITE);
	lttng_builder_write(&opened.builder, "lttng/ust/uid/0/64-bit");
	write_meta(&opened.builder, true);
	open_image(&opened, 1, 0);
	cr_assert_eq(fsc_event_stream_next(&opened.stream, &event), FSC_OK);
	cr_assert_eq(event.time_ns, 2000);
	cr_assert_eq(event.pid, one.pid);
	cr_assert_eq(event.image, one.image);
	close_all(&opened);
}

Test(lttng_trace, a_recording_that_was_cut_off_knows_no_list_of_its_processes)
{
	static const struct lttng_builder_thread second = { 200, 1, 200 };
	struct opened opened = { 0 };

	lttng_builder_init(&opened.builder);
	LTTNG_PUT(&opened.builder, 0, &one, call, 2000, .site = SITE);
	LTTNG_PUT(&opened.builder, 0, &second, call, 3000, .site = SITE);
	lttng_builder_write(&opened.builder, "lttng/ust/uid/0/64-bit");
	write_meta(&opened.builder, false);
	open_image(&opened, 2, 1);
	close_all(&opened);
}

Test(lttng_trace, pieces_of_one_trace_are_put_together)
{
	struct opened opened = { 0 };

	lttng_builder_init(&opened.builder);
	put_round(&opened.builder, &state, BEGIN_NS - 1, 0, FSC_IMAGE_RUNNING);
	for (uint32_t i = 0; i < CALLS; i++) {
		LTTNG_PUT(&opened.builder, 0, i % 2 ? &other : &one, call, BEGIN_NS + i * 100,
			  .duration_ticks = 10, .site = SITE, .number = i / 2 + 1);
		if (i == CALLS / 2) {
			lttng_builder_write(&opened.builder, "archives/1/ust");
			opened.builder.number = 0; /* the same trace */
			opened.builder.streams[0].sequence = 1;
		}
	}
	put_round(&opened.builder, &state, BEGIN_NS + 100000, CALLS, FSC_IMAGE_EXITED);
	lttng_builder_write(&opened.builder, "archives/2/ust");
	open_image(&opened, 1, 0);
	read_calls(&opened, CALLS);
	cr_assert_not(fsc_stream_loss_any(&opened.loss));
	close_all(&opened);
}

Test(lttng_trace, a_session_that_begins_in_mid_run_does_not_hold_all)
{
	struct opened opened = { 0 };

	lttng_builder_init(&opened.builder);
	put_calls(&opened.builder, CALLS);
	put_round(&opened.builder, &state, BEGIN_NS + 100000, CALLS + 1000, FSC_IMAGE_EXITED);
	lttng_builder_write(&opened.builder, "ust");
	open_image(&opened, 1, 0);
	read_calls(&opened, CALLS);
	cr_assert(opened.loss.uncounted);
	cr_assert_eq(fsc_state_site(fsc_event_stream_state(&opened.stream), SITE)->calls,
		     CALLS + 1000);
	close_all(&opened);
}

Test(lttng_trace, buffers_after_the_last_state_are_not_forgotten)
{
	struct opened opened = { 0 };
	const struct fsc_state *read;

	lttng_builder_init(&opened.builder);
	LTTNG_PUT(&opened.builder, 0, &one, buffer_made, 900, .pointer = 0x1000, .site = SITE);
	put_round(&opened.builder, &state, 1000, 1, FSC_IMAGE_RUNNING);
	LTTNG_PUT(&opened.builder, 0, &one, call_made, 2000, .pointer = 0x2000, .site = SITE,
		  .number = 2, .response_bytes = 5, .capacity = 8, .duration_ticks = 10);
	LTTNG_PUT(&opened.builder, 0, &one, call_made, 2100, .pointer = 0x3000, .site = SITE);
	LTTNG_PUT(&opened.builder, 0, &one, call_freed, 2200, .pointer = 0x3000, .site = SITE);
	LTTNG_PUT(&opened.builder, 0, &one, buffer_freed, 2300, .pointer = 0x1000, .site = SITE,
		  .verdict = FSC_VERDICT_FREED);
	lttng_builder_write(&opened.builder, "ust");
	open_image(&opened, 1, 0);
	read = fsc_event_stream_state(&opened.stream);
	cr_assert_not(read->complete);
	cr_assert_not(read->ledger.known);
	cr_assert_eq(read->live_count, 1);
	cr_assert_eq(read->live[0].pointer, 0x2000);
	cr_assert_eq(read->live[0].made_tid, one.tid);
	cr_assert_eq(read->live[0].made_ns, 1990);
	cr_assert_eq(read->live[0].length, 5);
	cr_assert_eq(opened.recording->processes[0].state, FSC_PROCESS_UNKNOWN);
	close_all(&opened);
}

Test(lttng_trace, a_batch_reads_like_single_events)
{
	/* Ticks of half a ns that begin at 7. */
	static const uint64_t clock[4] = { 7, 0, 2000000007, 1000000000 };
	struct opened opened = { 0 };

	lttng_builder_init(&opened.builder);
	put_round(&opened.builder, &state, BEGIN_NS - 1, 0, FSC_IMAGE_RUNNING);
	for (uint32_t thread = 0; thread < 2; thread++) {
		struct fsc_call_record records[CALLS / 2] = { 0 };

		for (uint32_t i = 0; i < CALLS / 2; i++)
			records[i] = (struct fsc_call_record){
				.id = FSC_EVENT_call,
				.ticks = (BEGIN_NS + (i * 2 + thread) * 100ull) * 2 + 7,
				.duration_ticks = 20,
				.site = SITE,
				.number = i + 1
			};
		lttng_builder_batch(&opened.builder, 1, thread ? &other : &one,
				    BEGIN_NS + 50000 + thread, clock, 0, records, sizeof(records));
	}
	put_round(&opened.builder, &state, BEGIN_NS + 100000, CALLS, FSC_IMAGE_EXITED);
	lttng_builder_write(&opened.builder, "ust");
	open_image(&opened, 1, 0);
	read_calls(&opened, CALLS);
	cr_assert_not(fsc_stream_loss_any(&opened.loss));
	close_all(&opened);
}

Test(lttng_trace, an_event_of_a_kind_that_nobody_knows_is_counted)
{
	struct opened opened = { 0 };

	lttng_builder_init(&opened.builder);
	put_demo(&opened.builder);
	lttng_builder_newer(&opened.builder, 0, &one, BEGIN_NS + 200000);
	lttng_builder_write(&opened.builder, "ust");
	open_image(&opened, 1, 0);
	cr_assert_eq(opened.loss.skipped_events, 1);
	read_calls(&opened, CALLS);
	close_all(&opened);
}

Test(lttng_trace, a_trace_without_us_is_said_to_be_one)
{
	struct fsc_recording *recording;
	struct lttng_builder builder;
	struct fsc_error error = { 0 };
	char path[128];
	FILE *out;

	lttng_builder_init(&builder);
	cr_assert_eq(fsc_recording_open(&recording, builder.root, &error), FSC_E_FORMAT);
	cr_assert(strstr(error.what, "not a recording"));
	snprintf(path, sizeof(path), "%s/metadata", builder.root);
	out = fopen(path, "w");
	fputs("/* CTF 1.8 */\nevent { name = \"sched_switch\"; };\n", out);
	fclose(out);
	cr_assert_eq(fsc_recording_open(&recording, builder.root, &error), FSC_E_FORMAT);
	cr_assert(strstr(error.what, "no event of ffiscope"), "%s", error.what);
	cr_assert(strstr(error.hint, "lttng enable-event"));
	lttng_builder_fini(&builder);
}
