/* SPDX-License-Identifier: MIT */
/*
 * The shadow stack. What is hard: frames end without telling (exceptions, longjmp, pthread_exit),
 * and several stacks (fibers, signal stacks) share one shadow stack. Built like the hot path, which
 * it is a part of. Begin at fsc_shadow_open().
 */
#include "shadow_internal.h"

#include "sites_internal.h"

#define COLD __attribute__((noinline, cold))

static const struct fsc_allocation_totals no_totals = { 0, 0, 0, 0 };

static uint64_t grow_outside(void *argument)
{
	return fsc_attach_grow_shadow(argument);
}

static COLD bool grow(struct fsc_thread *thread)
{
	return fsc_arch_call_outside(grow_outside, thread);
}

static void add_totals(struct fsc_allocation_totals *sum, const struct fsc_allocation_totals *more)
{
	sum->allocations += more->allocations;
	sum->allocated_bytes += more->allocated_bytes;
	sum->frees += more->frees;
	sum->freed_bytes += more->freed_bytes;
}

/* The call that is open when this frame is on top: itself, or one that it lies in; NULL = none. */
static struct fsc_shadow *call_of(struct fsc_thread *thread, struct fsc_shadow *top)
{
	if (top && top->kind != FSC_FRAME_CALL)
		return top->call ? &thread->shadow[top->call - 1] : NULL;
	return top;
}

/* The flags that the malloc hooks test follow from what is on top. */
static void set_allocation_mode(struct fsc_thread *thread)
{
	struct fsc_shadow *top = fsc_shadow_top(thread);
	uint32_t mode = thread->allocation_mode & (FSC_ALLOCATION_LEARN | FSC_ALLOCATION_WATCH);

	if (top)
		mode |= fsc_record_allocation_mask;
	if (call_of(thread, top))
		mode |= FSC_ALLOCATION_CALL;
	thread->allocation_mode = mode;
}

/* Give a lone frame's place what nothing needed so far. */
static inline void complete(struct fsc_shadow *place)
{
	place->call = 0;
	place->phase = 0;
	place->deep_marks = 0;
	place->child_calls = 0;
	place->inner_count = 0;
	place->probes = 0;
	place->own_phases = 0;
	place->children_ticks = 0;
	place->inner_ticks = 0;
}

void fsc_shadow_end_lone(struct fsc_thread *thread)
{
	if (thread->depth == 1 && thread->lone)
		complete(thread->shadow);
	thread->lone = NULL;
}

/* An outermost call that made no other one is told in the same way, whatever phases it had inside.
 */
static inline void begin_lone(struct fsc_thread *thread)
{
	const struct fsc_shadow *place = thread->shadow;

	/* There, the phases that it had are to be told with it. */
	if (thread->cursor->profile)
		return;
	if (place->kind == FSC_FRAME_CALL && place->number &&
	    !(place->child_calls | place->deep_marks))
		thread->lone = place->frame;
}

void fsc_shadow_disown(struct fsc_thread *thread)
{
	fsc_shadow_end_lone(thread);
	for (uintptr_t i = 0; i < thread->depth; i++)
		thread->shadow[i].number = 0;
}

bool fsc_shadow_open(struct fsc_thread *thread, struct fsc_frame *frame, uint32_t site,
		     uint8_t kind)
{
	uintptr_t depth = thread->depth;
	struct fsc_shadow *top, *parent, *call;

	if (FSC_UNLIKELY(depth == thread->shadow_limit) && !grow(thread))
		return false;
	fsc_shadow_end_lone(thread);
	parent = fsc_shadow_top(thread);
	call = call_of(thread, parent);
	frame->kind = kind;
	frame->from_mark = !site;
	frame->left_out = false;
	frame->tid = thread->cursor->tid;
	frame->freed_pointer = 0;
	frame->number = call ? call->number : 0;
	top = &thread->shadow[depth];
	complete(top);
	top->frame = frame;
	top->site = site;
	top->kind = kind;
	top->is_mark = !site;
	top->saved = false;
	top->phase_depth = parent && parent->kind == FSC_FRAME_PHASE ? parent->phase_depth + 1 : 0;
	top->number = frame->number;
	top->call = call ? (uint32_t)(call - thread->shadow) + 1 : 0;
	if (FSC_UNLIKELY(thread->totals.allocations | thread->totals.frees)) {
		top->before = thread->totals;
		top->saved = true;
		thread->totals = no_totals;
	}
	thread->depth = depth + 1;
	return true;
}

COLD void fsc_shadow_drop(struct fsc_thread *thread)
{
	struct fsc_shadow *top;
	uint8_t kind;

	fsc_shadow_end_lone(thread);
	top = &thread->shadow[thread->depth - 1];
	kind = fsc_sites[top->site].kind;
	/* First: whom a signal handler takes away from here counts twice rather than never. */
	if (!top->is_mark && kind <= FSC_SITE_FREE && top->site < thread->cursor->counter_limit)
		thread->cursor->counters[top->site].unwound++;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	thread->depth--;
	if (top->saved)
		add_totals(&thread->totals, &top->before);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (top->is_mark)
		thread->memory->mark_count--;
}

/* The newest frame on the stack proper, or NULL. Phases of marks above it are skipped. */
static const struct fsc_shadow *newest_frame(const struct fsc_thread *thread)
{
	for (uintptr_t i = thread->depth; i-- > 0;)
		if (!thread->shadow[i].is_mark)
			return &thread->shadow[i];
	return NULL;
}

void fsc_shadow_heal(struct fsc_thread *thread, uintptr_t here)
{
	const struct fsc_shadow *newest;
	uintptr_t depth = thread->depth;

	while ((newest = newest_frame(thread)) &&
	       fsc_shadow_is_left(thread, (uintptr_t)newest->frame, here)) {
		while (&thread->shadow[thread->depth - 1] != newest)
			fsc_shadow_drop(thread);
		fsc_shadow_drop(thread);
	}
	if (thread->depth == depth)
		return;
	if (!thread->depth)
		thread->totals = no_totals;
	set_allocation_mode(thread);
}

/*
 * The frame on top is not the one that returns. Frames above it were unwound inside the function.
 * When it is not there at all it was given up from another stack (it is a fiber's), or began on
 * another thread: in the first case the count is taken back. Returns its place, off the stack, or
 * NULL.
 */
static COLD struct fsc_shadow *find_frame(struct fsc_thread *thread, const struct fsc_frame *frame)
{
	const struct fsc_cursor *cursor = thread->cursor;
	uintptr_t i = thread->depth;

	while (i > 0 && thread->shadow[i - 1].frame != frame)
		i--;
	if (i == 0) {
		if (frame->kind == FSC_FRAME_CALL && fsc_frame_is_own(frame, cursor->tid) &&
		    cursor->counters[frame->site->id].unwound)
			cursor->counters[frame->site->id].unwound--;
		return NULL;
	}
	while (thread->depth > i)
		fsc_shadow_drop(thread);
	thread->depth--;
	return &thread->shadow[i - 1];
}

/* What lies in its place, and what its parents get. */
static void settle(struct fsc_thread *thread, const struct fsc_frame *frame,
		   const struct fsc_shadow *place, struct fsc_closed *closed)
{
	uint64_t duration = frame->end_ticks - frame->start_ticks;

	closed->phase_depth = place->phase_depth;
	closed->child_calls = place->child_calls;
	closed->inner_count = place->inner_count;
	closed->probes = place->probes;
	closed->own_phases = place->own_phases;
	closed->children_ticks = place->children_ticks;
	closed->inner_ticks = place->inner_ticks;
	if (place->saved)
		add_totals(&thread->totals, &place->before);
	if (thread->depth) {
		struct fsc_shadow *parent = &thread->shadow[thread->depth - 1];

		parent->inner_ticks += duration;
		parent->inner_count++;
		parent->probes += place->probes + 1;
	}
	if (place->call) {
		struct fsc_shadow *call = &thread->shadow[place->call - 1];

		closed->nested = true;
		closed->parent = call->number;
		if (place->kind == FSC_FRAME_CALL) {
			call->children_ticks += duration;
			call->child_calls++;
		} else {
			call->own_phases++;
		}
	}
}

/* Field by field: a compiler would call memset for so much that is zero. */
static inline void begin_close(struct fsc_closed *closed, const struct fsc_allocation_totals *mine)
{
	closed->mine = *mine;
	closed->nested = false;
	closed->phase_depth = 0;
	closed->child_calls = 0;
	closed->inner_count = 0;
	closed->probes = 0;
	closed->own_phases = 0;
	closed->parent = 0;
	closed->children_ticks = 0;
	closed->inner_ticks = 0;
}

void fsc_shadow_close(struct fsc_thread *thread, struct fsc_frame *frame, bool keep,
		      struct fsc_closed *closed)
{
	uintptr_t depth = thread->depth;
	struct fsc_shadow *place;

	fsc_shadow_end_lone(thread);
	if (FSC_LIKELY(depth && thread->shadow[depth - 1].frame == frame))
		place = &thread->shadow[--thread->depth];
	else
		place = find_frame(thread, frame);
	/* What lay above was left without its end; what it allocated is the frame's too. */
	begin_close(closed, &thread->totals);
	if (!keep)
		thread->totals = no_totals;
	if (place)
		settle(thread, frame, place, closed);
	if (!thread->depth)
		thread->totals = no_totals;
	else if (thread->depth == 1)
		begin_lone(thread);
	set_allocation_mode(thread);
}
