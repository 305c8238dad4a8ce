/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "fixture.h"

TestSuite(report_json, .init = fixture_begin, .fini = fixture_end);

static const char *written(void)
{
	fsc_report_json_write(&fixture.report, &fixture.output);
	return fixture_text();
}

/* Brackets outside of strings close in order. */
static bool is_balanced(const char *at)
{
	char open[32];
	size_t depth = 0;
	bool quoted = false;

	for (; *at; at++) {
		if (quoted && *at == '\\' && at[1])
			at++;
		else if (*at == '"')
			quoted = !quoted;
		else if (!quoted && strchr("{[", *at) && depth < sizeof(open))
			open[depth++] = *at == '{' ? '}' : ']';
		else if (!quoted && strchr("}]", *at) && (!depth || open[--depth] != *at))
			return false;
	}
	return !depth && !quoted;
}

Test(report_json, it_names_its_schema_first)
{
	cr_assert_eq(strncmp(written(), "{\"schema\":\"ffiscope.report/1\"", 29), 0);
	cr_assert(is_balanced(fixture.text));
}

Test(report_json, it_has_every_member_of_the_contract)
{
	static const char *const members[] = {
		"process",
		"processes",
		"pid",
		"image",
		"exe",
		"calls",
		"loss",
		"events",
		"clock",
		"mode",
		"step_ns",
		"probe_cost_ns",
		"inner",
		"outer",
		"entry_points",
		"name",
		"library",
		"aliases",
		"kind",
		"total_ns",
		"self_ns",
		"min_ns",
		"mean_ns",
		"raw_mean_ns",
		"p50_ns",
		"p90_ns",
		"p99_ns",
		"p999_ns",
		"max_ns",
		"quantile_error_ns",
		"request_bytes",
		"response_bytes",
		"allocations",
		"allocated_bytes",
		"frees",
		"freed_bytes",
		"unwound",
		"open",
		"threads",
		"phases",
		"entry_point",
		"phase",
		"side",
		"source",
		"count",
		"share",
		"requests",
		"held_ns",
		"dart",
		"matched",
		"unmatched_calls",
		"unmatched_spans",
		"residual_ns",
	};
	char key[64];

	written();
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		snprintf(key, sizeof(key), "\"%s\":", members[i]);
		cr_assert(strstr(fixture.text, key), "%s", key);
	}
}

Test(report_json, an_unseen_phase_keeps_its_row_with_count_0_and_nulls)
{
	cr_assert(strstr(written(), "\"phase\":\"crossing\",\"side\":\"host\",\"source\":null,"
				    "\"count\":0,\"mean_ns\":null,\"p50_ns\":null,\"p99_ns\":null,"
				    "\"total_ns\":null,\"share\":null"));
}

Test(report_json, free_functions_are_rows_of_kind_free)
{
	const char *row = strstr(written(), "{\"name\":\"proto2ffi_free_byte_buffer\"");

	cr_assert(row);
	cr_assert_lt(strstr(row, "\"kind\":\"free\"") - row, 200);
}

Test(report_json, shares_are_between_0_and_1)
{
	cr_assert(strstr(written(), "\"share\":0.350000"));
}

Test(report_json, the_probe_cost_is_rounded_to_ns_and_also_given_finely)
{
	cr_assert(strstr(written(), "\"probe_cost_ns\":{\"inner\":12,\"outer\":22}"));
	cr_assert(strstr(fixture.text, "\"probe_cost_ps\":{\"inner\":12300,"));
	cr_assert(strstr(fixture.text, "\"spread\":400,\"pace\":1.250,"));
	cr_assert(strstr(fixture.text, "\"growth_ns\":310000,"));
}

Test(report_json, all_processes_are_listed)
{
	cr_assert(strstr(written(), "\"processes\":[\n{\"pid\":70,"));
	cr_assert(strstr(fixture.text, "\n{\"pid\":71,\"image\":1,\"exe\":\"/usr/bin/child\","
				       "\"calls\":3,"));
}

Test(report_json, losses_that_were_not_counted_are_null)
{
	fixture.breakdown.loss.events = 5;
	fixture.breakdown.loss.uncounted = true;
	cr_assert(strstr(written(), "\"loss\":{\"events\":null,\"findings\":null,"
				    "\"overwritten_events\":null,"));
}

Test(report_json, slowest_and_warm_up_are_null_where_they_are_not_known)
{
	cr_assert(strstr(written(), "\"slowest\":null,\"warm_up\":null,\"partial\""));
}

Test(report_json, slowest_requests_have_the_means_of_their_phases)
{
	fixture.requests[0].slowest =
		(struct fsc_slowest_requests){ 12, fsc_known(27200), fsc_known(30000) };
	fixture.phases[1].raw_per_request_ns = fsc_known(400);
	fixture.phases[1].raw_per_slowest_ns = fsc_known(21400);
	fixture.requests[0].warm_up = (struct fsc_mean){ 20, fsc_known(9000), fsc_known(9012) };
	cr_assert(strstr(written(), "\"slowest\":{\"count\":12,\"least_ns\":27200,"
				    "\"raw_mean_ns\":30000,\"phases\":[{\"phase\":\"prepare\","
				    "\"side\":\"host\",\"raw_mean_ns\":21400,"
				    "\"raw_mean_of_all_ns\":400}]}"));
	cr_assert(strstr(fixture.text, "\"warm_up\":{\"count\":20,\"mean_ns\":9000,"
				       "\"raw_mean_ns\":9012,\"later_mean_ns\":null,"));
}

Test(report_json, without_a_process_it_is_still_a_document)
{
	static const struct fsc_breakdown_result nothing;

	fixture.report.process = NULL;
	fixture.report.breakdown = &nothing;
	fixture.recording.process_count = 0;
	cr_assert(is_balanced(written()));
	cr_assert(strstr(fixture.text, "\"process\":null"));
	cr_assert(strstr(fixture.text, "\"entry_points\":[]"));
}
