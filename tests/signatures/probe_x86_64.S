/* SPDX-License-Identifier: MIT */
/*
 * probe_x86_64.S - the caller (in the host) and the callees (LIBRARY) of the probe.
 *
 * The caller fills every register from probe_before, calls, and stores all of them in probe_after. A
 * callee stores what arrives in probe_seen, overwrites what is a callee's to overwrite, and returns
 * with the registers of probe_results. Everything is addressed by RIP, so that no register is
 * needed for it; R11 alone, which the ABI gives to whatever stands between, carries no value.
 */
#include "probe_x86_64_layout.h"

/* Load or store all vectors at the width that the processor has. */
	.macro	load_vectors state, width
	cmpl	$32, \width(%rip)
	ja	.Lz\@
	je	.Ly\@
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movups	\state + STATE_VECTOR + VECTOR_BYTES*\n(%rip), %xmm\n
	.endr
	jmp	.Ldone\@
.Ly\@:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vmovups	\state + STATE_VECTOR + VECTOR_BYTES*\n(%rip), %ymm\n
	.endr
	jmp	.Ldone\@
.Lz\@:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vmovups	\state + STATE_VECTOR + VECTOR_BYTES*\n(%rip), %zmm\n
	.endr
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	vmovups	\state + STATE_VECTOR + VECTOR_BYTES*\n(%rip), %zmm\n
	.endr
.Ldone\@:
	.endm

	.macro	store_vectors state, width
	cmpl	$32, \width(%rip)
	ja	.Lz\@
	je	.Ly\@
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movups	%xmm\n, \state + STATE_VECTOR + VECTOR_BYTES*\n(%rip)
	.endr
	jmp	.Ldone\@
.Ly\@:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vmovups	%ymm\n, \state + STATE_VECTOR + VECTOR_BYTES*\n(%rip)
	.endr
	jmp	.Ldone\@
.Lz\@:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vmovups	%zmm\n, \state + STATE_VECTOR + VECTOR_BYTES*\n(%rip)
	.endr
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	vmovups	%zmm\n, \state + STATE_VECTOR + VECTOR_BYTES*\n(%rip)
	.endr
.Ldone\@:
	.endm

	.macro	store_general state
	movq	%rax, \state + STATE_RAX(%rip)
	movq	%rcx, \state + STATE_RCX(%rip)
	movq	%rdx, \state + STATE_RDX(%rip)
	movq	%rbx, \state + STATE_RBX(%rip)
	movq	%rsp, \state + STATE_RSP(%rip)
	movq	%rbp, \state + STATE_RBP(%rip)
	movq	%rsi, \state + STATE_RSI(%rip)
	movq	%rdi, \state + STATE_RDI(%rip)
	movq	%r8, \state + STATE_R8(%rip)
	movq	%r9, \state + STATE_R9(%rip)
	movq	%r10, \state + STATE_R10(%rip)
	movq	%r11, \state + STATE_R11(%rip)
	movq	%r12, \state + STATE_R12(%rip)
	movq	%r13, \state + STATE_R13(%rip)
	movq	%r14, \state + STATE_R14(%rip)
	movq	%r15, \state + STATE_R15(%rip)
	pushfq
	popq	\state + STATE_FLAGS(%rip)
	.endm

	.macro	load_callers state
	movq	\state + STATE_RCX(%rip), %rcx
	movq	\state + STATE_RSI(%rip), %rsi
	movq	\state + STATE_RDI(%rip), %rdi
	movq	\state + STATE_R8(%rip), %r8
	movq	\state + STATE_R9(%rip), %r9
	movq	\state + STATE_R10(%rip), %r10
	movq	\state + STATE_R11(%rip), %r11
	movq	\state + STATE_RAX(%rip), %rax
	movq	\state + STATE_RDX(%rip), %rdx
	.endm

	.text

#ifdef LIBRARY

	.macro	data name, bytes
	.globl	\name
	.type	\name, @object
	.size	\name, \bytes
	.balign	64
\name:
	.zero	\bytes
	.hidden	own_\name
	.globl	own_\name
	.set	own_\name, \name
	.endm

	/* Callees of one body; the name says how many bytes of stack arguments are theirs. */
	.macro	callee n, bytes
	.globl	probe_\n\()_s\bytes\()_value
	.type	probe_\n\()_s\bytes\()_value, @function
	.hidden	own_probe_\n
	.globl	own_probe_\n
	.balign	16
probe_\n\()_s\bytes\()_value:
	.set	own_probe_\n, probe_\n\()_s\bytes\()_value
	endbr64
	movq	$(\bytes / 8), own_words(%rip)
	jmp	body
	.size	probe_\n\()_s\bytes\()_value, . - probe_\n\()_s\bytes\()_value
	.endm

	/* probe_x86_64.c has the same list. */
	callee	0, 0
	callee	1, 8
	callee	2, 40
	callee	3, 104
	callee	4, 120
	callee	5, 128
	callee	6, 136
	callee	7, 256

	.type	body, @function
body:
	store_general own_probe_seen
	stmxcsr	own_probe_seen + STATE_MXCSR(%rip)
	fnstenv	own_probe_seen + STATE_X87(%rip)
	fldcw	own_probe_seen + STATE_X87(%rip)	/* fnstenv masks the exceptions */
	store_vectors own_probe_seen, own_probe_width
	.set	word, 0
	.rept	STACK_WORDS
	movq	8 + 8*word(%rsp), %rax
	movq	%rax, own_probe_seen + STATE_STACK + 8*word(%rip)
	.set	word, word + 1
	.endr
	/* Stack arguments are the callee's own. */
	movq	own_words(%rip), %rcx
	jrcxz	.Lnone
.Loverwrite:
	notq	(%rsp,%rcx,8)
	loop	.Loverwrite
.Lnone:
	load_vectors own_probe_results, own_probe_width
	ldmxcsr	own_probe_results + STATE_MXCSR(%rip)
	cmpq	$0, own_probe_results + STATE_X87_USED(%rip)
	je	.Lno_x87
	fldt	own_probe_results + STATE_ST1(%rip)
	fldt	own_probe_results + STATE_ST0(%rip)
.Lno_x87:
	load_callers own_probe_results
	ret
	.size	body, . - body

	/* Where the callees are: relocations without a symbol. */
	.section .data.rel.ro, "aw"
	.globl	probe_direct
	.type	probe_direct, @object
	.balign	8
probe_direct:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	.quad	own_probe_\n
	.endr
	.size	probe_direct, . - probe_direct

	.data
	data	probe_seen, STATE_BYTES
	data	probe_results, STATE_BYTES
	data	probe_width, 4

	.local	own_words
	.comm	own_words, 8, 8

#else

	/* void probe_call(void): probe_target with probe_before, then probe_after. */
	.globl	probe_call
	.type	probe_call, @function
	.balign	16
probe_call:
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	subq	$24, %rsp
	stmxcsr	(%rsp)
	fnstcw	8(%rsp)
	movq	%rsp, home(%rip)
	/* The arguments begin where probe_before says, below this frame, among 128 bytes. */
	andq	$-128, %rsp
	subq	$(8*STACK_WORDS + 128), %rsp
	addq	probe_before + STATE_RSP(%rip), %rsp
	.set	word, 0
	.rept	STACK_WORDS
	movq	probe_before + STATE_STACK + 8*word(%rip), %rax
	movq	%rax, 8*word(%rsp)
	.set	word, word + 1
	.endr
	movq	%rsp, probe_stack(%rip)
	load_vectors probe_before, probe_own_width
	ldmxcsr	probe_before + STATE_MXCSR(%rip)
	fldcw	probe_before + STATE_X87(%rip)
	movq	probe_before + STATE_RBX(%rip), %rbx
	movq	probe_before + STATE_RBP(%rip), %rbp
	movq	probe_before + STATE_R12(%rip), %r12
	movq	probe_before + STATE_R13(%rip), %r13
	movq	probe_before + STATE_R14(%rip), %r14
	movq	probe_before + STATE_R15(%rip), %r15
	load_callers probe_before
	call	*probe_target(%rip)
	store_general probe_after
	stmxcsr	probe_after + STATE_MXCSR(%rip)
	cmpq	$0, probe_before + STATE_X87_USED(%rip)
	je	.Lno_x87
	fstpt	probe_after + STATE_ST0(%rip)
	fstpt	probe_after + STATE_ST1(%rip)
.Lno_x87:
	fnstenv	probe_after + STATE_X87(%rip)
	store_vectors probe_after, probe_own_width
	movq	home(%rip), %rsp
	ldmxcsr	(%rsp)
	fninit
	fldcw	8(%rsp)
	cmpl	$16, probe_own_width(%rip)
	je	.Lclean
	vzeroupper
.Lclean:
	addq	$24, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size	probe_call, . - probe_call

	.local	home
	.comm	home, 8, 8

#endif

	.section .note.GNU-stack, "", @progbits
