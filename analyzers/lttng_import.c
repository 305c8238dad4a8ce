/* SPDX-License-Identifier: MIT */
/*
 * What is hard: whose events the tracer dropped (spread_losses), and which buffers changed hands
 * after the image told its state for the last time (note_late). Begin at fsc_lttng_import_add().
 */
#include "analyzers/lttng_import_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <uthash.h>

#include "analyzers/batch_reader_internal.h"
#include "analyzers/lttng_spool_internal.h"

enum { FIRST_BYTES = 4096, STREAMS_MAX = 1 << 20, IMAGES_MAX = 65536, LATE_MAX = 1 << 20 };

struct buffer {
	uint8_t *bytes; /* owned */
	size_t used;
	size_t capacity;
};

struct stream_key {
	uint32_t image;
	uint32_t tid;
};

/* One thread of one image. */
struct stream {
	struct stream_key key;
	struct buffer buffer;
	uint64_t calls; /* in the buffer */
	uint64_t lost;	/* as its last batch said */
	UT_hash_handle hh;
};

struct image_key {
	uint32_t pid;
	uint32_t number;
	char host[FSC_SPOOL_HOST_BYTES];
};

struct image {
	struct image_key key;
	uint32_t index;
	uint32_t last_trace; /* where it was seen last */
	struct buffer state;
	struct buffer late; /* of buffers, since round_ns */
	uint64_t round_ns;
	uint64_t batch_lost; /* of all threads */
	uint64_t sink_lost;  /* as its last image event said */
	uint64_t skipped;
	bool late_full;
	UT_hash_handle hh;
};

struct trace {
	uint32_t *images; /* seen in it; owned */
	uint32_t image_count;
	uint64_t lost;
	uint64_t told_lost; /* by a flush */
	uint64_t damaged;
	bool uncounted;
};

struct fsc_lttng_import {
	int fd;
	struct trace *traces;
	uint32_t trace_count;
	struct image *images; /* hash */
	struct image **by_index;
	uint32_t image_count;
	struct stream *streams; /* hash */
	struct stream *last_stream;
	struct image *last_image;
	struct fsc_batch_reader batch;
	struct fsc_lttng_event event;
};

enum fsc_status fsc_lttng_import_create(struct fsc_lttng_import **out, int fd, uint32_t traces)
{
	struct fsc_lttng_import *import = calloc(1, sizeof(*import));

	*out = NULL;
	if (!import)
		return FSC_E_NOMEM;
	import->fd = fd;
	import->trace_count = traces;
	import->traces = calloc(traces + 1u, sizeof(*import->traces));
	import->by_index = calloc(IMAGES_MAX, sizeof(struct image *));
	if (!import->traces || !import->by_index) {
		fsc_lttng_import_destroy(import);
		return FSC_E_NOMEM;
	}
	*out = import;
	return FSC_OK;
}

/* NOLINTBEGIN(readability-function-size,clang-analyzer-*): the macros of uthash */
void fsc_lttng_import_destroy(struct fsc_lttng_import *import)
{
	struct stream *stream, *next_stream;
	struct image *image, *next_image;

	if (!import)
		return;
	HASH_ITER (hh, import->streams, stream, next_stream) {
		HASH_DEL(import->streams, stream);
		free(stream->buffer.bytes);
		free(stream);
	}
	HASH_ITER (hh, import->images, image, next_image) {
		HASH_DEL(import->images, image);
		free(image->state.bytes);
		free(image->late.bytes);
		free(image);
	}
	for (uint32_t i = 0; import->traces && i < import->trace_count; i++)
		free(import->traces[i].images);
	free(import->traces);
	free(import->by_index);
	fsc_batch_reader_fini(&import->batch);
	free(import->event.bytes);
	free(import);
}
/* NOLINTEND(readability-function-size,clang-analyzer-*) */

struct fsc_lttng_event *fsc_lttng_import_event(struct fsc_lttng_import *import)
{
	return &import->event;
}

static enum fsc_status write_chunk(struct fsc_lttng_import *import,
				   const struct fsc_spool_chunk *chunk, const void *bytes)
{
	static const uint8_t zeros[8];
	struct iovec parts[3] = { { (void *)chunk, sizeof(*chunk) },
				  { (void *)bytes, chunk->bytes },
				  { (void *)zeros, (8 - chunk->bytes % 8) % 8 } };
	size_t left = parts[0].iov_len + parts[1].iov_len + parts[2].iov_len;
	int at = 0;

	while (left) {
		ssize_t done = writev(import->fd, parts + at, 3 - at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return FSC_E_IO;
		left -= (size_t)done;
		for (; at < 3 && (size_t)done >= parts[at].iov_len; at++)
			done -= (ssize_t)parts[at].iov_len;
		if (at < 3) {
			parts[at].iov_base = (uint8_t *)parts[at].iov_base + done;
			parts[at].iov_len -= (size_t)done;
		}
	}
	return FSC_OK;
}

static enum fsc_status flush_stream(struct fsc_lttng_import *import, struct stream *stream)
{
	struct fsc_spool_chunk chunk = { .kind = FSC_SPOOL_RECORDS,
					 .image = stream->key.image,
					 .tid = stream->key.tid,
					 .bytes = (uint32_t)stream->buffer.used,
					 .count = stream->calls };

	stream->buffer.used = 0;
	stream->calls = 0;
	return chunk.bytes ? write_chunk(import, &chunk, stream->buffer.bytes) : FSC_OK;
}

static enum fsc_status flush_of_image(struct fsc_lttng_import *import, struct image *image,
				      enum fsc_spool_kind kind, struct buffer *buffer)
{
	struct fsc_spool_chunk chunk = { .kind = kind,
					 .image = image->index,
					 .bytes = (uint32_t)buffer->used };

	buffer->used = 0;
	return chunk.bytes ? write_chunk(import, &chunk, buffer->bytes) : FSC_OK;
}

/* false: no memory. */
static bool reserve(struct buffer *buffer, size_t bytes)
{
	size_t wanted = buffer->capacity ? buffer->capacity : FIRST_BYTES;
	uint8_t *grown;

	while (wanted < bytes)
		wanted *= 2;
	if (wanted == buffer->capacity)
		return true;
	grown = realloc(buffer->bytes, wanted);
	if (!grown)
		return false;
	buffer->bytes = grown;
	buffer->capacity = wanted;
	return true;
}

static enum fsc_status put(struct buffer *buffer, const void *record, uint32_t bytes)
{
	if (!reserve(buffer, buffer->used + bytes))
		return FSC_E_NOMEM;
	memcpy(buffer->bytes + buffer->used, record, bytes);
	buffer->used += bytes;
	return FSC_OK;
}

static bool add_to_trace(struct fsc_lttng_import *import, uint32_t index, struct image *image)
{
	struct trace *trace = &import->traces[index];
	uint32_t *grown;

	image->last_trace = index;
	for (uint32_t i = 0; i < trace->image_count; i++)
		if (trace->images[i] == image->index)
			return true;
	grown = realloc(trace->images, (trace->image_count + 1) * sizeof(*grown));
	if (!grown)
		return false;
	trace->images = grown;
	trace->images[trace->image_count++] = image->index;
	return true;
}

/* NOLINTBEGIN(readability-function-size,clang-analyzer-*): the macros of uthash */
static struct image *image_create(struct fsc_lttng_import *import, const struct image_key *key,
				  uint32_t trace)
{
	struct fsc_spool_image said = { .pid = key->pid, .number = key->number, .trace = trace };
	struct fsc_spool_chunk chunk = { .kind = FSC_SPOOL_IMAGE, .bytes = sizeof(said) };
	struct image *image;

	if (import->image_count >= IMAGES_MAX)
		return NULL;
	image = calloc(1, sizeof(*image));
	if (!image)
		return NULL;
	image->key = *key;
	image->index = import->image_count;
	image->last_trace = UINT32_MAX;
	memcpy(said.host, key->host, sizeof(said.host));
	if (write_chunk(import, &chunk, &said)) {
		free(image);
		return NULL;
	}
	import->by_index[import->image_count++] = image;
	HASH_ADD(hh, import->images, key, sizeof(image->key), image);
	return image;
}
/* NOLINTEND(readability-function-size,clang-analyzer-*) */

/* NOLINTBEGIN(readability-function-size,clang-analyzer-*): the macros of uthash */
static struct image *image_of(struct fsc_lttng_import *import, uint32_t trace, const char *host)
{
	const struct fsc_lttng_event *event = &import->event;
	struct image *image = import->last_image;
	struct image_key key = { .pid = event->pid, .number = event->image };

	strncpy(key.host, host, sizeof(key.host) - 1);
	if (!image || memcmp(&image->key, &key, sizeof(key)) != 0)
		HASH_FIND(hh, import->images, &key, sizeof(key), image);
	if (!image)
		image = image_create(import, &key, trace);
	if (image && image->last_trace != trace && !add_to_trace(import, trace, image))
		return NULL;
	import->last_image = image;
	return image;
}
/* NOLINTEND(readability-function-size,clang-analyzer-*) */

/* NOLINTBEGIN(readability-function-size,clang-analyzer-*): the macros of uthash */
static struct stream *stream_of(struct fsc_lttng_import *import, uint32_t image, uint32_t tid)
{
	struct stream *stream = import->last_stream;
	struct stream_key key = { .image = image, .tid = tid };

	if (stream && stream->key.image == image && stream->key.tid == tid)
		return stream;
	HASH_FIND(hh, import->streams, &key, sizeof(key), stream);
	if (!stream && HASH_COUNT(import->streams) < STREAMS_MAX) {
		stream = calloc(1, sizeof(*stream));
		if (!stream)
			return NULL;
		stream->key = key;
		HASH_ADD(hh, import->streams, key, sizeof(stream->key), stream);
	}
	import->last_stream = stream;
	return stream;
}
/* NOLINTEND(readability-function-size,clang-analyzer-*) */

static bool is_call(uint32_t id)
{
	return id == FSC_EVENT_call || id == FSC_EVENT_call_wide || id == FSC_EVENT_call_made ||
	       id == FSC_EVENT_call_freed;
}

static bool is_about_buffers(uint32_t id)
{
	return id == FSC_EVENT_buffer_made || id == FSC_EVENT_buffer_freed ||
	       id == FSC_EVENT_call_made || id == FSC_EVENT_call_freed;
}

static bool is_state(uint32_t id)
{
	switch (id) {
	case FSC_EVENT_string:
	case FSC_EVENT_module:
	case FSC_EVENT_site:
	case FSC_EVENT_buffer_live:
	case FSC_EVENT_clock:
	case FSC_EVENT_probe_cost:
	case FSC_EVENT_site_total:
	case FSC_EVENT_ledger_total:
	case FSC_EVENT_loss:
	case FSC_EVENT_image:
		return true;
	default:
		return false;
	}
}

/* What happened to buffers since the state was told is kept until it is told again. */
static enum fsc_status note_late(struct image *image, uint32_t tid, const uint8_t *record,
				 uint32_t bytes)
{
	enum fsc_status status;
	uint64_t time_ns;

	memcpy(&time_ns, record + sizeof(uint32_t), sizeof(time_ns));
	if (time_ns <= image->round_ns)
		return FSC_OK;
	if (image->late.used >= (size_t)LATE_MAX * sizeof(struct fsc_buffer_freed_record)) {
		image->late_full = true;
		return FSC_OK;
	}
	status = put(&image->late, &tid, sizeof(tid));
	return status ? status : put(&image->late, record, bytes);
}

static void forget_late(struct image *image)
{
	size_t kept = 0;

	for (size_t at = 0; at < image->late.used;) {
		const uint8_t *record = image->late.bytes + at + sizeof(uint32_t);
		uint64_t time_ns;
		uint32_t id, bytes;

		memcpy(&id, record, sizeof(id));
		memcpy(&time_ns, record + sizeof(id), sizeof(time_ns));
		bytes = (uint32_t)sizeof(uint32_t) + fsc_event_record_bytes(id);
		if (time_ns > image->round_ns) {
			memmove(image->late.bytes + kept, image->late.bytes + at, bytes);
			kept += bytes;
		}
		at += bytes;
	}
	image->late.used = kept;
	image->late_full = false;
}

static enum fsc_status add_state(struct fsc_lttng_import *import, struct image *image,
				 const uint8_t *record, uint32_t id)
{
	const struct fsc_image_record *said = (const void *)record;
	enum fsc_status status = put(&image->state, record, fsc_event_record_bytes(id));

	if (!status && id == FSC_EVENT_image) {
		image->round_ns = said->ticks;
		image->sink_lost = said->lost_events;
		forget_late(image);
	}
	if (!status && (id == FSC_EVENT_image || image->state.used >= FSC_SPOOL_BYTES_MAX / 2))
		status = flush_of_image(import, image, FSC_SPOOL_STATE, &image->state);
	return status;
}

static enum fsc_status add_record(struct fsc_lttng_import *import, struct image *image,
				  struct stream *stream, const uint8_t *record, uint32_t id)
{
	uint32_t bytes = fsc_event_record_bytes(id);
	enum fsc_status status = FSC_OK;

	if (is_about_buffers(id))
		status = note_late(image, stream->key.tid, record, bytes);
	if (!status && stream->buffer.used + bytes > stream->buffer.capacity &&
	    stream->buffer.used) {
		/* What is full is written; and was it small, the next may be larger. */
		size_t larger = stream->buffer.capacity * 2;

		status = flush_stream(import, stream);
		if (larger <= FSC_SPOOL_BYTES_MAX && !reserve(&stream->buffer, larger))
			return FSC_E_NOMEM;
	}
	if (!status)
		status = put(&stream->buffer, record, bytes);
	stream->calls += is_call(id);
	return status;
}

static enum fsc_status add_any(struct fsc_lttng_import *import, struct image *image,
			       struct stream *stream, const uint8_t *record)
{
	uint32_t id;

	memcpy(&id, record, sizeof(id));
	if (is_state(id))
		return add_state(import, image, record, id);
	return add_record(import, image, stream, record, id);
}

static enum fsc_status add_batch(struct fsc_lttng_import *import, struct image *image,
				 struct stream *stream)
{
	const struct fsc_lttng_event *event = &import->event;
	struct fsc_batch_reader *batch = &import->batch;
	enum fsc_status status =
		fsc_batch_reader_begin(batch, event->clock, event->text, event->text_bytes);
	const uint8_t *record;

	if (event->lost > stream->lost) {
		image->batch_lost += event->lost - stream->lost;
		stream->lost = event->lost;
	}
	while (!status && (record = fsc_batch_reader_next(batch)))
		status = add_any(import, image, stream, record);
	image->skipped += batch->damaged;
	return status == FSC_E_LIMIT ? FSC_OK : status;
}

enum fsc_status fsc_lttng_import_add(struct fsc_lttng_import *import, uint32_t trace,
				     const char *host, const struct fsc_lttng_plan *plan)
{
	struct image *image = image_of(import, trace, host);
	struct stream *stream;

	if (!image)
		return FSC_E_NOMEM;
	if (plan->kind == FSC_LTTNG_UNKNOWN) {
		image->skipped++;
		return FSC_OK;
	}
	stream = stream_of(import, image->index, import->event.tid);
	if (!stream)
		return FSC_E_NOMEM;
	if (plan->kind == FSC_LTTNG_BATCH)
		return add_batch(import, image, stream);
	return add_any(import, image, stream, import->event.record);
}

void fsc_lttng_import_lost(struct fsc_lttng_import *import, uint32_t trace, uint64_t events,
			   bool only_ours, bool counted)
{
	import->traces[trace].lost += events;
	if (!only_ours || !counted)
		import->traces[trace].uncounted = true;
}

void fsc_lttng_import_damaged(struct fsc_lttng_import *import, uint32_t trace)
{
	import->traces[trace].damaged++;
}

void fsc_lttng_import_trouble(struct fsc_lttng_import *import, const char *text)
{
	struct fsc_spool_chunk chunk = { .kind = FSC_SPOOL_TROUBLE,
					 .bytes = (uint32_t)strlen(text) };

	(void)write_chunk(import, &chunk, text);
}

static enum fsc_status say(struct fsc_lttng_import *import, enum fsc_spool_kind kind,
			   uint32_t image, uint64_t count)
{
	struct fsc_spool_chunk chunk = { .kind = kind, .image = image, .count = count };

	return count ? write_chunk(import, &chunk, NULL) : FSC_OK;
}

/*
 * The tracer counts what it drops by buffer. Where one image alone wrote into the buffers of a
 * trace, and no other provider, they are that image's; else nobody knows whose they were.
 */
static enum fsc_status spread_losses(struct fsc_lttng_import *import, const struct trace *trace)
{
	bool known = trace->image_count == 1 && !trace->uncounted;
	enum fsc_status status = FSC_OK;

	for (uint32_t i = 0; i < trace->image_count && !status; i++) {
		status = say(import, FSC_SPOOL_DAMAGED, trace->images[i], trace->damaged);
		if (!status && known)
			status = say(import, FSC_SPOOL_LOST, trace->images[i], trace->lost);
		else if (!status)
			status = say(import, FSC_SPOOL_UNCOUNTED, trace->images[i],
				     trace->lost || trace->uncounted);
	}
	return status;
}

static enum fsc_status finish_image(struct fsc_lttng_import *import, struct image *image)
{
	uint64_t lost = image->batch_lost > image->sink_lost ? image->batch_lost : image->sink_lost;
	enum fsc_status status;

	status = flush_of_image(import, image, FSC_SPOOL_STATE, &image->state);
	if (!status)
		status = flush_of_image(import, image, FSC_SPOOL_LATE, &image->late);
	if (!status)
		status = say(import, FSC_SPOOL_LOST, image->index, lost);
	if (!status)
		status = say(import, FSC_SPOOL_SKIPPED, image->index, image->skipped);
	if (!status && image->late_full)
		status = say(import, FSC_SPOOL_UNCOUNTED, image->index, 1);
	return status;
}

static enum fsc_status say_dropped(struct fsc_lttng_import *import, struct trace *trace)
{
	uint64_t since = trace->lost - trace->told_lost;

	trace->told_lost = trace->lost;
	return say(import, FSC_SPOOL_DROPPED, 0, since);
}

enum fsc_status fsc_lttng_import_flush(struct fsc_lttng_import *import)
{
	enum fsc_status status = FSC_OK;
	struct stream *stream, *next;

	HASH_ITER (hh, import->streams, stream, next)
		if (!status)
			status = flush_stream(import, stream);
	for (uint32_t i = 0; i < import->image_count && !status; i++)
		status = flush_of_image(import, import->by_index[i], FSC_SPOOL_STATE,
					&import->by_index[i]->state);
	for (uint32_t i = 0; i < import->trace_count && !status; i++)
		status = say_dropped(import, &import->traces[i]);
	return status;
}

enum fsc_status fsc_lttng_import_finish(struct fsc_lttng_import *import)
{
	struct fsc_spool_chunk end = { .kind = FSC_SPOOL_END };
	enum fsc_status status = FSC_OK;
	struct stream *stream, *next;

	HASH_ITER (hh, import->streams, stream, next)
		if (!status)
			status = flush_stream(import, stream);
	for (uint32_t i = 0; i < import->image_count && !status; i++)
		status = finish_image(import, import->by_index[i]);
	for (uint32_t i = 0; i < import->trace_count && !status; i++)
		status = spread_losses(import, &import->traces[i]);
	return status ? status : write_chunk(import, &end, NULL);
}
