/* SPDX-License-Identifier: MIT */
/* Nothing is hard here; what the sums are good for is told in docs/accuracy.md. */
#include "pace_internal.h"

#include "attach_internal.h"
#include "system_internal.h"
#include "trace_points/clock.h"
#include "trace_points/image.h"

void fsc_pace_note(struct fsc_cursor *cursor)
{
	struct fsc_image *image = fsc_live->image;

	cursor->paced = cursor->ring->head;
	if (fsc_clock_mode_now == FSC_CLOCK_SYSTEM)
		return;
	__atomic_fetch_add(&image->pace_ticks, fsc_clock_pace_ticks(), __ATOMIC_RELAXED);
	__atomic_fetch_add(&image->pace_count, 1, __ATOMIC_RELAXED);
}

/* 0 = the thread gave its clock away, or nobody may ask. */
static uint64_t ticks_now(void)
{
	if (__atomic_load_n(&fsc_system_forbidden, __ATOMIC_RELAXED) ||
	    fsc_thread.refused == FSC_REFUSED_FOR_GOOD)
		return 0;
	return fsc_clock_mode_now == FSC_CLOCK_SYSTEM ? fsc_clock_monotonic_ns()
						      : fsc_clock_counter();
}

uint64_t fsc_pace_begin_growth(void)
{
	return ticks_now();
}

void fsc_pace_end_growth(uint64_t begin_ticks)
{
	uint64_t end_ticks = ticks_now();

	if (begin_ticks && end_ticks > begin_ticks)
		__atomic_fetch_add(&fsc_live->image->growth_ticks, end_ticks - begin_ticks,
				   __ATOMIC_RELAXED);
}
