/* SPDX-License-Identifier: MIT */
/*
 * shadow_internal.h - the shadow stack: which frames are open on a thread, innermost last.
 *
 * The thunk's frames lie on the stack that the call runs on; those of ffiscope_begin() in the
 * thread's memory block. Nothing here follows a pointer to a frame of the first kind but its
 * owner's own: it may have been left without its end (exception, longjmp, thread end), and its
 * memory be another's. fsc_call_enter() opens an outermost call itself, as a lone frame (struct
 * fsc_thread).
 *
 * Thread: the owner of the thread block, with busy set.
 */
#ifndef INSTRUMENT_SHADOW_INTERNAL_H
#define INSTRUMENT_SHADOW_INTERNAL_H

#include "thread_internal.h"

/* What a frame leaves when it is closed. */
struct fsc_closed {
	struct fsc_allocation_totals mine; /* allocated while it was the innermost one */
	bool nested;			   /* inside a call */
	uint8_t phase_depth;		   /* phases that it lies in, of the same call */
	uint32_t child_calls;
	uint32_t inner_count;
	uint32_t probes;     /* see struct fsc_shadow */
	uint32_t own_phases; /* likewise */
	uint64_t parent;     /* number of the call that it lies in; 0 = none */
	uint64_t children_ticks;
	uint64_t inner_ticks;
};

/*
 * Put a frame on the shadow stack; its parent is what was on top. site: 0 for a phase of
 * ffiscope_begin(). Sets the frame's kind, tid and freed_pointer, and the number of a phase. false:
 * the shadow stack is full, the frame is not open.
 */
bool fsc_shadow_open(struct fsc_thread *thread, struct fsc_frame *frame, uint32_t site,
		     uint8_t kind) FSC_HIDDEN;

/*
 * Take the frame off again, with whatever lies above it, and give its time to its parent. keep:
 * what it allocated counts as the parent's own too.
 */
void fsc_shadow_close(struct fsc_thread *thread, struct fsc_frame *frame, bool keep,
		      struct fsc_closed *closed) FSC_HIDDEN;

/* From here on no frame is a lone one: each place says all. */
void fsc_shadow_end_lone(struct fsc_thread *thread) FSC_HIDDEN;

/* Take the top off the shadow stack: that frame was left without its end. */
void fsc_shadow_drop(struct fsc_thread *thread) FSC_HIDDEN;

/*
 * Take everything off the shadow stack that runs no longer, seen from that address. From the
 * thread's own stack a frame on another one is given up too: a signal stack's that was jumped out
 * of, or a fiber's. A fiber that goes on later still ends its call: see find_frame().
 */
void fsc_shadow_heal(struct fsc_thread *thread, uintptr_t here) FSC_HIDDEN;

static inline bool fsc_shadow_is_left(const struct fsc_thread *thread, uintptr_t frame,
				      uintptr_t here)
{
	return fsc_thread_frame_dead(thread, frame, here) ||
	       (here < thread->stack_top && frame >= thread->stack_top);
}

/* Quick and sure: nothing to heal. The shadow stack is not empty. */
static inline bool fsc_shadow_is_sound(const struct fsc_thread *thread, uintptr_t here)
{
	const struct fsc_shadow *top = &thread->shadow[thread->depth - 1];

	return !top->is_mark && !fsc_shadow_is_left(thread, (uintptr_t)top->frame, here);
}

/*
 * In a forked child: the open calls are another image's, and nothing of this one has their numbers.
 */
void fsc_shadow_disown(struct fsc_thread *thread) FSC_HIDDEN;

/* fsc_shadow_close() of a lone frame, which has no parent. */
static inline __attribute__((always_inline)) void fsc_shadow_close_lone(struct fsc_thread *thread)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	thread->depth = 0;
	thread->allocation_mode &= FSC_ALLOCATION_LEARN | FSC_ALLOCATION_WATCH;
}

/* The innermost open frame, or NULL. */
static inline struct fsc_shadow *fsc_shadow_top(const struct fsc_thread *thread)
{
	return thread->depth ? &thread->shadow[thread->depth - 1] : NULL;
}

#endif
