/* SPDX-License-Identifier: MIT */
/*
 * lookup.S (aarch64) - dlsym and dlvsym, as every object of the program sees them.
 *
 * glibc reads the caller's return address to answer RTLD_NEXT, and RTLD_DEFAULT from a library that
 * was opened RTLD_LOCAL: such lookups leave by a jump, so that the real function sees the true
 * caller. fsc_lookup_find(handle, name, version, *answer, caller) says which: 0 = leave by a jump, else
 * *answer is the result. An unversioned definition satisfies every version that hosts import.
 */
	.text

	.macro	LOOKUP name, real, version
	.globl	\name
	.type	\name, %function
	.balign	16
\name:
	.cfi_startproc
	bti	c
	stp	x29, x30, [sp, #-48]!
	.cfi_def_cfa_offset 48
	.cfi_offset x29, -48
	.cfi_offset x30, -40
	mov	x29, sp
	stp	x0, x1, [sp, #16]
	str	x2, [sp, #32]
	.if	\version == 0
	mov	x2, xzr
	.endif
	add	x3, sp, #40
	mov	x4, x30
	bl	fsc_lookup_find
	cbz	w0, 1f
	ldr	x0, [sp, #40]
	ldp	x29, x30, [sp], #48
	.cfi_remember_state
	.cfi_def_cfa_offset 0
	.cfi_restore x29
	.cfi_restore x30
	ret
	.cfi_restore_state
1:	ldp	x0, x1, [sp, #16]
	ldr	x2, [sp, #32]
	adrp	x16, \real
	ldr	x16, [x16, #:lo12:\real]
	ldp	x29, x30, [sp], #48
	.cfi_def_cfa_offset 0
	.cfi_restore x29
	.cfi_restore x30
	br	x16
	.cfi_endproc
	.size	\name, . - \name
	.endm

	LOOKUP	dlsym, fsc_real_dlsym, 0
	LOOKUP	dlvsym, fsc_real_dlvsym, 1

#include "note.h"
