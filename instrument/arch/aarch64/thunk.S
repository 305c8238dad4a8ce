/* SPDX-License-Identifier: MIT */
/*
 * thunk.S (aarch64) - the pool of stubs, and the one body that they share.
 *
 * A stub puts its site's number in X17 (a scratch register for whatever stands between caller and
 * callee) and jumps to the body. The body opens a frame with a valid X29 chain and CFI at every
 * instruction, asks fsc_call_enter() what to do, reads the clock, copies the stack arguments below
 * the frame, calls the function, reads the clock, and hands the frame to fsc_call_leave(). No vector
 * register is touched: the hooks are built with -mgeneral-regs-only, and what they call beyond
 * themselves goes through fsc_arch_call_outside() below.
 *
 * The return address is not signed: who walks the stack by X29 alone reads it as it is.
 */
#include "arch.h"
	.text

/* ---- the stubs ---- */

	.globl	fsc_arch_stubs
	.hidden	fsc_arch_stubs
	.type	fsc_arch_stubs, %function
	.balign	64
fsc_arch_stubs:
	.cfi_startproc
	.set	index, 0
	.rept	FSC_STUB_COUNT
	.balign	STUB_BYTES
	bti	c
	mov	w17, #index
	b	ffiscope_thunk
	nop
	.set	index, index + 1
	.endr
	.cfi_endproc
	.size	fsc_arch_stubs, . - fsc_arch_stubs

/* ---- the body ---- */

	/* All registers that a callee may read, from the frame at X9; X9 itself comes last. */
	.macro	RELOAD
	ldp	x0, x1, [x9, #FRAME_ARGUMENT]
	ldp	x2, x3, [x9, #FRAME_ARGUMENT+16]
	ldp	x4, x5, [x9, #FRAME_ARGUMENT+32]
	ldp	x6, x7, [x9, #FRAME_ARGUMENT+48]
	ldp	x15, x18, [x9, #FRAME_OTHER+16]
	ldr	x16, [x9, #FRAME_TARGET]
	ldp	x8, x9, [x9, #FRAME_OTHER]
	.endm

	.globl	ffiscope_thunk
	.hidden	ffiscope_thunk
	.type	ffiscope_thunk, %function
	.balign	64
ffiscope_thunk:
	.cfi_startproc
	stp	x29, x30, [sp, #-16]!
	.cfi_def_cfa_offset 16
	.cfi_offset x29, -16
	.cfi_offset x30, -8
	mov	x29, sp
	.cfi_def_cfa_register x29
	sub	sp, sp, #FRAME_BYTES
	lsl	x17, x17, #SITE_SHIFT
	str	x17, [sp, #FRAME_STUB]
	stp	x0, x1, [sp, #FRAME_ARGUMENT]
	stp	x2, x3, [sp, #FRAME_ARGUMENT+16]
	stp	x4, x5, [sp, #FRAME_ARGUMENT+32]
	stp	x6, x7, [sp, #FRAME_ARGUMENT+48]
	stp	x8, x9, [sp, #FRAME_OTHER]
	stp	x15, x18, [sp, #FRAME_OTHER+16]
	mov	x0, sp
	bl	fsc_call_enter
	/* X0: 8-byte words of stack arguments to copy, or negative: jump to the function unseen. */
	tbnz	x0, #63, .Lunseen

	mov	x11, x0
	adrp	x10, fsc_clock_mode_now
	ldr	w10, [x10, #:lo12:fsc_clock_mode_now]
	cmp	w10, #CLOCK_FAST
	b.hi	.Lsystem_start
	mrs	x0, cntvct_el0
.Lstarted:
	sub	x9, x29, #FRAME_BYTES
	str	x0, [x9, #FRAME_START]

	/* Copying and reloading are done while the reading comes back. */
	cbz	x11, .Lcopied
	add	x12, x11, #1
	and	x12, x12, #~1
	sub	sp, sp, x12, lsl #3
	add	x13, x29, #16
	mov	x14, sp
	tbz	x11, #0, .Lcopy_pair
	ldr	x16, [x13], #8
	str	x16, [x14], #8
	subs	x11, x11, #1
	b.eq	.Lcopied
.Lcopy_pair:
	ldp	x16, x17, [x13], #16
	stp	x16, x17, [x14], #16
	subs	x11, x11, #2
	b.ne	.Lcopy_pair
.Lcopied:
	RELOAD
	cmp	w10, #CLOCK_FAST
	b.eq	.Lcall
	isb			/* the function does not begin before the reading is done */
.Lcall:
	blr	x16
	sub	x9, x29, #FRAME_BYTES
	stp	x0, x1, [x9, #FRAME_RESULT]
	/* From here on a signal handler's calls pass unseen: records stay in the order of their ends. */
	mrs	x10, tpidr_el0
	adrp	x11, :gottprel:fsc_thread
	ldr	x11, [x11, #:gottprel_lo12:fsc_thread]
	add	x10, x10, x11
	str	x9, [x10, #THREAD_BUSY]
	adrp	x10, fsc_clock_mode_now
	ldr	w10, [x10, #:lo12:fsc_clock_mode_now]
	cmp	w10, #CLOCK_FAST
	b.eq	.Lread
	b.hi	.Lsystem_end
	isb			/* nor the reading before the function is done */
.Lread:
	mrs	x10, cntvct_el0
	str	x10, [x9, #FRAME_END]
.Lended:
	mov	x0, x9
	bl	fsc_call_leave
	sub	x9, x29, #FRAME_BYTES
	ldp	x0, x1, [x9, #FRAME_RESULT]
	mov	sp, x29
	.cfi_remember_state
	.cfi_def_cfa_register sp
	ldp	x29, x30, [sp], #16
	.cfi_def_cfa_offset 0
	.cfi_restore x29
	.cfi_restore x30
	ret
	.cfi_restore_state

	/* No usable counter: clock_gettime, with the vector registers saved around it. */
.Lsystem_start:
	str	x11, [sp, #FRAME_RESULT]	/* not in use yet */
	bl	fsc_arch_system_ticks
	ldr	x11, [sp, #FRAME_RESULT]
	mov	w10, #CLOCK_SYSTEM
	b	.Lstarted
.Lsystem_end:
	bl	fsc_arch_system_ticks
	sub	x9, x29, #FRAME_BYTES
	str	x0, [x9, #FRAME_END]
	b	.Lended

.Lunseen:
	mov	x9, sp
	RELOAD
	mov	sp, x29
	.cfi_def_cfa_register sp
	ldp	x29, x30, [sp], #16
	.cfi_def_cfa_offset 0
	.cfi_restore x29
	.cfi_restore x30
	br	x16
	.cfi_endproc
	.size	ffiscope_thunk, . - ffiscope_thunk

/*
 * uint64_t fsc_arch_call_outside(uint64_t (*function)(void *), void *argument)
 *
 * Call ordinary code, which may use vector registers, from a hook: the 8 vector argument (and
 * return) registers are saved. What lies beyond 128 bits of them no function of the base standard
 * may count on (AAPCS64 6.1.2); those of other standards are not wrapped.
 */
	.globl	fsc_arch_call_outside
	.hidden	fsc_arch_call_outside
	.type	fsc_arch_call_outside, %function
	.balign	16
fsc_arch_call_outside:
	.cfi_startproc
	bti	c
	stp	x29, x30, [sp, #-144]!
	.cfi_def_cfa_offset 144
	.cfi_offset x29, -144
	.cfi_offset x30, -136
	mov	x29, sp
	stp	q0, q1, [sp, #16]
	stp	q2, q3, [sp, #48]
	stp	q4, q5, [sp, #80]
	stp	q6, q7, [sp, #112]
	mov	x16, x0
	mov	x0, x1
	blr	x16
	ldp	q0, q1, [sp, #16]
	ldp	q2, q3, [sp, #48]
	ldp	q4, q5, [sp, #80]
	ldp	q6, q7, [sp, #112]
	ldp	x29, x30, [sp], #144
	.cfi_def_cfa_offset 0
	.cfi_restore x29
	.cfi_restore x30
	ret
	.cfi_endproc
	.size	fsc_arch_call_outside, . - fsc_arch_call_outside

#include "note.h"
