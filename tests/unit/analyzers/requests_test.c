/* SPDX-License-Identifier: MIT */
/* Planted events; every nanosecond must end where it was planted. */
#include <criterion/criterion.h>
#include <string.h>

#include "planted.h"

Test(requests, every_phase_of_a_request_gets_its_nanoseconds)
{
	struct planted got;

	planted_begin(&got, false);
	planted_whole_request(&got);
	planted_finish(&got);
	cr_assert_eq(got.request_count, 2);
	cr_assert_eq(got.request[0].start_ns, 1000);
	cr_assert_eq(got.request[0].end_ns, 3600);
	cr_assert_eq(got.request[0].tid, TID);
	planted_check(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_HOST, 300);
	planted_check(&got, 0, FSC_CLAIM_PREPARE, FSC_SIDE_HOST, 150);
	planted_check(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_LIBRARY, 200);
	planted_check(&got, 0, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY, 1000);
	planted_check(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_LIBRARY, 300);
	planted_check(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_HOST, 300);
	planted_check(&got, 0, FSC_CLAIM_CONSUME, FSC_SIDE_HOST, 200);
	planted_check(&got, 0, FSC_CLAIM_FREE, FSC_SIDE_LIBRARY, 100);
	planted_check(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_HOST, 50);
	cr_assert_null(planted_claim(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_LIBRARY));
	cr_assert_null(planted_claim(&got, 0, FSC_CLAIM_CROSSING, FSC_SIDE_HOST));
	cr_assert_eq(got.held_count, 0);
}

Test(requests, what_cannot_be_seen_has_no_claim)
{
	struct planted got;

	planted_begin(&got, false);
	planted_call(&got, ENTRY, 1, 1000, 1500, 0);
	planted_finish(&got);
	cr_assert_eq(got.request_count, 1);
	planted_check(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_LIBRARY, 500);
	planted_check(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_HOST, 0);
	cr_assert_eq(got.request[0].claim_count, 2);
}

Test(requests, a_wrapped_codec_that_did_not_run_took_no_time)
{
	struct planted got;

	planted_begin(&got, false);
	planted_call(&got, ENTRY, 1, 1000, 1500, FSC_CALL_CODECS);
	planted_finish(&got);
	planted_check(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_LIBRARY, 0);
	planted_check(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_LIBRARY, 0);
	planted_check(&got, 0, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY, 500);
	cr_assert_null(planted_claim(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_LIBRARY));
}

Test(requests, without_a_matching_pointer_all_waiting_encodes_are_the_next_calls)
{
	struct planted got;

	planted_begin(&got, false);
	planted_phase(&got, FSC_PHASE_ENCODE, 0, 0x9000, 1000, 1100);
	planted_phase(&got, FSC_PHASE_ENCODE, 0, 0, 1200, 1300);
	planted_call(&got, ENTRY, 1, 1500, 1600, FSC_CALL_REQUEST);
	planted_finish(&got);
	cr_assert_eq(got.request[0].start_ns, 1000);
	planted_check(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_HOST, 200);
	planted_check(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_HOST, 300);
}

Test(requests, the_buffer_ties_encodes_that_were_made_in_advance)
{
	struct planted got;

	planted_begin(&got, false);
	planted_phase(&got, FSC_PHASE_ENCODE, 0, 0x1010, 1000, 1100);
	planted_phase(&got, FSC_PHASE_ENCODE, 0, 0x5000, 1200, 1250);
	planted_call(&got, ENTRY, 1, 1500, 1600, FSC_CALL_REQUEST);
	planted_phase(&got, FSC_PHASE_ENCODE, 0, 0x1000, 1700, 1710);
	planted_call(&got, ENTRY, 2, 1800, 1900, FSC_CALL_REQUEST);
	planted_finish(&got);
	planted_check(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_HOST, 100);
	planted_check(&got, 1, FSC_CLAIM_ENCODE, FSC_SIDE_HOST, 10);
	cr_assert_eq(got.request[1].start_ns, 1700);
}

Test(requests, the_size_of_a_message_is_part_of_its_encode)
{
	struct fsc_event size = { .kind = FSC_EVENT_phase };
	struct planted got;

	planted_begin(&got, false);
	size.phase.phase = FSC_PHASE_ENCODE;
	size.phase.message = 0x1001;
	size.phase.duration_ns = 40;
	planted_add(&got, size, 900, 940);
	planted_phase(&got, FSC_PHASE_ENCODE, 0, 0x1000, 1000, 1100);
	planted_call(&got, ENTRY, 1, 1500, 1600, FSC_CALL_REQUEST);
	planted_finish(&got);
	planted_check(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_HOST, 140);
}

Test(requests, prepare_leaves_out_the_encode_inside_it)
{
	struct planted got;

	planted_begin(&got, false);
	planted_phase(&got, FSC_PHASE_ENCODE, 0, 0x1000, 1100, 1300);
	planted_request_buffer(&got, 1, 1000);
	planted_call(&got, ENTRY, 1, 1500, 1600, FSC_CALL_REQUEST);
	planted_finish(&got);
	cr_assert_eq(got.request[0].start_ns, 1000);
	planted_check(&got, 0, FSC_CLAIM_PREPARE, FSC_SIDE_HOST, 300);
	planted_check(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_HOST, 200);
	planted_check(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_HOST, 0);
}

Test(requests, a_nested_phase_counts_once)
{
	struct fsc_event outer = { .kind = FSC_EVENT_phase };
	struct planted got;

	planted_begin(&got, false);
	planted_phase(&got, FSC_PHASE_ENCODE, 1, 0, 1200, 1300);
	outer.phase.phase = NAME;
	outer.phase.call = 1;
	outer.phase.duration_ns = 400;
	outer.phase.inner_ns = 100;
	outer.phase.inner_count = 1;
	planted_add(&got, outer, 1100, 1500);
	planted_call(&got, ENTRY, 1, 1000, 2000, 0);
	planted_finish(&got);
	planted_check(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_LIBRARY, 100);
	planted_check(&got, 0, NAME, FSC_SIDE_LIBRARY, 300);
	planted_check(&got, 0, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY, 600);
}

Test(requests, a_nested_phases_allocations_count_once)
{
	struct fsc_event event = { .kind = FSC_EVENT_phase };
	struct fsc_event alloc = { .kind = FSC_EVENT_call_alloc };
	struct planted got;

	planted_begin(&got, false);
	event.phase.phase = FSC_PHASE_ENCODE;
	event.phase.call = 1;
	event.phase.depth = 1;
	event.phase.allocations = 3;
	planted_add(&got, event, 1200, 1200);
	event.phase.phase = NAME;
	event.phase.depth = 0;
	event.phase.allocations = 7;
	planted_add(&got, event, 1300, 1300);
	alloc.call_alloc.call = 1;
	alloc.call_alloc.allocations = 20;
	planted_add(&got, alloc, 2000, 2000);
	planted_call(&got, ENTRY, 1, 1000, 2000, 0);
	planted_finish(&got);
	cr_assert_eq(planted_claim(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_LIBRARY)->allocations, 3);
	cr_assert_eq(planted_claim(&got, 0, NAME, FSC_SIDE_LIBRARY)->allocations, 4);
	cr_assert_eq(planted_claim(&got, 0, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY)->allocations, 13);
}

Test(requests, a_users_phase_named_work_is_work)
{
	struct planted got;

	planted_begin(&got, false);
	planted_phase(&got, NAME + 1, 1, 0, 1200, 1300);
	planted_call(&got, ENTRY, 1, 1000, 2000, 0);
	planted_call(&got, ENTRY, 2, 3000, 3100, 0);
	planted_finish(&got);
	planted_check(&got, 0, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY, 100);
	planted_check(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_LIBRARY, 900);
	cr_assert_null(planted_claim(&got, 1, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY));
}

Test(requests, only_the_outermost_call_makes_a_request)
{
	struct planted got;

	planted_begin(&got, false);
	planted_phase(&got, FSC_PHASE_DECODE, 3, 0, 1200, 1250);
	planted_nested(&got, 3, 2, 1150, 1300);
	planted_nested(&got, 2, 1, 1100, 1400);
	planted_call(&got, ENTRY, 1, 1000, 2000, 0);
	planted_finish(&got);
	cr_assert_eq(got.request_count, 1);
	planted_check(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_LIBRARY, 50);
	planted_check(&got, 0, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY, 950);
}

Test(requests, what_was_unwound_before_does_not_count_for_the_next_call)
{
	struct planted got;

	planted_begin(&got, false);
	planted_phase(&got, FSC_PHASE_DECODE, 1, 0, 500, 600);
	planted_call(&got, ENTRY, 2, 1000, 2000, FSC_CALL_CODECS);
	planted_finish(&got);
	planted_check(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_LIBRARY, 0);
	planted_check(&got, 0, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY, 1000);
}

Test(requests, a_response_freed_on_another_thread_is_held)
{
	struct planted got;

	planted_begin(&got, false);
	planted_call(&got, ENTRY, 1, 1000, 2000, 0);
	got.tid = OTHER_TID;
	planted_freed(&got, 1, TID, 1, 2000, 5010);
	planted_call(&got, FREE, 1, 5000, 5020, 0);
	planted_finish(&got);
	cr_assert_eq(got.held_count, 1);
	cr_assert_eq(got.held_ns, 3000);
	cr_assert_eq(got.request[0].end_ns, 2000);
	cr_assert_null(planted_claim(&got, 0, FSC_CLAIM_CONSUME, FSC_SIDE_HOST));
	cr_assert_null(planted_claim(&got, 0, FSC_CLAIM_FREE, FSC_SIDE_LIBRARY));
}

Test(requests, a_response_freed_after_the_next_call_is_held)
{
	struct planted got;

	planted_begin(&got, false);
	planted_call(&got, ENTRY, 1, 1000, 2000, 0);
	planted_call(&got, ENTRY, 2, 3000, 4000, 0);
	planted_freed(&got, 3, TID, 1, 2000, 4510);
	planted_call(&got, FREE, 3, 4500, 4520, 0);
	planted_freed(&got, 0, TID, 2, 4000, 4600);
	planted_finish(&got);
	cr_assert_eq(got.held_count, 2);
	cr_assert_eq(got.held_ns, 2500 + 600);
	cr_assert_eq(got.request[1].end_ns, 4000);
}

Test(requests, a_users_phase_on_the_hosts_side_claims_its_part)
{
	struct planted got;

	planted_begin(&got, false);
	planted_phase(&got, FSC_PHASE_ENCODE, 0, 0x1000, 1000, 1100);
	planted_phase(&got, NAME, 0, 0, 1200, 1250);
	planted_call(&got, ENTRY, 1, 1500, 1600, FSC_CALL_REQUEST);
	planted_phase(&got, NAME, 0, 0, 1700, 1730);
	planted_phase(&got, FSC_PHASE_DECODE, 0, 0, 1750, 1800);
	planted_finish(&got);
	planted_check(&got, 0, NAME, FSC_SIDE_HOST, 80);
	planted_check(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_HOST, 50);
	planted_check(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_HOST, 800 - 100 - 100 - 80 - 50);
}

Test(requests, another_thread_in_the_same_slot_starts_afresh)
{
	struct fsc_event event = { .kind = FSC_EVENT_phase };
	struct planted got;

	planted_begin(&got, false);
	planted_call(&got, ENTRY, 1, 1000, 2000, 0);
	event.phase.phase = FSC_PHASE_DECODE;
	event.slot = TID;
	event.tid = OTHER_TID;
	event.phase.duration_ns = 100;
	event.start_ns = 2100;
	event.time_ns = 2200;
	cr_assert_eq(fsc_requests_add(got.requests, &event), FSC_OK);
	planted_finish(&got);
	cr_assert_eq(got.request_count, 1);
	cr_assert_null(planted_claim(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_HOST));
}

Test(requests, more_phases_than_fit_still_add_up)
{
	struct planted got;

	planted_begin(&got, false);
	for (uint32_t i = 0; i < 400; i++)
		got.strings[1000 + i] = "one of many";
	for (uint32_t i = 0; i < 200; i++)
		planted_phase(&got, 1000 + i, 1, 0, 1000 + i * 4, 1000 + i * 4 + 3);
	for (uint32_t i = 0; i < 400; i++)
		planted_phase(&got, 1000 + i, 0, 0, 400 + i, 401 + i);
	planted_call(&got, ENTRY, 1, 1000, 2000, FSC_CALL_CODECS);
	planted_finish(&got);
	cr_assert_eq(got.request_count, 1);
	cr_assert_eq(got.request[0].end_ns - got.request[0].start_ns, 1000);
}

static uint64_t seed = 4101842887655102017u;

static uint32_t random_below(uint32_t limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % limit;
}

/* on_request() checks the sum of every request. */
Test(requests, phases_add_up_whatever_comes)
{
	static struct planted got;

	planted_begin(&got, true);
	for (int i = 0; i < 200000; i++) {
		int64_t start_ns = random_below(10000), end_ns = start_ns + random_below(500);
		uint64_t number = 1 + random_below(12);

		got.request_count = 0;
		got.tid = TID + random_below(2);
		switch (random_below(6)) {
		case 0:
			planted_call(&got, (uint16_t)(1 + random_below(3)), number, start_ns,
				     end_ns, (uint8_t)(random_below(32) & ~FSC_CALL_NESTED));
			break;
		case 1:
			planted_nested(&got, number, random_below(12), start_ns, end_ns);
			break;
		case 2:
			planted_phase(&got, 1 + random_below(2), random_below(4), 0x1000, start_ns,
				      end_ns);
			break;
		case 3:
			planted_phase(&got, 16 + random_below(40), random_below(4), 0, start_ns,
				      end_ns);
			break;
		case 4:
			planted_request_buffer(&got, number, start_ns);
			break;
		default:
			planted_freed(&got, random_below(12), TID + random_below(2), number,
				      start_ns, end_ns);
		}
	}
	planted_finish(&got);
}

static void planted_detail(struct planted *got, uint32_t one_in, int64_t now_ns)
{
	struct fsc_event event = { .kind = FSC_EVENT_detail };

	event.detail.one_in = one_in;
	planted_add(got, event, now_ns, now_ns);
}

Test(requests, a_sampled_call_stands_for_as_many_as_its_thread_said_before)
{
	struct planted got;

	planted_begin(&got, false);
	planted_call(&got, ENTRY, 1, 1000, 1500, 0);
	planted_detail(&got, 10, 1600);
	planted_call(&got, ENTRY, 2, 2000, 2500, 0);
	planted_detail(&got, 1, 2600);
	planted_call(&got, ENTRY, 3, 3000, 3500, 0);
	planted_finish(&got);
	cr_assert_eq(got.weight[1], 1);
	cr_assert_eq(got.weight[2], 10);
	cr_assert_eq(got.weight[3], 1);
	cr_assert_eq(got.request[0].weight, 1);
	cr_assert_eq(got.request[1].weight, 10);
	cr_assert_eq(got.request[2].weight, 1);
}

Test(requests, what_one_thread_says_of_its_sampling_is_not_said_of_another)
{
	struct planted got;

	planted_begin(&got, false);
	planted_detail(&got, 10, 500);
	got.tid = OTHER_TID;
	planted_call(&got, ENTRY, 1, 1000, 1500, 0);
	got.tid = TID;
	planted_call(&got, ENTRY, 2, 2000, 2500, 0);
	planted_finish(&got);
	cr_assert_eq(got.weight[1], 1);
	cr_assert_eq(got.weight[2], 10);
}
