/* SPDX-License-Identifier: MIT */
/*
 * drain_internal.h - what the parts of a drain share: rings (drain.c), the state stream
 * (drain_state.c) and the image file under both (drain_file.c).
 */
#ifndef TRACE_POINTS_DRAIN_INTERNAL_H
#define TRACE_POINTS_DRAIN_INTERNAL_H

#include <limits.h>
#include <stddef.h>

#include "trace_points/clock.h"
#include "trace_points/drain.h"
#include "trace_points/events.h"
#include "trace_points/packet.h"

enum fsc_drain_limit { FSC_DRAIN_STATE_BYTES = 64 * 1024, FSC_DRAIN_SCRATCH_BYTES = 64 * 1024 };

/*
 * Records of the near future are real: another core's counter, read since we looked. One that is
 * later by more is nonsense.
 */
#define FSC_DRAIN_SLACK_TICKS (1ull << 32)

/* A part of the image file in our memory. */
struct fsc_drain_piece {
	void *base; /* page-aligned, for munmap */
	size_t length;
	void *data; /* the offset that was asked for */
};

/* One slot of the image, as far as it was drained. */
struct fsc_drain_slot {
	struct fsc_drain_piece ring;
	uint64_t ring_offset; /* 0 = none yet */
	uint64_t tail;	      /* ours: the shared one is only told */
	uint32_t capacity;
	uint32_t tid;
	bool bad;	      /* the present ring is given up */
	uint64_t dropped;     /* by the present ring's producer, as last seen */
	uint64_t findings;    /* of these, bad verdicts */
	uint64_t lost_events; /* in past rings, bad rings and refused packets */
	uint64_t lost_findings;
	uint64_t sequence;
	uint64_t end_ticks; /* of the last packet */
};

struct fsc_drain_state {
	bool begun;
	uint32_t string_bytes; /* of the image's strings[], written so far */
	uint32_t module_count; /* modules written so far: ids 1 to module_count */
	uint32_t site_count;   /* sites likewise */
	uint64_t clock_ns;     /* CLOCK_MONOTONIC of the last clock pair */
	uint64_t sequence;
	uint64_t lost_events;	/* refused by the output at the end */
	uint64_t made_buffers;	/* from the counters, at the end */
	uint64_t freed_buffers; /* likewise */
	uint64_t begin_ticks;	/* of the packet that is being filled */
	uint64_t ticks;		/* of the last event: they never run backwards */
	uint64_t events;	/* in the packet that is being filled */
	size_t used;
	uint16_t site_flags[FSC_SITES_MAX];		   /* as last written */
	struct fsc_probe_cost probe_cost[FSC_PROBE_KINDS]; /* known: to be written yet */
	uint8_t buffer[FSC_DRAIN_STATE_BYTES];
};

struct fsc_drain {
	char path[PATH_MAX];
	int fd;
	uint64_t device; /* not dev_t and ino_t: their sizes depend on _FILE_OFFSET_BITS */
	uint64_t inode;
	uint64_t file_bytes; /* as of the last look */
	uint8_t uuid[16];
	uint32_t packet_max;
	struct fsc_drain_output output;
	struct fsc_drain_totals totals; /* lost_* are summed up on demand */
	struct fsc_drain_piece fixed;
	struct fsc_image image; /* copy of the shared header */
	struct fsc_drain_state state;
	uint8_t scratch[FSC_DRAIN_SCRATCH_BYTES];
	struct fsc_drain_slot slots[FSC_SLOTS_MAX];
};

static inline const void *fsc_drain_fixed(const struct fsc_drain *drain, size_t offset)
{
	return (const uint8_t *)drain->fixed.data + offset;
}

/* Slots that may be looked at: what the image says, bounded. */
static inline uint32_t fsc_drain_slot_count(const struct fsc_drain *drain)
{
	return drain->image.slot_count < FSC_SLOTS_MAX ? drain->image.slot_count : FSC_SLOTS_MAX;
}

static inline uint64_t fsc_drain_slot_lost(const struct fsc_drain_slot *slot)
{
	return slot->lost_events + slot->dropped;
}

/* ---- drain_file.c ---- */

/* 0, or errno; EINVAL: too short, or no file. */
int fsc_drain_file_open(struct fsc_drain *drain, const char *path);

/*
 * The file is ours and long enough. A program that closes all descriptors closes this one too, and
 * another file may have its number now: then the image is opened once more by its path.
 */
bool fsc_drain_file_look(struct fsc_drain *drain);

/* Map a part of the file, for fsc_drain_piece_unmap(). false: errno, or it is not there. */
bool fsc_drain_piece_map(struct fsc_drain *drain, struct fsc_drain_piece *piece, uint64_t offset,
			 uint64_t bytes);
void fsc_drain_piece_unmap(struct fsc_drain_piece *piece);

/*
 * Give the memory of a piece back, in whole pages; its bytes read as zero afterwards. When that
 * cannot be, only memory is lost. What stands before the piece in its first page is kept.
 */
void fsc_drain_piece_forget(const struct fsc_drain_piece *piece);

/* Copy bytes of the image file into scratch (at most its size). false: they are not there. */
bool fsc_drain_read(struct fsc_drain *drain, uint64_t offset, size_t bytes);

/* ---- drain_state.c ---- */

/* Write what is new in the image to the state stream; begins it when needed. */
void fsc_drain_state_poll(struct fsc_drain *drain);

/* Were calls counted that no thread could record? */
bool fsc_drain_state_has_skipped(const struct fsc_drain *drain);

/* Write totals, live buffers and losses, and the last packet of the state stream. */
void fsc_drain_state_finish(struct fsc_drain *drain);

/* Write all that is known, and then the image itself. */
void fsc_drain_state_tell(struct fsc_drain *drain);
/*
 * At the end: write a record, one of struct fsc_*_record, to the state stream; its id and ticks are
 * filled in. What is refused for good counts as lost.
 */
void fsc_drain_put(struct fsc_drain *drain, uint32_t id, void *record);

/* ---- drain_profile.c ---- */

/* At the end: write the distributions of a slot. */
void fsc_drain_profile(struct fsc_drain *drain, uint32_t slot);

/* ---- drain.c ---- */

/* Hand a packet to the output; 0, or the errno value of its refusal. */
int fsc_drain_packet(struct fsc_drain *drain, struct fsc_packet_header *header, struct iovec *parts,
		     int part_count, uint64_t events);

#endif
