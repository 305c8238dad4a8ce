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

/* ---- call_unseen.c: what is rare about the begin of a call ---- */

enum { FSC_CALL_UNSEEN = -1 };

/* A call that is neither timed nor recorded; counted where that is possible. FSC_CALL_UNSEEN. */
int64_t fsc_call_pass_without_thread(const struct fsc_site *site) FSC_HIDDEN;
int64_t fsc_call_pass_unseen(struct fsc_thread *thread, const struct fsc_site *site) FSC_HIDDEN;

/* Give the thread what it needs to record this site. Runs with busy set. */
bool fsc_call_make_ready(struct fsc_thread *thread, const struct fsc_site *site) FSC_HIDDEN;

#endif
