/* SPDX-License-Identifier: MIT */
/*
 * frame_internal.h - what a thunk keeps on the stack of the thread that it runs on.
 *
 * The assembly of arch/<cpu>/thunk.S fills the first part and reads it back; its offsets are
 * checked against this struct in arch/<cpu>/arch.h. What a call needs to become a record lives
 * here, so that a call whose place on the shadow stack was lost still yields its record; what it
 * has in common with others (shadow_internal.h) does not.
 */
#ifndef INSTRUMENT_FRAME_INTERNAL_H
#define INSTRUMENT_FRAME_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "registers.h" /* arch/<cpu> */
#include "trace_points/ledger.h"

struct fsc_site;

/* What was allocated while a frame was the innermost one. */
struct fsc_allocation_totals {
	uint64_t allocations;
	uint64_t allocated_bytes; /* as asked for */
	uint64_t frees;
	uint64_t freed_bytes; /* usable size of what was freed */
};

enum fsc_frame_kind { FSC_FRAME_CALL = 0, FSC_FRAME_PHASE = 1 };

struct fsc_frame {
	/* Written by the thunk before fsc_call_enter(). */
	uintptr_t stub; /* offset of the stub's site in fsc_sites */
	uintptr_t argument[FSC_ARCH_ARGUMENT_REGISTERS]; /* integers, in order */
	uintptr_t other[FSC_ARCH_OTHER_REGISTERS];	 /* that may mean something to the callee */
	/* Written by fsc_call_enter() for the thunk. */
	uintptr_t target;
	/* Written by the thunk around the call. */
	uint64_t start_ticks;
	uint64_t end_ticks;
	uintptr_t result[2]; /* integer return registers */
	/* The hooks' own. */
	struct fsc_site *site;
	uint64_t number; /* of the call; of a phase: of the call it runs inside, 0 = none */
	uint32_t tid;	 /* thread that it began on: a fork inside the call, or a fiber that moves,
			    changes it. Inverted when left_out: see fsc_frame_is_own() */
	uint8_t kind;	 /* enum fsc_frame_kind */
	bool from_mark;
	bool left_out;	       /* by sampling: leaves no record */
	uint8_t verdict;       /* enum fsc_verdict, if freed_pointer is not 0 */
	uint32_t recent_start; /* thread's recent_count when the call began */
	uint32_t phase;	       /* of a phase: enum fsc_phase_id or a string id */
	/* What a free function was given, and what the ledger knew. */
	uint64_t freed_pointer; /* 0 = nothing, and then the rest says nothing */
	uint64_t freed_length;	/* of an entry point: see fsc_buffer_before() */
	uint64_t freed_capacity;
	struct fsc_ledger_entry freed_entry;
};

/*
 * Did it begin on that thread? A call that sampling leaves out has its tid inverted, so that every
 * way that writes a record, and asks only whether it is this thread's, turns away from it.
 */
static inline bool fsc_frame_is_own(const struct fsc_frame *frame, uint32_t tid)
{
	return (frame->left_out && frame->kind == FSC_FRAME_CALL ? ~frame->tid : frame->tid) == tid;
}

#endif
