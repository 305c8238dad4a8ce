/* SPDX-License-Identifier: MIT */
/*
 * spans.h - a breakdown as weighted stacks, for whoever draws it.
 *
 * In:     a finished breakdown.
 * Out:    one span per phase that was seen: entry point, side, phase, weight. Their weights add
 *         up to the requests' total time.
 * Cost:   none beyond the visits.
 * Thread: as the breakdown.
 */
#ifndef ANALYZERS_SPANS_H
#define ANALYZERS_SPANS_H

#include "analyzers/breakdown.h"

/* Texts are borrowed for the visit from the breakdown. */
struct fsc_span {
	const char *entry_point;
	const char *library;
	enum fsc_side side;
	const char *phase;
	int64_t total_ns; /* corrected wall time; can be negative */
	uint64_t count;	  /* how many times */
	struct fsc_maybe allocations;
	struct fsc_maybe allocated_bytes;
};

/* Visit every span; stops when visit returns false. */
void fsc_spans_walk(const struct fsc_breakdown_result *breakdown,
		    bool (*visit)(void *arg, const struct fsc_span *span), void *arg);

#endif
