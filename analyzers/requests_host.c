/* SPDX-License-Identifier: MIT */
/*
 * What ties a phase to a call is its buffer: an encode whose buffer is the call's request is that
 * call's (tie_encodes); where no pointer matches, order decides. The rest is bookkeeping of who
 * claims which nanosecond: `other` is what is left, so that the claims always add up.
 */
#include "analyzers/requests_internal.h"

#include <stdlib.h>
#include <string.h>

struct fsc_claim *fsc_claims_get(struct fsc_claims *claims, uint32_t phase, enum fsc_side side)
{
	for (size_t i = 0; i < claims->count; i++)
		if (claims->items[i].phase == phase && claims->items[i].side == side)
			return &claims->items[i];
	if (claims->count >=
	    (phase < FSC_PHASE_NAMED ? FSC_CLAIMS_MAX : FSC_CLAIMS_MAX - FSC_CLAIMS_KEPT))
		return NULL;
	claims->items[claims->count] = (struct fsc_claim){ .phase = phase, .side = (uint8_t)side };
	return &claims->items[claims->count++];
}

bool fsc_claims_add(struct fsc_claims *claims, const struct fsc_claim *from)
{
	struct fsc_claim *into = fsc_claims_get(claims, from->phase, (enum fsc_side)from->side);

	if (!into)
		return false;
	into->raw_ns += from->raw_ns;
	into->correction_ps += from->correction_ps;
	into->allocations += from->allocations;
	into->allocated_bytes += from->allocated_bytes;
	return true;
}

/* How much of what a phase claims can lie between two instants. */
static int64_t claimed_between(const struct fsc_host_phase *phase, int64_t from_ns, int64_t to_ns)
{
	int64_t begin = phase->start_ns > from_ns ? phase->start_ns : from_ns;
	int64_t end = phase->end_ns < to_ns ? phase->end_ns : to_ns;
	int64_t overlap = end > begin ? end - begin : 0;

	return phase->claim.raw_ns < overlap ? phase->claim.raw_ns : overlap;
}

static void join_decode(struct fsc_open_request *request, const struct fsc_host_phase *phase)
{
	int64_t until = request->freed ? request->free_start_ns : phase->end_ns;

	if (!fsc_claims_add(&request->claims, &phase->claim))
		return;
	request->outer_in_consume_ps += request->waiting_outer_ps;
	request->waiting_outer_ps = 0;
	request->claimed_in_consume_ns += claimed_between(phase, request->call_end_ns, until);
	if (phase->start_ns < until)
		request->outer_in_consume_ps += phase->outer_ps;
	else
		request->other_outer_ps += phase->outer_ps;
	if (phase->end_ns > request->end_ns) {
		request->end_ns = phase->end_ns;
		request->last_outer_ps = phase->outer_ps;
	}
}

static void drop_oldest(struct fsc_thread *thread)
{
	thread->phase_count--;
	memmove(thread->phases, thread->phases + 1, thread->phase_count * sizeof(*thread->phases));
}

enum fsc_status fsc_requests_host_phase(struct fsc_thread *thread,
					const struct fsc_host_phase *phase)
{
	struct fsc_open_request *request = &thread->request;

	if (phase->claim.phase == FSC_CLAIM_DECODE) {
		if (request->valid)
			join_decode(request, phase);
		return FSC_OK;
	}
	/* An encode of the next request while the response is still held: not consuming. */
	if (phase->claim.phase == FSC_CLAIM_ENCODE && request->valid && !request->freed) {
		request->claimed_in_consume_ns +=
			claimed_between(phase, request->call_end_ns, phase->end_ns);
		request->waiting_outer_ps += phase->outer_ps;
	}
	if (!thread->phases)
		thread->phases = malloc(FSC_HOST_PHASES_MAX * sizeof(*thread->phases));
	if (!thread->phases)
		return FSC_E_NOMEM;
	if (thread->phase_count == FSC_HOST_PHASES_MAX)
		drop_oldest(thread);
	thread->phases[thread->phase_count++] = *phase;
	return FSC_OK;
}

static bool is_request_buffer(const struct fsc_host_phase *phase,
			      const struct fsc_event_call_wide *call)
{
	if (!(call->flags & FSC_CALL_REQUEST) || !call->request || !phase->buffer)
		return false;
	/* Unsigned: a buffer before the request wraps to a large number. */
	return phase->buffer == call->request ||
	       phase->buffer - call->request < call->request_bytes;
}

static bool same_message_taken(const struct fsc_thread *thread, uint64_t message)
{
	for (size_t i = 0; message && i < thread->phase_count; i++)
		if (thread->phases[i].taken && thread->phases[i].message == message)
			return true;
	return false;
}

/* Mark the encodes of this call as taken. */
static void tie_encodes(struct fsc_thread *thread, const struct fsc_event_call_wide *call)
{
	bool tied = false;

	for (size_t i = 0; i < thread->phase_count; i++) {
		struct fsc_host_phase *phase = &thread->phases[i];

		if (phase->claim.phase == FSC_CLAIM_ENCODE && is_request_buffer(phase, call))
			tied = phase->taken = true;
	}
	for (size_t i = 0; i < thread->phase_count; i++) {
		struct fsc_host_phase *phase = &thread->phases[i];

		if (phase->taken || phase->claim.phase != FSC_CLAIM_ENCODE)
			continue;
		phase->taken = tied ? same_message_taken(thread, phase->message) : phase->fresh;
	}
}

/* A user's phases on the host's side belong to the request inside which they lie. */
static void tie_named(struct fsc_thread *thread, int64_t from_ns, int64_t to_ns)
{
	for (size_t i = 0; i < thread->phase_count; i++) {
		struct fsc_host_phase *phase = &thread->phases[i];

		if (phase->claim.phase != FSC_CLAIM_ENCODE && phase->start_ns >= from_ns &&
		    phase->end_ns <= to_ns)
			phase->taken = true;
	}
}

/* Drop what was taken and what no later call can tie: an encode's buffer or message. */
static void keep_rest(struct fsc_thread *thread)
{
	size_t kept = 0;

	for (size_t i = 0; i < thread->phase_count; i++) {
		struct fsc_host_phase *phase = &thread->phases[i];

		if (phase->taken || phase->claim.phase != FSC_CLAIM_ENCODE ||
		    (!phase->buffer && !phase->message))
			continue;
		phase->fresh = false;
		thread->phases[kept++] = *phase;
	}
	thread->phase_count = kept;
}

static int64_t request_begin(const struct fsc_thread *thread, const struct fsc_event *call,
			     int64_t allocated_ns)
{
	int64_t begin = allocated_ns;

	for (size_t i = 0; i < thread->phase_count; i++)
		if (thread->phases[i].taken && thread->phases[i].start_ns < begin)
			begin = thread->phases[i].start_ns;
	return begin < call->start_ns ? begin : call->start_ns;
}

/* Claim the taken phases; `prepare` (may be NULL) loses what they claim of it. */
static void claim_taken(struct fsc_thread *thread, struct fsc_claim *prepare, int64_t allocated_ns)
{
	struct fsc_open_request *request = &thread->request;

	for (size_t i = 0; i < thread->phase_count; i++) {
		const struct fsc_host_phase *phase = &thread->phases[i];
		int64_t outer_ps = phase->outer_ps;

		if (!phase->taken || !fsc_claims_add(&request->claims, &phase->claim))
			continue;
		/* The half before its first reading lies before the request. */
		if (phase->start_ns == request->start_ns)
			outer_ps -= outer_ps / 2;
		if (prepare)
			prepare->raw_ns -=
				claimed_between(phase, allocated_ns, request->call_start_ns);
		if (prepare && phase->start_ns >= allocated_ns)
			prepare->correction_ps += outer_ps;
		else
			request->other_outer_ps += outer_ps;
	}
}

void fsc_requests_host_before(struct fsc_thread *thread, const struct fsc_event *call,
			      int64_t timing_ps)
{
	const struct fsc_event_request_buffer *buffer = &thread->request_buffer;
	struct fsc_open_request *request = &thread->request;
	struct fsc_claim *prepare = NULL;
	int64_t allocated_ns = call->start_ns;
	bool allocated = buffer->call && buffer->call == call->call.number &&
			 buffer->allocated_ns > 0 && buffer->allocated_ns <= call->start_ns;

	if (!allocated && !thread->phase_count)
		return;
	if (allocated)
		allocated_ns = buffer->allocated_ns;
	tie_encodes(thread, &call->call);
	request->start_ns = request_begin(thread, call, allocated_ns);
	tie_named(thread, request->start_ns, call->start_ns);
	if (allocated)
		prepare = fsc_claims_get(&request->claims, FSC_CLAIM_PREPARE, FSC_SIDE_HOST);
	if (prepare) {
		prepare->raw_ns = call->start_ns - allocated_ns;
		prepare->correction_ps = request->call_outer_ps / 2 + timing_ps - timing_ps / 2;
		if (request->start_ns < allocated_ns)
			request->other_outer_ps += timing_ps / 2;
	} else if (request->start_ns < call->start_ns) {
		request->other_outer_ps += request->call_outer_ps / 2;
	}
	claim_taken(thread, prepare, allocated_ns);
	keep_rest(thread);
}

/* The half of what stands around the call that lies after it. */
static int64_t after_call_ps(const struct fsc_open_request *request)
{
	return request->call_outer_ps - request->call_outer_ps / 2;
}

static void claim_free(struct fsc_open_request *request)
{
	struct fsc_claim *consume, *freeing;
	int64_t half_ps = request->free_outer_ps / 2;

	consume = fsc_claims_get(&request->claims, FSC_CLAIM_CONSUME, FSC_SIDE_HOST);
	freeing = fsc_claims_get(&request->claims, FSC_CLAIM_FREE, FSC_SIDE_LIBRARY);
	if (consume) {
		consume->raw_ns = request->free_start_ns - request->call_end_ns -
				  request->claimed_in_consume_ns;
		/* The halves after the call and before the free. */
		consume->correction_ps =
			after_call_ps(request) + half_ps + request->outer_in_consume_ps;
	}
	if (freeing) {
		freeing->raw_ns = request->free_end_ns - request->free_start_ns;
		freeing->correction_ps = request->free_correction_ps;
	}
	if (request->end_ns > request->free_end_ns)
		request->other_outer_ps += request->free_outer_ps - half_ps;
}

/* A user's phases between the call's end and the request's. */
static void claim_named(struct fsc_thread *thread)
{
	struct fsc_open_request *request = &thread->request;
	size_t kept = 0;

	tie_named(thread, request->call_end_ns, request->end_ns);
	for (size_t i = 0; i < thread->phase_count; i++) {
		const struct fsc_host_phase *phase = &thread->phases[i];

		if (!phase->taken) {
			thread->phases[kept++] = *phase;
		} else if (fsc_claims_add(&request->claims, &phase->claim)) {
			if (request->freed && phase->start_ns >= request->free_start_ns) {
				request->other_outer_ps += phase->outer_ps;
				continue;
			}
			request->claimed_in_consume_ns += phase->claim.raw_ns;
			request->outer_in_consume_ps += phase->outer_ps;
		}
	}
	thread->phase_count = kept;
}

static void claim_other(struct fsc_open_request *request)
{
	struct fsc_claim *other;
	int64_t claimed_ns = 0;

	other = fsc_claims_get(&request->claims, FSC_CLAIM_OTHER, FSC_SIDE_HOST);
	if (!other)
		return;
	for (size_t i = 0; i < request->claims.count; i++)
		if (&request->claims.items[i] != other)
			claimed_ns += request->claims.items[i].raw_ns;
	other->raw_ns = request->end_ns - request->start_ns - claimed_ns;
	other->correction_ps = request->other_outer_ps;
}

void fsc_requests_host_after(struct fsc_thread *thread)
{
	struct fsc_open_request *request = &thread->request;

	if (request->freed) {
		request->outer_in_consume_ps += request->waiting_outer_ps;
		if (request->free_end_ns >= request->end_ns) {
			request->end_ns = request->free_end_ns;
			request->last_outer_ps = 0;
		}
	}
	if (thread->phase_count)
		claim_named(thread);
	/* The half after the last reading lies behind the request. */
	request->other_outer_ps -= request->last_outer_ps - request->last_outer_ps / 2;
	if (request->freed) {
		claim_free(request);
	} else if (request->end_ns > request->call_end_ns) {
		request->other_outer_ps += after_call_ps(request);
		request->other_outer_ps += request->outer_in_consume_ps;
	}
	claim_other(request);
}
