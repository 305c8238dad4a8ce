/* SPDX-License-Identifier: MIT */
/* registers.h (aarch64) - how many registers a thunk keeps: X0 to X7, and X8 X9 X15 X18. */
#ifndef INSTRUMENT_ARCH_AARCH64_REGISTERS_H
#define INSTRUMENT_ARCH_AARCH64_REGISTERS_H

#define FSC_ARCH_ARGUMENT_REGISTERS 8
#define FSC_ARCH_OTHER_REGISTERS    4

#endif
