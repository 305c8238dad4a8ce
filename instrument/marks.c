/* SPDX-License-Identifier: MIT */
/*
 * The in-program API of ffiscope.h. What is hard: begin and end need not balance (an exception may
 * fly past an end), so an end closes the newest phase of its name and silently drops those above
 * it. Begin at ffiscope_begin().
 */
#include "include/ffiscope.h"

#include "call_hooks_internal.h"
#include "detail_internal.h"
#include "record_internal.h"
#include "session_internal.h"
#include "shadow_internal.h"
#include "sites_internal.h"

#define FSC_EXPORT __attribute__((visibility("default")))

/* Enter the library's own code from a function that the program called. */
static bool begin_work(struct fsc_thread *thread, uintptr_t here)
{
	if (!fsc_session)
		return false;
	if (fsc_record_is_timeless() ||
	    (thread->busy && !fsc_thread_frame_dead(thread, thread->busy, here))) {
		fsc_live_lose(false);
		return false;
	}
	fsc_thread_begin_work(thread, here);
	if (!thread->cursor->counter_limit && !fsc_attach_thread(thread)) {
		fsc_thread_end_work(thread);
		fsc_live_lose(false);
		return false;
	}
	if (thread->depth)
		fsc_shadow_heal(thread, here);
	return true;
}

FSC_EXPORT uint32_t ffiscope_intern(const char *name)
{
	uint32_t offset;

	if (!name || !fsc_session)
		return 0;
	offset = fsc_sites_intern(name);
	return offset == UINT32_MAX ? 0 : fsc_image_string_id(offset);
}

/* Nested too deep: what is on top tells how many it has of those, and they go with it. */
static void begin_deep(struct fsc_thread *thread)
{
	struct fsc_shadow *top = fsc_shadow_top(thread);

	fsc_live_lose(false);
	fsc_shadow_end_lone(thread);
	if (top && top->deep_marks < UINT16_MAX)
		top->deep_marks++;
}

static bool end_deep(struct fsc_thread *thread)
{
	struct fsc_shadow *top = fsc_shadow_top(thread);

	/* A lone frame has none: see begin_lone(). */
	if (!top || (thread->depth == 1 && thread->lone) || !top->deep_marks)
		return false;
	top->deep_marks--;
	return true;
}

/*
 * A signal handler may jump out of here: then more are counted than are open, never fewer, and each
 * has a frame of its own.
 */
static struct fsc_frame *open_mark(struct fsc_thread *thread)
{
	struct fsc_memory *memory = thread->memory;
	struct fsc_frame *frame;

	if (!thread->depth)
		memory->mark_count = 0;
	if (memory->mark_count == FSC_MARK_PHASES)
		return NULL;
	frame = &memory->mark[memory->mark_count++];
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (fsc_shadow_open(thread, frame, 0, FSC_FRAME_PHASE))
		return frame;
	memory->mark_count--;
	return NULL;
}

FSC_EXPORT void ffiscope_begin(uint32_t name)
{
	struct fsc_thread *thread = &fsc_thread;
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	struct fsc_frame *frame;

	if (!name || !begin_work(thread, here))
		return;
	frame = open_mark(thread);
	if (frame) {
		frame->phase = name;
		frame->left_out =
			!thread->cursor->plain_limit && !fsc_detail_wants_mark(thread, name);
		thread->allocation_mode |= fsc_record_allocation_mask;
		frame->start_ticks = fsc_record_now();
	} else {
		begin_deep(thread);
	}
	fsc_thread_end_work(thread);
}

/* The newest open phase of that name above the newest call, or NULL. */
static struct fsc_frame *find_mark(struct fsc_thread *thread, uint32_t name)
{
	for (uint32_t i = thread->depth; i-- > 0 && thread->shadow[i].is_mark;)
		if (thread->shadow[i].frame->phase == name)
			return thread->shadow[i].frame;
	return NULL;
}

FSC_EXPORT void ffiscope_end(uint32_t name)
{
	struct fsc_thread *thread = &fsc_thread;
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	struct fsc_frame *frame;
	uint64_t now;

	if (!name || !fsc_session || thread->refused == FSC_REFUSED_FOR_GOOD)
		return;
	now = fsc_record_now();
	if (!begin_work(thread, here))
		return;
	if (!end_deep(thread) && (frame = find_mark(thread, name))) {
		while (thread->shadow[thread->depth - 1].frame != frame)
			fsc_shadow_drop(thread);
		frame->end_ticks = now;
		fsc_call_leave_phase(thread, frame);
		thread->memory->mark_count--;
	}
	fsc_thread_end_work(thread);
}

FSC_EXPORT void ffiscope_mark(uint32_t name)
{
	struct fsc_thread *thread = &fsc_thread;
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	struct fsc_mark_record *record;

	if (!name || !begin_work(thread, here))
		return;
	/* A point in time has no place in a profile. */
	record = thread->cursor->profile ? NULL : FSC_RECORD_BEGIN(thread, mark, fsc_record_now());
	if (record) {
		const struct fsc_shadow *top = fsc_shadow_top(thread);

		record->name = name;
		record->call = top ? top->number : 0;
		fsc_record_end(thread->cursor, sizeof(*record));
	}
	fsc_thread_end_work(thread);
}
