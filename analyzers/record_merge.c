/* SPDX-License-Identifier: MIT */
/*
 * A binary heap holds the streams by the time of their next record (fsc_record_merge_next).
 * decode() turns a record into an event; its fields come from the shapes, so that there is no list
 * of them here.
 */
#include "analyzers/record_merge_internal.h"

#include <stdlib.h>
#include <string.h>

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
#define DECODE_owner(name)    to->name = from->name;

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
DECODER(detail, detail)

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
		DECODE_CASE(detail, detail)
	default:
		return false;
	}
}

static bool decode(const struct fsc_record_merge *merge, struct fsc_record_stream *stream,
		   struct fsc_event *event)
{
	struct decoding decoding = { .clock = merge->clock, .hint = &stream->hint };
	uint32_t id;

	memcpy(&id, stream->record, sizeof(id));
	memcpy(&decoding.end_ticks, stream->record + sizeof(id), sizeof(decoding.end_ticks));
	decoding.end_ns = fsc_clock_map_ns(decoding.clock, decoding.end_ticks, decoding.hint);
	event->kind = (enum fsc_event_id)id;
	event->pid = merge->pid;
	event->image = merge->image;
	event->slot = stream->slot;
	event->tid = stream->tid;
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
static bool advance(struct fsc_record_stream *stream)
{
	uint64_t ticks;

	stream->record = fsc_parts_next(&stream->parts);
	if (!stream->record) {
		stream->record = stream->next(stream);
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

static bool item_before(const struct fsc_merge_item *a, const struct fsc_merge_item *b)
{
	return a->order < b->order || (a->order == b->order && a->stream < b->stream);
}

static void sift(struct fsc_record_merge *merge, size_t at)
{
	struct fsc_merge_item *heap = merge->heap, item = heap[at];

	for (;;) {
		size_t child = at * 2 + 1;

		if (child >= merge->count)
			break;
		if (child + 1 < merge->count && item_before(&heap[child + 1], &heap[child]))
			child++;
		if (!item_before(&heap[child], &item))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = item;
}

enum fsc_status fsc_record_merge_init(struct fsc_record_merge *merge, size_t streams)
{
	merge->count = 0;
	merge->heap = calloc(streams + 1, sizeof(*merge->heap));
	return merge->heap ? FSC_OK : FSC_E_NOMEM;
}

void fsc_record_merge_fini(struct fsc_record_merge *merge)
{
	free(merge->heap);
	merge->heap = NULL;
	merge->count = 0;
}

void fsc_record_merge_add(struct fsc_record_merge *merge, struct fsc_record_stream *stream)
{
	merge->heap[merge->count++] = (struct fsc_merge_item){ 0, stream };
}

/* Streams without a record are left out; sifting from the last inner place makes a heap. */
static void begin(struct fsc_record_merge *merge)
{
	size_t count = 0;

	merge->begun = true;
	for (size_t i = 0; i < merge->count; i++) {
		struct fsc_record_stream *stream = merge->heap[i].stream;

		if (advance(stream))
			merge->heap[count++] = (struct fsc_merge_item){ stream->order, stream };
	}
	merge->count = count;
	for (size_t i = count / 2; i-- > 0;)
		sift(merge, i);
}

enum fsc_status fsc_record_merge_next(struct fsc_record_merge *merge, struct fsc_event *event)
{
	bool decoded = false;

	if (!merge->begun)
		begin(merge);
	while (!decoded && merge->count) {
		struct fsc_record_stream *stream = merge->heap[0].stream;

		decoded = decode(merge, stream, event);
		if (advance(stream))
			merge->heap[0].order = stream->order;
		else
			merge->heap[0] = merge->heap[--merge->count];
		if (merge->count > 1)
			sift(merge, 0);
	}
	return decoded ? FSC_OK : FSC_END;
}

enum fsc_status fsc_record_merge_alone(const struct fsc_record_merge *merge,
				       struct fsc_record_stream *stream, struct fsc_event *event)
{
	while (advance(stream))
		if (decode(merge, stream, event))
			return FSC_OK;
	return FSC_END;
}
