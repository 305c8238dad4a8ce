/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "fixture.h"

TestSuite(report_notes, .init = fixture_begin, .fini = fixture_end);

static const char *written(void)
{
	fsc_report_notes_write(&fixture.report, &fixture.output);
	return fixture_text();
}

static void see(size_t phase)
{
	fixture.phases[phase].source = FSC_SOURCE_MEASURED;
}

Test(report_notes, when_all_was_seen_there_are_none)
{
	for (size_t i = 0; i < FIXTURE_PHASES; i++)
		see(i);
	cr_assert_str_eq(written(), "");
}

Test(report_notes, a_library_without_codec_symbols_is_explained)
{
	cr_assert(strstr(written(), "work        entry points without: 1. "));
}

Test(report_notes, an_entry_point_without_messages_needs_no_codec)
{
	fixture.phases[11].side = FSC_SIDE_HOST;
	fixture.phases[11].phase = "encode";
	cr_assert_not(strstr(written(), "host encode"));
	fixture.entries[1].request_bytes = fsc_known(8);
	cr_assert(strstr(written(), "host encode entry points without: 1. "));
}

Test(report_notes, lost_events_name_the_option_that_helps)
{
	fixture.output.width = 200;
	fixture.breakdown.loss.events = 5;
	fixture.entries[0].partial = true;
	cr_assert(strstr(written(), "lost        5 events"));
	cr_assert(strstr(fixture.text, "--buffer-size"));
	cr_assert(strstr(fixture.text, "~           1 rows"));
	cr_assert(strstr(fixture.text, "Counts of calls are exact"));
}

Test(report_notes, a_mean_that_is_mostly_correction_is_an_estimate)
{
	fixture.output.width = 200;
	fixture.entries[0].estimate = fsc_known(1);
	cr_assert(strstr(written(), "*           1 means are estimates"));
	cr_assert(strstr(fixture.text, "more than 30 % of"));
}

Test(report_notes, what_was_switched_off_is_said)
{
	fixture.processes[0].allocations = fsc_known(0);
	fixture.processes[0].codecs = fsc_known(0);
	cr_assert(strstr(written(), "--no-allocations"));
	cr_assert(strstr(fixture.text, "--no-codecs"));
}

Test(report_notes, a_running_process_is_said)
{
	fixture.processes[0].state = FSC_PROCESS_RUNNING;
	cr_assert(strstr(written(), "--wait"));
}

Test(report_notes, a_limited_recording_says_why)
{
	strcpy(fixture.recording.limited, "max-size");
	cr_assert(strstr(written(), "limited     the recording holds less than all: max-size"));
}

Test(report_notes, without_counters_calls_are_not_said_to_be_exact)
{
	fixture.output.width = 200;
	fixture.entries[0].partial = fixture.entries[0].calls_from_events = true;
	cr_assert_not(strstr(written(), "Counts of calls are exact"));
	cr_assert(strstr(fixture.text, "there may have been more calls"));
}

Test(report_notes, of_a_killed_recorder_nobody_knows_whether_the_process_went_on)
{
	fixture.processes[0].state = FSC_PROCESS_RUNNING;
	fixture.processes[0].finished = fsc_known(0);
	cr_assert_not(strstr(written(), "--wait"));
}
