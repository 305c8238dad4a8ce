/* SPDX-License-Identifier: MIT */
/*
 * What is hard: to know the thread's own stack. Fibers' stacks may lie right below it, with no page
 * between that cannot be read, and go while the thread stays. Begin at on_own_stack().
 */
#include "readable_internal.h"

#include "sites_internal.h"
#include "system_internal.h"

/* Questions to the kernel that a thread may spend on finding out how far its stack reaches. */
enum { QUESTIONS_MAX = 4096 };

/*
 * Does the frame lie on the thread's own stack? Then every page from it up to the stack's end can
 * be read. Of the main thread's nobody knows where it begins, but the kernel maps nothing right
 * below it (stack_guard_gap). A page once found is never asked for again: the stack stays as long
 * as its thread.
 */
static bool on_own_stack(struct fsc_thread *thread, uintptr_t frame)
{
	struct fsc_memory *memory = thread->memory;
	uintptr_t page = frame & ~(uintptr_t)(FSC_PAGE - 1), known;

	if (!memory || frame >= thread->stack_top || frame < memory->stack_begin)
		return false;
	known = memory->stack_known ? memory->stack_known : thread->stack_top;
	for (uintptr_t at = page + FSC_PAGE; at < known; at += FSC_PAGE)
		if (memory->stack_questions++ >= QUESTIONS_MAX || !system_readable(at))
			return false;
	if (page < known)
		memory->stack_known = page;
	return true;
}

bool fsc_readable_beyond(const struct fsc_frame *frame, uintptr_t address, uintptr_t bytes)
{
	struct fsc_thread *thread = &fsc_thread;
	uintptr_t page = (uintptr_t)frame & ~(uintptr_t)(FSC_PAGE - 1);
	uintptr_t stack_end = ((uintptr_t)fsc_arch_stack_arguments(frame) - 1) | (FSC_PAGE - 1);
	uintptr_t last = address + bytes - 1;

	if (address < FSC_PAGE || last < address)
		return false;
	if (address >= page && last < thread->stack_top && on_own_stack(thread, (uintptr_t)frame))
		return true;
	return ((address >= page && address <= stack_end) || system_readable(address)) &&
	       ((address ^ last) < FSC_PAGE || system_readable(last));
}

int64_t fsc_readable_window(const struct fsc_site *site, const struct fsc_frame *frame)
{
	uintptr_t first = (uintptr_t)fsc_arch_stack_arguments(frame);

	if (fsc_sites_fits(site, frame) ||
	    fsc_readable(frame, first, site->stack_words * FSC_ARCH_WORD))
		return site->stack_words;
	if (!system_readable((uintptr_t)frame))
		return -1;
	return (int64_t)((FSC_PAGE - (first & (FSC_PAGE - 1))) & (FSC_PAGE - 1)) / FSC_ARCH_WORD;
}
