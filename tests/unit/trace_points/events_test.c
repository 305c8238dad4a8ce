/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "trace_points/events.h"

/* Ids have gaps. */
static const uint32_t ids[] = {
#define FSC_EVENT(id, name, says) id,
#include "trace_points/events.def"
#undef FSC_EVENT
};

Test(events, every_event_has_a_name_and_a_size_that_a_ring_can_hold)
{
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		uint32_t id = ids[i];

		cr_assert_not_null(fsc_event_name(id), "id %u", id);
		cr_assert_geq(fsc_event_record_bytes(id), FSC_RECORD_HEADER_BYTES);
		cr_assert_leq(fsc_event_record_bytes(id), FSC_RECORD_MAX_BYTES);
		cr_assert_eq(fsc_event_record_bytes(id) % 4, 0);
	}
}

Test(events, an_unknown_id_has_neither)
{
	cr_assert_null(fsc_event_name(0));
	cr_assert_null(fsc_event_name(FSC_EVENT_COUNT));
	cr_assert_eq(fsc_event_record_bytes(0), 0);
	cr_assert_eq(fsc_event_record_bytes(UINT32_MAX), 0);
}

Test(events, instants_and_durations_are_ticks_in_a_record)
{
	struct fsc_call_record call = { .duration_ticks = 7 };
	struct fsc_request_buffer_record request = { .allocated_ticks = 9 };

	cr_assert_eq(call.duration_ticks + request.allocated_ticks, 16);
	cr_assert_str_eq(fsc_event_name(FSC_EVENT_call), "call");
}
