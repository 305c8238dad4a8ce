/* SPDX-License-Identifier: MIT */
/*
 * lookup.S (x86-64) - dlsym and dlvsym, as every object of the program sees them.
 *
 * glibc reads the caller's return address to answer RTLD_NEXT, and RTLD_DEFAULT from a library that
 * was opened RTLD_LOCAL: such lookups leave by a jump, so that the real function sees the true
 * caller. fsc_lookup_find(handle, name, version, *answer, caller) says which: 0 = leave by a jump, else
 * *answer is the result. An unversioned definition satisfies every version that hosts import.
 */
	.text

	.macro	LOOKUP name, real, version
	.globl	\name
	.type	\name, @function
	.balign	16
\name:
	.cfi_startproc
	endbr64
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	subq	$32, %rsp
	movq	%rdi, 8(%rsp)
	movq	%rsi, 16(%rsp)
	movq	%rdx, 24(%rsp)
	.if	\version == 0
	xorl	%edx, %edx
	.endif
	movq	%rsp, %rcx
	movq	8(%rbp), %r8
	call	fsc_lookup_find
	testl	%eax, %eax
	movq	(%rsp), %rax
	jz	1f
	leave
	.cfi_remember_state
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_restore_state
1:	movq	8(%rsp), %rdi
	movq	16(%rsp), %rsi
	movq	24(%rsp), %rdx
	leave
	.cfi_def_cfa %rsp, 8
	jmp	*\real(%rip)
	.cfi_endproc
	.size	\name, . - \name
	.endm

	LOOKUP	dlsym, fsc_real_dlsym, 0
	LOOKUP	dlvsym, fsc_real_dlvsym, 1

	.section .note.GNU-stack, "", @progbits
