/* SPDX-License-Identifier: MIT */
/*
 * profile_internal.h - the profile sink: what a finished call or phase adds to distributions.
 *
 * A thread of this sink has cursor->profile; its cursor never has room in the ring (end == at), so
 * that each call takes the way of those without room. Memory is taken on first use, from a region
 * of the image that is bounded; a value that finds none is counted.
 *
 * Runs inside the hooks, under their rules; functions named after memory are slow paths.
 */
#ifndef INSTRUMENT_PROFILE_INTERNAL_H
#define INSTRUMENT_PROFILE_INTERNAL_H

#include "shadow_internal.h"
#include "sites_internal.h"
#include "trace_points/profile.h"

static inline void *fsc_profile_at(const struct fsc_cursor *cursor, uint32_t place)
{
	return cursor->profile + (uintptr_t)place * FSC_PROFILE_UNIT;
}

/* The place of that cell, 0 = none yet. site: below the cursor's counter_limit. */
static inline uint32_t *fsc_profile_place(const struct fsc_cursor *cursor, uint32_t site,
					  uint32_t kind)
{
	return &cursor->profile_cells[site * FSC_PROFILE_KINDS + kind];
}

/* One more value, when its octave has counts; else false, and nothing was done. */
static inline __attribute__((always_inline)) bool
fsc_profile_count(const struct fsc_cursor *cursor, struct fsc_profile_cell *cell, uint64_t ticks)
{
	uint32_t octave = fsc_profile_octave(ticks);
	uint32_t counts = cell->octave[octave];

	if (FSC_UNLIKELY(!counts))
		return false;
	((uint64_t *)fsc_profile_at(cursor, counts))[ticks >> octave]++;
	cell->total_ticks += ticks;
	if (FSC_UNLIKELY(ticks < cell->least_ticks))
		cell->least_ticks = ticks;
	if (FSC_UNLIKELY(ticks > cell->most_ticks))
		cell->most_ticks = ticks;
	return true;
}

/* A completed call, counted and closed; with what crossed and what ran inside. */
void fsc_profile_call(struct fsc_thread *thread, struct fsc_frame *frame,
		      const struct fsc_closed *closed) FSC_HIDDEN;

/* A closed phase. */
void fsc_profile_phase(struct fsc_thread *thread, const struct fsc_frame *frame,
		       const struct fsc_closed *closed) FSC_HIDDEN;

/* A closed pool function. */
void fsc_profile_pool(struct fsc_thread *thread, struct fsc_frame *frame) FSC_HIDDEN;

/* ---- profile_memory.c: called through fsc_arch_call_outside() ---- */

struct fsc_profile_wanted {
	struct fsc_thread *thread;
	struct fsc_profile_cell *cell; /* of which an octave is wanted; NULL: a cell is */
	uint32_t octave;
	uint32_t site;
	uint32_t kind;
	uint32_t phase;
};

/* argument is struct fsc_profile_wanted *. Returns the address of what was made, 0 = no room. */
uint64_t fsc_profile_make(void *argument) FSC_HIDDEN;

/* A slot's owner begins: find or make what the slot needs. */
void fsc_profile_attach(struct fsc_cursor *cursor, struct fsc_slot *slot) FSC_HIDDEN;

/* The slot has more counters: its directory grows with them. */
void fsc_profile_grow(struct fsc_cursor *cursor, struct fsc_slot *slot,
		      uint32_t site_limit) FSC_HIDDEN;

/* Make the region of a new image. false: no memory. */
bool fsc_profile_start(struct fsc_image *image, const char *path) FSC_HIDDEN;

#endif
