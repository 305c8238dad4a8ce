/* SPDX-License-Identifier: MIT */
/*
 * probe_costs_internal.h - what measuring added, by what was measured: every rule of which cost an
 * event takes. Where it fell (a call, the call around it, a gap of the host) is requests.h's
 * matter.
 *
 * In:     what was measured of each kind (state.h), and what is known of an event.
 * Out:    thousandths of ns. All are 0 while not even a plain call's cost is known.
 * Thread: read-only once settled.
 */
#ifndef ANALYZERS_PROBE_COSTS_INTERNAL_H
#define ANALYZERS_PROBE_COSTS_INTERNAL_H

#include "analyzers/event_stream.h"

struct fsc_probe_costs {
	int64_t inner_ps[FSC_PROBE_KINDS];
	int64_t outer_ps[FSC_PROBE_KINDS];
};

/*
 * Let what was measured at one pace of the processor (probe_kinds.h) hold at another, the mean of
 * what was noted while events were recorded. Returns how many thousandths of the time it needed;
 * unknown, and nothing is changed, when the cost has no pace or the two cannot belong together.
 */
struct fsc_maybe fsc_probe_costs_follow(struct fsc_probe_cost measured[FSC_PROBE_KINDS],
					uint64_t pace_ticks);

/* What one call is to its probe. */
struct fsc_probe_call {
	bool nested;
	bool freed;	      /* it gave a buffer back */
	bool made;	      /* it returned one */
	bool request_timed;   /* whose request buffer's allocation was timed */
	bool encloses;	      /* other probes ran inside it */
	uint64_t allocations; /* directly inside it */
	uint64_t frees;
};

struct fsc_probe_taken {
	int64_t own_ps;	  /* in its own time: inner, and its allocations' */
	int64_t outer_ps; /* around it */
};

/* Kinds that were not measured cost what probe_kinds.def says. */
void fsc_probe_costs_settle(struct fsc_probe_costs *costs,
			    const struct fsc_probe_cost measured[FSC_PROBE_KINDS]);

struct fsc_probe_taken fsc_probe_costs_call(const struct fsc_probe_costs *costs,
					    const struct fsc_probe_call *call);

/* Of a phase; its allocations are not in it. */
struct fsc_probe_taken fsc_probe_costs_phase(const struct fsc_probe_costs *costs,
					     const struct fsc_event_phase *phase);

#endif
