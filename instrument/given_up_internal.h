/* SPDX-License-Identifier: MIT */
/*
 * given_up_internal.h - threads that are recorded no more.
 *
 * Thread: the one that is given up, also in a signal handler that interrupted a hook.
 */
#ifndef INSTRUMENT_GIVEN_UP_INTERNAL_H
#define INSTRUMENT_GIVEN_UP_INTERNAL_H

#include "thread_internal.h"

struct fsc_given_up {
	uint32_t refused;
	uint32_t owner;	 /* image that it was attached to, 0 = none */
	uint64_t number; /* of its last call */
	uint32_t slot;
	uint32_t counter_limit;
	bool kept; /* it has all that it had, but is closed to further calls */
	uint32_t tid;
	uint32_t plain_limit;
	uint32_t unframed_bytes;
};

/*
 * Close what this thread has, as when it ends, and never record it again; unless what it was for
 * did not happen: then end() with what begin() returned. with_clock: nor may its clock be
 * read any more.
 */
struct fsc_given_up fsc_given_up_begin(struct fsc_thread *thread, bool with_clock) FSC_HIDDEN;
void fsc_given_up_end(struct fsc_thread *thread, const struct fsc_given_up *before) FSC_HIDDEN;

/* Every later call asks for the thread to be attached, and is refused. */
void fsc_given_up_close(struct fsc_thread *thread) FSC_HIDDEN;

#endif
