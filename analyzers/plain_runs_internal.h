/* SPDX-License-Identifier: MIT */
/*
 * plain_runs_internal.h - calls that nothing joins, counted by duration instead of one by one.
 *
 * In:     what lies ahead in a stream, straight from its packet.
 * Out:    fsc_requests_add_alike() for each duration that was seen, once, at the end: so what such
 *         a call means is said in requests.c alone.
 * Cost:   two conversions of time and one count for each call; a table of 32 KiB for each of at
 *         most FSC_PLAIN_SITES_MAX sites.
 * Thread: one object per thread.
 *
 * A plain call is an outermost one of kind entry, without buffer and inner calls. It is the whole
 * request when its thread has nothing that waits for a call, and when the thread's next record is a
 * plain call, too. The first of each thread and site, and long ones, go the usual way.
 */
#ifndef ANALYZERS_PLAIN_RUNS_INTERNAL_H
#define ANALYZERS_PLAIN_RUNS_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzers/clock_map.h"

struct fsc_gatherer;
struct fsc_record_stream;

enum fsc_plain_limit { FSC_PLAIN_NS_MAX = 2048, FSC_PLAIN_SITES_MAX = 256 };

/* The plain calls of one site. */
struct fsc_plain_site {
	uint64_t thread; /* of fsc_plain_runs: the one that was last found to be known here */
	uint64_t request_bytes;
	uint64_t response_bytes;
	uint8_t flags;			      /* of all calls */
	uint64_t counts[2][FSC_PLAIN_NS_MAX]; /* by FSC_CALL_CODECS and duration */
};

/* Zeroed memory is an empty one. */
struct fsc_plain_runs {
	struct fsc_plain_site **sites; /* by site id; NULL: not yet, or none */
	size_t site_count;
	uint64_t thread; /* counts changes of slot or tid */
	uint32_t slot;
	uint32_t tid;
};

void fsc_plain_runs_fini(struct fsc_plain_runs *runs);

/* Take the plain calls that lie ahead in the stream, if the next records are such. */
void fsc_plain_runs_read(struct fsc_gatherer *gatherer, const struct fsc_clock_map *clock,
			 struct fsc_record_stream *stream);

/* Add to the rows what was counted. */
void fsc_plain_runs_add(struct fsc_gatherer *gatherer);

#endif
