/* SPDX-License-Identifier: MIT */
/*
 * relocations_internal.h - rewrite the slots through which objects call what they import.
 */
#ifndef INSTRUMENT_RELOCATIONS_INTERNAL_H
#define INSTRUMENT_RELOCATIONS_INTERNAL_H

#include "thread_internal.h"

/* Called by the constructor: patch what is there, and stay out of the way of forks. */
void fsc_relocations_start(void) FSC_HIDDEN;

/* How many objects were loaded so far. UINT64_MAX: it is not to be known just now. */
uint64_t fsc_relocations_loaded(void) FSC_HIDDEN;

/*
 * Patch the slots of every object that came since the last time, if the loader's counters say that
 * any did. Called at every lookup. loaded: what there was before the caller waited for the lock
 * that dlopen holds to its end (a lookup does). false: more came since, which may not be whole, so
 * that nothing was patched: look up again.
 */
bool fsc_relocations_update(uint64_t loaded) FSC_HIDDEN;

#endif
