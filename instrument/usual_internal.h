/* SPDX-License-Identifier: MIT */
/*
 * usual_internal.h - the usual request: a maker whose struct {ptr,len,cap} came back through the
 * hidden pointer, and the free function that takes it by value. Each leaves one record.
 *
 * Both are lone frames of sites that struct fsc_site calls usual. What is not quite so usual (a
 * number that is too large, a buffer from elsewhere, a verdict that is bad, no room) is left to
 * call_hooks.c, untouched. Runs inside the hooks, under their rules.
 */
#ifndef INSTRUMENT_USUAL_INTERNAL_H
#define INSTRUMENT_USUAL_INTERNAL_H

#include "sites_internal.h"

/* true: the call is closed and recorded, the hook is done. false: nothing was done. */
bool fsc_usual_leave_maker(struct fsc_thread *thread, struct fsc_frame *frame) FSC_HIDDEN;
bool fsc_usual_leave_free(struct fsc_thread *thread, struct fsc_frame *frame) FSC_HIDDEN;

#endif
