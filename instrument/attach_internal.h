/* SPDX-License-Identifier: MIT */
/*
 * attach_internal.h - what the constructor and clone.c ask of attach.c and arch/<cpu>/arch.c.
 */
#ifndef INSTRUMENT_ATTACH_INTERNAL_H
#define INSTRUMENT_ATTACH_INTERNAL_H

#include "thread_internal.h"

/* Make the key whose destructor gives a thread's slot back. */
void fsc_attach_start(void) FSC_HIDDEN;

/* Give the thread what it needs to record, in that slot if it is free. */
bool fsc_attach_to_slot(struct fsc_thread *thread, uint32_t wanted_slot) FSC_HIDDEN;

/* Close what a thread has, as when it ends. argument is struct fsc_thread *. */
void fsc_attach_end(void *argument) FSC_HIDDEN;

/* Find out what the thunks need to know of this very processor. */
void fsc_arch_start(void) FSC_HIDDEN;

/*
 * Where the own stack of this thread begins, its lowest address; not of the main thread.
 * UINTPTR_MAX: not to be known.
 */
uintptr_t fsc_arch_stack_begin(void) FSC_HIDDEN;

/* What this process has mapped for a slot; valid when owner is this image's pid. */
struct fsc_slot_mapping {
	struct fsc_ring *ring;
	uint64_t ring_offset;
	uint64_t ring_bytes;
	struct fsc_counter *counters;
	uint32_t counter_limit;
	uint32_t owner;
	/* Sink lttng: */
	uint32_t locked;      /* atomic: 1 = its records are being told, or moved */
	uint32_t asked;	      /* atomic: 1 = its owner found it locked */
	uint32_t left;	      /* atomic: 1 = its thread is gone, what it left is still to be told */
	uint64_t lost_events; /* of ring->dropped: in the image's count already */
	uint64_t lost_findings; /* likewise */
};

extern struct fsc_slot_mapping fsc_slot_mappings[FSC_SLOTS_MAX] FSC_HIDDEN;

/* Bytes of the ring that follows one of that size, at most `most`. */
uint64_t fsc_attach_grown(uint64_t bytes, uint64_t most) FSC_HIDDEN;

/* Another thread may take the slot. */
void fsc_attach_release_slot(uint32_t slot) FSC_HIDDEN;

#endif
