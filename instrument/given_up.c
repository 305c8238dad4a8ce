/* SPDX-License-Identifier: MIT */
/*
 * Threads that are recorded no more, because two are one (clone.c) or their clock goes (sandbox.c).
 * What is hard: a signal handler may do that while a hook of the same thread is interrupted. Begin
 * at fsc_given_up_begin().
 */
#include "given_up_internal.h"

#include "attach_internal.h"

void fsc_given_up_close(struct fsc_thread *thread)
{
	struct fsc_cursor *cursor = thread->cursor;

	cursor->counter_limit = cursor->plain_limit = cursor->unframed_bytes = 0;
}

/*
 * A hook of this thread that is interrupted, or about to begin, must find all where it was: so the
 * thread is only closed to further calls, and what is open ends as ever. Without its clock what is
 * open is told now; of an interrupted hook's call nothing is.
 */
struct fsc_given_up fsc_given_up_begin(struct fsc_thread *thread, bool with_clock)
{
	struct fsc_cursor *cursor = thread->cursor;
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	struct fsc_given_up before = { .refused = thread->refused,
				       .owner = cursor->owner,
				       .number = cursor->number,
				       .slot = cursor->slot,
				       .counter_limit = cursor->counter_limit,
				       .tid = cursor->tid,
				       .plain_limit = cursor->plain_limit,
				       .unframed_bytes = cursor->unframed_bytes };

	before.kept =
		!with_clock || (thread->busy && !fsc_thread_frame_dead(thread, thread->busy, here));
	thread->refused = FSC_REFUSED_FOR_GOOD;
	if (!before.kept) {
		fsc_attach_end(thread);
		return before;
	}
	fsc_given_up_close(thread);
	if (with_clock) {
		thread->has_counter = false;
		cursor->tid = 0;
	}
	return before;
}

/*
 * Its own slot, which counted the open calls as unwound; another's, should that one be taken, must
 * have counters for all that these calls will count.
 */
static bool attach_again(struct fsc_thread *thread, const struct fsc_given_up *before)
{
	if (!fsc_attach_to_slot(thread, before->slot))
		return false;
	thread->cursor->number = before->number;
	return before->counter_limit <= thread->cursor->counter_limit ||
	       fsc_attach_counters(thread, before->counter_limit - 1);
}

/* The calls that were open then find their thread again when they end: see find_frame(). */
void fsc_given_up_end(struct fsc_thread *thread, const struct fsc_given_up *before)
{
	bool attached;

	thread->refused = before->refused;
	if (before->kept) {
		if (before->counter_limit) {
			thread->has_counter = fsc_clock_mode_now != FSC_CLOCK_SYSTEM;
			thread->cursor->tid = before->tid;
			thread->cursor->counter_limit = before->counter_limit;
			thread->cursor->plain_limit = before->plain_limit;
			thread->cursor->unframed_bytes = before->unframed_bytes;
		}
		return;
	}
	if (!before->owner || before->owner != fsc_live->owner)
		return;
	fsc_thread_begin_work(thread, (uintptr_t)&attached);
	attached = attach_again(thread, before);
	fsc_thread_end_work(thread);
	if (!attached)
		(void)fsc_given_up_begin(thread, false);
}
