/* SPDX-License-Identifier: MIT */
/* Nothing is hard here. */
#include "planted.h"

#include <criterion/criterion.h>
#include <string.h>

static void on_request(void *arg, const struct fsc_request *request)
{
	struct planted *got = arg;
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
	struct planted *got = arg;

	got->call_correction_ps[call->event->call.number % 16] = call->correction_ps;
	got->self_correction_ps[call->event->call.number % 16] = call->self_correction_ps;
	got->weight[call->event->call.number % 16] = call->weight;
}

static void on_held(void *arg, uint16_t made_site, int64_t held_ns, uint32_t weight)
{
	struct planted *got = arg;

	cr_assert_eq(made_site, ENTRY);
	got->held_ns += held_ns;
	got->held_count += weight;
}

static const struct fsc_requests_sink *sink_of(struct planted *got)
{
	static struct fsc_requests_sink sink;

	sink = (struct fsc_requests_sink){ on_request, on_call, on_held, got };
	return &sink;
}

void planted_begin(struct planted *got, bool probe)
{
	memset(got, 0, sizeof(*got));
	got->sites[ENTRY] = (struct fsc_site){ .known = true, .kind = FSC_SITE_ENTRY };
	got->sites[FREE] = (struct fsc_site){ .known = true, .kind = FSC_SITE_FREE };
	got->sites[INNER] = (struct fsc_site){ .known = true, .kind = FSC_SITE_ENTRY };
	got->strings[NAME] = "copy";
	got->strings[NAME + 1] = "work";
	got->state.sites = got->sites;
	got->state.site_count = 4;
	got->state.strings = got->strings;
	got->state.string_named = got->named;
	got->state.string_count = PLANTED_STRINGS;
	got->tid = TID;
	if (probe)
		got->state.probe[FSC_PROBE_call] =
			(struct fsc_probe_cost){ true, INNER_PS, OUTER_PS, 0, 0 };
	cr_assert_eq(fsc_requests_create(&got->requests, &got->state, sink_of(got)), FSC_OK);
}

void planted_costs(struct planted *got, const struct fsc_probe_cost costs[FSC_PROBE_KINDS])
{
	memcpy(got->state.probe, costs, sizeof(got->state.probe));
	fsc_requests_destroy(got->requests);
	cr_assert_eq(fsc_requests_create(&got->requests, &got->state, sink_of(got)), FSC_OK);
}

void planted_finish(struct planted *got)
{
	fsc_requests_finish(got->requests);
	fsc_requests_destroy(got->requests);
}

void planted_add(struct planted *got, struct fsc_event event, int64_t start_ns, int64_t end_ns)
{
	event.tid = got->tid;
	event.slot = got->tid;
	event.start_ns = start_ns;
	event.time_ns = end_ns;
	cr_assert_eq(fsc_requests_add(got->requests, &event), FSC_OK);
}

void planted_call(struct planted *got, uint16_t site, uint64_t number, int64_t start_ns,
		  int64_t end_ns, uint8_t flags)
{
	struct fsc_event event = { .kind = FSC_EVENT_call };

	event.call.site = site;
	event.call.number = number;
	event.call.duration_ns = end_ns - start_ns;
	event.call.flags = flags;
	event.call.request = 0x1000;
	event.call.request_bytes = 64;
	planted_add(got, event, start_ns, end_ns);
}

void planted_nested(struct planted *got, uint64_t number, uint64_t parent, int64_t start_ns,
		    int64_t end_ns)
{
	struct fsc_event event = { .kind = FSC_EVENT_call };

	event.call.site = INNER;
	event.call.number = number;
	event.call.parent = parent;
	event.call.duration_ns = end_ns - start_ns;
	event.call.flags = FSC_CALL_NESTED;
	planted_add(got, event, start_ns, end_ns);
}

void planted_phase(struct planted *got, uint32_t id, uint64_t inside, uint64_t buffer,
		   int64_t start_ns, int64_t end_ns)
{
	struct fsc_event event = { .kind = FSC_EVENT_phase };

	event.phase.phase = id;
	event.phase.call = inside;
	event.phase.buffer = buffer;
	event.phase.message = buffer ? buffer + 1 : 0;
	event.phase.duration_ns = end_ns - start_ns;
	planted_add(got, event, start_ns, end_ns);
}

void planted_allocating_phase(struct planted *got, uint32_t id, uint64_t inside,
			      uint64_t allocations, int64_t start_ns, int64_t end_ns)
{
	struct fsc_event event = { .kind = FSC_EVENT_phase };

	event.phase.phase = id;
	event.phase.call = inside;
	event.phase.duration_ns = end_ns - start_ns;
	event.phase.allocations = allocations;
	planted_add(got, event, start_ns, end_ns);
}

void planted_call_alloc(struct planted *got, uint64_t number, uint64_t allocations, uint64_t frees)
{
	struct fsc_event event = { .kind = FSC_EVENT_call_alloc };

	event.call_alloc.call = number;
	event.call_alloc.allocations = allocations;
	event.call_alloc.frees = frees;
	planted_add(got, event, 0, 0);
}

void planted_request_buffer(struct planted *got, uint64_t number, int64_t allocated_ns)
{
	struct fsc_event event = { .kind = FSC_EVENT_request_buffer };

	event.request_buffer.call = number;
	event.request_buffer.allocated_ns = allocated_ns;
	planted_add(got, event, 0, 0);
}

void planted_freed(struct planted *got, uint64_t by_call, uint32_t made_tid, uint64_t made_call,
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
	planted_add(got, event, now_ns, now_ns);
}

const struct fsc_claim *planted_claim(const struct planted *got, size_t request, uint32_t id,
				      enum fsc_side side)
{
	for (size_t i = 0; i < got->request[request].claim_count; i++)
		if (got->claims[request][i].phase == id && got->claims[request][i].side == side)
			return &got->claims[request][i];
	return NULL;
}

void planted_check(const struct planted *got, size_t request, uint32_t id, enum fsc_side side,
		   int64_t raw_ns)
{
	const struct fsc_claim *found = planted_claim(got, request, id, side);

	cr_assert_not_null(found, "phase %u of side %d is not known", id, (int)side);
	cr_assert_eq(found->raw_ns, raw_ns, "phase %u of side %d: %lld instead of %lld", id,
		     (int)side, (long long)found->raw_ns, (long long)raw_ns);
}

void planted_whole_request(struct planted *got)
{
	planted_phase(got, FSC_PHASE_ENCODE, 0, 0x1000, 1000, 1300);
	planted_phase(got, FSC_PHASE_DECODE, 7, 0, 1550, 1750);
	planted_phase(got, FSC_PHASE_ENCODE, 7, 0, 2600, 2900);
	planted_request_buffer(got, 7, 1350);
	planted_call(got, ENTRY, 7, 1500, 3000, FSC_CALL_REQUEST | FSC_CALL_CODECS);
	planted_phase(got, FSC_PHASE_DECODE, 0, 0, 3100, 3400);
	planted_freed(got, 8, TID, 7, 3000, 3590);
	planted_call(got, FREE, 8, 3500, 3600, 0);
	planted_call(got, ENTRY, 9, 5000, 5100, FSC_CALL_CODECS);
}
