/* SPDX-License-Identifier: MIT */
/*
 * clock.h - reading the two clocks that a recording ties together.
 *
 * Ticks are the TSC (x86), CNTVCT (aarch64) or, when neither may be used, CLOCK_MONOTONIC ns.
 * Thread: any; nothing here has state, allocates or changes errno.
 */
#ifndef TRACE_POINTS_CLOCK_H
#define TRACE_POINTS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* A moment on both clocks. */
struct fsc_clock_pair {
	uint64_t ticks;
	uint64_t monotonic_ns;
	uint64_t realtime_ns;
	uint64_t bracket_ticks; /* the true pair lies within half of this */
};

/* The cycle counter, unordered. Only when fsc_clock_has_counter(). */
static inline uint64_t fsc_clock_counter(void)
{
#if defined(__x86_64__) || defined(__i386__)
	uint32_t low, high;

	__asm__ __volatile__("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
#elif defined(__aarch64__)
	uint64_t value;

	__asm__ __volatile__("mrs %0, cntvct_el0" : "=r"(value));
	return value;
#else
	return 0;
#endif
}

/* Why the counter is no clock. */
enum fsc_clock_lack {
	FSC_CLOCK_LACKS_NOTHING,
	FSC_CLOCK_LACKS_COUNTER,   /* this architecture's is not known */
	FSC_CLOCK_LACKS_RATE,	   /* it does not run at one rate in every power state */
	FSC_CLOCK_LACKS_PERMISSION /* this process may not read it */
};

/*
 * On x86: CPUID 8000_0007h EDX bit 8 (AMD APM vol. 3 E.4.7, Intel SDM 17.17.1) and prctl
 * PR_GET_TSC.
 */
enum fsc_clock_lack fsc_clock_lacks(void);

/* May the counter be used as a clock? */
bool fsc_clock_has_counter(void);

/* "fenced", "fast" or "system" for an enum fsc_clock_mode (image.h); NULL for anything else. */
const char *fsc_clock_mode_name(uint32_t mode);

uint64_t fsc_clock_monotonic_ns(void);

/* Read both clocks together, the narrowest of a few tries. system: ticks are CLOCK_MONOTONIC ns. */
struct fsc_clock_pair fsc_clock_pair_read(bool system);

/* Ticks in a second, measured over that many ns of waiting; 1e9 when system. */
uint64_t fsc_clock_ticks_per_s(bool system, uint64_t wait_ns);

/*
 * How fast the processor runs now: the ticks that a fixed piece of work takes, which is made like a
 * probe (readings with fences, stores, additions). It follows the clock rate, and it takes up to
 * twice as long while another thread of execution, perhaps another machine's, shares the core. What
 * a probe costs is proportional to it. Some 0.5 us; only when fsc_clock_has_counter().
 */
uint64_t fsc_clock_pace_ticks(void);

/* The counter's smallest step in ticks: the least difference between readings that differ. */
uint64_t fsc_clock_step_ticks(bool system);

#endif
