/* SPDX-License-Identifier: MIT */
/*
 * probe.h - calls in assembly with garbage in every register: what arrives, and what survives.
 *
 * One implementation per architecture: probe_<machine>.c, .S and _layout.h.
 */
#ifndef PROBE_H
#define PROBE_H

#include <stdint.h>

/* Find the probes of the library that have up to so many bytes of stack arguments. */
void probe_look_up(void *library, void *(*look_up)(void *library, const char *name),
		   unsigned int stack_to);

unsigned int probe_count(void);

/* How many of them came back as another address than their own. */
unsigned int probe_wrapped(void);

/*
 * Call each probe so often, directly and as it was looked up. What is wrong is printed; returns how
 * often something was.
 */
uint64_t probe_run(unsigned int rounds);

#endif
