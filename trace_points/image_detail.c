/* SPDX-License-Identifier: MIT */
/* A sequence lock with one number: odd while somebody writes. Begin at fsc_image_detail_write(). */
#include "trace_points/image_detail.h"

#include "trace_points/clock.h"

static const uint64_t wait_ns = 10000000;

bool fsc_image_detail_read(const struct fsc_image *image, struct fsc_image_detail *detail)
{
	detail->change = __atomic_load_n(&image->detail_change, __ATOMIC_ACQUIRE);
	detail->one_in = __atomic_load_n(&image->sample_one_in, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (detail->one_in == 0)
		detail->one_in = 1;
	if (detail->one_in > FSC_SAMPLE_MOST && detail->one_in != FSC_SAMPLE_NONE)
		detail->one_in = FSC_SAMPLE_MOST;
	return !(detail->change & 1) &&
	       detail->change == __atomic_load_n(&image->detail_change, __ATOMIC_RELAXED);
}

void fsc_image_detail_write(struct fsc_image *image, const struct fsc_image_detail *detail)
{
	uint64_t until_ns = fsc_clock_monotonic_ns() + wait_ns;
	uint32_t change = __atomic_load_n(&image->detail_change, __ATOMIC_RELAXED), mine;

	do {
		while ((change & 1) && fsc_clock_monotonic_ns() < until_ns)
			change = __atomic_load_n(&image->detail_change, __ATOMIC_RELAXED);
		mine = (change + 1) | 1; /* beyond that of one who died */
	} while (!__atomic_compare_exchange_n(&image->detail_change, &change, mine, false,
					      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	/* Nobody sees what follows before the odd number. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&image->sample_one_in, detail->one_in, __ATOMIC_RELAXED);
	__atomic_store_n(&image->detail_change, mine + 1, __ATOMIC_RELEASE);
}
