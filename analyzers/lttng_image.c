/* SPDX-License-Identifier: MIT */
/*
 * An image tells its state in rounds; the event `image` ends one. Names hold as they come, totals
 * and live buffers only when their round is whole, and the last one replaces all before it. What
 * happened to buffers afterwards is applied to the live ones (apply_late).
 */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "analyzers/lttng_trace_internal.h"
#include "trace_points/image.h"

static uint32_t id_of(const uint8_t *record)
{
	uint32_t id;

	memcpy(&id, record, sizeof(id));
	return id;
}

static uint64_t ticks_of(const uint8_t *record)
{
	uint64_t ticks;

	memcpy(&ticks, record + sizeof(uint32_t), sizeof(ticks));
	return ticks;
}

/* The list doubles at powers of two. */
static enum fsc_status add_to_round(struct fsc_lttng_image *image, const uint8_t *record)
{
	size_t count = image->round_count;
	const uint8_t **grown;

	/* A round that was not ended, because its end was lost. */
	if (count && ticks_of(image->round[0]) != ticks_of(record))
		image->round_count = count = 0;
	if (!(count & (count - 1))) {
		grown = realloc(image->round, (count ? count * 2 : 1) * sizeof(*grown));
		if (!grown)
			return FSC_E_NOMEM;
		image->round = grown;
	}
	image->round[image->round_count++] = record;
	return FSC_OK;
}

static void close_round(struct fsc_lttng_image *image, const uint8_t *record)
{
	const uint8_t **other = image->closed;

	memcpy(&image->last, record, sizeof(image->last));
	if (image->round_count && ticks_of(image->round[0]) != image->last.ticks)
		image->round_count = 0;
	image->closed = image->round;
	image->closed_count = image->round_count;
	/* It begins anew with no room, so that the rule of powers of two holds. */
	free(other);
	image->round = NULL;
	image->round_count = 0;
}

static enum fsc_status add(struct fsc_lttng_image *image, const uint8_t *record)
{
	switch (id_of(record)) {
	case FSC_EVENT_clock: /* all times are ns */
		return FSC_OK;
	case FSC_EVENT_site_total:
	case FSC_EVENT_buffer_live:
	case FSC_EVENT_ledger_total:
	case FSC_EVENT_loss:
		return add_to_round(image, record);
	case FSC_EVENT_image:
		close_round(image, record);
		return FSC_OK;
	default:
		return fsc_state_builder_add(&image->builder, record);
	}
}

enum fsc_status fsc_lttng_image_state(struct fsc_lttng_image *image, const uint8_t *records,
				      size_t bytes)
{
	enum fsc_status status = FSC_OK;
	uint32_t size;

	for (size_t at = 0; at + FSC_RECORD_HEADER_BYTES <= bytes && !status; at += size) {
		size = fsc_event_record_bytes(id_of(records + at));
		if (!size || size > bytes - at)
			break;
		status = add(image, records + at);
	}
	return status;
}

/* A live buffer by its address. */
struct live {
	uint64_t pointer;
	struct fsc_live_buffer buffer;
	UT_hash_handle hh;
};

/* NOLINTBEGIN(readability-function-size,clang-analyzer-*): the macros of uthash */
static bool live_add(struct live **all, const struct fsc_live_buffer *buffer)
{
	struct live *live;

	HASH_FIND(hh, *all, &buffer->pointer, sizeof(buffer->pointer), live);
	if (!live) {
		live = calloc(1, sizeof(*live));
		if (!live)
			return false;
		live->pointer = buffer->pointer;
		HASH_ADD(hh, *all, pointer, sizeof(live->pointer), live);
	}
	live->buffer = *buffer;
	return true;
}
/* NOLINTEND(readability-function-size,clang-analyzer-*) */

/* NOLINTBEGIN(readability-function-size,clang-analyzer-*): the macros of uthash */
static void live_remove(struct live **all, uint64_t pointer)
{
	struct live *live;

	HASH_FIND(hh, *all, &pointer, sizeof(pointer), live);
	if (!live)
		return;
	HASH_DEL(*all, live);
	free(live);
}
/* NOLINTEND(readability-function-size,clang-analyzer-*) */

static bool made(struct live **all, uint32_t tid, const struct fsc_buffer_made_record *record)
{
	return live_add(all, &(struct fsc_live_buffer){ .pointer = record->pointer,
							.length = record->length,
							.capacity = record->capacity,
							.made_call = record->call,
							.made_ns = (int64_t)record->ticks,
							.made_ended_ns = (int64_t)record->ticks,
							.made_tid = tid,
							.stack = record->stack,
							.made_site = record->site,
							.flags = record->flags });
}

static bool call_made(struct live **all, uint32_t tid, const struct fsc_call_made_record *record)
{
	uint64_t begin = record->ticks - record->duration_ticks;

	if (!record->pointer)
		return true;
	return live_add(all, &(struct fsc_live_buffer){ .pointer = record->pointer,
							.length = record->response_bytes,
							.capacity = record->capacity,
							.made_call = record->number,
							.made_ns = (int64_t)begin,
							.made_ended_ns = (int64_t)record->ticks,
							.made_tid = tid,
							.stack = record->stack,
							.made_site = record->site });
}

static bool late_event(struct live **all, uint32_t tid, const uint8_t *record)
{
	const struct fsc_buffer_freed_record *freed = (const void *)record;

	switch (id_of(record)) {
	case FSC_EVENT_buffer_made:
		return made(all, tid, (const void *)record);
	case FSC_EVENT_call_made:
		return call_made(all, tid, (const void *)record);
	case FSC_EVENT_call_freed:
		live_remove(all, ((const struct fsc_call_freed_record *)record)->pointer);
		return true;
	case FSC_EVENT_buffer_freed:
		if (freed->verdict != FSC_VERDICT_FREED_TWICE &&
		    freed->verdict != FSC_VERDICT_FREED_UNKNOWN &&
		    freed->verdict != FSC_VERDICT_INHERITED)
			live_remove(all, freed->pointer);
		return true;
	default:
		return true;
	}
}

/* Put the live buffers back into the state. */
/* NOLINTBEGIN(readability-function-size,clang-analyzer-*): the macros of uthash */
static enum fsc_status live_store(struct fsc_state *state, struct live **all)
{
	size_t count = HASH_COUNT(*all);
	struct fsc_live_buffer *list = calloc(count + 1, sizeof(*list));
	struct live *live, *next;

	if (list) {
		free(state->live);
		state->live = list;
		state->live_count = 0;
	}
	HASH_ITER (hh, *all, live, next) {
		HASH_DEL(*all, live);
		if (list)
			list[state->live_count++] = live->buffer;
		free(live);
	}
	return list ? FSC_OK : FSC_E_NOMEM;
}
/* NOLINTEND(readability-function-size,clang-analyzer-*) */

/* Buffers that were made or freed after the last state was told. The totals are of then. */
static enum fsc_status apply_late(struct fsc_lttng_image *image)
{
	struct fsc_state *state = &image->builder.state;
	struct live *all = NULL;
	enum fsc_status status;
	bool room = true;
	uint32_t tid, size;

	if (!image->late_bytes)
		return FSC_OK;
	state->ledger.known = false;
	for (size_t i = 0; i < state->live_count && room; i++)
		room = live_add(&all, &state->live[i]);
	for (size_t at = 0; at + sizeof(tid) + FSC_RECORD_HEADER_BYTES <= image->late_bytes && room;
	     at += sizeof(tid) + size) {
		memcpy(&tid, image->late + at, sizeof(tid));
		size = fsc_event_record_bytes(id_of(image->late + at + sizeof(tid)));
		if (!size || sizeof(tid) + size > image->late_bytes - at)
			break;
		room = late_event(&all, tid, image->late + at + sizeof(tid));
	}
	status = live_store(state, &all);
	return room ? status : FSC_E_NOMEM;
}

static bool is_final(const struct fsc_lttng_image *image)
{
	return image->last.state == FSC_IMAGE_EXITED;
}

/*
 * Were there calls of which no event was read, and none that was counted as lost? Then the trace
 * does not hold all of the image's life: the session began in its midst, or this is a piece.
 */
static void judge_loss(struct fsc_lttng_image *image)
{
	const struct fsc_state *state = &image->builder.state;
	struct fsc_stream_loss *loss = &image->loss;
	uint64_t completed = 0;

	for (uint32_t i = 0; i < state->site_count; i++)
		completed += state->sites[i].completed;
	if (image->last.lost_findings > loss->findings)
		loss->findings = image->last.lost_findings;
	if (!image->last.ticks || completed > image->calls + loss->events)
		loss->uncounted = true;
	/* The open batch of each thread went with the process. */
	if (image->last.transport && !is_final(image))
		loss->uncounted = true;
}

enum fsc_status fsc_lttng_image_finish(struct fsc_lttng_image *image)
{
	struct fsc_state_witness witness = { .finished = fsc_known(image->last.ticks != 0),
					     .calls = fsc_known((int64_t)image->last.calls),
					     .whole = is_final(image) &&
						      !image->loss.damaged_streams };
	struct fsc_clock_map *clock = &image->builder.state.clock;
	enum fsc_status status = fsc_clock_map_add(clock, 0, 0, 0);

	if (!status)
		status = fsc_clock_map_add(clock, 1000000000, 1000000000, 0);
	for (size_t i = 0; i < image->closed_count && !status; i++)
		status = fsc_state_builder_add(&image->builder, image->closed[i]);
	if (!status)
		status = fsc_state_builder_finish(&image->builder, &witness, 0);
	if (!status)
		status = apply_late(image);
	if (!status)
		judge_loss(image);
	return status;
}

void fsc_lttng_image_fini(struct fsc_lttng_image *image)
{
	fsc_state_builder_fini(&image->builder);
	free(image->pieces);
	free(image->round);
	free(image->closed);
}
