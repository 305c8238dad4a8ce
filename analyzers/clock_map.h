/* SPDX-License-Identifier: MIT */
/*
 * clock_map.h - from ticks to CLOCK_MONOTONIC ns.
 *
 * In:     pairs of both clocks, in any order; the nominal rate.
 * Out:    a monotone piecewise-linear map, exact at every pair, extended at both ends with the
 *         slope of the nearest piece. Integer arithmetic.
 * Cost:   one multiplication a lookup while lookups stay near each other.
 * Thread: the finished map is read-only.
 *
 * A duration is never converted by itself: map its two ends and subtract, so that parts add up.
 */
#ifndef ANALYZERS_CLOCK_MAP_H
#define ANALYZERS_CLOCK_MAP_H

#include "analyzers/status.h"

enum fsc_clock_map_limit { FSC_CLOCK_PAIRS_MAX = 1 << 20 };

/* From `ticks` on: ns + ((t - ticks) * multiplier >> shift). */
struct fsc_clock_piece {
	uint64_t ticks;
	int64_t ns;
	uint64_t multiplier;
	uint32_t shift;		/* 0 to 63 */
	uint64_t length_ticks;	/* so far the product needs no check */
	uint64_t bracket_ticks; /* uncertainty of the pair at its begin */
};

struct fsc_clock_map {
	struct fsc_clock_piece *pieces; /* by ticks */
	size_t count;			/* after finish: at least 1 */
	size_t capacity;
	uint64_t ticks_per_s; /* over all pairs, else nominal */
	int64_t residual_ns; /* farthest that an inner pair lies from the line from first to last */
	uint64_t refused;    /* pairs that ran backwards */
	bool guessed;	     /* no pair at all: ns are ticks at the nominal rate */
};

void fsc_clock_map_init(struct fsc_clock_map *map);
void fsc_clock_map_fini(struct fsc_clock_map *map);

/* Add a pair. FSC_E_NOMEM, FSC_E_LIMIT. */
FSC_MUST_CHECK enum fsc_status fsc_clock_map_add(struct fsc_clock_map *map, uint64_t ticks,
						 uint64_t monotonic_ns, uint64_t bracket_ticks);

/*
 * Make the map out of the pairs. ticks_per_s: the nominal rate, used when there are fewer than two
 * pairs; 0 = unknown, taken as 1e9.
 */
FSC_MUST_CHECK enum fsc_status fsc_clock_map_finish(struct fsc_clock_map *map,
						    uint64_t ticks_per_s);

/* As fsc_clock_map_ns(), for what lies outside of the piece *hint. */
int64_t fsc_clock_map_find_ns(const struct fsc_clock_map *map, uint64_t ticks, size_t *hint);

/* CLOCK_MONOTONIC ns at that many ticks, kept within +-2^61. *hint: the caller's, 0 at
 * first, then only set here. */
static inline int64_t fsc_clock_map_ns(const struct fsc_clock_map *map, uint64_t ticks,
				       size_t *hint)
{
	const struct fsc_clock_piece *piece = &map->pieces[*hint];
	uint64_t distance = ticks - piece->ticks; /* wraps to a large one before the piece */
	unsigned __int128 product;

	if (distance >= piece->length_ticks)
		return fsc_clock_map_find_ns(map, ticks, hint);
	product = (unsigned __int128)distance * piece->multiplier;
	return piece->ns + (int64_t)((uint64_t)(product >> 64) << 1 << (63 - piece->shift) |
				     (uint64_t)product >> piece->shift);
}

#endif
