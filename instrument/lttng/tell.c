/* SPDX-License-Identifier: MIT */
/*
 * From a record to its LTTng event. What is hard: parts of a duration must add up, so instants are
 * converted and durations are their differences, as an embedded recording's reader does it. Begin
 * at tell().
 */
#define LTTNG_UST_TRACEPOINT_HIDDEN_DEFINITION
#include "trace_points/lttng_provider.h"

#include <string.h>

#include "lttng_internal.h"

/* One record on its way. */
struct telling {
	const struct fsc_lttng_origin *origin;
	uint32_t taken;
	uint32_t tid;
	uint64_t ticks; /* of the record */
	uint64_t ns;
};

extern const struct fsc_lttng ffiscope_lttng;

static uint64_t to_ns(const struct fsc_lttng_clock *clock, uint64_t ticks)
{
	int64_t since = (int64_t)(ticks - clock->ticks);

	return clock->ns + (uint64_t)(((__int128)since * clock->ns_per_tick) >> 32);
}

/* 0 says that it is not known. */
static uint64_t instant_ns(const struct telling *telling, uint64_t ticks)
{
	return ticks ? to_ns(telling->origin->clock, ticks) : 0;
}

static uint64_t duration_ns(const struct telling *telling, uint64_t ticks)
{
	return ticks ? telling->ns - to_ns(telling->origin->clock, telling->ticks - ticks) : 0;
}

#define PUT_time(name)	   event.name##_ns = instant_ns(telling, record->name##_ticks);
#define PUT_duration(name) event.name##_ns = duration_ns(telling, record->name##_ticks);
#define PUT_bytes(name)	   event.name = record->name;
#define PUT_count(name)	   event.name = record->name;
#define PUT_address(name)  event.name = record->name;
#define PUT_bits(name)	   event.name = record->name;
#define PUT_id(name)	   event.name = record->name;
#define PUT_number(name)   event.name = record->name;
#define PUT_tid(name)	   event.name = record->name;
#define PUT_owner(name)	   event.tid = record->name;
#define PUT_text(name)                                          \
	memcpy(event.name, record->name, sizeof(record->name)); \
	event.name[sizeof(record->name)] = '\0';

#define PUT_FIELD(type, name, unit) PUT_##unit(name)
#define FSC_EVENT(event_id, event_name, says)                                            \
	static __attribute__((noinline)) void tell_##event_name(                         \
		struct telling *telling, const struct fsc_##event_name##_record *record) \
	{                                                                                \
		struct fsc_##event_name##_lttng event;                                   \
                                                                                         \
		event.taken = &telling->taken;                                           \
		event.time_ns = telling->ns;                                             \
		event.pid = telling->origin->pid;                                        \
		event.image = telling->origin->image;                                    \
		event.tid = telling->tid;                                                \
		FSC_SHAPE_##event_name(PUT_FIELD)                                        \
			lttng_ust_do_tracepoint(ffiscope, event_name, &event);           \
	}
#include "trace_points/events.def"
#undef FSC_EVENT

static void tell_one(struct telling *telling, uint32_t id, const uint8_t *record)
{
	memcpy(&telling->ticks, record + sizeof(id), sizeof(telling->ticks));
	telling->ns = to_ns(telling->origin->clock, telling->ticks);
	switch (id) {
#define FSC_EVENT(event_id, event_name, says)                                                 \
	case event_id:                                                                        \
		tell_##event_name(telling, (const struct fsc_##event_name##_record *)record); \
		return;
#include "trace_points/events.def"
#undef FSC_EVENT
	}
}

static bool tell(const struct fsc_lttng_origin *origin, uint32_t tid, const uint8_t *records,
		 uint64_t bytes)
{
	struct telling telling = { .origin = origin, .tid = tid };
	uint32_t id, step;

	for (uint64_t at = 0; at + FSC_RECORD_HEADER_BYTES <= bytes; at += step) {
		memcpy(&id, records + at, sizeof(id));
		step = fsc_event_record_bytes(id);
		if (step == 0 || step > bytes - at)
			break;
		if (__atomic_load_n(ffiscope_lttng.wanted[id], __ATOMIC_RELAXED))
			tell_one(&telling, id, records + at);
	}
	return telling.taken;
}

static void tell_batch(const struct fsc_lttng_origin *origin, const struct fsc_lttng_batch *batch,
		       const uint8_t *packed, uint32_t bytes)
{
	const struct fsc_lttng_clock *clock = origin->clock;
	uint32_t taken = 0;
	struct fsc_batch_lttng event = { .taken = &taken,
					 .time_ns = to_ns(clock, batch->end_ticks),
					 .pid = origin->pid,
					 .image = origin->image,
					 .tid = batch->tid,
					 .clock = { clock->older_ticks, clock->older_ns,
						    clock->ticks, clock->ns },
					 .lost = batch->lost,
					 .bytes = bytes,
					 .records = packed };

	lttng_ust_tracepoint(ffiscope, batch, &event);
}

__attribute__((visibility("default"))) const struct fsc_lttng ffiscope_lttng = {
	.size = sizeof(struct fsc_lttng),
	.wanted = {
#define FSC_EVENT(event_id, event_name, says) \
	[event_id] = &lttng_ust_tracepoint_ffiscope___##event_name.state,
#include "trace_points/events.def"
#undef FSC_EVENT
	},
	.batch_wanted = &lttng_ust_tracepoint_ffiscope___batch.state,
	.tell = tell,
	.tell_batch = tell_batch,
};
