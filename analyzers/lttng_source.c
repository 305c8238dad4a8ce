/* SPDX-License-Identifier: MIT */
/* Nothing is hard here: each thread's records lie in the spool in pieces, and are merged. */
#include <stdlib.h>
#include <string.h>

#include "analyzers/lttng_trace_internal.h"
#include "analyzers/record_merge_internal.h"

/* One thread. */
struct stream {
	struct fsc_record_stream records; /* first: stream_next() */
	const uint8_t *spool;
	const struct fsc_lttng_piece *piece; /* the one at hand */
	const struct fsc_lttng_piece *end;
	uint32_t at; /* in it */
};

struct source {
	const struct fsc_lttng_image *image;
	struct fsc_record_merge merge;
	struct stream *streams;
};

static const uint8_t *stream_next(struct fsc_record_stream *records)
{
	struct stream *stream = (struct stream *)records;
	const uint8_t *record;
	uint32_t id, bytes;

	while (stream->piece < stream->end) {
		uint32_t room = stream->piece->bytes - stream->at;

		record = stream->spool + stream->piece->offset + stream->at;
		if (room >= FSC_RECORD_HEADER_BYTES) {
			memcpy(&id, record, sizeof(id));
			bytes = fsc_event_record_bytes(id);
			if (bytes && bytes <= room) {
				stream->at += bytes;
				return record;
			}
		}
		stream->piece++;
		stream->at = 0;
	}
	return NULL;
}

static enum fsc_status source_next(void *arg, struct fsc_event *event)
{
	struct source *source = arg;

	return fsc_record_merge_next(&source->merge, event);
}

static struct fsc_record_merge *source_records(void *arg)
{
	return &((struct source *)arg)->merge;
}

static const struct fsc_state *source_state(const void *arg)
{
	const struct source *source = arg;

	return &source->image->builder.state;
}

static void source_loss(const void *arg, struct fsc_stream_loss *loss)
{
	const struct source *source = arg;

	*loss = source->image->loss;
}

static void source_destroy(void *arg)
{
	struct source *source = arg;

	if (!source)
		return;
	fsc_record_merge_fini(&source->merge);
	free(source->streams);
	free(source);
}

static const struct fsc_event_source_ops ops = {
	.records = source_records,
	.next = source_next,
	.state = source_state,
	.loss = source_loss,
	.destroy = source_destroy,
};

static void add_streams(struct source *source, const uint8_t *spool)
{
	const struct fsc_lttng_image *image = source->image;
	const struct fsc_lttng_piece *piece = image->pieces, *end = piece + image->piece_count;

	for (uint32_t i = 0; piece < end; i++) {
		struct stream *stream = &source->streams[i];

		*stream = (struct stream){
			.records = { .next = stream_next, .slot = i, .tid = piece->tid },
			.spool = spool,
			.piece = piece
		};
		while (piece < end && piece->tid == stream->records.tid)
			piece++;
		stream->end = piece;
		fsc_record_merge_add(&source->merge, &stream->records);
	}
}

enum fsc_status fsc_lttng_source_open(struct fsc_event_stream *out,
				      const struct fsc_lttng_trace *trace, size_t index,
				      struct fsc_error *error)
{
	struct source *source = calloc(1, sizeof(*source));
	const struct fsc_lttng_image *image = &trace->images[index];

	*out = (struct fsc_event_stream){ 0 };
	if (source) {
		source->image = image;
		source->merge.clock = &image->builder.state.clock;
		source->merge.pid = image->said.pid;
		source->merge.image = image->said.number;
		source->streams = calloc(image->thread_count + 1, sizeof(*source->streams));
	}
	if (!source || !source->streams ||
	    fsc_record_merge_init(&source->merge, image->thread_count)) {
		source_destroy(source);
		return fsc_error_set(error, FSC_E_NOMEM, NULL, "no memory");
	}
	add_streams(source, trace->spool);
	*out = (struct fsc_event_stream){ &ops, source };
	return FSC_OK;
}
