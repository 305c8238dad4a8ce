/* SPDX-License-Identifier: MIT */
/*
 * A binary heap holds the streams by the time of their next record (source_next). decode() turns
 * a record into an event; its fields come from the shapes, so that there is no list of them here.
 */
#include "analyzers/ctf_source.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzers/packet_reader_internal.h"
#include "analyzers/parts_internal.h"
#include "analyzers/state_internal.h"
#include "trace_points/recording.h"

struct stream {
	struct fsc_packet_reader reader;
	struct fsc_parts parts; /* of a record that stands for several */
	const uint8_t *record;	/* the next one */
	uint64_t order;		/* its ticks, never less than those before it */
	size_t hint;		/* of the clock map */
	char *path;
};

struct heap_item {
	uint64_t order;
	struct stream *stream;
};

struct source {
	struct fsc_state_builder builder;
	struct stream *streams;
	size_t stream_count;
	struct heap_item *heap;
	size_t heap_count;
	uint32_t pid;
	uint32_t image;
	uint32_t record_bytes[FSC_EVENT_IDS_MAX];
	struct fsc_stream_loss known_loss; /* before any stream was read */
};

/* One decoding step: the stream's clock position and the record's end. */
struct decoding {
	const struct fsc_clock_map *clock;
	size_t *hint;
	uint64_t end_ticks;
	int64_t end_ns;
};

static int64_t instant_ns(const struct decoding *decoding, uint64_t ticks)
{
	return ticks ? fsc_clock_map_ns(decoding->clock, ticks, decoding->hint) : 0;
}

/* A duration that ends with the record: the difference of two instants, so that parts add up. */
static int64_t duration_ns(const struct decoding *decoding, uint64_t duration_ticks)
{
	uint64_t begin = 0;

	if (!duration_ticks)
		return 0;
	if (duration_ticks < decoding->end_ticks)
		begin = decoding->end_ticks - duration_ticks;
	return decoding->end_ns - fsc_clock_map_ns(decoding->clock, begin, decoding->hint);
}

#define DECODE_time(name)     to->name##_ns = instant_ns(decoding, from->name##_ticks);
#define DECODE_duration(name) to->name##_ns = duration_ns(decoding, from->name##_ticks);
#define DECODE_bytes(name)    to->name = from->name;
#define DECODE_count(name)    to->name = from->name;
#define DECODE_address(name)  to->name = from->name;
#define DECODE_bits(name)     to->name = from->name;
#define DECODE_id(name)	      to->name = from->name;
#define DECODE_number(name)   to->name = from->name;
#define DECODE_tid(name)      to->name = from->name;

#define DECODE_FIELD(type, name, unit) DECODE_##unit(name)
#define DECODER(event, record_name)                                                     \
	static void decode_##record_name(struct fsc_event_##event *to,                  \
					 const struct fsc_##record_name##_record *from, \
					 const struct decoding *decoding)               \
	{                                                                               \
		(void)decoding;                                                         \
		FSC_SHAPE_##record_name(DECODE_FIELD)                                   \
	}

/* A narrow call has the same field names as a wide one, `reserved` apart. */
DECODER(call_wide, call)
DECODER(call_wide, call_wide)
DECODER(call_alloc, call_alloc)
DECODER(request_buffer, request_buffer)
DECODER(phase, phase)
DECODER(mark, mark)
DECODER(buffer_made, buffer_made)
DECODER(buffer_freed, buffer_freed)

/* false: this kind of event is not of the stream. */
static bool decode_payload(struct fsc_event *event, const uint8_t *record,
			   const struct decoding *decoding)
{
	switch (event->kind) {
#define DECODE_CASE(name, member)                                                         \
	case FSC_EVENT_##name:                                                            \
		decode_##name(&event->member, (const struct fsc_##name##_record *)record, \
			      decoding);                                                  \
		return true;
		DECODE_CASE(call, call)
		DECODE_CASE(call_wide, call)
		DECODE_CASE(call_alloc, call_alloc)
		DECODE_CASE(request_buffer, request_buffer)
		DECODE_CASE(phase, phase)
		DECODE_CASE(mark, mark)
		DECODE_CASE(buffer_made, buffer_made)
		DECODE_CASE(buffer_freed, buffer_freed)
	default:
		return false;
	}
}

static bool decode(struct source *source, struct stream *stream, struct fsc_event *event)
{
	struct decoding decoding = { .clock = &source->builder.state.clock, .hint = &stream->hint };
	uint32_t id;

	memcpy(&id, stream->record, sizeof(id));
	memcpy(&decoding.end_ticks, stream->record + sizeof(id), sizeof(decoding.end_ticks));
	decoding.end_ns = fsc_clock_map_ns(decoding.clock, decoding.end_ticks, decoding.hint);
	event->kind = (enum fsc_event_id)id;
	event->pid = source->pid;
	event->image = source->image;
	event->slot = stream->reader.slot;
	event->tid = stream->reader.tid;
	event->time_ns = event->start_ns = decoding.end_ns;
	if (!decode_payload(event, stream->record, &decoding))
		return false;
	if (id == FSC_EVENT_call || id == FSC_EVENT_call_wide) {
		event->kind = FSC_EVENT_call;
		event->call.reserved = 0;
		event->start_ns = decoding.end_ns - event->call.duration_ns;
	} else if (id == FSC_EVENT_phase) {
		event->start_ns = decoding.end_ns - event->phase.duration_ns;
	}
	return true;
}

/* Move to the next record. false: the stream is at its end. */
static bool stream_advance(struct stream *stream)
{
	uint64_t ticks;

	stream->record = fsc_parts_next(&stream->parts);
	if (!stream->record) {
		stream->record = fsc_packet_reader_next(&stream->reader);
		if (!stream->record)
			return false;
		if (fsc_parts_split(&stream->parts, stream->record))
			stream->record = fsc_parts_next(&stream->parts);
	}
	memcpy(&ticks, stream->record + sizeof(uint32_t), sizeof(ticks));
	if (ticks > stream->order)
		stream->order = ticks;
	return true;
}

static bool item_before(const struct heap_item *a, const struct heap_item *b)
{
	return a->order < b->order || (a->order == b->order && a->stream < b->stream);
}

static void heap_sift(struct source *source, size_t at)
{
	struct heap_item *heap = source->heap, item = heap[at];

	for (;;) {
		size_t child = at * 2 + 1;

		if (child >= source->heap_count)
			break;
		if (child + 1 < source->heap_count && item_before(&heap[child + 1], &heap[child]))
			child++;
		if (!item_before(&heap[child], &item))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = item;
}

static enum fsc_status source_next(void *arg, struct fsc_event *event)
{
	struct source *source = arg;
	bool decoded = false;

	while (!decoded && source->heap_count) {
		struct stream *stream = source->heap[0].stream;

		decoded = decode(source, stream, event);
		if (stream_advance(stream))
			source->heap[0].order = stream->order;
		else
			source->heap[0] = source->heap[--source->heap_count];
		if (source->heap_count > 1)
			heap_sift(source, 0);
	}
	return decoded ? FSC_OK : FSC_END;
}

static const struct fsc_state *source_state(const void *arg)
{
	const struct source *source = arg;

	return &source->builder.state;
}

static void source_loss(const void *arg, struct fsc_stream_loss *loss)
{
	const struct source *source = arg;
	uint64_t discarded = 0;

	*loss = source->known_loss;
	for (size_t i = 0; i < source->stream_count; i++) {
		const struct fsc_packet_reader *reader = &source->streams[i].reader;

		discarded += reader->discarded;
		loss->skipped_events += reader->skipped_events;
		loss->damaged_streams += reader->damaged;
	}
	if (discarded > loss->events)
		loss->events = discarded;
}

static void source_destroy(void *arg)
{
	struct source *source = arg;

	if (!source)
		return;
	for (size_t i = 0; i < source->stream_count; i++) {
		fsc_packet_reader_fini(&source->streams[i].reader);
		free(source->streams[i].path);
	}
	free(source->streams);
	free(source->heap);
	fsc_state_builder_fini(&source->builder);
	free(source);
}

static const struct fsc_event_source_ops ops = {
	.next = source_next,
	.state = source_state,
	.loss = source_loss,
	.destroy = source_destroy,
};

/* `freq = N;` of the CTF metadata (CTF 1.8.3, section 8): the rate when meta.json is missing. */
static uint64_t metadata_rate(const char *folder)
{
	static const char key[] = "freq = ";
	char path[FSC_PATH_MAX], line[512];
	uint64_t rate = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, FSC_METADATA_NAME);
	file = fopen(path, "re");
	while (file && !rate && fgets(line, sizeof(line), file)) {
		const char *at = strstr(line, key);

		if (at)
			rate = strtoull(at + sizeof(key) - 1, NULL, 10);
	}
	if (file)
		fclose(file);
	return rate;
}

static void warn_clock(const struct fsc_state *state, const char *folder,
		       struct fsc_warnings *warnings)
{
	if (state->clock.guessed && warnings)
		fsc_error_set(fsc_warnings_next(warnings), FSC_E_FORMAT, folder,
			      "no clock pair was recorded: times are not CLOCK_MONOTONIC");
}

static uint64_t or_zero(struct fsc_maybe number)
{
	return number.known && number.value > 0 ? (uint64_t)number.value : 0;
}

/* Ticks in a second; 0: unknown. */
static uint64_t rate_of(const struct fsc_recording *recording, const struct fsc_process *process)
{
	uint64_t rate =
		fsc_recording_knows_clock(recording, process) ? or_zero(recording->ticks_per_s) : 0;

	return rate ? rate : metadata_rate(process->folder);
}

static enum fsc_status read_state(struct source *source, const struct fsc_process *process,
				  uint64_t ticks_per_s, struct fsc_warnings *warnings,
				  struct fsc_error *error)
{
	struct fsc_state_witness witness = { .finished = process->finished,
					     .calls = process->calls,
					     .lost_events = process->lost_events };
	struct fsc_error problem = { 0 }, *warning;
	const char *folder = process->folder;
	struct fsc_packet_reader reader;
	enum fsc_status status;
	const uint8_t *record;
	char path[FSC_PATH_MAX + sizeof(FSC_STATE_NAME) + 1];

	snprintf(path, sizeof(path), "%s/%s", folder, FSC_STATE_NAME);
	status = fsc_packet_reader_open(&reader, path, source->record_bytes, warnings, &problem);
	if (status) {
		warning = warnings ? fsc_warnings_next(warnings) : NULL;
		if (warning)
			*warning = problem;
		source->known_loss.damaged_streams++;
		status = FSC_OK;
	}
	while (!status && (record = fsc_packet_reader_next(&reader)))
		status = fsc_state_builder_add(&source->builder, record);
	source->known_loss.damaged_streams += reader.damaged;
	source->known_loss.skipped_events += reader.skipped_events;
	witness.whole = !source->known_loss.damaged_streams && !reader.discarded;
	fsc_packet_reader_fini(&reader);
	if (!status)
		status = fsc_state_builder_finish(&source->builder, &witness, ticks_per_s);
	if (status)
		return fsc_error_set(error, status, path, "no memory");
	if (source->builder.refused && warnings)
		fsc_error_set(fsc_warnings_next(warnings), FSC_E_FORMAT, path,
			      "%llu records with numbers out of bounds were left out",
			      (unsigned long long)source->builder.refused);
	warn_clock(&source->builder.state, folder, warnings);
	return FSC_OK;
}

static int is_slot(const struct dirent *entry)
{
	return !strncmp(entry->d_name, "slot-", 5);
}

static enum fsc_status open_stream(struct source *source, const char *folder, const char *name,
				   struct fsc_warnings *warnings)
{
	struct stream *stream = &source->streams[source->stream_count];
	struct fsc_error problem = { 0 }, *warning;

	if (asprintf(&stream->path, "%s/%s", folder, name) < 0) {
		stream->path = NULL;
		return FSC_E_NOMEM;
	}
	source->stream_count++;
	if (fsc_packet_reader_open(&stream->reader, stream->path, source->record_bytes, warnings,
				   &problem)) {
		stream->reader.damaged = true;
		warning = warnings ? fsc_warnings_next(warnings) : NULL;
		if (warning)
			*warning = problem;
		return FSC_OK;
	}
	if (stream_advance(stream))
		source->heap[source->heap_count++] = (struct heap_item){ stream->order, stream };
	return FSC_OK;
}

static enum fsc_status open_names(struct source *source, const char *folder, struct dirent **names,
				  size_t count, struct fsc_warnings *warnings)
{
	enum fsc_status status = FSC_OK;

	source->streams = calloc(count + 1, sizeof(*source->streams));
	source->heap = calloc(count + 1, sizeof(*source->heap));
	if (!source->streams || !source->heap)
		return FSC_E_NOMEM;
	for (size_t i = 0; i < count && !status; i++)
		status = open_stream(source, folder, names[i]->d_name, warnings);
	for (size_t i = source->heap_count / 2; i-- > 0;)
		heap_sift(source, i);
	return status;
}

static enum fsc_status open_streams(struct source *source, const char *folder,
				    struct fsc_warnings *warnings, struct fsc_error *error)
{
	struct dirent **names = NULL;
	enum fsc_status status;
	int count = scandir(folder, &names, is_slot, alphasort);

	if (count < 0)
		return fsc_error_set(error, errno == ENOENT ? FSC_E_NOT_FOUND : FSC_E_IO, folder,
				     "no events here: %s", strerror(errno));
	status = open_names(source, folder, names, (size_t)count, warnings);
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return status ? fsc_error_set(error, status, folder, "no memory") : FSC_OK;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The recorder measured it, should the image itself have said nothing. */
static void default_probe(struct fsc_probe_cost *probe, const struct fsc_recording *recording)
{
	uint64_t inner = or_zero(recording->probe_inner_ps);
	uint64_t outer = or_zero(recording->probe_outer_ps);

	if (probe->known || !recording->probe_inner_ps.known || inner > FSC_PROBE_PS_MAX ||
	    outer > FSC_PROBE_PS_MAX)
		return;
	*probe = (struct fsc_probe_cost){ true, (uint32_t)inner, (uint32_t)outer,
					  (uint32_t)or_zero(recording->probe_spread_ps) };
}

enum fsc_status fsc_ctf_source_open(struct fsc_event_stream *out,
				    const struct fsc_recording *recording,
				    const struct fsc_process *process,
				    struct fsc_warnings *warnings, struct fsc_error *error)
{
	struct fsc_stream_loss *loss;
	enum fsc_status status;
	struct source *source;

	*out = (struct fsc_event_stream){ 0 };
	source = calloc(1, sizeof(*source));
	if (!source)
		return fsc_error_set(error, FSC_E_NOMEM, process->folder, "no memory");
	fsc_state_builder_init(&source->builder);
	fsc_packet_reader_sizes(process, source->record_bytes);
	source->pid = process->pid;
	source->image = process->image;
	status = read_state(source, process, rate_of(recording, process), warnings, error);
	if (!status)
		status = open_streams(source, process->folder, warnings, error);
	if (status) {
		source_destroy(source);
		return status;
	}
	if (fsc_recording_knows_cost(recording, process))
		default_probe(&source->builder.state.probe[FSC_PROBE_CALL], recording);
	loss = &source->known_loss;
	loss->events =
		greater(or_zero(process->lost_events), or_zero(source->builder.state.lost_events));
	loss->findings = greater(or_zero(process->lost_findings),
				 or_zero(source->builder.state.lost_findings));
	loss->overwritten = or_zero(process->overwritten_events);
	loss->uncounted = !process->lost_events.known && !source->builder.state.complete;
	*out = (struct fsc_event_stream){ &ops, source };
	return FSC_OK;
}
