/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "fixture.h"

static struct fsc_breakdown_result raw;

static void begin(void)
{
	fixture_begin();
	cr_assert_eq(fsc_report_raw_make(&raw, &fixture.breakdown), FSC_OK);
}

static void end(void)
{
	fsc_report_raw_fini(&raw);
	fixture_end();
}

TestSuite(report_raw, .init = begin, .fini = end);

Test(report_raw, means_and_totals_are_as_measured)
{
	cr_assert_eq(raw.entry_points[0].times.mean_ns.value, 2012);
	cr_assert_eq(raw.entry_points[0].times.total_ns.value, 2012001);
	cr_assert_eq(raw.entry_points[0].self_ns.value, 2005000);
	cr_assert_eq(raw.requests[0].times.mean_ns.value, 4012);
	cr_assert_eq(raw.requests[0].times.total_ns.value, 4012001);
}

Test(report_raw, what_cannot_be_told_is_unknown)
{
	cr_assert_not(raw.phases[2].times.mean_ns.known);
	cr_assert_not(raw.phases[2].share_ppm.known);
}

Test(report_raw, shares_are_of_the_raw_total)
{
	cr_assert_eq(raw.phases[0].share_ppm.value, INT64_C(412001) * 1000000 / 4012001);
}

Test(report_raw, the_original_stays_as_it_was)
{
	cr_assert_eq(fixture.entries[0].times.mean_ns.value, 2000);
	cr_assert(fixture.entries[0].self_ns.known);
}
