/* SPDX-License-Identifier: MIT */
/*
 * image_detail.h - which calls of a process leave more than counts, as its image's header says.
 *
 * In:     a mapped header; shared with the process, and with whoever else changes it.
 * Out:    all of what was written at once, or nothing.
 * Cost:   a few loads; a write waits up to 10 ms for another writer.
 * Thread: any, on both sides. Guest-safe.
 */
#ifndef TRACE_POINTS_IMAGE_DETAIL_H
#define TRACE_POINTS_IMAGE_DETAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "trace_points/image.h"

struct fsc_image_detail {
	uint32_t change; /* its number; 0 = never set: all calls are recorded */
	uint32_t one_in; /* outermost calls of which one is recorded; FSC_SAMPLE_NONE = none is */
};

/* What holds now, made plausible. false: it is just being changed. */
bool fsc_image_detail_read(const struct fsc_image *image, struct fsc_image_detail *detail);

/*
 * Let it hold from now on; each thread goes by it soon. `change` is not read. Of two writers at
 * once the later one wins; one that died while it wrote is passed over.
 */
void fsc_image_detail_write(struct fsc_image *image, const struct fsc_image_detail *detail);

#endif
