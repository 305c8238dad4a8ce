/* SPDX-License-Identifier: MIT */
/*
 * sandbox.S (i386) - syscall and prctl, as every object of the program calls them.
 *
 * They leave by a jump and touch nothing on the stack, which a compiler does not promise: syscall
 * may have been given fewer arguments than it can take, and what lies in the place of the others is
 * the program's own. What concerns the sandbox, and what comes before the start, goes to sandbox.c.
 */
#include "arch.h"
#include "sandbox_internal.h"

	.text

	.macro	STANDS_FOR name, real, slow, first, second
	.globl	\name
	.type	\name, @function
	.balign	16
\name:
	.cfi_startproc
	call	fsc_arch_pc_in_ecx
	addl	$_GLOBAL_OFFSET_TABLE_, %ecx
	movl	\real@GOTOFF(%ecx), %ecx
	testl	%ecx, %ecx
	jz	\slow
	cmpl	$\first, 4(%esp)
	je	\slow
	cmpl	$\second, 4(%esp)
	je	\slow
	jmp	*%ecx
	.cfi_endproc
	.size	\name, . - \name
	.endm

	STANDS_FOR syscall, fsc_sandbox_real_syscall, fsc_sandbox_syscall, SYSTEM_SECCOMP, SYSTEM_PRCTL
	STANDS_FOR prctl, fsc_sandbox_real_prctl, fsc_sandbox_prctl, SANDBOX_SET_SECCOMP, SANDBOX_SET_TSC

	.section .note.GNU-stack, "", @progbits
