/* SPDX-License-Identifier: MIT */
/*
 * lookup_internal.h - which functions are wrapped, whether found by dlsym or in a relocation slot.
 */
#ifndef INSTRUMENT_LOOKUP_INTERNAL_H
#define INSTRUMENT_LOOKUP_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "ffi/boundary.h"
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

/* Names that are never wrapped: functions that return twice, and our own. */
bool fsc_lookup_never(const char *name) FSC_HIDDEN;

/* Could any row want a function of that name? */
bool fsc_lookup_named(const char *name) FSC_HIDDEN;

/* The row that says how a function is to be wrapped; NULL: no row wants it. */
const struct fsc_boundary_row *fsc_lookup_row(const char *name, const char *library) FSC_HIDDEN;

#endif
