/* SPDX-License-Identifier: MIT */
/*
 * lttng_plan_internal.h - from an event of the provider ffiscope to an embedded record.
 *
 * In:     event classes and events of babeltrace2.
 * Out:    the record (trace_points/events.h) with ns where the names say ticks, whose it is, or the
 *         text of a batch. Fields go by their names: a field that the trace does not have is 0, one
 *         that this version does not know is left out.
 * Cost:   a plan is made once for each class; an event costs two calls per field.
 * Thread: one object per thread.
 */
#ifndef ANALYZERS_LTTNG_PLAN_INTERNAL_H
#define ANALYZERS_LTTNG_PLAN_INTERNAL_H

#include <babeltrace2/babeltrace.h>
#include <stdbool.h>

#include "trace_points/events.h"

enum fsc_lttng_kind {
	FSC_LTTNG_FOREIGN, /* of another provider */
	FSC_LTTNG_RECORD,
	FSC_LTTNG_BATCH,
	FSC_LTTNG_UNKNOWN /* of ffiscope, of a kind that this version does not know */
};

enum fsc_lttng_plan_limit { FSC_LTTNG_STEPS_MAX = 40 };

struct fsc_lttng_step {
	uint16_t member; /* of the payload */
	uint8_t form;	 /* lttng_plan.c */
	uint8_t size;
	uint16_t offset;
};

struct fsc_lttng_plan {
	enum fsc_lttng_kind kind;
	uint32_t id; /* of the record */
	uint32_t step_count;
	struct fsc_lttng_step steps[FSC_LTTNG_STEPS_MAX];
};

/* One event as it was read. */
struct fsc_lttng_event {
	uint64_t time_ns;
	uint32_t pid;
	uint32_t image;
	uint32_t tid;
	uint64_t lost;	      /* of a batch: dropped on this thread so far */
	uint64_t clock[4];    /* of a batch */
	const uint8_t *text;  /* of a batch: borrowed from the event, or from `bytes` */
	uint64_t text_bytes;  /* without a NUL */
	uint8_t *bytes;	      /* owned by whoever owns the struct; NULL at first */
	uint64_t bytes_limit; /* how many there are */
	uint8_t record[FSC_RECORD_MAX_BYTES];
};

/* Plans by class; babeltrace2 keeps a class as long as its trace. Zeroed memory: none yet. */
struct fsc_lttng_class;
struct fsc_lttng_plans {
	struct fsc_lttng_class *classes;
	const struct fsc_lttng_class *last;
};

/* The plan of a class, made when it is met first. NULL: no memory. */
const struct fsc_lttng_plan *fsc_lttng_plans_find(struct fsc_lttng_plans *plans,
						  const bt_event_class *event_class);
void fsc_lttng_plans_fini(struct fsc_lttng_plans *plans);

/*
 * Read an event whose class the plan was made for (kind RECORD or BATCH). false: no memory for a
 * batch whose bytes are single fields.
 */
bool fsc_lttng_plan_read(const struct fsc_lttng_plan *plan, const bt_event *event,
			 struct fsc_lttng_event *out);

#endif
