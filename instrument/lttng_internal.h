/* SPDX-License-Identifier: MIT */
/*
 * lttng_internal.h - the seam between libffiscope.so and libffiscope-lttng.so, which alone is
 * linked with lttng-ust. The first opens the second when the sink is chosen, and finds one object
 * in it.
 */
#ifndef INSTRUMENT_LTTNG_INTERNAL_H
#define INSTRUMENT_LTTNG_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "trace_points/events.h"

#define FSC_LTTNG_SYMBOL "ffiscope_lttng"

/*
 * How ticks become CLOCK_MONOTONIC ns: a straight line through a moment, the older one saying how
 * steep it is.
 */
struct fsc_lttng_clock {
	uint64_t older_ticks, older_ns;
	uint64_t ticks, ns;
	uint64_t ns_per_tick; /* in units of 2^-32 */
};

/* Whose events these are. */
struct fsc_lttng_origin {
	uint32_t pid;
	uint32_t image; /* n of <pid>-<n> */
	const struct fsc_lttng_clock *clock;
};

/* Filled ahead of its records by who hands them on. */
struct fsc_lttng_batch {
	uint32_t tid;
	uint64_t lost; /* events of that thread that were dropped so far */
	uint64_t end_ticks;
};

struct fsc_lttng {
	uint32_t size; /* of this struct: both libraries must be of one build */
	/* By event id; not 0 while a session wants that event. NULL where there is no event. */
	const int *wanted[FSC_EVENT_COUNT];
	const int *batch_wanted;
	/*
	 * Tell whole records, as they stand in a ring. From any thread; errno may change. true:
	 * some were recorded by a session that is on.
	 */
	bool (*tell)(const struct fsc_lttng_origin *origin, uint32_t tid, const uint8_t *records,
		     uint64_t bytes);
	/* Tell records that were packed (batch.h) as one event. */
	void (*tell_batch)(const struct fsc_lttng_origin *origin,
			   const struct fsc_lttng_batch *batch, const uint8_t *packed,
			   uint32_t bytes);
};

#endif
