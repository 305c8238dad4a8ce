/* SPDX-License-Identifier: MIT */
/*
 * registers.h (i386) - how many registers a thunk keeps: no integer argument is in one, the first
 * words of the stack stand in their place; and EAX ECX EDX.
 */
#ifndef INSTRUMENT_ARCH_I386_REGISTERS_H
#define INSTRUMENT_ARCH_I386_REGISTERS_H

#define FSC_ARCH_ARGUMENT_REGISTERS 6
#define FSC_ARCH_OTHER_REGISTERS    3

#endif
