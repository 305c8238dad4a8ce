/* SPDX-License-Identifier: MIT */
/*
 * attach_internal.h - what the constructor and clone.c ask of attach.c and arch/<cpu>/arch.c.
 */
#ifndef INSTRUMENT_ATTACH_INTERNAL_H
#define INSTRUMENT_ATTACH_INTERNAL_H

#include "thread_internal.h"

/* Make the key whose destructor gives a thread's slot back. */
void fsc_attach_start(void) FSC_HIDDEN;

struct fsc_given_up {
	uint32_t refused;
	uint32_t owner;	 /* image that it was attached to, 0 = none */
	uint64_t number; /* of its last call */
	uint32_t slot;
	uint32_t counter_limit;
};

/*
 * Close what this thread has, as when it ends, and never record it again; unless what it was for
 * did not happen: then take_back() with what give_up() returned.
 */
struct fsc_given_up fsc_attach_give_up(struct fsc_thread *thread) FSC_HIDDEN;
void fsc_attach_take_back(struct fsc_thread *thread, const struct fsc_given_up *before) FSC_HIDDEN;

/* Find out what the thunks need to know of this very processor. */
void fsc_arch_start(void) FSC_HIDDEN;

/*
 * Where the own stack of this thread begins, its lowest address; not of the main thread.
 * UINTPTR_MAX: not to be known.
 */
uintptr_t fsc_arch_stack_begin(void) FSC_HIDDEN;

#endif
