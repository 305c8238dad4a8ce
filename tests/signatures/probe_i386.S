/* SPDX-License-Identifier: MIT */
/*
 * probe_i386.S - the caller (in the host) and the callees (LIBRARY) of the probe.
 *
 * The caller fills every register from probe_before, calls, and stores all of them in probe_after. A
 * callee stores what arrives in probe_seen, overwrites what is a callee's to overwrite, and returns
 * with the registers of probe_results, and without some of its arguments on the stack: none, the
 * hidden pointer, all. Everything is addressed absolutely (the loader relocates the text), so that no
 * register is needed for it.
 */
#include "probe_i386_layout.h"

/* Load or store all vectors at the width that the processor has. */
	.macro	load_vectors state, width
	cmpl	$32, \width
	ja	.Lz\@
	je	.Ly\@
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	movups	\state + STATE_VECTOR + VECTOR_BYTES*\n, %xmm\n
	.endr
	jmp	.Ldone\@
.Ly\@:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	vmovups	\state + STATE_VECTOR + VECTOR_BYTES*\n, %ymm\n
	.endr
	jmp	.Ldone\@
.Lz\@:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	vmovups	\state + STATE_VECTOR + VECTOR_BYTES*\n, %zmm\n
	.endr
.Ldone\@:
	.endm

	.macro	store_vectors state, width
	cmpl	$32, \width
	ja	.Lz\@
	je	.Ly\@
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	movups	%xmm\n, \state + STATE_VECTOR + VECTOR_BYTES*\n
	.endr
	jmp	.Ldone\@
.Ly\@:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	vmovups	%ymm\n, \state + STATE_VECTOR + VECTOR_BYTES*\n
	.endr
	jmp	.Ldone\@
.Lz\@:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	vmovups	%zmm\n, \state + STATE_VECTOR + VECTOR_BYTES*\n
	.endr
.Ldone\@:
	.endm

	.macro	store_general state
	movl	%eax, \state + STATE_EAX
	movl	%ecx, \state + STATE_ECX
	movl	%edx, \state + STATE_EDX
	movl	%ebx, \state + STATE_EBX
	movl	%esp, \state + STATE_ESP
	movl	%ebp, \state + STATE_EBP
	movl	%esi, \state + STATE_ESI
	movl	%edi, \state + STATE_EDI
	pushfl
	popl	\state + STATE_FLAGS
	.endm

	.macro	load_callers state
	movl	\state + STATE_ECX, %ecx
	movl	\state + STATE_EAX, %eax
	movl	\state + STATE_EDX, %edx
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

	/*
	 * Callees of one body; the name says how many bytes of stack arguments are theirs. popped:
	 * how many they take off.
	 */
	.macro	callee n, bytes, popped
	.globl	probe_\n\()_s\bytes\()_value
	.type	probe_\n\()_s\bytes\()_value, @function
	.hidden	own_probe_\n
	.globl	own_probe_\n
	.balign	16
probe_\n\()_s\bytes\()_value:
	.set	own_probe_\n, probe_\n\()_s\bytes\()_value
	movl	$(\bytes / 4), own_words
	movl	$.Lreturn\@, own_return
	jmp	body
.Lreturn\@:
	ret	$\popped
	.size	probe_\n\()_s\bytes\()_value, . - probe_\n\()_s\bytes\()_value
	.endm

	/* probe_i386.c has the same list. */
	callee	0, 0, 0
	callee	1, 8, 4
	callee	2, 40, 40
	callee	3, 104, 0
	callee	4, 120, 4
	callee	5, 128, 0
	callee	6, 136, 136
	callee	7, 256, 4

	.type	body, @function
body:
	store_general own_probe_seen
	stmxcsr	own_probe_seen + STATE_MXCSR
	fnstenv	own_probe_seen + STATE_X87
	fldcw	own_probe_seen + STATE_X87	/* fnstenv masks the exceptions */
	store_vectors own_probe_seen, own_probe_width
	cmpl	$0, own_probe_results + STATE_MMX_USED
	je	.Lno_mmx
	.irp	n, 0, 1, 2
	movq	%mm\n, own_probe_seen + STATE_MMX + 8*\n
	.endr
	movq	own_probe_results + STATE_MMX, %mm0
.Lno_mmx:
	.set	word, 0
	.rept	STACK_WORDS
	movl	4 + 4*word(%esp), %eax
	movl	%eax, own_probe_seen + STATE_STACK + 4*word
	.set	word, word + 1
	.endr
	/* Stack arguments are the callee's own. */
	movl	own_words, %ecx
	jecxz	.Lnone
.Loverwrite:
	notl	(%esp,%ecx,4)
	loop	.Loverwrite
.Lnone:
	load_vectors own_probe_results, own_probe_width
	ldmxcsr	own_probe_results + STATE_MXCSR
	cmpl	$0, own_probe_results + STATE_X87_USED
	je	.Lno_x87
	fldt	own_probe_results + STATE_ST0
.Lno_x87:
	load_callers own_probe_results
	jmp	*own_return
	.size	body, . - body

	/* Where the callees are: relocations without a symbol. */
	.section .data.rel.ro, "aw"
	.globl	probe_direct
	.type	probe_direct, @object
	.balign	4
probe_direct:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	.long	own_probe_\n
	.endr
	.size	probe_direct, . - probe_direct

	.data
	data	probe_seen, STATE_BYTES
	data	probe_results, STATE_BYTES
	data	probe_width, 4

	.local	own_words
	.comm	own_words, 4, 4
	.local	own_return
	.comm	own_return, 4, 4

#else

	/* void probe_call(void): probe_target with probe_before, then probe_after. */
	.globl	probe_call
	.type	probe_call, @function
	.balign	16
probe_call:
	.cfi_startproc
	pushl	%ebp
	.cfi_def_cfa_offset 8
	.cfi_offset %ebp, -8
	movl	%esp, %ebp
	.cfi_def_cfa_register %ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	subl	$12, %esp
	stmxcsr	(%esp)
	fnstcw	4(%esp)
	movl	%esp, home
	/* The arguments begin where probe_before says, below this frame, among 128 bytes. */
	andl	$-128, %esp
	subl	$(4*STACK_WORDS + 128), %esp
	addl	probe_before + STATE_ESP, %esp
	.set	word, 0
	.rept	STACK_WORDS
	movl	probe_before + STATE_STACK + 4*word, %eax
	movl	%eax, 4*word(%esp)
	.set	word, word + 1
	.endr
	movl	%esp, probe_stack
	load_vectors probe_before, probe_own_width
	ldmxcsr	probe_before + STATE_MXCSR
	fldcw	probe_before + STATE_X87
	cmpl	$0, probe_before + STATE_MMX_USED
	je	.Lno_mmx
	.irp	n, 0, 1, 2
	movq	probe_before + STATE_MMX + 8*\n, %mm\n
	.endr
.Lno_mmx:
	movl	probe_before + STATE_EBX, %ebx
	movl	probe_before + STATE_EBP, %ebp
	movl	probe_before + STATE_ESI, %esi
	movl	probe_before + STATE_EDI, %edi
	load_callers probe_before
	call	*probe_target
	store_general probe_after
	stmxcsr	probe_after + STATE_MXCSR
	cmpl	$0, probe_before + STATE_MMX_USED
	je	.Lno_mmx_result
	movq	%mm0, probe_after + STATE_MMX
	emms
.Lno_mmx_result:
	cmpl	$0, probe_before + STATE_X87_USED
	je	.Lno_x87
	fstpt	probe_after + STATE_ST0
.Lno_x87:
	fnstenv	probe_after + STATE_X87
	store_vectors probe_after, probe_own_width
	movl	home, %esp
	ldmxcsr	(%esp)
	fninit
	fldcw	4(%esp)
	cmpl	$16, probe_own_width
	je	.Lclean
	vzeroupper
.Lclean:
	addl	$12, %esp
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	.cfi_def_cfa %esp, 4
	ret
	.cfi_endproc
	.size	probe_call, . - probe_call

	.local	home
	.comm	home, 4, 4

#endif

	.section .note.GNU-stack, "", @progbits
