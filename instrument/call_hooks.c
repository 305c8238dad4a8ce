/* SPDX-License-Identifier: MIT */
/*
 * The hot path: what happens just before and just after a wrapped function runs.
 *
 * Built with -mgeneral-regs-only, and the build checks with objdump that the object uses no vector
 * register and calls nothing but itself, the ledger and fsc_arch_call_outside(). That is why the
 * thunk need not save the host's vector registers. Everything that is rare lies behind
 * fsc_arch_call_outside(). Begin reading at fsc_call_enter().
 */
#include "call_hooks_internal.h"

#include "buffer_hooks_internal.h"
#include "record_internal.h"
#include "sites_internal.h"

enum { UNSEEN = -1 };

static uint64_t attach_outside(void *argument)
{
	return fsc_attach_thread(argument);
}

static uint64_t grow_outside(void *argument)
{
	return fsc_attach_grow_shadow(argument);
}

struct counters_request {
	struct fsc_thread *thread;
	uint32_t site;
};

static uint64_t counters_outside(void *argument)
{
	struct counters_request *request = argument;

	return fsc_attach_counters(request->thread, request->site);
}

/* A call that is neither timed nor recorded; counted where that is possible. */
static int64_t pass_unseen(struct fsc_thread *thread, const struct fsc_site *site)
{
	struct fsc_cursor *cursor = thread->cursor;

	if (site->kind != FSC_SITE_ENTRY && site->kind != FSC_SITE_FREE)
		return UNSEEN;
	if (cursor && site->id < cursor->counter_limit) {
		cursor->counters[site->id].calls++;
		cursor->counters[site->id].skipped++;
	} else if (fsc_live->image) {
		__atomic_fetch_add(&fsc_live->image->skipped_calls, 1, __ATOMIC_RELAXED);
	}
	return UNSEEN;
}

/* Everything the thread needs to record this site is there, or can be made. */
static bool ready(struct fsc_thread *thread, const struct fsc_site *site)
{
	struct counters_request request = { thread, site->id };

	if (FSC_UNLIKELY(!thread->cursor || !thread->cursor->owner))
		if (!fsc_arch_call_outside(attach_outside, thread))
			return false;
	if (FSC_UNLIKELY(site->id >= thread->cursor->counter_limit))
		return fsc_arch_call_outside(counters_outside, &request);
	return true;
}

/* Take the top off the shadow stack: that frame was left without its leave hook. */
static void drop_unwound(struct fsc_thread *thread)
{
	struct fsc_shadow *top = &thread->shadow[--thread->depth];
	uint8_t kind = fsc_sites[top->site].kind;

	if (top->is_mark) {
		thread->memory->mark_count--;
		return;
	}
	if (kind != FSC_SITE_ENTRY && kind != FSC_SITE_FREE)
		return;
	thread->call_depth--;
	if (thread->cursor->owner && top->site < thread->cursor->counter_limit)
		thread->cursor->counters[top->site].unwound++;
}

/* The newest frame on the stack proper, or NULL. Phases of marks above it are skipped. */
static const struct fsc_shadow *newest_frame(const struct fsc_thread *thread)
{
	for (uint32_t i = thread->depth; i-- > 0;)
		if (!thread->shadow[i].is_mark)
			return &thread->shadow[i];
	return NULL;
}

/* An exception, longjmp or thread end left frames behind: everything dead, seen from here, goes. */
void fsc_call_heal(struct fsc_thread *thread, uintptr_t here)
{
	const struct fsc_shadow *newest;

	while ((newest = newest_frame(thread)) &&
	       fsc_thread_frame_dead(thread, (uintptr_t)newest->frame, here)) {
		while (&thread->shadow[thread->depth - 1] != newest)
			drop_unwound(thread);
		drop_unwound(thread);
	}
}

bool fsc_call_push(struct fsc_thread *thread, struct fsc_frame *frame, uint32_t site, bool is_mark)
{
	if (FSC_UNLIKELY(thread->depth == thread->shadow_limit))
		if (!fsc_arch_call_outside(grow_outside, thread))
			return false;
	thread->shadow[thread->depth].frame = frame;
	thread->shadow[thread->depth].site = site;
	thread->shadow[thread->depth].is_mark = is_mark;
	thread->depth++;
	return true;
}

/* Fill what calls and phases have in common. */
void fsc_call_open(struct fsc_thread *thread, struct fsc_frame *frame, uint8_t kind)
{
	struct fsc_frame *parent = thread->depth ? thread->shadow[thread->depth - 1].frame : NULL;

	frame->kind = kind;
	frame->parent = parent;
	frame->parent_call = !parent			     ? NULL
			     : parent->kind == FSC_FRAME_CALL ? parent
							      : parent->parent_call;
	frame->children_ticks = 0;
	frame->inner_ticks = 0;
	frame->child_calls = 0;
	frame->inner_count = 0;
	frame->freed_pointer = 0;
	frame->phase_depth = parent && parent->kind == FSC_FRAME_PHASE ? parent->phase_depth + 1 : 0;
	frame->owner = thread->cursor->owner;
	frame->from_mark = false;
	frame->allocated_at_start = thread->totals;
	frame->allocated_by_children = (struct fsc_allocation_totals){ 0, 0, 0, 0 };
}

/* How many words of stack arguments can be read: all, or as far as the page that is mapped. */
static int64_t window(struct fsc_thread *thread, const struct fsc_site *site,
		      const struct fsc_frame *frame)
{
	uintptr_t first = (uintptr_t)fsc_arch_stack_arguments(frame);
	uintptr_t last = first + (uintptr_t)site->stack_words * 8 - 1;

	if (site->exact_stack || FSC_LIKELY(((first - 8) ^ last) < FSC_PAGE))
		return site->stack_words;
	if (fsc_record_readable(thread, last))
		return site->stack_words;
	return (int64_t)((FSC_PAGE - (first & (FSC_PAGE - 1))) & (FSC_PAGE - 1)) / 8;
}

static int64_t enter_phase(struct fsc_thread *thread, struct fsc_site *site,
			   struct fsc_frame *frame)
{
	uint32_t phase = site->kind == FSC_SITE_ENCODE ? FSC_PHASE_ENCODE : FSC_PHASE_DECODE;
	struct fsc_frame *parent = thread->depth ? thread->shadow[thread->depth - 1].frame : NULL;

	/* A codec that calls itself for a submessage is one phase. */
	if (parent && parent->kind == FSC_FRAME_PHASE && parent->phase == phase &&
	    !parent->from_mark)
		return UNSEEN;
	fsc_call_open(thread, frame, FSC_FRAME_PHASE);
	frame->phase = phase;
	frame->number = frame->parent_call ? frame->parent_call->number : 0;
	if (!fsc_call_push(thread, frame, site->id, false))
		return UNSEEN;
	thread->allocation_mode |= FSC_ALLOCATION_COUNT & fsc_record_allocation_mask;
	return window(thread, site, frame);
}

static int64_t enter_call(struct fsc_thread *thread, struct fsc_site *site, struct fsc_frame *frame)
{
	struct fsc_cursor *cursor = thread->cursor;

	fsc_call_open(thread, frame, FSC_FRAME_CALL);
	if (!fsc_call_push(thread, frame, site->id, false))
		return pass_unseen(thread, site);
	frame->number = ++cursor->number;
	cursor->counters[site->id].calls++;
	thread->call_depth++;
	thread->allocation_mode |= FSC_ALLOCATION_COUNT & fsc_record_allocation_mask;
	if (site->kind == FSC_SITE_FREE)
		fsc_buffer_give_back(thread, site, frame);
	return window(thread, site, frame);
}

/* Pool functions move buffers but are no calls: nothing is timed, only the ledger is told. */
static int64_t enter_pool(struct fsc_thread *thread, struct fsc_site *site, struct fsc_frame *frame)
{
	if (thread->call_depth)
		return UNSEEN; /* inside a call the library's own business */
	fsc_call_open(thread, frame, FSC_FRAME_PHASE);
	frame->phase = 0;
	frame->number = thread->cursor->number;
	if (!fsc_call_push(thread, frame, site->id, false))
		return UNSEEN;
	if (site->kind == FSC_SITE_RELEASE)
		fsc_buffer_give_back(thread, site, frame);
	return window(thread, site, frame);
}

/* Returns the words of stack arguments to copy, or a negative number: call the function unseen. */
int64_t fsc_call_enter(struct fsc_frame *frame)
{
	struct fsc_thread *thread = &fsc_thread;
	struct fsc_site *site = &fsc_sites[frame->stub];
	uintptr_t here = (uintptr_t)frame;
	int64_t words;

	frame->site = site;
	frame->target = site->target;
	if (FSC_UNLIKELY(thread->busy)) {
		if (!fsc_thread_frame_dead(thread, thread->busy, here))
			return pass_unseen(thread, site);
		/* A hook was left by longjmp out of a signal handler. */
	}
	thread->busy = here;
	if (FSC_UNLIKELY(!ready(thread, site))) {
		words = pass_unseen(thread, site);
		thread->busy = 0;
		return words;
	}
	if (thread->depth)
		fsc_call_heal(thread, here);
	switch (site->kind) {
	case FSC_SITE_ENTRY:
	case FSC_SITE_FREE:
		words = enter_call(thread, site, frame);
		break;
	case FSC_SITE_ENCODE:
	case FSC_SITE_DECODE:
		words = enter_phase(thread, site, frame);
		break;
	default:
		words = enter_pool(thread, site, frame);
		break;
	}
	thread->busy = 0;
	return words;
}

/*
 * The frame on top is not the one that returns. Frames above it were unwound inside the function.
 * When it is not there at all it was healed away from another stack (a fiber): that count is taken
 * back, and the call stands alone.
 */
static void find_frame(struct fsc_thread *thread, struct fsc_frame *frame)
{
	uint32_t i = thread->depth;

	while (i > 0 && thread->shadow[i - 1].frame != frame)
		i--;
	if (i == 0) {
		if (frame->kind == FSC_FRAME_CALL && thread->cursor->owner == frame->owner)
			thread->cursor->counters[frame->site->id].unwound--;
		frame->parent = NULL;
		frame->parent_call = NULL;
		return;
	}
	while (thread->depth > i)
		drop_unwound(thread);
	thread->depth--;
	thread->call_depth -= frame->kind == FSC_FRAME_CALL;
}

/* Take the frame off the shadow stack and tell its parents what they must not count as theirs. */
void fsc_call_close(struct fsc_thread *thread, struct fsc_frame *frame)
{
	uint64_t ticks = frame->end_ticks - frame->start_ticks;

	if (FSC_LIKELY(thread->depth && thread->shadow[thread->depth - 1].frame == frame)) {
		thread->depth--;
		thread->call_depth -= frame->kind == FSC_FRAME_CALL;
	} else {
		find_frame(thread, frame);
	}
	if (frame->parent) {
		frame->parent->inner_ticks += ticks;
		frame->parent->inner_count++;
	} else {
		thread->allocation_mode &= ~(uint32_t)FSC_ALLOCATION_COUNT;
	}
}

/* What the thread allocated since the frame began, its child calls left out. */
static struct fsc_allocation_totals allocated(const struct fsc_thread *thread,
					      const struct fsc_frame *frame)
{
	const struct fsc_allocation_totals *start = &frame->allocated_at_start;
	const struct fsc_allocation_totals *children = &frame->allocated_by_children;

	return (struct fsc_allocation_totals){
		thread->totals.allocations - start->allocations - children->allocations,
		thread->totals.allocated_bytes - start->allocated_bytes - children->allocated_bytes,
		thread->totals.frees - start->frees - children->frees,
		thread->totals.freed_bytes - start->freed_bytes - children->freed_bytes,
	};
}

static void give_to_parent_call(struct fsc_thread *thread, struct fsc_frame *frame)
{
	struct fsc_allocation_totals *sum = &frame->parent_call->allocated_by_children;
	const struct fsc_allocation_totals *start = &frame->allocated_at_start;

	frame->parent_call->children_ticks += frame->end_ticks - frame->start_ticks;
	frame->parent_call->child_calls++;
	sum->allocations += thread->totals.allocations - start->allocations;
	sum->allocated_bytes += thread->totals.allocated_bytes - start->allocated_bytes;
	sum->frees += thread->totals.frees - start->frees;
	sum->freed_bytes += thread->totals.freed_bytes - start->freed_bytes;
}

void fsc_call_leave_phase(struct fsc_thread *thread, struct fsc_frame *frame)
{
	struct fsc_allocation_totals mine = allocated(thread, frame);
	struct fsc_phase_record *record;

	fsc_call_close(thread, frame);
	if (FSC_UNLIKELY(frame->owner != thread->cursor->owner))
		return;
	record = FSC_RECORD_BEGIN(thread, phase, frame->end_ticks);
	if (!record)
		return;
	record->duration_ticks = frame->end_ticks - frame->start_ticks;
	record->inner_ticks = frame->inner_ticks;
	record->inner_count = frame->inner_count;
	record->phase = frame->phase;
	record->site = frame->from_mark ? 0 : (uint16_t)frame->site->id;
	record->depth = frame->phase_depth;
	record->flags = frame->from_mark ? FSC_PHASE_FROM_MARK : 0;
	record->call = frame->number;
	record->message = 0;
	record->buffer = 0;
	record->bytes = 0;
	if (!frame->from_mark)
		fsc_buffer_codec(frame->site, frame, record);
	record->allocations = mine.allocations;
	record->allocated_bytes = mine.allocated_bytes;
	fsc_record_commit(thread->cursor, sizeof(*record));
}

static void record_allocations(struct fsc_thread *thread, const struct fsc_frame *frame)
{
	struct fsc_allocation_totals mine = allocated(thread, frame);
	struct fsc_call_alloc_record *record;

	if (!(mine.allocations | mine.frees))
		return;
	record = FSC_RECORD_BEGIN(thread, call_alloc, frame->end_ticks);
	if (!record)
		return;
	record->call = frame->number;
	record->allocations = mine.allocations;
	record->allocated_bytes = mine.allocated_bytes;
	record->frees = mine.frees;
	record->freed_bytes = mine.freed_bytes;
	fsc_record_commit(thread->cursor, sizeof(*record));
}

static void record_wide(struct fsc_thread *thread, const struct fsc_frame *frame,
			const struct fsc_crossing *crossing)
{
	struct fsc_call_wide_record *record = FSC_RECORD_BEGIN(thread, call_wide, frame->end_ticks);

	if (!record)
		return;
	record->duration_ticks = frame->end_ticks - frame->start_ticks;
	record->site = (uint16_t)frame->site->id;
	record->flags = crossing->flags;
	record->reserved = 0;
	record->child_calls = frame->child_calls;
	record->number = frame->number;
	record->parent = frame->parent_call ? frame->parent_call->number : 0;
	record->children_ticks = frame->children_ticks;
	record->request_bytes = crossing->request_bytes;
	record->response_bytes = crossing->response_bytes;
	record->request = crossing->request;
	fsc_record_commit(thread->cursor, sizeof(*record));
}

static void record_call(struct fsc_thread *thread, const struct fsc_frame *frame,
			const struct fsc_crossing *crossing)
{
	uint64_t duration = frame->end_ticks - frame->start_ticks;
	uint64_t parent = frame->parent_call ? frame->parent_call->number : 0;
	struct fsc_call_record *record;

	if (FSC_UNLIKELY((duration | frame->number | parent | frame->children_ticks |
			  crossing->request_bytes | crossing->response_bytes) >> 32 ||
			 frame->child_calls > UINT8_MAX)) {
		record_wide(thread, frame, crossing);
		return;
	}
	record = FSC_RECORD_BEGIN(thread, call, frame->end_ticks);
	if (FSC_UNLIKELY(!record))
		return;
	record->duration_ticks = (uint32_t)duration;
	record->site = (uint16_t)frame->site->id;
	record->flags = crossing->flags;
	record->child_calls = (uint8_t)frame->child_calls;
	record->number = (uint32_t)frame->number;
	record->parent = (uint32_t)parent;
	record->children_ticks = (uint32_t)frame->children_ticks;
	record->request_bytes = (uint32_t)crossing->request_bytes;
	record->response_bytes = (uint32_t)crossing->response_bytes;
	record->request = crossing->request;
	fsc_record_commit(thread->cursor, sizeof(*record));
}

static void leave_call(struct fsc_thread *thread, struct fsc_frame *frame)
{
	struct fsc_site *site = frame->site;
	struct fsc_crossing crossing = { .flags = site->library_codecs ? FSC_CALL_CODECS : 0 };
	struct fsc_counter *counter;

	if (frame->parent_call) {
		crossing.flags |= FSC_CALL_NESTED;
		give_to_parent_call(thread, frame);
	}
	fsc_call_close(thread, frame);
	/* A fork inside the call: in the child it is the parent's call, nothing to record. */
	if (FSC_UNLIKELY(frame->owner != thread->cursor->owner))
		return;
	record_allocations(thread, frame);
	if (site->kind == FSC_SITE_ENTRY)
		fsc_buffer_crossed(thread, site, frame, &crossing);
	else
		fsc_buffer_record_freed(thread, site, frame);
	counter = &thread->cursor->counters[site->id];
	counter->completed++;
	counter->ticks += frame->end_ticks - frame->start_ticks;
	counter->request_bytes += crossing.request_bytes;
	counter->response_bytes += crossing.response_bytes;
	record_call(thread, frame, &crossing);
}

static void leave_pool(struct fsc_thread *thread, struct fsc_frame *frame)
{
	fsc_call_close(thread, frame);
	if (frame->owner != thread->cursor->owner)
		return;
	if (frame->site->kind == FSC_SITE_ACQUIRE)
		fsc_buffer_acquired(thread, frame->site, frame);
	else
		fsc_buffer_record_freed(thread, frame->site, frame);
}

/* busy was set by the thunk, before the second reading. */
void fsc_call_leave(struct fsc_frame *frame)
{
	struct fsc_thread *thread = &fsc_thread;

	if (FSC_LIKELY(frame->kind == FSC_FRAME_CALL))
		leave_call(thread, frame);
	else if (frame->phase)
		fsc_call_leave_phase(thread, frame);
	else
		leave_pool(thread, frame);
	thread->busy = 0;
}
