/* SPDX-License-Identifier: MIT */
/*
 * expand_trace_internal.h - the trace that holds the records of batches as events of their own.
 *
 * In:     a trace with events ffiscope:batch, of which it takes host and clock; records in ns.
 * Out:    messages of one stream: its begin, events ffiscope:NAME with the fields that the provider
 *         gives them, its end.
 * Cost:   a call of babeltrace2 for each field.
 * Thread: one object per thread.
 *
 * A stream of its own, because what is read is not to be changed. It has no context and no
 * processor: those of a batch are of whoever told it.
 */
#ifndef ANALYZERS_EXPAND_TRACE_INTERNAL_H
#define ANALYZERS_EXPAND_TRACE_INTERNAL_H

#include <babeltrace2/babeltrace.h>
#include <stdbool.h>

#include "trace_points/events.h"

struct fsc_expand_trace; /* opaque */

/* Whose a record is. */
struct fsc_expand_thread {
	uint32_t pid;
	uint32_t image;
	uint32_t tid;
};

/*
 * For the trace of that stream. NULL: no memory, or its clock does not count ns, so that a record's
 * time cannot be told in it.
 */
struct fsc_expand_trace *fsc_expand_trace_create(bt_self_component *self, const bt_stream *stream);
void fsc_expand_trace_destroy(struct fsc_expand_trace *trace);

/* Is it for the trace of that stream? */
bool fsc_expand_trace_is_of(const struct fsc_expand_trace *trace, const bt_stream *stream);

/* ns from the clock's origin of an instant in CLOCK_MONOTONIC ns. */
int64_t fsc_expand_trace_time(const struct fsc_expand_trace *trace, uint64_t time_ns);

/* A message; NULL: no memory. */
const bt_message *fsc_expand_trace_begin(struct fsc_expand_trace *trace,
					 bt_self_message_iterator *iterator);
const bt_message *fsc_expand_trace_end(struct fsc_expand_trace *trace,
				       bt_self_message_iterator *iterator);

/* time: where it stands in the stream, as fsc_expand_trace_time() says it. */
const bt_message *fsc_expand_trace_event(struct fsc_expand_trace *trace,
					 bt_self_message_iterator *iterator,
					 const struct fsc_expand_thread *whose,
					 const uint8_t *record, int64_t time);

#endif
