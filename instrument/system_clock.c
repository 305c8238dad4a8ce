/* SPDX-License-Identifier: MIT */
/* The clock of a recording; nothing is hard here. */
#include "thread_internal.h"
#include "trace_points/clock.h"

uint32_t fsc_clock_mode_now = FSC_CLOCK_SYSTEM;

static uint64_t read_monotonic(void *unused)
{
	(void)unused;
	return fsc_clock_monotonic_ns();
}

/* Of a thread that gave its clock away nothing is timed: any number will do. */
uint64_t fsc_arch_system_ticks(void)
{
	if (fsc_clock_mode_now != FSC_CLOCK_SYSTEM || fsc_thread.refused == FSC_REFUSED_FOR_GOOD)
		return 0;
	return fsc_arch_call_outside(read_monotonic, 0);
}
