/* SPDX-License-Identifier: MIT */
/*
 * lttng_live_internal.h - what is kept of a session that goes on.
 *
 * In:     chunks of a spool (lttng_spool_internal.h).
 * Out:    for each process image the state that it told last, and the times of its calls.
 * Cost:   memory for the images, their names and distributions.
 * Thread: one object per thread.
 */
#ifndef ANALYZERS_LTTNG_LIVE_INTERNAL_H
#define ANALYZERS_LTTNG_LIVE_INTERNAL_H

#include "analyzers/histogram.h"
#include "analyzers/lttng_live.h"
#include "analyzers/lttng_spool_internal.h"
#include "analyzers/state_internal.h"

enum { FSC_LIVE_IMAGES_MAX = 65536 };

struct fsc_live_totals {
	uint64_t calls;
	uint64_t completed;
	uint64_t total_ns;
	uint64_t bytes;
	uint64_t live;
};

/* A function of an image. */
struct fsc_live_site {
	struct fsc_live_totals told;   /* of the last whole round */
	struct fsc_live_totals coming; /* of the round at hand */
	struct fsc_maybe calls_per_s;  /* between the last two */
	struct fsc_histogram times;
};

struct fsc_live_image {
	struct fsc_spool_image said;
	struct fsc_state_builder names; /* strings, modules, sites */
	struct fsc_live_site *sites;	/* by id; owned */
	uint32_t site_count;
	uint64_t coming_ns; /* when the round at hand was told; 0 = none */
	uint64_t told_ns;
	uint64_t heard_ns; /* when that came in here */
	size_t rounds;
	uint64_t lost_events;
	bool ended;
};

struct fsc_lttng_live {
	int fd; /* what the child writes; -1: it came to its end */
	int child;
	uint8_t *bytes; /* of a chunk that is not whole yet; owned */
	size_t used;
	size_t room;
	bool ended;
	bool whole; /* the child got to its end */
	char trouble[256];
	uint64_t dropped;
	struct fsc_live_image *images; /* owned */
	size_t image_count;
};

/* Take in a chunk whose bytes are there. FSC_E_NOMEM, FSC_E_LIMIT. */
FSC_MUST_CHECK enum fsc_status fsc_lttng_live_take(struct fsc_lttng_live *live,
						   const struct fsc_spool_chunk *chunk,
						   const uint8_t *bytes);
void fsc_lttng_live_images_fini(struct fsc_lttng_live *live);

#endif
