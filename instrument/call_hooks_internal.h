/* SPDX-License-Identifier: MIT */
/*
 * call_hooks_internal.h - the hooks around a wrapped function, and the shadow stack that they keep.
 *
 * The thunk calls enter and leave with its frame; ffiscope_begin/end use the pieces below for
 * phases that have no thunk. All of it runs with fsc_thread.busy set.
 */
#ifndef INSTRUMENT_CALL_HOOKS_INTERNAL_H
#define INSTRUMENT_CALL_HOOKS_INTERNAL_H

#include "thread_internal.h"

int64_t fsc_call_enter(struct fsc_frame *frame) FSC_HIDDEN;
void fsc_call_leave(struct fsc_frame *frame) FSC_HIDDEN;

/* Take everything off the shadow stack that is dead, seen from that address. */
void fsc_call_heal(struct fsc_thread *thread, uintptr_t here) FSC_HIDDEN;

/* Take the top off the shadow stack: that frame was left without its end. */
void fsc_call_drop(struct fsc_thread *thread) FSC_HIDDEN;

/*
 * Fill what every frame has and put it on the shadow stack; its parent is what was on top. site: 0
 * for a phase of ffiscope_begin(). false: the shadow stack is full, the frame is not open.
 */
bool fsc_call_open(struct fsc_thread *thread, struct fsc_frame *frame, uint32_t site,
		   uint8_t kind) FSC_HIDDEN;

/* Take a phase off again and record it. start and end are set. */
void fsc_call_leave_phase(struct fsc_thread *thread, struct fsc_frame *frame) FSC_HIDDEN;

#endif
