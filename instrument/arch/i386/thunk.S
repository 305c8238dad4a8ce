/* SPDX-License-Identifier: MIT */
/*
 * thunk.S (i386) - the pool of stubs, and the one body that they share.
 *
 * No register is free: EAX, ECX and EDX may hold arguments (regparm, fastcall, thiscall). A stub
 * pushes its site's offset and jumps to the body. The body puts the saved EBP in its place, so that
 * the EBP chain is valid, with CFI at every instruction; it asks fsc_call_enter() what to do, copies
 * the stack arguments below the frame, reads the clock, calls the function, reads the clock, and
 * hands the frame to fsc_call_leave(). What the function took off the stack beside its return address
 * (the hidden pointer; all arguments of stdcall) is taken off the caller's stack too. No vector,
 * x87 or MMX register is touched: the hooks are built with -mgeneral-regs-only, and what they call
 * beyond themselves goes through fsc_arch_call_outside() below.
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
	/*
	 * CFA = ESP + 4, and 4 more from the 5th byte of a stub on, where the push is done: the
	 * expression that linkers give a procedure linkage table. DW_CFA_def_cfa_expression of 11
	 * bytes: breg4 4; breg8 0; lit15; and; lit5; ge; lit2; shl; plus.
	 */
	.cfi_escape 0x0f, 11, 0x74, 4, 0x78, 0, 0x3f, 0x1a, 0x35, 0x2a, 0x32, 0x24, 0x22
	.set	index, 0
	.rept	FSC_STUB_COUNT
	.balign	STUB_BYTES
	.byte	0x68		/* pushl of 4 bytes, whatever the number */
	.long	index * SITE_BYTES
	jmp	ffiscope_thunk
	.set	index, index + 1
	.endr
	.cfi_endproc
	.size	fsc_arch_stubs, . - fsc_arch_stubs

/* The address after the call: what it returns to is where this library's data is counted from. */
	.globl	fsc_arch_pc_in_ecx
	.hidden	fsc_arch_pc_in_ecx
	.type	fsc_arch_pc_in_ecx, @function
	.balign	16
fsc_arch_pc_in_ecx:
	.cfi_startproc
	movl	(%esp), %ecx
	ret
	.cfi_endproc
	.size	fsc_arch_pc_in_ecx, . - fsc_arch_pc_in_ecx

	.macro	LOAD_CLOCK_MODE
	call	fsc_arch_pc_in_ecx
	addl	$_GLOBAL_OFFSET_TABLE_, %ecx
	movl	fsc_clock_mode_now@GOTOFF(%ecx), %ecx
	.endm

	/* Call a hook with the frame, which ESP points to. The stack stays as aligned as it was. */
	.macro	CALL_HOOK function
	movl	%esp, %eax
	subl	$12, %esp
	pushl	%eax
	call	\function
	addl	$16, %esp
	.endm

/* ---- the body ---- */

	.globl	ffiscope_thunk
	.hidden	ffiscope_thunk
	.type	ffiscope_thunk, @function
	.balign	64
ffiscope_thunk:
	.cfi_startproc
	.cfi_def_cfa_offset 8
	pushl	%eax
	.cfi_def_cfa_offset 12
	movl	4(%esp), %eax
	movl	%ebp, 4(%esp)		/* where the stub's number was */
	.cfi_offset %ebp, -8
	leal	4(%esp), %ebp
	.cfi_def_cfa %ebp, 8
	subl	$(FRAME_BYTES - 4), %esp
	movl	%eax, FRAME_STUB(%esp)
	movl	%ecx, FRAME_ECX(%esp)
	movl	%edx, FRAME_EDX(%esp)
	movl	-4(%ebp), %eax		/* as it was pushed */
	movl	%eax, FRAME_EAX(%esp)
	leal	4(%ebp), %eax
	andl	$4095, %eax
	cmpl	$(4096 - 4 - 4 * FSC_ARCH_ARGUMENT_REGISTERS), %eax
	ja	.Lfar_arguments
	.set	word, 0
	.rept	FSC_ARCH_ARGUMENT_REGISTERS
	movl	8+4*word(%ebp), %eax
	movl	%eax, FRAME_ARGUMENT+4*word(%esp)
	.set	word, word + 1
	.endr
.Largued:
	CALL_HOOK fsc_call_enter
	/* EAX: words of stack arguments to copy, or negative: jump to the function unseen. */
	testl	%eax, %eax
	js	.Lunseen

	movl	%eax, FRAME_STACK(%esp)		/* kept there until the copy */
	LOAD_CLOCK_MODE
	cmpl	$CLOCK_FAST, %ecx
	ja	.Lsystem_start
	rdtsc
.Lstarted:
	movl	%eax, FRAME_START(%esp)
	movl	%edx, FRAME_START+4(%esp)

	/*
	 * The copying stands after the reading, which takes some 40 cycles to come back. The copy
	 * lies at the same offset within 128 bytes as the original, so that arguments keep their
	 * alignment. 32 words, the default window, lie so right below the frame.
	 */
	movl	FRAME_STACK(%esp), %eax
	cmpl	$32, %eax
	jne	.Lother_window
	.set	word, 31
	.rept	32
	pushl	8+4*word(%ebp)
	.set	word, word - 1
	.endr
.Lcopied:
	movl	%esp, FRAME_STACK-FRAME_BYTES(%ebp)
	testl	%ecx, %ecx		/* CLOCK_FENCED? */
	jnz	.Lcall
	lfence
.Lcall:
	movl	FRAME_EAX-FRAME_BYTES(%ebp), %eax
	movl	FRAME_ECX-FRAME_BYTES(%ebp), %ecx
	movl	FRAME_EDX-FRAME_BYTES(%ebp), %edx
	call	*FRAME_TARGET-FRAME_BYTES(%ebp)
	movl	%eax, FRAME_RESULT-FRAME_BYTES(%ebp)
	movl	%edx, FRAME_RESULT+4-FRAME_BYTES(%ebp)
	/* From here on FRAME_STACK is how many bytes of arguments it took off the stack. */
	movl	%esp, %eax
	subl	FRAME_STACK-FRAME_BYTES(%ebp), %eax
	movl	%eax, FRAME_STACK-FRAME_BYTES(%ebp)
	leal	-FRAME_BYTES(%ebp), %esp
	/* And a signal handler's calls pass unseen: records stay in the order of their ends. */
	call	fsc_arch_pc_in_ecx
	addl	$_GLOBAL_OFFSET_TABLE_, %ecx
	movl	fsc_thread@gotntpoff(%ecx), %edx
	movl	%esp, %gs:THREAD_BUSY(%edx)
	cmpl	$0, %gs:THREAD_COUNTER(%edx)
	je	.Lsystem_end
	cmpl	$CLOCK_FAST, fsc_clock_mode_now@GOTOFF(%ecx)
	je	.Lread
	lfence
.Lread:
	rdtsc
.Lended:
	movl	%eax, FRAME_END(%esp)
	movl	%edx, FRAME_END+4(%esp)
	CALL_HOOK fsc_call_leave
	movl	FRAME_RESULT(%esp), %eax
	movl	FRAME_RESULT+4(%esp), %edx
	movl	FRAME_STACK(%esp), %ecx
	leave
	.cfi_remember_state
	.cfi_def_cfa %esp, 4
	.cfi_restore %ebp
	testl	%ecx, %ecx
	jnz	.Lpop
	ret
.Lpop:
	cmpl	$4, %ecx
	jne	.Lpop_more
	ret	$4			/* the hidden pointer */
.Lpop_more:
	/* The return address goes where the caller expects its stack to end. */
	pushl	%eax
	.cfi_def_cfa_offset 8
	movl	4(%esp), %eax
	movl	%eax, 4(%esp,%ecx)
	popl	%eax
	.cfi_def_cfa_offset 4
	addl	%ecx, %esp
	ret
	.cfi_restore_state

.Lfar_arguments:
	CALL_HOOK fsc_arch_take_arguments
	jmp	.Largued

.Lother_window:
	testl	%eax, %eax
	jz	.Lcopied
	leal	(,%eax,4), %edx
	movl	%esp, %ecx
	subl	%edx, %ecx
	leal	-8(%ecx), %edx
	subl	%ebp, %edx
	andl	$127, %edx
	subl	%edx, %ecx		/* where the copy begins */
	leal	(%ecx,%eax,4), %esp	/* ... and ends: it is pushed, last word first */
.Lcopy_word:
	pushl	4(%ebp,%eax,4)
	decl	%eax
	jnz	.Lcopy_word
	LOAD_CLOCK_MODE
	jmp	.Lcopied

	/*
	 * No usable counter: clock_gettime, with all other registers saved around it. At the end
	 * also when the thread gave the counter away inside the call: then nothing is read.
	 */
.Lsystem_start:
	call	fsc_arch_system_ticks
	movl	$CLOCK_SYSTEM, %ecx
	jmp	.Lstarted
.Lsystem_end:
	call	fsc_arch_system_ticks
	jmp	.Lended

	/* No register is free for the target: it takes the place of the saved EBP, for a return. */
.Lunseen:
	.cfi_remember_state
	.cfi_def_cfa %esp, FRAME_BYTES + 8
	movl	(%ebp), %ebp
	.cfi_restore %ebp
	movl	FRAME_TARGET(%esp), %eax
	movl	%eax, FRAME_BYTES(%esp)
	movl	FRAME_EAX(%esp), %eax
	movl	FRAME_ECX(%esp), %ecx
	movl	FRAME_EDX(%esp), %edx
	leal	FRAME_BYTES(%esp), %esp
	.cfi_def_cfa_offset 8
	ret
	.cfi_restore_state
	.cfi_endproc
	.size	ffiscope_thunk, . - ffiscope_thunk

/*
 * uint64_t fsc_arch_call_outside(uint64_t (*function)(void *), void *argument)
 *
 * Call ordinary code, which may use vector, x87 and MMX registers, from a hook. Its first three
 * vector or MMX arguments, or its result in ST0, are the host's: all is saved, and the x87 stack
 * empty meanwhile. fxsave knows of the lower 16 bytes of vectors alone.
 */
	.set	SAVED_VECTORS, 64
	.set	SAVED_X87, 64 + 8*64
	.globl	fsc_arch_call_outside
	.hidden	fsc_arch_call_outside
	.type	fsc_arch_call_outside, @function
	.balign	16
fsc_arch_call_outside:
	.cfi_startproc
	pushl	%ebp
	.cfi_def_cfa_offset 8
	.cfi_offset %ebp, -8
	movl	%esp, %ebp
	.cfi_def_cfa_register %ebp
	subl	$(SAVED_X87 + 512), %esp
	andl	$-64, %esp
	fxsave	SAVED_X87(%esp)
	fninit
	movl	12(%ebp), %eax
	movl	%eax, (%esp)
	call	fsc_arch_pc_in_ecx
	addl	$_GLOBAL_OFFSET_TABLE_, %ecx
	cmpl	$32, fsc_arch_vector_bytes@GOTOFF(%ecx)
	ja	.Lsave_zmm
	je	.Lsave_ymm
	call	*8(%ebp)
	fxrstor	SAVED_X87(%esp)
	jmp	.Loutside_done
.Lsave_ymm:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	vmovups	%ymm\n, SAVED_VECTORS+64*\n(%esp)
	.endr
	call	*8(%ebp)
	fxrstor	SAVED_X87(%esp)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	vmovups	SAVED_VECTORS+64*\n(%esp), %ymm\n
	.endr
	jmp	.Loutside_done
.Lsave_zmm:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	vmovups	%zmm\n, SAVED_VECTORS+64*\n(%esp)
	.endr
	call	*8(%ebp)
	fxrstor	SAVED_X87(%esp)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	vmovups	SAVED_VECTORS+64*\n(%esp), %zmm\n
	.endr
.Loutside_done:
	leave
	.cfi_def_cfa %esp, 4
	ret
	.cfi_endproc
	.size	fsc_arch_call_outside, . - fsc_arch_call_outside

	.section .note.GNU-stack, "", @progbits
