/* SPDX-License-Identifier: MIT */
/* What the thunks need to know of this processor at run time; nothing is hard here. */
#include "arch.h"

#include <cpuid.h>

#include "attach_internal.h"

uint32_t fsc_arch_vector_bytes = 16;

enum {
	CPUID_OSXSAVE = 1 << 27,	      /* leaf 1 ECX (Intel SDM vol. 2, CPUID) */
	XCR0_YMM = 1 << 1 | 1 << 2,	      /* SSE and AVX state (Intel SDM vol. 1, 13.3) */
	XCR0_ZMM = XCR0_YMM | 1 << 5 | 1 << 6 /* of the upper halves of 0 to 15 */
};

/* Not known here: what lies beyond a frame's page is asked of the kernel each time. */
uintptr_t fsc_arch_stack_begin(void)
{
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
