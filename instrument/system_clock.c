/* SPDX-License-Identifier: MIT */
/*
 * The clock of a recording where the processor has none. What is hard: reading it may be a system
 * call, and the program may forbid those at any time.
 */
#include "given_up_internal.h"
#include "record_internal.h"

FSC_HOT_DATA uint32_t fsc_clock_mode_now = FSC_CLOCK_SYSTEM;

uint64_t fsc_system_clock_now(void *unused)
{
	(void)unused;
	return fsc_record_is_timeless() ? 0 : fsc_clock_monotonic_ns();
}

static uint64_t give_up(void *unused)
{
	(void)unused;
	fsc_thread.busy = 0; /* set by the thunk at a call's end: no hook runs yet */
	(void)fsc_given_up_begin(&fsc_thread, true);
	return 0;
}

uint64_t fsc_arch_system_ticks(void)
{
	/* Of a thread that gave its clock away nothing is timed: any number will do. */
	if (fsc_clock_mode_now != FSC_CLOCK_SYSTEM || fsc_thread.refused == FSC_REFUSED_FOR_GOOD)
		return 0;
	return fsc_arch_call_outside(fsc_record_is_timeless() ? give_up : fsc_system_clock_now,
				     NULL);
}
