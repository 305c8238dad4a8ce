/* SPDX-License-Identifier: MIT */
/*
 * lttng_trace_internal.h - the process images in a folder of LTTng traces, and their events.
 *
 * In:     a folder with LTTng traces somewhere in it (lttng_folder_internal.h).
 * Out:    what a recording says of its process images, and an event source for each.
 * Cost:   one pass of babeltrace2, in a process of its own with bounded memory; a file without a
 *         name in TMPDIR, smaller than the trace; memory for the state of all images.
 * Thread: read-only after opening.
 */
#ifndef ANALYZERS_LTTNG_TRACE_INTERNAL_H
#define ANALYZERS_LTTNG_TRACE_INTERNAL_H

#include "analyzers/event_stream.h"
#include "analyzers/lttng_spool_internal.h"
#include "analyzers/state_internal.h"

/* Records of one thread in the spool. */
struct fsc_lttng_piece {
	uint64_t offset;
	uint32_t bytes;
	uint32_t tid;
};

/* One process image. */
struct fsc_lttng_image {
	struct fsc_spool_image said;
	struct fsc_state_builder builder;
	struct fsc_lttng_piece *pieces; /* owned; by tid, then as they came */
	size_t piece_count;
	size_t thread_count;
	const uint8_t **round; /* records of the round at hand, in the spool; owned */
	size_t round_count;
	const uint8_t **closed; /* of the last round that was ended; owned */
	size_t closed_count;
	const uint8_t *late; /* in the spool */
	size_t late_bytes;
	struct fsc_image_record last; /* zero: the image never told its state */
	uint64_t calls;		      /* whose events were read */
	struct fsc_stream_loss loss;
};

struct fsc_lttng_trace {
	const uint8_t *spool; /* mapped */
	size_t spool_bytes;
	struct fsc_lttng_image *images; /* owned */
	size_t image_count;
	char **folders; /* owned; by fsc_spool_image.trace */
	size_t folder_count;
};

/*
 * FSC_E_NOT_FOUND: no LTTng trace is in that folder; *error is not filled in.
 * FSC_E_FORMAT: there are, without events of ffiscope. FSC_E_NOMEM, FSC_E_IO, FSC_E_LIMIT.
 * *out is NULL then. What is damaged is a warning.
 */
FSC_MUST_CHECK enum fsc_status fsc_lttng_trace_open(struct fsc_lttng_trace **out, const char *path,
						    struct fsc_warnings *warnings,
						    struct fsc_error *error);
void fsc_lttng_trace_close(struct fsc_lttng_trace *trace);

/* Fill in what is known of an image. FSC_E_NOMEM. */
FSC_MUST_CHECK enum fsc_status fsc_lttng_trace_describe(const struct fsc_lttng_trace *trace,
							size_t image, struct fsc_process *process);

/* The events of an image; the trace must outlive them. FSC_E_NOMEM. */
FSC_MUST_CHECK enum fsc_status fsc_lttng_source_open(struct fsc_event_stream *out,
						     const struct fsc_lttng_trace *trace,
						     size_t image, struct fsc_error *error);

/* ---- lttng_image.c ---- */

/* Records of state, bytes many; they stay where they are. FSC_E_NOMEM. */
FSC_MUST_CHECK enum fsc_status fsc_lttng_image_state(struct fsc_lttng_image *image,
						     const uint8_t *records, size_t bytes);

/* When all was read: its state and its losses are final afterwards. FSC_E_NOMEM. */
FSC_MUST_CHECK enum fsc_status fsc_lttng_image_finish(struct fsc_lttng_image *image);
void fsc_lttng_image_fini(struct fsc_lttng_image *image);

#endif
