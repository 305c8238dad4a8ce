/* SPDX-License-Identifier: MIT */
/*
 * readable_internal.h - may a hook read that memory? What a hook follows may point anywhere, and
 * even the stack may end right above a frame (a fiber's).
 */
#ifndef INSTRUMENT_READABLE_INTERNAL_H
#define INSTRUMENT_READABLE_INTERNAL_H

#include "arch.h"
#include "thread_internal.h"

/*
 * The same as fsc_readable(), beyond the pages of the frame: on the thread's own stack all of it
 * can be read; elsewhere the kernel is asked, and what it says is not remembered: the page may be
 * gone the next time.
 */
bool fsc_readable_beyond(const struct fsc_frame *frame, uintptr_t address,
			 uintptr_t bytes) FSC_HIDDEN;

/* Can that range, of two pages at most, be read? The pages that the frame itself lies in can. */
static inline bool fsc_readable(const struct fsc_frame *frame, uintptr_t address, uintptr_t bytes)
{
	uintptr_t page = (uintptr_t)frame & ~(uintptr_t)(FSC_PAGE - 1);
	uintptr_t stack_end = ((uintptr_t)fsc_arch_stack_arguments(frame) - 1) | (FSC_PAGE - 1);
	uintptr_t last = address + bytes - 1;

	if (FSC_LIKELY(address >= page && last <= stack_end && last >= address))
		return true;
	return fsc_readable_beyond(frame, address, bytes);
}

/*
 * How many words of the site's stack arguments can be read: all, or as far as the page that is
 * mapped. Negative when nobody knows: the kernel does not even say of the frame that it can be read
 * (seccomp).
 */
int64_t fsc_readable_window(const struct fsc_site *site, const struct fsc_frame *frame) FSC_HIDDEN;

#endif
