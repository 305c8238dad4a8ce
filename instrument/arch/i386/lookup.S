/* SPDX-License-Identifier: MIT */
/*
 * lookup.S (i386) - dlsym and dlvsym, as every object of the program sees them.
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
	pushl	%ebp
	.cfi_def_cfa_offset 8
	.cfi_offset %ebp, -8
	movl	%esp, %ebp
	.cfi_def_cfa_register %ebp
	subl	$40, %esp
	andl	$-16, %esp	/* old programs align their stack to 4 bytes only */
	movl	8(%ebp), %eax
	movl	%eax, (%esp)
	movl	12(%ebp), %eax
	movl	%eax, 4(%esp)
	.if	\version == 0
	xorl	%eax, %eax
	.else
	movl	16(%ebp), %eax
	.endif
	movl	%eax, 8(%esp)
	leal	-4(%ebp), %eax
	movl	%eax, 12(%esp)
	movl	4(%ebp), %eax
	movl	%eax, 16(%esp)
	call	fsc_lookup_find
	testl	%eax, %eax
	movl	-4(%ebp), %eax
	jz	1f
	leave
	.cfi_remember_state
	.cfi_def_cfa %esp, 4
	ret
	.cfi_restore_state
1:	call	fsc_arch_pc_in_ecx
	addl	$_GLOBAL_OFFSET_TABLE_, %ecx
	movl	\real@GOTOFF(%ecx), %ecx
	leave
	.cfi_def_cfa %esp, 4
	jmp	*%ecx
	.cfi_endproc
	.size	\name, . - \name
	.endm

	LOOKUP	dlsym, fsc_real_dlsym, 0
	LOOKUP	dlvsym, fsc_real_dlvsym, 1

	.section .note.GNU-stack, "", @progbits
