/* SPDX-License-Identifier: MIT */
/*
 * profiles.h - the distributions of the profile sink, added up over threads.
 *
 * In:     site_profile, site_inside and site_histogram records of a state stream, in any order.
 * Out:    struct fsc_profile by site, kind and phase, in no order.
 * Cost:   memory for what the records say, bounded by FSC_PROFILES_MAX.
 * Thread: one object per thread.
 */
#ifndef ANALYZERS_PROFILES_H
#define ANALYZERS_PROFILES_H

#include "analyzers/histogram.h"
#include "analyzers/status.h"
#include "trace_points/events.h"
#include "trace_points/profile.h"

enum fsc_profiles_limit { FSC_PROFILES_MAX = 1 << 16, FSC_PROFILES_HEADS = 1 << 12 };

/* Durations in ticks of the image's clock; see struct fsc_profile_cell. */
struct fsc_profile {
	uint16_t site;
	uint8_t kind; /* enum fsc_profile_kind */
	uint32_t phase;
	uint64_t count; /* of all buckets: of what is in the distribution */
	uint64_t total_ticks;
	uint64_t least_ticks;
	uint64_t most_ticks;
	uint64_t threads;
	uint64_t apart;
	uint64_t children_ticks;
	uint64_t child_calls;
	uint64_t own_phases;
	uint64_t probes;
	uint64_t most_probes;
	uint64_t allocations;
	uint64_t allocated_bytes;
	uint64_t frees;
	uint64_t freed_bytes;
	/* Counts of FSC_PROFILE_PER_OCTAVE buckets each, NULL = all 0. */
	uint64_t *counts[FSC_PROFILE_OCTAVES + 1];
	uint32_t next; /* of the same head: index + 1 */
};

/* Zeroed memory is an empty one. */
struct fsc_profiles {
	struct fsc_profile *items;
	size_t count;
	size_t capacity;
	uint32_t head[FSC_PROFILES_HEADS]; /* hash table: index + 1 */
};

void fsc_profiles_fini(struct fsc_profiles *profiles);

/*
 * record: one of the three, by its id. FSC_E_LIMIT: its numbers are out of bounds, nothing was
 * added. FSC_E_NOMEM.
 */
FSC_MUST_CHECK enum fsc_status fsc_profiles_add(struct fsc_profiles *profiles, uint32_t id,
						const void *record);

/* The profile of that key, or NULL. */
const struct fsc_profile *fsc_profiles_find(const struct fsc_profiles *profiles, uint16_t site,
					    uint8_t kind, uint32_t phase);

/* Ticks in ns, rounded to nearest; ticks_per_s > 0. */
int64_t fsc_profiles_ns(uint64_t ticks, uint64_t ticks_per_s);

/*
 * Add a distribution to a histogram of ns. Its total, least and most are exact; a quantile is
 * within 0.67 %.
 */
void fsc_profiles_spread(struct fsc_histogram *into, const struct fsc_profile *profile,
			 uint64_t ticks_per_s);

#endif
