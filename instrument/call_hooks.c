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

static uint64_t outside_grow(void *argument)
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

#define COLD   __attribute__((noinline, cold))
#define INLINE inline __attribute__((always_inline))

/* A call that is neither timed nor recorded; counted where that is possible. */
static COLD int64_t pass_unseen(struct fsc_thread *thread, const struct fsc_site *site)
{
	struct fsc_cursor *cursor = thread->cursor;

	if (site->kind != FSC_SITE_ENTRY && site->kind != FSC_SITE_FREE) {
		fsc_live_lose(false);
		return UNSEEN;
	}
	if (site->id < cursor->counter_limit) {
		cursor->counters[site->id].calls++;
		cursor->counters[site->id].skipped++;
	} else {
		fsc_sites_skipped(site->id);
	}
	return UNSEEN;
}

/* Give the thread what it needs to record this site. Runs with busy set. */
static COLD bool make_ready(struct fsc_thread *thread, const struct fsc_site *site)
{
	struct counters_request request = { thread, site->id };

	if (!thread->cursor->counter_limit && !fsc_arch_call_outside(attach_outside, thread))
		return false;
	return site->id < thread->cursor->counter_limit ||
	       fsc_arch_call_outside(counters_outside, &request);
}

/* ---- the shadow stack ---- */

static void add_totals(struct fsc_allocation_totals *sum, const struct fsc_allocation_totals *more)
{
	sum->allocations += more->allocations;
	sum->allocated_bytes += more->allocated_bytes;
	sum->frees += more->frees;
	sum->freed_bytes += more->freed_bytes;
}

/* The flags that the malloc hooks test follow from what is on top. */
static void set_allocation_mode(struct fsc_thread *thread)
{
	const struct fsc_frame *top =
		thread->depth ? thread->shadow[thread->depth - 1].frame : NULL;
	uint32_t mode = thread->allocation_mode & (FSC_ALLOCATION_LEARN | FSC_ALLOCATION_WATCH);

	if (top)
		mode |= fsc_record_allocation_mask;
	if (top && (top->kind == FSC_FRAME_CALL || top->parent_call))
		mode |= FSC_ALLOCATION_CALL;
	thread->allocation_mode = mode;
}

/* Take the top off the shadow stack: that frame was left without its leave hook. */
COLD void fsc_call_drop(struct fsc_thread *thread)
{
	struct fsc_shadow *top = &thread->shadow[--thread->depth];
	uint8_t kind = fsc_sites[top->site].kind;

	if (top->saved)
		add_totals(&thread->totals, &top->before);
	if (top->is_mark)
		thread->memory->mark_count--;
	else if ((kind == FSC_SITE_ENTRY || kind == FSC_SITE_FREE) &&
		 top->site < thread->cursor->counter_limit)
		thread->cursor->counters[top->site].unwound++;
}

/* The newest frame on the stack proper, or NULL. Phases of marks above it are skipped. */
static const struct fsc_shadow *newest_frame(const struct fsc_thread *thread)
{
	for (uintptr_t i = thread->depth; i-- > 0;)
		if (!thread->shadow[i].is_mark)
			return &thread->shadow[i];
	return NULL;
}

/* An exception, longjmp or thread end left frames behind: everything dead, seen from here, goes. */
void fsc_call_heal(struct fsc_thread *thread, uintptr_t here)
{
	const struct fsc_shadow *newest;
	uintptr_t depth = thread->depth;

	while ((newest = newest_frame(thread)) &&
	       fsc_thread_frame_dead(thread, (uintptr_t)newest->frame, here)) {
		while (&thread->shadow[thread->depth - 1] != newest)
			fsc_call_drop(thread);
		fsc_call_drop(thread);
	}
	if (thread->depth != depth)
		set_allocation_mode(thread);
}

/* What every frame begins with; no parent. */
static INLINE void start_frame(struct fsc_thread *thread, struct fsc_frame *frame, uint8_t kind)
{
	frame->parent = NULL;
	frame->parent_call = NULL;
	frame->children_ticks = 0;
	frame->inner_ticks = 0;
	frame->child_calls = 0;
	frame->inner_count = 0;
	frame->freed_pointer = 0;
	frame->owner = thread->cursor->owner;
	frame->as_plain_call = kind;
}

static COLD bool grow(struct fsc_thread *thread)
{
	return fsc_arch_call_outside(outside_grow, thread);
}

bool fsc_call_open(struct fsc_thread *thread, struct fsc_frame *frame, uint32_t site, uint8_t kind)
{
	uintptr_t depth = thread->depth;
	struct fsc_frame *parent = NULL;
	struct fsc_shadow *top;

	if (FSC_UNLIKELY(depth == thread->shadow_limit) && !grow(thread))
		return false;
	top = &thread->shadow[depth];
	start_frame(thread, frame, kind);
	if (depth) {
		parent = top[-1].frame;
		frame->parent_call = parent->kind == FSC_FRAME_CALL ? parent : parent->parent_call;
		if (parent->kind == FSC_FRAME_PHASE)
			frame->phase_depth = parent->phase_depth + 1;
	}
	frame->parent = parent;
	top->frame = frame;
	top->site = site;
	top->is_mark = !site;
	top->saved = 0;
	if (FSC_UNLIKELY(thread->totals.allocations | thread->totals.frees)) {
		top->before = thread->totals;
		top->saved = 1;
		thread->totals = (struct fsc_allocation_totals){ 0, 0, 0, 0 };
	}
	thread->depth = depth + 1;
	return true;
}

/* How many words of stack arguments can be read: all, or as far as the page that is mapped. */
static COLD int64_t window_to_page_end(struct fsc_thread *thread, const struct fsc_site *site,
				       const struct fsc_frame *frame)
{
	uintptr_t first = (uintptr_t)fsc_arch_stack_arguments(frame);

	if (fsc_record_readable(thread, first + (uintptr_t)site->stack_words * 8 - 1))
		return site->stack_words;
	return (int64_t)((FSC_PAGE - (first & (FSC_PAGE - 1))) & (FSC_PAGE - 1)) / 8;
}

static inline bool window_in_page(const struct fsc_site *site, const struct fsc_frame *frame)
{
	uintptr_t first = (uintptr_t)fsc_arch_stack_arguments(frame);
	uintptr_t last = first + (uintptr_t)site->stack_words * 8 - 1;

	return ((first - 8) ^ last) < FSC_PAGE;
}

static inline int64_t window(struct fsc_thread *thread, const struct fsc_site *site,
			     const struct fsc_frame *frame)
{
	if (window_in_page(site, frame) || site->exact_stack)
		return site->stack_words;
	return window_to_page_end(thread, site, frame);
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
	if (!fsc_call_open(thread, frame, site->id, FSC_FRAME_PHASE))
		return pass_unseen(thread, site);
	frame->phase = phase;
	frame->number = frame->parent_call ? frame->parent_call->number : 0;
	thread->allocation_mode |= fsc_record_allocation_mask;
	return window(thread, site, frame);
}

/* Pool functions move buffers but are no calls: nothing is timed, only the ledger is told. */
static int64_t enter_pool(struct fsc_thread *thread, struct fsc_site *site, struct fsc_frame *frame)
{
	if (thread->allocation_mode & FSC_ALLOCATION_CALL)
		return UNSEEN; /* inside a call the library's own business */
	if (!fsc_call_open(thread, frame, site->id, FSC_FRAME_PHASE))
		return pass_unseen(thread, site);
	frame->phase = 0;
	frame->number = thread->cursor->number;
	if (site->kind == FSC_SITE_RELEASE)
		fsc_buffer_give_back(thread, site, frame);
	return window(thread, site, frame);
}

static INLINE int64_t begin_call(struct fsc_thread *thread, struct fsc_site *site,
				 struct fsc_frame *frame)
{
	struct fsc_cursor *cursor = thread->cursor;

	frame->number = ++cursor->number;
	frame->recent_start = thread->memory->recent_count;
	cursor->counters[site->id].calls++;
	thread->allocation_mode |= FSC_ALLOCATION_CALL | fsc_record_allocation_mask;
	if (site->kind == FSC_SITE_FREE)
		fsc_buffer_give_back(thread, site, frame);
	thread->busy = 0;
	return site->stack_words;
}

/* A hook is running on this thread, or was left by longjmp out of a signal handler; or first use.
 */
static COLD bool enter_anyway(struct fsc_thread *thread, struct fsc_site *site, uintptr_t here)
{
	if (thread->busy && !fsc_thread_frame_dead(thread, thread->busy, here))
		return false;
	thread->busy = here;
	if (site->id < thread->cursor->counter_limit || make_ready(thread, site))
		return true;
	thread->busy = 0;
	return false;
}

static int64_t enter_call(struct fsc_thread *thread, struct fsc_site *site, struct fsc_frame *frame)
{
	int64_t words = window(thread, site, frame);

	if (!fsc_call_open(thread, frame, site->id, FSC_FRAME_CALL)) {
		thread->busy = 0;
		return pass_unseen(thread, site);
	}
	begin_call(thread, site, frame);
	return words;
}

/* Anything but the first call of an undisturbed thread's stack. */
static __attribute__((noinline)) int64_t
enter_slowly(struct fsc_thread *thread, struct fsc_site *site, struct fsc_frame *frame)
{
	uintptr_t here = (uintptr_t)frame;
	int64_t words;

	if ((thread->busy || site->id >= thread->cursor->counter_limit) &&
	    !enter_anyway(thread, site, here))
		return pass_unseen(thread, site);
	thread->busy = here;
	if (thread->depth)
		fsc_call_heal(thread, here);
	if (site->kind <= FSC_SITE_FREE)
		words = enter_call(thread, site, frame);
	else if (site->kind >= FSC_SITE_ENCODE)
		words = enter_phase(thread, site, frame);
	else
		words = enter_pool(thread, site, frame);
	thread->busy = 0;
	return words;
}

/*
 * Returns the words of stack arguments to copy, or a negative number: call the function unseen.
 *
 * The common case, an outermost call on a thread that has all it needs, is written out: it must fit
 * between two clock readings, which leaves room for some 200 instructions in all.
 */
int64_t fsc_call_enter(struct fsc_frame *frame)
{
	struct fsc_thread *thread = &fsc_thread;
	struct fsc_site *site = (struct fsc_site *)((char *)fsc_sites + frame->stub);
	struct fsc_shadow *bottom;

	frame->site = site;
	frame->target = site->target;
	if (FSC_UNLIKELY((thread->busy | thread->depth) ||
			 site->id >= thread->cursor->counter_limit || site->kind > FSC_SITE_FREE ||
			 !window_in_page(site, frame)))
		return enter_slowly(thread, site, frame);
	thread->busy = (uintptr_t)frame;
	start_frame(thread, frame, FSC_FRAME_CALL);
	bottom = thread->shadow;
	bottom->frame = frame;
	bottom->site = site->id;
	bottom->is_mark = 0;
	bottom->saved = 0;
	thread->depth = 1;
	return begin_call(thread, site, frame);
}

/*
 * The frame on top is not the one that returns. Frames above it were unwound inside the function.
 * When it is not there at all it was healed away from another stack (a fiber): that count is taken
 * back, and the call stands alone. Returns its place, or NULL.
 */
static COLD struct fsc_shadow *find_frame(struct fsc_thread *thread, struct fsc_frame *frame)
{
	uintptr_t i = thread->depth;

	while (i > 0 && thread->shadow[i - 1].frame != frame)
		i--;
	if (i == 0) {
		if (frame->kind == FSC_FRAME_CALL && thread->cursor->owner == frame->owner)
			thread->cursor->counters[frame->site->id].unwound--;
		frame->parent = NULL;
		frame->parent_call = NULL;
		return NULL;
	}
	while (thread->depth > i)
		fsc_call_drop(thread);
	thread->depth--;
	return &thread->shadow[i - 1];
}

/*
 * Take the frame off the shadow stack and give its time to its parent. mine: what was allocated
 * while it was the innermost one; keep: the parent counts that as its own too.
 */
static inline void close_frame(struct fsc_thread *thread, struct fsc_frame *frame, bool keep,
			       struct fsc_allocation_totals *mine)
{
	uintptr_t depth = thread->depth;
	struct fsc_shadow *top = &thread->shadow[depth - 1];

	if (FSC_LIKELY(depth && top->frame == frame))
		thread->depth = depth - 1;
	else
		top = find_frame(thread, frame);
	*mine = thread->totals;
	if (!keep)
		thread->totals = (struct fsc_allocation_totals){ 0, 0, 0, 0 };
	if (top && FSC_UNLIKELY(top->saved))
		add_totals(&thread->totals, &top->before);
	if (frame->parent) {
		frame->parent->inner_ticks += frame->end_ticks - frame->start_ticks;
		frame->parent->inner_count++;
		if (!frame->parent_call)
			thread->allocation_mode &= ~(uint32_t)FSC_ALLOCATION_CALL;
	} else {
		thread->totals = (struct fsc_allocation_totals){ 0, 0, 0, 0 };
		thread->allocation_mode &= FSC_ALLOCATION_LEARN | FSC_ALLOCATION_WATCH;
	}
}

void fsc_call_leave_phase(struct fsc_thread *thread, struct fsc_frame *frame)
{
	struct fsc_allocation_totals mine;
	struct fsc_phase_record *record;

	close_frame(thread, frame, true, &mine);
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

static void record_allocations(struct fsc_thread *thread, const struct fsc_frame *frame,
			       const struct fsc_allocation_totals *mine)
{
	struct fsc_call_alloc_record *record =
		FSC_RECORD_BEGIN(thread, call_alloc, frame->end_ticks);

	if (!record)
		return;
	record->call = frame->number;
	record->allocations = mine->allocations;
	record->allocated_bytes = mine->allocated_bytes;
	record->frees = mine->frees;
	record->freed_bytes = mine->freed_bytes;
	fsc_record_commit(thread->cursor, sizeof(*record));
}

static COLD void record_wide(struct fsc_thread *thread, const struct fsc_frame *frame,
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

/* flags and child_calls lie side by side: one store. */
static INLINE void set_flags(struct fsc_call_record *record, uint32_t flags, uint32_t child_calls)
{
	uint16_t both = (uint16_t)(flags | child_calls << 8);

	_Static_assert(__builtin_offsetof(struct fsc_call_record, child_calls) ==
			       __builtin_offsetof(struct fsc_call_record, flags) + 1,
		       "neighbours");
	__builtin_memcpy(&record->flags, &both, sizeof(both));
}

static INLINE void record_call(struct fsc_thread *thread, const struct fsc_frame *frame,
			       const struct fsc_crossing *crossing)
{
	uint64_t duration = frame->end_ticks - frame->start_ticks;
	uint64_t parent = frame->parent_call ? frame->parent_call->number : 0;
	struct fsc_call_record *record;

	if (FSC_UNLIKELY((duration | frame->number | parent | frame->children_ticks |
			  crossing->request_bytes | crossing->response_bytes) >>
				 32 ||
			 frame->child_calls > UINT8_MAX)) {
		record_wide(thread, frame, crossing);
		return;
	}
	record = FSC_RECORD_BEGIN(thread, call, frame->end_ticks);
	if (FSC_UNLIKELY(!record))
		return;
	record->duration_ticks = (uint32_t)duration;
	record->site = (uint16_t)frame->site->id;
	set_flags(record, crossing->flags, frame->child_calls);
	record->number = (uint32_t)frame->number;
	record->parent = (uint32_t)parent;
	record->children_ticks = (uint32_t)frame->children_ticks;
	record->request_bytes = (uint32_t)crossing->request_bytes;
	record->response_bytes = (uint32_t)crossing->response_bytes;
	record->request = crossing->request;
	fsc_record_commit(thread->cursor, sizeof(*record));
}

/* Whether anything can have crossed with this call; a quick no for calls that carry nothing. */
static inline bool may_carry(const struct fsc_thread *thread, const struct fsc_site *site,
			     const struct fsc_frame *frame)
{
	return site->carries &&
	       (!site->built_in || site->proven ||
		thread->memory->recent_count != frame->recent_start ||
		(frame->result[0] == frame->argument[0] && frame->result[0] >= FSC_PAGE));
}

static INLINE void finish_call(struct fsc_thread *thread, struct fsc_frame *frame,
			       struct fsc_crossing *crossing)
{
	struct fsc_site *site = frame->site;
	struct fsc_counter *counter = &thread->cursor->counters[site->id];

	counter->completed++;
	counter->ticks += frame->end_ticks - frame->start_ticks;
	if (site->kind == FSC_SITE_FREE) {
		if (frame->freed_pointer)
			fsc_buffer_record_freed(thread, site, frame);
	} else if (may_carry(thread, site, frame)) {
		fsc_buffer_crossed(thread, site, frame, crossing);
		counter->request_bytes += crossing->request_bytes;
		counter->response_bytes += crossing->response_bytes;
	}
	record_call(thread, frame, crossing);
}

static __attribute__((noinline)) void leave_call(struct fsc_thread *thread, struct fsc_frame *frame)
{
	struct fsc_crossing crossing = { frame->site->library_codecs ? FSC_CALL_CODECS : 0, 0, 0,
					 0 };
	struct fsc_allocation_totals mine;

	close_frame(thread, frame, false, &mine);
	if (frame->parent_call) {
		crossing.flags |= FSC_CALL_NESTED;
		frame->parent_call->children_ticks += frame->end_ticks - frame->start_ticks;
		frame->parent_call->child_calls++;
	}
	/* A fork inside the call: in the child it is the parent's call, nothing to record. */
	if (frame->owner != thread->cursor->owner)
		return;
	if (mine.allocations | mine.frees)
		record_allocations(thread, frame, &mine);
	finish_call(thread, frame, &crossing);
}

static INLINE void leave_outermost(struct fsc_thread *thread, struct fsc_frame *frame)
{
	struct fsc_crossing crossing = { frame->site->library_codecs ? FSC_CALL_CODECS : 0, 0, 0,
					 0 };

	thread->depth = 0;
	thread->allocation_mode &= FSC_ALLOCATION_LEARN | FSC_ALLOCATION_WATCH;
	if (thread->totals.allocations | thread->totals.frees) {
		record_allocations(thread, frame, &thread->totals);
		thread->totals = (struct fsc_allocation_totals){ 0, 0, 0, 0 };
	}
	finish_call(thread, frame, &crossing);
}

/*
 * An outermost entry point that neither called, allocated nor carried anything, with room for its
 * record: all that such a call needs, without a call of our own.
 */
static INLINE void leave_plain(struct fsc_thread *thread, const struct fsc_frame *frame)
{
	const struct fsc_site *site = frame->site;
	struct fsc_cursor *cursor = thread->cursor;
	struct fsc_counter *counter = &cursor->counters[site->id];
	uint64_t duration = frame->end_ticks - frame->start_ticks;
	uint64_t ticks = frame->end_ticks;
	struct fsc_call_record *record = (struct fsc_call_record *)cursor->at;

	if (ticks < cursor->last_ticks)
		ticks = cursor->last_ticks;
	cursor->last_ticks = ticks;
	thread->depth = 0;
	thread->allocation_mode &= FSC_ALLOCATION_LEARN | FSC_ALLOCATION_WATCH;
	counter->completed++;
	counter->ticks += duration;
	record->id = FSC_EVENT_call;
	record->ticks = ticks;
	record->duration_ticks = (uint32_t)duration;
	record->site = (uint16_t)site->id;
	set_flags(record, site->library_codecs ? FSC_CALL_CODECS : 0, 0);
	record->number = (uint32_t)frame->number;
	record->parent = 0;
	record->children_ticks = 0;
	record->request_bytes = 0;
	record->response_bytes = 0;
	record->request = 0;
	fsc_record_commit(cursor, sizeof(*record));
}

static INLINE bool is_plain(const struct fsc_thread *thread, const struct fsc_frame *frame)
{
	const struct fsc_cursor *cursor = thread->cursor;

	return !(thread->totals.allocations | thread->totals.frees | frame->child_calls) &&
	       !((frame->end_ticks - frame->start_ticks) >> 32 | frame->number >> 32) &&
	       (uintptr_t)cursor->end - (uintptr_t)cursor->at >= sizeof(struct fsc_call_record) &&
	       frame->site->kind == FSC_SITE_ENTRY && !may_carry(thread, frame->site, frame);
}

static COLD void leave_pool(struct fsc_thread *thread, struct fsc_frame *frame)
{
	struct fsc_allocation_totals mine;

	close_frame(thread, frame, true, &mine);
	if (frame->owner != thread->cursor->owner)
		return;
	if (frame->site->kind == FSC_SITE_ACQUIRE)
		fsc_buffer_acquired(thread, frame->site, frame);
	else if (frame->freed_pointer)
		fsc_buffer_record_freed(thread, frame->site, frame);
}

static __attribute__((noinline)) void leave_slowly(struct fsc_thread *thread,
						   struct fsc_frame *frame)
{
	if (frame->kind == FSC_FRAME_CALL)
		leave_call(thread, frame);
	else if (frame->phase)
		fsc_call_leave_phase(thread, frame);
	else
		leave_pool(thread, frame);
	thread->busy = 0;
}

static __attribute__((noinline)) void leave_carrying(struct fsc_thread *thread,
						     struct fsc_frame *frame)
{
	leave_outermost(thread, frame);
	thread->busy = 0;
}

/* busy was set by the thunk, before the second reading. */
void fsc_call_leave(struct fsc_frame *frame)
{
	struct fsc_thread *thread = &fsc_thread;

	if (FSC_UNLIKELY(thread->depth != 1 || thread->shadow->frame != frame || frame->kind ||
			 frame->owner != thread->cursor->owner)) {
		leave_slowly(thread, frame);
	} else if (is_plain(thread, frame)) {
		leave_plain(thread, frame);
		thread->busy = 0;
	} else {
		leave_carrying(thread, frame);
	}
}
