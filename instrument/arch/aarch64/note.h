/* SPDX-License-Identifier: MIT */
/*
 * note.h (aarch64) - what an assembly source says of itself: its stack is no code, and each of its
 * functions begins with a landing pad (GNU_PROPERTY_AARCH64_FEATURE_1_AND, bit 0: BTI; System V ABI
 * for the Arm 64-bit Architecture, "Program property").
 */
/* clang-format off */
	.section .note.GNU-stack, "", %progbits

	.section .note.gnu.property, "a", %note
	.balign	8
	.word	4		/* bytes of the name */
	.word	16		/* bytes of the property */
	.word	5		/* NT_GNU_PROPERTY_TYPE_0 */
	.asciz	"GNU"
	.word	0xc0000000
	.word	4
	.word	1
	.word	0
