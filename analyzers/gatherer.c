/* SPDX-License-Identifier: MIT */
/*
 * Calls and requests come from requests.h and are added to rows, found by site
 * (fsc_gatherer_row). A correction is finer than a ns: so all are summed up, and the sums are
 * rounded once, at the end (breakdown_rows.c). What was gathered does then not depend on the order
 * in which it came.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzers/breakdown_internal.h"

uint32_t fsc_gatherer_primary(const struct fsc_state *state, uint32_t id)
{
	const struct fsc_site *site = fsc_state_site(state, id);

	return site && fsc_state_site(state, site->alias_of) ? site->alias_of : id;
}

struct fsc_gathered *fsc_gatherer_row(struct fsc_gatherer *gatherer, uint16_t id)
{
	struct fsc_gathering *gathering = &gatherer->gathering;
	uint32_t place = gatherer->row_of_site[id], index;
	const struct fsc_site *site;
	char unnamed[32];

	if (place)
		return &gathering->rows[place - 1];
	site = fsc_state_site(gatherer->state, fsc_gatherer_primary(gatherer->state, id));
	if (site && site->kind != FSC_SITE_ENTRY && site->kind != FSC_SITE_FREE)
		return NULL;
	snprintf(unnamed, sizeof(unnamed), "site %u", id);
	if (fsc_gathering_row(gathering, site ? site->name : unnamed, site ? site->library : "",
			      site && site->kind == FSC_SITE_FREE, &index)) {
		gatherer->no_memory = true;
		return NULL;
	}
	gatherer->row_of_site[id] = index + 1;
	return &gathering->rows[index];
}

struct fsc_cell *fsc_gatherer_cell(struct fsc_gatherer *gatherer, struct fsc_gathered *row,
				   const struct fsc_claim *claim)
{
	const char *name = claim->phase == FSC_CLAIM_MORE
				   ? "(more)"
				   : fsc_state_string(gatherer->state, claim->phase);
	struct fsc_cell *cell = fsc_gathered_cell(row, claim, name);

	gatherer->no_memory = gatherer->no_memory || !cell;
	return cell;
}

/* The thread of that slot; another thread in the slot starts afresh. NULL: no memory. */
static struct fsc_thread_rows *thread_of(struct fsc_gatherer *gatherer, uint32_t slot, uint32_t tid)
{
	size_t place = slot % FSC_STATE_SITES_MAX, capacity = place + 64;
	struct fsc_thread_rows *thread, *grown;

	if (place >= gatherer->thread_capacity) {
		grown = realloc(gatherer->threads, capacity * sizeof(*grown));
		if (!grown)
			return NULL;
		memset(grown + gatherer->thread_capacity, 0,
		       (capacity - gatherer->thread_capacity) * sizeof(*grown));
		gatherer->threads = grown;
		gatherer->thread_capacity = capacity;
	}
	thread = &gatherer->threads[place];
	if (thread->tid != tid) {
		thread->tid = tid;
		if (thread->rows)
			memset(thread->rows, 0, thread->size);
	}
	return thread;
}

static uint8_t *new_thread_row(struct fsc_gatherer *gatherer, uint32_t slot, uint32_t tid,
			       uint32_t index)
{
	struct fsc_thread_rows *thread = thread_of(gatherer, slot, tid);
	uint32_t size = index / 64 * 64 + 64;
	uint8_t *rows;

	if (!thread)
		return NULL;
	if (index >= thread->size) {
		rows = realloc(thread->rows, size);
		if (!rows)
			return NULL;
		memset(rows + thread->size, 0, size - thread->size);
		thread->rows = rows;
		thread->size = size;
	}
	return &thread->rows[index];
}

/* What is known of that thread and row. NULL: no memory. */
static inline uint8_t *thread_row(struct fsc_gatherer *gatherer, uint32_t slot, uint32_t tid,
				  const struct fsc_gathered *row)
{
	const struct fsc_thread_rows *thread = gatherer->threads;

	if (slot < gatherer->thread_capacity) {
		thread += slot;
		if (thread->tid == tid && row->index < thread->size)
			return &thread->rows[row->index];
	}
	return new_thread_row(gatherer, slot, tid, row->index);
}

static void count_thread(struct fsc_gatherer *gatherer, const struct fsc_event *event,
			 struct fsc_gathered *row)
{
	uint8_t *known = NULL;

	if (!gatherer->alike)
		known = thread_row(gatherer, event->slot, event->tid, row);
	if (!known || *known & FSC_THREAD_CALLED)
		return;
	*known |= FSC_THREAD_CALLED;
	row->threads++;
}

static void on_call(void *arg, const struct fsc_call_seen *seen)
{
	const struct fsc_event_call_wide *call = &seen->event->call;
	uint64_t weight = seen->weight * seen->count;
	int64_t times = (int64_t)weight; /* signed, as what it is multiplied with */
	struct fsc_gatherer *gatherer = arg;
	struct fsc_gathered *row = fsc_gatherer_row(gatherer, call->site);

	if (!row)
		return;
	row->timed += seen->count;
	fsc_histogram_add_many(&row->raw, call->duration_ns, weight);
	fsc_estimate_add(&row->estimate, call->duration_ns, seen->weight, seen->count);
	row->correction_ps += seen->correction_ps * times;
	if (seen->correction_ps > row->correction_max_ps)
		row->correction_max_ps = seen->correction_ps;
	row->self_raw_ns += (call->duration_ns - call->children_ns) * times;
	row->self_correction_ps += seen->self_correction_ps * times;
	row->allocations += seen->allocations * weight;
	row->allocated_bytes += seen->allocated_bytes * weight;
	row->frees += seen->frees * weight;
	row->freed_bytes += seen->freed_bytes * weight;
	if (call->flags & FSC_CALL_REQUEST) {
		row->flags |= FSC_GATHERED_REQUEST_SEEN;
		row->request_bytes += call->request_bytes * weight;
	}
	if (call->flags & FSC_CALL_RESPONSE) {
		row->flags |= FSC_GATHERED_RESPONSE_SEEN;
		row->response_bytes += call->response_bytes * weight;
	}
	count_thread(gatherer, seen->event, row);
}

static void add_claim(struct fsc_cell *cell, const struct fsc_claim *claim, uint64_t weight)
{
	fsc_histogram_add_many(&cell->raw, claim->raw_ns, weight);
	cell->correction_ps += claim->correction_ps * (int64_t)weight;
	cell->allocations += claim->allocations * weight;
	cell->allocated_bytes += claim->allocated_bytes * weight;
}

/* Returns the correction of all claims, in ps. */
static int64_t add_claims(struct fsc_gatherer *gatherer, struct fsc_gathered *row,
			  const struct fsc_request *request)
{
	uint64_t weight = request->weight * request->count;
	struct fsc_slowest_line *line =
		fsc_slowest_add(&row->slowest, request->end_ns - request->start_ns, weight);
	int64_t correction_ps = 0;

	gatherer->no_memory = gatherer->no_memory || !line;
	for (size_t i = 0; i < request->claim_count; i++) {
		const struct fsc_claim *claim = &request->claims[i];
		struct fsc_cell *cell = fsc_gatherer_cell(gatherer, row, claim);

		if (!cell)
			continue;
		add_claim(cell, claim, weight);
		correction_ps += claim->correction_ps;
		if (line && cell - row->cells < FSC_SLOWEST_COLUMNS)
			line->phase_raw_ns[cell - row->cells] += claim->raw_ns * (int64_t)weight;
	}
	return correction_ps;
}

static void add_warm_up(struct fsc_gatherer *gatherer, struct fsc_gathered *row,
			const struct fsc_request *request, int64_t correction_ps)
{
	uint8_t *known = NULL;

	if (!gatherer->alike)
		known = thread_row(gatherer, request->slot, request->tid, row);
	if (!known || (*known & FSC_THREAD_REQUESTS) >= FSC_WARM_UP_REQUESTS)
		return;
	++*known;
	row->warm_up_count++;
	row->warm_up_raw_ns += request->end_ns - request->start_ns;
	row->warm_up_correction_ps += correction_ps;
}

static void on_request(void *arg, const struct fsc_request *request)
{
	struct fsc_gatherer *gatherer = arg;
	struct fsc_gathered *row = fsc_gatherer_row(gatherer, request->site);

	if (!row || row->is_free)
		return;
	row->timed_requests += request->count;
	fsc_histogram_add_many(&row->requests, request->end_ns - request->start_ns,
			       request->weight * request->count);
	add_warm_up(gatherer, row, request, add_claims(gatherer, row, request));
}

static void on_held(void *arg, uint16_t made_site, int64_t held_ns, uint32_t weight)
{
	struct fsc_gathered *row = fsc_gatherer_row(arg, made_site);

	if (!row)
		return;
	row->held_ns += held_ns * (int64_t)weight;
	row->held_count += weight;
}

enum fsc_status fsc_gatherer_init(struct fsc_gatherer *gatherer, const struct fsc_state *state)
{
	const struct fsc_requests_sink sink = {
		.request = on_request, .call = on_call, .held = on_held, .arg = gatherer
	};

	*gatherer = (struct fsc_gatherer){ .state = state };
	gatherer->row_of_site = calloc(FSC_STATE_SITES_MAX, sizeof(*gatherer->row_of_site));
	if (!gatherer->row_of_site || fsc_gathered_fixed_cells(&gatherer->gathering.host))
		return FSC_E_NOMEM;
	return fsc_requests_create(&gatherer->requests, state, &sink);
}

void fsc_gatherer_fini(struct fsc_gatherer *gatherer)
{
	fsc_gathering_fini(&gatherer->gathering);
	fsc_requests_destroy(gatherer->requests);
	fsc_plain_runs_fini(&gatherer->plain);
	for (size_t i = 0; i < gatherer->thread_capacity; i++)
		free(gatherer->threads[i].rows);
	free(gatherer->threads);
	free(gatherer->row_of_site);
}

bool fsc_gatherer_knows_thread(struct fsc_gatherer *gatherer, uint32_t slot, uint32_t tid,
			       uint16_t site)
{
	const struct fsc_gathered *row = fsc_gatherer_row(gatherer, site);
	const uint8_t *known = row ? thread_row(gatherer, slot, tid, row) : NULL;

	return known && *known & FSC_THREAD_CALLED &&
	       (*known & FSC_THREAD_REQUESTS) >= FSC_WARM_UP_REQUESTS;
}

void fsc_gatherer_note_time(struct fsc_gatherer *gatherer, int64_t start_ns, int64_t end_ns)
{
	if (!gatherer->any_event || start_ns < gatherer->first_ns)
		gatherer->first_ns = start_ns;
	if (!gatherer->any_event || end_ns > gatherer->last_ns)
		gatherer->last_ns = end_ns;
	gatherer->any_event = true;
}

static void add_event(struct fsc_gatherer *gatherer, const struct fsc_event *event)
{
	fsc_gatherer_note_time(gatherer, event->start_ns, event->time_ns);
	if (fsc_requests_add(gatherer->requests, event))
		gatherer->no_memory = true;
}

void fsc_gatherer_read(struct fsc_gatherer *gatherer, const struct fsc_record_merge *merge,
		       struct fsc_record_stream *stream)
{
	struct fsc_event event;

	while (!fsc_record_merge_alone(merge, stream, &event)) {
		add_event(gatherer, &event);
		if (stream->ahead && !fsc_parts_left(&stream->parts))
			fsc_plain_runs_read(gatherer, merge->clock, stream);
	}
}

void fsc_gatherer_finish(struct fsc_gatherer *gatherer)
{
	fsc_requests_finish(gatherer->requests);
	gatherer->alike = true;
	fsc_plain_runs_add(gatherer);
	gatherer->alike = false;
	gatherer->forgotten_calls = fsc_requests_forgotten(gatherer->requests);
	gatherer->added_ps = fsc_requests_added_ps(gatherer->requests);
}

enum fsc_status fsc_gatherer_join(struct fsc_gatherer *into, const struct fsc_gatherer *from)
{
	into->no_memory = into->no_memory || from->no_memory;
	into->forgotten_calls += from->forgotten_calls;
	into->added_ps += from->added_ps;
	if (from->any_event)
		fsc_gatherer_note_time(into, from->first_ns, from->last_ns);
	return fsc_gathering_add(&into->gathering, &from->gathering);
}
