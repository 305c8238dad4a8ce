/* SPDX-License-Identifier: MIT */
/*
 * Records come in order of their end, so whatever happened inside a call is seen before the call:
 * it is gathered per open call (struct fsc_open_call) and moves up when the call ends. An outermost
 * call of kind entry opens a request (open_request), which the thread's next one closes. Begin
 * reading at fsc_requests_add(); what is inside a call is gathered by requests_inside.c, the
 * host's side is requests_host.c.
 */
#include "analyzers/requests.h"

#include <stdlib.h>
#include <string.h>

#include "analyzers/probe_costs_internal.h"
#include "analyzers/requests_internal.h"

struct fsc_requests {
	const struct fsc_state *state;
	struct fsc_probe_costs costs;
	struct fsc_requests_sink sink;
	struct fsc_thread **threads; /* by slot */
	uint32_t thread_capacity;
	/* String ids of a user's phases that mean one of ours; 0 = none. */
	uint32_t encode_name;
	uint32_t decode_name;
	uint32_t work_name;
	bool *named;		 /* by string id: a user's phase with rows of its own */
	uint64_t forgotten;	 /* open calls */
	int64_t added_ps;	 /* by all probes */
	uint64_t alike;		 /* what each call and request counts for */
	struct fsc_thread alone; /* of calls that nothing joins */
};

static uint32_t string_id(const struct fsc_state *state, const char *text)
{
	for (uint32_t i = FSC_PHASE_NAMED; i < state->string_count; i++)
		if (state->strings[i] && !strcmp(state->strings[i], text))
			return i;
	return 0;
}

/*
 * So many names are told apart, whatever a program makes its names of. Which ones does not depend
 * on who comes first; names that sites have, too, are counted for themselves.
 */
static void choose_named(struct fsc_requests *requests)
{
	const struct fsc_state *state = requests->state;
	uint32_t count[2] = { 0 };

	for (uint32_t id = FSC_PHASE_NAMED; id < state->string_count; id++)
		if (state->strings[id] && count[state->string_named[id]] < FSC_CLAIM_NAMES_MAX) {
			requests->named[id] = true;
			count[state->string_named[id]]++;
		}
}

enum fsc_status fsc_requests_create(struct fsc_requests **out, const struct fsc_state *state,
				    const struct fsc_requests_sink *sink)
{
	struct fsc_requests *requests = calloc(1, sizeof(*requests));

	*out = NULL;
	if (requests)
		requests->named = calloc(state->string_count + 1u, sizeof(*requests->named));
	if (!requests || !requests->named) {
		free(requests);
		return FSC_E_NOMEM;
	}
	*out = requests;
	requests->state = state;
	requests->sink = *sink;
	requests->alike = 1;
	choose_named(requests);
	fsc_probe_costs_settle(&requests->costs, state->probe);
	requests->encode_name = string_id(state, "encode");
	requests->decode_name = string_id(state, "decode");
	requests->work_name = string_id(state, "work");
	return FSC_OK;
}

void fsc_requests_destroy(struct fsc_requests *requests)
{
	if (!requests)
		return;
	for (uint32_t i = 0; i < requests->thread_capacity; i++) {
		if (!requests->threads[i])
			continue;
		free(requests->threads[i]->calls);
		free(requests->threads[i]->phases);
		free(requests->threads[i]);
	}
	free(requests->threads);
	free(requests->named);
	free(requests);
}

static enum fsc_site_kind kind_of(const struct fsc_requests *requests, uint16_t id)
{
	const struct fsc_site *site = fsc_state_site(requests->state, id);

	/* Without its site event it is still a call that was recorded. */
	return site ? (enum fsc_site_kind)site->kind : FSC_SITE_ENTRY;
}

/* Hand out the request that the thread has open. */
static void close_request(struct fsc_requests *requests, struct fsc_thread *thread)
{
	struct fsc_open_request *open = &thread->request;
	struct fsc_request request;

	if (!open->valid)
		return;
	fsc_requests_host_after(thread);
	request = (struct fsc_request){
		.site = open->site,
		.slot = thread->slot,
		.tid = thread->tid,
		.number = open->number,
		.weight = open->weight,
		.start_ns = open->start_ns,
		.end_ns = open->end_ns,
		.claims = open->claims.items,
		.claim_count = open->claims.count,
		.count = requests->alike,
	};
	open->valid = false;
	requests->sink.request(requests->sink.arg, &request);
}

static uint32_t weight_of(const struct fsc_thread *thread)
{
	return thread->one_in ? thread->one_in : 1;
}

static void hold(struct fsc_requests *requests, const struct fsc_thread *thread,
		 const struct fsc_freed *freed, int64_t time_ns)
{
	if (freed->made_tid && freed->made_ended_ns)
		requests->sink.held(requests->sink.arg, freed->made_site,
				    time_ns - freed->made_ended_ns, weight_of(thread));
}

/* Frees whose call never came. */
static void flush_freed(struct fsc_requests *requests, struct fsc_thread *thread)
{
	for (size_t i = 0; i < thread->freed_count; i++)
		hold(requests, thread, &thread->freed[i], thread->freed[i].time_ns);
	thread->freed_count = 0;
}

static void end_thread(struct fsc_requests *requests, struct fsc_thread *thread)
{
	flush_freed(requests, thread);
	close_request(requests, thread);
	thread->call_count = thread->phase_count = 0;
	thread->request_buffer.call = thread->call_alloc.call = 0;
	thread->one_in = 0;
}

static struct fsc_thread *new_thread(struct fsc_requests *requests, uint32_t slot)
{
	uint32_t capacity = requests->thread_capacity ? requests->thread_capacity : 16;
	struct fsc_thread **grown;

	while (capacity <= slot)
		capacity *= 2;
	if (capacity > requests->thread_capacity) {
		grown = realloc(requests->threads, capacity * sizeof(struct fsc_thread *));
		if (!grown)
			return NULL;
		memset(grown + requests->thread_capacity, 0,
		       (capacity - requests->thread_capacity) * sizeof(struct fsc_thread *));
		requests->threads = grown;
		requests->thread_capacity = capacity;
	}
	if (!requests->threads[slot])
		requests->threads[slot] = calloc(1, sizeof(struct fsc_thread));
	return requests->threads[slot];
}

static struct fsc_thread *thread_of(struct fsc_requests *requests, const struct fsc_event *event)
{
	uint32_t place = event->slot % FSC_SLOTS_KEPT_MAX;
	struct fsc_thread *thread = NULL;

	if (place < requests->thread_capacity)
		thread = requests->threads[place];
	if (!thread)
		thread = new_thread(requests, place);
	if (!thread)
		return NULL;
	if (thread->used && (thread->tid != event->tid || thread->slot != event->slot))
		end_thread(requests, thread);
	thread->used = true;
	thread->tid = event->tid;
	thread->slot = event->slot;
	return thread;
}

static void open_request(struct fsc_requests *requests, struct fsc_thread *thread,
			 const struct fsc_open_call *inside, const struct fsc_call_seen *seen)
{
	struct fsc_open_request *request = &thread->request;
	const struct fsc_event *event = seen->event;

	close_request(requests, thread);
	/* One by one: clearing the whole is a tenth of the cost of a call. */
	request->valid = true;
	request->freed = false;
	request->claimed_in_consume_ns = 0;
	request->outer_in_consume_ps = request->waiting_outer_ps = 0;
	request->other_outer_ps = request->last_outer_ps = 0;
	request->claims.count = 0;
	request->site = event->call.site;
	request->number = event->call.number;
	request->weight = seen->weight;
	request->start_ns = request->call_start_ns = event->start_ns;
	request->call_end_ns = request->end_ns = event->time_ns;
	fsc_inside_claim(request, inside, seen);
	request->call_outer_ps = seen->outer_ps;
	if (thread->request_buffer.call == request->number)
		requests->added_ps += requests->costs.outer_ps[FSC_PROBE_request];
	fsc_requests_host_before(thread, event, requests->costs.outer_ps[FSC_PROBE_request]);
}

/* A free function ended: of which request was the buffer? */
static void settle_freed(struct fsc_requests *requests, struct fsc_thread *thread,
			 const struct fsc_call_seen *seen, bool can_join)
{
	struct fsc_open_request *request = &thread->request;
	const struct fsc_event *event = seen->event;

	for (size_t i = 0; i < thread->freed_count; i++) {
		const struct fsc_freed *freed = &thread->freed[i];
		bool own = freed->call == event->call.number;

		if (own && can_join && request->valid && !request->freed &&
		    freed->made_tid == thread->tid && freed->made_call == request->number) {
			request->freed = true;
			request->free_start_ns = event->start_ns;
			request->free_end_ns = event->time_ns;
			request->free_correction_ps = seen->correction_ps;
			request->free_outer_ps = seen->outer_ps;
		} else {
			hold(requests, thread, freed, own ? event->start_ns : freed->time_ns);
		}
	}
	thread->freed_count = 0;
}

static void take_call_alloc(struct fsc_thread *thread, struct fsc_call_seen *seen)
{
	if (!thread->call_alloc.call || thread->call_alloc.call != seen->event->call.number)
		return;
	seen->allocations = thread->call_alloc.allocations;
	seen->allocated_bytes = thread->call_alloc.allocated_bytes;
	seen->frees = thread->call_alloc.frees;
	seen->freed_bytes = thread->call_alloc.freed_bytes;
	thread->call_alloc.call = 0;
}

/* What measuring it cost. inside: what was gathered of its inside, or NULL. */
static void take_costs(struct fsc_requests *requests, const struct fsc_thread *thread,
		       const struct fsc_open_call *inside, struct fsc_call_seen *seen)
{
	const struct fsc_event_call_wide *call = &seen->event->call;
	struct fsc_probe_taken taken = fsc_probe_costs_call(
		&requests->costs,
		&(struct fsc_probe_call){
			.nested = call->flags & FSC_CALL_NESTED,
			.freed = thread->freed_count > 0,
			.made = call->flags & FSC_CALL_BUFFER,
			.request_timed = thread->request_buffer.call == call->number,
			.encloses = inside && inside->probes_ps,
			.allocations = seen->allocations,
			.frees = seen->frees,
		});

	seen->own_ps = taken.own_ps;
	seen->outer_ps = taken.outer_ps;
	requests->added_ps += (taken.own_ps + taken.outer_ps) * (int64_t)requests->alike;
	seen->correction_ps = seen->self_correction_ps = taken.own_ps;
	if (!inside)
		return;
	seen->correction_ps += inside->probes_ps;
	seen->self_correction_ps += inside->own_phases_ps + inside->children_outer_ps;
}

/* What the enclosing call learns from a nested one. */
static enum fsc_status tell_parent(struct fsc_thread *thread, const struct fsc_open_call *inside,
				   const struct fsc_call_seen *seen)
{
	struct fsc_open_call kept, *parent;

	/* `inside` lies above the stack's end, where fsc_inside_open() may put the parent. */
	if (inside)
		kept = *inside;
	parent = fsc_inside_open(thread, seen->event->call.parent);
	if (!parent)
		return FSC_E_NOMEM;
	if (inside)
		fsc_inside_move(parent, &kept);
	parent->probes_ps += seen->own_ps + seen->outer_ps;
	parent->children_outer_ps += seen->outer_ps;
	parent->allocations += seen->allocations;
	parent->allocated_bytes += seen->allocated_bytes;
	return FSC_OK;
}

static enum fsc_status add_call(struct fsc_requests *requests, struct fsc_thread *thread,
				const struct fsc_event *event)
{
	const struct fsc_event_call_wide *call = &event->call;
	bool nested = (call->flags & FSC_CALL_NESTED) && call->parent;
	struct fsc_call_seen seen = { .event = event,
				      .weight = weight_of(thread),
				      .count = requests->alike };
	enum fsc_site_kind kind = kind_of(requests, call->site);
	enum fsc_status status = FSC_OK;
	struct fsc_open_call *inside = NULL;

	if (thread->call_count)
		inside = fsc_inside_take(thread, call->number, !nested);
	take_call_alloc(thread, &seen);
	take_costs(requests, thread, inside, &seen);
	requests->sink.call(requests->sink.arg, &seen);
	if (thread->freed_count)
		settle_freed(requests, thread, &seen, !nested && kind == FSC_SITE_FREE);
	if (nested)
		status = tell_parent(thread, inside, &seen);
	else if (kind == FSC_SITE_ENTRY)
		open_request(requests, thread, inside, &seen);
	if (!nested)
		thread->request_buffer.call = 0;
	return status;
}

static uint32_t phase_id(struct fsc_requests *requests, uint32_t phase)
{
	if (phase < FSC_PHASE_NAMED)
		return phase == FSC_PHASE_ENCODE || phase == FSC_PHASE_DECODE ? phase
									      : FSC_CLAIM_OTHER;
	if (phase == requests->encode_name)
		return FSC_CLAIM_ENCODE;
	if (phase == requests->decode_name)
		return FSC_CLAIM_DECODE;
	if (phase == requests->work_name)
		return FSC_CLAIM_WORK;
	return fsc_state_string(requests->state, phase) && requests->named[phase] ? phase
										  : FSC_CLAIM_MORE;
}

static int64_t allocations_ps(const struct fsc_requests *requests, const struct fsc_claim *claim)
{
	return (int64_t)claim->allocations * requests->costs.outer_ps[FSC_PROBE_allocation];
}

/* A library phase: kept with the call it ran inside. */
static enum fsc_status library_phase(struct fsc_requests *requests, struct fsc_thread *thread,
				     const struct fsc_event *event, struct fsc_claim *claim,
				     int64_t probe_ps)
{
	struct fsc_open_call *call;

	/* Calls that began later have ended, or were unwound. */
	while (thread->call_count > 1 &&
	       thread->calls[thread->call_count - 1].number > event->phase.call &&
	       thread->calls[thread->call_count - 2].number >= event->phase.call) {
		thread->call_count--;
		fsc_inside_move(&thread->calls[thread->call_count - 1],
				&thread->calls[thread->call_count]);
	}
	call = fsc_inside_open(thread, event->phase.call);
	if (!call)
		return FSC_E_NOMEM;
	call->probes_ps += probe_ps;
	call->own_phases_ps += probe_ps;
	if (claim->phase == FSC_CLAIM_ENCODE || claim->phase == FSC_CLAIM_DECODE)
		call->codec_seen = true;
	fsc_inside_own(call, event->phase.depth, claim);
	claim->correction_ps += allocations_ps(requests, claim);
	fsc_claims_add(&call->claims, claim);
	return FSC_OK;
}

/* What stands around the probes directly inside a phase: they are taken to be of its own kind. */
static int64_t inner_outer_ps(const struct fsc_requests *requests,
			      const struct fsc_event_phase *phase)
{
	return phase->inner_count * fsc_probe_costs_phase(&requests->costs, phase).outer_ps;
}

static enum fsc_status add_phase(struct fsc_requests *requests, struct fsc_thread *thread,
				 const struct fsc_event *event)
{
	const struct fsc_event_phase *phase = &event->phase;
	struct fsc_probe_taken taken = fsc_probe_costs_phase(&requests->costs, phase);
	struct fsc_host_phase host = {
		.start_ns = event->start_ns,
		.end_ns = event->time_ns,
		.outer_ps = phase->depth ? 0 : taken.outer_ps,
		.message = phase->message,
		.buffer = phase->buffer,
		.fresh = true,
	};

	host.claim = (struct fsc_claim){
		.phase = phase_id(requests, phase->phase),
		.side = phase->call ? FSC_SIDE_LIBRARY : FSC_SIDE_HOST,
		.raw_ns = phase->duration_ns - phase->inner_ns,
		.correction_ps = taken.own_ps + inner_outer_ps(requests, phase),
		.allocations = phase->allocations,
		.allocated_bytes = phase->allocated_bytes,
	};
	if (host.claim.phase == FSC_CLAIM_OTHER)
		return FSC_OK;
	requests->added_ps += taken.own_ps + taken.outer_ps;
	if (phase->call)
		return library_phase(requests, thread, event, &host.claim,
				     taken.own_ps + taken.outer_ps);
	host.claim.correction_ps += allocations_ps(requests, &host.claim);
	if (!phase->depth)
		requests->added_ps += allocations_ps(requests, &host.claim);
	return fsc_requests_host_phase(thread, &host);
}

static void add_freed(struct fsc_requests *requests, struct fsc_thread *thread,
		      const struct fsc_event *event)
{
	const struct fsc_event_buffer_freed *freed = &event->buffer_freed;
	struct fsc_freed kept = {
		.call = freed->call,
		.made_call = freed->made_call,
		.made_tid = freed->made_tid,
		.made_site = freed->made_site,
		.made_ended_ns = freed->made_ended_ns,
		.time_ns = event->time_ns,
	};

	if (freed->verdict != FSC_VERDICT_FREED && freed->verdict != FSC_VERDICT_SIZE_MISMATCH &&
	    freed->verdict != FSC_VERDICT_FOREIGN_FREE)
		return;
	if (freed->call && thread->freed_count < FSC_FREED_MAX)
		thread->freed[thread->freed_count++] = kept;
	else
		hold(requests, thread, &kept, kept.time_ns);
}

enum fsc_status fsc_requests_add(struct fsc_requests *requests, const struct fsc_event *event)
{
	struct fsc_thread *thread = thread_of(requests, event);

	if (!thread)
		return FSC_E_NOMEM;
	switch (event->kind) {
	case FSC_EVENT_call:
		return add_call(requests, thread, event);
	case FSC_EVENT_phase:
		return add_phase(requests, thread, event);
	case FSC_EVENT_call_alloc:
		thread->call_alloc = event->call_alloc;
		return FSC_OK;
	case FSC_EVENT_request_buffer:
		thread->request_buffer = event->request_buffer;
		return FSC_OK;
	case FSC_EVENT_buffer_freed:
		add_freed(requests, thread, event);
		return FSC_OK;
	case FSC_EVENT_detail:
		thread->one_in = event->detail.one_in;
		return FSC_OK;
	default:
		return FSC_OK;
	}
}

bool fsc_requests_close_idle(struct fsc_requests *requests, uint32_t slot, uint32_t tid)
{
	struct fsc_thread *thread;

	if (slot >= requests->thread_capacity || !requests->threads[slot])
		return false;
	thread = requests->threads[slot];
	if (!thread->used || thread->tid != tid || thread->slot != slot || thread->call_count ||
	    thread->phase_count || thread->freed_count || thread->call_alloc.call ||
	    thread->request_buffer.call || weight_of(thread) != 1)
		return false;
	close_request(requests, thread);
	return true;
}

void fsc_requests_add_alike(struct fsc_requests *requests, const struct fsc_event *event,
			    uint64_t count)
{
	requests->alike = count;
	/* Without an inside there is nothing to make room for. */
	(void)add_call(requests, &requests->alone, event);
	close_request(requests, &requests->alone);
	requests->alike = 1;
}

uint64_t fsc_requests_forgotten(const struct fsc_requests *requests)
{
	uint64_t forgotten = 0;

	for (uint32_t i = 0; i < requests->thread_capacity; i++)
		if (requests->threads[i])
			forgotten += requests->threads[i]->forgotten;
	return forgotten;
}

int64_t fsc_requests_added_ps(const struct fsc_requests *requests)
{
	return requests->added_ps;
}

void fsc_requests_finish(struct fsc_requests *requests)
{
	for (uint32_t i = 0; i < requests->thread_capacity; i++)
		if (requests->threads[i])
			end_thread(requests, requests->threads[i]);
}
