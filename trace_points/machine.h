/* SPDX-License-Identifier: MIT */
/*
 * machine.h - the processors that the library is built for, by the number that ELF gives them.
 *
 * Recorder and recorded need not be built for the same one: a child of another width, a program
 * under an emulator. What they share is laid out alike everywhere; the counter behind the clock is
 * not, nor is what measuring costs. Thread: any.
 */
#ifndef TRACE_POINTS_MACHINE_H
#define TRACE_POINTS_MACHINE_H

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * This one's e_machine, and its multiarch name (wiki.debian.org/Multiarch/Tuples), which is what
 * $LIB of ld.so ends in on Debian.
 */
#if defined(__x86_64__)
#define FSC_MACHINE_OWN	    EM_X86_64
#define FSC_MACHINE_TRIPLET "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define FSC_MACHINE_OWN	    EM_AARCH64
#define FSC_MACHINE_TRIPLET "aarch64-linux-gnu"
#elif defined(__i386__)
#define FSC_MACHINE_OWN	    EM_386
#define FSC_MACHINE_TRIPLET "i386-linux-gnu"
#else
#error "which processor?"
#endif

/* "x86_64", "i386", "aarch64"; NULL for another e_machine. */
const char *fsc_machine_name(uint32_t machine);

/* Do code for that processor and this code read the same counter (fsc_clock_counter())? */
bool fsc_machine_shares_counter(uint32_t machine);

#endif
