/* SPDX-License-Identifier: MIT */
/*
 * convert() is the work: what is a time in a record is known from its shape, so that there is no
 * list of fields here.
 */
#include "analyzers/batch_reader_internal.h"

#include <stdlib.h>
#include <string.h>

#include "trace_points/batch.h"

enum { SHIFT = 40 };

void fsc_batch_reader_fini(struct fsc_batch_reader *reader)
{
	free(reader->records);
	*reader = (struct fsc_batch_reader){ 0 };
}

static void clock_init(struct fsc_batch_clock *clock, const uint64_t pair[4])
{
	uint64_t ticks = pair[2] - pair[0], ns = pair[3] - pair[1];
	unsigned __int128 multiplier = (unsigned __int128)1 << SHIFT;

	if (pair[2] > pair[0] && pair[3] > pair[1])
		multiplier = ((unsigned __int128)ns << SHIFT) / ticks;
	clock->ticks = pair[0];
	clock->ns = (int64_t)pair[1];
	clock->multiplier = multiplier > INT64_MAX ? INT64_MAX : (uint64_t)multiplier;
}

static int64_t clock_ns(const struct fsc_batch_clock *clock, uint64_t ticks)
{
	__int128 distance = (int64_t)(ticks - clock->ticks);

	return clock->ns + (int64_t)(distance * (int64_t)clock->multiplier >> SHIFT);
}

enum fsc_status fsc_batch_reader_begin(struct fsc_batch_reader *reader, const uint64_t clock[4],
				       const void *text, size_t bytes)
{
	size_t needed = FSC_BATCH_UNPACKED(bytes);

	reader->at = reader->end = 0;
	reader->damaged = false;
	if (bytes > FSC_BATCH_BYTES_MAX)
		return FSC_E_LIMIT;
	if (needed > reader->capacity) {
		uint8_t *grown = realloc(reader->records, needed);

		if (!grown)
			return FSC_E_NOMEM;
		reader->records = grown;
		reader->capacity = needed;
	}
	reader->end = bytes ? fsc_batch_unpack(reader->records, text, bytes) : 0;
	clock_init(&reader->clock, clock);
	return FSC_OK;
}

static uint64_t instant(const struct fsc_batch_clock *clock, uint64_t ticks)
{
	int64_t ns = ticks ? clock_ns(clock, ticks) : 0;

	return ns > 0 ? (uint64_t)ns : 0;
}

/*
 * The difference of two instants, so that parts add up. It fits into the same bits where a tick is
 * no longer than a ns; where it is, no thread runs so long between two records as not to fit.
 */
static uint64_t duration(const struct fsc_batch_clock *clock, uint64_t end, uint64_t ticks,
			 uint64_t most)
{
	uint64_t begin = ticks < end ? end - ticks : 0;
	uint64_t ns = ticks ? (uint64_t)(clock_ns(clock, end) - clock_ns(clock, begin)) : 0;

	return ns < most ? ns : most;
}

#define MOST(field) (sizeof(field) == sizeof(uint32_t) ? UINT32_MAX : INT64_MAX)

#define CONVERT_time(name) to->name##_ticks = instant(clock, to->name##_ticks);
#define CONVERT_duration(name)                                     \
	to->name##_ticks = (__typeof__(to->name##_ticks))duration( \
		clock, end, to->name##_ticks, (uint64_t)MOST(to->name##_ticks));
#define CONVERT_bytes(name)
#define CONVERT_count(name)
#define CONVERT_address(name)
#define CONVERT_bits(name)
#define CONVERT_text(name)
#define CONVERT_id(name)
#define CONVERT_number(name)
#define CONVERT_tid(name)
#define CONVERT_owner(name)
#define CONVERT_FIELD(type, name, unit) CONVERT_##unit(name)

#define FSC_EVENT(event_id, event, says)                                           \
	static void convert_##event(struct fsc_##event##_record *to, uint64_t end, \
				    const struct fsc_batch_clock *clock)           \
	{                                                                          \
		(void)end;                                                         \
		to->ticks = instant(clock, to->ticks);                             \
		FSC_SHAPE_##event(CONVERT_FIELD)                                   \
	}
#include "trace_points/events.def"
#undef FSC_EVENT

static void convert(const struct fsc_batch_clock *clock, uint8_t *record, uint32_t id)
{
	uint64_t end;

	memcpy(&end, record + sizeof(id), sizeof(end));
	switch (id) {
#define FSC_EVENT(event_id, event, says)                                            \
	case event_id:                                                              \
		convert_##event((struct fsc_##event##_record *)record, end, clock); \
		break;
#include "trace_points/events.def"
#undef FSC_EVENT
	default:
		break;
	}
}

/* Bytes of the record at that place; 0: there is none, or something that is no record. */
static uint32_t record_at(const struct fsc_batch_reader *reader, size_t at, bool *damaged)
{
	size_t room = reader->end - at;
	uint32_t id = FSC_EVENT_GAP, bytes;

	if (room >= sizeof(id))
		memcpy(&id, reader->records + at, sizeof(id));
	if (id == FSC_EVENT_GAP)
		return 0;
	bytes = fsc_event_record_bytes(id);
	*damaged = !bytes || bytes > room;
	return *damaged ? 0 : bytes;
}

bool fsc_batch_reader_is_whole(const struct fsc_batch_reader *reader)
{
	bool damaged = reader->damaged;
	size_t at = reader->at;
	uint32_t bytes;

	while ((bytes = record_at(reader, at, &damaged)))
		at += bytes;
	return !damaged;
}

uint8_t *fsc_batch_reader_next(struct fsc_batch_reader *reader)
{
	uint32_t bytes = record_at(reader, reader->at, &reader->damaged), id;

	if (!bytes) {
		reader->at = reader->end;
		return NULL;
	}
	memcpy(&id, reader->records + reader->at, sizeof(id));
	memcpy(reader->record, reader->records + reader->at, bytes);
	reader->at += bytes;
	convert(&reader->clock, reader->record, id);
	return reader->record;
}
