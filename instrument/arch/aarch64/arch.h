/* SPDX-License-Identifier: MIT */
/*
 * arch.h (aarch64) - what the thunks know about this processor and its ABI.
 *
 * Source of the ABI facts: Procedure Call Standard for the Arm 64-bit Architecture (AAPCS64,
 * 2023Q3): 6.1.1 (registers), 6.4.5 (the stack pointer), 6.8.2 (parameter passing), 6.9 (results);
 * ELF for the Arm 64-bit Architecture: 5.7 (relocation types), 5.3.3 (st_other). Included by C and
 * by assembly.
 */
#ifndef INSTRUMENT_ARCH_AARCH64_ARCH_H
#define INSTRUMENT_ARCH_AARCH64_ARCH_H

/* Offsets in struct fsc_frame. */
#define FRAME_STUB     0
#define FRAME_ARGUMENT 8
#define FRAME_OTHER    72
#define FRAME_TARGET   104
#define FRAME_START    112
#define FRAME_END      120
#define FRAME_RESULT   128
/* A multiple of 16, as the stack pointer must be; no argument there wants more (6.8.2, C.14). */
#define FRAME_BYTES    256

/* Offset of `busy` in struct fsc_thread. */
#define THREAD_BUSY 0

/* Bytes of one stub, and of the struct fsc_site that it stands for as a power of two. */
#define STUB_BYTES 16
#define SITE_SHIFT 6
#define SITE_BYTES (1 << SITE_SHIFT)

#define FSC_ARCH_RELOCATION	    ElfW(Rela)
#define FSC_ARCH_RELOCATIONS	    DT_RELA
#define FSC_ARCH_RELOCATION_BYTES   DT_RELASZ
#define FSC_ARCH_ADDEND(relocation) ((relocation)->r_addend)

/* Values of fsc_clock_mode_now: enum fsc_clock_mode. */
#define CLOCK_FENCED 0
#define CLOCK_FAST   1
#define CLOCK_SYSTEM 2

/* Numbers of system calls, SYS_seccomp and SYS_prctl. */
#define SYSTEM_SECCOMP 277
#define SYSTEM_PRCTL   167

#ifndef __ASSEMBLER__

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame_internal.h"

_Static_assert(offsetof(struct fsc_frame, stub) == FRAME_STUB, "frame layout");
_Static_assert(offsetof(struct fsc_frame, argument) == FRAME_ARGUMENT, "frame layout");
_Static_assert(offsetof(struct fsc_frame, other) == FRAME_OTHER, "frame layout");
_Static_assert(offsetof(struct fsc_frame, target) == FRAME_TARGET, "frame layout");
_Static_assert(offsetof(struct fsc_frame, start_ticks) == FRAME_START, "frame layout");
_Static_assert(offsetof(struct fsc_frame, end_ticks) == FRAME_END, "frame layout");
_Static_assert(offsetof(struct fsc_frame, result) == FRAME_RESULT, "frame layout");
_Static_assert(sizeof(struct fsc_frame) <= FRAME_BYTES, "frame layout");
_Static_assert(FRAME_BYTES % 16 == 0, "frame layout");

enum {
	FSC_ARCH_SLOT_CALL = R_AARCH64_JUMP_SLOT,
	FSC_ARCH_SLOT_DATA = R_AARCH64_GLOB_DAT,
	FSC_ARCH_SLOT_POINTER = R_AARCH64_ABS64,
	FSC_ARCH_STUB_BYTES = STUB_BYTES,
	/* Functions that keep or take whole vectors (vector PCS, SVE) are marked so. */
	FSC_ARCH_OTHER_CALLS = STO_AARCH64_VARIANT_PCS,
	/*
	 * A struct of 24 bytes is returned where X8 points (6.9), which is no argument and does
	 * not come back; passed by value, its copy lies where an argument points (6.8.2, B.4).
	 */
	FSC_ARCH_HIDDEN_ARGUMENTS = 0,
	FSC_ARCH_HIDDEN_RETURNED = 0,
	FSC_ARCH_BY_VALUE_ON_STACK = 0,
	FSC_ARCH_SMALL_STRUCTS_HIDDEN = 0, /* {ptr,len} comes back in two registers */
	FSC_ARCH_REGISTERS_ON_STACK = 0,   /* of the arguments in registers: none is a copy */
	FSC_ARCH_WORD = 8,		   /* bytes */
	FSC_ARCH_STORES_ORDERED = 0,	   /* Arm ARM B2.3 */
	FSC_ARCH_LEAVES_OUT_EARLY = 0,	   /* calls, before they have a frame, while sampling */
	FSC_ARCH_ADDS_AT_ONCE = 0	   /* a signal may come between load and store */
};

/* May calls that sampling leaves out go without a frame? Here they have one until C decides. */
static inline void fsc_arch_leave_out_early(bool may)
{
	(void)may;
}

/* The first word of the caller's stack arguments, seen from a frame. */
static inline const uintptr_t *fsc_arch_stack_arguments(const struct fsc_frame *frame)
{
	/* frame, saved X29 and X30, arguments */
	return (const uintptr_t *)((const char *)frame + FRAME_BYTES + 16);
}

/* Where a struct of 24 bytes was returned, if this function returns one. */
static inline uintptr_t fsc_arch_hidden(const struct fsc_frame *frame)
{
	return frame->other[0];
}

/* Where a struct of 24 bytes lies that was passed by value; 0: not to be known. */
static inline uintptr_t fsc_arch_by_value(const struct fsc_frame *frame, uint32_t argument)
{
	return argument < FSC_ARCH_ARGUMENT_REGISTERS ? frame->argument[argument] : 0;
}

/*
 * A system call that leaves errno alone, is no cancellation point and passes by other preloads; the
 * kernel's negative error comes back. Source: syscall(2), "Architecture calling conventions".
 */
/* NOLINTNEXTLINE(readability-function-size): the kernel's own signature */
static inline long fsc_arch_syscall6(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ __volatile__("svc #0"
			     : "+r"(x0)
			     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			     : "memory");
	return x0;
}

/*
 * Has the thread a thread-local storage? The first word at the thread pointer is that of glibc's
 * own table (sysdeps/aarch64/nptl/tls.h, tcbhead_t), which no thread is without. A child that
 * clone() made for a moment may have been given none, or a zeroed one.
 */
static inline bool fsc_arch_has_storage(void)
{
	const uint64_t *block;

	__asm__("mrs %0, tpidr_el0" : "=r"(block));
	return block && *block;
}

/* Address of the thread control block, which glibc puts at the top of a thread's own stack. */
static inline uintptr_t fsc_arch_thread_pointer(void)
{
	uintptr_t pointer;

	__asm__("mrs %0, tpidr_el0" : "=r"(pointer));
	return pointer;
}

#endif
#endif
