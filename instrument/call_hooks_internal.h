/* SPDX-License-Identifier: MIT */
/*
 * call_hooks_internal.h - the hooks around a wrapped function; called by the thunk with its frame.
 */
#ifndef INSTRUMENT_CALL_HOOKS_INTERNAL_H
#define INSTRUMENT_CALL_HOOKS_INTERNAL_H

#include "thread_internal.h"

int64_t fsc_call_enter(struct fsc_frame *frame) FSC_HIDDEN;
void fsc_call_leave(struct fsc_frame *frame) FSC_HIDDEN;

/* Take a phase off again and record it. start and end are set. */
void fsc_call_leave_phase(struct fsc_thread *thread, struct fsc_frame *frame) FSC_HIDDEN;

#endif
