/* SPDX-License-Identifier: MIT */
/* Verdicts and live buffers, planted; each must be the finding it is. */
#include <criterion/criterion.h>
#include <string.h>

#include "analyzers/leaks.h"
#include "builder.h"

enum { HELLO = 1, GIVE_BACK = 2 };

struct read {
	struct builder builder;
	struct fsc_recording *recording;
	struct fsc_leaks *leaks;
	const struct fsc_leaks_result *result;
	struct fsc_warnings warnings;
};

static void begin(struct read *read)
{
	memset(read, 0, sizeof(*read));
	builder_init(&read->builder);
	builder_site(&read->builder, HELLO, FSC_SITE_ENTRY, "say_hello");
	builder_site(&read->builder, GIVE_BACK, FSC_SITE_FREE, "give_back");
}

static void read_built(struct read *read)
{
	struct fsc_error error = { 0 };

	builder_write(&read->builder);
	cr_assert_eq(fsc_recording_open(&read->recording, read->builder.root, &error), FSC_OK);
	cr_assert_eq(fsc_leaks_read(&read->leaks, read->recording, NULL, &read->warnings, &error),
		     FSC_OK, "%s", error.what);
	read->result = fsc_leaks_borrow(read->leaks);
}

static void end(struct read *read)
{
	fsc_leaks_destroy(read->leaks);
	fsc_recording_destroy(read->recording);
	builder_fini(&read->builder);
}

static void live(struct read *read, uint32_t tid, uint64_t number, uint64_t made)
{
	BUILDER_PUT(&read->builder, BUILDER_STATE, buffer_live, 1000, .pointer = number,
		    .length = 50, .capacity = 64, .made_call = number, .made_ticks = made,
		    .made_tid = tid, .made_site = HELLO);
}

static void verdict(struct read *read, enum fsc_verdict verdict, uint64_t number)
{
	BUILDER_PUT(&read->builder, 0, buffer_freed, 5000 + number, .call = number + 1, .length = 5,
		    .capacity = 6, .made_call = number, .made_length = 100, .made_capacity = 128,
		    .made_ticks = 4000 + number,
		    .made_tid = verdict == FSC_VERDICT_FREED_UNKNOWN ? 0 : 200,
		    .made_site = verdict == FSC_VERDICT_FREED_UNKNOWN ? 0 : HELLO,
		    .site = GIVE_BACK, .verdict = verdict);
}

Test(leaks, a_buffer_never_freed_is_one_finding_with_first_and_last_call)
{
	const struct fsc_leak *leak;
	struct read read;

	begin(&read);
	live(&read, 201, 9, 7000);
	live(&read, 200, 5, 3000);
	live(&read, 200, 6, 9000);
	BUILDER_PUT(&read.builder, BUILDER_STATE, ledger_total, 1000, .made = 10, .freed = 7,
		    .live = 3);
	read_built(&read);
	cr_assert_eq(read.result->finding_count, 1);
	cr_assert_eq(read.result->live_at_end_count, 0);
	leak = &read.result->findings[0];
	cr_assert_eq(leak->kind, FSC_LEAK_NEVER_FREED);
	cr_assert_str_eq(leak->entry_point, "say_hello");
	cr_assert_eq(leak->pid, 100);
	cr_assert_eq(leak->count, 3);
	cr_assert_eq(leak->bytes.value, 3 * 64);
	cr_assert_eq(leak->first_call.number, 5);
	cr_assert_eq(leak->first_call.start_ns, 3000);
	cr_assert_eq(leak->last_call.number, 6);
	cr_assert_eq(leak->thread_count, 2);
	cr_assert_not(leak->uncertain);
	cr_assert_eq(read.result->made.value, 10);
	cr_assert_eq(read.result->freed.value, 7);
	cr_assert_eq(read.result->live.value, 3);
	end(&read);
}

/* Ten buffers of HELLO, each given back three calls and 3000 ns after its call ended. */
static void free_late(struct read *read)
{
	for (uint64_t i = 1; i <= 10; i++)
		BUILDER_PUT(&read->builder, 0, buffer_freed, 10000 + i * 1000, .call = i * 10 + 3,
			    .made_call = i * 10, .made_ticks = 6900 + i * 1000,
			    .made_ended_ticks = 7000 + i * 1000, .made_tid = 200,
			    .made_site = HELLO, .site = GIVE_BACK, .verdict = FSC_VERDICT_FREED);
}

static void live_since(struct read *read, uint64_t number, uint64_t ended)
{
	BUILDER_PUT(&read->builder, BUILDER_STATE, buffer_live, 1000, .pointer = number,
		    .length = 50, .capacity = 64, .made_call = number, .made_ticks = ended - 100,
		    .made_ended_ticks = ended, .made_tid = 200, .made_site = HELLO);
}

Test(leaks, a_young_buffer_whose_like_are_freed_late_awaits_its_finalizer)
{
	struct read read;

	begin(&read);
	free_late(&read);	       /* the last event is at 20000 */
	live_since(&read, 901, 17000); /* 3000 old */
	live_since(&read, 902, 19999);
	live_since(&read, 903, 16999); /* older than any was held */
	read_built(&read);
	cr_assert_eq(read.result->awaiting_finalizer_count, 1);
	cr_assert_eq(read.result->awaiting_finalizer[0].count, 2);
	cr_assert_eq(read.result->awaiting_finalizer[0].first_call.number, 901);
	cr_assert_eq(read.result->finding_count, 1);
	cr_assert_eq(read.result->findings[0].count, 1);
	cr_assert_eq(read.result->findings[0].first_call.number, 903);
	end(&read);
}

Test(leaks, where_buffers_are_freed_at_once_none_awaits_a_finalizer)
{
	struct read read;

	begin(&read);
	for (uint64_t i = 1; i <= 10; i++)
		BUILDER_PUT(&read.builder, 0, buffer_freed, 10000 + i * 1000, .call = i * 2 + 1,
			    .made_call = i * 2, .made_ticks = 6900 + i * 1000,
			    .made_ended_ticks = 7000 + i * 1000, .made_tid = 200,
			    .made_site = HELLO, .site = GIVE_BACK, .verdict = FSC_VERDICT_FREED);
	live_since(&read, 901, 19999);
	read_built(&read);
	cr_assert_eq(read.result->awaiting_finalizer_count, 0);
	cr_assert_eq(read.result->finding_count, 1);
	end(&read);
}

Test(leaks, after_an_abnormal_end_live_buffers_are_no_finding)
{
	static const char *const states[] = { "ended", "exec", "running", "whatever" };

	for (size_t i = 0; i < 4; i++) {
		struct read read;

		begin(&read);
		read.builder.state = states[i];
		live(&read, 200, 5, 3000);
		read_built(&read);
		cr_assert_eq(read.result->finding_count, 0);
		cr_assert_eq(read.result->live_at_end_count, 1);
		cr_assert_eq(read.result->live_at_end[0].count, 1);
		end(&read);
	}
}

Test(leaks, each_bad_verdict_is_a_finding_and_each_good_one_is_none)
{
	struct read read;

	begin(&read);
	verdict(&read, FSC_VERDICT_FREED, 1);
	verdict(&read, FSC_VERDICT_LIBRARY, 2);
	verdict(&read, FSC_VERDICT_INHERITED, 3);
	verdict(&read, FSC_VERDICT_FREED_TWICE, 4);
	verdict(&read, FSC_VERDICT_SIZE_MISMATCH, 5);
	verdict(&read, FSC_VERDICT_SIZE_MISMATCH, 6);
	verdict(&read, FSC_VERDICT_FOREIGN_FREE, 7);
	read_built(&read);
	cr_assert_eq(read.result->finding_count, 3);
	cr_assert_eq(read.result->findings[0].kind, FSC_LEAK_SIZE_MISMATCH);
	cr_assert_eq(read.result->findings[0].count, 2);
	cr_assert_eq(read.result->findings[0].bytes.value, 256);
	cr_assert_eq(read.result->findings[0].first_call.number, 5);
	cr_assert_eq(read.result->findings[0].last_call.number, 6);
	cr_assert_eq(read.result->findings[1].kind, FSC_LEAK_FREED_TWICE);
	cr_assert_eq(read.result->findings[2].kind, FSC_LEAK_FOREIGN_FREE);
	end(&read);
}

Test(leaks, a_clean_recording_has_no_finding_and_zero_buffers)
{
	struct read read;

	begin(&read);
	read.builder.more = ",\"calls\":0,\"lost_events\":0";
	verdict(&read, FSC_VERDICT_FREED, 1);
	read_built(&read);
	cr_assert_eq(read.result->finding_count, 0);
	cr_assert(read.result->made.known);
	cr_assert_eq(read.result->made.value, 0);
	cr_assert_not(read.result->uncertain);
	end(&read);
}

/* What the recorder says of itself against what stands in the state stream. */
static void check_unknown(const char *state, const char *more, uint64_t discarded)
{
	struct read read;

	begin(&read);
	read.builder.state = state;
	read.builder.more = more;
	read.builder.streams[BUILDER_STATE].discarded = discarded;
	builder_packet(&read.builder, BUILDER_STATE);
	BUILDER_PUT(&read.builder, BUILDER_STATE, site_total, 1000, .site = HELLO, .calls = 7,
		    .completed = 7);
	read_built(&read);
	cr_assert_not(read.result->made.known, "%s %s", state, more);
	cr_assert_not(read.result->freed.known);
	cr_assert_not(read.result->live.known);
	cr_assert(read.result->uncertain);
	end(&read);
}

Test(leaks, buffers_are_unknown_when_the_totals_may_have_been_lost)
{
	check_unknown("exited", ",\"calls\":9,\"lost_events\":0", 0);  /* a total is missing */
	check_unknown("exited", ",\"calls\":7,\"lost_events\":3", 0);  /* the losses are */
	check_unknown("exited", ",\"calls\":7,\"lost_events\":0", 3);  /* a packet is */
	check_unknown("running", ",\"calls\":0,\"lost_events\":0", 0); /* not finished */
}

Test(leaks, the_ledgers_own_totals_hold_whatever_else_was_lost)
{
	struct read read;

	begin(&read);
	read.builder.more = ",\"calls\":9,\"lost_events\":3";
	BUILDER_PUT(&read.builder, BUILDER_STATE, ledger_total, 1000, .made = 10, .freed = 10);
	read_built(&read);
	cr_assert_eq(read.result->made.value, 10);
	cr_assert_not(read.result->uncertain);
	end(&read);
}

static void describe(struct read *read, uint16_t flags)
{
	BUILDER_PUT(&read->builder, BUILDER_STATE, site, 1000, .site = HELLO,
		    .kind = FSC_SITE_ENTRY, .name = 1001 + HELLO, .module = 1, .flags = flags);
}

Test(leaks, an_unknown_buffer_is_a_finding_only_when_all_makers_are_described)
{
	for (int described = 0; described < 2; described++) {
		struct read read;

		begin(&read);
		describe(&read, described ? FSC_SITE_DESCRIBED : FSC_SITE_BUILT_IN);
		verdict(&read, FSC_VERDICT_FREED_UNKNOWN, 1);
		read_built(&read);
		cr_assert_eq(read.result->finding_count, (size_t)described);
		if (described) {
			cr_assert_str_eq(read.result->findings[0].entry_point, "give_back");
			cr_assert_eq(read.result->findings[0].first_call.number, 2);
			cr_assert_eq(read.result->findings[0].bytes.value, 6);
		}
		end(&read);
	}
}

Test(leaks, what_was_given_by_its_pointer_alone_and_never_seen_has_no_size)
{
	struct read read;

	begin(&read);
	describe(&read, FSC_SITE_DESCRIBED);
	verdict(&read, FSC_VERDICT_FREED_UNKNOWN, 1);
	BUILDER_PUT(&read.builder, 0, buffer_freed, 5010, .call = 3, .site = GIVE_BACK,
		    .verdict = FSC_VERDICT_FREED_UNKNOWN);
	read_built(&read);
	cr_assert_eq(read.result->findings[0].count, 2);
	cr_assert(!read.result->findings[0].bytes.known);
	end(&read);
}

Test(leaks, an_unknown_buffer_may_be_one_that_found_no_place)
{
	struct read read;

	begin(&read);
	describe(&read, FSC_SITE_DESCRIBED);
	verdict(&read, FSC_VERDICT_FREED_UNKNOWN, 1);
	BUILDER_PUT(&read.builder, BUILDER_STATE, ledger_total, 1000, .made = 9, .freed = 1,
		    .full = 8, .freed_unknown = 2);
	read_built(&read);
	cr_assert_eq(read.result->finding_count, 0);
	cr_assert(read.result->uncertain);
	end(&read);
}

Test(leaks, without_allocation_hooks_a_second_free_needs_all_makers_described)
{
	for (int described = 0; described < 2; described++) {
		struct read read;

		begin(&read);
		read.builder.more = ",\"allocations\":false";
		describe(&read, described ? FSC_SITE_DESCRIBED : FSC_SITE_BUILT_IN);
		verdict(&read, FSC_VERDICT_FREED_TWICE, 4);
		BUILDER_PUT(&read.builder, BUILDER_STATE, ledger_total, 1000, .made = 9, .freed = 9,
			    .freed_twice = 2);
		read_built(&read);
		cr_assert_eq(read.result->finding_count, (size_t)described);
		if (described)
			cr_assert_eq(read.result->findings[0].count, 2);
		end(&read);
	}
}

Test(leaks, a_full_ledger_makes_findings_uncertain)
{
	struct read read;

	begin(&read);
	live(&read, 200, 5, 3000);
	BUILDER_PUT(&read.builder, BUILDER_STATE, ledger_total, 1000, .made = 1, .live = 1,
		    .full = 2);
	read_built(&read);
	cr_assert(read.result->findings[0].uncertain);
	cr_assert(read.result->uncertain);
	cr_assert_eq(read.result->ledger_full, 2);
	cr_assert(read.result->made.known);
	cr_assert_not(read.result->freed.known);
	cr_assert_not(read.result->live.known);
	end(&read);
}

Test(leaks, findings_whose_events_were_lost_are_counted_from_the_totals)
{
	struct read read;

	begin(&read);
	read.builder.more = ",\"lost_events\":9,\"lost_findings\":4";
	verdict(&read, FSC_VERDICT_FREED_TWICE, 4);
	BUILDER_PUT(&read.builder, BUILDER_STATE, ledger_total, 1000, .made = 9, .freed = 9,
		    .freed_twice = 5, .foreign_free = 1);
	read_built(&read);
	cr_assert_eq(read.result->finding_count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct fsc_leak *leak = &read.result->findings[i];

		cr_assert(leak->uncertain);
		cr_assert_not(leak->bytes.known);
		if (leak->kind == FSC_LEAK_FREED_TWICE) {
			cr_assert_eq(leak->count, 5);
			cr_assert_eq(leak->without_details, 4);
			cr_assert_str_eq(leak->entry_point, "say_hello");
		} else {
			cr_assert_eq(leak->kind, FSC_LEAK_FOREIGN_FREE);
			cr_assert_eq(leak->count, 1);
			cr_assert_str_eq(leak->entry_point, "");
		}
	}
	end(&read);
}

Test(leaks, more_threads_than_a_finding_lists_are_said)
{
	struct read read;

	begin(&read);
	for (uint32_t i = 0; i < FSC_LEAK_THREADS_MAX + 5; i++)
		live(&read, 300 + i, 1, 3000);
	read_built(&read);
	cr_assert_eq(read.result->findings[0].thread_count, FSC_LEAK_THREADS_MAX);
	cr_assert(read.result->findings[0].more_threads);
	end(&read);
}
