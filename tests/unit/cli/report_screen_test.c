/* SPDX-License-Identifier: MIT */
#include "../golden.h"
#include "cli/text.h"
#include "fixture.h"

TestSuite(report_screen, .init = fixture_begin, .fini = fixture_end);

static const char *written(void)
{
	fsc_report_screen_write(&fixture.report, &fixture.output);
	return fixture_text();
}

Test(report_screen, the_example_looks_as_it_did)
{
	fsc_report_screen_write(&fixture.report, &fixture.output);
	fsc_report_notes_write(&fixture.report, &fixture.output);
	fsc_report_tables_write(&fixture.report, &fixture.output);
	golden_check("report.txt", fixture_text());
}

Test(report_screen, every_line_fits_into_80_columns)
{
	size_t length;

	fixture.output.width = 80;
	fixture.output.cut = true;
	fixture.entries[0].name = "a_rather_long_entry_point_that_somebody_gave_to_a_function_once";
	fsc_report_screen_write(&fixture.report, &fixture.output);
	fsc_report_notes_write(&fixture.report, &fixture.output);
	fsc_report_tables_write(&fixture.report, &fixture.output);
	for (const char *line = fixture_text(); *line; line += length + 1) {
		char copy[512];

		length = strcspn(line, "\n");
		snprintf(copy, sizeof(copy), "%.*s", (int)length, line);
		cr_assert_leq(fsc_text_columns(copy), 80, "%s", copy);
	}
}

Test(report_screen, a_phase_that_was_not_seen_is_a_question_mark_and_no_zero)
{
	const char *line = strstr(written(), "crossing");

	cr_assert(line);
	cr_assert(memchr(line, '?', strcspn(line, "\n")));
	cr_assert_not(memchr(line, '0', strcspn(line, "\n")));
}

Test(report_screen, a_negative_phase_is_shown_without_bar)
{
	char *line;

	fixture.phases[1].times.mean_ns = fsc_known(-7);
	fixture.phases[1].share_ppm = fsc_known(-1750);
	line = strstr(written(), "prepare");
	cr_assert(line);
	*strchr(line, '\n') = '\0';
	cr_assert(strstr(line, "-7 ns"));
	cr_assert(strstr(line, "-0.2 %"));
	cr_assert_not(strstr(line, "█"));
}

Test(report_screen, a_share_above_all_fills_the_bar_and_no_more)
{
	fixture.phases[4].share_ppm = fsc_known(INT32_MAX);
	cr_assert(strstr(written(), "██████████████████████\n"));
	cr_assert_not(strstr(fixture.text, "███████████████████████\n"));
}

Test(report_screen, rows_that_rest_on_a_part_are_marked)
{
	fixture.phases[0].partial = true;
	fixture.entries[0].partial = true;
	cr_assert(strstr(written(), "proto2ffi_say_hello ~\n"));
	cr_assert(strstr(fixture.text, "encode ~"));
}

Test(report_screen, a_screen_that_stands_alone_has_no_below)
{
	fixture.breakdown.loss.events = 5;
	fixture.report.brief = true;
	cr_assert(strstr(written(), "5 events lost"));
	cr_assert_not(strstr(fixture.text, "below"));
}

Test(report_screen, the_status_is_the_commands_which_may_not_be_the_process)
{
	fixture.recording.process_count = 1;
	fixture.recording.exit_status = fsc_known(124);
	cr_assert(strstr(written(), "./app --fast (status 124)\n"));
	cr_assert(strstr(fixture.text, "/usr/bin/app, exited\n"));
}

Test(report_screen, losses_are_counted)
{
	fixture.breakdown.loss.events = 17;
	cr_assert(strstr(written(), "17 events lost"));
	cr_assert_not(strstr(fixture.text, "losses      none"));
}

Test(report_screen, losses_that_were_not_counted_are_not_none)
{
	fixture.breakdown.loss.uncounted = true;
	cr_assert(strstr(written(), "losses      ? not counted to the end"));
}

Test(report_screen, leaks_that_could_not_be_read_are_not_none)
{
	fixture.report.leaks = NULL;
	cr_assert(strstr(written(), "leaks       ?"));
}

Test(report_screen, what_was_read_of_lost_events_is_the_least)
{
	fixture.breakdown.partial = true;
	cr_assert(strstr(written(), "requests    at least "));
	cr_assert_not(strstr(fixture.text, " in at least "));
}

Test(report_screen, calls_without_counters_are_the_least)
{
	fixture.breakdown.partial = fixture.entries[0].calls_from_events = true;
	cr_assert(strstr(written(), " in at least "));
}

Test(report_screen, an_unknown_probe_cost_is_said)
{
	fixture.breakdown.probe_inner_ps = FSC_UNKNOWN;
	cr_assert(strstr(written(), "nothing is subtracted"));
}

Test(report_screen, a_processor_at_another_pace_is_said)
{
	cr_assert(strstr(written(), "pace        the processor took 1.25 times"));
}

Test(report_screen, a_processor_at_the_usual_pace_is_not_worth_a_line)
{
	fixture.breakdown.pace_permille = fsc_known(1020);
	cr_assert_not(strstr(written(), "the processor took"));
}

Test(report_screen, colour_goes_with_the_sides)
{
	fixture.output.colour = true;
	cr_assert(strstr(written(), "\033[36mhost\033[0m"));
	cr_assert(strstr(fixture.text, "\033[33mlibrary\033[0m"));
}

Test(report_screen, a_recording_without_calls_says_what_was_looked_at)
{
	static const struct fsc_breakdown_result nothing;

	fixture.output.width = 200;
	fixture.report.process = NULL;
	fixture.report.breakdown = &nothing;
	fixture.recording.seen_loaded = fsc_known(1);
	fixture.recording.seen_lookups = fsc_known(4);
	cr_assert(strstr(written(), "0 calls seen"));
	cr_assert(strstr(fixture.text, "looked up: 4; of these wrapped: ?"));
}

static void make_slowest(void)
{
	fixture.requests[0].slowest.count = 12;
	fixture.requests[0].slowest.least_ns = fsc_known(27200);
	for (size_t i = 0; i < 3; i++) {
		fixture.phases[i].raw_per_request_ns = fsc_known(400);
		fixture.phases[i].raw_per_slowest_ns = fsc_known(i == 1 ? 21400 : 500);
	}
}

Test(report_screen, the_slowest_requests_are_told_apart_by_what_differs_most)
{
	cr_assert_not(strstr(written(), "slowest"));
	make_slowest();
	cr_assert(strstr(written(), "\n  slowest 1.2 %: 12 requests from 27.2 µs on; host prepare "
				    "takes 21.0 µs more there\n"));
}

Test(report_screen, a_warm_up_is_told_when_it_differs)
{
	struct fsc_request_row *row = &fixture.requests[0];

	row->warm_up = (struct fsc_mean){ 20, fsc_known(9000), fsc_known(9012) };
	row->later = (struct fsc_mean){ 980, fsc_known(5000), fsc_known(5012) };
	cr_assert_not(strstr(written(), "warm-up"));
	row->later.mean_ns = fsc_known(4000);
	cr_assert(strstr(written(),
			 "\n  warm-up: the first 10 requests of each thread take 9.00 µs "
			 "in the mean, the others 4.00 µs\n"));
}
