/* SPDX-License-Identifier: MIT */
/*
 * habits_internal.h - how the buffers of each entry point are usually given back in one image.
 *
 * In:     its buffer_freed events; then its buffers that are live at the end.
 * Out:    whether such a buffer only awaits a finalizer.
 * Cost:   24 bytes per wrapped function.
 * Thread: one object per image.
 *
 * A buffer is given back late when another thread does it, or its own thread began another call in
 * between. Where more than half come late, one that is live at the end awaits its finalizer as long
 * as it is no older than the longest that was ever held; an older one was forgotten.
 */
#ifndef ANALYZERS_HABITS_INTERNAL_H
#define ANALYZERS_HABITS_INTERNAL_H

#include "analyzers/event_stream.h"

struct fsc_habit {
	uint64_t freed;
	uint64_t late;
	int64_t longest_ns; /* from the end of the making call */
};

struct fsc_habits {
	const struct fsc_state *state;
	struct fsc_habit *sites; /* by site id */
	int64_t last_ns;	 /* of the events so far */
};

/* FSC_E_NOMEM. Ends with fsc_habits_fini(), also then. state must outlive it. */
FSC_MUST_CHECK enum fsc_status fsc_habits_init(struct fsc_habits *habits,
					       const struct fsc_state *state);
void fsc_habits_fini(struct fsc_habits *habits);

/* Any event, in time order. */
void fsc_habits_add(struct fsc_habits *habits, const struct fsc_event *event);

bool fsc_habits_awaits(const struct fsc_habits *habits, const struct fsc_live_buffer *live);

#endif
