/* SPDX-License-Identifier: MIT */
/*
 * lookup_internal.h - what a host's dlsym is answered with.
 */
#ifndef INSTRUMENT_LOOKUP_INTERNAL_H
#define INSTRUMENT_LOOKUP_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "thread_internal.h"

/* The constructor has run: lookups may be answered with thunks. */
extern bool fsc_lookup_ready FSC_HIDDEN;

/* glibc's own; called by the stubs of lookup.S. */
extern void *(*fsc_real_dlsym)(void *handle, const char *name)FSC_HIDDEN;
extern void *(*fsc_real_dlvsym)(void *handle, const char *name, const char *version)FSC_HIDDEN;

/*
 * For the stubs of lookup.S: 1 and *answer, or 0: jump to the real function, which must see its
 * true caller.
 */
int fsc_lookup_find(void *handle, const char *name, const char *version, void **answer,
		    const void *caller) FSC_HIDDEN;

#endif
