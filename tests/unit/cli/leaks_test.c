/* SPDX-License-Identifier: MIT */
#include "cli/leaks_internal.h"

#include "../golden.h"
#include "fixture.h"

TestSuite(leaks, .init = fixture_begin, .fini = fixture_end);

static const char *table(void)
{
	fsc_leaks_table_write(&fixture.leaks, fixture.recording.start_ns, &fixture.output);
	return fixture_text();
}

static const char *json(void)
{
	fsc_leaks_json_write(&fixture.leaks, &fixture.output);
	return fixture_text();
}

Test(leaks, the_example_looks_as_it_did)
{
	golden_check("leaks.txt", table());
}

Test(leaks, without_findings_there_is_no_table)
{
	fixture.leaks.finding_count = 0;
	cr_assert_str_eq(table(), "findings    0\n"
				  "buffers     1000 made, 988 given back, 12 live at the end\n");
}

Test(leaks, what_is_live_at_an_abnormal_end_is_no_finding)
{
	fixture.leaks.finding_count = 0;
	fixture.leaks.live_at_end = fixture.findings;
	fixture.leaks.live_at_end_count = 1;
	cr_assert(strstr(table(), "findings    0\n"));
	cr_assert(strstr(fixture.text, "Live at an abnormal end (no findings)\n"));
}

Test(leaks, buffers_that_await_a_finalizer_have_a_section)
{
	fixture.leaks.awaiting_finalizer = fixture.findings;
	fixture.leaks.awaiting_finalizer_count = 1;
	cr_assert(strstr(table(), "Awaiting a finalizer (no findings)\n"));
}

Test(leaks, lost_events_are_said)
{
	fixture.leaks.loss.events = 4;
	cr_assert(strstr(table(), "losses      4 events lost"));
}

Test(leaks, json_has_the_finding_as_the_contract_says)
{
	cr_assert(strstr(
		json(),
		"{\"kind\":\"never_freed\",\"uncertain\":false,\"pid\":70,\"image\":0,"
		"\"entry_point\":\"proto2ffi_say_hello\",\"library\":\"/opt/app/libhello.so\","
		"\"count\":12,\"without_details\":0,\"bytes\":276,\"first_call\":{\"pid\":70,"
		"\"tid\":70,\"number\":5,\"start_ns\":1200000000},\"last_call\":{\"pid\":70,"
		"\"tid\":72,\"number\":900,\"start_ns\":3300000000},\"threads\":[70,72],"
		"\"more_threads\":false,\"stack\":null,\"host\":null}"));
}

Test(leaks, json_says_null_where_nothing_is_known)
{
	cr_assert(strstr(json(), "\"entry_point\":null,\"library\":null,\"count\":1,"
				 "\"without_details\":1,\"bytes\":null,\"first_call\":null,"
				 "\"last_call\":null,\"threads\":[]"));
}

Test(leaks, csv_has_the_members_of_json_and_empty_fields_for_what_is_not_known)
{
	fsc_leaks_csv_write(&fixture.leaks, FSC_LEAKS_CSV_FINDINGS, &fixture.output);
	cr_assert_str_eq(
		fixture_text(),
		"kind,uncertain,pid,image,entry_point,library,count,without_details,bytes,"
		"first_call_tid,first_call_number,first_call_start_ns,last_call_tid,"
		"last_call_number,last_call_start_ns,threads,more_threads\r\n"
		"never_freed,0,70,0,proto2ffi_say_hello,/opt/app/libhello.so,12,0,276,70,5,"
		"1200000000,72,900,3300000000,\"70 72\",0\r\n"
		"freed_unknown,1,71,1,,,1,1,,,,,,,,,0\r\n");
}

Test(leaks, csv_of_an_empty_list_is_its_header)
{
	fsc_leaks_csv_write(&fixture.leaks, FSC_LEAKS_CSV_LIVE_AT_END, &fixture.output);
	cr_assert_str_eq(strchr(fixture_text(), '\n') + 1, "");
}

Test(leaks, json_has_every_section)
{
	cr_assert_eq(strncmp(json(), "{\"schema\":\"ffiscope.leaks/1\"", 28), 0);
	cr_assert(strstr(fixture.text, "\"buffers\":{\"made\":1000,\"freed\":988,\"live\":12"));
	cr_assert(strstr(fixture.text, "\"live_at_end\":[]"));
	cr_assert(strstr(fixture.text, "\"awaiting_finalizer\":[]"));
}
