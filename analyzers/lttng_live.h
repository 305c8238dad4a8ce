/* SPDX-License-Identifier: MIT */
/*
 * lttng_live.h - an LTTng session that goes on, read from its relay daemon.
 *
 * In:     the URL of a live session: net://HOST[:PORT]/host/HOSTNAME/SESSION.
 * Out:    entry points, summed over all processes of the session, and what is known of these.
 * Cost:   a process in which babeltrace2 reads, with bounded memory; here a distribution for each
 *         function of each process. Events are counted and forgotten.
 * Thread: one object per thread; the caller has no other.
 *
 * Counts are those that each process tells of itself once a second, exact whatever is lost. Times
 * are of the events since the session was opened here.
 */
#ifndef ANALYZERS_LTTNG_LIVE_H
#define ANALYZERS_LTTNG_LIVE_H

#include "analyzers/status.h"

struct fsc_lttng_live; /* opaque */

struct fsc_lttng_live_row {
	char *name;
	char *library; /* path; "" = unknown */
	uint8_t kind;  /* enum fsc_site_kind: entry or free */
	uint64_t calls;
	uint64_t completed;
	uint64_t total_ns; /* of those that are completed */
	uint64_t bytes;	   /* both ways */
	uint64_t live;	   /* buffers */
	struct fsc_maybe calls_per_s;
	struct fsc_maybe p50_ns;
	struct fsc_maybe p99_ns;
};

struct fsc_lttng_live_sample {
	struct fsc_lttng_live_row *rows;
	size_t row_count;
	size_t processes; /* images that were seen */
	size_t running;	  /* of them, which were heard of in the last seconds and did not end */
	size_t hosts;
	size_t rounds;	      /* the most that an image told of itself */
	uint64_t lost_events; /* by the tracer and by the processes */
	bool ended;	      /* the session */
};

/* FSC_E_NOMEM, FSC_E_IO; *out is NULL then. */
FSC_MUST_CHECK enum fsc_status fsc_lttng_live_open(struct fsc_lttng_live **out, const char *url,
						   struct fsc_error *error);

/* Ends the process, too. */
void fsc_lttng_live_close(struct fsc_lttng_live *live);

/*
 * Take in what comes within that time. FSC_OK: that time is over, or the session is.
 * FSC_E_NOT_FOUND: it cannot be read at all; FSC_E_NOMEM, FSC_E_LIMIT.
 */
FSC_MUST_CHECK enum fsc_status fsc_lttng_live_wait(struct fsc_lttng_live *live, uint64_t timeout_ns,
						   struct fsc_error *error);

/* What is known now. FSC_E_NOMEM. Ends with fsc_lttng_live_forget(), also then. */
FSC_MUST_CHECK enum fsc_status fsc_lttng_live_look(const struct fsc_lttng_live *live,
						   struct fsc_lttng_live_sample *sample);
void fsc_lttng_live_forget(struct fsc_lttng_live_sample *sample);

#endif
