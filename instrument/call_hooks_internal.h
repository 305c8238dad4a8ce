/* SPDX-License-Identifier: MIT */
/*
 * call_hooks_internal.h - the hooks around a wrapped function, and the shadow stack that they keep.
 *
 * The thunk calls enter and leave with its frame; ffiscope_begin/end use the pieces below for phases
 * that have no thunk. All of it runs with fsc_thread.busy set.
 */
#ifndef INSTRUMENT_CALL_HOOKS_INTERNAL_H
#define INSTRUMENT_CALL_HOOKS_INTERNAL_H

#include "thread_internal.h"

int64_t fsc_call_enter(struct fsc_frame *frame) FSC_HIDDEN;
void fsc_call_leave(struct fsc_frame *frame) FSC_HIDDEN;

/* Take everything off the shadow stack that is dead, seen from that address. */
void fsc_call_heal(struct fsc_thread *thread, uintptr_t here) FSC_HIDDEN;

/* Fill what every frame has; its parent is the top of the shadow stack. */
void fsc_call_open(struct fsc_thread *thread, struct fsc_frame *frame, uint8_t kind) FSC_HIDDEN;

/* Put the frame on the shadow stack. false: no room, the frame stands alone. */
bool fsc_call_push(struct fsc_thread *thread, struct fsc_frame *frame, uint32_t site,
		   bool is_mark) FSC_HIDDEN;

/* Take the frame off again and give its time to its parents. start and end are set. */
void fsc_call_close(struct fsc_thread *thread, struct fsc_frame *frame) FSC_HIDDEN;

/* Close a phase and record it. */
void fsc_call_leave_phase(struct fsc_thread *thread, struct fsc_frame *frame) FSC_HIDDEN;

#endif
