/* SPDX-License-Identifier: MIT */
/*
 * detail_internal.h - sampling: which calls leave more than counts.
 *
 * In:     what the image says (struct fsc_image, detail_change), which may change at any time.
 * Out:    decisions for the hooks. One outermost call in so many is recorded, with all that belongs
 *         to its request; every other one is counted, and told to the ledger.
 * Cost:   nothing while all calls are recorded: the plain path compares a site with
 *         cursor->plain_limit, which is 0 otherwise. A call left out without a frame never gets
 *         here where the processor's thunk can do that (fsc_arch_leave_out_early()).
 * Thread: the owner of the thread block, with busy set. Each thread takes a change up for itself,
 *         between two outermost calls, and says so in its ring: so the chance that a recorded call
 *         had is known for each.
 */
#ifndef INSTRUMENT_DETAIL_INTERNAL_H
#define INSTRUMENT_DETAIL_INTERNAL_H

#include "sites_internal.h"
#include "thread_internal.h"

enum fsc_detail_choice {
	FSC_DETAIL_RECORD,
	FSC_DETAIL_LEAVE_OUT, /* with a frame: for the ledger, or for what may run inside */
	FSC_DETAIL_PASS	      /* without one */
};

/* Does the image say anything that this thread has not taken up? The thread is attached. */
static inline bool fsc_detail_changed(const struct fsc_cursor *cursor)
{
	return cursor->detail_change !=
	       __atomic_load_n(&fsc_live->image->detail_change, __ATOMIC_RELAXED);
}

/*
 * Is a call open on this thread? A signal handler that jumps out of the end of one may leave the
 * mode behind, but no frame.
 */
static inline bool fsc_detail_in_call(const struct fsc_thread *thread)
{
	return thread->depth && thread->allocation_mode & FSC_ALLOCATION_CALL;
}

/*
 * Before a call, once plain_limit is 0. What lies inside another one follows that one. One that
 * passes without a frame is counted here, and that is all.
 */
enum fsc_detail_choice fsc_detail_choose(struct fsc_thread *thread, const struct fsc_frame *frame,
					 bool outermost) FSC_HIDDEN;

/* The same for a codec function, and for a phase of ffiscope_begin(). */
bool fsc_detail_wants_codec(struct fsc_thread *thread, uint32_t site, uint32_t phase) FSC_HIDDEN;
bool fsc_detail_wants_mark(struct fsc_thread *thread, uint32_t name) FSC_HIDDEN;

/*
 * A call that has a frame now goes by that choice; one of a free function by what made the buffer
 * that it is given.
 */
void fsc_detail_begin(struct fsc_thread *thread, struct fsc_frame *frame, bool outermost,
		      enum fsc_detail_choice choice) FSC_HIDDEN;

/*
 * A call that was left out ends: no record, but the ledger is told. mine: what it allocated itself.
 */
void fsc_detail_finish(struct fsc_thread *thread, struct fsc_frame *frame,
		       const struct fsc_allocation_totals *mine, bool nested) FSC_HIDDEN;

/*
 * Is the program inside a call that was left out without a frame? Asked in a function whose return
 * address lies at `here`, when a buffer is given to a plain free(). As far as the stack tells: the
 * call's return address is still where it was, above. A function of the host's that was called
 * from the same place since, by the same instruction (libffi), looks the same.
 */
bool fsc_detail_is_inside(const struct fsc_thread *thread, uintptr_t here) FSC_HIDDEN;

/* ---- detail_take_up.c: slow paths, called through fsc_arch_call_outside() ---- */

/* Go by what the image says now. */
void fsc_detail_take_up(struct fsc_thread *thread) FSC_HIDDEN;

#endif
