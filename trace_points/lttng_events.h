/* SPDX-License-Identifier: MIT */
/*
 * lttng_events.h - the form in which an event is told to LTTng, made from events.def and shapes.h.
 *
 * struct fsc_<name>_lttng: four fields that each event has, then the shape's, instants and
 * durations in CLOCK_MONOTONIC ns and 64 bits wide, texts with a NUL at their end. A field of unit
 * `owner` is the common `tid`.
 */
#ifndef TRACE_POINTS_LTTNG_EVENTS_H
#define TRACE_POINTS_LTTNG_EVENTS_H

#include "trace_points/events.h"

/*
 * time_ns: of the event itself; LTTng's own timestamp is some ns later. image: n of <pid>-<n>.
 * taken, no field: becomes 1 when a session records the event, so when one is on and has room.
 */
#define FSC_LTTNG_COMMON  \
	uint32_t *taken;  \
	uint64_t time_ns; \
	uint32_t pid;     \
	uint32_t image;   \
	uint32_t tid;

#define FSC_LTTNG_MEMBER_time(type, name)     uint64_t name##_ns;
#define FSC_LTTNG_MEMBER_duration(type, name) uint64_t name##_ns;
#define FSC_LTTNG_MEMBER_bytes(type, name)    FSC_TYPE_##type name;
#define FSC_LTTNG_MEMBER_count(type, name)    FSC_TYPE_##type name;
#define FSC_LTTNG_MEMBER_address(type, name)  FSC_TYPE_##type name;
#define FSC_LTTNG_MEMBER_bits(type, name)     FSC_TYPE_##type name;
#define FSC_LTTNG_MEMBER_text(type, name)     char name[sizeof(FSC_TYPE_##type) + 1];
#define FSC_LTTNG_MEMBER_id(type, name)	      FSC_TYPE_##type name;
#define FSC_LTTNG_MEMBER_number(type, name)   FSC_TYPE_##type name;
#define FSC_LTTNG_MEMBER_tid(type, name)      FSC_TYPE_##type name;
#define FSC_LTTNG_MEMBER_owner(type, name)

#define FSC_LTTNG_MEMBER(type, name, unit) FSC_LTTNG_MEMBER_##unit(type, name)
#define FSC_EVENT(event_id, event, says)            \
	struct fsc_##event##_lttng {                \
		FSC_LTTNG_COMMON                    \
		FSC_SHAPE_##event(FSC_LTTNG_MEMBER) \
	};
#include "trace_points/events.def"
#undef FSC_EVENT

/*
 * ffiscope:batch - many records of one thread, as they stand in a ring (events.h), packed
 * (batch.h). clock: two moments, ticks and CLOCK_MONOTONIC ns each, by which the records' ticks are
 * converted. lost: events of this thread that were dropped so far.
 */
struct fsc_batch_lttng {
	FSC_LTTNG_COMMON
	uint64_t clock[4];
	uint64_t lost;
	uint32_t bytes; /* of records */
	const uint8_t *records;
};

#endif
