/* SPDX-License-Identifier: MIT */
/*
 * record_merge_internal.h - the records of several streams as one sequence of events.
 *
 * In:     streams of embedded records (events.h), each in the order in which one thread slot
 *         recorded them; the image's map from ticks to ns.
 * Out:    struct fsc_event one by one, by time; a stream's own order is kept. Or those of one
 * stream alone, where the order of threads does not matter. Cost:   a heap of one entry per stream;
 * no allocation per record. Thread: one object per thread; but each stream alone may be read by a
 * thread of its own.
 */
#ifndef ANALYZERS_RECORD_MERGE_INTERNAL_H
#define ANALYZERS_RECORD_MERGE_INTERNAL_H

#include "analyzers/event_stream.h"
#include "analyzers/parts_internal.h"

/* Embedded in a source's own stream. next, slot and tid are the source's, the rest is ours. */
struct fsc_record_stream {
	/* The next record, valid until the next call, or NULL. Sets slot and tid to its own. */
	const uint8_t *(*next)(struct fsc_record_stream *stream);
	/*
	 * The bytes of the records that follow in one piece, all of slot and tid, laid out as this
	 * version's; none where they must be asked for one by one. May be NULL. skip: so many of
	 * these bytes, whole records, were read.
	 */
	const uint8_t *(*ahead)(struct fsc_record_stream *stream, size_t *bytes);
	void (*skip)(struct fsc_record_stream *stream, size_t bytes);
	uint32_t slot;
	uint32_t tid;
	uint64_t bytes;		/* how much there is to read, as far as known; the source's */
	struct fsc_parts parts; /* of a record that stands for several */
	const uint8_t *record;	/* the next one */
	uint64_t order;		/* its ticks, never less than those before it */
	size_t hint;		/* of the clock map */
};

struct fsc_merge_item {
	uint64_t order;
	struct fsc_record_stream *stream;
};

struct fsc_record_merge {
	const struct fsc_clock_map *clock; /* borrowed; finished before the first next */
	uint32_t pid;
	uint32_t image;
	struct fsc_merge_item *heap; /* before the first next: the streams as they were added */
	size_t count;
	bool begun;
};

/* Make room for so many streams. FSC_E_NOMEM. clock, pid and image are filled in by the caller. */
FSC_MUST_CHECK enum fsc_status fsc_record_merge_init(struct fsc_record_merge *merge,
						     size_t streams);
void fsc_record_merge_fini(struct fsc_record_merge *merge);

/* Add a stream, which must outlive the merge; all of them before the first next. */
void fsc_record_merge_add(struct fsc_record_merge *merge, struct fsc_record_stream *stream);

/* The next event of that stream alone, once it was added; not beside fsc_record_merge_next(). */
enum fsc_status fsc_record_merge_alone(const struct fsc_record_merge *merge,
				       struct fsc_record_stream *stream, struct fsc_event *event);

/* FSC_OK, or FSC_END. */
enum fsc_status fsc_record_merge_next(struct fsc_record_merge *merge, struct fsc_event *event);

#endif
