/* SPDX-License-Identifier: MIT */
/*
 * Calls and requests come from requests.h and are added to rows, found by site (row_of). A
 * correction is finer than a ns: so all are summed up, and the sums are rounded once, at the end
 * (breakdown_rows.c). What was gathered does then not depend on the order in which it came.
 */
#include "analyzers/breakdown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzers/breakdown_internal.h"

static const uint8_t fixed_place[2][FSC_PHASE_NAMED] = {
	[FSC_SIDE_HOST] = {
		[FSC_CLAIM_ENCODE] = FSC_CELL_HOST_ENCODE + 1,
		[FSC_CLAIM_PREPARE] = FSC_CELL_PREPARE + 1,
		[FSC_CLAIM_CROSSING] = FSC_CELL_CROSSING + 1,
		[FSC_CLAIM_DECODE] = FSC_CELL_HOST_DECODE + 1,
		[FSC_CLAIM_CONSUME] = FSC_CELL_CONSUME + 1,
		[FSC_CLAIM_OTHER] = FSC_CELL_HOST_OTHER + 1,
	},
	[FSC_SIDE_LIBRARY] = {
		[FSC_CLAIM_DECODE] = FSC_CELL_LIBRARY_DECODE + 1,
		[FSC_CLAIM_WORK] = FSC_CELL_WORK + 1,
		[FSC_CLAIM_ENCODE] = FSC_CELL_LIBRARY_ENCODE + 1,
		[FSC_CLAIM_OTHER] = FSC_CELL_LIBRARY_OTHER + 1,
		[FSC_CLAIM_FREE] = FSC_CELL_FREE + 1,
	},
};

static bool row_cells_init(struct fsc_gathered *row)
{
	row->cells = calloc(FSC_CELLS_FIXED, sizeof(*row->cells));
	if (!row->cells)
		return false;
	row->cell_count = row->cell_capacity = FSC_CELLS_FIXED;
	for (int side = 0; side < 2; side++)
		for (uint32_t phase = 0; phase < FSC_PHASE_NAMED; phase++)
			if (fixed_place[side][phase]) {
				row->cells[fixed_place[side][phase] - 1].phase = phase;
				row->cells[fixed_place[side][phase] - 1].side = (uint8_t)side;
			}
	return true;
}

/* FNV-1a, 64 bits. */
static uint64_t hash_add(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
	return hash;
}

/* Where that name and library stand in the table, or the free place where they would. */
static uint32_t *find_place(const struct fsc_breakdown *breakdown, const struct fsc_gathered *key)
{
	uint64_t hash = hash_add(hash_add(0xcbf29ce484222325u, key->name), key->library);
	size_t at = hash & (breakdown->place_count - 1);

	for (; breakdown->places[at]; at = (at + 1) & (breakdown->place_count - 1)) {
		const struct fsc_gathered *row = &breakdown->rows[breakdown->places[at] - 1];

		if (row->is_free == key->is_free && !strcmp(row->name, key->name) &&
		    !strcmp(row->library, key->library))
			break;
	}
	return &breakdown->places[at];
}

/* Room for one more row, the table at most half full. false: no memory. */
static bool reserve_row(struct fsc_breakdown *breakdown)
{
	size_t capacity = breakdown->row_capacity ? breakdown->row_capacity * 2 : 16;
	struct fsc_gathered *rows;
	uint32_t *places;

	if (breakdown->row_count < breakdown->row_capacity)
		return true;
	rows = realloc(breakdown->rows, capacity * sizeof(*rows));
	if (!rows)
		return false;
	breakdown->rows = rows;
	places = calloc(capacity * 2, sizeof(*places));
	if (!places)
		return false;
	free(breakdown->places);
	breakdown->places = places;
	breakdown->place_count = capacity * 2;
	breakdown->row_capacity = capacity;
	for (size_t i = 0; i < breakdown->row_count; i++)
		*find_place(breakdown, &breakdown->rows[i]) = (uint32_t)i + 1;
	return true;
}

/* The row of that name, library and kind, a new one if need be. 0 = no memory, else row + 1. */
static uint32_t find_row(struct fsc_breakdown *breakdown, const struct fsc_gathered *key)
{
	struct fsc_gathered *row;
	uint32_t *place;

	if (!reserve_row(breakdown))
		return 0;
	place = find_place(breakdown, key);
	if (*place)
		return *place;
	row = &breakdown->rows[breakdown->row_count];
	*row = *key;
	row->index = (uint32_t)breakdown->row_count;
	if (!row->is_free && !row_cells_init(row))
		return 0;
	*place = (uint32_t)++breakdown->row_count;
	return *place;
}

static const char *made_name(struct fsc_breakdown *breakdown, uint32_t id)
{
	size_t count = breakdown->made_name_count;
	char **grown = realloc(breakdown->made_names, (count + 1) * sizeof(char *));

	if (!grown)
		return NULL;
	breakdown->made_names = grown;
	if (asprintf(&grown[count], "site %u", id) < 0)
		return NULL;
	breakdown->made_name_count++;
	return grown[count];
}

/* One address has one thunk: what happens under an alias belongs to the first name. */
static uint32_t primary(const struct fsc_state *state, uint32_t id)
{
	const struct fsc_site *site = fsc_state_site(state, id);

	return site && fsc_state_site(state, site->alias_of) ? site->alias_of : id;
}

struct fsc_gathered *fsc_breakdown_row_of(struct fsc_breakdown *breakdown, uint16_t id)
{
	uint32_t place = breakdown->row_of_site[id];
	const struct fsc_site *site;
	const char *name;

	if (place)
		return &breakdown->rows[place - 1];
	site = fsc_state_site(breakdown->state, primary(breakdown->state, id));
	if (site && site->kind != FSC_SITE_ENTRY && site->kind != FSC_SITE_FREE)
		return NULL;
	name = site ? site->name : made_name(breakdown, id);
	if (name)
		place = find_row(breakdown, &(struct fsc_gathered){
						    .name = name,
						    .library = site ? site->library : "",
						    .is_free = site && site->kind == FSC_SITE_FREE,
					    });
	if (!place) {
		breakdown->no_memory = true;
		return NULL;
	}
	breakdown->row_of_site[id] = place;
	return &breakdown->rows[place - 1];
}

/* Names may come more than once; order_aliases() sees to it. The list doubles. */
static bool add_alias(struct fsc_gathered *row, const char *name)
{
	size_t count = row->alias_count;
	const char **grown;

	if (!(count & (count - 1))) {
		grown = realloc(row->aliases, (count ? count * 2 : 1) * sizeof(char *));
		if (!grown)
			return false;
		row->aliases = grown;
	}
	row->aliases[row->alias_count++] = name;
	return true;
}

static int by_name(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Each once, and not the row's own name. */
static void order_aliases(struct fsc_gathered *row)
{
	size_t kept = 0;

	if (row->alias_count)
		qsort(row->aliases, row->alias_count, sizeof(char *), by_name);
	for (size_t i = 0; i < row->alias_count; i++)
		if (strcmp(row->aliases[i], row->name) != 0 &&
		    (!kept || strcmp(row->aliases[i], row->aliases[kept - 1]) != 0))
			row->aliases[kept++] = row->aliases[i];
	row->alias_count = kept;
}

/* Rows for all that was called, with the writer's counters. */
static void add_counters(struct fsc_breakdown *breakdown)
{
	const struct fsc_state *state = breakdown->state;
	struct fsc_gathered *row;

	for (uint32_t id = 1; id < state->site_count; id++) {
		const struct fsc_site *site = fsc_state_site(state, id);

		if (!site || !site->totals_known || !site->calls)
			continue;
		row = fsc_breakdown_row_of(breakdown, (uint16_t)id);
		if (!row)
			continue;
		row->totals_known = true;
		row->calls += site->calls;
		row->completed += site->completed;
		row->unwound += site->unwound;
		row->skipped += site->skipped;
		row->total_ticks += site->total_ticks;
		row->request_bytes += site->request_bytes;
		row->response_bytes += site->response_bytes;
	}
}

static int by_row_and_slot(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* A thread that called several sites of a row (one library, loaded again) is one of its threads. */
static bool count_callers(struct fsc_breakdown *breakdown)
{
	const struct fsc_state *state = breakdown->state;
	uint64_t *pairs = malloc((state->caller_count + 1) * sizeof(*pairs));
	size_t count = 0;

	if (!pairs)
		return false;
	for (size_t i = 0; i < state->caller_count; i++) {
		uint32_t place = breakdown->row_of_site[state->callers[i].site];

		if (place)
			pairs[count++] = (uint64_t)(place - 1) << 32 | state->callers[i].slot;
	}
	qsort(pairs, count, sizeof(*pairs), by_row_and_slot);
	for (size_t i = 0; i < count; i++)
		if (!i || pairs[i] != pairs[i - 1])
			breakdown->rows[pairs[i] >> 32].total_threads++;
	free(pairs);
	return true;
}

/* Further names of what has a row. */
static void add_aliases(struct fsc_breakdown *breakdown)
{
	const struct fsc_state *state = breakdown->state;

	for (uint32_t id = 1; id < state->site_count; id++) {
		uint32_t first = primary(state, id);

		if (first == id || !breakdown->row_of_site[first])
			continue;
		if (!add_alias(&breakdown->rows[breakdown->row_of_site[first] - 1],
			       state->sites[id].name))
			breakdown->no_memory = true;
	}
	for (size_t i = 0; i < breakdown->row_count; i++)
		order_aliases(&breakdown->rows[i]);
}

/* The thread of that slot; another thread in the slot starts afresh. NULL: no memory. */
static struct fsc_thread_rows *thread_of(struct fsc_breakdown *breakdown, uint32_t slot,
					 uint32_t tid)
{
	size_t place = slot % FSC_STATE_SITES_MAX, capacity = place + 64;
	struct fsc_thread_rows *thread, *grown;

	if (place >= breakdown->thread_capacity) {
		grown = realloc(breakdown->threads, capacity * sizeof(*grown));
		if (!grown)
			return NULL;
		memset(grown + breakdown->thread_capacity, 0,
		       (capacity - breakdown->thread_capacity) * sizeof(*grown));
		breakdown->threads = grown;
		breakdown->thread_capacity = capacity;
	}
	thread = &breakdown->threads[place];
	if (thread->tid != tid) {
		thread->tid = tid;
		if (thread->rows)
			memset(thread->rows, 0, thread->size);
	}
	return thread;
}

static uint8_t *new_thread_row(struct fsc_breakdown *breakdown, uint32_t slot, uint32_t tid,
			       uint32_t index)
{
	struct fsc_thread_rows *thread = thread_of(breakdown, slot, tid);
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
static inline uint8_t *thread_row(struct fsc_breakdown *breakdown, uint32_t slot, uint32_t tid,
				  const struct fsc_gathered *row)
{
	const struct fsc_thread_rows *thread = breakdown->threads;

	if (slot < breakdown->thread_capacity) {
		thread += slot;
		if (thread->tid == tid && row->index < thread->size)
			return &thread->rows[row->index];
	}
	return new_thread_row(breakdown, slot, tid, row->index);
}

static void count_thread(struct fsc_breakdown *breakdown, const struct fsc_event *event,
			 struct fsc_gathered *row)
{
	uint8_t *known = thread_row(breakdown, event->slot, event->tid, row);

	if (!known || *known & FSC_THREAD_CALLED)
		return;
	*known |= FSC_THREAD_CALLED;
	row->seen_threads++;
}

static void on_call(void *arg, const struct fsc_call_seen *seen)
{
	const struct fsc_event_call_wide *call = &seen->event->call;
	struct fsc_breakdown *breakdown = arg;
	struct fsc_gathered *row = fsc_breakdown_row_of(breakdown, call->site);

	if (!row)
		return;
	fsc_histogram_add(&row->raw, call->duration_ns);
	row->correction_ps += seen->correction_ps;
	if (seen->correction_ps > row->correction_max_ps)
		row->correction_max_ps = seen->correction_ps;
	row->self_raw_ns += call->duration_ns - call->children_ns;
	row->self_correction_ps += seen->self_correction_ps;
	row->allocations += seen->allocations;
	row->allocated_bytes += seen->allocated_bytes;
	row->frees += seen->frees;
	row->freed_bytes += seen->freed_bytes;
	if (call->flags & FSC_CALL_REQUEST) {
		row->request_seen = true;
		row->seen_request_bytes += call->request_bytes;
	}
	if (call->flags & FSC_CALL_RESPONSE) {
		row->response_seen = true;
		row->seen_response_bytes += call->response_bytes;
	}
	count_thread(breakdown, seen->event, row);
}

struct fsc_cell *fsc_breakdown_cell_of(struct fsc_gathered *row, const struct fsc_claim *claim)
{
	size_t capacity = row->cell_capacity * 2;
	struct fsc_cell *grown;

	if (claim->phase < FSC_PHASE_NAMED && fixed_place[claim->side][claim->phase])
		return &row->cells[fixed_place[claim->side][claim->phase] - 1];
	for (size_t i = FSC_CELLS_FIXED; i < row->cell_count; i++)
		if (row->cells[i].phase == claim->phase && row->cells[i].side == claim->side)
			return &row->cells[i];
	if (row->cell_count == row->cell_capacity) {
		grown = realloc(row->cells, capacity * sizeof(*grown));
		if (!grown)
			return NULL;
		row->cells = grown;
		row->cell_capacity = capacity;
	}
	row->cells[row->cell_count] =
		(struct fsc_cell){ .phase = claim->phase, .side = claim->side };
	return &row->cells[row->cell_count++];
}

static void add_claim(struct fsc_cell *cell, const struct fsc_claim *claim)
{
	fsc_histogram_add(&cell->raw, claim->raw_ns);
	cell->correction_ps += claim->correction_ps;
	cell->allocations += claim->allocations;
	cell->allocated_bytes += claim->allocated_bytes;
}

/* Returns the correction of all claims, in ps. */
static int64_t add_claims(struct fsc_breakdown *breakdown, struct fsc_gathered *row,
			  const struct fsc_request *request)
{
	struct fsc_slowest_line *line =
		fsc_slowest_add(&row->slowest, request->end_ns - request->start_ns);
	int64_t correction_ps = 0;

	breakdown->no_memory = breakdown->no_memory || !line;
	for (size_t i = 0; i < request->claim_count; i++) {
		const struct fsc_claim *claim = &request->claims[i];
		struct fsc_cell *cell = fsc_breakdown_cell_of(row, claim);

		if (!cell) {
			breakdown->no_memory = true;
			continue;
		}
		add_claim(cell, claim);
		correction_ps += claim->correction_ps;
		if (line && cell - row->cells < FSC_SLOWEST_COLUMNS)
			line->phase_raw_ns[cell - row->cells] += claim->raw_ns;
	}
	return correction_ps;
}

static void add_warm_up(struct fsc_breakdown *breakdown, struct fsc_gathered *row,
			const struct fsc_request *request, int64_t correction_ps)
{
	uint8_t *known = thread_row(breakdown, request->slot, request->tid, row);

	if (!known || (*known & FSC_THREAD_REQUESTS) >= FSC_WARM_UP_REQUESTS)
		return;
	++*known;
	row->warm_up_count++;
	row->warm_up_raw_ns += request->end_ns - request->start_ns;
	row->warm_up_correction_ps += correction_ps;
}

static void on_request(void *arg, const struct fsc_request *request)
{
	struct fsc_breakdown *breakdown = arg;
	struct fsc_gathered *row = fsc_breakdown_row_of(breakdown, request->site);

	if (!row || row->is_free)
		return;
	fsc_histogram_add(&row->requests, request->end_ns - request->start_ns);
	add_warm_up(breakdown, row, request, add_claims(breakdown, row, request));
}

static void on_held(void *arg, uint16_t made_site, int64_t held_ns)
{
	struct fsc_gathered *row = fsc_breakdown_row_of(arg, made_site);

	if (!row)
		return;
	row->held_ns += held_ns;
	row->held_count++;
}

static void note_time(struct fsc_breakdown *breakdown, const struct fsc_event *event)
{
	if (!breakdown->any_event || event->start_ns < breakdown->first_ns)
		breakdown->first_ns = event->start_ns;
	if (!breakdown->any_event || event->time_ns > breakdown->last_ns)
		breakdown->last_ns = event->time_ns;
	breakdown->any_event = true;
}

/* Of a profile no probe was read, and their cost is not known. */
static struct fsc_maybe when_known(const struct fsc_breakdown *breakdown, int64_t added_ps)
{
	return breakdown->state->probe[FSC_PROBE_call].known && !fsc_breakdown_is_profile(breakdown)
		       ? fsc_known(added_ps)
		       : FSC_UNKNOWN;
}

static enum fsc_status gather(struct fsc_breakdown *breakdown)
{
	struct fsc_requests_sink sink = {
		.request = on_request, .call = on_call, .held = on_held, .arg = breakdown
	};
	struct fsc_requests *requests;
	enum fsc_status status;
	struct fsc_event event;

	breakdown->state = fsc_event_stream_state(&breakdown->stream);
	add_counters(breakdown);
	if (!count_callers(breakdown) || !row_cells_init(&breakdown->host))
		return FSC_E_NOMEM;
	fsc_breakdown_profile_add(breakdown);
	status = fsc_requests_create(&requests, breakdown->state, &sink);
	if (status)
		return status;
	while (!fsc_event_stream_next(&breakdown->stream, &event)) {
		note_time(breakdown, &event);
		if (fsc_requests_add(requests, &event))
			breakdown->no_memory = true;
	}
	fsc_requests_finish(requests);
	breakdown->result.forgotten_calls = fsc_requests_forgotten(requests);
	breakdown->result.probes_added_ps = when_known(breakdown, fsc_requests_added_ps(requests));
	fsc_requests_destroy(requests);
	add_aliases(breakdown);
	return breakdown->no_memory ? FSC_E_NOMEM : FSC_OK;
}

enum fsc_status fsc_breakdown_read(struct fsc_breakdown **out,
				   const struct fsc_recording *recording,
				   const struct fsc_process *process, struct fsc_warnings *warnings,
				   struct fsc_error *error)
{
	struct fsc_breakdown *breakdown = calloc(1, sizeof(*breakdown));
	enum fsc_status status;

	*out = NULL;
	if (!breakdown)
		return fsc_error_set(error, FSC_E_NOMEM, process->folder, "no memory");
	breakdown->recording = recording;
	breakdown->process = process;
	status = fsc_event_stream_open(&breakdown->stream, recording, process, warnings, error);
	if (status)
		goto fail;
	breakdown->row_of_site = calloc(FSC_STATE_SITES_MAX, sizeof(*breakdown->row_of_site));
	status = breakdown->row_of_site ? gather(breakdown) : FSC_E_NOMEM;
	if (!status)
		status = fsc_breakdown_rows_make(breakdown);
	if (status) {
		fsc_error_set(error, status, process->folder, "no memory");
		goto fail;
	}
	*out = breakdown;
	return FSC_OK;
fail:
	fsc_breakdown_destroy(breakdown);
	return status;
}

static void row_free(struct fsc_gathered *row)
{
	for (size_t i = 0; i < row->cell_count; i++)
		fsc_histogram_fini(&row->cells[i].raw);
	fsc_histogram_fini(&row->raw);
	fsc_histogram_fini(&row->requests);
	fsc_slowest_fini(&row->slowest);
	free(row->cells);
	free(row->aliases);
}

void fsc_breakdown_destroy(struct fsc_breakdown *breakdown)
{
	if (!breakdown)
		return;
	for (size_t i = 0; i < breakdown->row_count; i++)
		row_free(&breakdown->rows[i]);
	row_free(&breakdown->host);
	for (size_t i = 0; i < breakdown->made_name_count; i++)
		free(breakdown->made_names[i]);
	for (size_t i = 0; i < breakdown->thread_capacity; i++)
		free(breakdown->threads[i].rows);
	fsc_breakdown_rows_free(breakdown);
	free(breakdown->rows);
	free(breakdown->made_names);
	free(breakdown->places);
	free(breakdown->threads);
	free(breakdown->row_of_site);
	fsc_event_stream_close(&breakdown->stream);
	free(breakdown);
}

const struct fsc_breakdown_result *fsc_breakdown_borrow(const struct fsc_breakdown *breakdown)
{
	return &breakdown->result;
}
