/* SPDX-License-Identifier: MIT */
/* registers.h (x86-64) - how many registers a thunk keeps: RDI RSI RDX RCX R8 R9, and RAX R10. */
#ifndef INSTRUMENT_ARCH_X86_64_REGISTERS_H
#define INSTRUMENT_ARCH_X86_64_REGISTERS_H

#define FSC_ARCH_ARGUMENT_REGISTERS 6
#define FSC_ARCH_OTHER_REGISTERS    2

#endif
