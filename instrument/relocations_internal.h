/* SPDX-License-Identifier: MIT */
/*
 * relocations_internal.h - rewrite the slots through which objects call what they import.
 */
#ifndef INSTRUMENT_RELOCATIONS_INTERNAL_H
#define INSTRUMENT_RELOCATIONS_INTERNAL_H

#include "thread_internal.h"

/* Called by the constructor: patch what is there, and stay out of the way of forks. */
void fsc_relocations_start(void) FSC_HIDDEN;

/*
 * Patch the slots of every object that came since the last time, if the loader's counters say that
 * any did. Called at every lookup.
 */
void fsc_relocations_update(void) FSC_HIDDEN;

#endif
