/* SPDX-License-Identifier: MIT */
/*
 * sandbox.S (aarch64) - syscall and prctl, as every object of the program calls them.
 *
 * They leave by a jump and touch nothing on the stack, which a compiler does not promise. What
 * concerns the sandbox, and what comes before the start, goes to sandbox.c.
 */
#include "arch.h"
#include "sandbox_internal.h"

	.text

	.macro	STANDS_FOR name, real, slow, register, first, second
	.globl	\name
	.type	\name, %function
	.balign	16
\name:
	.cfi_startproc
	bti	c
	adrp	x16, \real
	ldr	x16, [x16, #:lo12:\real]
	cbz	x16, 1f
	cmp	\register, #\first
	b.eq	1f
	cmp	\register, #\second
	b.eq	1f
	br	x16
1:	b	\slow
	.cfi_endproc
	.size	\name, . - \name
	.endm

	STANDS_FOR syscall, fsc_sandbox_real_syscall, fsc_sandbox_syscall, x0, SYSTEM_SECCOMP, SYSTEM_PRCTL
	STANDS_FOR prctl, fsc_sandbox_real_prctl, fsc_sandbox_prctl, w0, SANDBOX_SET_SECCOMP, SANDBOX_SET_TSC

#include "note.h"
