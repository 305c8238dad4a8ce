/* SPDX-License-Identifier: MIT */
/*
 * What a call leaves under the profile sink. What is hard: phases are to add up to their call, so
 * they are gathered until the outermost call ends (struct fsc_profile_pending), and what is left of
 * it is a phase too. A plain call does not come here: see leave_profiled() in call_hooks.c. Begin
 * at fsc_profile_call().
 */
#include "profile_internal.h"

#include "buffer_hooks_internal.h"

enum { NAMES_MAX = 64 /* phases by name of one site; the others are one */ };

/* A value that finds no memory is counted, and so is one that makes no sense. */
static void miss(void)
{
	__atomic_fetch_add(&fsc_live->image->profile_missed, 1, __ATOMIC_RELAXED);
}

static __attribute__((noinline, cold)) void *make(struct fsc_profile_wanted *wanted)
{
	if (wanted->thread->cursor->no_profile && wanted->cell)
		return NULL;
	return (void *)(uintptr_t)fsc_arch_call_outside(fsc_profile_make, wanted);
}

/* The wanted cell; NULL: none yet. Names that are too many are none: then phase becomes 0. */
static struct fsc_profile_cell *find(const struct fsc_cursor *cursor,
				     struct fsc_profile_wanted *wanted)
{
	struct fsc_profile_cell *cell, *unnamed = NULL;
	uint32_t place = 0, names = 0;

	if (wanted->site < cursor->counter_limit)
		place = *fsc_profile_place(cursor, wanted->site, wanted->kind);
	for (; place; place = cell->more) {
		cell = fsc_profile_at(cursor, place);
		if (cell->phase == wanted->phase)
			return cell;
		if (!cell->phase)
			unnamed = cell;
		names++;
	}
	if (names < NAMES_MAX)
		return NULL;
	wanted->phase = 0;
	return unnamed;
}

/* The cell of that site, kind and phase, a new one if need be; NULL: no memory. */
static struct fsc_profile_cell *cell_of(struct fsc_thread *thread, uint32_t site, uint32_t kind,
					uint32_t phase)
{
	struct fsc_profile_wanted wanted = { thread, NULL, 0, site, kind, phase };
	struct fsc_profile_cell *cell = find(thread->cursor, &wanted);

	return FSC_LIKELY(cell != NULL) ? cell : make(&wanted);
}

/* false: the value was missed. */
static bool add(struct fsc_thread *thread, struct fsc_profile_cell *cell, uint64_t ticks)
{
	struct fsc_profile_wanted wanted = { thread, cell, 0, 0, 0, 0 };

	if (!cell || (int64_t)ticks < 0) {
		miss();
		return false;
	}
	if (FSC_LIKELY(fsc_profile_count(thread->cursor, cell, ticks)))
		return true;
	wanted.octave = fsc_profile_octave(ticks);
	if (make(&wanted) && fsc_profile_count(thread->cursor, cell, ticks))
		return true;
	miss();
	return false;
}

/* ---- phases ---- */

/* What is gathered for that outermost call; begun anew for another one. */
static struct fsc_profile_pending *pending_of(struct fsc_thread *thread, uint64_t call)
{
	struct fsc_profile_pending *pending = &thread->memory->pending;

	if (pending->call == call)
		return pending;
	pending->call = call;
	pending->probes = 0;
	pending->codecs = false;
	pending->phase_count = 0;
	pending->nested.allocations = 0;
	pending->nested.allocated_bytes = 0;
	for (int i = 0; i < FSC_PROFILE_DEPTHS; i++)
		pending->inner[i].allocations = pending->inner[i].allocated_bytes = 0;
	return pending;
}

/* The number of the outermost open call, 0 = none. */
static uint64_t outermost(const struct fsc_thread *thread)
{
	for (uintptr_t i = 0; i < thread->depth; i++)
		if (thread->shadow[i].kind == FSC_FRAME_CALL)
			return thread->shadow[i].number;
	return 0;
}

static struct fsc_profile_phase *phase_of(struct fsc_profile_pending *pending, uint32_t id)
{
	uint32_t i = 0;

	while (i < pending->phase_count && pending->phase[i].phase != id)
		i++;
	if (i == FSC_PROFILE_PHASES)
		i--; /* the last one takes all that are too many, and loses its name */
	else if (i < pending->phase_count)
		return &pending->phase[i];
	if (i == pending->phase_count) {
		pending->phase_count++;
		pending->phase[i].ticks = 0;
		pending->phase[i].count = 0;
		pending->phase[i].inner_count = 0;
		pending->phase[i].mine.allocations = 0;
		pending->phase[i].mine.allocated_bytes = 0;
		pending->phase[i].phase = id;
	} else {
		pending->phase[i].phase = 0;
	}
	return &pending->phase[i];
}

/* A phase's allocations contain those of the phases inside it: each is to count once. */
static void own_allocations(struct fsc_profile_pending *pending, uint8_t depth,
			    struct fsc_allocation_totals *mine)
{
	const struct fsc_allocation_totals whole = *mine;

	if (depth + 1 < FSC_PROFILE_DEPTHS) {
		mine->allocations -= pending->inner[depth + 1].allocations;
		mine->allocated_bytes -= pending->inner[depth + 1].allocated_bytes;
		pending->inner[depth + 1].allocations = 0;
		pending->inner[depth + 1].allocated_bytes = 0;
	}
	if (depth < FSC_PROFILE_DEPTHS) {
		pending->inner[depth].allocations += whole.allocations;
		pending->inner[depth].allocated_bytes += whole.allocated_bytes;
	}
}

void fsc_profile_phase(struct fsc_thread *thread, const struct fsc_frame *frame,
		       const struct fsc_closed *closed)
{
	uint64_t ticks = frame->end_ticks - frame->start_ticks - closed->inner_ticks;
	struct fsc_allocation_totals mine = closed->mine;
	struct fsc_profile_pending *pending;
	struct fsc_profile_phase *phase;
	struct fsc_profile_cell *cell;

	if (!closed->nested) {
		cell = cell_of(thread, frame->from_mark ? 0 : frame->site->id, FSC_PROFILE_HOST,
			       frame->phase);
		if (add(thread, cell, ticks)) {
			cell->own_phases++;
			cell->probes += closed->inner_count;
		}
		return;
	}
	pending = pending_of(thread, outermost(thread));
	pending->probes++;
	if (frame->phase < FSC_PHASE_NAMED)
		pending->codecs = true;
	own_allocations(pending, closed->phase_depth, &mine);
	phase = phase_of(pending, frame->phase);
	phase->ticks += ticks;
	phase->count++;
	phase->inner_count += closed->inner_count;
	phase->mine.allocations += mine.allocations;
	phase->mine.allocated_bytes += mine.allocated_bytes;
}

/* One value of a phase of the outermost call that ends. apart: it counts as such. */
static void add_phase(struct fsc_thread *thread, uint32_t site, uint32_t kind,
		      const struct fsc_profile_phase *phase, bool apart)
{
	uint32_t name = kind == FSC_PROFILE_NAMED ? phase->phase : 0;
	struct fsc_profile_cell *cell = cell_of(thread, site, kind, name);

	if (!add(thread, cell, phase->ticks))
		return;
	cell->apart += apart;
	cell->own_phases += phase->count;
	cell->probes += phase->inner_count;
	cell->allocations += phase->mine.allocations;
	cell->allocated_bytes += phase->mine.allocated_bytes;
}

static void add_phases(struct fsc_thread *thread, const struct fsc_frame *frame,
		       const struct fsc_allocation_totals *mine)
{
	const struct fsc_profile_pending *pending = pending_of(thread, frame->number);
	struct fsc_profile_phase rest; /* each field by itself: a compiler may call memset() */
	uint32_t site = frame->site->id, kind;

	rest.phase = 0;
	rest.count = 0;
	rest.mine.frees = rest.mine.freed_bytes = 0;
	rest.ticks = frame->end_ticks - frame->start_ticks;
	rest.inner_count = pending->probes;
	rest.mine.allocations = mine->allocations + pending->nested.allocations;
	rest.mine.allocated_bytes = mine->allocated_bytes + pending->nested.allocated_bytes;
	for (uint32_t i = 0; i < pending->phase_count; i++) {
		const struct fsc_profile_phase *phase = &pending->phase[i];

		kind = phase->phase == FSC_PHASE_DECODE	  ? FSC_PROFILE_DECODE
		       : phase->phase == FSC_PHASE_ENCODE ? FSC_PROFILE_ENCODE
							  : FSC_PROFILE_NAMED;
		add_phase(thread, site, kind, phase, false);
		rest.ticks -= phase->ticks;
		rest.mine.allocations -= phase->mine.allocations;
		rest.mine.allocated_bytes -= phase->mine.allocated_bytes;
	}
	add_phase(thread, site, FSC_PROFILE_REST, &rest,
		  pending->codecs || frame->site->call_tag & FSC_CALL_CODECS << 16);
}

/* ---- calls ---- */

/* How long a buffer was held that is given back as it should be, and whether late. */
static void add_held(struct fsc_thread *thread, const struct fsc_frame *frame)
{
	const struct fsc_ledger_entry *entry = &frame->freed_entry;
	uint64_t call = frame->kind == FSC_FRAME_CALL ? frame->number : 0;
	struct fsc_profile_cell *cell;

	if (!frame->freed_pointer || frame->verdict != FSC_VERDICT_FREED || !entry->end_ticks)
		return;
	cell = cell_of(thread, entry->site, FSC_PROFILE_HELD, 0);
	/* Clocks of two processors may differ by a step. */
	if (add(thread, cell,
		frame->end_ticks > entry->end_ticks ? frame->end_ticks - entry->end_ticks : 0))
		cell->apart += thread->cursor->tid != entry->tid || call > entry->call + 1;
}

/* What would be told in events is written nowhere: it is in the counters, and in the ledger. */
static void begin_scratch(struct fsc_group *group, struct fsc_thread *thread)
{
	group->thread = thread;
	group->begin = group->at = thread->memory->no_room;
	group->ticks = 0;
	group->count = 0;
}

static void add_crossing(struct fsc_thread *thread, struct fsc_frame *frame)
{
	struct fsc_counter *counter = &thread->cursor->counters[frame->site->id];
	/* No request is tied to its allocation: as of a nested call. */
	struct fsc_crossing crossing = { FSC_CALL_NESTED, 0, 0, 0 };
	struct fsc_group group;

	begin_scratch(&group, thread);
	fsc_buffer_crossed(&group, frame, &crossing);
	counter->request_bytes += crossing.request_bytes;
	counter->response_bytes += crossing.response_bytes;
}

static void add_inside(struct fsc_profile_cell *cell, const struct fsc_closed *closed,
		       uint64_t probes, uint64_t own_phases)
{
	cell->apart += closed->nested;
	cell->children_ticks += closed->children_ticks;
	cell->child_calls += closed->child_calls;
	cell->own_phases += own_phases;
	cell->probes += probes;
	if (probes > cell->most_probes)
		cell->most_probes = probes;
	cell->allocations += closed->mine.allocations;
	cell->allocated_bytes += closed->mine.allocated_bytes;
	cell->frees += closed->mine.frees;
	cell->freed_bytes += closed->mine.freed_bytes;
}

/* A call inside another one: its end is told to the outermost. */
static void tell_outermost(struct fsc_thread *thread, const struct fsc_closed *closed)
{
	struct fsc_profile_pending *pending = pending_of(thread, outermost(thread));

	pending->probes++;
	pending->nested.allocations += closed->mine.allocations;
	pending->nested.allocated_bytes += closed->mine.allocated_bytes;
}

void fsc_profile_call(struct fsc_thread *thread, struct fsc_frame *frame,
		      const struct fsc_closed *closed)
{
	const struct fsc_profile_pending *pending = &thread->memory->pending;
	const struct fsc_site *site = frame->site;
	uint64_t probes = closed->probes, own_phases = closed->own_phases;
	bool phases = pending->call == frame->number;
	struct fsc_profile_cell *cell;

	if (FSC_UNLIKELY(site->carries != FSC_CARRIES) && closed->mine.allocations)
		fsc_buffer_unknown_call(site);
	if (site->kind == FSC_SITE_FREE)
		add_held(thread, frame);
	else if (fsc_buffer_may_carry(thread, frame))
		add_crossing(thread, frame);
	if (closed->nested) {
		tell_outermost(thread, closed);
	} else if (phases) {
		probes = pending->probes;
		own_phases = closed->child_calls ? closed->own_phases : probes;
	}
	cell = cell_of(thread, site->id, FSC_PROFILE_CALL, 0);
	if (add(thread, cell, frame->end_ticks - frame->start_ticks))
		add_inside(cell, closed, probes, own_phases);
	if (!closed->nested && site->kind == FSC_SITE_ENTRY &&
	    (phases || site->call_tag & FSC_CALL_CODECS << 16))
		add_phases(thread, frame, &closed->mine);
}

void fsc_profile_pool(struct fsc_thread *thread, struct fsc_frame *frame)
{
	struct fsc_group group;

	begin_scratch(&group, thread);
	if (frame->site->kind == FSC_SITE_ACQUIRE)
		fsc_buffer_acquired(&group, frame);
	else
		add_held(thread, frame);
}
