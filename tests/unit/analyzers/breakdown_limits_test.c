/* SPDX-License-Identifier: MIT */
/* More than is kept, or than makes sense: memory and time stay bounded, and the result says so. */
#include <criterion/criterion.h>
#include <string.h>

#include "reading.h"

/* `count` calls that hold a phase and never end, as after longjmp; then one that does. */
static void unwound_calls(struct reading *read, uint32_t count)
{
	for (uint32_t i = 1; i <= count; i++)
		BUILDER_PUT(&read->builder, 0, phase, 2000 + i * 10, .duration_ticks = 5,
			    .phase = FSC_PHASE_DECODE, .call = i);
	BUILDER_PUT(&read->builder, 0, phase, 900000, .duration_ticks = 30,
		    .phase = FSC_PHASE_DECODE, .call = count + 1);
	BUILDER_PUT(&read->builder, 0, call, 900050, .duration_ticks = 100, .site = HELLO,
		    .number = count + 1, .flags = FSC_CALL_CODECS);
}

Test(breakdown_limits, any_number_of_calls_may_be_unwound_with_a_phase_in_them)
{
	struct reading read;

	reading_begin(&read);
	unwound_calls(&read, 5000);
	reading_built(&read);
	cr_assert_eq(read.result->request_count, 1);
	cr_assert_eq(read.result->requests[0].times.total_ns.value, 100);
	cr_assert_eq(reading_phase(&read, "decode", FSC_SIDE_LIBRARY)->times.total_ns.value, 30);
	cr_assert_gt(read.result->forgotten_calls, 0);
	cr_assert(read.result->partial);
	cr_assert(read.result->entry_points[0].partial);
	cr_assert(read.result->requests[0].partial);
	reading_check_sum(&read);
	reading_end(&read);
}

Test(breakdown_limits, a_few_unwound_calls_make_nothing_partial)
{
	struct reading read;

	reading_begin(&read);
	reading_total(&read, 0, HELLO, 101, 1);
	unwound_calls(&read, 100);
	reading_built(&read);
	cr_assert_eq(read.result->forgotten_calls, 0);
	cr_assert_not(read.result->requests[0].partial);
	reading_end(&read);
}
