/* SPDX-License-Identifier: MIT */
/*
 * thunk.S (x86-64) - the pool of stubs, and the one body that they share.
 *
 * A stub puts its site's offset in R11 (the ABI's free scratch register) and jumps to the body, by a
 * pointer, so that while sampling it leads to ffiscope_thunk_sampling at no cost otherwise. The body
 * opens a frame with a valid RBP chain and CFI at every instruction, asks fsc_call_enter() what to
 * do, copies the stack arguments below the frame, reads the clock, calls the function, reads the
 * clock, and hands the frame to fsc_call_leave(). No vector or x87 register is touched: the hooks are
 * built with -mgeneral-regs-only, and what they call beyond themselves goes through
 * fsc_arch_call_outside() below.
 */
#include "arch.h"

	.text

/* ---- the stubs ---- */

	.globl	fsc_arch_stubs
	.hidden	fsc_arch_stubs
	.type	fsc_arch_stubs, @function
	.balign	64
fsc_arch_stubs:
	.cfi_startproc
	.set	index, 0
	.rept	FSC_STUB_COUNT
	.balign	STUB_BYTES
	endbr64
	movl	$(index * SITE_BYTES), %r11d
	jmp	*fsc_arch_entry(%rip)
	.set	index, index + 1
	.endr
	.cfi_endproc
	.size	fsc_arch_stubs, . - fsc_arch_stubs

/* ---- before the body, while sampling: a call that is left out is counted, and that is all ---- */

	.globl	ffiscope_thunk_sampling
	.hidden	ffiscope_thunk_sampling
	.type	ffiscope_thunk_sampling, @function
	.balign	64
ffiscope_thunk_sampling:
	.cfi_startproc
	cmpq	$0, %fs:0			/* no thread-local storage: see fsc_arch_has_storage() */
	je	ffiscope_thunk
	pushq	%rax
	.cfi_adjust_cfa_offset 8
	pushq	%rcx
	.cfi_adjust_cfa_offset 8
	movq	fsc_thread@gottpoff(%rip), %rcx
	cmpq	$0, %fs:THREAD_DEPTH(%rcx)	/* inside another call, which decides */
	jne	.Lnot_early
	cmpl	$0, %fs:THREAD_ATTENTION(%rcx)	/* what came before has decided, or is to be ended */
	jne	.Lnot_early
	movq	%fs:THREAD_CURSOR(%rcx), %rcx
	cmpl	CURSOR_UNFRAMED_BYTES(%rcx), %r11d
	jae	.Lnot_early
	movq	CURSOR_COUNTERS(%rcx), %rax
	leaq	(%rax,%r11,2), %rax
	cmpq	$0, COUNTER_UNFRAMED_LEFT(%rax)
	jle	.Lnot_early
	decq	COUNTER_UNFRAMED_LEFT(%rax)
	incq	COUNTER_SAMPLED_OUT(%rax)
	incq	COUNTER_CALLS(%rax)
	incq	CURSOR_NUMBER(%rcx)
	movq	fsc_thread@gottpoff(%rip), %rcx
	movq	%fs:THREAD_MEMORY(%rcx), %rcx
	leaq	16(%rsp), %rax			/* the return address: see fsc_detail_is_inside() */
	movq	%rax, MEMORY_UNFRAMED(%rcx)
	movq	(%rax), %rax
	movq	%rax, MEMORY_UNFRAMED+8(%rcx)
	leaq	fsc_sites(%rip), %rax
	movq	(%rax,%r11), %r11
	.cfi_remember_state
	popq	%rcx
	.cfi_adjust_cfa_offset -8
	popq	%rax
	.cfi_adjust_cfa_offset -8
	jmp	*%r11
	.cfi_restore_state
.Lnot_early:
	popq	%rcx
	.cfi_adjust_cfa_offset -8
	popq	%rax
	.cfi_adjust_cfa_offset -8
	jmp	ffiscope_thunk
	.cfi_endproc
	.size	ffiscope_thunk_sampling, . - ffiscope_thunk_sampling

/* ---- the body ---- */

	.globl	ffiscope_thunk
	.hidden	ffiscope_thunk
	.type	ffiscope_thunk, @function
	.balign	64
ffiscope_thunk:
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	subq	$FRAME_BYTES, %rsp
	movq	%r11, FRAME_STUB(%rsp)
	movq	%rdi, FRAME_ARGUMENT(%rsp)
	movq	%rsi, FRAME_ARGUMENT+8(%rsp)
	movq	%rdx, FRAME_ARGUMENT+16(%rsp)
	movq	%rcx, FRAME_ARGUMENT+24(%rsp)
	movq	%r8, FRAME_ARGUMENT+32(%rsp)
	movq	%r9, FRAME_ARGUMENT+40(%rsp)
	movq	%rax, FRAME_VECTOR_COUNT(%rsp)
	movq	%r10, FRAME_STATIC_CHAIN(%rsp)
	movq	%rsp, %rdi
	call	fsc_call_enter
	/* RAX: 8-byte words of stack arguments to copy, or negative: jump to the function unseen. */
	testq	%rax, %rax
	js	.Lunseen

	movq	%rax, %rcx
	cmpl	$CLOCK_FAST, fsc_clock_mode_now(%rip)
	ja	.Lsystem_start
	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax	/* one store: two halves would stall the load that joins them */
.Lstarted:
	movq	%rax, FRAME_START-FRAME_BYTES(%rbp)

	/*
	 * The copying and the reloading stand here, after the reading: a reading takes some 40 cycles
	 * to come back, and they are done meanwhile.
	 *
	 * The copy lies at the same offset within 128 bytes as the original, so that over-aligned
	 * arguments (a 64-byte vector) keep their alignment. 16 words, the default window, lie so
	 * right below the frame, and are copied without a loop.
	 */
	cmpl	$16, %ecx
	jne	.Lother_window
	.set	word, 15
	.rept	16
	pushq	16+8*word(%rbp)
	.set	word, word - 1
	.endr
.Lcopied:
	movq	FRAME_ARGUMENT-FRAME_BYTES(%rbp), %rdi
	movq	FRAME_ARGUMENT+8-FRAME_BYTES(%rbp), %rsi
	movq	FRAME_ARGUMENT+16-FRAME_BYTES(%rbp), %rdx
	movq	FRAME_ARGUMENT+24-FRAME_BYTES(%rbp), %rcx
	movq	FRAME_ARGUMENT+32-FRAME_BYTES(%rbp), %r8
	movq	FRAME_ARGUMENT+40-FRAME_BYTES(%rbp), %r9
	movq	FRAME_VECTOR_COUNT-FRAME_BYTES(%rbp), %rax
	movq	FRAME_STATIC_CHAIN-FRAME_BYTES(%rbp), %r10
	cmpl	$CLOCK_FAST, fsc_clock_mode_now(%rip)
	jne	.Lfenced_call
	call	*FRAME_TARGET-FRAME_BYTES(%rbp)
	movq	%rax, FRAME_RESULT-FRAME_BYTES(%rbp)
	movq	%rdx, FRAME_RESULT+8-FRAME_BYTES(%rbp)
	/* From here on a signal handler's calls pass unseen: records stay in the order of their ends. */
	movq	fsc_thread@gottpoff(%rip), %rcx
	leaq	-FRAME_BYTES(%rbp), %rdi
	movq	%rdi, %fs:THREAD_BUSY(%rcx)
	cmpl	$0, %fs:THREAD_COUNTER(%rcx)
	je	.Lsystem_end
	rdtsc
.Lread:
	shlq	$32, %rdx
	orq	%rdx, %rax
	movq	%rax, FRAME_END-FRAME_BYTES(%rbp)
	call	fsc_call_leave
	movq	FRAME_RESULT-FRAME_BYTES(%rbp), %rax
	movq	FRAME_RESULT+8-FRAME_BYTES(%rbp), %rdx
	leave
	.cfi_remember_state
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_restore_state

.Lfenced_call:	/* or by the system's clock: a fence costs little beside that one */
	lfence
	call	*FRAME_TARGET-FRAME_BYTES(%rbp)
	movq	%rax, FRAME_RESULT-FRAME_BYTES(%rbp)
	movq	%rdx, FRAME_RESULT+8-FRAME_BYTES(%rbp)
	movq	fsc_thread@gottpoff(%rip), %rcx
	leaq	-FRAME_BYTES(%rbp), %rdi
	movq	%rdi, %fs:THREAD_BUSY(%rcx)
	cmpl	$0, %fs:THREAD_COUNTER(%rcx)
	je	.Lsystem_end
	lfence
	rdtsc
	jmp	.Lread

.Lother_window:
	testl	%ecx, %ecx
	jz	.Lcopied
	leaq	16(%rbp), %rsi
	leaq	(,%rcx,8), %rdx
	movq	%rsp, %rdi
	subq	%rdx, %rdi
	movq	%rdi, %rdx
	subq	%rsi, %rdx
	andl	$127, %edx
	subq	%rdx, %rdi		/* where the copy begins */
	leaq	(%rdi,%rcx,8), %rsp	/* ... and ends: it is pushed, last word first */
.Lcopy_word:
	pushq	-8(%rsi,%rcx,8)
	decl	%ecx
	jnz	.Lcopy_word
	jmp	.Lcopied

	/*
	 * No usable counter: clock_gettime, with the vector registers saved around it. At the end
	 * also when the thread gave the counter away inside the call: then nothing is read.
	 */
.Lsystem_start:
	movq	%rcx, FRAME_RESULT(%rsp)	/* not in use yet */
	call	fsc_arch_system_ticks
	movq	FRAME_RESULT(%rsp), %rcx
	jmp	.Lstarted
.Lsystem_end:
	call	fsc_arch_system_ticks
	leaq	-FRAME_BYTES(%rbp), %rdi
	xorl	%edx, %edx
	jmp	.Lread

.Lunseen:
	movq	FRAME_ARGUMENT(%rsp), %rdi
	movq	FRAME_ARGUMENT+8(%rsp), %rsi
	movq	FRAME_ARGUMENT+16(%rsp), %rdx
	movq	FRAME_ARGUMENT+24(%rsp), %rcx
	movq	FRAME_ARGUMENT+32(%rsp), %r8
	movq	FRAME_ARGUMENT+40(%rsp), %r9
	movq	FRAME_VECTOR_COUNT(%rsp), %rax
	movq	FRAME_STATIC_CHAIN(%rsp), %r10
	movq	FRAME_TARGET(%rsp), %r11
	leave
	.cfi_remember_state
	.cfi_def_cfa %rsp, 8
	jmp	*%r11
	.cfi_restore_state
	.cfi_endproc
	.size	ffiscope_thunk, . - ffiscope_thunk

/*
 * uint64_t fsc_arch_call_outside(uint64_t (*function)(void *), void *argument)
 *
 * Call ordinary code, which may use vector registers, from a hook: the 8 vector argument (and
 * return) registers are saved plainly at their full width. xsave would cost 40 times more.
 */
	.globl	fsc_arch_call_outside
	.hidden	fsc_arch_call_outside
	.type	fsc_arch_call_outside, @function
	.balign	16
fsc_arch_call_outside:
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	subq	$(8*64), %rsp
	andq	$-64, %rsp
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movl	fsc_arch_vector_bytes(%rip), %ecx
	cmpl	$32, %ecx
	ja	.Lsave_zmm
	je	.Lsave_ymm
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	movups	%xmm\n, 64*\n(%rsp)
	.endr
	call	*%rax
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	movups	64*\n(%rsp), %xmm\n
	.endr
	jmp	.Loutside_done
.Lsave_ymm:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	vmovups	%ymm\n, 64*\n(%rsp)
	.endr
	call	*%rax
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	vmovups	64*\n(%rsp), %ymm\n
	.endr
	jmp	.Loutside_done
.Lsave_zmm:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	vmovups	%zmm\n, 64*\n(%rsp)
	.endr
	call	*%rax
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	vmovups	64*\n(%rsp), %zmm\n
	.endr
.Loutside_done:
	leave
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size	fsc_arch_call_outside, . - fsc_arch_call_outside

	.section .note.GNU-stack, "", @progbits
