/* SPDX-License-Identifier: MIT */
/*
 * probe_aarch64.S - the caller (in the host) and the callees (LIBRARY) of the probe.
 *
 * The caller fills every register from probe_before, calls, and stores all of them in probe_after. A
 * callee stores what arrives in probe_seen, overwrites what is a callee's to overwrite, and returns
 * with the registers of probe_results. X16 and X17, which the ABI gives to whatever stands between,
 * carry no value: they hold addresses here.
 */
#include "probe_aarch64_layout.h"

	.macro	address register, symbol
	adrp	\register, \symbol
	add	\register, \register, :lo12:\symbol
	.endm

	/* Pairs of registers between those numbers, at their places; X16 has the state. */
	.macro	general what, first, last
	.set	n, \first
	.rept	(\last - \first + 1) / 2
	pair_of	\what, %n
	.set	n, n + 2
	.endr
	.endm

	.altmacro
	.macro	pair_of what, n
	pair_at	\what, \n, %(\n + 1)
	.endm
	.macro	pair_at what, n, m
	\what	x\n, x\m, [x16, #8*\n]
	.endm

	.macro	vectors what, first, last
	add	x17, x16, #STATE_VECTOR
	.set	n, \first
	.rept	(\last - \first + 1) / 2
	vector_of \what, %n
	.set	n, n + 2
	.endr
	.endm
	.macro	vector_of what, n
	vector_at \what, \n, %(\n + 1)
	.endm
	.macro	vector_at what, n, m
	\what	q\n, q\m, [x17, #16*\n]
	.endm

	/* Everything, as it is: first what is needed to look at the rest. */
	.macro	store_all
	general	stp, 0, 15
	general	stp, 18, 29
	mov	x17, sp
	stp	x30, x17, [x16, #8*30]
	mrs	x17, fpcr
	str	x17, [x16, #STATE_FPCR]
	mrs	x17, fpsr
	str	x17, [x16, #STATE_FPSR]
	vectors	stp, 0, 31
	.endm

	.text

#ifdef LIBRARY

	.macro	data name, bytes
	.globl	\name
	.type	\name, %object
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
	.type	probe_\n\()_s\bytes\()_value, %function
	.hidden	own_probe_\n
	.globl	own_probe_\n
	.balign	16
probe_\n\()_s\bytes\()_value:
	.set	own_probe_\n, probe_\n\()_s\bytes\()_value
	bti	c
	mov	x17, #(\bytes / 8)
	b	body
	.size	probe_\n\()_s\bytes\()_value, . - probe_\n\()_s\bytes\()_value
	.endm

	/* probe_aarch64.c has the same list. */
	callee	0, 0
	callee	1, 8
	callee	2, 40
	callee	3, 104
	callee	4, 120
	callee	5, 128
	callee	6, 136
	callee	7, 256

	.type	body, %function
body:
	adrp	x16, own_words
	str	x17, [x16, #:lo12:own_words]
	address	x16, own_probe_seen
	store_all
	add	x17, x16, #STATE_STACK
	.set	word, 0
	.rept	STACK_WORDS
	ldr	x0, [sp, #8*word]
	str	x0, [x17, #8*word]
	.set	word, word + 1
	.endr
	/* Stack arguments are the callee's own. */
	adrp	x17, own_words
	ldr	x17, [x17, #:lo12:own_words]
	mov	x1, sp
	cbz	x17, 2f
1:	ldr	x0, [x1]
	mvn	x0, x0
	str	x0, [x1], #8
	subs	x17, x17, #1
	b.ne	1b
2:	address	x16, own_probe_results
	ldr	x17, [x16, #STATE_FPSR]
	msr	fpsr, x17
	vectors	ldp, 0, 7
	vectors	ldp, 16, 31
	general	ldp, 0, 15
	ret
	.size	body, . - body

	/* Where the callees are: relocations without a symbol. */
	.section .data.rel.ro, "aw"
	.globl	probe_direct
	.type	probe_direct, %object
	.balign	8
probe_direct:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	.quad	own_probe_\n
	.endr
	.size	probe_direct, . - probe_direct

	.data
	data	probe_seen, STATE_BYTES
	data	probe_results, STATE_BYTES

	.local	own_words
	.comm	own_words, 8, 8

#else

	/* void probe_call(void): probe_target with probe_before, then probe_after. */
	.globl	probe_call
	.type	probe_call, %function
	.balign	16
probe_call:
	.cfi_startproc
	stp	x29, x30, [sp, #-176]!
	.cfi_def_cfa_offset 176
	.cfi_offset x29, -176
	.cfi_offset x30, -168
	mov	x29, sp
	.cfi_def_cfa_register x29
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mrs	x16, fpcr
	mrs	x17, fpsr
	stp	x16, x17, [sp, #160]
	mov	x17, sp
	adrp	x16, home
	str	x17, [x16, #:lo12:home]
	/* The arguments begin where probe_before says, below this frame, among 128 bytes. */
	address	x16, probe_before
	and	x17, x17, #-128
	sub	x17, x17, #(8*STACK_WORDS + 128)
	ldr	x0, [x16, #STATE_SP]
	add	x17, x17, x0
	mov	sp, x17
	adrp	x0, probe_stack
	str	x17, [x0, #:lo12:probe_stack]
	add	x17, x16, #STATE_STACK
	.set	word, 0
	.rept	STACK_WORDS
	ldr	x0, [x17, #8*word]
	str	x0, [sp, #8*word]
	.set	word, word + 1
	.endr
	ldr	x17, [x16, #STATE_FPCR]
	msr	fpcr, x17
	ldr	x17, [x16, #STATE_FPSR]
	msr	fpsr, x17
	vectors	ldp, 0, 31
	general	ldp, 0, 15
	general	ldp, 18, 29
	adrp	x16, probe_target
	ldr	x16, [x16, #:lo12:probe_target]
	blr	x16
	address	x16, probe_after
	store_all
	adrp	x16, home
	ldr	x16, [x16, #:lo12:home]
	mov	sp, x16
	mov	x29, sp
	ldp	x16, x17, [sp, #160]
	msr	fpcr, x16
	msr	fpsr, x17
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	d8, d9, [sp, #96]
	ldp	d10, d11, [sp, #112]
	ldp	d12, d13, [sp, #128]
	ldp	d14, d15, [sp, #144]
	ldp	x29, x30, [sp], #176
	.cfi_def_cfa sp, 0
	ret
	.cfi_endproc
	.size	probe_call, . - probe_call

	.local	home
	.comm	home, 8, 8

#endif

	.section .note.GNU-stack, "", %progbits
