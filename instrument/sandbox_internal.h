/* SPDX-License-Identifier: MIT */
/*
 * sandbox_internal.h - what the constructor and arch/<cpu>/sandbox.S ask of sandbox.c.
 */
#ifndef INSTRUMENT_SANDBOX_INTERNAL_H
#define INSTRUMENT_SANDBOX_INTERNAL_H

/* PR_SET_SECCOMP and PR_SET_TSC of linux/prctl.h, which is not for assembly. */
#define SANDBOX_SET_SECCOMP 22
#define SANDBOX_SET_TSC	    26

#ifndef __ASSEMBLER__

#include "thread_internal.h"

/* Find the functions that our prctl() and syscall() stand for. */
void fsc_sandbox_start(void) FSC_HIDDEN;

/* The real functions, 0 = not looked for yet. */
extern uintptr_t fsc_sandbox_real_syscall FSC_HIDDEN;
extern uintptr_t fsc_sandbox_real_prctl FSC_HIDDEN;

/*
 * syscall(2), with as many arguments as any system call has, and prctl(2): all that do not leave by
 * a jump at once.
 */
/* NOLINTNEXTLINE(readability-function-size): the system call's own signature */
long fsc_sandbox_syscall(long number, long a, long b, long c, long d, long e, long f) FSC_HIDDEN;
int fsc_sandbox_prctl(int option, unsigned long a, unsigned long b, unsigned long c,
		      unsigned long d) FSC_HIDDEN;

#endif

#endif
