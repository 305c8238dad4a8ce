/* SPDX-License-Identifier: MIT */
/*
 * profile.h - what the profile sink keeps in a process image: distributions instead of events.
 *
 * The image file has one region of image->profile_bytes at image->profile_offset. Places in it are
 * numbered in units of FSC_PROFILE_UNIT bytes from its begin; 0 = none. Each slot has a struct
 * fsc_profile_slot, found by fsc_slot.profile, and a list of cells, each for one site, kind and
 * phase.
 *
 * Buckets are of ticks of the image's clock, and linear within an octave, so that finding one takes
 * a few instructions: bucket i below 256 holds the value i; then each 128 are twice as wide as
 * those before. A bucket's middle is within 0.39 % of anything in it. The counts of an octave are
 * made when the first value falls into it.
 *
 * Threads: single writer, the slot's owner. Whoever reads meanwhile sees each number whole (on i386
 * each half), and places only once what lies there is complete (release, acquire).
 * Trust: the reader checks every place against the region's size.
 */
#ifndef TRACE_POINTS_PROFILE_H
#define TRACE_POINTS_PROFILE_H

#include <stdint.h>

enum fsc_profile_layout {
	FSC_PROFILE_UNIT = 64,
	FSC_PROFILE_BITS = 7, /* an octave has 2^7 buckets */
	FSC_PROFILE_PER_OCTAVE = 1 << FSC_PROFILE_BITS,
	FSC_PROFILE_OCTAVES = 64 - FSC_PROFILE_BITS, /* the first one is two: it begins at 0 */
	FSC_PROFILE_BUCKETS = (FSC_PROFILE_OCTAVES + 1) * FSC_PROFILE_PER_OCTAVE,
	FSC_PROFILE_CHUNK = 16384, /* a slot takes so much of the region at a time */
	FSC_PROFILE_KINDS = 8	   /* places of a site in a slot's directory */
};

/* What a cell tells of its site. */
enum fsc_profile_kind {
	FSC_PROFILE_CALL, /* its completed calls */
	FSC_PROFILE_HELD, /* from the end of the making call to the free of a buffer of the site */
	FSC_PROFILE_DECODE, /* per outermost call in which it ran: the codec on the library's side
			     */
	FSC_PROFILE_ENCODE,
	FSC_PROFILE_REST, /* per outermost call: what no phase took */
	FSC_PROFILE_HOST, /* of a codec function, or a phase by name of site 0: outside all calls */
	FSC_PROFILE_NAMED /* per outermost call: a phase of ffiscope_begin() */
};

struct fsc_profile_cell {
	uint64_t total_ticks; /* of all values */
	uint64_t least_ticks; /* UINT64_MAX: none yet */
	uint64_t most_ticks;
	uint32_t next;	/* place of the slot's next cell */
	uint32_t more;	/* place of the next cell of that site and kind, with another phase */
	uint32_t phase; /* enum fsc_phase_id or a string id; 0 = of no phase */
	uint16_t site;
	uint8_t kind; /* enum fsc_profile_kind */
	uint8_t reserved;
	/* A call: made from inside another; a held buffer: freed late (by another thread, or after
	 * another call of its own); a rest: of a call whose codec would have been seen. */
	uint64_t apart;
	uint64_t children_ticks; /* of calls from inside it */
	uint64_t child_calls;
	/* Of a call: phases that lie in no call inside it; of a phase: how often it ran. */
	uint64_t own_phases;
	/* Calls and phases inside; of a call or rest: at whatever depth, of a phase: directly. */
	uint64_t probes;
	uint64_t most_probes; /* of one value */
	uint64_t allocations;
	uint64_t allocated_bytes;
	uint64_t frees;
	uint64_t freed_bytes;
	/* fsc_profile_counts() of each octave's counts; 0 = none. */
	uint32_t octave[FSC_PROFILE_OCTAVES];
	uint32_t threads; /* of the slot, one after the other, that had a value in it */
	uint32_t unused[6];
};

/* Of one slot, whoever owns it. */
struct fsc_profile_slot {
	uint32_t cells;	    /* atomic: place of the newest cell */
	uint32_t chunk;	    /* place of what is left of the present chunk */
	uint32_t chunk_end; /* place after it */
	/* Place of uint32_t[site_limit][FSC_PROFILE_KINDS]: places of the owner's cells. */
	uint32_t directory;
	uint32_t site_limit; /* sites below it have places there */
	uint32_t reserved[11];
};

/* The octave of a value, and its bucket: octave * 128 + (value >> octave). */
static inline uint32_t fsc_profile_octave(uint64_t ticks)
{
	return 63 - FSC_PROFILE_BITS -
	       (uint32_t)__builtin_clzll(ticks | (uint64_t)FSC_PROFILE_PER_OCTAVE);
}

/*
 * What stands for the counts that lie at a place: as if there were some for the 128 values below
 * the octave too, which the first octave alone has. No place is that small.
 */
static inline uint32_t fsc_profile_counts(uint32_t octave, uint32_t place)
{
	enum { BELOW = FSC_PROFILE_PER_OCTAVE * 8 / FSC_PROFILE_UNIT };

	return octave ? place - BELOW : place;
}

/* And the place of it. */
static inline uint32_t fsc_profile_counts_place(uint32_t octave, uint32_t counts)
{
	return octave ? counts + (counts - fsc_profile_counts(octave, counts)) : counts;
}

/* The first value of a bucket below FSC_PROFILE_BUCKETS. */
static inline uint64_t fsc_profile_bucket_begin(uint32_t bucket)
{
	uint32_t octave =
		bucket < 2 * FSC_PROFILE_PER_OCTAVE ? 0 : bucket / FSC_PROFILE_PER_OCTAVE - 1;

	return (uint64_t)(bucket - octave * FSC_PROFILE_PER_OCTAVE) << octave;
}

/* Its middle, which stands for it. */
static inline uint64_t fsc_profile_bucket_value(uint32_t bucket)
{
	uint64_t begin = fsc_profile_bucket_begin(bucket);
	uint64_t width = bucket + 1 < FSC_PROFILE_BUCKETS
				 ? fsc_profile_bucket_begin(bucket + 1) - begin
				 : UINT64_MAX - begin;

	return begin + (width - 1) / 2;
}

_Static_assert(sizeof(struct fsc_profile_cell) % 8 == 0 && sizeof(struct fsc_profile_slot) == 64,
	       "profile layout");

#endif
