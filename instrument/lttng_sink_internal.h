/* SPDX-License-Identifier: MIT */
/*
 * lttng_sink_internal.h - sink lttng: events go to LTTng-UST, by libffiscope-lttng.so.
 *
 * Each thread writes its records into a buffer, as it would into its ring, from its begin on. Until
 * the tracer is there they stay in it. Then, under transport `events`, the thread tells each record
 * when it is whole (`direct`); under `batch` it tells its buffer as one event when that holds some
 * KiB, and the helper thread of standalone.c tells what is old. That thread also tells the state,
 * which a drain makes, whose packets become events.
 */
#ifndef INSTRUMENT_LTTNG_SINK_INTERNAL_H
#define INSTRUMENT_LTTNG_SINK_INTERNAL_H

#include "lttng_internal.h"
#include "thread_internal.h"
#include "trace_points/drain.h"

/*
 * Open libffiscope-lttng.so, which starts the tracer's threads. Before main; it does not wait for a
 * session daemon, unless LTTNG_UST_REGISTER_TIMEOUT says so. false: it cannot be opened.
 */
bool fsc_lttng_open(char **environment) FSC_HIDDEN;

/* This process has a new image. */
void fsc_lttng_image(void) FSC_HIDDEN;

/* Packets of the image's drain: struct fsc_drain_output. */
int fsc_lttng_packet(void *arg, uint32_t slot, const struct iovec *parts, int part_count,
		     uint64_t events) FSC_HIDDEN;

/* The helper's work: tell what is old, and the state when that is due. false: not settled. */
bool fsc_lttng_turn(struct fsc_drain *drain) FSC_HIDDEN;

/* The program ends: tell the rest. Waits a moment for a session daemon that is about to answer. */
void fsc_lttng_finish(struct fsc_drain *drain) FSC_HIDDEN;

/* ---- lttng_buffer.c ---- */

enum fsc_lttng_limit {
	/* Fits the smallest sub-buffer, of 4 KiB, once packed. */
	FSC_LTTNG_BATCH_BYTES = 3 * 1024
};

/* Where so many bytes may be written; 0 = there is no room. The owner of the cursor calls. */
uint64_t fsc_lttng_make_room(struct fsc_cursor *cursor, uint32_t bytes) FSC_HIDDEN;

/* The thread ends. true: it left nothing, its slot is free. */
bool fsc_lttng_leave(struct fsc_cursor *cursor) FSC_HIDDEN;

/* Tell what lies in the buffers of all threads, where nobody is doing it already. */
void fsc_lttng_flush(void) FSC_HIDDEN;

/* ---- lttng_sink.c ---- */

/*
 * Whether records may be told, or nobody will want them: before, it is not known if there is a
 * session.
 */
bool fsc_lttng_is_settled(void) FSC_HIDDEN;

/* Tell whole records, packed is room for a batch. errno is kept. */
struct fsc_lttng_records {
	uint32_t tid;
	uint64_t lost; /* events of that thread that were dropped so far */
	uint64_t end_ticks;
	const uint8_t *begin;
	uint32_t bytes; /* of a batch: at most FSC_LTTNG_BATCH_BYTES + FSC_GROUP_BYTES */
	uint8_t *packed;
};
void fsc_lttng_tell(const struct fsc_lttng_records *records) FSC_HIDDEN;

#endif
