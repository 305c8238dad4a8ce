/* SPDX-License-Identifier: MIT */
/* More than is kept, or than makes sense: memory and time stay bounded, and the result says so. */
#include <criterion/criterion.h>
#include <stdio.h>
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

static size_t rows_of(const struct reading *read, const char *phase)
{
	size_t count = 0;

	for (size_t i = 0; i < read->result->phase_count; i++)
		count += !strcmp(read->result->phases[i].phase, phase);
	return count;
}

/* A call with a phase of that name in it, 5 ns long. */
static void named_phase(struct reading *read, uint32_t number, uint32_t name)
{
	BUILDER_PUT(&read->builder, 0, phase, 2000 + number * 20, .duration_ticks = 5,
		    .phase = name, .call = number);
	BUILDER_PUT(&read->builder, 0, call, 2010 + number * 20, .duration_ticks = 15,
		    .site = HELLO, .number = number);
}

Test(breakdown_limits, names_beyond_those_told_apart_share_a_row)
{
	enum { NAMES = FSC_CLAIM_NAMES_MAX + 40, FIRST_NAME = 9000 };
	struct reading read;
	char name[16];

	reading_begin(&read);
	for (uint32_t i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "name %u", i);
		builder_string(&read.builder, FIRST_NAME + i, name);
		named_phase(&read, i + 1, FIRST_NAME + i);
	}
	reading_built(&read);
	cr_assert_eq(rows_of(&read, "name 0"), 1);
	cr_assert_eq(rows_of(&read, "name 255"), 1);
	cr_assert_eq(rows_of(&read, "name 256"), 0);
	cr_assert_eq(rows_of(&read, "(more)"), 1);
	cr_assert_eq(reading_phase(&read, "(more)", FSC_SIDE_LIBRARY)->times.count, 40);
	cr_assert_eq(reading_phase(&read, "(more)", FSC_SIDE_LIBRARY)->times.total_ns.value, 200);
	reading_check_sum(&read);
	reading_end(&read);
}

Test(breakdown_limits, phases_without_a_name_share_a_row)
{
	struct reading read;

	reading_begin(&read);
	for (uint32_t i = 0; i < CALLS; i++)
		named_phase(&read, i + 1, 500000 + i);
	reading_built(&read);
	cr_assert_eq(rows_of(&read, "(more)"), 1);
	cr_assert_eq(reading_phase(&read, "(more)", FSC_SIDE_LIBRARY)->times.count, CALLS);
	reading_check_sum(&read);
	reading_end(&read);
}

Test(breakdown_limits, many_functions_have_a_row_each_and_many_names_of_one_are_its_aliases)
{
	enum { FUNCTIONS = 500, FIRST = 1000, FIRST_ALIAS = 3000 };
	struct reading read;
	char name[16];

	reading_begin(&read);
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		builder_site(&read.builder, FIRST + i, FSC_SITE_ENTRY, name);
		reading_total(&read, 0, FIRST + i, i + 1, i + 1);
		BUILDER_PUT(&read.builder, BUILDER_STATE, site, 1000, .site = FIRST_ALIAS + i,
			    .kind = FSC_SITE_ENTRY, .name = 1001 + FIRST + i / 2, .module = 1,
			    .alias_of = FIRST);
	}
	reading_built(&read);
	cr_assert_eq(read.result->entry_point_count, FUNCTIONS);
	for (size_t i = 0; i < FUNCTIONS; i++) {
		const struct fsc_entry_row *row = &read.result->entry_points[i];

		snprintf(name, sizeof(name), "f%u", (unsigned int)row->calls - 1);
		cr_assert_str_eq(row->name, name);
		if (row->calls == 1)
			cr_assert_eq(row->alias_count, FUNCTIONS / 2 - 1);
	}
	reading_end(&read);
}
