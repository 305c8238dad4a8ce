/* SPDX-License-Identifier: MIT */
/*
 * sandbox.S (x86-64) - syscall and prctl, as every object of the program calls them.
 *
 * They leave by a jump and touch nothing on the stack, which a compiler does not promise: syscall
 * may have been given fewer arguments than it can take, and what lies in the place of the last is
 * the program's own. What concerns the sandbox, and what comes before the start, goes to sandbox.c.
 */
#include "arch.h"
#include "sandbox_internal.h"

	.text

	.macro	STANDS_FOR name, real, slow, compare, register, first, second
	.globl	\name
	.type	\name, @function
	.balign	16
\name:
	.cfi_startproc
	endbr64
	movq	\real(%rip), %r11
	testq	%r11, %r11
	jz	\slow
	\compare	$\first, %\register
	je	\slow
	\compare	$\second, %\register
	je	\slow
	jmp	*%r11
	.cfi_endproc
	.size	\name, . - \name
	.endm

	STANDS_FOR syscall, fsc_sandbox_real_syscall, fsc_sandbox_syscall, cmpq, rdi, SYSTEM_SECCOMP, SYSTEM_PRCTL
	STANDS_FOR prctl, fsc_sandbox_real_prctl, fsc_sandbox_prctl, cmpl, edi, SANDBOX_SET_SECCOMP, SANDBOX_SET_TSC

	.section .note.GNU-stack, "", @progbits
