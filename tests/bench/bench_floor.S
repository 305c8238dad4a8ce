/* SPDX-License-Identifier: MIT */
/*
 * bench_floor.S (x86-64) - the least that recording a call can cost on this processor: a thunk that
 * keeps the argument registers, reads the clock, copies 128 bytes of stack arguments, calls, reads
 * the clock and writes a record of 48 bytes. It knows nothing of signals, forks, other threads, left
 * frames or a full ring, so it is no tool; what ffiscope adds beyond it is ffiscope's own.
 */
#if defined(__x86_64__)
#define FRAME 112

	.macro	floor_thunk name, target, fenced
	.globl	\name
	.type	\name, @function
	.balign	64
\name:
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	subq	$FRAME, %rsp
	movq	%rdi, 0(%rsp)
	movq	%rsi, 8(%rsp)
	movq	%rdx, 16(%rsp)
	movq	%rcx, 24(%rsp)
	movq	%r8, 32(%rsp)
	movq	%r9, 40(%rsp)
	movq	%rax, 48(%rsp)
	movq	%r10, 56(%rsp)
	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax
	movq	%rax, 64(%rsp)
	leaq	16(%rbp), %rsi
	.set	word, 15
	.rept	16
	pushq	8*word(%rsi)
	.set	word, word - 1
	.endr
	movq	0-FRAME(%rbp), %rdi
	movq	8-FRAME(%rbp), %rsi
	movq	16-FRAME(%rbp), %rdx
	movq	24-FRAME(%rbp), %rcx
	movq	32-FRAME(%rbp), %r8
	movq	40-FRAME(%rbp), %r9
	movq	48-FRAME(%rbp), %rax
	movq	56-FRAME(%rbp), %r10
	.if \fenced
	lfence
	.endif
	call	*\target(%rip)
	movq	%rax, 72-FRAME(%rbp)
	movq	%rdx, 80-FRAME(%rbp)
	.if \fenced
	lfence
	.endif
	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax
	movq	bench_floor_at@gottpoff(%rip), %rsi
	movq	%fs:(%rsi), %rcx
	movl	$4, (%rcx)
	movq	%rax, 4(%rcx)
	subq	64-FRAME(%rbp), %rax
	movl	%eax, 12(%rcx)
	movl	$7, 16(%rcx)
	movq	$1, 20(%rcx)
	movq	$0, 28(%rcx)
	movq	$0, 36(%rcx)
	movl	$0, 44(%rcx)
	addq	$48, %rcx
	movq	%rcx, %fs:(%rsi)
	movq	72-FRAME(%rbp), %rax
	movq	80-FRAME(%rbp), %rdx
	leave
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size	\name, . - \name
	.endm

	.text
	floor_thunk bench_floor_fast, bench_floor_target, 0
	floor_thunk bench_floor_fenced, bench_floor_target, 1
	floor_thunk bench_floor_hello_fast, bench_floor_hello, 0
	floor_thunk bench_floor_hello_fenced, bench_floor_hello, 1
	floor_thunk bench_floor_free_fast, bench_floor_free, 0
	floor_thunk bench_floor_free_fenced, bench_floor_free, 1
#endif
	.section .note.GNU-stack, "", @progbits
