/* SPDX-License-Identifier: MIT */
/*
 * arch.h (i386) - what the thunks know about this processor and its ABI.
 *
 * Source of the ABI facts: System V Intel386 psABI 1.1: 2.2.2 (stack frame, hidden pointer), 2.2.3
 * (parameter passing), 4.4 (relocation types, which have no addend of their own: REL). Included by
 * C and by assembly.
 */
#ifndef INSTRUMENT_ARCH_I386_ARCH_H
#define INSTRUMENT_ARCH_I386_ARCH_H

#include "registers.h"

/* Offsets in struct fsc_frame. */
#define FRAME_STUB     0
#define FRAME_ARGUMENT 4
#define FRAME_EAX      28
#define FRAME_ECX      32
#define FRAME_EDX      36
#define FRAME_TARGET   40
#define FRAME_START    44
#define FRAME_END      52
#define FRAME_RESULT   60
/*
 * With the two words above the frame a multiple of 128: a copy right below it keeps the alignment
 * of what it copies.
 */
#define FRAME_BYTES    248

/* Behind the struct: where the stack stands before the call, then what the call took off it. */
#define FRAME_STACK (FRAME_BYTES - 4)

/* Offsets of `busy` and `has_counter` in struct fsc_thread. */
#define THREAD_BUSY    0
#define THREAD_COUNTER 84

/* Bytes of one stub, and of the struct fsc_site that it stands for. */
#define STUB_BYTES 16
#define SITE_BYTES 64

/* Relocations have no addend of their own. */
#define FSC_ARCH_RELOCATION	    ElfW(Rel)
#define FSC_ARCH_RELOCATIONS	    DT_REL
#define FSC_ARCH_RELOCATION_BYTES   DT_RELSZ
#define FSC_ARCH_ADDEND(relocation) 0

/* Values of fsc_clock_mode_now: enum fsc_clock_mode. */
#define CLOCK_FENCED 0
#define CLOCK_FAST   1
#define CLOCK_SYSTEM 2

/* Numbers of system calls, SYS_seccomp and SYS_prctl. */
#define SYSTEM_SECCOMP 354
#define SYSTEM_PRCTL   172

#ifndef __ASSEMBLER__

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "frame_internal.h"

_Static_assert(offsetof(struct fsc_frame, stub) == FRAME_STUB, "frame layout");
_Static_assert(offsetof(struct fsc_frame, argument) == FRAME_ARGUMENT, "frame layout");
_Static_assert(offsetof(struct fsc_frame, other) == FRAME_EAX, "frame layout");
_Static_assert(offsetof(struct fsc_frame, target) == FRAME_TARGET, "frame layout");
_Static_assert(offsetof(struct fsc_frame, start_ticks) == FRAME_START, "frame layout");
_Static_assert(offsetof(struct fsc_frame, end_ticks) == FRAME_END, "frame layout");
_Static_assert(offsetof(struct fsc_frame, result) == FRAME_RESULT, "frame layout");
_Static_assert(sizeof(struct fsc_frame) <= FRAME_STACK, "frame layout");
_Static_assert((FRAME_BYTES + 8) % 128 == 0, "frame layout");

enum {
	FSC_ARCH_SLOT_CALL = R_386_JMP_SLOT,
	FSC_ARCH_SLOT_DATA = R_386_GLOB_DAT,
	FSC_ARCH_SLOT_POINTER = R_386_32,
	FSC_ARCH_STUB_BYTES = STUB_BYTES,
	FSC_ARCH_OTHER_CALLS = 0, /* bits of st_other: another calling convention */
	/* A struct (2.2.3): the hidden pointer is an argument, and comes back. */
	FSC_ARCH_HIDDEN_ARGUMENTS = 1,
	FSC_ARCH_HIDDEN_RETURNED = 1,
	FSC_ARCH_BY_VALUE_ON_STACK = 1,
	FSC_ARCH_SMALL_STRUCTS_HIDDEN = 1, /* {ptr,len} is returned so, too */
	/* Of the arguments in registers: all are copies of words on the stack. */
	FSC_ARCH_REGISTERS_ON_STACK = FSC_ARCH_ARGUMENT_REGISTERS,
	FSC_ARCH_WORD = 4,	       /* bytes */
	FSC_ARCH_STORES_ORDERED = 1,   /* as seen by other processors (AMD APM vol. 2, 7.2) */
	FSC_ARCH_LEAVES_OUT_EARLY = 0, /* calls, before they have a frame, while sampling */
	FSC_ARCH_ADDS_AT_ONCE = 0      /* 64 bits take two instructions */
};

extern uint32_t fsc_arch_vector_bytes __attribute__((visibility("hidden")));

/* May calls that sampling leaves out go without a frame? Here they have one until C decides. */
static inline void fsc_arch_leave_out_early(bool may)
{
	(void)may;
}

/* The first word of the caller's stack arguments, seen from a frame. */
static inline const uintptr_t *fsc_arch_stack_arguments(const struct fsc_frame *frame)
{
	/* frame, saved EBP, return address, arguments */
	return (const uintptr_t *)((const char *)frame + FRAME_BYTES + 8);
}

/* Where a struct was returned; 0: this call returned none. */
static inline uintptr_t fsc_arch_hidden(const struct fsc_frame *frame)
{
	return frame->result[0] == frame->argument[0] ? frame->result[0] : 0;
}

/* Where a struct lies that was passed by value, when each argument before it is one word. */
static inline uintptr_t fsc_arch_by_value(const struct fsc_frame *frame, uint32_t argument)
{
	return (uintptr_t)(fsc_arch_stack_arguments(frame) + argument);
}

/*
 * A system call that leaves errno alone, is no cancellation point and passes by other preloads; the
 * kernel's negative error comes back. Source: Linux, arch/x86/entry/entry_32.S. The sixth argument
 * takes EBP, which the compiler cannot give away: it is the frame pointer.
 */
/* NOLINTNEXTLINE(readability-function-size): the kernel's own signature */
static inline long fsc_arch_syscall6(long number, long a, long b, long c, long d, long e, long f)
{
	const long outer[2] = { number, f };
	long result;

	__asm__ __volatile__("pushl %%ebp\n\t"
			     "movl 4(%%eax), %%ebp\n\t"
			     "movl (%%eax), %%eax\n\t"
			     "int $0x80\n\t"
			     "popl %%ebp"
			     : "=a"(result)
			     : "a"(outer), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			     : "memory");
	return result;
}

/*
 * Has the thread a thread-local storage? Its first word is its own address (Drepper, "ELF Handling
 * For Thread-Local Storage", 3.4.3). A child that clone() made for a moment may have been given a
 * zeroed one; nothing of ours lies below that.
 */
static inline bool fsc_arch_has_storage(void)
{
	bool none;

	__asm__("cmpl $0, %%gs:0" : "=@ccz"(none));
	return !none;
}

/* Address of the thread control block, which glibc puts at the top of a thread's own stack. */
static inline uintptr_t fsc_arch_thread_pointer(void)
{
	uintptr_t pointer;

	__asm__("movl %%gs:0, %0" : "=r"(pointer));
	return pointer;
}

#endif
#endif
