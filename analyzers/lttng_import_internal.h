/* SPDX-License-Identifier: MIT */
/*
 * lttng_import_internal.h - sort what is read of LTTng traces by process image and thread.
 *
 * In:     events in LTTng's order, from whichever trace.
 * Out:    chunks of a spool (lttng_spool_internal.h).
 * Cost:   a buffer of 4 to 64 KiB for each thread of each image, one hash lookup an event when the
 *         thread changes.
 * Thread: one object per thread.
 */
#ifndef ANALYZERS_LTTNG_IMPORT_INTERNAL_H
#define ANALYZERS_LTTNG_IMPORT_INTERNAL_H

#include "analyzers/lttng_plan_internal.h"
#include "analyzers/status.h"

struct fsc_lttng_import; /* opaque */

/* fd: of the spool, which the import does not own. traces: how many there are. */
FSC_MUST_CHECK enum fsc_status fsc_lttng_import_create(struct fsc_lttng_import **out, int fd,
						       uint32_t traces);
void fsc_lttng_import_destroy(struct fsc_lttng_import *import);

/* Where fsc_lttng_plan_read() puts the event that is added next. */
struct fsc_lttng_event *fsc_lttng_import_event(struct fsc_lttng_import *import);

/* An event of ffiscope, of the kind that the plan says. FSC_E_NOMEM, FSC_E_IO. */
FSC_MUST_CHECK enum fsc_status fsc_lttng_import_add(struct fsc_lttng_import *import, uint32_t trace,
						    const char *host,
						    const struct fsc_lttng_plan *plan);

/*
 * The tracer dropped events of a trace. only_ours: all that can have been dropped are ours;
 * counted: how many is known.
 */
void fsc_lttng_import_lost(struct fsc_lttng_import *import, uint32_t trace, uint64_t events,
			   bool only_ours, bool counted);

/* A stream of the trace was read in part. */
void fsc_lttng_import_damaged(struct fsc_lttng_import *import, uint32_t trace);

/* Write a text for the person. */
void fsc_lttng_import_trouble(struct fsc_lttng_import *import, const char *text);

/* Write what is in buffers, and what was dropped since the last time. FSC_E_IO. */
FSC_MUST_CHECK enum fsc_status fsc_lttng_import_flush(struct fsc_lttng_import *import);

/* Write what is still in buffers, and what is known at the end alone. FSC_E_IO. */
FSC_MUST_CHECK enum fsc_status fsc_lttng_import_finish(struct fsc_lttng_import *import);

#endif
