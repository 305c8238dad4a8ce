/* SPDX-License-Identifier: MIT */
/* What the hooks need to know at run time of a thread and of this processor. */
#include "arch.h"

#include "attach_internal.h"
#include "system_internal.h"

enum {
	THREAD_BLOCK_WORDS = 256, /* struct pthread is smaller in every glibc */
	BEHIND_MAX = 64 * 1024,	  /* static thread-local storage, at the end of the stack */
	STACK_BYTES_MIN = 16384	  /* what threads have at least */
};

/*
 * glibc keeps the stack's address and size side by side in its block right below the thread
 * pointer, which lies near the stack's end (nptl/descr.h, stackblock): they are the two words, the
 * first one the lower address, that lead there. From above: below the block is the stack itself.
 * pthread_getattr_np() would take a lock and allocate.
 */
uintptr_t fsc_arch_stack_begin(void)
{
	uintptr_t block = fsc_arch_thread_pointer();
	const uintptr_t *words = (const uintptr_t *)block;

	if (!system_readable(block - THREAD_BLOCK_WORDS * sizeof(*words)))
		return UINTPTR_MAX;
	for (int i = -2; i >= -THREAD_BLOCK_WORDS; i--) {
		uintptr_t behind = words[i] + words[i + 1] - block;

		if (words[i] < block && words[i + 1] < words[i] &&
		    words[i + 1] >= STACK_BYTES_MIN && behind > 0 && behind <= BEHIND_MAX)
			return words[i];
	}
	return UINTPTR_MAX;
}

/* The thunks treat every processor of this architecture alike. */
void fsc_arch_start(void)
{
}
