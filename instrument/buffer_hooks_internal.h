/* SPDX-License-Identifier: MIT */
/*
 * buffer_hooks_internal.h - what crosses with a call: request, response, and buffers given back.
 *
 * Runs inside the hooks of call_hooks.c, under the same rules (general registers only, busy set).
 */
#ifndef INSTRUMENT_BUFFER_HOOKS_INTERNAL_H
#define INSTRUMENT_BUFFER_HOOKS_INTERNAL_H

#include "record_internal.h"
#include "sites_internal.h"

/* What a call carried. Bytes are 0 and the flag unset where it is not known. */
struct fsc_crossing {
	uint8_t flags; /* enum fsc_call_flag */
	uint64_t request;
	uint64_t request_bytes;
	uint64_t response_bytes;
};

/*
 * Before an entry point that may return a struct of 24 bytes, on a processor whose ABI does not
 * give the hidden pointer back: note what stands there, so that a struct left by another call is
 * not taken for this one's.
 */
void fsc_buffer_before(struct fsc_frame *frame) FSC_HIDDEN;

/*
 * After an entry point: find request and response, enter the response in the ledger. What is to be
 * told goes into the call's group.
 */
void fsc_buffer_crossed(struct fsc_group *group, struct fsc_frame *frame,
			struct fsc_crossing *crossing) FSC_HIDDEN;

/* Whether anything can have crossed with this call; a quick no for calls that carry nothing. */
static inline __attribute__((always_inline)) bool
fsc_buffer_may_carry(const struct fsc_thread *thread, const struct fsc_frame *frame)
{
	uint8_t carries = frame->site->carries;

	return carries != FSC_CARRIES_NOTHING &&
	       (carries == FSC_CARRIES || thread->recent_count != frame->recent_start ||
		fsc_arch_hidden(frame) >= FSC_PAGE);
}

/* After an entry point that allocated and is not known to return buffers: it may have, all the
 * same. */
void fsc_buffer_unknown_call(const struct fsc_site *site) FSC_HIDDEN;

/*
 * Before a free or release function: take the buffer out of the ledger, before the real one makes
 * its address available to other threads. Leaves what it found in the frame.
 */
void fsc_buffer_give_back(struct fsc_thread *thread, struct fsc_site *site,
			  struct fsc_frame *frame) FSC_HIDDEN;

static inline bool fsc_buffer_is_finding(const struct fsc_frame *frame)
{
	return frame->freed_pointer && frame->verdict >= FSC_VERDICT_FREED_TWICE &&
	       frame->verdict <= FSC_VERDICT_FOREIGN_FREE;
}

/* After it: tell what fsc_buffer_give_back() found, a finding in the room kept for those. */
void fsc_buffer_add_freed(struct fsc_group *group, const struct fsc_frame *frame) FSC_HIDDEN;
void fsc_buffer_record_finding(struct fsc_thread *thread, const struct fsc_frame *frame) FSC_HIDDEN;

/* After a pool's acquire function. */
void fsc_buffer_acquired(struct fsc_group *group, struct fsc_frame *frame) FSC_HIDDEN;

/* After a codec function: message, buffer and bytes of the phase. */
void fsc_buffer_codec(struct fsc_site *site, struct fsc_frame *frame,
		      struct fsc_phase_record *record) FSC_HIDDEN;

#endif
