/* SPDX-License-Identifier: MIT */
/*
 * buffer_hooks_internal.h - what crosses with a call: request, response, and buffers given back.
 *
 * Runs inside the hooks of call_hooks.c, under the same rules (general registers only, busy set).
 */
#ifndef INSTRUMENT_BUFFER_HOOKS_INTERNAL_H
#define INSTRUMENT_BUFFER_HOOKS_INTERNAL_H

#include "sites_internal.h"

/* What a call carried. Bytes are 0 and the flag unset where it is not known. */
struct fsc_crossing {
	uint8_t flags; /* enum fsc_call_flag */
	uint64_t request;
	uint64_t request_bytes;
	uint64_t response_bytes;
};

/* After an entry point: find request and response, enter the response in the ledger. */
void fsc_buffer_crossed(struct fsc_thread *thread, struct fsc_site *site, struct fsc_frame *frame,
			struct fsc_crossing *crossing) FSC_HIDDEN;

/*
 * Before a free or release function: take the buffer out of the ledger, before the real one makes
 * its address available to other threads.
 */
void fsc_buffer_give_back(struct fsc_thread *thread, struct fsc_site *site,
			  struct fsc_frame *frame) FSC_HIDDEN;

/* After it: record what fsc_buffer_give_back() found. */
void fsc_buffer_record_freed(struct fsc_thread *thread, struct fsc_site *site,
			     struct fsc_frame *frame) FSC_HIDDEN;

/* After a pool's acquire function. */
void fsc_buffer_acquired(struct fsc_thread *thread, struct fsc_site *site,
			 struct fsc_frame *frame) FSC_HIDDEN;

/* After a codec function: message, buffer and bytes of the phase. */
void fsc_buffer_codec(struct fsc_site *site, struct fsc_frame *frame,
		      struct fsc_phase_record *record) FSC_HIDDEN;

/* A plain free() or realloc() of a pointer that may be live. Called from the allocation hooks. */
void fsc_buffer_plain_free(uint64_t pointer) FSC_HIDDEN;

#endif
