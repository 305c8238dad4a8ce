/* SPDX-License-Identifier: MIT */
/* What the thunks need to know of this processor at run time; nothing is hard here. */
#include "arch.h"

#include <cpuid.h>

#include "attach_internal.h"
#include "system_internal.h"

uint32_t fsc_arch_vector_bytes = 16;
_Alignas(64) FSC_HOT_DATA const void *fsc_arch_entry = ffiscope_thunk;

_Static_assert(offsetof(struct fsc_thread, busy) == THREAD_BUSY, "thread layout");
_Static_assert(offsetof(struct fsc_thread, cursor) == THREAD_CURSOR, "thread layout");
_Static_assert(offsetof(struct fsc_thread, depth) == THREAD_DEPTH, "thread layout");
_Static_assert(offsetof(struct fsc_thread, attention) == THREAD_ATTENTION, "thread layout");
_Static_assert(offsetof(struct fsc_thread, memory) == THREAD_MEMORY, "thread layout");
_Static_assert(offsetof(struct fsc_memory, unframed) == MEMORY_UNFRAMED, "memory layout");
_Static_assert(offsetof(struct fsc_memory, unframed_return) == MEMORY_UNFRAMED + 8,
	       "memory layout");
_Static_assert(offsetof(struct fsc_cursor, counters) == CURSOR_COUNTERS, "cursor layout");
_Static_assert(offsetof(struct fsc_cursor, number) == CURSOR_NUMBER, "cursor layout");
_Static_assert(offsetof(struct fsc_cursor, unframed_bytes) == CURSOR_UNFRAMED_BYTES,
	       "cursor layout");
_Static_assert(offsetof(struct fsc_counter, calls) == COUNTER_CALLS, "counter layout");
_Static_assert(offsetof(struct fsc_counter, sampled_out) == COUNTER_SAMPLED_OUT, "counter layout");
_Static_assert(offsetof(struct fsc_counter, unframed_left) == COUNTER_UNFRAMED_LEFT,
	       "counter layout");
_Static_assert(sizeof(struct fsc_counter) == 2 * SITE_BYTES,
	       "a site's offset is half its counter's");

enum {
	CPUID_OSXSAVE = 1 << 27,    /* leaf 1 ECX (Intel SDM vol. 2, CPUID) */
	XCR0_YMM = 1 << 1 | 1 << 2, /* SSE and AVX state (Intel SDM vol. 1, 13.3) */
	XCR0_ZMM = XCR0_YMM | 1 << 5 | 1 << 6 | 1 << 7
};

enum {
	THREAD_BLOCK_BYTES = 2304, /* struct pthread of glibc 2.36; others differ little */
	BEHIND_BLOCK_MAX = 4096,   /* left by its alignment, at the end of the stack */
	STACK_BYTES_MIN = 16384	   /* PTHREAD_STACK_MIN */
};

/*
 * glibc keeps the stack's address and size side by side in the block at the thread pointer, which
 * lies at the stack's end (nptl/descr.h, stackblock): they are the two words, the first one the
 * greater, that lead there. pthread_getattr_np() would take a lock and allocate.
 */
uintptr_t fsc_arch_stack_begin(void)
{
	uintptr_t block = fsc_arch_thread_pointer();
	const uintptr_t *words = (const uintptr_t *)block;

	if (!system_readable(block + THREAD_BLOCK_BYTES - 8))
		return UINTPTR_MAX;
	for (size_t i = 0; i + 1 < THREAD_BLOCK_BYTES / sizeof(*words); i++) {
		uintptr_t behind = words[i] + words[i + 1] - block;

		if (words[i] < block && words[i + 1] < words[i] &&
		    words[i + 1] >= STACK_BYTES_MIN && behind > (i + 1) * sizeof(*words) &&
		    behind <= THREAD_BLOCK_BYTES + BEHIND_BLOCK_MAX)
			return words[i];
	}
	return UINTPTR_MAX;
}

void fsc_arch_start(void)
{
	unsigned int eax, ebx, ecx, edx;
	uint32_t low, high;

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & CPUID_OSXSAVE))
		return;
	__asm__ __volatile__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	if ((low & XCR0_ZMM) == XCR0_ZMM)
		fsc_arch_vector_bytes = 64;
	else if ((low & XCR0_YMM) == XCR0_YMM)
		fsc_arch_vector_bytes = 32;
}
