/* SPDX-License-Identifier: MIT */
/*
 * batch_reader_internal.h - the records in one event ffiscope:batch.
 *
 * In:     the text of a batch (trace_points/batch.h) and two moments of both clocks.
 * Out:    records as they stand in a ring, but with every instant and duration in CLOCK_MONOTONIC
 *         ns where the names say ticks.
 * Cost:   one copy of each record; the buffer grows to the largest batch.
 * Thread: one object per thread.
 *
 * Nothing in the text is trusted: what is no record ends the batch.
 */
#ifndef ANALYZERS_BATCH_READER_INTERNAL_H
#define ANALYZERS_BATCH_READER_INTERNAL_H

#include <stdbool.h>

#include "analyzers/status.h"
#include "trace_points/events.h"

enum fsc_batch_limit { FSC_BATCH_BYTES_MAX = 16 << 20 /* of a text */ };

/* From ticks to ns: the line through two moments. */
struct fsc_batch_clock {
	uint64_t ticks;
	int64_t ns;
	uint64_t multiplier; /* ns = this->ns + ((t - ticks) * multiplier >> 40) */
};

struct fsc_batch_reader {
	uint8_t *records; /* owned */
	size_t capacity;
	size_t at;
	size_t end;
	bool damaged; /* the batch at hand did not end with a whole record */
	struct fsc_batch_clock clock;
	uint8_t record[FSC_RECORD_MAX_BYTES];
};

/* Zeroed memory is a reader without a batch. */
void fsc_batch_reader_fini(struct fsc_batch_reader *reader);

/*
 * Begin a batch. clock: ticks0, ns0, ticks1, ns1. FSC_E_NOMEM, FSC_E_LIMIT: the batch is empty.
 * text is not needed any more afterwards.
 */
FSC_MUST_CHECK enum fsc_status fsc_batch_reader_begin(struct fsc_batch_reader *reader,
						      const uint64_t clock[4], const void *text,
						      size_t bytes);

/* Does the batch end with a whole record? Where not, what is whole comes out all the same. */
bool fsc_batch_reader_is_whole(const struct fsc_batch_reader *reader);

/* The next record in ns, valid until the next call, or NULL at the end. */
uint8_t *fsc_batch_reader_next(struct fsc_batch_reader *reader);

#endif
