/* SPDX-License-Identifier: MIT */
/* Nothing is hard here; what the sums are good for is told in docs/accuracy.md. */
#include "pace_internal.h"

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

uint64_t fsc_pace_ticks(void)
{
	return fsc_clock_mode_now == FSC_CLOCK_SYSTEM ? fsc_system_clock_now(NULL)
						      : fsc_clock_counter();
}

void fsc_pace_growth(uint64_t begin_ticks)
{
	__atomic_fetch_add(&fsc_live->image->growth_ticks, fsc_pace_ticks() - begin_ticks,
			   __ATOMIC_RELAXED);
}
