/* SPDX-License-Identifier: MIT */
/*
 * seen.h - what this process's own recording says: the events that were recorded since last asked.
 *
 * In:     the image file of this process in the session's folder.
 * Out:    sums of the durations of its only thread's calls and phases.
 * Thread: one; another reads for it.
 */
#ifndef INSTRUMENT_CALIBRATE_SEEN_H
#define INSTRUMENT_CALIBRATE_SEEN_H

#include <stdbool.h>
#include <stdint.h>

struct fsc_seen_sum {
	uint64_t count;
	uint64_t ticks;
};

struct fsc_seen {
	struct fsc_seen_sum outermost; /* calls that neither returned nor took a buffer */
	struct fsc_seen_sum nested;
	struct fsc_seen_sum made;
	struct fsc_seen_sum freed;
	struct fsc_seen_sum phases;
};

/* session: its folder. false: there is no such image, or its clock is not known. */
bool fsc_seen_open(const char *session, bool *system_clock);

/* Sum up what was recorded since the last time, and take it from the rings, so that none fills. */
void fsc_seen_take(struct fsc_seen *seen);

#endif
