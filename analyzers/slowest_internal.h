/* SPDX-License-Identifier: MIT */
/*
 * slowest_internal.h - what the slowest requests are made of, without keeping requests.
 *
 * In:     the duration of each request and what each phase claims of it, all raw.
 * Out:    sums over the slowest requests that are at least 1 % of all.
 * Cost:   one line of sums for each sixteenth of an octave between the shortest and the longest
 *         request, at most FSC_SLOWEST_BUCKETS; no allocation once that range is known.
 * Thread: one object per thread.
 *
 * Requests whose durations are within 6.3 % of each other are taken or left together; so the result
 * does not depend on the order in which they came.
 */
#ifndef ANALYZERS_SLOWEST_INTERNAL_H
#define ANALYZERS_SLOWEST_INTERNAL_H

#include "analyzers/status.h"

enum fsc_slowest_limit {
	FSC_SLOWEST_COLUMNS = 24, /* phases told apart */
	FSC_SLOWEST_LEAST = 100,  /* of fewer requests 1 % is less than one */
	FSC_SLOWEST_MOST = 10,	  /* a larger part than one in so many is not apart from the rest */
	FSC_SLOWEST_PER_OCTAVE = 16,
	FSC_SLOWEST_BUCKETS = 40 * FSC_SLOWEST_PER_OCTAVE /* up to 18 minutes; all above is one */
};

/* Sums over some requests. */
struct fsc_slowest_line {
	uint64_t count;
	int64_t least_ns; /* the shortest of them; meaningful when count > 0 */
	int64_t raw_ns;
	int64_t phase_raw_ns[FSC_SLOWEST_COLUMNS];
};

/* Zeroed memory is an empty one. */
struct fsc_slowest {
	struct fsc_slowest_line *lines; /* of the buckets from `first` on */
	uint32_t first;
	uint32_t size;
};

void fsc_slowest_fini(struct fsc_slowest *slowest);

/*
 * Count `count` requests of one duration. The line that their phases are to be added to, or NULL:
 * no memory.
 */
struct fsc_slowest_line *fsc_slowest_add(struct fsc_slowest *slowest, int64_t duration_ns,
					 uint64_t count);

/* Set a line of a bucket (of FSC_SLOWEST_BUCKETS). FSC_E_NOMEM, FSC_E_LIMIT: no such bucket. */
FSC_MUST_CHECK enum fsc_status fsc_slowest_set(struct fsc_slowest *slowest, uint64_t bucket,
					       const struct fsc_slowest_line *line);

/*
 * Give columns other places: columns[i] is where column i goes, places that do not exist lose it.
 * Columns from `count` on are empty.
 */
void fsc_slowest_move(struct fsc_slowest *slowest, const uint8_t *columns, size_t count);

/* Add all of `from`, columns placed likewise. FSC_E_NOMEM: `into` is as before. */
FSC_MUST_CHECK enum fsc_status fsc_slowest_add_all(struct fsc_slowest *into,
						   const struct fsc_slowest *from,
						   const uint8_t *columns, size_t count);

/* false: there are too few requests, or the slowest are not apart from the rest. */
bool fsc_slowest_sum(const struct fsc_slowest *slowest, uint64_t requests,
		     struct fsc_slowest_line *sum);

#endif
