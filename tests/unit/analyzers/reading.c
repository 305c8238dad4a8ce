/* SPDX-License-Identifier: MIT */
/* Nothing is hard here. */
#include "reading.h"

#include <criterion/criterion.h>
#include <string.h>

void reading_begin(struct reading *read)
{
	memset(read, 0, sizeof(*read));
	builder_init(&read->builder);
	builder_site(&read->builder, HELLO, FSC_SITE_ENTRY, "say_hello");
	builder_site(&read->builder, GIVE_BACK, FSC_SITE_FREE, "give_back");
	builder_site(&read->builder, POOL, FSC_SITE_ACQUIRE, "pool_get");
}

void reading_built(struct reading *read)
{
	struct fsc_error error = { 0 };

	builder_write(&read->builder);
	cr_assert_eq(fsc_recording_open(&read->recording, read->builder.root, &error), FSC_OK);
	cr_assert_eq(fsc_breakdown_read(&read->breakdown, read->recording,
					&read->recording->processes[0], &read->warnings, &error),
		     FSC_OK, "%s", error.what);
	read->result = fsc_breakdown_borrow(read->breakdown);
}

void reading_end(struct reading *read)
{
	fsc_breakdown_destroy(read->breakdown);
	fsc_recording_destroy(read->recording);
	builder_fini(&read->builder);
}

void reading_total(struct reading *read, uint32_t slot, uint16_t site, uint64_t calls,
		   uint64_t completed)
{
	BUILDER_PUT(&read->builder, BUILDER_STATE, site_total, 1000, .slot = slot, .site = site,
		    .calls = calls, .completed = completed, .total_ticks = completed * 100,
		    .request_bytes = calls * 8, .response_bytes = calls * 9);
}

void reading_calls(struct reading *read, int slot, uint16_t site, uint32_t ns)
{
	for (uint32_t i = 0; i < CALLS; i++)
		BUILDER_PUT(&read->builder, slot, call, 5000 + i * 1000, .duration_ticks = ns,
			    .site = site, .number = i + 1,
			    .flags = FSC_CALL_REQUEST | FSC_CALL_RESPONSE, .request_bytes = 8,
			    .response_bytes = 9);
}

const struct fsc_phase_row *reading_phase(const struct reading *read, const char *phase,
					  enum fsc_side side)
{
	for (size_t i = 0; i < read->result->phase_count; i++)
		if (!strcmp(read->result->phases[i].phase, phase) &&
		    read->result->phases[i].side == side)
			return &read->result->phases[i];
	cr_assert_fail("no row for %s", phase);
	return NULL;
}

void reading_check_sum(const struct reading *read)
{
	int64_t sum = 0;

	for (size_t i = 0; i < read->result->phase_count; i++)
		if (read->result->phases[i].entry_point == read->result->requests[0].entry_point)
			sum += read->result->phases[i].times.total_ns.value;
	cr_assert_eq(sum, read->result->requests[0].times.total_ns.value);
}
