/* SPDX-License-Identifier: MIT */
/*
 * allocation_internal.h - the malloc family as this library exports it, for the relocation patcher.
 */
#ifndef INSTRUMENT_ALLOCATION_INTERNAL_H
#define INSTRUMENT_ALLOCATION_INTERNAL_H

#include <stdint.h>

#include "thread_internal.h"

/*
 * Our function for a slot of that name that holds `value`, or 0: not one of ours, or the slot does
 * not hold libc's function, or libc's is not what our hooks forward to (another allocator is next:
 * the slot bypasses it on purpose).
 */
uintptr_t fsc_allocation_replacement(const char *name, uintptr_t value) FSC_HIDDEN;

/* Address of an exported function of this library by name. */
uintptr_t fsc_allocation_own(const char *name) FSC_HIDDEN;

#endif
