/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "fixture.h"

TestSuite(report_csv, .init = fixture_begin, .fini = fixture_end);

static const char *written(enum fsc_report_form form)
{
	fsc_report_csv_write(&fixture.report, form, &fixture.output);
	return fixture_text();
}

static size_t count_fields(const char *line)
{
	size_t count = 1;
	bool quoted = false;

	for (; *line != '\r'; line++) {
		quoted ^= *line == '"';
		count += *line == ',' && !quoted;
	}
	return count;
}

Test(report_csv, every_row_has_as_many_fields_as_the_header)
{
	static const enum fsc_report_form forms[] = { FSC_REPORT_CSV_ENTRY_POINTS,
						      FSC_REPORT_CSV_PHASES,
						      FSC_REPORT_CSV_REQUESTS };
	static const char *const aliases[] = { "a", "b,c" };
	static const size_t rows[] = { FIXTURE_ENTRIES, FIXTURE_PHASES, FIXTURE_REQUESTS };
	const char *line = fixture_text();

	fixture.entries[0].aliases = (const char **)aliases;
	fixture.entries[0].alias_count = 2;
	for (size_t i = 0; i < 3; i++) {
		size_t begun = fixture.length, lines = 0;

		written(forms[i]);
		line = fixture.text + begun;
		size_t fields = count_fields(line);

		for (; *line; line = strstr(line, "\r\n") + 2, lines++)
			cr_assert_eq(count_fields(line), fields, "%s", line);
		cr_assert_eq(lines, rows[i] + 1);
	}
}

Test(report_csv, what_is_not_known_is_empty)
{
	cr_assert(
		strstr(written(FSC_REPORT_CSV_PHASES),
		       "proto2ffi_say_hello,/opt/app/libhello.so,crossing,host,,0,,,,,,,,0,,\r\n"));
}

Test(report_csv, quotes_and_commas_in_names_are_quoted)
{
	fixture.entries[0].name = "operator,\"x\"";
	cr_assert(strstr(written(FSC_REPORT_CSV_REQUESTS), "\r\n\"operator,\"\"x\"\"\",/opt"));
}

Test(report_csv, a_negative_share_keeps_its_sign)
{
	fixture.phases[0].share_ppm = fsc_known(-1750);
	cr_assert(strstr(written(FSC_REPORT_CSV_PHASES), ",-0.001750,"));
}

Test(report_csv, the_slowest_and_the_first_requests_stand_behind_each_row)
{
	struct fsc_request_row *row = &fixture.requests[0];

	row->slowest = (struct fsc_slowest_requests){ .count = 10,
						      .least_ns = fsc_known(8100),
						      .raw_mean_ns = fsc_known(9001) };
	row->warm_up = (struct fsc_mean){ .count = 20,
					  .mean_ns = fsc_known(7000),
					  .raw_mean_ns = fsc_known(7012) };
	row->later = (struct fsc_mean){ .count = 980,
					.mean_ns = fsc_known(3900),
					.raw_mean_ns = fsc_known(3912) };
	written(FSC_REPORT_CSV_REQUESTS);
	cr_assert(strstr(fixture_text(), ",0,10,8100,9001,20,7000,7012,3900,3912\r\n"));
	cr_assert(strstr(fixture_text(), ",0,,,,,,,,\r\n"), "none is not 0");
}

Test(report_csv, what_a_phase_took_of_the_slowest_stands_beside_what_it_took_of_all)
{
	fixture.phases[0].raw_per_slowest_ns = fsc_known(811);
	fixture.phases[0].raw_per_request_ns = fsc_known(412);
	fixture.phases[1].raw_per_request_ns = fsc_known(112);
	written(FSC_REPORT_CSV_PHASES);
	cr_assert(strstr(fixture_text(), ",0,811,412\r\n"));
	cr_assert_not(strstr(fixture_text(), "112\r\n"), "nothing to hold it against");
}

Test(report_csv, calls_that_were_only_counted_stand_beside_those_that_were_timed)
{
	fixture.entries[0].calls = 1005;
	fixture.entries[0].skipped = fsc_known(5);
	cr_assert(strstr(written(FSC_REPORT_CSV_ENTRY_POINTS), ",2,0,,5,1000,,\r\n"));
}
