/* SPDX-License-Identifier: MIT */
/* Planted events; every nanosecond must end where it was planted. */
#include <criterion/criterion.h>
#include <string.h>

#include "analyzers/requests.h"

enum {
	ENTRY = 1,
	FREE = 2,
	INNER = 3,
	TID = 50,
	OTHER_TID = 60,
	NAME = 20,
	INNER_PS = 10000,
	OUTER_PS = 24000
};

struct got {
	struct fsc_requests *requests;
	struct fsc_site sites[4];
	const char *strings[32];
	struct fsc_state state;
	struct fsc_request request[8];
	struct fsc_claim claims[8][32];
	size_t request_count;
	int64_t call_correction_ps[16]; /* by number */
	int64_t self_correction_ps[16];
	int64_t held_ns;
	size_t held_count;
	uint32_t tid;
};

static void on_request(void *arg, const struct fsc_request *request)
{
	struct got *got = arg;
	int64_t sum = 0;

	cr_assert_lt(got->request_count, 8);
	for (size_t i = 0; i < request->claim_count; i++)
		sum += request->claims[i].raw_ns;
	cr_assert_eq(sum, request->end_ns - request->start_ns, "phases do not add up");
	got->request[got->request_count] = *request;
	memcpy(got->claims[got->request_count], request->claims,
	       request->claim_count * sizeof(struct fsc_claim));
	got->request_count++;
}

static void on_call(void *arg, const struct fsc_call_seen *call)
{
	struct got *got = arg;

	got->call_correction_ps[call->event->call.number % 16] = call->correction_ps;
	got->self_correction_ps[call->event->call.number % 16] = call->self_correction_ps;
}

static void on_held(void *arg, uint16_t made_site, int64_t held_ns)
{
	struct got *got = arg;

	cr_assert_eq(made_site, ENTRY);
	got->held_ns += held_ns;
	got->held_count++;
}

static void begin(struct got *got, bool probe)
{
	struct fsc_requests_sink sink = { on_request, on_call, on_held, got };

	memset(got, 0, sizeof(*got));
	got->sites[ENTRY] = (struct fsc_site){ .known = true, .kind = FSC_SITE_ENTRY };
	got->sites[FREE] = (struct fsc_site){ .known = true, .kind = FSC_SITE_FREE };
	got->sites[INNER] = (struct fsc_site){ .known = true, .kind = FSC_SITE_ENTRY };
	got->strings[NAME] = "copy";
	got->strings[NAME + 1] = "work";
	got->state.sites = got->sites;
	got->state.site_count = 4;
	got->state.strings = got->strings;
	got->state.string_count = 32;
	got->tid = TID;
	if (probe)
		got->state.probe[FSC_PROBE_CALL] =
			(struct fsc_probe_cost){ true, INNER_PS, OUTER_PS, 0 };
	cr_assert_eq(fsc_requests_create(&got->requests, &got->state, &sink), FSC_OK);
}

static void finish(struct got *got)
{
	fsc_requests_finish(got->requests);
	fsc_requests_destroy(got->requests);
}

static void add(struct got *got, struct fsc_event event, int64_t start_ns, int64_t end_ns)
{
	event.tid = got->tid;
	event.slot = got->tid;
	event.start_ns = start_ns;
	event.time_ns = end_ns;
	cr_assert_eq(fsc_requests_add(got->requests, &event), FSC_OK);
}

static void call(struct got *got, uint16_t site, uint64_t number, int64_t start_ns, int64_t end_ns,
		 uint8_t flags)
{
	struct fsc_event event = { .kind = FSC_EVENT_call };

	event.call.site = site;
	event.call.number = number;
	event.call.duration_ns = end_ns - start_ns;
	event.call.flags = flags;
	event.call.request = 0x1000;
	event.call.request_bytes = 64;
	add(got, event, start_ns, end_ns);
}

static void nested(struct got *got, uint64_t number, uint64_t parent, int64_t start_ns,
		   int64_t end_ns)
{
	struct fsc_event event = { .kind = FSC_EVENT_call };

	event.call.site = INNER;
	event.call.number = number;
	event.call.parent = parent;
	event.call.duration_ns = end_ns - start_ns;
	event.call.flags = FSC_CALL_NESTED;
	add(got, event, start_ns, end_ns);
}

static void phase(struct got *got, uint32_t id, uint64_t inside, uint64_t buffer, int64_t start_ns,
		  int64_t end_ns)
{
	struct fsc_event event = { .kind = FSC_EVENT_phase };

	event.phase.phase = id;
	event.phase.call = inside;
	event.phase.buffer = buffer;
	event.phase.message = buffer ? buffer + 1 : 0;
	event.phase.duration_ns = end_ns - start_ns;
	add(got, event, start_ns, end_ns);
}

static void request_buffer(struct got *got, uint64_t number, int64_t allocated_ns)
{
	struct fsc_event event = { .kind = FSC_EVENT_request_buffer };

	event.request_buffer.call = number;
	event.request_buffer.allocated_ns = allocated_ns;
	add(got, event, 0, 0);
}

static void freed(struct got *got, uint64_t by_call, uint32_t made_tid, uint64_t made_call,
		  int64_t made_ended_ns, int64_t now_ns)
{
	struct fsc_event event = { .kind = FSC_EVENT_buffer_freed };

	event.buffer_freed.call = by_call;
	event.buffer_freed.made_tid = made_tid;
	event.buffer_freed.made_call = made_call;
	event.buffer_freed.made_site = ENTRY;
	event.buffer_freed.made_ended_ns = made_ended_ns;
	event.buffer_freed.verdict =
		by_call ? FSC_VERDICT_FREED : (uint32_t)FSC_VERDICT_FOREIGN_FREE;
	add(got, event, now_ns, now_ns);
}

/* The claim of a request, NULL when that is not known. */
static const struct fsc_claim *claim(const struct got *got, size_t request, uint32_t id,
				     enum fsc_side side)
{
	for (size_t i = 0; i < got->request[request].claim_count; i++)
		if (got->claims[request][i].phase == id && got->claims[request][i].side == side)
			return &got->claims[request][i];
	return NULL;
}

static void check(const struct got *got, size_t request, uint32_t id, enum fsc_side side,
		  int64_t raw_ns)
{
	const struct fsc_claim *found = claim(got, request, id, side);

	cr_assert_not_null(found, "phase %u of side %d is not known", id, (int)side);
	cr_assert_eq(found->raw_ns, raw_ns, "phase %u of side %d: %lld instead of %lld", id,
		     (int)side, (long long)found->raw_ns, (long long)raw_ns);
}

/*
 * encode 1000-1300, buffer 1350, call 1500-3000 (decode 1550-1750, encode 2600-2900), host decode
 * 3100-3400, free 3500-3600, next call 5000.
 */
static void whole_request(struct got *got)
{
	phase(got, FSC_PHASE_ENCODE, 0, 0x1000, 1000, 1300);
	phase(got, FSC_PHASE_DECODE, 7, 0, 1550, 1750);
	phase(got, FSC_PHASE_ENCODE, 7, 0, 2600, 2900);
	request_buffer(got, 7, 1350);
	call(got, ENTRY, 7, 1500, 3000, FSC_CALL_REQUEST | FSC_CALL_CODECS);
	phase(got, FSC_PHASE_DECODE, 0, 0, 3100, 3400);
	freed(got, 8, TID, 7, 3000, 3590);
	call(got, FREE, 8, 3500, 3600, 0);
	call(got, ENTRY, 9, 5000, 5100, FSC_CALL_CODECS);
}

Test(requests, every_phase_of_a_request_gets_its_nanoseconds)
{
	struct got got;

	begin(&got, false);
	whole_request(&got);
	finish(&got);
	cr_assert_eq(got.request_count, 2);
	cr_assert_eq(got.request[0].start_ns, 1000);
	cr_assert_eq(got.request[0].end_ns, 3600);
	cr_assert_eq(got.request[0].tid, TID);
	check(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_HOST, 300);
	check(&got, 0, FSC_CLAIM_PREPARE, FSC_SIDE_HOST, 150);
	check(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_LIBRARY, 200);
	check(&got, 0, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY, 1000);
	check(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_LIBRARY, 300);
	check(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_HOST, 300);
	check(&got, 0, FSC_CLAIM_CONSUME, FSC_SIDE_HOST, 200);
	check(&got, 0, FSC_CLAIM_FREE, FSC_SIDE_LIBRARY, 100);
	check(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_HOST, 50);
	cr_assert_null(claim(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_LIBRARY));
	cr_assert_null(claim(&got, 0, FSC_CLAIM_CROSSING, FSC_SIDE_HOST));
	cr_assert_eq(got.held_count, 0);
}

Test(requests, what_cannot_be_seen_has_no_claim)
{
	struct got got;

	begin(&got, false);
	call(&got, ENTRY, 1, 1000, 1500, 0);
	finish(&got);
	cr_assert_eq(got.request_count, 1);
	check(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_LIBRARY, 500);
	check(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_HOST, 0);
	cr_assert_eq(got.request[0].claim_count, 2);
}

Test(requests, a_wrapped_codec_that_did_not_run_took_no_time)
{
	struct got got;

	begin(&got, false);
	call(&got, ENTRY, 1, 1000, 1500, FSC_CALL_CODECS);
	finish(&got);
	check(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_LIBRARY, 0);
	check(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_LIBRARY, 0);
	check(&got, 0, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY, 500);
	cr_assert_eq(claim(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_LIBRARY)->count, 0);
	cr_assert_null(claim(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_LIBRARY));
}

Test(requests, without_a_matching_pointer_all_waiting_encodes_are_the_next_calls)
{
	struct got got;

	begin(&got, false);
	phase(&got, FSC_PHASE_ENCODE, 0, 0x9000, 1000, 1100);
	phase(&got, FSC_PHASE_ENCODE, 0, 0, 1200, 1300);
	call(&got, ENTRY, 1, 1500, 1600, FSC_CALL_REQUEST);
	finish(&got);
	cr_assert_eq(got.request[0].start_ns, 1000);
	check(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_HOST, 200);
	check(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_HOST, 300);
}

Test(requests, the_buffer_ties_encodes_that_were_made_in_advance)
{
	struct got got;

	begin(&got, false);
	phase(&got, FSC_PHASE_ENCODE, 0, 0x1010, 1000, 1100);
	phase(&got, FSC_PHASE_ENCODE, 0, 0x5000, 1200, 1250);
	call(&got, ENTRY, 1, 1500, 1600, FSC_CALL_REQUEST);
	phase(&got, FSC_PHASE_ENCODE, 0, 0x1000, 1700, 1710);
	call(&got, ENTRY, 2, 1800, 1900, FSC_CALL_REQUEST);
	finish(&got);
	check(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_HOST, 100);
	check(&got, 1, FSC_CLAIM_ENCODE, FSC_SIDE_HOST, 10);
	cr_assert_eq(got.request[1].start_ns, 1700);
}

Test(requests, the_size_of_a_message_is_part_of_its_encode)
{
	struct fsc_event size = { .kind = FSC_EVENT_phase };
	struct got got;

	begin(&got, false);
	size.phase.phase = FSC_PHASE_ENCODE;
	size.phase.message = 0x1001;
	size.phase.duration_ns = 40;
	add(&got, size, 900, 940);
	phase(&got, FSC_PHASE_ENCODE, 0, 0x1000, 1000, 1100);
	call(&got, ENTRY, 1, 1500, 1600, FSC_CALL_REQUEST);
	finish(&got);
	check(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_HOST, 140);
	cr_assert_eq(claim(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_HOST)->count, 2);
}

Test(requests, prepare_leaves_out_the_encode_inside_it)
{
	struct got got;

	begin(&got, false);
	phase(&got, FSC_PHASE_ENCODE, 0, 0x1000, 1100, 1300);
	request_buffer(&got, 1, 1000);
	call(&got, ENTRY, 1, 1500, 1600, FSC_CALL_REQUEST);
	finish(&got);
	cr_assert_eq(got.request[0].start_ns, 1000);
	check(&got, 0, FSC_CLAIM_PREPARE, FSC_SIDE_HOST, 300);
	check(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_HOST, 200);
	check(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_HOST, 0);
}

Test(requests, a_nested_phase_counts_once)
{
	struct fsc_event outer = { .kind = FSC_EVENT_phase };
	struct got got;

	begin(&got, false);
	phase(&got, FSC_PHASE_ENCODE, 1, 0, 1200, 1300);
	outer.phase.phase = NAME;
	outer.phase.call = 1;
	outer.phase.duration_ns = 400;
	outer.phase.inner_ns = 100;
	outer.phase.inner_count = 1;
	add(&got, outer, 1100, 1500);
	call(&got, ENTRY, 1, 1000, 2000, 0);
	finish(&got);
	check(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_LIBRARY, 100);
	check(&got, 0, NAME, FSC_SIDE_LIBRARY, 300);
	check(&got, 0, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY, 600);
}

Test(requests, a_nested_phases_allocations_count_once)
{
	struct fsc_event event = { .kind = FSC_EVENT_phase };
	struct fsc_event alloc = { .kind = FSC_EVENT_call_alloc };
	struct got got;

	begin(&got, false);
	event.phase.phase = FSC_PHASE_ENCODE;
	event.phase.call = 1;
	event.phase.depth = 1;
	event.phase.allocations = 3;
	add(&got, event, 1200, 1200);
	event.phase.phase = NAME;
	event.phase.depth = 0;
	event.phase.allocations = 7;
	add(&got, event, 1300, 1300);
	alloc.call_alloc.call = 1;
	alloc.call_alloc.allocations = 20;
	add(&got, alloc, 2000, 2000);
	call(&got, ENTRY, 1, 1000, 2000, 0);
	finish(&got);
	cr_assert_eq(claim(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_LIBRARY)->allocations, 3);
	cr_assert_eq(claim(&got, 0, NAME, FSC_SIDE_LIBRARY)->allocations, 4);
	cr_assert_eq(claim(&got, 0, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY)->allocations, 13);
}

Test(requests, a_users_phase_named_work_is_work)
{
	struct got got;

	begin(&got, false);
	phase(&got, NAME + 1, 1, 0, 1200, 1300);
	call(&got, ENTRY, 1, 1000, 2000, 0);
	call(&got, ENTRY, 2, 3000, 3100, 0);
	finish(&got);
	check(&got, 0, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY, 100);
	check(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_LIBRARY, 900);
	cr_assert_null(claim(&got, 1, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY));
}

Test(requests, only_the_outermost_call_makes_a_request)
{
	struct got got;

	begin(&got, false);
	phase(&got, FSC_PHASE_DECODE, 3, 0, 1200, 1250);
	nested(&got, 3, 2, 1150, 1300);
	nested(&got, 2, 1, 1100, 1400);
	call(&got, ENTRY, 1, 1000, 2000, 0);
	finish(&got);
	cr_assert_eq(got.request_count, 1);
	check(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_LIBRARY, 50);
	check(&got, 0, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY, 950);
}

Test(requests, what_was_unwound_before_does_not_count_for_the_next_call)
{
	struct got got;

	begin(&got, false);
	phase(&got, FSC_PHASE_DECODE, 1, 0, 500, 600);
	call(&got, ENTRY, 2, 1000, 2000, FSC_CALL_CODECS);
	finish(&got);
	check(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_LIBRARY, 0);
	check(&got, 0, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY, 1000);
}

Test(requests, a_response_freed_on_another_thread_is_held)
{
	struct got got;

	begin(&got, false);
	call(&got, ENTRY, 1, 1000, 2000, 0);
	got.tid = OTHER_TID;
	freed(&got, 1, TID, 1, 2000, 5010);
	call(&got, FREE, 1, 5000, 5020, 0);
	finish(&got);
	cr_assert_eq(got.held_count, 1);
	cr_assert_eq(got.held_ns, 3000);
	cr_assert_eq(got.request[0].end_ns, 2000);
	cr_assert_null(claim(&got, 0, FSC_CLAIM_CONSUME, FSC_SIDE_HOST));
	cr_assert_null(claim(&got, 0, FSC_CLAIM_FREE, FSC_SIDE_LIBRARY));
}

Test(requests, a_response_freed_after_the_next_call_is_held)
{
	struct got got;

	begin(&got, false);
	call(&got, ENTRY, 1, 1000, 2000, 0);
	call(&got, ENTRY, 2, 3000, 4000, 0);
	freed(&got, 3, TID, 1, 2000, 4510);
	call(&got, FREE, 3, 4500, 4520, 0);
	freed(&got, 0, TID, 2, 4000, 4600);
	finish(&got);
	cr_assert_eq(got.held_count, 2);
	cr_assert_eq(got.held_ns, 2500 + 600);
	cr_assert_eq(got.request[1].end_ns, 4000);
}

Test(requests, a_users_phase_on_the_hosts_side_claims_its_part)
{
	struct got got;

	begin(&got, false);
	phase(&got, FSC_PHASE_ENCODE, 0, 0x1000, 1000, 1100);
	phase(&got, NAME, 0, 0, 1200, 1250);
	call(&got, ENTRY, 1, 1500, 1600, FSC_CALL_REQUEST);
	phase(&got, NAME, 0, 0, 1700, 1730);
	phase(&got, FSC_PHASE_DECODE, 0, 0, 1750, 1800);
	finish(&got);
	check(&got, 0, NAME, FSC_SIDE_HOST, 80);
	check(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_HOST, 50);
	check(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_HOST, 800 - 100 - 100 - 80 - 50);
}

Test(requests, another_thread_in_the_same_slot_starts_afresh)
{
	struct fsc_event event = { .kind = FSC_EVENT_phase };
	struct got got;

	begin(&got, false);
	call(&got, ENTRY, 1, 1000, 2000, 0);
	event.phase.phase = FSC_PHASE_DECODE;
	event.slot = TID;
	event.tid = OTHER_TID;
	event.phase.duration_ns = 100;
	event.start_ns = 2100;
	event.time_ns = 2200;
	cr_assert_eq(fsc_requests_add(got.requests, &event), FSC_OK);
	finish(&got);
	cr_assert_eq(got.request_count, 1);
	cr_assert_null(claim(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_HOST));
}

static int64_t correction(const struct got *got, size_t request, uint32_t id, enum fsc_side side)
{
	const struct fsc_claim *found = claim(got, request, id, side);

	return found ? found->correction_ps : -1;
}

/*
 * True times are planted, the probes' cost is added by hand: each probe has inner inside and half
 * of outer on each side. The correction must take away exactly that.
 */
Test(requests, the_probe_cost_is_taken_where_it_fell)
{
	const int64_t inner = INNER_PS, outer = OUTER_PS;
	struct got got;
	int64_t sum = 0;

	begin(&got, true);
	whole_request(&got);
	finish(&got);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_HOST), inner);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_LIBRARY), inner);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_ENCODE, FSC_SIDE_LIBRARY), inner);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_DECODE, FSC_SIDE_HOST), inner);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_FREE, FSC_SIDE_LIBRARY), inner);
	/* The call's own inner and both codecs' outer. */
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_WORK, FSC_SIDE_LIBRARY), inner + 2 * outer);
	/* Half of the call's. */
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_PREPARE, FSC_SIDE_HOST), outer / 2);
	/* The other half, the host's decode, half of the free's. */
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_CONSUME, FSC_SIDE_HOST), 2 * outer);
	/* The half after the host's encode, which ended before the buffer was allocated. */
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_HOST), outer / 2);
	for (size_t i = 0; i < got.request[0].claim_count; i++)
		sum += got.claims[0][i].correction_ps;
	/* Six probes, less the half before the first and the half after the last. */
	cr_assert_eq(sum, 6 * (inner + outer) - outer);
}

Test(requests, a_parents_corrected_time_is_its_own_work_and_its_childrens)
{
	const int64_t own[3] = { 700000, 250000, 90000 }, cost = INNER_PS + OUTER_PS;
	int64_t raw[3];
	struct got got;

	/* Three calls inside each other; ps. */
	raw[2] = own[2] + INNER_PS;
	raw[1] = own[1] + INNER_PS + raw[2] + OUTER_PS;
	raw[0] = own[0] + INNER_PS + raw[1] + OUTER_PS;
	begin(&got, true);
	nested(&got, 3, 2, 1200, 1300);
	nested(&got, 2, 1, 1100, 1400);
	call(&got, ENTRY, 1, 1000, 2000, 0);
	finish(&got);
	cr_assert_eq(raw[2] - got.call_correction_ps[3], own[2]);
	cr_assert_eq(raw[1] - got.call_correction_ps[2], own[1] + own[2]);
	cr_assert_eq(raw[0] - got.call_correction_ps[1], own[0] + own[1] + own[2]);
	cr_assert_eq(got.call_correction_ps[1], INNER_PS + 2 * cost);
	check(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_LIBRARY, 1000);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_LIBRARY), INNER_PS + 2 * cost);
}

Test(requests, a_call_alone_loses_only_what_lies_inside_it)
{
	struct got got;

	begin(&got, true);
	call(&got, ENTRY, 1, 1000, 1005, 0);
	finish(&got);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_LIBRARY), INNER_PS);
	cr_assert_eq(correction(&got, 0, FSC_CLAIM_OTHER, FSC_SIDE_HOST), 0);
}

Test(requests, more_phases_than_fit_still_add_up)
{
	struct got got;

	begin(&got, false);
	for (uint32_t i = 0; i < 200; i++)
		phase(&got, 1000 + i, 1, 0, 1000 + i * 4, 1000 + i * 4 + 3);
	for (uint32_t i = 0; i < 400; i++)
		phase(&got, 1000 + i, 0, 0, 400 + i, 401 + i);
	call(&got, ENTRY, 1, 1000, 2000, FSC_CALL_CODECS);
	finish(&got);
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
	static struct got got;

	begin(&got, true);
	for (int i = 0; i < 200000; i++) {
		int64_t start_ns = random_below(10000), end_ns = start_ns + random_below(500);
		uint64_t number = 1 + random_below(12);

		got.request_count = 0;
		got.tid = TID + random_below(2);
		switch (random_below(6)) {
		case 0:
			call(&got, (uint16_t)(1 + random_below(3)), number, start_ns, end_ns,
			     (uint8_t)(random_below(32) & ~FSC_CALL_NESTED));
			break;
		case 1:
			nested(&got, number, random_below(12), start_ns, end_ns);
			break;
		case 2:
			phase(&got, 1 + random_below(2), random_below(4), 0x1000, start_ns, end_ns);
			break;
		case 3:
			phase(&got, 16 + random_below(40), random_below(4), 0, start_ns, end_ns);
			break;
		case 4:
			request_buffer(&got, number, start_ns);
			break;
		default:
			freed(&got, random_below(12), TID + random_below(2), number, start_ns,
			      end_ns);
		}
	}
	finish(&got);
}
