/* SPDX-License-Identifier: MIT */
/*
 * probe_i386_layout.h - all registers of the processor as the probe keeps them. Included by C and
 * by assembly.
 */
#ifndef PROBE_I386_LAYOUT_H
#define PROBE_I386_LAYOUT_H

/* Offsets in struct probe_state. */
#define STATE_EAX      0
#define STATE_ECX      4
#define STATE_EDX      8
#define STATE_EBX      12
#define STATE_ESP      16
#define STATE_EBP      20
#define STATE_ESI      24
#define STATE_EDI      28
#define STATE_FLAGS    32
#define STATE_MXCSR    36
#define STATE_X87      40 /* fnstenv: 28 bytes; the control word is the first, the tags the third */
#define STATE_X87_USED 68 /* is a result in ST0 wanted? */
#define STATE_MMX_USED 72 /* are arguments in MM0 to MM2 wanted, and a result in MM0? */
#define STATE_ST0      80
#define STATE_MMX      96
#define STATE_STACK    128
#define STATE_VECTOR   384
#define STATE_BYTES    896

#define STACK_WORDS  64
#define VECTORS	     8
#define VECTOR_BYTES 64
#define MMX_VECTORS  3

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

struct probe_state {
	uint32_t general[8]; /* in the order of their numbers */
	uint32_t flags;
	uint32_t mxcsr;
	uint32_t x87[7];
	uint32_t x87_used;
	uint32_t mmx_used;
	_Alignas(16) uint8_t st0[16];
	uint8_t mmx[MMX_VECTORS][8];
	_Alignas(64) uint32_t stack[STACK_WORDS];
	_Alignas(64) uint8_t vector[VECTORS][VECTOR_BYTES];
};

_Static_assert(offsetof(struct probe_state, flags) == STATE_FLAGS, "layout");
_Static_assert(offsetof(struct probe_state, mxcsr) == STATE_MXCSR, "layout");
_Static_assert(offsetof(struct probe_state, x87) == STATE_X87, "layout");
_Static_assert(offsetof(struct probe_state, x87_used) == STATE_X87_USED, "layout");
_Static_assert(offsetof(struct probe_state, mmx_used) == STATE_MMX_USED, "layout");
_Static_assert(offsetof(struct probe_state, st0) == STATE_ST0, "layout");
_Static_assert(offsetof(struct probe_state, mmx) == STATE_MMX, "layout");
_Static_assert(offsetof(struct probe_state, stack) == STATE_STACK, "layout");
_Static_assert(offsetof(struct probe_state, vector) == STATE_VECTOR, "layout");
_Static_assert(sizeof(struct probe_state) == STATE_BYTES, "layout");

#endif
#endif
