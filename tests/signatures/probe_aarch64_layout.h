/* SPDX-License-Identifier: MIT */
/*
 * probe_aarch64_layout.h - the registers of the processor as the probe keeps them. Included by C
 * and by assembly.
 */
#ifndef PROBE_AARCH64_LAYOUT_H
#define PROBE_AARCH64_LAYOUT_H

/* Offsets in struct probe_state. */
#define STATE_SP     248
#define STATE_FPCR   256
#define STATE_FPSR   264
#define STATE_STACK  320
#define STATE_VECTOR 576
#define STATE_BYTES  1088

#define STACK_WORDS 32

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

struct probe_state {
	uint64_t general[32]; /* X0 to X30, SP */
	uint64_t fpcr;
	uint64_t fpsr;
	_Alignas(64) uint64_t stack[STACK_WORDS];
	_Alignas(64) uint8_t vector[32][16];
};

_Static_assert(offsetof(struct probe_state, general[31]) == STATE_SP, "layout");
_Static_assert(offsetof(struct probe_state, fpcr) == STATE_FPCR, "layout");
_Static_assert(offsetof(struct probe_state, fpsr) == STATE_FPSR, "layout");
_Static_assert(offsetof(struct probe_state, stack) == STATE_STACK, "layout");
_Static_assert(offsetof(struct probe_state, vector) == STATE_VECTOR, "layout");
_Static_assert(sizeof(struct probe_state) == STATE_BYTES, "layout");

#endif
#endif
