/* SPDX-License-Identifier: MIT */
/*
 * arch.h (x86-64) - what the thunks know about this processor and its ABI.
 *
 * Source of the ABI facts: System V AMD64 psABI 1.0: 3.2.2 (stack frame), 3.2.3 (parameter
 * passing), 4.4.1 (relocation types). Included by C and by assembly.
 */
#ifndef INSTRUMENT_ARCH_X86_64_ARCH_H
#define INSTRUMENT_ARCH_X86_64_ARCH_H

/* Offsets in struct fsc_frame. */
#define FRAME_STUB	   0
#define FRAME_ARGUMENT	   8
#define FRAME_VECTOR_COUNT 56
#define FRAME_STATIC_CHAIN 64
#define FRAME_TARGET	   72
#define FRAME_START	   80
#define FRAME_END	   88
#define FRAME_RESULT	   96
/*
 * With the two words above the frame a multiple of 128: a copy right below it keeps the alignment
 * of what it copies, and calls from the thunk are aligned.
 */
#define FRAME_BYTES	   240

/* Offsets in struct fsc_thread, struct fsc_cursor and struct fsc_counter: see arch.c. */
#define THREAD_BUSY	      0
#define THREAD_CURSOR	      8
#define THREAD_DEPTH	      32
#define THREAD_COUNTER	      120
#define THREAD_ATTENTION      124
#define THREAD_MEMORY	      16
#define MEMORY_UNFRAMED	      16
#define CURSOR_COUNTERS	      24
#define CURSOR_NUMBER	      40
#define CURSOR_UNFRAMED_BYTES 116
#define COUNTER_CALLS	      0
#define COUNTER_SAMPLED_OUT   64
#define COUNTER_UNFRAMED_LEFT 72

/* Bytes of one stub, and of the struct fsc_site that it stands for. */
#define STUB_BYTES 16
#define SITE_BYTES 64

#define FSC_ARCH_RELOCATION	    ElfW(Rela)
#define FSC_ARCH_RELOCATIONS	    DT_RELA
#define FSC_ARCH_RELOCATION_BYTES   DT_RELASZ
#define FSC_ARCH_ADDEND(relocation) ((relocation)->r_addend)

/* Values of fsc_clock_mode_now: enum fsc_clock_mode. */
#define CLOCK_FENCED 0
#define CLOCK_FAST   1
#define CLOCK_SYSTEM 2

/* Numbers of system calls, SYS_seccomp and SYS_prctl. */
#define SYSTEM_SECCOMP 317
#define SYSTEM_PRCTL   157

#ifndef __ASSEMBLER__

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "frame_internal.h"

_Static_assert(offsetof(struct fsc_frame, stub) == FRAME_STUB, "frame layout");
_Static_assert(offsetof(struct fsc_frame, argument) == FRAME_ARGUMENT, "frame layout");
_Static_assert(offsetof(struct fsc_frame, other) == FRAME_VECTOR_COUNT, "frame layout");
_Static_assert(FRAME_VECTOR_COUNT + 8 == FRAME_STATIC_CHAIN, "frame layout");
_Static_assert(offsetof(struct fsc_frame, target) == FRAME_TARGET, "frame layout");
_Static_assert(offsetof(struct fsc_frame, start_ticks) == FRAME_START, "frame layout");
_Static_assert(offsetof(struct fsc_frame, end_ticks) == FRAME_END, "frame layout");
_Static_assert(offsetof(struct fsc_frame, result) == FRAME_RESULT, "frame layout");
_Static_assert(sizeof(struct fsc_frame) <= FRAME_BYTES, "frame layout");
_Static_assert((FRAME_BYTES + 16) % 128 == 0, "frame layout");

enum {
	FSC_ARCH_SLOT_CALL = R_X86_64_JUMP_SLOT,
	FSC_ARCH_SLOT_DATA = R_X86_64_GLOB_DAT,
	FSC_ARCH_SLOT_POINTER = R_X86_64_64,
	FSC_ARCH_STUB_BYTES = STUB_BYTES,
	FSC_ARCH_OTHER_CALLS = 0, /* bits of st_other: another calling convention */
	/* A struct of 24 bytes (3.2.3): the hidden pointer is an argument, and comes back. */
	FSC_ARCH_HIDDEN_ARGUMENTS = 1,
	FSC_ARCH_HIDDEN_RETURNED = 1,
	FSC_ARCH_BY_VALUE_ON_STACK = 1,
	FSC_ARCH_SMALL_STRUCTS_HIDDEN = 0, /* {ptr,len} comes back in two registers */
	FSC_ARCH_REGISTERS_ON_STACK = 0,   /* of the arguments in registers: none is a copy */
	FSC_ARCH_WORD = 8,		   /* bytes */
	FSC_ARCH_STORES_ORDERED = 1,	   /* as seen by other processors (AMD APM vol. 2, 7.2) */
	FSC_ARCH_ADDS_AT_ONCE = 1,	   /* 64 bits in memory, by one instruction */
	FSC_ARCH_LEAVES_OUT_EARLY = 1	   /* calls, before they have a frame, while sampling */
};

extern uint32_t fsc_arch_vector_bytes __attribute__((visibility("hidden")));

/* Where stubs lead: the thunk's body, or what comes before it while sampling. */
extern const void *fsc_arch_entry __attribute__((visibility("hidden")));
extern const char ffiscope_thunk[] __attribute__((visibility("hidden")));
extern const char ffiscope_thunk_sampling[] __attribute__((visibility("hidden")));

/* May calls that sampling leaves out go without a frame? */
static inline void fsc_arch_leave_out_early(bool may)
{
	__atomic_store_n(&fsc_arch_entry, may ? ffiscope_thunk_sampling : ffiscope_thunk,
			 __ATOMIC_RELAXED);
}

/* The first word of the caller's stack arguments, seen from a frame. */
static inline const uintptr_t *fsc_arch_stack_arguments(const struct fsc_frame *frame)
{
	/* frame, saved RBP, return address, arguments */
	return (const uintptr_t *)((const char *)frame + FRAME_BYTES + 16);
}

/* Where a struct of 24 bytes was returned; 0: this call returned none. */
static inline uintptr_t fsc_arch_hidden(const struct fsc_frame *frame)
{
	return frame->result[0] == frame->argument[0] ? frame->result[0] : 0;
}

/* Where a struct of 24 bytes lies that was passed by value; 0: not to be known. */
static inline uintptr_t fsc_arch_by_value(const struct fsc_frame *frame, uint32_t argument)
{
	(void)argument; /* the first one on the stack */
	return (uintptr_t)fsc_arch_stack_arguments(frame);
}

/*
 * A system call that leaves errno alone, is no cancellation point and passes by other preloads; the
 * kernel's negative error comes back. Source: psABI A.2.1.
 */
/* NOLINTNEXTLINE(readability-function-size): the kernel's own signature */
static inline long fsc_arch_syscall6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ __volatile__("syscall"
			     : "=a"(result)
			     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			     : "rcx", "r11", "memory");
	return result;
}

/*
 * Has the thread a thread-local storage? Its first word is its own address (System V psABI for
 * x86-64, "Thread-Local Storage"). A child that clone() made for a moment may have been given a
 * zeroed one (Chromium's sandbox does so); nothing of ours lies below that.
 */
static inline bool fsc_arch_has_storage(void)
{
	bool none;

	__asm__("cmpq $0, %%fs:0" : "=@ccz"(none));
	return !none;
}

/* Address of the thread control block, which glibc puts at the top of a thread's own stack. */
static inline uintptr_t fsc_arch_thread_pointer(void)
{
	uintptr_t pointer;

	__asm__("movq %%fs:0, %0" : "=r"(pointer));
	return pointer;
}

#endif
#endif
