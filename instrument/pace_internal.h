/* SPDX-License-Identifier: MIT */
/*
 * pace_internal.h - what a recording has to know of its own cost: how fast the processor runs while
 * events are recorded, and what was spent once and not by each probe.
 *
 * Out:    sums in struct fsc_image.
 * Thread: any, in slow paths alone.
 */
#ifndef INSTRUMENT_PACE_INTERNAL_H
#define INSTRUMENT_PACE_INTERNAL_H

#include "thread_internal.h"

enum { FSC_PACE_BYTES = 128 * 1024 /* of records: then the pace is noted again */ };

/* Note the processor's pace, and in cursor->paced where. */
void fsc_pace_note(struct fsc_cursor *cursor) FSC_HIDDEN;

/* Memory of the image is made between the two; the image is there. */
uint64_t fsc_pace_begin_growth(void) FSC_HIDDEN;
void fsc_pace_end_growth(uint64_t begin_ticks) FSC_HIDDEN;

#endif
