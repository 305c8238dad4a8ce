/* SPDX-License-Identifier: MIT */
/*
 * What happens inside a call is seen before the call: it is gathered in a record for each open
 * call, and taken when that one ends (fsc_inside_take). Numbers tell who encloses whom, because
 * what was unwound never ends.
 */
#include <stdlib.h>
#include <string.h>

#include "analyzers/requests_internal.h"

/* Half of them at once: moving the rest is then rare. */
static void forget_oldest(struct fsc_thread *thread)
{
	size_t count = thread->call_count / 2;

	thread->forgotten += count;
	thread->call_count -= count;
	memmove(thread->calls, thread->calls + count, thread->call_count * sizeof(*thread->calls));
}

struct fsc_open_call *fsc_inside_open(struct fsc_thread *thread, uint64_t number)
{
	size_t capacity = thread->call_capacity ? thread->call_capacity * 2 : 8;
	struct fsc_open_call *call;

	if (thread->call_count && thread->calls[thread->call_count - 1].number == number)
		return &thread->calls[thread->call_count - 1];
	if (thread->call_count == FSC_OPEN_CALLS_MAX) {
		forget_oldest(thread);
	} else if (thread->call_count == thread->call_capacity) {
		call = realloc(thread->calls, capacity * sizeof(*call));
		if (!call)
			return NULL;
		thread->calls = call;
		thread->call_capacity = capacity;
	}
	call = &thread->calls[thread->call_count++];
	memset(call, 0, offsetof(struct fsc_open_call, claims));
	call->claims.count = 0;
	call->number = number;
	return call;
}

void fsc_inside_move(struct fsc_open_call *into, const struct fsc_open_call *from)
{
	into->probes_ps += from->probes_ps;
	into->allocations += from->allocations;
	into->allocated_bytes += from->allocated_bytes;
	into->codec_seen = into->codec_seen || from->codec_seen;
	for (size_t i = 0; i < from->claims.count; i++)
		fsc_claims_add(&into->claims, &from->claims.items[i]);
}

struct fsc_open_call *fsc_inside_take(struct fsc_thread *thread, uint64_t number, bool outermost)
{
	size_t first = thread->call_count;

	while (first && thread->calls[first - 1].number >= number)
		first--;
	for (size_t i = first + 1; i < thread->call_count; i++)
		fsc_inside_move(&thread->calls[first], &thread->calls[i]);
	if (first == thread->call_count) {
		if (outermost)
			thread->call_count = 0;
		return NULL;
	}
	/* Below an outermost call lies only what was unwound before it. */
	thread->call_count = outermost ? 0 : first;
	if (thread->calls[first].number != number)
		thread->calls[first].own_phases_ps = thread->calls[first].children_outer_ps = 0;
	return &thread->calls[first];
}

/* visible: its codec would have been seen, so that what is left is work; else it is `other`. */
void fsc_inside_claim(struct fsc_open_request *request, const struct fsc_open_call *inside,
		      const struct fsc_call_seen *seen)
{
	bool visible = seen->event->call.flags & FSC_CALL_CODECS;
	struct fsc_claim rest = { .phase = FSC_CLAIM_OTHER, .side = FSC_SIDE_LIBRARY };
	uint64_t allocations = seen->allocations, bytes = seen->allocated_bytes;

	rest.raw_ns = seen->event->call.duration_ns;
	rest.correction_ps = seen->correction_ps;
	if (inside) {
		visible = visible || inside->codec_seen;
		allocations += inside->allocations;
		bytes += inside->allocated_bytes;
		for (size_t i = 0; i < inside->claims.count; i++) {
			const struct fsc_claim *claim = &inside->claims.items[i];

			if (!fsc_claims_add(&request->claims, claim))
				continue;
			rest.raw_ns -= claim->raw_ns;
			rest.correction_ps -= claim->correction_ps;
			allocations -= claim->allocations;
			bytes -= claim->allocated_bytes;
		}
	}
	/* A phase may have counted what the call did not: then the rest is not known. */
	if ((int64_t)allocations >= 0 && (int64_t)bytes >= 0) {
		rest.allocations = allocations;
		rest.allocated_bytes = bytes;
	}
	if (visible) {
		(void)fsc_claims_get(&request->claims, FSC_CLAIM_DECODE, FSC_SIDE_LIBRARY);
		(void)fsc_claims_get(&request->claims, FSC_CLAIM_ENCODE, FSC_SIDE_LIBRARY);
		rest.phase = FSC_CLAIM_WORK;
	}
	fsc_claims_add(&request->claims, &rest);
}

void fsc_inside_own(struct fsc_open_call *call, uint8_t depth, struct fsc_claim *claim)
{
	uint64_t allocations = claim->allocations, bytes = claim->allocated_bytes;

	if (depth + 1 < FSC_DEPTHS_MAX) {
		claim->allocations -= call->inner_allocations[depth + 1];
		claim->allocated_bytes -= call->inner_bytes[depth + 1];
		call->inner_allocations[depth + 1] = call->inner_bytes[depth + 1] = 0;
	}
	if (depth < FSC_DEPTHS_MAX) {
		call->inner_allocations[depth] += allocations;
		call->inner_bytes[depth] += bytes;
	}
}
