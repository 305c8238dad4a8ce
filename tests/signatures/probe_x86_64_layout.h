/* SPDX-License-Identifier: MIT */
/*
 * probe_x86_64_layout.h - all registers of the processor as the probe keeps them. Included by C and
 * by assembly.
 */
#ifndef PROBE_X86_64_LAYOUT_H
#define PROBE_X86_64_LAYOUT_H

/* Offsets in struct probe_state. */
#define STATE_RAX      0
#define STATE_RCX      8
#define STATE_RDX      16
#define STATE_RBX      24
#define STATE_RSP      32
#define STATE_RBP      40
#define STATE_RSI      48
#define STATE_RDI      56
#define STATE_R8       64
#define STATE_R9       72
#define STATE_R10      80
#define STATE_R11      88
#define STATE_R12      96
#define STATE_R13      104
#define STATE_R14      112
#define STATE_R15      120
#define STATE_FLAGS    128
#define STATE_MXCSR    136
#define STATE_X87      144 /* fnstenv: 28 bytes; the control word is the first, the tags the third */
#define STATE_X87_TAGS 152
#define STATE_ST0      176
#define STATE_ST1      192
#define STATE_X87_USED 208 /* are results in ST0 and ST1 wanted? */
#define STATE_STACK    256
#define STATE_VECTOR   512
#define STATE_BYTES    2560

#define STACK_WORDS  32
#define VECTORS	     32
#define VECTOR_BYTES 64

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

struct probe_state {
	uint64_t general[16]; /* in the order of their numbers */
	uint64_t flags;
	uint32_t mxcsr;
	uint32_t reserved;
	uint32_t x87[8];
	_Alignas(16) uint8_t st[2][16];
	uint64_t x87_used;
	_Alignas(64) uint64_t stack[STACK_WORDS];
	_Alignas(64) uint8_t vector[VECTORS][VECTOR_BYTES];
};

_Static_assert(offsetof(struct probe_state, flags) == STATE_FLAGS, "layout");
_Static_assert(offsetof(struct probe_state, mxcsr) == STATE_MXCSR, "layout");
_Static_assert(offsetof(struct probe_state, x87) == STATE_X87, "layout");
_Static_assert(offsetof(struct probe_state, st) == STATE_ST0, "layout");
_Static_assert(offsetof(struct probe_state, x87_used) == STATE_X87_USED, "layout");
_Static_assert(offsetof(struct probe_state, stack) == STATE_STACK, "layout");
_Static_assert(offsetof(struct probe_state, vector) == STATE_VECTOR, "layout");
_Static_assert(sizeof(struct probe_state) == STATE_BYTES, "layout");

#endif
#endif
