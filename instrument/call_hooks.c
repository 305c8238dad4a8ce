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
#include "detail_internal.h"
#include "profile_internal.h"
#include "readable_internal.h"
#include "record_internal.h"
#include "shadow_internal.h"
#include "sites_internal.h"
#include "system_internal.h"
#include "usual_internal.h"

#define COLD   __attribute__((noinline, cold))
#define INLINE inline __attribute__((always_inline))

/* ---- enter ---- */

static int64_t enter_phase(struct fsc_thread *thread, struct fsc_site *site,
			   struct fsc_frame *frame, int64_t words)
{
	uint32_t phase = site->kind == FSC_SITE_ENCODE ? FSC_PHASE_ENCODE : FSC_PHASE_DECODE;
	const struct fsc_shadow *top = fsc_shadow_top(thread);

	/* A codec that calls itself for a submessage is one phase. */
	if (top && top->kind == FSC_FRAME_PHASE && top->phase == phase)
		return FSC_CALL_UNSEEN;
	if (!thread->cursor->plain_limit && !fsc_detail_wants_codec(thread, site->id, phase))
		return FSC_CALL_UNSEEN;
	if (!fsc_shadow_open(thread, frame, site->id, FSC_FRAME_PHASE))
		return fsc_call_pass_unseen(thread, site);
	frame->phase = phase;
	fsc_shadow_top(thread)->phase = phase;
	thread->allocation_mode |= fsc_record_allocation_mask;
	return words;
}

/* Pool functions move buffers but are no calls: nothing is timed, only the ledger is told. */
static int64_t enter_pool(struct fsc_thread *thread, struct fsc_site *site, struct fsc_frame *frame,
			  int64_t words)
{
	if (thread->allocation_mode & FSC_ALLOCATION_CALL)
		return FSC_CALL_UNSEEN; /* inside a call the library's own business */
	if (!fsc_shadow_open(thread, frame, site->id, FSC_FRAME_PHASE))
		return fsc_call_pass_unseen(thread, site);
	frame->phase = 0;
	frame->number = thread->cursor->number;
	if (site->kind == FSC_SITE_RELEASE)
		fsc_buffer_give_back(thread, site, frame);
	return words;
}

static INLINE void begin_call(struct fsc_thread *thread, struct fsc_site *site,
			      struct fsc_frame *frame)
{
	struct fsc_cursor *cursor = thread->cursor;

	frame->number = ++cursor->number;
	fsc_shadow_top(thread)->number = frame->number;
	frame->recent_start = thread->recent_count;
	cursor->counters[site->id].calls++;
	thread->allocation_mode |= FSC_ALLOCATION_CALL | fsc_record_allocation_mask;
}

static INLINE void begin_free(struct fsc_thread *thread, struct fsc_site *site,
			      struct fsc_frame *frame)
{
	frame->freed_pointer = 0;
	fsc_buffer_give_back(thread, site, frame);
}

/* A hook is running on this thread, or was left by longjmp out of a signal handler; or first use.
 */
static COLD bool enter_anyway(struct fsc_thread *thread, struct fsc_site *site, uintptr_t here)
{
	if (thread->busy && !fsc_thread_frame_dead(thread, thread->busy, here))
		return false;
	fsc_thread_begin_work(thread, here);
	if (site->id < thread->cursor->counter_limit || fsc_call_make_ready(thread, site))
		return true;
	fsc_thread_end_work(thread);
	return false;
}

static int64_t enter_call(struct fsc_thread *thread, struct fsc_site *site, struct fsc_frame *frame,
			  int64_t words)
{
	bool sampled = !thread->cursor->plain_limit;
	bool outermost = !fsc_detail_in_call(thread);
	enum fsc_detail_choice choice = FSC_DETAIL_RECORD;

	if (FSC_UNLIKELY(sampled))
		choice = fsc_detail_choose(thread, frame, outermost);
	if (choice == FSC_DETAIL_PASS)
		return FSC_CALL_UNSEEN;
	if (!fsc_shadow_open(thread, frame, site->id, FSC_FRAME_CALL))
		return fsc_call_pass_unseen(thread, site);
	begin_call(thread, site, frame);
	if (thread->depth == 1)
		thread->lone = frame;
	if (site->kind == FSC_SITE_FREE)
		begin_free(thread, site, frame);
	else if (!FSC_ARCH_HIDDEN_RETURNED && site->call_id == UINT32_MAX)
		fsc_buffer_before(frame);
	if (FSC_UNLIKELY(sampled))
		fsc_detail_begin(thread, frame, outermost, choice);
	return words;
}

/* A lone frame: what others could want to know of it is filled in when something runs inside. */
static INLINE void open_lone(struct fsc_thread *thread, struct fsc_site *site,
			     struct fsc_frame *frame)
{
	frame->tid = thread->cursor->tid;
	frame->kind = FSC_FRAME_CALL;
	frame->from_mark = false;
	frame->left_out = false;
	frame->verdict = 0; /* one store with the three above */
	thread->shadow->frame = frame;
	thread->shadow->site = site->id;
	thread->shadow->kind = FSC_FRAME_CALL;
	thread->shadow->is_mark = false;
	thread->shadow->saved = false;
	thread->shadow->phase_depth = 0;
	thread->depth = 1;
	thread->lone = frame;
	begin_call(thread, site, frame);
}

/* The common case while not all calls are recorded. */
static __attribute__((noinline)) int64_t
enter_sampled(struct fsc_thread *thread, struct fsc_site *site, struct fsc_frame *frame)
{
	enum fsc_detail_choice choice;
	int64_t words = site->stack_words;

	fsc_thread_begin_work(thread, (uintptr_t)frame);
	choice = fsc_detail_choose(thread, frame, true);
	if (choice == FSC_DETAIL_PASS) {
		words = FSC_CALL_UNSEEN;
	} else {
		open_lone(thread, site, frame);
		if (site->kind == FSC_SITE_FREE)
			begin_free(thread, site, frame);
		fsc_detail_begin(thread, frame, true, choice);
	}
	fsc_thread_end_work(thread);
	return words;
}

/* Anything but the first call of an undisturbed thread's stack. */
static __attribute__((noinline)) int64_t
enter_slowly(struct fsc_thread *thread, struct fsc_site *site, struct fsc_frame *frame)
{
	uintptr_t here = (uintptr_t)frame;
	int64_t words;

	if (!(thread->busy | thread->depth | thread->cursor->plain_limit) &&
	    site->call_id < thread->cursor->counter_limit && fsc_sites_fits(site, frame))
		return enter_sampled(thread, site, frame);
	if ((thread->busy || site->id >= thread->cursor->counter_limit) &&
	    !enter_anyway(thread, site, here))
		return fsc_call_pass_unseen(thread, site);
	fsc_thread_begin_work(thread, here);
	/*
	 * Seen from the frame's upper end: one that is still open lies above all of this one. A
	 * call from the same place may lie deeper, because more of its arguments are on the stack.
	 */
	if (thread->depth && !fsc_shadow_is_sound(thread, here + FRAME_BYTES - 1))
		fsc_shadow_heal(thread, here + FRAME_BYTES - 1);
	words = fsc_readable_window(site, frame);
	if (FSC_UNLIKELY(words < 0))
		words = fsc_call_pass_unseen(thread, site);
	else if (site->kind <= FSC_SITE_FREE)
		words = enter_call(thread, site, frame, words);
	else if (site->kind >= FSC_SITE_ENCODE)
		words = enter_phase(thread, site, frame, words);
	else
		words = enter_pool(thread, site, frame, words);
	fsc_thread_end_work(thread);
	return words;
}

/* Apart, so that the common case needs no register saved. */
static __attribute__((noinline)) int64_t enter_free(struct fsc_thread *thread,
						    struct fsc_site *site, struct fsc_frame *frame)
{
	begin_free(thread, site, frame);
	fsc_thread_end_work(thread);
	return site->stack_words;
}

/*
 * Returns the words of stack arguments to copy, or a negative number: call the function unseen.
 *
 * The common case, an outermost call on a thread that has all it needs, is written out: it opens a
 * lone frame.
 */
int64_t fsc_call_enter(struct fsc_frame *frame)
{
	struct fsc_thread *thread = &fsc_thread;
	struct fsc_site *site = (struct fsc_site *)((char *)fsc_sites + frame->stub);
	struct fsc_cursor *cursor;

	frame->site = site;
	frame->target = fsc_sites_target(site);
	if (FSC_UNLIKELY(!fsc_arch_has_storage()))
		return fsc_call_pass_without_thread(site);
	cursor = thread->cursor;
	if (FSC_UNLIKELY((thread->busy | thread->depth) || site->call_id >= cursor->plain_limit ||
			 !fsc_sites_fits(site, frame)))
		return enter_slowly(thread, site, frame);
	fsc_thread_begin_work(thread, (uintptr_t)frame);
	open_lone(thread, site, frame);
	if (site->kind == FSC_SITE_FREE)
		return enter_free(thread, site, frame);
	fsc_thread_end_work(thread);
	return site->stack_words;
}

/* ---- leave ---- */

void fsc_call_leave_phase(struct fsc_thread *thread, struct fsc_frame *frame)
{
	struct fsc_closed closed;
	struct fsc_phase_record *record;

	fsc_shadow_close(thread, frame, true, &closed);
	/* Of a call that a parent process began nothing is told in the child. */
	if (FSC_UNLIKELY(frame->tid != thread->cursor->tid || frame->left_out ||
			 (closed.nested && !frame->number)))
		return;
	if (FSC_UNLIKELY(thread->cursor->profile != NULL)) {
		fsc_profile_phase(thread, frame, &closed);
		return;
	}
	record = FSC_RECORD_BEGIN(thread, phase, frame->end_ticks);
	if (!record)
		return;
	record->duration_ticks = frame->end_ticks - frame->start_ticks;
	record->inner_ticks = closed.inner_ticks;
	record->inner_count = closed.inner_count;
	record->phase = frame->phase;
	record->site = frame->from_mark ? 0 : (uint16_t)frame->site->id;
	record->depth = closed.phase_depth;
	record->flags = frame->from_mark ? FSC_PHASE_FROM_MARK : 0;
	record->call = frame->number;
	record->message = 0;
	record->buffer = 0;
	record->bytes = 0;
	if (!frame->from_mark)
		fsc_buffer_codec(frame->site, frame, record);
	record->allocations = closed.mine.allocations;
	record->allocated_bytes = closed.mine.allocated_bytes;
	fsc_record_end(thread->cursor, sizeof(*record));
}

/*
 * The records of one call, in this order, none of them twice; FSC_GROUP_BYTES has room for all.
 */
_Static_assert(sizeof(struct fsc_call_alloc_record) + sizeof(struct fsc_request_buffer_record) +
			       sizeof(struct fsc_buffer_made_record) +
			       sizeof(struct fsc_call_wide_record) <=
		       FSC_GROUP_BYTES,
	       "an entry point's records");
_Static_assert(sizeof(struct fsc_call_alloc_record) + sizeof(struct fsc_buffer_freed_record) +
			       sizeof(struct fsc_call_wide_record) <=
		       FSC_GROUP_BYTES,
	       "a free function's records");

static INLINE void add_allocations(struct fsc_group *group, const struct fsc_frame *frame,
				   const struct fsc_allocation_totals *mine)
{
	struct fsc_call_alloc_record *record = FSC_GROUP_ADD(group, call_alloc);

	record->call = frame->number;
	record->allocations = mine->allocations;
	record->allocated_bytes = mine->allocated_bytes;
	record->frees = mine->frees;
	record->freed_bytes = mine->freed_bytes;
}

/*
 * Site, flags and child_calls lie in 4 neighbouring bytes, number and parent in 8; both are put
 * together in registers. All architectures that are supported are little-endian.
 */
static INLINE uint32_t tag_of(const struct fsc_frame *frame, const struct fsc_crossing *crossing)
{
	return frame->site->call_tag | (uint32_t)crossing->flags << 16;
}

static COLD void add_wide_call(struct fsc_group *group, const struct fsc_frame *frame,
			       const struct fsc_crossing *crossing, const struct fsc_closed *closed)
{
	struct fsc_call_wide_record *record = FSC_GROUP_ADD(group, call_wide);
	uint32_t tag = tag_of(frame, crossing);

	record->duration_ticks = frame->end_ticks - frame->start_ticks;
	__builtin_memcpy(&record->site, &tag, sizeof(tag));
	record->child_calls = closed->child_calls;
	record->number = frame->number;
	record->parent = closed->parent;
	record->children_ticks = closed->children_ticks;
	record->request_bytes = crossing->request_bytes;
	record->response_bytes = crossing->response_bytes;
	record->request = crossing->request;
}

static INLINE void fill_call(struct fsc_call_record *record, const struct fsc_frame *frame,
			     const struct fsc_crossing *crossing, const struct fsc_closed *closed)
{
	uint32_t tag = tag_of(frame, crossing) | closed->child_calls << 24;
	uint64_t numbers = frame->number | closed->parent << 32;

	record->duration_ticks = (uint32_t)(frame->end_ticks - frame->start_ticks);
	__builtin_memcpy(&record->site, &tag, sizeof(tag));
	__builtin_memcpy(&record->number, &numbers, sizeof(numbers));
	record->children_ticks = (uint32_t)closed->children_ticks;
	record->request_bytes = (uint32_t)crossing->request_bytes;
	record->response_bytes = (uint32_t)crossing->response_bytes;
	record->request = crossing->request;
}

static INLINE void add_call(struct fsc_group *group, struct fsc_frame *frame,
			    const struct fsc_crossing *crossing, const struct fsc_closed *closed)
{
	uint64_t duration = frame->end_ticks - frame->start_ticks;

	if (FSC_LIKELY(!((duration | frame->number | closed->parent | closed->children_ticks |
			  crossing->request_bytes | crossing->response_bytes) >>
			 32) &&
		       closed->child_calls <= UINT8_MAX)) {
		fill_call(FSC_GROUP_ADD(group, call), frame, crossing, closed);
	} else {
		struct fsc_closed copy = *closed; /* so that the original can stay in registers */

		add_wide_call(group, frame, crossing, &copy);
	}
}

/*
 * Before its frame is closed: who jumps out of the hook between the two, from a signal handler,
 * makes it count as unwound too, and never as open.
 */
static INLINE void count_call(struct fsc_thread *thread, const struct fsc_frame *frame)
{
	struct fsc_counter *counter = &thread->cursor->counters[frame->site->id];

	counter->ticks += frame->end_ticks - frame->start_ticks;
	counter->completed++;
}

/* Write what the call leaves. */
static INLINE void record_call(struct fsc_thread *thread, struct fsc_frame *frame,
			       const struct fsc_closed *closed)
{
	struct fsc_site *site = frame->site;
	struct fsc_counter *counter = &thread->cursor->counters[site->id];
	struct fsc_crossing crossing = { closed->nested ? FSC_CALL_NESTED : 0, 0, 0, 0 };
	struct fsc_group group;

	if (FSC_UNLIKELY(thread->cursor->profile != NULL)) {
		fsc_profile_call(thread, frame, closed);
		return;
	}
	fsc_group_begin(&group, thread, frame->end_ticks);
	if (closed->mine.allocations | closed->mine.frees) {
		add_allocations(&group, frame, &closed->mine);
		if (FSC_UNLIKELY(site->carries != FSC_CARRIES) && closed->mine.allocations)
			fsc_buffer_unknown_call(site);
	}
	if (site->kind == FSC_SITE_FREE) {
		if (frame->freed_pointer)
			fsc_buffer_add_freed(&group, frame);
	} else if (fsc_buffer_may_carry(thread, frame)) {
		fsc_buffer_crossed(&group, frame, &crossing);
		counter->request_bytes += crossing.request_bytes;
		counter->response_bytes += crossing.response_bytes;
	}
	add_call(&group, frame, &crossing, closed);
	fsc_group_end(&group);
}

/* A bad verdict goes first, in the room that is kept for those. */
static COLD void record_finding(struct fsc_thread *thread, struct fsc_frame *frame)
{
	fsc_buffer_record_finding(thread, frame);
	frame->freed_pointer = 0;
}

static void leave_call(struct fsc_thread *thread, struct fsc_frame *frame)
{
	/* A fork inside the call: in the child it is the parent's call, nothing to record. */
	bool own = fsc_frame_is_own(frame, thread->cursor->tid);
	struct fsc_closed closed;

	if (own && frame->left_out)
		thread->cursor->counters[frame->site->id].sampled_out++;
	else if (own)
		count_call(thread, frame);
	fsc_shadow_close(thread, frame, false, &closed);
	if (!own)
		return;
	if (frame->site->kind == FSC_SITE_FREE && fsc_buffer_is_finding(frame))
		record_finding(thread, frame);
	if (frame->left_out)
		fsc_detail_finish(thread, frame, &closed.mine, closed.nested);
	else
		record_call(thread, frame, &closed);
}

static COLD void leave_pool(struct fsc_thread *thread, struct fsc_frame *frame)
{
	struct fsc_closed closed;
	struct fsc_group group;

	fsc_shadow_close(thread, frame, true, &closed);
	if (frame->tid != thread->cursor->tid)
		return;
	if (fsc_buffer_is_finding(frame))
		record_finding(thread, frame);
	if (thread->cursor->profile) {
		fsc_profile_pool(thread, frame);
		return;
	}
	fsc_group_begin(&group, thread, frame->end_ticks);
	if (frame->site->kind == FSC_SITE_ACQUIRE)
		fsc_buffer_acquired(&group, frame);
	else if (frame->freed_pointer)
		fsc_buffer_add_freed(&group, frame);
	fsc_group_end(&group);
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
	fsc_thread_end_work(thread);
}

/* Would its only record be told directly, to nobody? */
static INLINE bool is_unheard(const struct fsc_thread *thread, const struct fsc_frame *frame,
			      const struct fsc_closed *closed)
{
	return FSC_UNLIKELY(thread->cursor->direct) && !*fsc_lttng_calls_wanted &&
	       !(closed->mine.allocations | closed->mine.frees) &&
	       frame->site->kind != FSC_SITE_FREE && !fsc_buffer_may_carry(thread, frame);
}

static __attribute__((noinline)) void leave_left_out(struct fsc_thread *thread,
						     struct fsc_frame *frame)
{
	const struct fsc_allocation_totals mine = thread->totals;

	if (!fsc_frame_is_own(frame, thread->cursor->tid) ||
	    (frame->site->kind == FSC_SITE_FREE && fsc_buffer_is_finding(frame))) {
		leave_slowly(thread, frame);
		return;
	}
	thread->cursor->counters[frame->site->id].sampled_out++;
	fsc_shadow_close_lone(thread);
	thread->totals = (struct fsc_allocation_totals){ 0, 0, 0, 0 };
	fsc_detail_finish(thread, frame, &mine, false);
	fsc_thread_end_work(thread);
}

static __attribute__((noinline)) void leave_lone(struct fsc_thread *thread, struct fsc_frame *frame)
{
	struct fsc_closed closed = { .mine = thread->totals };

	if (FSC_UNLIKELY(frame->tid != thread->cursor->tid ||
			 (frame->site->kind == FSC_SITE_FREE && fsc_buffer_is_finding(frame)))) {
		if (frame->left_out)
			leave_left_out(thread, frame);
		else
			leave_slowly(thread, frame);
		return;
	}
	count_call(thread, frame);
	fsc_shadow_close_lone(thread);
	thread->totals = (struct fsc_allocation_totals){ 0, 0, 0, 0 };
	if (!is_unheard(thread, frame, &closed))
		record_call(thread, frame, &closed);
	fsc_thread_end_work(thread);
}

/*
 * A lone call that carried and allocated nothing; there is room for its record. It began on this
 * very thread: `lone` may be left from a call that ended in the same frame of a fiber's stack.
 */
static INLINE bool is_plain(const struct fsc_thread *thread, const struct fsc_frame *frame)
{
	const struct fsc_cursor *cursor = thread->cursor;

	return !(thread->totals.allocations | thread->totals.frees) &&
	       !(((frame->end_ticks - frame->start_ticks) | frame->number) >> 32) &&
	       frame->tid == cursor->tid && !fsc_buffer_may_carry(thread, frame);
}

/* All that a plain call needs, without a call of our own. */
static INLINE void leave_plain(struct fsc_thread *thread, const struct fsc_frame *frame)
{
	const struct fsc_crossing nothing = { 0, 0, 0, 0 };
	const struct fsc_closed alone = { .parent = 0 };
	struct fsc_cursor *cursor = thread->cursor;
	struct fsc_call_record *record = (struct fsc_call_record *)cursor->at;

	count_call(thread, frame);
	fsc_shadow_close_lone(thread);
	fsc_record_head(record, FSC_EVENT_call, fsc_record_order(cursor, frame->end_ticks));
	fill_call(record, frame, &nothing, &alone);
	fsc_record_commit(cursor, sizeof(*record));
	fsc_thread_end_work(thread);
}

/*
 * The profile sink's plain call: as is_plain(), but for the room. Its site's codec would leave
 * phases that add up to the call. false: nothing was done.
 */
static INLINE bool leave_profiled(struct fsc_thread *thread, const struct fsc_frame *frame)
{
	const struct fsc_site *site = frame->site;
	struct fsc_cursor *cursor = thread->cursor;
	uint32_t place = *fsc_profile_place(cursor, site->id, FSC_PROFILE_CALL);

	if (FSC_UNLIKELY((thread->totals.allocations | thread->totals.frees) || !place ||
			 frame->tid != cursor->tid || site->call_tag & FSC_CALL_CODECS << 16 ||
			 fsc_buffer_may_carry(thread, frame) ||
			 !fsc_profile_count(cursor, fsc_profile_at(cursor, place),
					    frame->end_ticks - frame->start_ticks)))
		return false;
	count_call(thread, frame);
	fsc_shadow_close_lone(thread);
	fsc_thread_end_work(thread);
	return true;
}

static __attribute__((noinline)) void leave_without_room(struct fsc_thread *thread,
							 struct fsc_frame *frame)
{
	if (!thread->cursor->profile || !leave_profiled(thread, frame))
		leave_lone(thread, frame);
}

static INLINE bool has_room(const struct fsc_cursor *cursor)
{
	return (uintptr_t)cursor->end - (uintptr_t)cursor->at >= sizeof(struct fsc_call_record);
}

/* Apart, so that a plain call needs no register saved. */
static __attribute__((noinline)) void leave_usual(struct fsc_thread *thread,
						  struct fsc_frame *frame)
{
	bool done = frame->site->usual == FSC_USUAL_MAKER ? fsc_usual_leave_maker(thread, frame)
							  : fsc_usual_leave_free(thread, frame);

	if (!done)
		leave_lone(thread, frame);
}

/* busy was set by the thunk, before the second reading. */
void fsc_call_leave(struct fsc_frame *frame)
{
	struct fsc_thread *thread = &fsc_thread;

	if (FSC_UNLIKELY(thread->lone != frame))
		leave_slowly(thread, frame);
	else if (frame->site->usual)
		leave_usual(thread, frame);
	else if (FSC_UNLIKELY(!has_room(thread->cursor)))
		leave_without_room(thread, frame);
	else if (is_plain(thread, frame))
		leave_plain(thread, frame);
	else
		leave_lone(thread, frame);
}
